//! Connections: links of users to toolkits, from login to goodbye.

use clap::Args;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::ids::{ConnectionId, ConnectionRef, Label, Slug, ToolSlug, UserRef};
use super::logins::{DeviceCode, Keeper, pair};
use super::secrets::Secrets;
use super::time::Millis;
use super::toolkits::{AuthType, Availability, CredentialField, Provider};

/// How a connection stands, as the mirror knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    /// Login begun, not ended
    Initiated,
    /// Ready
    Active,
    /// The app does not take the credential; connect again
    Expired,
    /// The login ended without success
    Failed,
    /// Disconnected here; the credential is kept
    Inactive,
    /// Credential deleted
    Revoked,
}

impl Status {
    /// Every status, in the order a connection goes through them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Initiated, Self::Active, Self::Expired, Self::Failed, Self::Inactive, Self::Revoked];

    /// Returns the status as it stands in replies and in the store.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "INITIATED",
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
            Self::Failed => "FAILED",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
        }
    }
}

/// One user's link to one toolkit. Never holds a credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    /// `ca_…`
    pub(crate) id: ConnectionId,
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// How it stands
    pub(crate) status: Status,
    /// The id again, under the name that other replies use
    pub(crate) connected_account_id: ConnectionId,
    /// What the user calls this account
    pub(crate) label: Option<Label>,
    /// Whose account it is, as the app tells
    pub(crate) account: Option<String>,
    /// Whether this account is meant where several are connected and nobody says
    #[serde(default)]
    pub(crate) is_default: bool,
    /// What reaches the app through it
    #[serde(default, skip_serializing_if = "Provider::is_direct")]
    pub(crate) provider: Provider,
    /// Scopes that were granted
    pub(crate) scopes: Vec<String>,
    /// When the first login began
    pub(crate) created_at: Millis,
    /// When the status last changed
    pub(crate) last_status_at: Millis,
    /// When a tool last ran through it
    pub(crate) last_used_at: Option<Millis>,
    /// Why it stands so, where it is not plain
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// List the apps a user can connect, and how each stands
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListConnections {
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Words to look for in slugs, names and descriptions
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<String>,
    /// Only apps that are connected, or only those that are not
    #[arg(long, value_name = "BOOL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connected: Option<bool>,
    /// How many at most, 1 to 200
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// Where to go on, from the answer before
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

/// An app as one user sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedToolkit {
    /// Name in commands
    pub(crate) slug: String,
    /// Name for people
    pub(crate) name: String,
    /// How users log in
    pub(crate) auth_type: AuthType,
    /// Whether everything the operator must give is there
    pub(crate) configured: bool,
    /// Whether it can be connected now
    pub(crate) availability: Availability,
    /// Why not, where it cannot
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) availability_reason: Option<String>,
    /// The user's link to it: the active one, else the latest
    pub(crate) connection: Option<ListedConnection>,
    /// How many accounts are connected, expired or logging in
    #[serde(default)]
    pub(crate) accounts: usize,
}

/// What a list says of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedConnection {
    /// How it stands
    pub(crate) status: Status,
    /// `ca_…`
    pub(crate) connected_account_id: ConnectionId,
    /// What the user calls this account
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<Label>,
    /// Why it stands so, where it is not plain
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// A page of apps, in the order of their slugs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedToolkits {
    /// The apps
    pub(crate) toolkits: Vec<ListedToolkit>,
    /// Where to go on, if there is more
    pub(crate) next_cursor: Option<String>,
}

/// List a user's active and expired connections, from the local mirror
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Connected {
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Show those too that are not finished, failed or were disconnected
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) all: bool,
}

/// Connections, the one whose status changed last at the head.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Connections {
    /// The connections
    pub(crate) connections: Vec<Connection>,
}

/// Connect an app: log in in the browser, or enter its key
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Connect {
    /// App to connect, by slug (`gmail`, `stripe`)
    pub(crate) toolkit: Slug,
    /// Tenant user who will own the connection: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// What to call this account, where there are several (`work`)
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<Label>,
    /// Scopes to ask for, instead of the toolkit's own; commas separate several
    #[arg(long, value_delimiter = ',')]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// Tools that are wanted: ask for the least scopes that let them run, and keep those granted before; commas separate several
    #[arg(long, value_delimiter = ',', value_name = "TOOLS", conflicts_with = "scopes")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<ToolSlug>,
    /// Where the browser is sent once authorization has ended
    #[arg(long, value_name = "URL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callback_url: Option<Url>,
    /// Log in again although the connection is active; it stays as it is until that succeeds
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reconnect: bool,
    /// Make a new link although another process waits for a login of this account; that one ends
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) restart: bool,
    /// Log in on another device: get a code and the address to enter it at
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) device: bool,
    /// Parts of the app's address that are no secret (`subdomain=acme`)
    #[arg(long = "field", value_name = "KEY=VALUE", value_parser = pair)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<(String, String)>,
    /// What is to reach the app, where several can: see `toolkits get`
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Provider>,
    /// Who keeps the credential of an app by Composio
    #[arg(long, value_enum, value_name = "WHERE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keep: Option<Keeper>,
}

impl Connect {
    /// Asks for a login to an app as it is, where there is none.
    pub(crate) fn to(toolkit: Slug) -> Self {
        Self {
            toolkit,
            user: None,
            label: None,
            scopes: Vec::new(),
            tools: Vec::new(),
            callback_url: None,
            reconnect: false,
            restart: false,
            device: false,
            fields: Vec::new(),
            provider: None,
            keep: None,
        }
    }
}

/// How a login stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectState {
    /// `INITIATED` while the login goes on, then `ACTIVE`
    pub(crate) status: Status,
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Link the user must open, for OAuth
    pub(crate) redirect_url: Option<Url>,
    /// Code the user must enter on any device, in place of the link
    #[serde(flatten)]
    pub(crate) device: Option<DeviceCode>,
    /// `ca_…`
    pub(crate) connected_account_id: ConnectionId,
    /// The login that waits for a browser; where there is no link, it is one that was begun before
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login: Option<PendingLogin>,
    /// Whether the login ends elsewhere, and no browser comes back from it: one asks how it stands
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) asked: bool,
    /// Whose account it is, once known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// What the user must enter, for keys and passwords
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) credential_fields: Vec<CredentialField>,
    /// Whose login it was, where the caller did not say: external id, or id
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Where the browser goes next, for an OAuth login that named a callback URL
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callback_url: Option<Url>,
}

/// A login that waits for its browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PendingLogin {
    /// When it began
    pub(crate) since: Millis,
    /// Until when its link counts
    pub(crate) until: Millis,
}

/// End an OAuth login with what the app's server sent back. Its `state` says whose it is.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finish {
    /// The flow's own secret
    #[serde(default, skip_serializing)]
    #[schemars(with = "String")]
    pub(crate) state: SecretString,
    /// Authorization code
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub(crate) code: Option<SecretString>,
    /// Issuer that sent it (RFC 9207)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    /// Why there is no code
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// The same in words
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error_description: Option<String>,
    /// Why this side no longer waits, in place of all else: `timed out`, `cancelled`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) given_up: Option<String>,
}

/// Enter the credentials of a connection that waits for them
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Credentials {
    /// Connection that waits: `ca_…`, or its app
    pub(crate) connection: ConnectionRef,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Value of each field. Read once, sealed, never written out again.
    #[arg(skip)]
    #[serde(default, skip_serializing)]
    pub(crate) fields: Secrets,
}

/// Show one connection
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetConnection {
    /// Connection: `ca_…`, or its app
    pub(crate) connection: ConnectionRef,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// Disconnect an app; the credential is kept unless you purge it
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Disconnect {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Account to disconnect, where there are several: label, account name or `ca_…`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Revoke the credential at the app and delete it here
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) purge: bool,
    /// With a purge: leave the credential valid at the app, for the machine that it was moved to
    #[arg(long, requires = "purge")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) keep_upstream: bool,
}

/// What became of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Disconnected {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// `ca_…`
    pub(crate) connected_account_id: ConnectionId,
    /// What the user calls this account
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<Label>,
    /// `INACTIVE`, or `REVOKED` after a purge
    pub(crate) status: Status,
    /// Whether the credential was deleted here
    pub(crate) purged: bool,
    /// Whether the app confirmed that it forgot the credential
    pub(crate) revoked_upstream: bool,
}
