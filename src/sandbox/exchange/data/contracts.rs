//! Contracts of options.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::params::{Wanted, token};
use super::{Answer, Desk, Refusal, assets};
use crate::api::trading::symbol::Right;
use crate::broker::calendar;
use crate::broker::ticket::plain;
use crate::sandbox::exchange::prices::{Derived, Listed};

/// Answers `/v2/options/contracts`: the active ones, until the next weekend unless expiries are
/// asked for, ordered by symbol.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    let refuse = Refusal::unprocessable;
    let limit = desk.limit(100, 10_000, refuse)?;
    let after = desk.page(refuse)?.unwrap_or_default();
    let wanted = Wanted::read(desk, refuse)?.until(weekend(calendar::date(desk.now)));
    let deliverables = desk.flag("show_deliverables")?.unwrap_or(false);
    let penny = desk.flag("ppind")?;
    let query = &desk.call.query;
    let none = query.get("status") == Some("inactive") || query.get("style") == Some("european");
    let mut found: Vec<Listed> = if none { Vec::new() } else { under(desk) };
    found.retain(|listed| {
        let fits = |option: &Derived| {
            wanted.holds(&option.contract) && penny.is_none_or(|penny| option.ppind == penny)
        };
        listed.symbol.as_str() > after.as_str() && listed.option.as_ref().is_some_and(fits)
    });
    found.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|listed| token(listed.symbol.as_str()));
    let rows: Vec<_> =
        found.iter().filter_map(|listed| contract(desk, listed, deliverables)).collect();
    Ok(json!({ "option_contracts": rows, "next_page_token": next }))
}

/// Answers `/v2/options/contracts/{symbol_or_id}`.
pub(super) fn one(desk: &Desk<'_>, name: &str) -> Answer {
    let symbol = desk.market.resolve(name).map(|(symbol, _)| symbol);
    let listed = symbol.and_then(|symbol| desk.market.listed(&symbol, desk.now));
    let body = listed.and_then(|listed| contract(desk, &listed, true));
    body.ok_or_else(|| Refusal::not_found(format!("option contract {name} not found")))
}

/// Returns `call` or `put`.
pub(super) fn word(right: Right) -> &'static str {
    match right {
        Right::Call => "call",
        Right::Put => "put",
    }
}

/// Returns the options of the shares that are asked for, each share once; of all if none is named. What has no
/// options has none here, so that nobody can ask for more than there is.
fn under(desk: &Desk<'_>) -> Vec<Listed> {
    let names: BTreeSet<&str> = desk.list("underlying_symbols").into_iter().collect();
    let roots = desk.market.assets().map(|listed| &listed.symbol).filter(|symbol| {
        let asked = names.is_empty() || names.contains(symbol.as_str());
        asked && desk.market.has_options(symbol)
    });
    roots.flat_map(|root| desk.market.chain(root, desk.now)).collect()
}

/// Returns the Sunday on or after a day.
fn weekend(today: Date) -> Date {
    let ahead = 6 - i64::from(today.weekday().to_monday_zero_offset());
    today.checked_add(ahead.days()).unwrap_or(today)
}

fn contract(desk: &Desk<'_>, listed: &Listed, deliverables: bool) -> Option<Value> {
    let option = listed.option.as_ref()?;
    let contract = &option.contract;
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("id", json!(listed.id));
    set("symbol", json!(listed.symbol));
    set("name", json!(listed.name));
    set("status", json!(assets::status_of(listed)));
    set("tradable", json!(listed.tradable));
    set("expiration_date", json!(contract.expiry.to_string()));
    set("root_symbol", json!(contract.root));
    set("underlying_symbol", json!(contract.root));
    set("underlying_asset_id", json!(option.underlying_id));
    set("type", json!(word(contract.right)));
    set("style", json!("american"));
    set("strike_price", json!(plain(contract.strike)));
    set("multiplier", json!("100"));
    set("size", json!("100"));
    set("ppind", json!(option.ppind));
    let before = calendar::previous(calendar::date(desk.now).min(contract.expiry));
    let (size, _) = desk.market.sizes(&listed.symbol, before.open);
    set("open_interest", json!(plain(size * rust_decimal::Decimal::TEN)));
    set("open_interest_date", json!(before.date.to_string()));
    if let Some(price) = desk.market.last(&listed.symbol, before.close) {
        set("close_price", json!(plain(price)));
        set("close_price_date", json!(before.date.to_string()));
    }
    if deliverables {
        set(
            "deliverables",
            json!([{
                "type": "equity",
                "symbol": contract.root,
                "asset_id": option.underlying_id,
                "amount": "100",
                "allocation_percentage": "100",
                "settlement_type": "T+1",
                "settlement_method": "CCC",
                "delayed_settlement": false,
            }]),
        );
    }
    Some(Value::Object(body))
}
