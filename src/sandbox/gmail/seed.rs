//! What lies in a mailbox when it is opened for the first time.

use std::time::Duration;

use mail_parser::MessageParser;
use rusqlite::Transaction;

use super::outgoing;
use crate::api::time::Millis;
use crate::sandbox::store::hex;
use crate::sandbox::store::mail::{self, Letter};

/// A letter that came some time ago.
struct Seed {
    age: Duration,
    labels: &'static [&'static str],
    /// The letter without `Date` and `Message-ID`; `{to}` stands for the owner's address.
    text: &'static str,
}

const SEEDS: [Seed; 3] = [
    Seed {
        age: Duration::from_hours(50),
        labels: &["INBOX"],
        text: include_str!("seed/ledger.eml"),
    },
    Seed {
        age: Duration::from_hours(21),
        labels: &["INBOX", "IMPORTANT", "UNREAD"],
        text: include_str!("seed/lunch.eml"),
    },
    Seed {
        age: Duration::from_mins(4),
        labels: &["INBOX", "UNREAD"],
        text: include_str!("seed/welcome.eml"),
    },
];

/// Makes a mailbox with a few letters in it, unless it is there.
pub(super) fn mailbox(tx: &Transaction<'_>, address: &str, now: Millis) -> rusqlite::Result<()> {
    if !mail::create(tx, address, now)? {
        return Ok(());
    }
    for seed in &SEEDS {
        let age = i64::try_from(seed.age.as_millis()).unwrap_or_default();
        let at = Millis(now.0 - age);
        let head = format!(
            "Date: {}\r\nMessage-ID: <{}@mail.sandbox.example>\r\n",
            outgoing::date(at),
            hex(32)
        );
        let body = seed.text.replace("\r\n", "\n").replace('\n', "\r\n").replace("{to}", address);
        let raw = head + &body;
        if let Some(message) = MessageParser::default().parse(&raw) {
            let id = hex(16);
            let labels = outgoing::owned(seed.labels);
            let model = outgoing::model(&message, at);
            let letter = Letter { thread: id.clone(), id, labels, ..model };
            mail::insert(tx, address, &letter, raw.as_bytes())?;
        }
    }
    Ok(())
}
