//! The log: what it tells, who finds out that it was changed, and that nothing is lost from it.

use std::io::{BufRead as _, BufReader};

use rusqlite::{Connection, OpenFlags};

use crate::browser::signal;
use crate::support::{Naive, ended};
use crate::together::{rounds, together};

/// Changes the store as somebody would who has the file.
fn tampered(naive: &Naive, change: &str) {
    let path = naive.home().join("sandbox").join("naive.db");
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    conn.execute_batch(change).unwrap();
}

#[test]
fn what_was_done_is_in_the_log_of_its_user_and_of_all() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("connections connect hackernews --user alice").exits(0));
    drop(naive.run("connections execute hackernews HACKERNEWS_TOP_STORIES").exits(0));
    drop(naive.run("users list").exits(0));

    let all = naive.run("logs all").exits(0).json();
    let alice = naive.run("logs tail --user alice").exits(0).json();
    let own = naive.run("logs tail").exits(0).json();
    let one = naive.run("logs all --action users.create --limit 1").exits(0).json();
    let none = naive.run("logs all --after 2100-01-01T00:00:00Z").exits(0).json();

    let actions = |run: &serde_json::Value| -> Vec<String> {
        let events = run["result"]["events"].as_array().unwrap();
        events.iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    };
    let (done, made) = ("connections.execute", "users.create");
    assert_eq!(actions(&all), [done, "connections.connect", made]);
    assert_eq!(actions(&alice), ["connections.connect"]);
    assert_eq!(actions(&own), [done]);
    assert_eq!(actions(&one), [made]);
    assert_eq!(actions(&none), [""; 0]);
    let event = &all["result"]["events"][0];
    assert_eq!(event["seq"], 3);
    assert_eq!((&event["actor_type"], &event["actor_id"]), (&"user".into(), &"operator".into()));
    assert_eq!(event["entity_type"], "tool");
    assert_eq!(event["entity_id"], "HACKERNEWS_TOP_STORIES");
    assert_eq!(event["outcome"], "done");
}

#[test]
fn what_the_kit_or_the_state_of_a_user_forbids_is_logged() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("users delete alice").exits(0));
    drop(naive.run("connections connect gmail --user alice").exits(1));

    let log = naive.run("--output table logs all --limit 1").exits(0);

    assert!(log.out.contains("connections.connect"), "{}", log.out);
    assert!(log.out.trim_end().ends_with("forbidden"), "{}", log.out);
}

#[test]
fn a_key_that_nobody_knows_fills_no_log() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let stranger = ["--profile", "sandbox", "users", "create", "bob"];
    let run = naive.command(stranger).env("NAIVE_API_KEY", "nv_sk_guess").output().unwrap();

    assert_eq!(run.status.code(), Some(4));
    let log = naive.run("logs all").exits(0).json();
    assert_eq!(log["result"]["events"].as_array().unwrap().len(), 1);
}

#[test]
fn whoever_changes_the_log_by_hand_is_found_out() {
    let naive = Naive::new();
    for name in ["a", "b", "c"] {
        drop(naive.run(&format!("users create {name}")).exits(0));
    }
    let before = naive.run("logs verify").exits(0).json();
    assert_eq!(before["result"]["intact"], true);
    assert_eq!(before["result"]["entries"], 3);

    tampered(&naive, "UPDATE log SET outcome = 'forbidden' WHERE seq = 2");
    tampered(&naive, "DELETE FROM log WHERE seq = 3");

    let after = naive.run("logs verify").exits(1).json();
    assert_eq!(after["success"], false);
    assert_eq!(after["error"]["reason"], "log_altered");
    let faults = after["result"]["faults"].as_array().unwrap();
    let seen: Vec<_> = faults.iter().map(|fault| fault["seq"].as_i64().unwrap()).collect();
    assert_eq!(seen, [2, 3]);
    assert_eq!(faults[1]["what"], "the entry is missing at the end");
    let table = naive.run("--output table logs verify").exits(1);
    assert!(table.out.contains("2, not as they were written"), "{}", table.out);
}

#[test]
fn eight_processes_that_write_at_once_lose_no_entry() {
    for round in 0..rounds(2) {
        let naive = Naive::new();

        let runs =
            together(&naive, (0..16).map(|number| format!("users create u{number}-{round}")));

        for (line, run) in runs {
            assert_eq!(run.status, 0, "{line}: {run:?}");
        }
        let verified = naive.run("logs verify").exits(0).json();
        assert_eq!(verified["result"]["entries"], 16);
    }
}

#[test]
fn new_entries_are_told_as_they_come_until_a_signal() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let mut follower = naive.command(["logs", "all", "--follow"]).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next =
        || -> serde_json::Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };

    let first = next();
    drop(naive.run("users create bob").exits(0));
    let second = next();
    signal(follower.id(), "INT");

    assert_eq!((&first["seq"], &second["seq"]), (&1.into(), &2.into()));
    assert_eq!(second["action"], "users.create");
    assert_eq!(follower.wait().unwrap().code(), Some(130));
}

#[test]
fn what_was_frozen_and_altered_is_found_with_the_log() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let held = naive.run("approvals request --title Deploy --user alice").exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();
    drop(naive.run("logs verify").exits(0));

    tampered(&naive, "UPDATE sealed SET bytes = x'00' WHERE owner GLOB 'approval:*'");

    let run = naive.run("logs verify").exits(1).json();
    let what = run["result"]["faults"][0]["what"].as_str().unwrap();
    assert_eq!(what, format!("what was frozen as approval `{id}` was altered since"));
}

#[test]
fn a_key_that_is_sealed_to_a_user_sees_their_log_alone() {
    let naive = Naive::new();
    for name in ["alice", "bob"] {
        drop(naive.run(&format!("users create {name}")).exits(0));
        drop(naive.run(&format!("connections connect hackernews --user {name}")).exits(0));
    }
    let key = naive.run("keys create --name bot --role agent --user alice").exits(0).json();
    let key = key["result"]["api_key"].as_str().unwrap();
    let ask = |line: &str| {
        let line = format!("--profile sandbox {line}");
        ended(naive.command(line.split(' ')).env("NAIVE_API_KEY", key).output().unwrap())
    };

    let own = ask("logs all").exits(0).json();
    let others = ask("logs all --user bob").exits(1).json();
    let whole = ask("logs verify").exits(1).json();

    assert_eq!(own["result"]["events"].as_array().unwrap().len(), 1);
    assert_eq!(others["error"]["reason"], "key_subject_mismatch");
    assert_eq!(whole["error"]["code"], "forbidden");
}
