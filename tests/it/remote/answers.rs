//! What comes back: the API's own words, those of one that is newer, and pages of what stands before it.

use serde_json::{Value, json};

use super::{always, client, sent};

const HELD: &str = r#"{"status": "pending_approval", "approval_id": "0c8e6c1e-6f0c-4b52-9d55-0a4b8a1f2d11",
    "action": "cards.create", "primitive": "cards", "title": "Create a card"}"#;

#[test]
fn an_error_keeps_the_words_of_the_api() {
    let error = json!({
        "code": "forbidden",
        "message": "the kit does not allow `gmail`",
        "hint": "ask for another kit",
        "reason": "toolkit_not_allowed",
        "details": [{"pointer": "/toolkit", "message": "is not allowed"}],
    });
    let api = always(403, json!({"error": error, "docs": "https://a.example"}).to_string());

    let run = client(&api).run("connections disconnect gmail").exits(1).json();

    assert_eq!(run["error"], error);
    assert_eq!(run["action"], "connections.disconnect");
    assert_eq!(run["success"], false);
}

#[test]
fn each_code_has_its_exit_status() {
    let table = [
        (400, "invalid_input", 1),
        (401, "unauthorized", 4),
        (403, "forbidden", 1),
        (404, "not_found", 1),
        (409, "duplicate_request", 1),
        (409, "duplicate_record", 1),
        (409, "outcome_unknown", 7),
        (429, "rate_limited", 1),
        (500, "internal_error", 1),
        (501, "not_configured", 4),
        (503, "feature_not_configured", 4),
        (502, "provider_error", 1),
    ];
    for (status, code, exit) in table {
        let error = json!({"error": {"code": code, "message": "m", "details": {"missing": ["x"]}}});
        let api = always(status, error.to_string());

        let run = client(&api).run("connections disconnect gmail").exits(exit).json();

        assert_eq!(run["error"]["code"], code);
        assert_eq!(run["error"]["details"][0]["message"], r#"{"missing":["x"]}"#);
    }
}

#[test]
fn a_code_that_only_the_api_knows_is_taken_by_its_status_and_kept_as_the_reason() {
    let table = [
        (401, "unauthorized", 4),
        (402, "invalid_input", 1),
        (403, "forbidden", 1),
        (404, "not_found", 1),
        (409, "duplicate_request", 1),
        (422, "invalid_input", 1),
        (429, "rate_limited", 1),
        (500, "provider_error", 1),
    ];
    for (status, code, exit) in table {
        let api = always(status, r#"{"error": {"code": "out_of_luck", "message": "m"}}"#);

        let run = client(&api).run("connections disconnect gmail").exits(exit).json();

        assert_eq!(run["error"]["code"], code, "{status}");
        assert_eq!(run["error"]["reason"], "out_of_luck", "{status}");
    }
}

#[test]
fn a_page_of_a_proxy_is_told_by_its_first_line() {
    let long = "x".repeat(300);
    let table = [
        (
            502,
            "\n <html>bad\u{1b}[2J gateway\n<p>more".to_owned(),
            "<html>bad\\u{1b}[2J gateway".to_owned(),
        ),
        (200, "<html>log in</html>".to_owned(), "<html>log in</html>".to_owned()),
        (404, long.clone(), format!("{}…", &long[..200])),
    ];
    for (status, page, line) in table {
        let api = always(status, page);

        let run = client(&api).run("users list").exits(1).json();

        assert_eq!(run["error"]["code"], "provider_error");
        let said = format!("what answered is no Naive API: status {status} with `{line}`");
        assert_eq!(run["error"]["message"], said);
        assert_eq!(run["error"]["reason"], "not_json");
    }
}

#[test]
fn a_change_behind_a_page_of_a_proxy_can_be_asked_for_again_without_harm() {
    let api = always(504, "<html>gateway timeout</html>");

    let run = client(&api).run("users create bob").exits(1).json();

    let [one] = sent(&api, "POST").try_into().unwrap();
    let hint = run["error"]["hint"].as_str().unwrap();
    assert!(hint.contains(&one.headers["idempotency-key"]), "{hint}");
}

#[test]
fn a_status_and_fields_that_nobody_here_knows_are_shown_as_they_came() {
    let reply = json!({
        "connections": [{"id": "ca_1", "toolkit": "gmail", "status": "PAUSED", "mood": {"x": 1}}],
        "more": true,
    });
    let api = always(200, reply.to_string());
    let naive = client(&api);

    let told = naive.run("connections connected").exits(0);
    let table = naive.run("connections connected --output table").exits(0);
    let one = naive.run("connections get gmail").exits(0);

    assert_eq!(told.json()["result"], reply);
    assert!(table.out.contains("PAUSED") && table.out.contains("mood"), "{}", table.out);
    assert_eq!(one.json()["result"], reply);
}

#[test]
fn fields_that_nobody_here_knows_are_kept_where_the_rest_is_understood() {
    let user = json!({
        "id": "0c8e6c1e-6f0c-4b52-9d55-0a4b8a1f2d11", "external_id": "bob", "email": null,
        "label": null, "status": "active", "account_kit_id": "k", "account_kit": "Default",
        "is_default": false, "created_at": "2026-11-20T10:00:00Z", "last_active_at": null,
        "shoe_size": 44,
    });
    let api = always(200, user.to_string());
    let naive = client(&api);

    let run = naive.run("users get bob").exits(0);
    let table = naive.run("users get bob --output table").exits(0);

    assert_eq!(run.json()["result"], user);
    assert!(table.out.contains("external id") && !table.out.contains("shoe"), "{}", table.out);
}

#[test]
fn a_held_call_exits_8_also_where_the_api_says_less_of_it() {
    let api = always(202, HELD);

    let run = client(&api).run("connections disconnect gmail --user alice").exits(8).json();

    assert_eq!(run["success"], true);
    assert_eq!(run["result"]["approval_id"], "0c8e6c1e-6f0c-4b52-9d55-0a4b8a1f2d11");
    assert_eq!(run["result"]["action_type"], "cards.create");
    assert_eq!(run["result"].get("expires_at"), None);
    let next = run["next_steps"][0]["command"].as_str().unwrap();
    assert!(next.starts_with("naive approvals wait 0c8e6c1e"), "{next}");
}

#[test]
fn a_held_call_exits_8_also_where_its_approval_has_another_kind_of_id() {
    let held = json!({"status": "pending_approval", "approval_id": "ap_9"});
    let api = always(202, held.to_string());

    let run = client(&api).run("connections disconnect gmail").exits(8).json();

    assert_eq!(run["result"], held);
}

#[test]
fn a_tool_that_was_refused_is_a_failure_whatever_its_code_is_called() {
    let reply = json!({"toolkit": "gmail", "toolSlug": "GMAIL_X", "successful": false,
        "error": "out of luck", "code": "out_of_luck", "data": null, "logId": "l"});
    let api = always(200, reply.to_string());

    let run = client(&api).run("connections execute gmail GMAIL_X").exits(1).json();

    assert_eq!(run["result"], reply);
    assert_eq!(run["error"]["message"], "out of luck");
    assert_eq!(run["success"], false);
}

#[test]
fn an_empty_answer_of_success_is_null() {
    let api = always(0, "HTTP/1.1 204 X\r\nconnection: close\r\n\r\n");

    let run = client(&api).run("api DELETE /v1/things/1").exits(0).json();

    assert_eq!(run["result"], Value::Null);
}
