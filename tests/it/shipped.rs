//! Each toolkit that is built in, against the sandbox: connect, one write, one read that finds it, one
//! call that the app refuses.

use std::fs;
use std::sync::Mutex;
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
    /// What `connect` must be told of the app's address
    #[serde(default)]
    fields: String,
    /// Where something must be found first
    find: Option<Step>,
    /// What makes something, and the pointer to its name
    write: Step,
    /// What shows it, and a text that shows that
    read: Step,
    /// What the app refuses, and a text of its answer; none where the sandbox takes whatever comes
    refused: Option<Step>,
}

/// The cases, one for each toolkit that can be written to.
fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("shipped.json")).unwrap()
}

/// Returns an input with what the steps before answered in its places.
fn filled(input: &Value, found: &Value, made: &Value) -> String {
    let text = input.to_string();
    text.replace("\"FOUND\"", &found.to_string()).replace("\"MADE\"", &made.to_string())
}

/// Tells whether the manifest says how to ask whose account it is.
fn tells_whose(slug: &str) -> bool {
    let file = format!("{}/src/catalog/builtin/{slug}.toml", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(file).unwrap().contains("\n[identity]")
}

fn run(naive: &Naive, slug: &str, tool: &str, input: &str) -> (i32, Value) {
    let run = naive.with(&format!("connections execute {slug} {tool} --args"), &[input]);
    (run.status, run.json())
}

/// Returns the machine that all of them are connected on.
fn machine() -> Naive {
    let naive = Naive::new()
        .env("NAIVE_CREDENTIAL_API_KEY", "sk_test_of_the_test")
        .env("NAIVE_CREDENTIAL_BOT_TOKEN", "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr");
    // What several apps call by one name, each takes alike.
    let others =
        ["DC", "DOMAIN", "HOST", "PASSWORD", "SHOP", "SITE", "SUBDOMAIN", "TOKEN", "USERNAME"];
    others
        .into_iter()
        .fold(naive, |naive, field| naive.env(&format!("NAIVE_CREDENTIAL_{field}"), "acme"))
}

fn check(naive: &Naive, case: &Case) {
    let slug = &case.slug;
    let connect = format!("connections connect {slug} {}", case.fields);
    let connected = naive.run(&connect).exits(0).json();
    assert_eq!(connected["result"]["status"], "ACTIVE", "{slug}");
    let account = &connected["result"]["account"];
    assert_eq!(account.is_string(), tells_whose(slug), "{slug}: whose account is it? {connected}");
    let done = |(tool, input, _): &Step, found: &Value, made: &Value| {
        let (status, reply) = run(naive, slug, tool, &filled(input, found, made));
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

    assert!(shown.to_string().contains(&case.read.2), "{slug}: {shown}");
    let Some((tool, input, words)) = &case.refused else { return };
    let (status, refused) = run(naive, slug, tool, &filled(input, &found, &made));
    assert_eq!(status, 1, "{slug}: {refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains(words), "{slug}: {message}");
    assert_eq!(refused["error"]["code"], "provider_error", "{slug}");
}

#[test]
fn each_toolkit_is_connected_written_to_read_from_and_refused() {
    let naive = machine();
    drop(naive.run("connections connect hackernews").exits(0));
    let cases = cases();
    let waiting = Mutex::new(cases.iter());
    let next = || waiting.lock().unwrap().next();

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = next() {
                    check(&naive, case);
                }
            });
        }
    });

    let mut slugs: Vec<_> = cases.into_iter().map(|case| case.slug).collect();
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

#[test]
fn the_sandbox_answers_the_example_of_tools_that_nobody_wrote_by_hand() {
    let naive = Naive::new();
    let apps = [
        ("xkcd", "", "XKCD_GET_INFO_0_JSON"),
        ("digitalocean", "--credential token=-", "DIGITALOCEAN_DOMAINS_CREATE_RECORD"),
        ("google-compute-engine", "", "GOOGLECOMPUTEENGINE_MACHINE_IMAGES_DELETE"),
        ("microsoft-onenote", "", "MICROSOFTONENOTE_ME_ONENOTE_LIST_NOTEBOOKS"),
        (
            "twilio-chat",
            "--credential username=- --credential password=-",
            "TWILIOCHAT_FETCH_CHANNEL",
        ),
        // What the modules of these apps do not play.
        ("github", "", "GITHUB_GITIGNORE_GET_ALL_TEMPLATES"),
        ("slack", "--tools SLACK_DND_INFO", "SLACK_DND_INFO"),
        ("gmail", "--tools GMAIL_USERS_SETTINGS_GET_IMAP", "GMAIL_USERS_SETTINGS_GET_IMAP"),
        ("google-calendar", "", "GOOGLECALENDAR_SETTINGS_LIST"),
        ("stripe", "--credential api_key=-", "STRIPE_GET_WEBHOOK_ENDPOINTS_WEBHOOK_ENDPOINT"),
    ];
    for (app, login, tool) in apps {
        naive
            .fed(&format!("connections connect {app} {login}"), "sk_test_of_the_test\nkey_b\n")
            .exits(0);
        let about = naive.run(&format!("tools get {tool}")).exits(0).json();
        let command = about["next_steps"][0]["command"].as_str().unwrap();
        let (words, input) = command.split_once(" --args ").unwrap();
        let words = words.trim_start_matches("naive ");

        let run = naive.with(&format!("{words} --args"), &[input.trim_matches('\'')]);

        assert_eq!(run.json()["result"]["successful"], true, "{command}: {}", run.out);
    }
}
