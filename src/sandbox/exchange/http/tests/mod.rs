//! The exchange's HTTP without sockets: many random requests, each against what must hold of it.

mod listing;
mod refusals;

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::Request;
use rusqlite::Transaction;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::api::time::Millis;
use crate::sandbox::exchange::core::Switches;
use crate::sandbox::exchange::prices::{Market, Pin};
use crate::sandbox::exchange::settings::Settings;
use crate::sandbox::store::Store;

/// A Monday, an hour after the opening.
const MONDAY: &str = "2026-11-23T15:30:00Z";

/// A file of its own.
struct Desk {
    directory: PathBuf,
    store: Store,
    settings: Settings,
}

impl Desk {
    fn new() -> Self {
        let name = format!("naive-exchange-{}", crate::api::ids::fresh());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let store = Store::open(&directory.join("sandbox.db")).unwrap();
        let now: Millis = MONDAY.parse().unwrap();
        let pin = |(symbol, price): (&str, &str)| Pin {
            symbol: symbol.parse().unwrap(),
            at: Millis(now.0 - 1000),
            price: price.parse().unwrap(),
            spread: Some("0.02".parse().unwrap()),
        };
        let pins = [("AAPL", "200"), ("KO", "60"), ("BTC/USD", "50000")].map(pin);
        let settings = Settings {
            now,
            stopped: true,
            seed: 1,
            market: Arc::new(Market::new(1, pins.to_vec(), Vec::new(), Vec::new())),
            switches: Switches::default(),
            multiplier: 1,
            cash: Decimal::from(100_000),
        };
        Self { directory, store, settings }
    }

    /// Does something and takes it back.
    fn try_out<T>(&self, work: impl FnOnce(&Transaction<'_>) -> T) -> T {
        let mut done = None;
        let undone: rusqlite::Result<()> = self.store.write(|tx| {
            done = Some(work(tx));
            Err(rusqlite::Error::QueryReturnedNoRows)
        });
        assert!(undone.is_err());
        done.unwrap()
    }

    fn ledger<'a>(&self, tx: &'a Transaction<'a>) -> Ledger<'a> {
        Ledger::open(tx, &anybody().account, &self.settings, None).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn anybody() -> Caller {
    Caller::of("anybody", None)
}

/// Sends a request; `target` is what comes behind `/brokerage/`.
fn send(ledger: &mut Ledger<'_>, caller: &Caller, request: (&str, &str), body: &Value) -> Reply {
    let (method, target) = request;
    let parts = Request::builder().method(method).uri(format!("/{target}")).body(()).unwrap();
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let call = Call::new(&parts.into_parts().0, Bytes::from(text));
    answer(ledger, caller, &call, &Ask::read(&call.path()).unwrap())
}

/// Sends a request that must be answered, and returns the body.
fn told(ledger: &mut Ledger<'_>, request: (&str, &str), body: &Value) -> Value {
    match send(ledger, &anybody(), request, body) {
        Ok((_, body)) => body.unwrap_or_default(),
        Err(Trouble::Refused(refusal)) => panic!("{request:?}: {refusal:?}"),
        Err(Trouble::Stranger | Trouble::Database(_)) => panic!("{request:?}"),
    }
}
