//! Connecting apps at an API elsewhere: its callback ends the login, a listener here hears of it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{always, body, client, sent};
use crate::browser::{split, visit};
use crate::support::{Upstream, ended, until};

const ID: &str = "ca_0123456789abcdef0123456789abcdef";

fn started() -> String {
    json!({"toolkit": "gmail", "connectedAccountId": ID, "status": "INITIATED",
        "redirectUrl": "https://accounts.example.com/auth?state=the-state"})
    .to_string()
}

fn stands(status: &str) -> String {
    json!({"id": ID, "toolkit": "gmail", "status": status, "connectedAccountId": ID,
        "account": "alice@example.com", "reason": "the user said no"})
    .to_string()
}

/// An API that begins a login, and then tells how it stands, in turn, the last word for ever.
fn api(words: &'static [&'static str]) -> Upstream {
    let count = AtomicUsize::new(0);
    Upstream::new(move |request| {
        if request.method == "POST" {
            return (200, started());
        }
        let at = count.fetch_add(1, Ordering::SeqCst).min(words.len() - 1);
        (200, stands(words[at]))
    })
}

#[test]
fn a_login_is_over_when_the_api_says_so() {
    let api = api(&["INITIATED", "WARMING_UP", "ACTIVE"]);

    let run = client(&api).run("connections connect gmail --user alice").exits(0);

    let state = json!({"toolkit": "gmail", "connectedAccountId": ID, "status": "ACTIVE",
        "redirectUrl": null, "account": "alice@example.com"});
    assert_eq!(run.json()["result"], state);
    assert!(run.err.contains("https://accounts.example.com/auth?state=the-state"), "{}", run.err);
    let asked = body(&sent(&api, "POST")[0]);
    let callback = asked["callback_url"].as_str().unwrap();
    assert!(callback.starts_with("http://127.0.0.1:"), "{callback}");
    let path = format!("/v1/users/alice/connected-accounts/{ID}");
    assert!(sent(&api, "GET").iter().all(|one| one.path == path));
}

#[test]
fn a_browser_that_the_api_sends_on_is_shown_how_it_ended() {
    let is_active = Arc::new(AtomicUsize::new(0));
    let switch = Arc::clone(&is_active);
    let api = Upstream::new(move |request| match request.method.as_str() {
        "POST" => (200, started()),
        _ if switch.load(Ordering::SeqCst) == 0 => (200, stands("INITIATED")),
        _ => (200, stands("ACTIVE")),
    });
    let naive = client(&api);
    let child = naive.command(["connections", "connect", "gmail"]).spawn().unwrap();
    let asked = until("the call", || sent(&api, "POST").pop());
    let callback = body(&asked)["callback_url"].as_str().unwrap().to_owned();

    let stray = visit(&format!("{callback}?state=x&code=y"));
    let (host, path) = split(&callback);
    let mut browser = TcpStream::connect(host).unwrap();
    let request =
        format!("GET {path}?status=ACTIVE&toolkit=gmail HTTP/1.1\r\nhost: {host}\r\n\r\n");
    browser.write_all(request.as_bytes()).unwrap();
    is_active.store(1, Ordering::SeqCst);
    let run = ended(child.wait_with_output().unwrap()).exits(0);
    let mut page = String::new();
    browser.read_to_string(&mut page).unwrap();

    assert_eq!(stray.status, 400);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("alice@example.com"), "{page}");
    assert_eq!(run.json()["result"]["status"], "ACTIVE");
}

#[test]
fn a_login_that_failed_exits_1_and_says_how_to_begin_again() {
    let api = api(&["INITIATED", "FAILED"]);

    let run = client(&api).run("connections connect gmail --user alice").exits(1).json();

    assert_eq!(run["error"]["message"], "the connection is failed: the user said no");
    assert_eq!(run["error"]["reason"], "login_failed");
    let hint = "run `naive connections connect gmail --user alice` to log in again";
    assert_eq!(run["error"]["hint"], hint);
}

#[test]
fn a_login_that_nobody_ends_times_out() {
    let api = api(&["INITIATED"]);

    let line = "connections connect gmail --no-browser --timeout 1s";
    let run = client(&api).run(line).exits(1).json();

    assert_eq!(run["error"]["reason"], "timed_out");
    let end = sent(&api, "POST").pop().unwrap();
    assert_eq!(end.path, "/v1/connections/finish");
    assert_eq!(body(&end), json!({"state": "the-state", "given_up": "timed out"}));
}

#[test]
fn whoever_does_not_wait_gets_the_link() {
    let api = api(&["INITIATED"]);

    let run = client(&api).run("connections connect gmail --no-wait").exits(0).json();

    assert_eq!(run["result"], serde_json::from_str::<Value>(&started()).unwrap());
    assert_eq!(run["next_steps"][0]["command"], format!("naive connections wait {ID}"));
    assert!(sent(&api, "GET").is_empty());
    assert_eq!(body(&sent(&api, "POST")[0]).get("callback_url"), None);
}

#[test]
fn a_held_connect_exits_8() {
    let held = json!({"status": "pending_approval", "action": "connections.connect",
        "approval_id": "0c8e6c1e-6f0c-4b52-9d55-0a4b8a1f2d11"});
    let api = always(202, held.to_string());

    let run = client(&api).run("connections connect gmail --user alice").exits(8);

    assert_eq!(run.json()["result"]["action_type"], "connections.connect");
    assert_eq!(run.err, "");
}

#[test]
fn what_an_app_asks_for_is_read_from_stdin_and_sent() {
    let fields = json!([{"key": "api_key", "label": "API key", "secret": true}]);
    let api = Upstream::new(move |request| {
        if request.path.ends_with("/credentials") {
            return (200, stands("ACTIVE"));
        }
        let waits = json!({"toolkit": "stripe", "connectedAccountId": ID, "status": "INITIATED",
            "redirectUrl": null, "credentialFields": fields});
        (200, waits.to_string())
    });
    let naive = client(&api);

    let run = naive.fed("connections connect stripe --credential api_key=-", "sk_test_secret\n");
    let missing = naive.run("connections connect stripe").exits(2).json();
    let other = naive.fed("connections connect stripe --credential x=-", "y\n").exits(2).json();

    assert_eq!(run.exits(0).json()["result"]["status"], "ACTIVE");
    let calls = sent(&api, "POST");
    assert_eq!(calls[1].path, format!("/v1/users/default/connected-accounts/{ID}/credentials"));
    assert_eq!(body(&calls[1]), json!({"fields": {"api_key": "sk_test_secret"}}));
    let hint = missing["error"]["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("naive connections credentials {ID} api_key=-")), "{hint}");
    assert_eq!(other["error"]["hint"], "it takes `api_key`");
}

#[test]
fn an_api_that_tells_nothing_of_single_connections_is_asked_for_all() {
    let count = AtomicUsize::new(0);
    let api = Upstream::new(move |request| {
        if request.method == "POST" {
            return (200, started().replace(ID, "ca_short"));
        }
        let status = ["INITIATED", "ACTIVE"][count.fetch_add(1, Ordering::SeqCst).min(1)];
        (
            200,
            json!({"connections": [{"id": "ca_short", "toolkit": "gmail", "status": status}]})
                .to_string(),
        )
    });

    let run = client(&api).run("connections connect gmail").exits(0).json();

    assert_eq!(run["result"]["status"], "ACTIVE");
    assert!(sent(&api, "GET").iter().all(|one| one.path.ends_with("/connections/connected")));
}

#[test]
fn waiting_for_a_login_exits_9_if_it_never_will_be_and_1_if_it_is_not_yet() {
    let over = api(&["INITIATED", "REVOKED"]);
    let open = api(&["INITIATED"]);
    let good = api(&["INITIATED", "ACTIVE"]);
    let none = always(404, r#"{"error": {"code": "not_found", "message": "no"}}"#);

    let line = format!("connections wait {ID} --timeout 3s");
    assert_eq!(client(&over).run(&line).exits(9).json()["error"]["code"], "not_configured");
    assert_eq!(client(&good).run(&line).exits(0).json()["result"]["status"], "ACTIVE");
    assert_eq!(client(&none).run(&line).exits(9).json()["error"]["code"], "not_found");
    let late = format!("connections wait {ID} --timeout 1s");
    assert_eq!(client(&open).run(&late).exits(1).json()["error"]["reason"], "timed_out");
}

#[test]
fn a_link_that_is_no_address_for_a_browser_is_not_opened() {
    let api = always(
        200,
        started()
            .replace("https://accounts.example.com/auth?state=the-state", "file:///etc/passwd"),
    );

    let run = client(&api).run("connections connect gmail").exits(1).json();

    assert_eq!(run["error"]["code"], "provider_error");
}

#[test]
fn a_brokerage_account_is_linked_when_the_api_says_so() {
    let count = AtomicUsize::new(0);
    let api = Upstream::new(move |request| {
        if request.method == "POST" {
            let begun = json!({"authorize_url": "https://broker.example.com/a", "env": "paper",
                "state": "s", "disclosure": "You may lose money."});
            return (200, begun.to_string());
        }
        let is_linked = count.fetch_add(1, Ordering::SeqCst) > 0;
        let status = if is_linked { "active" } else { "pending" };
        let one = json!({"env": "paper", "status": status, "connected": is_linked});
        (200, json!({"connections": [one]}).to_string())
    });

    let run = client(&api).run("trading connect --env paper").exits(0);

    let linked = &run.json()["result"];
    assert_eq!((&linked["status"], &linked["authorize_url"]), (&json!("active"), &Value::Null));
    assert!(run.err.contains("You may lose money."), "{}", run.err);
    assert!(run.err.contains("https://broker.example.com/a"), "{}", run.err);
}
