//! What the broker tells, as facts that orders are judged by. Whatever it leaves out is not known.

use rust_decimal::Decimal;
use serde_json::Value;

use super::rules::{Asset, Funds, Held, Resting};
use crate::api::trading::account::Object;
use crate::api::trading::words::{AssetClass, OrderClass, OrderType, Side};

/// Returns a field that holds a text.
pub(crate) fn text_of<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// Returns a field that holds a number, as a text or as one.
pub(crate) fn number_of(object: &Object, name: &str) -> Option<Decimal> {
    number(object.get(name)?)
}

/// Reads a number that is written as a text or as one.
pub(super) fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let text = number.to_string();
            text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn flag_of(object: &Object, name: &str) -> Option<bool> {
    object.get(name)?.as_bool()
}

/// Returns the word of a closed set, where the broker uses one that is known.
fn word_of<T: serde::de::DeserializeOwned>(object: &Object, name: &str) -> Option<T> {
    serde_json::from_value(object.get(name)?.clone()).ok()
}

/// Reads an account.
pub(crate) fn funds(account: &Object) -> Funds {
    let number = |name| number_of(account, name);
    let blocked = ["trading_blocked", "account_blocked", "trade_suspended_by_user"];
    let blocked: Vec<_> = blocked.iter().filter_map(|name| flag_of(account, name)).collect();
    Funds {
        buying_power: number("buying_power"),
        non_marginable_buying_power: number("non_marginable_buying_power"),
        options_buying_power: number("options_buying_power"),
        equity: number("equity"),
        shorting_enabled: flag_of(account, "shorting_enabled"),
        options_level: account.get("options_trading_level").and_then(Value::as_i64),
        blocked: (!blocked.is_empty()).then(|| blocked.contains(&true)),
    }
}

/// Reads an asset, or an option's contract.
pub(crate) fn asset(asset: &Object) -> Asset {
    Asset {
        active: text_of(asset, "status").map(|status| status == "active"),
        tradable: flag_of(asset, "tradable"),
        fractionable: flag_of(asset, "fractionable"),
        shortable: flag_of(asset, "shortable"),
        easy_to_borrow: flag_of(asset, "easy_to_borrow"),
        min_order_size: number_of(asset, "min_order_size"),
        price_increment: number_of(asset, "price_increment"),
        ppind: flag_of(asset, "ppind"),
    }
}

/// Reads a position.
pub(crate) fn held(position: &Object) -> Held {
    let qty = number_of(position, "qty").unwrap_or_default();
    let available = number_of(position, "qty_available").unwrap_or(qty).abs();
    Held { qty, available, underlying_available: None }
}

/// Reads an open order; `None` where it says neither which way it goes nor how.
pub(crate) fn resting(order: &Object) -> Option<Resting> {
    let side: Side = word_of(order, "side")?;
    let order_type: OrderType = word_of(order, "type")?;
    let class: AssetClass = word_of(order, "asset_class").unwrap_or(AssetClass::UsEquity);
    let order_class = word_of(order, "order_class").unwrap_or(OrderClass::Simple);
    let filled = number_of(order, "filled_qty").unwrap_or_default();
    let intent = text_of(order, "position_intent").unwrap_or_default();
    Some(Resting {
        id: text_of(order, "id").unwrap_or_default().to_owned(),
        class,
        side,
        order_type,
        order_class,
        left: number_of(order, "qty").map(|qty| qty - filled),
        limit_price: number_of(order, "limit_price"),
        opens: intent.ends_with("_to_open"),
    })
}
