//! Names that were checked: slugs, user references, ids, labels. Whatever holds one may rely on it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::time::Millis;

/// Says in one clause why a text is not a name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

impl Malformed {
    /// Says so in this clause.
    pub(super) fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

/// Declares a checked string: parsed by the given function, also when deserialized.
macro_rules! checked {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(into = "String", try_from = "String")]
        #[schemars(with = "String")]
        pub(crate) struct $name(String);

        impl $name {
            /// Returns the text itself.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let check: fn(&str) -> Result<String, String> = $check;
                check(text).map(Self).map_err(|why| Malformed::new(&why))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;

            fn try_from(text: String) -> Result<Self, Malformed> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(super) use checked;

checked! {
    /// A toolkit's slug: `gmail`, `google-calendar`. Lower-case letters, digits and dashes, at most 64.
    Slug, |text| {
        let text = text.to_ascii_lowercase();
        let letters = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !text.is_empty() && text.len() <= 64 && letters && !text.starts_with('-') {
            Ok(text)
        } else {
            Err("a toolkit slug is 1 to 64 lower-case letters, digits and dashes".into())
        }
    }
}

checked! {
    /// A tool's slug: `GMAIL_SEND_EMAIL`. Upper-case letters, digits and underscores, at most 128.
    ToolSlug, |text| {
        let text = text.to_ascii_uppercase();
        let letters = text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if !text.is_empty() && text.len() <= 128 && letters {
            Ok(text)
        } else {
            Err("a tool slug is 1 to 128 upper-case letters, digits and underscores".into())
        }
    }
}

checked! {
    /// A tenant user as a caller names it: `default`, `me`, a UUID or an external id, at most 200 bytes.
    UserRef, |text| {
        if text.is_empty() || text.len() > 200 || text.chars().any(hidden) || text.trim() != text {
            Err("a user is named by 1 to 200 visible characters".into())
        } else {
            Ok(text.to_owned())
        }
    }
}

checked! {
    /// A connection as a caller names it: by its id, or by the app where the user has one account there.
    ConnectionRef, |text| {
        let named = if text.starts_with("ca_") {
            text.parse::<ConnectionId>().map(String::from)
        } else {
            text.parse::<Slug>().map(String::from)
        };
        named.map_err(|error| error.to_string())
    }
}

checked! {
    /// A connection's id: `ca_` and a UUID without dashes.
    ConnectionId, |text| match text.strip_prefix("ca_") {
        Some(rest) if rest.len() == 32 && rest.chars().all(|c| c.is_ascii_hexdigit()) => {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err("a connection id is `ca_` and 32 hexadecimal digits".into()),
    }
}

checked! {
    /// What a person calls one of several accounts: `work`. Visible characters, at most 100 bytes, and never
    /// what another account has for its id.
    Label, |text| {
        if text.parse::<ConnectionId>().is_ok() {
            return Err("a label is not of the form that the ids of connections have".into());
        }
        if text.is_empty() || text.len() > 100 || text.chars().any(hidden) || text.trim() != text {
            Err("a label is 1 to 100 visible characters".into())
        } else {
            Ok(text.to_owned())
        }
    }
}

checked! {
    /// What a person decides by, in one line: 1 to 200 visible characters.
    Title, |text| {
        if text.trim().is_empty() || text.chars().count() > 200 || text.chars().any(hidden) {
            Err("a title is 1 to 200 visible characters".into())
        } else {
            Ok(text.to_owned())
        }
    }
}

checked! {
    /// Why a person says what they say: not empty.
    Reason, |text| {
        if text.trim().is_empty() {
            Err("a reason is not empty".into())
        } else {
            Ok(text.to_owned())
        }
    }
}

checked! {
    /// An app of the Integrations API, as it stands in paths: 1 to 64 letters, digits, dashes and underscores.
    AppId, |text| {
        let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if (1..=64).contains(&text.len()) && letters {
            Ok(text.to_owned())
        } else {
            Err("an app is named by 1 to 64 letters, digits, dashes and underscores".into())
        }
    }
}

checked! {
    /// A key by which a call is known if it comes again, also to the app. 1 to 255 visible ASCII characters.
    IdempotencyKey, |text| {
        if (1..=255).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic()) {
            Ok(text.to_owned())
        } else {
            Err("an idempotency key is 1 to 255 visible ASCII characters without spaces".into())
        }
    }
}

checked! {
    /// An approval's id: a UUID.
    ApprovalId, |text| match Uuid::try_parse(text) {
        Ok(id) => Ok(id.to_string()),
        Err(_) => Err("an approval id is a UUID".into()),
    }
}

impl ApprovalId {
    /// Returns a new id that nobody has.
    pub(crate) fn fresh() -> Self {
        Self(fresh_ordered())
    }
}

checked! {
    /// Tools that a kit holds: one by its slug, or all of an effect (`effect:write`).
    ToolHold, |text| match text {
        "effect:write" | "effect:destructive" => Ok(text.to_owned()),
        _ => text.parse::<ToolSlug>().map(String::from).map_err(|error| {
            format!("{error}; or it is effect:write or effect:destructive")
        }),
    }
}

impl Slug {
    /// Returns the name under which brokerage accounts are kept among the connections; no toolkit has it.
    pub(crate) fn brokerage() -> Self {
        Self("brokerage".to_owned())
    }

    /// Returns how tool slugs of this toolkit begin: `google-calendar` → `GOOGLECALENDAR_`.
    pub(crate) fn tool_prefix(&self) -> String {
        tool_prefix(&self.0)
    }
}

/// Returns how tool slugs of the toolkit with this slug begin.
pub(crate) fn tool_prefix(slug: &str) -> String {
    format!("{}_", slug.replace('-', "").to_ascii_uppercase())
}

impl From<Uuid> for UserRef {
    fn from(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl UserRef {
    /// Returns the name by which every caller means their own user.
    pub(crate) fn own() -> Self {
        Self("me".to_owned())
    }

    /// Tells whether this names the workspace's own user by one of its two fixed names.
    pub(crate) fn is_default(&self) -> bool {
        matches!(self.0.as_str(), "default" | "me")
    }
}

impl Label {
    /// Returns the flag that repeats a label in a command, where there is one.
    pub(crate) fn flag(label: Option<&Self>) -> String {
        label.map(|label| flag("label", label.as_str())).unwrap_or_default()
    }
}

impl From<&ConnectionId> for ConnectionRef {
    fn from(id: &ConnectionId) -> Self {
        Self(id.0.clone())
    }
}

impl From<&Slug> for ConnectionRef {
    fn from(app: &Slug) -> Self {
        Self(app.0.clone())
    }
}

impl ConnectionId {
    /// Returns a new id that nobody has.
    pub(crate) fn fresh() -> Self {
        Self(format!("ca_{}", fresh().simple()))
    }
}

/// Returns a new random UUID (version 4); the only place where chance enters, next to key material.
#[expect(clippy::disallowed_methods, reason = "this is the place where chance enters")]
pub(crate) fn fresh() -> Uuid {
    Uuid::new_v4()
}

/// Returns a new UUID (version 7) of 36 characters, later ones after earlier ones: what is written one after the other
/// lies side by side under it, here as at an upstream.
pub(crate) fn fresh_ordered() -> String {
    let (chance, mut bytes) = (fresh(), [0; 10]);
    let chance = chance.as_bytes();
    bytes[..6].copy_from_slice(&chance[..6]);
    bytes[6..].copy_from_slice(&chance[10..14]);
    let now = u64::try_from(Millis::now().0).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(now, &bytes).into_uuid().to_string()
}

/// Returns a text as one word of a shell's command line, for commands that people paste.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._+:/-,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Returns a flag with its value as a command goes on with it; a value may begin with a dash itself.
pub(crate) fn flag(name: &str, value: &str) -> String {
    let gap = if value.starts_with('-') { '=' } else { ' ' };
    format!(" --{name}{gap}{}", quoted(value))
}

/// Returns the command that logs a user (as the flag that names them) in to an account of an app.
pub(crate) fn connect_command(toolkit: &Slug, user: &str, label: Option<&Label>) -> String {
    if *toolkit == Slug::brokerage() {
        let env = label.map(|env| flag("env", env.as_str())).unwrap_or_default();
        return format!("naive trading connect{env}{user}");
    }
    format!("naive connections connect {toolkit}{user}{}", Label::flag(label))
}

/// Returns bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Tells whether a character would be invisible or act on a terminal: controls, bidi, zero-width.
pub(crate) fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Returns a text with every invisible or acting character written out.
pub(crate) fn clean(text: &str) -> String {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte);
    if text.bytes().all(plain) || !text.contains(hidden) {
        return text.to_owned();
    }
    let shown = |c: char| if hidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_checked_also_when_deserialized() {
        assert_eq!("Gmail".parse::<Slug>().unwrap().as_str(), "gmail");
        assert!(serde_json::from_str::<Slug>("\"../etc\"").is_err());
        assert!(serde_json::from_str::<Slug>("\"\"").is_err());
    }

    #[test]
    fn a_tool_prefix_has_no_dashes() {
        let slug: Slug = "google-calendar".parse().unwrap();

        assert_eq!(slug.tool_prefix(), "GOOGLECALENDAR_");
    }

    #[test]
    fn a_name_stays_one_word_when_it_is_pasted() {
        assert_eq!(quoted("alice@example.com"), "alice@example.com");
        assert_eq!(quoted("Ann Smith"), "'Ann Smith'");
        assert_eq!(quoted("a'; touch x; '$(y)"), "'a'\\''; touch x; '\\''$(y)'");
    }

    #[test]
    fn a_label_that_begins_with_a_dash_is_no_flag_in_a_command() {
        let flag = |label: &str| Label::flag(Some(&label.parse().unwrap()));

        assert_eq!(flag("work"), " --label work");
        assert_eq!(flag("-x"), " --label='-x'");
        assert_eq!(Label::flag(None), "");
    }

    #[test]
    fn a_label_never_looks_like_the_id_of_a_connection() {
        let id = ConnectionId::fresh();

        assert!(id.as_str().parse::<Label>().is_err());
        assert!(format!("ca_{}", id.as_str()[3..].to_uppercase()).parse::<Label>().is_err());
        assert!("ca_work".parse::<Label>().is_ok());
    }

    #[test]
    fn users_cannot_be_named_invisibly() {
        assert!("al\u{200b}ice".parse::<UserRef>().is_err());
        assert!("\u{1b}[31m".parse::<UserRef>().is_err());
        assert!("alice@example.com".parse::<UserRef>().is_ok());
    }
}
