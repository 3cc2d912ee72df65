//! Mail inputs (`to`, `subject`, `body`, `attachments` …) as one RFC 5322 message.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use serde_json::{Map, Value};

use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::fresh;
use crate::api::time::Millis;

/// Takes the mail inputs out of `input` and returns their message in base64url.
pub(super) fn encode(input: &mut Map<String, Value>) -> Result<String> {
    let mut mail =
        MessageBuilder::new().message_id(format!("{}@naive", fresh())).date(Millis::now().0 / 1000);
    let mut to = addresses(input.shift_remove("recipient_email"));
    for address in addresses(input.shift_remove("to")) {
        if !to.contains(&address) {
            to.push(address);
        }
    }
    if !to.is_empty() {
        mail = mail.to(listed(&to));
    }
    let (cc, bcc) = (addresses(input.shift_remove("cc")), addresses(input.remove("bcc")));
    if !cc.is_empty() {
        mail = mail.cc(listed(&cc));
    }
    if !bcc.is_empty() {
        mail = mail.bcc(listed(&bcc));
    }
    let reply_to = addresses(input.shift_remove("reply_to"));
    if !reply_to.is_empty() {
        mail = mail.reply_to(listed(&reply_to));
    }
    if let Some(answered) = string(input.shift_remove("in_reply_to")) {
        let id = answered.trim_matches(['<', '>']).to_owned();
        mail = mail.in_reply_to(id.clone()).references(id);
    }
    mail = mail.subject(string(input.shift_remove("subject")).unwrap_or_default());
    let body = string(input.shift_remove("body")).unwrap_or_default();
    let html = input.shift_remove("is_html").is_some_and(|html| html == Value::Bool(true));
    mail = if html { mail.html_body(body) } else { mail.text_body(body) };
    for (at, file) in items(input.shift_remove("attachments")).into_iter().enumerate() {
        let (kind, name, bytes) = attachment(at, &file)?;
        mail = mail.attachment(kind, name, bytes);
    }
    let bytes = mail
        .write_to_vec()
        .map_err(|error| Error::internal("the message cannot be written", error))?;
    Ok(URL_SAFE.encode(bytes))
}

fn attachment(at: usize, file: &Value) -> Result<(String, String, Vec<u8>)> {
    let part = |key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
    let data = part("data").unwrap_or_default();
    let bytes = STANDARD.decode(data.as_bytes()).map_err(|error| {
        let fault = Fault {
            pointer: format!("/attachments/{at}/data"),
            message: format!("is not base64: {error}"),
        };
        Error::new(Code::InvalidInput, "an attachment is not base64").details(vec![fault])
    })?;
    let kind = part("mime_type").unwrap_or_else(|| "application/octet-stream".to_owned());
    Ok((kind, part("filename").unwrap_or_else(|| format!("attachment-{}", at + 1)), bytes))
}

/// Returns one or several addresses as a list.
fn addresses(value: Option<Value>) -> Vec<String> {
    items(value).into_iter().filter_map(|item| string(Some(item))).collect()
}

fn items(value: Option<Value>) -> Vec<Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    }
}

fn string(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn listed(all: &[String]) -> Address<'_> {
    Address::new_list(all.iter().map(|one| address(one)).collect())
}

/// Splits `Ann <a@b.c>` and `"Doe, Ann" <a@b.c>` into name and address.
fn address(text: &str) -> Address<'_> {
    match text.rsplit_once('<') {
        Some((name, rest)) => {
            let name = name.trim().trim_matches('"').trim();
            let name = (!name.is_empty()).then_some(name);
            Address::new_address(name, rest.trim_end().trim_end_matches('>').trim())
        }
        None => Address::new_address(None::<&str>, text.trim()),
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE;
    use mail_parser::{MessageParser, MimeHeaders as _};
    use serde_json::json;

    use super::*;

    fn sent(input: Value) -> (Vec<u8>, Map<String, Value>) {
        let Value::Object(mut input) = input else { panic!("an object") };
        let raw = encode(&mut input).unwrap();
        (URL_SAFE.decode(raw).unwrap(), input)
    }

    #[test]
    fn a_mail_keeps_its_umlauts_names_and_files() {
        let (raw, rest) = sent(json!({
            "recipient_email": "lead@co.com",
            "to": ["\"Doe, Zoë\" <zoe@example.com>", "lead@co.com"],
            "cc": "c@example.com", "bcc": ["b@example.com"],
            "subject": "Grüße 🎉", "body": "<p>Hällo</p>", "is_html": true,
            "attachments": [{"filename": "a.txt", "mime_type": "text/plain", "data": "aGk="}],
            "threadId": "t1",
        }));

        let mail = MessageParser::default().parse(&raw).unwrap();
        let to: Vec<_> = mail.to().unwrap().iter().map(|one| one.address().unwrap()).collect();

        assert_eq!(to, ["lead@co.com", "zoe@example.com"]);
        assert_eq!(mail.to().unwrap().last().unwrap().name(), Some("Doe, Zoë"));
        assert_eq!(mail.subject(), Some("Grüße 🎉"));
        assert_eq!(mail.body_html(0).unwrap().trim(), "<p>Hällo</p>");
        assert_eq!(mail.attachment(0).unwrap().attachment_name(), Some("a.txt"));
        assert_eq!(mail.attachment(0).unwrap().contents(), b"hi");
        assert_eq!(rest.keys().collect::<Vec<_>>(), ["threadId"]);
    }

    #[test]
    fn a_subject_cannot_add_a_header() {
        let (raw, _) =
            sent(json!({"to": "a@b.c", "subject": "x\r\nBcc: evil@example.com", "body": ""}));

        let mail = MessageParser::default().parse(&raw).unwrap();

        assert!(mail.bcc().is_none());
    }
}
