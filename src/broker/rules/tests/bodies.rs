//! The numbers that come with a no, and what an order costs.

use serde_json::json;

use super::written::{facts, order};
use super::{check, number};
use crate::broker::rules::{Facts, cost, reserve, reserve_now};

#[test]
fn a_no_brings_the_numbers_behind_it() {
    for (text, known, body) in [
        (
            "buy 10 AAPL market day",
            "bp=1000.5",
            json!({ "code": 40_310_000, "message": "insufficient buying power",
                "buying_power": "1000.5", "cost_basis": "1001" }),
        ),
        (
            "sell 35 AAPL market day",
            "held=35 available=0 open=sell:limit:120 open=buy:limit:80:bracket",
            json!({ "code": 40_310_000,
                "message": "insufficient qty available for order (requested: 35, available: 0)",
                "available": "0", "existing_qty": "35", "held_for_orders": "35",
                "related_orders": ["resting"], "symbol": "AAPL" }),
        ),
        (
            "sell 1 BTC/USD market gtc",
            "held=0.5 available=0.25",
            json!({ "code": 40_310_000,
                "message": "insufficient balance for BTC (requested: 1, available: 0.25)",
                "available": "0.25", "balance": "0.5", "symbol": "BTC" }),
        ),
        (
            "buy 1 AAPL market day",
            "held=5 open=sell:stop:",
            json!({ "code": 40_310_000,
                "message": "potential wash trade detected. use complex orders",
                "existing_order_id": "resting",
                "reject_reason": "opposite side market/stop order exists" }),
        ),
        (
            "buy 1 AAPL market day",
            "held=5 open=sell:limit:120",
            json!({ "code": 40_310_000,
                "message": "potential wash trade detected. use complex orders",
                "existing_order_id": "resting",
                "reject_reason": "opposite side limit order exists" }),
        ),
        (
            "sell 5 AAPL stop day stop=100.5",
            "held=5",
            json!({ "code": 42_210_000, "message": "stop price must be less than current price",
                "market_price": "100", "stop_price": "100.5" }),
        ),
        (
            "buy 5 AAPL market day class=oto tp=99",
            "",
            json!({ "code": 42_210_000,
                "message": "take_profit.limit_price must be >= base_price + 0.01",
                "base_price": "100" }),
        ),
    ] {
        let refusal = check(&order(text), &facts(known)).unwrap_err();

        assert_eq!(refusal.body(), body, "{text}");
    }
}

#[test]
fn a_no_to_options_brings_its_own_numbers() {
    for (text, known, body) in [
        (
            "buy 2 AAPL261218C00100000 limit day limit=190",
            "obp=7267.84",
            json!({ "code": 40_310_000, "message": "insufficient options buying power",
                "options_buying_power": "7267.84", "cost_basis": "38000" }),
        ),
        (
            "sell 1 AAPL261218P00207000 limit day limit=3.9",
            "obp=9395",
            json!({ "code": 40_310_000, "message": "insufficient options buying power for \
                cash-secured put (required: 20310, available: 9395)",
                "buying_power": "9395", "required_options_buying_power": "20310" }),
        ),
        (
            "sell 1 AAPL261218C00100000 limit day limit=2",
            "under=50",
            json!({ "code": 40_310_000, "message": "insufficient underlying qty available for \
                covered call (required: 100, available: 50)",
                "available_qty": "50", "required_qty": "100", "symbol": "AAPL261218C00100000" }),
        ),
    ] {
        let refusal = check(&order(text), &facts(known)).unwrap_err();

        assert_eq!(refusal.body(), body, "{text}");
    }
}

#[test]
fn a_cost_is_the_amount_or_the_quantity_at_its_worst_price() {
    let quote = facts("").quote;
    for (text, dollars, set_aside) in [
        ("buy $25 AAPL market day", "25", "25"),
        ("buy 10 AAPL market day", "1001", "1001"),
        ("sell 10 AAPL market day", "999", "1031.03"),
        ("sell 10 AAPL limit day limit=120", "1200", "1200"),
        ("sell 10 AAPL limit day limit=90", "900", "1031.03"),
        ("buy 10 AAPL limit day limit=90", "900", "900"),
        ("buy 10 AAPL stop day stop=110", "1100", "1100"),
        ("buy 10 AAPL stop_limit day stop=110 limit=111", "1110", "1110"),
        ("buy 10 AAPL trailing_stop day trail=1", "1001", "1001"),
        ("sell 10 AAPL limit day class=oco tp=110 sl=90", "1100", "1100"),
        ("buy 0.5 BTC/USD market gtc", "50.05", "50.05"),
        ("sell 0.5 BTC/USD market gtc", "49.95", "0"),
        ("buy 2 AAPL261218C00100000 limit day limit=2", "400", "400"),
        ("sell 2 AAPL261218C00100000 limit day limit=2", "400", "0"),
        ("sell 2 AAPL261218P00100000 limit day limit=2", "400", "19600"),
    ] {
        let ticket = order(text);

        assert_eq!(cost(&ticket, quote.as_ref()), Some(number(dollars)), "{text}");
        assert_eq!(reserve(&ticket, quote.as_ref()), Some(number(set_aside)), "{text}");
    }
}

#[test]
fn a_price_that_nobody_knows_is_no_cost() {
    let mut quote = facts("").quote.unwrap();
    quote.ask = None;

    assert_eq!(cost(&order("buy 1 AAPL market day"), None), None);
    assert_eq!(cost(&order("buy 1 AAPL market day"), Some(&quote)), None);
    assert_eq!(reserve(&order("sell 1 AAPL261218P00100000 market day"), None), None);
    assert_eq!(cost(&order("buy $5 AAPL market day"), None), Some(number("5")));
    assert_eq!(cost(&order("buy 1 AAPL limit day limit=9"), None), Some(number("9")));
}

#[test]
fn a_purchase_at_the_market_is_reckoned_at_its_middle_outside_of_the_session() {
    let quote = facts("").quote;
    let reckoned = |text: &str, now: &str| {
        let now = Some(now.parse().unwrap());
        reserve_now(&order(text), &Facts { now, quote, ..Facts::default() })
    };
    for (text, session, early, night) in [
        ("buy 10 AAPL market day", "1001", "1000", "1000"),
        ("buy 10 AAPL limit day limit=90", "900", "900", "900"),
        ("sell 10 AAPL market day", "1031.03", "1031.03", "1031.03"),
        ("buy $25 AAPL market day", "25", "25", "25"),
        ("buy 0.5 BTC/USD market gtc", "50.05", "50.05", "50.05"),
    ] {
        let all = ["2026-11-23T15:00:00Z", "2026-11-23T14:00:00Z", "2026-11-24T03:00:00Z"]
            .map(|now| reckoned(text, now));

        assert_eq!(all, [session, early, night].map(|dollars| Some(number(dollars))), "{text}");
    }
}
