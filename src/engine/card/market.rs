//! The market beside an order that waits: as it was when the order was asked for, and as it is now.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::api::time::Millis;
use crate::api::trading::account::Object;
use crate::api::trading::amount::Amount;
use crate::api::trading::order::MarketView;

/// Returns the lines of a card about the market, each with its name.
pub(super) fn lines(then: &MarketView, now: Option<&Object>) -> Vec<(&'static str, String)> {
    let asked = quoted(then.bid, then.ask, &format!("{} UTC, {}", then.at.plain(), then.session));
    let mut lines = vec![("market", asked)];
    if let Some(now) = now {
        lines.push(("now", current(then, now)));
    }
    let dollars = |amount: Option<Amount>| amount.map(|amount| format!("{amount} dollars"));
    let known = [
        ("worth", dollars(then.estimated_cost).map(|worth| format!("about {worth}"))),
        ("can pay", dollars(then.buying_power)),
        ("holds", Some(then.position.to_string())),
    ];
    lines.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?))));
    lines
}

/// Returns both sides of a market, with what is to be said of them.
fn quoted(bid: Option<Amount>, ask: Option<Amount>, about: &str) -> String {
    let side = |side: Option<Amount>| side.map_or("none".to_owned(), |price| price.to_string());
    format!("bid {}, ask {} ({about})", side(bid), side(ask))
}

/// Returns the market as it is now, and how far it has moved.
fn current(then: &MarketView, now: &Object) -> String {
    let price = |name: &str| match now.get(name)? {
        Value::Number(number) => number.to_string().parse::<Amount>().ok(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let price = |name| price(name).filter(|price| !price.0.is_zero());
    let (bid, ask) = (price("bp"), price("ap"));
    let at = now.get("t").and_then(Value::as_str).and_then(|at| at.parse::<Millis>().ok());
    let at = at.map_or("?".to_owned(), Millis::plain);
    let moved = moved(then.ask.or(then.bid), ask.or(bid));
    let most = then.max_drift.map(|most| format!(", {most} % at most")).unwrap_or_default();
    quoted(bid, ask, &format!("{at} UTC{moved}{most}"))
}

fn moved(before: Option<Amount>, after: Option<Amount>) -> String {
    let (Some(before), Some(after)) = (before, after) else { return String::new() };
    let part = ((after.0 - before.0) * Decimal::ONE_HUNDRED).checked_div(before.0);
    let sign = if after >= before { "+" } else { "" };
    part.map(|part| format!(", {sign}{} %", part.round_dp(2).normalize())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_card_shows_the_market_then_and_now() {
        let then: MarketView = serde_json::from_value(json!({
            "env": "paper", "account": "PA1", "asset_class": "us_equity",
            "at": "2026-11-20T15:00:00Z", "bid": "189.1", "ask": "189.12",
            "estimated_cost": "378.24", "buying_power": "100000", "position": "0",
            "session": "regular", "max_drift": "1",
        }))
        .unwrap();
        let now =
            json!({"t": "2026-11-20T15:05:00.5Z", "bp": 191.0, "ap": 191.02, "bs": 1, "as": 1});

        let lines = lines(&then, now.as_object());

        let expected = [
            ("market", "bid 189.1, ask 189.12 (2026-11-20 15:00:00 UTC, regular)"),
            ("now", "bid 191, ask 191.02 (2026-11-20 15:05:01 UTC, +1 %, 1 % at most)"),
            ("worth", "about 378.24 dollars"),
            ("can pay", "100000 dollars"),
            ("holds", "0"),
        ];
        let shown: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(shown, expected);
    }
}
