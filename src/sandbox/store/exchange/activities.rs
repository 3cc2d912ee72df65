//! What happened to the accounts of the paper exchange: rows that are added and never changed.

use rusqlite::{Connection, OptionalExtension, params};

use super::{number, text};
use crate::api::time::Millis;

/// A row of the activities.
pub(in crate::sandbox) struct Note<'a> {
    /// Its number within the account.
    pub(in crate::sandbox) seq: u64,
    /// Its id.
    pub(in crate::sandbox) id: &'a str,
    /// The broker's word for its kind.
    pub(in crate::sandbox) kind: &'a str,
    /// When.
    pub(in crate::sandbox) at: Millis,
    /// The order it is of.
    pub(in crate::sandbox) order_id: Option<&'a str>,
    /// What is answered.
    pub(in crate::sandbox) body: String,
}

/// Which activities are asked for.
pub(in crate::sandbox) struct Noted<'a> {
    /// A JSON array of kinds; `None` is any.
    pub(in crate::sandbox) kinds: Option<String>,
    /// Those of this order.
    pub(in crate::sandbox) order_id: Option<&'a str>,
    /// Those later than this moment.
    pub(in crate::sandbox) after: Millis,
    /// Those earlier than this moment.
    pub(in crate::sandbox) until: Millis,
    /// Those behind this number, in the direction that is asked for.
    pub(in crate::sandbox) token: Option<i64>,
    /// Whether the earliest come first.
    pub(in crate::sandbox) ascending: bool,
    /// How many at most.
    pub(in crate::sandbox) limit: u32,
}

/// Adds an activity.
pub(in crate::sandbox) fn note(
    db: &Connection,
    account: &str,
    note: &Note<'_>,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO exchange_activities (account, seq, id, kind, at, order_id, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        account,
        number(note.seq),
        note.id,
        note.kind,
        note.at.0,
        note.order_id,
        note.body
    ])?;
    Ok(())
}

/// Returns the number of an activity, by its id.
pub(in crate::sandbox) fn noted_at(
    db: &Connection,
    account: &str,
    id: &str,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT seq FROM exchange_activities WHERE account = ?1 AND id = ?2")?
        .query_row([account, id], |row| row.get(0))
        .optional()
}

/// Returns the activities that are asked for, by their numbers.
pub(in crate::sandbox) fn activities(
    db: &Connection,
    account: &str,
    wanted: &Noted<'_>,
) -> rusqlite::Result<Vec<String>> {
    let (token, direction) = if wanted.ascending {
        (wanted.token.unwrap_or(i64::MIN), "ASC")
    } else {
        (wanted.token.unwrap_or(i64::MAX), "DESC")
    };
    let behind = if wanted.ascending { "seq > ?6" } else { "seq < ?6" };
    let of_order = if wanted.order_id.is_some() { "order_id = ?3" } else { "?3 IS NULL" };
    let sql = format!(
        "SELECT body FROM exchange_activities WHERE account = ?1
         AND (?2 IS NULL OR kind IN (SELECT value FROM json_each(?2)))
         AND {of_order} AND at > ?4 AND at < ?5 AND {behind}
         ORDER BY seq {direction} LIMIT ?7"
    );
    let found = params![
        account,
        wanted.kinds,
        wanted.order_id,
        wanted.after.0,
        wanted.until.0,
        token,
        wanted.limit
    ];
    db.prepare_cached(&sql)?.query_map(found, text)?.collect()
}
