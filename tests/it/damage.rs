//! A store that is broken, newer, locked away or without its key: one plain sentence, and nothing lost.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Naive, Run};

const CONNECTED: &str = "connections connected";
const FIND: &str = "connections execute gmail GMAIL_FETCH_EMAILS";

/// A machine with Gmail connected, and where its store is.
fn gmail() -> (Naive, PathBuf) {
    let naive = Naive::new();
    drop(naive.run("connections connect gmail").exits(0));
    let store = naive.home().join("sandbox/naive.db");
    (naive, store)
}

/// Returns an error that says one plain sentence.
fn plain(run: &Run) -> Value {
    let error = run.json()["error"].clone();
    let message = error["message"].as_str().unwrap();
    assert!(
        !message.contains('\n') && !message.contains("rusqlite") && !message.contains("panick"),
        "{message}"
    );
    assert!(!run.err.contains("panicked"), "{}", run.err);
    error
}

#[test]
fn an_emptied_store_is_refused_and_not_begun_anew() {
    let (naive, store) = gmail();
    fs::write(&store, "").unwrap();

    for line in [CONNECTED, "connections connect gmail", "users list"] {
        let run = naive.run(line).exits(1);

        assert_eq!(plain(&run)["code"], "internal_error", "{line}");
        assert!(run.json()["error"]["hint"].is_string(), "{}", run.out);
    }
    assert_eq!(fs::read(&store).unwrap().len(), 0);
}

#[test]
fn a_store_of_junk_is_refused_and_left_as_it_is() {
    let (naive, store) = gmail();
    let length = fs::metadata(&store).unwrap().len();
    let junk = vec![0xA5; usize::try_from(length).unwrap()];
    fs::write(&store, &junk).unwrap();

    let run = naive.run(CONNECTED).exits(1);

    assert_eq!(plain(&run)["code"], "internal_error");
    assert!(run.json()["error"]["hint"].is_string(), "{}", run.out);
    assert!(fs::read(&store).unwrap() == junk);
}

#[test]
fn a_store_with_a_broken_middle_is_no_panic() {
    let (naive, store) = gmail();
    let whole = fs::read(&store).unwrap();

    for at in (4096..whole.len()).step_by(4096) {
        let mut broken = whole.clone();
        broken[at..at + 4096].fill(0x5A);
        fs::write(&store, &broken).unwrap();

        for line in [CONNECTED, FIND, "doctor"] {
            let run = naive.run(line);
            assert!([0, 1, 4].contains(&run.status), "{line} at {at}: {run:?}");
            assert!(!run.err.contains("panicked"), "{line} at {at}: {}", run.err);
        }
    }
}

#[test]
fn a_store_that_is_cut_off_is_no_panic() {
    let (naive, store) = gmail();
    let whole = fs::read(&store).unwrap();

    for length in [1, 100, 4095, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&store, &whole[..length]).unwrap();

        let run = naive.run(CONNECTED);

        assert!([0, 1].contains(&run.status), "{length}: {run:?}");
        assert!(!run.err.contains("panicked"), "{length}: {}", run.err);
    }
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let (naive, store) = gmail();
    let mut newer = fs::read(&store).unwrap();
    // Source: SQLite's file format, 1.3: the user version is at offset 60, big-endian.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&store, &newer).unwrap();

    let run = naive.run(CONNECTED).exits(1);

    assert_eq!(plain(&run)["message"], "the store has schema 99, newer than this `naive` knows");
    assert_eq!(run.json()["error"]["hint"], "install the newer `naive` again");
    assert!(fs::read(&store).unwrap() == newer);
}

#[test]
fn a_missing_store_is_made_anew_only_where_none_was() {
    let (naive, store) = gmail();
    fs::remove_file(&store).unwrap();

    let run = naive.run(CONNECTED).exits(1);

    assert_eq!(plain(&run)["code"], "internal_error", "{}", run.out);
    assert!(!store.exists() || fs::metadata(&store).unwrap().len() == 0);
}

#[test]
fn a_lost_key_is_not_replaced_and_works_again_through_the_environment() {
    let (naive, _) = gmail();
    let file = naive.home().join("sandbox/encryption.key");
    let key = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();

    let lost = naive.run(FIND).exits(4);
    let connect = naive.run("connections connect gmail --user bob").exits(4);
    let rows = naive.run(CONNECTED).exits(0).json();
    let status = naive.run("vault status").exits(0).json();
    let made = file.exists();
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", key.trim());
    let found = naive.run(FIND).exits(0);

    assert_eq!(plain(&lost)["code"], "feature_not_configured");
    assert_eq!(plain(&lost)["reason"], "key_missing");
    let hint = lost.json()["error"]["hint"].as_str().unwrap().to_owned();
    assert!(
        hint.contains("`NAIVE_ENCRYPTION_KEY`") && hint.contains("no new key was made"),
        "{hint}"
    );
    assert_eq!(plain(&connect)["reason"], "key_missing");
    assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE");
    assert_eq!(status["result"]["unlocked"], false);
    assert!(!made && !file.exists());
    assert_eq!(found.json()["success"], true);
}

#[test]
fn a_wrong_key_opens_nothing_and_changes_nothing() {
    let (naive, _) = gmail();
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", "ab".repeat(32));
    let wrong = naive.run(FIND).exits(4);
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", "not hexadecimal");
    let odd = naive.run(FIND);
    let naive = naive.env("NAIVE_ENCRYPTION_KEY", "");

    assert_eq!(plain(&wrong)["reason"], "key_mismatch");
    assert_ne!(odd.status, 0);
    assert!(
        !odd.out.contains("not hexadecimal") && !odd.err.contains("not hexadecimal"),
        "{odd:?}"
    );
    drop(naive.run(FIND).exits(0));
}

#[test]
fn a_credential_that_was_moved_or_damaged_is_named_and_mended_by_connecting_again() {
    // given: the sealed bytes of the credential, changed in the file
    let (naive, store) = gmail();
    let mut bytes = fs::read(&store).unwrap();
    let owner = b"connection:ca_";
    let places: Vec<_> =
        (0..bytes.len() - owner.len()).filter(|at| bytes[*at..].starts_with(owner)).collect();
    for at in &places {
        let sealed = at + "connection:".len() + "ca_".len() + 32;
        bytes[sealed + 40] ^= 1;
    }
    fs::write(&store, &bytes).unwrap();

    let run = naive.run(FIND).exits(1);
    drop(naive.run("connections connect gmail --reconnect").exits(0));

    assert!(!places.is_empty());
    assert_eq!(plain(&run)["reason"], "credential_damaged");
    drop(naive.run(FIND).exits(0));
}

#[cfg(unix)]
#[test]
fn a_home_that_cannot_be_written_is_said_in_one_sentence() {
    let naive = Naive::new();
    fs::write(naive.home().join("sandbox"), "a file where the profile should be").unwrap();

    let run = naive.run(CONNECTED).exits(1);

    assert_eq!(plain(&run)["code"], "internal_error");
}
