//! Rich text: a list of stretches of text, each with its look.

use serde_json::{Value, json};

use super::Refusal;

/// The longest stretch that is taken.
/// Source: developers.notion.com/reference/request-limits.
const LONGEST: usize = 2_000;

/// Returns one stretch of plain text.
pub(super) fn plain(content: &str) -> Value {
    stretch(content, &json!({}), &Value::Null)
}

/// Returns one stretch of text.
pub(super) fn stretch(content: &str, look: &Value, link: &Value) -> Value {
    let mut annotations = json!({
        "bold": false,
        "italic": false,
        "strikethrough": false,
        "underline": false,
        "code": false,
        "color": "default",
    });
    for (name, value) in look.as_object().into_iter().flatten() {
        annotations[name] = value.clone();
    }
    json!({
        "type": "text",
        "text": { "content": content, "link": link },
        "annotations": annotations,
        "plain_text": content,
        "href": link["url"],
    })
}

/// Reads rich text as it is sent; `place` is where in the body it stands.
pub(super) fn read(value: &Value, place: &str) -> Result<Value, Refusal> {
    let wrong = |what: &str| {
        Refusal::invalid(format!("body failed validation: body.{place} should be {what}."))
    };
    let items = value.as_array().ok_or_else(|| wrong("an array"))?;
    let mut all = Vec::new();
    for (number, item) in items.iter().enumerate() {
        if let Some(content) = item["text"]["content"].as_str() {
            if content.encode_utf16().count() > LONGEST {
                let text = format!(
                    "body failed validation: body.{place}[{number}].text.content.length should be \
                     ≤ `{LONGEST}`, instead was `{}`.",
                    content.encode_utf16().count()
                );
                return Err(Refusal::invalid(text));
            }
            all.push(stretch(content, &item["annotations"], &item["text"]["link"]));
        } else if item["mention"].is_object() || item["equation"].is_object() {
            let mut item = item.clone();
            let shown = item["equation"]["expression"].as_str().unwrap_or("Untitled").to_owned();
            if item["plain_text"].is_null() {
                item["plain_text"] = shown.into();
            }
            all.push(item);
        } else {
            return Err(wrong("rich text: one of `text`, `mention` or `equation` is needed"));
        }
    }
    Ok(all.into())
}

/// Returns what rich text says, without its look.
pub(super) fn spoken(rich: &Value) -> String {
    let parts = rich.as_array().into_iter().flatten();
    parts.filter_map(|part| part["plain_text"].as_str()).collect()
}
