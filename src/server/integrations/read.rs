//! Fields of a body, read one by one: what is not known here is tolerated.

use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

pub(super) use super::dialect::invalid;
use crate::api::error::Result;
use crate::api::ids::{Malformed, Slug};

/// Reads a text of at most `most` characters that may be left out.
pub(super) fn text(body: &Map<String, Value>, field: &str, most: usize) -> Result<Option<String>> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(invalid(field, format!("has more than {most} characters"))),
        Some(_) => Err(invalid(field, "is no text")),
    }
}

/// Reads a text that is wanted.
pub(super) fn wanted(body: &Map<String, Value>, field: &str, most: usize) -> Result<String> {
    text(body, field, most)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| invalid(field, "is required"))
}

/// Reads the slug of a toolkit.
pub(super) fn toolkit(body: &Map<String, Value>) -> Result<Slug> {
    slug(&wanted(body, "toolkit", 100)?)
}

/// Reads a slug as it stands in a body or in a query.
pub(super) fn slug(text: &str) -> Result<Slug> {
    text.parse().map_err(|error: Malformed| invalid("toolkit", error.to_string()))
}

/// Reads a list of texts; one that is left out is empty.
pub(super) fn texts(body: &Map<String, Value>, field: &str) -> Result<Vec<String>> {
    let items = match body.get(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(invalid(field, "is no list")),
    };
    let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(|| invalid(field, "holds something else than texts"))
}

/// Reads an object; one that is left out is `None`.
pub(super) fn object(body: &Map<String, Value>, field: &str) -> Result<Option<Map<String, Value>>> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(fields)) => Ok(Some(fields.clone())),
        Some(_) => Err(invalid(field, "is no object")),
    }
}

/// Reads a UUID as users are named.
pub(super) fn user(text: &str) -> Result<Uuid> {
    Uuid::try_parse(text)
        .ok()
        .filter(|_| text.len() == 36)
        .ok_or_else(|| invalid("userId", "is no UUID"))
}

/// Reads the address to which a login leads in the end.
pub(super) fn onward(body: &Map<String, Value>) -> Result<Url> {
    let field = "redirectUrl";
    let url = Url::parse(&wanted(body, field, 2000)?)
        .map_err(|error| invalid(field, format!("is no address: {error}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(invalid(field, "is neither `https` nor `http`")),
    }
}
