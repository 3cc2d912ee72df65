//! Orders as they come over the wire.

use serde_json::{Value, json};

use super::written::order;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;
use crate::broker::rules::{Refusal, parse};
use crate::broker::ticket::Ticket;

/// An exchange that lists three things, and takes coins in both spellings.
fn resolve(text: &str) -> Option<(Symbol, AssetClass)> {
    let (symbol, class) = match text {
        "AAPL" | "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415" => ("AAPL", AssetClass::UsEquity),
        "BTC/USD" | "BTCUSD" => ("BTC/USD", AssetClass::Crypto),
        "AAPL261218C00100000" => (text, AssetClass::UsOption),
        _ => return None,
    };
    Some((symbol.parse().ok()?, class))
}

fn read(body: &Value) -> Result<Ticket, Refusal> {
    parse(body, resolve, "made".to_owned())
}

/// A plain order with some fields in place of others.
fn with(fields: Value) -> Value {
    let mut body = json!({ "symbol": "AAPL", "side": "buy", "type": "market",
        "time_in_force": "day", "qty": "1" });
    let all = body.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    body
}

#[test]
fn what_is_malformed_is_told_in_the_brokers_words() {
    let broken = (400, 40_010_000, "request body format is invalid");
    let wrong = |words| (422, 40_010_001, words);
    for (body, (status, code, words)) in [
        (json!([]), broken),
        (json!("buy"), broken),
        (with(json!({ "qty": "many" })), broken),
        (with(json!({ "qty": "" })), broken),
        (with(json!({ "qty": true })), broken),
        (with(json!({ "qty": "1_0" })), broken),
        (with(json!({ "qty": "10000000000" })), broken),
        (with(json!({ "limit_price": [] })), broken),
        (with(json!({ "side": 1 })), broken),
        (with(json!({ "extended_hours": "yes" })), broken),
        (with(json!({ "take_profit": "110" })), broken),
        (with(json!({ "stop_loss": { "stop_price": "x" } })), broken),
        (with(json!({ "client_order_id": 7 })), broken),
        (with(json!({ "symbol": null })), wrong("symbol is required")),
        (with(json!({ "side": "hold" })), wrong("invalid side")),
        (with(json!({ "side": null })), wrong("invalid side")),
        (with(json!({ "type": "iceberg" })), wrong("invalid order type")),
        (with(json!({ "type": null })), wrong("invalid order type")),
        (with(json!({ "time_in_force": "gtd" })), wrong("invalid time_in_force")),
        (with(json!({ "time_in_force": null })), wrong("invalid time_in_force")),
        (with(json!({ "order_class": "otoco" })), wrong("invalid order_class")),
        (with(json!({ "position_intent": "hedge" })), wrong("invalid position_intent")),
        (with(json!({ "qty": null })), wrong("qty or notional is required")),
        (with(json!({ "notional": 5 })), wrong("only one of qty or notional is accepted")),
        (with(json!({ "symbol": "ZZZZ" })), (422, 42_210_000, "asset \"ZZZZ\" not found")),
        (with(json!({ "symbol": "aapl" })), (422, 42_210_000, "asset \"aapl\" not found")),
        (
            with(json!({ "order_class": "mleg" })),
            (422, 42_210_000, "mleg orders are not simulated: send one order for each leg"),
        ),
        (
            with(json!({ "legs": [{ "symbol": "AAPL261218C00100000" }] })),
            (422, 42_210_000, "mleg orders are not simulated: send one order for each leg"),
        ),
    ] {
        let refusal = read(&body).unwrap_err();

        assert_eq!(refusal, Refusal::new(status, code, words), "{body}");
    }
}

#[test]
fn numbers_texts_and_nulls_are_all_understood() {
    let same = order("buy 1 AAPL market day");
    for body in [
        with(json!({})),
        with(json!({ "qty": 1 })),
        with(json!({ "qty": 1.0, "limit_price": null, "extended_hours": null })),
        with(json!({ "qty": "1.000", "order_class": "", "client_order_id": null })),
        with(json!({ "qty": "1e0", "legs": null, "position_intent": "", "client_order_id": "" })),
        with(json!({ "symbol": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415", "take_profit": null })),
        with(json!({ "order_class": "simple", "subtag": "x", "advanced_instructions": {} })),
    ] {
        let ticket = read(&body);

        assert_eq!(ticket, Ok(Ticket { client_order_id: "made".into(), ..same.clone() }), "{body}");
    }
}

#[test]
fn exits_and_ids_are_read() {
    let body = with(json!({ "order_class": "bracket", "client_order_id": "mine",
        "take_profit": { "limit_price": 110.5 },
        "stop_loss": { "stop_price": "90", "limit_price": 89, "trail_percent": "1" } }));

    let ticket = read(&body).unwrap();

    let same = order("buy 1 AAPL market day class=bracket tp=110.5 sl=90 sll=89");
    assert_eq!(ticket, Ticket { client_order_id: "mine".into(), ..same });
}

#[test]
fn coins_lose_digits_that_the_broker_does_not_keep() {
    let body = with(json!({ "symbol": "BTCUSD", "qty": "0.12345678987", "time_in_force": "gtc" }));

    let ticket = read(&body).unwrap();

    assert_eq!(ticket.qty, Some(super::number("0.123456789")));
    assert_eq!(ticket.symbol.as_str(), "BTC/USD");
}

#[test]
fn an_option_that_nobody_lists_is_left_to_the_rules() {
    let ticket = read(&with(json!({ "symbol": "AAPL241213C00250000" }))).unwrap();

    assert_eq!(ticket.class, AssetClass::UsOption);
    let refusal = super::check(&ticket, &super::facts("unlisted")).unwrap_err();
    assert_eq!(refusal.message, "contract \"AAPL241213C00250000\" is expired");
}
