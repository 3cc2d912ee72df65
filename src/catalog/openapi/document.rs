//! Reading a document that describes an API: its text, and which kind of document it is.

use serde_json::Value;

use super::{discovery, names, swagger, yaml};
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{Slug, clean};

/// Largest document that is read.
pub(crate) const LARGEST: usize = 64 << 20;

/// A document in the form of `OpenAPI` 3, whatever it was before.
#[derive(Debug)]
pub(crate) struct Document {
    /// All of it
    pub(super) root: Value,
    /// What is worth knowing of how it was read
    pub(super) notes: Vec<Fault>,
}

/// Reads a document of any kind that is known.
///
/// Fails with `InvalidInput` if it is too large, no JSON or YAML, or describes no API.
pub(crate) fn read(text: &str) -> Result<Document> {
    if text.len() > LARGEST {
        return Err(refused("it is larger than 64 MiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    of(if text.trim_start().starts_with('{') { json(text)? } else { from_yaml(text)? })
}

/// Returns the document that a value is.
///
/// Fails with `InvalidInput` if it describes no API.
pub(crate) fn of(root: Value) -> Result<Document> {
    let version = |key: &str| match &root[key] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    let (openapi, older) = (version("openapi"), version("swagger"));
    if openapi.starts_with("3.") {
        Ok(Document { root, notes: Vec::new() })
    } else if older.starts_with('2') {
        Ok(swagger::rewritten(root))
    } else if root["kind"] == "discovery#restDescription" {
        Ok(discovery::rewritten(root))
    } else {
        let known = "OpenAPI 3, Swagger 2.0 or a Google discovery document";
        Err(refused(&format!("it is no description of an API that is known: {known}")))
    }
}

fn json(text: &str) -> Result<Value> {
    match serde_json::from_str(text) {
        Ok(root) => Ok(root),
        // A mapping of YAML may begin with a brace, too.
        Err(error) => {
            yaml::read(text).map_err(|_| refused(&format!("it is no JSON: {error}")).because(error))
        }
    }
}

fn from_yaml(text: &str) -> Result<Value> {
    yaml::read(text).map_err(|(line, said)| {
        refused(&format!("line {line}: it is neither JSON nor YAML: {}", clean(&said)))
    })
}

/// The refusal of a document as a whole.
pub(super) fn refused(why: &str) -> Error {
    Error::new(Code::InvalidInput, format!("the document is refused: {why}"))
        .reason("document_invalid")
}

/// Words of a title that say nothing about whose API it is.
const EMPTY: [&str; 8] =
    ["api", "apis", "rest", "openapi", "swagger", "specification", "spec", "the"];

impl Document {
    /// Returns the name that the document's title makes for its toolkit.
    ///
    /// Fails with `InvalidInput` if it makes none.
    pub(crate) fn slug(&self) -> Result<Slug> {
        let root = &self.root;
        let own = root["info"]["x-slug"].as_str().or_else(|| root["info"]["title"].as_str());
        let words = names::words(own.unwrap_or_default()).to_ascii_lowercase();
        let version = |word: &str| {
            let number = word.strip_prefix('v').unwrap_or(word);
            !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
        };
        let mut kept: Vec<&str> =
            words.split('_').filter(|word| !EMPTY.contains(word) && !version(word)).collect();
        let mut slug = kept.join("-");
        while slug.len() > 40 {
            kept.pop();
            slug = kept.join("-");
        }
        slug.parse().map_err(|_| refused("its title makes no name").hint("give one with `--slug`"))
    }
}
