//! What holds of approvals whoever writes to the store, in whatever order.

mod interleavings;

use super::*;
use crate::store::presence::Presence;

/// A store with a directory of its own, fast: nobody cuts its power.
struct Desk {
    store: Store,
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.conn().execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF").unwrap();
        Self { store, dir }
    }

    /// Freezes an action of a class at a time; it waits for a thousand milliseconds.
    fn freeze(&self, class: Class, at: i64) -> ApprovalRow {
        let id = ApprovalId::fresh();
        let (user, by) = (self.store.own_user(), operator());
        let new = NewApproval {
            id: &id,
            user_id: &user,
            kit_id: "kit",
            action_type: "cards.create",
            class,
            idem_key: id.as_str(),
            key: None,
            requester: &by,
            created_at: Millis(at),
            expires_at: Millis(at + 1000),
        };
        let seal = |seq: i64| {
            let digest = seq.to_be_bytes().to_vec();
            Ok(Sealed { digest, bytes: b"sealed".to_vec() })
        };
        self.store.freeze(&new, seal).unwrap()
    }

    fn approve(&self, row: &ApprovalRow, at: i64, then: Then<'_>) -> (ApprovalRow, bool) {
        let by = operator();
        let decision = Decision { by: &by, reason: None, at: Millis(at) };
        self.store.approve(&row.id, &decision, (Millis(at + 2000), then)).unwrap().unwrap()
    }

    fn end(&self, row: &ApprovalRow, status: ApprovalStatus, kept: bool) -> Option<ApprovalRow> {
        let phase = if kept { "answered" } else { "settled" };
        let end = End {
            status,
            kept,
            outcome: b"came",
            phase,
            word: status.as_str(),
            http_status: Some(200),
            used: None,
        };
        self.store.end_send(row, &end, (&operator(), Millis(1))).unwrap()
    }

    fn row(&self, row: &ApprovalRow) -> ApprovalRow {
        self.store.approval_as_it_stands(&row.id).unwrap().unwrap()
    }

    fn logged(&self) -> i64 {
        self.store.conn().query_row("SELECT log_seq FROM store", [], |row| row.get(0)).unwrap()
    }

    /// Goes on as another process; the one before lives on in what is returned.
    fn become_another(&mut self) -> Option<Presence> {
        let other = Presence::enter(self.dir.path()).unwrap();
        std::mem::replace(&mut self.store.presence, other.into()).into_inner()
    }
}

fn operator() -> Actor {
    Actor { actor_type: "user".into(), actor_id: "operator".into(), name: None }
}

#[test]
fn what_is_frozen_cannot_be_changed_or_removed_by_sql() {
    let desk = Desk::new();
    let row = desk.freeze(Class::C, 0);
    let changes = [
        "seq = 99",
        "id = 'x'",
        "store_id = 'x'",
        "user_id = 'x'",
        "kit_id = 'x'",
        "action_type = 'x'",
        "class = 'A'",
        "digest = x'00'",
        "idem_key = 'x'",
        "requested_by = 'x'",
        "requester = 'x'",
        "created_at = 5",
        "expires_at = 5",
        "epoch = -1",
        "sends = -1",
    ];

    for change in changes {
        let sql = format!("UPDATE OR IGNORE approvals SET {change}");
        let refused = desk.store.conn().execute(&sql, []);
        assert!(refused.is_err(), "{change}");
    }
    for sql in ["DELETE FROM approvals", "DELETE FROM sealed WHERE owner GLOB 'approval:*'"] {
        assert!(desk.store.conn().execute(sql, []).is_err(), "{sql}");
    }
    assert_eq!(desk.row(&row), row);
}

#[test]
fn what_has_ended_stays_so_by_sql_too() {
    let desk = Desk::new();
    let ended = ["executed", "failed", "denied", "expired", "cancelled"];
    for status in ended {
        let row = desk.freeze(Class::C, 0);
        let set = |to: &str| {
            let sql = "UPDATE approvals SET status = ?2 WHERE id = ?1";
            desk.store.conn().execute(sql, [row.id.as_str(), to])
        };
        set(status).unwrap();

        for other in ApprovalStatus::ALL.into_iter().filter(|other| other.as_str() != status) {
            assert!(set(other.as_str()).is_err(), "{status} to {}", other.as_str());
        }
    }
}

#[test]
fn of_those_who_decide_at_once_one_does() {
    let desk = Desk::new();
    let row = desk.freeze(Class::A, 0);
    let by = operator();
    let decision = Decision { by: &by, reason: Some("no"), at: Millis(5) };

    let (denied, first) = desk.store.deny(&row.id, &decision).unwrap().unwrap();
    let (second, won) = desk.approve(&row, 6, Then::Send(Millis(9)));
    let (third, taken) = desk.store.cancel(&row.id, &decision).unwrap().unwrap();

    assert!(first && !won && !taken);
    assert_eq!(denied.status, ApprovalStatus::Denied);
    assert_eq!((&second, &third), (&denied, &denied));
    assert_eq!(denied.reason.as_deref(), Some("no"));
    // Frozen and denied; who came too late changed nothing.
    assert_eq!(desk.logged(), 2);
}

#[test]
fn numbers_are_never_given_twice() {
    let desk = Desk::new();
    let (one, two) = (desk.freeze(Class::A, 0), desk.freeze(Class::A, 0));

    let failed = desk.store.freeze(
        &NewApproval {
            id: &ApprovalId::fresh(),
            user_id: &desk.store.own_user(),
            kit_id: "kit",
            action_type: "cards.create",
            class: Class::A,
            idem_key: "key",
            key: None,
            requester: &operator(),
            created_at: Millis(0),
            expires_at: Millis(1),
        },
        |_| Err(Error::new(Code::InternalError, "no key")),
    );

    assert!(failed.is_err());
    assert_eq!((one.seq, two.seq, desk.freeze(Class::A, 0).seq), (1, 2, 3));
}

#[test]
fn nobody_decides_while_the_clock_stands_before_the_question() {
    let desk = Desk::new();
    let row = desk.freeze(Class::A, 1_000_000);
    let by = operator();
    let at = |at| Decision { by: &by, reason: None, at: Millis(at) };

    let error = desk.store.deny(&row.id, &at(1_000_000 - 300_001)).unwrap_err();
    let (_, won) = desk.store.deny(&row.id, &at(1_000_000 - 300_000)).unwrap().unwrap();

    assert_eq!(error.reason.as_deref(), Some("clock_skew"));
    assert!(won);
}

#[test]
fn whoever_looks_late_finds_it_expired_and_logged() {
    let desk = Desk::new();
    let (looked, decided, swept) =
        (desk.freeze(Class::A, 0), desk.freeze(Class::A, 0), desk.freeze(Class::A, 0));

    let read = desk.store.approval(&looked.id, Millis(1000)).unwrap().unwrap();
    let (late, won) = desk.approve(&decided, 1000, Then::Send(Millis(9)));
    desk.store.expire_due(Millis(999)).unwrap();
    let before = desk.row(&swept).status;
    desk.store.expire_due(Millis(1000)).unwrap();

    assert_eq!(read.status, ApprovalStatus::Expired);
    assert_eq!((late.status, won), (ApprovalStatus::Expired, false));
    assert_eq!(before, ApprovalStatus::Pending);
    assert_eq!(desk.row(&swept).status, ApprovalStatus::Expired);
    assert_eq!(desk.logged(), 6);
}

#[test]
fn a_result_of_an_earlier_claim_counts_for_nothing() {
    let mut desk = Desk::new();
    let row = desk.freeze(Class::A, 0);
    let (first, _) = desk.approve(&row, 1, Then::Send(Millis(9)));
    assert_eq!((first.status, first.sends, first.epoch), (ApprovalStatus::Sending, 1, 1));
    drop(desk.become_another());
    assert_eq!(desk.store.stranded().unwrap(), 1);

    let taken = desk.store.adopt(&first, Millis(2)).unwrap().unwrap();

    assert!(desk.store.adopt(&first, Millis(3)).unwrap().is_none());
    assert!(desk.end(&first, ApprovalStatus::Executed, false).is_none());
    assert_eq!(desk.row(&row).status, ApprovalStatus::Sending);
    assert_eq!(desk.store.stranded().unwrap(), 0);
    let ended = desk.end(&taken, ApprovalStatus::Unknown, false).unwrap();
    assert_eq!((ended.status, ended.owner), (ApprovalStatus::Unknown, None));
}

#[test]
fn what_never_left_is_sent_again_only_in_time() {
    let desk = Desk::new();
    let row = desk.freeze(Class::C, 0);
    let by = operator();
    let (claimed, _) = desk.approve(&row, 1, Then::Send(Millis(9)));

    let back = desk.end(&claimed, ApprovalStatus::Approved, true).unwrap();
    let again = desk.store.claim(&row.id, &by, (Millis(5), Millis(9))).unwrap().unwrap();
    let back_again = desk.end(&again, ApprovalStatus::Approved, false).unwrap();
    let late = desk.store.claim(&row.id, &by, (Millis(2001), Millis(9))).unwrap();

    assert_eq!((back.first_sent_at, again.first_sent_at), (None, Some(Millis(5))));
    assert_eq!((again.epoch, again.sends), (2, 2));
    assert_eq!((back.owner.is_some(), back_again.owner), (true, None));
    assert!(late.is_none());
    assert_eq!(desk.row(&row).status, ApprovalStatus::Expired);
}

#[test]
fn a_list_goes_on_where_the_page_before_ended() {
    let desk = Desk::new();
    let rows: Vec<_> = (0..5).map(|_| desk.freeze(Class::A, 0)).collect();
    let by = operator();
    let decision = Decision { by: &by, reason: None, at: Millis(1) };
    desk.store.deny(&rows[1].id, &decision).unwrap().unwrap();
    let user = desk.store.own_user();
    let seqs = |filter: &Filter<'_>, limit| -> Vec<i64> {
        desk.store.approvals(filter, limit).unwrap().iter().map(|row| row.seq).collect()
    };
    let pending = Some(ApprovalStatus::Pending);

    assert_eq!(seqs(&Filter::default(), 3), [5, 4, 3]);
    assert_eq!(seqs(&Filter { before: Some(3), ..Filter::default() }, 3), [2, 1]);
    assert_eq!(seqs(&Filter { status: pending, ..Filter::default() }, 9), [5, 4, 3, 1]);
    let filter = Filter { status: pending, user: Some(&user), before: Some(4) };
    assert_eq!(seqs(&filter, 9), [3, 1]);
    assert!(seqs(&Filter { user: Some("nobody"), ..filter }, 9).is_empty());
}

#[test]
fn what_waits_is_found_by_an_index_however_much_has_ended() {
    let desk = Desk::new();
    let queries = [
        "SELECT * FROM approvals WHERE seq < 9 AND status = 'pending' ORDER BY seq DESC LIMIT 5",
        "SELECT owner FROM approvals WHERE status = 'sending'",
        "SELECT * FROM approvals WHERE status = 'pending' AND expires_at <= 5",
    ];
    for query in queries {
        let conn = desk.store.conn();
        let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let plan: Vec<String> =
            explain.query_map([], |row| row.get(3)).unwrap().map(|step| step.unwrap()).collect();

        let indexed = plan.iter().all(|step| step.contains("USING") && step.contains("INDEX"));
        assert!(indexed, "{query}: {plan:?}");
    }
}
