//! `naive api`: what there is no command for.

use serde_json::json;

use super::{KEY, always, body, client, sent};

#[test]
fn any_request_goes_out_with_the_key_and_its_answer_comes_back_as_it_is() {
    let api = always(201, r#"{"id": "w1", "odd": [1]}"#);
    let naive = client(&api);

    let made = naive.with("api post /v1/hooks?x=1 --data", &[r#"{"url": "https://a.example"}"#]);
    let read = naive.run("api GET /v1/hooks").exits(0);
    naive.fed("api PUT /v1/x --data - --idempotency-key k1", "[1, 2]").exits(0);

    let envelope = json!({"success": true, "action": "api", "result": {"id": "w1", "odd": [1]}});
    assert_eq!(made.exits(0).json(), envelope);
    assert_eq!(read.json(), envelope);
    let post = &sent(&api, "POST")[0];
    assert_eq!(post.path, "/v1/hooks?x=1");
    assert_eq!(post.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(post.headers["idempotency-key"].len(), 36);
    assert_eq!(body(post), json!({"url": "https://a.example"}));
    assert!(!sent(&api, "GET")[0].headers.contains_key("idempotency-key"));
    assert_eq!(sent(&api, "PUT")[0].headers["idempotency-key"], "k1");
    assert_eq!(sent(&api, "PUT")[0].body, "[1,2]");
}

#[test]
fn what_is_told_once_is_asked_for_without_a_key_of_ours() {
    let api = always(201, r#"{"secret": "whsec_1"}"#);
    let naive = client(&api);

    for path in ["/v1/auth/keys", "/v1/webhooks", "/v1/users/alice/webhooks?x=1"] {
        naive.run(&format!("api POST {path} --data {{}}")).exits(0);
    }

    assert_eq!(api.received().len(), 3);
    assert!(api.received().iter().all(|one| !one.headers.contains_key("idempotency-key")));
}

#[test]
fn what_fails_there_fails_here() {
    let api = always(404, r#"{"error": {"code": "not_found", "message": "no such thing"}}"#);

    let run = client(&api).run("api GET /v1/nothing").exits(1).json();

    let expected = json!({
        "success": false,
        "action": "api",
        "error": {"code": "not_found", "message": "no such thing"},
    });
    assert_eq!(run, expected);
}

#[test]
fn what_is_held_there_exits_8() {
    let held = json!({"status": "pending_approval", "approval_id": "x", "action": "cards.create"});
    let api = always(202, held.to_string());

    let run = client(&api).run("api POST /v1/users/alice/cards --data {}").exits(8).json();

    assert_eq!(run["result"], held);
}

#[test]
fn a_request_that_is_none_is_a_usage_error_and_is_not_sent() {
    let api = always(200, "{}");
    let naive = client(&api);

    for line in [
        "api GET v1/users",
        "api GET https://evil.example/v1/users",
        "api FETCH /v1/users",
        "api POST /v1/users --data {",
        "api GET /v1/users --data {}",
        "api GET /v1/users --idempotency-key k",
    ] {
        naive.run(line).exits(2);
    }
    for line in ["api GET /../x", "api GET /v1/a#b\u{e9}"] {
        naive.run(line).exits(1);
    }
    assert!(api.received().is_empty());
}

#[test]
fn a_path_cannot_lead_away_from_the_api() {
    let api = always(200, "{}");
    let naive = client(&api);

    naive.run("api GET //evil.example/x").exits(0);
    naive.run("api GET /@evil.example/x").exits(0);

    let paths: Vec<_> = api.received().into_iter().map(|one| one.path).collect();
    assert_eq!(paths, ["//evil.example/x", "/@evil.example/x"]);
}
