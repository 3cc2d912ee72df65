//! OAuth clients that servers have made of us (RFC 7591). Of a toolkit the latest counts for the next
//! login; an earlier one is kept as long as a credential belongs to it.

use rusqlite::{OptionalExtension as _, ToSql, params};
use serde::{Deserialize, Serialize};

use super::{Store, Writing, sealed};
use crate::api::error::{Error, Result};
use crate::api::ids::Slug;
use crate::api::time::Millis;

/// A client that was registered here, for one server and no other. Its secrets are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registration {
    /// The server: its issuer, else its registration endpoint
    pub(crate) server: String,
    /// Client id
    pub(crate) client_id: String,
    /// Owner of its sealed secrets
    pub(crate) owner: String,
    /// How it names itself at the token endpoint: `none`, `basic` or `post`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<String>,
    /// The one address a browser may return to, where the server wants its port
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<String>,
    /// When its secret ends, if it does
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Millis>,
}

/// How long a client is kept that no credential belongs to: a login with it may still go on.
const KEPT: i64 = 24 * 60 * 60 * 1000;

impl Store {
    /// Remembers a client of a toolkit with its sealed secrets, as the latest in place of `replaces`,
    /// and returns the one that counts: another's, if another process was faster and it will do.
    ///
    /// Earlier clients that no credential belongs to are forgotten.
    pub(crate) fn put_registration(
        &self,
        slug: &Slug,
        new: &Registration,
        replaces: Option<&str>,
        (bytes, now): (&[u8], Millis),
    ) -> Result<Registration> {
        let tx = self.write()?;
        // Where the server wants the port, another's client is none for this login.
        let present = registered(&tx, slug)?.filter(|_| new.redirect_uri.is_none());
        if let Some(present) = present.filter(|one| Some(one.client_id.as_str()) != replaces) {
            return Ok(present);
        }
        let text = serde_json::to_string(new)
            .map_err(|error| Error::internal("a client cannot be written", error))?;
        tx.execute(
            "INSERT INTO toolkits (slug, registered) VALUES (?1, ?2)
             ON CONFLICT (slug) DO UPDATE SET registered = excluded.registered",
            params![slug.as_str(), text],
        )?;
        tx.execute(
            "INSERT INTO clients (toolkit, client_id, registered, created_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (toolkit, client_id) DO UPDATE SET
                 registered = excluded.registered, created_at = excluded.created_at",
            params![slug.as_str(), new.client_id, text, now.0],
        )?;
        let unused = "toolkit = ?1 AND client_id <> ?2 AND created_at < ?3 AND NOT EXISTS
            (SELECT 1 FROM connections WHERE connections.toolkit = ?1
                 AND connections.client_id = clients.client_id AND status <> 'REVOKED')";
        forget(&tx, unused, params![slug.as_str(), new.client_id, now.0.saturating_sub(KEPT)])?;
        sealed::put(&tx, &new.owner, bytes)?;
        tx.commit()?;
        Ok(new.clone())
    }

    /// Returns a client of a toolkit, the latest or an earlier one.
    pub(crate) fn registration(
        &self,
        slug: &Slug,
        client_id: &str,
    ) -> Result<Option<Registration>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT registered FROM clients WHERE toolkit = ?1 AND client_id = ?2",
        )?;
        let row = select.query_row([slug.as_str(), client_id], |row| row.get(0));
        Ok(read(row.optional()?))
    }

    /// Forgets a client of a toolkit with its sealed secrets; the others stay.
    pub(crate) fn forget_registration(&self, slug: &Slug, client_id: &str) -> Result<()> {
        let tx = self.write()?;
        if registered(&tx, slug)?.is_some_and(|one| one.client_id == client_id) {
            tx.execute("UPDATE toolkits SET registered = NULL WHERE slug = ?1", [slug.as_str()])?;
        }
        forget(&tx, "toolkit = ?1 AND client_id = ?2", params![slug.as_str(), client_id])?;
        tx.commit()
    }
}

/// Forgets all clients of a toolkit with their sealed secrets, in the transaction that forgets it.
pub(super) fn forget_all(tx: &Writing<'_>, slug: &Slug) -> Result<()> {
    forget(tx, "toolkit = ?1", params![slug.as_str()])
}

fn forget(tx: &Writing<'_>, which: &str, of: &[&dyn ToSql]) -> Result<()> {
    let gone = tx
        .prepare(&format!("DELETE FROM clients WHERE {which} RETURNING registered"))?
        .query_map(of, |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<Option<String>>>>()?;
    for client in gone.into_iter().filter_map(read) {
        sealed::delete(tx, &client.owner)?;
    }
    Ok(())
}

fn registered(tx: &Writing<'_>, slug: &Slug) -> Result<Option<Registration>> {
    let text: Option<Option<String>> = tx
        .query_row("SELECT registered FROM toolkits WHERE slug = ?1", [slug.as_str()], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(read(text.flatten()))
}

/// Reads a client as it is stored; what an older build cannot read counts as none.
pub(super) fn read(text: Option<String>) -> Option<Registration> {
    text.and_then(|text| serde_json::from_str(&text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(id: &str, redirect_uri: Option<&str>) -> Registration {
        Registration {
            server: "https://a".to_owned(),
            client_id: id.to_owned(),
            owner: format!("r:{id}"),
            auth: None,
            redirect_uri: redirect_uri.map(str::to_owned),
            expires_at: None,
        }
    }

    fn put(store: &Store, new: &Registration, replaces: Option<&str>, at: i64) -> String {
        let (slug, sealed) = ("acme".parse().unwrap(), (new.client_id.as_bytes(), Millis(at)));
        store.put_registration(&slug, new, replaces, sealed).unwrap().client_id
    }

    #[test]
    fn of_two_clients_that_were_registered_at_once_the_first_counts() {
        let store = Store::in_memory();
        let slug = "acme".parse().unwrap();
        let latest = || store.toolkit(&slug).unwrap().unwrap().registered;

        assert_eq!(put(&store, &client("one", None), None, 1), "one");
        assert_eq!(put(&store, &client("two", None), None, 1), "one");
        assert_eq!(put(&store, &client("three", None), Some("one"), 1), "three");
        assert_eq!(put(&store, &client("port", Some("x")), Some("one"), 1), "port");
        assert_eq!(store.sealed("r:one").unwrap().unwrap(), b"one");

        store.forget_registration(&slug, "one").unwrap();
        assert_eq!(store.sealed("r:one").unwrap(), None);
        assert_eq!(latest(), Some(client("port", Some("x"))));
        store.forget_registration(&slug, "port").unwrap();
        assert_eq!(latest(), None);
        assert_eq!(store.registration(&slug, "three").unwrap(), Some(client("three", None)));
    }

    #[test]
    fn a_client_is_kept_as_long_as_a_credential_belongs_to_it() {
        const DAY: i64 = KEPT;
        let store = Store::in_memory();
        let slug = "acme".parse().unwrap();
        let known = |id| store.registration(&slug, id).unwrap().is_some();
        put(&store, &client("one", None), None, 1);
        let id = store.begun("acme", None, 1);
        store.activated(&id, Some("one"), 2);

        put(&store, &client("two", None), Some("one"), 2);
        put(&store, &client("three", None), Some("two"), 3);
        assert!(known("two"), "a login with it may go on");
        put(&store, &client("four", None), Some("three"), 4 + DAY);
        assert!(known("one") && !known("two") && store.sealed("r:two").unwrap().is_none());

        store.revoke(&id, &["c"], Millis(5)).unwrap();
        put(&store, &client("five", None), Some("four"), 5 + DAY);
        assert!(!known("one") && known("four"));
    }
}
