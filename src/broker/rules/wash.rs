//! Wash trades: an order that would trade with an open one of the same account.
//!
//! Source: Alpaca docs, "Wash trade protection" (2026-09): orders with exits, their legs, and trailing stops
//! are exempt.

use super::{Facts, Refusal, Resting};
use crate::api::trading::words::{OrderClass, OrderType, Side};
use crate::broker::ticket::Ticket;

/// Refuses an order that could meet an open one of the other side. Two limits meet where the one that buys
/// pays at least what the other asks; a market or a stop order on either side meets everything.
pub(super) fn trade(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    if is_exempt(ticket.order_class, ticket.order_type) {
        return Ok(());
    }
    match facts.open.iter().flatten().find(|order| meets(ticket, order)) {
        None => Ok(()),
        Some(order) => {
            let kind = if is_limited(order.order_type) { "limit" } else { "market/stop" };
            Err(Refusal::forbidden("potential wash trade detected. use complex orders")
                .with("existing_order_id", order.id.as_str())
                .with("reject_reason", format!("opposite side {kind} order exists")))
        }
    }
}

fn meets(ticket: &Ticket, order: &Resting) -> bool {
    if order.side == ticket.side || is_exempt(order.order_class, order.order_type) {
        return false;
    }
    if !is_limited(ticket.order_type) || !is_limited(order.order_type) {
        return true;
    }
    let (buys, sells) = match ticket.side {
        Side::Buy => (ticket.limit_price, order.limit_price),
        Side::Sell => (order.limit_price, ticket.limit_price),
    };
    buys.zip(sells).is_some_and(|(buys, sells)| buys >= sells)
}

fn is_exempt(class: OrderClass, order_type: OrderType) -> bool {
    class != OrderClass::Simple || order_type == OrderType::TrailingStop
}

fn is_limited(order_type: OrderType) -> bool {
    match order_type {
        OrderType::Limit | OrderType::StopLimit => true,
        OrderType::Market | OrderType::Stop | OrderType::TrailingStop => false,
    }
}
