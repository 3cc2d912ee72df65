//! Where an API is: its first server that can be used, with what a user has to say of it.

use serde_json::Value;
use url::Url;

use super::refs::Said;
use super::text::line;
use crate::api::address::{is_callable, is_private};
use crate::catalog::manifest::Field;
use crate::catalog::template::{fill, holes};

/// Where an API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    /// Its address without a slash at the end, with `{key}` where a user has to say something
    pub(super) url: String,
    /// What a user has to say
    pub(super) fields: Vec<Field>,
}

/// Returns where an API is, by the servers of its document.
///
/// `source` is where the document came from, which may stand in for the host of a server.
pub(super) fn base<'a>(
    root: &'a Value,
    source: Option<&Url>,
    notes: &mut Vec<Said<'a>>,
) -> Result<Base, Said<'a>> {
    let servers = root.get("servers").and_then(Value::as_array).filter(|list| !list.is_empty());
    let Some(servers) = servers else {
        return match source {
            Some(source) => read(root, "/", source.into()),
            None => Err((root, format!("does not say where its API is; {GIVE}"))),
        };
    };
    let mut why = None;
    // One that says its host tells more than one that is wherever the document is.
    let hostless = |server: &&Value| {
        let url = server["url"].as_str().unwrap_or_default().trim();
        !url.contains("://") && !url.starts_with("//")
    };
    let with_host = servers.iter().filter(|server| !hostless(server));
    for server in with_host.chain(servers.iter().filter(hostless)) {
        let url = server["url"].as_str().unwrap_or_default();
        match read(server, url, source) {
            Ok(base) => {
                if servers.len() > 1 {
                    let text = format!("`{}` is used, one of {}", base.url, servers.len());
                    notes.push((server, text));
                }
                if url.starts_with("http:") {
                    notes
                        .push((server, "is called with `https`, though it says `http`".to_owned()));
                }
                return Ok(base);
            }
            Err(said) => why = why.or(Some(said)),
        }
    }
    Err(why.unwrap_or_else(|| (root, format!("has no server that can be used; {GIVE}"))))
}

/// Returns where an API is by an address that somebody gave: what it leaves open, a user has to say.
pub(super) fn given(url: &str) -> Base {
    let names = holes(url).unwrap_or_default();
    let field = |name: &str| Field { key: name.to_owned(), label: label(name), secret: false };
    let fields = names.into_iter().map(field).collect();
    Base { url: url.trim_end_matches('/').to_owned(), fields }
}

/// What to do about a document that does not say where its API is.
const GIVE: &str = "give `--address`";

/// Returns where a server is, or why it cannot be used.
pub(super) fn read<'a>(
    server: &'a Value,
    url: &str,
    source: Option<&Url>,
) -> Result<Base, Said<'a>> {
    let fault = |text: String| (server, text);
    let mut fields: Vec<Field> = Vec::new();
    let mut url = url.trim().to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    let names: Vec<String> = holes(&url).map_err(fault)?.into_iter().map(str::to_owned).collect();
    for name in names {
        let variable = variables.and_then(|all| all.get(&name)).unwrap_or(&Value::Null);
        let hole = format!("{{{name}}}");
        let value = variable["default"].as_str().filter(|value| !is_stand_in(value, &name));
        let Some(value) = value else {
            let key = key(&name);
            url = url.replace(&hole, &format!("{{{key}}}"));
            if !fields.iter().any(|field| field.key == key) {
                let label = label(&name);
                fields.push(Field { key, label, secret: false });
            }
            continue;
        };
        url = url.replace(&hole, value);
    }
    if url.starts_with("//") {
        url = format!("https:{url}");
    }
    if let Some(rest) = url.strip_prefix("http://") {
        url = format!("https://{rest}");
    }
    if !url.contains("://") {
        let base = source.ok_or_else(|| fault(format!("names no host; {GIVE}")))?;
        let whole = base.join(&url).map_err(|error| fault(format!("is no address: {error}")))?;
        whole.as_str().clone_into(&mut url);
    }
    let url = url.trim_end_matches('/').to_owned();
    callable(&url).map_err(fault)?;
    Ok(Base { url, fields })
}

/// Fails with a sentence if an address cannot be where an API is.
fn callable(url: &str) -> Result<(), String> {
    let shown = crate::api::ids::clean(url);
    let tried =
        fill(url, |_| Some("a.example".to_owned())).ok().and_then(|url| Url::parse(&url).ok());
    let tried =
        tried.filter(|url| is_callable(url) && url.query().is_none() && url.fragment().is_none());
    let Some(tried) = tried else {
        return Err(format!("`{shown}` is no address that can be called; {GIVE}"));
    };
    if is_private(&tried) {
        return Err(format!("`{shown}` is private; {GIVE} if it is meant"));
    }
    Ok(())
}

/// Tells whether what a variable has by default only shows what could stand there.
fn is_stand_in(value: &str, name: &str) -> bool {
    let plain = value.to_ascii_lowercase();
    let hosts = name.to_ascii_lowercase();
    plain.is_empty()
        || plain == hosts
        || value.contains(['<', '{', ' ', '['])
        || ["your", "example", "my-", "xxx", "placeholder", "changeme"]
            .iter()
            .any(|word| plain.contains(word))
}

/// Returns the name of a variable as that of a field.
fn key(name: &str) -> String {
    let words = super::names::words(name).to_ascii_lowercase();
    if words.is_empty() { "part".to_owned() } else { words }
}

fn label(name: &str) -> String {
    let words = super::names::words(name).to_ascii_lowercase().replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let label = first.into_iter().chain(letters).collect::<String>();
    line(&label, 60).unwrap_or_else(|| "Part of the address".to_owned())
}
