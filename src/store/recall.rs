//! What a server reads for every call and hardly anybody ever writes: who calls, for whom, under which kit, and that no
//! login of theirs goes on.
//!
//! A reader goes by what it has read before for as long as `SQLite` says that the database is as it was then.

use std::collections::HashMap;
use std::sync::PoisonError;

use rusqlite::Connection;

use super::Store;
use crate::api::error::Result;
use crate::api::keys::Key;
use crate::api::kits::Kit;
use crate::api::workspace::User;

/// How many rows of a kind a reader knows at most; with one more it begins anew.
const MOST: usize = 1_000;

/// Rows by the names under which they were asked for.
type Rows<T> = HashMap<Vec<u8>, T>;

/// What a reader knows of one state of the database.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Which state that is, as `SQLite` counts them; none before the first
    version: Option<i64>,
    /// Whether it is known to be the one that is read now
    is_now: bool,
    keys: Rows<Key>,
    users: Rows<User>,
    waiting: Rows<bool>,
    kits: Rows<Kit>,
}

impl Known {
    /// Returns the keys, by their hashes.
    pub(super) fn keys(&mut self) -> &mut Rows<Key> {
        &mut self.keys
    }

    /// Returns the users, as callers name them.
    pub(super) fn users(&mut self) -> &mut Rows<User> {
        &mut self.users
    }

    /// Returns whether a login may go on that a user waits for, by their ids.
    pub(super) fn waiting(&mut self) -> &mut Rows<bool> {
        &mut self.waiting
    }

    /// Returns the kits, by the ids of the users who are under them.
    pub(super) fn kits(&mut self) -> &mut Rows<Kit> {
        &mut self.kits
    }

    /// Says that another state may be read from now on.
    pub(super) fn doubt(&mut self) {
        self.is_now = false;
    }

    /// Forgets everything if it is of another state than the one that a connection reads.
    ///
    /// Source: `SQLite`'s documentation of `PRAGMA data_version` (read 2026-11-28): it differs where another
    /// connection has committed anything meanwhile. A reader commits nothing itself.
    fn check(&mut self, conn: &Connection) -> Result<()> {
        if self.is_now {
            return Ok(());
        }
        let mut select = conn.prepare_cached("PRAGMA data_version")?;
        let version = Some(select.query_row([], |row| row.get(0))?);
        if self.version != version {
            *self = Self { version, ..Self::default() };
        }
        self.is_now = true;
        Ok(())
    }
}

impl Store {
    /// Tells whether anything is recalled here: by who reads one state, as a server does.
    pub(super) fn recalls(&self) -> bool {
        self.own().is_some()
    }

    /// Returns the row of a name, as it was read before where that is still the same.
    pub(super) fn recalled<T: Clone>(
        &self,
        of: fn(&mut Known) -> &mut Rows<T>,
        name: &[u8],
        read: impl FnOnce(&Connection) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        // Only within one state is it known what is read by it.
        let Some(reader) = self.own() else { return read(&self.conn()) };
        let Some(conn) = reader.idle() else { return read(&self.conn()) };
        let mut known = reader.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.check(&conn)?;
        let rows = of(&mut known);
        if let Some(row) = rows.get(name) {
            return Ok(Some(row.clone()));
        }
        let row = read(&conn)?;
        if rows.len() >= MOST {
            rows.clear();
        }
        rows.extend(row.iter().map(|row| (name.to_vec(), row.clone())));
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ids::UserRef;
    use crate::api::time::Millis;
    use crate::api::workspace::CreateUser;
    use crate::store::UserChange;

    fn email(store: &Store, name: &UserRef) -> Option<String> {
        store.user(name).unwrap().unwrap().email
    }

    #[tokio::test]
    async fn what_is_known_is_read_again_once_another_has_written() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap().shared(1).unwrap();
        let other = Store::open(dir.path()).unwrap();
        let name: UserRef = "ann".parse().unwrap();
        let new = CreateUser {
            external_id: name.as_str().parse().ok(),
            email: Some("old@example.com".to_owned()),
            label: None,
            account_kit_id: None,
        };
        let id = other.create_user(&new, Millis::now()).unwrap().id;
        let known = || {
            let known = store.readers[0].known.lock().unwrap();
            (known.users.len(), known.version)
        };

        let before = store.steadily(async { [email(&store, &name), email(&store, &name)] }).await;
        let (count, version) = known();
        let again = store.steadily(async { email(&store, &name) }).await;
        let unchanged = known();
        let email_is = Some("new@example.com".to_owned());
        let change =
            UserChange { email: email_is, external_id: None, label: None, status: None, kit: None };
        other.update_user(&id, &change).unwrap();
        let after = store.steadily(async { email(&store, &name) }).await;

        let old = Some("old@example.com".to_owned());
        assert_eq!((before, again), ([old.clone(), old.clone()], old));
        assert_eq!((count, unchanged), (1, (1, version)));
        assert_eq!(after.as_deref(), Some("new@example.com"));
        assert_ne!(known().1, version);
    }

    #[tokio::test]
    async fn nobody_who_is_not_there_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap().shared(1).unwrap();

        let found = store.steadily(async { store.key_by_hash(b"none").unwrap() }).await;

        assert_eq!(found, None);
        assert!(store.readers[0].known.lock().unwrap().keys.is_empty());
    }
}
