//! What an order says by itself: its amounts, prices and exits, before anyone asks what it is for.

use rust_decimal::Decimal;

use super::{Facts, Refusal};
use crate::api::trading::words::{OrderClass, OrderType};
use crate::broker::ticket::Ticket;

/// Smallest trail in percent.
const LEAST_TRAIL: Decimal = Decimal::from_parts(1, 0, 0, false, 1);

/// Refuses prices of zero and less. Only the words for limit and stop prices were seen.
pub(super) fn prices_above_zero(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let prices = [
        (ticket.limit_price, "limit price must be > 0"),
        (ticket.stop_price, "stop price must be > 0"),
        (ticket.trail_price, "trail_price must be > 0"),
        (ticket.take_profit, "invalid take_profit.limit_price: must be > 0"),
        (ticket.stop_loss, "invalid stop_loss.stop_price: must be > 0"),
        (ticket.stop_loss_limit, "invalid stop_loss.limit_price: must be > 0"),
    ];
    prices.into_iter().try_for_each(|(price, words)| {
        let holds = price.is_none_or(|price| price > Decimal::ZERO);
        Refusal::unless(holds, || Refusal::malformed(words))
    })
}

/// Refuses an order for nothing.
pub(super) fn amount_given(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(ticket.qty.is_some() || ticket.notional.is_some(), || {
        Refusal::malformed("qty or notional is required")
    })
}

/// Refuses an order for so many of it and for so many dollars.
pub(super) fn amount_once(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(ticket.qty.is_none() || ticket.notional.is_none(), || {
        Refusal::malformed("only one of qty or notional is accepted")
    })
}

/// Refuses quantities of zero and less.
pub(super) fn qty_above_zero(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(ticket.qty.is_none_or(|qty| qty > Decimal::ZERO), || {
        Refusal::malformed("qty must be > 0")
    })
}

/// Refuses a type without its prices, or with prices of another one. The limit of an OCO order is its
/// `take_profit`. The words for prices that a limit, stop or trailing order has no use for were not seen.
pub(super) fn prices_of_type(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let (limit, stop) = (ticket.limit_price.is_some(), ticket.stop_price.is_some());
    let (holds, words) = match ticket.order_type {
        OrderType::Market => (!limit && !stop, "market orders require no stop or limit price"),
        OrderType::Limit if !limit && ticket.order_class != OrderClass::Oco => {
            (false, "limit orders require a limit price")
        }
        OrderType::Limit => (!stop, "limit orders require no stop price"),
        OrderType::Stop if !stop => (false, "stop orders require a stop price"),
        OrderType::Stop => (!limit, "stop orders require no limit price"),
        OrderType::StopLimit => {
            (limit && stop, "stop limit orders require both stop and limit price")
        }
        OrderType::TrailingStop => {
            (!limit && !stop, "trailing stop orders require no stop or limit price")
        }
    };
    Refusal::unless(holds, || Refusal::malformed(words))
}

/// Refuses a trailing stop without exactly one trail, and a trail on anything else. The word for the trail
/// of a market order stands for all types.
pub(super) fn trail(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let (price, percent) = (ticket.trail_price.is_some(), ticket.trail_percent.is_some());
    let kind = match ticket.order_type {
        OrderType::Market => "market",
        OrderType::Limit => "limit",
        OrderType::Stop => "stop",
        OrderType::StopLimit => "stop limit",
        OrderType::TrailingStop => {
            let one = "trailing stop orders must specify one of trail_price or trail_percent";
            Refusal::unless(price != percent, || Refusal::malformed(one))?;
            let least = "trail_percent must be greater than or equal to 0.1";
            let holds = ticket.trail_percent.is_none_or(|percent| percent >= LEAST_TRAIL);
            return Refusal::unless(holds, || Refusal::malformed(least));
        }
    };
    let field = if price { "trail_price" } else { "trail_percent" };
    Refusal::unless(!price && !percent, || {
        Refusal::malformed(format!("{kind} orders must not have {field}"))
    })
}

/// Refuses a class without its exits. Exits on a simple order are refused although the broker drops them
/// without a word: a loss that nobody cuts is the dearer mistake. The words for OCO were not seen.
pub(super) fn exits_of_class(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let (gain, loss) = (ticket.take_profit.is_some(), ticket.stop_loss.is_some());
    let words = match ticket.order_class {
        OrderClass::Simple if gain || loss || ticket.stop_loss_limit.is_some() => {
            "simple orders must not have take_profit or stop_loss"
        }
        OrderClass::Bracket if !gain => "bracket orders require take_profit.limit_price",
        OrderClass::Bracket if !loss => "bracket orders require stop_loss.stop_price",
        OrderClass::Oto if gain == loss => "oto orders require either take_profit or stop_loss",
        OrderClass::Oco if ticket.order_type != OrderType::Limit => {
            "oco orders must be limit orders"
        }
        OrderClass::Oco if !gain => "oco orders require take_profit.limit_price",
        OrderClass::Oco if !loss => "oco orders require stop_loss.stop_price",
        OrderClass::Simple | OrderClass::Bracket | OrderClass::Oto | OrderClass::Oco => {
            return Ok(());
        }
    };
    Err(Refusal::malformed(words))
}
