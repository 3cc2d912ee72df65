//! Logins on another device: what waits, and who may ask the app about it next.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::{Store, flow_owner};
use crate::api::error::Result;
use crate::api::ids::ConnectionId;
use crate::api::time::Millis;

/// A login that waits for a code to be entered.
#[derive(Debug)]
pub(crate) struct WaitingDevice {
    /// What the login is known by
    pub(crate) state_hash: Vec<u8>,
    /// Its sealed secrets
    pub(crate) sealed: Vec<u8>,
    /// Shortest time between two questions
    pub(crate) poll_every: Duration,
    /// When it began
    pub(crate) since: Millis,
    /// When the next may be asked
    pub(crate) next_poll_at: Millis,
    /// When the code lapses
    pub(crate) expires_at: Millis,
}

impl Store {
    /// Returns the device login that waits for a connection.
    pub(crate) fn device(&self, id: &ConnectionId) -> Result<Option<WaitingDevice>> {
        let conn = self.conn();
        let waiting = conn
            .prepare_cached(
                "SELECT state_hash, created_at, poll_every, next_poll_at, expires_at FROM flows
                 WHERE connection_id = ?1 AND used = 0 AND poll_every IS NOT NULL",
            )?
            .query_row([id.as_str()], |row| {
                Ok(WaitingDevice {
                    state_hash: row.get("state_hash")?,
                    sealed: Vec::new(),
                    poll_every: span(row.get("poll_every")?),
                    since: Millis(row.get("created_at")?),
                    next_poll_at: Millis(row.get("next_poll_at")?),
                    expires_at: Millis(row.get("expires_at")?),
                })
            })
            .optional()?;
        let Some(mut waiting) = waiting else { return Ok(None) };
        let mut select = conn.prepare_cached("SELECT bytes FROM sealed WHERE owner = ?1")?;
        let sealed = select.query_row([flow_owner(&waiting.state_hash)], |row| row.get(0));
        let Some(sealed) = sealed.optional()? else { return Ok(None) };
        waiting.sealed = sealed;
        Ok(Some(waiting))
    }

    /// Claims the next question about a login; of any number of processes one gets it in each interval.
    ///
    /// A time further away than an interval was set under a clock that has been set back, and does not
    /// count.
    pub(crate) fn claim_poll(&self, state_hash: &[u8], now: Millis) -> Result<bool> {
        let tx = self.write()?;
        let claimed = tx.execute(
            "UPDATE flows SET next_poll_at = ?2 + poll_every WHERE state_hash = ?1 AND used = 0
                 AND (next_poll_at <= ?2 OR next_poll_at > ?2 + poll_every)",
            params![state_hash, now.0],
        )?;
        tx.commit()?;
        Ok(claimed == 1)
    }

    /// Sets how far apart the questions about a login are from now on.
    pub(crate) fn poll_every(
        &self,
        state_hash: &[u8],
        interval: Duration,
        now: Millis,
    ) -> Result<()> {
        let millis = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let tx = self.write()?;
        tx.execute(
            "UPDATE flows SET poll_every = ?2, next_poll_at = ?3 WHERE state_hash = ?1 AND used = 0",
            params![state_hash, millis, now.after(interval).0],
        )?;
        tx.commit()
    }
}

fn span(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::store::{Flow, FlowAnswer};

    fn begun(store: &Store) -> ConnectionId {
        let flow = Flow {
            state_hash: b"s".to_vec(),
            owner: flow_owner(b"s"),
            sealed: b"kept".to_vec(),
            expires_at: Millis(900_000),
            poll_every: Some(Duration::from_secs(5)),
        };
        store.begun("github", Some(&flow), 1000)
    }

    #[test]
    fn one_question_is_asked_in_each_interval_whoever_asks() {
        let store = Store::in_memory();
        let id = begun(&store);
        let claim = |at| store.claim_poll(b"s", Millis(at)).unwrap();

        assert_eq!(store.device(&id).unwrap().unwrap().next_poll_at, Millis(6000));
        assert!(!claim(5999));
        assert!(claim(6000));
        assert!(!claim(6000));
        assert!(!claim(10_999));
        assert!(claim(11_000));
        assert!(claim(1), "a clock that was set back stops nothing");
    }

    #[test]
    fn a_server_that_wants_to_be_asked_less_often_is() {
        let store = Store::in_memory();
        let id = begun(&store);

        store.poll_every(b"s", Duration::from_secs(10), Millis(6000)).unwrap();

        assert!(!store.claim_poll(b"s", Millis(15_999)).unwrap());
        assert!(store.claim_poll(b"s", Millis(16_000)).unwrap());
        assert_eq!(store.device(&id).unwrap().unwrap().next_poll_at, Millis(26_000));
    }

    #[test]
    fn a_login_that_has_ended_is_not_asked_about() {
        let store = Store::in_memory();
        let id = begun(&store);

        let taken = store.take_flow(b"s", Millis(2000)).unwrap();

        assert!(matches!(taken, FlowAnswer::Taken(..)));
        assert!(store.device(&id).unwrap().is_none());
        assert!(!store.claim_poll(b"s", Millis(9000)).unwrap());
    }
}
