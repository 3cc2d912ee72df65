//! What no single key of a manifest can tell: whether its parts fit each other.

mod tool;

use std::collections::BTreeSet;
use std::fmt;

use reqwest::header::HeaderName;
use url::Url;

use super::manifest::{Auth, Manifest, Part, Place};
use super::template::{fill, holes};
use crate::api::address::is_callable;
use crate::api::toolkits::{AuthType, Provider};

/// One step on the way to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a table
    Name(String),
    /// Into a list, from zero
    Index(usize),
}

impl Step {
    fn named(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// Where in a manifest a fault is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Key(pub(super) Vec<Step>);

impl Key {
    fn at(path: &[&str]) -> Self {
        Self(path.iter().map(|name| Step::Name((*name).to_owned())).collect())
    }

    fn tool(index: usize, path: &[&str]) -> Self {
        let mut steps = vec![Step::Name("tools".to_owned()), Step::Index(index)];
        steps.extend(Self::at(path).0);
        Self(steps)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Name(name) if at == 0 => write!(f, "{name}")?,
                Step::Name(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

type Faults = Vec<(Key, String)>;

/// Returns every way in which the parts do not fit, in the manifest's order.
pub(super) fn check(manifest: &Manifest) -> Faults {
    let mut faults = Vec::new();
    texts(manifest, &mut faults);
    match manifest.provider {
        Provider::Mcp => server(manifest, &mut faults),
        Provider::Direct | Provider::Composio => base_url(manifest, &mut faults),
    }
    auth(manifest, &mut faults);
    answers(manifest, &mut faults);
    let mut seen = BTreeSet::new();
    for (index, tool) in manifest.tools.iter().enumerate() {
        if !seen.insert(&tool.slug) {
            faults.push((Key::tool(index, &["slug"]), format!("`{}` stands twice", tool.slug)));
        }
        tool::faults(manifest, index, tool, &mut faults);
    }
    faults
}

fn texts(manifest: &Manifest, faults: &mut Faults) {
    for (key, text) in [("name", &manifest.name), ("description", &manifest.description)] {
        if text.trim().is_empty() || text.chars().any(crate::api::ids::hidden) {
            faults.push((Key::at(&[key]), "must be one line of visible text".into()));
        }
    }
}

fn base_url(manifest: &Manifest, faults: &mut Faults) {
    let key = || Key::at(&["base_url"]);
    let fields = field_keys(manifest);
    match holes(&manifest.base_url) {
        Err(error) => faults.push((key(), error)),
        Ok(names) => {
            for name in names.into_iter().filter(|name| !fields.contains(name)) {
                faults.push((key(), format!("`{{{name}}}` is no field of `auth.fields`")));
            }
        }
    }
    let tried = fill(&manifest.base_url, |_| Some("x".into())).ok();
    match tried.and_then(|text| Url::parse(&text).ok()) {
        Some(url) if is_callable(&url) => {
            if url.query().is_some() || manifest.base_url.ends_with('/') {
                faults.push((key(), "must end before a slash and hold no query".into()));
            }
        }
        _ => faults.push((key(), "is not an `https` address".into())),
    }
}

/// Judges where an MCP server is: at an address, or a program here.
fn server(manifest: &Manifest, faults: &mut Faults) {
    let mut fault = |key: &str, text: &str| faults.push((Key::at(&[key]), text.to_owned()));
    match manifest.command.first() {
        Some(program) if program.trim().is_empty() => fault("command", "names no program"),
        Some(_) if !manifest.base_url.is_empty() => {
            fault("command", "a server is at `base_url` or is run here, not both");
        }
        Some(_) if manifest.auth.kind == AuthType::Oauth2 => {
            fault("command", "nobody logs in to a program by OAuth");
        }
        Some(_) => {}
        None => match Url::parse(&manifest.base_url) {
            Ok(url) if is_callable(&url) && url.fragment().is_none() => {}
            _ => fault("base_url", "is not an `https` address"),
        },
    }
    if !manifest.tools.is_empty() {
        fault("tools", "an MCP server tells its own");
    }
}

/// Judges how the app's answers are read: whose account it is, and what counts as a refusal.
fn answers(manifest: &Manifest, faults: &mut Faults) {
    let (answer, identity) = (&manifest.answer, manifest.identity.as_ref());
    let pointers = [
        (["answer", "ok"], answer.ok.as_deref()),
        (["answer", "error"], answer.error.as_deref()),
        (["answer", "code"], answer.code.as_deref()),
        (["answer", "needed"], answer.needed.as_deref()),
        (["identity", "account"], identity.map(|identity| identity.account.as_str())),
    ];
    for (key, pointer) in pointers {
        if pointer.is_some_and(|pointer| !is_pointer(pointer)) {
            faults.push((Key::at(&key), NO_POINTER.into()));
        }
    }
    let words = [&answer.unauthorized, &answer.scope, &answer.unclear];
    let words = words.iter().any(|words| !words.is_empty());
    if words && answer.error.is_none() && answer.code.is_none() {
        faults.push((
            Key::at(&["answer"]),
            "say with `error` or `code` where its words stand".into(),
        ));
    }
    for name in manifest.headers.keys().filter(|name| !is_header(name)) {
        faults.push((Key::at(&["headers", name]), NO_HEADER.into()));
    }
}

const NO_POINTER: &str = "is not a JSON pointer: begin it with `/`";
const NO_HEADER: &str = "is not the name of a header";

fn is_pointer(text: &str) -> bool {
    text.is_empty() || text.starts_with('/')
}

/// Tells whether a text can be the name of a header.
pub(super) fn is_header(name: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok()
}

fn field_keys(manifest: &Manifest) -> BTreeSet<&str> {
    manifest.auth.fields.iter().map(|field| field.key.as_str()).collect()
}

fn auth(manifest: &Manifest, faults: &mut Faults) {
    let auth = &manifest.auth;
    let secret = auth.fields.iter().any(|field| field.secret);
    let by_hand = auth.authorize_url.is_some() && auth.token_url.is_some();
    let endpoints = [
        ("issuer", &auth.issuer),
        ("resource", &auth.resource),
        ("authorize_url", &auth.authorize_url),
        ("token_url", &auth.token_url),
        ("revoke_url", &auth.revoke_url),
        ("device_url", &auth.device_url),
        ("registration_url", &auth.registration_url),
    ];
    for (key, url) in endpoints {
        if url.as_ref().is_some_and(|url| !is_callable(url)) {
            let text = "is not an `https` address without a password";
            faults.push((Key::at(&["auth", key]), text.to_owned()));
        }
    }
    resource(auth, faults);
    let mut fault = |key: &str, text: &str| faults.push((Key::at(&["auth", key]), text.to_owned()));
    match auth.kind {
        AuthType::Oauth2 if auth.issuer.is_none() && auth.resource.is_none() && !by_hand => {
            fault(
                "issuer",
                "give the issuer, the resource, or both `authorize_url` and `token_url`",
            );
        }
        AuthType::ApiKey | AuthType::Unknown if !secret => {
            fault("fields", "an API key needs a secret field");
        }
        AuthType::Basic
            if !(has_field(manifest, "username") && has_field(manifest, "password")) =>
        {
            fault("fields", "`basic` needs the fields `username` and `password`");
        }
        AuthType::None if secret && manifest.provider != Provider::Mcp => {
            fault("fields", "a toolkit without login has no secret field");
        }
        AuthType::Oauth2
        | AuthType::ApiKey
        | AuthType::Basic
        | AuthType::None
        | AuthType::Unknown => {}
    }
    place(manifest, faults);
    fields(manifest, faults);
}

/// Judges whether the credential stands somewhere, and only where there is one.
fn place(manifest: &Manifest, faults: &mut Faults) {
    let auth = &manifest.auth;
    let mut fault = |key: &str, text: &str| faults.push((Key::at(&["auth", key]), text.to_owned()));
    // Nobody logs in to a server to which the operator shows a key for all.
    let shared = auth.kind == AuthType::None && manifest.provider == Provider::Mcp;
    let keyed = shared || matches!(auth.kind, AuthType::ApiKey | AuthType::Unknown);
    if !keyed && auth.place.is_some() {
        fault("place", "only an API key has a place");
    }
    if auth.place.is_none() && !auth.also.is_empty() {
        fault("also", "the first goes to `place`");
    }
    let in_path = holes(&manifest.base_url).is_ok_and(|names| {
        names.iter().any(|name| auth.fields.iter().any(|field| field.secret && field.key == *name))
    });
    if keyed && !shared && auth.place.is_none() && !in_path {
        fault("place", "say where the key stands in a request");
    }
}

/// Judges the resource that tokens are for, where they are for one alone.
fn resource(auth: &Auth, faults: &mut Faults) {
    let mut fault = |key: &str, text: &str| faults.push((Key::at(&["auth", key]), text.to_owned()));
    let Some(resource) = &auth.resource else { return };
    if auth.kind != AuthType::Oauth2 {
        fault("resource", "only OAuth asks for tokens to one resource");
    }
    if resource.fragment().is_some() {
        fault("resource", "must hold no `#`");
    }
    if !auth.pkce {
        fault("pkce", "tokens for one resource are never asked for without PKCE");
    }
}

/// Judges what users enter, and where an API key stands.
fn fields(manifest: &Manifest, faults: &mut Faults) {
    let auth = &manifest.auth;
    let mut fault = |key: &str, text: &str| faults.push((Key::at(&["auth", key]), text.to_owned()));
    let mut seen = BTreeSet::new();
    for field in &auth.fields {
        if !seen.insert(&field.key) {
            fault("fields", &format!("`{}` stands twice", field.key));
        }
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if field.key.is_empty() || !field.key.chars().all(word) {
            fault("fields", &format!("`{}` is not lower-case letters, digits and `_`", field.key));
        }
    }
    if let Some(place) = &auth.place {
        placed(manifest, place, &["auth", "place"].map(Step::named), faults);
    }
    for (at, place) in auth.also.iter().enumerate() {
        let key = [Step::named("auth"), Step::named("also"), Step::Index(at)];
        placed(manifest, place, &key, faults);
        if auth.places().take(at + 1).any(|one| one.part == place.part && one.name == place.name) {
            faults.push((Key(key.to_vec()), format!("`{}` stands twice", place.name)));
        }
    }
}

/// Judges one place of a credential.
fn placed(manifest: &Manifest, place: &Place, key: &[Step], faults: &mut Faults) {
    let below = |name: &str| Key(key.iter().cloned().chain([Step::named(name)]).collect());
    let fields = field_keys(manifest);
    if place.part == Part::Header && !is_header(&place.name) {
        faults.push((below("name"), NO_HEADER.into()));
    }
    if (place.part == Part::Environment) == manifest.command.is_empty() {
        faults.push((below("in"), "a program has an environment, an address has none".into()));
    }
    match holes(&place.value) {
        Err(error) => faults.push((below("value"), error)),
        Ok(names) => {
            for name in names.into_iter().filter(|name| !fields.contains(name)) {
                let text = format!("`{{{name}}}` is no field of `auth.fields`");
                faults.push((below("value"), text));
            }
        }
    }
}

fn has_field(manifest: &Manifest, key: &str) -> bool {
    manifest.auth.fields.iter().any(|field| field.key == key)
}
