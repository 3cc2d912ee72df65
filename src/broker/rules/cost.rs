//! What an order is reckoned to cost, and what the broker sets aside for it.

use rust_decimal::Decimal;

use super::{Facts, Quote};
use crate::api::trading::symbol::Right;
use crate::api::trading::words::{AssetClass, OrderClass, OrderType, Side};
use crate::broker::calendar::{self, Phase};
use crate::broker::ticket::Ticket;

/// A short sale is reckoned at this many times the ask, or at its limit (source: Alpaca docs, "Buying power").
const SHORT_COLLAR: Decimal = Decimal::from_parts(103, 0, 0, false, 2);

/// Returns what an order is worth in dollars, bought or sold, never less than zero: its amount, or its
/// quantity at its limit, its stop, or the far side of the market, in that order. None where no price is
/// known, or the number is beyond all reckoning.
pub(crate) fn cost(ticket: &Ticket, quote: Option<&Quote>) -> Option<Decimal> {
    match ticket.notional {
        Some(notional) => Some(notional.abs()),
        None => worth(ticket, price(ticket, quote)?),
    }
}

/// Returns what [`reserve`] does, at the hour that it is: outside of the session the broker reckons shares that
/// are bought at the market at its middle, which also stands for the last trade while all is closed (source:
/// Alpaca docs, "Buying power").
pub(crate) fn reserve_now(ticket: &Ticket, facts: &Facts) -> Option<Decimal> {
    let quote = facts.quote.as_ref();
    let buys = ticket.side == Side::Buy && ticket.class == AssetClass::UsEquity;
    let at_market = match ticket.order_type {
        OrderType::Market | OrderType::TrailingStop => buys && ticket.notional.is_none(),
        OrderType::Limit | OrderType::Stop | OrderType::StopLimit => false,
    };
    let session = |now| calendar::phase(now) == Phase::Regular;
    match (facts.market(), facts.now) {
        (Some(middle), Some(now)) if at_market && !session(now) => worth(ticket, middle),
        (_, _) => reserve(ticket, quote),
    }
}

/// Returns what the broker sets aside in dollars for an order that opens a position. A purchase: its cost. A
/// short sale: its quantity at its limit or at 1.03 times the ask, whichever is more. A put that is sold:
/// what the shares would cost, less the premium. Nothing for coins that are sold, and calls: the shares
/// stand for them.
pub(crate) fn reserve(ticket: &Ticket, quote: Option<&Quote>) -> Option<Decimal> {
    match (ticket.side, ticket.class) {
        (Side::Buy, AssetClass::UsEquity | AssetClass::Crypto | AssetClass::UsOption) => {
            cost(ticket, quote)
        }
        (Side::Sell, AssetClass::Crypto) => Some(Decimal::ZERO),
        (Side::Sell, AssetClass::UsEquity) => {
            let ask = quote.and_then(|quote| quote.ask);
            let collar = ask.and_then(|ask| ask.checked_mul(SHORT_COLLAR));
            let limit = limit(ticket);
            match (limit.zip(collar), limit.or(collar).or_else(|| price(ticket, quote))) {
                (Some((limit, collar)), _) => worth(ticket, limit.max(collar)),
                (None, Some(one)) => worth(ticket, one),
                (None, None) => None,
            }
        }
        (Side::Sell, AssetClass::UsOption) => match ticket.symbol.contract() {
            Some(contract) if contract.right == Right::Put => {
                let premium = cost(ticket, quote)?;
                let shares = worth(ticket, contract.strike)?;
                Some(shares.saturating_sub(premium).max(Decimal::ZERO))
            }
            Some(_) | None => Some(Decimal::ZERO),
        },
    }
}

/// Returns how many of it an order is for; an amount is parted by the price, down to nine digits.
pub(crate) fn quantity(ticket: &Ticket, quote: Option<&Quote>) -> Option<Decimal> {
    let parted = || ticket.notional?.checked_div(price(ticket, quote)?);
    ticket.qty.or_else(|| Some(parted()?.trunc_with_scale(9)))
}

/// Returns the worst price of an order; that of an OCO order is the gain it takes.
fn limit(ticket: &Ticket) -> Option<Decimal> {
    match ticket.order_class {
        OrderClass::Oco => ticket.take_profit.or(ticket.limit_price),
        OrderClass::Simple | OrderClass::Bracket | OrderClass::Oto => ticket.limit_price,
    }
}

fn price(ticket: &Ticket, quote: Option<&Quote>) -> Option<Decimal> {
    let far = || quote.and_then(|quote| quote.far(ticket.side));
    match ticket.order_type {
        OrderType::Market | OrderType::TrailingStop => far(),
        OrderType::Limit | OrderType::StopLimit => limit(ticket).or_else(far),
        OrderType::Stop => ticket.stop_price.or_else(far),
    }
}

fn worth(ticket: &Ticket, price: Decimal) -> Option<Decimal> {
    let shares = match ticket.class {
        AssetClass::UsEquity | AssetClass::Crypto => Decimal::ONE,
        AssetClass::UsOption => Decimal::ONE_HUNDRED,
    };
    let worth = ticket.qty?.checked_mul(price)?.checked_mul(shares)?;
    Some(worth.abs())
}
