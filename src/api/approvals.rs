//! Approvals: actions that are frozen until a person decides, and what became of them.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::connections::Connection;
use super::error::Trouble;
use super::ids::{ApprovalId, ConnectionId, Label, Reason, UserRef};
use super::kits::Primitive;
use super::time::Millis;
use super::trading::order::MarketView;

/// What has to happen first, in the words of the API.
const MESSAGE: &str = "This action requires human approval before it executes.";

/// The answer to a call that was held: nothing has happened yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PendingApproval {
    /// Always `pending_approval`
    pub(crate) status: String,
    /// Names the approval to wait for
    pub(crate) approval_id: ApprovalId,
    /// The action, as in `connections.connect`
    pub(crate) action_type: String,
    /// The action again, under the name that later versions of the API use
    pub(crate) action: String,
    /// The part of the product it belongs to
    pub(crate) primitive: String,
    /// What would be done, in one line
    pub(crate) title: String,
    /// What has to happen first, in words
    pub(crate) message: String,
    /// When it lapses; an API elsewhere may not say
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Millis>,
}

impl PendingApproval {
    /// Returns what is answered where this has to be approved first.
    pub(crate) fn of(
        approval_id: ApprovalId,
        action_type: String,
        title: String,
        expires_at: Millis,
    ) -> Self {
        Self {
            status: "pending_approval".to_owned(),
            approval_id,
            action: action_type.clone(),
            primitive: Primitive::of(&action_type).unwrap_or(Primitive::Custom).as_str().to_owned(),
            action_type,
            title,
            message: MESSAGE.to_owned(),
            expires_at: Some(expires_at),
        }
    }
}

/// How an approval stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ApprovalStatus {
    /// Waits for a person
    Pending,
    /// Allowed, not sent yet
    Approved,
    /// Being sent, or sent by a process that ended before the answer came
    Sending,
    /// It may or may not have happened: a person has to look
    Unknown,
    /// Done
    Executed,
    /// Certainly not done
    Failed,
    /// A person said no
    Denied,
    /// Nobody decided, or sent it, in time
    Expired,
    /// Whoever asked took it back
    Cancelled,
}

impl ApprovalStatus {
    /// Every status, in the order an approval goes through them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 9] = [
        Self::Pending,
        Self::Approved,
        Self::Sending,
        Self::Unknown,
        Self::Executed,
        Self::Failed,
        Self::Denied,
        Self::Expired,
        Self::Cancelled,
    ];

    /// Returns the status as it stands in replies and in the store.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What is known when the answer to a send was lost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[value(rename_all = "verbatim")]
pub(crate) enum Class {
    /// The upstream honours our key: the same request may be sent again
    A,
    /// The upstream can be asked whether it happened
    B,
    /// Neither: the outcome stays unknown until a person says
    C,
}

impl Class {
    /// Every class.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// Returns the class as it stands in replies and in the store.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

/// Who asked for something, or decided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Actor {
    /// `user` for a person, `agent` for a program with a key, `system` for what nobody asked for: time, or a
    /// copy that was noticed
    pub(crate) actor_type: String,
    /// `operator`, the key's id, or `system`
    pub(crate) actor_id: String,
    /// What people call it: the key's name
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

impl Actor {
    /// The id of the operator at the command line.
    pub(crate) const OPERATOR: &str = "operator";
    /// The id of what does what nobody asked for.
    pub(crate) const SYSTEM: &str = "system";

    /// Returns the human at the command line.
    pub(crate) fn operator() -> Self {
        Self { actor_type: "user".to_owned(), actor_id: Self::OPERATOR.to_owned(), name: None }
    }

    /// Returns who does what nobody asked for.
    pub(crate) fn system() -> Self {
        Self { actor_type: "system".to_owned(), actor_id: Self::SYSTEM.to_owned(), name: None }
    }
}

/// The account of an app that a frozen action goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Account {
    /// `ca_…`
    pub(crate) connection: ConnectionId,
    /// What the user called it when it was frozen
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<Label>,
    /// Whose it was then, as the app told
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<String>,
}

/// A frozen action: who asked for it, who decided, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Approval {
    /// UUID
    pub(crate) id: ApprovalId,
    /// Its number in this store, from 1 on
    pub(crate) seq: i64,
    /// The store it was frozen in
    pub(crate) store_id: String,
    /// UUID of the user it is for
    pub(crate) tenant_user_id: String,
    /// The same user, as a person would type it
    pub(crate) user: String,
    /// The kit that held it
    pub(crate) account_kit_id: String,
    /// `sandbox`, or `local` for the real world
    pub(crate) environment: String,
    /// The part of the product it belongs to
    pub(crate) primitive: String,
    /// The action, as in `cards.create`
    pub(crate) action_type: String,
    /// What would be done, in one line
    pub(crate) title: String,
    /// The frozen input, every argument
    pub(crate) payload: Value,
    /// The account it goes through; nothing else is ever used in its place
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<Account>,
    /// The market when it was asked for, where it trades
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) market: Option<MarketView>,
    /// How it stands
    pub(crate) status: ApprovalStatus,
    /// What is known when the answer is lost
    pub(crate) class: Class,
    /// What the action answered
    pub(crate) result: Option<Value>,
    /// Why it was not done, or nobody knows
    pub(crate) error: Option<Trouble>,
    /// How the connection stands now whose login it has begun
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<Connection>,
    /// Who asked
    pub(crate) requested_by: Actor,
    /// Who decided
    pub(crate) resolved_by: Option<Actor>,
    /// When it was decided
    pub(crate) resolved_at: Option<Millis>,
    /// Why, in the words of whoever decided
    pub(crate) reason: Option<String>,
    /// When a copy of the store was put back while it was open: it may have been decided and done since the
    /// copy was made
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) restored_at: Option<Millis>,
    /// SHA-256 of the frozen bytes, in hexadecimal
    pub(crate) digest: String,
    /// The key by which the upstream knows the action
    pub(crate) idempotency_key: String,
    /// How often it was sent
    pub(crate) sends: u32,
    /// When it was frozen
    pub(crate) created_at: Millis,
    /// When it last changed
    pub(crate) updated_at: Millis,
    /// Until when somebody may decide
    pub(crate) expires_at: Millis,
    /// Until when it may be sent, once it is approved
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execute_by: Option<Millis>,
}

/// List approvals, newest first
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct ListApprovals {
    /// Only those that stand so
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<ApprovalStatus>,
    /// Only those for this user: id, external id or `default`
    #[arg(long)]
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// How many at most, 1 to 200
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// Where to go on, from the answer before
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

/// A page of approvals, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Approvals {
    /// The approvals
    pub(crate) approvals: Vec<Approval>,
    /// Where to go on, if there is more
    #[serde(rename = "nextCursor")]
    pub(crate) next_cursor: Option<String>,
}

/// Show an approval: what was asked for, who decided, what became of it
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetApproval {
    /// Its id
    pub(crate) approval: ApprovalId,
    /// Only if it is this user's: id, external id or `default`
    #[arg(long)]
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// Approve an action and have it done, once
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Approve {
    /// Its id
    pub(crate) approval: ApprovalId,
    /// Only if it is this user's: id, external id or `default`
    #[arg(long)]
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// You know that it comes from a copy of the store, and that it was not done since
    #[arg(long = "restored")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) acknowledge_restored: bool,
}

/// Deny an action: it is never done
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deny {
    /// Its id
    pub(crate) approval: ApprovalId,
    /// Only if it is this user's: id, external id or `default`
    #[arg(long)]
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Why
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Take back an action that you asked for yourself
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancel {
    /// Its id
    pub(crate) approval: ApprovalId,
    /// Only if it is this user's: id, external id or `default`
    #[arg(long)]
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// What a person found out about an action whose outcome is unknown.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// It was done
    Executed,
    /// It was not
    NotExecuted,
}

/// Say what became of an action whose outcome is unknown
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveApproval {
    /// Its id
    pub(crate) approval: ApprovalId,
    /// Only if it is this user's: id, external id or `default`
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// What a look at the upstream has shown
    pub(crate) found: Found,
    /// How it was found out
    pub(crate) reason: Reason,
}

/// Finish what processes that ended have left: ask the upstream, send what never left
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reconcile {
    /// One approval, by its id
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<ApprovalId>,
    /// All that are neither decided nor done
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) all: bool,
}

/// What was found to finish, each as it stands now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Reconciled {
    /// The approvals that were open
    pub(crate) approvals: Vec<Approval>,
}
