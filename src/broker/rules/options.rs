//! What only options have: a last day, a session, levels, and cover for what is sold.

use rust_decimal::Decimal;

use super::holdings::opens;
use super::{Facts, Refusal, reserve};
use crate::api::time::Millis;
use crate::api::trading::symbol::{Contract, Right};
use crate::api::trading::words::{AssetClass, OrderType, Side};
use crate::broker::calendar::{self, Phase};
use crate::broker::ticket::{Ticket, plain};

/// How long before the close of its last day a contract is only closed: from 15:30 on.
const LAST_CALL: i64 = 30 * 60_000;
/// The level that allows to buy options.
const LONG: i64 = 2;
/// The level at which the broker reckons options together, and says so in other words.
const SPREADS: i64 = 3;

/// Refuses contracts whose last day is over, also those that the broker no longer lists.
pub(super) fn expired(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let Some((contract, now)) = contract(ticket).zip(facts.now) else { return Ok(()) };
    Refusal::unless(now < end(&contract), || {
        Refusal::unfit(format!("contract \"{}\" is expired", ticket.symbol))
    })
}

/// Refuses market orders while the market is closed.
pub(super) fn market_hours(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let asked = contract(ticket).is_some() && ticket.order_type == OrderType::Market;
    let closed = |now| calendar::phase(now) != Phase::Regular;
    Refusal::unless(!asked || !facts.now.is_some_and(closed), || {
        Refusal::unfit("options market orders are only allowed during market hours")
    })
}

/// Refuses to open what ends within half an hour.
pub(super) fn expires_soon(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let Some((contract, now)) = contract(ticket).zip(facts.now) else { return Ok(()) };
    let late = now >= Millis(end(&contract).0 - LAST_CALL);
    Refusal::unless(!late || opens(ticket, facts) != Some(true), || {
        let symbol = &ticket.symbol;
        let words = format!("contract \"{symbol}\" expires soon, unable to open new positions");
        Refusal::unfit(words)
    })
}

/// Refuses accounts without options; closing what they hold stays possible.
pub(super) fn authorized(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let asked = contract(ticket).is_some() && opens(ticket, facts) != Some(false);
    Refusal::unless(!asked || level_of(facts).is_none_or(|level| level > 0), || {
        Refusal::forbidden("account not authorized to trade options")
    })
}

/// Refuses to buy options at a level that only covers.
pub(super) fn level(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let asked = contract(ticket).is_some()
        && ticket.side == Side::Buy
        && opens(ticket, facts) == Some(true);
    Refusal::unless(!asked || level_of(facts).is_none_or(|level| level >= LONG), || {
        Refusal::forbidden("account not eligible for level2 options trading")
    })
}

/// Refuses to sell calls without the shares. Both words were seen; which of them comes at which level was not.
pub(super) fn covered(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let required = sold(ticket, facts, Right::Call).and(ticket.qty);
    let required = required.map(|qty| qty.saturating_mul(Decimal::ONE_HUNDRED));
    let there = facts.held.and_then(|held| held.underlying_available);
    let Some((required, there)) = required.zip(there) else { return Ok(()) };
    let (needed, available) = (plain(required), plain(there));
    Refusal::unless(required <= there, || {
        if level_of(facts).is_some_and(|level| level >= SPREADS) {
            return Refusal::forbidden("account not eligible to trade uncovered option contracts");
        }
        let words = "insufficient underlying qty available for covered call";
        let numbers = format!("(required: {needed}, available: {available})");
        Refusal::forbidden(format!("{words} {numbers}"))
            .with("available_qty", available.clone())
            .with("required_qty", needed.clone())
            .with("symbol", ticket.symbol.as_str())
    })
}

/// Refuses to sell puts without the money for the shares, less the premium.
pub(super) fn secured(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let required = sold(ticket, facts, Right::Put);
    let required = required.and_then(|_| reserve(ticket, facts.quote.as_ref()));
    let there = facts.account.as_ref().and_then(|account| account.options_buying_power);
    let Some((required, there)) = required.zip(there) else { return Ok(()) };
    let (needed, available) = (plain(required), plain(there));
    Refusal::unless(required <= there, || {
        let words = "insufficient options buying power for cash-secured put";
        let numbers = format!("(required: {needed}, available: {available})");
        Refusal::forbidden(format!("{words} {numbers}"))
            .with("buying_power", available.clone())
            .with("required_options_buying_power", needed.clone())
    })
}

/// Returns the contract where the order opens it by selling it, and it is of that right.
fn sold(ticket: &Ticket, facts: &Facts, right: Right) -> Option<Contract> {
    let opening = ticket.side == Side::Sell && opens(ticket, facts) == Some(true);
    contract(ticket).filter(|contract| opening && contract.right == right)
}

fn level_of(facts: &Facts) -> Option<i64> {
    facts.account.as_ref().and_then(|account| account.options_level)
}

/// Returns the contract of an order for options.
fn contract(ticket: &Ticket) -> Option<Contract> {
    match ticket.class {
        AssetClass::UsOption => ticket.symbol.contract(),
        AssetClass::UsEquity | AssetClass::Crypto => None,
    }
}

/// Returns when a contract ends: with the session of its last day.
fn end(contract: &Contract) -> Millis {
    let usual = calendar::at(contract.expiry, 16, 0);
    calendar::session(contract.expiry).map_or(usual, |session| session.close)
}
