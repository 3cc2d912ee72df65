//! Mailboxes, letters, labels and drafts: what the played Gmail remembers.
//!
//! Not here: what a letter looks like in Gmail's JSON, or who may see it (`gmail`).

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::api::time::Millis;

/// A letter without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Letter {
    /// Position in the mailbox: later letters have greater ones.
    pub(in crate::sandbox) seq: i64,
    /// Sixteen hexadecimal digits.
    pub(in crate::sandbox) id: String,
    /// The id of the thread's first letter.
    pub(in crate::sandbox) thread: String,
    /// The `Message-ID` header, without angle brackets.
    pub(in crate::sandbox) message_id: String,
    /// The `From` header, decoded.
    pub(in crate::sandbox) sender: String,
    /// Everyone it is for, decoded, separated by commas.
    pub(in crate::sandbox) recipients: String,
    /// The subject, decoded.
    pub(in crate::sandbox) subject: String,
    /// The text for searching and for the snippet.
    pub(in crate::sandbox) text: String,
    /// Label ids.
    pub(in crate::sandbox) labels: Vec<String>,
    /// When it came or went.
    pub(in crate::sandbox) received: Millis,
    /// How many bytes it has.
    pub(in crate::sandbox) size: u32,
}

/// A label that the account's owner made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Label {
    /// `Label_7`
    pub(in crate::sandbox) id: String,
    /// What people read.
    pub(in crate::sandbox) name: String,
}

/// How much is in a mailbox.
pub(in crate::sandbox) struct Totals {
    /// Letters.
    pub(in crate::sandbox) letters: u32,
    /// Threads.
    pub(in crate::sandbox) threads: u32,
    /// The greatest position.
    pub(in crate::sandbox) latest: i64,
}

const COLUMNS: &str = "seq, id, thread, message_id, sender, recipients, subject, text, labels, \
                       received_at, length(raw)";

fn letter(row: &Row<'_>) -> rusqlite::Result<Letter> {
    let labels: String = row.get(8)?;
    Ok(Letter {
        seq: row.get(0)?,
        id: row.get(1)?,
        thread: row.get(2)?,
        message_id: row.get(3)?,
        sender: row.get(4)?,
        recipients: row.get(5)?,
        subject: row.get(6)?,
        text: row.get(7)?,
        labels: serde_json::from_str(&labels).unwrap_or_default(),
        received: Millis(row.get(9)?),
        size: row.get(10)?,
    })
}

/// Tells whether an address has a mailbox here.
pub(in crate::sandbox) fn exists(connection: &Connection, address: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM mailboxes WHERE address = ?1")?.exists([address])
}

/// Makes a mailbox; `false` if there was one.
pub(in crate::sandbox) fn create(
    tx: &Transaction<'_>,
    address: &str,
    now: Millis,
) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO mailboxes (address, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, params![address, now.0])? == 1)
}

/// Puts a letter into a mailbox. `seq` and `size` are the database's to say and are ignored.
pub(in crate::sandbox) fn insert(
    tx: &Transaction<'_>,
    mailbox: &str,
    letter: &Letter,
    raw: &[u8],
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO letters (id, mailbox, thread, message_id, sender, recipients, subject, text,
                              labels, received_at, raw)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            letter.id,
            mailbox,
            letter.thread,
            letter.message_id,
            letter.sender,
            letter.recipients,
            letter.subject,
            letter.text,
            json(&letter.labels),
            letter.received.0,
            raw,
        ],
    )?;
    Ok(())
}

/// Returns one letter.
pub(in crate::sandbox) fn find(
    connection: &Connection,
    mailbox: &str,
    id: &str,
) -> rusqlite::Result<Option<Letter>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM letters WHERE id = ?1 AND mailbox = ?2"))?
        .query_row([id, mailbox], letter)
        .optional()
}

/// Returns the bytes of a letter, empty if there is none.
pub(in crate::sandbox) fn raw(connection: &Connection, id: &str) -> rusqlite::Result<Vec<u8>> {
    let found = connection
        .prepare_cached("SELECT raw FROM letters WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Shows `visit` the letters older than `before`, newest first, until it breaks off.
pub(in crate::sandbox) fn newest(
    connection: &Connection,
    mailbox: &str,
    before: i64,
    mut visit: impl FnMut(Letter) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM letters WHERE mailbox = ?1 AND seq < ?2 ORDER BY seq DESC"
    ))?;
    for found in select.query_map(params![mailbox, before], letter)? {
        if visit(found?).is_break() {
            break;
        }
    }
    Ok(())
}

/// Returns a thread's letters, oldest first.
pub(in crate::sandbox) fn thread(
    connection: &Connection,
    mailbox: &str,
    thread: &str,
) -> rusqlite::Result<Vec<Letter>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM letters WHERE mailbox = ?1 AND thread = ?2 ORDER BY seq"
    ))?;
    select.query_map([mailbox, thread], letter)?.collect()
}

/// Returns the thread of the letter with this `Message-ID`.
pub(in crate::sandbox) fn thread_of(
    connection: &Connection,
    mailbox: &str,
    message_id: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT thread FROM letters WHERE mailbox = ?1 AND message_id = ?2 ORDER BY seq LIMIT 1",
        )?
        .query_row([mailbox, message_id], |row| row.get(0))
        .optional()
}

/// Replaces a letter's labels.
pub(in crate::sandbox) fn set_labels(
    tx: &Transaction<'_>,
    id: &str,
    labels: &[String],
) -> rusqlite::Result<()> {
    tx.execute("UPDATE letters SET labels = ?2 WHERE id = ?1", params![id, json(labels)])?;
    Ok(())
}

/// Removes a letter for good, and the draft that holds it.
pub(in crate::sandbox) fn delete(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM letters WHERE id = ?1", [id])?;
    Ok(())
}

/// Counts a mailbox.
pub(in crate::sandbox) fn totals(
    connection: &Connection,
    mailbox: &str,
) -> rusqlite::Result<Totals> {
    connection.query_row(
        "SELECT count(*), count(DISTINCT thread), coalesce(max(seq), 1)
         FROM letters WHERE mailbox = ?1",
        [mailbox],
        |row| Ok(Totals { letters: row.get(0)?, threads: row.get(1)?, latest: row.get(2)? }),
    )
}

/// Returns the labels made by the owner, by name.
pub(in crate::sandbox) fn labels(
    connection: &Connection,
    mailbox: &str,
) -> rusqlite::Result<Vec<Label>> {
    connection
        .prepare_cached("SELECT id, name FROM labels WHERE mailbox = ?1 ORDER BY name")?
        .query_map([mailbox], |row| Ok(Label { id: row.get(0)?, name: row.get(1)? }))?
        .collect()
}

/// Makes a label, or returns nothing if the name is taken.
pub(in crate::sandbox) fn add_label(
    tx: &Transaction<'_>,
    mailbox: &str,
    name: &str,
) -> rusqlite::Result<Option<Label>> {
    let taken = tx
        .prepare_cached("SELECT 1 FROM labels WHERE mailbox = ?1 AND name = ?2")?
        .exists([mailbox, name])?;
    if taken {
        return Ok(None);
    }
    let count: i64 =
        tx.query_row("SELECT count(*) FROM labels WHERE mailbox = ?1", [mailbox], |row| {
            row.get(0)
        })?;
    let label = Label { id: format!("Label_{}", count + 1), name: name.to_owned() };
    tx.execute(
        "INSERT INTO labels (mailbox, id, name) VALUES (?1, ?2, ?3)",
        [mailbox, &label.id, &label.name],
    )?;
    Ok(Some(label))
}

/// Makes a draft of a letter that is already there, or gives an existing draft that letter.
pub(in crate::sandbox) fn put_draft(
    tx: &Transaction<'_>,
    mailbox: &str,
    id: &str,
    letter: &str,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO drafts (id, mailbox, letter) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET letter = excluded.letter",
        [id, mailbox, letter],
    )?;
    Ok(())
}

/// Returns the letter of a draft.
pub(in crate::sandbox) fn draft(
    connection: &Connection,
    mailbox: &str,
    id: &str,
) -> rusqlite::Result<Option<Letter>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM letters
             WHERE id = (SELECT letter FROM drafts WHERE id = ?1 AND mailbox = ?2)"
        ))?
        .query_row([id, mailbox], letter)
        .optional()
}

/// Returns the draft that holds a letter.
pub(in crate::sandbox) fn draft_of(
    connection: &Connection,
    letter: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT id FROM drafts WHERE letter = ?1")?
        .query_row([letter], |row| row.get(0))
        .optional()
}

fn json(labels: &[String]) -> String {
    serde_json::Value::from(labels).to_string()
}
