//! Sending what was approved: the claim is on disk before the first byte leaves, and what comes of it is
//! written by whoever holds the claim alone.

use rusqlite::params;

use super::decided::failed;
use super::{ApprovalRow, action_name, expired, moved, record, result_owner, row_of};
use crate::api::approvals::{Actor, ApprovalStatus};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ApprovalId, ConnectionId};
use crate::api::time::Millis;
use crate::store::generation::advance;
use crate::store::{Store, Writing, sealed};

/// What came of a send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    /// How the approval stands then; `sending` where that has to be found out
    pub(crate) status: ApprovalStatus,
    /// Whether this process goes on with it
    pub(crate) kept: bool,
    /// What it answered, or what went wrong, sealed
    pub(crate) outcome: &'a [u8],
    /// What was done to learn it: `answered` for a send, `settled` for a look at what had become of one
    pub(crate) phase: &'a str,
    /// How it ended in one word, for the log
    pub(crate) word: &'a str,
    /// HTTP status, where there was an answer
    pub(crate) http_status: Option<u16>,
    /// The connection it went through
    pub(crate) used: Option<&'a ConnectionId>,
}

impl Store {
    /// Claims what is approved, for this process to send; `None` if it does not wait to be sent.
    ///
    /// What is past its time expires in place of that.
    pub(crate) fn claim(
        &self,
        id: &ApprovalId,
        by: &Actor,
        (now, settle): (Millis, Millis),
    ) -> Result<Option<ApprovalRow>> {
        let me = self.presence()?;
        let tx = self.write()?;
        let row = row_of(&tx, id)?.filter(|row| row.status == ApprovalStatus::Approved);
        let Some(row) = row else { return Ok(None) };
        if row.is_over(now) {
            let row = expired(&tx, &row, now)?;
            tx.commit()?;
            self.has_moved(&row);
            return Ok(None);
        }
        check_approved(&tx, &row)?;
        let row = claimed(&tx, &row, (me, settle), (by, now))?;
        tx.commit()?;
        Ok(Some(row))
    }

    /// Marks outside the database how often something was claimed. Call it after each claim, before anything
    /// leaves: a copy of the database from before is known by it.
    pub(crate) fn mark_claim(&self) -> Result<()> {
        let number = self.conn().query_row("SELECT generation FROM store", [], |row| row.get(0))?;
        self.mark_generation(number)
    }

    /// Ends what is approved and may not be sent any more, for this sealed reason; `None` if it does not
    /// wait to be sent.
    pub(crate) fn give_up(
        &self,
        id: &ApprovalId,
        why: &[u8],
        (by, now): (&Actor, Millis),
    ) -> Result<Option<ApprovalRow>> {
        let tx = self.write()?;
        let row = row_of(&tx, id)?.filter(|row| row.status == ApprovalStatus::Approved);
        let Some(row) = row else { return Ok(None) };
        let row = failed(&tx, &row, why, (by, now))?;
        tx.commit()?;
        self.has_moved(&row);
        Ok(Some(row))
    }

    /// Takes over what the process that sent it left; `None` if another was faster, or it has ended.
    pub(crate) fn adopt(&self, row: &ApprovalRow, now: Millis) -> Result<Option<ApprovalRow>> {
        let me = self.presence()?;
        let tx = self.write()?;
        let Some(present) = still(&tx, row)? else { return Ok(None) };
        check_approved(&tx, &present)?;
        let set = "owner = ?4, epoch = epoch + 1, updated_at = ?5";
        let row = moved(&tx, &present, set, &[&me, &now.0])?;
        tx.commit()?;
        Ok(Some(row))
    }

    /// Notes that what this process holds is sent once more; `None` if it no longer holds it.
    pub(crate) fn resend(
        &self,
        row: &ApprovalRow,
        by: &Actor,
        (now, settle): (Millis, Millis),
    ) -> Result<Option<ApprovalRow>> {
        let me = self.presence()?;
        let tx = self.write()?;
        let Some(present) = still(&tx, row)? else { return Ok(None) };
        let row = claimed(&tx, &present, (me, settle), (by, now))?;
        tx.commit()?;
        Ok(Some(row))
    }

    /// Writes what came of a send; `None` if the claim was lost: then it counts for nothing.
    pub(crate) fn end_send(
        &self,
        row: &ApprovalRow,
        end: &End<'_>,
        (by, now): (&Actor, Millis),
    ) -> Result<Option<ApprovalRow>> {
        let tx = self.write()?;
        let Some(present) = still(&tx, row)? else { return Ok(None) };
        sealed::put(&tx, &result_owner(&row.id), end.outcome)?;
        attempt(&tx, &present, (end.phase, now), (end.http_status, Some(end.word)))?;
        let owner = row.owner.as_deref().filter(|_| end.kept);
        // What goes back to be sent has never been sent.
        let set = "status = ?4, owner = ?5, updated_at = ?6,
             first_sent_at = CASE ?4 WHEN 'approved' THEN NULL ELSE first_sent_at END";
        let row = moved(&tx, &present, set, &[&end.status.as_str(), &owner, &now.0])?;
        record(&tx, &row, (action_name(&row.action_type), end.word), (by, now))?;
        if let Some(connection) = end.used {
            tx.prepare_cached("UPDATE connections SET last_used_at = ?2 WHERE id = ?1")?
                .execute(params![connection.as_str(), now.0])?;
        }
        tx.commit()?;
        self.has_ended(&row);
        Ok(Some(row))
    }
}

/// Fails with the reason `approval_altered` if the log does not know that somebody approved it.
fn check_approved(tx: &Writing<'_>, row: &ApprovalRow) -> Result<()> {
    let known = tx
        .prepare_cached(
            "SELECT 1 FROM log WHERE approval_id = ?1 AND action = 'approval.approved' LIMIT 1",
        )?
        .exists([row.id.as_str()])?;
    if known {
        return Ok(());
    }
    let text = format!("approval `{}` is {}, but nobody approved it", row.id, row.status.as_str());
    Err(Error::new(Code::InternalError, text)
        .hint(
            "it is not executed; run `naive logs verify`, and find out who can write to the store",
        )
        .reason("approval_altered"))
}

/// Returns the row as it is now, if it still is being sent under the same claim.
fn still(tx: &Writing<'_>, row: &ApprovalRow) -> Result<Option<ApprovalRow>> {
    let present = row_of(tx, &row.id)?;
    Ok(present.filter(|now| now.status == ApprovalStatus::Sending && now.epoch == row.epoch))
}

/// Claims an approval for the process `me`, inside a larger transaction.
pub(super) fn claimed(
    tx: &Writing<'_>,
    row: &ApprovalRow,
    (me, settle): (&str, Millis),
    (by, now): (&Actor, Millis),
) -> Result<ApprovalRow> {
    let row = moved(
        tx,
        row,
        "status = 'sending', owner = ?4, epoch = epoch + 1, sends = sends + 1,
         first_sent_at = ifnull(first_sent_at, ?5), settle_until = ?6, updated_at = ?5",
        &[&me, &now.0, &settle.0],
    )?;
    advance(tx)?;
    attempt(tx, &row, ("claimed", now), (None, None))?;
    record(tx, &row, ("approval.sending", "done"), (by, now))?;
    Ok(row)
}

/// Notes what happened to a send.
fn attempt(
    tx: &Writing<'_>,
    row: &ApprovalRow,
    (phase, at): (&str, Millis),
    (http_status, detail): (Option<u16>, Option<&str>),
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO attempts (approval_id, epoch, phase, at, http_status, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![row.id.as_str(), row.epoch, phase, at.0, http_status, detail])?;
    Ok(())
}
