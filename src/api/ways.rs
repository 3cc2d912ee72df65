//! The ways to a toolkit: who reaches it, what each needs, and what is offered there now.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{Slug, UserRef};
use super::time::Millis;
use super::toolkits::{AuthType, Availability, Provider};

/// One way to reach a toolkit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Way {
    /// What reaches it
    pub(crate) provider: Provider,
    /// Whether calls go this way where nobody says
    pub(crate) is_default: bool,
    /// Why it is, where it is
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// Where it leads
    pub(crate) base_url: String,
    /// How users log in
    pub(crate) auth_type: AuthType,
    /// Whether it can be connected now
    pub(crate) availability: Availability,
    /// What it needs first, where it cannot
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) needs: Option<String>,
    /// How many tools it is known to have; those of a server are learnt when somebody connects
    pub(crate) tools: usize,
    /// When these were taken, or found to be others, where they are not shipped
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checked_at: Option<Millis>,
    /// When whoever leads to it was asked last what it leads to, where it has a list
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) listed_at: Option<Millis>,
}

/// Look at what an MCP server or Composio offers of a toolkit now, and take it if told to
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshToolkit {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Tenant user through whose connection to look: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Take what changes
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) accept: bool,
}

/// How what is offered now differs from the tools that were taken before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolkitRefreshed {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Who offers them
    pub(crate) provider: Provider,
    /// Tools that are new, by slug
    pub(crate) added: Vec<String>,
    /// Tools that are offered no more
    pub(crate) removed: Vec<String>,
    /// Tools that take or do something else than before
    pub(crate) changed: Vec<ChangedTool>,
    /// How many are as they were
    pub(crate) unchanged: usize,
    /// Whether the changes were taken; those that were not cannot be called
    pub(crate) accepted: bool,
}

/// A tool that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ChangedTool {
    /// The tool, by slug
    pub(crate) tool: String,
    /// What of it: `input`, `description`, `effect` …
    pub(crate) keys: Vec<String>,
}
