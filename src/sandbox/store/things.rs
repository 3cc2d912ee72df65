//! Objects of apps that have no module of their own, and the files that were uploaded with them.
//!
//! Not here: what a path means (`generic`).

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

/// Whose things are meant, and which.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Shelf<'a> {
    /// The app's slug.
    pub(in crate::sandbox) app: &'a str,
    /// The account of the caller.
    pub(in crate::sandbox) account: &'a str,
    /// The path they were made at, below the API's own: `files/abc/permissions`.
    pub(in crate::sandbox) collection: &'a str,
}

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct File {
    /// What it is called, if the upload said so.
    pub(in crate::sandbox) name: Option<String>,
    /// Its media type.
    pub(in crate::sandbox) kind: String,
    /// What it holds.
    pub(in crate::sandbox) bytes: Vec<u8>,
}

/// Remembers a thing under an id, in place of the one that had it; its file stays unless there is
/// another.
pub(in crate::sandbox) fn put(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
    body: &Value,
    file: Option<&File>,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO things (app, account, collection, id, body, kind, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (app, account, collection, id) DO UPDATE SET body = excluded.body,
         kind = coalesce(excluded.kind, kind), bytes = coalesce(excluded.bytes, bytes)",
        params![
            shelf.app,
            shelf.account,
            shelf.collection,
            id,
            body.to_string(),
            file.map(|file| &file.kind),
            file.map(|file| &file.bytes)
        ],
    )?;
    Ok(())
}

/// Returns a thing.
pub(in crate::sandbox) fn find(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
) -> rusqlite::Result<Option<Value>> {
    db.prepare_cached(
        "SELECT body FROM things WHERE app = ?1 AND account = ?2 AND collection = ?3 AND id = ?4",
    )?
    .query_row([shelf.app, shelf.account, shelf.collection, id], |row| row.get(0))
    .optional()
    .map(|found| found.map(read))
}

/// Returns the collection that holds a thing: the shelf's own or, if it was made under an id that was
/// found for it, any.
pub(in crate::sandbox) fn place(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT collection FROM things WHERE app = ?1 AND account = ?2 AND id = ?3
         AND (collection = ?4 OR body ->> 'created_at' IS NOT NULL)
         ORDER BY collection = ?4 DESC, seq DESC LIMIT 1",
    )?
    .query_row([shelf.app, shelf.account, id, shelf.collection], |row| row.get(0))
    .optional()
}

/// Returns all things of a shelf in the order in which they were made.
pub(in crate::sandbox) fn all(
    db: &Connection,
    shelf: Shelf<'_>,
) -> rusqlite::Result<Vec<(String, Value)>> {
    let mut select = db.prepare_cached(
        "SELECT id, body FROM things WHERE app = ?1 AND account = ?2 AND collection = ?3
         ORDER BY seq",
    )?;
    let found = select.query_map([shelf.app, shelf.account, shelf.collection], |row| {
        Ok((row.get(0)?, read(row.get(1)?)))
    })?;
    found.collect()
}

/// Forgets a thing, and returns whether there was one.
pub(in crate::sandbox) fn remove(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
) -> rusqlite::Result<bool> {
    let removed = db.execute(
        "DELETE FROM things WHERE app = ?1 AND account = ?2 AND collection = ?3 AND id = ?4",
        [shelf.app, shelf.account, shelf.collection, id],
    )?;
    Ok(removed > 0)
}

/// Returns a thing and its file; the newest of that id, wherever it was made.
pub(in crate::sandbox) fn file(
    db: &Connection,
    shelf: Shelf<'_>,
    id: &str,
) -> rusqlite::Result<Option<(Value, Option<File>)>> {
    db.query_row(
        "SELECT body, kind, bytes FROM things WHERE app = ?1 AND account = ?2 AND id = ?3
         ORDER BY collection = ?4 DESC, seq DESC LIMIT 1",
        [shelf.app, shelf.account, id, shelf.collection],
        |row| {
            let (kind, bytes): (Option<String>, Option<Vec<u8>>) = (row.get(1)?, row.get(2)?);
            let file = kind.zip(bytes).map(|(kind, bytes)| File { name: None, kind, bytes });
            Ok((read(row.get(0)?), file))
        },
    )
    .optional()
}

/// Returns a number that no thing has had.
pub(in crate::sandbox) fn next_number(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row(
        "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'things'",
        [],
        |row| row.get(0),
    )
}

fn read(body: String) -> Value {
    serde_json::from_str(&body).unwrap_or_default()
}
