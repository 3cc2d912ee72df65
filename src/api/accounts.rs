//! Several accounts of one app: which is meant, and whether the app still takes its credential.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connections::Connection;
use super::ids::{ConnectionRef, Slug, UserRef};

/// Choose the account that is meant where several are connected and a call names none
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct DefaultAccount {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Account: label, account name or `ca_…`
    #[arg(long, required_unless_present = "clear", conflicts_with = "clear")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Choose none: a call has to name its account
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) clear: bool,
}

/// Which account is meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DefaultChosen {
    /// App, by slug
    pub(crate) toolkit: Slug,
    /// The account, or none
    pub(crate) connection: Option<Connection>,
}

/// Ask the app whether it still takes a credential; an OAuth token is renewed first
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshConnection {
    /// Connection: `ca_…`, or its app
    pub(crate) connection: ConnectionRef,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}
