//! Running tools of the sandbox's apps: what is sent, what is refused before it is, how it is asked for.

use serde_json::{Value, json};

use crate::support::{Naive, Run};

const SEND: &str = "connections execute gmail GMAIL_SEND_EMAIL";

/// A machine with Gmail connected.
fn gmail() -> Naive {
    let naive = Naive::new();
    drop(naive.run("connections connect gmail").exits(0));
    naive
}

/// Runs a tool and returns its `data`.
fn data(naive: &Naive, toolkit: &str, tool: &str, args: &Value) -> Value {
    let line = format!("connections execute {toolkit} {tool} --args");
    let run = naive.with(&line, &[&args.to_string()]).exits(0);
    assert_eq!(run.json()["result"]["successful"], true);
    run.json()["result"]["data"].clone()
}

fn header(message: &Value, name: &str) -> Option<String> {
    let headers = message["payload"]["headers"].as_array().unwrap();
    let found = headers.iter().find(|one| one["name"].as_str().unwrap().eq_ignore_ascii_case(name));
    found.map(|one| one["value"].as_str().unwrap().to_owned())
}

fn sent(naive: &Naive) -> Vec<Value> {
    let found = data(naive, "gmail", "GMAIL_FETCH_EMAILS", &json!({"q": "in:sent"}));
    found["messages"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_mail_that_was_sent_can_be_found_and_opened() {
    let naive = gmail();
    std::fs::write(naive.home().join("figures.csv"), "a,b\n1,2\n").unwrap();

    let reply = naive
        .with(
            &format!("{SEND} --args"),
            &[&json!({
                "to": ["Bob <bob@example.com>", "carol@example.com"],
                "cc": "dan@example.com",
                "bcc": ["eve@example.com"],
                "subject": "Grüße ✓ 你好",
                "body": "<p>héllo</p>",
                "is_html": true,
                "attachments": ["@figures.csv"],
            })
            .to_string()],
        )
        .exits(0)
        .json();
    let id = reply["result"]["data"]["id"].clone();
    let found = sent(&naive);
    let message = data(&naive, "gmail", "GMAIL_GET_MESSAGE", &json!({"id": id}));

    assert_eq!(reply["result"]["toolkit"], "gmail");
    assert_eq!(reply["result"]["toolSlug"], "GMAIL_SEND_EMAIL");
    assert_eq!(reply["result"]["error"], Value::Null);
    assert_eq!(reply["result"]["data"]["labelIds"], json!(["SENT"]));
    assert!(reply["result"]["logId"].is_string());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["id"], id);
    assert_eq!(header(&message, "subject").as_deref(), Some("Grüße ✓ 你好"));
    let to = header(&message, "to").unwrap();
    assert!(to.contains("bob@example.com") && to.contains("carol@example.com"), "{to}");
    assert!(header(&message, "cc").unwrap().contains("dan@example.com"));
    let text = message["payload"].to_string();
    assert!(text.contains("text/html") && text.contains("figures.csv"), "{text}");
}

#[test]
fn both_names_of_the_recipient_are_taken() {
    let naive = gmail();

    for name in ["to", "recipient_email"] {
        let mail = json!({name: "bob@example.com", "subject": name, "body": "hello"});
        let id = data(&naive, "gmail", "GMAIL_SEND_EMAIL", &mail)["id"].clone();
        let message = data(&naive, "gmail", "GMAIL_GET_MESSAGE", &json!({"id": id}));

        assert!(header(&message, "to").unwrap().contains("bob@example.com"), "{message}");
        assert_eq!(header(&message, "subject").as_deref(), Some(name));
    }
}

#[test]
fn every_fault_of_an_input_is_named_and_nothing_is_sent() {
    let naive = gmail();
    let bad = json!({"to": [5, "no address"], "is_html": "yes", "subject": "a\nb", "extra": 1});

    let run = naive.with(&format!("{SEND} --args"), &[&bad.to_string()]).exits(1).json();

    let error = &run["error"];
    assert_eq!(error["code"], "invalid_input");
    assert_eq!(error["message"], "the input does not fit `GMAIL_SEND_EMAIL`");
    assert_eq!(
        error["hint"],
        "run `naive connections tools gmail GMAIL_SEND_EMAIL` to see its input"
    );
    let mut places: Vec<_> = error["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    places.sort_unstable();
    assert_eq!(places, ["/body", "/extra", "/is_html", "/subject", "/to/0", "/to/1"]);
    assert!(sent(&naive).is_empty());
}

#[test]
fn what_is_unknown_is_not_found_with_the_nearest_names() {
    let naive = gmail().env("NAIVE_PROFILE", "sandbox");
    let nearest = |line: &str| {
        let run = naive.run(line).exits(1).json();
        assert_eq!(run["error"]["code"], "not_found", "{line}");
        run["error"]["hint"].as_str().unwrap().to_owned()
    };
    drop(naive.run("--profile local users create alice").exits(0));

    assert_eq!(nearest("connections execute gmial GMAIL_SEND_EMAIL"), "did you mean `gmail`?");
    let tool = nearest("connections execute gmail GMAIL_SEND_MAIL");
    assert!(tool.starts_with("did you mean `GMAIL_SEND_EMAIL`"), "{tool}");
    let user = nearest(
        "--profile local connections execute hackernews HACKERNEWS_TOP_STORIES --user alic",
    );
    assert_eq!(user, "did you mean `alice`?");
}

#[test]
fn what_is_not_connected_is_said_before_the_input_is_judged() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));

    let run = naive.with(&format!("{SEND} --user alice --args"), &["{\"bad\": 1}"]).exits(4);

    assert_eq!(
        run.json()["error"],
        json!({
            "code": "not_configured",
            "message": "`alice` is not connected to `gmail`",
            "hint": "run `naive connections connect gmail --user alice`",
            "reason": "not_connected",
        })
    );
}

#[test]
fn a_dry_run_shows_the_masked_request_and_sends_nothing() {
    let naive = gmail();

    let args = r#"{"to": "bob@example.com", "subject": "s", "body": "b"}"#;
    let run = naive.with(&format!("{SEND} --dry-run --args"), &[args]).exits(0).json();
    let bad = naive.with(&format!("{SEND} --dry-run --args"), &["{}"]).exits(1).json();

    let request = &run["result"]["request"];
    assert_eq!(request["method"], "POST");
    let url = request["url"].as_str().unwrap();
    assert!(url.ends_with("/gmail/v1/users/me/messages/send"), "{url}");
    assert_eq!(request["headers"]["authorization"], "********");
    assert!(request["body"]["raw"].is_string());
    assert_eq!(request["verdict"], "allowed");
    assert_eq!(run["hints"], json!(["Nothing was sent. The gate says: allowed."]));
    assert_eq!(bad["error"]["code"], "invalid_input");
    assert!(sent(&naive).is_empty());
}

#[test]
fn an_input_comes_from_the_line_from_a_file_or_from_stdin() {
    let naive = Naive::new();
    let line = "connections execute hackernews HACKERNEWS_GET_ITEM";
    std::fs::write(naive.home().join("input.json"), "{\"id\": 9101}").unwrap();
    let id = |run: Run| run.exits(0).json()["result"]["data"]["id"].clone();

    assert_eq!(id(naive.with(&format!("{line} --args"), &["{\"id\": 9101}"])), 9101);
    assert_eq!(id(naive.run(&format!("{line} --args @input.json"))), 9101);
    assert_eq!(id(naive.fed(&format!("{line} --args -"), "{\"id\": 9101}\n")), 9101);
}

#[test]
fn an_input_that_is_no_json_object_is_a_usage_error() {
    let naive = Naive::new();

    for bad in ["{", "[1]", "\"x\"", "", "@nowhere.json", "{\"id\": 1} x"] {
        let line = "connections execute hackernews HACKERNEWS_GET_ITEM --args";
        let run = naive.with(line, &[bad]).exits(2);

        assert_eq!(run.json()["error"]["code"], "invalid_input", "{bad}");
        assert_eq!(run.json()["action"], "connections.execute", "{bad}");
    }
}

#[test]
fn a_customer_with_metadata_is_created_and_listed() {
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "sk_test_of_this_test");
    drop(naive.run("connections connect stripe").exits(0));

    let customer = json!({"name": "Ada", "email": "ada@example.com", "metadata": {"plan": "gold & more", "n": "1"}});
    let made = data(&naive, "stripe", "STRIPE_CREATE_CUSTOMER", &customer);
    let list = data(&naive, "stripe", "STRIPE_LIST_CUSTOMERS", &json!({"limit": 3}));
    let refused = naive
        .with(
            "connections execute stripe STRIPE_GET_CUSTOMER --args",
            &["{\"customer\": \"cus_none\"}"],
        )
        .exits(1)
        .json();

    assert_eq!(made["metadata"], customer["metadata"]);
    assert_eq!(list["data"][0]["id"], made["id"]);
    assert_eq!(list["data"][0]["email"], "ada@example.com");
    assert_eq!(refused["success"], false);
    assert_eq!(refused["error"]["code"], "provider_error");
    assert_eq!(refused["result"]["successful"], false);
    assert_eq!(refused["result"]["error"], refused["error"]["message"]);
    assert_eq!(refused["result"]["data"]["error"]["code"], "resource_missing");
}

#[test]
fn an_app_without_a_login_is_called_at_once_and_a_filter_picks_from_its_answer() {
    let naive = Naive::new();

    let line = "connections execute hackernews HACKERNEWS_TOP_STORIES";
    let all = naive.run(line).exits(0).json()["result"]["data"].clone();
    let first = naive.run(&format!("{line} --jq .result.data[0]")).exits(0);
    let broken = naive.run(&format!("{line} --jq .result[")).exits(2);

    assert_eq!(first.out.trim(), all[0].to_string());
    assert_eq!(broken.json()["error"]["code"], "invalid_input");
}

#[test]
fn an_address_that_begins_like_a_file_is_no_file_where_none_is_wanted() {
    let naive = gmail();

    let mail = json!({"to": "bob@example.com", "subject": "@everyone", "body": "@nowhere"});
    let id = data(&naive, "gmail", "GMAIL_SEND_EMAIL", &mail)["id"].clone();

    let message = data(&naive, "gmail", "GMAIL_GET_MESSAGE", &json!({"id": id}));
    assert_eq!(header(&message, "subject").as_deref(), Some("@everyone"));
}
