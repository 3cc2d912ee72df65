//! Who is signed in to the dashboard, by hash alone, and where the server is found that shows it.

use std::fs;
use std::path::PathBuf;

use rusqlite::{OptionalExtension as _, params};
use url::Url;

use super::presence::is_alive;
use super::{Store, unwritable};
use crate::api::error::Result;
use crate::api::time::Millis;

/// The file, beside the database, that says where a server of this store is.
const SERVING: &str = "serving";

/// Says where a server of this store is, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Sign {
    path: PathBuf,
    text: String,
}

impl Drop for Sign {
    fn drop(&mut self) {
        // Another server may have put its own in the place of this one.
        if fs::read_to_string(&self.path).is_ok_and(|text| text == self.text) {
            // One that is left behind is not believed: its process is over.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Store {
    /// Says where this process serves the store, until what this returns is dropped.
    ///
    /// Of several servers the last one that began is found.
    pub(crate) fn serving_at(&self, url: &Url) -> Result<Sign> {
        let text = format!("{}\n{url}\n", self.presence()?);
        let path = self.dir.join(SERVING);
        let draft = self.dir.join(format!("{SERVING}.{}", self.presence()?));
        fs::write(&draft, &text).map_err(unwritable)?;
        fs::rename(&draft, &path).map_err(unwritable)?;
        Ok(Sign { path, text })
    }

    /// Returns where a server of this store is, if its process lives.
    pub(crate) fn server(&self) -> Option<Url> {
        let text = fs::read_to_string(self.dir.join(SERVING)).ok()?;
        let (name, url) = text.trim_end().split_once('\n')?;
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_hexdigit());
        (plain && is_alive(&self.dir, name)).then(|| url.parse().ok()).flatten()
    }

    /// Keeps a one-time link by its hash, and forgets those whose time is over.
    pub(crate) fn put_ticket(&self, hash: &[u8], expires_at: Millis, now: Millis) -> Result<()> {
        let tx = self.write()?;
        tx.execute("DELETE FROM dashboard_tickets WHERE expires_at <= ?1", [now.0])?;
        tx.execute(
            "INSERT INTO dashboard_tickets (hash, expires_at) VALUES (?1, ?2)",
            params![hash, expires_at.0],
        )?;
        tx.commit()
    }

    /// Makes a session of a one-time link, which is used up by that; tells whether the link was good.
    pub(crate) fn take_ticket(
        &self,
        ticket: &[u8],
        (session, until): (&[u8], Millis),
        now: Millis,
    ) -> Result<bool> {
        let tx = self.write()?;
        let taken = tx.execute(
            "DELETE FROM dashboard_tickets WHERE hash = ?1 AND expires_at > ?2",
            params![ticket, now.0],
        )?;
        if taken == 1 {
            tx.execute("DELETE FROM dashboard_sessions WHERE expires_at <= ?1", [now.0])?;
            tx.execute(
                "INSERT INTO dashboard_sessions (hash, created_at, expires_at) VALUES (?1, ?2, ?3)",
                params![session, now.0, until.0],
            )?;
        }
        tx.commit()?;
        Ok(taken == 1)
    }

    /// Tells whether a session of that hash goes on.
    pub(crate) fn is_signed_in(&self, session: &[u8], now: Millis) -> Result<bool> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT 1 FROM dashboard_sessions WHERE hash = ?1 AND expires_at > ?2",
        )?;
        Ok(select.query_row(params![session, now.0], |_| Ok(())).optional()?.is_some())
    }

    /// Ends a session.
    pub(crate) fn sign_out(&self, session: &[u8]) -> Result<()> {
        let tx = self.write()?;
        tx.execute("DELETE FROM dashboard_sessions WHERE hash = ?1", [session])?;
        tx.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_makes_one_session_which_ends() {
        let store = Store::in_memory();
        store.put_ticket(b"link", Millis(100), Millis(0)).unwrap();
        store.put_ticket(b"late", Millis(100), Millis(0)).unwrap();

        let wrong = store.take_ticket(b"other", (b"a", Millis(500)), Millis(1)).unwrap();
        let first = store.take_ticket(b"link", (b"b", Millis(500)), Millis(1)).unwrap();
        let again = store.take_ticket(b"link", (b"c", Millis(500)), Millis(2)).unwrap();
        let late = store.take_ticket(b"late", (b"d", Millis(500)), Millis(100)).unwrap();

        assert_eq!((wrong, first, again, late), (false, true, false, false));
        let signed_in = |session: &[u8], at| store.is_signed_in(session, Millis(at)).unwrap();
        assert!(signed_in(b"b", 499) && !signed_in(b"b", 500));
        assert!(!signed_in(b"a", 2) && !signed_in(b"c", 2) && !signed_in(b"d", 2));
        store.sign_out(b"b").unwrap();
        assert!(!signed_in(b"b", 3));
    }

    #[test]
    fn a_server_is_found_as_long_as_it_lives() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let url: Url = "http://127.0.0.1:3101/".parse().unwrap();
        assert_eq!(store.server(), None);

        let sign = store.serving_at(&url).unwrap();
        let other = Store::open(dir.path()).unwrap();
        assert_eq!(other.server(), Some(url.clone()));
        drop(sign);
        assert_eq!(other.server(), None);

        // As if it had been killed: the file is there, the process is not.
        fs::write(dir.path().join(SERVING), format!("{}\n{url}\n", "0".repeat(32))).unwrap();
        assert_eq!(other.server(), None);
        for odd in ["", "x", "../../etc\nhttp://127.0.0.1/", "\nhttp://127.0.0.1/"] {
            fs::write(dir.path().join(SERVING), odd).unwrap();
            assert_eq!(other.server(), None, "{odd}");
        }
    }
}
