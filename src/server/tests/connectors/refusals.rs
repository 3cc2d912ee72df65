//! What is refused by the Connectors API, and in which words.

use serde_json::{Value, json};

use super::{cast, said};
use crate::engine::World;
use crate::server::tests::{HOST, Served, done, engine};

const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let cast = cast(0).await;

    for bad in [
        json!({}),
        json!({"connectorSlug": null}),
        json!({"connectorSlug": ""}),
        json!({"connectorSlug": "no-such-app"}),
        json!({"connectorSlug": "No Such App"}),
        json!({"connectorSlug": "brokerage"}),
    ] {
        assert_eq!(said(&cast.start(bad.clone()).await), (400, "BAD_REQUEST"), "{bad}");
    }
    for bad in [
        json!({"connectorSlug": 5}),
        json!({"connectorSlug": "gmail", "label": 5}),
        json!({"connectorSlug": "gmail", "label": " x"}),
        json!({"connectorSlug": "gmail", "scopes": []}),
    ] {
        assert_eq!(said(&cast.start(bad.clone()).await), (422, "VALIDATION_ERROR"), "{bad}");
    }
    for path in ["start", "start?slug=", "start?slug=no-such-app", "start?slug=stripe"] {
        let answer = cast.get(&format!("/api/v1/connections/oauth/{path}")).await;
        assert_eq!(said(&answer), (400, "BAD_REQUEST"), "{path}");
    }
    // A preview of a link begins no login.
    let preview = cast.ask("HEAD /api/v1/connections/oauth/start?slug=gmail", &Value::Null).await;
    assert_eq!(preview.status, 405);
    assert_eq!(cast.get("/api/v1/connections").await.body["data"]["items"], json!([]));
}

#[tokio::test]
async fn what_the_operator_has_not_set_up_is_no_failure_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path()).in_world(World::Real);
    let asked = json!({"name": "app", "dialect": "connectors"});
    let key = done(&engine, "keys.create", asked).await["api_key"].as_str().unwrap().to_owned();
    let served = Served::new(engine, 0);
    let start = async |slug: &str| {
        let body = json!({"connectorSlug": slug});
        served.send(&key, "POST /api/v1/connections", &body).await
    };

    let unset = start("github").await;
    done(&served.site.engine, "toolkits.disable", json!({"toolkit": "hackernews"})).await;
    let disabled = start("hackernews").await;
    done(&served.site.engine, "workspace.update", json!({"connections": false})).await;
    let off = start("stripe").await;

    assert!(key.starts_with("alm_live_"), "{key}");
    assert_eq!(said(&unset), (400, "BAD_REQUEST"));
    assert_eq!(said(&disabled), (403, "FORBIDDEN"));
    assert_eq!(said(&off), (503, "SERVICE_UNAVAILABLE"));
}

#[tokio::test]
async fn an_id_is_a_uuid_and_its_owners_alone() {
    let cast = cast(0).await;
    let id = cast.started("hackernews").await;
    let digits = id.replace('-', "");

    for bad in ["5", "oauth", "ca_0", &digits, &format!("ca_{digits}"), "%FF", "%00", "..%2f"] {
        for line in
            [format!("GET /api/v1/connections/{bad}"), format!("DELETE /api/v1/connections/{bad}")]
        {
            let answer = cast.ask(&line, &Value::Null).await;
            assert_eq!(said(&answer), (400, "BAD_REQUEST"), "{line}");
        }
    }
    for id in [id.as_str(), NOBODYS] {
        for line in [
            format!("GET /api/v1/connections/{id}"),
            format!("DELETE /api/v1/connections/{id}"),
            format!("GET /api/v1/connections/{id}/oauth"),
            format!("POST /api/v1/connections/{id}/oauth"),
            format!("POST /api/v1/connections/{id}/credentials"),
        ] {
            let answer = cast.served.send(&cast.alices, &line, &Value::Null).await;
            assert_eq!(said(&answer), (404, "NOT_FOUND"), "{line}");
            assert!(!answer.body.to_string().contains("ca_"), "{}", answer.body);
        }
    }
    assert_eq!(cast.get(&format!("/api/v1/connections/{id}")).await.status, 200);
}

#[tokio::test]
async fn whatever_is_wrong_is_said_in_this_apis_words() {
    let cast = cast(0).await;
    let bearer = format!("Bearer {}", cast.own);
    let post = async |kind: &str, body: &str| {
        let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", kind)];
        cast.served.raw("POST /api/v1/connections", &headers, body).await
    };
    let host = [("host", "evil.example"), ("authorization", bearer.as_str())];
    let page =
        [("host", HOST), ("authorization", bearer.as_str()), ("origin", "https://evil.example")];
    let json = "application/json";
    let large = format!(r#"{{"label": "{}"}}"#, "x".repeat(9 * 1024 * 1024));

    let nowhere = cast.get("/api/v1/nothing").await;
    let root = cast.get("/api/v1").await;
    let method = cast.ask("PUT /api/v1/connections", &Value::Null).await;

    assert_eq!(said(&nowhere), (404, "NOT_FOUND"));
    assert_eq!(said(&root), (404, "NOT_FOUND"));
    assert_eq!(said(&method), (405, "BAD_REQUEST"));
    assert!(method.headers["allow"].to_str().unwrap().contains("POST"));
    assert_eq!(said(&post(json, "{").await), (400, "BAD_REQUEST"));
    assert_eq!(said(&post(json, "[]").await), (400, "BAD_REQUEST"));
    assert_eq!(said(&post("text/plain", "{}").await), (415, "BAD_REQUEST"));
    assert_eq!(said(&post(json, &large).await), (413, "PAYLOAD_TOO_LARGE"));
    for headers in [&host[..], &page[..]] {
        let answer = cast.served.raw("GET /api/v1/connections", headers, "").await;
        assert_eq!(said(&answer), (403, "FORBIDDEN"));
    }
    let limit = cast.get("/api/v1/connectors?limit=0").await;
    assert_eq!(said(&limit), (422, "VALIDATION_ERROR"));
    let cursor = cast.get("/api/v1/connectors?cursor=%20").await;
    assert_eq!(said(&cursor), (400, "BAD_REQUEST"));
    let elsewhere = cast.get("/api/v2").await;
    assert_eq!(elsewhere.body["error"]["code"], "not_found");
}

#[tokio::test]
async fn a_key_opens_no_other_api() {
    let cast = cast(0).await;
    let engine = &cast.served.site.engine;
    let mut keys = vec!["alm_test_nobodys".to_owned(), String::new()];
    for asked in [
        json!({"name": "naive", "role": "workspace"}),
        json!({"name": "app", "dialect": "integrations", "app": "app_1"}),
    ] {
        let made = done(engine, "keys.create", asked).await;
        keys.push(made["api_key"].as_str().unwrap().to_owned());
    }
    let revoked = done(engine, "keys.create", json!({"name": "x", "dialect": "connectors"})).await;
    done(engine, "keys.revoke", json!({"key": revoked["key_id"]})).await;
    keys.push(revoked["api_key"].as_str().unwrap().to_owned());

    for key in &keys {
        for line in ["GET /api/v1/connectors", "POST /api/v1/connections"] {
            let answer = cast.served.send(key, line, &Value::Null).await;
            assert_eq!(said(&answer), (401, "UNAUTHORIZED"));
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
    let none = cast.served.raw("GET /api/v1/connections", &[("host", HOST)], "").await;
    assert_eq!(said(&none), (401, "UNAUTHORIZED"));
    for key in [&cast.own, &keys[3]] {
        let answer = cast.served.send(key, "GET /v1/users", &Value::Null).await;
        let error = &answer.body["error"];
        assert_eq!((answer.status, &error["code"]), (401, &json!("unauthorized")));
        assert_eq!(error["reason"], "key_of_another_dialect");
    }
    assert_eq!(cast.get("/api/v1/connections").await.status, 200);
}

#[tokio::test]
async fn a_key_has_so_many_calls_in_a_minute() {
    let cast = cast(2).await;
    let mut answers = Vec::new();
    // A minute may begin in between, once.
    for _ in 0..5 {
        answers.push(cast.get("/api/v1/connections").await);
    }

    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();

    assert_eq!(said(refused), (429, "TOO_MANY_REQUESTS"));
    assert_eq!(refused.headers["x-ratelimit-limit"], "2");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(answers[0].headers["x-ratelimit-remaining"], "1");
}

#[tokio::test]
async fn a_callback_that_is_nobodys_needs_no_key_and_changes_nothing() {
    let cast = cast(0).await;
    let path = "GET /api/v1/connections/oauth/callback?state=x&code=y";

    let answer = cast.served.raw(path, &[("host", HOST)], "").await;

    assert_eq!(answer.status, 400);
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
}
