//! Logins on another device: a code is shown, and the app is asked until it was entered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::{App, OAUTH, metadata};
use crate::browser::Login;
use crate::support::{Naive, until};

const CONNECT: &str = "connections connect acme";
const BEGIN: &str = "connections connect acme --device --no-wait";

/// An app that gives out codes, and whose token endpoint gives one answer after the other.
fn app(code: Value, answers: &[(u16, Value)]) -> App {
    let (answers, asked) = (answers.to_vec(), Arc::new(AtomicUsize::new(0)));
    App::on(Naive::new(), OAUTH, move |request| {
        let host = format!("http://{}", request.headers["host"]);
        match request.path.as_str() {
            "/.well-known/oauth-authorization-server" => {
                let mut told = metadata(&host);
                told["device_authorization_endpoint"] = format!("{host}/device").into();
                Some((200, told.to_string()))
            }
            "/device" => {
                let mut told = json!({
                    "device_code": "device-code-of-the-test",
                    "user_code": "WDJB-MJHT",
                    "verification_uri": "https://acme.example/device",
                    "expires_in": 60,
                    "interval": 1,
                });
                told.as_object_mut().unwrap().extend(code.as_object().unwrap().clone());
                Some((200, told.to_string()))
            }
            "/token" if request.body.contains("device_code") => {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                let (status, body) = answers.get(number)?;
                let body = if *status == 0 { String::new() } else { body.to_string() };
                Some((*status, body))
            }
            _ => None,
        }
    })
}

fn refused(code: &str) -> (u16, Value) {
    (400, json!({ "error": code }))
}

/// Returns the connection's row.
fn row(app: &App) -> Value {
    let list = app.naive.run("connections list --search acme").exits(0).json();
    let id = list["result"]["toolkits"][0]["connection"]["connectedAccountId"].clone();
    let get = format!("connections get {}", id.as_str().unwrap());
    app.naive.run(&get).exits(0).json()["result"].clone()
}

fn at(time: &Value) -> Timestamp {
    time.as_str().unwrap().parse().unwrap()
}

#[test]
fn where_no_browser_opens_a_code_is_shown_and_asked_about_until_it_was_entered() {
    let app = app(json!({}), &[refused("authorization_pending")]);

    let run = app.naive.run(CONNECT).exits(0);

    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert_eq!(run.json()["result"]["account"], "ada");
    assert_eq!(run.json()["result"].get("userCode"), None);
    let shown = "To connect Acme, open this address on any device and enter the code there:\n\n  \
                 https://acme.example/device\n  code: WDJB-MJHT\n\n\
                 It lets the client `naive` use: all. \
                 Enter the code only because you yourself started this; never enter one that somebody sent you.\n";
    assert!(run.err.ends_with(shown), "{}", run.err);
    let asked = app.calls("POST", "/token");
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[0].body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=naive\
         &device_code=device-code-of-the-test"
    );
    assert_eq!(app.calls("POST", "/device")[0].body, "scope=all&client_id=naive");
}

#[test]
fn many_processes_that_ask_send_one_question_in_each_interval() {
    let app = app(json!({ "interval": 2 }), &[refused("authorization_pending")]);

    let begun = app.naive.run(BEGIN).exits(0).json();
    let id = begun["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    let poll = format!("connections poll {id}");
    let early = app.naive.run(&poll).exits(0).json();
    let asked_early = app.calls("POST", "/token").len();
    let mut count = 0;
    let ended = until("the login", || {
        count += 1;
        let state = app.naive.run(&poll).exits(0).json()["result"].clone();
        (state["status"] == "ACTIVE").then_some(state)
    });

    assert_eq!(begun["result"]["status"], "INITIATED");
    assert_eq!(begun["result"]["userCode"], "WDJB-MJHT");
    assert_eq!(begun["result"]["verificationUri"], "https://acme.example/device");
    assert_eq!(begun["next_steps"][0]["command"], poll.replace("connections", "naive connections"));
    assert_eq!(early["result"], begun["result"], "nothing was asked, nothing has changed");
    assert_eq!(asked_early, 0);
    assert_eq!(ended["account"], "ada");
    assert!(count >= 2);
    assert_eq!(app.calls("POST", "/token").len(), 2);
    // Whoever asks afterwards is told how it stands.
    assert_eq!(app.naive.run(&poll).exits(0).json()["result"]["status"], "ACTIVE");
}

#[test]
fn a_server_that_wants_to_be_asked_less_often_is_asked_five_seconds_later() {
    let app = app(json!({}), &[(200, json!({ "error": "slow_down" }))]);

    let begun = app.naive.run(BEGIN).exits(0).json()["result"].clone();
    let poll = format!("connections poll {}", begun["connectedAccountId"].as_str().unwrap());
    let slower = until("the question", || {
        let state = app.naive.run(&poll).exits(0).json()["result"].clone();
        (state["nextPollAt"] != begun["nextPollAt"]).then_some(state)
    });

    let later = at(&slower["nextPollAt"]).duration_since(at(&begun["nextPollAt"]));
    assert!(later.as_secs() >= 6, "{later}");
    assert_eq!(app.calls("POST", "/token").len(), 1);
}

#[test]
fn a_refusal_ends_the_login_with_its_reason() {
    let table = [
        ("access_denied", "forbidden", "access_denied", 1),
        ("expired_token", "forbidden", "timed_out", 1),
        ("incorrect_device_code", "unauthorized", "invalid_grant", 4),
        ("invalid_client", "not_configured", "invalid_client", 4),
    ];
    for (word, code, reason, status) in table {
        let app = app(json!({}), &[refused(word)]);

        let run = app.naive.run(&format!("{CONNECT} --device")).exits(status).json();

        assert_eq!(run["error"]["code"], code, "{word}");
        assert_eq!(run["error"]["reason"], reason, "{word}");
        assert_eq!(app.calls("POST", "/token").len(), 1, "{word}");
        assert_eq!(row(&app)["status"], "FAILED", "{word}");
    }
}

#[test]
fn an_answer_that_does_not_come_is_waited_for_longer() {
    for broken in [(0, Value::Null), (503, json!({}))] {
        let app = app(json!({}), std::slice::from_ref(&broken));

        let run = app.naive.run(&format!("{CONNECT} --device")).exits(0);

        assert_eq!(run.json()["result"]["status"], "ACTIVE");
        assert!(run.err.contains("The app gave no answer and is asked again: "), "{}", run.err);
        assert_eq!(app.calls("POST", "/token").len(), 2);
    }
}

#[test]
fn a_code_that_has_lapsed_is_asked_about_no_more() {
    let app = app(json!({ "expires_in": 1, "interval": 5 }), &[]);

    let run = app.naive.run(&format!("{CONNECT} --device")).exits(1).json();

    assert_eq!(run["error"]["message"], "the code was not entered in time");
    assert_eq!(run["error"]["reason"], "timed_out");
    assert!(app.calls("POST", "/token").is_empty());
    assert_eq!(row(&app)["reason"], "timed out");
}

#[test]
fn a_code_or_an_address_that_is_a_trap_is_not_shown() {
    let traps = [
        json!({ "verification_uri": "javascript:alert(1)" }),
        json!({ "verification_uri": "http://evil.example/" }),
        json!({ "verification_uri": "https://ann@evil.example/" }),
        json!({ "user_code": "" }),
        json!({ "user_code": "A\u{1b}[31mB" }),
        json!({ "user_code": "A\u{202e}B" }),
    ];
    for trap in traps {
        let app = app(trap.clone(), &[]);

        let run = app.naive.run(&format!("{CONNECT} --device")).exits(1);

        assert_eq!(run.json()["error"]["code"], "provider_error", "{trap}");
        assert!(!run.err.contains("evil") && !run.err.contains("alert"), "{trap}: {}", run.err);
    }
}

#[test]
fn in_a_pipe_the_sandbox_enters_its_own_code() {
    let naive = Naive::new();

    let run = naive.run("connections connect github --device").exits(0);

    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert_eq!(run.json()["result"]["account"], "ada");
    assert!(run.err.ends_with("Nobody is at a terminal, so the sandbox consents by itself.\n"));
}

#[test]
fn a_login_by_code_that_was_left_is_waited_for_by_any_process() {
    let (good, bad) = (
        app(json!({}), &[refused("authorization_pending")]),
        app(json!({}), &[refused("access_denied")]),
    );
    let begun = |app: &App| {
        let begun = app.naive.run(BEGIN).exits(0).json();
        begun["result"]["connectedAccountId"].as_str().unwrap().to_owned()
    };

    let entered = good.naive.run(&format!("connections wait {}", begun(&good))).exits(0);
    let declined = bad.naive.run(&format!("connections wait {}", begun(&bad))).exits(9);

    assert_eq!(entered.json()["result"]["status"], "ACTIVE");
    assert_eq!(good.calls("POST", "/token").len(), 2);
    assert_eq!(declined.json()["result"]["status"], "FAILED");
}

#[test]
fn a_grant_that_is_under_way_is_not_lost_to_another_who_asks() {
    let (release, held) = std::sync::mpsc::channel();
    let (held, asked) = (std::sync::Mutex::new(held), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let app = App::on(Naive::new(), OAUTH, move |request| {
        let host = format!("http://{}", request.headers["host"]);
        match request.path.as_str() {
            "/.well-known/oauth-authorization-server" => {
                let mut told = metadata(&host);
                told["device_authorization_endpoint"] = format!("{host}/device").into();
                Some((200, told.to_string()))
            }
            "/device" => Some((200, json!({
                "device_code": "device-code-of-the-test", "user_code": "WDJB-MJHT",
                "verification_uri": "https://acme.example/device", "expires_in": 60, "interval": 1,
            }).to_string())),
            "/token" if count.fetch_add(1, Ordering::Relaxed) == 0 => {
                held.lock().unwrap().recv().unwrap();
                None
            }
            "/token" => Some((400, json!({ "error": "invalid_grant" }).to_string())),
            _ => None,
        }
    });
    let begun = app.naive.run(BEGIN).exits(0).json()["result"].clone();
    let poll = format!("connections poll {}", begun["connectedAccountId"].as_str().unwrap());
    let wait = |span: Duration| {
        let since = Instant::now();
        until("an interval", || (since.elapsed() >= span).then_some(()));
    };

    // One asks, as soon as it may, and waits for its answer.
    wait(Duration::from_secs(1));
    let asking = app.naive.command(poll.split(' ')).spawn().unwrap();
    until("the question", || (asked.load(Ordering::Relaxed) == 1).then_some(()));
    wait(Duration::from_secs(1));
    let other = app.naive.run(&poll).exits(0).json()["result"].clone();
    release.send(()).unwrap();
    let run = crate::support::ended(asking.wait_with_output().unwrap()).exits(0).json();

    assert_eq!(other["status"], "INITIATED");
    assert_eq!(run["result"]["status"], "ACTIVE");
    assert_eq!(row(&app)["status"], "ACTIVE");
    assert_eq!(app.calls("POST", "/token").len(), 1);
}

#[test]
fn a_server_without_codes_says_so() {
    let app = App::new(OAUTH, |_| None);

    let run = app.naive.run(&format!("{CONNECT} --device")).exits(1).json();

    assert_eq!(
        run["error"],
        json!({
            "code": "invalid_input",
            "message": "`acme` gives out no codes for other devices",
            "hint": "leave `--device` out",
            "reason": "no_device_login",
        })
    );
}

#[cfg(unix)]
#[test]
fn a_login_that_is_broken_off_leaves_nothing_waiting() {
    let app = app(json!({ "interval": 60 }), &[]);

    let login = Login::start(&app.naive, &format!("{CONNECT} --device"));
    crate::browser::signal(login.id(), "INT");
    let run = login.end().exits(130);
    let late = app.naive.run(&format!("{CONNECT} --label two --device --timeout 0s")).exits(1);

    assert_eq!(run.json()["error"]["reason"], "interrupted");
    assert_eq!(late.json()["error"]["reason"], "timed_out");
    let rows = app.naive.run("connections list --search acme").exits(0).json();
    assert_eq!(rows["result"]["toolkits"][0]["connection"]["status"], "FAILED");
}

#[test]
fn a_poll_about_no_such_login_says_how_to_begin_one() {
    let app = App::keyed(|_| None);
    let id = row(&app)["id"].as_str().unwrap().to_owned();
    drop(app.naive.run("connections disconnect acme").exits(0));

    let run = app.naive.run(&format!("connections poll {id}")).exits(1).json();

    assert_eq!(run["error"]["reason"], "no_device_login");
    assert_eq!(run["error"]["hint"], "run `naive connections connect acme` to log in");
}
