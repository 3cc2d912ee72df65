//! Logins without a browser here: a code for another device.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::ids::{ConnectionId, UserRef};
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

/// Ask the app once whether the code of a device login was entered
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Poll {
    /// Connection whose login waits (`ca_…`)
    pub(crate) connection: ConnectionId,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Why this side no longer waits, in place of asking: `timed out`, `cancelled`
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) given_up: Option<String>,
}
