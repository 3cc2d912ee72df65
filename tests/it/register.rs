//! Clients that register themselves, token endpoints with ways of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::app::{App, OAUTH, metadata};
use crate::browser::{Login, parameter, visit};
use crate::support::{Naive, Received, Run};

const CONNECT: &str = "connections connect acme";

/// An app whose server registers clients, `client-0` first.
fn app(answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static) -> App {
    let count = AtomicUsize::new(0);
    let naive = Naive::new().env("BROWSER", "/bin/true");
    App::on(naive, &OAUTH.replace("client_id = \"naive\"\n", ""), move |request| {
        let host = format!("http://{}", request.headers["host"]);
        if let Some(answer) = answer(request) {
            return Some(answer);
        }
        match request.path.as_str() {
            "/.well-known/oauth-authorization-server" => {
                let mut told = metadata(&host);
                told["registration_endpoint"] = format!("{host}/register").into();
                Some((200, told.to_string()))
            }
            "/register" => {
                let id = format!("client-{}", count.fetch_add(1, Ordering::Relaxed));
                let told = json!({
                    "client_id": id, "registration_access_token": "registration-token-of-the-test",
                });
                Some((201, told.to_string()))
            }
            _ => None,
        }
    })
}

/// Logs in, and returns the client of the link with how it ended.
fn login(app: &App, more: &str) -> (String, Run) {
    let login = Login::start(&app.naive, &format!("{CONNECT} {more}"));
    let client = parameter(&login.link, "client_id").unwrap().to_owned();
    drop(visit(&app.callback(&login.link)));
    (client, login.end())
}

#[test]
fn a_first_login_registers_a_client_and_the_next_use_it() {
    let app = app(|_| None);

    let (first, run) = login(&app, "--port 0");
    drop(run.exits(0));
    let (second, run) = login(&app, "--label two");
    drop(run.exits(0));
    let about = app.naive.run("toolkits get acme").exits(0).json();

    assert_eq!((first.as_str(), second.as_str()), ("client-0", "client-0"));
    assert_eq!(about["result"]["clientId"], "client-0");
    assert_eq!(about["result"]["availability"], "available");
    let asked = app.calls("POST", "/register");
    assert_eq!(asked.len(), 1);
    let mut wish: Value = serde_json::from_str(&asked[0].body).unwrap();
    let exact = wish["redirect_uris"][1].take();
    assert!(exact.as_str().unwrap().starts_with("http://127.0.0.1:"), "{exact}");
    assert_eq!(
        wish,
        json!({
            "client_name": "naive",
            "application_type": "native",
            "redirect_uris": ["http://127.0.0.1/oauth/callback", null],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": "all",
        })
    );
    assert!(app.calls("POST", "/token")[1].body.contains("client_id=client-0"));
}

#[test]
fn the_operators_own_client_always_wins() {
    let app = app(|_| None);
    let (registered, _) = login(&app, "--port 0");

    drop(app.naive.run("toolkits configure acme --client-id mine").exits(0));
    let (own, run) = login(&app, "--label two");

    assert_eq!((registered.as_str(), own.as_str()), ("client-0", "mine"));
    drop(run.exits(0));
    assert_eq!(app.calls("POST", "/register").len(), 1);
}

#[test]
fn a_client_of_one_server_is_never_shown_to_another() {
    let (one, other) = (app(|_| None), app(|_| None));
    drop(login(&other, "--port 0").1.exits(0));
    drop(login(&one, "--port 0").1.exits(0));
    let manifest = std::fs::read_to_string(other.naive.home().join("acme.toml")).unwrap();
    std::fs::write(one.naive.home().join("acme.toml"), manifest).unwrap();
    drop(one.naive.run("connections disconnect acme --purge --yes").exits(0));
    drop(one.naive.run("toolkits add acme.toml").exits(0));

    let there = App { naive: one.naive, upstream: other.upstream };
    let (client, run) = login(&there, "--label two");

    drop(run.exits(0));
    assert_eq!(client, "client-1", "the other server had given `client-0` away");
    assert_eq!(there.calls("POST", "/register").len(), 2);
}

#[test]
fn a_client_that_its_server_has_forgotten_is_registered_anew() {
    let app = app(|request| {
        let forgotten = request.path == "/token" && request.body.contains("client-0");
        forgotten.then(|| (401, json!({"error": "invalid_client"}).to_string()))
    });

    let (first, refused) = login(&app, "--port 0");
    let refused = refused.exits(4).json();
    let (second, run) = login(&app, "--port 0");

    assert_eq!(first, "client-0");
    assert_eq!(
        refused["error"]["hint"],
        "run `naive connections connect acme` again: it registers a new client"
    );
    assert_eq!(second, "client-1");
    drop(run.exits(0));
}

#[test]
fn a_refresh_for_a_client_that_is_gone_expires_the_connection() {
    let app = app(|request| {
        let tokens = json!({"access_token": "a", "refresh_token": "r", "expires_in": 0});
        let answer = if request.body.contains("grant_type=refresh_token") {
            (401, json!({"error": "invalid_client"}).to_string())
        } else {
            (200, tokens.to_string())
        };
        (request.path == "/token").then_some(answer)
    });
    drop(login(&app, "--port 0").1.exits(0));

    let run = app.execute("ACME_READ").exits(4).json();

    assert_eq!(run["error"]["reason"], "connection_expired");
    let (client, _) = login(&app, "--port 0");
    assert_eq!(client, "client-1");
}

#[test]
fn a_server_that_wants_the_port_gets_it_and_is_asked_again_for_another() {
    let app = app(|request| {
        let any_port = request.body.contains("\"http://127.0.0.1/oauth/callback\"");
        (request.path == "/register" && any_port)
            .then(|| (400, json!({"error": "invalid_redirect_uri"}).to_string()))
    });

    let (first, run) = login(&app, "--port 0");
    drop(run.exits(0));
    let (second, run) = login(&app, "--label two");
    drop(run.exits(0));

    assert_eq!(first, "client-0");
    // The port of the second login is another, unless the machine gave the same one again.
    assert!(second == "client-1" || app.calls("POST", "/register").len() == 2, "{second}");
}

/// An app whose server wants the port, and takes a token from the client it was given to alone.
fn strict() -> App {
    app(|request| {
        let client = request.body.split("client_id=").nth(1).unwrap_or_default();
        let client = client.split('&').next().unwrap_or_default();
        let any_port = request.body.contains("\"http://127.0.0.1/oauth/callback\"");
        match request.path.as_str() {
            "/register" if any_port => {
                Some((400, json!({"error": "invalid_redirect_uri"}).to_string()))
            }
            "/token" if request.body.contains("refresh_token=") => {
                let own = request.body.contains(&format!("refresh_token=of-{client}&"))
                    || request.body.ends_with(&format!("refresh_token=of-{client}"));
                (!own).then(|| (400, json!({"error": "invalid_grant"}).to_string()))
            }
            "/token" => {
                let tokens = json!({
                    "access_token": "access", "refresh_token": format!("of-{client}"),
                    "expires_in": 0,
                });
                Some((200, tokens.to_string()))
            }
            _ => None,
        }
    })
}

#[test]
fn a_second_client_does_not_end_the_accounts_of_the_first() {
    let app = strict();
    let one = Login::start(&app.naive, &format!("{CONNECT} --port 0 --label one"));
    drop(visit(&app.callback(&one.link)));
    drop(one.end().exits(0));
    let first = app.calls("POST", "/register")[1].body.clone();
    let first: Value = serde_json::from_str(&first).unwrap();
    let port = first["redirect_uris"][0].as_str().unwrap()[7..].replace("/oauth/callback", "");
    // Nobody gets that port again.
    let _taken = std::net::TcpListener::bind(port).unwrap();
    let (second, run) = login(&app, "--port 0 --label two");
    drop(run.exits(0));
    assert_eq!(second, "client-1");

    for label in ["one", "two"] {
        let line = format!("connections execute acme ACME_READ --account {label}");
        drop(app.naive.run(&line).exits(0));
    }
    drop(app.naive.run("connections disconnect acme --account one --purge --yes").exits(0));

    let revoked = &app.calls("POST", "/revoke")[0].body;
    assert!(revoked.contains("client_id=client-0"), "{revoked}");
}

#[test]
fn a_login_ends_with_the_client_it_began_with() {
    let app = strict();
    let one = Login::start(&app.naive, &format!("{CONNECT} --port 0 --label one"));
    let (second, run) = login(&app, "--port 0 --label two");
    drop(run.exits(0));

    drop(visit(&app.callback(&one.link)));
    drop(one.end().exits(0));

    assert_eq!(second, "client-1");
    let exchanged = &app.calls("POST", "/token")[1].body;
    assert!(exchanged.contains("client_id=client-0"), "{exchanged}");
    drop(app.naive.run("connections execute acme ACME_READ --account one").exits(0));
}

#[test]
fn a_client_that_may_not_do_something_is_not_forgotten() {
    let app = app(|request| {
        let tokens = json!({"access_token": "a", "refresh_token": "r", "expires_in": 0});
        let answer = if request.body.contains("grant_type=refresh_token") {
            (400, json!({"error": "unauthorized_client"}).to_string())
        } else {
            (200, tokens.to_string())
        };
        (request.path == "/token").then_some(answer)
    });
    drop(login(&app, "--port 0").1.exits(0));

    let run = app.execute("ACME_READ").exits(4).json();

    assert_eq!(run["error"]["reason"], "client_not_allowed");
    let rows = app.naive.run("connections connected").exits(0).json();
    assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE");
    let (client, _) = login(&app, "--port 0 --label two");
    assert_eq!(client, "client-0");
}

#[test]
fn tokens_of_one_client_are_never_sent_under_another_that_was_configured() {
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, |request| {
        let tokens = json!({"access_token": "a", "refresh_token": "r", "expires_in": 0});
        (request.path == "/token").then(|| (200, tokens.to_string()))
    });
    drop(login(&app, "--port 0").1.exits(0));
    drop(app.naive.run("toolkits configure acme --client-id other").exits(0));

    let run = app.execute("ACME_READ").exits(4).json();
    drop(app.naive.run("toolkits configure acme --client-id naive").exits(0));
    let back = app.execute("ACME_READ");

    assert_eq!(
        run["error"],
        json!({
            "code": "not_configured",
            "message": "the tokens belong to the OAuth client `naive`; `acme` uses `other` here",
            "hint": "run `naive connections connect acme --reconnect` to log in again",
            "reason": "other_client",
        })
    );
    drop(back.exits(0));
    assert_eq!(app.calls("POST", "/token").len(), 2);
}

#[test]
fn two_first_logins_at_a_server_that_registers_share_one() {
    let app = app(|_| None);
    let first = Login::start(&app.naive, CONNECT);
    let second = Login::joining(&app.naive, CONNECT);

    drop(visit(&app.callback(&first.link)));

    let [first, second] = [first.end(), second.end()].map(|run| run.exits(0).json());
    assert_eq!(first["result"], second["result"]);
}

#[test]
fn a_server_does_not_send_us_into_a_private_network() {
    let app = app(|request| {
        let mut told = metadata(&format!("http://{}", request.headers["host"]));
        told["registration_endpoint"] = "https://10.0.0.1/register".into();
        (request.path.starts_with("/.well-known/")).then(|| (200, told.to_string()))
    });

    let run = app.naive.run(CONNECT).exits(1).json();

    assert_eq!(run["error"]["reason"], "address_refused");
}

#[test]
fn a_server_that_registers_nobody_says_so() {
    let app = app(|request| (request.path == "/register").then(|| (401, "{}".to_owned())));

    let run = app.naive.run(CONNECT).exits(4).json();

    assert_eq!(
        run["error"],
        json!({
            "code": "not_configured",
            "message": "the OAuth server registers no client for us: it refused with `401`",
            "hint": "register one with the app yourself, then run `naive toolkits configure acme --client-id ID`",
            "reason": "registration_refused",
        })
    );
}

#[test]
fn a_token_endpoint_that_takes_json_gets_it() {
    let auth = OAUTH.replace("[identity]", "token_format = \"json\"\n[identity]");
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), &auth, |_| None);
    drop(app.naive.fed("toolkits configure acme --client-id mine --client-secret -", "s").exits(0));

    drop(login(&app, "--port 0").1.exits(0));

    let asked = &app.calls("POST", "/token")[0];
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(body["grant_type"], "authorization_code");
    assert_eq!(body["code"], "code-of-the-test");
    assert_eq!(asked.headers["authorization"], "Basic bWluZTpz");
}

#[test]
fn an_id_token_tells_whose_account_it_is_and_is_not_kept() {
    let claims = json!({"aud": "naive", "email": "ann@example.com"}).to_string();
    let token = Arc::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)));
    let auth = OAUTH.replace("request = \"GET /me\"\naccount = \"/name\"", "account = \"/email\"");
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), &auth, move |request| {
        let tokens = json!({"access_token": "a", "id_token": *token});
        (request.path == "/token").then(|| (200, tokens.to_string()))
    });

    let (_, run) = login(&app, "--port 0");

    assert_eq!(run.exits(0).json()["result"]["account"], "ann@example.com");
    assert!(app.calls("GET", "/me").is_empty());
}
