//! Many processes on one home at once.

use std::process::Child;
use std::thread;

use serde_json::json;

use crate::app::{App, OAUTH};
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

/// Runs several command lines at once.
pub(crate) fn together(
    naive: &Naive,
    lines: impl IntoIterator<Item = String>,
) -> Vec<(String, Run)> {
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
