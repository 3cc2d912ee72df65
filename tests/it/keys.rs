//! Keys of programs: made, shown once, used, taken back; and what a caller with one is refused.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Naive, Run, ended};
use crate::users::{SANDBOX, handles};

/// Makes a key as the operator, and returns the reply: the key itself, and what is known of it.
pub(crate) fn made(naive: &Naive, line: &str) -> Value {
    naive.run(&format!("keys create --name bot {line}")).exits(0).json()["result"].clone()
}

/// Runs a line as whoever holds a key.
pub(crate) fn by(naive: &Naive, key: &Value, line: &str) -> Run {
    let secret = key["api_key"].as_str().unwrap();
    ended(naive.command(line.split_whitespace()).env("NAIVE_API_KEY", secret).output().unwrap())
}

/// Returns what the error of a run says to programs.
fn refusal(run: &Run) -> [Value; 2] {
    let error = run.json()["error"].clone();
    [error["code"].clone(), error["reason"].clone()]
}

/// Tells whether some file under a directory holds these bytes.
pub(crate) fn lies_in(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().flatten().any(|entry| {
        if entry.file_type().unwrap().is_dir() {
            return lies_in(&entry.path(), bytes);
        }
        fs::read(entry.path()).unwrap().windows(bytes.len()).any(|part| part == bytes)
    })
}

#[test]
fn a_key_is_shown_once_and_nowhere_else() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    let run = naive.run("keys create --name bot --role agent --user alice --ttl 30d").exits(0);

    let key = run.json()["result"].clone();
    let secret = key["api_key"].as_str().unwrap();
    assert!(secret.starts_with("nv_ag_local_") && secret.len() == 76, "{secret}");
    assert!(key["key_id"].as_str().unwrap().starts_with("key_"));
    assert_eq!(key["last_4"], secret[72..]);
    let list = naive.run("keys list").exits(0);
    let mut known = key.clone();
    known.as_object_mut().unwrap().remove("api_key");
    assert_eq!(list.json()["result"]["keys"], json!([known]));
    let random = &secret["nv_ag_local_".len()..];
    let used = by(&naive, &key, "whoami --verbose").exits(0);
    let refused = by(&naive, &key, "keys list --verbose").exits(1);
    for said in [list, used, refused] {
        assert!(!said.out.contains(random) && !said.err.contains(random));
    }
    assert!(lies_in(naive.home(), b"key_"), "what is looked through holds the keys");
    assert!(!lies_in(naive.home(), random.as_bytes()));
}

#[test]
fn a_workspace_key_says_in_its_name_what_it_is() {
    let naive = Naive::new();

    let run = naive.run("keys create --name ci --role workspace --output table").exits(0);

    let secret = run.out.lines().next().unwrap();
    assert!(secret.starts_with("nv_sk_local_"), "{}", run.out);
    assert!(run.err.contains("This key is shown once."), "{}", run.err);
    assert!(run.err.contains("naive keys revoke key_"), "{}", run.err);
}

#[test]
fn a_key_that_was_taken_back_stays_known_and_refused() {
    let naive = Naive::new();
    let key = made(&naive, "--role workspace");
    let id = key["key_id"].as_str().unwrap();
    by(&naive, &key, "users list").exits(0);

    let first = naive.run(&format!("keys revoke {id}")).exits(0);
    let again = naive.run(&format!("keys revoke {id}")).exits(0);

    assert_eq!(first.json(), again.json());
    assert_eq!(first.json()["result"]["revoked"], true);
    for line in ["users list", "--profile sandbox users list", "whoami", "vault status"] {
        let run = by(&naive, &key, line).exits(4);

        assert_eq!(refusal(&run), ["unauthorized", "key_revoked"], "{line}");
    }
}

#[test]
fn a_key_whose_time_is_over_is_refused() {
    let naive = Naive::new();
    let key = made(&naive, "--role agent --ttl 1ms");

    let run = by(&naive, &key, "users list").exits(4);

    assert_eq!(refusal(&run), ["unauthorized", "key_expired"]);
    assert_eq!(run.json()["error"]["hint"], "ask the operator for a new one");
}

#[test]
fn a_key_that_is_not_there_cannot_be_taken_back() {
    let naive = Naive::new();

    let run = naive.run("keys revoke key_1").exits(1);

    let expected = json!({
        "code": "not_found",
        "message": "there is no key `key_1`",
        "hint": "run `naive keys list` to see which there are",
    });
    assert_eq!(run.json()["error"], expected);
}

#[test]
fn whoever_gives_the_key_for_its_id_does_not_read_it_in_the_error_or_the_log() {
    let naive = Naive::new();
    let key = made(&naive, "--role agent");
    let secret = key["api_key"].as_str().unwrap();

    let run = naive.with("keys revoke", &[secret]).exits(1);

    assert_eq!(run.json()["error"]["code"], "not_found");
    assert!(!run.out.contains(secret) && run.err == SANDBOX);
    assert!(!lies_in(naive.home(), secret.as_bytes()));
    by(&naive, &key, "whoami").exits(0);
}

#[test]
fn a_sealed_key_acts_for_its_own_user_and_cannot_tell_who_else_there_is() {
    let naive = Naive::new();
    naive.run("connections connect hackernews --user alice").exits(0);
    let bobs = naive.run("connections connect hackernews --user bob").exits(0).json();
    let id = bobs["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    let key = made(&naive, "--role agent --user alice");

    let strangers = ["bob", "nobody"].map(|user| {
        let lines =
            ["connections connected --user", "connections connect gmail --user", "users get"];
        lines.map(|line| {
            by(&naive, &key, &format!("{line} {user}")).exits(1).json()["error"].clone()
        })
    });

    let expected = json!({
        "code": "forbidden",
        "message": "this key is sealed to another user",
        "hint": "leave out `--user`",
        "reason": "key_subject_mismatch",
    });
    assert!(strangers.as_flattened().iter().all(|error| *error == expected), "{strangers:#?}");
    let list = by(&naive, &key, "users list").exits(0).json();
    assert_eq!(list["result"]["users"].as_array().unwrap().len(), 1);
    for line in ["users get me", "users get default", "users get alice"] {
        let run = by(&naive, &key, line).exits(0);

        assert_eq!(run.json()["result"]["external_id"], "alice", "{line}");
    }
    let own = by(&naive, &key, "connections get hackernews").exits(0).json();
    assert_ne!(own["result"]["id"].as_str(), Some(id.as_str()));
    let other = by(&naive, &key, &format!("connections get {id}")).exits(1);
    assert_eq!(other.json()["error"]["code"], "not_found");
    assert_eq!(handles(&naive), ["-", "alice", "bob"]);
}

#[test]
fn the_operators_choice_of_user_is_not_a_sealed_keys() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    naive.run("users create bob").exits(0);
    naive.run("use bob").exits(0);
    let key = made(&naive, "--role agent --user alice");

    let run = by(&naive, &key, "whoami").exits(0);
    let naive = naive.env("NAIVE_ACTIVE_USER_ID", "bob");
    let named = by(&naive, &key, "connections connected").exits(1);

    assert_eq!(run.json()["result"]["activeUser"]["external_id"], "alice");
    assert_eq!(run.json()["result"]["activeUserSource"], "key");
    assert_eq!(refusal(&named), ["forbidden", "key_subject_mismatch"]);
    let hint = named.json()["error"]["hint"].clone();
    assert_eq!(hint, "unset `NAIVE_ACTIVE_USER_ID`, which names it");
}

#[test]
fn only_the_operator_and_unsealed_workspace_keys_change_policy() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    let agent = made(&naive, "--role agent");
    let sealed = made(&naive, "--role workspace --user alice");
    let workspace = made(&naive, "--role workspace");

    let lines = [
        "users create mallory",
        "users update alice --label x",
        "users delete alice",
        "toolkits disable gmail",
        "workspace update --connections true",
        "keys create --name more --role agent",
        "keys list",
        "keys revoke key_1",
    ];
    for (line, key) in lines.iter().flat_map(|line| [(line, &agent), (line, &sealed)]) {
        let run = by(&naive, key, line).exits(1);

        assert_eq!(refusal(&run), ["forbidden", "policy_protected"], "{line}");
    }
    for line in ["users update alice --label x", "toolkits disable gmail", "keys list"] {
        by(&naive, &workspace, line).exits(0);
    }
    assert_eq!(handles(&naive), ["-", "alice"]);
}

#[test]
fn what_is_the_operators_own_no_key_does() {
    let naive = Naive::new();
    let connected = naive.run("connections connect hackernews").exits(0).json();
    let id = connected["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    let to = naive.run("vault public-key").exits(0).json()["result"]["public_key"].clone();
    let export = format!("connections export {id} --to {}", to.as_str().unwrap());
    let block = naive.run(&export);

    for key in [made(&naive, "--role agent"), made(&naive, "--role workspace")] {
        let own = [
            export.as_str(),
            "vault status",
            "vault export-key",
            "use --clear",
            "config set output json",
            "sandbox reset",
        ];
        for line in own {
            let run = by(&naive, &key, line).exits(1);

            assert_eq!(refusal(&run), ["forbidden", "operator_only"], "{line}");
            assert!(!run.out.contains("unset"), "nobody is told how to become the operator");
        }
        let import = naive.command(["connections", "import"]);
        assert_eq!(refusal(&imported(import, &key, &block.out)), ["forbidden", "operator_only"]);
    }
}

/// Runs `connections import` as whoever holds a key.
fn imported(mut command: std::process::Command, key: &Value, block: &str) -> Run {
    let file = command.get_current_dir().unwrap().join("block");
    fs::write(&file, block).unwrap();
    command.env("NAIVE_API_KEY", key["api_key"].as_str().unwrap());
    command.stdin(fs::File::open(file).unwrap());
    ended(command.output().unwrap()).exits(1)
}

#[test]
fn a_key_that_the_store_knows_needs_no_profile() {
    let naive = Naive::new();
    let key = made(&naive, "--role agent --profile local");
    let naive = naive.env("NAIVE_API_KEY", key["api_key"].as_str().unwrap());
    fs::write(naive.home().join("config.toml"), "default_profile = \"local\"\n").unwrap();

    let run = naive.run("whoami").exits(0);

    assert_eq!(run.json()["result"]["profile"], "local");
    assert_eq!(run.json()["result"]["caller"], "key");
    assert!(!naive.home().join("sandbox").exists());
}

#[test]
fn a_key_that_a_store_made_is_not_sent_to_an_api_that_nobody_named() {
    let naive = Naive::new();
    let known = made(&naive, "--role agent --profile local");
    let unknown = json!({ "api_key": "nv_sk_local_0" });

    let cases = [
        (&known, "whoami", "use `--profile local`, whose store knows it"),
        (&known, "--profile cloud whoami", "use `--profile local`, whose store knows it"),
        (&unknown, "whoami", "use the `--profile` whose store made it"),
    ];
    for (key, line, hint) in cases {
        let run = by(&naive, key, line).exits(4);

        assert_eq!(refusal(&run), ["unauthorized", "key_unknown"], "{line}");
        assert_eq!(run.json()["error"]["hint"], hint, "{line}");
    }
    let naive = naive.env("NAIVE_BASE_URL", "http://127.0.0.1:9");
    let named = by(&naive, &known, "whoami").exits(1);
    assert_eq!(named.json()["error"]["reason"], "connection_refused");
    assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 1, "the store that was there");
}

#[test]
fn no_store_is_made_for_a_stranger() {
    let naive = Naive::new().env("NAIVE_BASE_URL", "http://127.0.0.1:9");
    let stranger = json!({ "api_key": "nv_sk_1" });

    let cloud = by(&naive, &stranger, "users list").exits(1);
    let local = by(&naive, &stranger, "--profile local users list").exits(4);
    let sandbox = by(&naive, &stranger, "--profile sandbox connections connect gmail").exits(4);

    assert_eq!(cloud.json()["error"]["reason"], "connection_refused");
    assert_eq!(refusal(&local), ["unauthorized", "key_unknown"]);
    assert_eq!(refusal(&sandbox), ["unauthorized", "key_unknown"]);
    assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 0);
}

#[test]
fn whoever_cannot_be_told_still_gets_the_doctor() {
    let naive = Naive::new();
    naive.run("users list").exits(0);
    let stranger = json!({ "api_key": "nv_sk_local_0" });

    for line in ["config path", "config show", "completions bash", "sandbox status"] {
        by(&naive, &stranger, line).exits(0);
    }
    let set = by(&naive, &stranger, "config set output json").exits(4);
    fs::write(naive.home().join("sandbox").join("naive.db"), "no database").unwrap();
    let doctor = by(&naive, &stranger, "--profile sandbox doctor").exits(1);
    let whoami = by(&naive, &stranger, "--profile sandbox whoami").exits(1);

    assert_eq!(refusal(&set), ["unauthorized", "key_unknown"]);
    assert_eq!(doctor.json()["result"]["ok"], false);
    assert_eq!(whoami.json()["error"]["code"], "internal_error");
}

#[test]
fn in_the_sandbox_only_a_person_makes_users_by_naming_them() {
    let naive = Naive::new();
    let agent = made(&naive, "--role agent");

    let refused = by(&naive, &agent, "connections connected --user alice").exits(1);
    let sealed = made(&naive, "--role agent --user bob");

    assert_eq!(refusal(&refused), ["not_found", "user_unknown"]);
    assert_eq!(handles(&naive), ["-", "bob"]);
    assert!(sealed["tenant_user_id"].is_string());
}

#[test]
fn whoami_says_with_which_key_for_whom_and_until_when() {
    let naive = Naive::new();
    let key = made(&naive, "--role agent --user alice --ttl 2h");

    let run = by(&naive, &key, "whoami").exits(0).json();
    let table = by(&naive, &key, "whoami --output table").exits(0);

    let mut known = key.clone();
    known.as_object_mut().unwrap().remove("api_key");
    assert_eq!(run["result"]["caller"], "key");
    assert_eq!(run["result"]["apiKey"], known);
    let held = format!("API key         bot (agent, {})", key["key_id"].as_str().unwrap());
    assert!(table.out.contains(&held), "{}", table.out);
    assert!(table.out.contains("\nsealed to       alice\nkey expires     20"), "{}", table.out);
}

#[test]
fn a_key_remembers_when_something_was_last_done_with_it() {
    let naive = Naive::new();
    let key = made(&naive, "--role agent");
    let last =
        || naive.run("keys list").exits(0).json()["result"]["keys"][0]["last_used_at"].clone();

    by(&naive, &key, "users list").exits(0);
    let looked = last();
    by(&naive, &key, "connections connect hackernews").exits(0);

    assert_eq!(looked, Value::Null);
    assert!(last().is_string());
}

#[test]
fn doctor_says_what_the_gate_stops_and_what_it_does_not() {
    let run = Naive::new().run("doctor").exits(0);

    let checks = run.json()["result"]["checks"].clone();
    let gate = checks.as_array().unwrap().iter().find(|one| one["check"] == "gate").unwrap();
    let found = gate["found"].as_str().unwrap();
    assert!(found.starts_with("level L0") && found.contains("does not stop"), "{found}");
    let recipe = gate["advice"].as_str().unwrap();
    assert!(recipe.contains("another OS user") && recipe.contains("naive serve"), "{recipe}");
}
