//! Whether the market fills an order at this moment, at what price and how much of it.

use rust_decimal::Decimal;

use super::desk::{Desk, draw, last};
use super::hours::{floor, may_fill, round_to_tick};
use super::order::{Order, Status};
use super::{fill, funds};
use crate::api::trading::symbol::{Right, Symbol};
use crate::api::trading::words::{AssetClass, OrderType, Side, TimeInForce};
use crate::broker::calendar::{self, Phase};
use crate::broker::rules::Quote;

impl Desk<'_> {
    /// Judges orders in the order given; those that have ended meanwhile are passed over.
    pub(super) fn judge_all(&mut self, seqs: impl IntoIterator<Item = u64>) {
        for seq in seqs {
            self.judge(seq);
        }
    }

    fn judge(&mut self, seq: u64) {
        let Some(order) = self.account.orders.get(seq).filter(|order| order.armed) else {
            return;
        };
        let once = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
        if may_fill(order, self.now) {
            let order = order.clone();
            self.attempt(order);
        }
        if once && self.account.orders.get(seq).is_some() {
            self.end(seq, Status::Canceled);
        }
    }

    fn attempt(&mut self, mut order: Order) {
        let before = order.clone();
        if matches!(order.status, Status::PendingNew | Status::Accepted) {
            order.status = Status::New;
        }
        let quote = self.quote(&order.symbol);
        if let Some(quote) = &quote {
            let last = last(self.market, &order.symbol, quote, self.now);
            follow(&mut order, last, calendar::phase(self.now) == Phase::Regular);
            elect(&mut order, last);
        }
        let seq = order.seq;
        let price = quote.and_then(|quote| price(&order, &quote));
        let collared = price.is_some_and(|price| beyond_collar(&order, price));
        match price {
            None if order != before => self.save(order),
            None => {}
            // What follows writes the order into the journal as it ends up.
            Some(_) => self.account.orders.put(order),
        }
        match price {
            None => {}
            Some(_) if collared => self.end(seq, Status::Rejected),
            Some(price) => self.take_price(seq, price),
        }
    }

    /// Fills as much of an order as there is to fill at this price.
    fn take_price(&mut self, seq: u64, price: Decimal) {
        let Some(order) = self.account.orders.get(seq) else {
            return;
        };
        let qty = match order.notional {
            None => self.portion(order),
            Some(dollars) => floor(dollars.checked_div(price).unwrap_or_default(), 9),
        };
        let qty = if order.opens() { qty } else { qty.min(self.closable(order)) };
        if qty <= Decimal::ZERO {
            return self.end(seq, Status::Rejected);
        }
        if order.opens() && !self.affords(order, qty, price) {
            return self.end(seq, Status::Rejected);
        }
        let maker = order.order_type == OrderType::Limit && order.created_at != self.now;
        self.fill(seq, fill::Terms { qty, price, maker });
    }

    /// Returns how much of an order is filled at once.
    fn portion(&self, order: &Order) -> Decimal {
        let left = order.left();
        let Some(switch) = &self.account.switches.partial_fills else {
            return left;
        };
        let number = |word| draw(switch.seed, &order.id, self.now, word);
        if order.time_in_force == TimeInForce::Fok
            || number("whether") >= u32::from(switch.per_mille) * 1000
        {
            return left;
        }
        let places = match order.class {
            AssetClass::Crypto => 9,
            AssetClass::UsEquity if !left.fract().is_zero() => 9,
            AssetClass::UsEquity | AssetClass::UsOption => 0,
        };
        let part = floor(left * Decimal::new(i64::from(number("how much")), 6), places);
        if part.is_zero() { left } else { part }
    }

    /// Returns how much of what is held an order may close.
    fn closable(&self, order: &Order) -> Decimal {
        let position = self.account.positions.get(&order.symbol);
        let Some(position) = position.filter(|position| match order.side {
            Side::Buy => position.qty < Decimal::ZERO,
            Side::Sell => position.qty > Decimal::ZERO,
        }) else {
            return Decimal::ZERO;
        };
        if order.notional.is_none() {
            return position.qty.abs();
        }
        let free = funds::available(self.account, self.market, &order.symbol, self.now);
        let own = funds::claim(order, self.market, self.now);
        position.qty.abs().min(free + own)
    }

    /// Tells whether there is money for so much of an order that opens: what was laid aside for that, and what
    /// is free beside. A sale needs what has to lie behind it beside what it brings in.
    fn affords(&self, order: &Order, qty: Decimal, price: Decimal) -> bool {
        let Some(needed) = self.needed(order, qty, price) else {
            return false;
        };
        let own = match order.notional {
            Some(_) => order.reserved,
            None => order.reserve_each.saturating_mul(qty).min(order.reserved),
        };
        if needed <= own && order.side == Side::Buy {
            return true;
        }
        let power = match order.class {
            AssetClass::UsEquity if funds::multiplier(self.account) > 1 => {
                funds::buying_power(self.account, self.market, self.now)
            }
            AssetClass::UsEquity | AssetClass::Crypto | AssetClass::UsOption => {
                funds::free_cash(self.account, self.market, self.now)
            }
        };
        let power = if order.side == Side::Buy { power.max(Decimal::ZERO) } else { power };
        needed.is_zero() || needed <= own.saturating_add(power)
    }

    /// Returns the dollars that a fill binds; `None` where the number is beyond all reckoning, or where the
    /// shares behind a call are not there.
    fn needed(&self, order: &Order, qty: Decimal, price: Decimal) -> Option<Decimal> {
        let value = price.checked_mul(qty)?.checked_mul(order.size())?;
        let contract = order.symbol.contract();
        let binds = match (order.side, order.class, contract) {
            (Side::Buy, _, _) => return Some(value),
            (Side::Sell, AssetClass::UsOption, Some(contract)) => match contract.right {
                Right::Put => contract.strike.checked_mul(order.size())?.checked_mul(qty)?,
                Right::Call => {
                    let root: Symbol = contract.root.parse().ok()?;
                    let held = self.account.positions.get(&root)?.qty;
                    return (funds::lent(self.account, &root) <= held).then_some(Decimal::ZERO);
                }
            },
            (Side::Sell, AssetClass::UsEquity, _) if funds::multiplier(self.account) > 1 => {
                return Some(value);
            }
            (Side::Sell, AssetClass::UsEquity | AssetClass::Crypto | AssetClass::UsOption, _) => {
                let last = self.last(&order.symbol).unwrap_or(price).max(price);
                last.checked_mul(qty)?.checked_mul(funds::SHORT_COLLATERAL)?
            }
        };
        Some(binds.checked_sub(value)?.max(Decimal::ZERO))
    }
}

/// Moves the best price of a trailing stop, in regular hours only, and its stop after it.
pub(super) fn follow(order: &mut Order, last: Decimal, regular: bool) {
    if order.order_type != OrderType::TrailingStop || order.triggered || !regular {
        return;
    }
    let best = match (order.hwm, order.side) {
        (None, _) => last,
        (Some(best), Side::Sell) => best.max(last),
        (Some(best), Side::Buy) => best.min(last),
    };
    order.hwm = Some(best);
    let distance = match (order.trail_price, order.trail_percent) {
        (Some(distance), _) => distance,
        (None, Some(percent)) => best.saturating_mul(percent) / Decimal::ONE_HUNDRED,
        (None, None) => return,
    };
    order.stop_price = Some(match order.side {
        Side::Sell => round_to_tick(best.saturating_sub(distance), false),
        Side::Buy => round_to_tick(best.saturating_add(distance), true),
    });
}

/// Notes that a stop was reached. A stop that buys becomes a limit then (source: Alpaca docs, "Orders",
/// 2026-01): 4 % above it below 50 dollars, 2.5 % from there on.
fn elect(order: &mut Order, last: Decimal) {
    let waits = match order.order_type {
        OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => !order.triggered,
        OrderType::Market | OrderType::Limit => false,
    };
    let Some(stop) = order.stop_price.filter(|_| waits) else {
        return;
    };
    order.triggered = match order.side {
        Side::Buy => last >= stop,
        Side::Sell => last <= stop,
    };
    if order.triggered && order.order_type == OrderType::Stop && order.side == Side::Buy {
        order.cap = Some(stop_cap(stop));
    }
}

/// Returns the limit that a stop becomes which buys.
pub(super) fn stop_cap(stop: Decimal) -> Decimal {
    let factor =
        if stop < Decimal::from(50) { Decimal::new(104, 2) } else { Decimal::new(1025, 3) };
    round_to_tick(stop.saturating_mul(factor), false)
}

/// Returns the price at which an order is filled now, if it is.
fn price(order: &Order, quote: &Quote) -> Option<Decimal> {
    let price = quote.far(order.side)?;
    let bound = match order.order_type {
        OrderType::Market => None,
        OrderType::Limit => order.limit_price,
        OrderType::Stop | OrderType::TrailingStop if order.triggered => order.cap,
        OrderType::StopLimit if order.triggered => order.limit_price,
        OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => return None,
    };
    let fits = bound.is_none_or(|bound| match order.side {
        Side::Buy => price <= bound,
        Side::Sell => price >= bound,
    });
    fits.then_some(price)
}

/// Tells whether the market has run away from an order that buys at any price.
fn beyond_collar(order: &Order, price: Decimal) -> bool {
    order.order_type == OrderType::Market
        && order.side == Side::Buy
        && order.cap.is_some_and(|cap| price > cap)
}
