//! Waiting for what others decide, through whatever time the API is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{always, client};
use crate::support::Upstream;

const ID: &str = "0c8e6c1e-6f0c-4b52-9d55-0a4b8a1f2d11";

fn approval(status: &str) -> String {
    json!({"id": ID, "action_type": "cards.create", "title": "Create a card", "status": status,
        "reason": "no budget"})
    .to_string()
}

#[test]
fn an_approval_is_waited_for_through_an_outage_and_unknown_statuses() {
    let count = AtomicUsize::new(0);
    // The client tries each read three times, so three in a row are one look that fails.
    let api = Upstream::new(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => (200, approval("pending")),
        1..=3 => (0, String::new()),
        4..=6 => (502, "<html>starting</html>".to_owned()),
        7 => (200, approval("pondered")),
        _ => (200, approval("executed")),
    });

    let run = client(&api).run(&format!("approvals wait {ID}")).exits(0);

    assert_eq!(run.json()["result"]["status"], "executed");
    assert_eq!(run.json()["success"], true);
    assert!(run.err.contains("The API cannot be asked: "), "{}", run.err);
    assert!(run.err.contains("The API answers again."), "{}", run.err);
    assert_eq!(run.err.lines().count(), 2, "{}", run.err);
}

#[test]
fn each_end_of_an_approval_has_its_exit_status() {
    for (status, exit) in [
        ("executed", 0),
        ("failed", 1),
        ("unknown", 7),
        ("denied", 9),
        ("expired", 9),
        ("cancelled", 9),
    ] {
        let api = always(200, approval(status));
        let naive = client(&api);

        let waited = naive.run(&format!("approvals wait {ID}")).exits(exit).json();
        let watched = naive.run(&format!("approvals watch {ID}")).exits(exit);

        assert_eq!(waited["result"]["status"], status);
        assert_eq!(waited["success"], json!(exit == 0), "{status}");
        let last = watched.out.lines().last().unwrap();
        let last: Value = serde_json::from_str(last).unwrap();
        assert_eq!(last["result"]["status"], status);
    }
}

#[test]
fn a_wait_ends_with_its_time_also_while_the_api_is_away() {
    let api = always(0, "");

    let run = client(&api).run(&format!("approvals wait {ID} --timeout 1s")).exits(1).json();

    assert_eq!(run["error"]["reason"], "timed_out");
}

#[test]
fn what_was_seen_to_have_ended_is_not_waited_for_while_the_api_is_away() {
    let is_away = Arc::new(AtomicUsize::new(0));
    let switch = Arc::clone(&is_away);
    let api = Upstream::new(move |_| match switch.load(Ordering::SeqCst) {
        0 => (200, approval("denied")),
        _ => (0, String::new()),
    });
    let naive = client(&api);
    naive.run(&format!("approvals get {ID}")).exits(0);
    is_away.store(1, Ordering::SeqCst);

    let run = naive.run(&format!("approvals wait {ID} --timeout 1m")).exits(9);

    assert_eq!(run.json()["error"]["reason"], "approval_denied");
}

#[test]
fn what_is_not_there_is_not_waited_for() {
    let api = always(404, r#"{"error": {"code": "not_found", "message": "there is no approval"}}"#);

    let run = client(&api).run(&format!("approvals wait {ID}")).exits(1).json();

    assert_eq!(run["error"]["code"], "not_found");
}

#[test]
fn approving_tells_what_came_of_it() {
    let failed = json!({"id": ID, "action_type": "cards.create", "status": "failed",
        "error": {"code": "provider_error", "message": "the bank said no"}});
    let api = always(200, failed.to_string());
    let naive = client(&api);

    let run = naive.run(&format!("approvals approve {ID} --yes")).exits(1).json();

    assert_eq!(run["error"]["message"], "the bank said no");
    assert_eq!(run["result"], failed);
    let [one] = api.received().try_into().unwrap();
    assert_eq!((one.method.as_str(), one.path), ("POST", format!("/v1/approvals/{ID}/approve")));
}

#[test]
fn a_request_of_ones_own_is_waited_for() {
    let api = Upstream::new(move |request| match request.method.as_str() {
        "POST" => (
            202,
            json!({"status": "pending_approval", "approval_id": ID, "action": "custom.deploy"})
                .to_string(),
        ),
        _ => (200, approval("denied")),
    });

    let run = client(&api).with("approvals request --wait --title", &["Deploy it"]);

    assert_eq!(run.exits(9).json()["error"]["reason"], "approval_denied");
}
