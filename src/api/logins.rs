//! Logins without a browser here: a code for another device, a block from another machine; and who keeps what is entered.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::connections::Status;
use super::ids::{ConnectionId, ConnectionRef, Label, Slug, UserRef};
use super::time::Millis;

/// What a person needs who logs in on another device (RFC 8628).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceCode {
    /// Code to enter there
    pub(crate) user_code: String,
    /// Where to enter it
    pub(crate) verification_uri: Url,
    /// The same address with the code in it, where the app has one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) verification_uri_complete: Option<Url>,
    /// OAuth client that is allowed in by the code
    pub(crate) client_id: String,
    /// What it is allowed to use
    pub(crate) scopes: Vec<String>,
    /// When the code lapses
    pub(crate) expires_at: Millis,
    /// When the app may next be asked whether the code was entered
    pub(crate) next_poll_at: Millis,
}

/// Who keeps a credential.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Keeper {
    /// This workspace, which sends it along
    Here,
    /// Composio
    There,
}

/// Splits `key=value` of a command line.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Ask the app once whether the code of a device login was entered
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Poll {
    /// Connection whose login waits: `ca_…`, or its app
    pub(crate) connection: ConnectionRef,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Why this side no longer waits, in place of asking: `timed out`, `cancelled`
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) given_up: Option<String>,
}

/// Seal a connection for another machine, which imports it
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct ExportConnection {
    /// Connection to hand over: `ca_…`, or its app
    pub(crate) connection: ConnectionRef,
    /// Public key of the other machine: `naive vault public-key` prints it there
    #[arg(long, value_name = "PUBLIC-KEY")]
    pub(crate) to: String,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Switch it off here; its credential is kept until you purge it, so that no block can be lost
    #[arg(long = "move")]
    #[serde(default, rename = "move", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) moves: bool,
}

/// A connection, sealed for one other machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exported {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// `ca_…`
    pub(crate) connected_account_id: ConnectionId,
    /// How the connection stands here now
    pub(crate) status: Status,
    /// Whether it was switched off here; its credential is kept until it is purged
    pub(crate) moved: bool,
    /// Whether the app may give the credential a successor, which then only one machine knows
    pub(crate) rotates: bool,
    /// What the other machine imports; nobody else can open it
    pub(crate) block: String,
}

/// Take over a connection that another machine has sealed for this one
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct ImportConnection {
    /// Tenant user who will own the connection: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// What to call this account here, instead of its label there
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<Label>,
    /// The sealed block
    #[arg(skip)]
    #[serde(default)]
    pub(crate) block: String,
}
