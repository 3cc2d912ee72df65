//! The Integrations API, asked as its clients ask it.

use serde_json::{Value, json};

use super::{Served, key};
use crate::browser::{decide, redirect_uri, request, visit};
use crate::support::Naive;

pub(super) const USER: &str = "0b9a8d7e-1111-4222-8333-944445555666";

/// Asks below the integrations of an app; an answer without a body is null.
pub(super) fn ask(served: &Served, key: &str, line: &str, body: &Value) -> (u16, Value) {
    let (method, path) = line.split_once(' ').unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let page = served.page(key, &format!("{method} /v1/{path}"), &body);
    (page.status, serde_json::from_str(&page.body).unwrap_or(Value::Null))
}

#[test]
fn an_app_connects_its_users_and_runs_tools_for_them() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --dialect integrations");
    let served = Served::start(&naive, &[]);
    let ask = |line: &str, body: Value| ask(&served, &key, line, &body);
    let connect = json!({"toolkit": "gmail", "userId": USER,
        "redirectUrl": "https://yourapp.example/settings?tab=2&status=old#mail"});
    let run = |params: Value| {
        let body = json!({"toolName": "GMAIL_SEND_EMAIL", "params": params, "userId": USER});
        ask("POST app_abc/integrations/execute", body)
    };

    // when: as the documents have it, with the address changed
    let configure = json!({"toolkit": "gmail", "displayName": "Gmail", "scopes": []});
    let (configured, row) = ask("POST app_abc/integrations/configure", configure);
    let (_, started) = ask("POST app_abc/integrations/connect", connect.clone());
    let link = started["authUrl"].as_str().unwrap();
    assert_eq!(redirect_uri(link), format!("{}/v1/app_abc/integrations/callback", served.url));
    let declined = visit(&decide(link, "deny"));
    let (_, started) = ask("POST app_abc/integrations/connect", connect);
    let back = decide(started["authUrl"].as_str().unwrap(), "allow");
    let connected = visit(&back);
    let twice = visit(&back);

    assert_eq!((configured, &row["toolkit_slug"]), (200, &json!("gmail")));
    let place = "https://yourapp.example/settings?tab=2&status=";
    assert_eq!(declined.location(), format!("{place}error&message=connection_failed#mail"));
    assert_eq!(connected.location(), format!("{place}connected&toolkit=gmail#mail"));
    assert!(twice.body.contains("Already done"), "{twice:?}");

    // when: its account is used
    let (_, tools) = ask("GET app_abc/integrations/tools?toolkit=gmail", Value::Null);
    let sent = run(json!({"to": "x@y.example", "subject": "Hi", "body": "Hello"}));
    let (soft, refused) = run(json!({"to": 5}));
    let (_, list) = ask("GET app_abc/integrations/connections", Value::Null);

    let names: Vec<_> = tools["tools"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert!(names.contains(&&json!("GMAIL_SEND_EMAIL")), "{tools}");
    assert_eq!((sent.0, &sent.1["successful"]), (200, &json!(true)), "{sent:?}");
    assert!(sent.1["data"].is_object(), "{sent:?}");
    assert_eq!((soft, &refused["error"]["code"]), (422, &json!("INTEGRATIONS_EXECUTION_FAILED")));
    assert!(refused["error"]["remediation"].is_string(), "{refused}");
    let row = &list["connections"][0];
    assert_eq!((&row["app_user_id"], &row["status"]), (&json!(USER), &json!("active")));
    assert_eq!(row["id"], started["connectionRequestId"]);
    assert!(row["last_used_at"].is_string(), "{row}");

    // when: it is disconnected, and another app looks
    let id = row["id"].as_str().unwrap();
    let (ended, _) = ask(&format!("DELETE app_abc/integrations/connections/{id}"), Value::Null);
    let (_, list) = ask("GET app_abc/integrations/connections", Value::Null);
    let (other, foreign) = ask("GET app_xyz/integrations/connections", Value::Null);
    assert_eq!((ended, &list["connections"]), (204, &json!([])));
    assert_eq!((other, &foreign["error"]["code"]), (403, &json!("AUTH_INSUFFICIENT_PERMISSIONS")));
}

#[test]
fn two_apps_are_apart_and_outlive_the_server() {
    let naive = Naive::new();
    let (one, two) = (
        key(&naive, "--name one --dialect integrations --app one"),
        key(&naive, "--name two --dialect integrations --app two"),
    );
    let served = Served::start(&naive, &[]);
    let enable = json!({"toolkit": "hackernews"});

    let (made, _) = ask(&served, &one, "POST one/integrations/configure", &enable);
    assert_eq!(served.end("TERM"), 0);
    let served = Served::start(&naive, &[]);
    let config = |key: &str, app: &str| {
        ask(&served, key, &format!("GET {app}/integrations/config"), &Value::Null).1
    };

    assert_eq!(made, 200);
    assert_eq!(config(&one, "one")["integrations"][0]["toolkit_slug"], "hackernews");
    assert_eq!(config(&two, "two"), json!({"app_id": "two", "integrations": []}));
    let without = request("GET", &format!("{}/v1/one/integrations/config", served.url), "", "");
    assert_eq!(without.status, 401);
}

#[test]
fn a_provider_that_fails_and_one_that_cannot_be_reached_are_told_apart() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --dialect integrations --app one");
    let served = Served::start(&naive, &[]);
    let ask = |line: &str, body: Value| ask(&served, &key, line, &body);
    ask("POST one/integrations/configure", json!({"toolkit": "gmail"}));
    let connect =
        json!({"toolkit": "gmail", "userId": USER, "redirectUrl": "http://127.0.0.1:1/x"});
    let (_, started) = ask("POST one/integrations/connect", connect);
    visit(&decide(started["authUrl"].as_str().unwrap(), "allow"));
    let run = || {
        let params = json!({"to": "x@y.example", "subject": "Hi", "body": "Hello"});
        let body = json!({"toolName": "GMAIL_SEND_EMAIL", "params": params, "userId": USER});
        let (status, answer) = ask("POST one/integrations/execute", body);
        (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    };

    naive.run("sandbox fail rate-limit --toolkit gmail").exits(0);
    let soft = run();
    naive.run("sandbox fail lost-answer --toolkit gmail").exits(0);
    let hard = run();

    assert_eq!(soft, (422, "INTEGRATIONS_EXECUTION_FAILED".to_owned()));
    assert_eq!(hard, (502, "INTEGRATIONS_EXECUTION_FAILED".to_owned()));
}
