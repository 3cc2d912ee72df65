//! An order as it goes to the broker: every default settled, the market known, its own id in it.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::api::trading::amount::Amount;
use crate::api::trading::order::CreateOrder;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{
    AssetClass, OrderClass, OrderType, PositionIntent, Side, TimeInForce,
};

/// One order, whole. What the rules judge, what is sent, and what the exchange takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticket {
    /// What is traded, in the broker's own spelling
    pub(crate) symbol: Symbol,
    /// On which market
    pub(crate) class: AssetClass,
    /// Buy or sell
    pub(crate) side: Side,
    /// Shares, coins or contracts
    pub(crate) qty: Option<Decimal>,
    /// Dollars, in place of a quantity
    pub(crate) notional: Option<Decimal>,
    /// At what price
    pub(crate) order_type: OrderType,
    /// For how long
    pub(crate) time_in_force: TimeInForce,
    /// Worst price
    pub(crate) limit_price: Option<Decimal>,
    /// Price at which it wakes up
    pub(crate) stop_price: Option<Decimal>,
    /// By how many dollars the price has to turn
    pub(crate) trail_price: Option<Decimal>,
    /// By how many percent the price has to turn
    pub(crate) trail_percent: Option<Decimal>,
    /// How it hangs together with its exits
    pub(crate) order_class: OrderClass,
    /// Limit of the exit that takes a gain
    pub(crate) take_profit: Option<Decimal>,
    /// Stop of the exit that cuts a loss
    pub(crate) stop_loss: Option<Decimal>,
    /// Worst price of that exit
    pub(crate) stop_loss_limit: Option<Decimal>,
    /// Whether it is filled outside of the session too
    pub(crate) extended_hours: bool,
    /// Whether it opens or closes, where that was said
    pub(crate) intent: Option<PositionIntent>,
    /// Our id of it: at most 128 characters
    pub(crate) client_order_id: String,
}

impl Ticket {
    /// Settles what an order leaves open. `symbol` and `class` are what the broker's list of assets says of
    /// the symbol that was named.
    pub(crate) fn of(
        op: &CreateOrder,
        (symbol, class): (Symbol, AssetClass),
        client_order_id: String,
    ) -> Self {
        let exits = match (&op.take_profit, &op.stop_loss) {
            (None, None) => OrderClass::Simple,
            (Some(_), Some(_)) => OrderClass::Bracket,
            (Some(_), None) | (None, Some(_)) => OrderClass::Oto,
        };
        Self {
            symbol,
            class,
            side: op.side,
            qty: op.qty.map(|amount| amount.0),
            notional: op.notional.map(|amount| amount.0),
            order_type: op.order_type.unwrap_or(OrderType::Market),
            time_in_force: op.time_in_force.unwrap_or(usual(class)),
            limit_price: op.limit_price.map(|amount| amount.0),
            stop_price: op.stop_price.map(|amount| amount.0),
            trail_price: op.trail_price.map(|amount| amount.0),
            trail_percent: op.trail_percent.map(|amount| amount.0),
            order_class: op.order_class.unwrap_or(exits),
            take_profit: op.take_profit.as_ref().map(|exit| exit.limit_price.0),
            stop_loss: op.stop_loss.as_ref().map(|exit| exit.stop_price.0),
            stop_loss_limit: op.stop_loss.as_ref().and_then(|exit| exit.limit_price).map(|p| p.0),
            extended_hours: op.extended_hours,
            intent: op.position_intent,
            client_order_id,
        }
    }

    /// Returns an order at the market for so many shares, coins or contracts.
    pub(crate) fn market(
        (symbol, class): (Symbol, AssetClass),
        side: Side,
        qty: Decimal,
        client_order_id: String,
    ) -> Self {
        let op = CreateOrder::market(symbol.clone(), side, Amount(qty));
        Self::of(&op, (symbol, class), client_order_id)
    }

    /// Returns the body of `POST /v2/orders`; what is not set is left out.
    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        let amount = |amount: Option<Decimal>| amount.map(|amount| json!(plain(amount)));
        set("symbol", Some(json!(self.symbol)));
        set("side", Some(json!(self.side)));
        set("qty", amount(self.qty));
        set("notional", amount(self.notional));
        set("type", Some(json!(self.order_type)));
        set("time_in_force", Some(json!(self.time_in_force)));
        set("limit_price", amount(self.limit_price));
        set("stop_price", amount(self.stop_price));
        set("trail_price", amount(self.trail_price));
        set("trail_percent", amount(self.trail_percent));
        let simple = self.order_class == OrderClass::Simple;
        set("order_class", (!simple).then(|| json!(self.order_class)));
        set("take_profit", self.take_profit.map(|price| json!({ "limit_price": plain(price) })));
        set(
            "stop_loss",
            self.stop_loss.map(|stop| match self.stop_loss_limit {
                None => json!({ "stop_price": plain(stop) }),
                Some(limit) => json!({ "stop_price": plain(stop), "limit_price": plain(limit) }),
            }),
        );
        set("extended_hours", self.extended_hours.then(|| json!(true)));
        set("position_intent", self.intent.map(|intent| json!(intent)));
        set("client_order_id", Some(json!(self.client_order_id)));
        Value::Object(body)
    }

    /// Tells whether the quantity is no whole number.
    pub(crate) fn is_fractional(&self) -> bool {
        self.notional.is_some() || self.qty.is_some_and(|qty| !qty.fract().is_zero())
    }
}

/// Returns how long an order stays on a market where nobody says.
fn usual(class: AssetClass) -> TimeInForce {
    match class {
        AssetClass::Crypto => TimeInForce::Gtc,
        AssetClass::UsEquity | AssetClass::UsOption => TimeInForce::Day,
    }
}

/// Returns a number as the broker writes it: no exponent, no zeros at the end.
pub(crate) fn plain(number: Decimal) -> String {
    number.normalize().to_string()
}
