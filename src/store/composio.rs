//! The toolkits that Composio lists, the logins that are finished there, and its messages.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::{Store, parsed, sealed};
use crate::api::error::Result;
use crate::api::ids::{ConnectionId, Slug};
use crate::api::time::Millis;

/// How long the id of a message is remembered; one that is older than minutes is refused anyhow.
const REMEMBERED: Duration = Duration::from_hours(24);

/// When Composio's toolkits were listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListAge {
    /// When that went well last
    pub(crate) listed_at: Option<Millis>,
    /// When it was tried last
    pub(crate) tried_at: Millis,
}

/// A toolkit that Composio lists, as it is stored.
#[derive(Debug)]
pub(crate) struct ListedRow {
    /// What it is called here
    pub(crate) slug: Slug,
    /// Its manifest without tools, in JSON
    pub(crate) manifest: String,
    /// What Composio calls it and how one logs in there, in JSON
    pub(crate) remote: String,
}

impl Store {
    /// Returns when Composio's toolkits were listed; nothing where nobody ever tried.
    pub(crate) fn list_age(&self) -> Result<Option<ListAge>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached("SELECT listed_at, tried_at FROM composio")?;
        let age = select.query_row([], |row| {
            let listed_at: Option<i64> = row.get(0)?;
            Ok(ListAge { listed_at: listed_at.map(Millis), tried_at: Millis(row.get(1)?) })
        });
        Ok(age.optional()?)
    }

    /// Notes that Composio is asked for its toolkits now, whatever comes of it.
    pub(crate) fn try_list(&self, now: Millis) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO composio (id, tried_at) VALUES (1, ?1)
             ON CONFLICT (id) DO UPDATE SET tried_at = excluded.tried_at",
            [now.0],
        )?;
        tx.commit()
    }

    /// Stores which toolkits Composio lists, with its key where that is new. What is not listed any more is
    /// forgotten, unless somebody is connected to it; what is known of the tools of the rest stays.
    pub(crate) fn put_listed(
        &self,
        rows: &[ListedRow],
        secret: Option<(&str, &[u8])>,
        now: Millis,
    ) -> Result<()> {
        let tx = self.write()?;
        if let Some((owner, bytes)) = secret {
            sealed::put(&tx, owner, bytes)?;
        }
        {
            let mut put = tx.prepare_cached(
                "INSERT INTO ways (toolkit, provider, manifest, remote) VALUES (?1, 'composio', ?2, ?3)
                 ON CONFLICT (toolkit, provider) DO UPDATE SET manifest = excluded.manifest,
                     remote = excluded.remote",
            )?;
            for row in rows {
                put.execute(params![row.slug.as_str(), row.manifest, row.remote])?;
            }
        }
        let listed: Vec<&str> = rows.iter().map(|row| row.slug.as_str()).collect();
        tx.execute(
            "DELETE FROM ways WHERE provider = 'composio'
                 AND toolkit NOT IN (SELECT value FROM json_each(?1))
                 AND toolkit NOT IN (SELECT toolkit FROM connections
                     WHERE provider = 'composio' AND status IN ('INITIATED', 'ACTIVE', 'EXPIRED'))",
            [serde_json::Value::from(listed).to_string()],
        )?;
        tx.execute(
            "INSERT INTO composio (id, listed_at, tried_at) VALUES (1, ?1, ?1)
             ON CONFLICT (id) DO UPDATE SET listed_at = ?1, tried_at = ?1",
            [now.0],
        )?;
        tx.commit()
    }

    /// Forgets the toolkits that Composio lists, and what is sealed for these owners; false, and nothing is forgotten,
    /// if somebody is connected through it.
    pub(crate) fn forget_composio(&self, owners: &[&str]) -> Result<bool> {
        let tx = self.write()?;
        let used = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM connections
                 WHERE provider = 'composio' AND status IN ('INITIATED', 'ACTIVE', 'EXPIRED'))",
            [],
            |row| row.get::<_, bool>(0),
        )?;
        if used {
            return Ok(false);
        }
        tx.execute("DELETE FROM ways WHERE provider = 'composio'", [])?;
        tx.execute("DELETE FROM composio", [])?;
        for owner in owners {
            sealed::delete(&tx, owner)?;
        }
        tx.commit()?;
        Ok(true)
    }

    /// Stores how one toolkit of Composio's is reached, in place of what was known of that.
    pub(crate) fn put_listed_one(&self, row: &ListedRow) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "UPDATE ways SET manifest = ?2, remote = ?3 WHERE toolkit = ?1 AND provider = 'composio'",
            params![row.slug.as_str(), row.manifest, row.remote],
        )?;
        tx.commit()
    }

    /// Stores sealed bytes for an owner, in place of those before.
    pub(crate) fn put_sealed(&self, owner: &str, bytes: &[u8]) -> Result<()> {
        let tx = self.write()?;
        sealed::put(&tx, owner, bytes)?;
        tx.commit()
    }

    /// Returns the connections whose logins end at Composio and are older than `before`, in no order.
    pub(crate) fn linking(&self, before: Millis) -> Result<Vec<ConnectionId>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT DISTINCT connections.id FROM flows
             JOIN connections ON connections.id = flows.connection_id
             WHERE flows.used = 0 AND flows.poll_every IS NOT NULL AND provider = 'composio'
                 AND flows.created_at <= ?1",
        )?;
        let rows = select.query_map([before.0], |row| parsed(row, "id"))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the connections of a user, or of anyone, that go through Composio, in no order.
    pub(crate) fn at_composio(&self, user: Option<&str>) -> Result<Vec<ConnectionId>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT id FROM connections
             WHERE provider = 'composio' AND (?1 IS NULL OR user_id = ?1)",
        )?;
        let rows = select.query_map([user], |row| parsed(row, "id"))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Takes note of a message; false if it has come before.
    pub(crate) fn take_message(&self, id: &str, now: Millis) -> Result<bool> {
        let long_ago = now.0 - i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX);
        let tx = self.write()?;
        tx.execute("DELETE FROM composio_messages WHERE came_at < ?1", [long_ago])?;
        let new = tx.execute(
            "INSERT INTO composio_messages (id, came_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![id, now.0],
        )?;
        tx.commit()?;
        Ok(new == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::toolkits::Provider;

    fn row(slug: &str) -> ListedRow {
        let slug = slug.parse().unwrap();
        ListedRow { slug, manifest: "{}".to_owned(), remote: "{}".to_owned() }
    }

    #[test]
    fn what_is_not_listed_any_more_is_forgotten_and_the_tools_of_the_rest_stay() {
        let store = Store::in_memory();
        store.put_listed(&[row("acme"), row("gone")], None, Millis(5)).unwrap();
        let acme = "acme".parse().unwrap();
        store.put_tools(&acme, Provider::Composio, ("[]", None), Millis(6)).unwrap();

        store.put_listed(&[row("acme")], None, Millis(7)).unwrap();

        let ways = store.all_ways().unwrap();
        assert_eq!(ways.len(), 1);
        assert_eq!(ways[0].2.tools.as_deref(), Some("[]"));
        let age = ListAge { listed_at: Some(Millis(7)), tried_at: Millis(7) };
        assert_eq!(store.list_age().unwrap(), Some(age));
    }

    #[test]
    fn a_message_counts_once() {
        let store = Store::in_memory();

        assert!(store.take_message("msg_1", Millis(1)).unwrap());
        assert!(!store.take_message("msg_1", Millis(2)).unwrap());
        assert!(store.take_message("msg_2", Millis(2)).unwrap());
    }
}
