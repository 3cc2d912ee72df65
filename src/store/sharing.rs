//! A store that several threads use at once: what a server has, and a command has no need of.
//!
//! One connection writes, as only one can; the others read meanwhile. What is written is in `SQLite`'s log by the
//! time others may write, and whoever wrote it then waits for the disk, together with all who wait by then.

use std::fs::File;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, ffi};

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
            self.readers.push(Mutex::new(conn));
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
}

impl Log {
    fn of(file: File) -> Self {
        let (written, pages) = (AtomicU64::new(0), Arc::default());
        Self { file, written, pages, synced: Mutex::default() }
    }

    /// Brings the log into the database where it has become long, and has it begun anew.
    ///
    /// `SQLite` does the first by itself, but not the second while there is always one who reads.
    pub(super) fn shorten(&self, writer: &mut Connection) {
        if self.pages.load(Ordering::Relaxed) < CHECKPOINT {
            return;
        }
        // What was committed is in the log, whatever comes of this.
        let _ = writer.busy_timeout(BRIEF);
        let _ = writer.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
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
    pub(super) fn sync(&self, number: u64) -> Result<()> {
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
            let failed = ffi::Error::new(ffi::SQLITE_IOERR_FSYNC);
            return Err(rusqlite::Error::SqliteFailure(failed, None).into());
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
