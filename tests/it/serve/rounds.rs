//! What a server sees to without being asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{Served, key};
use crate::approvals::{card, workspace};
use crate::support::{Naive, Received, Upstream, until};

/// An endpoint that never answers the first request, and performs every other.
fn slow_at_first() -> Upstream {
    let count = AtomicUsize::new(0);
    let gate = Arc::new((Mutex::new(()), Condvar::new()));
    Upstream::new(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            let (mutex, never) = &*gate;
            let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
            // Longer than any client waits.
            drop(never.wait_timeout(guard, Duration::from_mins(10)));
        }
        (200, r#"{"card_id": "card_1"}"#.to_owned())
    })
}

fn status(naive: &Naive, id: &str) -> String {
    let one = naive.run(&format!("approvals get {id}")).exits(0).json();
    one["result"]["status"].as_str().unwrap().to_owned()
}

#[test]
fn an_approval_whose_process_was_killed_is_finished() {
    let (naive, agent) = workspace("local");
    let endpoint = slow_at_first();
    let line = format!("actions configure cards.create --url {}/cards --replay A", endpoint.url);
    drop(naive.run(&line).exits(0));
    let id = card(&naive, &agent);

    // given: whoever approved it was killed while the endpoint was silent
    let mut approving = naive.command(["approvals", "approve", &id, "--yes"]).spawn().unwrap();
    until("the request", || (!endpoint.begun().is_empty()).then_some(()));
    approving.kill().unwrap();
    drop(approving.wait());
    assert_eq!(status(&naive, &id), "sending");

    let served = Served::start(&naive, &[]);

    until("the end", || (status(&naive, &id) == "executed").then_some(()));
    let keys: Vec<_> =
        endpoint.begun().iter().map(|one| one.headers["idempotency-key"].clone()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    drop(served);
}

#[test]
fn what_happens_is_told_to_webhooks() {
    let (naive, agent) = workspace("sandbox");
    let operator = key(&naive, "--name app --role workspace");
    let address = Upstream::new(|_| (200, "{}".to_owned()));
    let served = Served::start(&naive, &[]);
    let body =
        format!(r#"{{ "url": "{}/hook", "eventTypes": ["approval.resolved"] }}"#, address.url);
    let (status, made) = served.call(&operator, "POST /v1/webhooks", &body);
    assert_eq!(status, 201, "{made}");

    let id = card(&naive, &agent);
    let line = format!("POST /v1/approvals/{id}/deny");
    assert_eq!(served.call(&operator, &line, "").0, 200);

    let told: Received = until("the event", || address.received().first().cloned());
    assert_eq!(told.headers["x-naive-event"], "approval.resolved");
    assert!(told.body.contains(&id), "{}", told.body);
}

#[test]
fn what_nobody_decided_in_time_expires() {
    let naive = Naive::new();
    let operator = key(&naive, "--name app --role workspace");
    let served = Served::start(&naive, &["--rate-limit", "0"]);
    let body = r#"{ "title": "Deploy", "ttl": "1ms" }"#;
    assert_eq!(served.call(&operator, "POST /v1/users/default/approvals", body).0, 202);

    until("the end", || {
        let log = served.call(&operator, "GET /v1/logs?action=approval.expired", "").1;
        (log["events"].as_array().map_or(0, Vec::len) == 1).then_some(())
    });
}
