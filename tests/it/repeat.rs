//! Calls that come again with the same key: done once, answered the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::app::{App, KEY, PAY};
use crate::support::{Naive, ended, until};

#[test]
fn a_command_that_comes_again_with_its_key_does_nothing_and_answers_the_same() {
    let naive = Naive::new();

    let first = naive.run("users create alice --idempotency-key one").exits(0);
    let again = naive.run("users create alice --idempotency-key one").exits(0);
    let other = naive.run("users create bob --idempotency-key one").exits(1).json();
    let elsewhere = naive.run("users delete alice --idempotency-key one").exits(1).json();

    assert_eq!(first.json()["result"], again.json()["result"]);
    assert!(again.err.contains("This key came before"), "{}", again.err);
    assert_eq!(other["error"]["code"], "duplicate_request");
    assert_eq!(
        other["error"]["message"],
        "this key was used for `users.create` with another input"
    );
    assert_eq!(elsewhere["error"]["message"], "this key was used for `users.create`");
    let log = naive.run("logs all").exits(0).json();
    assert_eq!(log["result"]["events"].as_array().unwrap().len(), 1);
}

#[test]
fn a_refusal_is_repeated_too_but_a_command_that_changes_nothing_takes_no_key() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));

    let taken = naive.run("users create alice --idempotency-key two").exits(1).json();
    let again = naive.run("users create alice --idempotency-key two").exits(1).json();
    let reads = naive.run("users list --idempotency-key two").exits(2).json();
    let machine = naive.run("doctor --idempotency-key two").exits(2).json();

    assert_eq!(taken["error"]["code"], "duplicate_record");
    assert_eq!(taken["error"], again["error"]);
    assert_eq!(reads["error"]["message"], "`users.list` takes no `--idempotency-key`");
    assert_eq!(machine["error"]["code"], "invalid_input");
}

#[test]
fn a_login_that_was_finished_is_not_begun_again() {
    let naive = Naive::new();

    let first = naive.run("connections connect gmail --idempotency-key in").exits(0).json();
    let again = naive.run("connections connect gmail --idempotency-key in").exits(0).json();

    assert_eq!(first["result"]["status"], "ACTIVE");
    assert_eq!(again["result"]["status"], "ACTIVE");
    assert_eq!(
        first["result"]["connectedAccountId"], again["result"]["connectedAccountId"],
        "{first} {again}"
    );
    let log = naive.run("logs all --action connections.connect").exits(0).json();
    assert_eq!(log["result"]["events"].as_array().unwrap().len(), 1);
}

#[test]
fn a_write_reaches_its_app_once_however_often_it_comes() {
    let app = App::keyed(|_| None);
    let write = "ACME_WRITE --args {\"text\":\"hi\"} --idempotency-key w";

    let first = app.execute(write).exits(0).json();
    let again = app.execute(write).exits(0).json();
    let dry = app.execute(&format!("{write} --dry-run")).exits(0).json();

    assert_eq!(first["result"], again["result"]);
    assert_eq!(dry["result"]["request"]["method"], "POST");
    assert_eq!(app.calls("POST", "/things").len(), 1);
}

#[test]
fn what_the_app_could_not_do_is_tried_again_but_not_what_nobody_knows() {
    let answers = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&answers);
    let app = App::keyed(move |request| {
        if request.method != "POST" {
            return None;
        }
        // Refused, done, lost.
        match count.fetch_add(1, Ordering::Relaxed) {
            0 => Some((422, json!({ "message": "no" }).to_string())),
            1 => None,
            _ => Some((503, String::new())),
        }
    });
    let run = |key: &str| app.execute(&format!("ACME_WRITE --idempotency-key {key}"));

    let refused = run("one").exits(1).json();
    drop(run("one").exits(0));
    let lost = run("two").exits(7).json();
    let still = run("two").exits(7).json();

    assert_eq!(refused["error"]["code"], "provider_error");
    assert_eq!(lost["error"]["code"], "outcome_unknown");
    assert_eq!(lost["error"], still["error"]);
    assert_eq!(answers.load(Ordering::Relaxed), 3);
}

/// Returns an app of which the first write is never answered, and how many writes came.
fn stuck() -> (App, Arc<AtomicUsize>) {
    let arrived = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&arrived);
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "key-of-the-test");
    let app = App::on(naive, &format!("{KEY}{PAY}"), move |request| {
        if request.method == "POST" && count.fetch_add(1, Ordering::SeqCst) == 0 {
            loop {
                thread::park();
            }
        }
        (request.method == "POST").then(|| (200, "{}".to_owned()))
    });
    drop(app.naive.run("connections connect acme").exits(0));
    (app, arrived)
}

/// Kills a call with a key while its app has it, and returns how another like it fares meanwhile, and one
/// after it.
fn broken_off(app: &App, arrived: &AtomicUsize, tool: &str) -> (Value, (i32, Value)) {
    let line = format!("connections execute acme {tool} --idempotency-key k");
    let mut child = app.naive.command(line.split(' ')).spawn().unwrap();
    until("the call", || (arrived.load(Ordering::SeqCst) == 1).then_some(()));
    let meanwhile = app.naive.run(&line).exits(1).json();
    child.kill().unwrap();
    child.wait().unwrap();
    let after = app.naive.run(&line);
    (meanwhile, (after.status, after.json()))
}

#[test]
fn a_call_whose_process_was_killed_is_not_sent_again() {
    let (app, arrived) = stuck();

    let (meanwhile, (status, after)) = broken_off(&app, &arrived, "ACME_WRITE");

    assert_eq!(meanwhile["error"]["code"], "duplicate_request");
    assert_eq!(meanwhile["error"]["reason"], "in_progress");
    assert_eq!(status, 7, "{after}");
    assert_eq!(after["error"]["reason"], "interrupted_call");
    assert_eq!(arrived.load(Ordering::SeqCst), 1);
}

#[test]
fn an_app_that_knows_the_key_is_asked_again() {
    let (app, arrived) = stuck();

    let (_, (status, after)) = broken_off(&app, &arrived, "ACME_PAY");

    assert_eq!(status, 0, "{after}");
    assert_eq!(arrived.load(Ordering::SeqCst), 2);
    let sent = app.calls("POST", "/payments");
    assert_eq!(sent[0].headers["idempotency-key"], "k");
}

#[test]
fn what_is_kept_of_an_answer_cannot_be_read_in_the_store() {
    let app = App::keyed(|request| {
        let told = json!({ "note": "mark-of-the-answer" }).to_string();
        (request.method == "POST").then_some((200, told))
    });

    let run = app.execute("ACME_WRITE --idempotency-key w").exits(0);

    assert!(run.out.contains("mark-of-the-answer"));
    for entry in std::fs::read_dir(app.naive.home().join("local")).unwrap().map(Result::unwrap) {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        let found = bytes.windows(18).any(|part| part == b"mark-of-the-answer");
        assert!(!found, "{}", entry.path().display());
    }
}

/// Returns a machine with a user and a workspace key that may not act unasked, and that key.
fn with_agent() -> (Naive, String) {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let key = naive.run("keys create --name bot --role agent").exits(0).json();
    let key = key["result"]["api_key"].as_str().unwrap().to_owned();
    (naive, key)
}

#[test]
fn a_held_call_that_comes_again_is_answered_with_its_approval() {
    let (naive, key) = with_agent();
    let ask = |word: &str| {
        let line = format!(
            "--profile sandbox connections connect gmail --user alice --no-wait --idempotency-key {word}"
        );
        ended(naive.command(line.split(' ')).env("NAIVE_API_KEY", &key).output().unwrap())
    };

    let first = ask("one").exits(8).json();
    let again = ask("one").exits(8).json();
    let other = ask("two").exits(8).json();
    let id = first["result"]["approval_id"].as_str().unwrap();
    drop(naive.run(&format!("approvals deny {id} --reason no")).exits(0));
    let denied = ask("one").exits(1).json();

    assert_eq!(first["result"], again["result"]);
    assert_ne!(first["result"]["approval_id"], other["result"]["approval_id"]);
    assert_eq!(denied["error"]["reason"], "approval_denied");
}
