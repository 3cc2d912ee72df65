//! Objects of the apps that have no tables of their own, as JSON on shelves, and the replies that
//! Stripe keeps for idempotency keys.
//!
//! Not here: what the objects mean (each app's own matter).

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::hash;

/// Which app's objects are meant, whose, and of which kind. An id is unique on its shelf.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Shelf<'a> {
    /// The app's slug.
    pub(in crate::sandbox) app: &'a str,
    /// The account, or the thing that holds them: a channel, a calendar, a repository.
    pub(in crate::sandbox) owner: &'a str,
    /// The kind, by the vendor's word (`customer`).
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

/// Remembers a new object. Fails if the id is taken.
pub(in crate::sandbox) fn insert(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
    object: &Value,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO objects (app, owner, kind, id, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![shelf.app, shelf.owner, shelf.kind, id, object.to_string()])?;
    Ok(())
}

/// Replaces an object, which keeps its place.
pub(in crate::sandbox) fn replace(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
    object: &Value,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE objects SET body = ?5 WHERE app = ?1 AND owner = ?2 AND kind = ?3 AND id = ?4",
    )?
    .execute(params![shelf.app, shelf.owner, shelf.kind, id, object.to_string()])?;
    Ok(())
}

/// Returns an object.
pub(in crate::sandbox) fn find(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
) -> rusqlite::Result<Option<Value>> {
    db.prepare_cached(
        "SELECT body FROM objects WHERE app = ?1 AND owner = ?2 AND kind = ?3 AND id = ?4",
    )?
    .query_row([shelf.app, shelf.owner, shelf.kind, id], body)
    .optional()
}

/// Forgets an object; nothing if there is none.
pub(in crate::sandbox) fn remove(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM objects WHERE app = ?1 AND owner = ?2 AND kind = ?3 AND id = ?4",
    )?
    .execute([shelf.app, shelf.owner, shelf.kind, id])?;
    Ok(())
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
        "SELECT body FROM objects WHERE app = ?1 AND owner = ?2 AND kind = ?3
         AND (?4 = '' OR seq < (SELECT seq FROM objects
                                WHERE app = ?1 AND owner = ?2 AND kind = ?3 AND id = ?4))
         ORDER BY seq DESC",
    )?;
    for found in select.query_map([shelf.app, shelf.owner, shelf.kind, after], body)? {
        if visit(found?).is_break() {
            break;
        }
    }
    Ok(())
}

/// Returns all objects of a shelf in the order they were made.
pub(in crate::sandbox) fn all(db: &Connection, shelf: Shelf<'_>) -> rusqlite::Result<Vec<Value>> {
    db.prepare_cached(
        "SELECT body FROM objects WHERE app = ?1 AND owner = ?2 AND kind = ?3 ORDER BY seq",
    )?
    .query_map([shelf.app, shelf.owner, shelf.kind], body)?
    .collect()
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
