//! Running tools of an app that does not behave.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::app::{App, OAUTH};
use crate::browser::{Login, visit};
use crate::support::{Naive, Received, Run};

/// An app whose things answer so.
fn answering(status: u16, body: &str) -> App {
    let body = body.to_owned();
    App::keyed(move |request| (request.path == "/things").then(|| (status, body.clone())))
}

fn code(run: &Run) -> Value {
    run.json()["error"]["code"].clone()
}

/// Logs the app in over OAuth.
fn logged_in(answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static) -> App {
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, answer);
    let login = Login::start(&app.naive, "connections connect acme");
    drop(visit(&app.callback(&login.link)));
    drop(login.end().exits(0));
    app
}

#[test]
fn a_refused_credential_expires_the_connection_and_says_how_to_mend_it() {
    let app = answering(401, "{}");

    let run = app.execute("ACME_WRITE").exits(4).json();
    let rows = app.naive.run("connections connected").exits(0).json();
    let next = app.execute("ACME_READ").exits(4).json();

    assert_eq!(
        run["error"],
        json!({
            "code": "unauthorized",
            "message": "`acme` does not take the credential",
            "hint": "run `naive connections connect acme` to log in again",
            "reason": "connection_expired",
        })
    );
    assert_eq!(rows["result"]["connections"][0]["status"], "EXPIRED");
    assert_eq!(app.calls("POST", "/things").len(), 1);
    assert_eq!(next["error"]["code"], "not_configured");
    assert_eq!(next["error"]["message"], "the connection of `default` to `acme` is expired");
}

#[test]
fn a_write_that_failed_over_there_is_sent_once_and_its_outcome_is_unknown() {
    for status in [500, 502, 503, 408] {
        let app = answering(status, "{}");

        let run = app.execute("ACME_WRITE").exits(7);

        assert_eq!(code(&run), "outcome_unknown", "{status}");
        assert_eq!(run.json()["success"], false);
        assert_eq!(run.json()["result"]["successful"], false);
        let message = run.json()["error"]["message"].as_str().unwrap().to_owned();
        let said =
            format!("`ACME_WRITE` may or may not have run: the app answered with status {status}");
        assert_eq!(message, said);
        assert_eq!(run.json()["error"]["hint"], "look in `acme` before you run it again");
        assert_eq!(app.calls("POST", "/things").len(), 1, "{status}");
    }
}

#[test]
fn a_read_that_failed_over_there_is_tried_three_times() {
    for status in [500, 429] {
        let app = answering(status, "{}");

        let run = app.execute("ACME_READ").exits(1);

        let expected = if status == 429 { "rate_limited" } else { "provider_error" };
        assert_eq!(code(&run), expected);
        assert_eq!(app.calls("GET", "/things").len(), 3, "{status}");
    }
}

#[test]
fn a_read_that_works_the_second_time_has_worked() {
    let count = AtomicUsize::new(0);
    let app = App::keyed(move |request| {
        let first = request.path == "/things" && count.fetch_add(1, Ordering::Relaxed) == 0;
        first.then(|| (503, "{}".to_owned()))
    });

    let run = app.execute("ACME_READ").exits(0);

    assert_eq!(run.json()["result"]["data"], json!({"done": true}));
}

#[test]
fn a_write_whose_answer_was_lost_is_sent_once_and_its_outcome_is_unknown() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\"";
    for (status, body) in [(0, ""), (200, cut)] {
        let app = answering(status, body);

        let run = app.execute("ACME_WRITE").exits(7).json();

        assert_eq!(run["error"]["code"], "outcome_unknown");
        let message = run["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("`ACME_WRITE` may or may not have run: "), "{message}");
        assert_eq!(run["error"]["hint"], "look in `acme` before you run it again");
        assert_eq!(app.calls("POST", "/things").len(), 1);
    }
}

#[test]
fn a_write_that_is_redirected_is_refused() {
    for status in [301, 302, 303, 307, 308] {
        let app = answering(
            0,
            &format!(
                "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            ),
        );

        let run = app.execute("ACME_WRITE").exits(1);

        assert_eq!(code(&run), "provider_error", "{status}");
        let message = run.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("redirects a call that changes something"), "{message}");
        assert_eq!(app.calls("POST", "/things").len(), 1);
        assert!(app.upstream.received().iter().all(|one| one.path != "/elsewhere"));
    }
}

#[test]
fn a_credential_does_not_follow_a_redirect_to_another_host() {
    let other = App::new(crate::app::OPEN, |_| None);
    let to = format!(
        "HTTP/1.1 302 X\r\nlocation: {}/things\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        other.upstream.url
    );
    let app = answering(0, &to);

    let run = app.execute("ACME_READ");

    assert_ne!(run.status, -1);
    for request in other.upstream.received() {
        assert!(!format!("{request:?}").contains("key-of-the-test"), "{request:?}");
    }
}

#[test]
fn an_answer_of_more_than_8_mib_is_not_read_to_its_end() {
    let app = answering(200, &format!("\"{}\"", "x".repeat(9 << 20)));

    let read = app.execute("ACME_READ").exits(1);
    let write = app.execute("ACME_WRITE").exits(7);

    assert_eq!(code(&read), "provider_error");
    let message = read.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("answered more than 8 MiB"), "{message}");
    assert_eq!(code(&write), "outcome_unknown");
}

#[test]
fn an_answer_that_is_no_json_is_passed_on_as_text() {
    for text in ["{\"cut\": ", "<html>hé</html>"] {
        let length = text.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close";
        let app = answering(200, &format!("{head}\r\ncontent-length: {length}\r\n\r\n{text}"));

        let run = app.execute("ACME_READ").exits(0);

        assert_eq!(run.json()["result"]["data"], text);
    }
}

#[test]
fn an_answer_that_is_said_to_be_json_and_is_none_is_no_answer() {
    let app = answering(200, "{\"cut\": ");

    let read = app.execute("ACME_READ").exits(1);
    let write = app.execute("ACME_WRITE").exits(7);

    assert_eq!(read.json()["error"]["reason"], "answer_broken");
    assert_eq!(code(&write), "outcome_unknown");
    assert_eq!(app.calls("POST", "/things").len(), 1);
}

#[test]
fn each_refusal_has_its_code_and_the_apps_own_words() {
    for (status, expected) in [
        (400, "provider_error"),
        (403, "provider_error"),
        (404, "provider_error"),
        (422, "provider_error"),
        (429, "rate_limited"),
    ] {
        let app = answering(status, r#"{"error": {"message": "the thing is odd"}}"#);

        let run = app.execute("ACME_WRITE").exits(1).json();

        assert_eq!(run["success"], false);
        assert_eq!(run["error"]["code"], expected);
        assert_eq!(run["error"]["message"], format!("the thing is odd ({status})"));
        assert_eq!(run["result"]["error"], format!("the thing is odd ({status})"));
        assert_eq!(run["result"]["data"]["error"]["message"], "the thing is odd");
        assert_eq!(app.calls("POST", "/things").len(), 1);
    }
}

#[test]
fn a_spent_token_is_refreshed_before_it_is_used() {
    let count = AtomicUsize::new(0);
    let app = logged_in(move |request| {
        let number = (request.path == "/token").then(|| count.fetch_add(1, Ordering::Relaxed))?;
        let seconds = if number == 0 { 0 } else { 3600 };
        Some((200, json!({"access_token": format!("access-{number}"), "refresh_token": format!("refresh-{number}"), "expires_in": seconds}).to_string()))
    });

    drop(app.execute("ACME_READ").exits(0));
    drop(app.execute("ACME_WRITE").exits(0));

    let tokens = app.calls("POST", "/token");
    assert_eq!(tokens.len(), 2);
    assert!(tokens[1].body.contains("grant_type=refresh_token"), "{}", tokens[1].body);
    assert!(tokens[1].body.contains("refresh_token=refresh-0"), "{}", tokens[1].body);
    assert_eq!(app.calls("GET", "/things")[0].headers["authorization"], "Bearer access-1");
    assert_eq!(app.calls("POST", "/things")[0].headers["authorization"], "Bearer access-1");
}

#[test]
fn a_token_that_the_app_refuses_is_refreshed_once_and_the_call_succeeds() {
    let app = logged_in(|request| {
        let stale =
            request.path == "/things" && request.headers["authorization"].contains("access-0");
        stale.then(|| (401, "{}".to_owned()))
    });

    drop(app.execute("ACME_WRITE").exits(0));

    assert_eq!(app.calls("POST", "/token").len(), 2);
    assert_eq!(app.calls("POST", "/things").len(), 2);
}

#[test]
fn a_refresh_that_is_refused_expires_the_connection() {
    let app = logged_in(|request| match request.path.as_str() {
        "/token" if request.body.contains("grant_type=refresh_token") => {
            Some((400, json!({"error": "invalid_grant"}).to_string()))
        }
        "/things" => Some((401, "{}".to_owned())),
        _ => None,
    });

    let run = app.execute("ACME_WRITE").exits(4).json();

    assert_eq!(run["error"]["reason"], "connection_expired");
    assert_eq!(run["error"]["hint"], "run `naive connections connect acme` to log in again");
    let rows = app.naive.run("connections connected").exits(0).json();
    assert_eq!(rows["result"]["connections"][0]["status"], "EXPIRED");
}

#[test]
fn a_refresh_that_only_failed_leaves_the_connection_as_it_is() {
    let app = logged_in(|request| match request.path.as_str() {
        "/token" if request.body.contains("grant_type=refresh_token") => {
            Some((503, "{}".to_owned()))
        }
        "/things" => Some((401, "{}".to_owned())),
        _ => None,
    });

    let run = app.execute("ACME_READ").exits(1);

    assert_eq!(code(&run), "provider_error");
    let rows = app.naive.run("connections connected").exits(0).json();
    assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE");
}
