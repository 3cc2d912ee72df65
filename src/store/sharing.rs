//! A store that several threads use at once: what a server has, and a command has no need of.
//!
//! One connection writes, as only one can; the others read meanwhile. What is written is in `SQLite`'s log by the
//! time others may write, and whoever wrote it then waits for the disk, together with all who wait by then.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, ffi};

use super::steady::Reader;
use super::writing::Outcome;
use super::{Store, connect, unwritable, wait_for_turn};
use crate::api::error::Result;

/// How many statements a server keeps ready on each of its connections: all that there are.
const STATEMENTS: usize = 256;

/// How long the log grows, in pages, before it is brought into the database: most pages change many times on the
/// way, and are brought there once. As many as `SQLite` finds in one step.
const CHECKPOINT: i32 = 4_000;
/// How long that waits for those who read to end; where one reads on, the next commit tries again.
const BRIEF: Duration = Duration::from_millis(2);

/// `SQLite`'s log: how far it is written, and how far it is on disk.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// How many commits it holds
    written: AtomicU64,
    /// How many pages it held after the last one
    pages: Arc<AtomicI32>,
    /// Whether what it held is in the database, so that it can be begun anew
    brought: AtomicBool,
    /// Held by whoever waits for the disk
    synced: Mutex<Synced>,
}

/// Commits by their number.
#[derive(Debug, Default)]
struct Synced {
    /// All up to this one are on disk
    upto: u64,
    /// Up to this one, they may not be: the disk has failed
    lost: u64,
}

impl Store {
    /// Returns the same store for `threads` at once: none of them waits for what another reads.
    ///
    /// Fails with `Internal` if the file cannot be opened so often.
    pub(crate) fn shared(mut self, threads: usize) -> Result<Self> {
        let path = self.dir.join("naive.db");
        for _ in 0..threads {
            let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            conn.set_prepared_statement_cache_capacity(STATEMENTS);
            conn.pragma_update(None, "query_only", true)?;
            self.readers.push(Reader::of(conn));
        }
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        writer.set_prepared_statement_cache_capacity(STATEMENTS);
        // Source: SQLite's documentation of `PRAGMA synchronous` (read 2026-11-28): the log is written in order, and
        // synced only before what it holds is brought into the database. `Log` syncs it for every commit.
        writer.pragma_update(None, "synchronous", "NORMAL")?;
        let file = File::options().write(true).open(self.dir.join("naive.db-wal"));
        let log = Log::of(file.map_err(unwritable)?);
        let pages = Arc::clone(&log.pages);
        writer.wal_hook(Some(move |_: &mut Wal, now| {
            pages.store(now, Ordering::Relaxed);
            Ok(())
        }))?;
        self.log = Some(log);
        Ok(self)
    }

    /// Brings a log that has become long into the database, while others read and write.
    ///
    /// Only what they have added meanwhile is left for whoever begins it anew, and has them wait for that.
    pub(super) fn bring_in(&self, log: &Log) {
        if !log.is_long() {
            return;
        }
        let Some(reader) = self.readers.iter().find_map(Reader::free) else { return };
        // Where another does it already, there is nothing to do.
        let done = reader.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(0));
        if done.is_ok_and(|busy: i64| busy == 0) {
            log.brought.store(true, Ordering::Relaxed);
        }
    }
}

impl Log {
    fn of(file: File) -> Self {
        let (written, pages, brought) = (AtomicU64::new(0), Arc::default(), AtomicBool::new(false));
        Self { file, written, pages, brought, synced: Mutex::default() }
    }

    /// Tells whether the log has become long, and nobody has brought it into the database since.
    fn is_long(&self) -> bool {
        self.pages.load(Ordering::Relaxed) >= CHECKPOINT && !self.brought.load(Ordering::Relaxed)
    }

    /// Has the log begun anew once it was brought into the database.
    ///
    /// `SQLite` does not do so by itself while there is always one who reads.
    pub(super) fn begin_anew(&self, writer: &mut Connection) {
        if !self.brought.swap(false, Ordering::Relaxed) {
            return;
        }
        // What was committed is in the log, whatever comes of this.
        let _ = writer.busy_timeout(BRIEF);
        let done = writer.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0));
        if done.is_ok_and(|busy: i64| busy == 0) {
            self.pages.store(0, Ordering::Relaxed);
        }
        let _ = writer.busy_handler(Some(wait_for_turn));
    }

    /// Returns the number of a commit. Call it once that is written, and before anyone else writes.
    pub(super) fn number(&self) -> u64 {
        self.written.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Returns once the commit of that number is on disk.
    ///
    /// While one waits for the disk, others write, and are all served by the next wait: whoever has its turn
    /// waits for everything that was written before that began.
    pub(super) fn sync(&self, number: u64) -> Outcome<()> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if synced.upto < number && synced.lost < number {
            let written = self.written.load(Ordering::SeqCst);
            match self.file.sync_data() {
                Ok(()) => synced.upto = written,
                // The system tells of it once, and may take the pages for clean from then on.
                Err(_) => synced.lost = written,
            }
        }
        if number <= synced.lost {
            return Err(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::time::Millis;
    use crate::api::workspace::CreateUser;

    fn new_user(name: String) -> CreateUser {
        let external_id = name.parse().ok();
        CreateUser { external_id, email: None, label: None, account_kit_id: None }
    }

    #[test]
    fn what_threads_write_at_once_is_all_there_for_the_next_process() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap().shared(4).unwrap();

        std::thread::scope(|scope| {
            for thread in 0..8 {
                let store = &store;
                scope.spawn(move || {
                    for number in 0..300 {
                        let user = new_user(format!("{thread}-{number}"));
                        store.create_user(&user, Millis::now()).unwrap();
                        assert!(store.user(&user.external_id.unwrap()).unwrap().is_some());
                    }
                });
            }
        });

        let other = Store::open(dir.path()).unwrap();
        assert_eq!(other.users().unwrap().len(), 2401);
        // It was brought into the database on the way: the log does not grow without an end.
        let log = dir.path().join("naive.db-wal").metadata().unwrap().len();
        assert!(log < 2 * u64::from(CHECKPOINT.unsigned_abs()) * 4_096, "{log}");
    }

    #[test]
    fn what_the_disk_did_not_take_stays_failed_for_all_who_waited_for_it() {
        let disk = tempfile::tempfile().unwrap();
        // What is no file cannot be synced.
        let file = File::open(if cfg!(windows) { "NUL" } else { "/dev/null" }).unwrap();
        let mut log = Log::of(file);
        let (one, two) = (log.number(), log.number());

        let first = log.sync(one);
        log.file = disk;
        let later = log.number();

        assert!(first.is_err() && log.sync(two).is_err());
        assert!(log.sync(later).is_ok() && log.sync(two).is_err());
    }
}
