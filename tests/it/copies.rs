//! Stores that were brought back, keys of several callers, and rows that were changed behind the log's back.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::approvals::{approve, card, database, get, workspace};
use crate::support::{Naive, Run, ended};

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn as_agent(naive: &Naive, key: &str, line: &str, more: &[&str]) -> Run {
    let words = line.split_whitespace().chain(more.iter().copied());
    ended(naive.command(words).env("NAIVE_API_KEY", key).output().unwrap())
}

fn new_key(naive: &Naive, name: &str) -> String {
    let made = naive.run(&format!("--json keys create --name {name} --role agent")).exits(0).json();
    made["result"]["api_key"].as_str().unwrap().to_owned()
}

fn faults(naive: &Naive) -> Vec<String> {
    let run = naive.run("--json logs verify").json();
    let faults = run["result"]["faults"].as_array().unwrap();
    faults.iter().map(|fault| fault["what"].as_str().unwrap().to_owned()).collect()
}

#[cfg(unix)]
#[test]
fn a_directory_that_was_copied_whole_and_put_back_does_nothing_twice() {
    let (naive, key) = workspace("sandbox");
    let id = card(&naive, &key);
    let (dir, kept) = (naive.home().join("sandbox"), naive.home().join("kept"));
    copied(&dir, &kept);
    drop(approve(&naive, &id).exits(0));

    fs::remove_dir_all(&dir).unwrap();
    fs::rename(&kept, &dir).unwrap();
    let run = approve(&naive, &id).exits(1);

    assert_eq!(run.json()["error"]["reason"], "restored_copy");
    assert!(run.err.contains("of its approvals, 1 that wait may have been decided"), "{}", run.err);
    assert_eq!(get(&naive, &id)["status"], "pending");
    assert!(faults(&naive).is_empty());
}

#[test]
fn what_comes_from_a_backup_says_so_and_is_approved_by_whoever_says_that_they_know() {
    let (naive, key) = workspace("sandbox");
    let id = card(&naive, &key);
    drop(naive.run("backup kept.db").exits(0));
    drop(approve(&naive, &id).exits(0));
    drop(naive.run("restore kept.db").exits(0));

    let shown = get(&naive, &id);
    let refused = approve(&naive, &id).exits(1).json();
    let done =
        naive.run(&format!("--json approvals approve {id} --yes --restored")).exits(0).json();

    assert_eq!(shown["status"], "pending");
    assert!(!shown["restored_at"].is_null(), "{shown}");
    assert_eq!(refused["error"]["reason"], "restored_copy");
    assert_eq!(done["result"]["status"], "executed");
    let log = naive.run("--json logs all --action store.restored").exits(0).json();
    assert_eq!(log["result"]["events"][0]["actor_type"], "system");
}

#[test]
fn one_callers_key_is_no_other_ones() {
    let (naive, one) = workspace("sandbox");
    let two = new_key(&naive, "other");
    let line = "--json approvals request --title Deploy --user alice --idempotency-key k";
    let ask = |key: &str| {
        let run = as_agent(&naive, key, line, &[]).exits(8).json();
        get(&naive, run["result"]["approval_id"].as_str().unwrap())
    };

    let (first, second, again) = (ask(&one), ask(&two), ask(&one));

    assert_eq!(first["idempotency_key"], "k");
    assert_ne!(second["idempotency_key"], "k");
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["id"], second["id"]);
}

#[test]
fn a_kit_that_changes_its_defaults_makes_no_other_call_of_the_same() {
    let (naive, key) = workspace("sandbox");
    let defaults = |currency: &str| {
        let policy = format!(r#"{{"cards_config":{{"defaults":{{"currency":"{currency}"}}}}}}"#);
        let sql = "UPDATE kits SET policy = ?1";
        database(&naive, "sandbox").execute(sql, [policy]).unwrap();
    };
    let card = "{\"name\":\"Ads\",\"spendingLimitCents\":50000}";
    let ask = || {
        let line = "--json actions run cards.create --user alice --idempotency-key k --args";
        as_agent(&naive, &key, line, &[card]).exits(8).json()["result"]["approval_id"].clone()
    };

    defaults("usd");
    let first = ask();
    defaults("eur");

    assert_eq!(ask(), first);
}

#[test]
fn a_key_that_is_told_once_is_not_kept_for_a_repeat() {
    let naive = Naive::new();

    let line = "keys create --name bot --role agent --idempotency-key k";
    let run = naive.run(line).exits(1).json();

    assert_eq!(run["error"]["reason"], "answer_not_kept");
    let keys = naive.run("keys list").exits(0).json();
    assert_eq!(keys["result"]["keys"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_request_that_is_repeated_after_the_decision_ends_as_it_would_have() {
    let naive = Naive::new();
    for (decision, status, exit) in
        [("approve --yes", "executed", 0), ("deny", "denied", 9), ("cancel", "cancelled", 9)]
    {
        let line = format!("approvals request --title Deploy --idempotency-key {status}");
        let held = naive.run(&line).exits(8).json();
        let id = held["result"]["approval_id"].as_str().unwrap();
        drop(naive.run(&format!("approvals {decision} {id}")).exits(0));

        let again = naive.run(&format!("{line} --wait")).exits(exit).json();

        assert_eq!(again["result"]["id"], id, "{again}");
        assert_eq!(again["result"]["status"], status);
    }
}

#[test]
fn an_approval_that_was_removed_forged_or_decided_by_hand_is_found_with_the_log() {
    let check = |sql: &str, words: &str| {
        let (naive, key) = workspace("sandbox");
        let id = card(&naive, &key);
        assert!(faults(&naive).is_empty());
        let conn = database(&naive, "sandbox");
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        conn.execute_batch(&sql.replace("$id", &id)).unwrap();
        drop(conn);
        let found = faults(&naive);
        assert!(found.iter().any(|what| what.contains(words)), "{found:?}");
        (naive, id)
    };
    let removed = "DROP TRIGGER approvals_kept; DELETE FROM approvals WHERE id = '$id'";
    let decided = "UPDATE approvals SET status = 'approved', execute_by = 9999999999999,
        resolved_by = '{\"actor_type\":\"user\",\"actor_id\":\"operator\"}' WHERE id = '$id'";
    let unlogged = "DELETE FROM log WHERE approval_id = '$id'";

    drop(check(removed, "that it records is missing"));
    drop(check(unlogged, "the log does not know that"));
    let (naive, id) = check(decided, "is `approved`; after this entry it was `pending`");

    let run = naive.run(&format!("--json approvals reconcile {id}")).exits(1).json();
    assert_eq!(run["error"]["reason"], "approval_altered");
    assert_eq!(get(&naive, &id)["sends"], Value::from(0));
}

#[test]
fn a_key_whose_calls_were_held_was_used() {
    let (naive, key) = workspace("sandbox");
    drop(card(&naive, &key));

    let keys = naive.run("--json keys list").exits(0).json();

    assert!(!keys["result"]["keys"][0]["last_used_at"].is_null(), "{keys}");
}

#[test]
fn apps_that_an_agents_link_leads_to_do_not_hold_the_store() {
    let (naive, key) = workspace("sandbox");
    drop(naive.run("backup kept.db").exits(0));
    let line = "--json connections connect gmail --no-wait";
    drop(as_agent(&naive, &key, line, &[]).exits(0));

    drop(naive.run("--json restore kept.db").exits(0));
}
