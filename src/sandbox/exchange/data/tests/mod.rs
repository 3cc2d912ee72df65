//! What clients of the market data rely on.

mod assets;
mod calendar;
mod markets;
mod specs;

use axum::body::Bytes;
use axum::http::{Method, Request};
use serde_json::Value;

use super::answer;
use crate::api::time::Millis;
use crate::sandbox::exchange::prices::Market;
use crate::sandbox::http::Call;

/// A Wednesday, at noon in New York.
const NOON: &str = "2026-11-25T17:00:00Z";

/// Asks at a moment; returns status and body.
fn ask_at(now: &str, target: &str) -> (u16, Value) {
    let (parts, ()) = Request::builder().uri(target).body(()).unwrap().into_parts();
    let call = Call::new(&parts, Bytes::new());
    let market = Market::new(7, Vec::new(), Vec::new(), Vec::new());
    let now: Millis = now.parse().unwrap();
    let response = answer(&market, now, &call, &call.path()).unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    (status, serde_json::from_slice(&runtime.block_on(body).unwrap()).unwrap())
}

fn ask(target: &str) -> Value {
    let (status, body) = ask_at(NOON, target);
    assert_eq!(status, 200, "{target}: {body}");
    body
}

/// Returns status, code and message of a refusal.
fn refused(target: &str) -> (u16, Option<u64>, String) {
    let (status, body) = ask_at(NOON, target);
    (status, body["code"].as_u64(), body["message"].as_str().unwrap_or_default().to_owned())
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn other_paths_and_verbs_are_left_to_others() {
    let market = Market::default();
    for (method, target) in [
        (Method::GET, "/v2/account"),
        (Method::GET, "/v2/stocks/quotes"),
        (Method::GET, "/v1beta1/options/bars/latest"),
        (Method::POST, "/v2/clock"),
    ] {
        let (parts, ()) =
            Request::builder().method(method).uri(target).body(()).unwrap().into_parts();
        let call = Call::new(&parts, Bytes::new());

        assert!(answer(&market, Millis(0), &call, &call.path()).is_none(), "{target}");
    }
}
