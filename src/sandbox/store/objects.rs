//! Stripe's objects of every kind, and the replies kept for idempotency keys.
//!
//! Not here: what the objects mean (`stripe`).

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::hash;

/// Whose objects are meant, and of which kind (`customer`).
#[derive(Clone, Copy)]
pub(in crate::sandbox) struct Shelf<'a> {
    /// The account the API key stands for.
    pub(in crate::sandbox) account: &'a str,
    /// The kind, as in the object's `object`.
    pub(in crate::sandbox) kind: &'a str,
}

/// A reply that was given under an idempotency key.
pub(in crate::sandbox) struct Kept {
    /// The HTTP status.
    pub(in crate::sandbox) status: u16,
    /// The JSON.
    pub(in crate::sandbox) body: String,
    /// Whether it answered the same request.
    pub(in crate::sandbox) same: bool,
}

/// Remembers a new object under its own `id`.
pub(in crate::sandbox) fn insert(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
    object: &Value,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO objects (id, account, kind, body) VALUES (?1, ?2, ?3, ?4)",
        params![id, shelf.account, shelf.kind, object.to_string()],
    )?;
    Ok(())
}

/// Replaces an object.
pub(in crate::sandbox) fn replace(
    db: &Connection,
    id: &str,
    object: &Value,
) -> rusqlite::Result<()> {
    db.execute("UPDATE objects SET body = ?2 WHERE id = ?1", params![id, object.to_string()])?;
    Ok(())
}

/// Returns an object.
pub(in crate::sandbox) fn find(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
) -> rusqlite::Result<Option<Value>> {
    db.prepare_cached("SELECT body FROM objects WHERE id = ?1 AND account = ?2 AND kind = ?3")?
        .query_row([id, shelf.account, shelf.kind], body)
        .optional()
}

/// Shows `visit` the objects made before the one with the id `after`, newest first, until it
/// breaks off; all of them if `after` is empty.
pub(in crate::sandbox) fn newest(
    db: &Connection,
    shelf: Shelf<'_>,
    after: &str,
    mut visit: impl FnMut(Value) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let mut select = db.prepare_cached(
        "SELECT body FROM objects WHERE account = ?1 AND kind = ?2
         AND (?3 = '' OR seq < (SELECT seq FROM objects WHERE id = ?3)) ORDER BY seq DESC",
    )?;
    for found in select.query_map([shelf.account, shelf.kind, after], body)? {
        if visit(found?).is_break() {
            break;
        }
    }
    Ok(())
}

/// Returns what was answered under this key before.
pub(in crate::sandbox) fn kept(
    db: &Connection,
    account: &str,
    key: &str,
    request: &[u8],
) -> rusqlite::Result<Option<Kept>> {
    db.prepare_cached(
        "SELECT status, body, request = ?3 FROM replies WHERE account = ?1 AND key = ?2",
    )?
    .query_row(params![account, hash(key), request], |row| {
        Ok(Kept { status: row.get(0)?, body: row.get(1)?, same: row.get(2)? })
    })
    .optional()
}

/// Keeps what was answered under this key.
pub(in crate::sandbox) fn keep(
    db: &Connection,
    account: &str,
    key: &str,
    request: &[u8],
    (status, body): (u16, &str),
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO replies (account, key, request, status, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![account, hash(key), request, status, body],
    )?;
    Ok(())
}

fn body(row: &Row<'_>) -> rusqlite::Result<Value> {
    Ok(serde_json::from_str(&row.get::<_, String>(0)?).unwrap_or_default())
}
