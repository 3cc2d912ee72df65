//! Connections as they are read, and as a login begins. What becomes of them then is in `mirror`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::{OptionalExtension as _, Row, params};

use super::columns::Columns;
use super::flows::{self, Flow};
use super::{Store, Writing, json, parsed};
use crate::api::connections::{Connection, PendingLogin, Status};
use crate::api::error::Result;
use crate::api::ids::{ConnectionId, Label, Slug};
use crate::api::time::Millis;
use crate::api::toolkits::Provider;

/// A login that begins: the row it is for, and what its end will need.
#[derive(Debug)]
pub(crate) struct NewFlow<'a> {
    /// UUID of the user
    pub(crate) user: &'a str,
    /// App
    pub(crate) toolkit: &'a Slug,
    /// What reaches it
    pub(crate) provider: Provider,
    /// What the user calls the account
    pub(crate) label: Option<&'a Label>,
    /// Parts of the app's address
    pub(crate) fields: &'a BTreeMap<String, String>,
    /// Scopes asked for
    pub(crate) scopes: &'a [String],
    /// Whether an active connection is logged in again
    pub(crate) reconnect: bool,
    /// Whether it takes the place of a login that a process waits for
    pub(crate) restart: bool,
    /// Whether this process waits for its end
    pub(crate) waits: bool,
}

/// A login that began, or why none did: the connection is active, or another login waits.
#[derive(Debug, PartialEq)]
pub(crate) struct Begun {
    /// The connection it is for
    pub(crate) id: ConnectionId,
    /// Since and until when it waits, where it has a flow; of another's if none began
    pub(crate) login: Option<PendingLogin>,
    /// Whether it began
    pub(crate) began: bool,
    /// Whether an earlier link or code, which still counted, no longer does
    pub(crate) superseded: bool,
}

/// The columns that [`connection`] reads, and then whose it is.
pub(super) const CONNECTION: &str = "id, toolkit, status, label, account, scopes, created_at,
    last_status_at, last_used_at, reason, is_default, provider, user_id";

/// A user's active and expired connections to apps; asked for by every call that may use one.
static CONNECTED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {CONNECTION} FROM connections WHERE user_id = ?1 AND status IN ('ACTIVE', 'EXPIRED')
             AND toolkit <> 'brokerage'
         ORDER BY last_status_at DESC, toolkit"
    )
});

impl Store {
    /// Returns a user's active and expired connections to apps, the one that changed last first.
    pub(crate) fn connected(&self, user: &str) -> Result<Vec<Connection>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&CONNECTED)?;
        let rows = select.query_map([user], connection)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns all of a user's connections to apps, or those to one toolkit or the brokerage, the active ones
    /// first.
    pub(crate) fn connections(
        &self,
        user: &str,
        toolkit: Option<&Slug>,
    ) -> Result<Vec<Connection>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!(
            "SELECT {CONNECTION} FROM connections WHERE user_id = ?1 AND (?2 IS NULL AND toolkit <> 'brokerage' OR toolkit = ?2)
             ORDER BY status <> 'ACTIVE', last_status_at DESC, id",
        ))?;
        let rows = select.query_map(params![user, toolkit.map(Slug::as_str)], connection)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns a connection with its user's UUID.
    pub(crate) fn connection(&self, id: &ConnectionId) -> Result<Option<(String, Connection)>> {
        let conn = self.conn();
        let mut select =
            conn.prepare_cached(&format!("SELECT {CONNECTION} FROM connections WHERE id = ?1"))?;
        let found = select
            .query_row([id.as_str()], |row| Ok((row.get("user_id")?, connection(row)?)))
            .optional()?;
        Ok(found)
    }

    /// Returns the parts of the app's address that the user gave for a connection.
    pub(crate) fn fields(&self, id: &ConnectionId) -> Result<BTreeMap<String, String>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached("SELECT fields FROM connections WHERE id = ?1")?;
        Ok(select.query_row([id.as_str()], |row| json(row, "fields"))?)
    }

    /// Returns the parts of the app's address that count for the login that goes on.
    pub(crate) fn next_fields(&self, id: &ConnectionId) -> Result<BTreeMap<String, String>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT ifnull(next_fields, fields) AS fields FROM connections WHERE id = ?1",
        )?;
        Ok(select.query_row([id.as_str()], |row| json(row, "fields"))?)
    }

    /// Tells whether a login was begun for a connection and has not ended.
    pub(crate) fn awaits_login(&self, id: &ConnectionId) -> Result<bool> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT status = 'INITIATED' OR status IN ('ACTIVE', 'EXPIRED') AND next_fields IS NOT NULL
             FROM connections WHERE id = ?1",
        )?;
        Ok(select.query_row([id.as_str()], |row| row.get(0))?)
    }

    /// Begins a login: the row of this user, toolkit and label becomes `INITIATED`, unless it is
    /// active and stays so until the new login succeeds. An earlier login for it is forgotten.
    ///
    /// None begins for an active row, unless it reconnects it, nor one with a flow while a process waits
    /// for an earlier one, unless it restarts it.
    pub(crate) fn begin(
        &self,
        new: &NewFlow<'_>,
        flow: Option<&Flow>,
        now: Millis,
    ) -> Result<Begun> {
        let waited_by = new.waits.then(|| self.presence()).transpose()?;
        let tx = self.write()?;
        if !new.reconnect
            && let Some(id) = active(&tx, new)?
        {
            return Ok(Begun { id, login: None, began: false, superseded: false });
        }
        if flow.is_some()
            && !new.restart
            && let Some((id, login)) = flows::waited_for(&tx, &self.dir, new, now)?
        {
            return Ok(Begun { id, login: Some(login), began: false, superseded: false });
        }
        let (id, since) = begin_row(&tx, new, now)?;
        let superseded = flows::forget(&tx, &id, now)?;
        let mut login = None;
        if let Some(flow) = flow {
            flows::put(&tx, &id, flow, since, waited_by)?;
            login = Some(PendingLogin { since, until: flow.expires_at });
        }
        tx.commit()?;
        Ok(Begun { id, login, began: true, superseded })
    }

    /// Makes a connection the one that is meant where nobody says, in place of the one before.
    pub(crate) fn set_default(&self, id: &ConnectionId) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "UPDATE connections SET is_default = 0 WHERE is_default = 1 AND (user_id, toolkit) =
                 (SELECT user_id, toolkit FROM connections WHERE id = ?1)",
            [id.as_str()],
        )?;
        tx.execute("UPDATE connections SET is_default = 1 WHERE id = ?1", [id.as_str()])?;
        tx.commit()
    }

    /// Lets no account of a user at a toolkit be meant unless it is named.
    pub(crate) fn clear_default(&self, user: &str, toolkit: &Slug) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "UPDATE connections SET is_default = 0 WHERE user_id = ?1 AND toolkit = ?2",
            [user, toolkit.as_str()],
        )?;
        tx.commit()
    }
}

/// Returns the row of this user, toolkit and label, if it is active.
fn active(tx: &Writing<'_>, new: &NewFlow<'_>) -> Result<Option<ConnectionId>> {
    let label = new.label.map(Label::as_str);
    let found = tx
        .query_row(
            "SELECT id FROM connections WHERE user_id = ?1 AND toolkit = ?2
                 AND ifnull(label, '') = ifnull(?3, '') AND status = 'ACTIVE'",
            params![new.user, new.toolkit.as_str(), label],
            |row| parsed(row, "id"),
        )
        .optional()?;
    Ok(found)
}

/// Makes the row of this user, toolkit and label, or takes the one there is; returns when the login
/// began, which is not before the row last changed.
fn begin_row(tx: &Writing<'_>, new: &NewFlow<'_>, now: Millis) -> Result<(ConnectionId, Millis)> {
    let label = new.label.map(Label::as_str);
    let fields = serde_json::to_string(new.fields).unwrap_or_else(|_| "{}".to_owned());
    let begun = tx.query_row(
        "INSERT INTO connections (id, user_id, toolkit, status, label, scopes, next_fields, created_at,
             last_status_at, provider)
         VALUES (?1, ?2, ?3, 'INITIATED', ?4, ?5, ?6, ?7, ?7, ?8)
         ON CONFLICT (user_id, toolkit, ifnull(label, '')) DO UPDATE SET
             last_status_at = CASE status WHEN 'ACTIVE' THEN last_status_at
                                          ELSE max(excluded.last_status_at, last_status_at + 1) END,
             status = CASE status WHEN 'ACTIVE' THEN 'ACTIVE' ELSE 'INITIATED' END,
             scopes = CASE status WHEN 'ACTIVE' THEN scopes ELSE excluded.scopes END,
             next_fields = excluded.next_fields, reason = NULL, provider = excluded.provider
         RETURNING id, max(last_status_at, ?7)",
        params![
            ConnectionId::fresh().as_str(),
            new.user,
            new.toolkit.as_str(),
            label,
            serde_json::Value::from(new.scopes).to_string(),
            fields,
            now.0,
            new.provider.as_str(),
        ],
        |row| Ok((parsed(row, "id")?, Millis(row.get(1)?))),
    )?;
    Ok(begun)
}

/// Reads a row of [`CONNECTION`].
pub(super) fn connection(row: &Row<'_>) -> rusqlite::Result<Connection> {
    let mut columns = Columns::of(row);
    let id: ConnectionId = columns.parsed()?;
    let toolkit = columns.parsed()?;
    let status: String = columns.next()?;
    let status = Status::ALL.into_iter().find(|known| known.as_str() == status);
    Ok(Connection {
        connected_account_id: id.clone(),
        id,
        toolkit,
        status: status.unwrap_or(Status::Failed),
        label: columns.next::<Option<String>>()?.and_then(|label| label.parse().ok()),
        account: columns.next()?,
        scopes: columns.json()?,
        created_at: columns.time()?,
        last_status_at: columns.time()?,
        last_used_at: columns.time_if_any()?,
        reason: columns.next()?,
        is_default: columns.next()?,
        provider: columns.word()?,
    })
}
