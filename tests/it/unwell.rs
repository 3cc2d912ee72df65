//! Credentials at an app, or an OAuth server, that is not well when it is asked about them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::{Value, json};

use crate::app::{App, KEY, OAUTH};
use crate::browser::{Login, visit};
use crate::connect::row;
use crate::support::Naive;

/// An app with a key, and a call that tells whose it is: answered with the status that is held here.
fn asked(status: &Arc<AtomicU16>, body: &'static str) -> App {
    let auth = format!("{KEY}[identity]\nrequest = \"GET /me\"\naccount = \"/name\"\n");
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "key-of-the-test");
    let status = Arc::clone(status);
    App::on(naive, &auth, move |request| {
        let status = status.load(Ordering::Relaxed);
        (request.path == "/me" && status != 0).then(|| (status, body.to_owned()))
    })
}

/// Logs the app in over OAuth.
fn logged_in(app: &App) -> crate::support::Run {
    let login = Login::start(&app.naive, "connections connect acme");
    drop(visit(&app.callback(&login.link)));
    login.end()
}

fn id(app: &App) -> String {
    row(&app.naive, "acme")["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_key_that_a_failing_app_could_not_check_is_not_taken() {
    for (status, body) in [(429, "{}"), (500, "{}"), (408, "{}"), (200, "{\"cut"), (200, "<p>")] {
        let held = Arc::new(AtomicU16::new(status));
        let app = asked(&held, body);

        let run = app.naive.run("connections connect acme").exits(1).json();
        let state = row(&app.naive, "acme")["status"].clone();
        held.store(0, Ordering::Relaxed);
        let again = app.naive.run("connections connect acme").exits(0).json();

        assert_eq!(run["error"]["code"], "provider_error", "{status} {body}");
        let message = run["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with("`acme` could not be asked about the credential: "),
            "{message}"
        );
        assert_eq!(run["error"]["hint"], "run it again in a moment");
        assert_ne!(state, "ACTIVE", "{status} {body}");
        assert_eq!(again["result"]["account"], "ada");
    }
}

#[test]
fn a_refresh_at_a_failing_app_leaves_the_connection_as_it_was() {
    let held = Arc::new(AtomicU16::new(0));
    let app = asked(&held, "{}");
    drop(app.naive.run("connections connect acme").exits(0));
    let refresh = format!("connections refresh {}", id(&app));

    // given: an active one, then one that the app refused
    for (state, refused) in [("ACTIVE", 0), ("EXPIRED", 401)] {
        held.store(refused, Ordering::Relaxed);
        drop(app.naive.run(&refresh));
        for status in [429, 500, 404] {
            held.store(status, Ordering::Relaxed);

            let run = app.naive.run(&refresh).exits(1).json();

            assert_eq!(run["error"]["code"], "provider_error", "{status}");
            assert_eq!(row(&app.naive, "acme")["status"], state, "{status}");
        }
    }
    held.store(403, Ordering::Relaxed);
    drop(app.naive.run(&refresh).exits(0));
    assert_eq!(row(&app.naive, "acme")["status"], "ACTIVE");
}

#[test]
fn an_app_that_cannot_be_asked_is_not_said_to_take_a_key_it_refused() {
    let app = App::keyed(|request| (request.path == "/things").then(|| (401, "{}".to_owned())));
    let refresh = format!("connections refresh {}", id(&app));
    drop(app.execute("ACME_READ").exits(4));

    let run = app.naive.run(&refresh).exits(0);

    assert_eq!(run.json()["result"]["status"], "EXPIRED");
    assert!(run.err.contains("`acme` has no way to be asked"), "{}", run.err);
}

#[test]
fn a_login_whose_account_could_not_be_learnt_says_so() {
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, |request| {
        (request.path == "/me").then(|| (500, "{}".to_owned()))
    });

    let run = logged_in(&app).exits(0);

    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert!(run.err.contains("whose account it is could not be learnt"), "{}", run.err);
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
