//! How numbers, times and orders are written.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{OrderClass, OrderType};
use crate::sandbox::exchange::core::Order;

/// Writes a number as a text without exponent and without zeros at the end.
pub(super) fn text(number: Decimal) -> String {
    if number.is_zero() { "0".to_owned() } else { number.normalize().to_string() }
}

/// Writes dollars, to a cent.
pub(super) fn cents(number: Decimal) -> String {
    text(number.round_dp(2))
}

fn maybe(number: Option<Decimal>) -> Option<String> {
    number.map(text)
}

fn stamp(at: Option<Millis>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// Returns a symbol as positions have it: a coin without its slash.
pub(super) fn held_symbol(symbol: &Symbol) -> String {
    symbol.as_str().replace('/', "")
}

/// Writes an order; its legs only where they are given.
pub(super) fn order(order: &Order, legs: Option<&[Order]>) -> Value {
    let legs = legs.filter(|legs| !legs.is_empty());
    let legs = legs.map(|legs| legs.iter().map(|leg| self::order(leg, None)).collect::<Vec<_>>());
    let class = match order.order_class {
        OrderClass::Simple => "",
        OrderClass::Bracket | OrderClass::Oco | OrderClass::Oto => order.order_class.as_str(),
    };
    let mut body = times(order);
    let rest = json!({
        "asset_id": order.asset_id,
        "symbol": order.symbol,
        "asset_class": order.class,
        "notional": maybe(order.notional),
        "qty": maybe(order.qty),
        "filled_qty": text(order.filled_qty),
        "filled_avg_price": maybe(order.filled_avg_price()),
        "order_class": class,
        "order_type": order.order_type,
        "type": order.order_type,
        "side": order.side,
        "position_intent": order.intent,
        "time_in_force": order.time_in_force,
        "limit_price": maybe(order.limit_price),
        "stop_price": maybe(order.stop_price),
        "status": order.status,
        "extended_hours": order.extended_hours,
        "legs": legs,
        "trail_percent": maybe(order.trail_percent),
        "trail_price": maybe(order.trail_price),
        "hwm": maybe(order.hwm).filter(|_| order.order_type == OrderType::TrailingStop),
        "subtag": null,
        "source": null,
    });
    if let Value::Object(rest) = rest {
        body.extend(rest);
    }
    if let (Some(group), Some(role)) = (&order.group, order.role) {
        body.insert("group_id".to_owned(), json!(group));
        body.insert("group_role".to_owned(), json!(role));
    }
    Value::Object(body)
}

fn times(order: &Order) -> Map<String, Value> {
    let times = json!({
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "submitted_at": order.submitted_at,
        "filled_at": stamp(order.filled_at),
        "expired_at": stamp(order.expired_at),
        "expires_at": stamp(order.expires_at),
        "canceled_at": stamp(order.canceled_at),
        "failed_at": stamp(order.failed_at),
        "replaced_at": stamp(order.replaced_at),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
    });
    match times {
        Value::Object(times) => times,
        _ => Map::new(),
    }
}
