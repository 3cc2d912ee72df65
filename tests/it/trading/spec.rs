//! What goes to the broker and what the exchange answers, held against the broker's own two documents.
//!
//! `tests/openapi` has the paths and schemas of Alpaca's Trading API 2.0.1 and Market Data API 1.1 that are
//! needed here (read 2026-11-20), without their texts.

mod client;
mod documents;
mod exceptions;
mod exchange;
mod orders;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use documents::{MARKET_DATA, TRADING, reply_faults, request_faults};

/// Checks what is sent: path, parameters and body.
#[track_caller]
fn check_request(method: &str, path_and_query: &str, body: Option<&Value>) {
    let faults = request_faults(method, path_and_query, body);
    assert!(faults.is_empty(), "{method} {path_and_query}\n{}", faults.join("\n"));
}

/// Checks what is answered: status and body.
#[track_caller]
fn check_reply(method: &str, path: &str, status: u16, body: Option<&Value>) {
    let faults = reply_faults(method, path, status, body);
    assert!(faults.is_empty(), "{method} {path}: {status}\n{}", faults.join("\n"));
}

#[test]
fn the_documents_are_the_ones_that_were_read() {
    for (text, sum) in [
        (TRADING, "b633607e046aabc8fb8feaf00b97bc4d540cb60081742685082bf535796825ec"),
        (MARKET_DATA, "a3f01bb399021ecb6ca054e28acdcb7942df81985ee8cee92fa273f516dbd108"),
    ] {
        let found = format!("{:x}", Sha256::digest(text));

        assert_eq!(found, sum);
    }
}

#[test]
fn a_request_that_the_documents_do_not_know_is_found_out() {
    let order = json!({ "symbol": "AAPL", "side": "buy", "qty": "1", "type": "market" });
    let table = [
        ("GET", "/v2/order", None, "there is no such path"),
        ("PUT", "/v2/account", None, "there is no such verb"),
        ("GET", "/v2/orders?nest=true", None, "query nest: there is no such parameter"),
        ("GET", "/v2/orders?status=done", None, "query status: \"done\" is not one of"),
        ("GET", "/v2/orders?limit=many", None, "query limit: \"many\" is not of type \"integer\""),
        ("GET", "/v2/orders/17", None, "path order_id: \"17\" is not a \"uuid\""),
        ("GET", "/v2/orders:by_client_order_id", None, "query client_order_id: it is missing"),
        ("GET", "/v1beta3/crypto/mars/latest/quotes?symbols=BTC/USD", None, "path loc: \"mars\""),
        ("POST", "/v2/orders", None, "body: it is missing"),
        ("GET", "/v2/clock", Some(&order), "body: there is none here"),
        ("POST", "/v2/orders", Some(&order), "body: \"time_in_force\" is a required property"),
    ];
    for (method, path, body, fault) in table {
        let faults = request_faults(method, path, body);

        assert!(faults.iter().any(|found| found.starts_with(fault)), "{path}: {faults:?}");
    }
}

#[test]
fn an_answer_that_the_documents_do_not_know_is_found_out() {
    let account = json!({ "id": "1", "status": "ACTIVE", "cash": "1e5", "daytrade_count": 1 });
    let table = [
        ("/v2/account", 200, Some(&account), "body /id: \"1\" is not a \"uuid\""),
        ("/v2/account", 200, Some(&account), "body /cash: \"1e5\" is not a \"decimal\""),
        ("/v2/account", 200, Some(&account), "body: Unevaluated properties are not allowed"),
        ("/v2/account", 204, None, "there is no such status"),
        ("/v2/account", 403, Some(&account), "body: \"code\" is a required property"),
        ("/v2/account", 200, None, "body: it is missing"),
    ];
    for (path, status, body, fault) in table {
        let faults = reply_faults("GET", path, status, body);

        assert!(faults.iter().any(|found| found.starts_with(fault)), "{path}: {faults:?}");
    }
}
