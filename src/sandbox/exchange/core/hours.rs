//! When an order may be filled, and when its time is over.

use jiff::ToSpan;
use rust_decimal::{Decimal, RoundingStrategy};

use super::order::Order;
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, TimeInForce};
use crate::broker::calendar::{self, Phase};

/// Days after which an order "good until canceled" ends (source: Alpaca docs, "Orders", 2026-01).
const GTC_DAYS: i32 = 90;

/// Tells whether a market takes part in a phase of the day.
pub(super) fn trades(class: AssetClass, extended: bool, phase: Phase) -> bool {
    match (class, phase) {
        (AssetClass::Crypto, _) | (_, Phase::Regular) => true,
        (AssetClass::UsEquity, Phase::Pre | Phase::Post) => extended,
        (AssetClass::UsOption, Phase::Pre | Phase::Post)
        | (AssetClass::UsEquity | AssetClass::UsOption, Phase::Closed) => false,
    }
}

/// Tells whether an order may be filled at a moment. One for an auction may at that moment only.
pub(super) fn may_fill(order: &Order, at: Millis) -> bool {
    match order.time_in_force {
        TimeInForce::Opg | TimeInForce::Cls => order.expires_at == Some(at),
        TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => {
            trades(order.class, order.extended_hours, calendar::phase(at))
        }
    }
}

/// Returns the first moment after `at` at which a market opens that is closed then.
pub(super) fn opening(extended: bool, at: Millis) -> Millis {
    let today = calendar::session(calendar::date(at));
    let start = |session: calendar::Session| if extended { session.pre } else { session.open };
    let next = today.map(start).filter(|start| *start > at);
    next.unwrap_or_else(|| start(calendar::next_after(calendar::date(at))))
}

/// Returns when an order taken at `at` ends by time; `None` for one that is judged once.
pub(super) fn end(
    (symbol, class): (&Symbol, AssetClass),
    (time_in_force, extended): (TimeInForce, bool),
    at: Millis,
) -> Option<Millis> {
    let today = calendar::date(at);
    let session = |open: fn(&calendar::Session) -> Millis| {
        let this = calendar::session(today).filter(|session| open(session) > at);
        open(&this.unwrap_or_else(|| calendar::next_after(today)))
    };
    let end = match time_in_force {
        TimeInForce::Day if extended => session(|session| session.post),
        TimeInForce::Day | TimeInForce::Cls => session(|session| session.close),
        TimeInForce::Opg => session(|session| session.open),
        TimeInForce::Gtc => {
            let day = today.checked_add(GTC_DAYS.days()).unwrap_or(today);
            calendar::at(day, 16, 15)
        }
        TimeInForce::Ioc | TimeInForce::Fok => return None,
    };
    Some(match class {
        AssetClass::UsEquity | AssetClass::Crypto => end,
        AssetClass::UsOption => last_close(symbol).map_or(end, |close| close.min(end)),
    })
}

/// Returns the close of the last session in which an option is traded.
pub(super) fn last_close(symbol: &Symbol) -> Option<Millis> {
    let expiry = symbol.contract()?.expiry;
    let session = calendar::session(expiry).unwrap_or_else(|| calendar::previous(expiry));
    Some(session.close)
}

/// Returns the step of a price: cents from a dollar on, hundredths of cents below.
pub(super) fn round_to_tick(price: Decimal, up: bool) -> Decimal {
    let places = if price >= Decimal::ONE { 2 } else { 4 };
    let strategy = if up {
        RoundingStrategy::ToPositiveInfinity
    } else {
        RoundingStrategy::ToNegativeInfinity
    };
    price.round_dp_with_strategy(places, strategy).normalize()
}

/// Rounds a quantity down to what can be traded.
pub(super) fn floor(qty: Decimal, places: u32) -> Decimal {
    qty.round_dp_with_strategy(places, RoundingStrategy::ToZero).normalize()
}
