//! The store in one file, and back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tempfile::NamedTempFile;

use super::generation::sync_dir;
use super::presence::is_anyone_alive;
use super::schema::{KITS, version};
use super::{Store, lock, private_dir, unwritable};
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;

/// How long others may take to let go of a store that is to be replaced.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was brought back.
#[derive(Debug)]
pub(crate) struct Replaced {
    /// Where the store lies that was there before
    pub(crate) kept: Option<PathBuf>,
    /// Fingerprint of the key that sealed what is in it
    pub(crate) key_id: Option<String>,
    /// When its last entry was logged
    pub(crate) last_at: Option<Millis>,
}

impl Store {
    /// Copies the store as it is at one moment into a file that only its owner can read, and returns the
    /// file's length in bytes. Others go on using the store meanwhile.
    ///
    /// The copy is marked as one: whoever opens it as a store finds what was under way `unknown`.
    pub(crate) fn backup(&self, to: &Path, replaces: bool) -> Result<u64> {
        let to = std::path::absolute(to).map_err(|error| unusable(to, &error))?;
        let folder = to.parent().unwrap_or_else(|| Path::new("/"));
        let is_ours = fs::canonicalize(folder).ok() == fs::canonicalize(&self.dir).ok()
            && to.file_name().is_some_and(|name| name.to_string_lossy().starts_with("naive.db"));
        if is_ours {
            return Err(Error::usage("a backup does not go where the store is")
                .hint("name a file in another directory, best on another disk"));
        }
        if to.exists() && !replaces {
            return Err(taken(&to));
        }
        if !folder.is_dir() {
            let text = format!(
                "`{}` cannot be made: `{}` is no directory",
                to.display(),
                folder.display()
            );
            return Err(
                Error::new(Code::InvalidInput, text).hint("name a file in one that is there")
            );
        }
        let file = NamedTempFile::new_in(folder).map_err(|error| unusable(&to, &error))?;
        let path = file.path().to_str().ok_or_else(|| {
            Error::usage(format!("`{}` cannot be written: it is no text", to.display()))
        })?;
        self.conn().execute("VACUUM INTO ?1", [path])?;
        mark(&Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?)?;
        let about = file.as_file().sync_all().and_then(|()| fs::metadata(file.path()));
        let length = about.map_err(|error| unusable(&to, &error))?.len();
        let kept = if replaces { file.persist(&to) } else { file.persist_noclobber(&to) };
        kept.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => taken(&to),
            _ => unusable(&to, &error.error),
        })?;
        sync_dir(folder)?;
        Ok(length)
    }
}

/// Puts a backup in the place of the store in `dir`, and keeps beside it what was there.
///
/// Fails with `InvalidInput` if the file is no whole store of this build or an older one, or if another
/// process uses the store.
pub(crate) fn restore(dir: &Path, from: &Path) -> Result<Replaced> {
    let (id, replaced) = about(from)?;
    private_dir(dir)?;
    let guard = lock(dir)?;
    let path = dir.join("naive.db");
    check_unused(dir, &path)?;
    let mut fresh = NamedTempFile::new_in(dir).map_err(unwritable)?;
    let mut source = File::open(from).map_err(|error| unusable(from, &error))?;
    io::copy(&mut source, &mut fresh).map_err(unwritable)?;
    {
        let conn = Connection::open_with_flags(fresh.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        mark(&conn)?;
        conn.execute_batch("PRAGMA journal_mode = WAL;")?;
    }
    fresh.as_file().sync_all().map_err(unwritable)?;
    let kept = keep(&path)?;
    fresh.persist(&path).map_err(|error| unwritable(error.error))?;
    fs::write(dir.join("store.id"), id).map_err(unwritable)?;
    sync_dir(dir)?;
    drop(guard);
    Ok(Replaced { kept, ..replaced })
}

/// Marks a database as a copy: its number is negative.
fn mark(conn: &Connection) -> Result<()> {
    if version(conn)? >= KITS {
        conn.execute("UPDATE store SET generation = -1 - generation WHERE generation >= 0", [])?;
    }
    Ok(())
}

/// Returns the id of the store that a backup is of, and what is told of it.
fn about(from: &Path) -> Result<(String, Replaced)> {
    let no_backup = |error: rusqlite::Error| {
        let text = format!("`{}` is no backup of a store", from.display());
        Error::new(Code::InvalidInput, text)
            .hint("name a file that `naive backup` made")
            .because(error)
    };
    File::open(from).map_err(|error| unusable(from, &error))?;
    let conn =
        Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(no_backup)?;
    let whole = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    if whole.map_err(no_backup)? != "ok" {
        let text = format!("`{}` is damaged", from.display());
        return Err(Error::new(Code::InvalidInput, text).hint("take an older backup"));
    }
    version(&conn)?;
    let (id, key_id) = conn
        .query_row("SELECT id, key_id FROM store", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(no_backup)?;
    let last: Option<i64> =
        conn.query_row("SELECT max(at) FROM log", [], |row| row.get(0)).map_err(no_backup)?;
    Ok((id, Replaced { kept: None, key_id, last_at: last.map(Millis) }))
}

/// Fails if another process uses the store; one that is damaged is used by nobody.
fn check_unused(dir: &Path, path: &Path) -> Result<()> {
    let used = || {
        Error::new(Code::InvalidInput, "another `naive` uses this store")
            .hint("end it, then run the command again")
            .reason("store_in_use")
    };
    if is_anyone_alive(dir) {
        return Err(used());
    }
    if !path.exists() {
        return Ok(());
    }
    // Whoever has it open keeps it from going back to one file, which is what is kept of it.
    let closed =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|conn| {
            conn.busy_timeout(PATIENCE)?;
            conn.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0))
        });
    match closed {
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ) =>
        {
            Err(used())
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Gives the store that is there a second name, and returns it. What it has not written back yet goes with
/// it: to a database that takes its place it would be poison.
fn keep(path: &Path) -> Result<Option<PathBuf>> {
    if !path.exists() {
        return Ok(None);
    }
    let named = |ending: &str, suffix: &str| path.with_extension(format!("db{ending}{suffix}"));
    let stamp = format!(".before-{}", Millis::now().0);
    let kept = named(&stamp, "");
    if fs::hard_link(path, &kept).is_err() {
        fs::copy(path, &kept).map_err(unwritable)?;
    }
    for suffix in ["-wal", "-shm"] {
        match fs::rename(named("", suffix), named(&stamp, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(Some(kept))
}

fn taken(path: &Path) -> Error {
    Error::new(Code::InvalidInput, format!("`{}` is there already", path.display()))
        .hint("name another file, or add `--force`")
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::new(Code::InvalidInput, format!("`{}` cannot be used: {}", path.display(), error.kind()))
}
