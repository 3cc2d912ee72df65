//! What an order is called and what it names: the account's stop, the id, the asset.

use super::{Facts, Listing, Refusal};
use crate::api::trading::words::AssetClass;
use crate::broker::ticket::Ticket;

/// Most characters of an id (source: Alpaca Trading API 2.0.1, `client_order_id`).
const LONGEST_ID: usize = 128;

/// Refuses everything while the account takes no orders.
pub(super) fn suspended(_: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let blocked = facts.account.as_ref().and_then(|account| account.blocked);
    Refusal::unless(blocked != Some(true), || {
        Refusal::forbidden("new orders are rejected by user request")
    })
}

/// Refuses an id that is too long.
pub(super) fn id_length(ticket: &Ticket, _: &Facts) -> Result<(), Refusal> {
    Refusal::unless(ticket.client_order_id.chars().count() <= LONGEST_ID, || {
        Refusal::malformed("client_order_id must be no more than 128 characters")
    })
}

/// Refuses an id that was used; asked before anything that changes with time, so that an order sent twice
/// is always told so.
pub(super) fn id_unique(_: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    Refusal::unless(!facts.id_taken, || Refusal::malformed("client_order_id must be unique"))
}

/// Refuses what the broker does not list.
pub(super) fn listed(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    match facts.asset {
        Listing::Unasked | Listing::Listed(_) => Ok(()),
        Listing::Unlisted => Err(Refusal::unfit(format!("{} not found", named(ticket)))),
    }
}

/// Refuses what is no longer traded.
pub(super) fn active(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    Refusal::unless(facts.listed().and_then(|asset| asset.active) != Some(false), || {
        match ticket.class {
            AssetClass::UsEquity | AssetClass::Crypto => {
                Refusal::malformed(format!("asset {} is not active", ticket.symbol))
            }
            AssetClass::UsOption => Refusal::unfit(format!("{} is not active", named(ticket))),
        }
    })
}

/// Refuses what may not be traded.
pub(super) fn tradable(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    Refusal::unless(facts.listed().and_then(|asset| asset.tradable) != Some(false), || {
        Refusal::unfit(format!("{} is not tradable", named(ticket)))
    })
}

fn named(ticket: &Ticket) -> String {
    match ticket.class {
        AssetClass::UsEquity | AssetClass::Crypto => format!("asset \"{}\"", ticket.symbol),
        AssetClass::UsOption => format!("contract \"{}\"", ticket.symbol),
    }
}
