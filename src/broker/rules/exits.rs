//! Prices that have to lie on one side of others: exits of their entry, stops of the market.

use rust_decimal::Decimal;

use super::{Facts, Refusal};
use crate::api::trading::words::{OrderClass, OrderType, Side};
use crate::broker::ticket::{Ticket, plain};

/// How far an exit is at least from what it leaves.
const GAP: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// Refuses a gain that is taken where the loss is cut.
pub(super) fn order(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let Some((gain, loss)) = ticket.take_profit.zip(ticket.stop_loss) else { return Ok(()) };
    let (holds, sign) = if is_long(ticket) { (gain > loss, '>') } else { (gain < loss, '<') };
    Refusal::unless(holds, || {
        let words = format!("take_profit.limit_price must be {sign} stop_loss.stop_price");
        Refusal::unfit(words)
    })
}

/// Refuses a gain that is none: the entry is its limit or stop, or else the market.
pub(super) fn gain(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let enters = match ticket.order_class {
        OrderClass::Simple | OrderClass::Oco => false,
        OrderClass::Bracket | OrderClass::Oto => true,
    };
    let base = entry(ticket).or_else(|| facts.market()).filter(|_| enters);
    let Some((gain, base)) = ticket.take_profit.zip(base) else { return Ok(()) };
    beyond("take_profit.limit_price", gain, base, is_long(ticket))
}

/// Refuses a loss that is cut before there is one: beyond the entry, or the gain of an OCO order, and beyond
/// the market too unless the entry itself waits for another one.
pub(super) fn loss(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let entry = match ticket.order_class {
        OrderClass::Simple => return Ok(()),
        OrderClass::Bracket | OrderClass::Oto => entry(ticket),
        OrderClass::Oco => ticket.take_profit,
    };
    let market = match ticket.order_type {
        OrderType::Market | OrderType::Limit => facts.market(),
        OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => None,
    };
    let long = is_long(ticket);
    let base = match (entry, market) {
        (Some(entry), Some(market)) if long => Some(entry.min(market)),
        (Some(entry), Some(market)) => Some(entry.max(market)),
        (one, other) => one.or(other),
    };
    let Some((loss, base)) = ticket.stop_loss.zip(base) else { return Ok(()) };
    beyond("stop_loss.stop_price", loss, base, !long)
}

/// Refuses a stop that the market has already reached.
pub(super) fn stop(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let Some((stop, market)) = ticket.stop_price.zip(facts.market()) else { return Ok(()) };
    let (holds, word) = match ticket.side {
        Side::Buy => (stop > market, "greater"),
        Side::Sell => (stop < market, "less"),
    };
    Refusal::unless(holds, || {
        Refusal::unfit(format!("stop price must be {word} than current price"))
            .with("market_price", plain(market))
            .with("stop_price", plain(stop))
    })
}

/// Tells whether what the exits leave is held, rather than owed.
fn is_long(ticket: &Ticket) -> bool {
    match ticket.order_class {
        OrderClass::Simple | OrderClass::Bracket | OrderClass::Oto => ticket.side == Side::Buy,
        OrderClass::Oco => ticket.side == Side::Sell,
    }
}

fn entry(ticket: &Ticket) -> Option<Decimal> {
    ticket.limit_price.or(ticket.stop_price)
}

fn beyond(field: &str, price: Decimal, base: Decimal, above: bool) -> Result<(), Refusal> {
    let (holds, words) = if above {
        (price >= base.saturating_add(GAP), ">= base_price + 0.01")
    } else {
        (price <= base.saturating_sub(GAP), "<= base_price - 0.01")
    };
    Refusal::unless(holds, || {
        Refusal::unfit(format!("{field} must be {words}")).with("base_price", plain(base))
    })
}
