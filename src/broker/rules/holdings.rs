//! What an order does to what is held: it opens, closes, sells what is there, or goes short.

use rust_decimal::Decimal;

use super::cost::quantity;
use super::{Facts, Refusal};
use crate::api::trading::words::{AssetClass, OrderClass, PositionIntent, Side};
use crate::broker::ticket::{Ticket, plain};

/// Least equity of an account that sells short, in dollars (source: Alpaca docs, "Margin and short selling").
pub(crate) const SHORT_EQUITY: Decimal = Decimal::from_parts(2000, 0, 0, false, 0);

/// Tells whether an order opens a position or adds to one; none where that is not known. Coins are never
/// opened by selling them.
pub(super) fn opens(ticket: &Ticket, facts: &Facts) -> Option<bool> {
    if ticket.class == AssetClass::Crypto {
        return Some(ticket.side == Side::Buy);
    }
    match (facts.held, ticket.side) {
        (Some(held), Side::Buy) => Some(held.qty >= Decimal::ZERO),
        (Some(held), Side::Sell) => Some(held.qty <= Decimal::ZERO),
        (None, _) => ticket.intent.map(|intent| match intent {
            PositionIntent::BuyToOpen | PositionIntent::SellToOpen => true,
            PositionIntent::BuyToClose | PositionIntent::SellToClose => false,
        }),
    }
}

/// Refuses an order that does something else than it says.
pub(super) fn intent(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let Some(said) = ticket.intent else { return Ok(()) };
    let inferred = match (ticket.side, opens(ticket, facts).unwrap_or(true)) {
        (Side::Buy, true) => PositionIntent::BuyToOpen,
        (Side::Buy, false) => PositionIntent::BuyToClose,
        (Side::Sell, true) => PositionIntent::SellToOpen,
        (Side::Sell, false) => PositionIntent::SellToClose,
    };
    Refusal::unless(said == inferred, || {
        let words = format!("position intent mismatch, inferred: {inferred}, specified: {said}");
        Refusal::unfit(words)
    })
}

/// Refuses an entry that closes.
pub(super) fn entry(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let enters = match ticket.order_class {
        OrderClass::Simple | OrderClass::Oco => false,
        OrderClass::Bracket | OrderClass::Oto => true,
    };
    Refusal::unless(!enters || opens(ticket, facts) != Some(false), || {
        Refusal::unfit(format!("{} orders must be entry orders", ticket.order_class))
    })
}

/// Refuses an exit that opens.
pub(super) fn exit(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let exits = ticket.order_class == OrderClass::Oco;
    Refusal::unless(!exits || opens(ticket, facts) != Some(true), || {
        Refusal::unfit("oco orders must be exit orders")
    })
}

/// Refuses to go long and short at once.
pub(super) fn both_ways(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let asked = ticket.class == AssetClass::UsEquity && opens(ticket, facts) == Some(true);
    let mut open = facts.open.iter().flatten();
    let meets = asked && open.any(|order| order.opens && order.side != ticket.side);
    Refusal::unless(!meets, || {
        Refusal::forbidden(match ticket.side {
            Side::Buy => "cannot open a long buy while a short sell order is open",
            Side::Sell => "cannot open a short sell while a long buy order is open",
        })
    })
}

/// Refuses to close more than is held, or than open orders leave of it. That is also the answer to an order
/// that would turn a position around in one go.
pub(super) fn available(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let closes = ticket.class != AssetClass::Crypto && opens(ticket, facts) == Some(false);
    let held = facts.held.filter(|_| closes);
    let Some((held, qty)) = held.zip(quantity(ticket, facts.quote.as_ref())) else {
        return Ok(());
    };
    Refusal::unless(qty <= held.available, || {
        let (requested, available) = (plain(qty), plain(held.available));
        let words = "insufficient qty available for order";
        let existing = held.qty.abs();
        let open = facts.open.iter().flatten().filter(|order| order.side == ticket.side);
        let related: Vec<String> = open.map(|order| order.id.clone()).collect();
        Refusal::forbidden(format!("{words} (requested: {requested}, available: {available})"))
            .with("available", available)
            .with("existing_qty", plain(existing))
            .with("held_for_orders", plain(existing.saturating_sub(held.available)))
            .with("related_orders", related)
            .with("symbol", ticket.symbol.as_str())
    })
}

/// Refuses to sell coins that are not there: fees come out of what was bought, so it is less than was ordered.
pub(super) fn balance(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let sells = ticket.class == AssetClass::Crypto && ticket.side == Side::Sell;
    let held = facts.held.filter(|_| sells);
    let Some((held, qty)) = held.zip(quantity(ticket, facts.quote.as_ref())) else {
        return Ok(());
    };
    let coin = ticket.symbol.as_str().split('/').next().unwrap_or_default();
    Refusal::unless(qty <= held.available, || short_of(coin, qty, held.available, held.qty))
}

/// Returns the no to an order that lacks coins, or the money for them.
pub(super) fn short_of(
    coin: &str,
    asked: Decimal,
    available: Decimal,
    balance: Decimal,
) -> Refusal {
    let (requested, available) = (plain(asked), plain(available));
    let numbers = format!("(requested: {requested}, available: {available})");
    Refusal::forbidden(format!("insufficient balance for {coin} {numbers}"))
        .with("available", available)
        .with("balance", plain(balance))
        .with("symbol", coin)
}

/// Refuses to short parts of a share.
pub(super) fn short_whole(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    Refusal::unless(!shorts(ticket, facts) || !ticket.is_fractional(), || {
        Refusal::unfit("fractional orders cannot be sold short")
    })
}

/// Refuses to short what cannot be borrowed easily; shares that were located first are not known here.
pub(super) fn shortable(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let lent = |asset: &super::Asset| {
        asset.shortable != Some(false) && asset.easy_to_borrow != Some(false)
    };
    Refusal::unless(!shorts(ticket, facts) || facts.listed().is_none_or(lent), || {
        Refusal::unfit(format!("asset \"{}\" cannot be sold short", ticket.symbol))
    })
}

/// Refuses to short for an account that may not, or is too small.
pub(super) fn may_short(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let may = |account: &super::Funds| {
        account.shorting_enabled != Some(false)
            && account.equity.is_none_or(|equity| equity >= SHORT_EQUITY)
    };
    Refusal::unless(!shorts(ticket, facts) || facts.account.as_ref().is_none_or(may), || {
        Refusal::forbidden("account is not allowed to short")
    })
}

/// Tells whether an order is certain to sell shares short.
pub(super) fn shorts(ticket: &Ticket, facts: &Facts) -> bool {
    ticket.class == AssetClass::UsEquity
        && ticket.side == Side::Sell
        && opens(ticket, facts) == Some(true)
}
