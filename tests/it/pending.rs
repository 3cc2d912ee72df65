//! Logins that more than one process sees to: waited for, ended elsewhere, joined.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::{App, OAUTH};
use crate::browser::{Leashed, Login, parameter, redirect_uri, signal, visit};
use crate::connect::row;
use crate::support::{Naive, Run};
use crate::together::{rounds, together};

const CONNECT: &str = "connections connect acme";

/// An app on a machine with a browser that does nothing.
fn app() -> App {
    App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, |_| None)
}

/// Begins a login that nobody waits for; returns the connection and the callback that ends it.
fn begun(app: &App) -> (String, String) {
    let begun = app.naive.run(&format!("{CONNECT} --no-wait")).exits(0).json();
    let id = begun["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    (id, app.callback(begun["result"]["redirectUrl"].as_str().unwrap()))
}

/// Returns the callback of somebody who declines.
fn declined(app: &App, link: &str) -> String {
    format!(
        "{}?error=access_denied&state={}&iss={}",
        redirect_uri(link),
        parameter(link, "state").unwrap(),
        app.upstream.url
    )
}

fn finished(app: &App, callback: &str) -> Run {
    app.naive.with("connections finish", &[callback])
}

/// Waits for the end of a process that ought to notice something by itself.
fn noticed(login: Login) -> Run {
    let began = Instant::now();
    let run = login.end();
    // One second on a quiet machine; the suite runs on busy ones.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    run
}

#[test]
fn a_wait_ends_when_another_process_ends_the_login() {
    let app = app();
    let (id, callback) = begun(&app);
    let wait = app.naive.command(["connections", "wait", &id]).spawn().unwrap();

    drop(finished(&app, &callback).exits(0));
    let run = crate::support::ended(wait.wait_with_output().unwrap()).exits(0);

    assert_eq!(run.json()["action"], "connections.wait");
    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert_eq!(run.json()["result"]["account"], "ada");
    assert_eq!(run.err, "");
}

#[test]
fn a_wait_for_a_login_that_failed_exits_9_with_the_row_and_the_reason() {
    let app = app();
    let link = app.naive.run(&format!("{CONNECT} --no-wait")).exits(0).json()["result"].clone();
    let callback = declined(&app, link["redirectUrl"].as_str().unwrap());
    drop(finished(&app, &callback).exits(1));

    let id = link["connectedAccountId"].as_str().unwrap();
    let run = app.naive.run(&format!("connections wait {id}")).exits(9).json();

    assert_eq!(run["success"], false);
    assert_eq!(run["result"]["status"], "FAILED");
    assert_eq!(
        run["error"],
        json!({
            "code": "forbidden",
            "message": "the connection is failed: the login was refused with `access_denied`",
            "hint": "run `naive connections connect acme` to log in again",
            "reason": "login_failed",
        })
    );
}

#[test]
fn a_wait_for_what_was_disconnected_or_is_not_there_does_not_look_like_not_yet() {
    let app = app();
    let (id, callback) = begun(&app);
    drop(finished(&app, &callback).exits(0));
    drop(app.naive.run("connections disconnect acme").exits(0));

    let gone = app.naive.run(&format!("connections wait {id}")).exits(9).json();
    let other = id.replace(|c: char| c.is_ascii_digit(), "f");
    let unknown = app.naive.run(&format!("connections wait {other}")).exits(9).json();

    assert_eq!(gone["error"]["reason"], "not_connected");
    assert_eq!(gone["result"]["status"], "INACTIVE");
    assert_eq!(unknown["error"]["code"], "not_found");
}

#[test]
fn a_wait_that_takes_too_long_leaves_the_login_to_go_on() {
    let app = app();
    let (id, callback) = begun(&app);

    let run = app.naive.run(&format!("connections wait {id} --timeout 300ms")).exits(1).json();

    assert_eq!(run["error"]["code"], "provider_error");
    assert_eq!(run["error"]["reason"], "timed_out");
    assert_eq!(row(&app.naive, "acme")["status"], "INITIATED");
    drop(finished(&app, &callback).exits(0));
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_wait_and_not_the_login() {
    let app = app();
    let (id, callback) = begun(&app);
    let wait = app.naive.command(["connections", "wait", &id]).spawn().unwrap();
    crate::support::until("a wait that hears signals", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", wait.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        (caught & 2 != 0).then_some(())
    });

    signal(wait.id(), "INT");
    let run = crate::support::ended(wait.wait_with_output().unwrap()).exits(130);

    assert_eq!(run.json()["error"]["reason"], "interrupted");
    drop(finished(&app, &callback).exits(0));
}

#[test]
fn a_connect_that_waits_notices_that_another_process_ended_its_login() {
    let app = app();
    let login = Login::start(&app.naive, CONNECT);

    let ended = finished(&app, &app.callback(&login.link)).exits(0).json();
    let run = noticed(login).exits(0).json();

    assert_eq!(run["action"], "connections.connect");
    assert_eq!(run["result"]["status"], "ACTIVE");
    assert_eq!(run["result"]["account"], "ada");
    assert_eq!(run["result"]["connectedAccountId"], ended["result"]["connectedAccountId"]);
}

#[test]
fn a_connect_that_waits_notices_that_its_login_failed_elsewhere_also_if_the_row_stays_active() {
    let app = app();
    for status in ["FAILED", "ACTIVE"] {
        let login = Login::start(&app.naive, &format!("{CONNECT} --reconnect"));
        drop(finished(&app, &declined(&app, &login.link)).exits(1));
        let run = noticed(login).exits(1).json();

        assert_eq!(run["error"]["reason"], "login_failed");
        let message = run["error"]["message"].as_str().unwrap();
        assert!(message.contains("access_denied"), "{message}");
        assert_eq!(row(&app.naive, "acme")["status"], status);

        if status == "FAILED" {
            // The second round begins with a connection that is active.
            let (_, callback) = begun(&app);
            drop(finished(&app, &callback).exits(0));
        }
    }
}

#[test]
fn a_connect_that_waits_notices_a_disconnect() {
    let app = app();
    let login = Login::start(&app.naive, CONNECT);

    drop(app.naive.run("connections disconnect acme").exits(0));
    let run = noticed(login).exits(1).json();

    assert_eq!(run["error"]["reason"], "not_connected");
    assert_eq!(row(&app.naive, "acme")["status"], "INACTIVE");
}

#[test]
fn a_second_connect_joins_the_first_and_both_end_with_it() {
    let app = app();
    let first = Login::start(&app.naive, CONNECT);
    let second = Login::joining(&app.naive, CONNECT);

    let page = visit(&app.callback(&first.link));
    let runs = [first.end(), noticed(second)].map(|run| run.exits(0));

    assert_eq!(page.status, 200);
    let [first, second] = runs.each_ref().map(|run| run.json()["result"].clone());
    assert_eq!(first["status"], "ACTIVE");
    assert_eq!(first, second);
    assert!(runs[1].err.contains("`--restart` makes a new link instead"), "{}", runs[1].err);
    assert_eq!(app.calls("POST", "/token").len(), 1);
}

#[test]
fn many_who_connect_one_account_at_once_all_end_with_it() {
    for _ in 0..rounds(2) {
        let naive = Naive::new();

        let runs = together(&naive, (0..8).map(|_| "connections connect gmail".to_owned()));

        for (_, run) in &runs {
            assert_eq!(run.status, 0, "{run:?}");
            assert_eq!(run.json()["result"], runs[0].1.json()["result"]);
        }
        drop(naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(0));
    }
}

#[test]
fn a_second_connect_shares_the_failure_of_the_first() {
    let app = app();
    let first = Login::start(&app.naive, CONNECT);
    let second = Login::joining(&app.naive, CONNECT);

    drop(visit(&declined(&app, &first.link)));
    let (first, second) = (first.end().exits(1).json(), noticed(second).exits(1).json());

    assert_eq!(first["error"]["reason"], "access_denied");
    assert_eq!(second["error"]["reason"], "login_failed");
    assert_eq!(
        second["error"]["message"],
        "the login did not succeed: the login was refused with `access_denied`"
    );
}

#[test]
fn a_second_connect_that_breaks_off_leaves_the_first_waiting() {
    let app = app();
    let mut first = Login::start(&app.naive, CONNECT);
    let second = Login::joining(&app.naive, CONNECT);
    let third = app.naive.run(&format!("{CONNECT} --timeout 300ms")).exits(1).json();

    signal(second.id(), "INT");
    let second = second.end();

    assert_eq!(second.status, 130, "{second:?}");
    assert_eq!(third["error"]["reason"], "timed_out");
    assert!(first.waits());
    drop(visit(&app.callback(&first.link)));
    assert_eq!(first.end().exits(0).json()["result"]["status"], "ACTIVE");
}

#[test]
fn a_second_connect_that_does_not_wait_is_told_of_the_first_and_how_to_restart() {
    let app = app();
    let first = Login::start(&app.naive, CONNECT);

    let second = app.naive.run(&format!("{CONNECT} --no-wait")).exits(0).json();
    let other = app.naive.run(&format!("{CONNECT} --no-wait --label work")).exits(0).json();
    drop(visit(&app.callback(&first.link)));
    let first = first.end().exits(0).json();

    assert_eq!(second["result"]["status"], "INITIATED");
    assert_eq!(second["result"]["redirectUrl"], Value::Null);
    assert_eq!(second["result"]["connectedAccountId"], first["result"]["connectedAccountId"]);
    assert!(second["result"]["login"]["until"].is_string(), "{second}");
    assert!(second["hints"][0].as_str().unwrap().contains("no new one was made"), "{second}");
    let steps: Vec<_> = [0, 1].map(|at| second["next_steps"][at]["command"].clone()).into();
    assert_eq!(
        steps[0],
        format!(
            "naive connections wait {}",
            first["result"]["connectedAccountId"].as_str().unwrap()
        )
    );
    assert_eq!(steps[1], "naive connections connect acme --restart --no-wait");
    assert!(other["result"]["redirectUrl"].is_string(), "another label is another account");
}

#[test]
fn a_first_connect_that_was_killed_keeps_nobody_waiting() {
    let app = app();
    let first = Login::start(&app.naive, CONNECT);
    let stale = app.callback(&first.link);
    signal(first.id(), "KILL");
    drop(first.end());

    let second = Login::start(&app.naive, CONNECT);
    let late = finished(&app, &stale).exits(1).json();
    drop(visit(&app.callback(&second.link)));
    let run = second.end().exits(0);

    assert_eq!(late["error"]["reason"], "state_unknown");
    assert_eq!(run.json()["result"]["status"], "ACTIVE");
}

#[test]
fn a_link_that_nobody_waits_for_gives_way_to_the_next() {
    let app = app();
    let (_, stale) = begun(&app);

    let second = app.naive.run(&format!("{CONNECT} --no-wait")).exits(0);
    let callback = app.callback(second.json()["result"]["redirectUrl"].as_str().unwrap());

    assert!(second.err.contains("An earlier link or code for this account no longer counts."));
    assert_eq!(finished(&app, &stale).exits(1).json()["error"]["reason"], "state_unknown");
    drop(finished(&app, &callback).exits(0));
}

#[test]
fn a_code_for_another_device_is_waited_for_together_too() {
    let naive = Naive::new();
    let _sandbox = Leashed::sandbox(&naive);
    let first = naive.run("connections connect github --device --no-wait").exits(0).json();
    let id = first["result"]["connectedAccountId"].as_str().unwrap();
    assert!(first["result"]["userCode"].is_string(), "{first}");

    // Nobody waits for that one, so the next has a code of its own, and ends with it.
    let lines = (0..4).map(|_| "connections connect github --device".to_owned());
    let runs = together(&naive, lines);

    for (_, run) in &runs {
        assert_eq!(run.status, 0, "{run:?}");
        assert_eq!(run.json()["result"]["connectedAccountId"], id);
        assert_eq!(run.json()["result"]["status"], "ACTIVE");
    }
}

#[test]
fn a_connect_that_joined_one_for_less_says_what_is_missing() {
    let app = app();
    let first = Login::start(&app.naive, &format!("{CONNECT} --label j --scopes one"));
    let joining =
        |scope| Login::joining(&app.naive, &format!("{CONNECT} --label j --scopes {scope}"));
    let (same, other) = (joining("one"), joining("two"));

    drop(visit(&app.callback(&first.link)));
    let [first, same, other] = [first, same, other].map(|login| login.end().exits(0));

    assert_eq!(first.json()["result"]["status"], "ACTIVE");
    assert!(!same.err.contains("nothing was changed"), "{}", same.err);
    let command = "`naive connections connect acme --label j --reconnect --scopes one,two`";
    assert!(other.err.contains("nothing was changed"), "{}", other.err);
    assert!(other.err.contains(command), "{}", other.err);
}
