//! A brokerage account: linking it, and what it holds. Answers are the broker's own objects.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::symbol::Symbol;
use super::words::{AssetClass, AssetStatus, BrokerEnv};
use crate::api::connections::ConnectState;
use crate::api::ids::UserRef;
use crate::api::secrets::Secrets;

/// An object as the broker tells it, under its own names.
pub(crate) type Object = Map<String, Value>;

/// Set the OAuth app through which users link their brokerage accounts
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct ConfigureBroker {
    /// Id of the OAuth app at the broker
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Where its users return to, if it is not this machine's own listener
    #[arg(long, value_name = "URL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<Url>,
    /// What users are told before they link an account, in place of the usual text
    #[arg(long, value_name = "TEXT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disclosure: Option<String>,
    /// Another address in place of the broker's own ones, for all of its parts
    #[arg(long = "broker-url", id = "broker_url", value_name = "URL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base_url: Option<Url>,
    /// Secret of the OAuth app. Read once, sealed, never written out again
    #[arg(skip)]
    #[serde(default, skip_serializing)]
    pub(crate) secrets: Secrets,
}

/// The OAuth app through which users link their brokerage accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BrokerApp {
    /// Id of the app; none where users can only link by key
    pub(crate) client_id: Option<String>,
    /// Where its users return to, if it is not this machine's own listener
    pub(crate) redirect_uri: Option<Url>,
    /// What users are told before they link an account
    pub(crate) disclosure: String,
    /// Another address in place of the broker's own ones
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base_url: Option<Url>,
}

/// Link a brokerage account: log in in the browser, or enter an API key of your own account
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct ConnectBroker {
    /// Paper or live; paper if not said
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<BrokerEnv>,
    /// Tenant user who owns the account: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Where the browser is sent once authorization has ended
    #[arg(long, value_name = "URL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callback_url: Option<Url>,
    /// Link again although the account is linked; it stays as it is until that succeeds
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reconnect: bool,
    /// Make a new link although another process waits for a login; that one ends
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) restart: bool,
    /// The user was shown the disclosure and accepts it
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) accept_disclosure: bool,
    /// Id of an API key of the user's own account, in place of a login
    #[arg(long, value_name = "ID")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api_key_id: Option<String>,
    /// Secret of that key. Read once, sealed, never written out again
    #[arg(skip)]
    #[serde(default, skip_serializing)]
    pub(crate) secrets: Secrets,
}

/// How the linking of a brokerage account stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BrokerState {
    /// Paper or live
    pub(crate) env: BrokerEnv,
    /// How the link stands
    pub(crate) status: BrokerStatus,
    /// Link the user must open
    pub(crate) authorize_url: Option<Url>,
    /// What the user must have read before
    pub(crate) disclosure: String,
    /// The broker's number of the account, once known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The login behind it, as any app's
    pub(crate) login: ConnectState,
}

/// How a brokerage link stands, in the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BrokerStatus {
    /// The login goes on
    Pending,
    /// It can be traded through
    Active,
    /// The broker refuses the token
    Expired,
    /// The login failed
    Failed,
}

impl BrokerStatus {
    /// Returns the word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

/// List the brokerage accounts that are linked
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct ListBrokers {
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// Brokerage accounts, paper first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Brokers {
    /// The accounts
    pub(crate) connections: Vec<BrokerConnection>,
}

/// A linked brokerage account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BrokerConnection {
    /// Paper or live
    pub(crate) env: BrokerEnv,
    /// How the link stands
    pub(crate) status: BrokerStatus,
    /// Whether it can be traded through
    pub(crate) connected: bool,
    /// The broker's number of the account, once known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Why it stands so, where it is not plain
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Forget a linked brokerage account and its token
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct DisconnectBroker {
    /// Paper or live
    #[arg(value_enum)]
    pub(crate) env: BrokerEnv,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// That a brokerage account was forgotten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BrokerForgotten {
    /// Paper or live
    pub(crate) env: BrokerEnv,
    /// Always true
    pub(crate) disconnected: bool,
}

on_account! {
    /// Show the brokerage account: cash, buying power, equity, and what it may trade
    GetAccount {}
}

on_account! {
    /// List what can be traded
    ListAssets {
        /// Only of this class; shares if not said
        #[arg(long, value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asset_class: Option<AssetClass>,
        /// Those that can be traded, or those that cannot any more; active if not said
        #[arg(long, value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<AssetStatus>,
        /// Only those whose symbol or name has this in it
        #[arg(long, value_name = "TEXT")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        search: Option<String>,
    }
}

/// What can be traded, in the order of the symbols.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Assets {
    /// The assets
    pub(crate) assets: Vec<Object>,
}

on_account! {
    /// List what the account holds
    ListPositions {}
}

/// What the account holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Positions {
    /// The positions
    pub(crate) positions: Vec<Object>,
}

on_account! {
    /// Show one thing that the account holds
    GetPosition {
        /// What is held
        symbol: Symbol,
    }
}

on_account! {
    /// Show the latest quotes; symbols of several classes may stand together
    GetQuotes {
        /// Symbols; commas separate several
        #[arg(long, value_delimiter = ',', required = true)]
        symbols: Vec<Symbol>,
        /// Class of all of them, where their form does not tell it
        #[arg(long, value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<AssetClass>,
    }
}

/// Latest quotes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Quotes {
    /// By symbol; one that nobody quotes is left out
    pub(crate) quotes: BTreeMap<String, Object>,
}
