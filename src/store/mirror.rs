//! The mirror: how connections stand, and the one rule by which news changes that.
//!
//! Every change of a row has a time, kept as `last_status_at`. News is as old as what it tells of: it
//! counts if it is newer than all that the row knows, and is dropped if it is older or as old. What is
//! done here (a login begun, a credential stored, a disconnect) is no news: it happens as it is written,
//! and gets a time after the rest, also under a clock that has been set back.

use std::time::Duration;

use rusqlite::{Connection as Database, OptionalExtension as _, Row, params};

use super::connections::{CONNECTION, connection};
use super::deliveries::Changed;
use super::flows::{self, TIMED_OUT};
use super::recall::Known;
use super::{Store, Writing, deliveries, parsed, sealed};
use crate::api::connections::{Connection, Status};
use crate::api::error::Result;
use crate::api::ids::{ConnectionId, Label};
use crate::api::time::Millis;

/// How old a login is before anyone asks whether it lapsed.
const YOUNG: Duration = Duration::from_secs(10);
/// When the login of an `INITIATED` row lapses: a link at its end, one whose callback came two minutes
/// later, which is longer than its exchange may take. Without a link, it waits a day for its credentials.
const LAPSES_AT: &str = "ifnull(
    (SELECT max(CASE used WHEN 0 THEN expires_at ELSE ifnull(used_at, 0) + 120000 END) FROM flows
     WHERE connection_id = connections.id AND flows.created_at >= last_status_at),
    last_status_at + 86400000)";

/// Selects the connections of user `?1` that changed before `?3` and wait, those with a link that no longer
/// counts at `?2`, and those with one from before `?3` that somebody has to be asked about. It is asked
/// before every answer of the mirror, so it judges nothing itself.
pub(super) const STALE: &str = "SELECT id FROM connections
     WHERE user_id = ?1 AND status = 'INITIATED' AND last_status_at <= ?3
     UNION ALL SELECT connection_id FROM flows WHERE used = 0 AND expires_at <= ?2
     UNION ALL SELECT connection_id FROM flows
         WHERE used = 0 AND expires_at > ?2 AND poll_every IS NOT NULL AND created_at <= ?3";

/// What a login ended with.
#[derive(Debug)]
pub(crate) struct Grant<'a> {
    /// Owner of the sealed credential
    pub(crate) owner: &'a str,
    /// The credential, sealed
    pub(crate) sealed: &'a [u8],
    /// Whose account it is, as the app tells
    pub(crate) account: Option<&'a str>,
    /// Scopes granted
    pub(crate) scopes: &'a [String],
    /// OAuth client it was granted to
    pub(crate) client: Option<&'a str>,
}

/// How a row stands from a moment on.
struct News<'a> {
    status: Status,
    reason: Option<&'a str>,
    at: Millis,
}

/// Writes news about a row that stands as `before`, or anyhow; returns whether it counted.
fn tell(
    tx: &Writing<'_>,
    id: &ConnectionId,
    before: Option<Status>,
    news: &News<'_>,
) -> Result<bool> {
    let stood = stands(tx, id)?;
    let told = tx.execute(
        "UPDATE connections SET status = ?2, reason = ?3, last_status_at = ?4
         WHERE id = ?1 AND last_status_at < ?4 AND (?5 IS NULL OR status = ?5)",
        params![
            id.as_str(),
            news.status.as_str(),
            news.reason,
            news.at.0,
            before.map(Status::as_str)
        ],
    )?;
    if let Some((user, stood)) = stood.filter(|(_, stood)| told == 1 && stood.status != news.status)
    {
        changed(tx, &user, &Connection { status: news.status, last_status_at: news.at, ..stood })?;
    }
    Ok(told == 1)
}

/// Has those told who are to hear of how a connection of that user stands now.
fn changed(tx: &Writing<'_>, user: &str, now: &Connection) -> Result<()> {
    let changed = Changed {
        user,
        id: &now.id,
        toolkit: now.toolkit.as_str(),
        label: now.label.as_ref().map(Label::as_str),
        status: now.status,
        at: now.last_status_at,
    };
    deliveries::of_connection(tx, &changed)
}

/// Has those told who are to hear of a connection that it is about to be forgotten, row and all.
pub(super) fn forgotten(tx: &Writing<'_>, id: &ConnectionId, now: Millis) -> Result<()> {
    let off = |status| matches!(status, Status::Inactive | Status::Revoked);
    let Some((user, one)) = stands(tx, id)?.filter(|(_, one)| !off(one.status)) else {
        return Ok(());
    };
    let at = now.max(one.last_status_at.after(Duration::from_millis(1)));
    changed(tx, &user, &Connection { status: Status::Revoked, last_status_at: at, ..one })
}

/// Returns how a connection stands, with its user's UUID.
fn stands(tx: &Writing<'_>, id: &ConnectionId) -> Result<Option<(String, Connection)>> {
    let mut select =
        tx.prepare_cached(&format!("SELECT {CONNECTION} FROM connections WHERE id = ?1"))?;
    let row = |row: &Row<'_>| Ok((row.get("user_id")?, connection(row)?));
    Ok(select.query_row([id.as_str()], row).optional()?)
}

impl Store {
    /// Ends a login well: stores its credential and marks the row `ACTIVE`.
    ///
    /// `None`, and nothing is stored, if the connection was disconnected while the login went on.
    pub(crate) fn activate(
        &self,
        id: &ConnectionId,
        grant: &Grant<'_>,
        now: Millis,
    ) -> Result<Option<Connection>> {
        let tx = self.write()?;
        sealed::put(&tx, grant.owner, grant.sealed)?;
        flows::succeed(&tx, id)?;
        let active = tx
            .query_row(
                &format!(
                    "UPDATE connections SET status = 'ACTIVE', account = ifnull(?2, account),
                     scopes = ?3, fields = ifnull(next_fields, fields), next_fields = NULL,
                     client_id = ?5, reason = NULL, last_status_at = max(?4, last_status_at + 1)
                 WHERE id = ?1 AND status NOT IN ('INACTIVE', 'REVOKED')
                 RETURNING {CONNECTION}"
                ),
                params![
                    id.as_str(),
                    grant.account,
                    serde_json::Value::from(grant.scopes).to_string(),
                    now.0,
                    grant.client,
                ],
                |row| Ok((row.get::<_, String>("user_id")?, connection(row)?)),
            )
            .optional()?;
        let Some((user, active)) = active else { return Ok(None) };
        changed(&tx, &user, &active)?;
        tx.commit()?;
        Ok(Some(active))
    }

    /// Ends a login without success: `INITIATED` becomes `FAILED`; an active row stays as it is.
    pub(crate) fn fail(&self, id: &ConnectionId, reason: &str, at: Millis) -> Result<()> {
        self.told(id, Status::Initiated, &News { status: Status::Failed, reason: Some(reason), at })
    }

    /// Ends the login of a state without success, as [`Store::fail`] does, as of when its callback came.
    pub(crate) fn fail_login(&self, state_hash: &[u8], reason: &str) -> Result<()> {
        let tx = self.write()?;
        if let Some((id, at)) = flows::fail(&tx, state_hash, reason)? {
            let news = News { status: Status::Failed, reason: Some(reason), at };
            tell(&tx, &id, Some(Status::Initiated), &news)?;
        }
        tx.commit()
    }

    /// Notes that the app no longer takes the credential, as was seen at `seen_at`.
    pub(crate) fn expire(&self, id: &ConnectionId, reason: &str, seen_at: Millis) -> Result<()> {
        let news = News { status: Status::Expired, reason: Some(reason), at: seen_at };
        self.told(id, Status::Active, &news)
    }

    /// Notes that the app takes the credential again, as was seen at `seen_at`.
    pub(crate) fn revive(&self, id: &ConnectionId, seen_at: Millis) -> Result<()> {
        self.told(id, Status::Expired, &News { status: Status::Active, reason: None, at: seen_at })
    }

    /// Notes how a connection stands as whoever keeps its account tells, however it stood before.
    pub(crate) fn hear(
        &self,
        id: &ConnectionId,
        status: Status,
        (reason, at): (Option<&str>, Millis),
    ) -> Result<()> {
        let tx = self.write()?;
        tell(&tx, id, None, &News { status, reason, at })?;
        tx.commit()
    }

    /// Writes news about a row that stands as `before`.
    fn told(&self, id: &ConnectionId, before: Status, news: &News<'_>) -> Result<()> {
        let tx = self.write()?;
        tell(&tx, id, Some(before), news)?;
        tx.commit()
    }

    /// Switches a connection off; its credential stays.
    pub(crate) fn deactivate(&self, id: &ConnectionId, now: Millis) -> Result<()> {
        self.end(id, Status::Inactive, &[], now)
    }

    /// Deletes the credentials of `owners` and marks the row `REVOKED`.
    pub(crate) fn revoke(&self, id: &ConnectionId, owners: &[&str], now: Millis) -> Result<()> {
        self.end(id, Status::Revoked, owners, now)
    }

    fn end(&self, id: &ConnectionId, status: Status, owners: &[&str], now: Millis) -> Result<()> {
        let tx = self.write()?;
        flows::forget(&tx, id, now)?;
        let after_all = "SELECT max(?2, last_status_at + 1) FROM connections WHERE id = ?1";
        let at = tx.query_row(after_all, params![id.as_str(), now.0], |row| row.get(0));
        if let Some(at) = at.optional()? {
            tell(&tx, id, None, &News { status, reason: None, at: Millis(at) })?;
        }
        for owner in owners {
            sealed::delete(&tx, owner)?;
        }
        tx.commit()
    }

    /// Returns the connections whose login may be at its end: those of a user that are `INITIATED` and not
    /// young, and any with a link that no longer counts, or with a login that has to be asked about and is
    /// not young. Mostly there are none, which two small indexes tell. In no order, and perhaps twice.
    pub(crate) fn stale(&self, user: &str, now: Millis) -> Result<Vec<ConnectionId>> {
        // A server knows mostly without asking.
        let waits = || self.recalled(Known::waiting, user.as_bytes(), |conn| waits(conn, user));
        if self.recalls() && waits()? == Some(false) {
            return Ok(Vec::new());
        }
        let young = i64::try_from(YOUNG.as_millis()).unwrap_or(i64::MAX);
        let conn = self.conn();
        let mut select = conn.prepare_cached(STALE)?;
        let rows = select.query_map(params![user, now.0, now.0.saturating_sub(young)], |row| {
            parsed(row, "id")
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns every connection that is active, in no order.
    pub(crate) fn active(&self) -> Result<Vec<ConnectionId>> {
        let conn = self.conn();
        let mut select =
            conn.prepare_cached("SELECT id FROM connections WHERE status = 'ACTIVE'")?;
        let rows = select.query_map([], |row| parsed(row, "id"))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the connections whose link no longer counts, in no order.
    pub(crate) fn lapsed(&self, now: Millis) -> Result<Vec<ConnectionId>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT connection_id FROM flows WHERE used = 0 AND expires_at <= ?1",
        )?;
        let rows = select.query_map([now.0], |row| parsed(row, "connection_id"))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Ends the login of a connection if it has lapsed: `INITIATED` becomes `FAILED`, an active row stays
    /// so and forgets what waited. Of any number of processes one does it; nothing is written before it
    /// is due. Returns whether it was done here.
    pub(crate) fn lapse(&self, id: &ConnectionId, now: Millis) -> Result<bool> {
        let is_due = {
            let conn = self.conn();
            lapsed_at(&conn, id, now)?.is_some() || flows::is_late(&conn, id, now)?
        };
        if !is_due {
            return Ok(false);
        }
        let tx = self.write()?;
        let lapsed_at = lapsed_at(&tx, id, now)?;
        let forgotten = flows::lapse(&tx, id, now)?;
        if let Some(at) = lapsed_at {
            let news = News { status: Status::Failed, reason: Some(TIMED_OUT), at };
            tell(&tx, id, Some(Status::Initiated), &news)?;
        }
        if forgotten || lapsed_at.is_some() {
            tx.execute("UPDATE connections SET next_fields = NULL WHERE id = ?1", [id.as_str()])?;
        }
        tx.commit()?;
        Ok(forgotten || lapsed_at.is_some())
    }
}

/// Tells whether a user has a connection that is `INITIATED`, or anybody a login that goes on.
fn waits(db: &Database, user: &str) -> Result<Option<bool>> {
    let mut select = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM connections WHERE user_id = ?1 AND status = 'INITIATED')
             OR EXISTS (SELECT 1 FROM flows WHERE used = 0)",
    )?;
    Ok(Some(select.query_row([user], |row| row.get(0))?))
}

/// Returns when the login of an `INITIATED` row lapsed, if it has by now.
fn lapsed_at(db: &Database, id: &ConnectionId, now: Millis) -> Result<Option<Millis>> {
    let mut select = db.prepare_cached(&format!(
        "SELECT max({LAPSES_AT}, last_status_at + 1) FROM connections
         WHERE id = ?1 AND status = 'INITIATED' AND {LAPSES_AT} <= ?2"
    ))?;
    let row = select.query_row(params![id.as_str(), now.0], |row| row.get(0).map(Millis));
    Ok(row.optional()?)
}
