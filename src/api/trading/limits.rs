//! The limits under which orders are placed: what a kit may say, how much of it is used, and the halt.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::symbol::Symbol;
use super::words::{AssetClass, BrokerEnv, OrderType, TimeInForce};
use crate::api::ids::{Reason, UserRef};
use crate::api::time::Millis;

/// What a kit says of trading, by env.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TradingConfig {
    /// Simulated money
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) paper: EnvConfig,
    /// Real money; no order goes out before `orders` is true
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) live: EnvConfig,
}

impl TradingConfig {
    /// Returns what it says of one env.
    pub(crate) fn of(&self, env: BrokerEnv) -> &EnvConfig {
        match env {
            BrokerEnv::Paper => &self.paper,
            BrokerEnv::Live => &self.live,
        }
    }
}

/// What a kit says of trading in one env.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EnvConfig {
    /// Whether orders may be placed; if not said, in paper they may and in live not
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) orders: Option<bool>,
    /// Which classes may be traded; all if not said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asset_classes: Option<BTreeSet<AssetClass>>,
    /// Most that may be lost between the last close and now, in dollars
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_day_loss: Option<Amount>,
    /// For everything together
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) limits: Limits,
    /// For one class, beside those for everything
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) by_class: BTreeMap<AssetClass, Limits>,
}

/// Limits of orders; what is not said is not limited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Limits {
    /// Largest order, in dollars
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_order_notional: Option<Amount>,
    /// Most in one day, bought and sold together, in dollars
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_day_notional: Option<Amount>,
    /// Most orders in any minute
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_orders_per_minute: Option<u32>,
    /// Most orders in one day
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_orders_per_day: Option<u32>,
    /// Only these symbols, and the options on these shares
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) symbols: Option<BTreeSet<Symbol>>,
    /// None of these symbols, and no options on these shares
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) blocked_symbols: BTreeSet<Symbol>,
    /// Only these types
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) types: Option<BTreeSet<OrderType>>,
    /// Only these times in force
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) times_in_force: Option<BTreeSet<TimeInForce>>,
    /// Nothing is sold that is not held
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_shorting: bool,
    /// By how many percent the market may move between asking and approving; 1 for shares, 3 for coins, 10
    /// for options if not said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_drift_percent: Option<Amount>,
    /// A held market order by quantity goes out as a limit order at that bound
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) collar: bool,
}

/// Tells whether nothing was said, so that it is not written out.
pub(in crate::api) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Show the limits of trading, and how much of them is used
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct GetLimits {
    /// Paper or live; both if not said
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<BrokerEnv>,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// The limits of trading of a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TradingLimits {
    /// The kit that sets them, by name
    pub(crate) account_kit: String,
    /// The halt that is in force, if one is
    pub(crate) halted: Option<Halted>,
    /// By env
    pub(crate) envs: Vec<EnvLimits>,
}

/// The limits of trading in one env.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct EnvLimits {
    /// Paper or live
    pub(crate) env: BrokerEnv,
    /// Whether orders may be placed
    pub(crate) orders: bool,
    /// What the kit says
    pub(crate) limits: EnvConfig,
    /// What was used of it
    pub(crate) used: Vec<Usage>,
}

/// How much was traded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Usage {
    /// In which class
    pub(crate) asset_class: AssetClass,
    /// How many orders in the last minute
    pub(crate) orders_last_minute: u32,
    /// How many orders today
    pub(crate) orders_today: u32,
    /// For how many dollars today, bought and sold together
    pub(crate) notional_today: Amount,
}

/// Stop every new order at once; cancelling and closing stay possible
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Halt {
    /// Tenant user to stop; the whole workspace if not said
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// Why
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Reason>,
}

/// Let orders go out again
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct Resume {
    /// Tenant user who was stopped; the whole workspace if not said
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// Whose orders are stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Halts {
    /// The halts that are in force
    pub(crate) halts: Vec<Halted>,
}

/// A halt that is in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Halted {
    /// Who is stopped, as a person would type it; none where all are
    pub(crate) user: Option<String>,
    /// Since when
    pub(crate) since: Millis,
    /// Who did it, by name
    pub(crate) by: String,
    /// Why
    pub(crate) reason: Option<String>,
}
