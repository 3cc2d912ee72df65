//! What a check of the log finds.

use rusqlite::params;
use sha2::{Digest as _, Sha256};

use crate::api::approvals::Actor;
use crate::api::ids::{ApprovalId, fresh};
use crate::api::time::Millis;
use crate::store::{Entry, Store, Wanted};

fn entry(action: &'static str) -> Entry {
    let name = Some("bot".to_owned());
    Entry {
        id: fresh().to_string(),
        at: Millis(7),
        actor: Actor { actor_type: "agent".to_owned(), actor_id: "key_1".to_owned(), name },
        user: Some("u".to_owned()),
        action,
        entity_type: Some("tool"),
        target: Some("T".to_owned()),
        outcome: "done".to_owned(),
        took: 3,
        approval_id: Some(ApprovalId::fresh()),
        used: None,
    }
}

/// Returns a store with five entries.
fn logged() -> Store {
    let store = Store::in_memory();
    for _ in 0..5 {
        store.log(&entry("connections.execute")).unwrap();
    }
    store
}

/// Returns the numbers of the entries at which something is wrong.
fn faults(store: &Store) -> Vec<i64> {
    store.check_log().unwrap().faults.iter().filter_map(|fault| fault.seq).collect()
}

#[test]
fn a_log_that_nobody_touched_is_intact() {
    let verified = logged().check_log().unwrap();

    assert!(verified.intact, "{verified:?}");
    assert_eq!((verified.entries, verified.head.map(|head| head.len())), (5, Some(64)));
    assert!(Store::in_memory().check_log().unwrap().intact);
}

#[test]
fn every_column_of_an_entry_is_covered() {
    for change in [
        "id = 'x'",
        "at = 8",
        "actor = 'user'",
        "actor_id = 'key_2'",
        "actor_id = NULL",
        "actor_name = ''",
        "actor_name = NULL",
        "user_id = NULL",
        "action = 'users.create'",
        "entity_type = NULL",
        "entity_type = 'toolT', target = ''",
        "target = 'U'",
        "outcome = 'forbidden'",
        "took_ms = 4",
        "approval_id = NULL",
    ] {
        let store = logged();

        store.conn().execute(&format!("UPDATE log SET {change} WHERE seq = 3"), []).unwrap();

        assert_eq!(faults(&store), [3], "{change}");
    }
}

#[test]
fn what_was_removed_moved_or_slipped_in_is_found() {
    const COPY: &str = "'new', at, actor, user_id, action, target, outcome, took_ms, hash, form,
        actor_id, actor_name, entity_type, approval_id FROM log WHERE seq = 3";
    let cases: [(String, &[i64]); 12] = [
        ("UPDATE log SET hash = x'00' WHERE seq = 3".into(), &[3, 4]),
        ("UPDATE log SET form = 1 WHERE seq = 3".into(), &[3, 3]),
        ("UPDATE log SET form = 3 WHERE seq = 3".into(), &[3, 4]),
        ("DELETE FROM log WHERE seq = 1".into(), &[1]),
        ("DELETE FROM log WHERE seq IN (3, 4)".into(), &[3]),
        ("DELETE FROM log WHERE seq > 3".into(), &[4]),
        ("DELETE FROM log".into(), &[1]),
        (
            "UPDATE log SET seq = -seq WHERE seq IN (2, 3);
             UPDATE log SET seq = 5 + seq WHERE seq < 0"
                .into(),
            &[2, 3, 4],
        ),
        (
            format!(
                "UPDATE log SET seq = -1 - seq WHERE seq > 3;
                 UPDATE log SET seq = -seq WHERE seq < 0; INSERT INTO log SELECT 4, {COPY}"
            ),
            &[4, 5, 6, 6],
        ),
        (format!("INSERT INTO log SELECT 6, {COPY}"), &[6, 6]),
        ("UPDATE store SET log_seq = 4".into(), &[5]),
        ("UPDATE store SET log_hash = x'00'".into(), &[5]),
    ];
    for (change, found) in cases {
        let store = logged();

        store.conn().execute_batch(&change).unwrap();

        assert_eq!(faults(&store), found, "{change}");
    }
}

#[test]
fn a_tail_that_was_cut_stays_missing_whatever_comes_after() {
    let store = logged();

    store.conn().execute("DELETE FROM log WHERE seq > 3", []).unwrap();
    store.log(&entry("users.create")).unwrap();
    store.log(&entry("users.create")).unwrap();

    let verified = store.check_log().unwrap();
    assert_eq!(verified.entries, 5);
    assert_eq!(verified.faults[0].what, "entries 4 to 5 are missing");
    assert_eq!(verified.faults.len(), 1);
}

#[test]
fn an_entry_that_was_slipped_in_behind_the_end_stops_nobody_from_writing() {
    let store = logged();

    store
        .conn()
        .execute(
            "INSERT INTO log SELECT 6, 'new', at, actor, user_id, action, target, outcome, took_ms,
                 hash, form, actor_id, actor_name, entity_type, approval_id FROM log WHERE seq = 3",
            [],
        )
        .unwrap();
    store.log(&entry("users.create")).unwrap();

    assert_eq!(faults(&store), [6, 7]);
}

#[test]
fn entries_from_before_are_held_to_the_hash_they_had() {
    let store = Store::in_memory();
    let mut previous = Vec::new();
    for (id, target) in [("a", None), ("b", Some("gmail"))] {
        let mut sum = Sha256::new();
        sum.update(&previous);
        for field in [id, "5", "human", "", "users.create", target.unwrap_or_default(), "done", "1"]
        {
            sum.update((field.len() as u64).to_be_bytes());
            sum.update(field);
        }
        previous = sum.finalize().to_vec();
        let conn = store.conn();
        conn.execute(
            "INSERT INTO log (id, at, actor, action, target, outcome, took_ms, hash)
             VALUES (?1, 5, 'human', 'users.create', ?2, 'done', 1, ?3)",
            params![id, target, previous],
        )
        .unwrap();
        conn.execute("UPDATE store SET log_seq = log_seq + 1, log_hash = ?1", [&previous]).unwrap();
    }
    store.log(&entry("users.create")).unwrap();
    assert!(store.check_log().unwrap().intact);

    for (change, found) in [("outcome = 'x'", [2]), ("actor_name = 'eve'", [2])] {
        store.conn().execute(&format!("UPDATE log SET {change} WHERE seq = 2"), []).unwrap();
        assert_eq!(faults(&store), found, "{change}");
        let back = "UPDATE log SET outcome = 'done', actor_name = NULL WHERE seq = 2";
        store.conn().execute(back, []).unwrap();
    }
}

#[test]
fn the_log_is_read_from_both_ends() {
    let store = logged();
    store.log(&entry("users.create")).unwrap();
    let all = Wanted {
        user: None,
        action: None,
        after: None,
        after_seq: None,
        before_seq: None,
        limit: 2,
    };
    let numbers = |wanted: Wanted<'_>| -> Vec<i64> {
        store.events(&wanted).unwrap().iter().map(|event| event.seq).collect()
    };

    assert_eq!(numbers(all), [6, 5]);
    assert_eq!(numbers(Wanted { after_seq: Some(1), ..all }), [2, 3]);
    assert_eq!(numbers(Wanted { before_seq: Some(3), ..all }), [2, 1]);
    assert_eq!(numbers(Wanted { action: Some("users.create"), user: Some("u"), ..all }), [6]);
    assert_eq!(numbers(Wanted { user: Some("v"), ..all }), [0; 0]);
    assert_eq!(numbers(Wanted { after: Some(Millis(7)), ..all }), [0; 0]);
}
