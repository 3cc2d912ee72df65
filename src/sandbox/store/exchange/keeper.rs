//! What the keeper of the paper exchange has set: prices, and settings by name.

use rusqlite::Connection;

/// Returns all that was set, with its names.
pub(in crate::sandbox) fn settings(db: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached("SELECT name, value FROM exchange_settings ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Sets something under a name, or takes it back.
pub(in crate::sandbox) fn set(
    db: &Connection,
    name: &str,
    value: Option<&str>,
) -> rusqlite::Result<()> {
    match value {
        Some(value) => db.execute(
            "INSERT INTO exchange_settings (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [name, value],
        )?,
        None => db.execute("DELETE FROM exchange_settings WHERE name = ?1", [name])?,
    };
    Ok(())
}

/// Returns the prices that were set, in the order in which they were: kind and JSON.
pub(in crate::sandbox) fn prices(db: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached("SELECT kind, body FROM exchange_prices ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Adds a price that was set; a replay has no symbol of its own.
pub(in crate::sandbox) fn add_price(
    db: &Connection,
    kind: &str,
    symbol: &str,
    body: &str,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO exchange_prices (kind, symbol, body) VALUES (?1, ?2, ?3)",
        [kind, symbol, body],
    )?;
    Ok(())
}

/// Forgets the prices that were set, of one symbol or of all, and returns how many there were.
pub(in crate::sandbox) fn clear_prices(
    db: &Connection,
    symbol: Option<&str>,
) -> rusqlite::Result<usize> {
    db.execute("DELETE FROM exchange_prices WHERE ?1 IS NULL OR symbol = ?1", [symbol])
}
