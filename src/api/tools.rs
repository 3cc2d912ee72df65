//! Tools: what an app can do, and one call of it.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::Code;
use super::ids::{Slug, ToolSlug, UserRef};
use super::toolkits::{AuthType, Effect, Origin, Provider};

/// List an app's tools; with a tool, show its input in full
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTools {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// One tool (`GMAIL_SEND_EMAIL`)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tool: Option<ToolSlug>,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Words to look for in slugs, names and descriptions
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<String>,
    /// How many at most, 1 to 200; by default 100
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// `nextCursor` of the page before
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
    /// Leave out what they take
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) brief: bool,
    /// What is to reach the app, where several can: see `toolkits get`
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Provider>,
}

impl ListTools {
    /// Asks for the first page of an app's tools.
    pub(crate) fn of(toolkit: Slug, user: Option<UserRef>) -> Self {
        let (tool, search, limit, cursor, provider) = (None, None, None, None, None);
        Self { toolkit, tool, user, search, limit, cursor, brief: false, provider }
    }
}

/// Find tools by words, across all apps: "send an email with attachment"
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchTools {
    /// Words to look for in slugs, names, paths and descriptions
    pub(crate) query: String,
    /// Only tools of this app
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) toolkit: Option<Slug>,
    /// Only tools that read, that write, or that destroy
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<Effect>,
    /// Only tools of apps with this kind of login
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<AuthType>,
    /// Only tools of apps that are connected, or, with `false`, that are not
    #[arg(long, value_name = "BOOL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connected: Option<bool>,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// How many at most, 1 to 200; by default 20
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// `nextCursor` of the page before
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

/// Show one tool in full: what it does and what it takes
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetTool {
    /// Tool, by slug (`GMAIL_SEND_EMAIL`)
    pub(crate) tool: ToolSlug,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// A tool, and whose it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ToolOf {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// The tool
    #[serde(flatten)]
    pub(crate) tool: ToolDetail,
}

/// Tools that were found, the best match first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundTools {
    /// The tools
    pub(crate) tools: Vec<FoundTool>,
    /// How many there are on all pages
    pub(crate) found: usize,
    /// Where the next page begins, if there is one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A tool that was found, without what it takes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundTool {
    /// Name in commands
    pub(crate) tool: ToolSlug,
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Name for people
    pub(crate) name: String,
    /// What it does, in one line
    pub(crate) description: String,
    /// What it does to the outside world
    pub(crate) effect: Effect,
    /// How users log in to the app
    pub(crate) auth_type: AuthType,
    /// Where the app's manifest comes from
    pub(crate) origin: Origin,
    /// Whether the user is connected to the app
    pub(crate) connected: bool,
    /// Whether the user's account kit does not allow it
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) withheld: bool,
}

/// An app's tools, in its own order, or the best match first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tools {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// The tools
    pub(crate) tools: Vec<ToolDetail>,
    /// How many of them the user's account kit does not allow
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) withheld_by_policy: usize,
    /// Where the next page begins, if there is one
    #[serde(rename = "nextCursor", default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// One operation of an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolDetail {
    /// Name in commands
    pub(crate) slug: String,
    /// Name for people
    pub(crate) name: String,
    /// What it does, in one line
    pub(crate) description: String,
    /// JSON Schema of its input, unless that was to be left out
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) input_schema: Map<String, Value>,
    /// What it does to the outside world
    pub(crate) effect: Effect,
    /// Scopes of which it needs at least one
    pub(crate) scopes: Vec<String>,
    /// Whether it answers in pages, of which `all` gets every one
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) paged: bool,
    /// Whether the user's account kit does not allow it
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) withheld: bool,
}

/// Run one tool of an app for a user
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Execute {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Tool, by slug (`GMAIL_SEND_EMAIL`)
    pub(crate) tool: ToolSlug,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Input of the tool
    #[arg(skip)]
    #[serde(default)]
    pub(crate) arguments: Map<String, Value>,
    /// Account to use, where there are several: label, account name or `ca_…`
    #[arg(long)]
    #[serde(default, alias = "connected_account_id", skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Show the request, with secrets masked, and send nothing
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) dry_run: bool,
    /// Get all pages of a list, up to `--max-items`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) all: bool,
    /// How many items of a list at most, with `--all`; by default 1000
    #[arg(long, requires = "all", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_items: Option<u32>,
    /// What is to reach the app, where several can: see `toolkits get`
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Provider>,
}

impl Execute {
    /// Runs a tool with these inputs for whoever calls.
    pub(crate) fn of(toolkit: Slug, tool: ToolSlug, arguments: Map<String, Value>) -> Self {
        let (user, account, max_items, provider) = (None, None, None, None);
        let (dry_run, all) = (false, false);
        Self { toolkit, tool, user, arguments, account, dry_run, all, max_items, provider }
    }
}

/// An HTTP method that apps are asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "UPPERCASE")]
#[value(rename_all = "UPPER")]
pub(crate) enum Method {
    /// Reads
    Get,
    /// Creates or acts
    Post,
    /// Replaces
    Put,
    /// Changes
    Patch,
    /// Deletes
    Delete,
}

impl Method {
    /// Returns the method as it stands in a request.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Send any request to an app, for which it has no tool
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Proxy {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Method
    #[arg(value_enum, ignore_case = true)]
    pub(crate) method: Method,
    /// Path below the app's address, with its query; or the whole of such an address
    pub(crate) path: String,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Body, sent as JSON
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    /// Headers, beside those that every request to the app has
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// Account to use, where there are several: label, account name or `ca_…`
    #[arg(long)]
    #[serde(default, alias = "connected_account_id", skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Show the request, with secrets masked, and send nothing
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) dry_run: bool,
}

impl Proxy {
    /// Returns the request in one line, without its query, which may hold anything.
    pub(crate) fn line(&self) -> String {
        let place = self.path.split(['?', '#']).next().unwrap_or_default();
        format!("{} {} {place}", self.toolkit, self.method.as_str())
    }
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Executed {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Tool, by slug; of a request that is none, the app's name and `PROXY`
    pub(crate) tool_slug: ToolSlug,
    /// HTTP status, of a request that is no tool
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Whether the app did it
    pub(crate) successful: bool,
    /// What the app said against it
    pub(crate) error: Option<String>,
    /// What kind of failure it was
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<Code>,
    /// The failure in one word, where there is one: `scope_missing`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What to do about it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The app's answer, as it came; of several pages the first, with the items of all
    pub(crate) data: Value,
    /// The file, for a tool that answers one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<FileAnswer>,
    /// Entry in the log
    pub(crate) log_id: String,
    /// Its name in the log of whoever ran it for us, where that is told
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider_log_id: Option<String>,
    /// The request that was not sent, for `dry_run`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<PlannedRequest>,
}

/// A file that a tool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FileAnswer {
    /// Media type, as the app says
    pub(crate) mime_type: String,
    /// Length in bytes
    pub(crate) size: usize,
    /// What it holds, if that is text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// What it holds, in base64, if that is no text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<String>,
    /// Where it was saved, in place of what it holds
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// How it begins, where it was saved for being too large to be shown
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preview: Option<Value>,
}

impl FileAnswer {
    /// Returns a file of which only type and length are known.
    pub(crate) fn empty(mime_type: String, size: usize) -> Self {
        Self { mime_type, size, text: None, data: None, path: None, preview: None }
    }
}

/// A request that would go out, with secrets masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PlannedRequest {
    /// HTTP method
    pub(crate) method: String,
    /// Address with the query
    pub(crate) url: String,
    /// Headers
    pub(crate) headers: BTreeMap<String, String>,
    /// Body: JSON as it is, anything else as text
    pub(crate) body: Option<Value>,
    /// What the gate says: `allowed`, or `held` for approval
    pub(crate) verdict: String,
}
