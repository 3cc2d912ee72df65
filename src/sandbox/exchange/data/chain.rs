//! Snapshots of all options of a share.

use serde_json::{Map, Value, json};

use super::latest::feed;
use super::params::{Wanted, token};
use super::{Answer, Desk, Refusal};
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;

/// Answers `/v1beta1/options/snapshots/{underlying}`, ordered by symbol, without bars.
pub(super) fn snapshots(desk: &Desk<'_>, underlying: &str) -> Answer {
    let refuse = Refusal::bad;
    feed(desk, AssetClass::UsOption)?;
    let root = super::params::checked(underlying, AssetClass::UsEquity)?;
    let limit = desk.limit(100, 1000, refuse)?;
    let after = desk.page(refuse)?.unwrap_or_default();
    let wanted = Wanted::read(desk, refuse)?;
    let since = desk.moment("updated_since", AssetClass::UsOption, refuse)?;
    let fresh = |symbol: &Symbol| {
        let quoted = desk.market.quote(symbol, desk.now).map(|quote| quote.at);
        since.is_none_or(|since| quoted.is_some_and(|at| at >= since))
    };
    let chain = desk.market.chain(&root, desk.now).into_iter();
    let mut symbols: Vec<Symbol> = chain
        .filter(|listed| listed.option.as_ref().is_some_and(|own| wanted.holds(&own.contract)))
        .map(|listed| listed.symbol)
        .filter(|symbol| symbol.as_str() > after.as_str() && fresh(symbol))
        .collect();
    symbols.sort();
    let more = symbols.len() > limit;
    symbols.truncate(limit);
    let next = symbols.last().filter(|_| more).map(|symbol| token(symbol.as_str()));
    let rows = symbols.iter().filter_map(|symbol| Some((symbol.to_string(), row(desk, symbol)?)));
    Ok(json!({ "snapshots": rows.collect::<Map<_, _>>(), "next_page_token": next }))
}

fn row(desk: &Desk<'_>, symbol: &Symbol) -> Option<Value> {
    let mut body = Map::new();
    body.insert("latestTrade".to_owned(), desk.trade(symbol)?);
    body.insert("latestQuote".to_owned(), desk.quote(symbol)?);
    body.extend(greeks(desk, symbol));
    Some(Value::Object(body))
}

/// Returns an option's greeks and implied volatility; nothing for what is none.
pub(super) fn greeks(desk: &Desk<'_>, symbol: &Symbol) -> Vec<(String, Value)> {
    let Some((greeks, volatility)) = desk.market.greeks(symbol, desk.now) else {
        return Vec::new();
    };
    let four = |value: f64| (value * 10_000.0).round() / 10_000.0;
    let values = json!({
        "delta": four(greeks.delta),
        "gamma": four(greeks.gamma),
        "theta": four(greeks.theta),
        "vega": four(greeks.vega),
        "rho": four(greeks.rho),
    });
    vec![("greeks".to_owned(), values), ("impliedVolatility".to_owned(), json!(four(volatility)))]
}
