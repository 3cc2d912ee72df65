//! What a request says beside its path: a JSON object in its body, or the pairs of its query.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::http::request::Parts;
use http_body::Body as _;
use schemars::Schema;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::wrong::Wrong;

/// Largest body that is read.
pub(super) const LARGEST: usize = 8 * 1024 * 1024;
/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the object in a body; no body is an empty one.
pub(super) async fn body(parts: &Parts, body: Body) -> Result<Map<String, Value>, Wrong> {
    let bytes = bytes(body).await?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(is_json) {
        return Err(Wrong::OtherType);
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Wrong::NoObject),
        Err(error) => Err(Wrong::Malformed(error.to_string())),
    }
}

/// Reads a body whole, unless it is too large or too slow.
pub(super) async fn bytes(body: Body) -> Result<Bytes, Wrong> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > LARGEST as u64 {
        return Err(Wrong::TooLarge);
    }
    match tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Wrong::TooLarge),
        Err(_) => Err(Wrong::TooSlow),
    }
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")
}

/// What a field of a query is read as; everything else stays text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text
    Text,
    /// A whole number
    Whole,
    /// `true` or `false`
    Truth,
    /// Texts, each in a pair of its own or with commas between them
    List,
}

/// Returns what the fields of an input are read as, where they come in a query.
pub(super) fn kinds(input: &Schema) -> Vec<(String, Kind)> {
    let properties = input.get("properties").and_then(Value::as_object);
    let read = |(name, schema): (&String, &Value)| (name.clone(), kind(schema));
    properties.into_iter().flatten().map(read).collect()
}

fn kind(schema: &Value) -> Kind {
    let is = |name: &str| match &schema["type"] {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    };
    match () {
        () if is("boolean") => Kind::Truth,
        () if is("integer") => Kind::Whole,
        () if is("array") => Kind::List,
        () => Kind::Text,
    }
}

/// Reads the pairs of a query; of a field that comes twice the last counts, but for lists.
pub(super) fn query(text: &str, kinds: &[(String, Kind)]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let kind = kinds.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let value = match kind.unwrap_or(Kind::Text) {
            Kind::List => {
                let mut items = match fields.remove(&*name) {
                    Some(Value::Array(items)) => items,
                    Some(_) | None => Vec::new(),
                };
                items.extend(value.split(',').map(Value::from));
                Value::Array(items)
            }
            Kind::Truth => value.parse::<bool>().map_or_else(|_| (*value).into(), Value::from),
            Kind::Whole => value.parse::<i64>().map_or_else(|_| (*value).into(), Value::from),
            Kind::Text => (*value).into(),
        };
        fields.insert(name.into_owned(), value);
    }
    fields
}
