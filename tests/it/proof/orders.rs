//! `kill -9` at whatever moment of an approved order, while the exchange loses answers: none or one order, and
//! what is told of it is true.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::scene::report;
use crate::crash::{killed_after, scattered};
use crate::keys::{by, made};
use crate::support::{Naive, until};
use crate::together::rounds;

/// A user with a paper account in the sandbox, and an agent that trades there.
struct Desk {
    naive: Naive,
    key: Value,
}

impl Desk {
    fn new() -> Self {
        let naive = Naive::new();
        drop(naive.run("users create --external-id alice").exits(0));
        let line = "trading connect --env paper --accept-disclosure --user alice";
        drop(naive.run(line).exits(0));
        let key = made(&naive, "--role agent --user alice");
        Self { naive, key }
    }

    fn asked(&self) -> String {
        let line = "trading order --symbol BTC/USD --side buy --notional 20";
        let run = by(&self.naive, &self.key, line).exits(8);
        run.json()["result"]["approval_id"].as_str().unwrap().to_owned()
    }

    fn approval(&self, id: &str) -> Value {
        self.naive.run(&format!("approvals get {id}")).exits(0).json()["result"].clone()
    }

    /// Goes on until it has ended, or a person has to look.
    fn settled(&self, id: &str) -> Value {
        until("the end of an order", || {
            let one = self.approval(id);
            match one["status"].as_str().unwrap() {
                "pending" => drop(self.naive.run(&format!("approvals approve {id} --yes"))),
                "approved" | "sending" => {
                    drop(self.naive.run(&format!("approvals reconcile {id}")));
                }
                _ => return Some(one),
            }
            None
        })
    }

    /// Returns the names of the orders that the exchange has.
    fn placed(&self) -> Vec<String> {
        let line = "trading orders --status all --all --user alice";
        let orders = self.naive.run(line).exits(0).json()["result"]["orders"].clone();
        let name = |order: &Value| order["client_order_id"].as_str().unwrap().to_owned();
        orders.as_array().unwrap().iter().map(name).collect()
    }
}

#[test]
fn an_order_is_placed_once_or_not_at_all_whatever_is_killed() {
    let desk = Desk::new();
    let began = Instant::now();
    let first = desk.asked();
    let began_approving = Instant::now();
    drop(desk.naive.run(&format!("approvals approve {first} --yes")).exits(0));
    let whole = began_approving.elapsed();
    let (count, mut ends) = (rounds(8), BTreeMap::<_, usize>::new());

    for number in 0..count {
        let id = desk.asked();
        if number.is_multiple_of(3) {
            let line = "sandbox fail 504-after-accept --toolkit brokerage";
            drop(desk.naive.run(line).exits(0));
        }
        let line = format!("approvals approve {id} --yes");
        let child = desk.naive.command(line.split_whitespace()).spawn().unwrap();
        let moment = scattered(number, whole.as_micros() * 11 / 10);
        killed_after(child, Duration::from_micros(u64::try_from(moment).unwrap()));
        drop(desk.naive.run("sandbox fail --clear").exits(0));

        let one = desk.settled(&id);

        let name = one["idempotency_key"].as_str().unwrap();
        let orders = desk.placed().iter().filter(|placed| *placed == name).count();
        let told = one["status"].as_str().unwrap().to_owned();
        let right = match told.as_str() {
            "executed" => orders == 1,
            "failed" => orders == 0,
            "unknown" => orders <= 1,
            _ => false,
        };
        assert!(right, "{told} with {orders} orders: {one}");
        *ends.entry(told).or_default() += 1;
    }

    drop(desk.naive.run("logs verify").exits(0));
    let took = began.elapsed();
    report(&format!("orders: {count} kills, ends {ends:?}, one takes {whole:?}, all {took:?}"));
}
