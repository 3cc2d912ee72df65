//! The workspaces of apps of the Integrations API: the server makes them, and the command line enters them.

use std::thread;

use serde_json::{Value, json};

use super::integrations::{USER, ask};
use super::{Served, key};
use crate::support::{Naive, Received, Upstream, until};

/// Returns a server with an app `one` whose user is connected, and the key of the app.
fn connected(naive: &Naive) -> (Served, String) {
    let key = key(naive, "--name app --dialect integrations --app one");
    let served = Served::start(naive, &[]);
    let toolkit = json!({"toolkit": "hackernews"});
    assert_eq!(ask(&served, &key, "POST one/integrations/configure", &toolkit).0, 200);
    assert_eq!(connect(&served, &key).0, 200);
    (served, key)
}

fn connect(served: &Served, key: &str) -> (u16, Value) {
    let body =
        json!({"toolkit": "hackernews", "userId": USER, "redirectUrl": "https://a.example/done"});
    ask(served, key, "POST one/integrations/connect", &body)
}

#[test]
fn the_operator_enters_an_app_by_its_name() {
    let naive = Naive::new();
    let (_served, _) = connected(&naive);
    let result = |line: &str| naive.run(line).exits(0).json()["result"].clone();

    let users = result("--workspace one users list");
    let accounts = result(&format!("--workspace one connections connected --user {USER}"));
    let own = result("users list");
    let keys = result("keys list");
    let table = naive.run("--workspace one connections connected --output table").exits(0);
    let by_environment = Naive::new().env("NAIVE_WORKSPACE", "a b").run("users list").exits(2);

    assert_eq!(users["users"][1]["id"], USER, "the app's own name for them is their id");
    assert_eq!(accounts["connections"][0]["toolkit"], "hackernews");
    assert_eq!(own["users"].as_array().unwrap().len(), 1);
    assert!(keys["keys"][0]["last_used_at"].is_string(), "{keys}");
    assert!(table.err.contains("naive --workspace one "), "what is suggested goes on there");
    assert!(
        by_environment.json()["error"]["message"].as_str().unwrap().contains("NAIVE_WORKSPACE")
    );
}

#[test]
fn an_app_that_is_not_there_is_not_made_by_asking() {
    let naive = Naive::new();
    let refused = |line: &str, status| naive.run(line).exits(status).json()["error"].clone();

    let unknown = refused("--workspace one users create alice", 1);
    let elsewhere = refused("--workspace one --profile cloud users list", 2);
    let malformed = refused("--workspace ../local users list", 2);

    assert_eq!(
        (&unknown["code"], &unknown["reason"]),
        (&json!("not_found"), &json!("app_unknown"))
    );
    assert_eq!(elsewhere["code"], "invalid_input");
    assert_eq!(malformed["code"], "invalid_input");
    assert!(!naive.home().join("sandbox/apps").exists());
}

#[test]
fn an_app_is_backed_up_and_brought_back_by_itself() {
    let naive = Naive::new();
    let (served, key) = connected(&naive);
    assert_eq!(served.end("TERM"), 0);
    let file = naive.home().join("one.db");
    let file = file.to_str().unwrap();

    let whole = naive.with("backup", &[&format!("{file}.main")]).exits(0).json();
    drop(naive.with("--workspace one backup", &[file]).exits(0));
    std::fs::remove_dir_all(naive.home().join("sandbox/apps/one")).unwrap();
    drop(naive.with("--workspace one restore", &[file]).exits(0));
    let served = Served::start(&naive, &[]);
    let (_, list) = ask(&served, &key, "GET one/integrations/connections", &Value::Null);

    assert_eq!(whole["result"]["apps_left_out"], json!(["one"]));
    assert_eq!(list["connections"][0]["app_user_id"], USER, "{list}");
}

#[test]
fn what_is_connected_survives_that_its_toolkit_is_disabled() {
    let naive = Naive::new();
    let (served, key) = connected(&naive);

    ask(&served, &key, "DELETE one/integrations/configure/hackernews", &Value::Null);
    let (_, list) = ask(&served, &key, "GET one/integrations/connections", &Value::Null);
    let id = list["connections"][0]["id"].as_str().unwrap();
    let again = connect(&served, &key);
    let line = format!("DELETE one/integrations/connections/{id}");
    let (ended, _) = ask(&served, &key, &line, &Value::Null);

    assert_eq!(again.1["error"]["code"], "INTEGRATIONS_TOOLKIT_NOT_ENABLED");
    assert_eq!(ended, 204);
}

#[test]
fn of_two_apps_that_a_free_key_names_at_once_one_has_it() {
    let naive = Naive::new();
    let key = key(&naive, "--name free --dialect integrations");
    let served = Served::start(&naive, &[]);
    let asked = |app: &str| {
        let line = format!("GET {app}/integrations/config");
        ask(&served, &key, &line, &Value::Null).0
    };

    let mut answers = thread::scope(|scope| {
        let both = ["one", "two"].map(|app| scope.spawn(move || asked(app)));
        both.map(|one| one.join().unwrap())
    });

    answers.sort_unstable();
    assert_eq!(answers, [200, 403]);
}

#[test]
fn what_happens_in_an_app_is_told_to_its_webhooks() {
    let naive = Naive::new();
    let (served, key) = connected(&naive);
    let address = Upstream::new(|_| (200, "{}".to_owned()));
    let line = format!(
        "--workspace one webhooks create --url {}/hook --event connection.active",
        address.url
    );
    drop(naive.run(&line).exits(0));

    let (_, list) = ask(&served, &key, "GET one/integrations/connections", &Value::Null);
    let id = list["connections"][0]["id"].as_str().unwrap();
    ask(&served, &key, &format!("DELETE one/integrations/connections/{id}"), &Value::Null);
    assert_eq!(connect(&served, &key).0, 200);

    let told: Received = until("the event", || address.received().first().cloned());
    assert!(told.body.contains("hackernews"), "{}", told.body);
}

#[test]
fn a_key_for_tokens_that_is_none_is_named_before_anything_is_served() {
    let naive = Naive::new();
    let told = |lines: &str| {
        let config = format!("[serve.jwt.app_abc]\n{lines}\n");
        std::fs::write(naive.home().join("config.toml"), config).unwrap();
        let error = naive.run("serve --addr 127.0.0.1:0").exits(2).json()["error"].clone();
        error["message"].as_str().unwrap().to_owned()
    };

    assert!(told("hs256 = 'short'").contains("[serve.jwt.app_abc]"));
    assert!(told("rs256 = 'x'").contains("[serve.jwt.app_abc]"));
    assert!(told("none = 1").contains("expected `hs256` or `rs256`"));
}
