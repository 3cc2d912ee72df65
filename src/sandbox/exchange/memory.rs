//! The accounts that were served last, as they were left: so that a request does not read all open orders again.
//!
//! Several processes change one file. An account in here is good only while its row has the version that it was
//! left with (`ledger`); nothing else is taken from here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::core::Account;

/// How many accounts are remembered; with one more, all are forgotten.
const MOST: usize = 256;

/// An account as it was left, and the version of its row then.
pub(super) struct Left {
    /// What every write of the row has increased
    pub(super) version: i64,
    /// The account with its open orders
    pub(super) account: Account,
}

/// The accounts that were served last, by id.
#[derive(Default)]
pub(in crate::sandbox) struct Memory(Mutex<HashMap<String, Left>>);

impl Memory {
    /// Takes an account out: whoever fails with it must not put it back.
    pub(super) fn take(&self, id: &str) -> Option<Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    /// Puts an account back whose changes are committed.
    pub(super) fn put(&self, left: Left) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        // Two requests may end in another order than they were committed in.
        if all.get(&left.account.id).is_none_or(|known| known.version <= left.version) {
            all.insert(left.account.id.clone(), left);
        }
    }
}
