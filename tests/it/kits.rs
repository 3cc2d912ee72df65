//! Account kits: made, judged, changed, assigned, deleted; what a kit says bites at once.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Naive, Run};
use crate::users::{SANDBOX, masked};

/// Returns what a run failed with.
fn error(run: &Run) -> Value {
    run.json()["error"].clone()
}

/// Returns each fault's place and message.
fn faults(run: &Run) -> Vec<(String, String)> {
    let details = error(run)["details"].as_array().unwrap().clone();
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap().to_owned();
    details.iter().map(|fault| (text(fault, "pointer"), text(fault, "message"))).collect()
}

fn names(naive: &Naive) -> Vec<String> {
    let kits = naive.run("account-kits list").exits(0).json();
    let kits = kits["result"]["account_kits"].as_array().unwrap().clone();
    kits.iter().map(|kit| kit["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_kit_says_what_its_flags_said() {
    let naive = Naive::new();

    let run = naive
        .run(
            "account-kits create Ops --description d --mode allowlist --toolkits gmail,stripe \
             --tool gmail.disable=GMAIL_SEND_EMAIL,GMAIL_SEND_DRAFT \
             --tool stripe.enable=STRIPE_LIST_CUSTOMERS --requires-approval connections=false \
             --requires-approval cards --approval-toolkit stripe \
             --approval-tool effect:destructive --approval-tool GMAIL_MODIFY_LABELS \
             --primitive trading=off --gate-default-user --ttl 24h",
        )
        .exits(0);

    let expected = json!({
        "success": true,
        "action": "account_kits.create",
        "sandbox": true,
        "result": {
            "id": "<id>",
            "name": "Ops",
            "description": "d",
            "is_default": false,
            "primitives_config": {
                "cards": { "enabled": true, "requiresApproval": true },
                "trading": { "enabled": false },
            },
            "connections_config": {
                "mode": "allowlist",
                "toolkits": ["gmail", "stripe"],
                "tools": {
                    "gmail": { "disable": ["GMAIL_SEND_DRAFT", "GMAIL_SEND_EMAIL"] },
                    "stripe": { "enable": ["STRIPE_LIST_CUSTOMERS"] },
                },
                "requiresApproval": false,
                "approvalToolkits": ["stripe"],
                "approvalTools": ["GMAIL_MODIFY_LABELS", "effect:destructive"],
            },
            "gate_default_user": true,
            "approval_ttl": "24h",
            "created_at": "<time>",
            "updated_at": "<time>",
        },
        "next_steps": [{
            "command": "naive account-kits assign Ops USER",
            "description": "put a user under it",
        }],
    });
    assert_eq!(masked(&run), expected);
    assert_eq!(run.err, SANDBOX);
}

#[test]
fn people_read_what_is_off_and_what_waits() {
    let naive = Naive::new();
    naive
        .run(
            "kits create Ops --mode blocklist --toolkits slack --primitive trading=off \
             --requires-approval connections=false --approval-toolkit stripe \
             --approval-tool effect:write --tool gmail.enable=GMAIL_LIST_LABELS",
        )
        .exits(0);

    let run = naive.run("--output table account-kits get Ops").exits(0);

    let said = "apps            all but slack";
    assert!(run.out.contains(said), "{}", run.out);
    let expected = "
Switched off: trading.
Tools of gmail that may be run: only GMAIL_LIST_LABELS.
Sensitive actions of agents wait for a person: cards, domains, verification, formation.
They happen without asking: connections.
Logins to these apps wait for a person: stripe.
Runs of these tools wait for a person: effect:write.
Calls on the workspace's own user are not held.
";
    assert!(run.out.ends_with(expected), "{}", run.out);
}

#[test]
fn an_update_replaces_what_it_names_and_leaves_the_rest() {
    let naive = Naive::new();
    naive
        .run(
            "kits create Ops --mode allowlist --toolkits gmail,slack \
             --tool gmail.disable=GMAIL_SEND_EMAIL --tool slack.enable=SLACK_SEND_MESSAGE \
             --approval-tool effect:write --requires-approval cards --primitive domains=off",
        )
        .exits(0);

    naive.run("kits update Ops --toolkits gmail,stripe --tool gmail=").exits(0);
    naive.run("kits update Ops --approval-tool= --requires-approval cards=default").exits(0);
    let kit = naive.with("kits update Ops --name", &["Op Two", "--description", "d"]).exits(0);

    let kit = kit.json()["result"].clone();
    assert_eq!((&kit["name"], &kit["description"]), (&json!("Op Two"), &json!("d")));
    let connections = json!({
        "mode": "allowlist",
        "toolkits": ["gmail", "stripe"],
        "tools": { "slack": { "enable": ["SLACK_SEND_MESSAGE"] } },
    });
    assert_eq!(kit["connections_config"], connections);
    let primitives = json!({ "cards": { "enabled": true }, "domains": { "enabled": false } });
    assert_eq!(kit["primitives_config"], primitives);
    let open = naive.with("kits update", &["Op Two", "--mode", "open"]).exits(0).json();
    assert_eq!(open["result"]["connections_config"]["toolkits"], Value::Null);
}

#[test]
fn a_file_makes_a_kit_in_either_form_and_flags_go_on_top() {
    let naive = Naive::new();
    let json = r#"{"name": "Ops", "description": "d",
        "primitives_config": {"cards": {"requiresApproval": false, "defaults": {"currency": "eur"}}},
        "connections_config": {"mode": "allowlist", "toolkits": ["gmail"]}, "approval_ttl": "1h"}"#;
    let toml = "name = \"Toml\"\ngate_default_user = true\n\
        [connections_config]\nmode = \"blocklist\"\ntoolkits = [\"slack\"]\n";
    fs::write(naive.home().join("kit.json"), json).unwrap();
    fs::write(naive.home().join("kit.toml"), toml).unwrap();

    let from_json = naive.run("kits create --file kit.json --ttl 2h").exits(0).json();
    let from_toml = naive.run("kits create Other --file kit.toml").exits(0).json();
    let got = naive.run("kits get Ops --jq .result").exits(0);
    let edited = got.out.replace("\"gmail\"", "\"stripe\"");
    let from_stdin = naive.fed("kits update Ops --file -", &edited).exits(0).json();

    let cards = json!({
        "enabled": true, "requiresApproval": false, "defaults": { "currency": "eur" },
    });
    assert_eq!(from_json["result"]["primitives_config"]["cards"], cards);
    assert_eq!(from_json["result"]["approval_ttl"], "2h");
    assert_eq!(from_toml["result"]["name"], "Other");
    assert_eq!(from_toml["result"]["gate_default_user"], true);
    assert_eq!(from_toml["result"]["connections_config"]["toolkits"], json!(["slack"]));
    assert_eq!(from_stdin["result"]["connections_config"]["toolkits"], json!(["stripe"]));
}

#[test]
fn every_slip_is_named_at_once_with_its_place_and_nothing_is_stored() {
    let naive = Naive::new();

    let run = naive
        .run(
            "kits create Ops --mode allowlist --toolkits gmial,slack \
             --tool gmail.enable=GMAIL_SEND_EMIAL --tool slack.enable=SLACK_SEND_MESSAGE \
             --tool slack.disable=SLACK_LIST_CHANNELS --approval-toolkit strpie \
             --approval-tool GMAIL_SEND_DARFT,effect:write,ACME_DO",
        )
        .exits(1);

    assert_eq!(error(&run)["code"], "invalid_input");
    assert_eq!(error(&run)["reason"], "kit_invalid");
    let expected = [
        ("toolkits/gmial", "there is no toolkit `gmial`; did you mean `gmail`?"),
        ("approvalToolkits/strpie", "there is no toolkit `strpie`; did you mean `stripe`?"),
        ("tools/gmail/enable/GMAIL_SEND_EMIAL", "`gmail` has no tool `GMAIL_SEND_EMIAL`; did"),
        ("tools/slack", "an app has either `enable` or `disable`"),
        ("approvalTools/GMAIL_SEND_DARFT", "`gmail` has no tool `GMAIL_SEND_DARFT`; did you"),
        ("approvalTools/ACME_DO", "no app has a tool `ACME_DO`; run `naive toolkits list`"),
    ];
    let found = faults(&run);
    for (place, message) in expected {
        let pointer = format!("/connections_config/{place}");
        let is_it = |(at, said): &(String, String)| *at == pointer && said.starts_with(message);
        assert!(found.iter().any(is_it), "{pointer}: {found:#?}");
    }
    let known = |(at, _): &(String, String)| at.contains("LIST_CHANNELS");
    assert_eq!(found.iter().filter(|fault| !known(fault)).count(), expected.len(), "{found:#?}");
    assert_eq!(names(&naive), ["Default"]);
}

#[test]
fn a_mode_and_its_list_belong_together() {
    let naive = Naive::new();

    for (flags, says) in [
        (
            "--toolkits gmail",
            "a list of apps goes with the modes `allowlist` and `blocklist` alone",
        ),
        ("--mode open --toolkits gmail", "a list of apps goes with the modes"),
        ("--mode allowlist", "an allowlist names the apps it allows"),
        ("--mode blocklist --toolkits=", "a blocklist names the apps it blocks"),
    ] {
        let run = naive.run(&format!("kits create Ops {flags}")).exits(1);

        let found = faults(&run);
        assert_eq!((found.len(), found[0].0.as_str()), (1, "/connections_config/toolkits"));
        assert!(found[0].1.starts_with(says), "{flags}: {found:?}");
    }
    assert_eq!(names(&naive), ["Default"]);
}

#[test]
fn a_flag_that_says_nothing_is_a_usage_error_with_the_nearest_name() {
    let naive = Naive::new();

    for (flags, hint) in [
        ("--primitive tradng=off", "did you mean `trading`?"),
        ("--requires-approval crads", "did you mean `cards`?"),
        ("--primitive cards=maybe", "write it as in `trading=off`"),
        ("--requires-approval cards=often", "write it as in `cards=false`"),
        ("--tool gmail", "write it as in `gmail.enable=GMAIL_SEND_EMAIL`"),
        ("--tool gmail.allow=GMAIL_X", "write it as in `gmail.enable=GMAIL_SEND_EMAIL`"),
    ] {
        let run = naive.run(&format!("kits create Ops {flags}")).exits(2);
        assert_eq!(error(&run)["hint"], hint, "{flags}");
    }
    naive.run("kits create").exits(2);
    assert_eq!(names(&naive), ["Default"]);
}

#[test]
fn a_file_with_a_slip_names_its_place() {
    let naive = Naive::new();

    for (text, pointer, says) in [
        (r#"{"nmae": "Ops"}"#, "/nmae", "did you mean `name`?"),
        (
            r#"{"name": "Ops", "primitives_config": {"crads": {}}}"#,
            "/primitives_config/crads",
            "did you mean `cards`?",
        ),
        (
            r#"{"name": "Ops", "primitives_config": {"cards": {"requireApproval": true}}}"#,
            "/primitives_config/cards/requireApproval",
            "did you mean `requiresApproval`?",
        ),
        (
            r#"{"name": "Ops", "connections_config": {"mode": "denylist"}}"#,
            "/connections_config/mode",
            "`blocklist`",
        ),
        (r#"{"name": "Ops", "approval_ttl": "soon"}"#, "/approval_ttl", "72h"),
        (
            r#"{"name": "Ops", "connections_config": {"custom_auth_configs": {"gmail": "ac_1"}}}"#,
            "/connections_config/custom_auth_configs/gmail",
            "naive toolkits configure gmail",
        ),
        (
            r#"{"name": "Ops", "primitives_config": {"custom": {"requiresApproval": false}}}"#,
            "/primitives_config/custom/requiresApproval",
            "to ask a person",
        ),
        ("{", "", "EOF"),
    ] {
        let run = naive.fed("kits create --file -", text).exits(1);

        let found = faults(&run);
        assert_eq!((found.len(), found[0].0.as_str()), (1, pointer), "{text}: {found:?}");
        assert!(found[0].1.contains(says), "{text}: {found:?}");
    }
    naive.run("kits create --file nowhere.json").exits(2);
    assert_eq!(names(&naive), ["Default"]);
}

#[test]
fn a_name_is_the_kits_own() {
    let naive = Naive::new();
    let made = naive.run("kits create Ops").exits(0).json();
    let id = made["result"]["id"].as_str().unwrap();

    let twice = naive.run("kits create Ops").exits(1);
    let renamed = naive.run("kits update Ops --name Default").exits(1);
    let uuid = naive.with("kits create", &[id]).exits(1);
    let near = naive.run("kits get ops").exits(1);

    assert_eq!(error(&twice)["code"], "duplicate_record");
    assert_eq!(error(&renamed)["code"], "duplicate_record");
    assert_eq!(error(&uuid)["hint"], "choose a name that is no UUID");
    assert_eq!(error(&near)["code"], "not_found");
    assert_eq!(error(&near)["hint"], "did you mean `Ops`?");
    let by_id = naive.with("kits get", &[id]).exits(0).json();
    assert_eq!(by_id["result"], made["result"]);
    assert_eq!(
        error(&naive.run("kits update Ops").exits(1))["message"],
        "there is nothing to change"
    );
}

#[test]
fn a_kit_that_somebody_is_under_cannot_be_deleted_suspended_or_not() {
    let naive = Naive::new();
    naive.run("kits create Ops").exits(0);
    naive.run("kits update Default --name Usual").exits(0);
    naive.run("users create alice --kit Ops").exits(0);
    naive.run("users create bob").exits(0);
    naive.run("account-kits assign Ops bob").exits(0);
    naive.run("users delete bob").exits(0);

    let used = naive.run("kits delete Ops").exits(1);
    let default = naive.run("kits delete Usual").exits(1);
    naive.run("account-kits assign Usual alice").exits(0);
    let still = naive.run("kits delete Ops").exits(1);
    naive.run("users update bob --kit Usual").exits(0);
    let deleted = naive.run("kits delete Ops").exits(0).json();

    let expected = json!({
        "code": "forbidden",
        "message": "`alice`, `bob` are under account kit `Ops`",
        "hint": "run `naive account-kits assign Usual alice`, and so for each, first",
        "reason": "kit_in_use",
    });
    assert_eq!(error(&used), expected);
    assert_eq!(error(&still)["message"], "`bob` is under account kit `Ops`");
    assert_eq!(error(&default)["reason"], "kit_is_default");
    assert_eq!(deleted["result"]["name"], "Ops");
    assert_eq!(names(&naive), ["Usual"]);
}

#[test]
fn a_user_is_under_the_kit_it_was_put_under() {
    let naive = Naive::new();
    naive.run("kits create Ops").exits(0);

    let made = naive.run("users create alice --kit Ops").exits(0).json();
    let moved = naive.run("users update alice --kit Default").exits(0).json();
    let assigned = naive.run("account-kits assign Ops alice").exits(0).json();
    let unknown = naive.run("users create bob --kit Opps").exits(1);

    assert_eq!(made["result"]["account_kit"], "Ops");
    assert_eq!(moved["result"]["account_kit"], "Default");
    assert_eq!(assigned["result"]["account_kit"], "Ops");
    assert_eq!(assigned["result"]["account_kit_id"], made["result"]["account_kit_id"]);
    assert_eq!(error(&unknown)["hint"], "did you mean `Ops`?");
    let shown = naive.run("--output table users get alice").exits(0);
    assert!(shown.out.contains("account kit  Ops\n"), "{}", shown.out);
}

#[test]
fn an_edit_bites_at_the_next_call() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    let run = "connections execute hackernews HACKERNEWS_TOP_STORIES --user alice";
    naive.run("connections connect hackernews --user alice").exits(0);
    naive.run(run).exits(0);

    naive.run("kits update Default --tool hackernews.disable=HACKERNEWS_TOP_STORIES").exits(0);
    let tool = naive.run(run).exits(1);
    let listed = naive.run("connections tools hackernews --user alice").exits(0).json();
    naive.run("kits update Default --mode blocklist --toolkits hackernews").exits(0);
    let app = naive.run(run).exits(1);
    let apps = naive.run("connections list --user alice --search hackernews").exits(0).json();
    naive.run("kits update Default --primitive connections=off").exits(0);
    let primitive = naive.run(run).exits(1);
    naive
        .run("kits update Default --primitive connections=on --mode open --tool hackernews=")
        .exits(0);
    naive.run(run).exits(0);

    assert_eq!(error(&tool)["reason"], "tool_not_allowed");
    assert_eq!(error(&app)["reason"], "toolkit_not_allowed");
    assert_eq!(error(&primitive)["reason"], "primitive_disabled_by_kit");
    assert_eq!(listed["result"]["withheld_by_policy"], 1);
    let app = &apps["result"]["toolkits"][0];
    assert_eq!(app["availability"], "disabled");
    assert_eq!(app["availabilityReason"], "account kit `Default` does not allow it");
}
