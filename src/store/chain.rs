//! Checking the log: each entry follows on the one before it, and the last is the one that was written
//! last.
//!
//! It finds whoever changed the table by hand. It does not find whoever makes the whole chain anew: that
//! takes no secret.

use rusqlite::{Connection, OptionalExtension as _, Row};
use sha2::{Digest as _, Sha256};

use super::Store;
use super::log::{FORM, Line};
use super::retold;
use crate::api::error::Result;
use crate::api::ids::hex;
use crate::api::log::{LogFault, LogVerified};

/// How many faults are named; of more, only the number is.
const NAMED: usize = 100;

/// What was seen of the log so far.
#[derive(Debug, Default)]
struct Chain {
    entries: i64,
    seq: i64,
    hash: Option<Vec<u8>>,
    form: i64,
    faults: Vec<LogFault>,
    more: usize,
}

impl Store {
    /// Reads the whole log, and returns every place where it is not as it was written, in its order.
    pub(crate) fn check_log(&self) -> Result<LogVerified> {
        // Others may write meanwhile; this is the log at one moment.
        self.at_once(checked)
    }
}

/// Reads the whole log, as [`Store::check_log`].
fn checked(db: &Connection) -> Result<LogVerified> {
    let mut chain = Chain::default();
    {
        let mut select = db.prepare(
            "SELECT seq, id, at, actor, actor_id, actor_name, user_id, action, entity_type,
                     target, outcome, took_ms, approval_id, form, hash
                 FROM log ORDER BY seq",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            chain.add(row)?;
        }
    }
    let head: Option<(i64, Option<Vec<u8>>)> = db
        .query_row("SELECT log_seq, log_hash FROM store", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (seq, hash) = head.unwrap_or_default();
    chain.end(seq, hash.as_deref());
    retold::check(db, |seq, what| chain.fault(seq, what))?;
    Ok(chain.verified())
}

impl Chain {
    /// Holds an entry to the one before it.
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let (seq, form): (i64, i64) = (row.get("seq")?, row.get("form")?);
        let hash: Vec<u8> = row.get("hash")?;
        let whole = seq == self.seq + 1;
        if !whole {
            self.fault(Some(self.seq + 1), missing(self.seq + 1, seq - 1));
        }
        if form < self.form {
            self.fault(Some(seq), "it has the form of entries from before".to_owned());
        }
        let previous = self.hash.take().unwrap_or_default();
        // What follows on an entry that is missing cannot be held to it.
        if whole && expected(row, form, &previous)?.as_ref() != Some(&hash) {
            let what = "it, or the entry before it, is not as it was written";
            self.fault(Some(seq), what.to_owned());
        }
        self.entries += 1;
        (self.seq, self.form, self.hash) = (seq, form, Some(hash));
        Ok(())
    }

    /// Holds the end to what was written last.
    fn end(&mut self, seq: i64, hash: Option<&[u8]>) {
        if self.seq < seq {
            let what = format!("{} at the end", missing(self.seq + 1, seq));
            self.fault(Some(self.seq + 1), what);
        } else if self.seq > seq {
            let what = format!("what comes after entry {seq} was not written by `naive`");
            self.fault(Some(seq + 1), what);
        } else if self.hash.as_deref() != hash {
            self.fault(Some(seq), "it is not the entry that was written last".to_owned());
        }
    }

    fn fault(&mut self, seq: Option<i64>, what: String) {
        if self.faults.len() < NAMED {
            self.faults.push(LogFault { seq, what });
        } else {
            self.more += 1;
        }
    }

    fn verified(mut self) -> LogVerified {
        if self.more > 0 {
            let what = format!("{} more faults are not named", self.more);
            self.faults.push(LogFault { seq: None, what });
        }
        LogVerified {
            intact: self.faults.is_empty(),
            entries: self.entries,
            head: self.hash.as_deref().map(hex),
            faults: self.faults,
        }
    }
}

fn missing(first: i64, last: i64) -> String {
    if first == last {
        return "the entry is missing".to_owned();
    }
    format!("entries {first} to {last} are missing")
}

/// Returns the hash that an entry should have; none of a form that nobody writes.
fn expected(row: &Row<'_>, form: i64, previous: &[u8]) -> rusqlite::Result<Option<Vec<u8>>> {
    fn text<'a>(row: &'a Row<'_>, column: &str) -> rusqlite::Result<Option<&'a str>> {
        Ok(row.get_ref(column)?.as_str_or_null()?)
    }
    let always = |column: &str| Ok::<_, rusqlite::Error>(text(row, column)?.unwrap_or_default());
    let line = Line {
        seq: row.get("seq")?,
        id: always("id")?,
        at: row.get("at")?,
        actor_type: always("actor")?,
        actor_id: text(row, "actor_id")?,
        actor_name: text(row, "actor_name")?,
        user: text(row, "user_id")?,
        action: always("action")?,
        entity_type: text(row, "entity_type")?,
        target: text(row, "target")?,
        outcome: always("outcome")?,
        took: row.get("took_ms")?,
        approval: text(row, "approval_id")?,
    };
    Ok(match form {
        1 => first_form(&line, previous),
        FORM => Some(line.hash(previous)),
        _ => None,
    })
}

/// Returns the hash of an entry as it was first written: without its number, and without the columns that
/// came later, which it therefore cannot have.
fn first_form(line: &Line<'_>, previous: &[u8]) -> Option<Vec<u8>> {
    let later = [line.actor_id, line.actor_name, line.entity_type, line.approval];
    if later.iter().any(Option::is_some) {
        return None;
    }
    let (at, took) = (line.at.to_string(), line.took.to_string());
    let mut sum = Sha256::new();
    sum.update(previous);
    for field in [
        line.id,
        &at,
        line.actor_type,
        line.user.unwrap_or_default(),
        line.action,
        line.target.unwrap_or_default(),
        line.outcome,
        &took,
    ] {
        sum.update((field.len() as u64).to_be_bytes());
        sum.update(field);
    }
    Some(sum.finalize().to_vec())
}
