//! JSON bodies in an app's own shape, with the places where flat inputs go.
//!
//! `"{name}"` is the value of an input, of whatever type; `"{file.data}"` a part of it;
//! `"{text|base64}"` its base64; inside a longer text it is written out. An element of a list that
//! holds `"{name[]}"` is repeated for each item of the input, one value counting as a list of one.
//! What has no value is left out, with the object or list that holds nothing else from the inputs.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// A place for an input.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hole<'a> {
    /// The input
    name: &'a str,
    /// Whether the element around it is repeated for each item
    each: bool,
    /// The way into the value
    path: Vec<&'a str>,
    /// Whether its base64 is meant
    encoded: bool,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Hole(Hole<'a>),
}

/// What became of a part of a shape.
#[derive(Debug)]
enum Part {
    /// It holds no input
    Literal(Value),
    /// It holds at least one input
    Filled(Value),
    /// It wants inputs, and none is there
    Absent,
}

/// Returns the names of the inputs that have a place in a shape.
///
/// Fails with a sentence if a brace has no partner, or does not hold what it may.
pub(crate) fn inputs(shape: &Map<String, Value>) -> Result<BTreeSet<&str>, String> {
    fn collect<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) -> Result<(), String> {
        match value {
            Value::String(text) => {
                names.extend(pieces(text)?.into_iter().filter_map(|piece| match piece {
                    Piece::Hole(hole) => Some(hole.name),
                    Piece::Text(_) => None,
                }));
                Ok(())
            }
            Value::Array(items) => items.iter().try_for_each(|item| collect(item, names)),
            Value::Object(map) => map.values().try_for_each(|item| collect(item, names)),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }
    let mut names = BTreeSet::new();
    shape.values().try_for_each(|value| collect(value, &mut names))?;
    Ok(names)
}

/// Returns a shape with the inputs in their places; at least an empty object.
pub(crate) fn filled(shape: &Map<String, Value>, input: &Map<String, Value>) -> Map<String, Value> {
    match object(shape, input) {
        Part::Literal(Value::Object(map)) | Part::Filled(Value::Object(map)) => map,
        Part::Literal(_) | Part::Filled(_) | Part::Absent => {
            let literal = |(name, value): (&String, &Value)| match part(value, input) {
                Part::Literal(value) => Some((name.clone(), value)),
                Part::Filled(_) | Part::Absent => None,
            };
            shape.iter().filter_map(literal).collect()
        }
    }
}

fn part(value: &Value, input: &Map<String, Value>) -> Part {
    match value {
        Value::String(template) => text(template, input),
        Value::Array(elements) => {
            let parts = elements.iter().flat_map(|element| repeated(element, input));
            gathered(parts.map(|part| ((), part)), |items| {
                Value::Array(items.into_iter().map(|((), value)| value).collect())
            })
        }
        Value::Object(map) => object(map, input),
        Value::Null | Value::Bool(_) | Value::Number(_) => Part::Literal(value.clone()),
    }
}

fn object(map: &Map<String, Value>, input: &Map<String, Value>) -> Part {
    let parts = map.iter().map(|(name, value)| (name.clone(), part(value, input)));
    gathered(parts, |fields| Value::Object(fields.into_iter().collect()))
}

/// Puts the parts of a list or an object together, those left out that have no value.
fn gathered<K>(
    parts: impl Iterator<Item = (K, Part)>,
    whole: impl FnOnce(Vec<(K, Value)>) -> Value,
) -> Part {
    let (mut some, mut missing) = (false, false);
    let mut present = Vec::new();
    for (key, part) in parts {
        match part {
            Part::Literal(value) => present.push((key, value)),
            Part::Filled(value) => {
                some = true;
                present.push((key, value));
            }
            Part::Absent => missing = true,
        }
    }
    match (some, missing) {
        (true, _) => Part::Filled(whole(present)),
        (false, true) => Part::Absent,
        (false, false) => Part::Literal(whole(present)),
    }
}

/// Returns an element of a list, once for each item where it holds `{name[]}`.
fn repeated(element: &Value, input: &Map<String, Value>) -> Vec<Part> {
    let Some(name) = each(element) else { return vec![part(element, input)] };
    let items = match input.get(name) {
        None | Some(Value::Null) => return vec![Part::Absent],
        Some(Value::Array(items)) => items.clone(),
        Some(one) => vec![one.clone()],
    };
    let with = |item| {
        let mut input = input.clone();
        input.insert(name.to_owned(), item);
        part(element, &input)
    };
    items.into_iter().map(with).collect()
}

/// Returns the input for whose items an element is repeated.
fn each(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => pieces(text).ok()?.into_iter().find_map(|piece| match piece {
            Piece::Hole(Hole { name, each: true, .. }) => Some(name),
            Piece::Hole(_) | Piece::Text(_) => None,
        }),
        Value::Object(map) => map.values().find_map(each),
        // A list inside is itself what is repeated.
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn text(template: &str, input: &Map<String, Value>) -> Part {
    let pieces = pieces(template).unwrap_or_default();
    if let [Piece::Hole(hole)] = pieces.as_slice() {
        return hole.value(input).map_or(Part::Absent, Part::Filled);
    }
    let mut written = String::new();
    let mut holes = 0;
    for piece in &pieces {
        match piece {
            Piece::Text(text) => written.push_str(text),
            Piece::Hole(hole) => {
                holes += 1;
                let Some(value) = hole.value(input) else { return Part::Absent };
                written.push_str(&plain(&value));
            }
        }
    }
    if holes == 0 { Part::Literal(template.into()) } else { Part::Filled(written.into()) }
}

impl<'a> Hole<'a> {
    /// Reads what stands between two braces: `name`, `name[]`, `name.part`, `name|base64`.
    fn read(text: &'a str) -> Option<Self> {
        let (text, encoded) = match text.split_once('|') {
            Some((text, "base64")) => (text, true),
            Some(_) => return None,
            None => (text, false),
        };
        let mut steps = text.split('.');
        let first = steps.next()?;
        let (name, each) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
        let path: Vec<&str> = steps.collect();
        let word = |text: &&str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-$".contains(c))
        };
        (word(&name) && path.iter().all(word)).then_some(Self { name, each, path, encoded })
    }

    fn value(&self, input: &Map<String, Value>) -> Option<Value> {
        let whole = input.get(self.name).filter(|value| !value.is_null())?;
        let value = self.path.iter().try_fold(whole, |value, step| value.get(step))?;
        Some(if self.encoded { STANDARD.encode(plain(value)).into() } else { value.clone() })
    }
}

/// Splits a text at its holes.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let hole = rest[open..].strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let read = hole.and_then(|(hole, after)| Some((Hole::read(hole)?, after)));
        let (hole, after) =
            read.ok_or_else(|| format!("the braces of `{text}` do not hold an input"))?;
        if open > 0 {
            pieces.push(Piece::Text(&rest[..open]));
        }
        pieces.push(Piece::Hole(hole));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(shape: &Value, input: &Value) -> Value {
        filled(shape.as_object().unwrap(), input.as_object().unwrap()).into()
    }

    #[test]
    fn flat_inputs_take_the_apps_shape() {
        let shape = json!({
            "message": {
                "subject": "{subject}",
                "toRecipients": [{ "emailAddress": { "address": "{to[]}" } }],
                "ccRecipients": [{ "emailAddress": { "address": "{cc[]}" } }],
                "body": { "contentType": "Text", "content": "{body}" },
            },
            "saveToSentItems": true,
        });

        let one = made(&shape, &json!({ "subject": "Hi", "to": "a@b.c", "body": "x" }));
        let two = made(&shape, &json!({ "subject": "Hi", "to": ["a@b.c", "d@e.f"] }));

        let address = |text: &str| json!({ "emailAddress": { "address": text } });
        assert_eq!(
            one,
            json!({
                "message": {
                    "subject": "Hi",
                    "toRecipients": [address("a@b.c")],
                    "body": { "contentType": "Text", "content": "x" },
                },
                "saveToSentItems": true,
            }),
        );
        assert_eq!(two["message"]["toRecipients"], json!([address("a@b.c"), address("d@e.f")]));
        assert_eq!(two["message"].get("body"), None, "a literal alone does not keep an object");
    }

    #[test]
    fn parts_texts_and_base64_are_written_out() {
        let shape = json!({
            "n": "{n}", "name": "{file.filename}", "file": "{file.data}",
            "content": "{content|base64}", "title": "No. {n}", "files": ["{files[].data}"],
        });
        let input = json!({
            "n": 5, "file": { "filename": "a.txt", "data": "QQ==" }, "content": "hello",
            "files": [{ "data": "MQ==" }, { "data": "Mg==" }],
        });

        let expected = json!({
            "n": 5, "name": "a.txt", "file": "QQ==", "content": "aGVsbG8=", "title": "No. 5",
            "files": ["MQ==", "Mg=="],
        });
        assert_eq!(made(&shape, &input), expected);
        assert_eq!(made(&shape, &json!({})), json!({}));
    }

    #[test]
    fn every_input_of_a_shape_is_known() {
        let shape = json!({ "a": ["{x[].y}"], "b": { "c": "{z|base64} {w}" } });

        let names = inputs(shape.as_object().unwrap()).unwrap();

        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["w", "x", "z"]);
        for bad in ["{", "}", "{}", "{a b}", "{a|rot13}", "{a..b}", "a } b"] {
            assert!(inputs(json!({ "a": bad }).as_object().unwrap()).is_err(), "{bad}");
        }
    }
}
