//! What webhooks are told: written down with what happens, claimed by one, sent until it is heard.

use rusqlite::params;

use super::{DAY, MINUTE};
use crate::api::approvals::{Actor, ApprovalStatus, Class};
use crate::api::error::{Code, Error};
use crate::api::ids::{ApprovalId, ConnectionId};
use crate::api::time::Millis;
use crate::api::webhooks::{EventType, Webhook, WebhookId, WebhookState};
use crate::store::{
    ApprovalRow, Decision, Delivery, LONGEST_PAUSE, MOST_WEBHOOKS, NewApproval, Next, Sealed,
    Store, Then, Tried, webhook_owner,
};

/// Makes a webhook that hears of these, of everybody's or of one user's.
fn webhook(store: &Store, event_types: &[EventType], user: Option<&str>) -> WebhookId {
    let new = Webhook {
        id: WebhookId::fresh(),
        url: "https://example.com/hook".parse().unwrap(),
        event_types: event_types.to_vec(),
        active: true,
        tenant_user_id: user.map(str::to_owned),
        created_at: Millis(1),
    };
    assert!(store.insert_webhook(&new, b"sealed").unwrap());
    new.id
}

/// Freezes an action, unless its bytes cannot be sealed.
fn freeze(store: &Store, at: i64, seals: bool) -> Option<ApprovalRow> {
    let id = ApprovalId::fresh();
    let (user, by) = (store.own_user(), Actor::operator());
    let new = NewApproval {
        id: &id,
        user_id: &user,
        kit_id: "kit",
        action_type: "cards.create",
        class: Class::C,
        idem_key: id.as_str(),
        key: None,
        requester: &by,
        created_at: Millis(at),
        expires_at: Millis(at + 1000),
    };
    let sealed = |_| Ok(Sealed { digest: vec![1], bytes: b"sealed".to_vec() });
    let keyless = |_| Err(Error::new(Code::InternalError, "no key"));
    let seal = |seq| if seals { sealed(seq) } else { keyless(seq) };
    store.freeze(&new, seal).ok()
}

/// Returns what was written down for a webhook, in order: the event, how its subject stood, and when.
fn told(store: &Store, webhook: &WebhookId) -> Vec<(String, String, i64)> {
    let conn = store.conn();
    let mut select = conn
        .prepare(
            "SELECT event, subject_status, happened_at FROM deliveries WHERE webhook_id = ?1
             ORDER BY seq",
        )
        .unwrap();
    let rows = select
        .query_map([webhook.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn row(event: &str, status: &str, at: i64) -> (String, String, i64) {
    (event.to_owned(), status.to_owned(), at)
}

/// Opens the store of a directory, fast: nobody cuts its power.
fn open(dir: &tempfile::TempDir) -> Store {
    let store = Store::open(dir.path()).unwrap();
    store.conn().execute_batch("PRAGMA synchronous = OFF").unwrap();
    store
}

/// A store with a directory and one webhook that is to hear of some approvals.
fn waiting(count: i64) -> (tempfile::TempDir, Store, WebhookId) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let id = webhook(&store, &[EventType::ApprovalRequested], None);
    for at in 0..count {
        freeze(&store, at, true).unwrap();
    }
    (dir, store, id)
}

fn tried(store: &Store, one: &Delivery, next: Next, at: i64) {
    let error = (next != Next::Delivered).then(|| (Code::ProviderError, "it said no".to_owned()));
    let tried = Tried { http_status: Some(500), error, next };
    store.end_delivery(one, &tried, Millis(at)).unwrap();
}

fn state(store: &Store) -> WebhookState {
    store.webhooks(None).unwrap().remove(0)
}

fn failures(store: &Store) -> i64 {
    let count = "SELECT count(*) FROM log WHERE action = 'webhook.failed'";
    store.conn().query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn every_move_of_an_approval_is_written_down_with_it_for_those_who_hear_of_it() {
    let store = Store::in_memory();
    let own = store.own_user();
    let all = webhook(&store, &EventType::ALL, None);
    let asked = webhook(&store, &[EventType::ApprovalRequested], Some(&own));
    store
        .conn()
        .execute(
            "INSERT INTO users (id, status, is_default, created_at) VALUES ('u', 'active', 0, 1)",
            [],
        )
        .unwrap();
    let elsewhere = webhook(&store, &EventType::ALL, Some("u"));
    let by = Actor::operator();
    let decision = |at| Decision { by: &by, reason: None, at: Millis(at) };

    let one = freeze(&store, 10, true).unwrap();
    let execute = (Millis(999), Then::Done(b"{}"));
    store.approve(&one.id, &decision(20), execute).unwrap();
    let two = freeze(&store, 30, true).unwrap();
    store.deny(&two.id, &decision(40)).unwrap();
    store.deny(&two.id, &decision(50)).unwrap();
    let three = freeze(&store, 60, true).unwrap();
    store.expire_due(Millis(1060)).unwrap();
    assert_eq!(
        store.approval(&three.id, Millis(2000)).unwrap().unwrap().status,
        ApprovalStatus::Expired
    );
    assert!(freeze(&store, 70, false).is_none());

    assert_eq!(
        told(&store, &all),
        [
            row("approval.requested", "pending", 10),
            row("approval.resolved", "approved", 20),
            row("approval.resolved", "executed", 20),
            row("approval.requested", "pending", 30),
            row("approval.resolved", "denied", 40),
            row("approval.requested", "pending", 60),
            row("approval.resolved", "expired", 1060),
        ]
    );
    let asked: Vec<_> = told(&store, &asked).into_iter().map(|(_, _, at)| at).collect();
    assert_eq!(asked, [10, 30, 60]);
    assert_eq!(told(&store, &elsewhere), []);
}

#[test]
fn every_change_of_a_connection_is_written_down_with_it_and_news_that_is_none_is_not() {
    let store = Store::in_memory();
    let all = webhook(&store, &EventType::ALL, None);

    let id = store.begun("gmail", None, 1);
    store.fail(&id, "declined", Millis(2)).unwrap();
    store.begun("gmail", None, 3);
    store.activated(&id, None, 4);
    store.expire(&id, "old news", Millis(4)).unwrap();
    store.expire(&id, "gone", Millis(5)).unwrap();
    store.expire(&id, "gone", Millis(6)).unwrap();
    store.revive(&id, Millis(7)).unwrap();
    store.deactivate(&id, Millis(8)).unwrap();
    store.deactivate(&id, Millis(9)).unwrap();
    store.revoke(&id, &["c"], Millis(10)).unwrap();
    let broker = store.begun("brokerage", None, 11);
    store.activated(&broker, None, 12);
    store.forget_connection(&broker, "c", Millis(13)).unwrap();

    assert_eq!(
        told(&store, &all),
        [
            row("connection.failed", "FAILED", 2),
            row("connection.active", "ACTIVE", 4),
            row("connection.expired", "EXPIRED", 5),
            row("connection.active", "ACTIVE", 7),
            row("connection.disconnected", "INACTIVE", 8),
            row("connection.disconnected", "REVOKED", 10),
            row("connection.active", "ACTIVE", 12),
            row("connection.disconnected", "REVOKED", 13),
        ]
    );
    assert!(store.connection(&broker).unwrap().is_none());
}

#[test]
fn a_login_that_ended_after_a_disconnect_tells_nobody_anything() {
    let store = Store::in_memory();
    let all = webhook(&store, &[EventType::ConnectionActive], None);
    let id: ConnectionId = store.begun("gmail", None, 1);
    store.deactivate(&id, Millis(2)).unwrap();

    let grant =
        crate::store::Grant { owner: "c", sealed: b"x", account: None, scopes: &[], client: None };
    assert!(store.activate(&id, &grant, Millis(3)).unwrap().is_none());

    assert_eq!(told(&store, &all), []);
}

#[test]
fn of_any_number_of_processes_one_sends_a_delivery_until_it_ends_or_takes_too_long() {
    let (dir, one, _) = waiting(3);
    let (two, three) = (open(&dir), open(&dir));

    let first = one.claim_deliveries(Millis(10)).unwrap();
    assert_eq!(first.iter().map(|one| one.at.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(two.claim_deliveries(Millis(10)).unwrap().is_empty());
    assert!(one.claim_deliveries(Millis(10)).unwrap().is_empty());
    assert_eq!(two.next_delivery().unwrap(), Some(Millis(15_010)));

    drop(one);
    let taken_over = two.claim_deliveries(Millis(20)).unwrap();
    assert_eq!(taken_over.len(), 3);
    assert!(three.claim_deliveries(Millis(20)).unwrap().is_empty());
    assert_eq!(three.claim_deliveries(Millis(15_020)).unwrap().len(), 3);

    // The one that took too long has failed, which is no longer its to say; but what was heard was heard.
    tried(&two, &taken_over[0], Next::Failed, 15_030);
    tried(&two, &taken_over[1], Next::Delivered, 15_030);
    assert_eq!((state(&three).waiting, failures(&three)), (2, 0));
}

#[test]
fn what_was_not_heard_waits_for_its_next_try_and_is_logged_once_it_is_given_up() {
    let (_dir, store, _) = waiting(1);

    let one = store.claim_deliveries(Millis(10)).unwrap().remove(0);
    tried(&store, &one, Next::Again(Millis(1010)), 10);

    assert_eq!(store.next_delivery().unwrap(), Some(Millis(1010)));
    assert!(store.claim_deliveries(Millis(1009)).unwrap().is_empty());
    assert_eq!(failures(&store), 0);
    let again = store.claim_deliveries(Millis(1010)).unwrap().remove(0);
    assert_eq!((again.id.as_str(), again.tries), (one.id.as_str(), 1));
    tried(&store, &again, Next::Failed, 1020);

    let state = state(&store);
    let last = state.last_delivery.unwrap();
    assert_eq!((state.waiting, failures(&store)), (0, 1));
    assert_eq!((last.at, last.tries, last.status), (Millis(1020), 2, Some(500)));
    assert_eq!(last.error.as_deref(), Some("it said no"));
    assert_eq!(store.next_delivery().unwrap(), None);
}

#[test]
fn what_is_due_later_than_any_pause_was_reckoned_by_another_clock_and_is_due() {
    let (_dir, store, _) = waiting(1);
    let one = store.claim_deliveries(Millis(DAY)).unwrap().remove(0);
    tried(&store, &one, Next::Again(Millis(DAY + 1000)), DAY);

    let within = DAY + 1000 - i64::try_from(LONGEST_PAUSE.as_millis()).unwrap();
    assert!(store.claim_deliveries(Millis(within)).unwrap().is_empty());
    assert_eq!(store.claim_deliveries(Millis(MINUTE)).unwrap().len(), 1);
}

#[test]
fn an_address_with_much_to_hear_does_not_keep_the_others_waiting() {
    let (_dir, store, busy) = waiting(20);
    let other = webhook(&store, &[EventType::ApprovalRequested], None);
    freeze(&store, 50, true).unwrap();

    let claimed = store.claim_deliveries(Millis(100)).unwrap();

    let of = |id: &WebhookId| claimed.iter().filter(|one| one.webhook == *id).count();
    assert_eq!((of(&busy), of(&other)), (8, 1));
    assert_eq!(store.next_delivery().unwrap(), Some(Millis(0)));
}

#[test]
fn an_address_that_is_unwell_is_left_alone_until_its_next_try() {
    let (_dir, store, _) = waiting(20);
    let other = webhook(&store, &[EventType::ApprovalRequested], None);

    for one in store.claim_deliveries(Millis(10)).unwrap() {
        tried(&store, &one, Next::Rest(Millis(1010)), 10);
    }
    freeze(&store, 500, true).unwrap();

    assert_eq!(told(&store, &other).len(), 1);
    let meanwhile = store.claim_deliveries(Millis(600)).unwrap();
    assert_eq!(meanwhile.iter().filter(|one| one.webhook == other).count(), 1);
    // What came since tries the address once more.
    assert_eq!(meanwhile.len(), 2);
    assert_eq!(store.claim_deliveries(Millis(1010)).unwrap().len(), 8);
}

#[test]
fn an_address_that_is_gone_for_good_is_told_nothing_more() {
    let (_dir, store, id) = waiting(20);
    let claimed = store.claim_deliveries(Millis(100)).unwrap();

    tried(&store, &claimed[0], Next::Gone, 110);
    tried(&store, &claimed[1], Next::Gone, 110);
    freeze(&store, 200, true).unwrap();

    let state = state(&store);
    assert!(!state.webhook.active);
    assert_eq!((state.waiting, failures(&store)), (0, 1));
    assert_eq!(told(&store, &id).len(), 1);
    assert!(store.claim_deliveries(Millis(DAY)).unwrap().is_empty());
}

#[test]
fn a_webhook_takes_along_its_secret_and_what_waits_for_it() {
    let (_dir, store, id) = waiting(2);
    let claimed = store.claim_deliveries(Millis(10)).unwrap();

    let gone = store.delete_webhook(&id).unwrap().unwrap();

    assert_eq!((gone.id, gone.active), (id.clone(), true));
    assert_eq!(store.sealed(&webhook_owner(&id)).unwrap(), None);
    assert_eq!(told(&store, &id), []);
    tried(&store, &claimed[0], Next::Failed, 20);
    assert_eq!(failures(&store), 0);
    assert_eq!(store.delete_webhook(&id).unwrap(), None);
}

#[test]
fn what_has_ended_is_kept_for_a_week_and_no_more_than_a_thousand_of_it() {
    let (_dir, store, id) = waiting(1);
    let user = store.own_user();
    let ended = |count: i64, at: i64| {
        for number in 0..count {
            store
                .conn()
                .execute(
                    "INSERT INTO deliveries (id, webhook_id, event, user_id, subject_id, subject_status,
                         happened_at, status, tried_at)
                     VALUES (?1, ?2, 'approval.resolved', ?3, 'x', 'denied', 0, 'delivered', ?4)",
                    params![format!("{at}-{number}"), id.as_str(), user, at + number],
                )
                .unwrap();
        }
    };
    ended(5, 0);
    ended(1, DAY);

    store.prune_deliveries(Millis(7 * DAY + 4)).unwrap();
    assert_eq!(told(&store, &id).len(), 2, "the last of the week, and what waits");
    ended(1000, 2 * DAY);
    store.prune_deliveries(Millis(3 * DAY)).unwrap();

    assert_eq!(told(&store, &id).len(), 1001);
    assert_eq!(state(&store).waiting, 1);
}

#[test]
fn there_is_room_for_a_hundred_webhooks() {
    let store = Store::in_memory();
    for _ in 0..MOST_WEBHOOKS {
        webhook(&store, &[EventType::ApprovalResolved], None);
    }

    let one_more = Webhook { id: WebhookId::fresh(), ..state(&store).webhook };

    assert!(!store.insert_webhook(&one_more, b"sealed").unwrap());
    assert_eq!(store.sealed(&webhook_owner(&one_more.id)).unwrap(), None);
}

#[test]
fn a_moment_that_many_wait_for_is_found_without_reading_them_all() {
    let store = Store::in_memory();
    let conn = store.conn();
    let mut plan = conn
        .prepare("EXPLAIN QUERY PLAN SELECT min(due_at) FROM deliveries WHERE status = 'waiting'")
        .unwrap();
    let step: String = plan.query_row([], |row| row.get("detail")).unwrap();

    assert!(step.contains("deliveries_due"), "{step}");
}
