//! Frozen actions: frozen, decided, read. How one is sent and what comes of it is in `sending`.
//!
//! Each change is one conditional `UPDATE` in a transaction that also appends its line to the log: of any
//! number of callers one makes it, and it is recorded or it has not happened.

mod decided;
mod read;
mod sending;
#[cfg(test)]
mod tests;

use std::sync::PoisonError;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, ToSql, params};

pub(crate) use decided::{Decision, Then};
pub(crate) use read::Filter;
pub(crate) use sending::End;

use super::columns::Columns;
use super::log::append;
use super::{Entry, Store, Writing, deliveries, idempotency, sealed};
use crate::api::approvals::{Actor, ApprovalStatus, Class};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ApprovalId, fresh};
use crate::api::routes::ROUTES;
use crate::api::time::Millis;

/// How far the clock may have been set back since an action was frozen before nobody decides about it.
const SKEW: Duration = Duration::from_mins(5);

/// The columns that [`approval_row`] reads.
const APPROVAL: &str = "seq, id, store_id, user_id, kit_id, action_type, class, digest, idem_key,
    requester, status, created_at, updated_at, expires_at, execute_by, resolved_by, resolved_at, reason,
    restored_at, owner, epoch, sends, first_sent_at, settle_until";

/// What is known of an approval without opening what was frozen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApprovalRow {
    /// Its number in this store
    pub(crate) seq: i64,
    /// UUID
    pub(crate) id: ApprovalId,
    /// The store it was frozen in
    pub(crate) store_id: String,
    /// UUID of the user it is for
    pub(crate) user_id: String,
    /// The kit that held it
    pub(crate) kit_id: String,
    /// The action's name to people
    pub(crate) action_type: String,
    /// What is known when the answer is lost
    pub(crate) class: Class,
    /// SHA-256 of the frozen bytes
    pub(crate) digest: Vec<u8>,
    /// The key by which the upstream knows it
    pub(crate) idem_key: String,
    /// Who asked
    pub(crate) requester: Actor,
    /// How it stands
    pub(crate) status: ApprovalStatus,
    /// When it was frozen
    pub(crate) created_at: Millis,
    /// When it last changed
    pub(crate) updated_at: Millis,
    /// Until when somebody may decide
    pub(crate) expires_at: Millis,
    /// Until when it may be sent
    pub(crate) execute_by: Option<Millis>,
    /// Who decided
    pub(crate) resolved_by: Option<Actor>,
    /// When
    pub(crate) resolved_at: Option<Millis>,
    /// Why
    pub(crate) reason: Option<String>,
    /// When it was found in a copy of the store that was put back
    pub(crate) restored_at: Option<Millis>,
    /// The process that sends it
    pub(crate) owner: Option<String>,
    /// Grows with each claim: a result of an earlier one no longer counts
    pub(crate) epoch: i64,
    /// How often it was sent
    pub(crate) sends: u32,
    /// When it was first sent
    pub(crate) first_sent_at: Option<Millis>,
    /// From when on a lookup can be believed
    pub(crate) settle_until: Option<Millis>,
}

/// What a new approval's row holds beside what is frozen.
#[derive(Debug)]
pub(crate) struct NewApproval<'a> {
    /// UUID
    pub(crate) id: &'a ApprovalId,
    /// UUID of the user it is for
    pub(crate) user_id: &'a str,
    /// The kit that holds it
    pub(crate) kit_id: &'a str,
    /// The action's name to people
    pub(crate) action_type: &'a str,
    /// What is known when the answer is lost
    pub(crate) class: Class,
    /// The key by which the upstream knows it
    pub(crate) idem_key: &'a str,
    /// The same where the call came with one of its caller's own, as they gave it
    pub(crate) key: Option<&'a str>,
    /// Who asks
    pub(crate) requester: &'a Actor,
    /// When it is frozen
    pub(crate) created_at: Millis,
    /// Until when somebody may decide
    pub(crate) expires_at: Millis,
}

/// What was frozen, in the forms in which it is kept.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// SHA-256 of the bytes before they were sealed
    pub(crate) digest: Vec<u8>,
    /// The same bytes, sealed
    pub(crate) bytes: Vec<u8>,
}

impl Store {
    /// Freezes an action: `seal` gets the number that the approval will have.
    pub(crate) fn freeze(
        &self,
        new: &NewApproval<'_>,
        seal: impl Fn(i64) -> Result<Sealed>,
    ) -> Result<ApprovalRow> {
        let tx = self.write()?;
        let seq: i64 = tx
            .prepare_cached("SELECT ifnull(max(seq), 0) + 1 FROM approvals")?
            .query_row([], |row| row.get(0))?;
        let sealed = seal(seq)?;
        let insert = format!(
            "INSERT INTO approvals (seq, id, store_id, user_id, kit_id, action_type, class, digest,
                 idem_key, requested_by, requester, status, created_at, updated_at, expires_at)
             VALUES (?1, ?2, (SELECT id FROM store), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'pending',
                 ?11, ?11, ?12)
             RETURNING {APPROVAL}",
        );
        let values = params![
            seq,
            new.id.as_str(),
            new.user_id,
            new.kit_id,
            new.action_type,
            new.class.as_str(),
            sealed.digest,
            new.idem_key,
            new.requester.actor_id,
            text(new.requester)?,
            new.created_at.0,
            new.expires_at.0,
        ];
        let row = tx.prepare_cached(&insert)?.query_row(values, approval_row);
        let row = row.map_err(|error| taken(error, new.idem_key))?;
        sealed::put(&tx, &frozen_owner(new.id), &sealed.bytes)?;
        if let Some(key) = new.key {
            idempotency::hold(&tx, &new.requester.actor_id, key, new.id)?;
        }
        record(&tx, &row, (action_name(new.action_type), "held"), (new.requester, new.created_at))?;
        deliveries::of_approval(&tx, None, &row)?;
        tx.commit()?;
        self.has_moved(&row);
        Ok(row)
    }

    /// Returns the approvals that this process has frozen, decided or ended, each as it stood then and in
    /// that order, and forgets them.
    pub(crate) fn take_moved(&self) -> Vec<ApprovalRow> {
        std::mem::take(&mut *self.moved.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells whether there are any that nobody has taken yet.
    pub(crate) fn has_moves(&self) -> bool {
        !self.moved.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Remembers how an approval stands now. Call it after the commit of what brought that about.
    pub(in crate::store) fn has_moved(&self, row: &ApprovalRow) {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).push(row.clone());
    }

    /// The same, where it has ended.
    fn has_ended(&self, row: &ApprovalRow) {
        if !matches!(row.status, ApprovalStatus::Approved | ApprovalStatus::Sending) {
            self.has_moved(row);
        }
    }
}

/// Makes the error of a key that an approval has already: the upstream would take the two for one.
fn taken(error: rusqlite::Error, key: &str) -> Error {
    if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
        return error.into();
    }
    Error::new(Code::DuplicateRequest, format!("an approval has the key `{key}` already"))
        .hint("use another key")
        .because(error)
}

/// Returns the owner under which a frozen action is sealed.
pub(crate) fn frozen_owner(id: &ApprovalId) -> String {
    format!("approval:{id}")
}

/// Returns the owner under which what came of it is sealed.
pub(crate) fn result_owner(id: &ApprovalId) -> String {
    format!("approval-result:{id}")
}

/// Reads an approval.
fn row_of(conn: &Connection, id: &ApprovalId) -> Result<Option<ApprovalRow>> {
    let select = format!("SELECT {APPROVAL} FROM approvals WHERE id = ?1");
    let mut select = conn.prepare_cached(&select)?;
    Ok(select.query_row([id.as_str()], approval_row).optional()?)
}

/// Changes an approval if it still stands where it stood when `row` was read: `set` is the change, whose
/// values are `?4` and up. Fails if it does not, which inside one transaction nobody can bring about.
fn moved(
    tx: &Writing<'_>,
    row: &ApprovalRow,
    set: &str,
    values: &[&dyn ToSql],
) -> Result<ApprovalRow> {
    let sql = format!(
        "UPDATE approvals SET {set} WHERE id = ?1 AND status = ?2 AND epoch = ?3 RETURNING {APPROVAL}"
    );
    let (id, status) = (row.id.as_str(), row.status.as_str());
    let mut all: Vec<&dyn ToSql> = vec![&id, &status, &row.epoch];
    all.extend_from_slice(values);
    let changed = tx.prepare_cached(&sql)?.query_row(all.as_slice(), approval_row).optional()?;
    let changed = changed.ok_or_else(lost)?;
    deliveries::of_approval(tx, Some(row.status), &changed)?;
    Ok(changed)
}

/// Ends an approval that nobody decided, or sent, in time.
fn expired(tx: &Writing<'_>, row: &ApprovalRow, now: Millis) -> Result<ApprovalRow> {
    let row = moved(tx, row, "status = 'expired', owner = NULL, updated_at = ?4", &[&now.0])?;
    record(tx, &row, ("approval.expired", "done"), (&Actor::system(), now))?;
    Ok(row)
}

impl ApprovalRow {
    /// Tells whether its time is over although it does not say so yet.
    pub(crate) fn is_over(&self, now: Millis) -> bool {
        match self.status {
            ApprovalStatus::Pending => now >= self.expires_at,
            ApprovalStatus::Approved => self.execute_by.is_some_and(|until| now >= until),
            ApprovalStatus::Sending
            | ApprovalStatus::Unknown
            | ApprovalStatus::Executed
            | ApprovalStatus::Failed
            | ApprovalStatus::Denied
            | ApprovalStatus::Expired
            | ApprovalStatus::Cancelled => false,
        }
    }
}

/// Appends what happened to an approval to the log: what was done, how it ended, by whom and when.
fn record(
    tx: &Writing<'_>,
    row: &ApprovalRow,
    (action, outcome): (&'static str, &str),
    (by, at): (&Actor, Millis),
) -> Result<()> {
    append(
        tx,
        &Entry {
            id: fresh().to_string(),
            at,
            actor: by.clone(),
            user: Some(row.user_id.clone()),
            action,
            entity_type: Some("approval"),
            target: Some(row.id.to_string()),
            outcome: outcome.to_owned(),
            took: 0,
            approval_id: Some(row.id.clone()),
            used: None,
        },
    )
}

/// Returns the name under which the log knows an action; what a script asks for has one for all.
fn action_name(action_type: &str) -> &'static str {
    let found = ROUTES.iter().find(|route| route.action == action_type);
    found.map_or("approvals.request", |route| route.action)
}

fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("a row cannot be written", error))
}

fn lost() -> Error {
    Error::new(Code::InternalError, "an approval changed inside its own transaction")
}

/// Reads a row of [`APPROVAL`].
fn approval_row(row: &Row<'_>) -> rusqlite::Result<ApprovalRow> {
    let mut columns = Columns::of(row);
    Ok(ApprovalRow {
        seq: columns.next()?,
        id: columns.parsed()?,
        store_id: columns.next()?,
        user_id: columns.next()?,
        kit_id: columns.next()?,
        action_type: columns.next()?,
        class: columns.word()?,
        digest: columns.next()?,
        idem_key: columns.next()?,
        requester: columns.json()?,
        status: columns.word()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        expires_at: columns.time()?,
        execute_by: columns.time_if_any()?,
        resolved_by: columns.json_if_any()?,
        resolved_at: columns.time_if_any()?,
        reason: columns.next()?,
        restored_at: columns.time_if_any()?,
        owner: columns.next()?,
        epoch: columns.next()?,
        sends: columns.next()?,
        first_sent_at: columns.time_if_any()?,
        settle_until: columns.time_if_any()?,
    })
}
