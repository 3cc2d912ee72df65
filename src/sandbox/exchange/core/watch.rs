//! The prices at which something happens to the open orders of one symbol, so that a quiet market is known by
//! its lowest and highest price.

use rust_decimal::Decimal;

use super::hours::may_fill;
use super::order::Order;
use crate::api::time::Millis;
use crate::api::trading::words::{OrderType, Side, TimeInForce};

/// Prices at which something happens.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Any price will do
    always: bool,
    /// An ask of at most this
    ask: Option<Decimal>,
    /// A bid of at least this
    bid: Option<Decimal>,
    /// A last price of at most this
    low: Option<Decimal>,
    /// A last price of at least this
    high: Option<Decimal>,
    /// A last price below this: the best one that a trailing stop has seen which buys
    fall: Option<Decimal>,
    /// A last price above this
    rise: Option<Decimal>,
    /// Whether some of the orders are for the hours before and after the session too
    pub(super) extended: bool,
    idle: bool,
}

impl Watch {
    /// Returns what the orders wait for; those for an auction wait for their moment alone.
    pub(super) fn over(orders: &[&Order], from: Millis) -> Self {
        let mut watch = Self { idle: true, ..Self::default() };
        for order in orders {
            if !matches!(order.time_in_force, TimeInForce::Opg | TimeInForce::Cls)
                || may_fill(order, from)
            {
                watch.idle = false;
                watch.extended |= order.extended_hours;
                watch.take(order);
            }
        }
        watch
    }

    /// Tells whether nothing is waited for.
    pub(super) fn is_idle(&self) -> bool {
        self.idle
    }

    /// Tells whether something may happen where the lowest ask is `ask`, the highest bid is `bid`, and the
    /// last price lies between `low` and `high`.
    pub(super) fn may(
        &self,
        ask: Option<Decimal>,
        bid: Option<Decimal>,
        low: Decimal,
        high: Decimal,
    ) -> bool {
        let below = |bound: Option<Decimal>, price: Option<Decimal>| {
            bound.zip(price).is_some_and(|(bound, price)| price <= bound)
        };
        let above = |bound: Option<Decimal>, price: Option<Decimal>| {
            bound.zip(price).is_some_and(|(bound, price)| price >= bound)
        };
        self.always
            || below(self.ask, ask)
            || above(self.bid, bid)
            || below(self.low, Some(low))
            || above(self.high, Some(high))
            || self.fall.is_some_and(|best| low < best)
            || self.rise.is_some_and(|best| high > best)
    }

    fn take(&mut self, order: &Order) {
        let waits = !order.triggered;
        match order.order_type {
            OrderType::Market => self.always = true,
            OrderType::Limit => self.at_limit(order.side, order.limit_price),
            OrderType::StopLimit if !waits => self.at_limit(order.side, order.limit_price),
            OrderType::Stop | OrderType::TrailingStop if !waits => {
                self.at_limit(order.side, order.cap);
            }
            OrderType::Stop | OrderType::StopLimit => self.at_stop(order.side, order.stop_price),
            OrderType::TrailingStop => {
                self.at_stop(order.side, order.stop_price);
                self.beyond_best(order.side, order.hwm);
            }
        }
    }

    fn at_limit(&mut self, side: Side, price: Option<Decimal>) {
        match (side, price) {
            (_, None) => self.always = true,
            (Side::Buy, Some(_)) => self.ask = self.ask.max(price),
            (Side::Sell, Some(price)) => {
                self.bid = Some(self.bid.map_or(price, |bound| bound.min(price)));
            }
        }
    }

    fn at_stop(&mut self, side: Side, price: Option<Decimal>) {
        match (side, price) {
            (_, None) => self.always = true,
            (Side::Buy, Some(price)) => {
                self.high = Some(self.high.map_or(price, |bound| bound.min(price)));
            }
            (Side::Sell, Some(_)) => self.low = self.low.max(price),
        }
    }

    fn beyond_best(&mut self, side: Side, best: Option<Decimal>) {
        match (side, best) {
            (_, None) => self.always = true,
            (Side::Buy, Some(_)) => self.fall = self.fall.max(best),
            (Side::Sell, Some(best)) => {
                self.rise = Some(self.rise.map_or(best, |bound| bound.min(best)));
            }
        }
    }
}
