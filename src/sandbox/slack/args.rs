//! A method's arguments: from the query, a form, or JSON, which Slack takes alike.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::Refusal;
use crate::sandbox::http::Call;

/// Arguments by name; a form's are all text.
#[derive(Debug)]
pub(super) struct Arguments(Map<String, Value>);

impl Arguments {
    /// Reads a call's arguments; nothing if it is said to be JSON and is no object.
    pub(super) fn read(call: &Call) -> Option<Self> {
        let mut all = Map::new();
        let form = call.form().unwrap_or_default();
        for (name, value) in call.query.0.iter().chain(&form.0) {
            all.insert(name.clone(), value.as_str().into());
        }
        let kind = call.header("content-type").unwrap_or_default();
        if kind.starts_with("application/json") && !call.body.is_empty() {
            match serde_json::from_slice(&call.body).ok()? {
                Value::Object(body) => all.extend(body),
                _ => return None,
            }
        }
        Some(Self(all))
    }

    /// Returns an argument as text, unless it is empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// Returns an argument that must be there.
    pub(super) fn needed(&self, name: &str) -> Result<String, Refusal> {
        self.text(name).ok_or_else(|| Refusal::missing(name))
    }

    /// Tells whether an argument says yes.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text == "true" || text == "1")
    }

    /// Returns the items of a list, which may be one text with commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let own = |text: &str| text.trim().to_owned();
        let items: Vec<_> = match self.0.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(own).collect(),
            Some(Value::String(text)) => text.split(',').map(own).collect(),
            _ => Vec::new(),
        };
        items.into_iter().filter(|item| !item.is_empty()).collect()
    }

    /// Returns a list of objects, which a form sends as the text of its JSON.
    pub(super) fn objects(&self, name: &str) -> Result<Option<Value>, Refusal> {
        let found = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            Some(other) => other.clone(),
        };
        match found {
            Value::Array(items) if items.iter().all(Value::is_object) => {
                Ok(Some(items).filter(|items| !items.is_empty()).map(Value::from))
            }
            _ if name == "blocks" => Err(Refusal::new("invalid_blocks_format")),
            _ => Err(Refusal::new("invalid_attachments")),
        }
    }

    /// Returns how many items are wanted, from 1 to 1000.
    pub(super) fn limit(&self, usual: usize) -> Result<usize, Refusal> {
        match self.text("limit").map(|text| text.parse::<usize>()) {
            None | Some(Ok(0)) => Ok(usual),
            Some(Ok(limit)) if limit <= 1000 => Ok(limit),
            Some(_) => Err(Refusal::new("invalid_limit")),
        }
    }

    /// Returns what a cursor of this kind stands for, if one was sent.
    pub(super) fn cursor(&self, kind: &str) -> Result<Option<i64>, Refusal> {
        let Some(cursor) = self.text("cursor") else { return Ok(None) };
        let plain = STANDARD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let found = plain.as_deref().and_then(|plain| plain.strip_prefix(kind)?.strip_prefix(':'));
        let found = found.and_then(|number| number.parse().ok());
        found.map(Some).ok_or_else(|| Refusal::new("invalid_cursor"))
    }
}

/// Returns a cursor of a kind, or the empty one where nothing follows.
pub(super) fn cursor(kind: &str, next: Option<i64>) -> String {
    next.map(|next| STANDARD.encode(format!("{kind}:{next}"))).unwrap_or_default()
}
