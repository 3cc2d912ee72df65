//! Orders whose answer was lost: found under their own id, or honestly unknown; never sent twice.

use serde_json::json;

use super::stand_in::{Broker, Reply};

const BUY: &str = "--json trading order --symbol AAPL --side buy --qty 1";

#[test]
fn an_order_whose_answer_was_lost_is_found_by_its_own_id() {
    let broker = Broker::new();
    let naive = broker.linked();
    broker.next(Reply::LostAfter);

    let run = naive.run(BUY).exits(0);

    assert_eq!(run.json()["result"]["status"], "accepted");
    assert_eq!((broker.posted().len(), broker.taken()), (1, 1));
}

#[test]
fn an_answer_of_504_is_no_answer() {
    let broker = Broker::new();
    let naive = broker.linked();
    broker.next(Reply::Said(504, json!({ "code": 50_410_000, "message": "gateway timeout" })));

    let run = naive.run(&format!("{BUY} --idempotency-key k")).exits(7);
    let error = run.json()["error"].clone();

    assert_eq!(
        (&error["code"], &error["reason"]),
        (&"outcome_unknown".into(), &"order_in_doubt".into())
    );
    assert!(error["hint"].as_str().unwrap().contains("naive trading reconcile --env paper"));
    assert_eq!((broker.posted().len(), broker.taken()), (1, 0));
    // Run again with its key, it is looked for, not sent again.
    broker.next(Reply::LostBefore);
    let again = naive.run(&format!("{BUY} --idempotency-key k")).exits(7);
    assert_eq!(again.json()["error"]["code"], "outcome_unknown");
    assert_eq!(broker.posted().len(), 1);
    let told = naive.run("--json trading reconcile").exits(0);
    assert_eq!(told.json()["result"]["intents"][0]["status"], "unknown");
}

#[test]
fn the_same_key_places_one_order_and_another_order_is_refused_under_it() {
    let broker = Broker::new();
    let naive = broker.linked();

    let first = naive.run(&format!("{BUY} --idempotency-key k")).exits(0);
    let again = naive.run(&format!("{BUY} --idempotency-key k")).exits(0);
    let other = naive
        .run("--json trading order --symbol AAPL --side buy --qty 2 --idempotency-key k")
        .exits(1);

    assert_eq!(first.json()["result"], again.json()["result"]);
    assert_eq!(other.json()["error"]["code"], "duplicate_request");
    assert_eq!(broker.posted().len(), 1);
}

#[test]
fn an_order_that_the_broker_has_under_this_id_is_the_answer() {
    let broker = Broker::new();
    let naive = broker.linked();
    let _ = naive.run(&format!("{BUY} --idempotency-key k")).exits(0);
    // Another machine, which knows nothing of the first one's order.
    let other = broker.linked();

    let same = other.run(&format!("{BUY} --idempotency-key k")).exits(0);
    let differs = broker
        .linked()
        .run("--json trading order --symbol AAPL --side sell --qty 7 --idempotency-key k")
        .exits(1);

    assert_eq!(same.json()["result"]["client_order_id"], "k");
    assert_eq!(differs.json()["error"]["reason"], "client_order_id_used");
    assert_eq!(broker.taken(), 1);
}
