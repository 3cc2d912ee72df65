//! For whom a command acts: the flag, the environment, `naive use`, and what `whoami` says.

use std::fs;

use serde_json::{Value, json};

use crate::support::Naive;
use crate::users::{SANDBOX, handles, masked};

#[test]
fn the_chosen_user_is_acted_for_until_the_choice_is_cleared() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    let chosen = naive.run("use alice").exits(0).json();
    naive.run("connections connect hackernews").exits(0);
    let hers = naive.run("connections connected --user alice").exits(0).json();
    let cleared = naive.run("use --clear").exits(0).json();
    let mine = naive.run("connections connected").exits(0).json();

    assert_eq!(chosen["result"], json!({ "user": "alice" }));
    assert_eq!(hers["result"]["connections"][0]["toolkit"], "hackernews");
    assert_eq!(cleared["result"], json!({ "user": "default" }));
    assert_eq!(mine["result"], json!({ "connections": [] }));
}

#[test]
fn a_choice_is_kept_for_each_profile() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    naive.run("use alice").exits(0);

    let here = naive.run("whoami").exits(0).json();
    let there = naive.run("--profile local whoami").exits(0).json();
    assert_eq!(here["result"]["activeUser"]["external_id"], "alice");
    assert_eq!(there["result"]["activeUser"]["is_default"], true);
}

#[test]
fn a_user_that_does_not_exist_cannot_be_chosen() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    naive.run("use alice").exits(0);

    let run = naive.run("use alic").exits(1);

    let expected = json!({
        "code": "not_found",
        "message": "there is no user `alic`",
        "hint": "did you mean `alice`?",
        "reason": "user_unknown",
    });
    assert_eq!(run.json()["error"], expected);
    let after = naive.run("whoami").exits(0).json();
    assert_eq!(after["result"]["activeUser"]["external_id"], "alice");
}

#[test]
fn a_user_called_true_can_be_chosen() {
    let naive = Naive::new();
    naive.run("users create true").exits(0);

    naive.run("use true").exits(0);

    let after = naive.run("whoami").exits(0).json();
    assert_eq!(after["result"]["activeUser"]["external_id"], "true");
}

#[test]
fn the_environment_outranks_the_choice_and_a_flag_outranks_both() {
    let naive = Naive::new();
    for name in ["alice", "bob", "carol"] {
        naive.with("users create", &[name]).exits(0);
    }
    naive.run("connections connect hackernews --user carol").exits(0);
    naive.run("use alice").exits(0);
    let naive = naive.env("NAIVE_ACTIVE_USER_ID", "bob");

    let active = naive.run("whoami").exits(0).json();
    let flagged = naive.run("connections connected --user carol").exits(0).json();
    let unflagged = naive.run("connections connected").exits(0).json();
    let again = naive.run("use alice").exits(0).json();

    assert_eq!(active["result"]["activeUser"]["external_id"], "bob");
    assert_eq!(active["result"]["activeUserSource"], "environment");
    assert_eq!(flagged["result"]["connections"][0]["toolkit"], "hackernews");
    assert_eq!(unflagged["result"], json!({ "connections": [] }));
    assert_eq!(again["hints"], json!(["`NAIVE_ACTIVE_USER_ID` is set and outranks this."]));
}

#[test]
fn an_environment_that_names_no_user_is_a_usage_error() {
    let naive = Naive::new().env("NAIVE_ACTIVE_USER_ID", "al\u{200b}ice");

    let run = naive.run("whoami").exits(2);

    let error = &run.json()["error"];
    assert_eq!(error["code"], "invalid_input");
    assert_eq!(
        error["message"],
        "`NAIVE_ACTIVE_USER_ID` names no user: a user is named by 1 to 200 visible characters"
    );
}

#[test]
fn outside_the_sandbox_an_unknown_user_is_not_found() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    naive.run("users create alice").exits(0);

    let near = naive.run("connections connected --user alcie").exits(1);
    let far = naive.run("connections connected --user xerxes").exits(1);

    let expected = json!({
        "success": false,
        "action": "connections.connected",
        "error": {
            "code": "not_found",
            "message": "there is no user `alcie`",
            "hint": "did you mean `alice`?",
            "reason": "user_unknown",
        },
    });
    assert_eq!(near.json(), expected);
    assert_eq!(near.err, "");
    assert_eq!(far.json()["error"]["hint"], "run `naive users create xerxes` first");
    assert_eq!(handles(&naive), ["-", "alice"]);
}

#[test]
fn in_the_sandbox_an_unknown_user_comes_into_being_and_a_note_says_so_once() {
    let naive = Naive::new();

    let first = naive.run("connections connected --user carol").exits(0);
    let second = naive.run("connections connected --user carol").exits(0);

    let note = "User `carol` is new here; the sandbox has created it.\n";
    assert_eq!(first.err, format!("{SANDBOX}{note}"));
    assert_eq!(second.err, SANDBOX);
    assert_eq!(first.out, second.out);
    assert_eq!(handles(&naive), ["-", "carol"]);
}

#[test]
fn in_the_sandbox_only_acting_for_a_user_creates_it() {
    let naive = Naive::new();

    for line in ["users get carol", "users update carol --label C", "users delete carol"] {
        let run = naive.run(line).exits(1);

        assert_eq!(run.json()["error"]["code"], "not_found", "{line}");
    }
    assert_eq!(handles(&naive), ["-"]);
}

#[test]
fn whoami_says_who_acts_for_whom_on_what() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    naive.run("use alice").exits(0);

    let run = naive.run("whoami").exits(0);

    let store = naive.home().join("sandbox").join("naive.db");
    let expected = json!({
        "success": true,
        "action": "whoami",
        "sandbox": true,
        "result": {
            "profile": "sandbox",
            "backend": "local",
            "store": store.to_str().unwrap(),
            "caller": "human",
            "activeUser": {
                "id": "<id>",
                "external_id": "alice",
                "email": null,
                "label": null,
                "status": "active",
                "account_kit_id": "<id>",
                "account_kit": "Default",
                "is_default": false,
                "created_at": "<time>",
                "last_active_at": null,
            },
            "activeUserSource": "config",
            "apiKey": null,
            "encryptionKey": "not made yet",
        },
    });
    assert_eq!(masked(&run), expected);
    assert_eq!(run.err, SANDBOX);
}

#[test]
fn whoami_reads_as_names_and_values_for_people() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");

    let run = naive.run("whoami --output table").exits(0);

    let store = naive.home().join("local").join("naive.db");
    let expected = format!(
        "profile         local\nbackend         local\nstore           {}\n\
         caller          human\nactive user     default\nAPI key         none\n\
         encryption key  not made yet\n",
        store.display()
    );
    assert_eq!(run.out, expected);
    assert_eq!(run.err, "");
}

#[test]
fn the_choice_is_written_to_the_config_file() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    naive.run("use alice").exits(0);

    let config = fs::read_to_string(naive.home().join("config.toml")).unwrap();
    assert_eq!(config, "[profiles.sandbox]\nuser = \"alice\"\n");
}

#[test]
fn an_active_user_nobody_knows_is_traced_to_where_it_was_named() {
    let set = Naive::new().env("NAIVE_PROFILE", "local").env("NAIVE_ACTIVE_USER_ID", "ghost");
    let chosen = Naive::new().env("NAIVE_PROFILE", "local");
    chosen.run("config set profiles.local.user ghost").exits(0);

    let set = set.run("connections connected").exits(1).json();
    let chosen = chosen.run("connections connected").exits(1).json();

    assert_eq!(set["error"]["reason"], "user_unknown");
    assert!(set["error"].to_string().contains("NAIVE_ACTIVE_USER_ID"), "{set:#}");
    assert!(chosen["error"].to_string().contains("naive use --clear"), "{chosen:#}");
}

#[test]
fn choosing_a_suspended_user_says_that_nothing_acts_for_it() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    naive.run("users delete alice").exits(0);

    let run = naive.run("use alice").exits(0);

    assert!(run.out.contains("suspended"), "{}", run.out);
}

#[test]
fn an_address_that_is_given_empty_is_taken_away() {
    let naive = Naive::new();
    naive.run("users create alice --email a@example.com --label A").exits(0);

    let run = naive.with("users update alice --email", &["", "--label", ""]).exits(0).json();

    assert_eq!(run["result"]["email"], Value::Null);
    assert_eq!(run["result"]["label"], Value::Null);
}

#[cfg(unix)]
#[test]
fn a_suggested_command_can_be_pasted_whatever_the_user_is_called() {
    for name in ["Ann Smith", "O'Hara", "a;touch pasted", "$(touch pasted)"] {
        let naive = Naive::new();
        let made = naive.with("users create", &[name]).exits(0).json();
        let command = made["next_steps"][0]["command"].as_str().unwrap().to_owned();

        let define = format!("naive() {{ '{}' \"$@\"; }}", env!("CARGO_BIN_EXE_naive"));
        let template = naive.command([""; 0]);
        let mut shell = std::process::Command::new("/bin/sh");
        shell
            .args(["-c", &format!("{define}\n{command}")])
            .envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(naive.home());
        let run = crate::support::ended(shell.output().unwrap());

        assert!(!naive.home().join("pasted").exists(), "{command}");
        assert_eq!(run.status, 0, "{command}: {}{}", run.out, run.err);
        assert_eq!(handles(&naive), ["-", name], "{command}");
    }
}
