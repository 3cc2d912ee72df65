//! The config file: read whole, changed a key at a time, comments and order kept.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item, Table, Value};
use url::Url;

use super::{Output, Profile};
use crate::api::address::ClientDocument;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{AppId, UserRef};

/// What the config file may hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Profile where none is named
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_profile: Option<Profile>,
    /// Form of the output where none is named
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Output>,
    /// TLS
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(crate) tls: Tls,
    /// The vault
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(crate) vault: VaultConfig,
    /// Approvals
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(crate) approvals: ApprovalsConfig,
    /// OAuth
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(crate) oauth: OauthConfig,
    /// Composio
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(crate) composio: ComposioConfig,
    /// The server; it is written by hand, and holds secrets
    #[serde(default, skip_serializing)]
    pub(crate) serve: ServeConfig,
    /// What belongs to one profile, by its name
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) profiles: BTreeMap<String, ProfileConfig>,
}

/// `[tls]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// `system` adds the system's roots to the embedded ones
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) roots: Option<Roots>,
}

/// Which roots are trusted beside the embedded ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Roots {
    /// The system's
    System,
}

/// `[vault]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VaultConfig {
    /// Whether the OS keyring may be asked
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keyring: Option<bool>,
}

/// `[approvals]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalsConfig {
    /// Address that hears of each approval that waits or is decided
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notify_url: Option<Url>,
    /// Program that hears of the same, with its arguments
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notify_command: Vec<String>,
}

/// `[oauth]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OauthConfig {
    /// Document that describes this client to OAuth servers that have never seen it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id_document: Option<ClientDocument>,
}

/// `[composio]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComposioConfig {
    /// Where its API is
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<Url>,
}

/// `[serve]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServeConfig {
    /// By what the tokens of an app's users are known, by app: `[serve.jwt.<app>]`
    #[serde(default)]
    pub(crate) jwt: BTreeMap<AppId, JwtConfig>,
}

/// `[serve.jwt.<app>]`: one of the two
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum JwtConfig {
    /// The secret that signs with HS256
    Hs256(SecretString),
    /// The public key for RS256, as PEM
    Rs256(String),
}

/// `[profiles.<name>]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileConfig {
    /// For whom commands act that do not say
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Address of the API, for the cloud
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base_url: Option<Url>,
}

fn is_empty<T: Default + PartialEq>(part: &T) -> bool {
    *part == T::default()
}

/// The variable that outranks `oauth.client_id_document`.
const DOCUMENT: &str = "NAIVE_OAUTH_CLIENT_ID_DOCUMENT";
/// The variable that outranks `composio.url`.
const COMPOSIO: &str = "NAIVE_COMPOSIO_URL";
/// The one key that takes a list.
const COMMAND: &str = "approvals.notify_command";

/// The keys that `config set` knows, and what each takes.
pub(crate) const KEYS: &[(&str, &str)] = &[
    ("default_profile", "sandbox, local or cloud"),
    ("output", "table, json or jsonl"),
    ("tls.roots", "system"),
    ("vault.keyring", "true or false"),
    ("approvals.notify_url", "an address that hears of approvals"),
    (COMMAND, "a program and its arguments, as [\"/path/to/program\", \"argument\"]"),
    ("oauth.client_id_document", "the https address at which naive's client document is hosted"),
    ("composio.url", "the address of Composio's API"),
    ("profiles.sandbox.user", "a user, as in `naive use`"),
    ("profiles.local.user", "a user, as in `naive use`"),
    ("profiles.cloud.user", "a user, as in `naive use`"),
    ("profiles.cloud.base_url", "the address of a Naive API"),
];

/// Returns the document that describes this client: the environment's before the config file's.
pub(super) fn client_document(config: &Config) -> Result<Option<ClientDocument>> {
    let Some(named) = super::text(DOCUMENT) else {
        return Ok(config.oauth.client_id_document.clone());
    };
    let parsed = named.parse().map(Some);
    parsed.map_err(|error| {
        Error::usage(format!("`{DOCUMENT}` is `{named}`")).hint(format!("{error}"))
    })
}

/// Returns where Composio's API is, if that is said: the environment's before the config file's.
pub(super) fn composio_url(config: &Config) -> Result<Option<Url>> {
    let Some(named) = super::text(COMPOSIO) else { return Ok(config.composio.url.clone()) };
    let parsed = named.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https"));
    parsed.map(Some).ok_or_else(|| {
        Error::usage(format!("`{COMPOSIO}` is `{named}`"))
            .hint("set it to an address, as in `https://…`")
    })
}

impl Config {
    /// Reads the file; none is an empty one.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = text(path)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        parse(path, &text)
    }
}

/// Sets a key to a value, or removes it, and leaves the rest of the file as it is.
///
/// Fails with `InvalidInput`, and changes nothing, if the file would no longer be a config file.
pub(crate) fn set(path: &Path, key: &str, new: Option<&str>) -> Result<()> {
    if !KEYS.iter().any(|(known, _)| *known == key) {
        let known: Vec<_> = KEYS.iter().map(|(known, _)| *known).collect();
        return Err(Error::usage(format!("there is no key `{key}`"))
            .hint(format!("the keys are {}", known.join(", "))));
    }
    let before = text(path)?;
    // It parses: otherwise these settings would not have been resolved.
    let mut file: DocumentMut = before
        .parse()
        .map_err(|error| Error::usage("the config file is malformed").because(error))?;
    let (parents, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut table = file.as_table_mut();
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        let item = table.entry(parent).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        table = item.as_table_mut().ok_or_else(|| {
            Error::new(Code::InvalidInput, format!("`{parent}` in the config file is no table"))
        })?;
    }
    match new {
        Some(new) => {
            let mut put = value(key, new);
            if let Some(old) = table.get(name).and_then(Item::as_value) {
                *put.decor_mut() = old.decor().clone();
            }
            table[name] = Item::Value(put);
        }
        None => drop(table.remove(name)),
    }
    let after = file.to_string();
    parse(path, &after).map_err(|error| {
        let takes = KEYS.iter().find(|(known, _)| *known == key).map(|(_, takes)| *takes);
        Error::usage(format!("`{key}` does not take `{}`", new.unwrap_or_default()))
            .hint(format!("it takes {}", takes.unwrap_or_default()))
            .because(error)
    })?;
    write(path, &after)
}

/// Returns a value as the file has it: a switch, a list, or text, which is checked with the file.
fn value(key: &str, text: &str) -> Value {
    let typed = match key {
        "vault.keyring" => text.parse().ok().map(|on: bool| Value::from(on)),
        // JSON and TOML write a list of texts alike, but for what JSON escapes.
        COMMAND => serde_json::from_str::<Vec<String>>(text)
            .map(Value::from_iter)
            .ok()
            .or_else(|| text.parse().ok()),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::from(text))
}

fn parse(path: &Path, text: &str) -> Result<Config> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = 1 + text[..start].matches('\n').count();
        let what = error.message().trim().replace('\n', " ");
        Error::usage(format!("the config file is malformed: line {line}: {what}"))
            .hint(format!("edit `{}`", path.display()))
    })
}

fn text(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(unusable(path, error)),
    }
}

/// Replaces the file so that a crash leaves the old one or the new one.
fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| unusable(parent, error))?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, path));
    written.map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: io::Error) -> Error {
    Error::internal(
        format!("the config file cannot be used at `{}`: {error}", path.display()),
        error,
    )
    .hint("look at that path, or set `NAIVE_HOME` to another directory")
}
