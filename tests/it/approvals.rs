//! What was held: frozen, decided, done once or honestly reported as unknown.

use std::path::Path;

use rusqlite::Connection as Database;
use serde_json::{Value, json};

use crate::support::{Naive, Run};

const CARD: &str = "{\"name\":\"Ads\",\"spendingLimitCents\":50000}";

/// A machine with a user `alice` and the key of an agent.
pub(crate) fn workspace(profile: &str) -> (Naive, String) {
    let naive = Naive::new().env("NAIVE_PROFILE", profile);
    drop(naive.run("users create alice").exits(0));
    let key = naive.run("--json keys create --name bot --role agent").exits(0).json();
    (naive, key["result"]["api_key"].as_str().unwrap().to_owned())
}

/// Runs a line as the agent with this key.
fn agent(naive: &Naive, key: &str, line: &str, more: &[&str]) -> Run {
    let words = line.split_whitespace().chain(more.iter().copied());
    crate::support::ended(naive.command(words).env("NAIVE_API_KEY", key).output().unwrap())
}

/// Has the agent ask for a card, and returns the approval's id.
pub(crate) fn card(naive: &Naive, key: &str) -> String {
    let run = agent(naive, key, "--json actions run cards.create --user alice --args", &[CARD]);
    held(&run.exits(8))
}

fn held(run: &Run) -> String {
    let reply = run.json();
    assert_eq!(reply["result"]["status"], "pending_approval");
    reply["result"]["approval_id"].as_str().unwrap().to_owned()
}

pub(crate) fn approve(naive: &Naive, id: &str) -> Run {
    naive.run(&format!("--json approvals approve {id} --yes"))
}

pub(crate) fn get(naive: &Naive, id: &str) -> Value {
    naive.run(&format!("--json approvals get {id}")).exits(0).json()["result"].clone()
}

#[expect(clippy::disallowed_methods, reason = "the store is looked at and changed from outside")]
pub(crate) fn database(naive: &Naive, profile: &str) -> Database {
    Database::open(Path::new(naive.home()).join(profile).join("naive.db")).unwrap()
}

#[test]
fn a_card_that_an_agent_asks_for_is_issued_once_a_person_says_yes() {
    let (naive, key) = workspace("sandbox");

    let asked = agent(&naive, &key, "--json actions run cards.create --user alice --args", &[CARD])
        .exits(8);
    let pending = asked.json()["result"].clone();
    let id = held(&asked);
    let list = naive.run("--json approvals list --status pending").exits(0).json();
    let approved = approve(&naive, &id).exits(0).json();
    let shown = get(&naive, &id);

    assert_eq!(pending["action_type"], "cards.create");
    assert_eq!(pending["action"], "cards.create");
    assert_eq!(pending["primitive"], "cards");
    assert_eq!(pending["title"], "Issue virtual card \"Ads\"");
    assert_eq!(pending["message"], "This action requires human approval before it executes.");
    assert_eq!(list["result"]["approvals"][0]["id"], id.as_str());
    assert_eq!(approved["success"], true);
    assert_eq!(shown["status"], "executed");
    assert!(shown["result"]["card_id"].is_string() && shown["result"]["checkout_url"].is_string());
    assert_eq!(shown["payload"]["name"], "Ads");
    assert_eq!(shown["payload"]["user"], shown["tenant_user_id"]);
    assert_eq!(shown["requested_by"]["name"], "bot");
    assert_eq!(shown["resolved_by"]["actor_id"], "operator");
    assert_eq!(approved["result"], shown);
}

#[test]
fn the_operator_and_the_workspaces_own_user_are_not_held() {
    let (naive, key) = workspace("sandbox");

    let human = naive.with("--json actions run cards.create --user alice --args", &[CARD]).exits(0);
    let own = agent(&naive, &key, "--json actions run cards.create --args", &[CARD]).exits(0);

    assert!(human.json()["result"]["card_id"].is_string());
    assert!(own.json()["result"]["card_id"].is_string());
}

#[test]
fn what_was_denied_cannot_be_approved() {
    let (naive, key) = workspace("sandbox");
    let id = card(&naive, &key);

    let denied = naive.with(&format!("--json approvals deny {id} --reason"), &["not now"]).exits(0);
    let approved = approve(&naive, &id).exits(1).json();

    assert_eq!(denied.json()["result"]["status"], "denied");
    assert_eq!(denied.json()["result"]["reason"], "not now");
    assert_eq!(approved["error"]["code"], "invalid_input");
    let message = approved["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with(&format!("approval `{id}` is denied already: resolved by `operator`"))
    );
    let hint = format!("run `naive approvals get {id}` to see what became of it");
    assert_eq!(approved["error"]["hint"], hint.as_str());
    let stays = get(&naive, &id);
    assert_eq!((&stays["status"], &stays["sends"]), (&json!("denied"), &json!(0)));
}

#[test]
fn an_agent_resolves_nothing_and_takes_back_only_its_own() {
    let (naive, key) = workspace("sandbox");
    let id = card(&naive, &key);
    let other = naive.run("--json keys create --name other --role agent").exits(0).json();
    let other = other["result"]["api_key"].as_str().unwrap();

    for line in ["approve --yes", "deny", "reconcile"] {
        let run = agent(&naive, &key, &format!("--json approvals {line} {id}"), &[]).exits(1);
        assert_eq!(run.json()["error"]["code"], "forbidden", "{line}");
    }
    let others = agent(&naive, other, &format!("--json approvals cancel {id}"), &[]).exits(1);
    let own = agent(&naive, &key, &format!("--json approvals cancel {id}"), &[]).exits(0);

    assert_eq!(others.json()["error"]["reason"], "not_the_requester");
    assert_eq!(own.json()["result"]["status"], "cancelled");
}

#[test]
fn an_id_that_nobody_has_is_not_found() {
    let (naive, _) = workspace("sandbox");
    let id = "65589c8b-e033-4a65-b16c-379211c94429";

    for line in ["get", "approve --yes", "deny", "cancel", "reconcile"] {
        let run = naive.run(&format!("--json approvals {line} {id}")).exits(1);
        assert_eq!(run.json()["error"]["code"], "not_found", "{line}");
    }
}

#[test]
fn a_script_asks_a_person_and_performs_nothing() {
    let naive = Naive::new();

    let asked = naive
        .with(
            "--json approvals request --ttl 15m --payload",
            &["{\"b\":1}", "--title", "Deploy \"prod\""],
        )
        .exits(8);
    let id = held(&asked);
    let approved = approve(&naive, &id).exits(0).json();

    assert_eq!(asked.json()["result"]["action_type"], "custom.deploy-prod");
    assert_eq!(asked.json()["result"]["title"], "\"Deploy \\\"prod\\\"\"");
    assert_eq!(approved["result"]["status"], "executed");
    assert_eq!(approved["result"]["result"], json!({ "approved": true }));
    assert_eq!(approved["result"]["payload"]["payload"], json!({ "b": 1 }));
    assert_eq!(approved["result"]["sends"], 0);
}

#[test]
fn a_number_that_would_be_rounded_is_not_frozen() {
    let naive = Naive::new();

    let run = naive
        .with("--json approvals request --title x --payload", &["{\"id\":12345678901234567890}"])
        .exits(1);

    assert_eq!(run.json()["error"]["reason"], "number_inexact");
    let list = naive.run("--json approvals list").exits(0).json();
    assert_eq!(list["result"]["approvals"], json!([]));
}

#[test]
fn the_first_number_that_another_is_taken_for_is_not_frozen() {
    let naive = Naive::new();
    let ask = |number: &str| {
        let payload = format!("{{\"id\":{number}}}");
        naive.with("--json approvals request --title x --payload", &[payload.as_str()])
    };

    for number in ["9007199254740992", "-9007199254740992"] {
        assert_eq!(ask(number).exits(1).json()["error"]["reason"], "number_inexact", "{number}");
    }
    drop(ask("9007199254740991").exits(8));
    drop(ask("-9007199254740991").exits(8));
}

#[test]
fn a_mail_that_was_held_is_sent_once_through_the_account_that_was_meant() {
    let (naive, key) = workspace("sandbox");
    drop(naive.run("connections connect gmail --user alice").exits(0));
    let policy = json!({ "connections_config": { "approvalTools": ["effect:write"] } });
    let sql = "UPDATE kits SET policy = ?1";
    database(&naive, "sandbox").execute(sql, [policy.to_string()]).unwrap();
    let line = "--json connections execute gmail GMAIL_SEND_EMAIL --user alice --args";
    let mail = json!({ "to": "bob@example.com", "subject": "s", "body": "b" }).to_string();

    let bad = agent(&naive, &key, line, &["{}"]).exits(1);
    let asked = agent(&naive, &key, line, &[&mail]).exits(8);
    let id = held(&asked);
    let approved = approve(&naive, &id).exits(0).json();
    drop(approve(&naive, &id).exits(1));

    assert_eq!(bad.json()["error"]["code"], "invalid_input");
    let account = approved["result"]["payload"]["account"].as_str().unwrap();
    assert!(account.starts_with("ca_"), "{account}");
    assert_eq!(approved["result"]["result"]["successful"], true);
    let find = "--json connections execute gmail GMAIL_FETCH_EMAILS --user alice --args";
    let found = naive.with(find, &["{\"q\":\"in:sent\"}"]).exits(0).json();
    assert_eq!(found["result"]["data"]["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn a_kit_that_forbids_it_by_now_lets_it_fail() {
    let (naive, key) = workspace("sandbox");
    let id = card(&naive, &key);
    let policy = json!({ "primitives_config": { "cards": { "enabled": false } } });
    let sql = "UPDATE kits SET policy = ?1";
    database(&naive, "sandbox").execute(sql, [policy.to_string()]).unwrap();

    let approved = approve(&naive, &id).exits(1).json();

    assert_eq!(approved["success"], false);
    assert_eq!(approved["error"]["code"], "forbidden");
    assert_eq!(approved["result"]["status"], "failed");
    assert_eq!(approved["result"]["error"]["reason"], "primitive_disabled_by_kit");
    assert_eq!(approved["result"]["sends"], 0);
}

#[test]
fn an_action_that_nobody_performs_is_refused_before_it_is_frozen() {
    let (naive, key) = workspace("local");

    let run = agent(&naive, &key, "--json actions run cards.create --user alice --args", &[CARD]);

    assert_eq!(run.exits(4).json()["error"]["code"], "feature_not_configured");
    let list = naive.run("--json approvals list").exits(0).json();
    assert_eq!(list["result"]["approvals"], json!([]));
}

#[test]
fn a_list_is_cut_and_goes_on() {
    let naive = Naive::new();
    for title in ["a", "b", "c"] {
        drop(naive.run(&format!("approvals request --title {title}")).exits(8));
    }

    let first = naive.run("--json approvals list --limit 2").exits(0).json();
    let cursor = first["result"]["nextCursor"].as_str().unwrap();
    let rest = naive.run(&format!("--json approvals list --cursor {cursor}")).exits(0).json();
    let bad = naive.run("--json approvals list --cursor x").exits(1).json();

    let titles = |reply: &Value| -> Vec<String> {
        let all = reply["result"]["approvals"].as_array().unwrap();
        all.iter().map(|one| one["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles(&first), ["\"c\"", "\"b\""]);
    assert_eq!(titles(&rest), ["\"a\""]);
    assert_eq!(rest["result"]["nextCursor"], Value::Null);
    assert_eq!(bad["error"]["code"], "invalid_input");
}
