//! Each toolkit that is built in, against the sandbox: connect, one write, one read that finds it, one
//! call that the app refuses.

use std::thread;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::Naive;
use crate::toolkits::shipped;

/// A tool, its input with `FOUND` and `MADE` for what the steps before answered, and what is looked at in
/// the answer: a pointer, or a text.
type Step = (String, Value, String);

/// What is done with one toolkit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    slug: String,
    /// Where something must be found first
    find: Option<Step>,
    /// What makes something, and the pointer to its name
    write: Step,
    /// What shows it, and a text that shows that
    read: Step,
    /// What the app refuses, and a text of its answer
    refused: Step,
}

/// The cases, one for each toolkit that can be written to.
fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("sixteen.json")).unwrap()
}

/// Returns an input with what the steps before answered in its places.
fn filled(input: &Value, found: &Value, made: &Value) -> String {
    let text = input.to_string();
    text.replace("\"FOUND\"", &found.to_string()).replace("\"MADE\"", &made.to_string())
}

fn run(naive: &Naive, slug: &str, tool: &str, input: &str) -> (i32, Value) {
    let run = naive.with(&format!("connections execute {slug} {tool} --args"), &[input]);
    (run.status, run.json())
}

fn check(case: &Case) {
    let slug = &case.slug;
    let naive = Naive::new()
        .env("NAIVE_CREDENTIAL_API_KEY", "sk_test_of_the_test")
        .env("NAIVE_CREDENTIAL_BOT_TOKEN", "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr");
    let connected = naive.run(&format!("connections connect {slug}")).exits(0).json();
    assert_eq!(connected["result"]["status"], "ACTIVE", "{slug}");
    assert!(connected["result"]["account"].is_string(), "{slug}: whose account is it? {connected}");
    let done = |(tool, input, _): &Step, found: &Value, made: &Value| {
        let (status, reply) = run(&naive, slug, tool, &filled(input, found, made));
        assert_eq!(status, 0, "{tool}: {reply}");
        reply["result"]["data"].clone()
    };
    let at = |data: &Value, pointer: &str| {
        data.pointer(pointer).unwrap_or_else(|| panic!("{slug}: {pointer} of {data}")).clone()
    };

    let none = Value::Null;
    let found = case.find.as_ref().map(|step| at(&done(step, &none, &none), &step.2));
    let found = found.unwrap_or_default();
    let made = at(&done(&case.write, &found, &none), &case.write.2);
    let shown = done(&case.read, &found, &made);
    let (tool, input, words) = &case.refused;
    let (status, refused) = run(&naive, slug, tool, &filled(input, &found, &made));

    assert!(shown.to_string().contains(&case.read.2), "{slug}: {shown}");
    assert_eq!(status, 1, "{slug}: {refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains(words), "{slug}: {message}");
    assert_eq!(refused["error"]["code"], "provider_error", "{slug}");
}

#[test]
fn each_toolkit_is_connected_written_to_read_from_and_refused() {
    let running: Vec<_> = cases()
        .into_iter()
        .map(|case| {
            let name = case.slug.clone();
            let running = thread::Builder::new().name(name.clone()).spawn(move || check(&case));
            (name, running.unwrap())
        })
        .collect();
    let mut slugs: Vec<_> = running
        .into_iter()
        .map(|(slug, case)| {
            assert!(case.join().is_ok(), "{slug} failed: see above");
            slug
        })
        .collect();
    slugs.push("hackernews".to_owned());
    slugs.sort();
    assert_eq!(slugs, shipped(), "each toolkit once");
}

#[test]
fn an_app_that_nobody_logs_in_to_is_read_and_has_nothing_to_write() {
    let naive = Naive::new();
    drop(naive.run("connections connect hackernews").exits(0));

    let tools = naive.run("connections tools hackernews").exits(0).json();
    let (status, item) = run(&naive, "hackernews", "HACKERNEWS_GET_ITEM", "{\"id\": 9101}");
    let (bad, refused) = run(&naive, "hackernews", "HACKERNEWS_GET_ITEM", "{\"id\": 0}");

    let tools = tools["result"]["tools"].as_array().unwrap().clone();
    assert!(tools.iter().all(|tool| tool["effect"] == "read"));
    assert_eq!((status, &item["result"]["data"]["id"]), (0, &json!(9101)));
    assert_eq!((bad, &refused["error"]["code"]), (1, &json!("invalid_input")));
}
