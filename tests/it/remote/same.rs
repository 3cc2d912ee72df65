//! One machine asks its own store, another the API that `naive serve` makes of its own: the replies are the same.

use serde_json::{Value, json};

use crate::serve::{Served, key};
use crate::support::{Naive, Run};

/// What both are told, in turn, by a workspace key; `{approval}` is the one that was held last.
const LINES: &[&str] = &[
    "users create alice --label Alice",
    "users create alice",
    "users get alice",
    "users get nobody",
    "users list",
    "users update alice --email a@example.com",
    "toolkits list --search mail --limit 2",
    "toolkits get stripe",
    "toolkits disable discord",
    "connections list --search hacker",
    "connections connect hackernews",
    "connections connected",
    "connections get hackernews",
    "connections get gmail",
    "connections tools hackernews --limit 1",
    "connections execute hackernews HACKERNEWS_TOP_STORIES",
    "connections execute hackernews HACKERNEWS_GET_ITEM",
    "connections execute hackernews NO_SUCH_TOOL",
    "connections execute hackernews HACKERNEWS_TOP_STORIES --dry-run",
    "connections connect stripe --credential api_key=-",
    "connections refresh stripe",
    "connections default stripe --clear",
    "connections disconnect hackernews",
    "connections wait stripe",
    "connections connect gmail --no-wait --user alice",
    "approvals list --status pending",
    "approvals get {approval}",
    "approvals deny {approval} --reason no",
    "approvals deny {approval}",
    "approvals wait {approval}",
    "approvals request --title Deploy --payload {\"a\":1}",
    "approvals cancel {approval}",
    "approvals approve {approval} --yes",
    "actions list",
    "actions run cards.create --args {\"name\":\"Ads\",\"spendingLimitCents\":500} --user alice",
    "approvals approve {approval} --yes",
    "actions run cards.create --args {\"name\":\"Ads\"}",
    "actions run cards.topup --args {}",
    "explain cards.create --user alice",
    "account-kits create Ops --primitive cards=false",
    "account-kits list",
    "account-kits get Ops",
    "account-kits assign Ops alice",
    "actions run cards.create --args {\"name\":\"Ads\"} --user alice",
    "account-kits delete Ops",
    "account-kits update Ops --name Opera",
    "keys create --name bot --role agent --user alice --ttl 1h",
    "keys create --name bot --role agent --idempotency-key k",
    "keys list",
    "keys revoke nothing",
    "webhooks create --url https://example.com/hook --event approval.requested",
    "webhooks list",
    "webhooks event-types",
    "workspace get",
    "trading connections",
    "trading account",
    "trading limits",
    "trading halt --env paper",
    "trading resume --env paper",
    "users create bob --idempotency-key k1",
    "users create bob --idempotency-key k1",
    "users create bert --idempotency-key k1",
    "users delete bob",
    "connections export stripe --to naive1-x",
    "logs tail --limit 3",
    "logs verify",
];

/// Returns a text without what is another each time: ids, times, ports, digests.
fn scrubbed(text: &str) -> String {
    if text.len() > 18 && text.starts_with("20") && text.ends_with('Z') {
        return "<time>".to_owned();
    }
    if let Some((before, rest)) = text.split_once(" at 20") {
        let after = rest.split_once(" UTC").map_or("", |(_, after)| after);
        return scrubbed(&format!("{before} then{after}"));
    }
    let is_id =
        |word: &str| word.len() >= 12 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let mut out = String::new();
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_alphanumeric() || letter == '-' {
            word.push(letter);
            continue;
        }
        let is_port = out.ends_with("127.0.0.1:");
        out.push_str(if is_id(&word) || is_port { "#" } else { &word });
        out.push(letter);
        word.clear();
    }
    out.trim_end_matches('\n').to_owned()
}

fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => scrubbed(text).into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => {
            let known =
                |name: &str| matches!(name, "last_4" | "last4" | "took_ms" | "baseUrl" | "secret");
            fields
                .iter()
                .filter(|(name, _)| *name != "clientId")
                .map(|(name, value)| {
                    (name.clone(), if known(name) { json!(0) } else { plain(value) })
                })
                .collect()
        }
        other => other.clone(),
    }
}

fn told(naive: &Naive, line: &str, approval: &str) -> Run {
    naive.fed(&line.replace("{approval}", approval), "sk_test_of_the_seed\n")
}

#[test]
fn a_store_and_the_api_made_of_one_answer_the_same_field_by_field() {
    let (here, there) = (Naive::new(), Naive::new());
    let words = "--name ops --role workspace";
    let (own, other) = (key(&here, words), key(&there, words));
    let served = Served::start(&there, &["--rate-limit", "0"]);
    let here = here.env("NAIVE_API_KEY", own).env("NAIVE_PROFILE", "sandbox");
    let there = Naive::new()
        .env("NAIVE_PROFILE", "cloud")
        .env("NAIVE_BASE_URL", &served.url)
        .env("NAIVE_API_KEY", other);

    let mut held = [String::new(), String::new()];
    let mut wrong = Vec::new();
    for line in LINES {
        let runs = [told(&here, line, &held[0]), told(&there, line, &held[1])];
        let [ours, theirs] = runs.map(|run| (run.status, run.json()));
        for (held, (_, json)) in held.iter_mut().zip([&ours, &theirs]) {
            if let Some(id) = json["result"]["approval_id"].as_str() {
                id.clone_into(held);
            }
        }
        let said = |(status, json): &(i32, Value)| {
            json!([
                status,
                json["success"],
                json["action"],
                plain(&json["result"]),
                json["error"]["code"],
                json["error"]["reason"],
                plain(&json["error"]["message"]),
                plain(&json["error"]["details"])
            ])
        };
        if said(&ours) != said(&theirs) {
            wrong.push(format!("{line}\n  here:  {}\n  there: {}", said(&ours), said(&theirs)));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
