//! Account kits: the policy under which a user's agents act.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::{Label, Slug, ToolHold, ToolSlug, UserRef};
use super::time::{Millis, Span};
use super::trading::limits::{TradingConfig, is_default};
use super::trading::words::BrokerEnv;

/// A part of the product that a kit switches and holds as a whole.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Primitive {
    /// Apps and their tools
    Connections,
    /// Virtual cards
    Cards,
    /// Internet domains
    Domains,
    /// Verification of identity
    Verification,
    /// Companies
    Formation,
    /// The brokerage account
    Trading,
    /// What a script asks a person for
    Custom,
}

impl Primitive {
    /// Every primitive.
    pub(crate) const ALL: [Self; 7] = [
        Self::Connections,
        Self::Cards,
        Self::Domains,
        Self::Verification,
        Self::Formation,
        Self::Trading,
        Self::Custom,
    ];

    /// Returns its name in actions and in kits.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Cards => "cards",
            Self::Domains => "domains",
            Self::Verification => "verification",
            Self::Formation => "formation",
            Self::Trading => "trading",
            Self::Custom => "custom",
        }
    }

    /// Returns the primitive an action belongs to, if it belongs to one: `cards` of `cards.create`.
    pub(crate) fn of(action: &str) -> Option<Self> {
        let head = action.split('.').next().unwrap_or_default();
        Self::ALL.into_iter().find(|primitive| primitive.as_str() == head)
    }
}

/// What a kit says of a primitive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PrimitiveConfig {
    /// Whether it may be used at all
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// Whether its gated actions wait for a person; each action's own default if not said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requires_approval: Option<bool>,
    /// Values for inputs that a call leaves out
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) defaults: Map<String, Value>,
}

impl Default for PrimitiveConfig {
    fn default() -> Self {
        Self { enabled: true, requires_approval: None, defaults: Map::new() }
    }
}

fn yes() -> bool {
    true
}

/// Which apps a user may use.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// All of them
    #[default]
    Open,
    /// Those that are listed
    Allowlist,
    /// All but those that are listed
    Blocklist,
}

/// Which of an app's tools may be run: all, only some, or all but some.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolRule {
    /// Only these
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enable: Option<BTreeSet<ToolSlug>>,
    /// All but these
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disable: Option<BTreeSet<ToolSlug>>,
}

/// What a kit says of apps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectionsConfig {
    /// Which apps may be used
    #[serde(default)]
    pub(crate) mode: Mode,
    /// The apps that the mode is about; none in `open`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) toolkits: Option<BTreeSet<Slug>>,
    /// Which of an app's tools may be run, by app
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tools: BTreeMap<Slug, ToolRule>,
    /// Whether connecting an app waits for a person; it does if not said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requires_approval: Option<bool>,
    /// Apps that wait for a person even if `requiresApproval` is false
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) approval_toolkits: BTreeSet<Slug>,
    /// Tools that wait for a person: slugs, or `effect:write`, `effect:destructive`
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) approval_tools: BTreeSet<ToolHold>,
    /// OAuth clients by app, as a hosted API keeps them; here it is empty
    #[serde(default, rename = "custom_auth_configs", skip_serializing_if = "Map::is_empty")]
    pub(crate) custom_auth_configs: Map<String, Value>,
}

/// Policy template that users are assigned to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Kit {
    /// UUID
    pub(crate) id: String,
    /// Name, unique in the workspace
    pub(crate) name: String,
    /// What it is for
    pub(crate) description: Option<String>,
    /// Whether users without another kit are under this one
    pub(crate) is_default: bool,
    /// What it rules
    #[serde(flatten)]
    pub(crate) policy: Policy,
    /// When it was made
    pub(crate) created_at: Millis,
    /// When it was last changed
    pub(crate) updated_at: Millis,
}

/// What a kit rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Policy {
    /// By primitive
    #[serde(default)]
    pub(crate) primitives_config: BTreeMap<Primitive, PrimitiveConfig>,
    /// Apps
    #[serde(default)]
    pub(crate) connections_config: ConnectionsConfig,
    /// Trading
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) trading_config: TradingConfig,
    /// Whether calls on the workspace's own user are held like any other's
    #[serde(default)]
    pub(crate) gate_default_user: bool,
    /// How long an approval waits; 72 hours if not said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval_ttl: Option<Span>,
}

impl Policy {
    /// Returns the values for inputs that a call leaves out, where the kit has any.
    pub(crate) fn defaults(&self, primitive: Primitive) -> Option<&Map<String, Value>> {
        self.primitives_config.get(&primitive).map(|config| &config.defaults)
    }

    /// Returns what the kit says of holding a primitive; of connections it may say so in either place.
    pub(crate) fn says(&self, primitive: Primitive) -> Option<bool> {
        let config = self.primitives_config.get(&primitive);
        let said = config.and_then(|config| config.requires_approval);
        match primitive {
            Primitive::Connections => self.connections_config.requires_approval.or(said),
            Primitive::Cards
            | Primitive::Domains
            | Primitive::Verification
            | Primitive::Formation
            | Primitive::Trading
            | Primitive::Custom => said,
        }
    }

    /// Tells whether the sensitive actions of a primitive wait for a person; `None` where it is off, or has
    /// none that could go by without one.
    pub(crate) fn holds(&self, primitive: Primitive) -> Option<bool> {
        let on = self.primitives_config.get(&primitive).is_none_or(|config| config.enabled);
        match primitive {
            Primitive::Connections
            | Primitive::Cards
            | Primitive::Domains
            | Primitive::Verification
            | Primitive::Formation
            | Primitive::Trading => on.then(|| self.says(primitive).unwrap_or(true)),
            Primitive::Custom => None,
        }
    }
}

/// Create an account kit: the policy under which a user's agents act
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKit {
    /// Name, unique in the workspace
    pub(crate) name: Label,
    /// What it is for
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// By primitive
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) primitives_config: Option<BTreeMap<Primitive, PrimitiveConfig>>,
    /// Apps
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connections_config: Option<Box<ConnectionsConfig>>,
    /// Trading, by env
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trading_config: Option<Box<TradingConfig>>,
    /// Whether calls on the workspace's own user are held like any other's
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gate_default_user: Option<bool>,
    /// How long an approval waits
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval_ttl: Option<Span>,
}

/// Change an account kit; what is not said stays
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateKit {
    /// The kit: id or name
    pub(crate) kit: String,
    /// New name
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Label>,
    /// What it is for; an empty text removes it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// By primitive, as a whole
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) primitives_config: Option<BTreeMap<Primitive, PrimitiveConfig>>,
    /// Apps, as a whole
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connections_config: Option<Box<ConnectionsConfig>>,
    /// Trading, as a whole
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trading_config: Option<Box<TradingConfig>>,
    /// Whether calls on the workspace's own user are held like any other's
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gate_default_user: Option<bool>,
    /// How long an approval waits
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval_ttl: Option<Span>,
    /// Only if nobody has changed it since: its `updated_at`, as it was read
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) if_updated_at: Option<Millis>,
}

/// List the account kits
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListKits {}

/// Account kits, the default one first, then in the order of their names.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Kits {
    /// The kits
    pub(crate) account_kits: Vec<Kit>,
}

/// Show an account kit
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetKit {
    /// The kit: id or name
    pub(crate) kit: String,
}

/// Delete an account kit that nobody is under
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteKit {
    /// The kit: id or name
    pub(crate) kit: String,
}

/// Put a tenant user under an account kit
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignKit {
    /// The kit: id or name
    pub(crate) kit: String,
    /// Id, external id, or `default`
    pub(crate) user: UserRef,
}

/// Say what would become of an action, which rule says so, and what would change it
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explain {
    /// Action, as in `connections.connect`
    pub(crate) action: String,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// App that the action would be about
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) toolkit: Option<Slug>,
    /// Tool that would be run
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tool: Option<ToolSlug>,
    /// Brokerage account that would be traded from; paper if not said
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<BrokerEnv>,
    /// Who would call, in place of you
    #[arg(long = "as", value_name = "CALLER")]
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub(crate) caller: Option<Presumed>,
}

/// A kind of caller that somebody wonders about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Presumed {
    /// The operator
    Human,
    /// A program with a workspace key
    Workspace,
    /// A program with an agent key
    Agent,
}

/// What would become of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Explained {
    /// The action
    pub(crate) action: String,
    /// For whom, as a person would type it
    pub(crate) user: Option<String>,
    /// Under which kit, by name
    pub(crate) account_kit: Option<String>,
    /// Who would call
    pub(crate) caller: String,
    /// `allowed`, `held` or `refused`
    pub(crate) verdict: String,
    /// The rule that says so, in one word
    pub(crate) rule: String,
    /// The same in a sentence
    pub(crate) why: String,
    /// What would change it: a command, or words
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<String>,
}
