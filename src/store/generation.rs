//! How often something was claimed, in the database and in a file beside it: where the file is ahead,
//! the database is a copy from before, and what it has not done may have been done since.
//!
//! The file names the database's file too: a copy of the whole directory brings the same number along, and
//! is known by that. The database writes to its file in place, also when it vacuums it (a test holds it to
//! that); only `restore` puts another in its place.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
#[cfg(unix)]
use std::time::UNIX_EPOCH;

use rusqlite::params;

use super::log::append;
use super::{Entry, Store, Writing, deliveries, unwritable};
use crate::api::approvals::Actor;
use crate::api::error::Result;
use crate::api::ids::{ApprovalId, fresh};
use crate::api::time::Millis;

/// The file beside the database: the store's id, the number, and which file the database is.
const MARKER: &str = "generation";
/// What an approval's history says of it.
const RESTORED: &str = "restored copy";

/// What a copy that was restored had open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Restored {
    /// How many were allowed or being sent: nobody knows what became of them
    pub(crate) unknown: usize,
    /// How many wait for a decision, which may have been made since
    pub(crate) pending: usize,
}

impl Store {
    /// Writes the number of a claim beside the database. Call it after the claim is committed, and before
    /// anything leaves; it is on disk when this returns.
    pub(crate) fn mark_generation(&self, number: i64) -> Result<()> {
        if self.is_in_memory() {
            return Ok(());
        }
        let id = self.id()?;
        write_marker(&self.dir, &id, number)
    }

    /// Finds out whether this database is a copy from before, and if so, gives up what it cannot know:
    /// whatever was allowed or being sent is `unknown`, and what waits says that it may be over.
    pub(crate) fn settle_copy(&self, now: Millis) -> Result<Option<Restored>> {
        if self.is_in_memory() {
            return Ok(None);
        }
        let file = identity(&self.dir)?;
        if self.original.get().is_some_and(|known| *known == file) {
            return Ok(None);
        }
        let marker = read_marker(&self.dir)?;
        let present = row(&self.conn())?;
        if present.is_original(&file, marker.as_ref()) {
            if marker.is_none() {
                // There before the first approval, so that one without it is a copy's. Where it cannot be
                // written, nothing can be claimed either.
                let _ = replace_marker(&self.dir, &present.id, present.number);
            }
            self.original.get_or_init(|| file);
            return Ok(None);
        }
        let (found, given_up) = {
            let tx = self.write()?;
            let present = row(&tx)?;
            if present.is_original(&file, read_marker(&self.dir)?.as_ref()) {
                // Another process was faster.
                return Ok(None);
            }
            let found = give_up(&tx, now)?;
            let ahead = marker.map_or(0, |marker| marker.number);
            let number = present.number;
            let next = ahead.max(number).max(number.saturating_neg()) + 1;
            tx.execute("UPDATE store SET generation = ?1", [next])?;
            tx.commit()?;
            found
        };
        let present = row(&self.conn())?;
        replace_marker(&self.dir, &present.id, present.number)?;
        for id in given_up.iter().filter_map(|id| id.parse().ok()) {
            // What is settled stays so, whether others can be told of it or not.
            if let Ok(Some(row)) = self.approval_as_it_stands(&id) {
                self.has_moved(&row);
            }
        }
        Ok(Some(found))
    }

    fn is_in_memory(&self) -> bool {
        self.conn().path().is_none_or(str::is_empty)
    }
}

/// Counts a claim in its transaction; [`Store::mark_claim`] marks it once that is committed.
pub(super) fn advance(tx: &Writing<'_>) -> Result<()> {
    tx.prepare_cached("UPDATE store SET generation = generation + 1")?.execute([])?;
    Ok(())
}

/// What the database says of itself.
#[derive(Debug)]
struct Present {
    id: String,
    number: i64,
    /// Whether anything was ever frozen in it
    holds: bool,
}

fn row(conn: &rusqlite::Connection) -> Result<Present> {
    let mut select =
        conn.prepare_cached("SELECT id, generation, EXISTS (SELECT 1 FROM approvals) FROM store")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Present { id: row.get(0)?, number: row.get(1)?, holds: row.get(2)? })
    };
    Ok(select.query_row([], read)?)
}

/// Moves what a copy cannot know to where a person has to look, and says so in the log; returns the ids
/// of that too.
fn give_up(tx: &Writing<'_>, now: Millis) -> Result<(Restored, Vec<String>)> {
    let open = tx
        .prepare(
            "UPDATE approvals SET status = 'unknown', owner = NULL, updated_at = ?1, restored_at = ?1,
                 reason = 'restored copy: it may have been done since'
             WHERE status IN ('approved', 'sending') RETURNING id, user_id, epoch",
        )?
        .query_map([now.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(String, String, i64)>>>()?;
    for (id, user, epoch) in &open {
        tx.execute(
            "INSERT INTO attempts (approval_id, epoch, phase, at, detail)
             VALUES (?1, ?2, 'restored', ?3, ?4) ON CONFLICT DO NOTHING",
            params![id, epoch, now.0, RESTORED],
        )?;
        append(tx, &entry("approval.unknown", now, Some((id, user))))?;
        deliveries::of_given_up(tx, (id, user), now)?;
    }
    let pending = tx.execute(
        "UPDATE approvals SET updated_at = ?1, restored_at = ?1,
             reason = 'restored copy: it may have been decided and done since'
         WHERE status = 'pending'",
        [now.0],
    )?;
    append(tx, &entry("store.restored", now, None))?;
    let restored = Restored { unknown: open.len(), pending };
    Ok((restored, open.into_iter().map(|(id, _, _)| id).collect()))
}

fn entry(action: &'static str, now: Millis, approval: Option<(&str, &str)>) -> Entry {
    Entry {
        id: fresh().to_string(),
        at: now,
        actor: Actor::system(),
        user: approval.map(|(_, user)| user.to_owned()),
        action,
        entity_type: approval.map(|_| "approval"),
        target: approval.map(|(id, _)| id.to_owned()),
        outcome: approval.map_or("done", |_| "outcome_unknown").to_owned(),
        took: 0,
        approval_id: approval.and_then(|(id, _)| id.parse::<ApprovalId>().ok()),
        used: None,
    }
}

/// What the file beside the database says.
#[derive(Debug)]
struct Marker {
    store: String,
    number: i64,
    file: String,
}

impl Present {
    /// Tells whether the database is the one that its marker was written by, in the same file, and no older.
    /// A negative number is that of a backup.
    fn is_original(&self, file: &str, marker: Option<&Marker>) -> bool {
        match marker {
            None => self.number == 0 && !self.holds,
            Some(marker) => {
                marker.store == self.id
                    && marker.file == file
                    && self.number >= marker.number
                    && self.number >= 0
            }
        }
    }
}

/// Returns which file the database is: its number on its disk, and, since numbers are given out again, when
/// it was made, where the disk knows. Always of the same length.
///
/// A file that is written over in place stays the same one, and so does every file on a disk that is brought
/// back as a whole. Where files have no numbers, a copy of the whole directory is not noticed.
fn identity(dir: &Path) -> Result<String> {
    let about = fs::metadata(dir.join("naive.db")).map_err(unwritable)?;
    #[cfg(unix)]
    {
        let number = std::os::unix::fs::MetadataExt::ino(&about);
        let made = about.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let made = made.map_or(0, |span| span.as_nanos());
        Ok(format!("{number:016x}{made:032x}"))
    }
    #[cfg(not(unix))]
    {
        drop(about);
        Ok("0".repeat(48))
    }
}

/// Reads the marker; one that nobody can read belongs to no store.
fn read_marker(dir: &Path) -> Result<Option<Marker>> {
    match fs::read_to_string(dir.join(MARKER)) {
        Ok(text) => Ok(Some(parse(&text))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unwritable(error)),
    }
}

fn parse(text: &str) -> Marker {
    let mut words = text.split_whitespace().map(str::to_owned);
    let store = words.next().unwrap_or_default();
    let number = words.next().and_then(|number| number.parse().ok()).unwrap_or(i64::MAX);
    Marker { store, number, file: words.next().unwrap_or_default() }
}

/// Writes the marker in its place, unless what is there is ahead: claims of several processes end in any
/// order.
fn write_marker(dir: &Path, id: &str, number: i64) -> Result<()> {
    let mut file = match File::options().read(true).write(true).open(dir.join(MARKER)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return replace_marker(dir, id, number);
        }
        Err(error) => return Err(unwritable(error)),
    };
    file.lock().map_err(unwritable)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unwritable)?;
    let there = parse(&text);
    let own = identity(dir)?;
    if there.store == id && there.file == own && there.number >= number {
        return Ok(());
    }
    // As long as before, so that a power cut leaves the one or the other.
    file.rewind().map_err(unwritable)?;
    file.write_all(line(id, number, &own).as_bytes()).map_err(unwritable)?;
    file.sync_data().map_err(unwritable)
}

/// Puts a marker in the place of whatever is there.
fn replace_marker(dir: &Path, id: &str, number: i64) -> Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(unwritable)?;
    file.write_all(line(id, number, &identity(dir)?).as_bytes()).map_err(unwritable)?;
    file.as_file().sync_all().map_err(unwritable)?;
    file.persist(dir.join(MARKER)).map_err(|error| unwritable(error.error))?;
    sync_dir(dir)
}

fn line(id: &str, number: i64, file: &str) -> String {
    format!("{id} {number:020} {file}\n")
}

/// Makes what was created, moved or removed in a directory last.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(unwritable)?;
    }
    Ok(())
}
