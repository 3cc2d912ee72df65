//! The key that seals credentials: where it comes from, where it lies, and how it is changed.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::Naive;

/// Keys that only ever seal what these tests make.
const FIRST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const SECOND: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

const LIST: &str = "connections execute stripe STRIPE_LIST_CUSTOMERS";

/// A machine with one sealed credential.
fn connected(naive: Naive) -> Naive {
    let naive = naive.env("NAIVE_CREDENTIAL_API_KEY", "sk_test_x");
    naive.run("connections connect stripe").exits(0);
    naive
}

fn status(naive: &Naive) -> Value {
    naive.run("vault status").exits(0).json()["result"].clone()
}

fn key_file(naive: &Naive) -> PathBuf {
    naive.home().join("sandbox").join("encryption.key")
}

fn exported(naive: &Naive) -> String {
    let run = naive.run("vault export-key").exits(0);
    run.json()["result"]["key"].as_str().unwrap().to_owned()
}

fn is_key(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

#[test]
fn before_the_first_secret_there_is_no_key() {
    let naive = Naive::new();

    let run = naive.run("vault status").exits(0);
    let people = naive.run("vault status --output table").exits(0);

    let expected = json!({
        "success": true,
        "action": "vault.status",
        "sandbox": true,
        "result": {
            "key": null,
            "unlocked": false,
            "sealed": 0,
            "cipher": "XChaCha20-Poly1305",
        },
    });
    assert_eq!(run.json(), expected);
    assert!(people.out.starts_with("key       none yet; the first credential makes one\n"));
    assert!(!key_file(&naive).exists());
}

#[test]
fn the_first_secret_makes_the_key_and_says_once_where_it_lies() {
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "sk_test_x");

    let first = naive.run("connections connect stripe").exits(0);
    let second = naive.run("connections connect stripe --reconnect").exits(0);

    let note = format!(
        "No keyring answers here, so the key that seals credentials is in `{}`.",
        key_file(&naive).display()
    );
    assert!(first.err.contains(&note), "{}", first.err);
    assert!(!second.err.contains("keyring"), "{}", second.err);
    let status = status(&naive);
    assert_eq!(status["key"]["source"], "file");
    assert_eq!(status["key"]["id"].as_str().unwrap().len(), 16);
    assert_eq!(status["unlocked"], true);
    assert_eq!(status["sealed"], 1);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_key_and_the_store() {
    use std::os::unix::fs::PermissionsExt as _;

    let naive = connected(Naive::new());

    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = naive.home().join("sandbox");
    assert_eq!(mode(dir.clone()), 0o700);
    assert_eq!(mode(key_file(&naive)), 0o600);
    assert_eq!(mode(dir.join("naive.db")), 0o600);
    naive.run("vault rotate").exits(0);
    assert_eq!(mode(key_file(&naive)), 0o600);
}

#[test]
fn the_exported_key_is_the_one_that_opens_the_store() {
    let naive = connected(Naive::new());

    let key = exported(&naive);
    fs::remove_file(key_file(&naive)).unwrap();
    let missing = naive.run(LIST).exits(4).json();
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", &key);
    let opened = naive.run(LIST).exits(0).json();

    assert!(is_key(&key), "{key}");
    assert_eq!(missing["error"]["code"], "feature_not_configured");
    assert_eq!(missing["error"]["reason"], "key_missing");
    assert_eq!(opened["result"]["successful"], true);
    assert!(!key_file(&naive).exists());
}

#[test]
fn exporting_warns_whoever_keeps_the_key() {
    let naive = connected(Naive::new());

    let run = naive.run("vault export-key --output table").exits(0);

    assert!(is_key(run.out.trim_end()), "{}", run.out);
    assert!(run.err.ends_with(
        "\nWhoever has this key and the store has every credential. Keep them apart.\n"
    ));
}

#[test]
fn a_key_made_for_export_is_announced_too() {
    let naive = Naive::new();

    let run = naive.run("vault export-key").exits(0);

    assert!(run.err.contains(&key_file(&naive).display().to_string()), "{}", run.err);
}

#[test]
fn the_environment_gives_the_key_and_no_file_is_made() {
    let naive = connected(Naive::new().env("NAIVE_ENCRYPTION_KEY", FIRST));

    let status = status(&naive);

    assert_eq!(status["key"]["source"], "environment");
    assert_eq!(status["unlocked"], true);
    assert_eq!(exported(&naive), FIRST);
    assert!(!key_file(&naive).exists());
}

#[test]
fn another_key_than_the_one_that_sealed_is_refused() {
    let naive = connected(Naive::new().env("NAIVE_ENCRYPTION_KEY", FIRST));
    let id = status(&naive)["key"]["id"].as_str().unwrap().to_owned();
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", SECOND);

    let run = naive.run(LIST).exits(4);

    let expected = json!({
        "code": "feature_not_configured",
        "message": "`NAIVE_ENCRYPTION_KEY` is not the key that sealed this store",
        "hint": format!("set the key whose fingerprint is `{id}`"),
        "reason": "key_mismatch",
    });
    assert_eq!(run.json()["error"], expected);
    assert_eq!(status(&naive)["unlocked"], false);
}

#[test]
fn where_the_key_is_missing_no_new_one_is_made() {
    let naive = connected(Naive::new());
    let id = status(&naive)["key"]["id"].as_str().unwrap().to_owned();
    fs::remove_file(key_file(&naive)).unwrap();

    for line in [LIST, "connections connect stripe --reconnect", "vault export-key", "vault rotate"]
    {
        let run = naive.run(line).exits(4);

        let expected = json!({
            "code": "feature_not_configured",
            "message": "the key that sealed this store is missing: the key file is gone",
            "hint": format!(
                "bring the file back, or set `NAIVE_ENCRYPTION_KEY` to the key with fingerprint `{id}`; no new key was made"
            ),
            "reason": "key_missing",
        });
        assert_eq!(run.json()["error"], expected, "{line}");
    }
    assert!(!key_file(&naive).exists());
}

#[test]
fn a_new_key_file_opens_everything_the_old_one_did() {
    let naive = connected(Naive::new());
    naive.run(LIST).exits(0);
    let (key, before) = (exported(&naive), status(&naive));

    let rotated = naive.run("vault rotate").exits(0).json();

    naive.run(LIST).exits(0);
    let after = status(&naive);
    assert_eq!(rotated["result"], after);
    assert_eq!(after["key"]["source"], "file");
    assert_eq!(after["sealed"], 1);
    assert_ne!(after["key"]["id"], before["key"]["id"]);
    assert_ne!(exported(&naive), key);
    assert_eq!(fs::read_to_string(key_file(&naive)).unwrap().trim(), exported(&naive));
    assert!(!key_file(&naive).with_extension("next").exists());
}

#[test]
fn the_old_key_opens_nothing_after_a_rotation() {
    let naive = connected(Naive::new());
    let old = exported(&naive);

    naive.run("vault rotate").exits(0);
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", old);

    let run = naive.run(LIST).exits(4);
    assert_eq!(run.json()["error"]["reason"], "key_mismatch");
}

#[test]
fn a_new_key_for_the_environment_comes_from_stdin() {
    let naive = connected(Naive::new().env("NAIVE_ENCRYPTION_KEY", FIRST));

    let run = naive.fed("vault rotate --key -", &format!("{SECOND}\n")).exits(0);
    let old = naive.run(LIST).exits(4).json();
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", SECOND);
    let new = naive.run(LIST).exits(0).json();

    assert!(run.err.ends_with("Set `NAIVE_ENCRYPTION_KEY` to the new key now.\n"), "{}", run.err);
    assert!(!run.out.contains(SECOND) && !run.err.contains(SECOND));
    assert_eq!(run.json()["result"]["key"]["source"], "environment");
    assert_eq!(old["error"]["reason"], "key_mismatch");
    assert_eq!(new["result"]["successful"], true);
}

#[test]
fn a_rotation_wants_a_new_key_exactly_where_the_environment_gives_it() {
    let given = connected(Naive::new().env("NAIVE_ENCRYPTION_KEY", FIRST));
    let made = connected(Naive::new());

    let without = given.run("vault rotate").exits(1).json();
    let with = made.fed("vault rotate --key -", SECOND).exits(1).json();

    let expected = json!({
        "code": "invalid_input",
        "message": "the key comes from `NAIVE_ENCRYPTION_KEY`",
        "hint": "give the new one: `openssl rand -hex 32 | naive vault rotate --key -`",
    });
    assert_eq!(without["error"], expected);
    let expected = json!({
        "code": "invalid_input",
        "message": "the new key is made here",
        "hint": "leave `--key` out",
    });
    assert_eq!(with["error"], expected);
    given.run(LIST).exits(0);
    made.run(LIST).exits(0);
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_repeated() {
    let naive = connected(Naive::new().env("NAIVE_ENCRYPTION_KEY", FIRST));

    let run = naive.with("vault rotate --key", &[SECOND]).exits(2);

    assert_eq!(run.json()["error"]["message"], "`--key` is not read from the command line");
    assert!(!run.out.contains(SECOND) && !run.err.contains(SECOND));
}

#[test]
fn a_malformed_key_is_refused_and_not_repeated() {
    for key in ["abc", &FIRST[1..], &format!("{FIRST}0"), &FIRST.replace('0', "g")] {
        let naive = Naive::new()
            .env("NAIVE_ENCRYPTION_KEY", key)
            .env("NAIVE_CREDENTIAL_API_KEY", "sk_test_x");

        let run = naive.run("connections connect stripe").exits(1);

        let expected = json!({
            "code": "invalid_input",
            "message": "the encryption key is not 64 hexadecimal digits",
            "hint": "make one with `openssl rand -hex 32`",
        });
        assert_eq!(run.json()["error"], expected);
        assert!(!run.out.contains(key) && !run.err.contains(key));
        assert_eq!(
            naive.run("connections connected").exits(0).json()["result"]["connections"],
            json!([])
        );
    }
}

#[test]
fn a_malformed_new_key_changes_nothing() {
    let naive = connected(Naive::new().env("NAIVE_ENCRYPTION_KEY", FIRST));

    let run = naive.fed("vault rotate --key -", "abc\n").exits(1);

    assert_eq!(run.json()["error"]["code"], "invalid_input");
    naive.run(LIST).exits(0);
}

#[test]
fn a_key_may_be_written_in_upper_case() {
    let naive = connected(Naive::new().env("NAIVE_ENCRYPTION_KEY", FIRST.to_uppercase()));
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", FIRST);

    let run = naive.run(LIST).exits(0);

    assert_eq!(run.json()["result"]["successful"], true);
}

#[test]
fn a_locked_vault_says_why_it_is_locked() {
    let naive = connected(Naive::new());
    fs::remove_file(key_file(&naive)).unwrap();

    let run = naive.run("vault status").exits(0).json();

    assert_eq!(run["result"]["unlocked"], false);
    assert!(run["hints"][0].as_str().is_some_and(|hint| hint.contains("key")), "{run:#}");
}

#[test]
fn doctor_finds_a_key_that_is_gone_and_says_how_to_bring_it_back() {
    let naive = connected(Naive::new());
    let well = naive.run("doctor").exits(0).json();
    let id = status(&naive)["key"]["id"].as_str().unwrap().to_owned();
    fs::remove_file(key_file(&naive)).unwrap();

    let ill = naive.run("doctor").exits(1).json();

    let key = |reply: &Value| {
        let checks = reply["result"]["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["check"] == "key").unwrap()
    };
    assert_eq!(well["result"]["ok"], true);
    assert_eq!(key(&well)["found"], format!("file ({id})").as_str());
    assert_eq!(ill["result"]["ok"], false);
    let expected = json!({
        "check": "key",
        "ok": false,
        "found": "the key that sealed this store is missing: the key file is gone",
        "advice": format!(
            "bring the file back, or set `NAIVE_ENCRYPTION_KEY` to the key with fingerprint `{id}`; no new key was made"
        ),
    });
    assert_eq!(key(&ill), expected);
}

#[test]
fn a_rotation_before_the_first_secret_does_not_wait_for_itself() {
    let given = Naive::new().env("NAIVE_ENCRYPTION_KEY", FIRST);
    let made = Naive::new();

    let run = given.fed("vault rotate --key -", SECOND).exits(0).json();
    let rotated = made.run("vault rotate").exits(0).json();

    assert_eq!(run["result"]["key"]["source"], "environment");
    assert_eq!(rotated["result"]["sealed"], 0);
    drop(connected(given.env("NAIVE_ENCRYPTION_KEY", SECOND)).run(LIST).exits(0));
    drop(connected(made).run(LIST).exits(0));
}
