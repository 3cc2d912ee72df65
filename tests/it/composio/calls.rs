//! Tools, calls, and what Composio answers to them: each row of its error table.

use serde_json::{Value, json};

use super::Composio;
use crate::support::{Run, ended};

fn error(run: &Run) -> Value {
    run.json()["error"].clone()
}

#[test]
fn tools_are_told_with_what_their_tags_say_and_clean_words() {
    let composio = Composio::connected();

    let tools = composio.naive.run("connections tools acme").exits(0).json();

    let all = tools["result"]["tools"].as_array().unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|tool| (tool["slug"].as_str().unwrap(), tool["effect"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("ACME_FIND", "read"), ("ACME_WRITE", "write"), ("ACME_DELETE", "destructive")]
    );
    assert_eq!(all[0]["description"], "Does it\\u{1b}[31m");
}

#[test]
fn a_call_names_its_account_its_user_and_its_version() {
    let composio = Composio::connected();

    let run = composio.naive.with("connections execute acme ACME_FIND --args", &[r#"{"id": "ü"}"#]);

    let result = run.exits(0).json()["result"].clone();
    let sent = &result["data"]["echo"];
    assert_eq!(sent["arguments"], json!({ "id": "ü" }));
    assert_eq!(sent["connected_account_id"], "ca_there0");
    assert_eq!(sent["version"], "20261001_00");
    assert_eq!(sent["user_id"].as_str().unwrap().len(), 36);
    assert_eq!(result["providerLogId"], "log_1");
}

#[test]
fn a_dry_run_shows_the_request_without_the_key_and_sends_nothing() {
    let composio = Composio::connected();

    let run = composio.execute("ACME_WRITE", &["--dry-run"]).exits(0);

    let request = &run.json()["result"]["request"];
    assert_eq!(request["headers"]["x-api-key"], "********");
    assert_eq!(request["body"]["connected_account_id"], "ca_there0");
    assert!(!run.out.contains(super::KEY));
    assert!(composio.calls("POST", "/api/v3.1/tools/execute").is_empty());
}

#[test]
fn each_refusal_has_its_code() {
    let composio = Composio::connected();
    let table = [
        (401, "feature_not_configured", 4, "does not take the key"),
        (400, "invalid_input", 1, "too odd"),
        (422, "invalid_input", 1, "too odd"),
        (403, "forbidden", 1, "too odd"),
        (404, "not_found", 1, "too odd"),
        (500, "provider_error", 1, "too odd"),
        (503, "provider_error", 1, "too odd"),
    ];
    for (status, code, exit, words) in table {
        composio.answers(status, r#"{"error": {"message": "too odd", "slug": "New_Slug"}}"#);
        let before = composio.calls("POST", "/api/v3.1/tools/execute").len();

        let run = composio.execute("ACME_WRITE", &[]).exits(exit);

        assert_eq!(error(&run)["code"], code, "{status}");
        assert!(error(&run)["message"].as_str().unwrap().contains(words), "{}", error(&run));
        let sent = composio.calls("POST", "/api/v3.1/tools/execute").len() - before;
        assert_eq!(sent, 1, "{status}");
    }
}

#[test]
fn a_write_that_failed_over_there_says_that_it_may_have_run() {
    let composio = Composio::connected();
    composio.answers(502, "<html>\u{1b}[31m</html>");

    let run = composio.execute("ACME_WRITE", &[]).exits(1);

    let hint = "it may have run: look in `acme` before you run it again";
    assert_eq!(error(&run)["hint"], hint);
    assert!(!run.out.contains('\u{1b}'));
}

#[test]
fn a_write_whose_answer_was_lost_is_sent_once_and_its_outcome_is_unknown() {
    let composio = Composio::connected();
    composio.answers(0, "");

    let run = composio.execute("ACME_WRITE", &[]).exits(7);

    assert_eq!(error(&run)["code"], "outcome_unknown");
    assert_eq!(composio.calls("POST", "/api/v3.1/tools/execute").len(), 1);
}

#[test]
fn a_tool_that_is_no_more_names_its_successor() {
    let composio = Composio::connected();
    composio.answers(410, r#"{"error": {"message": "Tool is deprecated: use ACME_FIND."}}"#);

    let run = composio.execute("ACME_WRITE", &[]).exits(1);

    assert_eq!(error(&run)["code"], "not_found");
    assert_eq!(error(&run)["hint"], "use `ACME_FIND`");
}

#[test]
fn whoever_asks_for_patience_is_given_it_or_the_caller_is_told() {
    let composio = Composio::connected();
    let slow = "HTTP/1.1 429 X\r\nretry-after: 600\r\ncontent-length: 23\r\nconnection: close\r\n\r\n{\"message\":\"slow down\"}";
    composio.answers(0, slow);

    let run = composio.execute("ACME_FIND", &[]).exits(1);

    assert_eq!(error(&run)["code"], "rate_limited");
    assert_eq!(error(&run)["hint"], "wait 600 s, then run it again");
    assert_eq!(composio.calls("POST", "/api/v3.1/tools/execute").len(), 1);
}

#[test]
fn a_failure_of_the_tool_is_told_in_its_words_and_not_tried_again() {
    let composio = Composio::connected();
    composio.answers(
        200,
        r#"{"data": {}, "error": "the CRM said no", "successful": false, "log_id": "log_9"}"#,
    );

    let run = composio.execute("ACME_FIND", &[]).exits(1);

    assert_eq!(error(&run)["message"], "the CRM said no");
    assert_eq!(run.json()["result"]["providerLogId"], "log_9");
    assert_eq!(composio.calls("POST", "/api/v3.1/tools/execute").len(), 1);
}

#[test]
fn an_account_that_cannot_be_used_is_asked_about_and_the_mirror_says_the_same() {
    for status in ["EXPIRED", "INACTIVE", "REVOKED"] {
        let composio = Composio::connected();
        composio.answers(422, r#"{"error": {"message": "not usable"}}"#);
        composio.change(|state| state.accounts[0].1 = status.to_owned());

        let run = composio.execute("ACME_FIND", &[]).exits(4);
        let mirror = composio.status();
        composio.change(|state| state.accounts[0].1 = "ACTIVE".to_owned());
        let mended = composio.naive.run("connections refresh acme").exits(0).json();

        assert_eq!(error(&run)["code"], "unauthorized", "{status}");
        assert_eq!(error(&run)["reason"], "connection_expired");
        assert_eq!(error(&run)["hint"], "run `naive connections connect acme` to log in again");
        assert_eq!(mirror["status"], status);
        assert_eq!(mended["result"]["status"], "ACTIVE");
    }
}

#[test]
fn a_status_that_nobody_knows_is_shown_as_it_is() {
    let composio = Composio::connected();
    composio.answers(403, "{}");
    composio.change(|state| state.accounts[0].1 = "PAUSED_2027".to_owned());

    let run = composio.execute("ACME_FIND", &[]).exits(1);

    assert!(error(&run)["message"].as_str().unwrap().contains("PAUSED_2027"));
    assert_eq!(composio.status()["status"], "ACTIVE");
    assert_eq!(composio.status()["reason"], "PAUSED_2027");
}

#[test]
fn a_credential_that_is_kept_here_is_sent_along_with_each_call() {
    let composio = Composio::new();
    let line = "connections connect keyed --keep here --credential generic_api_key=-";
    drop(composio.naive.fed(line, "sk_1234567").exits(0));

    let tool = "connections execute keyed KEYED_ACME_FIND --args {}";
    let run = composio.naive.run(tool).exits(0);
    let dry = composio.naive.run(&format!("{tool} --dry-run")).exits(0);

    assert!(composio.accounts().is_empty());
    let sent: Value =
        serde_json::from_str(&composio.calls("POST", "/api/v3.1/tools")[0].body).unwrap();
    let data = json!({ "authScheme": "API_KEY", "toolkitSlug": "keyed", "val": { "generic_api_key": "sk_1234567" } });
    assert_eq!(sent["custom_connection_data"], data);
    assert!(!run.out.contains("sk_1234567") && !dry.out.contains("sk_1234567"));
    drop(composio.naive.run("connections connect acme --keep here").exits(1));
}

#[test]
fn a_call_that_is_held_runs_once_when_it_is_approved() {
    let composio = Composio::connected();
    drop(composio.naive.run("account-kits update Default --approval-tool=effect:write").exits(0));

    let key = composio.naive.run("keys create --name bot --role agent").exits(0).json();
    let key = key["result"]["api_key"].as_str().unwrap().to_owned();
    drop(composio.naive.run("users create alice").exits(0));
    drop(composio.naive.run("connections connect acme --user alice").exits(0));

    let line = "connections execute acme ACME_WRITE --args {} --user alice";
    let held = composio.naive.command(line.split(' ')).env("NAIVE_API_KEY", key).output();
    let held = ended(held.unwrap()).exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap().to_owned();
    let before = composio.calls("POST", "/api/v3.1/tools/execute").len();
    let run = composio.naive.run(&format!("approvals approve {id} --yes"));

    assert_eq!(before, 0);
    drop(run.exits(0));
    assert_eq!(composio.calls("POST", "/api/v3.1/tools/execute").len(), 1);
}
