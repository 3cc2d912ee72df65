//! The log: what was performed, held, refused and resolved.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::approvals::Actor;
use super::ids::{ApprovalId, UserRef};
use super::time::Millis;

/// Ask the log, newest first
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryLog {
    /// Only what was done for this user: id, external id or `default`
    #[arg(long)]
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Only this action, as in `connections.execute`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    /// Only what came after this time, ISO 8601
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Millis>,
    /// Only what came after the entry of this number, oldest first
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after_seq: Option<i64>,
    /// Only what came before the entry of this number
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before_seq: Option<i64>,
    /// How many at most, 1 to 200
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
}

/// Entries of the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LogPage {
    /// The entries
    pub(crate) events: Vec<Event>,
}

/// One thing that was done, held, refused or decided. Holds no secret and no body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Event {
    /// UUID
    pub(crate) id: String,
    /// Its number in the log
    pub(crate) seq: i64,
    /// UUID of the user it was for
    pub(crate) tenant_user_id: Option<String>,
    /// Who did it
    #[serde(flatten)]
    pub(crate) actor: Actor,
    /// The action, or `approval.requested`, `approval.approved`, `approval.executed` and so on
    pub(crate) action: String,
    /// What it was about: `toolkit`, `tool`, `user`, `approval` and so on
    pub(crate) entity_type: Option<String>,
    /// The same by its name
    pub(crate) entity_id: Option<String>,
    /// `done`, `held`, or the code of an error
    pub(crate) outcome: String,
    /// How long it took, in milliseconds
    pub(crate) took_ms: i64,
    /// The approval it belongs to
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval_id: Option<ApprovalId>,
    /// When it ended
    pub(crate) created_at: Millis,
}

/// Check that no entry of the log was changed, removed or moved
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyLog {}

/// What a check of the log found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LogVerified {
    /// Whether everything is as it was written
    pub(crate) intact: bool,
    /// How many entries there are
    pub(crate) entries: i64,
    /// Hash of the last one, in hexadecimal
    pub(crate) head: Option<String>,
    /// What is not as it was written, in the order of the log
    pub(crate) faults: Vec<LogFault>,
}

/// A place where the log is not as it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LogFault {
    /// Number of the entry, where there is one
    pub(crate) seq: Option<i64>,
    /// What is wrong there, in one sentence
    pub(crate) what: String,
}
