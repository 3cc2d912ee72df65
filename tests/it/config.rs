//! The config file, the environment and the flags: who outranks whom, and what bad values get.

use std::fs;

use serde_json::json;

use crate::support::{Naive, Upstream};

fn write(naive: &Naive, text: &str) {
    fs::write(naive.home().join("config.toml"), text).unwrap();
}

fn read(naive: &Naive) -> String {
    fs::read_to_string(naive.home().join("config.toml")).unwrap()
}

fn profile(naive: &Naive, line: &str) -> String {
    let run = naive.run(line).exits(0);
    run.json()["result"]["profile"].as_str().unwrap().to_owned()
}

#[test]
fn the_config_file_lies_in_naive_home() {
    let naive = Naive::new();

    let run = naive.run("config path --output table").exits(0);

    assert_eq!(run.out, format!("{}\n", naive.home().join("config.toml").display()));
    assert_eq!(run.err, "");
}

#[test]
fn a_relative_naive_home_is_taken_from_where_the_command_runs() {
    let naive = Naive::new();
    let home = naive.home().join("elsewhere").join("config.toml");
    let naive = naive.env("NAIVE_HOME", "elsewhere");

    let run = naive.run("config path").exits(0);

    assert_eq!(run.json()["result"]["path"], home.to_str().unwrap());
}

#[test]
fn a_file_that_is_not_there_holds_nothing_and_looking_makes_none() {
    let naive = Naive::new();

    let run = naive.run("config show").exits(0);

    let path = naive.home().join("config.toml");
    assert_eq!(run.json()["result"], json!({ "path": path.to_str().unwrap(), "config": {} }));
    assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 0);
}

#[test]
fn what_is_set_is_shown() {
    let naive = Naive::new();

    naive.run("config set default_profile local").exits(0);
    naive.run("config set vault.keyring false").exits(0);
    naive.run("config set tls.roots system").exits(0);
    let shown = naive.run("config show").exits(0).json();

    let expected = json!({
        "default_profile": "local",
        "tls": { "roots": "system" },
        "vault": { "keyring": false },
    });
    assert_eq!(shown["result"]["config"], expected);
}

#[test]
fn setting_a_key_keeps_comments_and_order() {
    let naive = Naive::new();
    write(
        &naive,
        "# mine\noutput = \"json\" # for scripts\n\n[vault]\n# no desktop here\nkeyring = false\n",
    );

    let run = naive.run("config set output jsonl").exits(0);

    let expected =
        "# mine\noutput = \"jsonl\" # for scripts\n\n[vault]\n# no desktop here\nkeyring = false\n";
    assert_eq!(read(&naive), expected);
    assert_eq!(run.json()["result"], json!({ "key": "output", "value": "jsonl" }));
}

#[test]
fn a_key_without_a_value_is_removed() {
    let naive = Naive::new();
    write(&naive, "output = \"json\"\ndefault_profile = \"local\"\n");

    let run = naive.run("config set output --output table").exits(0);

    assert_eq!(run.out, "output is no longer set.\n");
    assert_eq!(read(&naive), "default_profile = \"local\"\n");
}

#[test]
fn an_unknown_key_is_a_usage_error_that_names_the_keys() {
    let naive = Naive::new();

    let run = naive.run("config set colour red").exits(2);

    let expected = json!({
        "code": "invalid_input",
        "message": "there is no key `colour`",
        "hint": "the keys are default_profile, output, tls.roots, vault.keyring, \
                 approvals.notify_url, approvals.notify_command, oauth.client_id_document, \
                 composio.url, profiles.sandbox.user, profiles.local.user, profiles.cloud.user, \
                 profiles.cloud.base_url",
    });
    assert_eq!(run.json()["error"], expected);
    assert!(!naive.home().join("config.toml").exists());
}

#[test]
fn a_bad_value_is_a_usage_error_and_changes_nothing() {
    let naive = Naive::new();
    let before = "output = \"json\"\n";
    write(&naive, before);

    let cases = [
        ("output", "xml", "table, json or jsonl"),
        ("default_profile", "moon", "sandbox, local or cloud"),
        ("vault.keyring", "maybe", "true or false"),
        ("tls.roots", "mine", "system"),
        ("profiles.local.user", "", "a user, as in `naive use`"),
    ];
    for (key, value, takes) in cases {
        let run = naive.with("config set", &[key, value]).exits(2);

        let expected = json!({
            "code": "invalid_input",
            "message": format!("`{key}` does not take `{value}`"),
            "hint": format!("it takes {takes}"),
        });
        assert_eq!(run.json()["error"], expected);
        assert_eq!(read(&naive), before);
    }
}

#[test]
fn a_malformed_file_is_a_usage_error_that_names_the_line() {
    let cases =
        ["output = \"json\"\ndefault_profile = [\n", "\noutput = 7\n", "\ncolour = \"red\"\n"];
    for text in cases {
        let naive = Naive::new();
        write(&naive, text);

        for line in ["whoami", "config show", "config set output json", "users list"] {
            let run = naive.run(line).exits(2);

            let error = &run.json()["error"];
            let message = error["message"].as_str().unwrap();
            assert_eq!(error["code"], "invalid_input");
            assert!(message.starts_with("the config file is malformed: "), "{message}");
            assert!(message.contains("line 2"), "{message}");
            let path = naive.home().join("config.toml");
            assert_eq!(error["hint"], format!("edit `{}`", path.display()).as_str());
        }
        assert_eq!(read(&naive), text);
        assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 1);
    }
}

#[test]
fn a_malformed_file_is_told_in_one_plain_sentence() {
    let naive = Naive::new();
    write(&naive, "output = [\n");

    let run = naive.run("whoami").exits(2);

    let message = run.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(!message.contains(" | ") && !message.contains("  "), "{message}");
}

#[test]
fn a_malformed_file_still_lets_its_path_be_asked() {
    let naive = Naive::new();
    write(&naive, "output = [\n");

    let run = naive.run("config path").exits(0);

    let path = naive.home().join("config.toml");
    assert_eq!(run.json()["result"]["path"], path.to_str().unwrap());
}

#[test]
fn a_malformed_file_is_one_of_the_things_doctor_finds() {
    let naive = Naive::new();
    write(&naive, "output = [\n");

    let run = naive.run("doctor").exits(1);

    let checks = run.json()["result"]["checks"].clone();
    let found = checks.as_array().unwrap().iter().find(|check| check["check"] == "config").unwrap();
    assert_eq!(found["ok"], false);
}

#[test]
fn a_flag_outranks_the_environment_and_that_outranks_the_file() {
    let naive = Naive::new();

    let bare = profile(&naive, "whoami");
    write(&naive, "default_profile = \"local\"\n");
    let filed = profile(&naive, "whoami");
    let naive = naive.env("NAIVE_PROFILE", "sandbox");
    let set = profile(&naive, "whoami");
    let flagged = profile(&naive, "--profile local whoami");

    assert_eq!([bare, filed, set, flagged], ["sandbox", "local", "sandbox", "local"]);
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let naive = Naive::new()
        .env("NAIVE_PROFILE", "")
        .env("NAIVE_OUTPUT", "")
        .env("NAIVE_ENCRYPTION_KEY", "")
        .env("NAIVE_ACTIVE_USER_ID", "");

    let run = naive.run("whoami").exits(0);

    assert_eq!(run.json()["result"]["profile"], "sandbox");
    assert_eq!(run.json()["result"]["activeUserSource"], "default");
}

#[test]
fn a_variable_that_holds_no_known_word_is_a_usage_error() {
    let cases = [
        ("NAIVE_PROFILE", "set it to sandbox, local or cloud"),
        ("NAIVE_OUTPUT", "set it to table, json or jsonl"),
    ];
    for (name, hint) in cases {
        let naive = Naive::new().env(name, "moon");

        let run = naive.run("whoami").exits(2);

        let expected = json!({
            "success": false,
            "action": "whoami",
            "error": {
                "code": "invalid_input",
                "message": format!("`{name}` is `moon`"),
                "hint": hint,
            },
        });
        assert_eq!(run.json(), expected);
        assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 0);
    }
}

#[test]
fn a_flag_spares_the_variable_it_outranks() {
    let naive = Naive::new().env("NAIVE_PROFILE", "moon").env("NAIVE_OUTPUT", "moon");

    let run = naive.run("--profile local --output json whoami").exits(0);

    assert_eq!(run.json()["result"]["profile"], "local");
}

#[test]
fn a_key_without_a_profile_is_for_the_cloud() {
    let api =
        Upstream::new(|_| (403, r#"{"error": {"code": "forbidden", "message": "m"}}"#.into()));
    let naive = Naive::new().env("NAIVE_API_KEY", "nv_sk_1").env("NAIVE_API_URL", &api.url);
    write(&naive, "default_profile = \"local\"\n");

    let run = naive.run("connections connected").exits(1);

    assert_eq!(run.json()["error"]["code"], "forbidden");
    assert_eq!(api.received()[0].headers["authorization"], "Bearer nv_sk_1");
    assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 1);
}

#[test]
fn an_unknown_key_under_a_named_profile_is_unauthorized_and_never_the_human() {
    let naive = Naive::new();
    naive.run("--profile local connections connect hackernews").exits(0);
    let naive = naive.env("NAIVE_API_KEY", "nv_sk_1").env("NAIVE_PROFILE", "local");

    let lines = [
        "whoami",
        "users list",
        "users create mallory",
        "use default",
        "toolkits list",
        "toolkits disable hackernews",
        "connections connected",
        "connections connect hackernews",
        "connections execute hackernews HACKERNEWS_TOP_STORIES --dry-run",
        "connections disconnect hackernews",
    ];
    for line in lines {
        let run = naive.run(line).exits(4);

        let error = run.json()["error"].clone();
        assert_eq!(error["code"], "unauthorized", "{line}");
        assert_eq!(error["message"], "this store does not know the key");
        assert!(!run.out.contains("nv_sk_1") && !run.err.contains("nv_sk_1"), "{line}");
    }
}

#[test]
fn an_unknown_key_gets_nothing_from_the_vault() {
    let naive = Naive::new();
    let key = naive.run("--profile local vault export-key").exits(0).json();
    let key = key["result"]["key"].as_str().unwrap().to_owned();
    let naive = naive.env("NAIVE_API_KEY", "nv_sk_1").env("NAIVE_PROFILE", "local");

    for line in ["vault export-key", "vault rotate", "vault status"] {
        let run = naive.run(line);

        assert!(!run.out.contains(&key), "{line} gave the key away");
        assert_eq!(run.exits(4).json()["error"]["code"], "unauthorized", "{line}");
    }
}

#[test]
fn an_unknown_key_changes_neither_the_config_nor_the_sandbox() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    naive.run("use alice").exits(0);
    let before = read(&naive);
    let naive = naive.env("NAIVE_API_KEY", "nv_sk_1").env("NAIVE_PROFILE", "sandbox");

    for line in ["use --clear", "config set output json", "sandbox reset"] {
        let run = naive.run(line).exits(4);

        assert_eq!(run.json()["error"]["code"], "unauthorized", "{line}");
        assert_eq!(read(&naive), before, "{line}");
    }
}

#[test]
fn the_cloud_profile_asks_nobody_without_a_key() {
    let naive = Naive::new();

    for line in ["whoami", "users list", "toolkits list", "connections connected"] {
        let run = naive.run(&format!("--profile cloud {line}")).exits(4);

        assert_eq!(run.json()["error"]["code"], "unauthorized", "{line}");
        assert_eq!(run.json()["error"]["reason"], "key_missing", "{line}");
        let hint = "run `naive --profile cloud login`, or set `NAIVE_API_KEY`";
        assert_eq!(run.json()["error"]["hint"], hint, "{line}");
    }
    assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 0);
}

#[test]
fn a_home_that_cannot_be_used_is_named() {
    let naive = Naive::new();
    let file = naive.home().join("file");
    fs::write(&file, "").unwrap();
    let naive = naive.env("NAIVE_HOME", file.display().to_string());

    for line in ["whoami", "users list"] {
        let run = naive.run(line).exits(1);

        let error = run.json()["error"].to_string();
        assert!(error.contains(file.to_str().unwrap()), "{line}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn where_the_config_file_is_can_be_asked_where_it_cannot_be_read() {
    let naive = Naive::new();
    fs::create_dir(naive.home().join("config.toml")).unwrap();

    let refused = naive.run("whoami").exits(1).json();
    let path = naive.run("config path").exits(0).json();

    assert!(refused["error"]["message"].as_str().unwrap().contains("config.toml"), "{refused}");
    assert_eq!(path["result"]["path"], naive.home().join("config.toml").to_str().unwrap());
}
