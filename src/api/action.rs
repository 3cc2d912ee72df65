//! Everything a caller can ask for, as data.

use std::fmt::Debug;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::accounts::{DefaultAccount, DefaultChosen, RefreshConnection};
use super::approvals::{
    Approval, Approvals, Approve, Cancel, Deny, GetApproval, ListApprovals, PendingApproval,
    Reconcile, Reconciled, ResolveApproval,
};
use super::connections::{
    Connect, ConnectState, Connected, Connection, Connections, Credentials, Disconnect,
    Disconnected, Finish, GetConnection, ListConnections, ListedToolkits,
};
use super::error::{Code, Error, Fault, Result};
use super::ids::{ApprovalId, UserRef};
use super::keys::{CreateKey, CreatedKey, Identity, Key, Keys, ListKeys, RevokeKey, WhoAmI};
use super::kits::{
    AssignKit, CreateKit, DeleteKit, Explain, Explained, GetKit, Kit, Kits, ListKits, UpdateKit,
};
use super::log::{LogPage, LogVerified, QueryLog, VerifyLog};
use super::logins::{ExportConnection, Exported, ImportConnection, Poll};
use super::primitives::{
    ActionDetail, Actions, ConfigureAction, CreateCard, CreateCardholder, CreateFormation,
    ListActions, Performed, PurchaseDomain, StartVerification, SubmitFormation, TopUpCard,
};
use super::reply::Reply;
use super::requests::{Acknowledged, RequestApproval};
use super::sessions::{
    CreateSession, CreatedSession, ListSessions, RevokeSession, Session, Sessions,
};
use super::toolkits::{
    AddToolkit, ConfigureToolkit, DisableToolkit, EnableToolkit, GetToolkit, ListToolkits,
    RemoveToolkit, ToolkitDetail, ToolkitPage,
};
use super::tools::{
    Execute, Executed, FoundTools, GetTool, ListTools, Proxy, SearchTools, ToolOf, Tools,
};
use super::trading::account::{
    Assets, BrokerApp, BrokerForgotten, BrokerState, Brokers, ConfigureBroker, ConnectBroker,
    DisconnectBroker, GetAccount, GetPosition, GetQuotes, ListAssets, ListBrokers, ListPositions,
    Object, Positions, Quotes,
};
use super::trading::history::GetHistory;
use super::trading::limits::{GetLimits, Halt, Halts, Resume, TradingLimits};
use super::trading::order::{
    CancelOrder, ClosePosition, CreateOrder, GetOrder, ListOrders, Orders, ReconcileOrders,
    ReconciledOrders,
};
use super::ways::{RefreshToolkit, ToolkitRefreshed};
use super::webhooks::{
    CreateWebhook, CreatedWebhook, DeleteWebhook, DeletedWebhook, EventTypes, ListEventTypes,
    ListWebhooks, TestWebhook, TestedWebhook, Webhooks,
};
use super::workspace::{
    CreateUser, DeleteUser, GetUser, GetWorkspace, ListUsers, UpdateUser, UpdateWorkspace, User,
    Users, Workspace,
};

/// How a call ended without an error.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// It was done
    Done(T),
    /// It was frozen until a person decides
    Pending(PendingApproval),
}

impl<T> Outcome<T> {
    /// Returns the same, its reply in another form.
    pub(crate) fn map<U>(self, form: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(reply) => Outcome::Done(form(reply)),
            Self::Pending(pending) => Outcome::Pending(pending),
        }
    }

    /// The same, where that may fail.
    fn try_map<U>(self, form: impl FnOnce(T) -> Result<U>) -> Result<Outcome<U>> {
        match self.map(form) {
            Outcome::Done(reply) => reply.map(Outcome::Done),
            Outcome::Pending(pending) => Ok(Outcome::Pending(pending)),
        }
    }
}

impl Outcome<Reply> {
    /// Returns the same, its reply as a value.
    pub(crate) fn valued(self) -> Result<Outcome<Value>> {
        self.try_map(Reply::value)
    }
}

impl Outcome<Value> {
    /// Returns the same, its reply read as an operation answers.
    pub(crate) fn typed<O: Operation>(self) -> Result<Outcome<O::Reply>> {
        self.try_map(typed::<O>)
    }
}

/// One thing that can be asked for: its input is the type itself.
pub(crate) trait Operation: Into<Action> + Debug {
    /// What it answers, on either backend.
    type Reply: Serialize + DeserializeOwned + JsonSchema + Debug + Send + 'static;
}

/// Reads a reply as an operation answers.
pub(crate) fn typed<O: Operation>(reply: Value) -> Result<O::Reply> {
    serde_json::from_value(reply)
        .map_err(|error| Error::internal("a reply has another form", error))
}

/// Returns a reply in the form in which it is shown, stored and sent.
pub(crate) fn written(reply: &impl Serialize) -> Result<Value> {
    serde_json::to_value(reply).map_err(|error| Error::internal("a reply cannot be written", error))
}

/// Returns the tenant user of what has none.
fn nobody<T>(_: &mut T) -> Option<&mut Option<UserRef>> {
    None
}

/// Returns whose approval it has to be of what is about none.
fn nobodys<T>(_: &T) -> Option<&UserRef> {
    None
}

/// Returns the approval of what is about none.
fn none<T>(_: &T) -> Option<&ApprovalId> {
    None
}

/// Largest whole number that every reader of JSON takes for the same (RFC 7493, 2.2).
pub(crate) const EXACT: u64 = (1 << 53) - 1;

/// What an action takes and answers, as JSON Schema.
#[derive(Debug)]
pub(crate) struct Described {
    /// Name of the action
    pub(crate) action: &'static str,
    /// What it takes, written out: an object
    pub(crate) input: Schema,
    /// What it answers
    pub(crate) reply: Schema,
}

/// Returns the schema of an input with its own fields written out, so that each can be looked at.
fn inlined<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    T::json_schema(generator)
}

/// Reads what `name` takes, and says which field is not that.
pub(crate) fn input<T: DeserializeOwned>(name: &str, fields: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let pointer = pointer(error.path());
        let message = error.into_inner().to_string();
        Error::new(Code::InvalidInput, format!("this is not what `{name}` takes: {message}"))
            .details(vec![Fault { pointer, message }])
    })
}

/// Returns where in an input an error was found, as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => {
            format!("/{}", key.replace('~', "~0").replace('/', "~1"))
        }
        Segment::Unknown => String::new(),
    };
    path.iter().map(segment).collect()
}

/// Says where an operation names its tenant user, by what the table says it is about.
macro_rules! subject {
    ($op:ident user) => {
        Some(&mut $op.user)
    };
    ($op:ident $($other:ident)?) => {
        nobody($op)
    };
}

/// Says where an operation names its approval, by what the table says it is about.
macro_rules! approval {
    ($op:ident approval) => {
        Some(&$op.approval)
    };
    ($op:ident any_approval) => {
        $op.approval.as_ref()
    };
    ($op:ident $($other:ident)?) => {
        none($op)
    };
}

/// Says where an operation names the user whose its approval has to be.
macro_rules! approval_owner {
    ($op:ident approval) => {
        $op.user.as_ref()
    };
    ($op:ident $($other:ident)?) => {
        nobodys($op)
    };
}

/// Lists the operations once: the variant of `Action`, its name on the wire, what it is about (`[user]`: a
/// tenant user, `[approval]` or `[any_approval]`: an approval) and its reply.
macro_rules! actions {
    ($($name:literal $operation:ident $([$about:ident])? -> $reply:ty,)*) => {
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

            /// Reads the input of the action called `name`, and says which field is not what it takes.
            ///
            /// Fails with `InvalidInput` and one fault, or `NotFound` for a name that no action has.
            pub(crate) fn read(name: &str, fields: Map<String, Value>) -> Result<Self> {
                match name {
                    $($name => input::<$operation>(name, fields).map(Self::$operation),)*
                    _ => Err(Error::new(Code::NotFound, format!("there is no action `{name}`"))),
                }
            }

            /// Describes every action, in the order of the table; the schemas share `generator`'s definitions.
            pub(crate) fn described(generator: &mut SchemaGenerator) -> Vec<Described> {
                vec![$(Described {
                    action: $name,
                    input: inlined::<$operation>(generator),
                    reply: generator.subschema_for::<$reply>(),
                },)*]
            }

            /// Returns the tenant user it is for: `Some(None)` where it has one but leaves the choice to the
            /// caller's settings, `None` where it belongs to the workspace.
            pub(crate) fn subject(&mut self) -> Option<&mut Option<UserRef>> {
                match self {
                    $(Self::$operation(op) => subject!(op $($about)?),)*
                }
            }

            /// Returns the approval that it looks at, decides or goes on with.
            pub(crate) fn approval(&self) -> Option<&ApprovalId> {
                match self {
                    $(Self::$operation(op) => approval!(op $($about)?),)*
                }
            }

            /// Returns the user whose that approval has to be, where the caller says so.
            pub(crate) fn approval_owner(&self) -> Option<&UserRef> {
                match self {
                    $(Self::$operation(op) => approval_owner!(op $($about)?),)*
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
    "toolkits.refresh" RefreshToolkit [user] -> ToolkitRefreshed,
    "toolkits.enable" EnableToolkit -> ToolkitDetail,
    "toolkits.disable" DisableToolkit -> ToolkitDetail,
    "connections.list" ListConnections [user] -> ListedToolkits,
    "connections.connected" Connected [user] -> Connections,
    "connections.connect" Connect [user] -> ConnectState,
    "connections.finish" Finish -> ConnectState,
    "connections.poll" Poll [user] -> ConnectState,
    "connections.credentials" Credentials [user] -> ConnectState,
    "connections.export" ExportConnection [user] -> Exported,
    "connections.import" ImportConnection [user] -> ConnectState,
    "connections.tools" ListTools [user] -> Tools,
    "tools.search" SearchTools [user] -> FoundTools,
    "tools.get" GetTool [user] -> ToolOf,
    "connections.execute" Execute [user] -> Executed,
    "connections.proxy" Proxy [user] -> Executed,
    "connections.get" GetConnection [user] -> Connection,
    "connections.refresh" RefreshConnection [user] -> Connection,
    "connections.default" DefaultAccount [user] -> DefaultChosen,
    "connections.disconnect" Disconnect [user] -> Disconnected,
    "workspace.get" GetWorkspace -> Workspace,
    "workspace.update" UpdateWorkspace -> Workspace,
    "whoami" WhoAmI -> Identity,
    "keys.create" CreateKey -> CreatedKey,
    "keys.list" ListKeys -> Keys,
    "keys.revoke" RevokeKey -> Key,
    "sessions.create" CreateSession [user] -> CreatedSession,
    "sessions.list" ListSessions [user] -> Sessions,
    "sessions.revoke" RevokeSession [user] -> Session,
    "webhooks.create" CreateWebhook -> CreatedWebhook,
    "webhooks.list" ListWebhooks -> Webhooks,
    "webhooks.event_types" ListEventTypes -> EventTypes,
    "webhooks.test" TestWebhook -> TestedWebhook,
    "webhooks.delete" DeleteWebhook -> DeletedWebhook,
    "account_kits.create" CreateKit -> Kit,
    "account_kits.list" ListKits -> Kits,
    "account_kits.get" GetKit -> Kit,
    "account_kits.update" UpdateKit -> Kit,
    "account_kits.delete" DeleteKit -> Kit,
    "account_kits.assign" AssignKit -> User,
    "policy.explain" Explain [user] -> Explained,
    "actions.list" ListActions -> Actions,
    "actions.configure" ConfigureAction -> ActionDetail,
    "cards.create" CreateCard [user] -> Performed,
    "cards.cardholder.create" CreateCardholder [user] -> Performed,
    "cards.topup" TopUpCard [user] -> Performed,
    "domains.purchase" PurchaseDomain [user] -> Performed,
    "verification.start" StartVerification [user] -> Performed,
    "formation.create" CreateFormation [user] -> Performed,
    "formation.submit" SubmitFormation [user] -> Performed,
    "trading.configure" ConfigureBroker -> BrokerApp,
    "trading.connect" ConnectBroker [user] -> BrokerState,
    "trading.connections" ListBrokers [user] -> Brokers,
    "trading.disconnect" DisconnectBroker [user] -> BrokerForgotten,
    "trading.account" GetAccount [user] -> Object,
    "trading.history" GetHistory [user] -> Object,
    "trading.assets" ListAssets [user] -> Assets,
    "trading.positions" ListPositions [user] -> Positions,
    "trading.position" GetPosition [user] -> Object,
    "trading.orders" ListOrders [user] -> Orders,
    "trading.order.get" GetOrder [user] -> Object,
    "trading.quote" GetQuotes [user] -> Quotes,
    "trading.order.create" CreateOrder [user] -> Object,
    "trading.order.cancel" CancelOrder [user] -> Object,
    "trading.position.close" ClosePosition [user] -> Object,
    "trading.limits" GetLimits [user] -> TradingLimits,
    "trading.halt" Halt -> Halts,
    "trading.resume" Resume -> Halts,
    "trading.reconcile" ReconcileOrders [user] -> ReconciledOrders,
    "approvals.list" ListApprovals -> Approvals,
    "approvals.get" GetApproval [approval] -> Approval,
    "approvals.approve" Approve [approval] -> Approval,
    "approvals.deny" Deny [approval] -> Approval,
    "approvals.cancel" Cancel [approval] -> Approval,
    "approvals.resolve" ResolveApproval [approval] -> Approval,
    "approvals.reconcile" Reconcile [any_approval] -> Reconciled,
    "approvals.request" RequestApproval [user] -> Acknowledged,
    "logs.query" QueryLog -> LogPage,
    "logs.verify" VerifyLog -> LogVerified,
}
