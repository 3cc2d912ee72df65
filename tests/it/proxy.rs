//! Requests to an app for which it has no tool.

use serde_json::json;

use crate::app::App;
use crate::support::{Naive, Run, ended};

/// An app that answers with what it was asked.
fn echoing() -> App {
    App::keyed(|request| {
        let said = json!({
            "line": format!("{} {}", request.method, request.path),
            "key": request.headers.get("x-key").is_some_and(|key| key == "key-of-the-test"),
            "version": request.headers.get("x-version"),
            "body": request.body,
        });
        Some((201, said.to_string()))
    })
}

fn proxy(app: &App, line: &str, more: &[&str]) -> Run {
    app.naive.with(&format!("connections proxy acme {line}"), more)
}

/// Returns the machine as an agent of its user sees it.
fn agent(naive: &Naive) -> String {
    let made = naive.run("keys create --name bot --role agent").exits(0);
    made.json()["result"]["api_key"].as_str().unwrap().to_owned()
}

#[test]
fn a_request_goes_to_the_app_with_the_login_and_comes_back_as_it_is() {
    let app = echoing();

    let sent = proxy(&app, "post /a/{b}?c={d}", &["--data", "[1]", "--header", "X-Version: {2}"]);
    let whole = proxy(&app, &format!("GET {}/things", app.upstream.url), &[]);

    let result = &sent.exits(0).json()["result"];
    assert_eq!(result["data"]["line"], "POST /a/%7Bb%7D?c=%7Bd%7D");
    assert_eq!(result["data"]["body"], "[1]");
    assert_eq!(result["data"]["key"], true);
    assert_eq!(result["data"]["version"], "{2}");
    assert_eq!((&result["status"], &result["toolSlug"]), (&json!(201), &json!("ACME_PROXY")));
    assert_eq!(whole.exits(0).json()["result"]["data"]["line"], "GET /things");
    let log = app.naive.run("logs all --action connections.proxy --limit 5").exits(0).json();
    let first = &log["result"]["events"][1];
    assert_eq!(
        (&first["entity_type"], &first["entity_id"]),
        (&json!("request"), &json!("acme POST /a/{b}"))
    );
}

#[test]
fn no_request_leaves_the_app_or_says_who_asks() {
    let app = echoing();

    for path in [
        "things",
        "//example.com/x",
        "https://example.com/",
        "/a/../b",
        "/a/%2E%2e/b",
        "/a#b",
        "/a b",
    ] {
        let refused = app.naive.with("connections proxy acme GET", &[path]).exits(1).json();
        assert_eq!(refused["error"]["reason"], "path_outside", "{path}");
    }
    for header in ["X-Key: other", "authorization: Bearer x", "Host: example.com"] {
        let refused = proxy(&app, "GET /things", &["--header", header]).exits(1).json();
        assert_eq!(refused["error"]["code"], "invalid_input", "{header}");
    }
    drop(proxy(&app, "GET /things --header none", &[]).exits(2));
    drop(proxy(&app, "GET /things", &["--data", "{}"]).exits(1));
    drop(proxy(&app, "HEAD /things", &[]).exits(2));
    assert_eq!(app.upstream.received().len(), 0);
}

#[test]
fn what_would_be_sent_is_shown_without_its_secrets() {
    let app = echoing();

    let shown = proxy(&app, "DELETE /things/1 --dry-run", &[]).exits(0).json();

    let request = &shown["result"]["request"];
    assert_eq!((&request["method"], &request["verdict"]), (&json!("DELETE"), &json!("allowed")));
    assert_eq!(request["headers"]["x-key"], "********");
    assert_eq!(app.upstream.received().len(), 0);
}

#[test]
fn an_app_that_says_no_is_a_failure_and_a_lost_write_is_unknown() {
    let app = App::keyed(|request| {
        let status = if request.method == "GET" { 404 } else { 500 };
        Some((status, json!({ "message": "no" }).to_string()))
    });

    let refused = proxy(&app, "GET /nothing", &[]).exits(1).json();
    let lost = proxy(&app, "POST /things", &[]).exits(7).json();

    assert_eq!(refused["error"]["code"], "provider_error");
    assert_eq!(refused["result"]["status"], 404);
    assert_eq!(lost["error"]["code"], "outcome_unknown");
    assert_eq!(app.calls("POST", "/things").len(), 1);
}

#[test]
fn where_a_kit_rules_the_tools_of_an_app_agents_send_no_requests_past_them() {
    let app = echoing();
    let key = agent(&app.naive);
    let kit = |flags: &str| {
        drop(app.naive.run(&format!("account-kits update Default {flags}")).exits(0));
    };
    let as_agent = || {
        let words = "connections proxy acme GET /things".split(' ');
        ended(app.naive.command(words).env("NAIVE_API_KEY", &key).output().unwrap())
    };

    drop(as_agent().exits(0));
    kit("--gate-default-user --approval-tool ACME_WRITE");
    let held = as_agent().exits(1).json();
    let explained =
        app.naive.run("explain connections.proxy --toolkit acme --as agent").exits(0).json();
    drop(proxy(&app, "GET /things", &[]).exits(0));
    kit("--approval-tool= --tool acme.disable=ACME_WRITE");
    let filtered = as_agent().exits(1).json();

    assert_eq!(held["error"]["reason"], "tool_not_allowed");
    assert_eq!(filtered["error"]["reason"], "tool_not_allowed");
    assert_eq!(explained["result"]["rule"], "tool_not_allowed");
}
