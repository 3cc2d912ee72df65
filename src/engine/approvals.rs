//! Approvals: actions frozen until a person decides, then done once or honestly reported as unknown.

use super::{Engine, Scope, unbuilt};
use crate::api::action::Action;
use crate::api::approvals::{
    Actor, Approval, Approvals, Approve, Cancel, Deny, GetApproval, ListApprovals, PendingApproval,
    Reconcile, Reconciled, ResolveApproval,
};
use crate::api::error::Result;

impl Engine {
    /// Freezes an action until a person decides.
    pub(super) async fn hold(
        &self,
        _scope: &Scope<'_>,
        _action: Action,
    ) -> Result<PendingApproval> {
        unbuilt()
    }

    /// Returns who asked for the approval that an action is about.
    pub(super) fn requester(&self, _action: &Action) -> Result<Option<Actor>> {
        Ok(None)
    }

    pub(super) fn list_approvals(
        &self,
        _scope: &Scope<'_>,
        _op: &ListApprovals,
    ) -> Result<Approvals> {
        unbuilt()
    }

    pub(super) fn get_approval(&self, _scope: &Scope<'_>, _op: &GetApproval) -> Result<Approval> {
        unbuilt()
    }

    pub(super) async fn approve(&self, _scope: &Scope<'_>, _op: &Approve) -> Result<Approval> {
        unbuilt()
    }

    pub(super) fn deny(&self, _scope: &Scope<'_>, _op: Deny) -> Result<Approval> {
        unbuilt()
    }

    pub(super) fn cancel(&self, _scope: &Scope<'_>, _op: &Cancel) -> Result<Approval> {
        unbuilt()
    }

    pub(super) fn resolve_approval(
        &self,
        _scope: &Scope<'_>,
        _op: ResolveApproval,
    ) -> Result<Approval> {
        unbuilt()
    }

    pub(super) async fn reconcile(
        &self,
        _scope: &Scope<'_>,
        _op: &Reconcile,
    ) -> Result<Reconciled> {
        unbuilt()
    }
}
