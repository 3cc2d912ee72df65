//! Keys of programs, known by their SHA-256.

use rusqlite::{OptionalExtension as _, Row, params};

use super::columns::Columns;
use super::recall::Known;
use super::{Store, Writing};
use crate::api::error::Result;
use crate::api::ids::AppId;
use crate::api::keys::Key;
use crate::api::time::Millis;

/// How far apart the uses of a key are that are noted, in milliseconds.
const OFTEN: i64 = 60_000;

const COLUMNS: &str = "id, name, role, user_id, dialect, app, prefix, last_4, created_at, expires_at, last_used_at, revoked_at";

impl Store {
    /// Keeps a key that was made just now, by its hash.
    pub(crate) fn insert_key(&self, key: &Key, hash: &[u8]) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO keys (id, name, role, user_id, hash, last_4, created_at, expires_at, dialect, app,
                 prefix)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                key.key_id,
                key.name,
                key.role.as_str(),
                key.tenant_user_id,
                hash,
                key.last_4,
                key.created_at.0,
                key.expires_at.map(|at| at.0),
                key.dialect.as_str(),
                key.app.as_ref().map(AppId::as_str),
                key.prefix,
            ],
        )?;
        tx.commit()
    }

    /// Returns every key but those of sessions, newest first.
    pub(crate) fn keys(&self) -> Result<Vec<Key>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM keys WHERE id NOT LIKE 'sess\\_%' ESCAPE '\\'
             ORDER BY created_at DESC, rowid DESC"
        ))?;
        let rows = select.query_map([], key_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the key of that hash, whether it is good or not.
    pub(crate) fn key_by_hash(&self, hash: &[u8]) -> Result<Option<Key>> {
        self.recalled(Known::keys, hash, |conn| {
            let mut select =
                conn.prepare_cached(&format!("SELECT {COLUMNS} FROM keys WHERE hash = ?1"))?;
            Ok(select.query_row([hash], key_row).optional()?)
        })
    }

    /// Returns the key of that id, whether it is good or not.
    pub(crate) fn key_by_id(&self, id: &str) -> Result<Option<Key>> {
        let conn = self.conn();
        let mut select =
            conn.prepare_cached(&format!("SELECT {COLUMNS} FROM keys WHERE id = ?1"))?;
        Ok(select.query_row([id], key_row).optional()?)
    }

    /// Returns the app that a key is for, and notes that it is used; one that is for none yet is for `app` now.
    ///
    /// Its use is noted as often as [`used`] does, so that not every call writes.
    pub(crate) fn use_key(&self, id: &str, app: &AppId, now: Millis) -> Result<Option<AppId>> {
        let Some(key) = self.key_by_id(id)? else { return Ok(None) };
        let other = key.app.as_ref().is_some_and(|bound| bound != app);
        let lately =
            key.last_used_at.is_some_and(|used| used.0.abs_diff(now.0) < OFTEN.unsigned_abs());
        if other || (key.app.is_some() && lately) {
            return Ok(key.app);
        }
        let tx = self.write()?;
        // Somebody else may have been quicker with another app.
        let bound = tx.query_row(
            "UPDATE keys SET app = ifnull(app, ?2), last_used_at = ?3 WHERE id = ?1 RETURNING app",
            params![id, app.as_str(), now.0],
            |row| row.get::<_, String>(0),
        )?;
        tx.commit()?;
        Ok(bound.parse().ok())
    }

    /// Takes a key back, and returns it; `None` if there is none of that id. Once is for ever.
    pub(crate) fn revoke_key(&self, id: &str, now: Millis) -> Result<Option<Key>> {
        let tx = self.write()?;
        let revoked = tx.query_row(
            &format!(
                "UPDATE keys SET revoked_at = ifnull(revoked_at, ?2) WHERE id = ?1
                 RETURNING {COLUMNS}"
            ),
            params![id, now.0],
            key_row,
        );
        let revoked = revoked.optional()?;
        tx.commit()?;
        Ok(revoked)
    }
}

/// Notes that something was done with a key, in the transaction that logs what: once a minute.
pub(super) fn used(tx: &Writing<'_>, id: &str, at: Millis) -> Result<()> {
    tx.prepare_cached(
        "UPDATE keys SET last_used_at = ?2
         WHERE id = ?1 AND (last_used_at IS NULL OR abs(last_used_at - ?2) >= ?3)",
    )?
    .execute(params![id, at.0, OFTEN])?;
    Ok(())
}

/// Reads a row of [`COLUMNS`].
fn key_row(row: &Row<'_>) -> rusqlite::Result<Key> {
    let mut columns = Columns::of(row);
    Ok(Key {
        key_id: columns.next()?,
        name: columns.next()?,
        role: columns.word()?,
        tenant_user_id: columns.next()?,
        dialect: columns.word()?,
        app: columns.next::<Option<String>>()?.and_then(|app| app.parse().ok()),
        prefix: columns.next()?,
        last_4: columns.next()?,
        created_at: columns.time()?,
        expires_at: columns.time_if_any()?,
        last_used_at: columns.time_if_any()?,
        revoked: columns.next::<Option<i64>>()?.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::keys::{Dialect, Role};

    fn key(id: &str, at: i64) -> Key {
        Key {
            key_id: id.into(),
            name: "bot".into(),
            role: Role::Agent,
            tenant_user_id: None,
            dialect: Dialect::Integrations,
            app: Some("app_1".parse().unwrap()),
            prefix: "bb_sk_012345".into(),
            last_4: "abcd".into(),
            created_at: Millis(at),
            expires_at: Some(Millis(at + 10)),
            last_used_at: None,
            revoked: false,
        }
    }

    #[test]
    fn a_key_is_known_by_its_hash_for_ever() {
        let store = Store::in_memory();
        store.insert_key(&key("key_1", 1), b"one").unwrap();
        store.insert_key(&key("key_2", 2), b"two").unwrap();

        let first = store.revoke_key("key_1", Millis(50)).unwrap().unwrap();
        let again = store.revoke_key("key_1", Millis(60)).unwrap().unwrap();

        assert!(first.revoked && first == again);
        assert_eq!(store.key_by_hash(b"one").unwrap(), Some(first.clone()));
        assert_eq!(store.key_by_id("key_2").unwrap(), Some(key("key_2", 2)));
        assert_eq!(store.keys().unwrap(), [key("key_2", 2), first]);
        assert_eq!(store.key_by_hash(b"other").unwrap(), None);
        assert_eq!(store.revoke_key("key_3", Millis(1)).unwrap(), None);
    }

    #[test]
    fn a_key_is_bound_to_one_app_for_ever() {
        let (one, other) = ("one".parse().unwrap(), "other".parse().unwrap());
        let store = Store::in_memory();
        store.insert_key(&Key { app: None, ..key("key_1", 1) }, b"one").unwrap();

        let used = |app: &AppId, at: i64| store.use_key("key_1", app, Millis(at)).unwrap();
        let last = || store.key_by_id("key_1").unwrap().unwrap().last_used_at;

        assert_eq!(used(&one, 70_005), Some(one.clone()));
        assert_eq!(used(&other, 200_000), Some(one.clone()));
        assert_eq!(used(&one, 70_006), Some(one.clone()));
        assert_eq!(last(), Some(Millis(70_005)));
        assert_eq!(used(&one, 130_005), Some(one.clone()));
        assert_eq!(last(), Some(Millis(130_005)));
        assert_eq!(store.use_key("key_2", &one, Millis(1)).unwrap(), None);
    }
}
