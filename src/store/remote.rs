//! What is kept of APIs elsewhere: keys, and what was last seen there. All of it is sealed.

use rusqlite::{OptionalExtension as _, params};

use super::{Store, Writing, sealed};
use crate::api::error::Result;
use crate::api::time::Millis;

/// How many things of one kind are kept of one API; the oldest go first.
const MOST: u32 = 500;

/// What kind of thing is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The key that somebody logged in with
    Key,
    /// How a user's connections stood
    Connected,
    /// An approval, or the answer to a call that was held
    Approval,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Connected => "connected",
            Self::Approval => "approval",
        }
    }
}

/// Names one thing that is kept. Scope and name are digests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// What kind of thing
    pub(crate) kind: Kind,
    /// Whose it is: an API, or an API and a key
    pub(crate) scope: &'a str,
    /// Which one
    pub(crate) name: &'a str,
}

/// Sealed bytes, and when what they hold was seen.
pub(crate) type Seen = (Vec<u8>, Millis);

impl Place<'_> {
    /// Returns the owner under which it is sealed.
    pub(crate) fn owner(&self) -> String {
        let Self { kind, scope, name } = self;
        format!("remote:{}:{scope}:{name}", kind.as_str())
    }
}

impl Store {
    /// Keeps things of one kind and scope, each by its name, in the place of what was kept there before.
    pub(crate) fn keep_remote(
        &self,
        (kind, scope): (Kind, &str),
        things: &[(String, Vec<u8>)],
        now: Millis,
    ) -> Result<()> {
        let tx = self.write()?;
        for (name, bytes) in things {
            tx.prepare_cached(
                "INSERT INTO remote (kind, scope, name, seen_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (kind, scope, name) DO UPDATE SET seen_at = excluded.seen_at",
            )?
            .execute(params![kind.as_str(), scope, name, now.0])?;
            sealed::put(&tx, &Place { kind, scope, name }.owner(), bytes)?;
        }
        let old = "SELECT name FROM remote WHERE kind = ?1 AND scope = ?2
                   ORDER BY seen_at DESC, name LIMIT -1 OFFSET ?3";
        let old: Vec<String> = tx
            .prepare_cached(old)?
            .query_map(params![kind.as_str(), scope, MOST], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for name in old {
            forget(&tx, &Place { kind, scope, name: &name })?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Returns what is kept in a place.
    pub(crate) fn kept_remote(&self, place: &Place<'_>) -> Result<Option<Seen>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT bytes, seen_at FROM remote JOIN sealed ON owner = ?4
             WHERE kind = ?1 AND scope = ?2 AND name = ?3",
        )?;
        let row = select.query_row(
            params![place.kind.as_str(), place.scope, place.name, place.owner()],
            |row| Ok((row.get(0)?, Millis(row.get(1)?))),
        );
        Ok(row.optional()?)
    }

    /// Returns the names of all that is kept of a kind, the one seen last at the head.
    pub(crate) fn remote_names(&self, kind: Kind, scope: &str) -> Result<Vec<String>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT name FROM remote WHERE kind = ?1 AND scope = ?2 ORDER BY seen_at DESC, name",
        )?;
        let rows = select.query_map([kind.as_str(), scope], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Forgets what is kept in a place; returns whether there was anything.
    pub(crate) fn forget_remote(&self, place: &Place<'_>) -> Result<bool> {
        let tx = self.write()?;
        let was_there = forget(&tx, place)?;
        tx.commit()?;
        Ok(was_there)
    }
}

fn forget(tx: &Writing<'_>, place: &Place<'_>) -> Result<bool> {
    let gone = tx.execute(
        "DELETE FROM remote WHERE kind = ?1 AND scope = ?2 AND name = ?3",
        params![place.kind.as_str(), place.scope, place.name],
    )?;
    sealed::delete(tx, &place.owner())?;
    Ok(gone > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: (Kind, &str) = (Kind::Approval, "s");

    fn place(name: &str) -> Place<'_> {
        Place { kind: OF.0, scope: OF.1, name }
    }

    fn thing(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
        (name.to_owned(), bytes.to_owned())
    }

    #[test]
    fn what_was_seen_last_is_kept_and_listed_first() {
        let store = Store::in_memory();

        store.keep_remote(OF, &[thing("a", b"one")], Millis(1)).unwrap();
        store.keep_remote(OF, &[thing("b", b"two")], Millis(2)).unwrap();
        store.keep_remote(OF, &[thing("a", b"three")], Millis(3)).unwrap();

        assert_eq!(store.kept_remote(&place("a")).unwrap(), Some((b"three".to_vec(), Millis(3))));
        assert_eq!(store.remote_names(Kind::Approval, "s").unwrap(), ["a", "b"]);
        assert!(store.remote_names(Kind::Approval, "t").unwrap().is_empty());
        assert!(store.forget_remote(&place("a")).unwrap());
        assert!(!store.forget_remote(&place("a")).unwrap());
        assert_eq!(store.kept_remote(&place("a")).unwrap(), None);
        assert_eq!(store.sealed_count().unwrap(), 1);
    }

    #[test]
    fn the_oldest_make_room() {
        let store = Store::in_memory();
        let all: Vec<_> = (0..MOST).map(|at| thing(&at.to_string(), b"x")).collect();

        store.keep_remote(OF, &all, Millis(1)).unwrap();
        store.keep_remote(OF, &[thing("new", b"x"), thing("0", b"y")], Millis(2)).unwrap();

        let names = store.remote_names(Kind::Approval, "s").unwrap();
        assert_eq!(names.len(), MOST as usize);
        assert_eq!(names[..2], ["0", "new"]);
        assert_eq!(store.sealed_count().unwrap(), MOST as usize);
    }
}
