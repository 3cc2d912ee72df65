//! What a request brings along: fields and a file, out of any of the bodies that tools have.

use serde_json::{Map, Value, json};

use crate::sandbox::http::{Call, Params};
use crate::sandbox::refusal::{Refusal, Why};
use crate::sandbox::store::things::File;

/// What was sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// The fields of the body.
    pub(super) fields: Map<String, Value>,
    /// The file; of several the last.
    pub(super) file: Option<File>,
}

/// Reads a body by its media type: JSON, a form, form-data, related parts; all else is a file.
///
/// Fails if what is said to be JSON is none.
pub(super) fn read(call: &Call) -> Result<Sent, Refusal> {
    if call.body.is_empty() {
        return Ok(Sent::default());
    }
    let whole = call.header("content-type").unwrap_or("application/json").to_owned();
    let kind = whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => Ok(Sent { fields: object(&call.body)?, file: None }),
        "application/x-www-form-urlencoded" => {
            Ok(Sent { fields: texts(&Params::parse(&call.body)), file: None })
        }
        "multipart/form-data" | "multipart/related" => {
            let boundary = parameter(&whole, "boundary").unwrap_or_default();
            let mut sent = Sent::default();
            for part in parts(&call.body, boundary) {
                sent.take(part)?;
            }
            Ok(sent)
        }
        _ => {
            let file = File { name: None, kind, bytes: call.body.to_vec() };
            Ok(Sent { fields: Map::new(), file: Some(file) })
        }
    }
}

/// One part of a body: the lines of its head, and what it holds.
struct Piece<'a> {
    head: &'a str,
    bytes: &'a [u8],
}

impl Sent {
    /// Takes a part: with a name it is a field or a file, without one it is JSON or the file.
    fn take(&mut self, part: Piece<'_>) -> Result<(), Refusal> {
        let line = |name: &str| {
            part.head.lines().find_map(|line| {
                let (own, value) = line.split_once(':')?;
                own.eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        let kind = line("content-type").unwrap_or("application/octet-stream");
        let disposition = line("content-disposition").unwrap_or_default();
        let named = parameter(disposition, "filename").map(str::to_owned);
        match (parameter(disposition, "name"), named) {
            (Some(field), None) => {
                let text = String::from_utf8_lossy(part.bytes).into_owned();
                // What is nested comes as the text of JSON.
                let nested = serde_json::from_str(&text).ok().filter(is_nested);
                self.fields.insert(field.to_owned(), nested.unwrap_or_else(|| text.into()));
            }
            (None, None) if kind.starts_with("application/json") => {
                self.fields = object(part.bytes)?;
            }
            (_, name) => {
                let (kind, bytes) = (kind.to_owned(), part.bytes.to_vec());
                self.file = Some(File { name, kind, bytes });
            }
        }
        Ok(())
    }
}

/// Returns the object of a JSON text; a list becomes an object that holds it.
fn object(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => Ok(Map::from_iter([("items".to_owned(), other)])),
        Err(_) => Err(Refusal::new(Why::Invalid, "invalid_json", "the body is not JSON")),
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn texts(params: &Params) -> Map<String, Value> {
    params.0.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
}

/// Returns a parameter of a header's value: `form-data; name="file"`.
fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|pair| {
        let (own, value) = pair.trim().split_once('=')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim_matches('"'))
    })
}

/// Returns the parts between the lines of a boundary (RFC 2046, 5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<Piece<'a>> {
    let line = format!("--{boundary}");
    let mut pieces = Vec::new();
    let mut begin = None;
    let mut at = 0;
    while let Some(found) = position(&body[at..], line.as_bytes()) {
        if let Some(begin) = begin {
            pieces.extend(piece(&body[begin..at + found]));
        }
        at += found + line.len();
        begin = Some(at);
    }
    pieces
}

/// Takes a part apart, between the end of one boundary and the next one.
fn piece(bytes: &[u8]) -> Option<Piece<'_>> {
    let bytes = bytes.strip_prefix(b"\r\n")?.strip_suffix(b"\r\n")?;
    let end = position(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    Some(Piece { head, bytes: &bytes[end + 4..] })
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_every_byte_between_their_boundaries() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
            --x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"b.bin\"\r\n\
            Content-Type: image/png\r\n\r\n\r\n\xff\x00\r\n\r\n--x--\r\n";

        let mut sent = Sent::default();
        for part in parts(body, "x") {
            sent.take(part).unwrap();
        }

        assert_eq!(Value::from(sent.fields), json!({ "a": "1" }));
        let (name, kind) = (Some("b.bin".to_owned()), "image/png".to_owned());
        let bytes = b"\r\n\xff\x00\r\n".to_vec();
        assert_eq!(sent.file, Some(File { name, kind, bytes }));
    }
}
