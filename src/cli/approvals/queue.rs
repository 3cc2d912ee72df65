//! The queue that `review` goes through, oldest first, and what a person types at a card.

use std::collections::BTreeMap;

use crate::api::approvals::Approval;
use crate::api::ids::ApprovalId;

/// What a person answers to a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Have it done
    Approve,
    /// Never do it, for this reason
    Deny(Option<String>),
    /// Leave it for later
    Skip,
    /// Decide nothing more
    Quit,
}

impl Answer {
    /// Reads a line: a word or its first letter; what follows `d` is the reason.
    pub(super) fn of(line: &str) -> Option<Self> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let reason = Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty());
        match (word.to_lowercase().as_str(), reason) {
            ("a" | "approve", None) => Some(Self::Approve),
            ("d" | "deny", reason) => Some(Self::Deny(reason)),
            ("s" | "skip", None) => Some(Self::Skip),
            ("q" | "quit", None) => Some(Self::Quit),
            _ => None,
        }
    }
}

/// Approvals that wait and were not shown yet.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<i64, ApprovalId>,
    newest: i64,
}

impl Queue {
    /// Takes in what waits; returns how many of them are new. What was taken in once does not come again.
    pub(super) fn arrived(&mut self, pending: &[Approval]) -> usize {
        let before = self.waiting.len();
        let new = pending.iter().filter(|one| one.seq > self.newest);
        self.waiting.extend(new.map(|one| (one.seq, one.id.clone())));
        self.newest = pending.iter().map(|one| one.seq).fold(self.newest, i64::max);
        self.waiting.len() - before
    }

    /// Returns the number of the last that was taken in.
    pub(super) fn newest(&self) -> i64 {
        self.newest
    }

    /// Takes out the oldest.
    pub(super) fn next(&mut self) -> Option<ApprovalId> {
        self.waiting.pop_first().map(|(_, id)| id)
    }

    /// Returns how many come after the one that is shown.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}
