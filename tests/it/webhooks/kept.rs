//! Webhooks as they are made, tried and deleted, and who may.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{created, delivered, deliveries, heard, hearing, listed, requested};
use crate::approvals::workspace;
use crate::keys::{by, lies_in, made};
use crate::support::{Naive, Run, Upstream};

fn refusal(run: &Run) -> [Value; 2] {
    let error = run.json()["error"].clone();
    [error["code"].clone(), error["reason"].clone()]
}

#[test]
fn a_secret_is_told_once_and_lies_nowhere_in_the_open() {
    let upstream = Upstream::new(|_| (204, String::new()));

    let (naive, webhook) = hearing(&upstream.url, "approval.resolved,connection.expired");
    requested(&naive);
    assert_eq!(delivered(&naive), [0, 0, 0]);

    let secret = webhook["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 70, "{secret}");
    let mut known = webhook.clone();
    known.as_object_mut().unwrap().remove("secret");
    let state = json!({ "waiting": 0, "last_delivery": null });
    known.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
    assert_eq!(listed(&naive), known);
    assert_eq!(webhook["eventTypes"], json!(["approval.resolved", "connection.expired"]));
    assert_eq!((&webhook["active"], &webhook["tenant_user_id"]), (&json!(true), &Value::Null));
    let id = webhook["id"].as_str().unwrap();
    for line in [format!("webhooks test {id}"), "logs all".to_owned(), "webhooks list".to_owned()] {
        let run = naive.run(&line).exits(0);
        assert!(!run.out.contains(&secret[6..]) && !run.err.contains(&secret[6..]), "{line}");
    }
    assert!(lies_in(naive.home(), id.as_bytes()), "what is looked through holds the webhook");
    assert!(!lies_in(naive.home(), &secret.as_bytes()[6..]));
}

#[test]
fn what_waits_for_a_webhook_that_is_deleted_is_never_sent() {
    let upstream = Upstream::new(|_| (204, String::new()));
    let (naive, webhook) = hearing(&upstream.url, "approval.requested");
    let id = webhook["id"].as_str().unwrap();
    requested(&naive);

    let gone = naive.run(&format!("webhooks delete {id}")).exits(0).json()["result"].clone();
    let again = naive.run(&format!("webhooks delete {id}")).exits(1);

    assert_eq!(
        (&gone["id"], &gone["active"], &gone["deleted"]),
        (&webhook["id"], &json!(false), &json!(true))
    );
    assert_eq!(again.json()["error"]["code"], "not_found");
    assert_eq!(again.json()["error"]["hint"], "run `naive webhooks list` to see which there are");
    assert_eq!(delivered(&naive), [0, 0, 0]);
    assert_eq!(listed(&naive), Value::Null);
    assert!(upstream.received().is_empty());
}

#[test]
fn a_test_says_what_the_address_answers() {
    let status = AtomicUsize::new(0);
    let upstream = Upstream::new(move |_| {
        ([204, 410, 404][status.fetch_add(1, Ordering::Relaxed)], String::new())
    });
    let (naive, webhook) = hearing(&upstream.url, "approval.requested");
    let line = format!("webhooks test {}", webhook["id"].as_str().unwrap());

    let heard_it = naive.run(&line).exits(0).json()["result"].clone();
    let gone = naive.run(&line).exits(1).json();
    let key = naive.run(&format!("{line} --idempotency-key k")).exits(1).json();
    let none = naive.run(&format!("webhooks test wh_{}", "0".repeat(32))).exits(1).json();

    assert_eq!((&heard_it["successful"], &heard_it["status"]), (&json!(true), &json!(204)));
    let host = upstream.url.strip_prefix("http://").unwrap();
    assert_eq!(
        gone["error"],
        json!({ "code": "provider_error", "message": format!("`{host}` answered with status 410") })
    );
    assert_eq!((&gone["result"]["status"], &gone["success"]), (&json!(410), &json!(false)));
    assert_eq!(key["result"]["status"], 404);
    assert_eq!(none["error"]["code"], "not_found");
    assert_eq!(listed(&naive)["active"], true);
    let received = upstream.received();
    let heard = heard(&received, &webhook);
    assert_eq!(heard[0]["event"], "webhook.test");
    assert_eq!(heard[0]["data"]["webhook"], webhook["id"]);
    assert_eq!(heard_it["id"], deliveries(&received)[0]);
    let log = naive.run("logs all --action webhooks.test").exits(0).json();
    let outcomes = log["result"]["events"].as_array().unwrap().iter().map(|one| &one["outcome"]);
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        ["not_found", "provider_error", "provider_error", "done"]
    );
}

#[test]
fn a_secret_still_signs_after_the_key_of_the_vault_was_changed() {
    let upstream = Upstream::new(|_| (204, String::new()));
    let (naive, webhook) = hearing(&upstream.url, "approval.requested");
    requested(&naive);

    drop(naive.run("vault rotate").exits(0));

    assert_eq!(delivered(&naive), [1, 0, 0]);
    assert_eq!(heard(&upstream.received(), &webhook).len(), 1);
}

#[test]
fn agents_and_sealed_keys_have_no_webhooks_and_send_nothing() {
    let (naive, _) = workspace("sandbox");
    let webhook = created(&naive, "--url https://example.com/hook --event approval.resolved");
    let id = webhook["id"].as_str().unwrap();
    let agent = made(&naive, "--role agent");
    let sealed = made(&naive, "--role workspace --user alice");
    let free = made(&naive, "--role workspace");

    for key in [&agent, &sealed] {
        for line in [
            "webhooks create --url https://example.com/ --event approval.resolved",
            "webhooks list",
            &format!("webhooks test {id}"),
            &format!("webhooks delete {id}"),
        ] {
            let run = by(&naive, key, line).exits(1);
            assert_eq!(refusal(&run), ["forbidden", "policy_protected"], "{line}");
        }
        assert_eq!(
            by(&naive, key, "webhooks deliver").exits(1).json()["error"]["code"],
            "forbidden"
        );
        by(&naive, key, "webhooks event-types").exits(0);
    }

    assert_eq!(
        by(&naive, &free, "webhooks list").exits(0).json()["result"]["webhooks"][0]["id"],
        id
    );
    by(&naive, &free, &format!("webhooks delete {id}")).exits(0);
}

#[test]
fn only_what_can_be_called_and_heard_becomes_a_webhook() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let event = "--event approval.resolved";
    for (line, status, code, said) in [
        (format!("--url http://example.com/ {event}"), 1, "invalid_input", "is not encrypted"),
        (format!("--url ftp://example.com/ {event}"), 1, "invalid_input", "is neither"),
        (format!("--url https://a:b@example.com/ {event}"), 1, "invalid_input", "a password"),
        (format!("--url hook {event}"), 2, "invalid_input", "`hook`"),
        (
            format!("--url https://example.com/{} {event}", "x".repeat(2000)),
            1,
            "invalid_input",
            "longer",
        ),
        ("--url https://example.com/".to_owned(), 2, "invalid_input", "--event"),
        (format!("--url https://example.com/ {event} --user bob"), 1, "not_found", "`bob`"),
        (
            format!("--url https://example.com/ {event} --idempotency-key k"),
            1,
            "invalid_input",
            "told once",
        ),
    ] {
        let run = naive.run(&format!("webhooks create {line}")).exits(status);

        let error = run.json()["error"].clone();
        assert_eq!(error["code"], code, "{line}");
        assert!(error["message"].as_str().unwrap().contains(said), "{line}: {error}");
    }
    let unknown =
        naive.run("webhooks create --url https://example.com/ --event email.received").exits(2);
    let hint = unknown.json()["error"]["hint"].clone();
    let known = naive.run("webhooks event-types").exits(0).json()["result"]["event_types"].clone();
    for event in known.as_array().unwrap() {
        assert!(hint.as_str().unwrap().contains(event.as_str().unwrap()), "{hint}");
    }
    assert_eq!(known.as_array().unwrap().len(), 6);
    drop(naive.run("webhooks delete hook").exits(2));
    assert_eq!(listed(&naive), Value::Null);
    assert!(!lies_in(naive.home(), b"example.com"));
}

#[test]
fn people_read_what_hears_of_what_and_how_it_went() {
    let upstream = Upstream::new(|_| (404, String::new()));
    let naive = Naive::new().env("NAIVE_OUTPUT", "table").env("COLUMNS", "300");
    assert!(naive.run("webhooks list").exits(0).out.contains("There is no webhook."));

    let made =
        naive.run(&format!("webhooks create --url {} --event approval.requested", upstream.url));
    let made = made.exits(0);
    drop(naive.run("approvals request --title Deploy").exits(8));
    let sent = naive.run("webhooks deliver").exits(0);
    let list = naive.run("webhooks list").exits(0);

    assert!(
        made.out.starts_with("whsec_") && made.err.contains("shown once"),
        "{}{}",
        made.out,
        made.err
    );
    assert!(
        sent.out.contains("given up") && sent.err.contains("naive webhooks list"),
        "{}",
        sent.err
    );
    assert!(list.out.contains("answered with status 404"), "{}", list.out);
}
