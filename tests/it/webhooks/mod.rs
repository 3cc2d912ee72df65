//! Webhooks: addresses that hear of what happens, signed, until they have heard it.

mod kept;

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::keys::lies_in;
use crate::support::{Naive, Received, Upstream, ended, until};

const REQUEST: &str = "approvals request --title Deploy-the-thing --user alice";

/// A machine with a user `alice`, and a webhook that hears of these.
fn hearing(url: &str, events: &str) -> (Naive, Value) {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let webhook = created(&naive, &format!("--url {url}/hook --event {events}"));
    (naive, webhook)
}

fn created(naive: &Naive, line: &str) -> Value {
    naive.run(&format!("webhooks create {line}")).exits(0).json()["result"].clone()
}

fn requested(naive: &Naive) -> String {
    let run = naive.run(REQUEST).exits(8).json();
    run["result"]["approval_id"].as_str().unwrap().to_owned()
}

/// Sends what waits, and returns how many were heard, are tried again, and are given up.
fn delivered(naive: &Naive) -> [Value; 3] {
    let reply = naive.run("webhooks deliver").exits(0).json()["result"].clone();
    ["delivered", "again", "failed"].map(|count| reply[count].clone())
}

/// Returns what was told, each as it is signed with the secret of the webhook.
fn heard(received: &[Received], webhook: &Value) -> Vec<Value> {
    let secret = webhook["secret"].as_str().unwrap();
    let read = |one: &Received| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(one.body.as_bytes());
        let signature = format!("{:x}", mac.finalize().into_bytes());
        assert_eq!(one.headers["x-naive-signature"], signature);
        assert_eq!(one.headers["content-type"], "application/json");
        assert_eq!((one.method.as_str(), one.path.as_str()), ("POST", "/hook"));
        let body: Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(one.headers["x-naive-event"], body["event"].as_str().unwrap());
        body
    };
    received.iter().map(read).collect()
}

fn deliveries(received: &[Received]) -> Vec<String> {
    received.iter().map(|one| one.headers["x-naive-delivery"].clone()).collect()
}

fn listed(naive: &Naive) -> Value {
    naive.run("webhooks list").exits(0).json()["result"]["webhooks"][0].clone()
}

fn failures(naive: &Naive) -> Vec<Value> {
    let log = naive.run("logs all --action webhook.failed").exits(0).json();
    log["result"]["events"].as_array().unwrap().clone()
}

#[test]
fn an_address_hears_what_waits_and_what_became_of_it_signed_and_once() {
    let upstream = Upstream::new(|_| (204, String::new()));
    let (naive, webhook) = hearing(&upstream.url, "approval.requested,approval.resolved");
    let user = naive.run("users get alice").exits(0).json()["result"]["id"].clone();
    let id = requested(&naive);
    drop(naive.run(&format!("approvals deny {id} --reason late")).exits(0));

    assert_eq!(listed(&naive)["waiting"], 2);
    assert!(!lies_in(naive.home(), b"Deploy-the-thing"), "a title is sealed, also while it waits");
    assert_eq!(delivered(&naive), [2, 0, 0]);
    assert_eq!(delivered(&naive), [0, 0, 0]);

    let received = upstream.received();
    let mut heard = heard(&received, &webhook);
    heard.sort_by_key(|one| one["ts"].as_i64());
    let [first, second] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(
        (&first["event"], &second["event"]),
        (&json!("approval.requested"), &json!("approval.resolved"))
    );
    assert_eq!(first["data"]["id"], id);
    assert_eq!(first["data"]["title"], second["data"]["title"]);
    assert_eq!(first["data"]["status"], "pending");
    assert_eq!(
        (&first["data"]["resolved_by"], &first["data"]["reason"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&first["data"]["tenant_user_id"], &first["data"]["user"]),
        (&user, &json!("alice"))
    );
    assert_eq!(second["data"]["status"], "denied");
    assert_eq!(second["data"]["reason"], "late");
    assert_eq!(second["data"]["resolved_by"]["actor_id"], "operator");
    let state = listed(&naive);
    assert_eq!((&state["waiting"], &state["last_delivery"]["status"]), (&json!(0), &json!(204)));
    let ids = deliveries(&received);
    assert!(ids.contains(&state["last_delivery"]["id"].as_str().unwrap().to_owned()));
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn what_an_address_could_not_hear_it_hears_a_second_later_as_the_same_delivery() {
    let count = AtomicUsize::new(0);
    let upstream = Upstream::new(move |_| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        (if first { 503 } else { 200 }, String::new())
    });
    let (naive, webhook) = hearing(&upstream.url, "approval.requested");
    requested(&naive);

    assert_eq!(delivered(&naive), [0, 1, 0]);
    let state = listed(&naive);
    until("the second try", || (delivered(&naive) == [1, 0, 0]).then_some(()));

    let host = upstream.url.strip_prefix("http://").unwrap();
    let last = &state["last_delivery"];
    assert_eq!(
        (&state["waiting"], &last["status"], &last["tries"]),
        (&json!(1), &json!(503), &json!(1))
    );
    assert_eq!(last["error"], format!("`{host}` answered with status 503"));
    let received = upstream.received();
    assert_eq!(heard(&received, &webhook).len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(deliveries(&received)[0], deliveries(&received)[1]);
    assert_eq!(failures(&naive), Vec::<Value>::new());
}

#[test]
fn an_address_that_says_no_is_asked_once_and_the_log_says_so() {
    let upstream = Upstream::new(|_| (404, "{}".to_owned()));
    let (naive, webhook) = hearing(&upstream.url, "approval.requested");
    requested(&naive);

    assert_eq!(delivered(&naive), [0, 0, 1]);
    assert_eq!(delivered(&naive), [0, 0, 0]);

    let failed = failures(&naive);
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["entity_id"], &failed[0]["outcome"]),
        (&webhook["id"], &json!("provider_error"))
    );
    assert_eq!(failed[0]["actor_id"], "system");
    assert_eq!(listed(&naive)["active"], true);
    assert_eq!(upstream.received().len(), 1);
}

#[test]
fn an_address_that_does_not_answer_is_left_alone_and_loses_nothing() {
    let upstream = Upstream::new(|_| (0, String::new()));
    let (naive, _) = hearing(&upstream.url, "approval.requested");
    for _ in 0..12 {
        requested(&naive);
    }

    assert_eq!(delivered(&naive), [0, 8, 0]);

    let state = listed(&naive);
    let last = &state["last_delivery"];
    assert_eq!((&state["waiting"], &last["status"]), (&json!(12), &Value::Null));
    assert!(last["error"].as_str().unwrap().contains("broke the connection off"), "{last}");
    assert_eq!(upstream.received().len(), 8);
    assert_eq!(failures(&naive), Vec::<Value>::new());
}

#[test]
fn an_address_that_is_gone_for_good_is_told_nothing_more() {
    let upstream = Upstream::new(|_| (410, "{}".to_owned()));
    let (naive, _) = hearing(&upstream.url, "approval.requested");
    requested(&naive);

    assert_eq!(delivered(&naive), [0, 0, 1]);
    requested(&naive);
    assert_eq!(delivered(&naive), [0, 0, 0]);

    assert_eq!((&listed(&naive)["active"], &listed(&naive)["waiting"]), (&json!(false), &json!(0)));
    assert_eq!(failures(&naive).len(), 1);
    assert_eq!(upstream.received().len(), 1);
}

#[test]
fn two_processes_that_send_at_once_send_each_event_once() {
    let upstream = Upstream::new(|_| (204, String::new()));
    let (naive, _) = hearing(&upstream.url, "approval.requested");
    for _ in 0..20 {
        requested(&naive);
    }

    let send = || naive.command(["webhooks", "deliver"]).spawn().unwrap();
    let both =
        [send(), send()].map(|child| ended(child.wait_with_output().unwrap()).exits(0).json());
    // One of them may have ended while the other still had something in its hands.
    let left = delivered(&naive)[0].as_i64().unwrap();

    let counts = both.map(|run| run["result"]["delivered"].as_i64().unwrap());
    assert_eq!(counts[0] + counts[1] + left, 20, "{counts:?}");
    let mut ids = deliveries(&upstream.received());
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), upstream.received().len()), (20, 20));
}

#[test]
fn what_a_process_that_was_killed_had_in_its_hands_is_sent_by_the_next() {
    let (came, comes) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new((Some(gate), came));
    let upstream = Upstream::new(move |_| {
        let (held, came) = &mut *gate.lock().unwrap();
        if let Some(held) = held.take() {
            came.send(()).unwrap();
            // Until the test lets go of its end.
            let _ = held.recv();
        }
        (204, String::new())
    });
    let (naive, webhook) = hearing(&upstream.url, "approval.requested");
    requested(&naive);
    let mut child = naive.command(["webhooks", "deliver"]).stdout(Stdio::null()).spawn().unwrap();
    comes.recv().unwrap();

    child.kill().unwrap();
    child.wait().unwrap();
    drop(open);
    assert_eq!(delivered(&naive), [1, 0, 0]);

    let received = until("both", || Some(upstream.received()).filter(|all| all.len() == 2));
    assert_eq!(heard(&received, &webhook).len(), 2);
    assert_eq!(deliveries(&received)[0], deliveries(&received)[1]);
}

#[test]
fn a_webhook_of_one_user_hears_how_their_connections_stand_and_of_nobody_elses() {
    let upstream = Upstream::new(|_| (204, String::new()));
    let naive = Naive::new();
    let events = "connection.active,connection.disconnected";
    let webhook =
        created(&naive, &format!("--url {}/hook --event {events} --user alice", upstream.url));
    drop(naive.run("connections connect gmail --user alice --label work").exits(0));
    drop(naive.run("connections connect gmail").exits(0));
    drop(naive.run("connections disconnect gmail --user alice").exits(0));
    let row = naive.run("connections connected --all --user alice").exits(0).json();
    let row = row["result"]["connections"][0].clone();

    assert_eq!(delivered(&naive), [2, 0, 0]);

    let mut heard = heard(&upstream.received(), &webhook);
    heard.sort_by_key(|one| one["ts"].as_i64());
    let told = |status: &str| {
        json!({
            "id": row["id"], "toolkit": "gmail", "status": status, "label": "work",
            "account": row["account"], "tenant_user_id": webhook["tenant_user_id"], "user": "alice",
        })
    };
    let told = [told("ACTIVE"), told("INACTIVE")];
    assert_eq!(heard.iter().map(|one| one["data"].clone()).collect::<Vec<_>>(), told);
    assert!(row["account"].is_string() && webhook["tenant_user_id"].is_string());
    let list = |line: &str| naive.run(line).exits(0).json()["result"]["webhooks"].clone();
    assert_eq!(list("webhooks list --user alice")[0]["id"], webhook["id"]);
    assert_eq!(list("webhooks list --user default"), json!([]));
}
