//! OAuth clients that servers have made of us (RFC 7591), one a toolkit.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{Store, immediate, sealed};
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

impl Store {
    /// Remembers the client of a toolkit with the sealed secrets of `owner`, in place of the client
    /// `replaces`, and returns the one that counts: another's, if another process was faster.
    pub(crate) fn put_registration(
        &self,
        slug: &Slug,
        new: &Registration,
        replaces: Option<&str>,
        (owner, bytes): (&str, &[u8]),
    ) -> Result<Registration> {
        let mut conn = self.conn();
        let tx = immediate(&mut conn)?;
        let present = registered(&tx, slug)?;
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
        sealed::put(&tx, owner, bytes)?;
        tx.commit()?;
        Ok(new.clone())
    }

    /// Forgets the client `client_id` of a toolkit with the sealed secrets of `owner`; another stays.
    pub(crate) fn forget_registration(
        &self,
        slug: &Slug,
        client_id: &str,
        owner: &str,
    ) -> Result<()> {
        let mut conn = self.conn();
        let tx = immediate(&mut conn)?;
        if registered(&tx, slug)?.is_some_and(|one| one.client_id == client_id) {
            tx.execute("UPDATE toolkits SET registered = NULL WHERE slug = ?1", [slug.as_str()])?;
            sealed::delete(&tx, owner)?;
        }
        Ok(tx.commit()?)
    }
}

fn registered(tx: &Transaction<'_>, slug: &Slug) -> Result<Option<Registration>> {
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

    fn client(id: &str) -> Registration {
        let (server, client_id) = ("https://a".to_owned(), id.to_owned());
        Registration { server, client_id, auth: None, redirect_uri: None, expires_at: None }
    }

    #[test]
    fn of_two_clients_that_were_registered_at_once_the_first_counts() {
        let store = Store::in_memory();
        let slug = "acme".parse().unwrap();
        let put = |id, replaces| {
            store.put_registration(&slug, &client(id), replaces, ("r", id.as_bytes())).unwrap()
        };

        assert_eq!(put("one", None).client_id, "one");
        assert_eq!(put("two", None).client_id, "one");
        assert_eq!(put("three", Some("one")).client_id, "three");
        assert_eq!(store.sealed("r").unwrap().unwrap(), b"three");

        store.forget_registration(&slug, "one", "r").unwrap();
        assert_eq!(store.toolkit(&slug).unwrap().unwrap().registered, Some(client("three")));
        store.forget_registration(&slug, "three", "r").unwrap();
        assert_eq!(store.toolkit(&slug).unwrap().unwrap().registered, None);
        assert_eq!(store.sealed("r").unwrap(), None);
    }
}
