//! Tools as plain HTTP requests, made from a manifest, and the answers to them.

mod answer;
mod body;
mod mail;
mod page;
#[cfg(test)]
mod recorded;
mod wire;

pub(crate) use answer::{
    Judgement, account_name, claimed_name, complaint, decoded, file, is_unclear, judged,
    needed_scopes, words,
};
pub(crate) use page::{Pages, Turn, first, next_page};

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::api::address::path_part;
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::fresh;
use crate::api::secrets::Secrets;
use crate::api::toolkits::{AuthType, Effect};
use crate::api::tools::Method;
use crate::catalog::manifest::{BodyKind, Manifest, Part, RequestLine, Tool, WirePart};
use crate::catalog::template::{fill, holes};
use crate::http::{Request, Trust};
use crate::oauth;

/// A login, opened: what a request to one account of an app needs.
#[derive(Debug)]
pub(crate) struct Account<'a> {
    /// The app
    pub(crate) toolkit: &'a Manifest,
    /// Parts of its address
    pub(crate) fields: &'a BTreeMap<String, String>,
    /// Tokens or keys
    pub(crate) secrets: &'a Secrets,
    /// Who vouches for its addresses
    pub(crate) trust: Trust,
}

/// How long an address may be: more than any app takes, and what HTTP clients still do.
const LONGEST: usize = 60_000;

/// Makes the request of a tool call. The input was found to fit the schema; `key` is what an app that
/// honours idempotency keys knows the call by.
pub(crate) fn request(
    account: &Account<'_>,
    tool: &Tool,
    input: &Map<String, Value>,
    key: &str,
) -> Result<Request> {
    let mut rest = input.clone();
    let mark = mark();
    let hole = |name: &str| wire::segment(tool, name, input.get(name)?);
    let mut url = address(account, &tool.request, &mark, hole)?;
    let templates = tool.headers.values().chain([&tool.request.path]);
    for name in templates.flat_map(|template| holes(template).unwrap_or_default()) {
        rest.shift_remove(name);
    }
    let placed = placed(tool, &mut rest);
    let bodiless = tool.body().kind == BodyKind::None;
    for (name, value) in input {
        if rest.contains_key(name) && (bodiless || tool.query.contains(name)) {
            append_query(&mut url, name, value);
            rest.shift_remove(name);
        }
    }
    append_pairs(&mut url, placed.query);
    if url.as_str().len() > LONGEST {
        let text = format!("the call's address would be longer than {LONGEST} letters");
        return Err(Error::new(Code::InvalidInput, text).hint("give less of what stands in it"));
    }
    let mut request = body::put(begun(account, &tool.request, url)?, tool, rest, key)?;
    if tool.download {
        request = request.document();
    }
    for (name, value) in placed.headers {
        request = request.header(&name, &value)?;
    }
    // What a manifest says of the body's type is more exact than what its encoding tells.
    for (name, template) in &tool.headers {
        if let Ok(value) = fill(template, |hole| input.get(hole).map(text)) {
            request = request.header(name, &value)?;
        }
    }
    if let Some(header) = &tool.idempotency_header {
        request = request.header(header, key)?;
    }
    authorized(request, account, &mark)
}

/// What of an input is written in a style, outside of path and body.
#[derive(Debug, Default)]
struct Placed {
    query: Vec<String>,
    headers: Vec<(String, String)>,
}

/// Takes out of the inputs those that the manifest places in query, headers and cookies.
fn placed(tool: &Tool, rest: &mut Map<String, Value>) -> Placed {
    let mut placed = Placed::default();
    let mut cookies = Vec::new();
    for (name, wire) in tool.wire.iter().filter(|(_, wire)| wire.part != WirePart::Body) {
        let Some(value) = rest.shift_remove(name) else { continue };
        match wire.part {
            WirePart::Query => placed.query.extend(wire::pairs(wire, name, &value)),
            WirePart::Cookie => cookies.extend(wire::pairs(wire, name, &value)),
            WirePart::Header => {
                let own = wire.name.as_ref().unwrap_or(name).clone();
                placed.headers.push((own, wire::header(wire, &value)));
            }
            // The path has taken its own; the body takes its own later.
            WirePart::Path | WirePart::Body => {}
        }
    }
    if !cookies.is_empty() {
        placed.headers.push(("cookie".to_owned(), cookies.join("; ")));
    }
    placed
}

/// Appends pairs that are encoded already to the query.
fn append_pairs(url: &mut Url, pairs: Vec<String>) {
    if !pairs.is_empty() {
        let before = url.query().filter(|query| !query.is_empty()).map(str::to_owned);
        let all: Vec<String> = before.into_iter().chain(pairs).collect();
        url.set_query(Some(&all.join("&")));
    }
}

/// Makes the request that tells whose account a login is, where the manifest has one.
pub(crate) fn identity(account: &Account<'_>) -> Result<Option<Request>> {
    let identity = account.toolkit.identity.as_ref();
    let Some((identity, line)) = identity.and_then(|one| Some((one, one.request.as_ref()?))) else {
        return Ok(None);
    };
    let mark = mark();
    let url = address(account, line, &mark, |_| None)?;
    let mut request = begun(account, line, url)?;
    if let Some(document) = &identity.graphql {
        request = body::graphql(request, document, Map::new())?;
    }
    authorized(request, account, &mark).map(Some)
}

/// Makes the request that every message to a server begins as: a POST to where it is, with the credential.
pub(crate) fn base(account: &Account<'_>) -> Result<Request> {
    let mark = mark();
    let line = RequestLine { method: Method::Post, path: String::new() };
    let url = address(account, &line, &mark, |_| None)?;
    authorized(begun(account, &line, url)?, account, &mark)
}

/// Begins a request with the headers that every request of the app carries.
fn begun(account: &Account<'_>, line: &RequestLine, url: Url) -> Result<Request> {
    let request = Request::new(line.method.as_str(), url, account.trust)?;
    let request = request.header("accept", "application/json")?;
    account
        .toolkit
        .headers
        .iter()
        .try_fold(request, |request, (name, value)| request.header(name, value))
}

/// Returns what stands before the name of a secret in an address until the secret takes its place:
/// new for each request, so that no input can hold it.
fn mark() -> String {
    fresh().simple().to_string()
}

/// Joins base address and path, with fields and inputs in their holes; `part` is what an input is there.
fn address(
    account: &Account<'_>,
    line: &RequestLine,
    mark: &str,
    part: impl Fn(&str) -> Option<String>,
) -> Result<Url> {
    let base = fill(&account.toolkit.base_url, |name| {
        let secret = account.secrets.0.contains_key(name).then(|| format!("{mark}{name}"));
        account.fields.get(name).map(|part| path_part(part)).or(secret)
    });
    let base = base.map_err(|name| {
        Error::new(Code::NotConfigured, format!("the connection does not say its `{name}`"))
            .hint(format!("connect again with `--field {name}=…`"))
    })?;
    let path = fill(&line.path, part);
    let path = path.map_err(|name| {
        let fault = Fault { pointer: format!("/{name}"), message: "cannot stand in a path".into() };
        Error::new(Code::InvalidInput, format!("`{name}` cannot stand in a path"))
            .details(vec![fault])
    })?;
    Url::parse(&format!("{base}{path}")).map_err(|error| {
        Error::new(Code::InvalidInput, "the call has no valid address").because(error)
    })
}

/// Puts the credential where the manifest says.
fn authorized(request: Request, account: &Account<'_>, mark: &str) -> Result<Request> {
    let secrets = account.secrets;
    let missing = || {
        Error::new(Code::NotConfigured, "the connection holds no credential")
            .hint(format!("run `naive connections connect {}`", account.toolkit.slug))
    };
    let auth = &account.toolkit.auth;
    let request = match auth.kind {
        AuthType::None if auth.place.is_none() => return Ok(request),
        AuthType::Oauth2 => request.bearer(oauth::access_token(secrets).ok_or_else(missing)?)?,
        AuthType::Basic => {
            let part = |key: &str| secrets.0.get(key).ok_or_else(missing);
            let user = account.fields.get("username").cloned().unwrap_or_default();
            let hidden = secrets.0.get("username");
            let password: &SecretString = part("password")?;
            match hidden {
                Some(user) => request.basic_hidden(user, password)?,
                None => request.basic(&user, password)?,
            }
        }
        AuthType::ApiKey | AuthType::Unknown | AuthType::None => {
            auth.places().try_fold(request, |request, place| match place.part {
                Part::Header => request.credential_header(&place.name, &place.value, secrets),
                Part::Query => Ok(request.credential_query(&place.name, &place.value, secrets)),
                // A program has its own.
                Part::Environment => Ok(request),
            })?
        }
    };
    request.secret_address(mark, secrets)
}

/// Returns a value as it stands in a path, a query or a form.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Appends an input to the query: lists repeat the name, objects use brackets.
fn append_query(url: &mut Url, name: &str, value: &Value) {
    let mut pairs = url.query_pairs_mut();
    match value {
        Value::Array(items) => {
            for item in items {
                pairs.append_pair(name, &text(item));
            }
        }
        other => {
            for (name, value) in flattened(name, other) {
                pairs.append_pair(&name, &value);
            }
        }
    }
}

/// Returns a value's leaves with their names, in brackets where it is nested: `items[0][price]`.
fn flattened(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| flattened(&format!("{name}[{key}]"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(at, value)| flattened(&format!("{name}[{at}]"), value))
            .collect(),
        other => vec![(name.to_owned(), text(other))],
    }
}

/// Tells whether a call changes nothing, so that it may be sent again: the manifest says so, not the
/// method.
pub(crate) fn is_read(tool: &Tool) -> bool {
    tool.effect == Effect::Read
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::{Format, parse};

    const BOT: &str = r#"
slug = "bot"
name = "Bot"
description = "A bot"
base_url = "https://api.example.com/bot{bot_token}"
[auth]
type = "api_key"
fields = [{ key = "bot_token", label = "Token" }]
[[tools]]
slug = "BOT_FIND"
name = "Find"
description = "Find"
request = "GET /find/{id}"
effect = "read"
[tools.input]
type = "object"
required = ["id"]
properties = { id = { type = "string" }, q = { type = "string" } }
"#;

    #[test]
    fn an_input_never_calls_a_secret_into_the_address() {
        let toolkit = parse(BOT, Format::Toml, "bot.toml").unwrap();
        let secrets = Secrets([("bot_token".to_owned(), "12345:CANARY".into())].into());
        let fields = BTreeMap::new();
        let account =
            Account { toolkit: &toolkit, fields: &fields, secrets: &secrets, trust: Trust::Public };
        let input = json!({"id": "{bot_token}", "q": "{bot_token}"});

        let request =
            request(&account, &toolkit.tools[0], input.as_object().unwrap(), "key").unwrap();

        assert_eq!(
            request.shown_url(),
            "https://api.example.com/bot********/find/%7Bbot_token%7D?q=%7Bbot_token%7D"
        );
    }
    #[test]
    fn several_keys_stand_where_each_belongs() {
        let text = BOT.replace("/bot{bot_token}", "").replace(
            r#"fields = [{ key = "bot_token", label = "Token" }]"#,
            r#"fields = [{ key = "id", label = "Id" }, { key = "key", label = "Key" }]
place = { in = "header", name = "x-id", value = "{id}" }
also = [{ in = "query", name = "key", value = "{key}" }]"#,
        );
        let toolkit = parse(&text, Format::Toml, "bot.toml").unwrap();
        let secrets = [("id".to_owned(), "CANARY1".into()), ("key".to_owned(), "CANARY2".into())];
        let (secrets, fields) = (Secrets(secrets.into()), BTreeMap::new());
        let account =
            Account { toolkit: &toolkit, fields: &fields, secrets: &secrets, trust: Trust::Public };
        let input = json!({"id": "1", "q": "2"});

        let request =
            request(&account, &toolkit.tools[0], input.as_object().unwrap(), "key").unwrap();

        assert_eq!(request.shown_url(), "https://api.example.com/find/1?q=2&key=********");
        assert!(request.shown_headers().any(|(name, _)| name == "x-id"));
    }

    #[test]
    fn an_address_that_nobody_takes_is_refused() {
        let toolkit = parse(BOT, Format::Toml, "bot.toml").unwrap();
        let secrets = Secrets([("bot_token".to_owned(), "1".into())].into());
        let fields = BTreeMap::new();
        let account =
            Account { toolkit: &toolkit, fields: &fields, secrets: &secrets, trust: Trust::Public };
        let input = json!({"id": "1", "q": "x".repeat(70_000)});

        let refused = request(&account, &toolkit.tools[0], input.as_object().unwrap(), "key");

        assert_eq!(refused.unwrap_err().code, Code::InvalidInput);
    }
}
