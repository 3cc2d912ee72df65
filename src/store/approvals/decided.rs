//! What people decide about a frozen action: of any number of them one does.

use super::sending::claimed;
use super::{ApprovalRow, SKEW, action_name, expired, moved, record, result_owner, row_of, text};
use crate::api::approvals::{Actor, ApprovalStatus};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ApprovalId;
use crate::api::time::Millis;
use crate::store::{Store, Writing, sealed};

/// What somebody decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decision<'a> {
    /// Who
    pub(crate) by: &'a Actor,
    /// Why
    pub(crate) reason: Option<&'a str>,
    /// When
    pub(crate) at: Millis,
}

/// What follows an approval in the same transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then<'a> {
    /// It is claimed by this process, which sends it next; a lookup can be believed from then on
    Send(Millis),
    /// There is nothing to send: it is executed, with this sealed answer
    Done(&'a [u8]),
    /// It waits, for this sealed reason
    Wait(&'a [u8]),
    /// It is not done, for this sealed reason
    Fail(&'a [u8]),
}

impl Store {
    /// Approves what is pending; returns the row as it is then, and whether this is what made it so.
    pub(crate) fn approve(
        &self,
        id: &ApprovalId,
        decision: &Decision<'_>,
        (execute_by, then): (Millis, Then<'_>),
    ) -> Result<Option<(ApprovalRow, bool)>> {
        let me = match then {
            Then::Send(_) => Some(self.presence()?),
            Then::Done(_) | Then::Wait(_) | Then::Fail(_) => None,
        };
        let decided = self.decide(id, decision, is_pending, |tx, row| {
            let (at, by) = (decision.at, decision.by);
            let row = moved(
                tx,
                row,
                "status = 'approved', resolved_by = ?4, resolved_at = ?5, reason = ?6,
                 execute_by = ?7, updated_at = ?5",
                &[&text(by)?, &at.0, &decision.reason, &execute_by.0],
            )?;
            record(tx, &row, ("approval.approved", "done"), (by, at))?;
            match (then, me) {
                (Then::Send(settle), Some(me)) => claimed(tx, &row, (me, settle), (by, at)),
                (Then::Done(answer), _) => {
                    sealed::put(tx, &result_owner(id), answer)?;
                    let row = moved(tx, &row, "status = 'executed', updated_at = ?4", &[&at.0])?;
                    record(tx, &row, (action_name(&row.action_type), "done"), (by, at))?;
                    Ok(row)
                }
                (Then::Wait(why), _) => {
                    sealed::put(tx, &result_owner(id), why)?;
                    Ok(row)
                }
                (Then::Fail(why), _) => failed(tx, &row, why, (by, at)),
                (Then::Send(_), None) => Ok(row),
            }
        })?;
        if let Some((row, true)) = &decided {
            self.has_moved(&ApprovalRow { status: ApprovalStatus::Approved, ..row.clone() });
            self.has_ended(row);
        }
        Ok(decided)
    }

    /// Denies what is pending, likewise, or approved and was never sent: nobody sends it any more.
    pub(crate) fn deny(
        &self,
        id: &ApprovalId,
        decision: &Decision<'_>,
    ) -> Result<Option<(ApprovalRow, bool)>> {
        let unsent = |row: &ApprovalRow| {
            let waits = row.status == ApprovalStatus::Approved && row.sends == 0;
            is_pending(row) || (waits && !self.is_owned(row.owner.as_deref()))
        };
        let decided = self.decide(id, decision, unsent, |tx, row| {
            // What kept it waiting says nothing of how it ended.
            sealed::delete(tx, &result_owner(id))?;
            ended(tx, row, decision, ApprovalStatus::Denied)
        })?;
        Ok(self.noticed(decided))
    }

    /// Takes back what is pending, likewise.
    pub(crate) fn cancel(
        &self,
        id: &ApprovalId,
        decision: &Decision<'_>,
    ) -> Result<Option<(ApprovalRow, bool)>> {
        let decided = self.decide(id, decision, is_pending, |tx, row| {
            ended(tx, row, decision, ApprovalStatus::Cancelled)
        })?;
        Ok(self.noticed(decided))
    }

    /// Remembers what was decided here, for those who are told.
    fn noticed(&self, decided: Option<(ApprovalRow, bool)>) -> Option<(ApprovalRow, bool)> {
        if let Some((row, true)) = &decided {
            self.has_moved(row);
        }
        decided
    }

    /// Says what became of what is unknown: it was executed, or failed with this sealed reason.
    pub(crate) fn resolve(
        &self,
        id: &ApprovalId,
        decision: &Decision<'_>,
        (status, outcome): (ApprovalStatus, &[u8]),
    ) -> Result<Option<(ApprovalRow, bool)>> {
        let tx = self.write()?;
        let Some(row) = row_of(&tx, id)? else { return Ok(None) };
        if row.status != ApprovalStatus::Unknown {
            return Ok(Some((row, false)));
        }
        sealed::put(&tx, &result_owner(id), outcome)?;
        let row = moved(
            &tx,
            &row,
            "status = ?4, reason = ?5, updated_at = ?6",
            &[&status.as_str(), &decision.reason, &decision.at.0],
        )?;
        let by = (decision.by, decision.at);
        record(&tx, &row, ("approval.resolved", status.as_str()), by)?;
        tx.commit()?;
        self.has_moved(&row);
        Ok(Some((row, true)))
    }

    /// Runs a decision about what is `open` to it and in time.
    ///
    /// Fails with the reason `clock_skew` where the clock says that it is not frozen yet: what would be
    /// over could be decided then.
    fn decide(
        &self,
        id: &ApprovalId,
        decision: &Decision<'_>,
        open: impl FnOnce(&ApprovalRow) -> bool,
        run: impl FnOnce(&Writing<'_>, &ApprovalRow) -> Result<ApprovalRow>,
    ) -> Result<Option<(ApprovalRow, bool)>> {
        let tx = self.write()?;
        let Some(row) = row_of(&tx, id)? else { return Ok(None) };
        if !open(&row) {
            return Ok(Some((row, false)));
        }
        if decision.at.after(SKEW) < row.created_at {
            let text = format!("the clock stands before approval `{id}` was frozen");
            return Err(Error::new(Code::InternalError, text)
                .hint("set the clock of this machine, then run the command again")
                .reason("clock_skew"));
        }
        let won = !row.is_over(decision.at);
        let row = if won { run(&tx, &row)? } else { expired(&tx, &row, decision.at)? };
        tx.commit()?;
        if !won {
            self.has_moved(&row);
        }
        Ok(Some((row, won)))
    }
}

fn is_pending(row: &ApprovalRow) -> bool {
    row.status == ApprovalStatus::Pending
}

/// Ends what is approved and was not sent: it is not done, for this sealed reason.
pub(super) fn failed(
    tx: &Writing<'_>,
    row: &ApprovalRow,
    why: &[u8],
    (by, at): (&Actor, Millis),
) -> Result<ApprovalRow> {
    sealed::put(tx, &result_owner(&row.id), why)?;
    let row = moved(tx, row, "status = 'failed', owner = NULL, updated_at = ?4", &[&at.0])?;
    record(tx, &row, (action_name(&row.action_type), "failed"), (by, at))?;
    Ok(row)
}

/// Ends by a decision what was not sent.
fn ended(
    tx: &Writing<'_>,
    row: &ApprovalRow,
    decision: &Decision<'_>,
    status: ApprovalStatus,
) -> Result<ApprovalRow> {
    let (by, at) = (decision.by, decision.at);
    let row = moved(
        tx,
        row,
        "status = ?4, resolved_by = ?5, resolved_at = ?6, reason = ?7, updated_at = ?6",
        &[&status.as_str(), &text(by)?, &at.0, &decision.reason],
    )?;
    let denies = status == ApprovalStatus::Denied;
    let action = if denies { "approval.denied" } else { "approval.cancelled" };
    record(tx, &row, (action, "done"), (by, at))?;
    Ok(row)
}
