//! Sealed bytes by owner, and which key sealed them. The store cannot open any of it.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params};

use super::{Store, Writing};
use crate::api::error::{Code, Error, Result};
use crate::api::vault::{KEY_CHANGED, Key, KeySource, is_sealed_by};

impl Store {
    /// Returns the key this store was sealed with, or none as long as nothing was sealed.
    pub(crate) fn key(&self) -> Result<Option<Key>> {
        let conn = self.conn();
        let row: (Option<String>, Option<String>) = conn
            .prepare_cached("SELECT key_id, key_source FROM store")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (Some(id), Some(source)) = row else { return Ok(None) };
        let source = KeySource::ALL.into_iter().find(|known| known.as_str() == source);
        Ok(source.map(|source| Key { id, source }))
    }

    /// Remembers the key that seals this store from now on, and where it lies.
    pub(crate) fn set_key(&self, key: &Key) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "UPDATE store SET key_id = ?1, key_source = ?2",
            [&key.id, key.source.as_str()],
        )?;
        tx.commit()
    }

    /// Returns the sealed bytes of an owner.
    pub(crate) fn sealed(&self, owner: &str) -> Result<Option<Vec<u8>>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached("SELECT bytes FROM sealed WHERE owner = ?1")?;
        Ok(select.query_row([owner], |row| row.get(0)).optional()?)
    }

    /// Stores sealed bytes for an owner who has none; returns whether these are the ones that count.
    pub(crate) fn put_first_sealed(&self, owner: &str, bytes: &[u8]) -> Result<bool> {
        let tx = self.write()?;
        let present = tx.query_row("SELECT 1 FROM sealed WHERE owner = ?1", [owner], |_| Ok(()));
        if present.optional()?.is_some() {
            return Ok(false);
        }
        put(&tx, owner, bytes)?;
        tx.commit()?;
        Ok(true)
    }

    /// Replaces the sealed bytes of an owner if they still are `before`; returns whether they were.
    pub(crate) fn replace_sealed(&self, owner: &str, before: &[u8], after: &[u8]) -> Result<bool> {
        let tx = self.write()?;
        let present: Option<Vec<u8>> = tx
            .query_row("SELECT bytes FROM sealed WHERE owner = ?1", [owner], |row| row.get(0))
            .optional()?;
        if present.as_deref() != Some(before) {
            return Ok(false);
        }
        put(&tx, owner, after)?;
        tx.commit()?;
        Ok(true)
    }

    /// Returns how many owners have sealed bytes.
    pub(crate) fn sealed_count(&self) -> Result<usize> {
        let count: i64 =
            self.conn().query_row("SELECT count(*) FROM sealed", [], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Seals everything anew with another key, all or nothing: `reseal` gets each owner and its bytes.
    pub(crate) fn reseal(
        &self,
        key: &Key,
        reseal: impl Fn(&str, &[u8]) -> Result<Vec<u8>>,
    ) -> Result<usize> {
        let tx = self.write()?;
        let all = tx
            .prepare("SELECT owner, bytes FROM sealed ORDER BY owner")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<BTreeMap<String, Vec<u8>>>>()?;
        tx.execute(
            "UPDATE store SET key_id = ?1, key_source = ?2",
            [&key.id, key.source.as_str()],
        )?;
        for (owner, bytes) in &all {
            put(&tx, owner, &reseal(owner, bytes)?)?;
        }
        tx.commit()?;
        Ok(all.len())
    }
}

/// Replaces the sealed bytes of an owner inside a larger transaction.
///
/// Fails with the reason `key_changed` if another key seals this store by now: nobody could open them.
pub(super) fn put(tx: &Writing<'_>, owner: &str, bytes: &[u8]) -> Result<()> {
    let key: Option<String> =
        tx.prepare_cached("SELECT key_id FROM store")?.query_row([], |row| row.get(0))?;
    if key.is_some_and(|key| !is_sealed_by(bytes, &key)) {
        return Err(Error::new(Code::InternalError, "the key of the vault was changed meanwhile")
            .hint("run the command again")
            .reason(KEY_CHANGED));
    }
    tx.prepare_cached(
        "INSERT INTO sealed (owner, bytes) VALUES (?1, ?2)
         ON CONFLICT (owner) DO UPDATE SET bytes = excluded.bytes",
    )?
    .execute(params![owner, bytes])?;
    Ok(())
}

/// Deletes the sealed bytes of an owner inside a larger transaction.
pub(super) fn delete(tx: &Writing<'_>, owner: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM sealed WHERE owner = ?1")?.execute([owner])?;
    Ok(())
}
