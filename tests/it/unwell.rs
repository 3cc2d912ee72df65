//! Credentials at an app, or an OAuth server, that is not well when it is asked about them.

use serde_json::{Value, json};

use crate::app::{App, OAUTH};
use crate::browser::{Login, visit};
use crate::support::Naive;

/// Logs the app in over OAuth.
fn logged_in(app: &App) -> crate::support::Run {
    let login = Login::start(&app.naive, "connections connect acme");
    drop(visit(&app.callback(&login.link)));
    login.end()
}

#[test]
fn a_token_server_that_is_not_well_is_named_with_what_to_do() {
    let head =
        "HTTP/1.1 429 X\r\nretry-after: 30\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let table = [
        (
            429,
            head,
            "rate_limited",
            "has had too many requests (429)",
            "wait 30 s, then run the command again",
        ),
        (500, "{}", "provider_error", "failed (500)", "wait a moment, then run the command again"),
        (
            200,
            "{\"cut",
            "provider_error",
            "answered something that is no grant (200)",
            "run the command again; if that does not help, check the toolkit's endpoints",
        ),
    ];
    for (status, body, code, words, hint) in table {
        let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, move |request| {
            (request.path == "/token").then(|| (status, body.to_owned()))
        });

        let run = logged_in(&app).exits(1).json();

        let message = format!("the OAuth server `127.0.0.1` {words}");
        assert_eq!(run["error"], json!({ "code": code, "message": message, "hint": hint }));
    }
}

#[test]
fn a_server_that_sends_the_same_refresh_token_again_does_not_cost_the_login() {
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, |request| {
        let tokens = json!({"access_token": "access-of-the-test", "refresh_token": "refresh-of-the-test", "expires_in": 0});
        (request.path == "/token").then(|| (200, tokens.to_string()))
    });
    drop(logged_in(&app).exits(0));

    drop(app.execute("ACME_READ").exits(0));
    drop(app.execute("ACME_READ").exits(0));

    let tokens = app.calls("POST", "/token");
    assert_eq!(tokens.len(), 3);
    for refresh in &tokens[1..] {
        assert!(refresh.body.contains("refresh_token=refresh-of-the-test"), "{}", refresh.body);
    }
}

#[test]
fn a_key_that_the_app_repeats_in_a_header_is_not_shown() {
    let head = "HTTP/1.1 403 X\r\nwww-authenticate: Bearer error=\"insufficient_scope\", scope=\"key-of-the-test\"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let app =
        App::keyed(move |request| (request.path == "/things").then(|| (403, head.to_owned())));

    let run = app.execute("ACME_READ").exits(1);

    assert_eq!(run.json()["error"]["reason"], "scope_missing");
    assert_ne!(run.json()["error"]["hint"], Value::Null);
    assert!(
        !run.out.contains("key-of-the-test") && !run.err.contains("key-of-the-test"),
        "{run:?}"
    );
}
