//! Reading one state of the store by several statements, as a server does for each call.
//!
//! Each statement by itself locks and unlocks the file, which costs more than most of them do. What a call reads
//! between two waits is read in one transaction instead. It is given up before its thread writes or waits for
//! another process: what comes after that is to be seen.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;

use super::Store;
use super::recall::Known;
use crate::api::error::Result;

thread_local! {
    /// Which store this thread reads one state of, by its place in memory, and by which of its readers.
    static STEADY: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// A connection that reads.
#[derive(Debug)]
pub(super) struct Reader {
    conn: Mutex<Connection>,
    /// Whether a thread reads one state by it: nobody else may, who would see that state, too
    steady: AtomicBool,
    /// What it has read of that state, for those who ask for it again
    pub(super) known: Mutex<Known>,
}

/// One state of a store, for whatever its thread reads until this goes.
struct Steady<'a>(&'a Store);

impl Reader {
    pub(super) fn of(conn: Connection) -> Self {
        Self { conn: Mutex::new(conn), steady: AtomicBool::new(false), known: Mutex::default() }
    }

    /// Returns the connection if nobody uses it, and no thread will go on to.
    pub(super) fn free(&self) -> Option<MutexGuard<'_, Connection>> {
        if self.steady.load(Ordering::Acquire) { None } else { self.idle() }
    }

    /// Returns the connection if nobody uses it now.
    pub(super) fn idle(&self) -> Option<MutexGuard<'_, Connection>> {
        match self.conn.try_lock() {
            Ok(conn) => Some(conn),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Begins to read one state, unless the connection is in use. The state is that of the first statement.
    fn begin(&self) -> bool {
        if self.steady.swap(true, Ordering::AcqRel) {
            return false;
        }
        let begun = self.idle().is_some_and(|conn| run(&conn, "BEGIN"));
        if begun {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).doubt();
        } else {
            self.steady.store(false, Ordering::Release);
        }
        begun
    }

    fn end(&self) {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        if !run(&conn, "COMMIT") && !conn.is_autocommit() {
            // It has only read.
            run(&conn, "ROLLBACK");
        }
        self.steady.store(false, Ordering::Release);
    }
}

/// Runs a statement, and tells whether it went well.
fn run(conn: &Connection, statement: &str) -> bool {
    conn.prepare_cached(statement).and_then(|mut ready| ready.execute([])).is_ok()
}

impl Store {
    /// Carries something out: all that it reads between two waits, and before it writes, is one state of the store.
    pub(crate) fn steadily<T>(&self, reads: impl Future<Output = T>) -> impl Future<Output = T> {
        // Whatever is around it would carry about, and copy, the room that it takes.
        let mut reads = Box::pin(reads);
        poll_fn(move |context| {
            let _state = Steady::of(self);
            reads.as_mut().poll(context)
        })
    }

    /// Reads one state by several statements, also for a thread that has not begun to.
    pub(super) fn at_once<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let mut conn = self.conn();
        if conn.is_autocommit() { read(&*conn.transaction()?) } else { read(&conn) }
    }

    /// Returns the reader that this thread is to use, if there is one for it.
    pub(super) fn reader(&self) -> Option<MutexGuard<'_, Connection>> {
        let own = self.own().and_then(Reader::idle);
        own.or_else(|| self.readers.iter().find_map(Reader::free))
    }

    /// Ends the reading of one state: whatever comes now is news.
    pub(super) fn let_go(&self) {
        if let Some(own) = self.own() {
            STEADY.set(None);
            own.end();
        }
    }

    /// Returns the reader by which this thread reads one state of this store.
    pub(super) fn own(&self) -> Option<&Reader> {
        let (store, reader) = STEADY.get()?;
        self.readers.get(reader).filter(|_| store == self.place())
    }

    /// Returns what tells this store from others while it is borrowed.
    fn place(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<'a> Steady<'a> {
    /// Begins to read one state, where a reader is free for that and the thread does not read one already.
    fn of(store: &'a Store) -> Self {
        if STEADY.get().is_none() {
            STEADY.set(store.readers.iter().position(Reader::begin).map(|at| (store.place(), at)));
        }
        Self(store)
    }
}

impl Drop for Steady<'_> {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::time::Millis;
    use crate::api::workspace::CreateUser;

    fn count(store: &Store) -> usize {
        store.users().unwrap().len()
    }

    fn add(store: &Store, name: &str) {
        let external_id = name.parse().ok();
        let new = CreateUser { external_id, email: None, label: None, account_kit_id: None };
        store.create_user(&new, Millis::now()).unwrap();
    }

    fn shared(dir: &tempfile::TempDir) -> Store {
        Store::open(dir.path()).unwrap().shared(2).unwrap()
    }

    #[tokio::test]
    async fn what_others_write_meanwhile_is_seen_after_the_next_wait() {
        let dir = tempfile::tempdir().unwrap();
        let (store, other) = (shared(&dir), shared(&dir));

        let counts = store.steadily(async {
            let first = count(&store);
            add(&other, "ann");
            let second = count(&store);
            tokio::task::yield_now().await;
            [first, second, count(&store)]
        });

        assert_eq!(counts.await, [1, 1, 2]);
    }

    #[tokio::test]
    async fn what_a_thread_writes_it_sees_and_so_does_whoever_waited_for_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (store, other) = (shared(&dir), shared(&dir));

        let counts = store.steadily(async {
            let first = count(&store);
            add(&store, "ann");
            [first, count(&store)]
        });
        let waited = store.steadily(async {
            let first = count(&store);
            add(&other, "bob");
            drop(store.lock().unwrap());
            [first, count(&store)]
        });

        assert_eq!((counts.await, waited.await), ([1, 2], [2, 3]));
    }

    #[tokio::test]
    async fn one_state_is_read_by_one_thread_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (store, other) = (shared(&dir), shared(&dir));

        let counts = store.steadily(async {
            let mine = [count(&store), count(&other)];
            add(&other, "ann");
            let theirs = std::thread::scope(|scope| scope.spawn(|| count(&store)).join()).unwrap();
            (mine, theirs, count(&store), store.steadily(async { count(&store) }).await)
        });

        assert_eq!(counts.await, ([1, 1], 2, 1, 1));
        assert!(store.readers.iter().all(|reader| reader.free().is_some()));
    }
}
