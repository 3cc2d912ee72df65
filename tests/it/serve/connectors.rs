//! The Connectors API, asked as its clients ask it.

use serde_json::{Value, json};

use super::{Served, key};
use crate::browser::{decide, redirect_uri, request, visit};
use crate::support::Naive;

/// A server, and a key of the workspace's own user.
fn served() -> (Naive, Served, String) {
    let naive = Naive::new();
    let key = key(&naive, "--name app --dialect connectors");
    let served = Served::start(&naive, &[]);
    (naive, served, key)
}

#[test]
fn an_oauth_connector_is_connected_by_the_hand_of_a_browser() {
    let (naive, served, key) = served();

    // when: as the documents have it, with the address changed
    let start = "POST /api/v1/connections";
    let body = r#"{ "connectorSlug": "github", "label": "Personal GitHub" }"#;
    let (status, started) = served.call(&key, start, body);
    let link = started["data"]["oauthUrl"].as_str().unwrap();
    assert_eq!(redirect_uri(link), format!("{}/api/v1/connections/oauth/callback", served.url));
    let back = decide(link, "allow");
    let page = visit(&back);
    let twice = visit(&back);

    let id = started["data"]["connection"]["id"].as_str().unwrap();
    let (_, shown) = served.call(&key, &format!("GET /api/v1/connections/{id}"), "");
    let again = served.call(&key, start, r#"{ "connectorSlug": "github" }"#);
    assert_eq!((status, &started["data"]["connection"]["status"]), (201, &json!("pending")));
    assert_eq!(started["data"]["credentialSubmitUrl"], Value::Null);
    assert!(page.status == 200 && page.body.contains("GitHub is connected"), "{page:?}");
    assert!(twice.body.contains("Already done"), "{twice:?}");
    assert_eq!(shown["data"]["status"], "connected");
    assert_eq!(shown["data"]["label"], "Personal GitHub");
    assert!(shown["data"]["account"].is_string(), "{shown}");
    assert_eq!((again.0, &again.1["data"]["connection"]), (200, &shown["data"]));

    // when: the same account logs in again, and a login is declined; it stays as it was
    let oauth = format!("/api/v1/connections/{id}/oauth");
    let sent = served.page(&key, &format!("GET {oauth}"), "");
    assert_eq!(visit(&decide(&sent.location(), "deny")).status, 400);
    let (_, link) = served.call(&key, &format!("POST {oauth}"), "");
    let page = visit(&decide(link["data"]["oauthUrl"].as_str().unwrap(), "allow"));
    let (_, shown) = served.call(&key, &format!("GET /api/v1/connections/{id}"), "");
    assert_eq!((page.status, &shown["data"]["status"]), (200, &json!("connected")));

    // when: it is deleted
    let seen = naive.run("connections connected").exits(0).json();
    assert_eq!(seen["result"]["connections"][0]["toolkit"], "github");
    let (status, deleted) = served.call(&key, &format!("DELETE /api/v1/connections/{id}"), "");
    assert_eq!((status, deleted), (200, json!({"success": true, "data": {"deleted": true}})));
    let (_, list) = served.call(&key, "GET /api/v1/connections", "");
    assert_eq!(list["data"]["items"], json!([]));
    let seen = naive.run("connections connected --all").exits(0).json();
    assert_eq!(seen["result"]["connections"][0]["status"], "REVOKED");
}

#[test]
fn a_login_begins_by_the_slug_of_its_connector() {
    let (_naive, served, key) = served();
    let start = "GET /api/v1/connections/oauth/start?slug=gmail&selectAccount=1";

    let sent = served.page(&key, start, "");
    let link = sent.location();
    let page = visit(&decide(&link, "allow"));

    let (_, list) = served.call(&key, "GET /api/v1/connections", "");
    assert!(sent.status == 302 && link.contains("select_account"), "{link}");
    assert_eq!(page.status, 200);
    assert_eq!(list["data"]["items"][0]["status"], "connected");
    let without = request("GET", &format!("{}{}", served.url, &start[4..]), "", "");
    assert_eq!(without.status, 401);
}

#[test]
fn a_key_connector_takes_its_key_and_never_tells_it() {
    let (_naive, served, key) = served();
    let started = served.call(&key, "POST /api/v1/connections", r#"{ "connectorSlug": "stripe" }"#);
    let told = started.1["data"]["credentialSubmitUrl"].as_str().unwrap();
    let path = told.strip_prefix(&served.url).unwrap();
    let submit = |body: &str| served.call(&key, &format!("POST {path}"), body);

    let refused = submit(r#"{ "credentials": { "api_key": "wrong" } }"#);
    let taken = submit(r#"{ "credentials": { "api_key": "sk_test_of_this_test" } }"#);
    let flat = submit(r#"{ "api_key": "sk_test_of_another" }"#);
    let again = served.call(&key, "POST /api/v1/connections", r#"{ "connectorSlug": "stripe" }"#);

    assert_eq!((refused.0, &refused.1["error"]["code"]), (422, &json!("VALIDATION_ERROR")));
    assert_eq!((taken.0, &taken.1["data"]["connection"]["status"]), (200, &json!("connected")));
    assert_eq!(flat.0, 200, "{flat:?}");
    assert_eq!((again.0, &again.1["data"]["credentialSubmitUrl"]), (200, &json!(told)));
    for (_, said) in [refused, taken, flat, again] {
        assert!(!said.to_string().contains("sk_test_"), "{said}");
    }
}

#[test]
fn a_held_login_goes_on_once_a_person_has_allowed_it() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    let alices = key(&naive, "--name app --dialect connectors --user alice");
    let operator = key(&naive, "--name op --role workspace");
    let served = Served::start(&naive, &[]);

    let body = r#"{ "connectorSlug": "gmail" }"#;
    let (status, held) = served.call(&alices, "POST /api/v1/connections", body);
    let id = held["data"]["approval"]["approval_id"].as_str().unwrap();
    let line = format!("POST /v1/approvals/{id}/approve");
    let (_, approved) = served.call(&operator, &line, "");
    let page = visit(&decide(approved["result"]["redirectUrl"].as_str().unwrap(), "allow"));

    let again = served.call(&alices, "POST /api/v1/connections", body);
    assert_eq!((status, page.status), (202, 200));
    assert_eq!((again.0, &again.1["data"]["connection"]["status"]), (200, &json!("connected")));
}
