//! A server's answer as callers get it: values where it gives values, a file where it gives one.

use serde_json::{Map, Value, json};

use crate::api::error::Result;
use crate::api::tools::FileAnswer;
use crate::catalog::manifest::Tool;
use crate::http::{Request, Response};

/// Returns what the result of a tool says, and the file in it if there is one.
///
/// Structured content goes before all; several texts are one, and read as JSON where they are an object or a list.
/// Of a result with one image, sound or other file, that is the file, and the texts beside it the data. Any other
/// mixture comes as the list that it is.
pub(crate) fn shown(answer: &Response) -> (Value, Option<FileAnswer>) {
    let mut result = answer.json().unwrap_or_default();
    let structured = result["structuredContent"].take();
    let items = match result["content"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    let mut files = items.iter().filter_map(file);
    let file = files.next().filter(|_| files.next().is_none());
    let texts: Vec<&str> = items.iter().filter_map(|item| item["text"].as_str()).collect();
    let rest = items.len() - texts.len() - usize::from(file.is_some());
    let data = if !structured.is_null() {
        structured
    } else if rest == 0 {
        value(&texts)
    } else {
        return (Value::Array(items), None);
    };
    (data, file)
}

/// Returns what texts say together.
fn value(texts: &[&str]) -> Value {
    let text = texts.join("\n");
    match text.trim_start().chars().next() {
        None => Value::Null,
        Some('{' | '[') => serde_json::from_str(&text).unwrap_or_else(|_| text.into()),
        Some(_) => text.into(),
    }
}

/// Returns an item as a file, if it holds bytes.
fn file(item: &Value) -> Option<FileAnswer> {
    let (holder, data) = match item["type"].as_str()? {
        "image" | "audio" => (item, item["data"].as_str()?),
        "resource" => (&item["resource"], item["resource"]["blob"].as_str()?),
        _ => return None,
    };
    let kind = holder["mimeType"].as_str().unwrap_or("application/octet-stream").to_owned();
    // Three bytes are four letters, the last of which may be only there to fill up (RFC 4648, 4).
    let filled = data.bytes().rev().take(2).filter(|letter| *letter == b'=').count();
    let size = (data.len() / 4 * 3).saturating_sub(filled);
    Some(FileAnswer { data: Some(data.to_owned()), ..FileAnswer::empty(kind, size) })
}

/// Returns the request that a call is, so that it can be shown: what a server and its client agree on first, and the
/// session they are in, are not in it.
pub(crate) fn request(base: Request, tool: &Tool, input: &Map<String, Value>) -> Result<Request> {
    let name = tool.remote.as_deref().unwrap_or(&tool.name);
    let call = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": { "name": name, "arguments": input },
    });
    base.body("application/json", call.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(result: &Value) -> Response {
        let (headers, body) = (reqwest::header::HeaderMap::new(), result.to_string().into_bytes());
        Response { status: 200, headers, body }
    }

    #[test]
    fn every_kind_of_content_is_values_or_a_file() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        let image = json!({ "type": "image", "data": "aGVsbG8=", "mimeType": "image/png" });
        let link = json!({ "type": "resource_link", "uri": "https://a.example/x", "name": "x" });
        let table = [
            (json!({ "content": [] }), Value::Null, None),
            (json!({ "content": [text("a"), text("b")] }), json!("a\nb"), None),
            (json!({ "content": [text("{\"a\":1}")] }), json!({ "a": 1 }), None),
            (json!({ "content": [text("{\"a\":")] }), json!("{\"a\":"), None),
            (
                json!({ "content": [text("x")], "structuredContent": { "y": 2 } }),
                json!({ "y": 2 }),
                None,
            ),
            (json!({ "content": [text("x"), image] }), json!("x"), Some(("image/png", 5))),
            (json!({ "content": [link] }), json!([link]), None),
            (json!({ "content": [image, image] }), json!([image, image]), None),
        ];
        for (result, data, file) in table {
            let (shown, found) = shown(&answer(&result));

            let found = found.as_ref().map(|file| (file.mime_type.as_str(), file.size));
            assert_eq!((shown, found), (data, file), "{result}");
        }
    }
}
