//! Sessions: keys of an agent for one user and a short time.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::ids::UserRef;
use super::time::Millis;

/// Begin a session: a key of an agent, for one user and a short time; it is shown once
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSession {
    /// Tenant user for whom it acts: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// How long it counts, in milliseconds: 15 minutes if not said, 24 hours at most
    #[arg(long, value_name = "MS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ttl_ms: Option<u64>,
}

/// A session that was begun.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CreatedSession {
    /// `sess_…`
    pub(crate) id: String,
    /// Until when it counts
    pub(crate) expires_at: Millis,
    /// How an MCP client reaches it
    pub(crate) mcp: McpAccess,
}

/// How an MCP client reaches a session.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct McpAccess {
    /// Address of the server's tools, where a server made it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<Url>,
    /// Headers of each request; they hold the key, which is told here once
    pub(crate) headers: BTreeMap<String, String>,
    /// Until when they count
    pub(crate) expires_at: Millis,
}

/// List a user's sessions, newest first
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListSessions {
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// A user's sessions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Sessions {
    /// The sessions
    pub(crate) sessions: Vec<Session>,
}

/// A session. Never its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Session {
    /// `sess_…`
    pub(crate) id: String,
    /// How it stands
    pub(crate) status: SessionStatus,
    /// When it began
    pub(crate) created_at: Millis,
    /// Until when it counts
    pub(crate) expires_at: Millis,
    /// When it was ended before that
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_at: Option<Millis>,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionStatus {
    /// Its key opens
    Active,
    /// Its time is over
    Expired,
    /// It was ended
    Revoked,
}

/// End a session at once
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeSession {
    /// `sess_…`
    pub(crate) session: String,
    /// Tenant user whose it is: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}
