//! The paper exchange: accounts, orders, activities, closes, and what its keeper set.
//!
//! Not here: what any of it means, or how it is answered (`exchange`).

pub(in crate::sandbox) mod activities;
pub(in crate::sandbox) mod keeper;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::api::time::Millis;

/// Where an account stands.
pub(in crate::sandbox) struct Standing {
    /// Differs after every write of the account or of what is its own.
    pub(in crate::sandbox) version: i64,
    /// The last moment that is written down.
    pub(in crate::sandbox) last_seen: Millis,
}

/// An order as it is kept: what is looked for by, and the whole of it.
pub(in crate::sandbox) struct Kept<'a> {
    /// Its number within the account.
    pub(in crate::sandbox) seq: u64,
    /// Its id.
    pub(in crate::sandbox) id: &'a str,
    /// What its sender calls it; unique within the account.
    pub(in crate::sandbox) client_order_id: &'a str,
    /// What is traded, as the exchange spells it.
    pub(in crate::sandbox) symbol: &'a str,
    /// The market's word.
    pub(in crate::sandbox) class: &'a str,
    /// `buy` or `sell`.
    pub(in crate::sandbox) side: &'a str,
    /// Whether it may still be filled.
    pub(in crate::sandbox) open: bool,
    /// Id of the order it is a leg of.
    pub(in crate::sandbox) parent: Option<&'a str>,
    /// When it was sent.
    pub(in crate::sandbox) submitted_at: Millis,
    /// The order as JSON.
    pub(in crate::sandbox) body: String,
}

/// Which orders are asked for; lists are JSON arrays of words, `None` is any.
pub(in crate::sandbox) struct Wanted {
    /// Open ones, closed ones, or both.
    pub(in crate::sandbox) open: Option<bool>,
    /// Those sent later than this moment.
    pub(in crate::sandbox) after: Millis,
    /// Those sent earlier than this moment.
    pub(in crate::sandbox) until: Millis,
    /// Those behind this place.
    pub(in crate::sandbox) behind: Place,
    /// Those before this place.
    pub(in crate::sandbox) before: Place,
    /// Those of these symbols.
    pub(in crate::sandbox) symbols: Option<String>,
    /// Those of these markets.
    pub(in crate::sandbox) classes: Option<String>,
    /// Those of this side.
    pub(in crate::sandbox) side: Option<String>,
    /// Whether the earliest come first.
    pub(in crate::sandbox) ascending: bool,
    /// Whether legs are left out whose parent is found, too.
    pub(in crate::sandbox) nested: bool,
    /// How many at most.
    pub(in crate::sandbox) limit: u32,
}

/// Where an order stands among those of its account: when it was sent, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) struct Place(pub(in crate::sandbox) i64, pub(in crate::sandbox) i64);

/// Returns where an account stands, if there is one.
pub(in crate::sandbox) fn standing(
    db: &Connection,
    id: &str,
) -> rusqlite::Result<Option<Standing>> {
    db.prepare_cached("SELECT version, last_seen FROM exchange_accounts WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Standing { version: row.get(0)?, last_seen: Millis(row.get(1)?) })
        })
        .optional()
}

/// Returns the state of an account that there is.
pub(in crate::sandbox) fn account(db: &Connection, id: &str) -> rusqlite::Result<String> {
    db.prepare_cached("SELECT state FROM exchange_accounts WHERE id = ?1")?.query_row([id], text)
}

/// Returns the ids of all accounts, in their order.
pub(in crate::sandbox) fn accounts(db: &Connection) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT id FROM exchange_accounts ORDER BY id")?
        .query_map([], text)?
        .collect()
}

/// Returns the latest moment that any account has seen.
pub(in crate::sandbox) fn latest(db: &Connection) -> rusqlite::Result<Option<Millis>> {
    db.prepare_cached("SELECT max(last_seen) FROM exchange_accounts")?
        .query_row([], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Millis)))
}

/// Keeps the state of an account, new or not, and returns the version that its row has now: one that no row
/// of this file ever had, also if all accounts were forgotten in between.
pub(in crate::sandbox) fn keep_account(
    db: &Connection,
    id: &str,
    last_seen: Millis,
    state: &str,
) -> rusqlite::Result<i64> {
    let version: i64 = db
        .prepare_cached("UPDATE exchange_writes SET count = count + 1 RETURNING count")?
        .query_row([], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO exchange_accounts (id, version, last_seen, state) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version,
             last_seen = excluded.last_seen, state = excluded.state",
    )?
    .execute(params![id, version, last_seen.0, state])?;
    Ok(version)
}

/// Returns the open orders of an account, in no order. The index is named: without it the database walks
/// through all orders that the account ever had.
pub(in crate::sandbox) fn open_orders(
    db: &Connection,
    account: &str,
) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached(
        "SELECT body FROM exchange_orders INDEXED BY exchange_orders_open
         WHERE account = ?1 AND open = 1",
    )?
    .query_map([account], text)?
    .collect()
}

/// Keeps an order, new or changed. Fails if its `client_order_id` is that of another one.
pub(in crate::sandbox) fn keep_order(
    db: &Connection,
    account: &str,
    order: &Kept<'_>,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO exchange_orders (account, seq, id, client_order_id, symbol, class, side, open,
                                      parent, submitted_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (account, seq) DO UPDATE SET open = excluded.open, parent = excluded.parent,
             submitted_at = excluded.submitted_at, body = excluded.body",
    )?
    .execute(params![
        account,
        number(order.seq),
        order.id,
        order.client_order_id,
        order.symbol,
        order.class,
        order.side,
        order.open,
        order.parent,
        order.submitted_at.0,
        order.body,
    ])?;
    Ok(())
}

/// Returns an order by its id.
pub(in crate::sandbox) fn order(
    db: &Connection,
    account: &str,
    id: &str,
) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT body FROM exchange_orders WHERE account = ?1 AND id = ?2")?
        .query_row([account, id], text)
        .optional()
}

/// Returns the orders that are legs of one, also those that were replaced, by their numbers.
pub(in crate::sandbox) fn legs(
    db: &Connection,
    account: &str,
    parent: &str,
) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached(
        "SELECT body FROM exchange_orders INDEXED BY exchange_orders_of_parent
         WHERE account = ?1 AND parent = ?2 ORDER BY seq",
    )?
    .query_map([account, parent], text)?
    .collect()
}

/// Returns an order by what its sender calls it.
pub(in crate::sandbox) fn by_client_order_id(
    db: &Connection,
    account: &str,
    id: &str,
) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT body FROM exchange_orders WHERE account = ?1 AND client_order_id = ?2",
    )?
    .query_row([account, id], text)
    .optional()
}

/// Returns where an order stands, by its id.
pub(in crate::sandbox) fn place(
    db: &Connection,
    account: &str,
    id: &str,
) -> rusqlite::Result<Option<Place>> {
    db.prepare_cached(
        "SELECT submitted_at, seq FROM exchange_orders WHERE account = ?1 AND id = ?2",
    )?
    .query_row([account, id], |row| Ok(Place(row.get(0)?, row.get(1)?)))
    .optional()
}

/// Returns the orders that are asked for, by when they were sent and their numbers. Nested, an exit stands under its
/// entry, on whichever page that is, and by itself only where the entry is not asked for.
pub(in crate::sandbox) fn orders(
    db: &Connection,
    account: &str,
    wanted: &Wanted,
) -> rusqlite::Result<Vec<String>> {
    let open = |of: &str| match wanted.open {
        Some(true) => format!("AND {of}.open = 1"),
        Some(false) => format!("AND {of}.open = 0"),
        None => String::new(),
    };
    let nested = if wanted.nested {
        format!(
            "AND NOT EXISTS (SELECT 1 FROM exchange_orders p WHERE p.account = o.account
             AND p.id = o.parent AND p.submitted_at > ?2 AND p.submitted_at < ?3
             AND (?10 IS NULL OR p.side = ?10) {})",
            open("p")
        )
    } else {
        String::new()
    };
    let index = if wanted.open == Some(true) { "open" } else { "by_time" };
    let direction = if wanted.ascending { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT o.body FROM exchange_orders o INDEXED BY exchange_orders_{index}
         WHERE o.account = ?1 {}
         AND o.submitted_at > ?2 AND o.submitted_at < ?3
         AND (o.submitted_at, o.seq) > (?4, ?5) AND (o.submitted_at, o.seq) < (?6, ?7)
         AND (?8 IS NULL OR o.symbol IN (SELECT value FROM json_each(?8)))
         AND (?9 IS NULL OR o.class IN (SELECT value FROM json_each(?9)))
         AND (?10 IS NULL OR o.side = ?10) {nested}
         ORDER BY o.submitted_at {direction}, o.seq {direction} LIMIT ?11",
        open("o")
    );
    let found = params![
        account,
        wanted.after.0,
        wanted.until.0,
        wanted.behind.0,
        wanted.behind.1,
        wanted.before.0,
        wanted.before.1,
        wanted.symbols,
        wanted.classes,
        wanted.side,
        wanted.limit,
    ];
    db.prepare_cached(&sql)?.query_map(found, text)?.collect()
}

/// Keeps what an account was worth at a close.
pub(in crate::sandbox) fn closed(
    db: &Connection,
    account: &str,
    at: Millis,
    equity: &str,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO exchange_closes (account, at, equity) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![account, at.0, equity])?;
    Ok(())
}

/// Returns what an account was worth at its closes, the earliest first.
pub(in crate::sandbox) fn closes(
    db: &Connection,
    account: &str,
) -> rusqlite::Result<Vec<(Millis, String)>> {
    db.prepare_cached("SELECT at, equity FROM exchange_closes WHERE account = ?1 ORDER BY at")?
        .query_map([account], |row| Ok((Millis(row.get(0)?), row.get(1)?)))?
        .collect()
}

/// Forgets all accounts with what is theirs; prices and settings stay.
pub(in crate::sandbox) fn forget(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "DELETE FROM exchange_orders; DELETE FROM exchange_activities; DELETE FROM exchange_closes;
         DELETE FROM exchange_accounts;",
    )
}

/// Returns a number as the database has it; none here comes near its end.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn text(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}
