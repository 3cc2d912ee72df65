//! Logins at an OAuth server that is not a good one.

use serde_json::{Value, json};

use crate::app::{App, OAUTH, metadata};
use crate::browser::{Login, Page, parameter, redirect_uri, visit};
use crate::support::{Naive, Received, Run};

const CONNECT: &str = "connections connect acme";

fn app(answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static) -> App {
    App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, answer)
}

/// Logs in, with the callback made from the link.
fn login(app: &App, callback: impl Fn(&str) -> String) -> (Page, Run) {
    let login = Login::start(&app.naive, CONNECT);
    let page = visit(&callback(&login.link));
    (page, login.end())
}

fn connection(app: &App) -> Value {
    let list = app.naive.run("connections list --search acme").exits(0).json();
    list["result"]["toolkits"][0]["connection"].clone()
}

fn is_metadata(request: &Received) -> bool {
    request.path == "/.well-known/oauth-authorization-server"
}

#[test]
fn a_server_that_is_found_by_discovery_logs_in() {
    let app = app(|_| None);

    let (page, run) = login(&app, |link| app.callback(link));

    let run = run.exits(0);
    assert_eq!(page.status, 200);
    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert_eq!(run.json()["result"]["account"], "ada");
    assert_eq!(run.json().get("sandbox"), None);
    let token = &app.calls("POST", "/token")[0].body;
    for part in [
        "grant_type=authorization_code",
        "code=code-of-the-test",
        "code_verifier=",
        "client_id=naive",
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A",
    ] {
        assert!(token.contains(part), "{part}: {token}");
    }
    assert_eq!(app.calls("GET", "/me")[0].headers["authorization"], "Bearer access-0-of-the-test");
}

#[test]
fn metadata_that_names_another_issuer_is_not_believed() {
    let app = app(|request| {
        let mut told = metadata(&format!("http://{}", request.headers["host"]));
        told["issuer"] = "https://evil.example".into();
        is_metadata(request).then(|| (200, told.to_string()))
    });

    let run = app.naive.run(CONNECT).exits(1);

    assert_eq!(run.json()["error"]["code"], "provider_error");
    assert_eq!(run.json()["error"]["message"], "the OAuth server's metadata names another issuer");
    assert_eq!(connection(&app), Value::Null);
}

#[test]
fn metadata_that_points_to_plain_http_elsewhere_is_not_followed() {
    for key in ["authorization_endpoint", "token_endpoint"] {
        let app = app(move |request| {
            let mut told = metadata(&format!("http://{}", request.headers["host"]));
            told[key] = "http://evil.example/x".into();
            is_metadata(request).then(|| (200, told.to_string()))
        });

        let started = app.naive.run(&format!("{CONNECT} --timeout 2s"));

        assert_ne!(started.status, 0, "{key}");
        assert!(!started.err.contains("http://evil.example"), "{key}: {}", started.err);
        assert_ne!(connection(&app)["status"], "ACTIVE", "{key}");
    }
}

#[test]
fn a_callback_from_another_server_or_from_none_ends_the_login_without_its_words() {
    for iss in ["&iss=https%3A%2F%2Fevil.example", ""] {
        let app = app(|_| None);

        let (page, run) = login(&app, |link| {
            let state = parameter(link, "state").unwrap();
            format!("{}?error=x&error_description=CANARY&state={state}{iss}", redirect_uri(link))
        });

        let run = run.exits(1);
        assert_eq!(page.status, 400);
        assert!(!page.body.contains("CANARY"), "{}", page.body);
        assert_eq!(run.json()["error"]["reason"], "issuer_mismatch");
        assert!(!run.out.contains("CANARY") && !run.err.contains("CANARY"), "{run:?}");
        assert!(app.calls("POST", "/token").is_empty());
        assert_eq!(connection(&app)["status"], "FAILED");
    }
}

#[test]
fn a_missing_issuer_is_fine_where_none_was_announced() {
    let app = app(|request| {
        let mut told = metadata(&format!("http://{}", request.headers["host"]));
        told["authorization_response_iss_parameter_supported"] = false.into();
        is_metadata(request).then(|| (200, told.to_string()))
    });

    let (_, run) = login(&app, |link| {
        format!("{}?code=c&state={}", redirect_uri(link), parameter(link, "state").unwrap())
    });

    assert_eq!(run.exits(0).json()["result"]["status"], "ACTIVE");
}

#[test]
fn an_invalid_grant_says_to_start_again_and_the_code_is_not_sent_twice() {
    let app = app(|request| {
        (request.path == "/token").then(|| (400, json!({"error": "invalid_grant"}).to_string()))
    });

    let (page, run) = login(&app, |link| app.callback(link));

    assert_eq!(page.status, 400);
    assert_eq!(
        run.exits(4).json()["error"],
        json!({
            "code": "unauthorized",
            "message": "the OAuth server no longer takes the grant",
            "hint": "run `naive connections connect acme` to start again",
            "reason": "invalid_grant",
        })
    );
    assert_eq!(app.calls("POST", "/token").len(), 1);
    assert_eq!(connection(&app)["status"], "FAILED");
}

#[test]
fn a_code_is_never_sent_again_after_an_unclear_answer() {
    let answers = [
        (500, "{}"),
        (0, ""),
        (200, "<html>"),
        (200, "{}"),
        (302, "HTTP/1.1 302 X\r\nlocation: /token2\r\ncontent-length: 0\r\n\r\n"),
    ];
    for (status, body) in answers {
        let app = app(move |request| (request.path == "/token").then(|| (status, body.to_owned())));

        let (page, run) = login(&app, |link| app.callback(link));

        let run = run.exits(1);
        assert_eq!(page.status, 400);
        assert_eq!(run.json()["error"]["code"], "provider_error", "{status} {body}");
        assert_eq!(app.calls("POST", "/token").len(), 1);
        assert!(app.calls("GET", "/token2").is_empty());
        assert_eq!(connection(&app)["status"], "FAILED");
    }
}

#[test]
fn a_token_endpoint_that_repeats_secrets_is_not_quoted() {
    let app = app(|request| {
        let echo = json!({"error": "invalid_request", "error_description": request.body});
        (request.path == "/token").then(|| (400, echo.to_string()))
    });

    let (page, run) = login(&app, |link| app.callback(link));

    let run = run.exits(1);
    for text in [&page.body, &run.out, &run.err] {
        assert!(!text.contains("code-of-the-test") && !text.contains("code_verifier"), "{text}");
    }
    assert_eq!(
        run.json()["error"]["message"],
        "the OAuth server refused with `invalid_request` (400)"
    );
}

#[test]
fn a_client_without_a_login_says_how_to_configure_it() {
    let app = App::new(&OAUTH.replace("client_id = \"naive\"", ""), |_| None);

    let run = app.naive.run(&format!("{CONNECT} --no-wait")).exits(4);

    assert_eq!(run.json()["error"]["code"], "not_configured");
    let hint = run.json()["error"]["hint"].as_str().unwrap().to_owned();
    assert!(
        hint.contains("naive toolkits configure acme --client-id ID --client-secret -"),
        "{hint}"
    );
}

#[test]
fn a_purge_tells_the_server() {
    let app = app(|_| None);
    drop(login(&app, |link| app.callback(link)).1.exits(0));

    let run = app.naive.run("connections disconnect acme --purge --yes").exits(0);

    assert_eq!(run.json()["result"]["revokedUpstream"], true);
    let told = app.calls("POST", "/revoke");
    assert_eq!(told.len(), 1);
    assert!(told[0].body.contains("token=refresh-0-of-the-test"), "{}", told[0].body);
}

#[test]
fn a_purge_ends_here_even_if_the_server_does_not_answer() {
    let app = app(|request| (request.path == "/revoke").then(|| (503, "{}".to_owned())));
    drop(login(&app, |link| app.callback(link)).1.exits(0));

    let run = app.naive.run("connections disconnect acme --purge --yes").exits(0);

    assert_eq!(run.json()["result"]["status"], "REVOKED");
    assert_eq!(run.json()["result"]["revokedUpstream"], false);
}

#[test]
fn the_browser_goes_on_to_the_callback_url_that_was_asked_for() {
    let app = app(|_| None);

    let line = format!("{CONNECT} --callback-url https://example.com/done?x=1");
    let login = Login::start(&app.naive, &line);
    let page = visit(&app.callback(&login.link));
    drop(login.end().exits(0));

    assert_eq!(page.status, 302);
    assert_eq!(page.location(), "https://example.com/done?x=1&status=ACTIVE&toolkit=acme");
}
