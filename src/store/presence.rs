//! Which processes live: each that claims something keeps a lock on a file of its own until it ends,
//! however it ends. Neither clocks nor process ids are asked.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::{private_dir, unwritable};
use crate::api::error::Result;
use crate::api::ids::fresh;

/// The directory, beside the database, of those who live.
const ALIVE: &str = "alive";

/// This process, for as long as it lives, under a name that nobody else ever has.
#[derive(Debug)]
pub(super) struct Presence {
    name: String,
    path: PathBuf,
    /// Locked; the system frees it when the process ends.
    #[expect(dead_code, reason = "it is held, not used")]
    file: File,
}

impl Presence {
    /// Enters among those who live, and clears away those who ended without a word.
    pub(super) fn enter(dir: &Path) -> Result<Self> {
        let place = dir.join(ALIVE);
        private_dir(&place)?;
        let name = fresh().simple().to_string();
        for entry in fs::read_dir(&place).map_err(unwritable)?.flatten() {
            // A longer name is that of one who is about to enter.
            let other = entry.file_name();
            if other.len() == name.len() {
                is_alive(dir, &other.to_string_lossy());
            }
        }
        let path = place.join(&name);
        // Locked before it bears its name: nobody can take it for one that ended.
        let draft = place.join(format!("{name}.new"));
        let file = File::create(&draft).map_err(unwritable)?;
        file.lock().map_err(unwritable)?;
        fs::rename(&draft, &path).map_err(unwritable)?;
        Ok(Self { name, path, file })
    }

    /// Returns the name under which this process claims things.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // What is left behind is cleared away by the next who enters.
        let _ = fs::remove_file(&self.path);
    }
}

/// Tells whether the process of that name lives; one that does not is forgotten.
pub(super) fn is_alive(dir: &Path, name: &str) -> bool {
    let path = dir.join(ALIVE).join(name);
    let Ok(file) = File::options().write(true).open(&path) else { return false };
    let lives = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    if !lives {
        // If another forgets it first, all the better.
        let _ = fs::remove_file(&path);
    }
    lives
}

/// Tells whether any process lives that has claimed something.
pub(super) fn is_anyone_alive(dir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(dir.join(ALIVE)) else { return false };
    entries.flatten().any(|entry| is_alive(dir, &entry.file_name().to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ends_is_no_longer_alive() {
        let dir = tempfile::tempdir().unwrap();
        let one = Presence::enter(dir.path()).unwrap();
        let two = Presence::enter(dir.path()).unwrap();
        let name = one.name().to_owned();
        assert!(is_alive(dir.path(), &name) && is_alive(dir.path(), two.name()));

        // As if it had been killed: the lock is gone, the file is not.
        let path = one.path.clone();
        drop(one);
        fs::write(&path, "").unwrap();

        assert!(!is_alive(dir.path(), &name));
        assert!(!path.exists());
        assert!(is_alive(dir.path(), two.name()));
    }
}
