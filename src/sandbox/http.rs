//! What the played parts know of HTTP: a request that is all there, and a few kinds of replies.
//!
//! Not here: sockets, or what any vendor makes of it.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

/// A request, read to its end.
pub(super) struct Call {
    /// The verb.
    pub(super) method: Method,
    /// The parameters of the query, decoded, in order.
    pub(super) query: Params,
    /// The body.
    pub(super) body: Bytes,
    segments: Vec<String>,
    headers: HeaderMap,
    left: AtomicBool,
}

impl Call {
    /// Takes a request apart.
    pub(super) fn new(parts: &Parts, body: Bytes) -> Self {
        Self {
            method: parts.method.clone(),
            query: Params::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            body,
            segments: parts.uri.path().split('/').filter(|s| !s.is_empty()).map(decoded).collect(),
            headers: parts.headers.clone(),
            left: AtomicBool::new(false),
        }
    }

    /// Says that the app's own module plays no such request, so that the manifest may.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    /// Tells whether that was said.
    pub(super) fn is_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    /// Returns the segments of the path, decoded, without empty ones.
    pub(super) fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// Returns a header, if it is there and is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body's parameters, if the body is said to be a form.
    pub(super) fn form(&self) -> Option<Params> {
        let kind = self.header("content-type")?.split(';').next()?.trim();
        kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
            .then(|| Params::parse(&self.body))
    }

    /// Returns the body, if it is said to be JSON and is.
    pub(super) fn json(&self) -> Option<Value> {
        let kind = self.header("content-type")?.split(';').next()?.trim();
        let said = kind.eq_ignore_ascii_case("application/json");
        said.then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }

    /// Returns the bearer token, if one was sent.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
    }

    /// Returns user name and password of basic authentication, if they were sent.
    pub(super) fn basic(&self) -> Option<(String, String)> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        let plain = STANDARD.decode(token.trim()).ok()?;
        let plain = String::from_utf8(plain).ok()?;
        let (user, password) = plain.split_once(':')?;
        scheme.eq_ignore_ascii_case("basic").then(|| (user.to_owned(), password.to_owned()))
    }
}

/// Names and values of a query or a form, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Params(pub(super) Vec<(String, String)>);

impl Params {
    /// Reads `a=1&b=2`.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// Takes the names and values of a JSON object, those that are no texts written out.
    pub(super) fn of_json(json: Value) -> Option<Self> {
        let Value::Object(fields) = json else { return None };
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Some(Self(fields.into_iter().map(|(name, value)| (name, text(value))).collect()))
    }

    /// Returns the first value of a name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, value)| own == name && !value.is_empty())?;
        Some(&found.1)
    }

    /// Returns all values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the first name that comes twice.
    pub(super) fn repeated(&self) -> Option<&str> {
        let mut names: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }
}

/// Decodes one segment of a path, where `+` is a plus and `&` and `=` separate nothing.
fn decoded(segment: &str) -> String {
    let plain = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(plain.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

/// Makes a reply of any content.
pub(super) fn reply(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, kind);
    response
}

/// Makes a JSON reply.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    reply(status, "application/json; charset=utf-8", body.to_string())
}

/// Makes a 404 for what no vendor would answer.
pub(super) fn not_found(text: &str) -> Response {
    json(StatusCode::NOT_FOUND, &json!({ "error": { "code": 404, "message": text } }))
}

/// Sets a header of a reply, unless the value cannot be one.
pub(super) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_of_a_path_is_decoded_as_such() {
        assert_eq!(decoded("ada%40sandbox.example"), "ada@sandbox.example");
        assert_eq!(decoded("a+b&c=d"), "a+b&c=d");
    }

    #[test]
    fn a_name_that_comes_twice_is_found() {
        assert_eq!(Params::parse(b"a=1&b=2&a=3").repeated(), Some("a"));
        assert_eq!(Params::parse(b"a=1&b=2").repeated(), None);
    }
}
