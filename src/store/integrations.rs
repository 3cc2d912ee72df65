//! What an app of the Integrations API remembers of the toolkits it has enabled.

use rusqlite::{Row, params};

use super::Store;
use super::columns::parsed;
use crate::api::error::Result;
use crate::api::ids::{Slug, fresh};
use crate::api::time::Millis;

/// A toolkit that was enabled at some time, and what the app calls it. Whether it is enabled now, the app's
/// Default kit says: nothing is kept twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Integration {
    /// UUID
    pub(crate) id: String,
    /// The toolkit
    pub(crate) toolkit: Slug,
    /// What people call it there
    pub(crate) display_name: String,
    /// When it was enabled first
    pub(crate) created_at: Millis,
    /// When its name changed last
    pub(crate) updated_at: Millis,
}

impl Store {
    /// Returns everything that was ever enabled, the oldest first.
    pub(crate) fn integrations(&self) -> Result<Vec<Integration>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT id, toolkit, display_name, created_at, updated_at FROM integrations
             ORDER BY created_at, id",
        )?;
        let rows = select.query_map([], integration_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Notes what a toolkit is called, and that it is there if it was not.
    pub(crate) fn name_integration(&self, toolkit: &Slug, name: &str, now: Millis) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO integrations (id, toolkit, display_name, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (toolkit) DO UPDATE SET display_name = ?3, updated_at = ?4",
            params![fresh().to_string(), toolkit.as_str(), name, now.0],
        )?;
        tx.commit()
    }
}

fn integration_row(row: &Row<'_>) -> rusqlite::Result<Integration> {
    Ok(Integration {
        id: row.get("id")?,
        toolkit: parsed(row, "toolkit")?,
        display_name: row.get("display_name")?,
        created_at: Millis(row.get("created_at")?),
        updated_at: Millis(row.get("updated_at")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integration_keeps_its_id_under_another_name() {
        let store = Store::in_memory();
        let (gmail, slack): (Slug, Slug) = ("gmail".parse().unwrap(), "slack".parse().unwrap());

        store.name_integration(&gmail, "Gmail", Millis(1)).unwrap();
        store.name_integration(&slack, "Slack", Millis(2)).unwrap();
        let before = store.integrations().unwrap();
        store.name_integration(&gmail, "Mail", Millis(3)).unwrap();
        let after = store.integrations().unwrap();

        let slugs: Vec<_> = after.iter().map(|one| one.toolkit.as_str()).collect();
        assert_eq!(slugs, ["gmail", "slack"]);
        let renamed =
            Integration { display_name: "Mail".into(), updated_at: Millis(3), ..before[0].clone() };
        assert_eq!(after, [renamed, before[1].clone()]);
    }
}
