//! Logins that wait for a browser, here or on another device. The state itself is known to the link alone; here is its hash.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::presence::is_alive;
use super::{NewFlow, Store, Writing, parsed, sealed};
use crate::api::connections::PendingLogin;
use crate::api::error::Result;
use crate::api::ids::{ConnectionId, Label, hex};
use crate::api::time::Millis;

/// Reason of a login that nobody ended in time.
pub(super) const TIMED_OUT: &str = "timed out";

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
    /// It was used before
    Used,
    /// It was waiting, but too long
    Lapsed,
    /// Nobody here sent it out
    Unknown,
}

/// How a login stands, for those who wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FlowState {
    /// It goes on, and a process waits for it
    WaitedFor,
    /// It goes on, and no process waits for it
    Alone,
    /// It succeeded
    Done,
    /// It ended without success, for this reason
    Failed(String),
    /// A later one took its place, or its connection was disconnected
    Gone,
}

impl Store {
    /// Uses up the login of that state, so that of any number of callers one gets it.
    pub(crate) fn take_flow(&self, state_hash: &[u8], now: Millis) -> Result<FlowAnswer> {
        let waiting: Option<(ConnectionId, bool, bool)> = self
            .conn()
            .prepare_cached(
                "SELECT connection_id, used,
                     CASE used WHEN 0 THEN expires_at <= ?2 ELSE ifnull(failure = ?3, 0) END
                 FROM flows WHERE state_hash = ?1",
            )?
            .query_row(params![state_hash, now.0, TIMED_OUT], |row| {
                Ok((parsed(row, "connection_id")?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let (id, lapsed) = match waiting {
            None => return Ok(FlowAnswer::Unknown),
            Some((_, true, true)) => return Ok(FlowAnswer::Lapsed),
            Some((_, true, false)) => return Ok(FlowAnswer::Used),
            Some((id, false, lapsed)) => (id, lapsed),
        };
        let tx = self.write()?;
        let taken = tx.execute(
            "UPDATE flows SET used = 1, used_at = max(?2, created_at + 1)
             WHERE state_hash = ?1 AND used = 0",
            params![state_hash, now.0],
        )?;
        let owner = flow_owner(state_hash);
        let bytes: Option<Vec<u8>> = tx
            .query_row("SELECT bytes FROM sealed WHERE owner = ?1", [&owner], |row| row.get(0))
            .optional()?;
        sealed::delete(&tx, &owner)?;
        tx.commit()?;
        Ok(match (taken, bytes) {
            (1, _) if lapsed => FlowAnswer::Lapsed,
            (1, Some(bytes)) => FlowAnswer::Taken(id, bytes),
            _ => FlowAnswer::Used,
        })
    }

    /// Returns the connection that the login of that state is for, also once it has ended.
    pub(crate) fn flow_of(&self, state_hash: &[u8]) -> Result<Option<ConnectionId>> {
        let conn = self.conn();
        let mut select =
            conn.prepare_cached("SELECT connection_id FROM flows WHERE state_hash = ?1")?;
        Ok(select.query_row([state_hash], |row| parsed(row, "connection_id")).optional()?)
    }

    /// Returns how the login stands that began at `since`.
    pub(crate) fn flow_state(&self, id: &ConnectionId, since: Millis) -> Result<FlowState> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT ended, failure, waited_by FROM flows
             WHERE connection_id = ?1 AND created_at = ?2 ORDER BY ended LIMIT 1",
        )?;
        let row: Option<(bool, Option<String>, Option<String>)> = select
            .query_row(params![id.as_str(), since.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        Ok(match row {
            None => FlowState::Gone,
            Some((true, None, _)) => FlowState::Done,
            Some((true, Some(failure), _)) => FlowState::Failed(failure),
            Some((false, _, Some(name))) if is_alive(&self.dir, &name) => FlowState::WaitedFor,
            Some((false, ..)) => FlowState::Alone,
        })
    }
}

/// Returns the owner under which a login's secrets are sealed.
pub(crate) fn flow_owner(state_hash: &[u8]) -> String {
    format!("flow:{}", hex(state_hash))
}

/// Stores a login that begins at `since`, in the transaction that marks its connection.
pub(super) fn put(
    tx: &Writing<'_>,
    id: &ConnectionId,
    flow: &Flow,
    since: Millis,
    waited_by: Option<&str>,
) -> Result<()> {
    tx.execute(
        "INSERT INTO flows (state_hash, connection_id, created_at, expires_at, poll_every,
             next_poll_at, waited_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?3 + ?5, ?6)",
        params![
            flow.state_hash,
            id.as_str(),
            since.0,
            flow.expires_at.0,
            flow.poll_every.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
            waited_by,
        ],
    )?;
    sealed::put(tx, &flow.owner, &flow.sealed)
}

/// Returns the login for this user, toolkit and label that a process of this store in `dir` waits for, if
/// one does.
pub(super) fn waited_for(
    tx: &Writing<'_>,
    dir: &Path,
    new: &NewFlow<'_>,
    now: Millis,
) -> Result<Option<(ConnectionId, PendingLogin)>> {
    let found: Option<(ConnectionId, PendingLogin, String)> = tx
        .query_row(
            "SELECT connection_id, flows.created_at, expires_at, waited_by
             FROM flows JOIN connections ON connections.id = connection_id
             WHERE user_id = ?1 AND toolkit = ?2 AND ifnull(label, '') = ifnull(?3, '')
                 AND ended = 0 AND (used = 1 OR expires_at > ?4) AND waited_by IS NOT NULL
             ORDER BY flows.created_at DESC LIMIT 1",
            params![new.user, new.toolkit.as_str(), new.label.map(Label::as_str), now.0],
            |row| {
                let login = PendingLogin { since: Millis(row.get(1)?), until: Millis(row.get(2)?) };
                Ok((parsed(row, "connection_id")?, login, row.get(3)?))
            },
        )
        .optional()?;
    let alive = found.filter(|(_, _, name)| is_alive(dir, name));
    Ok(alive.map(|(id, login, _)| (id, login)))
}

/// Ends the login of that state, unless it has ended; returns its connection and when its callback came.
pub(super) fn fail(
    tx: &Writing<'_>,
    state_hash: &[u8],
    reason: &str,
) -> Result<Option<(ConnectionId, Millis)>> {
    let ended = tx
        .query_row(
            "UPDATE flows SET ended = 1, failure = ?2 WHERE state_hash = ?1 AND ended = 0
             RETURNING connection_id, ifnull(used_at, created_at + 1)",
            params![state_hash, reason],
            |row| Ok((parsed(row, "connection_id")?, Millis(row.get(1)?))),
        )
        .optional()?;
    Ok(ended)
}

/// Ends well whichever login of a connection is being ended.
pub(super) fn succeed(tx: &Writing<'_>, id: &ConnectionId) -> Result<()> {
    tx.execute(
        "UPDATE flows SET ended = 1 WHERE connection_id = ?1 AND used = 1 AND ended = 0",
        [id.as_str()],
    )?;
    Ok(())
}

/// Tells whether a link for a connection waits although it no longer counts.
pub(super) fn is_late(db: &Connection, id: &ConnectionId, now: Millis) -> Result<bool> {
    let mut select = db.prepare_cached(
        "SELECT 1 FROM flows WHERE connection_id = ?1 AND used = 0 AND expires_at <= ?2",
    )?;
    Ok(select.exists(params![id.as_str(), now.0])?)
}

/// Uses up and ends the logins of a connection that lapsed; returns whether there were any.
pub(super) fn lapse(tx: &Writing<'_>, id: &ConnectionId, now: Millis) -> Result<bool> {
    let lapsed = tx
        .prepare(
            "UPDATE flows SET used = 1, used_at = expires_at, ended = 1, failure = ?3
             WHERE connection_id = ?1 AND used = 0 AND expires_at <= ?2 RETURNING state_hash",
        )?
        .query_map(params![id.as_str(), now.0, TIMED_OUT], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<Vec<u8>>>>()?;
    for state_hash in &lapsed {
        sealed::delete(tx, &flow_owner(state_hash))?;
    }
    Ok(!lapsed.is_empty())
}

/// Deletes the logins of a connection that wait, and all that lapsed long ago; tells whether one of the
/// connection's own could still have been ended.
pub(super) fn forget(tx: &Writing<'_>, id: &ConnectionId, now: Millis) -> Result<bool> {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let gone = tx
        .prepare(
            "DELETE FROM flows WHERE (connection_id = ?1 AND used = 0) OR expires_at < ?2
             RETURNING state_hash, expires_at > ?3",
        )?
        .query_map(params![id.as_str(), now.0 - DAY, now.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(Vec<u8>, bool)>>>()?;
    for (state_hash, _) in &gone {
        sealed::delete(tx, &flow_owner(state_hash))?;
    }
    Ok(gone.iter().any(|(_, counted)| *counted))
}
