//! Many processes on one home at once.

use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::app::{App, OAUTH};
use crate::browser::{Login, visit};
use crate::support::{Naive, Run, ended};

/// Returns how often a test is repeated: a few times, or `NAIVE_ROUNDS` for the long form.
pub(crate) fn rounds(few: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "a test reads its own settings")]
    let told = std::env::var("NAIVE_ROUNDS");
    told.map_or(few, |text| text.parse().unwrap())
}

/// Waits for all of them at once, so that none waits for its output to be read.
fn all(children: Vec<(String, Child)>) -> Vec<(String, Run)> {
    let waiting: Vec<_> = children
        .into_iter()
        .map(|(line, child)| {
            thread::spawn(move || (line, ended(child.wait_with_output().unwrap())))
        })
        .collect();
    waiting.into_iter().map(|one| one.join().unwrap()).collect()
}

fn together(naive: &Naive, lines: impl IntoIterator<Item = String>) -> Vec<(String, Run)> {
    let start = |line: String| {
        let child = naive.command(line.split_whitespace()).spawn().unwrap();
        (line, child)
    };
    all(lines.into_iter().map(start).collect())
}

#[test]
fn sixteen_processes_begin_on_an_empty_home() {
    const MIX: [&str; 8] = [
        "users list",
        "connections connect gmail --user USER",
        "connections connected --user USER",
        "connections execute hackernews HACKERNEWS_TOP_STORIES --user USER",
        "connections connect gmail --user USER --label work",
        "vault status",
        "connections connect hackernews --user shared",
        "connections list --user shared",
    ];
    for _ in 0..rounds(2) {
        let naive = Naive::new();

        let line = |number: usize| MIX[number % 8].replace("USER", &format!("u{}", number % 16));
        let runs = together(&naive, (0..16).map(line));

        for (line, run) in runs {
            assert_eq!(run.status, 0, "{line}: {run:?}");
            assert_eq!(run.json()["success"], true);
        }
        // One key was made, and it opens what each of them sealed.
        for user in ["u1", "u4 --account work", "u9", "u12"] {
            let line = format!("connections execute gmail GMAIL_FETCH_EMAILS --user {user}");
            drop(naive.run(&line).exits(0));
        }
    }
}

#[test]
fn sixteen_processes_send_sixteen_mails() {
    let naive = Naive::new();
    drop(naive.run("connections connect gmail").exits(0));
    let send = |number: usize| {
        let mail = json!({"to": "bob@example.com", "subject": format!("n{number}"), "body": ""});
        let line = "connections execute gmail GMAIL_SEND_EMAIL --args";
        let words = line.split_whitespace().map(str::to_owned).chain([mail.to_string()]);
        (format!("n{number}"), naive.command(words).spawn().unwrap())
    };

    let runs = all((0..16).map(send).collect());

    assert!(runs.iter().all(|(_, run)| run.status == 0), "{runs:?}");
    let line = "connections execute gmail GMAIL_FETCH_EMAILS --args";
    let found = naive.with(line, &["{\"q\": \"in:sent\"}"]).exits(0).json();
    assert_eq!(found["result"]["data"]["messages"].as_array().unwrap().len(), 16);
}

#[test]
fn a_spent_token_that_many_need_at_once_is_refreshed_without_losing_the_login() {
    // given: a server that rotates refresh tokens and ends the login when one comes twice
    let number = AtomicUsize::new(0);
    let state = Arc::new(Mutex::new((0_usize, false)));
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, move |request| {
        let mut state = state.lock().unwrap();
        match request.path.as_str() {
            "/token" => {
                let given = request.body.split("refresh_token=refresh-").nth(1);
                let given = given.and_then(|rest| rest.split('-').next()?.parse::<usize>().ok());
                let reused = given.is_some_and(|given| given != state.0);
                state.1 |= reused;
                if state.1 {
                    return Some((400, json!({"error": "invalid_grant"}).to_string()));
                }
                state.0 = number.fetch_add(1, Ordering::Relaxed);
                let life = if state.0 == 0 { 0 } else { 3600 };
                Some((200, json!({"access_token": format!("access-{}-of-the-test", state.0), "refresh_token": format!("refresh-{}-of-the-test", state.0), "expires_in": life}).to_string()))
            }
            "/things" => {
                let good = request.headers["authorization"]
                    == format!("Bearer access-{}-of-the-test", state.0);
                (state.1 || !good).then(|| (401, "{}".to_owned()))
            }
            _ => None,
        }
    });
    let login = Login::start(&app.naive, "connections connect acme");
    drop(visit(&app.callback(&login.link)));
    drop(login.end().exits(0));

    let runs =
        together(&app.naive, (0..8).map(|_| "connections execute acme ACME_READ".to_owned()));

    let bad: Vec<Value> = runs
        .iter()
        .filter(|(_, run)| run.status != 0)
        .map(|(_, run)| run.json()["error"].clone())
        .collect();
    assert!(bad.is_empty(), "{} of 8: {}", bad.len(), bad[0]);
    assert_eq!(app.calls("POST", "/token").len(), 2);
    let rows = app.naive.run("connections connected").exits(0).json();
    assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE");
}

#[test]
fn of_many_who_end_one_login_one_succeeds() {
    let app = App::on(Naive::new(), OAUTH, |_| None);
    let begun = app.naive.run("connections connect acme --no-wait").exits(0).json();
    let callback = app.callback(begun["result"]["redirectUrl"].as_str().unwrap());

    let runs = together(&app.naive, (0..8).map(|_| format!("connections finish {callback}")));

    let done = runs.iter().filter(|(_, run)| run.status == 0).count();
    assert_eq!(done, 1, "{runs:?}");
    for (_, run) in runs.iter().filter(|(_, run)| run.status != 0) {
        assert_eq!(run.json()["error"]["reason"], "state_used");
    }
    assert_eq!(app.calls("POST", "/token").len(), 1);
}
