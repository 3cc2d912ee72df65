//! Toolkits: what apps there are, how one logs in to them, and what the operator decides about them.

use clap::Args;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::error::{Error, Result};
use super::ids::Slug;
use super::secrets::Secrets;
use super::time::Millis;
use super::ways::Way;

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
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    /// Changes nothing
    Read,
    /// Creates or changes
    Write,
    /// Removes, or cannot be undone
    Destructive,
}

/// What reaches an app.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    /// The app's own API, called from here
    #[default]
    Direct,
    /// An MCP server
    Mcp,
    /// Composio
    Composio,
}

impl Provider {
    /// Every provider, in the order in which one is preferred to the next.
    pub(crate) const ALL: [Self; 3] = [Self::Direct, Self::Mcp, Self::Composio];

    /// Returns its name as it stands in replies, in flags and in the store.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Mcp => "mcp",
            Self::Composio => "composio",
        }
    }

    /// Tells whether it is the app's own API.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    pub(crate) fn is_direct(&self) -> bool {
        *self == Self::Direct
    }
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
    /// Shipped with the program, its tools written by hand
    Builtin,
    /// Shipped with the program, its tools made from facts that are published about the app
    Catalog,
    /// Listed by a provider that leads to it
    Listed,
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
    /// What reaches it where nobody says
    #[serde(default)]
    pub(crate) provider: Provider,
    /// How many tools it has
    pub(crate) tools: usize,
}

/// A page of toolkits: the best match first, else those written by hand or added, then the others.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolkitPage {
    /// The toolkits
    pub(crate) toolkits: Vec<ToolkitSummary>,
    /// Where to go on, if there is more
    pub(crate) next_cursor: Option<String>,
    /// How large the shipped catalog is, where a list of all begins
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) catalog: Option<Counts>,
    /// When Composio's toolkits were listed last, where it has a key
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) listed_at: Option<Millis>,
}

/// How large the shipped catalog is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    /// Apps that are listed
    pub(crate) apps: usize,
    /// Those of them of which is known how one logs in
    pub(crate) connectable: usize,
    /// Those of these that have tools
    pub(crate) with_tools: usize,
    /// Apps whose tools were written by hand
    pub(crate) by_hand: usize,
    /// Tools of all apps
    pub(crate) tools: usize,
    /// Who runs the connectable apps, each counted once
    pub(crate) vendors: usize,
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
    /// Show it as this reaches it, where several can
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Provider>,
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
    /// Every way to reach it, the preferred first
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ways: Vec<Way>,
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
    #[serde(deserialize_with = "object")]
    #[schemars(with = "Map<String, Value>")]
    pub(crate) manifest: Box<RawValue>,
    /// What an MCP server is shown of everybody, by the keys of the manifest's fields. Read once, sealed, never
    /// written out again.
    #[serde(default, skip_serializing)]
    pub(crate) secrets: Secrets,
}

impl AddToolkit {
    /// Adds a toolkit that is shown nothing of everybody.
    ///
    /// Fails if the manifest cannot be written.
    pub(crate) fn of(manifest: &impl Serialize) -> Result<Self> {
        let manifest = to_raw_value(manifest)
            .map_err(|error| Error::internal("a manifest cannot be written", error))?;
        Ok(Self { manifest, secrets: Secrets::default() })
    }

    /// Returns the slug that the manifest gives, if it gives one.
    pub(crate) fn slug(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Named {
            slug: String,
        }
        serde_json::from_str(self.manifest.get()).ok().map(|Named { slug }| slug)
    }
}

/// Reads an object as its text, also from what is not read as text itself.
fn object<'de, D: Deserializer<'de>>(source: D) -> std::result::Result<Box<RawValue>, D::Error> {
    to_raw_value(&Map::<String, Value>::deserialize(source)?).map_err(D::Error::custom)
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
    /// What this is for, where several can reach the app: see `toolkits get`
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Provider>,
    /// What reaches the app from now on where nobody says
    #[arg(long, value_enum, value_name = "PROVIDER")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prefer: Option<Provider>,
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

impl ConfigureToolkit {
    /// Changes nothing of a toolkit.
    pub(crate) fn of(toolkit: Slug) -> Self {
        let (client_id, provider, prefer) = (None, None, None);
        let (scopes, secrets) = (Vec::new(), Secrets::default());
        Self { toolkit, client_id, scopes, provider, prefer, secrets }
    }
}

impl GetToolkit {
    /// Asks for a toolkit without its manifest.
    pub(crate) fn of(toolkit: Slug) -> Self {
        Self { toolkit, manifest: false, provider: None }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::action::Action;

    #[test]
    fn a_manifest_is_read_from_whatever_comes_first_and_is_an_object() {
        let manifest = json!({ "slug": "acme", "tools": [] });
        for action in [
            json!({ "action_type": "toolkits.add", "payload": { "manifest": manifest } }),
            json!({ "payload": { "manifest": manifest }, "action_type": "toolkits.add" }),
        ] {
            let Action::AddToolkit(add) = serde_json::from_value(action).unwrap() else {
                panic!("another action");
            };
            assert_eq!(add.slug().as_deref(), Some("acme"));
            assert_eq!(serde_json::to_value(&add).unwrap(), json!({ "manifest": manifest }));
        }
        serde_json::from_value::<AddToolkit>(json!({ "manifest": "acme" })).unwrap_err();
    }
}
