//! What each action would be a use of: looking, acting, changing policy, resolving.

use crate::api::action::Action;
use crate::api::ids::{ConnectionRef, Slug, ToolSlug};
use crate::api::kits::Primitive;
use crate::api::primitives::PERFORMED;

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
    /// Moves credentials in or out of the store, or says where they go
    Operator,
    /// Decides what was held, or goes on with it
    Resolve,
    /// Takes back what was asked for
    TakeBack,
}

/// Tells whether an action waits for a person where no kit says otherwise.
/// Source: the seeds about approvals, "What's gated by default", and about trading, "Governance".
pub(super) fn gated_by_default(action: &Action) -> bool {
    let trades = matches!(
        action,
        Action::CreateOrder(_) | Action::CancelOrder(_) | Action::ClosePosition(_)
    );
    trades || matches!(action, Action::Connect(_)) || PERFORMED.contains(&action.name())
}

/// Returns what an action is a use of.
#[expect(
    clippy::too_many_lines,
    reason = "every action is named, so that a new one breaks the build here"
)]
pub(super) fn power(action: &Action) -> Power {
    match action {
        // Who only wants to see the request does nothing.
        Action::Execute(op) if op.dry_run => Power::Look,
        Action::Proxy(op) if op.dry_run => Power::Look,
        Action::CreateOrder(op) if op.dry_run => Power::Look,
        // Where the broker is, the credentials of all accounts go.
        Action::ConfigureBroker(op) if op.base_url.is_some() => Power::Operator,
        Action::Execute(_)
        | Action::Proxy(_)
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
        | Action::SubmitFormation(_)
        | Action::ConnectBroker(_)
        | Action::CreateOrder(_)
        | Action::CancelOrder(_)
        | Action::ClosePosition(_) => Power::Act,
        Action::RequestApproval(_) => Power::AskPerson,
        Action::CreateUser(_)
        | Action::UpdateUser(_)
        | Action::DeleteUser(_)
        | Action::AddToolkit(_)
        | Action::RemoveToolkit(_)
        | Action::ConfigureToolkit(_)
        | Action::RefreshToolkit(_)
        | Action::EnableToolkit(_)
        | Action::DisableToolkit(_)
        | Action::UpdateWorkspace(_)
        | Action::CreateKey(_)
        | Action::ListKeys(_)
        | Action::RevokeKey(_)
        | Action::CreateSession(_)
        | Action::ListSessions(_)
        | Action::RevokeSession(_)
        | Action::CreateWebhook(_)
        | Action::ListWebhooks(_)
        | Action::TestWebhook(_)
        | Action::DeleteWebhook(_)
        | Action::CreateKit(_)
        | Action::UpdateKit(_)
        | Action::DeleteKit(_)
        | Action::AssignKit(_)
        | Action::ConfigureAction(_)
        | Action::ConfigureBroker(_)
        | Action::Halt(_)
        | Action::Resume(_) => Power::Policy,
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
        | Action::SearchTools(_)
        | Action::GetTool(_)
        | Action::GetConnection(_)
        | Action::DefaultAccount(_)
        | Action::Disconnect(_)
        | Action::GetWorkspace(_)
        | Action::WhoAmI(_)
        | Action::ListEventTypes(_)
        | Action::ListKits(_)
        | Action::GetKit(_)
        | Action::Explain(_)
        | Action::ListActions(_)
        | Action::ListBrokers(_)
        | Action::DisconnectBroker(_)
        | Action::GetAccount(_)
        | Action::GetHistory(_)
        | Action::ListAssets(_)
        | Action::ListPositions(_)
        | Action::GetPosition(_)
        | Action::ListOrders(_)
        | Action::GetOrder(_)
        | Action::GetQuotes(_)
        | Action::GetLimits(_)
        | Action::ReconcileOrders(_)
        | Action::ListApprovals(_)
        | Action::GetApproval(_)
        | Action::QueryLog(_)
        | Action::VerifyLog(_) => Power::Look,
    }
}

/// Tells whether an action only looks, or takes away.
pub(crate) fn looks(action: &Action) -> bool {
    power(action) == Power::Look && !acts(action)
}

/// Tells whether an action does something for its user, or asks outside in their name, rather than look at what
/// is here or take it away.
pub(crate) fn acts(action: &Action) -> bool {
    matches!(power(action), Power::Act | Power::Operator | Power::AskPerson)
        || matches!(action, Action::Execute(_) | Action::Proxy(_) | Action::CreateOrder(_))
        || asks_broker(action)
}

/// Tells whether an action looks into a brokerage account with its credential.
fn asks_broker(action: &Action) -> bool {
    matches!(
        action,
        Action::GetAccount(_)
            | Action::GetHistory(_)
            | Action::ListAssets(_)
            | Action::ListPositions(_)
            | Action::GetPosition(_)
            | Action::ListOrders(_)
            | Action::GetOrder(_)
            | Action::GetQuotes(_)
            | Action::ReconcileOrders(_)
    )
}

/// Tells whether an action decides an approval, or goes on with one.
pub(crate) fn decides(action: &Action) -> bool {
    matches!(power(action), Power::Resolve | Power::TakeBack)
}

/// Returns the part of the product that an action belongs to, and that a kit rules as a whole.
pub(crate) fn primitive(action: &Action) -> Option<Primitive> {
    // What is asked of a person is frozen as `custom.<name>`.
    let asks = power(action) == Power::AskPerson;
    if asks { Some(Primitive::Custom) } else { Primitive::of(action.name()) }
}

/// What of an app an action names.
#[derive(Debug)]
enum Named<'a> {
    Nothing,
    App(&'a Slug),
    Tool(&'a Slug, &'a ToolSlug),
    /// A connection of it that is gone on with
    Connection(&'a ConnectionRef),
}

/// Returns the app, and the tool, that an action names and a kit may rule.
pub(crate) fn target(action: &Action) -> (Option<&Slug>, Option<&ToolSlug>) {
    match named(action) {
        Named::App(app) => (Some(app), None),
        Named::Tool(app, tool) => (Some(app), Some(tool)),
        Named::Nothing | Named::Connection(_) => (None, None),
    }
}

/// Returns the connection that an action goes on with, and so uses the app of.
pub(crate) fn goes_on_with(action: &Action) -> Option<&ConnectionRef> {
    match named(action) {
        Named::Connection(connection) => Some(connection),
        Named::Nothing | Named::App(_) | Named::Tool(..) => None,
    }
}

/// Returns what of an app an action names, where that is what it uses.
#[expect(
    clippy::too_many_lines,
    reason = "every action is named, so that a new one breaks the build here"
)]
fn named(action: &Action) -> Named<'_> {
    match action {
        Action::Connect(op) => Named::App(&op.toolkit),
        Action::Execute(op) => Named::Tool(&op.toolkit, &op.tool),
        Action::Proxy(op) => Named::App(&op.toolkit),
        Action::Poll(op) => Named::Connection(&op.connection),
        Action::Credentials(op) => Named::Connection(&op.connection),
        Action::RefreshConnection(op) => Named::Connection(&op.connection),
        Action::CreateUser(_)
        | Action::ListUsers(_)
        | Action::GetUser(_)
        | Action::UpdateUser(_)
        | Action::DeleteUser(_)
        | Action::ListToolkits(_)
        | Action::GetToolkit(_)
        | Action::AddToolkit(_)
        | Action::RemoveToolkit(_)
        | Action::ConfigureToolkit(_)
        | Action::RefreshToolkit(_)
        | Action::EnableToolkit(_)
        | Action::DisableToolkit(_)
        | Action::ListConnections(_)
        | Action::Connected(_)
        | Action::Finish(_)
        | Action::ExportConnection(_)
        | Action::ImportConnection(_)
        | Action::ListTools(_)
        | Action::SearchTools(_)
        | Action::GetTool(_)
        | Action::GetConnection(_)
        | Action::DefaultAccount(_)
        | Action::Disconnect(_)
        | Action::GetWorkspace(_)
        | Action::WhoAmI(_)
        | Action::UpdateWorkspace(_)
        | Action::CreateKey(_)
        | Action::ListKeys(_)
        | Action::RevokeKey(_)
        | Action::CreateSession(_)
        | Action::ListSessions(_)
        | Action::RevokeSession(_)
        | Action::CreateWebhook(_)
        | Action::ListWebhooks(_)
        | Action::ListEventTypes(_)
        | Action::TestWebhook(_)
        | Action::DeleteWebhook(_)
        | Action::CreateKit(_)
        | Action::ListKits(_)
        | Action::GetKit(_)
        | Action::UpdateKit(_)
        | Action::DeleteKit(_)
        | Action::AssignKit(_)
        | Action::Explain(_)
        | Action::ListActions(_)
        | Action::ConfigureAction(_)
        | Action::CreateCard(_)
        | Action::CreateCardholder(_)
        | Action::TopUpCard(_)
        | Action::PurchaseDomain(_)
        | Action::StartVerification(_)
        | Action::CreateFormation(_)
        | Action::SubmitFormation(_)
        | Action::ConfigureBroker(_)
        | Action::ConnectBroker(_)
        | Action::ListBrokers(_)
        | Action::DisconnectBroker(_)
        | Action::GetAccount(_)
        | Action::GetHistory(_)
        | Action::ListAssets(_)
        | Action::ListPositions(_)
        | Action::GetPosition(_)
        | Action::ListOrders(_)
        | Action::GetOrder(_)
        | Action::GetQuotes(_)
        | Action::CreateOrder(_)
        | Action::CancelOrder(_)
        | Action::ClosePosition(_)
        | Action::GetLimits(_)
        | Action::Halt(_)
        | Action::Resume(_)
        | Action::ReconcileOrders(_)
        | Action::ListApprovals(_)
        | Action::GetApproval(_)
        | Action::Approve(_)
        | Action::Deny(_)
        | Action::Cancel(_)
        | Action::ResolveApproval(_)
        | Action::Reconcile(_)
        | Action::RequestApproval(_)
        | Action::QueryLog(_)
        | Action::VerifyLog(_) => Named::Nothing,
    }
}
