//! Every request that the commands make, held against the documents.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check_request;
use crate::support::{Naive, Received, Upstream};

const CALL: &str = "AAPL301220C00100000";
const ID: &str = "61e69015-8549-4bfd-b9c3-01e75843f47d";
const ASSET: &str = "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415";

/// What becomes of orders that nobody may place at any hour.
const HOURS: &[&str] = &[
    "opg orders must be submitted after 7:00pm and before 9:28am",
    "cls orders must be submitted after 7:00pm and before 3:50pm",
    "options market orders are only allowed during market hours",
];

/// A broker that has and takes everything.
struct Desk {
    naive: Naive,
    upstream: Upstream,
}

impl Desk {
    fn new() -> Self {
        let upstream = Upstream::new(|request| {
            let (status, body) = answer(request);
            (status, body.to_string())
        });
        let naive = Naive::new().env("NAIVE_PROFILE", "local");
        let base = format!("trading configure --broker-url {}", upstream.url);
        let _ = naive.run(&base).exits(0);
        let link = "trading connect --accept-disclosure --api-key-id PK1 --api-secret-key -";
        let _ = naive.fed(link, "a-long-secret\n").exits(0);
        Self { naive, upstream }
    }

    fn does(&self, line: &str) {
        let _ = self.naive.run(&format!("--json trading {line}")).exits(0);
    }

    /// Places an order, if the hour allows it.
    fn orders(&self, flags: &str) {
        let run = self.naive.run(&format!("--json trading order {flags}"));
        let text = run.json()["error"]["message"].clone();
        let late = text.as_str().is_some_and(|text| HOURS.contains(&text));
        assert!(run.status == 0 || late, "{flags}: {text}");
    }

    /// Checks all that was sent, and returns the verbs and paths among it.
    fn checked(&self) -> BTreeSet<String> {
        let sent = self.upstream.received();
        for one in &sent {
            let body = (!one.body.is_empty()).then(|| serde_json::from_str(&one.body).unwrap());
            check_request(&one.method, &one.path, body.as_ref());
        }
        let path = |one: &Received| one.path.split('?').next().unwrap_or_default().to_owned();
        sent.iter().map(|one| format!("{} {}", one.method, path(one))).collect()
    }

    fn posted(&self) -> Vec<Value> {
        let posts = self.upstream.received().into_iter().filter(|one| one.method == "POST");
        posts.map(|one| serde_json::from_str(&one.body).unwrap()).collect()
    }
}

fn answer(request: &Received) -> (u16, Value) {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let body = match (request.method.as_str(), path) {
        ("GET", "/v2/account") => json!({
            "id": ID, "account_number": "PA1", "status": "ACTIVE", "crypto_status": "ACTIVE",
            "cash": "100000", "buying_power": "100000", "non_marginable_buying_power": "100000",
            "options_buying_power": "100000", "equity": "100000", "last_equity": "100000",
            "shorting_enabled": true, "options_trading_level": 3,
        }),
        ("GET", "/v2/account/portfolio/history") => json!({
            "timestamp": [1_580_826_600], "equity": [27_423.73], "profit_loss": [11.8],
            "profit_loss_pct": [0.000_430_469_507_254_8], "base_value": 27_411.93, "timeframe": "1D",
        }),
        ("GET", "/v2/assets" | "/v2/positions") => json!([]),
        ("GET", "/v2/assets/BTC%2FUSD" | "/v2/assets/BTCUSD") => asset("BTC/USD", "crypto"),
        ("GET", "/v2/assets/AAPL") => asset("AAPL", "us_equity"),
        ("GET", _) if path.starts_with("/v2/options/contracts/") => json!({
            "id": ID, "symbol": CALL, "name": "a call", "status": "active", "tradable": true,
            "expiration_date": "2030-12-20", "root_symbol": "AAPL", "underlying_symbol": "AAPL",
            "underlying_asset_id": ASSET, "type": "call", "style": "american",
            "strike_price": "100", "size": "100", "multiplier": "100", "ppind": true,
        }),
        ("GET", _) if path.ends_with("quotes/latest") || path.ends_with("latest/quotes") => {
            let quote = json!({ "t": now(), "bp": 99.98, "bs": 100, "ap": 100.0, "as": 100 });
            json!({ "quotes": { "AAPL": quote, "BTC/USD": quote, CALL: quote } })
        }
        ("GET", _) if path.starts_with("/v2/positions/") => json!({
            "asset_id": ASSET, "symbol": path.rsplit('/').next(), "asset_class": "us_equity",
            "qty": "100", "qty_available": "100", "avg_entry_price": "90", "side": "long",
            "market_value": "10000", "current_price": "100",
        }),
        // A whole page, and then no more.
        ("GET", "/v2/orders") if query.contains("limit=500") && query.contains("status=closed") => {
            let rows = if query.contains("before_order_id") { 0 } else { 500 };
            std::iter::repeat_n(json!({ "id": ID, "status": "filled" }), rows).collect()
        }
        ("GET", "/v2/orders") => json!([]),
        ("GET", _) if path.starts_with("/v2/orders") => json!({ "id": ID, "status": "new" }),
        ("DELETE", _) => return (204, Value::Null),
        ("POST", "/v2/orders") => {
            let mut order: Value = serde_json::from_str(&request.body).unwrap();
            order["id"] = json!(ID);
            order["status"] = json!("accepted");
            order
        }
        _ => return (404, json!({ "code": 40_410_000, "message": "endpoint not found" })),
    };
    (200, body)
}

fn asset(symbol: &str, class: &str) -> Value {
    json!({
        "id": ASSET, "class": class, "symbol": symbol, "status": "active", "tradable": true,
        "fractionable": true, "shortable": true, "easy_to_borrow": true, "marginable": true,
        "exchange": "NASDAQ", "min_order_size": "0.0001", "min_trade_increment": "0.0001",
        "price_increment": "0.01",
    })
}

/// Returns a time that is never stale.
fn now() -> &'static str {
    "2030-01-01T15:00:00Z"
}

#[test]
fn what_only_looks_asks_as_the_documents_say() {
    let desk = Desk::new();
    for line in [
        "account",
        "history",
        "history --period 7D --timeframe 15Min",
        "assets",
        "assets --asset-class crypto --status inactive",
        "assets --asset-class us_option --search app",
        "positions",
        "position AAPL",
        "position BTC/USD",
        "orders",
        "orders --status open --limit 7 --side buy",
        "orders --status all --side sell --symbols AAPL,BTC/USD",
        "orders --after 2026-11-01T00:00:00Z --until 2026-11-27T12:30:00-05:00",
        "orders --status closed --all",
        "reconcile",
        "limits",
    ] {
        desk.does(line);
    }
    desk.does(&format!("get-order {ID}"));
    desk.does(&format!("quote --symbols AAPL,BTC/USD,{CALL}"));
    let odd = desk.naive.with("--json trading get-order", &["mine & yours/100% +1"]);
    let _ = odd.exits(0);

    let paths = desk.checked();

    for path in [
        "/v2/account",
        "/v2/account/portfolio/history",
        "/v2/assets",
        "/v2/positions",
        "/v2/positions/BTCUSD",
        "/v2/orders",
        &format!("/v2/orders/{ID}"),
        "/v2/orders:by_client_order_id",
        "/v2/stocks/quotes/latest",
        "/v1beta3/crypto/us/latest/quotes",
        "/v1beta1/options/quotes/latest",
    ] {
        assert!(paths.contains(&format!("GET {path}")), "{path} is not in {paths:#?}");
    }
}

/// Returns the flags of an order type, bought.
fn typed(kind: &str) -> String {
    let prices = match kind {
        "limit" => "--limit-price 99.5",
        "stop" => "--stop-price 105",
        "stop_limit" => "--stop-price 105 --limit-price 106",
        "trailing_stop" => "--trail-price 2.5",
        _ => "",
    };
    format!("--side buy --type {kind} {prices}")
}

#[test]
fn orders_of_every_type_and_time_in_force_go_out_as_the_documents_say() {
    let desk = Desk::new();
    let table: &[(&str, &[&str], &[&str])] = &[
        ("AAPL", &["market", "limit", "stop", "stop_limit", "trailing_stop"], &["day", "gtc"]),
        ("AAPL", &["market", "limit"], &["ioc", "fok", "opg", "cls"]),
        ("BTC/USD", &["market", "limit", "stop_limit"], &["gtc", "ioc"]),
        (CALL, &["market", "limit", "stop", "stop_limit"], &["day"]),
        (CALL, &["limit"], &["gtc"]),
    ];
    for (symbol, kinds, times) in table {
        for kind in *kinds {
            for tif in *times {
                desk.orders(&format!("--symbol {symbol} --qty 1 {} --tif {tif}", typed(kind)));
            }
        }
    }

    let _ = desk.checked();

    let sent = desk.posted();
    let column = |name: &str| -> BTreeSet<String> {
        sent.iter().filter_map(|order| order[name].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(column("type").len(), 5);
    assert!(column("time_in_force").len() >= 4, "{sent:?}");
    assert_eq!(column("symbol").len(), 3);
}

#[test]
fn orders_of_every_class_and_form_go_out_as_the_documents_say() {
    let desk = Desk::new();
    for flags in [
        "--side buy --qty 1 --order-class simple",
        "--side buy --qty 1 --take-profit 120",
        "--side buy --qty 1 --stop-loss 80",
        "--side buy --qty 1 --stop-loss 80 --stop-loss-limit 79 --order-class oto",
        "--side buy --qty 1 --take-profit 120 --stop-loss 80 --tif gtc",
        "--side buy --qty 1 --take-profit 120 --stop-loss 80 --stop-loss-limit 79",
        "--side sell --qty 1 --type limit --order-class oco --take-profit 120 --stop-loss 80",
        "--side sell --qty 1 --type trailing_stop --trail-percent 1.5",
        "--side buy --qty 0.5",
        "--side buy --notional 25.5",
        "--side sell --qty 1 --type limit --limit-price 101 --extended-hours",
        "--side sell --qty 1 --position-intent sell_to_close",
        "--side buy --qty 1 --position-intent buy_to_open --idempotency-key mine/1",
    ] {
        desk.orders(&format!("--symbol AAPL {flags}"));
    }
    desk.does("order --symbol BTCUSD --side buy --notional 25");
    desk.does("order --symbol BTC/USD --side sell --qty 0.5123");
    let taken = desk.posted().len();

    desk.does("preview --symbol AAPL --side buy --qty 2");
    desk.does("order --dry-run --symbol AAPL --side buy --qty 2");

    let _ = desk.checked();
    let sent = desk.posted();
    assert_eq!((taken, sent.len()), (15, 15));
    let classes: BTreeSet<_> =
        sent.iter().filter_map(|order| order["order_class"].as_str()).collect();
    assert_eq!(classes, BTreeSet::from(["bracket", "oco", "oto"]));
}

#[test]
fn what_is_cancelled_and_closed_is_so_as_the_documents_say() {
    let desk = Desk::new();
    for line in [
        &format!("cancel {ID}"),
        "cancel mine-1",
        "close AAPL",
        "close AAPL --qty 1.5",
        "close BTC/USD --percentage 33.3",
    ] {
        desk.does(line);
    }

    let paths = desk.checked();

    assert!(paths.contains(&format!("DELETE /v2/orders/{ID}")), "{paths:#?}");
    assert_eq!(desk.posted().len(), 3);
}
