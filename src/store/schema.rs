//! The schema, and how an older store is brought up to it.

use rusqlite::{Connection, TransactionBehavior};

use super::{kits, workspace};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::time::Millis;

/// Each schema change, in order; the position is the `user_version` it leads to.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_accounts.sql"),
    include_str!("migrations/0003_logins.sql"),
    include_str!("migrations/0004_mirror.sql"),
    include_str!("migrations/0005_clients.sql"),
    include_str!("migrations/0006_govern.sql"),
    include_str!("migrations/0007_trading.sql"),
    include_str!("migrations/0008_webhooks.sql"),
    include_str!("migrations/0009_remote.sql"),
    include_str!("migrations/0010_origins.sql"),
    include_str!("migrations/0011_dialects.sql"),
    include_str!("migrations/0012_integrations.sql"),
    include_str!("migrations/0013_dashboard.sql"),
    include_str!("migrations/0014_ways.sql"),
    include_str!("migrations/0015_composio.sql"),
    include_str!("migrations/0016_added.sql"),
    include_str!("migrations/0017_pages.sql"),
    include_str!("migrations/0018_numbers.sql"),
];

/// The schema that brought account kits.
pub(super) const KITS: usize = 6;

/// Returns the schema's version; fails if it is newer than this build.
pub(super) fn version(conn: &Connection) -> Result<usize> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        let text = format!("the store has schema {version}, newer than this `naive` knows");
        return Err(Error::new(Code::InternalError, text).hint("install the newer `naive` again"));
    }
    Ok(version)
}

/// Tells whether the schema is that of this build; fails if it is newer.
pub(super) fn is_current(conn: &Connection) -> Result<bool> {
    Ok(version(conn)? == MIGRATIONS.len())
}

/// Applies what is missing in one transaction, and returns the store's id.
pub(super) fn migrate(conn: &mut Connection) -> Result<String> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&tx)?;
    for step in &MIGRATIONS[from..] {
        tx.execute_batch(step)?;
    }
    if from == 0 {
        tx.execute("INSERT INTO store (one, id) VALUES (1, ?1)", [fresh().to_string()])?;
        workspace::insert_default_user(&tx, Millis::now())?;
    }
    if from < KITS {
        kits::insert_default_kit(&tx, Millis::now())?;
    }
    tx.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))?;
    let id = tx.query_row("SELECT id FROM store", [], |row| row.get(0))?;
    tx.commit()?;
    Ok(id)
}
