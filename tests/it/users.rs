//! Tenant users: made, listed, changed, suspended, and chosen.

use serde_json::{Value, json};

use crate::support::{Naive, Run};

/// What every command in the sandbox says first.
pub(crate) const SANDBOX: &str =
    "Sandbox: the apps are simulated here; --profile local uses the real ones.\n";

/// Returns the envelope with ids and times, which differ at each run, written as `<id>` and `<time>`.
pub(crate) fn masked(run: &Run) -> Value {
    fn mask(value: &mut Value) {
        match value {
            Value::String(text) if is_id(text) => "<id>".clone_into(text),
            Value::String(text) if text.len() == 24 && text.ends_with('Z') => {
                "<time>".clone_into(text);
            }
            Value::Array(items) => items.iter_mut().for_each(mask),
            Value::Object(map) => map.values_mut().for_each(mask),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = run.json();
    mask(&mut value);
    value
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.matches('-').count() == 4
}

pub(crate) fn handles(naive: &Naive) -> Vec<String> {
    let list = naive.run("users list").exits(0).json();
    let users = list["result"]["users"].as_array().unwrap();
    let name = |user: &Value| user["external_id"].as_str().unwrap_or("-").to_owned();
    users.iter().map(name).collect()
}

#[test]
fn a_user_is_created_with_everything_that_is_given() {
    let naive = Naive::new();

    let run =
        naive.with("users create alice --email alice@example.com --label", &["Alice A."]).exits(0);

    let expected = json!({
        "success": true,
        "action": "users.create",
        "sandbox": true,
        "result": {
            "id": "<id>",
            "external_id": "alice",
            "email": "alice@example.com",
            "label": "Alice A.",
            "status": "active",
            "account_kit_id": "<id>",
            "account_kit": "Default",
            "is_default": false,
            "created_at": "<time>",
            "last_active_at": null,
        },
        "next_steps": [{
            "command": "naive connections list --user alice",
            "description": "see what it can connect",
        }],
    });
    assert_eq!(masked(&run), expected);
    assert_eq!(run.err, SANDBOX);
}

#[test]
fn a_name_is_short_for_an_external_id() {
    let naive = Naive::new();

    let short = naive.run("users create alice").exits(0);
    let long = naive.run("users create --external-id bob").exits(0);

    assert_eq!(short.json()["result"]["external_id"], "alice");
    assert_eq!(long.json()["result"]["external_id"], "bob");
}

#[test]
fn a_name_given_twice_is_a_usage_error() {
    let naive = Naive::new();

    let run = naive.run("users create alice --external-id bob").exits(2);

    assert_eq!(run.json()["error"]["code"], "invalid_input");
    assert_eq!(handles(&naive), ["-"]);
}

#[test]
fn a_user_without_a_name_is_reached_by_its_id() {
    let naive = Naive::new();

    let made = naive.run("users create --label Nameless").exits(0).json();

    let id = made["result"]["id"].as_str().unwrap();
    assert!(is_id(id), "{id}");
    assert_eq!(
        made["next_steps"][0]["command"],
        format!("naive connections list --user {id}").as_str()
    );
    let got = naive.run(&format!("users get {id}")).exits(0).json();
    assert_eq!(got["result"], made["result"]);
}

#[test]
fn a_name_that_is_taken_is_a_duplicate_record() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    naive.run("users create bob").exits(0);

    let created = naive.run("users create alice").exits(1);
    let renamed = naive.run("users update bob --external-id alice").exits(1);

    let expected = json!({
        "code": "duplicate_record",
        "message": "another user has this external id",
        "hint": "run `naive users list` to see who",
    });
    assert_eq!(created.json()["error"], expected);
    assert_eq!(renamed.json()["error"], expected);
    assert_eq!(handles(&naive), ["-", "alice", "bob"]);
}

#[test]
fn names_that_mean_something_else_are_refused() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    for name in ["default", "me", "0191d1a5-7c1e-4a5b-9d3e-5b1f4b0c8a11"] {
        for line in ["users create", "users update alice --external-id"] {
            let run = naive.with(line, &[name]).exits(1);

            let expected = json!({
                "code": "invalid_input",
                "message": format!("`{name}` cannot be an external id"),
                "hint": "choose a name that is neither `default`, `me` nor a UUID",
            });
            assert_eq!(run.json()["error"], expected, "{line}");
        }
    }
    assert_eq!(handles(&naive), ["-", "alice"]);
}

#[test]
fn names_nobody_could_see_are_refused() {
    let naive = Naive::new();

    for name in ["", " ", " alice", "al\u{200b}ice", "\u{202e}ecila", "a\nb"] {
        let run = naive.with("users create", &[name]).exits(2);

        assert_eq!(run.json()["error"]["code"], "invalid_input", "{name:?}");
    }
    assert_eq!(handles(&naive), ["-"]);
}

#[test]
fn users_are_listed_oldest_first_with_the_default_at_the_head() {
    let naive = Naive::new();
    for name in ["zoe", "alice", "mia"] {
        naive.with("users create", &[name]).exits(0);
    }

    let run = naive.run("users list --output table").exits(0);

    let mut lines = run.out.lines().map(|line| line.split_whitespace().next().unwrap());
    assert_eq!(
        lines.by_ref().collect::<Vec<_>>(),
        ["USER", "default", "zoe", "alice", "mia"],
        "{}",
        run.out
    );
    assert_eq!(handles(&naive), ["-", "zoe", "alice", "mia"]);
}

#[test]
fn a_user_is_found_by_id_and_by_external_id() {
    let naive = Naive::new();
    let made = naive.run("users create alice").exits(0).json()["result"].clone();

    let by_name = naive.run("users get alice").exits(0);
    let by_id = naive.with("users get", &[made["id"].as_str().unwrap()]).exits(0);

    assert_eq!(by_name.json()["result"], made);
    assert_eq!(by_id.json()["result"], made);
}

#[test]
fn the_default_user_has_two_names() {
    let naive = Naive::new();

    let default = naive.run("users get default").exits(0).json();
    let me = naive.run("users get me").exits(0).json();

    assert_eq!(default, me);
    assert_eq!(default["result"]["is_default"], true);
}

#[test]
fn an_update_changes_what_is_given_and_nothing_else() {
    let naive = Naive::new();
    naive.run("users create alice --email a@example.com --label A").exits(0);

    let run = naive.run("users update alice --label B").exits(0);

    let result = json!({
        "id": "<id>",
        "external_id": "alice",
        "email": "a@example.com",
        "label": "B",
        "status": "active",
        "account_kit_id": "<id>",
        "account_kit": "Default",
        "is_default": false,
        "created_at": "<time>",
        "last_active_at": null,
    });
    let expected =
        json!({ "success": true, "action": "users.update", "sandbox": true, "result": result });
    assert_eq!(masked(&run), expected);
}

#[test]
fn a_renamed_user_answers_to_its_new_name_only() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    naive.run("users update alice --external-id alicia").exits(0);

    naive.run("users get alicia").exits(0);
    let gone = naive.run("users get alice").exits(1).json();
    assert_eq!(gone["error"]["code"], "not_found");
    assert_eq!(gone["error"]["hint"], "did you mean `alicia`?");
}

#[test]
fn an_update_of_nothing_is_refused() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    let run = naive.run("users update alice").exits(2);

    assert_eq!(run.json()["error"]["code"], "invalid_input");
    assert_eq!(run.json()["error"]["message"], "there is nothing to change");
}

#[test]
fn a_deleted_user_is_suspended_and_can_be_brought_back() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    let deleted = naive.run("users delete alice").exits(0).json();
    let refused = naive.run("connections connect hackernews --user alice").exits(1).json();
    naive.run("users update alice --status active").exits(0);
    let connected = naive.run("connections connect hackernews --user alice").exits(0).json();

    assert_eq!(deleted["result"]["status"], "suspended");
    assert_eq!(deleted["next_steps"][0]["command"], "naive users update alice --status active");
    let expected = json!({
        "code": "forbidden",
        "message": "user `alice` is suspended",
        "hint": "run `naive users update alice --status active`",
        "reason": "user_suspended",
    });
    assert_eq!(refused["error"], expected);
    assert_eq!(connected["result"]["status"], "ACTIVE");
}

#[test]
fn the_default_user_cannot_be_deleted_or_suspended() {
    let naive = Naive::new();

    let lines = [
        "users delete default",
        "users delete me",
        "users update default --status suspended",
        "users update me --status suspended",
    ];
    for line in lines {
        let run = naive.run(line).exits(1);

        let error = &run.json()["error"];
        assert_eq!(error["code"], "forbidden", "{line}");
        assert_eq!(error["message"], "the default user cannot be deleted or suspended");
    }
}
