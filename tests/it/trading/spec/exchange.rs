//! Every answer of the exchange, held against the documents, and every request that was good.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{check_reply, check_request};
use crate::browser::{Leashed, request};
use crate::support::Naive;

/// A Monday at half past ten in New York.
const OPEN: &str = "2029-03-05T15:30:00Z";
/// A Friday on which options expire, eleven days later.
const EXPIRY: &str = "2029-03-16";
const KEYS: &str = "APCA-API-KEY-ID: PK-SPEC\r\nAPCA-API-SECRET-KEY: a-long-secret\r\n";

/// A client of the sandbox's exchange.
pub(super) struct Client {
    naive: Naive,
    base: String,
    _served: Leashed,
}

impl Client {
    /// Opens the exchange on a Monday morning, Apple at 200 and Bitcoin at 50,000.
    pub(super) fn on_monday() -> Self {
        let naive = Naive::new();
        for line in [
            &format!("sandbox clock set {OPEN}"),
            "sandbox fills --margin 4",
            "sandbox price set AAPL 200 --spread 0.02",
            "sandbox price set BTC/USD 50000 --spread 2",
        ] {
            let _ = naive.run(line).exits(0);
        }
        let served = Leashed::sandbox(&naive);
        let url = std::fs::read_to_string(naive.home().join("sandbox/sandbox.url")).unwrap();
        let base = format!("{}/brokerage", url.trim().trim_end_matches('/'));
        Self { naive, base, _served: served }
    }

    /// Lets time pass.
    pub(super) fn later(&self, span: &str) {
        let _ = self.naive.run(&format!("sandbox clock advance {span}")).exits(0);
    }

    /// Sends something, and checks what is answered.
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let text = body.map(Value::to_string).unwrap_or_default();
        let headers = format!("{KEYS}Content-Type: application/json\r\n");
        let page = request(method, &format!("{}{path}", self.base), &headers, &text);
        let parsed = || serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{page:?}"));
        let answer: Option<Value> = (!page.body.is_empty()).then(parsed);
        check_reply(method, path, page.status, answer.as_ref());
        assert_eq!(page.header("x-naive-simulated"), Some("true"), "{method} {path}: {page:?}");
        (page.status, answer.unwrap_or_default())
    }

    /// Sends something that is good.
    pub(super) fn does(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        check_request(method, path, body);
        let (status, answer) = self.send(method, path, body);
        assert!(status < 300, "{method} {path} {body:?}: {status} {answer}");
        answer
    }

    /// Sends something that is refused.
    pub(super) fn refused(&self, method: &str, path: &str, body: Option<&Value>, expected: u16) {
        let (status, answer) = self.send(method, path, body);
        assert_eq!(status, expected, "{method} {path} {body:?}: {answer}");
    }

    /// Returns a call on Apple from the middle of its chain.
    pub(super) fn call(&self) -> String {
        let mut calls = self.calls();
        calls.swap_remove(calls.len() / 2)
    }

    /// Returns the calls on Apple, the lowest strike first.
    fn calls(&self) -> Vec<String> {
        let path = "/v2/options/contracts?underlying_symbols=AAPL&type=call";
        let chain = self.reads(&format!("{path}&expiration_date={EXPIRY}"));
        let calls = chain["option_contracts"].as_array().unwrap();
        calls.iter().map(|call| call["symbol"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) fn reads(&self, path: &str) -> Value {
        self.does("GET", path, None)
    }

    /// Places an order, and reads it again as everybody might.
    pub(super) fn orders(&self, body: &Value) -> String {
        let order = self.does("POST", "/v2/orders", Some(body));
        let id = order["id"].as_str().unwrap().to_owned();
        let own = order["client_order_id"].as_str().unwrap();
        let _ = self.reads(&format!("/v2/orders/{id}?nested=true"));
        let _ = self.reads(&format!("/v2/orders:by_client_order_id?client_order_id={own}"));
        id
    }
}

/// Returns an order of one thing, with further fields.
pub(super) fn order(symbol: &str, side: &str, (kind, tif): (&str, &str), more: Value) -> Value {
    let mut order = json!({ "symbol": symbol, "side": side, "type": kind, "time_in_force": tif });
    if more.get("notional").is_none() {
        order["qty"] = json!("1");
    }
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    order
}

/// Returns the rows of a list.
pub(super) fn rows(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[test]
fn what_anybody_may_know_is_answered_as_the_documents_say() {
    let client = Client::on_monday();
    let call = client.call();
    for path in [
        "/v2/clock",
        "/v2/calendar?start=2029-03-01T00:00:00Z&end=2029-04-30T00:00:00Z",
        "/v2/calendar?date_type=SETTLEMENT",
        "/v3/clock?markets=NYSE",
        "/v3/calendar/NYSE?start=2029-03-01&end=2029-03-31",
        "/v2/assets",
        "/v2/assets?status=active&asset_class=crypto",
        "/v2/assets?attributes=has_options&exchange=NASDAQ",
        "/v2/assets/AAPL",
        "/v2/assets/BTC%2FUSD",
        "/v2/assets/BTCUSD",
        "/v2/options/contracts?underlying_symbols=AAPL&limit=5&type=call&style=american",
        "/v2/options/contracts?underlying_symbols=AAPL&expiration_date=2029-03-16&show_deliverables=true",
        "/v2/options/contracts?strike_price_gte=150&strike_price_lte=250&ppind=true&status=active",
        &format!("/v2/options/contracts/{call}"),
    ] {
        assert_ne!(client.reads(path), json!([]), "{path}");
    }
    for path in ["/v2/assets/ZZZZ", "/v2/options/contracts/ZZZZ"] {
        client.refused("GET", path, None, 404);
    }
}

#[test]
fn what_the_markets_do_is_answered_as_the_documents_say() {
    let client = Client::on_monday();
    let call = client.call();
    let span = "start=2029-02-26T00:00:00Z&end=2029-03-05T15:00:00Z&limit=40";
    for path in [
        "/v2/stocks/quotes/latest?symbols=AAPL,SPY&feed=iex",
        "/v2/stocks/trades/latest?symbols=AAPL",
        "/v2/stocks/bars/latest?symbols=AAPL",
        "/v2/stocks/snapshots?symbols=AAPL,MSFT",
        "/v2/stocks/AAPL/quotes/latest",
        "/v2/stocks/AAPL/trades/latest",
        "/v2/stocks/AAPL/bars/latest",
        "/v2/stocks/AAPL/snapshot",
        &format!("/v2/stocks/bars?symbols=AAPL,SPY&timeframe=1Hour&{span}&sort=desc"),
        &format!("/v2/stocks/AAPL/bars?timeframe=1Day&{span}&adjustment=raw"),
        "/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD,ETH/USD",
        "/v1beta3/crypto/us/latest/trades?symbols=BTC%2FUSD",
        "/v1beta3/crypto/us/latest/bars?symbols=BTC/USD",
        "/v1beta3/crypto/us/latest/orderbooks?symbols=BTC/USD",
        "/v1beta3/crypto/us/snapshots?symbols=BTC/USD",
        &format!("/v1beta3/crypto/us/bars?symbols=BTC/USD&timeframe=15Min&{span}"),
        &format!("/v1beta1/options/quotes/latest?symbols={call}&feed=indicative"),
        &format!("/v1beta1/options/trades/latest?symbols={call}"),
        &format!("/v1beta1/options/snapshots?symbols={call}"),
        "/v1beta1/options/snapshots/AAPL?limit=7&type=put&expiration_date=2029-03-16",
        &format!("/v1beta1/options/bars?symbols={call}&timeframe=1Day&{span}"),
    ] {
        assert_ne!(client.reads(path), json!({}), "{path}");
    }
    for (path, status) in [
        ("/v1beta3/crypto/us/latest/quotes?symbols=BTCUSD", 400),
        ("/v1beta3/crypto/us/latest/quotes", 400),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=often", 400),
    ] {
        client.refused("GET", path, None, status);
    }
}

#[test]
fn what_time_does_to_an_account_is_answered_as_the_documents_say() {
    let client = Client::on_monday();
    for line in ["sandbox fills --partial 0.9", "sandbox price clear"] {
        let _ = client.naive.run(line).exits(0);
    }
    // Deep in the money: it is exercised when it ends.
    let call = client.calls().swap_remove(0);
    let market = ("market", "day");
    for body in [
        order("AAPL", "buy", market, json!({ "qty": "20" })),
        order("MSFT", "sell", market, json!({ "qty": "2" })),
        order("BTC/USD", "buy", ("market", "gtc"), json!({ "qty": "0.1" })),
        order(&call, "buy", market, json!({ "qty": "2" })),
        order("SPY", "buy", ("limit", "day"), json!({ "limit_price": "1" })),
    ] {
        let _ = client.orders(&body);
    }
    client.later("2m");
    let short = client.reads("/v2/positions/MSFT");
    assert_eq!(short["side"], "short");
    let contract = client.reads(&format!("/v2/positions/{call}"))["asset_id"].clone();
    let contract = contract.as_str().unwrap();
    let _ = client.does("POST", &format!("/v2/positions/{contract}/exercise"), None);

    for span in ["1h", "23h", "12d"] {
        client.later(span);
        for path in [
            "/v2/account",
            "/v2/account/activities",
            "/v2/account/portfolio/history?period=1M&timeframe=1D",
            "/v2/orders?status=all&nested=true",
            "/v2/positions",
        ] {
            let _ = client.reads(path);
        }
    }

    let all = client.reads("/v2/account/activities");
    let kinds: BTreeSet<_> =
        all.as_array().unwrap().iter().filter_map(|row| row["activity_type"].as_str()).collect();
    assert!(kinds.is_superset(&BTreeSet::from(["FILL", "CFEE", "OPEXC"])), "{kinds:?}");
}

#[test]
fn refusals_are_answered_as_the_documents_say() {
    let client = Client::on_monday();
    let none = "/v2/orders/61e69015-8549-4bfd-b9c3-01e75843f47d";
    for (method, path, status) in [
        ("GET", none, 404),
        ("DELETE", none, 404),
        ("GET", "/v2/orders:by_client_order_id?client_order_id=nobody", 404),
        ("GET", "/v2/positions/AAPL", 404),
        ("DELETE", "/v2/positions/AAPL", 404),
        ("GET", "/v2/positions/ZZZZ", 404),
        ("GET", "/v2/orders?limit=501", 422),
        ("GET", "/v2/orders?status=gone", 422),
        ("GET", "/v2/account/activities?page_size=0", 422),
    ] {
        client.refused(method, path, None, status);
    }
    let market = ("market", "day");
    for (body, status) in [
        (json!([]), 400),
        (json!({}), 422),
        (order("AAPL", "buy", ("limit", "day"), json!({})), 422),
        (order("ZZZZ", "buy", market, json!({})), 422),
        (order("AAPL", "buy", market, json!({ "qty": "900000" })), 403),
        (order("BTC/USD", "sell", ("market", "gtc"), json!({})), 403),
        (order("BTC/USD", "buy", ("stop", "gtc"), json!({ "stop_price": "60000" })), 422),
        (order("AAPL", "buy", ("limit", "day"), json!({ "limit_price": "150.123" })), 422),
        (order("AAPL241213C00250000", "buy", market, json!({})), 422),
    ] {
        client.refused("POST", "/v2/orders", Some(&body), status);
    }
    let page = request("GET", &format!("{}/v2/account", client.base), "", "");
    check_reply("GET", "/v2/account", page.status, serde_json::from_str(&page.body).ok().as_ref());
    assert_eq!(page.status, 401);
}
