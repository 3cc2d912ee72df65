//! Ways to toolkits beside the app's own API, and the tools that were taken from whoever is at their end.

use rusqlite::{Connection, Row, params};

use super::{Store, json, parsed, sealed};
use crate::api::error::Result;
use crate::api::ids::Slug;
use crate::api::time::Millis;
use crate::api::toolkits::Provider;

/// A way to a toolkit, as far as it is not shipped.
#[derive(Debug, Clone, Default)]
pub(crate) struct WayRow {
    /// How it is reached, as a manifest in JSON without tools; nothing of a shipped server
    pub(crate) manifest: Option<String>,
    /// The tools that were taken, as a list in JSON; nothing where nobody has looked
    pub(crate) tools: Option<String>,
    /// What the server offers now, where that is something else
    pub(crate) seen: Option<String>,
    /// When its tools were taken, or found to be others
    pub(crate) checked_at: Option<Millis>,
    /// OAuth client, in place of the manifest's
    pub(crate) client_id: Option<String>,
    /// Scopes, in place of the manifest's; empty for those
    pub(crate) scopes: Vec<String>,
    /// What the provider calls it and how one logs in there, as JSON, where it has a list of its own
    pub(crate) remote: Option<String>,
}

const WAY: &str =
    "SELECT toolkit, provider, manifest, tools, seen, checked_at, client_id, scopes, remote
     FROM ways";

impl Store {
    /// Returns the ways to a toolkit beside its own API, in the order of their providers.
    pub(crate) fn ways(&self, toolkit: &Slug) -> Result<Vec<(Provider, WayRow)>> {
        let conn = self.conn();
        let mut select =
            conn.prepare_cached(&format!("{WAY} WHERE toolkit = ?1 ORDER BY provider"))?;
        let rows = select.query_map([toolkit.as_str()], |row| {
            let (_, provider, way) = way_row(row)?;
            Ok((provider, way))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns every way beside the apps' own APIs, in the order of toolkits and providers.
    pub(crate) fn all_ways(&self) -> Result<Vec<(Slug, Provider, WayRow)>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("{WAY} ORDER BY toolkit, provider"))?;
        let rows = select.query_map([], way_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Stores how a toolkit is reached, with sealed secrets where there are new ones; what is known of its tools
    /// is forgotten if its manifest changes.
    pub(crate) fn put_way(
        &self,
        toolkit: &Slug,
        provider: Provider,
        row: &WayRow,
        secret: Option<(&str, &[u8])>,
    ) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO ways (toolkit, provider, manifest, tools, seen, checked_at, client_id, scopes, remote)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (toolkit, provider) DO UPDATE SET manifest = excluded.manifest,
                 tools = excluded.tools, seen = excluded.seen, checked_at = excluded.checked_at,
                 client_id = excluded.client_id, scopes = excluded.scopes, remote = excluded.remote",
            params![
                toolkit.as_str(),
                provider.as_str(),
                row.manifest,
                row.tools,
                row.seen,
                row.checked_at.map(|at| at.0),
                row.client_id,
                serde_json::Value::from(row.scopes.clone()).to_string(),
                row.remote,
            ],
        )?;
        if let Some((owner, bytes)) = secret {
            sealed::put(&tx, owner, bytes)?;
        }
        tx.commit()
    }

    /// Stores what a server offers now, where that differs from the tools that were taken; these stay.
    pub(crate) fn put_seen(
        &self,
        toolkit: &Slug,
        provider: Provider,
        seen: Option<&str>,
        now: Millis,
    ) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "UPDATE ways SET seen = ?3, checked_at = ?4 WHERE toolkit = ?1 AND provider = ?2",
            params![toolkit.as_str(), provider.as_str(), seen, now.0],
        )?;
        tx.commit()
    }

    /// Stores which tools a server offers: those that are taken, and what it offers now where that differs.
    pub(crate) fn put_tools(
        &self,
        toolkit: &Slug,
        provider: Provider,
        (tools, seen): (&str, Option<&str>),
        now: Millis,
    ) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO ways (toolkit, provider, tools, seen, checked_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (toolkit, provider) DO UPDATE SET tools = excluded.tools,
                 seen = excluded.seen, checked_at = excluded.checked_at",
            params![toolkit.as_str(), provider.as_str(), tools, seen, now.0],
        )?;
        tx.commit()
    }
}

/// Forgets every way to a toolkit.
pub(super) fn forget(conn: &Connection, toolkit: &Slug) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM ways WHERE toolkit = ?1", [toolkit.as_str()])?;
    Ok(())
}

/// Reads the name of a provider; one that this build does not know counts as none.
pub(super) fn provider(name: Option<String>) -> Option<Provider> {
    let name = name?;
    Provider::ALL.into_iter().find(|one| one.as_str() == name)
}

fn way_row(row: &Row<'_>) -> rusqlite::Result<(Slug, Provider, WayRow)> {
    let way = WayRow {
        manifest: row.get("manifest")?,
        tools: row.get("tools")?,
        seen: row.get("seen")?,
        checked_at: row.get::<_, Option<i64>>("checked_at")?.map(Millis),
        client_id: row.get("client_id")?,
        scopes: json(row, "scopes")?,
        remote: row.get("remote")?,
    };
    Ok((parsed(row, "toolkit")?, super::columns::word(row, "provider")?, way))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_stays_whatever_is_seen() {
        let (store, acme) = (Store::in_memory(), "acme".parse::<Slug>().unwrap());
        let row = WayRow { manifest: Some("{}".to_owned()), ..WayRow::default() };
        store.put_way(&acme, Provider::Mcp, &row, None).unwrap();

        store.put_tools(&acme, Provider::Mcp, ("[1]", None), Millis(1)).unwrap();
        store.put_seen(&acme, Provider::Mcp, Some("[2]"), Millis(2)).unwrap();
        store.put_seen(&acme, Provider::Composio, Some("[3]"), Millis(3)).unwrap();

        let ways = store.ways(&acme).unwrap();
        let [(provider, way)] = ways.as_slice() else { panic!("{ways:?}") };
        assert_eq!(*provider, Provider::Mcp);
        assert_eq!(way.manifest.as_deref(), Some("{}"));
        assert_eq!((way.tools.as_deref(), way.seen.as_deref()), (Some("[1]"), Some("[2]")));
        assert_eq!(way.checked_at, Some(Millis(2)));
    }
}
