//! The log: who did what for whom and how it ended. Each entry's hash covers the one before it.

use rusqlite::{OptionalExtension as _, params};
use sha2::{Digest, Sha256};

use super::{Store, immediate};
use crate::api::error::Result;
use crate::api::ids::ConnectionId;
use crate::api::time::Millis;

/// One thing that was done or tried. Holds no secret and no body.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// UUID
    pub(crate) id: String,
    /// When it ended
    pub(crate) at: Millis,
    /// Who asked: `human`
    pub(crate) actor: String,
    /// For whom: a user's UUID
    pub(crate) user: Option<String>,
    /// The action's name
    pub(crate) action: &'static str,
    /// On what: a toolkit, or a toolkit and a tool
    pub(crate) target: Option<String>,
    /// `done`, `held`, or the error's code
    pub(crate) outcome: String,
    /// How long it took, in milliseconds
    pub(crate) took: i64,
    /// The connection it went through
    pub(crate) used: Option<ConnectionId>,
}

impl Store {
    /// Appends an entry, and notes on the connection and the user that they were used.
    pub(crate) fn log(&self, entry: &Entry) -> Result<()> {
        let mut conn = self.conn();
        let tx = immediate(&mut conn)?;
        let previous: Option<Vec<u8>> = tx
            .prepare_cached("SELECT hash FROM log ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        tx.prepare_cached(
            "INSERT INTO log (id, at, actor, user_id, action, target, outcome, took_ms, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            entry.id,
            entry.at.0,
            entry.actor,
            entry.user,
            entry.action,
            entry.target,
            entry.outcome,
            entry.took,
            hash(&previous.unwrap_or_default(), entry),
        ])?;
        if let Some(user) = &entry.user {
            tx.prepare_cached("UPDATE users SET last_active_at = ?2 WHERE id = ?1")?
                .execute(params![user, entry.at.0])?;
        }
        if let Some(connection) = &entry.used {
            tx.prepare_cached("UPDATE connections SET last_used_at = ?2 WHERE id = ?1")?
                .execute(params![connection.as_str(), entry.at.0])?;
        }
        Ok(tx.commit()?)
    }
}

/// Returns SHA-256 over the previous hash and every field, each preceded by its length.
fn hash(previous: &[u8], entry: &Entry) -> Vec<u8> {
    let mut sum = Sha256::new();
    sum.update(previous);
    let fields = [
        entry.id.as_str(),
        &entry.at.0.to_string(),
        &entry.actor,
        entry.user.as_deref().unwrap_or_default(),
        entry.action,
        entry.target.as_deref().unwrap_or_default(),
        &entry.outcome,
        &entry.took.to_string(),
    ];
    for field in fields {
        sum.update((field.len() as u64).to_be_bytes());
        sum.update(field);
    }
    sum.finalize().to_vec()
}
