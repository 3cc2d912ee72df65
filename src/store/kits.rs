//! Account kits.

use rusqlite::{Row, Transaction, params};

use super::{Store, json};
use crate::api::error::Result;
use crate::api::ids::fresh;
use crate::api::kits::Kit;
use crate::api::time::Millis;
use crate::api::workspace::User;

const KIT: &str =
    "SELECT id, name, description, is_default, policy, created_at, updated_at FROM kits";

impl Store {
    /// Returns the kit a user is under.
    pub(crate) fn kit_of(&self, user: &User) -> Result<Kit> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("{KIT} WHERE id = ?1"))?;
        Ok(select.query_row([&user.account_kit_id], kit_row)?)
    }
}

/// Inserts the kit that rules whoever is under no other.
pub(super) fn insert_default_kit(tx: &Transaction<'_>, now: Millis) -> Result<()> {
    tx.execute(
        "INSERT INTO kits (id, name, is_default, created_at, updated_at)
         VALUES (?1, 'Default', 1, ?2, ?2)",
        params![fresh().to_string(), now.0],
    )?;
    Ok(())
}

fn kit_row(row: &Row<'_>) -> rusqlite::Result<Kit> {
    Ok(Kit {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        is_default: row.get("is_default")?,
        policy: json(row, "policy")?,
        created_at: Millis(row.get("created_at")?),
        updated_at: Millis(row.get("updated_at")?),
    })
}
