//! Failures that were asked for: planned by one process, played by whichever is asked next.
//!
//! Not here: what a failure looks like (`fail`).

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Store, broken, connect};
use crate::api::error::Result;
use crate::api::ids::Slug;
use crate::api::sandbox::{At, Failure, What};

/// Plans a failure, behind those that were planned before.
pub(crate) fn plan(database: &Path, failure: &Failure) -> Result<()> {
    let connection = connect(database).map_err(|cause| broken(database, cause))?;
    connection
        .execute(
            "INSERT INTO failures (what, at, toolkit, times) VALUES (?1, ?2, ?3, ?4)",
            params![
                word(&failure.what),
                word(&failure.at),
                failure.toolkit.as_ref().map(Slug::as_str),
                failure.times
            ],
        )
        .map(drop)
        .map_err(|cause| broken(database, cause.into()))
}

/// Returns the failures still to come, in the order they were planned; none where there is no file.
pub(crate) fn planned(database: &Path) -> Result<Vec<Failure>> {
    if !database.exists() {
        return Ok(Vec::new());
    }
    let connection = connect(database).map_err(|cause| broken(database, cause))?;
    all(&connection).map_err(|cause| broken(database, cause.into()))
}

/// Forgets the failures still to come.
pub(crate) fn clear(database: &Path) -> Result<()> {
    if !database.exists() {
        return Ok(());
    }
    let connection = connect(database).map_err(|cause| broken(database, cause))?;
    connection
        .execute("DELETE FROM failures", [])
        .map(drop)
        .map_err(|cause| broken(database, cause.into()))
}

/// A request that a failure may fit.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Fitting<'a> {
    /// What it asks.
    pub(in crate::sandbox) at: At,
    /// The app.
    pub(in crate::sandbox) toolkit: &'a str,
    /// Whether it changes something: nothing else can be accepted and then not be answered.
    pub(in crate::sandbox) changes: bool,
}

/// Takes one failure that fits a request, so that nobody else plays it; `only` looks for one kind.
///
/// Where none is planned, nothing is written.
pub(in crate::sandbox) fn take(
    store: &Store,
    asked: Fitting<'_>,
    only: Option<What>,
) -> rusqlite::Result<Option<What>> {
    let some = "SELECT EXISTS (SELECT 1 FROM failures)";
    if !store.read(|db| db.prepare_cached(some)?.query_row([], |row| row.get::<_, bool>(0)))? {
        return Ok(None);
    }
    store.write(|tx| {
        let fitting = tx
            .query_row(
                "SELECT id, what, times FROM failures
                 WHERE at = ?1 AND (toolkit IS NULL OR toolkit = ?2) AND (?3 IS NULL OR what = ?3)
                     AND (?4 OR what <> ?5)
                 ORDER BY id LIMIT 1",
                params![
                    word(&asked.at),
                    asked.toolkit,
                    only.as_ref().map(word),
                    asked.changes,
                    word(&What::GatewayTimeout)
                ],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?)),
            )
            .optional()?;
        let Some((id, what, times)) = fitting else { return Ok(None) };
        let used = if times > 1 {
            "UPDATE failures SET times = times - 1 WHERE id = ?1"
        } else {
            "DELETE FROM failures WHERE id = ?1"
        };
        tx.execute(used, [id])?;
        Ok(read(what))
    })
}

fn all(connection: &Connection) -> rusqlite::Result<Vec<Failure>> {
    let mut select =
        connection.prepare("SELECT what, at, toolkit, times FROM failures ORDER BY id")?;
    let failure = |row: &Row<'_>| {
        let toolkit: Option<String> = row.get(2)?;
        let (what, at) = (read(row.get(0)?), read(row.get(1)?));
        let times = row.get(3)?;
        let toolkit = toolkit.and_then(|slug| slug.parse().ok());
        Ok(what.zip(at).map(|(what, at)| Failure { what, at, toolkit, times }))
    };
    // What an older build of the same schema does not know stays unsaid.
    select.query_map([], failure)?.filter_map(rusqlite::Result::transpose).collect()
}

/// Returns an enum's word.
fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

fn read<T: DeserializeOwned>(word: String) -> Option<T> {
    serde_json::from_value(Value::String(word)).ok()
}
