//! Orders written down, limits that two of them share, and the halt.

use crate::api::error::{Code, Error, Result};
use crate::api::kits::Kit;
use crate::api::time::Millis;
use crate::api::trading::order::IntentStatus;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, BrokerEnv, Side};
use crate::store::{HaltRow, NewIntent, Reserved, Spent, Store};

fn intent<'a>(id: &'a str, user: &'a str, symbol: &'a Symbol) -> NewIntent<'a> {
    NewIntent {
        client_order_id: id,
        user,
        env: BrokerEnv::Paper,
        symbol,
        class: AssetClass::UsEquity,
        side: Side::Buy,
        notional: "100".to_owned(),
        digest: b"d",
        approval_id: None,
        closes: false,
    }
}

fn default_user(store: &Store) -> String {
    store.user(&"default".parse().unwrap()).unwrap().unwrap().id
}

/// Allows so many orders.
fn most(count: usize) -> impl FnOnce(&Kit, &[Spent]) -> Result<()> {
    move |_, spent| {
        if spent.len() < count { Ok(()) } else { Err(Error::new(Code::Forbidden, "too many")) }
    }
}

#[test]
fn of_two_orders_that_fit_a_limit_only_alone_one_is_written_down() {
    let store = Store::in_memory();
    let (user, symbol) = (default_user(&store), "AAPL".parse().unwrap());
    let at = (Millis(0), Millis(5));

    let first = store.reserve(&intent("a", &user, &symbol), at, most(1)).unwrap();
    let second = store.reserve(&intent("b", &user, &symbol), at, most(1));

    assert!(matches!(first, Reserved::Now));
    assert_eq!(second.unwrap_err().code, Code::Forbidden);
    store.settle_intent((&user, BrokerEnv::Paper, "a"), IntentStatus::Refused, Millis(6)).unwrap();
    let third = store.reserve(&intent("b", &user, &symbol), at, most(1)).unwrap();
    assert!(matches!(third, Reserved::Now), "one that was refused counts for nothing");
}

#[test]
fn an_order_is_written_down_once_and_stands_for_one_thing() {
    let store = Store::in_memory();
    let (user, symbol) = (default_user(&store), "AAPL".parse().unwrap());
    let at = (Millis(0), Millis(5));
    let new = intent("a", &user, &symbol);
    assert!(matches!(store.reserve(&new, at, most(9)).unwrap(), Reserved::Now));

    let again = store.reserve(&new, at, most(9)).unwrap();
    let other = NewIntent { digest: b"e", ..intent("a", &user, &symbol) };
    let other = store.reserve(&other, at, most(9)).unwrap();

    assert!(matches!(again, Reserved::Before(true)));
    assert!(matches!(other, Reserved::Before(false)));
}

#[test]
fn a_halt_stops_orders_and_no_closing() {
    let store = Store::in_memory();
    let (user, symbol) = (default_user(&store), "AAPL".parse().unwrap());
    let at = (Millis(0), Millis(5));
    let all = HaltRow { user: None, since: Millis(1), by: "me".to_owned(), reason: None };
    store.halt(&all).unwrap();

    let stopped = store.reserve(&intent("a", &user, &symbol), at, most(9)).unwrap();
    let closing = NewIntent { closes: true, ..intent("b", &user, &symbol) };
    let closed = store.reserve(&closing, at, most(0)).unwrap();

    assert!(matches!(stopped, Reserved::Halted(halt) if halt == all));
    assert!(matches!(closed, Reserved::Now));
    assert!(store.resume(None).unwrap() && !store.resume(None).unwrap());
    let freed = store.reserve(&intent("a", &user, &symbol), at, most(9)).unwrap();
    assert!(matches!(freed, Reserved::Now));
}

#[test]
fn what_is_known_of_an_order_is_not_unlearnt() {
    let store = Store::in_memory();
    let (user, symbol) = (default_user(&store), "AAPL".parse().unwrap());
    let at = (Millis(0), Millis(5));
    store.reserve(&intent("a", &user, &symbol), at, most(9)).unwrap();
    let name = (user.as_str(), BrokerEnv::Paper, "a");

    for status in [IntentStatus::Unknown, IntentStatus::Placed, IntentStatus::Unknown] {
        store.settle_intent(name, status, Millis(6)).unwrap();
    }

    let intent = store.intent((&user, BrokerEnv::Paper), "a").unwrap().unwrap();
    assert_eq!(intent.status, IntentStatus::Placed);
    assert_eq!(store.open_intents(&user).unwrap(), []);
}

#[test]
fn what_the_broker_did_not_know_counts_no_more_and_is_never_free_again() {
    let store = Store::in_memory();
    let (user, symbol) = (default_user(&store), "AAPL".parse().unwrap());
    let (at, name) = ((Millis(0), Millis(5)), (user.as_str(), BrokerEnv::Paper, "a"));
    let new = intent("a", &user, &symbol);
    store.reserve(&new, at, most(9)).unwrap();

    store.settle_intent(name, IntentStatus::Missing, Millis(6)).unwrap();

    assert_eq!(store.spent((&user, BrokerEnv::Paper), Millis(0)).unwrap(), []);
    assert_eq!(store.open_intents(&user).unwrap(), []);
    assert!(matches!(store.reserve(&new, at, most(9)).unwrap(), Reserved::Before(true)));
    store.settle_intent(name, IntentStatus::Placed, Millis(7)).unwrap();
    assert_eq!(store.spent((&user, BrokerEnv::Paper), Millis(0)).unwrap().len(), 1);
}
