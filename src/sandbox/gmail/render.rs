//! Letters in Gmail's JSON: `Message` with its `payload` tree.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use mail_parser::parsers::MessageStream;
use mail_parser::{Header, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use serde_json::{Value, json};

use crate::sandbox::store::mail::Letter;

/// The labels every mailbox has.
pub(super) const SYSTEM: [&str; 14] = [
    "CHAT",
    "SENT",
    "INBOX",
    "IMPORTANT",
    "TRASH",
    "DRAFT",
    "SPAM",
    "CATEGORY_FORUMS",
    "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_SOCIAL",
    "STARRED",
    "UNREAD",
];

/// How much of a letter is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The whole tree.
    Full,
    /// Headers, only these unless there are none.
    Metadata(Vec<String>),
    /// Ids and labels.
    Minimal,
    /// The bytes.
    Raw,
}

/// Names a letter.
pub(super) fn reference(letter: &Letter) -> Value {
    json!({ "id": letter.id, "threadId": letter.thread })
}

/// Names a letter and its labels.
pub(super) fn labelled(letter: &Letter) -> Value {
    json!({ "id": letter.id, "threadId": letter.thread, "labelIds": letter.labels })
}

/// Renders a letter.
pub(super) fn letter(letter: &Letter, raw: &[u8], format: &Format) -> Value {
    let mut body = labelled(letter);
    body["snippet"] = snippet(&letter.text).into();
    let parsed = MessageParser::default().parse(raw);
    match (format, parsed.as_ref().and_then(|message| Some((message, message.parts.first()?)))) {
        (Format::Full, Some((message, root))) => body["payload"] = part(message, root, 0, ""),
        (Format::Metadata(names), Some((message, root))) => {
            let wanted = |header: &&Header<'_>| {
                names.is_empty()
                    || names.iter().any(|name| name.eq_ignore_ascii_case(header.name()))
            };
            let headers: Vec<_> =
                root.headers.iter().filter(wanted).map(|h| shown(message, h)).collect();
            body["payload"] = json!({ "mimeType": kind(root), "headers": headers });
        }
        (Format::Raw, _) => body["raw"] = URL_SAFE.encode(raw).into(),
        _ => {}
    }
    body["sizeEstimate"] = letter.size.into();
    body["historyId"] = letter.seq.to_string().into();
    body["internalDate"] = letter.received.0.to_string().into();
    body
}

/// Returns an attachment by its token, in Gmail's `MessagePartBody`.
pub(super) fn attachment(raw: &[u8], token: &str) -> Option<Value> {
    let index: usize = token.strip_prefix("ANGjdJ_")?.parse().ok()?;
    let message = MessageParser::default().parse(raw)?;
    let found = message.parts.get(index)?;
    Some(json!({ "size": found.contents().len(), "data": URL_SAFE.encode(found.contents()) }))
}

/// Returns the beginning of the text in one line, with HTML's characters escaped as Gmail has it.
pub(super) fn snippet(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let start: String = line.chars().take(200).collect();
    start
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Renders one node of the tree and all below; `index` is its place among the message's parts.
fn part(message: &Message<'_>, node: &MessagePart<'_>, index: usize, id: &str) -> Value {
    let name = node.attachment_name().unwrap_or_default();
    let headers: Vec<_> = node.headers.iter().map(|header| shown(message, header)).collect();
    let mut json = json!({
        "partId": id,
        "mimeType": kind(node),
        "filename": name,
        "headers": headers,
    });
    if let PartType::Multipart(children) = &node.body {
        let parts: Vec<_> = children
            .iter()
            .enumerate()
            .filter_map(|(place, &child)| {
                let id = if id.is_empty() { place.to_string() } else { format!("{id}.{place}") };
                let child = child as usize;
                Some(part(message, message.parts.get(child)?, child, &id))
            })
            .collect();
        json["body"] = json!({ "size": 0 });
        json["parts"] = parts.into();
        return json;
    }
    let bytes = node.contents();
    let text = matches!(node.body, PartType::Text(_) | PartType::Html(_));
    json["body"] = if name.is_empty() && text {
        json!({ "size": bytes.len(), "data": URL_SAFE.encode(bytes) })
    } else {
        json!({ "attachmentId": format!("ANGjdJ_{index}"), "size": bytes.len() })
    };
    json
}

fn kind(node: &MessagePart<'_>) -> String {
    node.content_type().map_or_else(
        || "text/plain".into(),
        |kind| match kind.subtype() {
            Some(sub) => format!("{}/{sub}", kind.ctype()).to_lowercase(),
            None => kind.ctype().to_lowercase(),
        },
    )
}

/// Renders a header: unfolded, encoded words decoded.
fn shown(message: &Message<'_>, header: &Header<'_>) -> Value {
    let (start, end) = (header.offset_start as usize, header.offset_end as usize);
    let raw = message.raw_message().get(start..end).unwrap_or_default();
    let value = MessageStream::new(raw).parse_unstructured().into_text().unwrap_or_default();
    json!({ "name": header.name(), "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_one_escaped_line() {
        assert_eq!(snippet("Don't\r\n  <panic>"), "Don&#39;t &lt;panic&gt;");
    }
}
