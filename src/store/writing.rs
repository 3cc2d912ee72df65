//! Transactions that write: one at a time, and on disk when they have ended well.

use std::ops::Deref;
use std::sync::{MutexGuard, PoisonError};

use rusqlite::Connection;

use super::{Store, leaves_log};
use crate::api::error::Result;

/// A transaction that writes. It comes to nothing unless it is committed.
#[derive(Debug)]
pub(super) struct Writing<'a> {
    store: &'a Store,
    conn: MutexGuard<'a, Connection>,
}

impl Store {
    /// Begins a transaction that will write: it waits for its turn here, never in the middle.
    ///
    /// Threads of this process wait for each other before they ask `SQLite`, which could only look again and
    /// again; other processes are waited for there.
    pub(super) fn write(&self) -> Result<Writing<'_>> {
        self.let_go();
        let conn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        leaves_log(&conn, false)?;
        Ok(Writing { store: self, conn })
    }
}

impl Writing<'_> {
    /// Ends it well: what it wrote is on disk when this returns.
    pub(super) fn commit(mut self) -> Result<()> {
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        let store = self.store;
        let Some(log) = &store.log else { return Ok(()) };
        let number = log.number();
        log.begin_anew(&mut self.conn);
        drop(self);
        log.sync(number)?;
        store.bring_in(log);
        Ok(())
    }
}

impl Deref for Writing<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.conn.is_autocommit() {
            // What cannot be taken back now is not committed either.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }
}
