//! A broker on a socket: enough of its API for one account, with answers that can be lost.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Naive, Received, Run, Upstream};

/// What the next order is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// The order is taken, and the connection closed without an answer
    LostAfter,
    /// It is not taken, and the connection closed
    LostBefore,
    /// A status and a body
    Said(u16, Value),
}

/// What the broker knows.
#[derive(Debug, Default)]
struct State {
    orders: HashMap<String, Value>,
    position: Option<Value>,
    ask: f64,
    replies: VecDeque<Reply>,
    refuses: bool,
    moved: Option<String>,
}

/// A broker, and a machine whose `local` profile trades there.
pub(crate) struct Broker {
    upstream: Upstream,
    state: Arc<Mutex<State>>,
}

impl Broker {
    pub(crate) fn new() -> Self {
        let state = Arc::new(Mutex::new(State { ask: 100.0, ..State::default() }));
        let known = Arc::clone(&state);
        let upstream = Upstream::new(move |request| answer(&mut known.lock().unwrap(), request));
        Self { upstream, state }
    }

    /// Returns a machine that is linked to the account with an API key.
    pub(crate) fn linked(&self) -> Naive {
        let naive = Naive::new().env("NAIVE_PROFILE", "local");
        let base = format!("trading configure --broker-url {}", self.upstream.url);
        let _ = naive.run(&base).exits(0);
        let _ = link(&naive, "").exits(0);
        naive
    }

    /// Says what the next order is answered with.
    pub(crate) fn next(&self, reply: Reply) {
        self.state.lock().unwrap().replies.push_back(reply);
    }

    /// Moves the market.
    pub(crate) fn asks(&self, price: f64) {
        self.state.lock().unwrap().ask = price;
    }

    /// Puts something into the account.
    pub(crate) fn holds(&self, position: Value) {
        self.state.lock().unwrap().position = Some(position);
    }

    /// Takes no credential any more.
    pub(crate) fn refuses(&self) {
        self.state.lock().unwrap().refuses = true;
    }

    /// Sends everybody elsewhere.
    pub(crate) fn moves_to(&self, url: &str) {
        self.state.lock().unwrap().moved = Some(url.to_owned());
    }

    /// Returns the orders that were taken.
    pub(crate) fn taken(&self) -> usize {
        self.state.lock().unwrap().orders.len()
    }

    /// Returns the bodies of the orders that were sent.
    pub(crate) fn posted(&self) -> Vec<Value> {
        let all = self.received().into_iter();
        let posts = all.filter(|one| one.method == "POST" && one.path == "/v2/orders");
        posts.map(|one| serde_json::from_str(&one.body).unwrap()).collect()
    }

    /// Returns everything that was sent.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.upstream.received()
    }

    /// Returns where it is.
    pub(crate) fn url(&self) -> &str {
        &self.upstream.url
    }
}

/// Links a brokerage account with an API key, the paper one of the default user where no flag says otherwise.
pub(crate) fn link(naive: &Naive, flags: &str) -> Run {
    let line = format!(
        "--json trading connect --accept-disclosure --api-key-id PK1 --api-secret-key - {flags}"
    );
    naive.fed(&line, "a-long-secret\n")
}

/// Returns a position of shares.
pub(crate) fn shares(qty: &str) -> Value {
    json!({
        "symbol": "AAPL", "asset_class": "us_equity", "qty": qty, "qty_available": qty,
        "avg_entry_price": "90", "market_value": "1000", "current_price": "100",
    })
}

fn answer(state: &mut State, request: &Received) -> (u16, String) {
    let said = |status: u16, body: &Value| (status, body.to_string());
    if state.refuses {
        return said(401, &json!({ "message": "unauthorized." }));
    }
    if let Some(to) = &state.moved {
        let head = format!("HTTP/1.1 307 X\r\nlocation: {to}{}\r\n", request.path);
        return (0, format!("{head}content-length: 0\r\nconnection: close\r\n\r\n"));
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    match (request.method.as_str(), path) {
        ("GET", "/v2/account") => said(200, &account()),
        // A Friday morning: what is tried does not depend on when.
        ("GET", "/v2/clock") => said(200, &json!({ "timestamp": "2026-11-20T15:00:00Z" })),
        ("GET", "/v2/assets/AAPL") => said(200, &asset("AAPL", "us_equity")),
        ("GET", "/v2/assets/BTC%2FUSD" | "/v2/assets/BTCUSD") => {
            said(200, &asset("BTC/USD", "crypto"))
        }
        ("GET", "/v2/stocks/quotes/latest") => said(200, &quotes("AAPL", state.ask)),
        ("GET", "/v1beta3/crypto/us/latest/quotes") => said(200, &quotes("BTC/USD", state.ask)),
        ("GET", "/v2/positions/AAPL") if state.position.is_some() => {
            said(200, state.position.as_ref().unwrap())
        }
        ("GET", "/v2/positions" | "/v2/orders") => said(200, &json!([])),
        ("GET", "/v2/orders:by_client_order_id") => {
            let id = query.strip_prefix("client_order_id=").unwrap_or_default();
            match state.orders.get(id) {
                Some(order) => said(200, order),
                None => missing("order not found"),
            }
        }
        ("POST", "/v2/orders") => place(state, &serde_json::from_str(&request.body).unwrap()),
        _ => missing("endpoint not found"),
    }
}

fn missing(text: &str) -> (u16, String) {
    (404, json!({ "code": 40_410_000, "message": text }).to_string())
}

fn place(state: &mut State, body: &Value) -> (u16, String) {
    let id = body["client_order_id"].as_str().unwrap().to_owned();
    let mut order = body.clone();
    order["id"] = json!("61e69015-8549-4bfd-b9c3-01e75843f47d");
    order["status"] = json!("accepted");
    order["filled_qty"] = json!("0");
    match state.replies.pop_front() {
        Some(Reply::Said(status, body)) => return (status, body.to_string()),
        Some(Reply::LostBefore) => return (0, String::new()),
        Some(Reply::LostAfter) => {
            state.orders.insert(id, order);
            return (0, String::new());
        }
        None => {}
    }
    if state.orders.contains_key(&id) {
        let body = json!({ "code": 40_010_001, "message": "client_order_id must be unique" });
        return (422, body.to_string());
    }
    state.orders.insert(id, order.clone());
    (200, order.to_string())
}

fn account() -> Value {
    json!({
        "id": "b5f4a0d3-2a3e-4b59-8d2f-6f0a5d1f2c3b", "account_number": "PA1234567890",
        "status": "ACTIVE", "crypto_status": "ACTIVE", "cash": "100000", "buying_power": "100000",
        "non_marginable_buying_power": "100000", "options_buying_power": "100000",
        "equity": "100000", "last_equity": "100500", "shorting_enabled": true,
        "options_trading_level": 2, "trading_blocked": false, "account_blocked": false,
    })
}

fn asset(symbol: &str, class: &str) -> Value {
    json!({
        "id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415", "class": class, "symbol": symbol,
        "status": "active", "tradable": true, "fractionable": true, "shortable": true,
        "easy_to_borrow": true, "marginable": true, "exchange": "NASDAQ",
    })
}

fn quotes(symbol: &str, ask: f64) -> Value {
    json!({ "quotes": { symbol: {
        "t": "2026-11-20T15:00:00Z", "bp": ask - 0.02, "bs": 100, "ap": ask, "as": 100,
    } } })
}
