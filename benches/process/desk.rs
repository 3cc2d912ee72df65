//! Stores with approvals: many that wait, or many that are done.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::Result;
use crate::measure::{Line, Sampler, Side, found};

/// How many approvals the full store holds, all of them done.
const DONE: i64 = 1_000_000;

/// Returns the lines about approvals, ready to run.
pub(crate) fn lines(sampler: &Sampler) -> Result<Vec<Line>> {
    let (desk, empty, full) = (Desk::new("desk")?, Desk::new("none")?, Desk::new("done")?);
    let waiting = (0..sampler.runs()).map(|number| desk.asked(number)).collect::<Result<_>>()?;
    full.add_done()?;
    let list = "approvals list --status pending";
    Ok(vec![
        Line {
            what: "approve, performs nothing".to_owned(),
            naive: desk.naive("approvals approve {} --yes").each(waiting),
            name: "sqlite3, one INSERT",
            beside: desk.insert()?,
            aim: "<= 2.5x",
        },
        Line {
            what: format!("pending, {DONE} resolved"),
            naive: full.naive(list),
            name: "naive, none",
            beside: Some(empty.naive(list)),
            aim: "<= 1.1x",
        },
    ])
}

/// A home with approvals.
struct Desk {
    home: PathBuf,
}

impl Desk {
    fn new(name: &str) -> Result<Self> {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("process").join(name);
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        let desk = Self { home };
        desk.naive("users create --external-id alice").answer()?;
        Ok(desk)
    }

    fn naive(&self, line: &str) -> Side {
        let words = std::iter::once(env!("CARGO_BIN_EXE_naive")).chain(line.split(' '));
        Side::new(words)
            .env("NAIVE_HOME", &self.home)
            .env("HOME", &self.home)
            .env("NAIVE_PROFILE", "local")
            .env("NAIVE_ENCRYPTION_KEY", "5a".repeat(32))
    }

    /// Asks for something, and returns the approval's id.
    fn asked(&self, number: usize) -> Result<OsString> {
        let line = format!(
            "approvals request --user alice --title number-{number} --jq .result.approval_id"
        );
        let told = self.naive(&line).held()?;
        Ok(told.trim().trim_matches('"').into())
    }

    /// Returns one durable write of the same size, by the tool that does nothing else.
    fn insert(&self) -> Result<Option<Side>> {
        let Some(program) = found("sqlite3") else { return Ok(None) };
        let path = self.home.join("beside.db");
        let conn = Connection::open_with_flags(&path, OpenFlags::default())?;
        conn.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a TEXT, b BLOB);")?;
        drop(conn);
        let sql = "PRAGMA synchronous = FULL; INSERT INTO t VALUES ('approval', randomblob(500));";
        let words = [program.into_os_string(), path.into_os_string(), sql.into()];
        Ok(Some(Side::new(words).env("HOME", &self.home)))
    }

    /// Adds approvals that are done, in one transaction.
    fn add_done(&self) -> Result<()> {
        let path = self.home.join("local").join("naive.db");
        let conn = Connection::open_with_flags(path, OpenFlags::default())?;
        conn.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;")?;
        conn.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO approvals (id, store_id, user_id, kit_id, action_type, class, digest, idem_key,
                 requested_by, requester, status, created_at, updated_at, expires_at)
             SELECT lower(hex(randomblob(16))), store.id, users.id, kits.id, 'cards.create', 'A',
                 randomblob(32), lower(hex(randomblob(16))), '{\"actor_type\":\"agent\",\"actor_id\":\"key_1\"}',
                 'key_1', 'executed', 1750000000000 + i, 1750000000000 + i, 1760000000000 + i
             FROM n, store, users, kits WHERE users.is_default = 0 AND kits.is_default = 1",
            [DONE],
        )?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}
