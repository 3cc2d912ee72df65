//! Logins that wait for a browser, here or on another device. The state itself is known to the link alone; here is its hash.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Store, immediate, parsed, sealed};
use crate::api::error::Result;
use crate::api::ids::ConnectionId;
use crate::api::time::Millis;

/// What a login stores until its end, sealed for its owner.
#[derive(Debug)]
pub(crate) struct Flow {
    /// SHA-256 of the state
    pub(crate) state_hash: Vec<u8>,
    /// Owner of the sealed bytes
    pub(crate) owner: String,
    /// Verifier, redirect URI and the like
    pub(crate) sealed: Vec<u8>,
    /// When it lapses
    pub(crate) expires_at: Millis,
    /// How far apart the app may be asked about it, where it is on another device
    pub(crate) poll_every: Option<Duration>,
}

/// What was found for a state that came back.
#[derive(Debug)]
pub(crate) enum FlowAnswer {
    /// It was waiting, and from now on is used up: its connection and its sealed bytes
    Taken(ConnectionId, Vec<u8>),
    /// It was used before, for this connection
    Used(ConnectionId),
    /// It was waiting, but too long
    Lapsed(ConnectionId),
    /// Nobody here sent it out
    Unknown,
}

impl Store {
    /// Uses up the login of that state, so that of any number of callers one gets it.
    pub(crate) fn take_flow(&self, state_hash: &[u8], now: Millis) -> Result<FlowAnswer> {
        let mut conn = self.conn();
        let waiting: Option<(ConnectionId, bool, i64)> = conn
            .prepare_cached(
                "SELECT connection_id, used, expires_at FROM flows WHERE state_hash = ?1",
            )?
            .query_row([state_hash], |row| {
                Ok((parsed(row, "connection_id")?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let (id, expires_at) = match waiting {
            None => return Ok(FlowAnswer::Unknown),
            Some((id, true, _)) => return Ok(FlowAnswer::Used(id)),
            Some((id, false, expires_at)) => (id, expires_at),
        };
        let tx = immediate(&mut conn)?;
        let taken = tx.execute(
            "UPDATE flows SET used = 1 WHERE state_hash = ?1 AND used = 0",
            [state_hash],
        )?;
        let owner = flow_owner(state_hash);
        let bytes: Option<Vec<u8>> = tx
            .query_row("SELECT bytes FROM sealed WHERE owner = ?1", [&owner], |row| row.get(0))
            .optional()?;
        sealed::delete(&tx, &owner)?;
        tx.commit()?;
        Ok(match (taken, bytes) {
            (1, _) if expires_at <= now.0 => FlowAnswer::Lapsed(id),
            (1, Some(bytes)) => FlowAnswer::Taken(id, bytes),
            _ => FlowAnswer::Used(id),
        })
    }
}

/// Returns the owner under which a login's secrets are sealed.
pub(crate) fn flow_owner(state_hash: &[u8]) -> String {
    use std::fmt::Write as _;
    state_hash.iter().fold("flow:".to_owned(), |mut owner, byte| {
        // Writing to a string cannot fail.
        let _ = write!(owner, "{byte:02x}");
        owner
    })
}

/// Stores a login that begins, in the transaction that marks its connection.
pub(super) fn put(tx: &Transaction<'_>, id: &ConnectionId, flow: &Flow, now: Millis) -> Result<()> {
    tx.execute(
        "INSERT INTO flows (state_hash, connection_id, created_at, expires_at, poll_every,
             next_poll_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?3 + ?5)",
        params![
            flow.state_hash,
            id.as_str(),
            now.0,
            flow.expires_at.0,
            flow.poll_every.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        ],
    )?;
    sealed::put(tx, &flow.owner, &flow.sealed)
}

/// Deletes the logins of a connection that wait, and all that lapsed long ago.
pub(super) fn forget(tx: &Transaction<'_>, id: &ConnectionId, now: Millis) -> Result<()> {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let gone = tx
        .prepare(
            "DELETE FROM flows WHERE (connection_id = ?1 AND used = 0) OR expires_at < ?2
             RETURNING state_hash",
        )?
        .query_map(params![id.as_str(), now.0 - DAY], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<Vec<u8>>>>()?;
    for state_hash in gone {
        sealed::delete(tx, &flow_owner(&state_hash))?;
    }
    Ok(())
}
