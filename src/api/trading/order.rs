//! Orders: what is asked of the broker, and what is asked about them.

use std::str::FromStr;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::Object;
use super::amount::Amount;
use super::symbol::Symbol;
use super::words::{
    AssetClass, BrokerEnv, OrderClass, OrderFilter, OrderType, PositionIntent, Side, TimeInForce,
};
use crate::api::ids::{Malformed, UserRef};
use crate::api::time::{Millis, moment};

on_account! {
    /// Place an order for shares, coins or options: the symbol selects the market
    CreateOrder {
        /// What to trade: `AAPL`, `BTC/USD`, or an option as `AAPL261218C00250000`
        #[arg(long)]
        symbol: Symbol,
        /// Buy or sell
        #[arg(long, value_enum)]
        side: Side,
        /// How many shares, coins or contracts
        #[arg(long, conflicts_with = "notional")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        qty: Option<Amount>,
        /// For how many dollars, in place of `--qty`
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notional: Option<Amount>,
        /// At what price it is filled; `market` if not said
        #[arg(long = "type", value_enum)]
        #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
        order_type: Option<OrderType>,
        /// How long it stays; `day` if not said, for coins `gtc`
        #[arg(long = "tif", visible_alias = "time-in-force", value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time_in_force: Option<TimeInForce>,
        /// Worst price to be filled at
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit_price: Option<Amount>,
        /// Price at which it wakes up
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_price: Option<Amount>,
        /// By how many dollars the price has to turn
        #[arg(long, conflicts_with = "trail_percent")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trail_price: Option<Amount>,
        /// By how many percent the price has to turn
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trail_percent: Option<Amount>,
        /// How it hangs together with its exits; follows from them if not said
        #[arg(long, value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_class: Option<OrderClass>,
        /// Price at which a gain is taken
        #[arg(long, value_name = "PRICE")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        take_profit: Option<TakeProfit>,
        /// Price at which a loss is cut
        #[arg(long, value_name = "PRICE")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_loss: Option<StopLoss>,
        /// Fill it before and after the session as well
        #[arg(long)]
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        extended_hours: bool,
        /// Whether it opens a position or closes one; follows from what is held if not said
        #[arg(long, value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position_intent: Option<PositionIntent>,
        /// Check it, price it and show what would be sent, and send nothing
        #[arg(long)]
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dry_run: bool,
    }
}

impl CreateOrder {
    /// Returns an order at the market for so many shares, coins or contracts.
    pub(crate) fn market(symbol: Symbol, side: Side, qty: Amount) -> Self {
        Self {
            symbol,
            side,
            qty: Some(qty),
            notional: None,
            order_type: None,
            time_in_force: None,
            limit_price: None,
            stop_price: None,
            trail_price: None,
            trail_percent: None,
            order_class: None,
            take_profit: None,
            stop_loss: None,
            extended_hours: false,
            position_intent: None,
            dry_run: false,
            env: None,
            user: None,
        }
    }
}

/// Where a gain is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeProfit {
    /// Limit of the exit
    pub(crate) limit_price: Amount,
}

impl FromStr for TakeProfit {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Ok(Self { limit_price: text.parse()? })
    }
}

/// Where a loss is cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopLoss {
    /// Price at which the exit wakes up
    pub(crate) stop_price: Amount,
    /// Worst price of the exit, where it has one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit_price: Option<Amount>,
}

impl FromStr for StopLoss {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Ok(Self { stop_price: text.parse()?, limit_price: None })
    }
}

on_account! {
    /// Cancel an open order
    CancelOrder {
        /// The order: its id, or your own id of it
        order: String,
    }
}

on_account! {
    /// Close a position: sell what is held, or buy back what was sold short
    ClosePosition {
        /// What is held
        symbol: Symbol,
        /// How much of it; all if not said
        #[arg(long, conflicts_with = "percentage")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        qty: Option<Amount>,
        /// How many percent of it
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percentage: Option<Amount>,
    }
}

on_account! {
    /// List orders, the one submitted last at the head
    ListOrders {
        /// Open orders, closed ones or all; open if not said
        #[arg(long, value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<OrderFilter>,
        /// How many at most; 50 if not said
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=500))]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        /// Only of these symbols; commas separate several
        #[arg(long, value_delimiter = ',')]
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        symbols: Vec<Symbol>,
        /// Only one way
        #[arg(long, value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        side: Option<Side>,
        /// Only those submitted after this time (`2026-11-20`, `2026-11-20T10:20:00Z`)
        #[arg(long, value_name = "TIME", value_parser = moment)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Millis>,
        /// Only those submitted before this time
        #[arg(long, value_name = "TIME", value_parser = moment)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Millis>,
        /// Go on until there are no more
        #[arg(long, conflicts_with = "limit")]
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    }
}

/// Orders as the broker tells them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Orders {
    /// The orders
    pub(crate) orders: Vec<Object>,
}

on_account! {
    /// Show one order
    GetOrder {
        /// The order: its id, or your own id of it
        order: String,
    }
}

/// Find out what became of orders whose answer was lost, and which orders others have placed
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct ReconcileOrders {
    /// Paper or live; both if not said
    #[arg(long, value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<BrokerEnv>,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// What was found out about orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReconciledOrders {
    /// Those that were in doubt, and how they stand now
    pub(crate) intents: Vec<Intent>,
    /// Open orders at the broker that did not come from here
    pub(crate) foreign: Vec<Object>,
}

/// How an order stands that was sent from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IntentStatus {
    /// On its way, or its process ended
    Sending,
    /// The broker has it
    Placed,
    /// It was certainly not placed
    Refused,
    /// Nobody knows
    Unknown,
    /// The broker did not know it long after: it counts no more, and is still never sent again
    Missing,
}

/// An order as it was written down before it was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Intent {
    /// The order's name at the broker, made here
    pub(crate) client_order_id: String,
    /// Paper or live
    pub(crate) env: BrokerEnv,
    /// What is traded
    pub(crate) symbol: Symbol,
    /// Buy or sell
    pub(crate) side: Side,
    /// What it was reckoned to cost, in dollars
    pub(crate) notional: Amount,
    /// How it stands
    pub(crate) status: IntentStatus,
    /// When it was written down
    pub(crate) created_at: Millis,
    /// The approval it belongs to
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval_id: Option<String>,
}

/// The market and the account around an order, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct MarketView {
    /// Paper or live
    pub(crate) env: BrokerEnv,
    /// The broker's number of the account
    pub(crate) account: Option<String>,
    /// On which market
    pub(crate) asset_class: AssetClass,
    /// When it was quoted
    pub(crate) at: Millis,
    /// Best price that somebody pays
    pub(crate) bid: Option<Amount>,
    /// Best price that somebody asks
    pub(crate) ask: Option<Amount>,
    /// What the order is reckoned to cost or bring, in dollars
    pub(crate) estimated_cost: Option<Amount>,
    /// What the account can pay for, in dollars
    pub(crate) buying_power: Option<Amount>,
    /// How much of it is held; less than zero where it was sold short
    pub(crate) position: Amount,
    /// Part of the day: `open`, `closed`, `pre-market`, `regular` or `after-hours`
    pub(crate) session: String,
    /// By how many percent the market may move until it is done
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_drift: Option<Amount>,
    /// Whether its limit is the kit's: it was asked for at the market
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) collar: bool,
}

impl MarketView {
    /// Returns the price at which a market order is filled.
    pub(crate) fn price(&self, side: Side) -> Option<Amount> {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }
}
