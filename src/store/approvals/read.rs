//! Reading approvals. Whoever looks after the time of one is over finds it expired.

use rusqlite::{OptionalExtension as _, ToSql};

use super::{APPROVAL, ApprovalRow, approval_row, expired, row_of};
use crate::api::approvals::ApprovalStatus;
use crate::api::error::Result;
use crate::api::ids::ApprovalId;
use crate::api::time::Millis;
use crate::store::Store;
use crate::store::presence::is_alive;

/// Which approvals are wanted.
#[derive(Debug, Default)]
pub(crate) struct Filter<'a> {
    /// Only those that stand so
    pub(crate) status: Option<ApprovalStatus>,
    /// Only those for the user of this UUID
    pub(crate) user: Option<&'a str>,
    /// Only those with a smaller number
    pub(crate) before: Option<i64>,
}

impl Store {
    /// Returns an approval; one whose time is over has expired.
    pub(crate) fn approval(&self, id: &ApprovalId, now: Millis) -> Result<Option<ApprovalRow>> {
        let Some(row) = self.approval_as_it_stands(id)? else { return Ok(None) };
        if !row.is_over(now) {
            return Ok(Some(row));
        }
        let tx = self.write()?;
        let Some(row) = row_of(&tx, id)? else { return Ok(None) };
        if !row.is_over(now) {
            // Another process was faster.
            return Ok(Some(row));
        }
        let row = expired(&tx, &row, now)?;
        tx.commit()?;
        self.has_moved(&row);
        Ok(Some(row))
    }

    pub(in crate::store) fn approval_as_it_stands(
        &self,
        id: &ApprovalId,
    ) -> Result<Option<ApprovalRow>> {
        row_of(&self.conn(), id)
    }

    /// Returns up to `limit` approvals, newest first.
    pub(crate) fn approvals(&self, filter: &Filter<'_>, limit: u32) -> Result<Vec<ApprovalRow>> {
        let (before, status) =
            (filter.before.unwrap_or(i64::MAX), filter.status.map(ApprovalStatus::as_str));
        let mut values: Vec<&dyn ToSql> = vec![&before, &limit];
        let mut sql = format!("SELECT {APPROVAL} FROM approvals WHERE seq < ?1");
        if let Some(status) = &status {
            values.push(status);
            sql.push_str(" AND status = ?3");
        }
        if let Some(user) = &filter.user {
            values.push(user);
            // Few wait and many have ended: where both are asked for, the status finds them sooner.
            let column = if status.is_some() { "+user_id" } else { "user_id" };
            sql.push_str(" AND ");
            sql.push_str(column);
            sql.push_str(if status.is_some() { " = ?4" } else { " = ?3" });
        }
        sql.push_str(" ORDER BY seq DESC LIMIT ?2");
        let conn = self.conn();
        let mut select = conn.prepare_cached(&sql)?;
        let rows = select.query_map(values.as_slice(), approval_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the approvals of a status, oldest first.
    pub(crate) fn approvals_that_are(&self, status: ApprovalStatus) -> Result<Vec<ApprovalRow>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!(
            "SELECT {APPROVAL} FROM approvals WHERE status = ?1 ORDER BY seq"
        ))?;
        let rows = select.query_map([status.as_str()], approval_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Ends every approval that nobody decided in time; writes nothing where there is none.
    pub(crate) fn expire_due(&self, now: Millis) -> Result<()> {
        let due = format!(
            "SELECT {APPROVAL} FROM approvals WHERE status = 'pending' AND expires_at <= ?1"
        );
        let none =
            self.conn().prepare_cached(&due)?.query_row([now.0], |_| Ok(())).optional()?.is_none();
        if none {
            return Ok(());
        }
        let tx = self.write()?;
        let rows = tx
            .prepare_cached(&due)?
            .query_map([now.0], approval_row)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let ended = rows.iter().map(|row| expired(&tx, row, now)).collect::<Result<Vec<_>>>()?;
        tx.commit()?;
        for row in &ended {
            self.has_moved(row);
        }
        Ok(())
    }

    /// Returns how many actions are being sent by nobody: their processes have ended.
    pub(crate) fn stranded(&self) -> Result<usize> {
        let owners: Vec<Option<String>> = {
            let conn = self.conn();
            let mut select =
                conn.prepare_cached("SELECT owner FROM approvals WHERE status = 'sending'")?;
            select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
        };
        Ok(owners.iter().filter(|owner| !self.is_owned(owner.as_deref())).count())
    }

    /// Tells whether the process of that name lives.
    pub(crate) fn is_owned(&self, owner: Option<&str>) -> bool {
        owner.is_some_and(|owner| is_alive(&self.dir, owner))
    }
}
