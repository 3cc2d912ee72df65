//! How much can be ordered: parts of shares, dollars, the smallest quantities.

use rust_decimal::Decimal;

use super::{Facts, Refusal};
use crate::api::trading::words::{AssetClass, OrderClass, OrderType, TimeInForce};
use crate::broker::ticket::{Ticket, plain};

/// Most digits after the point of a quantity (source: Alpaca docs, "Fractional trading").
const QTY_PLACES: u32 = 9;
/// Most digits after the point of an amount: the docs say nine, the API says two.
const NOTIONAL_PLACES: u32 = 2;

/// Refuses options by amount.
pub(super) fn option_notional(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(ticket.class != AssetClass::UsOption || ticket.notional.is_none(), || {
        Refusal::unfit("notional orders are not supported for options trading")
    })
}

/// Refuses parts of a contract.
pub(super) fn option_whole(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let whole = ticket.qty.is_none_or(|qty| qty.fract().is_zero());
    Refusal::unless(ticket.class != AssetClass::UsOption || whole, || {
        Refusal::unfit("qty must be integer for options trading")
    })
}

/// Refuses parts of a cent.
pub(super) fn notional_places(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let holds = ticket.notional.is_none_or(|amount| amount.normalize().scale() <= NOTIONAL_PLACES);
    Refusal::unless(holds, || Refusal::unfit("notional value must be limited to 2 decimal places"))
}

/// Refuses amounts under a dollar; what coins need beyond that is asked with their cost.
pub(super) fn notional_floor(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(ticket.notional.is_none_or(|amount| amount >= Decimal::ONE), || {
        Refusal::unfit("notional must be >= 1.00")
    })
}

/// Refuses quantities with more digits than the broker keeps (words not seen).
pub(super) fn qty_places(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    let holds = ticket.qty.is_none_or(|qty| qty.normalize().scale() <= QTY_PLACES);
    Refusal::unless(holds, || Refusal::unfit("qty must be limited to 9 decimal places"))
}

/// Refuses parts of a share for longer or shorter than a day.
pub(super) fn fraction_day(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(!parted(ticket) || ticket.time_in_force == TimeInForce::Day, || {
        Refusal::unfit("fractional orders must be DAY orders")
    })
}

/// Refuses parts of a share with exits.
pub(super) fn fraction_simple(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(!parted(ticket) || ticket.order_class == OrderClass::Simple, || {
        Refusal::unfit("fractional orders must be simple orders")
    })
}

/// Refuses parts of a share by trailing stop (words not seen).
pub(super) fn fraction_type(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(!parted(ticket) || ticket.order_type != OrderType::TrailingStop, || {
        Refusal::unfit("fractional orders must be market, limit, stop or stop limit orders")
    })
}

/// Refuses parts of shares that come whole only.
pub(super) fn fractionable(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let whole = facts.listed().and_then(|asset| asset.fractionable) == Some(false);
    Refusal::unless(!parted(ticket) || !whole, || {
        Refusal::forbidden(format!("asset \"{}\" is not fractionable", ticket.symbol))
    })
}

/// Refuses dust.
pub(super) fn crypto_floor(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let least = facts.listed().and_then(|asset| asset.min_order_size);
    match (ticket.class, ticket.qty, least) {
        (AssetClass::Crypto, Some(qty), Some(least)) => Refusal::unless(qty >= least, || {
            let least = plain(least);
            Refusal::forbidden(format!("order qty must be >= minimal qty of order {least}"))
        }),
        (AssetClass::Crypto | AssetClass::UsEquity | AssetClass::UsOption, _, _) => Ok(()),
    }
}

fn parted(ticket: &Ticket) -> bool {
    ticket.class == AssetClass::UsEquity && ticket.is_fractional()
}
