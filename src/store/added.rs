//! Toolkits that were added: what they are, and their tools.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Store, parsed};
use crate::api::error::Result;
use crate::api::ids::Slug;

/// A toolkit that was added.
#[derive(Debug, Clone)]
pub(crate) struct AddedRow {
    /// Its manifest in JSON, without the tools
    pub(crate) manifest: String,
    /// What the tools are listed and found by, or the tools themselves where an earlier build added them
    pub(crate) listing: String,
    /// The tools, each as a line of JSON
    pub(crate) tools: String,
}

impl Store {
    /// Returns the toolkit of that slug, if it was added.
    pub(crate) fn added(&self, slug: &Slug) -> Result<Option<AddedRow>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT manifest, ifnull(listing, tools) AS listing, tools FROM added WHERE slug = ?1",
        )?;
        let row = select.query_row([slug.as_str()], |row| {
            Ok(AddedRow {
                manifest: row.get("manifest")?,
                listing: row.get("listing")?,
                tools: row.get("tools")?,
            })
        });
        Ok(row.optional()?)
    }

    /// Returns the slugs of the toolkits that were added, in order.
    pub(crate) fn added_slugs(&self) -> Result<Vec<Slug>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached("SELECT slug FROM added ORDER BY slug")?;
        let slugs = select.query_map([], |row| parsed(row, "slug"))?;
        Ok(slugs.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the toolkits that were added, in the order of their slugs: the manifest and the listing of each.
    pub(crate) fn all_added(&self) -> Result<Vec<(Slug, String, String)>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT slug, manifest, ifnull(listing, tools) AS listing FROM added ORDER BY slug",
        )?;
        let rows = select.query_map([], |row| {
            Ok((parsed(row, "slug")?, row.get("manifest")?, row.get("listing")?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Stores a toolkit, in the place of the one of that slug.
    pub(crate) fn put_added(&self, slug: &Slug, row: &AddedRow) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO added (slug, manifest, listing, tools) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (slug) DO UPDATE SET manifest = excluded.manifest,
                 listing = excluded.listing, tools = excluded.tools",
            params![slug.as_str(), row.manifest, row.listing, row.tools],
        )?;
        tx.commit()
    }
}

/// Forgets a toolkit.
pub(super) fn forget(conn: &Connection, slug: &Slug) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM added WHERE slug = ?1", [slug.as_str()])?;
    Ok(())
}
