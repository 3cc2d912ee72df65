//! Every answer to an order, and to what is done to it and to what came of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::exchange::{Client, order, rows};

/// Returns shares, by type and by how long they are wanted.
fn shares() -> Vec<Value> {
    let day = |kind, more| order("AAPL", "buy", (kind, "day"), more);
    let low = |tif| order("AAPL", "buy", ("limit", tif), json!({ "limit_price": "150" }));
    let both = json!({ "stop_price": "240", "limit_price": "241" });
    vec![
        day("market", json!({ "qty": "10" })),
        day("market", json!({ "notional": "25" })),
        day("market", json!({ "qty": "0.5" })),
        day("limit", json!({ "limit_price": "150", "extended_hours": true })),
        day("stop", json!({ "stop_price": "240" })),
        day("stop_limit", both),
        low("gtc"),
        low("ioc"),
        low("cls"),
        order("AAPL", "buy", ("limit", "fok"), json!({ "limit_price": "205" })),
        order("MSFT", "buy", ("stop", "gtc"), json!({ "stop_price": "9000" })),
        order("AAPL", "buy", ("trailing_stop", "gtc"), json!({ "trail_percent": "10" })),
        order("AAPL", "sell", ("trailing_stop", "day"), json!({ "trail_price": "50" })),
    ]
}

/// Returns orders with exits, and exits alone.
fn groups() -> Vec<Value> {
    let stop = json!({ "stop_price": "120" });
    let gain = json!({ "limit_price": "260" });
    let limited = json!({ "stop_price": "120", "limit_price": "119" });
    let bracket = json!({ "order_class": "bracket", "take_profit": gain, "stop_loss": limited });
    let resting = json!({
        "limit_price": "150", "order_class": "bracket", "take_profit": gain, "stop_loss": stop,
    });
    let oto = json!({ "limit_price": "150", "order_class": "oto", "stop_loss": stop });
    let oco = json!({ "order_class": "oco", "take_profit": gain, "stop_loss": stop });
    vec![
        order("AAPL", "buy", ("market", "day"), bracket),
        order("AAPL", "buy", ("limit", "gtc"), resting),
        order("AAPL", "buy", ("limit", "day"), oto),
        order("AAPL", "sell", ("limit", "gtc"), oco),
    ]
}

/// Returns coins and contracts.
fn others(call: &str) -> Vec<Value> {
    let coin = |kind, tif, more| order("BTC/USD", "buy", (kind, tif), more);
    let low = json!({ "qty": "0.01", "limit_price": "30000" });
    let high = json!({ "qty": "0.01", "stop_price": "60000", "limit_price": "60100" });
    let intent = json!({ "position_intent": "buy_to_open" });
    vec![
        coin("market", "gtc", json!({ "qty": "0.01" })),
        coin("market", "gtc", json!({ "notional": "25" })),
        coin("limit", "ioc", low.clone()),
        coin("limit", "gtc", low),
        coin("stop_limit", "gtc", high),
        order(call, "buy", ("market", "day"), intent),
        order(call, "buy", ("limit", "gtc"), json!({ "limit_price": "0.05" })),
    ]
}

#[test]
fn orders_of_every_kind_are_answered_as_the_documents_say() {
    let client = Client::on_monday();
    let call = client.call();
    let bodies = [shares(), groups(), others(&call)].concat();
    for body in &bodies {
        let _ = client.orders(body);
        client.later("5s");
    }

    for path in [
        "/v2/orders",
        "/v2/orders?status=all&limit=500&nested=true&direction=asc",
        "/v2/orders?status=closed&side=buy&symbols=AAPL,BTC%2FUSD",
        "/v2/orders?status=all&asset_class=crypto&asset_class=us_option",
        "/v2/orders?after=2029-03-01T00:00:00Z&until=2029-03-09T00:00:00Z",
        "/v2/account/activities",
        "/v2/account/activities/FILL?page_size=3&direction=asc",
        "/v2/account/activities?activity_types=FILL,CFEE",
        "/v2/account/activities?category=non_trade_activity",
        "/v2/positions",
        "/v2/positions/AAPL",
        "/v2/positions/BTCUSD",
        &format!("/v2/positions/{call}"),
    ] {
        assert_ne!(client.reads(path), json!([]), "{path}");
    }
    assert!(rows(&client.reads("/v2/orders?status=all&limit=500")) >= bodies.len());
}

#[test]
fn what_is_done_to_orders_and_positions_is_answered_as_the_documents_say() {
    let client = Client::on_monday();
    for symbol in ["AAPL", "BTC/USD", &client.call()] {
        let tif = if symbol.contains('/') { "gtc" } else { "day" };
        let _ = client.orders(&order(symbol, "buy", ("market", tif), json!({ "qty": "1" })));
    }
    let more = json!({ "qty": "2", "limit_price": "150", "client_order_id": "mine & yours/1" });
    let resting =
        client.does("POST", "/v2/orders", Some(&order("AAPL", "buy", ("limit", "gtc"), more)));
    let own = client.reads("/v2/orders:by_client_order_id?client_order_id=mine%20%26%20yours%2F1");
    assert_eq!(own["id"], resting["id"]);
    let first = resting["id"].as_str().unwrap();

    let changes = json!({ "qty": "3", "limit_price": "151", "time_in_force": "gtc" });
    let new = client.does("PATCH", &format!("/v2/orders/{first}"), Some(&changes));
    let second = new["id"].as_str().unwrap();
    let _ = client.reads(&format!("/v2/orders/{first}"));
    let _ = client.does("DELETE", &format!("/v2/orders/{second}"), None);
    client.later("5s");
    client.refused("DELETE", &format!("/v2/orders/{second}"), None, 422);
    let exits = json!({
        "order_class": "oco", "take_profit": { "limit_price": "260" },
        "stop_loss": { "stop_price": "120" },
    });
    let _ = client.orders(&order("AAPL", "sell", ("limit", "gtc"), exits));
    let closed = client.does("DELETE", "/v2/positions", None);
    let statuses: BTreeSet<_> =
        closed.as_array().unwrap().iter().filter_map(|row| row["status"].as_u64()).collect();
    assert_eq!(statuses, BTreeSet::from([200, 403]), "{closed}");
    client.later("5s");
    assert_ne!(rows(&client.does("DELETE", "/v2/orders", None)), 0);
    let _ = client.orders(&order("MSFT", "buy", ("market", "day"), json!({ "qty": "4" })));
    let _ = client.does("DELETE", "/v2/positions/MSFT?percentage=25", None);
    let _ = client.does("DELETE", "/v2/positions/MSFT?qty=1", None);
    assert_ne!(rows(&client.does("DELETE", "/v2/positions?cancel_orders=true", None)), 0);

    for path in [
        "/v2/account",
        "/v2/account/portfolio/history",
        "/v2/account/portfolio/history?period=1W&timeframe=1D",
        "/v2/account/activities?date=2029-03-05T00:00:00Z",
        "/v2/account/configurations",
    ] {
        let _ = client.reads(path);
    }
    for body in [
        json!({ "no_shorting": true, "trade_confirm_email": "none" }),
        json!({ "max_margin_multiplier": "2", "max_options_trading_level": 1 }),
        json!({ "max_options_trading_level": null, "suspend_trade": true }),
    ] {
        let _ = client.does("PATCH", "/v2/account/configurations", Some(&body));
    }
    assert_eq!(client.reads("/v2/account")["trade_suspended_by_user"], true);
}
