//! Doing what was approved, by whoever performs it: what each of their answers comes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::approvals::{approve, card, database, get, workspace};
use crate::support::{Naive, Received, Upstream, answering};

/// An address at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// A machine where an endpoint performs `cards.create`.
fn performed(url: &str, flags: &str) -> (Naive, String) {
    let (naive, key) = workspace("local");
    let line = format!("actions configure cards.create --url {url}/cards {flags}");
    drop(naive.run(&line).exits(0));
    (naive, key)
}

/// Returns the keys under which an endpoint was asked to do something.
fn keys(endpoint: &Upstream) -> Vec<String> {
    let sent = endpoint.received();
    let writes = sent.iter().filter(|one| one.method != "GET");
    writes.map(|one| one.headers["idempotency-key"].clone()).collect()
}

#[test]
fn what_the_endpoint_refuses_has_failed() {
    let endpoint = answering(&[(422, "{\"message\":\"no such currency\"}")], (404, ""));
    let (naive, key) = performed(&endpoint.url, "");
    let id = card(&naive, &key);

    let approved = approve(&naive, &id).exits(1).json();

    assert_eq!(approved["success"], false);
    assert_eq!(approved["result"]["status"], "failed");
    assert_eq!(approved["result"]["error"]["code"], approved["error"]["code"]);
    assert_eq!(keys(&endpoint).len(), 1);
}

#[test]
fn a_lost_answer_is_asked_for_again_under_the_same_key_where_the_endpoint_honours_it() {
    let endpoint = answering(&[(0, ""), (500, "{}"), (200, "{\"card_id\":\"c\"}")], (404, ""));
    let (naive, key) = performed(&endpoint.url, "--replay A");
    let id = card(&naive, &key);

    let approved = approve(&naive, &id).exits(0).json();

    assert_eq!(approved["result"]["status"], "executed");
    assert_eq!(approved["result"]["sends"], 3);
    assert_eq!(approved["result"]["result"], json!({ "card_id": "c" }));
    let frozen = approved["result"]["idempotency_key"].as_str().unwrap();
    assert_eq!(keys(&endpoint), [frozen, frozen, frozen]);
}

#[test]
fn an_answer_after_a_lost_one_that_says_no_proves_nothing() {
    let endpoint = answering(&[(0, ""), (422, "{}")], (404, ""));
    let (naive, key) = performed(&endpoint.url, "--replay A");
    let id = card(&naive, &key);

    let approved = approve(&naive, &id).exits(7).json();

    assert_eq!(approved["result"]["status"], "unknown");
    assert_eq!(approved["error"]["code"], "outcome_unknown");
}

#[test]
fn a_lost_answer_that_nobody_can_be_asked_about_is_unknown_until_a_person_says() {
    let endpoint = answering(&[(0, "")], (404, ""));
    let (naive, key) = performed(&endpoint.url, "--replay C");
    let (done, not) = (card(&naive, &key), card(&naive, &key));

    for id in [&done, &not] {
        let approved = approve(&naive, id).exits(7).json();
        assert_eq!(approved["result"]["status"], "unknown");
        assert!(approved["error"]["hint"].as_str().unwrap().contains("approvals resolve"));
    }
    let again = naive.run("--json approvals reconcile --all").exits(0).json();
    let executed = naive
        .with(&format!("--json approvals resolve {done} --executed --reason"), &["seen there"])
        .exits(0);
    let failed = naive
        .with(&format!("--json approvals resolve {not} --not-executed --reason"), &["not there"])
        .exits(0);
    let twice =
        naive.run(&format!("--json approvals resolve {not} --executed --reason x")).exits(1);

    assert_eq!(again["result"]["approvals"], json!([]));
    assert_eq!(executed.json()["result"]["status"], "executed");
    assert_eq!(failed.json()["result"]["status"], "failed");
    assert_eq!(failed.json()["result"]["reason"], "not there");
    assert_eq!(twice.json()["error"]["code"], "invalid_input");
    assert_eq!(keys(&endpoint).len(), 2);
}

#[test]
fn a_lost_answer_is_looked_up_once_it_has_settled() {
    let found = answering(&[(0, "")], (200, "{\"card_id\":\"c\"}"));
    let flags = format!("--replay B --settle 1h --lookup {}/status/{{key}}", found.url);
    let (naive, key) = performed(&found.url, &flags);
    let id = card(&naive, &key);

    let early = approve(&naive, &id).exits(7).json();
    let too_early = naive.run(&format!("--json approvals reconcile {id}")).exits(7).json();
    // As if the hour were over.
    let sql = "UPDATE approvals SET settle_until = 0";
    database(&naive, "local").execute(sql, []).unwrap();
    let settled = naive.run(&format!("--json approvals reconcile {id}")).exits(0).json();

    assert_eq!(early["result"]["status"], "sending");
    assert_eq!(too_early["result"]["approvals"][0]["status"], "sending");
    assert_eq!(settled["result"]["approvals"][0]["status"], "executed");
    assert_eq!(settled["result"]["approvals"][0]["result"], json!({ "card_id": "c" }));
    assert_eq!(keys(&found).len(), 1);
}

#[test]
fn what_is_unknown_is_executed_once_the_endpoint_says_so() {
    let knows = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&knows);
    let endpoint = Upstream::new(move |request: &Received| match request.method.as_str() {
        "GET" if told.load(Ordering::SeqCst) => (200, "{\"card_id\":\"c\"}".to_owned()),
        "GET" => (404, "{}".to_owned()),
        _ => (0, String::new()),
    });
    let flags = format!("--replay B --settle 1ms --lookup {}/status/{{key}}", endpoint.url);
    let (naive, key) = performed(&endpoint.url, &flags);
    let id = card(&naive, &key);
    let reconcile = format!("--json approvals reconcile {id}");

    let lost = approve(&naive, &id).exits(7).json();
    let still = naive.run(&reconcile).exits(7).json();
    knows.store(true, Ordering::SeqCst);
    let found = naive.run(&reconcile).exits(0).json();

    assert_eq!(lost["result"]["status"], "unknown");
    assert_eq!(still["result"]["approvals"][0]["status"], "unknown");
    assert_eq!(found["result"]["approvals"][0]["status"], "executed");
    assert_eq!(found["result"]["approvals"][0]["result"], json!({ "card_id": "c" }));
    assert_eq!(keys(&endpoint).len(), 1);
}

#[test]
fn what_is_known_to_have_never_arrived_is_sent_once_more() {
    let endpoint = answering(&[(0, ""), (200, "{\"card_id\":\"c\"}")], (404, "{}"));
    let lookup = format!("{}/status/{{key}}", endpoint.url);
    let flags = format!("--replay B --settle 1ms --reads-own-writes --lookup {lookup}");
    let (naive, key) = performed(&endpoint.url, &flags);
    let id = card(&naive, &key);

    let approved = approve(&naive, &id).exits(0).json();

    assert_eq!(approved["result"]["status"], "executed");
    assert_eq!(approved["result"]["sends"], 2);
    let frozen = approved["result"]["idempotency_key"].as_str().unwrap();
    assert_eq!(keys(&endpoint), [frozen, frozen]);
}

#[test]
fn what_never_left_waits_to_be_sent_again() {
    let (naive, key) = performed(NOBODY, "--replay C");
    let id = card(&naive, &key);

    let refused = approve(&naive, &id).exits(1).json();
    let still = naive.run(&format!("--json approvals reconcile {id}")).exits(1).json();

    assert_eq!(refused["success"], false);
    assert_eq!(refused["result"]["status"], "approved");
    assert_eq!(refused["result"]["sends"], 3);
    let hint = refused["error"]["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("`naive approvals reconcile {id}`")), "{hint}");
    assert_eq!(still["result"]["approvals"][0]["status"], "approved");
    assert_eq!(still["result"]["approvals"][0]["sends"], 6);
}

#[test]
fn what_was_put_off_is_sent_again() {
    let endpoint = answering(&[(429, "{}"), (200, "{\"card_id\":\"c\"}")], (404, ""));
    let (naive, key) = performed(&endpoint.url, "--replay A");
    let id = card(&naive, &key);

    let put_off = approve(&naive, &id).exits(1).json();
    let sent = naive.run(&format!("--json approvals reconcile {id}")).exits(0).json();

    assert_eq!(put_off["result"]["status"], "approved");
    assert_eq!(sent["result"]["approvals"][0]["status"], "executed");
    assert_eq!(keys(&endpoint).len(), 2);
}

#[test]
fn a_duplicate_of_something_else_than_the_key_is_refused_and_not_sent_again() {
    for status in [409, 422] {
        let body = "{\"error\":{\"code\":\"duplicate_name\",\"message\":\"taken\"}}";
        let endpoint = Upstream::new(move |_| (status, body.to_owned()));
        let (naive, key) = performed(&endpoint.url, "--replay A");
        let id = card(&naive, &key);

        let approved = approve(&naive, &id).exits(1).json();

        assert_eq!(approved["result"]["status"], "failed", "{status}");
        assert_eq!(keys(&endpoint).len(), 1, "{status}");
    }
}

#[test]
fn what_is_lost_again_and_again_is_sent_nine_times_in_all() {
    let endpoint = answering(&[(0, "")], (404, ""));
    let (naive, key) = performed(&endpoint.url, "--replay A");
    let id = card(&naive, &key);

    let first = approve(&naive, &id).exits(7).json();
    let line = format!("--json approvals reconcile {id}");
    let runs: Vec<_> = (0..3).map(|_| naive.run(&line).exits(7).json()).collect();

    assert_eq!(first["result"]["status"], "sending");
    let ends = runs.iter().map(|run| &run["result"]["approvals"][0]["status"]);
    assert_eq!(ends.collect::<Vec<_>>(), ["sending", "unknown", "unknown"]);
    assert_eq!(keys(&endpoint).len(), 9);
}

#[test]
fn what_a_process_that_ended_was_sending_is_noticed_and_finished() {
    let endpoint = answering(&[(200, "{\"card_id\":\"c\"}")], (404, ""));
    let (naive, key) = performed(&endpoint.url, "--replay A");
    let id = card(&naive, &key);
    // As if the approver had been killed after its claim; what nobody approved is not gone on with.
    let sql = "UPDATE approvals SET status = 'sending', owner = 'gone', epoch = 1, sends = 1,
            first_sent_at = created_at, settle_until = created_at, execute_by = expires_at;
        INSERT INTO log (seq, id, at, actor, action, outcome, took_ms, approval_id, form, hash)
            SELECT 99, 'x', 1, 'user', 'approval.approved', 'done', 0, id, 2, x'00' FROM approvals";
    database(&naive, "local").execute_batch(sql).unwrap();

    let noticed = naive.run("--json users list").exits(0);
    let finished = naive.run("--json approvals reconcile --all").exits(0).json();
    let quiet = naive.run("--json users list").exits(0);

    let told = "1 approval was being sent by a process that ended: run `naive approvals reconcile --all`.\n";
    assert_eq!(noticed.err, told);
    assert_eq!(finished["result"]["approvals"][0]["status"], "executed");
    assert_eq!(keys(&endpoint), [get(&naive, &id)["idempotency_key"].as_str().unwrap()]);
    assert_eq!(quiet.err, "");
}

#[test]
fn what_was_frozen_and_altered_since_is_never_executed() {
    let endpoint = answering(&[(200, "{}")], (404, ""));
    let (naive, key) = performed(&endpoint.url, "--replay A");
    let (moved, damaged) = (card(&naive, &key), card(&naive, &key));
    let sealed = database(&naive, "local");
    let sql =
        "UPDATE sealed SET bytes = (SELECT bytes FROM sealed WHERE owner = ?2) WHERE owner = ?1";
    let owner = |id: &str| format!("approval:{id}");
    sealed.execute(sql, [owner(&moved), owner(&damaged)]).unwrap();
    let sql = "UPDATE sealed SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'00' AS BLOB) WHERE owner = ?1";
    sealed.execute(sql, [owner(&damaged)]).unwrap();

    for id in [&moved, &damaged] {
        let refused = approve(&naive, id).exits(1).json();
        assert_eq!(refused["error"]["code"], "internal_error");
        assert_eq!(refused["error"]["reason"], "approval_altered");
        let shown = naive.run(&format!("--json approvals get {id}")).exits(1).json();
        assert_eq!(shown["error"]["reason"], "approval_altered");
    }
    let list = naive.run("--json approvals list").exits(0).json();
    let denied = naive.run(&format!("--json approvals deny {moved}")).exits(0).json();

    assert_eq!(list["result"]["approvals"][0]["error"]["reason"], "approval_altered");
    assert_eq!(list["result"]["approvals"][0]["payload"], Value::Null);
    assert_eq!(denied["result"]["status"], "denied");
    assert!(endpoint.received().is_empty());
}
