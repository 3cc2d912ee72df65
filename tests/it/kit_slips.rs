//! Account kits as files and flags say them: every slip is named with its place, and nothing is stored.

use std::fs;

use serde_json::{Value, json};

use crate::kits::{error, names};
use crate::support::{Naive, Run};

/// Returns each fault's place and message.
fn faults(run: &Run) -> Vec<(String, String)> {
    let details = error(run)["details"].as_array().unwrap().clone();
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap().to_owned();
    details.iter().map(|fault| (text(fault, "pointer"), text(fault, "message"))).collect()
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
