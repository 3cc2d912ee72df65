//! Shares and coins.

use serde_json::{Map, Value, json};

use super::{Answer, Desk, Refusal};
use crate::api::trading::words::AssetClass;
use crate::broker::ticket::plain;
use crate::sandbox::exchange::prices::Listed;

/// Answers `/v2/assets`: shares, unless another class is asked for.
pub(super) fn list(desk: &Desk<'_>) -> Value {
    let query = &desk.call.query;
    let (classes, attributes) = (desk.list("asset_class"), desk.list("attributes"));
    let (exchange, status) = (query.get("exchange"), query.get("status"));
    let class = |listed: &Listed| match classes.as_slice() {
        [] => listed.class == AssetClass::UsEquity,
        some => some.contains(&listed.class.as_str()),
    };
    let found = desk.market.assets().filter(|listed| {
        let own = attributes_of(desk, listed);
        class(listed)
            && exchange.is_none_or(|exchange| listed.exchange == exchange)
            && status.is_none_or(|status| status == "all" || status_of(listed) == status)
            && (attributes.is_empty() || attributes.iter().any(|name| own.contains(name)))
    });
    found.map(|listed| asset(desk, listed)).collect()
}

/// Answers `/v2/assets/{symbol_or_id}`.
pub(super) fn one(desk: &Desk<'_>, name: &str) -> Answer {
    let symbol = desk.market.resolve(name).map(|(symbol, _)| symbol);
    let listed = symbol.and_then(|symbol| desk.market.listed(&symbol, desk.now));
    match listed.filter(|listed| listed.option.is_none()) {
        Some(listed) => Ok(asset(desk, &listed)),
        None => Err(Refusal::not_found(format!("asset not found for {name}"))),
    }
}

/// Returns the word for whether something is active.
pub(super) fn status_of(listed: &Listed) -> &'static str {
    if listed.active { "active" } else { "inactive" }
}

fn attributes_of(desk: &Desk<'_>, listed: &Listed) -> Vec<&'static str> {
    let mut attributes = Vec::new();
    if listed.class == AssetClass::UsEquity {
        if listed.fractionable {
            attributes.push("fractional_eh_enabled");
        }
        if desk.market.has_options(&listed.symbol) {
            attributes.push("has_options");
        }
    }
    attributes
}

fn asset(desk: &Desk<'_>, listed: &Listed) -> Value {
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("id", json!(listed.id));
    set("class", json!(listed.class));
    set("exchange", json!(listed.exchange));
    set("symbol", json!(listed.symbol));
    set("name", json!(listed.name));
    set("status", json!(status_of(listed)));
    set("tradable", json!(listed.tradable));
    set("marginable", json!(listed.marginable));
    if listed.class == AssetClass::UsEquity {
        let (long, short) = if listed.marginable { (30, 30) } else { (100, 100) };
        set("maintenance_margin_requirement", json!(long));
        set("margin_requirement_long", json!(long.to_string()));
        set("margin_requirement_short", json!(short.to_string()));
        let word = if listed.shortable { "easy_to_borrow" } else { "hard_to_borrow" };
        set("borrow_status", json!(word));
    }
    set("shortable", json!(listed.shortable));
    set("easy_to_borrow", json!(listed.shortable));
    set("fractionable", json!(listed.fractionable));
    for (name, value) in [
        ("min_order_size", listed.min_order_size),
        ("min_trade_increment", listed.min_trade_increment),
        ("price_increment", listed.price_increment),
    ] {
        if let Some(value) = value {
            set(name, json!(plain(value)));
        }
    }
    set("attributes", json!(attributes_of(desk, listed)));
    Value::Object(body)
}
