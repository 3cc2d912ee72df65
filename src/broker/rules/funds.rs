//! What an order costs, against what it has to cost and what the account can pay.

use rust_decimal::Decimal;

use super::cost::reserve_now;
use super::holdings::{opens, short_of, shorts};
use super::{Facts, Refusal, cost};
use crate::api::trading::words::{AssetClass, Side};
use crate::broker::ticket::{Ticket, plain};

/// Least that an order for coins costs, in dollars (source: the broker's answers; the list of assets says less).
const LEAST_COINS: Decimal = Decimal::TEN;
/// Most that an order for coins costs, in dollars (source: Alpaca docs, "Crypto orders").
const MOST_COINS: Decimal = Decimal::from_parts(200_000, 0, 0, false, 0);

/// Refuses orders for coins under ten dollars and for parts of a share under one. What sells all that is held
/// passes, or the rest could never be sold.
pub(super) fn floor(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let least = match ticket.class {
        AssetClass::Crypto => LEAST_COINS,
        AssetClass::UsEquity if ticket.is_fractional() => Decimal::ONE,
        AssetClass::UsEquity | AssetClass::UsOption => return Ok(()),
    };
    let held = facts.held.map(|held| held.qty);
    let all = ticket.side == Side::Sell && ticket.qty.is_some() && ticket.qty == held;
    let cost = cost(ticket, facts.quote.as_ref());
    Refusal::unless(all || cost.is_none_or(|cost| cost >= least), || {
        Refusal::forbidden(format!("cost basis must be >= minimal amount of order {least}"))
    })
}

/// Refuses the largest orders for coins (words not seen).
pub(super) fn ceiling(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let coins = ticket.class == AssetClass::Crypto;
    let cost = cost(ticket, facts.quote.as_ref());
    Refusal::unless(!coins || cost.is_none_or(|cost| cost <= MOST_COINS), || {
        Refusal::forbidden(format!("cost basis must be <= maximal amount of order {MOST_COINS}"))
    })
}

/// Refuses shares, bought or sold short, that the account cannot pay for.
pub(super) fn shares(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let bought = ticket.side == Side::Buy && opens(ticket, facts) == Some(true);
    let asked = ticket.class == AssetClass::UsEquity && (bought || shorts(ticket, facts));
    let power = facts.account.as_ref().and_then(|account| account.buying_power);
    pays(ticket, facts, power.filter(|_| asked), ("insufficient buying power", "buying_power"))
}

/// Refuses coins that the account has no cash for.
pub(super) fn coins(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let asked = ticket.class == AssetClass::Crypto && ticket.side == Side::Buy;
    let power = facts.account.as_ref().and_then(|account| account.non_marginable_buying_power);
    let power = power.filter(|_| asked);
    let Some((power, cost)) = power.zip(cost(ticket, facts.quote.as_ref())) else {
        return Ok(());
    };
    let money = ticket.symbol.as_str().split('/').nth(1).unwrap_or("USD");
    Refusal::unless(cost <= power, || short_of(money, cost, power, power))
}

/// Refuses options that are bought and cannot be paid for.
pub(super) fn premium(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let bought = ticket.side == Side::Buy && opens(ticket, facts) == Some(true);
    let asked = ticket.class == AssetClass::UsOption && bought;
    let power = facts.account.as_ref().and_then(|account| account.options_buying_power);
    let words = ("insufficient options buying power", "options_buying_power");
    pays(ticket, facts, power.filter(|_| asked), words)
}

fn pays(
    ticket: &Ticket,
    facts: &Facts,
    power: Option<Decimal>,
    (words, field): (&str, &str),
) -> Result<(), Refusal> {
    let Some((power, cost)) = power.zip(reserve_now(ticket, facts)) else {
        return Ok(());
    };
    Refusal::unless(cost <= power, || {
        Refusal::forbidden(words).with(field, plain(power)).with("cost_basis", plain(cost))
    })
}
