//! Users and toolkits of a workspace: what can be asked about them, and the answers.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::address::WebOrigin;
use super::error::{Error, Result};
use super::ids::{Slug, UserRef};
use super::secrets::Secrets;
use super::time::Millis;

/// How users of a toolkit log in.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthType {
    /// OAuth 2.0 authorization code
    #[serde(alias = "oauth")]
    Oauth2,
    /// A key the user pastes
    ApiKey,
    /// User name and password
    Basic,
    /// Nobody logs in
    #[default]
    None,
    /// Nobody has said: the user enters what to send
    Unknown,
}

/// What a tool does to the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    /// Changes nothing
    Read,
    /// Creates or changes
    Write,
    /// Removes, or cannot be undone
    Destructive,
}

/// Whether a user may be acted for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserStatus {
    /// Acts
    Active,
    /// Keeps everything, acts no more
    Suspended,
}

/// A tenant user of the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct User {
    /// UUID
    pub(crate) id: String,
    /// Your own name for this user, unique in the workspace
    pub(crate) external_id: Option<String>,
    /// Mail address
    pub(crate) email: Option<String>,
    /// Name for people
    pub(crate) label: Option<String>,
    /// Whether it may be acted for
    pub(crate) status: UserStatus,
    /// The account kit it is under
    pub(crate) account_kit_id: String,
    /// The name of that kit
    #[serde(default)]
    pub(crate) account_kit: String,
    /// Whether this is the workspace's own user
    pub(crate) is_default: bool,
    /// When it was created
    pub(crate) created_at: Millis,
    /// When something was last done for it
    pub(crate) last_active_at: Option<Millis>,
}

impl User {
    /// Returns the name of this user that never means another one.
    pub(crate) fn by_id(&self) -> Result<UserRef> {
        self.id.parse().map_err(|error| Error::internal("the id of a user is none", error))
    }

    /// Returns the name a person would type for this user.
    pub(crate) fn handle(&self) -> &str {
        match &self.external_id {
            Some(name) => name,
            None if self.is_default => "default",
            None => &self.id,
        }
    }
}

/// What the operator decided about the workspace as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Workspace {
    /// UUID
    pub(crate) id: String,
    /// Whether apps can be connected and used at all
    pub(crate) connections: bool,
    /// Whether a key may not resolve what was asked for with the same key
    pub(crate) separate_resolver: bool,
    /// Sites to which a login may send its browser on; any if there are none, and this machine always
    pub(crate) allowed_origins: Vec<WebOrigin>,
}

/// Show what is decided about the workspace as a whole
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetWorkspace {}

/// Decide about the workspace as a whole
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateWorkspace {
    /// Whether apps can be connected and used at all
    #[arg(long, value_name = "BOOL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connections: Option<bool>,
    /// Whether a key may not resolve what was asked for with the same key
    #[arg(long, value_name = "BOOL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) separate_resolver: Option<bool>,
    /// Sites to which a login may send its browser on (`https://app.example.com`); none named: any
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', num_args = 0..)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allowed_origins: Option<Vec<WebOrigin>>,
}

/// Create a tenant user
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    /// Your own name for this user, unique in the workspace
    #[arg(long, value_name = "NAME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<UserRef>,
    /// Mail address
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// Name for people
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Account kit it is under, by id or name; the default one if not said
    #[arg(long = "kit", value_name = "KIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_kit_id: Option<String>,
}

/// List the tenant users
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListUsers {}

/// Users, oldest first, `default` at the head.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Users {
    /// The users
    pub(crate) users: Vec<User>,
}

/// Show a tenant user
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetUser {
    /// Id, external id, or `default`
    pub(crate) user: UserRef,
}

/// Change a tenant user
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateUser {
    /// Id, external id, or `default`
    pub(crate) user: UserRef,
    /// New name of your own for this user
    #[arg(long, value_name = "NAME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<UserRef>,
    /// New mail address
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// New name for people
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Suspend the user, or bring a suspended one back
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<UserStatus>,
    /// Account kit to put it under, by id or name
    #[arg(long = "kit", value_name = "KIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_kit_id: Option<String>,
}

/// Suspend a tenant user; its connections stay, nothing acts for it
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteUser {
    /// Id or external id; `default` cannot be deleted
    pub(crate) user: UserRef,
}

/// List toolkits: the apps that can be connected
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListToolkits {
    /// Words to look for in slugs, names and descriptions
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<String>,
    /// How many at most, 1 to 200
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// Where to go on, from the answer before
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

/// Where a toolkit's manifest comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    /// Shipped with the program
    Builtin,
    /// Added by the operator
    Added,
}

/// Whether a toolkit can be connected now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Availability {
    /// It can
    Available,
    /// The operator must configure it first
    NotConfigured,
    /// The operator has switched it off
    Disabled,
}

/// A toolkit in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolkitSummary {
    /// Name in commands
    pub(crate) slug: String,
    /// Name for people
    pub(crate) name: String,
    /// What it is, in one line
    pub(crate) description: String,
    /// How users log in
    pub(crate) auth_type: AuthType,
    /// Whether nobody has to log in
    pub(crate) is_no_auth: bool,
    /// Whether everything the operator must give is there
    pub(crate) configured: bool,
    /// Whether it can be connected now
    pub(crate) availability: Availability,
    /// Why not, where it cannot
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) availability_reason: Option<String>,
    /// Where its manifest comes from
    pub(crate) origin: Origin,
    /// How many tools it has
    pub(crate) tools: usize,
}

/// A page of toolkits, in the order of their slugs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolkitPage {
    /// The toolkits
    pub(crate) toolkits: Vec<ToolkitSummary>,
    /// Where to go on, if there is more
    pub(crate) next_cursor: Option<String>,
}

/// Show a toolkit: how it is reached, what it asks for, what it offers
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetToolkit {
    /// App, by slug (`gmail`)
    pub(crate) toolkit: Slug,
    /// Show its manifest too (see naive-toolkit(5))
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) manifest: bool,
}

/// A toolkit in full. Never holds the client secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolkitDetail {
    /// What a list says of it
    #[serde(flatten)]
    pub(crate) summary: ToolkitSummary,
    /// Where its API is
    pub(crate) base_url: String,
    /// OAuth client in use, if any
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Scopes that `connect` asks for
    pub(crate) scopes: Vec<String>,
    /// What a user enters when connecting
    pub(crate) credential_fields: Vec<CredentialField>,
    /// Slugs of its tools
    pub(crate) tool_slugs: Vec<String>,
    /// Its manifest, as it was shipped or added, where that was asked for
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<Map<String, Value>>,
}

/// One thing a user enters when connecting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CredentialField {
    /// Name in `--credential` and in `NAIVE_CREDENTIAL_<KEY>`
    pub(crate) key: String,
    /// What the prompt calls it
    pub(crate) label: String,
    /// Whether it is hidden when typed
    pub(crate) secret: bool,
}

/// Add a toolkit from its manifest
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddToolkit {
    /// The manifest, as JSON
    pub(crate) manifest: Map<String, Value>,
}

impl AddToolkit {
    /// Returns the slug that the manifest gives, if it gives one.
    pub(crate) fn slug(&self) -> Option<String> {
        self.manifest.get("slug").and_then(Value::as_str).map(str::to_owned)
    }
}

/// Remove a toolkit that was added; nobody may be connected to it
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveToolkit {
    /// App, by slug
    pub(crate) toolkit: Slug,
}

/// Give a toolkit the OAuth client that you registered with the app
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigureToolkit {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// The client's id
    #[arg(long, value_name = "ID")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Scopes that `connect` asks for, instead of the manifest's
    #[arg(long, value_delimiter = ',')]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// `client_secret`, if there is one. Read once, sealed, never written out again.
    #[arg(skip)]
    #[serde(default, skip_serializing)]
    pub(crate) secrets: Secrets,
}

/// Let users connect a toolkit again
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnableToolkit {
    /// App, by slug
    pub(crate) toolkit: Slug,
}

/// Switch a toolkit off: nobody connects or runs it
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisableToolkit {
    /// App, by slug
    pub(crate) toolkit: Slug,
}
