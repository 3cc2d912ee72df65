//! Keys of callers, and stores that were brought back.

use std::path::Path;

use rusqlite::params;

use super::{DAY, MINUTE};
use crate::api::ids::ApprovalId;
use crate::api::time::Millis;
use crate::store::{Keyed, Restored, Standing, Store, generation, idempotency, restore};

const CALL: Keyed<'_> =
    Keyed { principal: "operator", key: "k", action: "users.create", digest: b"1", leaves: true };

fn claimed(store: &Store, call: &Keyed<'_>, at: i64) -> Standing {
    store.claim_key(call, Millis(at)).unwrap()
}

/// Freezes something that stands so.
fn approval(store: &Store, status: &str) -> ApprovalId {
    let id = ApprovalId::fresh();
    let user = store.own_user();
    store
        .conn()
        .execute(
            "INSERT INTO approvals (id, store_id, user_id, kit_id, action_type, class, digest, idem_key,
                 requested_by, requester, status, created_at, updated_at, expires_at)
             VALUES (?1, 's', ?2, 'k', 'cards.create', 'C', x'00', ?1, 'key_1', '{}', ?3, 1, 1, 9)",
            params![id.as_str(), user, status],
        )
        .unwrap();
    id
}

fn status(store: &Store, id: &ApprovalId) -> String {
    let conn = store.conn();
    let query = "SELECT status FROM approvals WHERE id = ?1";
    conn.query_row(query, [id.as_str()], |row| row.get(0)).unwrap()
}

#[test]
fn a_key_stands_for_one_call_from_its_claim_on() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());

    assert_eq!(claimed(&one, &CALL, 1), Standing::New);
    assert_eq!(claimed(&two, &CALL, 2), Standing::InFlight);
    let other = Keyed { digest: b"2", ..CALL };
    assert_eq!(claimed(&two, &other, 2), Standing::Other("users.create".to_owned()));
    assert_eq!(claimed(&two, &Keyed { principal: "key_1", ..CALL }, 2), Standing::New);

    one.keep_answer(&CALL, b"sealed").unwrap();

    assert_eq!(claimed(&two, &CALL, 3), Standing::Answered(b"sealed".to_vec()));
    assert_eq!(claimed(&one, &CALL, 3), Standing::Answered(b"sealed".to_vec()));
}

#[test]
fn a_call_whose_process_ended_is_another_ones_to_finish() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
    assert_eq!(claimed(&one, &CALL, 1), Standing::New);

    drop(one);

    assert_eq!(claimed(&two, &CALL, 2), Standing::Abandoned);
    two.forget_key(&CALL).unwrap();
    assert_eq!(claimed(&two, &CALL, 3), Standing::New);
}

#[test]
fn what_surely_never_left_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
    let held = Keyed { leaves: false, ..CALL };
    assert_eq!(claimed(&one, &held, 1), Standing::New);

    drop(one);

    assert_eq!(claimed(&two, &CALL, 2), Standing::New);
    drop(two);
    let three = Store::open(dir.path()).unwrap();
    assert_eq!(claimed(&three, &held, 3), Standing::Abandoned);
}

#[test]
fn two_callers_never_share_a_key_at_the_upstream() {
    let store = Store::open(tempfile::tempdir().unwrap().path()).unwrap();
    let other = Keyed { principal: "key_1", ..CALL };
    claimed(&store, &other, 1);
    claimed(&store, &CALL, 1);

    let first = store.upstream_key(&other).unwrap();
    let derived = store.upstream_key(&CALL).unwrap();
    store.forget_key(&other).unwrap();
    store.forget_key(&CALL).unwrap();
    claimed(&store, &CALL, 2);
    claimed(&store, &other, 2);

    assert_eq!(first, "k");
    assert!(derived != "k" && derived.len() == 32, "{derived}");
    assert_eq!(store.upstream_key(&CALL).unwrap(), derived);
    assert_eq!(store.upstream_key(&other).unwrap(), "k");
}

#[test]
fn an_answer_is_kept_for_a_day_and_a_key_while_its_approval_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let held = Keyed { key: "held", ..CALL };
    claimed(&store, &CALL, 1);
    store.keep_answer(&CALL, b"sealed").unwrap();
    claimed(&store, &held, 1);
    let id = approval(&store, "pending");
    {
        let tx = store.write().unwrap();
        idempotency::hold(&tx, "operator", "held", &id).unwrap();
        tx.commit().unwrap();
    }

    assert_eq!(claimed(&store, &CALL, DAY), Standing::Answered(b"sealed".to_vec()));
    assert_eq!(claimed(&store, &CALL, DAY + MINUTE), Standing::New);
    assert_eq!(store.sealed(&CALL.owner()).unwrap(), None);
    assert_eq!(claimed(&store, &held, 9 * DAY), Standing::Held(id.clone()));
    store.conn().execute("UPDATE approvals SET status = 'denied'", []).unwrap();
    assert_eq!(claimed(&store, &held, 9 * DAY), Standing::New);
}

/// Counts a claim as whoever sends something does.
fn claim(store: &Store) {
    {
        let tx = store.write().unwrap();
        generation::advance(&tx).unwrap();
        tx.commit().unwrap();
    }
    store.mark_claim().unwrap();
}

fn settled(dir: &Path) -> (Store, Option<Restored>) {
    let store = Store::open(dir).unwrap();
    let restored = store.settle_copy(Millis(5)).unwrap();
    (store, restored)
}

#[test]
fn a_store_that_goes_on_is_no_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (store, restored) = settled(dir.path());
    assert_eq!(restored, None);

    claim(&store);
    claim(&store);
    assert_eq!(store.settle_copy(Millis(5)).unwrap(), None);

    // Killed between the claim and the file: the database is ahead.
    store.conn().execute("UPDATE store SET generation = generation + 1", []).unwrap();
    assert_eq!(store.settle_copy(Millis(5)).unwrap(), None);
}

#[test]
fn what_a_restored_copy_had_under_way_is_given_up_and_never_done_again() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup.db");
    let store = Store::open(dir.path()).unwrap();
    let ids = ["pending", "approved", "sending", "executed"].map(|status| approval(&store, status));
    store.backup(&file, false).unwrap();
    claim(&store);
    drop(store);

    restore(dir.path(), &file).unwrap();

    let (store, restored) = settled(dir.path());
    assert_eq!(restored, Some(Restored { unknown: 2, pending: 1 }));
    let found = ids.each_ref().map(|id| status(&store, id));
    assert_eq!(found, ["pending", "unknown", "unknown", "executed"]);
    let verified = store.check_log().unwrap();
    assert_eq!(verified.entries, 3, "{verified:?}");
    claim(&store);
    drop(store);
    assert_eq!(settled(dir.path()).1, None);
}

#[test]
fn a_directory_that_was_copied_whole_is_a_copy() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, _) = settled(dir.path());
    approval(&store, "pending");
    approval(&store, "sending");
    claim(&store);
    drop(store);
    for file in ["naive.db", "store.id", "generation"] {
        std::fs::copy(dir.path().join(file), other.path().join(file)).unwrap();
    }

    let (store, restored) = settled(other.path());

    assert_eq!(restored, Some(Restored { unknown: 1, pending: 1 }));
    store.conn().execute_batch("VACUUM").unwrap();
    claim(&store);
    assert_eq!(store.settle_copy(Millis(6)).unwrap(), None);
    assert_eq!(settled(dir.path()).1, None);
}

#[test]
fn a_copy_is_known_on_another_machine_and_from_another_store() {
    let home = || tempfile::tempdir().unwrap();
    let (dir, fresh, taken, other) = (home(), home(), home(), home());
    let file = other.path().join("backup.db");
    let (store, _) = settled(dir.path());
    approval(&store, "approved");
    store.backup(&file, false).unwrap();
    drop(settled(taken.path()));

    for place in [fresh.path(), taken.path()] {
        restore(place, &file).unwrap();
        let (_, restored) = settled(place);
        assert_eq!(restored, Some(Restored { unknown: 1, pending: 0 }));
    }
    assert_eq!(store.settle_copy(Millis(5)).unwrap(), None);
}

#[test]
fn a_store_that_is_in_use_is_not_replaced() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup.db");
    let store = Store::open(dir.path()).unwrap();
    store.backup(&file, false).unwrap();
    claimed(&store, &CALL, 1);

    let error = restore(dir.path(), &file).unwrap_err();

    assert_eq!(error.reason.as_deref(), Some("store_in_use"));
}
