//! What is sent: the request of each action, its key, its secrets, and how often.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{KEY, always, body, client, sent};
use crate::support::{Naive, Upstream};

/// The answers in turn, the last one for ever.
fn in_turn(answers: &'static [(u16, &'static str)]) -> Upstream {
    let count = AtomicUsize::new(0);
    Upstream::new(move |_| {
        let at = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        (answers[at].0, answers[at].1.to_owned())
    })
}

/// An answer as it goes over the wire, with a header more.
macro_rules! with_header {
    ($status:literal, $header:literal, $body:literal) => {
        concat!(
            "HTTP/1.1 ",
            $status,
            " X\r\n",
            $header,
            "\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n",
            $body
        )
    };
}

#[test]
fn a_read_becomes_the_request_of_its_row() {
    let api = always(200, r#"{"toolkits": [], "nextCursor": null}"#);
    let naive = client(&api);

    naive.run("connections list --user al/ice --search m --connected true --limit 9").exits(0);

    let [one] = sent(&api, "GET").try_into().unwrap();
    let path = "/v1/users/al%2Fice/connections?search=m&connected=true&limit=9";
    assert_eq!(one.path, path);
    assert_eq!(one.headers["authorization"], format!("Bearer {KEY}"));
    assert!(!one.headers.contains_key("idempotency-key"));
    assert_eq!(one.body, "");
}

#[test]
fn a_list_in_a_query_is_its_name_repeated() {
    let api = always(200, r#"{"quotes": {}}"#);

    client(&api).run("trading quote --symbols AAPL,BTC/USD --env paper").exits(0);

    let last = sent(&api, "GET").pop().unwrap();
    let path = "/v1/users/default/trading/market-data?symbols=AAPL&symbols=BTC%2FUSD&env=paper";
    assert_eq!(last.path, path);
}

#[test]
fn a_change_carries_its_fields_as_json_and_a_key_that_is_made_for_it() {
    let api = always(
        200,
        r#"{"toolkit": "gmail", "toolSlug": "GMAIL_X", "successful": true, "error": null, "data": {}, "logId": "l"}"#,
    );
    let naive = client(&api).env("NAIVE_ACTIVE_USER_ID", "alice");

    naive.with("connections execute gmail GMAIL_X --args", &[r#"{"a": 1}"#]).exits(0);
    naive.run("connections execute gmail GMAIL_X --idempotency-key mine-1").exits(0);

    let [made, own] = sent(&api, "POST").try_into().unwrap();
    assert_eq!(made.path, "/v1/users/alice/connections/gmail/execute");
    assert_eq!(body(&made), json!({"tool": "GMAIL_X", "arguments": {"a": 1}}));
    assert_eq!(made.headers["content-type"], "application/json");
    assert_eq!(made.headers["idempotency-key"].len(), 36);
    assert_eq!(own.headers["idempotency-key"], "mine-1");
}

#[test]
fn secrets_are_in_the_body_and_nowhere_else() {
    let api = always(404, r#"{"error": {"code": "not_found", "message": "no"}}"#);
    let naive = client(&api);

    let line = "toolkits configure gmail --client-id x --client-secret - --verbose";
    let configured = naive.fed(line, "s3cret-of-the-client").exits(1);
    let address = "http://127.0.0.1:1/oauth/callback?state=the-state&code=the-code";
    let finished = naive.with("connections finish --verbose", &[address]).exits(1);

    let secret = json!({"client_id": "x", "secrets": {"client_secret": "s3cret-of-the-client"}});
    assert_eq!(body(&sent(&api, "PATCH")[0]), secret);
    let finish = json!({"state": "the-state", "code": "the-code"});
    assert_eq!(body(&sent(&api, "POST")[0]), finish);
    for run in [configured, finished] {
        let told = format!("{}{}", run.out, run.err);
        assert!(!told.contains("s3cret") && !told.contains("the-code"), "{told}");
    }
}

#[test]
fn a_read_is_tried_three_times_and_a_change_once() {
    for status in [502, 503, 504] {
        let api = always(status, "{}");
        let naive = client(&api);

        naive.run("users list").exits(1);
        naive.run("users create bob").exits(1);

        assert_eq!(sent(&api, "GET").len(), 3, "{status}");
        assert_eq!(sent(&api, "POST").len(), 1, "{status}");
    }
}

#[test]
fn an_explanation_is_a_read_although_it_is_posted() {
    let api =
        in_turn(&[(503, "{}"), (400, r#"{"error": {"code": "invalid_input", "message": "x"}}"#)]);

    client(&api).run("explain cards.create").exits(1);

    assert_eq!(sent(&api, "POST").len(), 2);
}

#[test]
fn a_read_waits_as_long_as_an_api_that_is_busy_asks() {
    let api = in_turn(&[(0, with_header!(429, "retry-after: 0", "{}")), (200, r#"{"users": []}"#)]);

    let run = client(&api).run("users list").exits(0);

    assert_eq!(run.json()["result"], json!({"users": []}));
    assert_eq!(sent(&api, "GET").len(), 2);
}

#[test]
fn nobody_waits_for_an_api_that_asks_for_more_than_half_a_minute() {
    let api = in_turn(&[(
        0,
        with_header!(
            429,
            "retry-after: 90",
            r#"{"error": {"code": "rate_limited", "message": "too many calls"}}"#
        ),
    )]);

    let run = client(&api).run("users list").exits(1).json();

    assert_eq!(run["error"]["code"], "rate_limited");
    assert_eq!(run["error"]["hint"], "wait 90 s, then run it again");
    assert_eq!(api.received().len(), 1);
}

#[test]
fn a_change_whose_answer_was_lost_is_sent_once_and_its_outcome_is_unknown() {
    let api = always(0, "");
    let naive = client(&api);

    let run = naive.run("users create bob").exits(7).json();

    let [one] = sent(&api, "POST").try_into().unwrap();
    let key = &one.headers["idempotency-key"];
    assert_eq!(run["error"]["code"], "outcome_unknown");
    let said = run["error"]["message"].as_str().unwrap();
    assert!(said.starts_with("`users.create` may or may not have been done: "), "{said}");
    let hint = run["error"]["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("--idempotency-key {key}")), "{hint}");
}

#[test]
fn a_key_that_is_told_once_carries_no_key_of_its_call() {
    let api = always(0, "");

    let run = client(&api).run("keys create --name bot --role agent").exits(7).json();
    client(&api).run("keys create --name bot --role agent --idempotency-key k").exits(7);

    let [one, own] = sent(&api, "POST").try_into().unwrap();
    assert!(!one.headers.contains_key("idempotency-key"));
    // What comes of that, the API says.
    assert_eq!(own.headers["idempotency-key"], "k");
    assert!(run["error"]["hint"].as_str().unwrap().contains("naive keys list"));
}

#[test]
fn a_change_that_never_left_has_failed_and_nothing_is_unclear() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let naive = Naive::new().env("NAIVE_PROFILE", "cloud").env("NAIVE_API_KEY", KEY);

    let run = naive.run(&format!("--base-url http://{gone} users create bob")).exits(1).json();

    assert_eq!(run["error"]["code"], "provider_error");
    assert_eq!(run["error"]["reason"], "connection_refused");
    assert!(!naive.home().join("cloud").exists());
}

#[test]
fn a_key_never_goes_where_an_api_redirects() {
    let other = always(200, r#"{"users": []}"#);
    let to = format!(
        "HTTP/1.1 307 X\r\nlocation: {}/v1/users\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        other.url
    );
    let api = always(0, to);
    let naive = client(&api);

    for line in ["users list", "users create bob", "api GET /v1/users", "whoami"] {
        let run = naive.run(line).exits(1).json();
        assert_eq!(run["error"]["code"], "provider_error", "{line}");
        assert!(run["error"]["message"].as_str().unwrap().contains("redirects"), "{line}");
    }
    assert!(other.received().is_empty());
}

#[test]
fn a_name_that_an_address_cannot_hold_is_refused_and_not_sent() {
    let api = always(200, "{}");

    let run = client(&api).run("users get ..").exits(1).json();

    assert_eq!(run["error"]["code"], "invalid_input");
    assert!(api.received().is_empty());
}
