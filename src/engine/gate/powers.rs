//! What each action would be a use of: looking, acting, changing policy, resolving.

use crate::api::action::Action;
use crate::api::ids::{ConnectionRef, Slug, ToolSlug};
use crate::api::kits::Primitive;

/// What it takes to be allowed to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// Looks, or takes away
    Look,
    /// Does something for a user
    Act,
    /// Asks a person
    AskPerson,
    /// Changes what others may do
    Policy,
    /// Moves credentials in or out of the store
    Operator,
    /// Decides what was held, or goes on with it
    Resolve,
    /// Takes back what was asked for
    TakeBack,
}

/// Actions that wait for a person where no kit says otherwise.
/// Source: the seed about approvals, "What's gated by default".
pub(super) const GATED: [&str; 8] = [
    "cards.create",
    "cards.cardholder.create",
    "cards.topup",
    "domains.purchase",
    "verification.start",
    "formation.create",
    "formation.submit",
    "connections.connect",
];

/// Returns what an action is a use of.
pub(super) fn power(action: &Action) -> Power {
    match action {
        // Who only wants to see the request does nothing.
        Action::Execute(op) if op.dry_run => Power::Look,
        Action::Execute(_)
        | Action::Connect(_)
        | Action::Finish(_)
        | Action::Poll(_)
        | Action::Credentials(_)
        | Action::RefreshConnection(_)
        | Action::CreateCard(_)
        | Action::CreateCardholder(_)
        | Action::TopUpCard(_)
        | Action::PurchaseDomain(_)
        | Action::StartVerification(_)
        | Action::CreateFormation(_)
        | Action::SubmitFormation(_) => Power::Act,
        Action::RequestApproval(_) => Power::AskPerson,
        Action::CreateUser(_)
        | Action::UpdateUser(_)
        | Action::DeleteUser(_)
        | Action::AddToolkit(_)
        | Action::RemoveToolkit(_)
        | Action::ConfigureToolkit(_)
        | Action::EnableToolkit(_)
        | Action::DisableToolkit(_)
        | Action::UpdateWorkspace(_)
        | Action::CreateKey(_)
        | Action::ListKeys(_)
        | Action::RevokeKey(_)
        | Action::CreateKit(_)
        | Action::UpdateKit(_)
        | Action::DeleteKit(_)
        | Action::AssignKit(_)
        | Action::ConfigureAction(_) => Power::Policy,
        Action::ExportConnection(_) | Action::ImportConnection(_) => Power::Operator,
        Action::Approve(_)
        | Action::Deny(_)
        | Action::ResolveApproval(_)
        | Action::Reconcile(_) => Power::Resolve,
        Action::Cancel(_) => Power::TakeBack,
        Action::ListUsers(_)
        | Action::GetUser(_)
        | Action::ListToolkits(_)
        | Action::GetToolkit(_)
        | Action::ListConnections(_)
        | Action::Connected(_)
        | Action::ListTools(_)
        | Action::GetConnection(_)
        | Action::DefaultAccount(_)
        | Action::Disconnect(_)
        | Action::GetWorkspace(_)
        | Action::ListKits(_)
        | Action::GetKit(_)
        | Action::Explain(_)
        | Action::ListActions(_)
        | Action::ListApprovals(_)
        | Action::GetApproval(_)
        | Action::QueryLog(_)
        | Action::VerifyLog(_) => Power::Look,
    }
}

/// Tells whether an action does something for its user, rather than look at it or take it away.
pub(crate) fn acts(action: &Action) -> bool {
    matches!(power(action), Power::Act | Power::Operator | Power::AskPerson)
        || matches!(action, Action::Execute(_))
}

/// Returns the part of the product that an action belongs to, and that a kit rules as a whole.
pub(crate) fn primitive(action: &Action) -> Option<Primitive> {
    // What is asked of a person is frozen as `custom.<name>`.
    let asks = power(action) == Power::AskPerson;
    if asks { Some(Primitive::Custom) } else { Primitive::of(action.name()) }
}

/// Returns the app, and the tool, that an action names and a kit may rule.
pub(crate) fn target(action: &Action) -> (Option<&Slug>, Option<&ToolSlug>) {
    if let Action::Connect(op) = action {
        return (Some(&op.toolkit), None);
    }
    let Action::Execute(op) = action else { return (None, None) };
    (Some(&op.toolkit), Some(&op.tool))
}

/// Returns the connection that an action goes on with, and so uses the app of.
pub(crate) fn goes_on_with(action: &Action) -> Option<&ConnectionRef> {
    if let Action::Poll(op) = action {
        return Some(&op.connection);
    }
    if let Action::Credentials(op) = action {
        return Some(&op.connection);
    }
    let Action::RefreshConnection(op) = action else { return None };
    Some(&op.connection)
}
