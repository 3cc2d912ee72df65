//! Tools as plain HTTP requests, made from a manifest.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::mail;
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::fresh;
use crate::api::secrets::Secrets;
use crate::api::workspace::{AuthType, Effect};
use crate::catalog::manifest::{BodyKind, Manifest, Part, RequestLine, Tool};
use crate::catalog::template::{fill, holes};
use crate::http::{Request, Response, Trust};
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

/// Makes the request of a tool call. The input was found to fit the schema.
pub(crate) fn request(
    account: &Account<'_>,
    tool: &Tool,
    input: &Map<String, Value>,
    key: &str,
) -> Result<Request> {
    let mut rest = input.clone();
    let mark = mark();
    let mut url = address(account, &tool.request, &mark, |name| rest.get(name).map(text))?;
    for name in holes(&tool.request.path).unwrap_or_default() {
        rest.remove(name);
    }
    let body = tool.body();
    let bodiless = body.kind == BodyKind::None;
    for (name, value) in input {
        if rest.contains_key(name) && (bodiless || tool.query.contains(name)) {
            append_query(&mut url, name, value);
            rest.remove(name);
        }
    }
    let mut headers = Vec::new();
    for (name, template) in &tool.headers {
        if let Ok(value) = fill(template, |hole| input.get(hole).map(text)) {
            headers.push((name, value));
        }
        for hole in holes(template).unwrap_or_default() {
            rest.remove(hole);
        }
    }
    let mut request = Request::new(tool.request.method.as_str(), url, account.trust)?;
    for (name, value) in headers {
        request = request.header(name, &value)?;
    }
    if let Some(header) = &tool.idempotency_header {
        request = request.header(header, key)?;
    }
    request = match body.kind {
        BodyKind::None => request,
        BodyKind::Json => json_body(request, &body.at, rest)?,
        BodyKind::Form => {
            request.body("application/x-www-form-urlencoded", form(&rest).into_bytes())?
        }
        BodyKind::Mime => {
            let raw = mail::encode(&mut rest)?;
            rest.insert("raw".into(), raw.into());
            json_body(request, &body.at, rest)?
        }
    };
    authorized(request.header("accept", "application/json")?, account, &mark)
}

/// Makes the request that tells whose account a login is, where the manifest has one.
pub(crate) fn identity(account: &Account<'_>) -> Result<Option<Request>> {
    let Some(identity) = &account.toolkit.identity else { return Ok(None) };
    let mark = mark();
    let url = address(account, &identity.request, &mark, |_| None)?;
    let request = Request::new(identity.request.method.as_str(), url, account.trust)?;
    authorized(request.header("accept", "application/json")?, account, &mark).map(Some)
}

/// Returns the account's name out of the identity call's answer.
pub(crate) fn account_name(toolkit: &Manifest, answer: &Response) -> Option<String> {
    let pointer = &toolkit.identity.as_ref()?.account;
    let json = answer.json().filter(|_| answer.is_success())?;
    json.pointer(pointer).map(text).filter(|name| !name.is_empty())
}

/// Returns an answer's body: JSON as it is, other text as a string, bytes as their length.
pub(crate) fn decoded(answer: &Response) -> Value {
    if answer.body.is_empty() {
        return Value::Null;
    }
    if let Some(json) = answer.json() {
        return json;
    }
    match std::str::from_utf8(&answer.body) {
        Ok(text) => text.into(),
        Err(_) => format!("{} bytes that are no text", answer.body.len()).into(),
    }
}

/// Returns what an app said against a call, in one line, from the shapes that apps use.
pub(crate) fn complaint(answer: &Response) -> String {
    let json = answer.json().unwrap_or_default();
    let said = [
        "/error/message",
        "/error_description",
        "/message",
        "/error",
        "/errors/0/message",
        "/detail",
    ]
    .iter()
    .find_map(|place| json.pointer(place).and_then(Value::as_str));
    match said {
        Some(said) => format!("{} ({})", said.trim(), answer.status),
        None => format!("the app answered with status {}", answer.status),
    }
}

/// Returns what stands before the name of a secret in an address until the secret takes its place:
/// new for each request, so that no input can hold it.
fn mark() -> String {
    fresh().simple().to_string()
}

/// Joins base address and path, with fields and inputs in their holes, percent-encoded.
fn address(
    account: &Account<'_>,
    line: &RequestLine,
    mark: &str,
    input: impl Fn(&str) -> Option<String>,
) -> Result<Url> {
    let base = fill(&account.toolkit.base_url, |name| {
        let secret = account.secrets.0.contains_key(name).then(|| format!("{mark}{name}"));
        account.fields.get(name).map(|part| encode(part)).or(secret)
    });
    let base = base.map_err(|name| {
        Error::new(Code::NotConfigured, format!("the connection does not say its `{name}`"))
            .hint(format!("connect again with `--field {name}=…`"))
    })?;
    let path = fill(&line.path, |name| {
        input(name)
            .filter(|value| !matches!(value.as_str(), "" | "." | ".."))
            .map(|value| encode(&value))
    });
    let path = path.map_err(|name| {
        let fault = Fault { pointer: format!("/{name}"), message: "cannot stand in a path".into() };
        Error::new(Code::InvalidInput, format!("`{name}` cannot stand in a path"))
            .details(vec![fault])
    })?;
    Url::parse(&format!("{base}{path}")).map_err(|error| {
        Error::new(Code::InvalidInput, "the call has no valid address").because(error)
    })
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Puts the credential where the manifest says.
fn authorized(request: Request, account: &Account<'_>, mark: &str) -> Result<Request> {
    let secrets = account.secrets;
    let missing = || {
        Error::new(Code::NotConfigured, "the connection holds no credential")
            .hint(format!("run `naive connections connect {}`", account.toolkit.slug))
    };
    let request = match (account.toolkit.auth.kind, &account.toolkit.auth.place) {
        (AuthType::None, _) => return Ok(request),
        (AuthType::Oauth2, _) => {
            request.bearer(oauth::access_token(secrets).ok_or_else(missing)?)?
        }
        (AuthType::Basic, _) => {
            let part = |key: &str| secrets.0.get(key).ok_or_else(missing);
            let user = account.fields.get("username").cloned().unwrap_or_default();
            let hidden = secrets.0.get("username");
            let password: &SecretString = part("password")?;
            match hidden {
                Some(user) => request.basic_hidden(user, password)?,
                None => request.basic(&user, password)?,
            }
        }
        (AuthType::ApiKey, Some(place)) => match place.part {
            Part::Header => request.credential_header(&place.name, &place.value, secrets)?,
            Part::Query => request.credential_query(&place.name, &place.value, secrets),
        },
        (AuthType::ApiKey, None) => request,
    };
    request.secret_address(mark, secrets)
}

fn json_body(request: Request, at: &str, fields: Map<String, Value>) -> Result<Request> {
    let mut body = Value::from(fields);
    for name in at.rsplit('/').filter(|name| !name.is_empty()) {
        let mut outer = Map::new();
        outer.insert(name.to_owned(), body);
        body = outer.into();
    }
    request.body("application/json", body.to_string().into_bytes())
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

/// Returns a form with brackets for what is nested: `items[0][price]=…`.
fn form(fields: &Map<String, Value>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.iter().flat_map(|(name, value)| flattened(name, value)) {
        form.append_pair(&name, &value);
    }
    form.finish()
}

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
}
