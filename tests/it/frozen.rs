//! What a person has agreed to is what is done: the same account, tool and endpoint, or nothing.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::app::{App, KEY, OPEN};
use crate::approvals::{approve, card, database, get, workspace};
use crate::support::{Naive, Received, Run, Upstream, ended};

/// `[auth]` of an app with a key that tells whose it is.
fn identified() -> String {
    format!("{KEY}[identity]\nrequest = \"GET /me\"\naccount = \"/name\"\n")
}

/// Runs a line as the agent with this key, and gives it `stdin`.
fn agent(naive: &Naive, key: &str, line: &str, stdin: &str) -> Run {
    let mut command = naive.command(line.split_whitespace());
    let mut child = command.env("NAIVE_API_KEY", key).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    ended(child.wait_with_output().unwrap())
}

/// Has every write of an agent held, and returns the app `acme` with the agent's key.
fn held_app(
    auth: &str,
    answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static,
) -> (App, String) {
    let (naive, key) = workspace("local");
    drop(naive.run("account-kits update Default --approval-tool=effect:write").exits(0));
    (App::on(naive, auth, answer), key)
}

/// Has the agent ask for something that is held, and returns the approval's id.
fn ask(naive: &Naive, key: &str, line: &str) -> String {
    let run = agent(naive, key, &format!("{line} --user alice"), "").exits(8).json();
    run["result"]["approval_id"].as_str().unwrap().to_owned()
}

/// Connects an account of alice's with a key, and returns its id.
fn connect(naive: &Naive, label: &str, key: &str) -> String {
    let line = format!(
        "connections connect acme --user alice --reconnect --label {label} --credential api_key=-"
    );
    let run = naive.fed(&line, &format!("{key}\n")).exits(0).json();
    run["result"]["connectedAccountId"].as_str().unwrap().to_owned()
}

/// Tells whose account a key is: what stands behind its first dash.
fn me(request: &Received) -> Option<(u16, String)> {
    let name = request.headers["x-key"].split_once('-').unwrap().1;
    (request.path == "/me").then(|| (200, json!({ "name": name }).to_string()))
}

const WRITE: &str = "connections execute acme ACME_WRITE";

#[test]
fn an_account_that_is_called_like_the_frozen_one_never_takes_its_place() {
    // given: an app that calls one of two accounts by the id of the other
    let called = Arc::new(Mutex::new(String::new()));
    let name = Arc::clone(&called);
    let (app, key) = held_app(&identified(), move |request| {
        let other = request.headers.get("x-key").is_some_and(|key| key == "key-eve");
        let name = if other { name.lock().unwrap().clone() } else { "ada".to_owned() };
        (request.path == "/me").then(|| (200, json!({ "name": name }).to_string()))
    });
    let naive = &app.naive;
    let work = connect(naive, "work", "key-ada");
    let id = ask(naive, &key, &format!("{WRITE} --account work"));
    drop(naive.run("connections disconnect acme --user alice --account work").exits(0));
    called.lock().unwrap().clone_from(&work);

    // when
    let line = format!("connections connect acme --user alice --no-wait --label {work}");
    let label = naive.run(&line).exits(2);
    drop(connect(naive, "other", "key-eve"));
    let early = approve(naive, &id).exits(4).json();
    let nothing = app.calls("POST", "/things").len();
    drop(connect(naive, "work", "key-ada"));
    let done = naive.run(&format!("approvals reconcile {id}")).exits(0).json();

    // then
    assert_eq!(label.json()["error"]["code"], "invalid_input");
    assert_eq!(early["result"]["status"], "approved");
    assert_eq!(early["error"]["reason"], "not_connected");
    assert!(early["error"]["hint"].as_str().unwrap().contains("connect acme --user alice"));
    assert_eq!(nothing, 0);
    assert_eq!(done["result"]["approvals"][0]["status"], "executed");
    let sent = app.calls("POST", "/things");
    assert_eq!(sent.iter().map(|one| &one.headers["x-key"]).collect::<Vec<_>>(), ["key-ada"]);
}

#[test]
fn an_agent_enters_a_credential_only_where_a_person_has_let_a_login_begin() {
    let (app, key) = held_app(&identified(), me);
    let naive = &app.naive;
    let connection = connect(naive, "work", "key-ada");
    let id = ask(naive, &key, WRITE);
    let enter = format!("connections credentials {connection} --user alice api_key=-");

    let refused = agent(naive, &key, &enter, "key-eve\n").exits(1).json();
    let login = ask(naive, &key, "connections connect acme --label work --reconnect --no-wait");
    let early = agent(naive, &key, &enter, "key-eve\n").exits(1).json();
    drop(approve(naive, &login).exits(0));
    drop(agent(naive, &key, &enter, "key-eve\n").exits(0));
    let again = agent(naive, &key, &enter, "key-eve\n").exits(1).json();

    for run in [refused, early, again] {
        assert_eq!(run["error"]["code"], "forbidden");
        assert_eq!(run["error"]["reason"], "credential_protected");
        assert!(run["error"]["hint"].as_str().unwrap().contains("connect acme --reconnect"));
    }
    let shown = get(naive, &id);
    let expected = json!({ "connection": connection, "label": "work", "identity": "ada" });
    assert_eq!(shown["account"], expected);
    let failed = approve(naive, &id).exits(1).json();
    assert_eq!(failed["result"]["status"], "failed");
    assert_eq!(failed["error"]["reason"], "account_changed");
    assert!(app.calls("POST", "/things").is_empty());
}

/// Puts the app anew, as `change` has it.
fn put(naive: &Naive, change: impl Fn(&str) -> String) {
    let path = naive.home().join("acme.toml");
    let manifest = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, change(&manifest)).unwrap();
    drop(naive.run("toolkits remove acme").exits(0));
    drop(naive.run("toolkits add acme.toml").exits(0));
}

#[test]
fn a_tool_that_is_put_somewhere_else_is_no_longer_the_one_that_was_approved() {
    let elsewhere = Upstream::new(|_| (200, "{}".to_owned()));
    for (what, now) in [
        (None, elsewhere.url.as_str()),
        (Some("[auth]"), "[headers]\nX-Version = \"2\"\n[auth]"),
        (Some("[auth]"), "[answer]\nok = \"/ok\"\n[auth]"),
        (Some("\"POST /things\""), "\"POST /others\""),
    ] {
        let (app, key) = held_app(OPEN, |_| None);
        let id = ask(&app.naive, &key, WRITE);
        put(&app.naive, |text| text.replace(what.unwrap_or(&app.upstream.url), now));

        let failed = approve(&app.naive, &id).exits(1).json();

        assert_eq!(failed["result"]["status"], "failed");
        assert_eq!(failed["error"]["reason"], "tool_changed");
        assert!(app.upstream.received().is_empty() && elsewhere.received().is_empty());
    }
}

#[test]
fn a_tool_that_is_put_back_as_it_was_is_the_one_that_was_approved() {
    let (app, key) = held_app(OPEN, |_| None);
    let id = ask(&app.naive, &key, WRITE);
    put(&app.naive, str::to_owned);

    let done = approve(&app.naive, &id).exits(0).json();

    assert_eq!(done["result"]["status"], "executed");
}

#[test]
fn a_login_to_an_app_with_its_name_in_its_address_is_frozen_with_that_name() {
    let field = "fields = [{ key = \"api_key\", label = \"API key\" }, { key = \"shop\", label = \"Shop\", secret = false }]";
    let auth = KEY.replace("fields = [{ key = \"api_key\", label = \"API key\" }]", field);
    let (app, key) = held_app(&auth, |_| None);
    let naive = &app.naive;
    put(naive, |text| text.replace(&app.upstream.url, &format!("{}/{{shop}}", app.upstream.url)));
    let connect = |shop: &str| {
        let line = format!(
            "connections connect acme --user alice --reconnect --field shop={shop} --credential api_key=-"
        );
        drop(naive.fed(&line, "key\n").exits(0));
    };
    connect("one");
    let id = ask(naive, &key, WRITE);
    connect("two");

    let failed = approve(naive, &id).exits(1).json();

    assert_eq!(failed["error"]["reason"], "tool_changed");
    assert!(app.upstream.received().is_empty());
}

/// Has an endpoint perform `cards.create`, with this value in its header.
fn configure(naive: &Naive, url: &str, (flags, value): (&str, &str)) {
    let line = format!("actions configure cards.create --url {url}/cards --header X-Key=- {flags}");
    drop(naive.fed(&line, &format!("{value}\n")).exits(0));
}

#[test]
fn an_endpoint_that_took_the_place_of_the_approved_one_is_never_asked() {
    let old = Upstream::new(|_| (200, "{\"card_id\":\"c\"}".to_owned()));
    let new = Upstream::new(|_| (200, "{\"card_id\":\"c\"}".to_owned()));
    for (url, flags, value) in [
        (&new.url, "--replay A", "one"),
        (&old.url, "--replay A", "two"),
        (&old.url, "--replay A --method PUT", "one"),
    ] {
        let (naive, key) = workspace("local");
        configure(&naive, &old.url, ("--replay A", "one"));
        let id = card(&naive, &key);
        configure(&naive, url, (flags, value));

        let failed = approve(&naive, &id).exits(1).json();

        assert_eq!(failed["result"]["status"], "failed", "{flags}");
        assert_eq!(failed["error"]["reason"], "executor_changed", "{flags}");
    }
    assert!(old.received().is_empty() && new.received().is_empty());
}

#[test]
fn an_endpoint_that_is_described_again_as_it_was_does_what_was_approved() {
    let endpoint = Upstream::new(|_| (200, "{\"card_id\":\"c\"}".to_owned()));
    let (naive, key) = workspace("local");
    configure(&naive, &endpoint.url, ("--replay A", "one"));
    let id = card(&naive, &key);
    drop(naive.run("actions configure cards.create --remove").exits(0));
    let waits = approve(&naive, &id).exits(4).json();
    configure(&naive, &endpoint.url, ("--replay A", "one"));

    let done = naive.run(&format!("approvals reconcile {id}")).exits(0).json();

    assert_eq!(waits["result"]["status"], "approved");
    assert_eq!(done["result"]["approvals"][0]["status"], "executed");
}

#[test]
fn what_one_endpoint_was_sent_is_neither_looked_up_nor_sent_again_at_another() {
    let flags = |url: &str| {
        format!("--replay B --reads-own-writes --settle 1h --lookup {url}/status/{{key}}")
    };
    let old = Upstream::new(|_| (0, String::new()));
    let new = Upstream::new(|request| match request.method.as_str() {
        "GET" => (404, "{}".to_owned()),
        _ => (200, "{\"card_id\":\"c\"}".to_owned()),
    });
    let (naive, key) = workspace("local");
    configure(&naive, &old.url, (&flags(&old.url), "one"));
    let id = card(&naive, &key);
    let lost = approve(&naive, &id).exits(7).json();
    configure(&naive, &new.url, (&flags(&new.url), "one"));
    // As if the hour were over.
    let sql = "UPDATE approvals SET settle_until = 0";
    database(&naive, "local").execute(sql, []).unwrap();

    let first = naive.run(&format!("approvals reconcile {id}")).exits(7).json();
    let second = naive.run(&format!("approvals reconcile {id}")).exits(7).json();

    assert_eq!(lost["result"]["status"], "sending");
    for run in [first, second] {
        assert_eq!(run["result"]["approvals"][0]["status"], "unknown");
    }
    assert_eq!(old.received().len(), 1);
    assert!(new.received().is_empty());
}

#[test]
fn a_request_of_a_user_that_is_suspended_by_now_has_failed() {
    let (naive, key) = workspace("sandbox");
    let id = ask(&naive, &key, "approvals request --title Deploy");
    drop(naive.run("users update alice --status suspended").exits(0));

    let failed = approve(&naive, &id).exits(1).json();

    assert_eq!(failed["result"]["status"], "failed");
    assert_eq!(failed["error"]["reason"], "user_suspended");
    assert_eq!(failed["result"]["result"], Value::Null);
}

#[test]
fn a_no_of_which_the_app_says_that_part_may_have_worked_is_no_failure() {
    let auth =
        format!("{OPEN}[answer]\nok = \"/ok\"\nerror = \"/error\"\nunclear = [\"fatal_error\"]\n");
    for (word, exit, status) in [("fatal_error", 7, "unknown"), ("no_channel", 1, "failed")] {
        let (app, key) = held_app(&auth, move |_| {
            Some((200, json!({ "ok": false, "error": word }).to_string()))
        });
        let id = ask(&app.naive, &key, WRITE);

        let approved = approve(&app.naive, &id).exits(exit).json();

        assert_eq!(approved["result"]["status"], status);
        assert_eq!(app.upstream.received().len(), 1);
    }
}
