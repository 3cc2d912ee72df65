//! What bad input gets: the documented code, and nothing is changed.

use serde_json::{Value, json};

use super::{Answer, HOST, Served, done, engine};

/// A server with a user, and the keys of those who call it.
struct Cast {
    served: Served,
    workspace: String,
    agent: String,
    sealed: String,
    revoked: String,
    #[expect(dead_code, reason = "it is held, not used: the store lies there")]
    dir: tempfile::TempDir,
}

async fn cast(rate: u32) -> Cast {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    done(&engine, "users.create", json!({"external_id": "alice"})).await;
    done(&engine, "users.create", json!({"external_id": "bob"})).await;
    let mut keys = Vec::new();
    for (role, user) in
        [("workspace", None), ("agent", None), ("agent", Some("alice")), ("workspace", None)]
    {
        let made = done(&engine, "keys.create", json!({"name": role, "role": role, "user": user}));
        keys.push(made.await);
    }
    done(&engine, "keys.revoke", json!({"key": keys[3]["key_id"]})).await;
    let key = |at: usize| keys[at]["api_key"].as_str().unwrap().to_owned();
    Cast {
        workspace: key(0),
        agent: key(1),
        sealed: key(2),
        revoked: key(3),
        served: Served::new(engine, rate),
        dir,
    }
}

/// Returns status, code and reason.
fn said(answer: &Answer) -> (u16, &str, &str) {
    let error = &answer.body["error"];
    let word = |name: &str| error[name].as_str().unwrap_or_default();
    (answer.status, word("code"), word("reason"))
}

#[tokio::test]
async fn whoever_has_no_key_that_is_good_here_is_told_so() {
    let cast = cast(0).await;

    let none = cast.served.raw("GET /v1/users", &[("host", HOST)], "").await;
    let basic = [("host", HOST), ("authorization", "Basic bmFpdmU6bmFpdmU=")];
    let basic = cast.served.raw("GET /v1/users", &basic, "").await;
    let unknown = cast.served.send("nv_sk_local_x", "GET /v1/users", &Value::Null).await;
    let revoked = cast.served.send(&cast.revoked, "GET /v1/users", &Value::Null).await;

    assert_eq!(said(&none), (401, "unauthorized", "key_missing"));
    assert_eq!(none.headers["www-authenticate"], "Bearer");
    assert_eq!(said(&basic), (401, "unauthorized", "key_missing"));
    assert_eq!(said(&unknown), (401, "unauthorized", "key_unknown"));
    assert_eq!(said(&revoked), (401, "unauthorized", "key_revoked"));
}

#[tokio::test]
async fn a_page_elsewhere_cannot_speak_to_this_server() {
    let cast = cast(0).await;
    let bearer = format!("Bearer {}", cast.workspace);
    let ask = async |headers: &[(&str, &str)]| {
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        cast.served.raw("GET /v1/users", &all, "").await
    };

    for host in ["evil.example", "evil.example:3101", "127.0.0.1", "127.0.0.1:80", "localhost", ""]
    {
        assert_eq!(said(&ask(&[("host", host)]).await), (403, "forbidden", "host_not_allowed"));
    }
    let nowhere = ask(&[]).await;
    let twice = ask(&[("host", HOST), ("host", "evil.example")]).await;
    let page = ask(&[("host", HOST), ("origin", "https://evil.example")]).await;
    let local = ask(&[("host", "LOCALHOST:3101"), ("origin", "http://localhost:3101")]).await;

    assert_eq!(said(&nowhere).2, "host_not_allowed");
    assert_eq!(said(&twice).2, "host_not_allowed");
    assert_eq!(said(&page), (403, "forbidden", "origin_not_allowed"));
    assert_eq!(local.status, 200);
    assert!(!local.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn what_is_wrong_with_a_body_has_its_own_answer_and_changes_nothing() {
    let cast = cast(0).await;
    let bearer = format!("Bearer {}", cast.workspace);
    let post = async |kind: &str, body: &str| {
        let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", kind)];
        cast.served.raw("POST /v1/users", &headers, body).await
    };
    let json = "application/json";
    let large = format!(r#"{{"label": "{}"}}"#, "x".repeat(9 * 1024 * 1024));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));

    let malformed = post(json, "{").await;
    let array = post(json, "[]").await;
    let plain = post("text/plain", "{}").await;
    let unknown = post(json, r#"{"external_id": "carol", "nope": 1}"#).await;
    let wrong = post(json, r#"{"external_id": 5}"#).await;
    let huge = post(json, &large).await;
    let nested = post(json, &deep).await;

    assert_eq!(said(&malformed), (400, "invalid_input", "malformed_json"));
    assert_eq!(said(&array), (400, "invalid_input", "not_an_object"));
    assert_eq!(said(&plain), (415, "invalid_input", "content_type"));
    assert_eq!(said(&unknown), (400, "invalid_input", ""));
    assert_eq!(unknown.body["error"]["details"][0]["pointer"], "/nope");
    assert_eq!(wrong.body["error"]["details"][0]["pointer"], "/external_id");
    assert_eq!(said(&huge), (413, "invalid_input", "too_large"));
    assert_eq!(said(&nested), (400, "invalid_input", "malformed_json"));
    let users = cast.served.send(&cast.workspace, "GET /v1/users", &Value::Null).await;
    assert_eq!(users.body["users"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_a_path_names_is_there_or_not_found() {
    let cast = cast(0).await;
    let get = async |path: &str| {
        let line = format!("GET {path}");
        cast.served.send(&cast.workspace, &line, &Value::Null).await
    };

    for path in [
        "/",
        "/v1/nothing",
        "/v1/users/nobody",
        "/v1/users/00000000-0000-0000-0000-000000000000",
        "/v1/users/%00",
        "/v1/users/%FF",
        "/v1/users/%FF/logs/stream",
        "/v1/users/al%E2%80%8Bice",
        "/v1/users/nobody/connections/connected",
        "/v1/users/alice/connections/..%2f/tools",
        "/v1/approvals/5",
        "/v1/approvals/65589c8b-e033-4a65-b16c-379211c94429",
        "/v1/users/alice/connected-accounts/ca_1",
        "/v1/toolkits/no-such-app",
        "/v1/account-kits/nope",
    ] {
        let answer = get(path).await;
        assert_eq!((answer.status, said(&answer).1), (404, "not_found"), "{path}");
    }
    for path in
        ["/v1/approvals?cursor=x", "/v1/users/alice/connections?limit=x", "/v1/logs?after=x"]
    {
        let answer = get(path).await;
        assert_eq!((answer.status, said(&answer).1), (400, "invalid_input"), "{path}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_named() {
    let cast = cast(0).await;

    let answer = cast.served.send(&cast.workspace, "DELETE /v1/users", &Value::Null).await;
    let options = cast.served.send(&cast.workspace, "OPTIONS /v1/users", &Value::Null).await;

    assert_eq!(said(&answer), (405, "invalid_input", "method_not_allowed"));
    assert!(answer.headers["allow"].to_str().unwrap().contains("POST"));
    assert_eq!(options.status, 405);
}

#[tokio::test]
async fn a_sealed_key_acts_for_its_user_alone() {
    let cast = cast(0).await;
    let get = async |path: &str| {
        let line = format!("GET {path}");
        cast.served.send(&cast.sealed, &line, &Value::Null).await
    };

    let own = get("/v1/users/alice/connections/connected").await;
    let me = get("/v1/users/me/connections/connected").await;
    let other = get("/v1/users/bob/connections/connected").await;
    let nobody = get("/v1/users/nobody/connections/connected").await;
    let bearer = format!("Bearer {}", cast.sealed);
    let headers = [("host", HOST), ("authorization", bearer.as_str()), ("x-naive-user-id", "bob")];
    let header = cast.served.raw("GET /v1/trading/connections", &headers, "").await;

    assert_eq!((own.status, me.status), (200, 200));
    assert_eq!(said(&other), (403, "forbidden", "key_subject_mismatch"));
    assert_eq!(said(&nobody), (403, "forbidden", "key_subject_mismatch"));
    assert_eq!(said(&header), (403, "forbidden", "key_subject_mismatch"));
}

#[tokio::test]
async fn an_agent_neither_resolves_nor_changes_policy() {
    let cast = cast(0).await;
    let card = json!({"name": "Ads"});
    let held = cast.served.send(&cast.agent, "POST /v1/users/alice/cards", &card).await;
    let id = held.body["approval_id"].as_str().unwrap();

    let line = format!("POST /v1/approvals/{id}/approve");
    let approve = cast.served.send(&cast.agent, &line, &Value::Null).await;
    let kit = cast.served.send(&cast.agent, "POST /v1/account-kits", &json!({"name": "K"})).await;
    let line = format!("GET /v1/users/bob/approvals/{id}");
    let of_another = cast.served.send(&cast.workspace, &line, &Value::Null).await;
    let line = format!("POST /v1/users/alice/approvals/{id}/deny");
    let denied = cast.served.send(&cast.workspace, &line, &json!({"reason": "no"})).await;

    assert_eq!(held.status, 202);
    assert_eq!(held.body["status"], "pending_approval");
    assert_eq!(said(&approve), (403, "forbidden", "may_not_resolve"));
    assert_eq!(said(&kit), (403, "forbidden", "policy_protected"));
    assert_eq!(said(&of_another).1, "not_found");
    assert_eq!((denied.status, &denied.body["status"]), (200, &json!("denied")));
}

#[tokio::test]
async fn a_key_of_the_callers_own_is_for_one_call() {
    let cast = cast(0).await;
    let bearer = format!("Bearer {}", cast.workspace);
    let post = async |key: &str, name: &str| {
        let headers = [
            ("host", HOST),
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let body = json!({"external_id": name}).to_string();
        cast.served.raw("POST /v1/users", &headers, &body).await
    };

    let first = post("k1", "carol").await;
    let again = post("k1", "carol").await;
    let other = post("k1", "dave").await;
    let malformed = post("two words", "erin").await;

    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(said(&other), (409, "duplicate_request", "key_reused"));
    assert_eq!(said(&malformed).1, "invalid_input");
}

#[tokio::test]
async fn a_key_has_so_many_calls_in_a_minute() {
    let cast = cast(3).await;
    let mut answers = Vec::new();
    // A minute may begin in between, once.
    for _ in 0..7 {
        answers.push(cast.served.send(&cast.agent, "GET /v1/users", &Value::Null).await);
    }
    let other = cast.served.send(&cast.workspace, "GET /v1/users", &Value::Null).await;

    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(said(refused).1, "rate_limited");
    assert_eq!(refused.headers["x-ratelimit-limit"], "3");
    assert_eq!(refused.headers["x-ratelimit-remaining"], "0");
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(answers[0].headers["x-ratelimit-remaining"], "2");
    assert_eq!(other.status, 200);
}
