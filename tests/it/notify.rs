//! Who else hears of approvals: an address, and a program.

use std::net::TcpListener;

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::approvals::{database, workspace};
use crate::support::{Naive, Received, Run, Upstream, ended, until};

const REQUEST: &str =
    "approvals request --title Deploy --user alice --payload {\"commit\":\"c0ffee\"}";

/// A machine on which the address hears of approvals.
fn telling(url: &str) -> Naive {
    let naive = Naive::new();
    drop(naive.run(&format!("config set approvals.notify_url {url}")).exits(0));
    drop(naive.run("users create alice").exits(0));
    naive
}

fn id(run: &Run) -> String {
    run.json()["result"]["approval_id"].as_str().unwrap().to_owned()
}

/// Returns what was told, each as it is signed with the secret.
fn heard(received: &[Received], secret: &str) -> Vec<Value> {
    let read = |one: &Received| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(one.body.as_bytes());
        let signature = format!("sha256={:x}", mac.finalize().into_bytes());
        assert_eq!(one.headers["x-naive-signature"], signature);
        assert_eq!(one.headers["content-type"], "application/json");
        let body: Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(one.headers["x-naive-event"], body["event"].as_str().unwrap());
        body
    };
    received.iter().map(read).collect()
}

/// Waits until the address was sent this many, and fails if there are more.
fn told(upstream: &Upstream, count: usize) -> Vec<Received> {
    let received = || Some(upstream.received()).filter(|all| all.len() >= count);
    let received = until("what is told", received);
    assert_eq!(received.len(), count, "{received:?}");
    received
}

/// Waits for the first failure to tell that the log knows.
fn failed(naive: &Naive) -> Value {
    until("the log", || {
        let log = naive.run("logs all --action notify.failed").exits(0).json();
        Some(log["result"]["events"][0].clone()).filter(|event| !event.is_null())
    })
}

/// Tells whether a run has said that somebody did not hear, or has not heard yet.
fn is_told_of(run: &Run) -> bool {
    ["`approvals.notify_url` did not hear of it", "is told in the background"]
        .iter()
        .any(|said| run.err.contains(said))
}

/// Returns the statuses that were told, in order.
fn statuses(received: &[Received]) -> Vec<Value> {
    let read = |one: &Received| serde_json::from_str::<Value>(&one.body).unwrap();
    received.iter().map(|one| read(one)["data"]["status"].clone()).collect()
}

#[test]
fn an_address_hears_what_waits_and_what_became_of_it() {
    let upstream = Upstream::new(|_| (204, String::new()));
    let naive = telling(&upstream.url);

    let first = id(&naive.run(REQUEST).exits(8));
    told(&upstream, 1);
    drop(naive.run(&format!("approvals approve {first} --yes")).exits(0));
    told(&upstream, 3);
    let second = id(&naive.run(REQUEST).exits(8));
    told(&upstream, 4);
    drop(naive.run(&format!("approvals deny {second} --reason late")).exits(0));
    told(&upstream, 5);

    let secret = naive.run("approvals notify-secret").exits(0).json();
    let heard = heard(&upstream.received(), secret["result"]["secret"].as_str().unwrap());
    let told: Vec<_> = heard
        .iter()
        .map(|one| (one["event"].clone(), one["data"]["id"].clone(), one["data"]["status"].clone()))
        .collect();
    let row = |event: &str, id: &str, status: &str| (json!(event), json!(id), json!(status));
    assert_eq!(
        told,
        [
            row("approval.requested", &first, "pending"),
            row("approval.resolved", &first, "approved"),
            row("approval.resolved", &first, "executed"),
            row("approval.requested", &second, "pending"),
            row("approval.resolved", &second, "denied"),
        ]
    );
    let last = heard.last().unwrap();
    assert_eq!(last["data"]["reason"], "late");
    assert_eq!(last["data"]["user"], "alice");
    assert_eq!(last["data"]["environment"], "sandbox");
    assert_eq!(last["data"]["resolved_by"]["actor_id"], "operator");
    assert!(last["ts"].as_str().unwrap().ends_with('Z'));
    assert!(heard.iter().all(|one| !one.to_string().contains("c0ffee")), "{heard:?}");
}

#[test]
fn an_approval_that_lapsed_is_told_by_whoever_notices() {
    let upstream = Upstream::new(|_| (200, String::new()));
    let naive = telling(&upstream.url);
    let id = id(&naive.run(&format!("{REQUEST} --ttl 1ms")).exits(8));

    drop(naive.run(&format!("approvals wait {id}")).exits(9));
    told(&upstream, 2);
    drop(naive.run(&format!("approvals get {id}")).exits(0));

    let received = upstream.received();
    let last: Value = serde_json::from_str(&received.last().unwrap().body).unwrap();
    assert_eq!(last["event"], "approval.resolved");
    assert_eq!(last["data"]["status"], "expired");
    assert_eq!(received.len(), 2);
}

#[test]
fn an_address_that_fails_is_tried_three_times_and_one_that_refuses_once() {
    for (status, tries) in [(500, 3), (429, 3), (404, 1)] {
        let upstream = Upstream::new(move |_| (status, "{}".to_owned()));
        let naive = telling(&upstream.url);

        let run = naive.run(REQUEST).exits(8);

        assert_eq!(run.json()["result"]["status"], "pending_approval");
        assert!(is_told_of(&run), "{}", run.err);
        assert_eq!(failed(&naive)["entity_id"], "approvals.notify_url");
        assert_eq!(upstream.received().len(), tries, "{status}");
        if tries == 1 {
            let said = format!("answered with status {status}");
            assert!(run.err.contains(&said), "{}", run.err);
        }
    }
}

#[test]
fn an_address_that_works_at_the_second_try_has_heard() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let upstream = Upstream::new(move |_| {
        let first = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        (if first { 503 } else { 200 }, String::new())
    });
    let naive = telling(&upstream.url);

    let run = naive.run(REQUEST).exits(8);

    told(&upstream, 2);
    assert!(!run.err.contains("did not hear"), "{}", run.err);
}

#[test]
fn an_address_that_is_gone_is_never_in_the_way() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let naive = telling(&url);

    let run = naive.run(REQUEST).exits(8);
    let id = id(&run);
    let approved = naive.run(&format!("approvals approve {id} --yes")).exits(0);

    assert!(is_told_of(&run), "{}", run.err);
    assert_eq!(approved.json()["result"]["status"], "executed");
    assert!(is_told_of(&approved), "{}", approved.err);
}

#[cfg(unix)]
#[test]
fn a_program_hears_the_same_without_a_shell_and_without_the_environment() {
    use std::os::unix::fs::PermissionsExt as _;
    let naive = Naive::new().env("SECRET_OF_THE_TEST", "1").env("PATH", "/usr/bin:/bin");
    let (script, out) = (naive.home().join("hear.sh"), naive.home().join("heard"));
    let text = format!(
        "#!/bin/sh\n{{ echo \"$1\"; echo \"${{SECRET_OF_THE_TEST-none}}\"; cat; }} >> '{}'\n",
        out.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let argv = json!([script, "$(touch x) 'a b'"]).to_string();
    drop(naive.with("config set approvals.notify_command", &[&argv]).exits(0));
    drop(naive.run("users create alice").exits(0));

    let run = naive.run(REQUEST).exits(8);

    let whole = |text: String| text.ends_with("}\n").then_some(text);
    let heard = until("the program", || std::fs::read_to_string(&out).ok().and_then(whole));
    let lines: Vec<_> = heard.lines().collect();
    assert_eq!(lines[..2], ["$(touch x) 'a b'", "none"]);
    let event: Value = serde_json::from_str(lines[2]).unwrap();
    assert_eq!(event["event"], "approval.requested");
    assert_eq!(event["data"]["id"], id(&run));
    assert!(!run.err.contains("did not hear"), "{}", run.err);
}

#[test]
fn a_program_that_fails_or_is_not_there_is_only_told_of() {
    for (program, said) in
        [("/bin/false", "ended with exit status: 1"), ("/no/such", "cannot be run")]
    {
        let naive = Naive::new();
        let argv = json!([program]).to_string();
        drop(naive.with("config set approvals.notify_command", &[&argv]).exits(0));
        drop(naive.run("users create alice").exits(0));

        let run = naive.run(REQUEST).exits(8);

        assert!(run.err.contains("`approvals.notify_command` did not hear of it"), "{}", run.err);
        assert!(run.err.contains(said), "{}", run.err);
    }
}

#[test]
fn the_secret_is_made_once_and_changed_on_request() {
    let naive = Naive::new();
    let secret = |line: &str| naive.run(line).exits(0).json()["result"]["secret"].clone();

    let first = secret("approvals notify-secret");
    let again = secret("approvals notify-secret");
    let other = secret("approvals notify-secret --rotate");

    assert_eq!(first.as_str().unwrap().len(), 64);
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_eq!(other, secret("approvals notify-secret"));
}

#[test]
fn only_what_can_hear_is_taken_into_the_config_file() {
    let naive = Naive::new();
    for (key, bad) in [
        ("approvals.notify_url", "http://example.com/hook"),
        ("approvals.notify_url", "ftp://example.com/"),
        ("approvals.notify_url", "not an address"),
        ("approvals.notify_command", "/bin/true"),
        ("approvals.notify_command", "[1, 2]"),
        ("approvals.notify_command", "{\"a\": 1}"),
    ] {
        let run = naive.with(&format!("config set {key}"), &[bad]);

        assert_ne!(run.status, 0, "{key} {bad}");
        assert_eq!(run.json()["error"]["code"], "invalid_input");
    }
    let shown = naive.run("config show").exits(0).json();
    assert_eq!(shown["result"]["config"], json!({}));
}

#[test]
fn a_decision_that_comes_too_late_or_is_refused_is_not_told_as_one() {
    let upstream = Upstream::new(|_| (204, String::new()));
    let (naive, key) = workspace("sandbox");
    drop(naive.run(&format!("config set approvals.notify_url {}", upstream.url)).exits(0));
    let (denied, pending) = (id(&naive.run(REQUEST).exits(8)), id(&naive.run(REQUEST).exits(8)));
    drop(naive.run(&format!("approvals deny {denied}")).exits(0));
    // As if another machine's clock, ahead of ours, had been the last to write.
    let ahead = "UPDATE approvals SET updated_at = updated_at + 3600000";
    assert_eq!(database(&naive, "sandbox").execute(ahead, []).unwrap(), 2);

    drop(naive.run(&format!("approvals approve {denied} --yes")).exits(1));
    let mut agent = naive.command(["approvals", "approve", &pending, "--yes"]);
    drop(ended(agent.env("NAIVE_API_KEY", &key).output().unwrap()).exits(1));
    drop(naive.run(&format!("approvals get {pending}")).exits(0));
    drop(naive.run("approvals list").exits(0));
    drop(naive.run(&format!("approvals cancel {pending}")).exits(0));

    let heard = statuses(&told(&upstream, 4));
    assert_eq!(heard, ["pending", "pending", "denied", "cancelled"]);
}

#[test]
fn what_lapsed_is_told_once_by_whoever_goes_through_all() {
    let upstream = Upstream::new(|_| (204, String::new()));
    let naive = telling(&upstream.url);
    drop(naive.run(&format!("{REQUEST} --ttl 1ms")).exits(8));
    drop(naive.run(&format!("{REQUEST} --ttl 1ms")).exits(8));

    drop(naive.run("approvals reconcile --all").exits(0));
    told(&upstream, 4);
    drop(naive.run("approvals list").exits(0));
    drop(naive.run("approvals reconcile --all").exits(0));

    // Whoever asked may have noticed it, too.
    let mut heard = statuses(&told(&upstream, 4));
    heard.sort_by_key(ToString::to_string);
    assert_eq!(heard, ["expired", "expired", "pending", "pending"]);
}

#[test]
fn an_address_that_is_slow_keeps_nobody_and_is_tried_three_times_all_the_same() {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let upstream = Upstream::new(move |_| {
        // Until the test lets go of its end.
        let _ = gate.lock().unwrap().recv();
        (500, "{}".to_owned())
    });
    let naive = telling(&upstream.url);
    let began = std::time::Instant::now();

    let run = naive.run(REQUEST).exits(8);

    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(run.err.contains("is told in the background"), "{}", run.err);
    drop(open);
    assert_eq!(failed(&naive)["outcome"], "provider_error");
    told(&upstream, 3);
}

#[test]
fn a_program_with_a_key_hears_nothing_of_the_operators_address() {
    let upstream = Upstream::new(|_| (404, "{}".to_owned()));
    let (naive, key) = workspace("sandbox");
    drop(naive.run(&format!("config set approvals.notify_url {}", upstream.url)).exits(0));

    let words = ["actions", "run", "cards.create", "--user", "alice", "--args"];
    let mut command = naive.command(words);
    command.arg("{\"name\":\"Ads\",\"spendingLimitCents\":50000}").env("NAIVE_API_KEY", &key);
    let run = ended(command.output().unwrap()).exits(8);

    assert!(!is_told_of(&run), "{}", run.err);
    assert_eq!(failed(&naive)["actor_id"], "system");
}
