//! The mirror: how connections stand.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::flows::{self, Flow};
use super::{Store, immediate, json, parsed, sealed};
use crate::api::connections::{Connection, Status};
use crate::api::error::Result;
use crate::api::ids::{ConnectionId, Label, Slug};
use crate::api::time::Millis;

/// A login that begins: the row it is for, and what its end will need.
#[derive(Debug)]
pub(crate) struct NewFlow<'a> {
    /// UUID of the user
    pub(crate) user: &'a str,
    /// App
    pub(crate) toolkit: &'a Slug,
    /// What the user calls the account
    pub(crate) label: Option<&'a Label>,
    /// Parts of the app's address
    pub(crate) fields: &'a BTreeMap<String, String>,
    /// Scopes asked for
    pub(crate) scopes: &'a [String],
}

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
}

const CONNECTION: &str = "SELECT id, user_id, toolkit, status, label, account, scopes, fields,
    created_at, last_status_at, last_used_at, reason, is_default FROM connections";

impl Store {
    /// Returns a user's active and expired connections, the one that changed last first.
    pub(crate) fn connected(&self, user: &str) -> Result<Vec<Connection>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!(
            "{CONNECTION} WHERE user_id = ?1 AND status IN ('ACTIVE', 'EXPIRED')
             ORDER BY last_status_at DESC, toolkit",
        ))?;
        let rows = select.query_map([user], connection)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns all of a user's connections, or those to one toolkit, the active ones first.
    pub(crate) fn connections(
        &self,
        user: &str,
        toolkit: Option<&Slug>,
    ) -> Result<Vec<Connection>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!(
            "{CONNECTION} WHERE user_id = ?1 AND (?2 IS NULL OR toolkit = ?2)
             ORDER BY status <> 'ACTIVE', last_status_at DESC, id",
        ))?;
        let rows = select.query_map(params![user, toolkit.map(Slug::as_str)], connection)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns a connection with its user's UUID.
    pub(crate) fn connection(&self, id: &ConnectionId) -> Result<Option<(String, Connection)>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("{CONNECTION} WHERE id = ?1"))?;
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

    /// Begins a login: the row of this user, toolkit and label becomes `INITIATED`, unless it is
    /// active and stays so until the new login succeeds. An earlier login for it is forgotten.
    pub(crate) fn begin(
        &self,
        new: &NewFlow<'_>,
        flow: Option<&Flow>,
        now: Millis,
    ) -> Result<ConnectionId> {
        let mut conn = self.conn();
        let tx = immediate(&mut conn)?;
        let id = begin_row(&tx, new, now)?;
        flows::forget(&tx, &id, now)?;
        if let Some(flow) = flow {
            flows::put(&tx, &id, flow, now)?;
        }
        tx.commit()?;
        Ok(id)
    }

    /// Ends a login well: stores its credential and marks the row `ACTIVE`.
    pub(crate) fn activate(
        &self,
        id: &ConnectionId,
        grant: &Grant<'_>,
        now: Millis,
    ) -> Result<Connection> {
        let mut conn = self.conn();
        let tx = immediate(&mut conn)?;
        sealed::put(&tx, grant.owner, grant.sealed)?;
        let active = tx.query_row(
            "UPDATE connections SET status = 'ACTIVE', account = ifnull(?2, account), scopes = ?3,
                 fields = ifnull(next_fields, fields), next_fields = NULL, reason = NULL, last_status_at = max(?4, last_status_at + 1)
             WHERE id = ?1 RETURNING *",
            params![
                id.as_str(),
                grant.account,
                serde_json::Value::from(grant.scopes).to_string(),
                now.0
            ],
            connection,
        )?;
        tx.commit()?;
        Ok(active)
    }

    /// Ends a login without success: `INITIATED` becomes `FAILED`; an active row stays as it is.
    pub(crate) fn fail(&self, id: &ConnectionId, reason: &str, now: Millis) -> Result<()> {
        self.conn().execute(
            "UPDATE connections SET status = 'FAILED', reason = ?2,
                 last_status_at = max(?3, last_status_at + 1)
             WHERE id = ?1 AND status = 'INITIATED'",
            params![id.as_str(), reason, now.0],
        )?;
        Ok(())
    }

    /// Notes that the app no longer takes the credential, if nothing newer is known of the row.
    pub(crate) fn expire(&self, id: &ConnectionId, reason: &str, seen_at: Millis) -> Result<()> {
        self.conn().execute(
            "UPDATE connections SET status = 'EXPIRED', reason = ?2, last_status_at = ?3
             WHERE id = ?1 AND status = 'ACTIVE' AND last_status_at < ?3",
            params![id.as_str(), reason, seen_at.0],
        )?;
        Ok(())
    }

    /// Notes that the app takes the credential again, if nothing newer is known of the row.
    pub(crate) fn revive(&self, id: &ConnectionId, seen_at: Millis) -> Result<()> {
        self.conn().execute(
            "UPDATE connections SET status = 'ACTIVE', reason = NULL, last_status_at = ?2
             WHERE id = ?1 AND status = 'EXPIRED' AND last_status_at < ?2",
            params![id.as_str(), seen_at.0],
        )?;
        Ok(())
    }

    /// Makes a connection the one that is meant where nobody says, in place of the one before.
    pub(crate) fn set_default(&self, id: &ConnectionId) -> Result<()> {
        let mut conn = self.conn();
        let tx = immediate(&mut conn)?;
        tx.execute(
            "UPDATE connections SET is_default = 0 WHERE is_default = 1 AND (user_id, toolkit) =
                 (SELECT user_id, toolkit FROM connections WHERE id = ?1)",
            [id.as_str()],
        )?;
        tx.execute("UPDATE connections SET is_default = 1 WHERE id = ?1", [id.as_str()])?;
        Ok(tx.commit()?)
    }

    /// Lets no account of a user at a toolkit be meant unless it is named.
    pub(crate) fn clear_default(&self, user: &str, toolkit: &Slug) -> Result<()> {
        self.conn().execute(
            "UPDATE connections SET is_default = 0 WHERE user_id = ?1 AND toolkit = ?2",
            [user, toolkit.as_str()],
        )?;
        Ok(())
    }

    /// Switches a connection off; its credential stays.
    pub(crate) fn deactivate(&self, id: &ConnectionId, now: Millis) -> Result<()> {
        self.set_ended(id, Status::Inactive, &[], now)
    }

    /// Deletes the credentials of `owners` and marks the row `REVOKED`.
    pub(crate) fn revoke(&self, id: &ConnectionId, owners: &[&str], now: Millis) -> Result<()> {
        self.set_ended(id, Status::Revoked, owners, now)
    }

    fn set_ended(
        &self,
        id: &ConnectionId,
        status: Status,
        owners: &[&str],
        now: Millis,
    ) -> Result<()> {
        let mut conn = self.conn();
        let tx = immediate(&mut conn)?;
        flows::forget(&tx, id, now)?;
        tx.execute(
            "UPDATE connections SET status = ?2, reason = NULL,
                 last_status_at = max(?3, last_status_at + 1) WHERE id = ?1",
            params![id.as_str(), status.as_str(), now.0],
        )?;
        for owner in owners {
            sealed::delete(&tx, owner)?;
        }
        Ok(tx.commit()?)
    }
}

/// Makes the row of this user, toolkit and label, or takes the one there is.
fn begin_row(tx: &Transaction<'_>, new: &NewFlow<'_>, now: Millis) -> Result<ConnectionId> {
    let label = new.label.map(Label::as_str);
    let fields = serde_json::to_string(new.fields).unwrap_or_else(|_| "{}".to_owned());
    let id = tx.query_row(
        "INSERT INTO connections (id, user_id, toolkit, status, label, scopes, next_fields, created_at,
             last_status_at)
         VALUES (?1, ?2, ?3, 'INITIATED', ?4, ?5, ?6, ?7, ?7)
         ON CONFLICT (user_id, toolkit, ifnull(label, '')) DO UPDATE SET
             last_status_at = CASE status WHEN 'ACTIVE' THEN last_status_at
                                          ELSE max(excluded.last_status_at, last_status_at + 1) END,
             status = CASE status WHEN 'ACTIVE' THEN 'ACTIVE' ELSE 'INITIATED' END,
             scopes = CASE status WHEN 'ACTIVE' THEN scopes ELSE excluded.scopes END,
             next_fields = excluded.next_fields, reason = NULL
         RETURNING id",
        params![
            ConnectionId::fresh().as_str(),
            new.user,
            new.toolkit.as_str(),
            label,
            serde_json::Value::from(new.scopes).to_string(),
            fields,
            now.0,
        ],
        |row| parsed(row, "id"),
    )?;
    Ok(id)
}

fn connection(row: &Row<'_>) -> rusqlite::Result<Connection> {
    let id: ConnectionId = parsed(row, "id")?;
    let status: String = row.get("status")?;
    Ok(Connection {
        connected_account_id: id.clone(),
        id,
        toolkit: parsed(row, "toolkit")?,
        status: Status::ALL
            .into_iter()
            .find(|known| known.as_str() == status)
            .unwrap_or(Status::Failed),
        label: row.get::<_, Option<String>>("label")?.and_then(|label| label.parse().ok()),
        account: row.get("account")?,
        scopes: json(row, "scopes")?,
        created_at: Millis(row.get("created_at")?),
        last_status_at: Millis(row.get("last_status_at")?),
        last_used_at: row.get::<_, Option<i64>>("last_used_at")?.map(Millis),
        reason: row.get("reason")?,
        is_default: row.get("is_default")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ids::UserRef;
    use crate::store::{FlowAnswer, flow_owner};

    fn store() -> (Store, String) {
        let store = Store::in_memory();
        let user = store.user(&"default".parse::<UserRef>().unwrap()).unwrap().unwrap();
        (store, user.id)
    }

    fn begun(store: &Store, user: &str, state: &[u8], at: i64) -> ConnectionId {
        let fields = BTreeMap::new();
        let toolkit = "gmail".parse().unwrap();
        let new = NewFlow { user, toolkit: &toolkit, label: None, fields: &fields, scopes: &[] };
        let flow = Flow {
            state_hash: state.to_vec(),
            owner: flow_owner(state),
            sealed: b"kept".to_vec(),
            expires_at: Millis(at + 100),
            poll_every: None,
        };
        store.begin(&new, Some(&flow), Millis(at)).unwrap()
    }

    fn activated(store: &Store, id: &ConnectionId, at: i64) -> Connection {
        let grant = Grant { owner: "c", sealed: b"x", account: Some("ann"), scopes: &[] };
        store.activate(id, &grant, Millis(at)).unwrap()
    }

    #[test]
    fn a_state_is_taken_once() {
        let (store, user) = store();
        let id = begun(&store, &user, b"s", 1);

        let first = store.take_flow(b"s", Millis(2)).unwrap();
        let second = store.take_flow(b"s", Millis(3)).unwrap();

        assert!(
            matches!(first, FlowAnswer::Taken(taken, bytes) if taken == id && bytes == b"kept")
        );
        assert!(matches!(second, FlowAnswer::Used(_)));
        assert!(matches!(store.take_flow(b"t", Millis(3)).unwrap(), FlowAnswer::Unknown));
    }

    #[test]
    fn a_login_begun_anew_forgets_the_one_before() {
        let (store, user) = store();
        let one = begun(&store, &user, b"one", 1);
        let two = begun(&store, &user, b"two", 2);

        assert_eq!(one, two);
        assert!(matches!(store.take_flow(b"one", Millis(3)).unwrap(), FlowAnswer::Unknown));
        assert!(matches!(store.take_flow(b"two", Millis(200)).unwrap(), FlowAnswer::Lapsed(_)));
    }

    #[test]
    fn an_active_connection_stays_active_until_its_next_login_succeeds() {
        let (store, user) = store();
        let id = begun(&store, &user, b"one", 1);
        activated(&store, &id, 2);

        begun(&store, &user, b"two", 3);
        store.fail(&id, "declined", Millis(4)).unwrap();

        let rows = store.connected(&user).unwrap();
        assert_eq!((rows.len(), rows[0].status), (1, Status::Active));
    }

    #[test]
    fn news_from_before_the_last_change_is_dropped() {
        let (store, user) = store();
        let id = begun(&store, &user, b"one", 1);
        activated(&store, &id, 10);

        store.expire(&id, "old news", Millis(10)).unwrap();
        assert_eq!(store.connected(&user).unwrap()[0].status, Status::Active);

        store.expire(&id, "news", Millis(11)).unwrap();
        assert_eq!(store.connected(&user).unwrap()[0].status, Status::Expired);
    }
}
