//! Keys: how a program shows who it is, and what that lets it do.

use std::fmt;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{AppId, Label, UserRef};
use super::time::{Millis, Span};

/// What a key lets its holder do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Acts, resolves approvals and, unless sealed to a user, changes policy
    Workspace,
    /// Acts; never resolves an approval and never changes policy
    Agent,
}

impl Role {
    /// Returns the role as it stands in replies and in the store.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Agent => "agent",
        }
    }
}

/// Which of the server's APIs a key is for. It opens no other.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dialect {
    /// The Naive API, and the command line with it
    #[default]
    Naive,
    /// The Integrations API: a key acts for an app
    Integrations,
    /// The Connectors API: a key acts for one user
    Connectors,
}

impl Dialect {
    /// Returns the dialect as it stands in replies and in the store.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::Integrations => "integrations",
            Self::Connectors => "connectors",
        }
    }

    /// Returns the role of its keys, where they all have the same.
    pub(crate) fn role(self) -> Option<Role> {
        match self {
            Self::Naive => None,
            Self::Integrations => Some(Role::Workspace),
            Self::Connectors => Some(Role::Agent),
        }
    }

    /// Tells whether it is the Naive API, for which a key is where nobody says.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_naive(&self) -> bool {
        *self == Self::Naive
    }
}

/// Say who calls
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhoAmI {}

/// Who calls, and in which workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Identity {
    /// The key's id, or `operator`
    pub(crate) agent_id: String,
    /// What its maker calls it, or `operator`
    pub(crate) agent_name: String,
    /// The workspace's id
    pub(crate) company_id: String,
    /// What the workspace is called
    pub(crate) company_name: String,
    /// What the key lets its holder do
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// UUID of the user that the key is sealed to
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_user_id: Option<String>,
    /// The same user, as a person would type it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
}

/// Make a key for a program; it is shown once
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    /// What you call it
    #[arg(long)]
    pub(crate) name: Label,
    /// What it lets its holder do; for the Naive API only
    #[arg(long, required_unless_present = "dialect")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// API of the server that it is for; it opens no other
    #[arg(long, value_enum, default_value_t)]
    #[serde(default, skip_serializing_if = "Dialect::is_naive")]
    pub(crate) dialect: Dialect,
    /// App of the Integrations API that it is for; the first that it names if not said
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app: Option<AppId>,
    /// Seal it to one tenant user: it acts for nobody else. Keys of the Connectors API always are, to
    /// `default` if not said
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// How long it is good for (`30d`); for ever if not said
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<Span>,
}

impl CreateKey {
    /// Returns the role it would have; `None` where nobody says.
    pub(crate) fn meant_role(&self) -> Option<Role> {
        self.dialect.role().or(self.role)
    }
}

/// A key that was made. The key itself is never told again.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CreatedKey {
    /// The key: `nv_sk_local_…`, or `nv_ag_local_…` for an agent; `bb_sk_…` and `alm_…` for other APIs
    pub(crate) api_key: String,
    /// What a list says of it
    #[serde(flatten)]
    pub(crate) key: Key,
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Key {
    /// `key_…`
    pub(crate) key_id: String,
    /// What its maker calls it
    pub(crate) name: String,
    /// What it lets its holder do
    pub(crate) role: Role,
    /// UUID of the user it is sealed to
    pub(crate) tenant_user_id: Option<String>,
    /// Which API it is for
    #[serde(default)]
    pub(crate) dialect: Dialect,
    /// App that it is for, once that is known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app: Option<AppId>,
    /// Its first twelve characters
    #[serde(default)]
    pub(crate) prefix: String,
    /// Its last four characters
    pub(crate) last_4: String,
    /// When it was made
    pub(crate) created_at: Millis,
    /// When it ends
    pub(crate) expires_at: Option<Millis>,
    /// When something was last done with it
    pub(crate) last_used_at: Option<Millis>,
    /// Whether it is taken back
    pub(crate) revoked: bool,
}

/// List the keys
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListKeys {}

/// Keys, newest first, those taken back included.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Keys {
    /// The keys
    pub(crate) keys: Vec<Key>,
}

/// Take a key back; whoever holds it is refused from then on
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeKey {
    /// Its id, `key_…`
    pub(crate) key: String,
}
