//! Which types, times in force and classes each market takes.

use super::{Facts, Refusal};
use crate::api::trading::words::{AssetClass, OrderClass, OrderType, TimeInForce};
use crate::broker::ticket::Ticket;

/// Refuses the types that coins do not have.
pub(super) fn crypto_type(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let coins = ticket.class == AssetClass::Crypto;
    Refusal::unless(
        !coins || !matches!(ticket.order_type, OrderType::Stop | OrderType::TrailingStop),
        || Refusal::malformed("invalid order type for crypto order"),
    )
}

/// Refuses what wakes up later in an order that does not wait, and orders with exits that do not stay.
/// These words were seen for times in force that nobody knows; for a pair that does not go together the
/// broker's were not.
pub(super) fn tif_of_type(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let stays = match ticket.time_in_force {
        TimeInForce::Day | TimeInForce::Gtc => true,
        TimeInForce::Opg | TimeInForce::Cls | TimeInForce::Ioc | TimeInForce::Fok => false,
    };
    let waits = match ticket.order_type {
        OrderType::Market | OrderType::Limit => false,
        OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => true,
    };
    let holds = match ticket.class {
        AssetClass::UsEquity => stays || !waits && ticket.order_class == OrderClass::Simple,
        AssetClass::Crypto | AssetClass::UsOption => true,
    };
    Refusal::unless(holds, || Refusal::malformed("invalid time_in_force"))
}

/// Refuses orders with exits where there are none, and trailing stops as part of one (words not seen).
pub(super) fn class_of_market(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let inner = match ticket.order_class {
        OrderClass::Simple => return Ok(()),
        OrderClass::Bracket => "otoco",
        OrderClass::Oco => "oco",
        OrderClass::Oto => "oto",
    };
    match ticket.class {
        AssetClass::UsEquity => {
            Refusal::unless(ticket.order_type != OrderType::TrailingStop, || {
                Refusal::unfit("trailing stop orders must be simple orders")
            })
        }
        AssetClass::Crypto => {
            let words = format!("crypto orders not allowed for advanced order_class: {inner}");
            Err(Refusal::unfit(words))
        }
        AssetClass::UsOption => {
            Err(Refusal::unfit("complex orders not supported for options trading"))
        }
    }
}

/// Refuses the type that options do not have.
pub(super) fn option_type(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let trails = ticket.order_type == OrderType::TrailingStop;
    Refusal::unless(ticket.class != AssetClass::UsOption || !trails, || {
        Refusal::unfit("invalid order type for options trading")
    })
}

/// Refuses options outside of the session.
pub(super) fn option_extended(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(ticket.class != AssetClass::UsOption || !ticket.extended_hours, || {
        Refusal::unfit("extended hours is not supported for options trading")
    })
}

/// Refuses times in force that coins or options do not have: of options only limit orders stay for longer
/// than a day.
pub(super) fn tif_of_market(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let limit = ticket.order_type == OrderType::Limit;
    let (holds, words) = match ticket.class {
        AssetClass::UsEquity => return Ok(()),
        AssetClass::Crypto => (
            matches!(ticket.time_in_force, TimeInForce::Gtc | TimeInForce::Ioc),
            "invalid crypto time_in_force",
        ),
        AssetClass::UsOption => (
            match ticket.time_in_force {
                TimeInForce::Day => true,
                TimeInForce::Gtc => limit,
                TimeInForce::Opg | TimeInForce::Cls | TimeInForce::Ioc | TimeInForce::Fok => false,
            },
            "invalid option time_in_force",
        ),
    };
    Refusal::unless(holds, || Refusal::unfit(words))
}

/// Refuses orders for shares before and after the session, but for plain limit orders that stay. Coins
/// trade around the clock and pass.
pub(super) fn extended(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let plain = ticket.order_type == OrderType::Limit
        && matches!(ticket.time_in_force, TimeInForce::Day | TimeInForce::Gtc)
        && ticket.order_class == OrderClass::Simple;
    let asked = ticket.extended_hours && ticket.class == AssetClass::UsEquity;
    Refusal::unless(!asked || plain, || {
        Refusal::unfit("extended hours order must be DAY or GTC limit orders")
    })
}
