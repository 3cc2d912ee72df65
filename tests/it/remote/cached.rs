//! What an API was seen to say, for when it is not asked or is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::{always, client, is_readable_below};
use crate::support::{Naive, Upstream};

const APPROVAL: &str = "0c8e6c1e-6f0c-4b52-9d55-0a4b8a1f2d11";

fn connections() -> Value {
    json!({"connections": [{
        "id": "ca_0123456789abcdef0123456789abcdef", "toolkit": "gmail", "status": "ACTIVE",
        "connectedAccountId": "ca_0123456789abcdef0123456789abcdef", "label": null,
        "account": "readable-alice@example.com", "isDefault": false, "scopes": [],
        "createdAt": "2026-11-20T10:00:00Z", "lastStatusAt": "2026-11-20T10:00:00Z",
        "lastUsedAt": null,
    }]})
}

/// An API that tells of one connection, until it is switched off.
fn api() -> (Upstream, Arc<AtomicBool>) {
    let is_away = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_away);
    let api = Upstream::new(move |_| {
        if switch.load(Ordering::SeqCst) {
            return (0, String::new());
        }
        (200, connections().to_string())
    });
    (api, is_away)
}

#[test]
fn connections_are_shown_as_they_were_seen_without_asking() {
    let (api, _) = api();
    let naive = client(&api);

    let before = naive.run("connections connected --cached --user alice").exits(1).json();
    naive.run("connections connected --user alice").exits(0);
    let asked = api.received().len();
    let then = naive.run("connections connected --cached --user alice").exits(0).json();
    let other = naive.run("connections connected --cached").exits(1).json();

    assert_eq!(before["error"]["code"], "not_found");
    assert_eq!(then["result"], connections());
    let hint = then["hints"][0].as_str().unwrap();
    assert!(hint.starts_with("This is as of ") && hint.ends_with(" ago."), "{hint}");
    assert_eq!(other["error"]["code"], "not_found");
    assert_eq!(api.received().len(), asked);
}

#[test]
fn connections_are_shown_as_they_were_seen_while_the_api_is_away() {
    let (api, is_away) = api();
    let naive = client(&api);
    naive.run("connections connected").exits(0);
    is_away.store(true, Ordering::SeqCst);

    let run = naive.run("connections connected").exits(0);
    let table = naive.run("connections connected --output table").exits(0);

    assert_eq!(run.json()["result"], connections());
    assert_eq!(run.json()["hints"][0], run.err.trim_end());
    assert!(run.err.starts_with("The API cannot be reached: "), "{}", run.err);
    assert!(run.err.contains(" ago."), "{}", run.err);
    assert!(table.out.contains("gmail") && table.err.contains("This is as of"), "{}", table.err);
}

#[test]
fn an_api_that_is_away_and_was_never_seen_is_an_error() {
    let (api, is_away) = api();
    is_away.store(true, Ordering::SeqCst);

    let run = client(&api).run("connections connected").exits(1).json();

    assert_eq!(run["error"]["code"], "provider_error");
    assert_eq!(api.received().len(), 3);
}

#[test]
fn an_api_that_refuses_is_not_away() {
    let (api, _) = api();
    let naive = client(&api);
    naive.run("connections connected").exits(0);
    let refusing = always(403, r#"{"error": {"code": "forbidden", "message": "no"}}"#);
    let naive = naive.env("NAIVE_BASE_URL", &refusing.url);

    let run = naive.run("connections connected").exits(1).json();

    assert_eq!(run["error"]["code"], "forbidden");
}

#[test]
fn what_one_key_has_seen_is_nothing_to_another() {
    let (api, _) = api();
    let naive = client(&api);
    naive.run("connections connected").exits(0);
    let naive = naive.env("NAIVE_API_KEY", "nv_sk_live_another");

    let run = naive.run("connections connected --cached").exits(1).json();

    assert_eq!(run["error"]["code"], "not_found");
}

#[test]
fn nothing_that_was_seen_can_be_read_on_the_disk() {
    let (api, _) = api();
    let naive = client(&api);

    naive.run("connections connected --user readable-user").exits(0);

    for text in ["readable-alice", "readable-user", "gmail", super::KEY, &api.url] {
        assert!(!is_readable_below(naive.home(), text), "{text}");
    }
}

#[test]
fn approvals_are_listed_as_they_were_seen() {
    let held = json!({"status": "pending_approval", "approval_id": APPROVAL,
        "action_type": "connections.disconnect", "title": "Disconnect gmail"});
    let seen = json!({"id": APPROVAL, "action_type": "connections.disconnect",
        "title": "Disconnect gmail", "status": "denied", "tenant_user_id": "u1"});
    let reply = seen.clone();
    let api = Upstream::new(move |request| match request.method.as_str() {
        "DELETE" => (202, held.to_string()),
        _ => (200, reply.to_string()),
    });
    let naive = client(&api);

    let none = naive.run("approvals list --cached").exits(0).json();
    naive.run("connections disconnect gmail --user alice").exits(8);
    let pending = naive.run("approvals list --cached --status pending").exits(0).json();
    naive.run(&format!("approvals get {APPROVAL}")).exits(0);
    let decided = naive.run("approvals list --cached").exits(0);
    let table = naive.run("approvals list --cached --output table").exits(0);

    assert_eq!(none["result"]["approvals"], json!([]));
    let one = &pending["result"]["approvals"][0];
    assert_eq!((&one["id"], &one["status"]), (&json!(APPROVAL), &json!("pending")));
    assert_eq!(one["user"], "alice");
    assert_eq!(decided.json()["result"]["approvals"], json!([seen]));
    assert!(table.out.contains(APPROVAL) && table.out.contains("denied"), "{}", table.out);
    assert_eq!(api.received().len(), 2);
}

#[test]
fn a_store_of_this_machine_has_no_other_mirror() {
    let naive = Naive::new();

    for line in ["connections connected --cached", "--profile local approvals list --cached"] {
        let run = naive.run(line).exits(2).json();
        let said = run["error"]["message"].as_str().unwrap();
        assert!(said.contains("the store of this machine is always what is read"), "{said}");
    }
}
