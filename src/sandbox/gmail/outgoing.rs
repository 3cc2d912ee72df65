//! A letter as a client hands it in: checked, completed, delivered within the sandbox.
//!
//! As Gmail does, `From` is the account's own address whatever the client wrote, and `Bcc` stays in
//! the sender's copy only. Addresses that have no mailbox here receive nothing.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use mail_parser::{Address, HeaderValue, Message, MessageParser};
use rusqlite::{Connection, Transaction};
use serde_json::Value;

use super::{Refusal, seed};
use crate::api::time::Millis;
use crate::sandbox::store::hex;
use crate::sandbox::store::mail::{self, Letter};

/// Addresses in this domain have a mailbox as soon as somebody writes to them.
const DOMAIN: &str = "@sandbox.example";

/// Base64 with or without padding; the alphabet is unified before.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A letter ready to be kept or sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The sender's copy.
    pub(super) raw: Vec<u8>,
    /// The thread it shall continue, if the client named one.
    pub(super) thread_id: Option<String>,
    /// Everybody's copy, without `Bcc`.
    delivered: Vec<u8>,
    /// Bare addresses in lower case.
    recipients: BTreeSet<String>,
    /// `Message-ID`s of what it answers, nearest first.
    answers: Vec<String>,
    model: Letter,
}

impl Outgoing {
    /// Reads Gmail's `Message` with `raw` and perhaps `threadId`.
    pub(super) fn read(message: &Value, mailbox: &str, now: Millis) -> Result<Self, Refusal> {
        let raw = message["raw"].as_str().filter(|raw| !raw.is_empty()).ok_or_else(|| {
            Refusal::invalid(
                "'raw' RFC822 payload message string or uploading message via /upload/* URL required",
            )
        })?;
        let raw = BASE64.decode(raw.replace('+', "-").replace('/', "_")).map_err(|_| {
            Refusal::invalid("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed")
        })?;
        let thread_id = message["threadId"].as_str().map(str::to_owned);
        Ok(Self { thread_id, ..Self::parse(&raw, mailbox, now)? })
    }

    /// Reads the bytes of a letter and adds the headers that every letter has.
    pub(super) fn parse(raw: &[u8], mailbox: &str, now: Millis) -> Result<Self, Refusal> {
        let unreadable = || Refusal::invalid("Recipient address required");
        let raw = completed(raw, mailbox, now).ok_or_else(unreadable)?;
        let message = MessageParser::default().parse(&raw).ok_or_else(unreadable)?;
        let model = model(&message, now);
        let recipients = [
            message.all_to().collect::<Vec<_>>(),
            message.all_cc().collect(),
            message.all_bcc().collect(),
        ]
        .iter()
        .flatten()
        .flat_map(|list| list.iter())
        .filter_map(|one| one.address().or(one.name()))
        .map(str::to_lowercase)
        .collect();
        let mut answers = texts(message.in_reply_to());
        answers.extend(texts(message.references()).into_iter().rev());
        let delivered = without(&raw, &message, "bcc");
        drop(message);
        Ok(Self { raw, thread_id: None, delivered, recipients, answers, model })
    }

    /// Fails unless there is somebody to send it to.
    pub(super) fn addressed(&self) -> Result<(), Refusal> {
        let complete = |address: &String| {
            address.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !domain.is_empty() && !address.contains(char::is_whitespace)
            })
        };
        if self.recipients.is_empty() {
            return Err(Refusal::invalid("Recipient address required"));
        }
        if self.recipients.iter().all(complete) {
            Ok(())
        } else {
            Err(Refusal::invalid("Invalid To header"))
        }
    }

    /// Returns the thread it belongs to in a mailbox, if it does not begin one.
    pub(super) fn thread(&self, db: &Connection, mailbox: &str) -> Result<Option<String>, Refusal> {
        match &self.thread_id {
            Some(id) if mail::thread(db, mailbox, id)?.is_empty() => Err(Refusal::not_found()),
            Some(id) => Ok(Some(id.clone())),
            None => self.answered(db, mailbox),
        }
    }

    fn answered(&self, db: &Connection, mailbox: &str) -> Result<Option<String>, Refusal> {
        for id in &self.answers {
            if let Some(thread) = mail::thread_of(db, mailbox, id)? {
                return Ok(Some(thread));
            }
        }
        Ok(None)
    }

    /// Returns the letter as a mailbox keeps it, under an id that nobody has.
    pub(super) fn letter(
        &self,
        thread: Option<String>,
        labels: Vec<String>,
        now: Millis,
    ) -> Letter {
        let id = hex(16);
        let thread = thread.unwrap_or_else(|| id.clone());
        Letter {
            id,
            thread,
            labels,
            received: now,
            size: u32::try_from(self.raw.len()).unwrap_or(u32::MAX),
            ..self.model.clone()
        }
    }
}

/// Sends a letter: keeps the sender's copy and puts one into each mailbox that is here.
pub(super) fn send(
    tx: &Transaction<'_>,
    mailbox: &str,
    outgoing: &Outgoing,
    now: Millis,
) -> Result<Letter, Refusal> {
    let labels: &[&str] = if outgoing.recipients.contains(mailbox) {
        &["UNREAD", "SENT", "INBOX"]
    } else {
        &["SENT"]
    };
    let sent = outgoing.letter(outgoing.thread(tx, mailbox)?, owned(labels), now);
    mail::insert(tx, mailbox, &sent, &outgoing.raw)?;
    for address in outgoing.recipients.iter().filter(|address| *address != mailbox) {
        if !mail::exists(tx, address)? {
            if !address.ends_with(DOMAIN) {
                continue;
            }
            seed::mailbox(tx, address, now)?;
        }
        let thread = outgoing.answered(tx, address)?;
        let copy = outgoing.letter(thread, owned(&["UNREAD", "INBOX"]), now);
        mail::insert(tx, address, &copy, &outgoing.delivered)?;
    }
    Ok(sent)
}

/// Makes owned labels.
pub(super) fn owned(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|&label| label.to_owned()).collect()
}

/// Returns what a mailbox keeps of a letter beside its bytes; id, thread and labels are still empty.
pub(super) fn model(message: &Message<'_>, now: Millis) -> Letter {
    let joined = |lists: Vec<&Address<'_>>| {
        let people = lists.into_iter().flat_map(|list| list.iter());
        let written = people.map(|one| match (one.name(), one.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (_, address) => address.unwrap_or_default().to_owned(),
        });
        written.collect::<Vec<_>>().join(", ")
    };
    Letter {
        seq: 0,
        id: String::new(),
        thread: String::new(),
        message_id: message.message_id().unwrap_or_default().to_owned(),
        sender: joined(message.from().into_iter().collect()),
        recipients: joined(message.all_to().chain(message.all_cc()).collect()),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        labels: Vec::new(),
        received: now,
        size: 0,
    }
}

/// Formats a time as letters do.
pub(super) fn date(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
    DateTimePrinter::new().timestamp_to_string(&at).unwrap_or_default()
}

/// Adds `From`, `Date` and `Message-ID` where they are missing, and corrects `From`.
fn completed(raw: &[u8], mailbox: &str, now: Millis) -> Option<Vec<u8>> {
    let message = MessageParser::default().parse(raw)?;
    let own = |list: &Address<'_>| {
        list.first().and_then(|one| one.address()).is_some_and(|a| a.eq_ignore_ascii_case(mailbox))
    };
    let (mut head, mut rest) = (Vec::new(), raw.to_vec());
    if !message.from().is_some_and(own) {
        rest = without(raw, &message, "from");
        head.push(format!("From: {mailbox}\r\n"));
    }
    if message.date().is_none() {
        head.push(format!("Date: {}\r\n", date(now)));
    }
    if message.message_id().is_none() {
        head.push(format!("Message-ID: <{}@mail.sandbox.example>\r\n", hex(32)));
    }
    Some([head.concat().into_bytes(), rest].concat())
}

/// Returns the bytes without the headers of one name.
fn without(raw: &[u8], message: &Message<'_>, name: &str) -> Vec<u8> {
    let mut kept = Vec::with_capacity(raw.len());
    let mut from = 0;
    for header in message.headers().iter().filter(|h| h.name().eq_ignore_ascii_case(name)) {
        kept.extend_from_slice(raw.get(from..header.offset_field as usize).unwrap_or_default());
        from = header.offset_end as usize;
    }
    kept.extend_from_slice(raw.get(from..).unwrap_or_default());
    kept
}

fn texts(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(text) => vec![text.clone().into_owned()],
        HeaderValue::TextList(list) => list.iter().map(|text| text.clone().into_owned()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str = "To: Grace <Grace@sandbox.example>\r\nBcc: boss@x.example\r\n\
                          From: evil@x.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\nHello\r\n";

    #[test]
    fn a_letter_is_completed_and_bcc_stays_with_the_sender() {
        let read = Outgoing::parse(LETTER.as_bytes(), "ada@sandbox.example", Millis(0)).unwrap();

        let own = String::from_utf8(read.raw.clone()).unwrap();
        assert!(own.starts_with("From: ada@sandbox.example\r\nDate: Thu, 1 Jan 1970 00:00:00"));
        assert!(own.contains("Bcc: boss") && !own.contains("evil"));
        let copy = String::from_utf8(read.delivered.clone()).unwrap();
        assert!(!copy.contains("boss") && copy.ends_with("\r\n\r\nHello\r\n"), "{copy}");
        assert_eq!(read.model.subject, "café");
        assert!(read.recipients.contains("grace@sandbox.example"));
        assert!(read.addressed().is_ok());
    }

    #[test]
    fn a_letter_to_nobody_can_be_kept_but_not_sent() {
        let read = Outgoing::parse(b"Subject: x\r\n\r\nHello", "ada@sandbox.example", Millis(0));

        let refusal = read.unwrap().addressed().unwrap_err();
        assert_eq!(refusal.message, "Recipient address required");
    }
}
