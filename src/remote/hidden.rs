//! Which secrets an action carries that it does not write out itself: an API elsewhere needs them all the same.

use crate::api::action::Action;
use crate::http::Hidden;

/// Returns the secrets of an action, each under the name that its field has in the body.
#[expect(
    clippy::too_many_lines,
    reason = "every action is named, so that a new one breaks the build here"
)]
pub(super) fn of(action: &Action) -> Vec<(&'static str, Hidden<'_>)> {
    match action {
        Action::Finish(op) => {
            let code = op.code.as_ref().map(|code| ("code", Hidden::One(code)));
            [("state", Hidden::One(&op.state))].into_iter().chain(code).collect()
        }
        Action::Credentials(op) => vec![("fields", Hidden::Named(&op.fields))],
        Action::AddToolkit(op) => vec![("secrets", Hidden::Named(&op.secrets))],
        Action::ConfigureToolkit(op) => vec![("secrets", Hidden::Named(&op.secrets))],
        Action::ConfigureAction(op) => vec![("headers", Hidden::Named(&op.headers))],
        Action::ConfigureBroker(op) => vec![("secrets", Hidden::Named(&op.secrets))],
        Action::ConnectBroker(op) => vec![("secrets", Hidden::Named(&op.secrets))],
        Action::CreateUser(_)
        | Action::ListUsers(_)
        | Action::GetUser(_)
        | Action::UpdateUser(_)
        | Action::DeleteUser(_)
        | Action::ListToolkits(_)
        | Action::GetToolkit(_)
        | Action::RemoveToolkit(_)
        | Action::RefreshToolkit(_)
        | Action::EnableToolkit(_)
        | Action::DisableToolkit(_)
        | Action::ListConnections(_)
        | Action::Connected(_)
        | Action::Connect(_)
        | Action::Poll(_)
        | Action::ExportConnection(_)
        | Action::ImportConnection(_)
        | Action::ListTools(_)
        | Action::SearchTools(_)
        | Action::GetTool(_)
        | Action::Execute(_)
        | Action::Proxy(_)
        | Action::GetConnection(_)
        | Action::RefreshConnection(_)
        | Action::DefaultAccount(_)
        | Action::Disconnect(_)
        | Action::GetWorkspace(_)
        | Action::UpdateWorkspace(_)
        | Action::WhoAmI(_)
        | Action::CreateKey(_)
        | Action::ListKeys(_)
        | Action::RevokeKey(_)
        | Action::CreateSession(_)
        | Action::ListSessions(_)
        | Action::RevokeSession(_)
        | Action::CreateKit(_)
        | Action::ListKits(_)
        | Action::GetKit(_)
        | Action::UpdateKit(_)
        | Action::DeleteKit(_)
        | Action::AssignKit(_)
        | Action::Explain(_)
        | Action::ListActions(_)
        | Action::CreateCard(_)
        | Action::CreateCardholder(_)
        | Action::TopUpCard(_)
        | Action::PurchaseDomain(_)
        | Action::StartVerification(_)
        | Action::CreateFormation(_)
        | Action::SubmitFormation(_)
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
        | Action::VerifyLog(_)
        | Action::CreateWebhook(_)
        | Action::ListWebhooks(_)
        | Action::ListEventTypes(_)
        | Action::TestWebhook(_)
        | Action::DeleteWebhook(_) => Vec::new(),
    }
}
