//! Everything a caller can ask for, as data.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::accounts::{DefaultAccount, DefaultChosen, RefreshConnection};
use super::approvals::{
    Approval, Approvals, Approve, Cancel, Deny, GetApproval, ListApprovals, PendingApproval,
    Reconcile, Reconciled, ResolveApproval,
};
use super::connections::{
    Connect, ConnectState, Connected, Connection, Connections, Credentials, Disconnect,
    Disconnected, Finish, GetConnection, ListConnections, ListedToolkits,
};
use super::error::{Error, Result};
use super::ids::{ApprovalId, UserRef};
use super::keys::{CreateKey, CreatedKey, Key, Keys, ListKeys, RevokeKey};
use super::kits::{
    AssignKit, CreateKit, DeleteKit, Explain, Explained, GetKit, Kit, Kits, ListKits, UpdateKit,
};
use super::log::{LogPage, LogVerified, QueryLog, VerifyLog};
use super::logins::{ExportConnection, Exported, ImportConnection, Poll};
use super::primitives::{
    ActionDetail, Actions, ConfigureAction, CreateCard, CreateCardholder, CreateFormation,
    ListActions, Performed, PurchaseDomain, StartVerification, SubmitFormation, TopUpCard,
};
use super::requests::{Acknowledged, RequestApproval};
use super::tools::{Execute, Executed, ListTools, Tools};
use super::workspace::{
    AddToolkit, ConfigureToolkit, CreateUser, DeleteUser, DisableToolkit, EnableToolkit,
    GetToolkit, GetUser, GetWorkspace, ListToolkits, ListUsers, RemoveToolkit, ToolkitDetail,
    ToolkitPage, UpdateUser, UpdateWorkspace, User, Users, Workspace,
};

/// How a call ended without an error.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// It was done
    Done(T),
    /// It was frozen until a person decides
    Pending(PendingApproval),
}

/// One thing that can be asked for: its input is the type itself.
pub(crate) trait Operation: Into<Action> + Debug {
    /// What it answers, on either backend.
    type Reply: Serialize + DeserializeOwned + JsonSchema + Debug;
}

/// Returns a reply in the form in which it is shown, stored and sent.
pub(crate) fn written(reply: &impl Serialize) -> Result<Value> {
    serde_json::to_value(reply).map_err(|error| Error::internal("a reply cannot be written", error))
}

/// Largest whole number that every reader of JSON takes for the same (RFC 7493, 2.2).
pub(crate) const EXACT: u64 = (1 << 53) - 1;

/// Lists the operations once: the variant of `Action`, its name on the wire, its reply.
macro_rules! actions {
    ($($name:literal $operation:ident -> $reply:ty,)*) => {
        /// An operation with its input: what the gate judges, the engine performs, an approval freezes.
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "action_type", content = "payload")]
        pub(crate) enum Action {
            $(#[doc = concat!("`", $name, "`")] #[serde(rename = $name)] $operation($operation),)*
        }

        impl Action {
            /// Names of all actions, in the order of the table.
            #[cfg(test)]
            pub(crate) const NAMES: &[&str] = &[$($name,)*];

            /// Returns the name on the wire, as in `connections.connect`.
            pub(crate) fn name(&self) -> &'static str {
                match self {
                    $(Self::$operation(_) => $name,)*
                }
            }
        }

        $(
            impl From<$operation> for Action {
                fn from(operation: $operation) -> Self {
                    Self::$operation(operation)
                }
            }

            impl Operation for $operation {
                type Reply = $reply;
            }
        )*
    };
}

actions! {
    "users.create" CreateUser -> User,
    "users.list" ListUsers -> Users,
    "users.get" GetUser -> User,
    "users.update" UpdateUser -> User,
    "users.delete" DeleteUser -> User,
    "toolkits.list" ListToolkits -> ToolkitPage,
    "toolkits.get" GetToolkit -> ToolkitDetail,
    "toolkits.add" AddToolkit -> ToolkitDetail,
    "toolkits.remove" RemoveToolkit -> ToolkitDetail,
    "toolkits.configure" ConfigureToolkit -> ToolkitDetail,
    "toolkits.enable" EnableToolkit -> ToolkitDetail,
    "toolkits.disable" DisableToolkit -> ToolkitDetail,
    "connections.list" ListConnections -> ListedToolkits,
    "connections.connected" Connected -> Connections,
    "connections.connect" Connect -> ConnectState,
    "connections.finish" Finish -> ConnectState,
    "connections.poll" Poll -> ConnectState,
    "connections.credentials" Credentials -> ConnectState,
    "connections.export" ExportConnection -> Exported,
    "connections.import" ImportConnection -> ConnectState,
    "connections.tools" ListTools -> Tools,
    "connections.execute" Execute -> Executed,
    "connections.get" GetConnection -> Connection,
    "connections.refresh" RefreshConnection -> Connection,
    "connections.default" DefaultAccount -> DefaultChosen,
    "connections.disconnect" Disconnect -> Disconnected,
    "workspace.get" GetWorkspace -> Workspace,
    "workspace.update" UpdateWorkspace -> Workspace,
    "keys.create" CreateKey -> CreatedKey,
    "keys.list" ListKeys -> Keys,
    "keys.revoke" RevokeKey -> Key,
    "account_kits.create" CreateKit -> Kit,
    "account_kits.list" ListKits -> Kits,
    "account_kits.get" GetKit -> Kit,
    "account_kits.update" UpdateKit -> Kit,
    "account_kits.delete" DeleteKit -> Kit,
    "account_kits.assign" AssignKit -> User,
    "policy.explain" Explain -> Explained,
    "actions.list" ListActions -> Actions,
    "actions.configure" ConfigureAction -> ActionDetail,
    "cards.create" CreateCard -> Performed,
    "cards.cardholder.create" CreateCardholder -> Performed,
    "cards.topup" TopUpCard -> Performed,
    "domains.purchase" PurchaseDomain -> Performed,
    "verification.start" StartVerification -> Performed,
    "formation.create" CreateFormation -> Performed,
    "formation.submit" SubmitFormation -> Performed,
    "approvals.list" ListApprovals -> Approvals,
    "approvals.get" GetApproval -> Approval,
    "approvals.approve" Approve -> Approval,
    "approvals.deny" Deny -> Approval,
    "approvals.cancel" Cancel -> Approval,
    "approvals.resolve" ResolveApproval -> Approval,
    "approvals.reconcile" Reconcile -> Reconciled,
    "approvals.request" RequestApproval -> Acknowledged,
    "logs.query" QueryLog -> LogPage,
    "logs.verify" VerifyLog -> LogVerified,
}

impl Action {
    /// Returns the tenant user it is for: `Some(None)` where it has one but leaves the choice to the
    /// caller's settings, `None` where it belongs to the workspace.
    pub(crate) fn subject(&mut self) -> Option<&mut Option<UserRef>> {
        match self {
            Self::ListConnections(op) => Some(&mut op.user),
            Self::Connected(op) => Some(&mut op.user),
            Self::Connect(op) => Some(&mut op.user),
            Self::Poll(op) => Some(&mut op.user),
            Self::Credentials(op) => Some(&mut op.user),
            Self::ExportConnection(op) => Some(&mut op.user),
            Self::ImportConnection(op) => Some(&mut op.user),
            Self::ListTools(op) => Some(&mut op.user),
            Self::Execute(op) => Some(&mut op.user),
            Self::GetConnection(op) => Some(&mut op.user),
            Self::RefreshConnection(op) => Some(&mut op.user),
            Self::DefaultAccount(op) => Some(&mut op.user),
            Self::Disconnect(op) => Some(&mut op.user),
            Self::Explain(op) => Some(&mut op.user),
            Self::CreateCard(op) => Some(&mut op.user),
            Self::CreateCardholder(op) => Some(&mut op.user),
            Self::TopUpCard(op) => Some(&mut op.user),
            Self::PurchaseDomain(op) => Some(&mut op.user),
            Self::StartVerification(op) => Some(&mut op.user),
            Self::CreateFormation(op) => Some(&mut op.user),
            Self::SubmitFormation(op) => Some(&mut op.user),
            Self::RequestApproval(op) => Some(&mut op.user),
            Self::CreateUser(_)
            | Self::ListUsers(_)
            | Self::GetUser(_)
            | Self::UpdateUser(_)
            | Self::DeleteUser(_)
            | Self::ListToolkits(_)
            | Self::GetToolkit(_)
            | Self::AddToolkit(_)
            | Self::RemoveToolkit(_)
            | Self::ConfigureToolkit(_)
            | Self::EnableToolkit(_)
            | Self::DisableToolkit(_)
            | Self::Finish(_)
            | Self::GetWorkspace(_)
            | Self::UpdateWorkspace(_)
            | Self::CreateKey(_)
            | Self::ListKeys(_)
            | Self::RevokeKey(_)
            | Self::CreateKit(_)
            | Self::ListKits(_)
            | Self::GetKit(_)
            | Self::UpdateKit(_)
            | Self::DeleteKit(_)
            | Self::AssignKit(_)
            | Self::ListActions(_)
            | Self::ConfigureAction(_)
            | Self::ListApprovals(_)
            | Self::GetApproval(_)
            | Self::Approve(_)
            | Self::Deny(_)
            | Self::Cancel(_)
            | Self::ResolveApproval(_)
            | Self::Reconcile(_)
            | Self::QueryLog(_)
            | Self::VerifyLog(_) => None,
        }
    }

    /// Returns the approval that it looks at, decides or goes on with.
    pub(crate) fn approval(&self) -> Option<&ApprovalId> {
        match self {
            Self::GetApproval(GetApproval { approval })
            | Self::Approve(Approve { approval, .. })
            | Self::Deny(Deny { approval, .. })
            | Self::Cancel(Cancel { approval })
            | Self::ResolveApproval(ResolveApproval { approval, .. }) => Some(approval),
            Self::Reconcile(Reconcile { approval, .. }) => approval.as_ref(),
            Self::CreateUser(_)
            | Self::ListUsers(_)
            | Self::GetUser(_)
            | Self::UpdateUser(_)
            | Self::DeleteUser(_)
            | Self::ListToolkits(_)
            | Self::GetToolkit(_)
            | Self::AddToolkit(_)
            | Self::RemoveToolkit(_)
            | Self::ConfigureToolkit(_)
            | Self::EnableToolkit(_)
            | Self::DisableToolkit(_)
            | Self::ListConnections(_)
            | Self::Connected(_)
            | Self::Connect(_)
            | Self::Finish(_)
            | Self::Poll(_)
            | Self::Credentials(_)
            | Self::ExportConnection(_)
            | Self::ImportConnection(_)
            | Self::ListTools(_)
            | Self::Execute(_)
            | Self::GetConnection(_)
            | Self::RefreshConnection(_)
            | Self::DefaultAccount(_)
            | Self::Disconnect(_)
            | Self::GetWorkspace(_)
            | Self::UpdateWorkspace(_)
            | Self::CreateKey(_)
            | Self::ListKeys(_)
            | Self::RevokeKey(_)
            | Self::CreateKit(_)
            | Self::ListKits(_)
            | Self::GetKit(_)
            | Self::UpdateKit(_)
            | Self::DeleteKit(_)
            | Self::AssignKit(_)
            | Self::Explain(_)
            | Self::ListActions(_)
            | Self::ConfigureAction(_)
            | Self::CreateCard(_)
            | Self::CreateCardholder(_)
            | Self::TopUpCard(_)
            | Self::PurchaseDomain(_)
            | Self::StartVerification(_)
            | Self::CreateFormation(_)
            | Self::SubmitFormation(_)
            | Self::ListApprovals(_)
            | Self::RequestApproval(_)
            | Self::QueryLog(_)
            | Self::VerifyLog(_) => None,
        }
    }
}
