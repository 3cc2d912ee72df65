//! Any request to an app, for which no manifest has a tool: by the connection's login, and to the app alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::deliver::Link;
use super::execute::understood;
use super::known::Known;
use super::{Engine, Scope};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ToolSlug;
use crate::api::toolkits::{Effect, Provider};
use crate::api::tools::{Executed, Method, Proxy};
use crate::catalog::manifest::{Body, BodyKind, Manifest, Replay, RequestLine, Tool};
use crate::provider::direct;

/// Input that is the body.
const BODY: &str = "body";
/// Headers that say who asks and how the request is cut into bytes: those are set here.
const OURS: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Engine {
    pub(super) async fn proxy(&self, scope: &Scope<'_>, op: &Proxy) -> Result<Executed> {
        let user = scope.user()?;
        let known = self.toolkit_by(&op.toolkit, Some(Provider::Direct))?.usable()?;
        let connection = self.login(user, &known, op.account.as_deref())?;
        let tool = tool(&known, op)?;
        let (key, voice) = (scope.upstream_key(), scope.call.voice.clone());
        let link = Link { known: &known, tool: &tool, connection: connection.as_ref(), key, voice };
        let input = input(op);
        if op.dry_run {
            let meant = Proxy { dry_run: false, ..op.clone() };
            return self.planned(scope, &link, &input, &meant.into());
        }
        let answer = self.send(&link, &input).await?;
        scope.uses(link.connection);
        let mut done = understood(&link, &answer, scope);
        done.status = Some(answer.status);
        if done.successful && std::str::from_utf8(&answer.body).is_err() {
            (done.data, done.file) = (Value::Null, Some(direct::file(&answer)));
        }
        Ok(done)
    }
}

/// Returns the request as a tool that no manifest has.
fn tool(known: &Known, op: &Proxy) -> Result<Tool> {
    if op.method == Method::Get && op.body.is_some() {
        return Err(Error::new(Code::InvalidInput, "a GET has no body")
            .hint("put what it asks for into the path, as in `/items?limit=5`"));
    }
    let manifest = &known.manifest;
    let path = path(manifest, &op.path)?;
    let kind = if op.body.is_some() { BodyKind::Json } else { BodyKind::None };
    Ok(Tool {
        slug: slug(manifest)?,
        name: "Request".to_owned(),
        description: "A request that is no tool".to_owned(),
        request: RequestLine { method: op.method, path },
        effect: match op.method {
            Method::Get => Effect::Read,
            Method::Post | Method::Put | Method::Patch => Effect::Write,
            Method::Delete => Effect::Destructive,
        },
        replay: Replay::C,
        idempotency_header: None,
        scopes: Vec::new(),
        body: Some(Body { kind, at: String::new() }),
        shape: None,
        graphql: None,
        query: Vec::new(),
        wire: BTreeMap::new(),
        body_input: op.body.as_ref().map(|_| BODY.to_owned()),
        headers: headers(manifest, op)?,
        page: None,
        download: false,
        remote: None,
        input: Map::new(),
    })
}

/// Returns the app's name as its tools begin, and `PROXY`.
fn slug(manifest: &Manifest) -> Result<ToolSlug> {
    let name = manifest.slug.tool_prefix() + "PROXY";
    name.parse().map_err(|error| Error::internal("an app has no name", error))
}

/// Returns the path below the app's address that a request is for.
///
/// Fails with `InvalidInput` for what leads elsewhere: no credential leaves the app it is for.
fn path(manifest: &Manifest, given: &str) -> Result<String> {
    let below = given.strip_prefix(manifest.base_url.as_str()).unwrap_or(given);
    let (place, _) = below.split_once('?').unwrap_or((below, ""));
    let plain = |part: &str| part.replace("%2e", ".").replace("%2E", ".");
    let up = |part: &str| matches!(plain(part).as_str(), "." | "..");
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '#' | '\\');
    let clean = place.starts_with('/') && !place.starts_with("//");
    if !clean || below.chars().any(odd) || place.split('/').any(up) {
        let text = format!("`{given}` is no path of `{}`", manifest.slug);
        let address = &manifest.base_url;
        return Err(Error::new(Code::InvalidInput, text)
            .hint(format!("write it as it goes on after `{address}`, beginning with `/`"))
            .reason("path_outside"));
    }
    // What stands in braces would be taken for a name.
    Ok(below.replace('{', "%7B").replace('}', "%7D"))
}

/// Returns templates of the headers, each with the input in it that [`input`] gives it.
fn headers(manifest: &Manifest, op: &Proxy) -> Result<BTreeMap<String, String>> {
    let keys: Vec<&str> = manifest.auth.places().map(|place| place.name.as_str()).collect();
    let mut templates = BTreeMap::new();
    for (at, name) in op.headers.keys().enumerate() {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if OURS.iter().any(|ours| is(ours)) || keys.iter().any(|key| is(key)) {
            let text = format!("the header `{name}` is not the caller's to set");
            return Err(Error::new(Code::InvalidInput, text)
                .hint("leave it out: the connection's login and the body say what stands there"));
        }
        templates.insert(name.clone(), format!("{{{}}}", header(at)));
    }
    Ok(templates)
}

/// Returns the name of the input that a header takes.
fn header(at: usize) -> String {
    format!("header-{at}")
}

/// Returns the inputs of the tool.
fn input(op: &Proxy) -> Map<String, Value> {
    let headers = op.headers.values().enumerate();
    let headers = headers.map(|(at, value)| (header(at), value.as_str().into()));
    headers.chain(op.body.clone().map(|body| (BODY.to_owned(), body))).collect()
}
