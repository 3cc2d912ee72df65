//! The embedded database: the only SQL of the product.
//!
//! Every function is one statement or one transaction, in the words of `api`. Several processes share
//! the file, so nothing here relies on a lock inside this one.

mod added;
mod approvals;
mod backup;
mod chain;
mod claims;
mod clients;
mod columns;
mod composio;
mod connections;
mod dashboard;
mod deliveries;
mod devices;
mod events;
mod executors;
#[cfg(test)]
mod fixtures;
mod flows;
mod generation;
mod idempotency;
mod integrations;
mod keys;
mod kits;
mod log;
mod mirror;
mod presence;
mod recall;
pub(crate) mod remote;
mod retold;
mod schema;
mod sealed;
mod sessions;
mod sharing;
mod steady;
#[cfg(test)]
mod tests;
mod trading;
mod ways;
mod webhooks;
mod workspace;
mod writing;

pub(crate) use added::AddedRow;
pub(crate) use approvals::{
    ApprovalRow, Decision, End, Filter, NewApproval, Sealed, Then, frozen_owner, result_owner,
};
pub(crate) use backup::restore;
pub(crate) use clients::Registration;
pub(crate) use composio::ListedRow;
pub(crate) use connections::{Begun, NewFlow};
pub(crate) use deliveries::{Delivery, LONGEST_PAUSE, Next, Tried};
pub(crate) use devices::WaitingDevice;
pub(crate) use events::Wanted;
pub(crate) use flows::{Flow, FlowAnswer, FlowState, flow_owner};
pub(crate) use generation::Restored;
pub(crate) use idempotency::{Keyed, Standing};
pub(crate) use integrations::Integration;
pub(crate) use kits::KitForm;
pub(crate) use log::Entry;
pub(crate) use mirror::Grant;
pub(crate) use trading::{BrokerRow, HaltRow, NewIntent, Reserved, Spent};
pub(crate) use ways::WayRow;
pub(crate) use webhooks::{MOST_WEBHOOKS, webhook_owner};
pub(crate) use workspace::{ToolkitRow, UserChange};

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::api::error::{Code, Error, Result};
use columns::{json, parsed, word};
use presence::Presence;
use schema::{is_current, migrate, version};
use sharing::Log;
use steady::Reader;
use writing::{Turns, Writing};

/// A command of several steps may have done some of them when this happens.
const FULL: &str = "the store could not be written: the disk is full";
const FREE_SPACE: &str =
    "free some space, then run the command again: it goes on from what is there";

/// The database of one profile.
#[derive(Debug)]
pub(crate) struct Store {
    /// Writes, and reads too where there is no other
    writer: Mutex<Connection>,
    /// Who is next to write
    turns: Turns,
    /// A server has several: none of its threads waits for what another reads
    readers: Vec<Reader>,
    /// What is written and not on disk yet, where several threads may wait for that together
    log: Option<Log>,
    dir: PathBuf,
    presence: OnceLock<Presence>,
    /// Which file the database is, once it is known to be no copy from before
    original: OnceLock<String>,
    /// Approvals as this process has moved them, in order, until somebody takes them
    moved: Mutex<Vec<ApprovalRow>>,
}

impl Store {
    /// Opens the database in `dir`, and makes or migrates it first where that is needed.
    ///
    /// Fails with `Internal` if the file is damaged, or newer than this build; then it is left as it is.
    /// On a read-only disk the store opens, and every write fails.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let path = dir.join("naive.db");
        let current = match connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
            Ok(conn) => is_current(&conn)?.then_some(conn),
            Err(error) if cannot_be_written(&path, &error) => Some(read_only(&path).ok_or(error)?),
            // Not there yet, being made by another process, or damaged: one at a time finds out.
            Err(_) => None,
        };
        let conn = match current {
            Some(conn) => conn,
            None => migrated(dir, &path)?,
        };
        leaves_log(&conn, log_is_empty(dir))?;
        Ok(Self::on(conn, dir.to_owned()))
    }

    /// Tells whether there is a database in `dir`.
    pub(crate) fn is_there(dir: &Path) -> bool {
        dir.join("naive.db").exists()
    }

    /// Returns the directory in which the database lies.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns a store that lives as long as this value.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn).unwrap();
        let dir = PathBuf::from("/nonexistent");
        Self::on(conn, dir)
    }

    fn on(conn: Connection, dir: PathBuf) -> Self {
        Self {
            writer: Mutex::new(conn),
            turns: Turns::default(),
            readers: Vec::new(),
            log: None,
            dir,
            presence: OnceLock::new(),
            original: OnceLock::new(),
            moved: Mutex::default(),
        }
    }

    /// Takes the lock that all processes on this store share; it is freed when the file is dropped.
    ///
    /// For what must happen once but touches more than the database: making a key.
    pub(crate) fn lock(&self) -> Result<File> {
        self.let_go();
        lock(&self.dir)
    }

    /// Returns this store's own id, a UUID made with it.
    pub(crate) fn id(&self) -> Result<String> {
        let conn = self.conn();
        Ok(conn.prepare_cached("SELECT id FROM store")?.query_row([], |row| row.get(0))?)
    }

    /// Checks every page, and returns the first complaint, if there is one.
    pub(crate) fn complaint(&self) -> Result<Option<String>> {
        let answer: String =
            self.conn().query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((answer != "ok").then_some(answer))
    }

    /// Returns the name under which this process claims things.
    fn presence(&self) -> Result<&str> {
        if let Some(presence) = self.presence.get() {
            return Ok(presence.name());
        }
        let entered = Presence::enter(&self.dir)?;
        Ok(self.presence.get_or_init(|| entered).name())
    }

    /// Returns a connection to read by: one that nobody uses, or the one that writes once it is free.
    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.reader().unwrap_or_else(|| self.idle_writer())
    }
}

/// Opens the file and says how to wait for other processes.
fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut conn = Connection::open_with_flags(path, flags)?;
    conn.execute_batch("PRAGMA synchronous = FULL;")?;
    conn.busy_handler(Some(wait_for_turn))?;
    // A plan holds for whatever is bound: no statement is prepared anew for another user.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// Says whether the log stays where it is when a connection is closed. Otherwise whoever closes the last one brings
/// what it holds into the database and deletes it.
///
/// Those who only read leave an empty log as it is: to delete it and make it again takes a small command longer than
/// to read by it.
fn leaves_log(conn: &Connection, leaves: bool) -> Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leaves)?;
    Ok(())
}

/// Tells whether the log holds nothing, not even what a process left there that was killed.
fn log_is_empty(dir: &Path) -> bool {
    fs::metadata(dir.join("naive.db-wal")).map_or(true, |log| log.len() == 0)
}

/// Waits a little while another writes, and says whether to go on: for ten seconds in all.
///
/// `SQLite`'s own waiting grows to a tenth of a second, which is a hundred times as long as most turns take.
fn wait_for_turn(times: i32) -> bool {
    let (quick, slow) = (Duration::from_micros(200), Duration::from_millis(2));
    std::thread::sleep(if times < 500 { quick } else { slow });
    times < 500 + 4950
}

/// Tells whether a database that is there could be read, but not written: no right to, or a full disk.
fn cannot_be_written(path: &Path, error: &rusqlite::Error) -> bool {
    if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
        return path.exists();
    }
    let opened = File::options().write(true).open(path).map_err(|error| error.kind());
    matches!(opened, Err(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem))
}

/// Opens a database in a place that cannot be written, as it was when it was last closed; `None` if it
/// was never whole.
fn read_only(path: &Path) -> Option<Connection> {
    let mut uri = url::Url::from_file_path(path).ok()?;
    uri.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(uri.as_str(), flags).ok()?;
    is_current(&conn).ok()?.then_some(conn)
}

/// Makes the directory and the database, or brings an older one up to date, one process at a time.
fn migrated(dir: &Path, path: &Path) -> Result<Connection> {
    private_dir(dir)?;
    let guard = lock(dir)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    private_file(path)?;
    let mut conn = connect(path, flags)?;
    let sentinel = dir.join("store.id");
    if version(&conn)? == 0 && sentinel.exists() {
        return Err(damaged("it is empty, though it was in use before"));
    }
    conn.execute_batch("PRAGMA journal_mode = WAL;")?;
    let id = migrate(&mut conn)?;
    if !sentinel.exists() {
        fs::write(&sentinel, id).map_err(unwritable)?;
    }
    drop(guard);
    Ok(conn)
}

/// Takes the lock file of a store's directory, waiting for whoever has it.
fn lock(dir: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("store.lock"))
        .map_err(unwritable)?;
    file.lock().map_err(unwritable)?;
    Ok(file)
}

/// Makes a directory that only its owner can enter, with its parents.
fn private_dir(dir: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(unwritable)
}

/// Makes an empty file that only its owner can read, unless there is one already.
fn private_file(path: &Path) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(unwritable(error)),
        _ => Ok(()),
    }
}

fn unwritable(error: io::Error) -> Error {
    let text = match error.kind() {
        io::ErrorKind::StorageFull => {
            return Error::internal(FULL, error).hint(FREE_SPACE);
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "the store's directory cannot be written"
        }
        _ => "the store's directory cannot be used",
    };
    Error::internal(text, error).hint("run `naive doctor` to see where it is and what it needs")
}

fn damaged(how: &str) -> Error {
    Error::new(Code::InternalError, format!("the store is damaged: {how}"))
        .hint("nothing was changed; bring `naive.db` back from a copy, or move its directory away")
        .reason("store_damaged")
}

/// Gives a database error its meaning; whatever is not known here is `Internal`.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let made = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                damaged("`naive.db` is not a whole database")
            }
            Some(ErrorCode::DiskFull) => Error::new(Code::InternalError, FULL).hint(FREE_SPACE),
            Some(ErrorCode::ReadOnly) => {
                let text = "the store cannot be written: it is read-only, or its disk is full";
                Error::new(Code::InternalError, text)
                    .hint("run `naive doctor` to see where it is and what it needs")
            }
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Error::new(Code::InternalError, "the store cannot be opened")
                    .hint("run `naive doctor` to see where it is and what it needs")
            }
            Some(ErrorCode::SystemIoFailure) => {
                let text = "the store could not be written: the disk failed or is full";
                Error::new(Code::InternalError, text)
                    .hint("run `naive doctor`; then run the command again")
            }
            Some(ErrorCode::DatabaseBusy) => Error::new(
                Code::InternalError,
                "another process has kept the store busy for 10 seconds",
            )
            .hint("run the command again"),
            _ => Error::new(Code::InternalError, "the store did not understand itself"),
        };
        made.because(error)
    }
}
