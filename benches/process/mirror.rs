//! Stores of the `local` profile with a given number of connections, five of them the bench user's.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use crate::Result;
use crate::measure::Side;
use crate::upstream::{KEYED, Upstreams};

/// From this size on a store is kept for the next run.
const KEPT: i64 = 1_000_000;
/// The rows that the bench user has beside those made by `connect`.
const OWN: [(&str, &str); 3] =
    [("gmail", "ada@example.com"), ("gmail", "ada@work.example"), ("stripe", "acct_1")];

/// A home with a filled store.
#[derive(Debug)]
pub(crate) struct Mirror {
    /// `NAIVE_HOME`
    pub(crate) home: PathBuf,
    /// How many connections it holds
    pub(crate) size: i64,
}

impl Mirror {
    /// Makes a home of that size, or takes the one that an earlier run has left.
    pub(crate) fn new(size: i64, upstreams: &Upstreams) -> Result<Self> {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("process");
        let mirror = Self { home: root.join(size.to_string()), size };
        let kept = size >= KEPT && mirror.fits()?;
        if !kept && mirror.home.exists() {
            fs::remove_dir_all(&mirror.home)?;
        }
        fs::create_dir_all(&mirror.home)?;
        mirror.naive("connections connected").answer()?;
        mirror.open()?.execute_batch(
            "DELETE FROM log; DELETE FROM sealed; DELETE FROM toolkits;
             DELETE FROM connections WHERE user_id = (SELECT id FROM users WHERE is_default = 1);",
        )?;
        let keyed = if size == 1 { &KEYED[..1] } else { &KEYED };
        mirror.connect(upstreams, keyed)?;
        let own = if size == 1 { 0 } else { mirror.add_own()? };
        if !kept {
            mirror.add_others(size - own - i64::try_from(keyed.len())?)?;
        }
        // What the tools beside us get is a database at rest, as after any command.
        mirror.open()?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(mirror)
    }

    /// Returns a call of `naive` on this home.
    pub(crate) fn naive(&self, line: &str) -> Side {
        let words = std::iter::once(env!("CARGO_BIN_EXE_naive")).chain(line.split(' '));
        Side::new(words)
            .env("NAIVE_HOME", &self.home)
            .env("HOME", &self.home)
            .env("NAIVE_PROFILE", "local")
            .env("NAIVE_ENCRYPTION_KEY", "5a".repeat(32))
    }

    /// Returns the file that holds the mirror.
    pub(crate) fn database(&self) -> PathBuf {
        self.home.join("local").join("naive.db")
    }

    fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Connection::open_with_flags(self.database(), flags)?)
    }

    /// Tells whether an earlier run has left this size in the schema of this build.
    fn fits(&self) -> Result<bool> {
        if !self.database().exists() {
            return Ok(false);
        }
        let fresh = Self { home: self.home.with_file_name("schema"), size: 0 };
        if fresh.home.exists() {
            fs::remove_dir_all(&fresh.home)?;
        }
        fresh.naive("connections connected").answer()?;
        let schema =
            "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
        let read = |mirror: &Self| -> Result<String> {
            Ok(mirror.open()?.query_row(schema, [], |row| row.get(0))?)
        };
        let count = "SELECT count(*) FROM connections";
        let rows: i64 = self.open()?.query_row(count, [], |row| row.get(0))?;
        Ok(rows == self.size && read(self)? == read(&fresh)?)
    }

    /// Adds the upstreams' toolkits and connects those that want a key, as a user would.
    fn connect(&self, upstreams: &Upstreams, keyed: &[&str]) -> Result<()> {
        for (slug, manifest) in upstreams.manifests() {
            let path = self.home.join(format!("{slug}.toml"));
            fs::write(&path, manifest)?;
            self.naive(&format!("toolkits add {}", path.display())).answer()?;
        }
        for slug in keyed {
            self.naive(&format!("connections connect {slug}"))
                .env("NAIVE_CREDENTIAL_API_KEY", crate::upstream::KEY)
                .answer()?;
        }
        Ok(())
    }

    fn add_own(&self) -> Result<i64> {
        let conn = self.open()?;
        for (label, (toolkit, account)) in OWN.iter().enumerate() {
            conn.execute(
                "INSERT INTO connections
                     (id, user_id, toolkit, status, label, account, scopes, created_at, last_status_at)
                 SELECT 'ca_' || lower(hex(randomblob(16))), id, ?1, 'ACTIVE', ?2, ?3,
                     '[\"read\",\"write\"]', 1760000000000, 1760000000000 + ?2 FROM users WHERE is_default = 1",
                params![toolkit, i64::try_from(label)?, account],
            )?;
        }
        Ok(i64::try_from(OWN.len())?)
    }

    /// Adds connections of other users, ten each, in one transaction.
    fn add_others(&self, count: i64) -> Result<()> {
        let mut conn = self.open()?;
        conn.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;")?;
        let tx = conn.transaction()?;
        tx.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1),
             made (hex) AS MATERIALIZED (SELECT lower(hex(randomblob(16))) FROM n)
             INSERT INTO users (id, external_id, status, is_default, created_at)
             SELECT substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-4' || substr(hex, 14, 3) || '-8'
                 || substr(hex, 18, 3) || '-' || substr(hex, 21), 'user-' || hex, 'active', 0,
                 1750000000000 FROM made WHERE ?1 > 0",
            [(count + 9) / 10],
        )?;
        tx.execute(
            "WITH app (i, slug, status) AS (VALUES (0, 'gmail', 'ACTIVE'), (1, 'stripe', 'ACTIVE'),
                 (2, 'slack', 'ACTIVE'), (3, 'github', 'ACTIVE'), (4, 'notion', 'EXPIRED'),
                 (5, 'linear', 'ACTIVE'), (6, 'jira', 'INACTIVE'), (7, 'hubspot', 'ACTIVE'),
                 (8, 'zoom', 'FAILED'), (9, 'airtable', 'INITIATED'))
             INSERT INTO connections (id, user_id, toolkit, status, account, scopes, created_at, last_status_at)
             SELECT 'ca_' || lower(hex(randomblob(16))), users.id, slug, app.status, 'ada@example.com',
                 '[\"read\",\"write\"]', 1750000000000, 1750000000000 + abs(random() % 10000000000)
             FROM users, app WHERE is_default = 0 LIMIT max(?1, 0)",
            [count],
        )?;
        Ok(tx.commit()?)
    }
}
