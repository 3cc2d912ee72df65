//! How an app says no, in the words its manifest knows; otherwise in the shape Google's APIs have.
//!
//! Not here: apps that are played by modules of their own; they know their vendor's words.

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::http;
use crate::catalog::manifest::Manifest;

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The credential is none, or no longer
    Unauthorized,
    /// The credential does not reach that far
    LacksScope,
    /// What is asked for is not there
    NotFound,
    /// What was sent is wrong
    Invalid,
    /// Too many requests
    RateLimited,
    /// The app is at fault
    Failed,
}

/// Something that is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    why: Why,
    /// The word for programs; where the manifest lists some, one that holds this is preferred.
    word: &'static str,
    text: String,
}

impl Refusal {
    /// Makes one.
    pub(super) fn new(why: Why, word: &'static str, text: impl Into<String>) -> Self {
        Self { why, word, text: text.into() }
    }

    /// Tells whether it is that something is not there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.why, Why::NotFound)
    }

    /// Returns the answer of the app that the manifest describes, or of any.
    pub(super) fn response(&self, app: Option<&Manifest>) -> Response {
        let (mut status, name) = match self.why {
            Why::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            Why::LacksScope => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
            Why::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Why::Invalid => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
            Why::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
            Why::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        };
        let code = status.as_u16();
        let mut body = json!({ "error": { "code": code, "message": self.text, "status": name } });
        let rules = app.map(|app| &app.answer).filter(|rules| rules.error.is_some());
        if let Some(rules) = rules {
            body = json!({});
            let listed = match self.why {
                Why::Unauthorized => rules.unauthorized.as_slice(),
                Why::LacksScope => rules.scope.as_slice(),
                Why::NotFound | Why::Invalid | Why::RateLimited | Why::Failed => &[],
            };
            // An app whose words say it does not say it by the status.
            if !listed.is_empty() {
                status = StatusCode::OK;
            }
            let said = listed.iter().find(|word| word.contains(self.word)).or(listed.first());
            let word = said.map_or(self.word, String::as_str);
            if let Some(ok) = &rules.ok {
                put(&mut body, ok, false.into());
            }
            if let Some(error) = &rules.error {
                let words =
                    if rules.code.is_some() || listed.is_empty() { &self.text } else { word };
                put(&mut body, error, words.into());
            }
            if let Some(code) = &rules.code {
                put(&mut body, code, word.into());
            }
        }
        let mut response = http::json(status, &body);
        let challenge = match self.why {
            Why::Unauthorized => Some("Bearer error=\"invalid_token\""),
            Why::LacksScope => Some("Bearer error=\"insufficient_scope\""),
            Why::RateLimited => {
                http::set(&mut response, header::RETRY_AFTER, "1");
                None
            }
            Why::NotFound | Why::Invalid | Why::Failed => None,
        };
        if let Some(challenge) = challenge {
            http::set(&mut response, header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::new(Why::Failed, "internal_error", "the sandbox's database does not answer")
    }
}

/// Puts a value where a JSON pointer leads, making the objects and lists on the way.
pub(super) fn put(into: &mut Value, pointer: &str, value: Value) {
    let mut place = into;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        place = match step.parse::<usize>() {
            Ok(at) if !place.is_object() => {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let Some(items) = place.as_array_mut() else { return };
                // A manifest's pointers lead to the first few items.
                while items.len() <= at.min(9) {
                    items.push(Value::Null);
                }
                let last = items.len() - 1;
                &mut items[at.min(last)]
            }
            _ => {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                let Some(fields) = place.as_object_mut() else { return };
                fields.entry(step).or_insert(Value::Null)
            }
        };
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_makes_its_way() {
        let mut body = json!({ "ok": true, "n": null });

        put(&mut body, "/errors/0/extensions/code", "X".into());
        put(&mut body, "/n/@odata.nextLink", 1.into());

        let expected = json!({
            "ok": true,
            "n": { "@odata.nextLink": 1 },
            "errors": [{ "extensions": { "code": "X" } }],
        });
        assert_eq!(body, expected);
    }
}
