//! What is refused by the Integrations API, and in which words.

use serde_json::{Value, json};

use super::{ALICE, at, cast, nobody, said};
use crate::server::tests::{HOST, done};

#[tokio::test]
async fn fields_that_are_not_right_are_named() {
    let cast = cast(nobody()).await;
    cast.enable("hackernews").await;
    let url = "https://a.example";

    for (line, body, field) in [
        ("POST configure", json!({}), "/toolkit"),
        ("POST configure", json!({"toolkit": 5}), "/toolkit"),
        ("POST configure", json!({"toolkit": "x".repeat(101)}), "/toolkit"),
        ("POST configure", json!({"toolkit": "no-such-app"}), "/toolkit"),
        ("POST configure", json!({"toolkit": "gmail", "scopes": "a"}), "/scopes"),
        (
            "POST configure",
            json!({"toolkit": "gmail", "displayName": "x".repeat(101)}),
            "/displayName",
        ),
        (
            "POST configure",
            json!({"toolkit": "gmail", "oauth_credentials": {}}),
            "/oauth_credentials/client_id",
        ),
        ("POST connect", json!({"toolkit": "hackernews", "userId": ALICE}), "/redirectUrl"),
        (
            "POST connect",
            json!({"toolkit": "hackernews", "userId": ALICE, "redirectUrl": "javascript:alert(1)"}),
            "/redirectUrl",
        ),
        ("POST connect", json!({"toolkit": "hackernews", "redirectUrl": url}), "/userId"),
        (
            "POST connect",
            json!({"toolkit": "hackernews", "redirectUrl": url, "userId": "alice"}),
            "/userId",
        ),
        ("POST execute", json!({"toolName": "HACKERNEWS_TOP"}), "/userId"),
        ("POST execute", json!({"userId": ALICE}), "/toolName"),
        ("POST execute", json!({"toolName": "X_Y", "userId": ALICE, "params": []}), "/params"),
        ("GET connections?userId=5", Value::Null, "/userId"),
    ] {
        let answer = cast.ask(line, &body).await;
        assert_eq!(said(&answer), (400, "VALIDATION_INVALID_SCHEMA"), "{line} {body}");
        assert_eq!(answer.body["error"]["details"][0]["pointer"], field, "{line} {body}");
    }
    assert_eq!(cast.get("connections").await.body["connections"], json!([]));
}

#[tokio::test]
async fn what_is_not_enabled_is_neither_connected_nor_run() {
    let cast = cast(nobody()).await;
    let run = json!({"toolName": "GMAIL_SEND_EMAIL", "params": {}, "userId": ALICE});
    let none = (400, "INTEGRATIONS_TOOLKIT_NOT_ENABLED");

    assert_eq!(said(&cast.connect("gmail", ALICE).await), none);
    assert_eq!(said(&cast.ask("POST execute", &run).await), none);
    assert_eq!(said(&cast.get("tools?toolkit=gmail").await), none);
    cast.enable("gmail").await;
    let unconnected = cast.ask("POST execute", &run).await;
    let nothing = cast.ask("POST execute", &json!({"toolName": "no tool", "userId": ALICE})).await;
    cast.ask("DELETE configure/gmail", &Value::Null).await;

    assert_eq!(said(&unconnected), (422, "INTEGRATIONS_EXECUTION_FAILED"));
    assert_eq!(said(&nothing), (422, "INTEGRATIONS_EXECUTION_FAILED"));
    assert_eq!(said(&cast.connect("gmail", ALICE).await), none);
    assert_eq!(said(&cast.ask("POST execute", &run).await), none);
}

#[tokio::test]
async fn an_app_begins_as_the_operator_has_decided_and_ends_with_the_switch_for_all() {
    let cast = cast(nobody()).await;
    let engine = &cast.served.site.engine;
    let sites = json!({"allowed_origins": ["https://b.example"]});

    done(engine, "workspace.update", sites).await;
    cast.enable("gmail").await;
    let led_away = cast.connect("gmail", ALICE).await;
    done(engine, "workspace.update", json!({"connections": false})).await;
    let off = cast.connect("gmail", ALICE).await;
    let configured = cast.enable("slack").await;

    assert_eq!(said(&led_away), (400, "VALIDATION_INVALID_SCHEMA"));
    assert_eq!(said(&off), (400, "INTEGRATIONS_NOT_CONFIGURED"));
    assert_eq!(said(&configured), (400, "INTEGRATIONS_NOT_CONFIGURED"));
}

#[tokio::test]
async fn whoever_has_no_key_of_this_api_is_told_so() {
    let cast = cast(nobody()).await;
    let asked = json!({"name": "bot", "role": "workspace"});
    let made = done(&cast.served.site.engine, "keys.create", asked).await;
    let other = made["api_key"].as_str().unwrap();
    let line = at("one", "GET config");

    let none = cast.served.raw(&line, &[("host", HOST)], "").await;
    let unknown = cast.served.send("bb_sk_0", &line, &Value::Null).await;
    let naive = cast.served.send(other, &line, &Value::Null).await;
    let token = cast.served.send("eyJ.e30.x", &line, &Value::Null).await;
    let elsewhere = cast.served.send(&cast.key, "GET /v1/users", &Value::Null).await;

    assert_eq!(said(&none), (401, "AUTH_REQUIRED"));
    assert_eq!(said(&unknown), (401, "AUTH_INVALID_API_KEY"));
    assert_eq!(said(&naive), (401, "AUTH_INVALID_API_KEY"));
    assert_eq!(said(&token), (401, "AUTH_INVALID_END_USER_JWT"));
    assert_eq!(elsewhere.status, 401);
}

#[tokio::test]
async fn whatever_is_wrong_is_said_in_this_apis_words() {
    let cast = cast(nobody()).await;
    let bearer = format!("Bearer {}", cast.key);
    let line = at("one", "POST configure");
    let post = async |kind: &str, body: &str| {
        let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", kind)];
        cast.served.raw(&line, &headers, body).await
    };
    let host = [("host", "evil.example"), ("authorization", bearer.as_str())];
    let json = "application/json";
    let large = format!(r#"{{"toolkit": "{}"}}"#, "x".repeat(9 * 1024 * 1024));

    assert_eq!(said(&cast.get("nothing").await), (404, "RESOURCE_NOT_FOUND"));
    assert_eq!(said(&cast.ask("PUT config", &Value::Null).await), (405, "REQUEST_ERROR"));
    assert_eq!(said(&post(json, "{").await), (400, "REQUEST_ERROR"));
    assert_eq!(said(&post(json, "[]").await), (400, "VALIDATION_INVALID_SCHEMA"));
    assert_eq!(said(&post("text/plain", "{}").await), (415, "REQUEST_ERROR"));
    assert_eq!(said(&post(json, &large).await), (413, "REQUEST_ERROR"));
    let stranger = cast.served.raw(&at("one", "GET config"), &host, "").await;
    assert_eq!(said(&stranger), (403, "AUTH_INSUFFICIENT_PERMISSIONS"));
    for app in ["..%2f..", "%FF", "a%20b", "toolkits"] {
        let line = at(app, "GET config");
        let answer = cast.served.send(&cast.key, &line, &Value::Null).await;
        assert_eq!(answer.status, 404, "{line}");
    }
    for id in ["5", "%FF", "ca_00000000000000000000000000000000"] {
        let answer = cast.ask(&format!("DELETE connections/{id}"), &Value::Null).await;
        assert_eq!(said(&answer), (404, "RESOURCE_NOT_FOUND"), "{id}");
    }
}

#[tokio::test]
async fn a_callback_that_nobody_waits_for_leads_nowhere() {
    let cast = cast(nobody()).await;
    cast.get("config").await;
    let ask = async |app: &str, query: &str| {
        let line = at(app, &format!("GET callback{query}"));
        cast.served.raw(&line, &[("host", HOST)], "").await
    };

    for query in ["", "?state=s", "?state=s&code=c"] {
        let answer = ask("one", query).await;
        assert_eq!((answer.status, answer.headers.get("location")), (400, None), "{query}");
    }
    assert_eq!(said(&ask("nobodys", "?state=s&code=c").await), (404, "RESOURCE_NOT_FOUND"));
    let apps = cast.served.site.engine.apps();
    assert_eq!(apps, ["one".parse().unwrap()], "nobody makes an app by its callback");
}
