//! Request bodies: JSON in any shape, forms, mail, files.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{flattened, mail, text, wire};
use crate::api::error::{Code, Error, Fault, Result};
use crate::catalog::manifest::{BodyKind, Style, Tool, Wire};
use crate::catalog::shape::filled;
use crate::http::Request;

/// Puts the inputs that are left for the body into a request, as the tool wants them.
pub(super) fn put(
    request: Request,
    tool: &Tool,
    mut rest: Map<String, Value>,
    key: &str,
) -> Result<Request> {
    if let Some(document) = &tool.graphql {
        return graphql(request, document, rest);
    }
    let body = tool.body();
    if let Some(name) = &tool.body_input {
        return match rest.shift_remove(name) {
            Some(value) => whole(request, tool, value, key),
            None => Ok(request),
        };
    }
    match body.kind {
        BodyKind::None => Ok(request),
        BodyKind::Json => {
            let fields = match &tool.shape {
                Some(shape) => filled(shape, &rest),
                None => rest.into_iter().map(|(name, value)| (own(tool, &name), value)).collect(),
            };
            json(request, &body.at, fields.into())
        }
        BodyKind::Form => {
            request.body("application/x-www-form-urlencoded", form(tool, &rest).into_bytes())
        }
        BodyKind::Mime => {
            let raw = mail::encode(&mut rest)?;
            rest.insert("raw".into(), raw.into());
            json(request, &body.at, rest.into())
        }
        BodyKind::Multipart => {
            let parts = rest.iter().flat_map(|(name, value)| named_parts(tool, name, value));
            multipart(request, parts, key)
        }
        BodyKind::Related => {
            let file = taken_file(tool, &mut rest)?;
            let about = Value::from(rest).to_string().into_bytes();
            let parts = [
                Part { headers: content_type("application/json; charset=UTF-8"), bytes: about },
                Part { headers: content_type(&file.mime_type), bytes: file.bytes },
            ];
            let boundary = boundary(key);
            let body = joined(&boundary, &parts);
            request.body(&format!("multipart/related; boundary={boundary}"), body)
        }
        BodyKind::Raw => {
            let file = taken_file(tool, &mut rest)?;
            request.body(&file.mime_type, file.bytes)
        }
    }
}

/// Puts an input into a request that is the whole body.
fn whole(request: Request, tool: &Tool, value: Value, key: &str) -> Result<Request> {
    let body = tool.body();
    match (body.kind, value) {
        (BodyKind::Raw, Value::String(text)) => {
            request.body("text/plain; charset=utf-8", text.into_bytes())
        }
        (BodyKind::Raw, value) => {
            let name = tool.body_input.as_deref().unwrap_or_default();
            let file = File::read(name, &value)?;
            request.body(&file.mime_type, file.bytes)
        }
        (BodyKind::Form, Value::Object(fields)) => {
            request.body("application/x-www-form-urlencoded", form(tool, &fields).into_bytes())
        }
        (BodyKind::Multipart, value) if is_file(&value) => {
            multipart(request, [file_part("file", &value)].into_iter(), key)
        }
        (BodyKind::Multipart, Value::Object(fields)) => {
            let parts = fields.iter().flat_map(|(name, value)| match value {
                file if is_file(file) => vec![file_part(name, file)],
                value => named_parts(tool, name, value),
            });
            multipart(request, parts, key)
        }
        (
            BodyKind::Json
            | BodyKind::Form
            | BodyKind::Mime
            | BodyKind::Multipart
            | BodyKind::Related
            | BodyKind::None,
            value,
        ) => json(request, &body.at, value),
    }
}

/// Tells whether a value is what users name as `@path`.
fn is_file(value: &Value) -> bool {
    value["filename"].is_string() && value["data"].is_string()
}

/// Puts a form of parts into a request.
fn multipart(
    request: Request,
    parts: impl Iterator<Item = Result<Part>>,
    key: &str,
) -> Result<Request> {
    let boundary = boundary(key);
    let body = joined(&boundary, &parts.collect::<Result<Vec<_>>>()?);
    request.body(&format!("multipart/form-data; boundary={boundary}"), body)
}

/// Returns the name of an input in the body.
fn own(tool: &Tool, name: &str) -> String {
    tool.wire.get(name).and_then(|wire| wire.name.clone()).unwrap_or_else(|| name.to_owned())
}

/// Puts a GraphQL document and its variables into a request.
pub(super) fn graphql(
    request: Request,
    document: &str,
    variables: Map<String, Value>,
) -> Result<Request> {
    let body = json!({ "query": document, "variables": variables });
    request.body("application/json", body.to_string().into_bytes())
}

/// Puts a value into a JSON body, at a pointer into it.
fn json(request: Request, at: &str, mut body: Value) -> Result<Request> {
    for name in at.rsplit('/').filter(|name| !name.is_empty()) {
        let mut outer = Map::new();
        outer.insert(name.to_owned(), body);
        body = outer.into();
    }
    request.body("application/json", body.to_string().into_bytes())
}

/// Returns a form, with brackets for what is nested unless the manifest says otherwise: `items[0][price]=…`.
fn form(tool: &Tool, fields: &Map<String, Value>) -> String {
    let mut pairs = Vec::new();
    for (name, value) in fields {
        if let Some(wire) = tool.wire.get(name) {
            pairs.extend(wire::pairs(wire, name, value));
            continue;
        }
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in flattened(name, value) {
            form.append_pair(&name, &value);
        }
        pairs.push(form.finish());
    }
    pairs.retain(|pair| !pair.is_empty());
    pairs.join("&")
}

/// A file of the input, opened.
struct File {
    name: String,
    mime_type: String,
    bytes: Vec<u8>,
}

impl File {
    fn read(name: &str, value: &Value) -> Result<Self> {
        let part = |key: &str| value.get(key).and_then(Value::as_str);
        let bytes = STANDARD.decode(part("data").unwrap_or_default()).map_err(|error| {
            let message = format!("is not base64: {error}");
            let fault = Fault { pointer: format!("/{name}/data"), message };
            Error::new(Code::InvalidInput, "a file is not base64").details(vec![fault])
        })?;
        // A media type becomes a line of a body or a header: nothing else may come along.
        let mime_type = part("mime_type").filter(|kind| kind.chars().all(|c| c.is_ascii_graphic()));
        Ok(Self {
            name: part("filename").unwrap_or("file").to_owned(),
            mime_type: mime_type.unwrap_or("application/octet-stream").to_owned(),
            bytes,
        })
    }
}

/// Takes the one file out of the inputs.
fn taken_file(tool: &Tool, rest: &mut Map<String, Value>) -> Result<File> {
    let name = tool.files().next().unwrap_or_default();
    match rest.shift_remove(name) {
        Some(value) => File::read(name, &value),
        None => Err(Error::new(Code::InvalidInput, "the file is missing")
            .details(vec![Fault { pointer: format!("/{name}"), message: "is missing".into() }])),
    }
}

/// One part of a multipart body: its header lines, and what it holds.
struct Part {
    headers: String,
    bytes: Vec<u8>,
}

/// Returns the parts of an input: one, or one for each file of a list.
fn named_parts(tool: &Tool, name: &str, value: &Value) -> Vec<Result<Part>> {
    let is_file = tool.files().any(|file| file == name);
    let wire = tool.wire.get(name);
    let own = own(tool, name);
    let part = |value: &Value, kind: &str| {
        let headers = disposition(&own, None) + kind;
        Ok(Part { headers, bytes: text(value).into_bytes() })
    };
    match (value, wire) {
        (Value::Array(items), _) if is_file => {
            items.iter().map(|item| file_part(&own, item)).collect()
        }
        (value, _) if is_file => vec![file_part(&own, value)],
        (value, Some(Wire { style: Style::Json, .. })) => {
            vec![part(value, &content_type("application/json"))]
        }
        (Value::Array(items), Some(Wire { explode: true, .. })) => {
            items.iter().map(|item| part(item, "")).collect()
        }
        (value, _) => vec![part(value, "")],
    }
}

fn file_part(name: &str, value: &Value) -> Result<Part> {
    let file = File::read(name, value)?;
    let headers = disposition(name, Some(&file.name)) + &content_type(&file.mime_type);
    Ok(Part { headers, bytes: file.bytes })
}

/// Returns the header line that names a part; quotes and line breaks as browsers escape them.
///
/// Source: WHATWG HTML, "Multipart form data".
fn disposition(name: &str, file: Option<&str>) -> String {
    let quoted = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let mut line = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
    if let Some(file) = file {
        // Writing to a string cannot fail.
        let _ = write!(line, "; filename=\"{}\"", quoted(file));
    }
    line + "\r\n"
}

fn content_type(kind: &str) -> String {
    format!("Content-Type: {kind}\r\n")
}

/// Returns what stands between the parts: as unforeseeable as the call's own key.
fn boundary(key: &str) -> String {
    let plain: String = key.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("naive-{}", &plain[..plain.len().min(60)])
}

/// Joins parts (RFC 2046, 5.1.1).
fn joined(boundary: &str, parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n{}\r\n", part.headers).as_bytes());
        body.extend_from_slice(&part.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}
