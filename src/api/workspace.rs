//! Users and toolkits of a workspace: what can be asked about them, and the answers.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::WebOrigin;
use super::error::{Error, Result};
use super::ids::UserRef;
use super::time::Millis;

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
