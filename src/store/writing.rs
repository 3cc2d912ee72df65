//! Transactions that write: one at a time, and on disk when they have ended well.
//!
//! Threads of a server that write at once do so in one transaction of the database. Each has its part of it, which
//! comes to nothing alone where it fails; the last one writes the pages that they have all changed, once.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ffi};

use super::{Store, leaves_log};
use crate::api::error::Result;

/// How many share a transaction at most: whoever is done with their part waits for the others.
const MOST: usize = 4;

/// A transaction that writes. It comes to nothing unless it is committed.
#[derive(Debug)]
pub(super) struct Writing<'a> {
    store: &'a Store,
    conn: MutexGuard<'a, Connection>,
    /// Those who have begun it, where it is only a part
    group: Option<Arc<Group>>,
    over: bool,
}

/// Who is next to write, and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// How many threads wait for the connection that writes
    waiting: AtomicUsize,
    /// Those whose part is written and not committed; for whoever has that connection
    open: Mutex<Option<Arc<Group>>>,
}

/// Threads that share a transaction, until they know what came of it.
#[derive(Debug, Default)]
struct Group {
    parts: AtomicUsize,
    outcome: Mutex<Option<Outcome<()>>>,
    known: Condvar,
}

/// What came of a commit, for several who want to know.
pub(super) type Outcome<T> = std::result::Result<T, ffi::Error>;

impl Store {
    /// Begins a transaction that will write: it waits for its turn here, never in the middle.
    ///
    /// Threads of this process wait for each other before they ask `SQLite`, which could only look again and
    /// again; other processes are waited for there. In a transaction nothing is waited for that another thread may
    /// hold while it commits: that thread may wait for this transaction.
    pub(super) fn write(&self) -> Result<Writing<'_>> {
        self.let_go();
        self.turns.waiting.fetch_add(1, Ordering::SeqCst);
        let conn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.turns.waiting.fetch_sub(1, Ordering::SeqCst);
        let writing = Writing { store: self, conn, group: self.turns.taken(), over: false };
        if writing.group.is_some() {
            writing.prepare_cached("SAVEPOINT part")?.execute([])?;
        } else {
            writing.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            leaves_log(&writing, false)?;
        }
        Ok(writing)
    }

    /// Returns the connection that writes, once what others have begun by it has ended.
    pub(super) fn idle_writer(&self) -> MutexGuard<'_, Connection> {
        let mut conn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = self.turns.taken() {
            group.tell(self.committed(&mut conn));
        }
        conn
    }

    /// Commits what is open, and returns once it is on disk.
    fn committed(&self, conn: &mut Connection) -> Outcome<()> {
        self.written(conn).and_then(|number| self.on_disk(number))
    }

    /// Returns once the commit of that number is on disk. Without threads that share it, it is already.
    fn on_disk(&self, number: u64) -> Outcome<()> {
        self.log.as_ref().map_or(Ok(()), |log| log.sync(number))
    }

    /// Commits what is open, and returns the number under which the disk can be waited for.
    fn written(&self, conn: &mut Connection) -> Outcome<u64> {
        if conn.is_autocommit() {
            // After some errors `SQLite` takes everything back by itself.
            return Err(ffi::Error::new(ffi::SQLITE_IOERR));
        }
        if let Err(error) = conn.prepare_cached("COMMIT").and_then(|mut end| end.execute([])) {
            taken_back(conn);
            return Err(error
                .sqlite_error()
                .copied()
                .unwrap_or(ffi::Error::new(ffi::SQLITE_ERROR)));
        }
        let Some(log) = &self.log else { return Ok(0) };
        let number = log.number();
        log.begin_anew(conn);
        Ok(number)
    }
}

impl Writing<'_> {
    /// Ends it well: what it wrote is on disk when this returns.
    pub(super) fn commit(mut self) -> Result<()> {
        let store = self.store;
        if self.group.is_some() {
            self.prepare_cached("RELEASE part")?.execute([])?;
        }
        self.over = true;
        let group = self.group.take().unwrap_or_default();
        if store.log.is_some() && store.turns.go_on(&group) {
            drop(self);
            return group.outcome();
        }
        let written = store.written(&mut self.conn);
        drop(self);
        let done = written.and_then(|number| store.on_disk(number));
        group.tell(done);
        ended(done)?;
        if let Some(log) = &store.log {
            store.bring_in(log);
        }
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
        if self.over {
            return;
        }
        let Some(group) = self.group.take() else { return taken_back(&self.conn) };
        // Nobody who saw what the others wrote goes on before that has come to anything.
        if self.conn.execute_batch("ROLLBACK TO part; RELEASE part").is_err() {
            taken_back(&self.conn);
        }
        group.tell(self.store.committed(&mut self.conn));
    }
}

impl Turns {
    /// Returns those whose transaction is open, for whoever goes on with it, or ends it.
    fn taken(&self) -> Option<Arc<Group>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Counts a part that is written, and tells whether somebody else is to go on with the transaction.
    fn go_on(&self, group: &Arc<Group>) -> bool {
        let parts = group.parts.fetch_add(1, Ordering::Relaxed) + 1;
        let goes_on = parts < MOST && self.waiting.load(Ordering::SeqCst) > 0;
        if goes_on {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            *open = Some(Arc::clone(group));
        }
        goes_on
    }
}

impl Group {
    fn tell(&self, outcome: Outcome<()>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.known.notify_all();
    }

    /// Waits until somebody tells.
    fn outcome(&self) -> Result<()> {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.known.wait_while(outcome, |outcome| outcome.is_none());
        let outcome = *known.unwrap_or_else(PoisonError::into_inner);
        outcome.map_or(Ok(()), ended)
    }
}

/// Takes back what is open. What cannot be taken back now is not committed either.
fn taken_back(conn: &Connection) {
    if !conn.is_autocommit() {
        let _ = conn.execute_batch("ROLLBACK");
    }
}

fn ended(outcome: Outcome<()>) -> Result<()> {
    outcome.map_err(|error| rusqlite::Error::SqliteFailure(error, None).into())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn shared(dir: &tempfile::TempDir, readers: usize) -> Store {
        Store::open(dir.path()).unwrap().shared(readers).unwrap()
    }

    /// Writes a toolkit, as good as anything.
    fn insert(tx: &Writing<'_>, toolkit: &str) {
        tx.execute("INSERT INTO toolkits (slug) VALUES (?1)", [toolkit]).unwrap();
    }

    fn write(store: &Store, toolkit: &str) -> Result<()> {
        let tx = store.write()?;
        insert(&tx, toolkit);
        tx.commit()
    }

    /// Returns what another process finds.
    fn found(dir: &tempfile::TempDir) -> Vec<String> {
        let other = Store::open(dir.path()).unwrap();
        let conn = other.conn();
        let mut select = conn.prepare("SELECT slug FROM toolkits ORDER BY slug").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    fn await_that(what: impl Fn() -> bool) {
        while !what() {
            thread::yield_now();
        }
    }

    fn waiting(store: &Store) -> usize {
        store.turns.waiting.load(Ordering::SeqCst)
    }

    /// Writes `a` while others wait, each with one of `parts`, and returns what came of them all.
    fn at_once(store: &Store, parts: &[&'static str]) -> Vec<Result<()>> {
        thread::scope(|scope| {
            let first = store.write().unwrap();
            let others: Vec<_> =
                parts.iter().map(|part| scope.spawn(|| write(store, part))).collect();
            await_that(|| waiting(store) == parts.len());
            insert(&first, "a");
            let done = std::iter::once(first.commit());
            done.chain(others.into_iter().map(|other| other.join().unwrap())).collect()
        })
    }

    #[test]
    fn threads_that_write_at_once_share_a_commit() {
        let dir = tempfile::tempdir().unwrap();
        let store = shared(&dir, 1);

        let done = at_once(&store, &["b", "c", "d"]);

        assert!(done.iter().all(Result::is_ok));
        assert_eq!(found(&dir), ["a", "b", "c", "d"]);
        // The next one is the second.
        assert_eq!(store.log.as_ref().unwrap().number(), 2);
    }

    #[test]
    fn so_many_share_one_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let store = shared(&dir, 1);

        assert!(at_once(&store, &["b", "c", "d", "e", "f"]).iter().all(Result::is_ok));

        assert_eq!(found(&dir).len(), 6);
        assert_eq!(store.log.as_ref().unwrap().number(), 3);
    }

    #[test]
    fn a_part_that_fails_comes_to_nothing_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = shared(&dir, 1);

        thread::scope(|scope| {
            let first = store.write().unwrap();
            let fails = scope.spawn(|| {
                let tx = store.write().unwrap();
                let joined = tx.group.is_some();
                insert(&tx, "x");
                (joined, tx.execute("INSERT INTO toolkits (slug) VALUES (NULL)", []).is_err())
            });
            await_that(|| waiting(&store) == 1);
            insert(&first, "a");
            first.commit().unwrap();
            assert_eq!(fails.join().unwrap(), (true, true));
        });

        write(&store, "b").unwrap();
        assert_eq!(found(&dir), ["a", "b"]);
    }

    #[test]
    fn a_part_of_any_size_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = shared(&dir, 1);
        let tx = store.write().unwrap();
        tx.execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
             INSERT INTO toolkits (slug) SELECT 'a-toolkit-of-some-length-' || i FROM n;
             SAVEPOINT part; UPDATE toolkits SET enabled = 0, slug = 'b' || slug;",
        )
        .unwrap();

        tx.execute_batch("ROLLBACK TO part; RELEASE part").unwrap();

        tx.commit().unwrap();
        let found = found(&dir);
        assert!(found.len() == 9_999 && found.iter().all(|slug| slug.starts_with('a')));
        assert_eq!(store.complaint().unwrap(), None);
    }

    #[test]
    fn all_who_share_a_commit_are_told_that_it_failed() {
        let dir = tempfile::tempdir().unwrap();
        let store = shared(&dir, 1);
        store.writer.lock().unwrap().commit_hook(Some(|| true)).unwrap();

        let done = at_once(&store, &["b", "c"]);

        assert!(done.iter().all(Result::is_err), "{done:?}");
        assert!(found(&dir).is_empty());
        store.writer.lock().unwrap().commit_hook(None::<fn() -> bool>).unwrap();
        write(&store, "d").unwrap();
        assert_eq!(found(&dir), ["d"]);
    }

    #[test]
    fn what_is_not_committed_yet_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let store = shared(&dir, 0);
        // Somebody who never comes to write.
        store.turns.waiting.fetch_add(1, Ordering::SeqCst);

        thread::scope(|scope| {
            let writes = scope.spawn(|| write(&store, "a"));
            await_that(|| store.turns.open.lock().unwrap().is_some());
            assert!(found(&dir).is_empty());
            store.users().unwrap();
            assert_eq!(found(&dir), ["a"]);
            writes.join().unwrap().unwrap();
        });
    }
}
