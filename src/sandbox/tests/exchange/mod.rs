//! The paper exchange as a client of the broker meets it.

mod accounts;
mod keeper;
mod listing;
mod memory;
mod orders;
mod positions;
mod refusals;

use std::time::Duration;

use serde_json::{Value, json};

use super::{Reply, World};
use crate::api::trading::amount::Amount;
use crate::sandbox::exchange::admin;

const KEY: &str = "APCA-API-KEY-ID: PKTEST";
const SECRET: &str = "APCA-API-SECRET-KEY: a-secret-of-some-length";
const JSON: &str = "Content-Type: application/json";
/// A Monday, an hour after the opening.
const MONDAY: &str = "2026-11-23T15:30:00Z";

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// Returns an order of one share of Apple at a limit that the market does not reach.
fn resting() -> Value {
    json!({
        "symbol": "AAPL", "qty": "1", "side": "buy", "type": "limit", "time_in_force": "gtc",
        "limit_price": "150",
    })
}

/// Returns an order at the market.
fn market(symbol: &str, side: &str, qty: &str) -> Value {
    let time_in_force = if symbol.contains('/') { "gtc" } else { "day" };
    json!({
        "symbol": symbol, "qty": qty, "side": side, "type": "market",
        "time_in_force": time_in_force,
    })
}

impl World {
    /// Opens the exchange on a Monday morning, Apple at 200 and Bitcoin at 50,000.
    async fn on_monday() -> Self {
        let world = Self::new().await;
        let database = world.database();
        admin::clock_set(&database, MONDAY.parse().unwrap()).unwrap();
        admin::price_set(&database, "AAPL", amount("200"), Some(amount("0.02"))).unwrap();
        admin::price_set(&database, "BTC/USD", amount("50000"), Some(amount("2"))).unwrap();
        world
    }

    async fn broker(&self, method: &str, path: &str, body: &Value) -> Reply {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("/brokerage/v2/{path}"), &[KEY, SECRET, JSON], &text).await
    }

    async fn read(&self, path: &str) -> Value {
        let reply = self.broker("GET", path, &Value::Null).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    async fn placed(&self, order: &Value) -> Value {
        let reply = self.broker("POST", "orders", order).await;
        assert_eq!(reply.status, 200, "{order}: {}", reply.body);
        reply.json()
    }

    fn later(&self, seconds: u64) {
        admin::clock_advance(&self.database(), Duration::from_secs(seconds)).unwrap();
    }
}

/// Returns one field of every row.
fn column<'a>(rows: &'a Value, name: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[name].as_str().unwrap_or_default()).collect()
}

/// Checks what a refusal says.
fn refused(reply: &Reply, status: u16, code: u32, message: &str) {
    let body = reply.json();
    let said = (reply.status, body["code"].as_u64(), body["message"].as_str());
    assert_eq!(said, (status, Some(code.into()), Some(message)));
}
