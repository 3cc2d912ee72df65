//! The log: who did what for whom and how it ended. Each entry's hash covers the one before it.

use rusqlite::params;
use sha2::{Digest, Sha256};

use super::{Store, Writing, keys};
use crate::api::approvals::Actor;
use crate::api::error::Result;
use crate::api::ids::{ApprovalId, ConnectionId};
use crate::api::time::Millis;

/// The form in which entries are written: which columns their hash covers.
pub(super) const FORM: i64 = 2;

/// One thing that was done, held, refused or decided. Holds no secret and no body.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// UUID
    pub(crate) id: String,
    /// When it ended
    pub(crate) at: Millis,
    /// Who asked
    pub(crate) actor: Actor,
    /// For whom: a user's UUID
    pub(crate) user: Option<String>,
    /// The action's name, or `approval.approved` and the like
    pub(crate) action: &'static str,
    /// What kind of thing it was about: `toolkit`, `tool`, `user`, `approval` and so on
    pub(crate) entity_type: Option<&'static str>,
    /// The same by its name
    pub(crate) target: Option<String>,
    /// `done`, `held`, or the error's code
    pub(crate) outcome: String,
    /// How long it took, in milliseconds
    pub(crate) took: i64,
    /// The approval it belongs to
    pub(crate) approval_id: Option<ApprovalId>,
    /// The connection it went through
    pub(crate) used: Option<ConnectionId>,
}

impl Store {
    /// Appends an entry, and notes on the connection and the user that they were used.
    pub(crate) fn log(&self, entry: &Entry) -> Result<()> {
        let tx = self.write()?;
        append(&tx, entry)?;
        if let Some(user) = &entry.user {
            tx.prepare_cached("UPDATE users SET last_active_at = ?2 WHERE id = ?1")?
                .execute(params![user, entry.at.0])?;
        }
        if let Some(connection) = &entry.used {
            tx.prepare_cached("UPDATE connections SET last_used_at = ?2 WHERE id = ?1")?
                .execute(params![connection.as_str(), entry.at.0])?;
        }
        tx.commit()
    }
}

/// Appends an entry in the transaction of what it records, and notes on the key that it was used.
///
/// It follows on the last one that was written, whatever the table holds by now: what was cut off or
/// slipped in behind that shows as a break in the chain.
pub(super) fn append(tx: &Writing<'_>, entry: &Entry) -> Result<()> {
    let (seq, previous): (i64, Option<Vec<u8>>) = tx
        .prepare_cached(
            "SELECT max(log_seq, ifnull((SELECT max(seq) FROM log), 0)) + 1, log_hash FROM store",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let line = Line {
        seq,
        id: &entry.id,
        at: entry.at.0,
        actor_type: &entry.actor.actor_type,
        actor_id: Some(&entry.actor.actor_id),
        actor_name: entry.actor.name.as_deref(),
        user: entry.user.as_deref(),
        action: entry.action,
        entity_type: entry.entity_type,
        target: entry.target.as_deref(),
        outcome: &entry.outcome,
        took: entry.took,
        approval: entry.approval_id.as_ref().map(ApprovalId::as_str),
    };
    let hash = line.hash(&previous.unwrap_or_default());
    tx.prepare_cached(
        "INSERT INTO log (seq, id, at, actor, actor_id, actor_name, user_id, action, entity_type,
             target, outcome, took_ms, approval_id, form, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        line.seq,
        line.id,
        line.at,
        line.actor_type,
        line.actor_id,
        line.actor_name,
        line.user,
        line.action,
        line.entity_type,
        line.target,
        line.outcome,
        line.took,
        line.approval,
        FORM,
        hash,
    ])?;
    tx.prepare_cached("UPDATE store SET log_seq = ?1, log_hash = ?2")?
        .execute(params![line.seq, hash])?;
    if entry.actor.actor_id.starts_with("key_") {
        keys::used(tx, &entry.actor.actor_id, entry.at)?;
    }
    Ok(())
}

/// One row of the log, all that its hash covers.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) seq: i64,
    pub(super) id: &'a str,
    pub(super) at: i64,
    pub(super) actor_type: &'a str,
    pub(super) actor_id: Option<&'a str>,
    pub(super) actor_name: Option<&'a str>,
    pub(super) user: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) entity_type: Option<&'a str>,
    pub(super) target: Option<&'a str>,
    pub(super) outcome: &'a str,
    pub(super) took: i64,
    pub(super) approval: Option<&'a str>,
}

impl Line<'_> {
    /// Returns SHA-256 over the previous hash and every column, each preceded by its length; a column
    /// that is empty and one that is not there differ.
    pub(super) fn hash(&self, previous: &[u8]) -> Vec<u8> {
        let (form, seq) = (FORM.to_string(), self.seq.to_string());
        let (at, took) = (self.at.to_string(), self.took.to_string());
        let mut sum = Sha256::new();
        for field in [
            Some(form.as_str()),
            Some(&seq),
            Some(self.id),
            Some(&at),
            Some(self.actor_type),
            self.actor_id,
            self.actor_name,
            self.user,
            Some(self.action),
            self.entity_type,
            self.target,
            Some(self.outcome),
            Some(&took),
            self.approval,
        ] {
            let length = field.map_or(u64::MAX, |field| field.len() as u64);
            sum.update(length.to_be_bytes());
            sum.update(field.unwrap_or_default());
        }
        sum.update(previous);
        sum.finalize().to_vec()
    }
}
