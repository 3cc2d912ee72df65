//! Approvals: actions frozen until a person decides, then done once or honestly reported as unknown.
//!
//! Here they are read and decided; `freeze` makes them, `replay` sends what was approved, `settle` finds
//! out what became of what was sent.

mod check;
mod definition;
mod freeze;
mod frozen;
mod replay;
mod settle;
mod shown;

use super::gate::decides;
use super::limits::page_size;
use super::trading::{Trade, trade};
use super::{Call, Engine, Scope};
use crate::api::action::Action;
use crate::api::approvals::{
    Actor, Approval, ApprovalStatus, Approvals, Cancel, Deny, Found, GetApproval, ListApprovals,
    ResolveApproval,
};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ApprovalId;
use crate::api::time::Millis;
use crate::api::trading::order::IntentStatus;
use crate::store::{ApprovalRow, Decision, Filter, Restored};
use frozen::Frozen;
use shown::Came;

/// How many approvals a list holds where nobody says.
const PAGE: u32 = 50;

impl Engine {
    /// Returns who asked for the approval that an action is about.
    pub(super) fn requester(&self, action: &Action) -> Result<Option<Actor>> {
        let Some(id) = action.approval().filter(|_| decides(action)) else { return Ok(None) };
        Ok(self.store.approval(id, Millis::now())?.map(|row| row.requester))
    }

    /// Fails with `NotFound` if an action is about the approval of another user than it says.
    pub(super) fn check_owner(&self, call: &Call, action: &Action) -> Result<()> {
        let Some((id, named)) = action.approval().zip(action.approval_owner()) else {
            return Ok(());
        };
        let user = self.user_for(&call.caller, named)?;
        if self.row(id)?.user_id == user.id { Ok(()) } else { Err(unknown(id)) }
    }

    /// Says so where the store is a copy from before, once.
    pub(super) fn settle_copy(&self) -> Result<()> {
        if let Some(Restored { unknown, pending }) = self.store.settle_copy(Millis::now())? {
            let unknown =
                (unknown > 0).then(|| format!("{unknown} that were under way are `unknown` now"));
            let pending =
                (pending > 0).then(|| format!("{pending} that wait may have been decided since"));
            let open: Vec<_> = unknown.into_iter().chain(pending).collect();
            let open = match open.as_slice() {
                [] => "no approval was open in it".to_owned(),
                some => format!("of its approvals, {}", some.join(", and ")),
            };
            self.warn(format!("This store is a copy from before: {open}."));
        }
        Ok(())
    }

    pub(super) fn list_approvals(
        &self,
        scope: &Scope<'_>,
        op: &ListApprovals,
    ) -> Result<Approvals> {
        if let Err(error) = self.store.expire_due(Millis::now()) {
            self.warn(format!("Approvals that lapsed could not be ended: {error}."));
        }
        let caller = &scope.call.caller;
        let named = op.user.as_ref().map(|user| self.user_for(caller, user)).transpose()?;
        let before = op.cursor.as_deref().map(|cursor| {
            cursor.parse().map_err(|_| {
                Error::new(Code::InvalidInput, "the cursor is none of ours")
                    .hint("take `nextCursor` of the answer before, or leave `--cursor` out")
            })
        });
        let filter = Filter {
            status: op.status,
            user: caller.seal().or(named.as_ref().map(|user| user.id.as_str())),
            before: before.transpose()?,
        };
        let limit = page_size(op.limit, PAGE);
        let mut rows = self.store.approvals(&filter, limit.saturating_add(1))?;
        let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next_cursor = rows.last().filter(|_| more).map(|row| row.seq.to_string());
        let approvals = rows.iter().map(|row| self.shown(row)).collect::<Result<_>>()?;
        Ok(Approvals { approvals, next_cursor })
    }

    pub(super) fn get_approval(&self, scope: &Scope<'_>, op: &GetApproval) -> Result<Approval> {
        let row = self.approval(scope, &op.approval)?;
        self.frozen(&row)?;
        self.with_login(self.shown(&row)?)
    }

    pub(super) fn deny(&self, scope: &Scope<'_>, op: Deny) -> Result<Approval> {
        let by = scope.call.caller.actor();
        let reason = op.reason.as_deref();
        let decision = Decision { by: &by, reason, at: Millis::now() };
        self.decided(&op.approval, self.store.deny(&op.approval, &decision)?)
    }

    pub(super) fn cancel(&self, scope: &Scope<'_>, op: &Cancel) -> Result<Approval> {
        let by = scope.call.caller.actor();
        let decision = Decision { by: &by, reason: None, at: Millis::now() };
        self.decided(&op.approval, self.store.cancel(&op.approval, &decision)?)
    }

    pub(super) fn resolve_approval(
        &self,
        scope: &Scope<'_>,
        op: ResolveApproval,
    ) -> Result<Approval> {
        let by = scope.call.caller.actor();
        let decision = Decision { by: &by, reason: Some(op.reason.as_str()), at: Millis::now() };
        let (status, came) = match op.found {
            Found::Executed => (ApprovalStatus::Executed, Came::default()),
            Found::NotExecuted => {
                let text = "whoever looked found that it was not done";
                let error = Error::new(Code::ProviderError, text).reason("resolved_not_executed");
                (ApprovalStatus::Failed, Came::trouble(&error))
            }
        };
        let id = &op.approval;
        let row = self.row(id)?;
        let ended = self
            .sealing_came(id, &came, |bytes| self.store.resolve(id, &decision, (status, bytes)))?;
        match ended {
            Some((row, false)) => {
                let text = format!("approval `{id}` is {}, not unknown", row.status.as_str());
                Err(Error::new(Code::InvalidInput, text).hint(see(id)).reason("not_unknown"))
            }
            ended => {
                self.note_found(&self.frozen(&row)?, op.found);
                self.decided(id, ended)
            }
        }
    }

    /// Notes what a person has found out about an order, beside its approval: the limits count by that.
    fn note_found(&self, frozen: &Frozen, found: Found) {
        let Some(env) = trade(&frozen.action).and_then(Trade::env) else { return };
        let status = match found {
            Found::Executed => IntentStatus::Placed,
            Found::NotExecuted => IntentStatus::Refused,
        };
        let name = (frozen.user.as_str(), env, frozen.idempotency_key.as_str());
        self.note_intent(name, status);
    }

    /// Returns an approval as it stands now.
    fn row(&self, id: &ApprovalId) -> Result<ApprovalRow> {
        self.store.approval(id, Millis::now())?.ok_or_else(|| unknown(id))
    }

    /// Returns what is known of an approval that the caller may see.
    fn approval(&self, scope: &Scope<'_>, id: &ApprovalId) -> Result<ApprovalRow> {
        let row = self.row(id)?;
        let seal = scope.call.caller.seal();
        if seal.is_none_or(|seal| seal == row.user_id) { Ok(row) } else { Err(unknown(id)) }
    }

    /// Shows what a decision has led to; fails if it came too late.
    fn decided(&self, id: &ApprovalId, decided: Option<(ApprovalRow, bool)>) -> Result<Approval> {
        match decided {
            None => Err(unknown(id)),
            Some((row, true)) => self.shown(&row),
            Some((row, false)) => Err(already(&row)),
        }
    }
}

/// The error of an approval that nobody can decide any more: how it stands, by whom, since when.
fn already(row: &ApprovalRow) -> Error {
    let by = row.resolved_by.as_ref().map(|by| {
        let name = by.name.as_deref().unwrap_or(&by.actor_id);
        format!(" by `{name}`")
    });
    let at = row.resolved_at.unwrap_or(row.updated_at).plain();
    let (id, status, by) = (&row.id, row.status.as_str(), by.unwrap_or_default());
    let text = match row.status {
        ApprovalStatus::Expired => format!("approval `{id}` has expired ({at} UTC)"),
        ApprovalStatus::Pending
        | ApprovalStatus::Approved
        | ApprovalStatus::Sending
        | ApprovalStatus::Unknown
        | ApprovalStatus::Executed
        | ApprovalStatus::Failed
        | ApprovalStatus::Denied
        | ApprovalStatus::Cancelled => {
            format!("approval `{id}` is {status} already: resolved{by} at {at} UTC")
        }
    };
    Error::new(Code::InvalidInput, text).hint(see(id)).reason("already_resolved")
}

fn see(id: &ApprovalId) -> String {
    format!("run `naive approvals get {id}` to see what became of it")
}

fn unknown(id: &ApprovalId) -> Error {
    Error::new(Code::NotFound, format!("there is no approval `{id}`"))
        .hint("run `naive approvals list` to see which there are")
        .reason("approval_unknown")
}
