//! Approvals as the log tells of them, held to the rows: whoever changes, removes or slips in a row by hand
//! leaves the log behind.

use rusqlite::{Connection, params};

use crate::api::error::Result;

/// What the log says of one approval, as far as it was read.
#[derive(Debug, Default)]
struct Told {
    /// Who asked
    held_by: Option<String>,
    /// How it may stand after the last entry
    stands: &'static [&'static str],
    /// Who decided
    decided_by: Option<String>,
    /// The number of the last entry
    seq: Option<i64>,
}

impl Told {
    /// Takes in the next entry.
    fn add(&mut self, seq: i64, (action, outcome): (&str, &str), actor: String) {
        self.seq = Some(seq);
        if matches!(action, "approval.approved" | "approval.denied" | "approval.cancelled") {
            self.decided_by = Some(actor.clone());
        }
        self.stands = match (action, outcome) {
            ("approval.approved", _) => &["approved"],
            ("approval.sending", _) => &["sending"],
            ("approval.denied", _) => &["denied"],
            ("approval.cancelled", _) => &["cancelled"],
            ("approval.expired", _) => &["expired"],
            ("approval.unknown", _) => &["unknown"],
            ("approval.resolved", "executed") => &["executed"],
            ("approval.resolved", _) => &["failed"],
            (_, "held") => {
                self.held_by = Some(actor);
                &["pending"]
            }
            (_, "done") => &["executed"],
            (_, "not_sent") => &["approved"],
            // Whether anybody goes on asking is not said.
            (_, "outcome_unknown") => &["sending", "unknown"],
            (_, _) => &["failed"],
        };
    }
}

/// Reports every approval that is not as the log tells of it, and every one that is gone.
pub(super) fn check(tx: &Connection, mut fault: impl FnMut(Option<i64>, String)) -> Result<()> {
    let mut lines = tx.prepare(
        "SELECT seq, action, outcome, ifnull(actor_id, '') FROM log WHERE approval_id = ?1
         ORDER BY seq",
    )?;
    let mut select = tx.prepare(
        "SELECT id, status, requested_by, json_extract(resolved_by, '$.actor_id')
         FROM approvals ORDER BY seq",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, status, asked_by): (String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let decided_by: Option<String> = row.get(3)?;
        let mut told = Told::default();
        let mut entries = lines.query(params![id])?;
        while let Some(entry) = entries.next()? {
            let (action, outcome): (String, String) = (entry.get(1)?, entry.get(2)?);
            told.add(entry.get(0)?, (&action, &outcome), entry.get(3)?);
        }
        if told.held_by.as_deref() != Some(&asked_by) {
            let what = format!("the log does not know that `{asked_by}` asked for approval `{id}`");
            fault(None, what);
        } else if !told.stands.contains(&status.as_str()) {
            let stands = told.stands.join("` or `");
            let what = format!("approval `{id}` is `{status}`; after this entry it was `{stands}`");
            fault(told.seq, what);
        } else if told.decided_by != decided_by {
            let what = format!("who decided about approval `{id}` is not who the log says it was");
            fault(told.seq, what);
        }
    }
    let mut gone = tx.prepare(
        "SELECT min(seq), approval_id FROM log WHERE approval_id IS NOT NULL AND outcome = 'held'
             AND NOT EXISTS (SELECT 1 FROM approvals WHERE approvals.id = log.approval_id)
         GROUP BY approval_id ORDER BY 1",
    )?;
    let mut rows = gone.query([])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(1)?;
        fault(row.get(0)?, format!("the approval `{id}` that it records is missing"));
    }
    Ok(())
}
