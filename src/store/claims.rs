//! Who may ask for a connection's credential: one process at a time, for as long as it lives.

use super::Store;
use super::presence::is_alive;
use crate::api::error::Result;
use crate::api::ids::ConnectionId;

impl Store {
    /// Claims the credential of a connection, to refresh it, to ask whether it is granted or to hand it
    /// over; of any number of callers one gets it, until it gives it back or its process ends.
    pub(crate) fn claim_credential(&self, id: &ConnectionId) -> Result<bool> {
        let me = self.presence()?;
        let tx = self.write()?;
        let other: Option<String> = tx
            .prepare_cached("SELECT refreshed_by FROM connections WHERE id = ?1")?
            .query_row([id.as_str()], |row| row.get(0))?;
        if other.is_some_and(|other| other == me || is_alive(&self.dir, &other)) {
            return Ok(false);
        }
        tx.execute("UPDATE connections SET refreshed_by = ?2 WHERE id = ?1", [id.as_str(), me])?;
        tx.commit()?;
        Ok(true)
    }

    /// Gives back what this process claimed.
    pub(crate) fn release_credential(&self, id: &ConnectionId) -> Result<()> {
        let me = self.presence()?;
        let tx = self.write()?;
        tx.execute(
            "UPDATE connections SET refreshed_by = NULL WHERE id = ?1 AND refreshed_by = ?2",
            [id.as_str(), me],
        )?;
        tx.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::time::Millis;

    fn connected(store: &Store) -> ConnectionId {
        store.activated(&store.begun("gmail", None, 1), None, 2).id
    }

    #[test]
    fn a_purge_outlives_a_refresh_that_was_under_way() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let id = connected(&store);
        let other = Store::open(dir.path()).unwrap();
        assert!(store.claim_credential(&id).unwrap());
        assert!(!store.claim_credential(&id).unwrap());
        assert!(!other.claim_credential(&id).unwrap());

        store.revoke(&id, &["c"], Millis(5)).unwrap();

        assert!(!store.replace_sealed("c", b"x", b"new").unwrap());
        assert_eq!(store.sealed("c").unwrap(), None);
    }

    #[test]
    fn the_refresh_of_a_process_that_ended_is_free() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let id = connected(&store);
        let other = Store::open(dir.path()).unwrap();
        assert!(other.claim_credential(&id).unwrap());

        drop(other);

        assert!(store.claim_credential(&id).unwrap());
        store.release_credential(&id).unwrap();
        assert!(store.claim_credential(&id).unwrap());
    }
}
