//! A store that several threads use at once: what a server has, and a command has no need of.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, ffi};

use super::{Store, connect, unwritable};
use crate::api::error::Result;

/// How many statements a server keeps ready on each of its connections: all that there are.
const STATEMENTS: usize = 256;

/// How long the log grows, in pages, before it is brought into the database: `SQLite`'s own measure.
const CHECKPOINT: i32 = 1_000;

impl Store {
    /// Returns the same store for `threads` at once: none of them waits for what another reads.
    ///
    /// Fails with `Internal` if the file cannot be opened so often.
    pub(crate) fn shared(mut self, threads: usize) -> Result<Self> {
        let path = self.dir.join("naive.db");
        for _ in self.conns.len()..threads {
            let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            self.conns.push(Mutex::new(conn));
        }
        let log = File::options().write(true).open(self.dir.join("naive.db-wal"));
        let log = Arc::new(log.map_err(unwritable)?);
        for conn in &mut self.conns {
            let conn = conn.get_mut().unwrap_or_else(PoisonError::into_inner);
            conn.set_prepared_statement_cache_capacity(STATEMENTS);
            sync_together(conn, &log)?;
        }
        Ok(self)
    }
}

/// Has a connection wait for the disk after each commit once others may write again, not before: so those who
/// commit at the same time wait together. What a commit returns from is on disk, as ever.
///
/// Source: `SQLite`'s documentation of `sqlite3_wal_hook` and of `PRAGMA synchronous` (read 2026-11-28): with
/// `NORMAL` the log is written in order and not synced, and the hook runs when the lock is free.
fn sync_together(conn: &mut Connection, log: &Arc<File>) -> Result<()> {
    let log = Arc::clone(log);
    conn.execute_batch("PRAGMA synchronous = NORMAL;")?;
    conn.wal_hook(Some(move |wal: &mut Wal, pages| {
        log.sync_data().map_err(|_| {
            rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None)
        })?;
        if pages >= CHECKPOINT {
            // Whoever still reads holds it up; the next commit tries again.
            let _ = wal.checkpoint();
        }
        Ok(())
    }))?;
    Ok(())
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
                    for number in 0..50 {
                        let user = new_user(format!("{thread}-{number}"));
                        store.create_user(&user, Millis::now()).unwrap();
                        assert!(store.user(&user.external_id.unwrap()).unwrap().is_some());
                    }
                });
            }
        });

        let other = Store::open(dir.path()).unwrap();
        assert_eq!(other.users().unwrap().len(), 401);
        // It was brought into the database on the way: the log does not grow without an end.
        let log = dir.path().join("naive.db-wal").metadata().unwrap().len();
        assert!(log < 3 * 1_000 * 4_096, "{log}");
    }
}
