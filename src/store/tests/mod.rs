//! What becomes of connections and their logins, event by event.

mod deliveries;
mod log;
mod once;
mod trading;

use std::collections::BTreeMap;

use rusqlite::params;

use super::mirror::STALE;
use super::schema::{MIGRATIONS, migrate, version};
use super::{
    Connection as Database, Flow, FlowAnswer, FlowState, Grant, NewFlow, Store, flow_owner,
};
use crate::api::connections::{Connection, Status};
use crate::api::ids::{ConnectionId, UserRef};
use crate::api::time::Millis;
use crate::api::toolkits::Provider;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn store() -> (Store, String) {
    let store = Store::in_memory();
    let user = store.user(&"default".parse::<UserRef>().unwrap()).unwrap().unwrap();
    (store, user.id)
}

fn begun(store: &Store, user: &str, state: &[u8], at: i64) -> ConnectionId {
    begun_by(store, user, (state, false), at)
}

/// Begins a login with a link of ten minutes, that nobody waits for or that somebody does.
fn begun_by(store: &Store, user: &str, (state, waits): (&[u8], bool), at: i64) -> ConnectionId {
    let flow = Flow {
        state_hash: state.to_vec(),
        owner: flow_owner(state),
        sealed: b"kept".to_vec(),
        expires_at: Millis(at + 10 * MINUTE),
        poll_every: None,
    };
    begin(store, user, (Some(&flow), waits), at)
}

fn begin(store: &Store, user: &str, (flow, waits): (Option<&Flow>, bool), at: i64) -> ConnectionId {
    let (fields, toolkit) = (BTreeMap::new(), "gmail".parse().unwrap());
    let new = NewFlow {
        user,
        toolkit: &toolkit,
        provider: Provider::Direct,
        label: None,
        fields: &fields,
        scopes: &[],
        reconnect: true,
        restart: false,
        waits,
    };
    store.begin(&new, flow, Millis(at)).unwrap().id
}

fn activated(store: &Store, id: &ConnectionId, at: i64) -> Option<Connection> {
    let grant = Grant { owner: "c", sealed: b"x", account: Some("ann"), scopes: &[], client: None };
    store.activate(id, &grant, Millis(at)).unwrap()
}

/// Returns how a row stands, and since when.
fn stands(store: &Store, id: &ConnectionId) -> (Status, i64) {
    let (_, row) = store.connection(id).unwrap().unwrap();
    (row.status, row.last_status_at.0)
}

fn swept(store: &Store, user: &str, at: i64) -> usize {
    let stale = store.stale(user, Millis(at)).unwrap();
    stale.iter().filter(|id| store.lapse(id, Millis(at)).unwrap()).count()
}

#[test]
fn a_state_is_taken_once() {
    let (store, user) = store();
    let id = begun(&store, &user, b"s", 1);

    let first = store.take_flow(b"s", Millis(2)).unwrap();
    let second = store.take_flow(b"s", Millis(3)).unwrap();

    assert!(matches!(first, FlowAnswer::Taken(taken, bytes) if taken == id && bytes == b"kept"));
    assert!(matches!(second, FlowAnswer::Used));
    assert!(matches!(store.take_flow(b"t", Millis(3)).unwrap(), FlowAnswer::Unknown));
}

#[test]
fn a_login_begun_anew_forgets_the_one_before() {
    let (store, user) = store();
    let one = begun(&store, &user, b"one", 1);
    let two = begun(&store, &user, b"two", 2);

    assert_eq!(one, two);
    assert!(matches!(store.take_flow(b"one", Millis(3)).unwrap(), FlowAnswer::Unknown));
    let late = Millis(11 * MINUTE);
    assert!(matches!(store.take_flow(b"two", late).unwrap(), FlowAnswer::Lapsed));
}

#[test]
fn a_login_that_a_process_waits_for_is_joined_for_as_long_as_that_lives() {
    let dir = tempfile::tempdir().unwrap();
    let (store, first) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
    let user = store.user(&"default".parse::<UserRef>().unwrap()).unwrap().unwrap().id;
    let id = begun_by(&first, &user, (b"one", true), 1);

    begun(&store, &user, b"two", 2);
    assert!(matches!(store.take_flow(b"two", Millis(3)).unwrap(), FlowAnswer::Unknown));
    assert_eq!(store.flow_state(&id, Millis(1)).unwrap(), FlowState::WaitedFor);
    drop(first);
    assert_eq!(store.flow_state(&id, Millis(1)).unwrap(), FlowState::Alone);

    begun(&store, &user, b"three", 4);
    assert_eq!(store.flow_state(&id, Millis(1)).unwrap(), FlowState::Gone);
    assert!(matches!(store.take_flow(b"three", Millis(5)).unwrap(), FlowAnswer::Taken(..)));
}

#[test]
fn an_active_connection_stays_active_until_its_next_login_succeeds() {
    let (store, user) = store();
    let id = begun(&store, &user, b"one", 1);
    activated(&store, &id, 2);

    begun(&store, &user, b"two", 3);
    store.take_flow(b"two", Millis(4)).unwrap();
    store.fail_login(b"two", "declined").unwrap();

    assert_eq!(stands(&store, &id), (Status::Active, 2));
    let state = store.flow_state(&id, Millis(3)).unwrap();
    assert_eq!(state, FlowState::Failed("declined".to_owned()));
}

#[test]
fn news_that_is_older_or_as_old_as_what_is_known_is_dropped() {
    let (store, user) = store();
    let id = begun(&store, &user, b"one", 5);

    store.fail(&id, "old news", Millis(5)).unwrap();
    assert_eq!(stands(&store, &id), (Status::Initiated, 5));
    activated(&store, &id, 6);
    store.expire(&id, "old news", Millis(6)).unwrap();
    assert_eq!(stands(&store, &id), (Status::Active, 6));
    store.expire(&id, "news", Millis(7)).unwrap();
    assert_eq!(stands(&store, &id), (Status::Expired, 7));
}

#[test]
fn what_is_done_here_counts_under_a_clock_that_was_set_back() {
    let (store, user) = store();
    let id = begun(&store, &user, b"one", 500);
    activated(&store, &id, 600);

    store.deactivate(&id, Millis(10)).unwrap();
    assert_eq!(stands(&store, &id), (Status::Inactive, 601));
    begun(&store, &user, b"two", 20);
    assert_eq!(stands(&store, &id), (Status::Initiated, 602));
    store.take_flow(b"two", Millis(30)).unwrap();
    store.fail_login(b"two", "declined").unwrap();
    assert_eq!(stands(&store, &id), (Status::Failed, 603));
    assert!(activated(&store, &id, 40).is_some());
    assert_eq!(stands(&store, &id), (Status::Active, 604));
}

#[test]
fn a_login_that_fails_late_does_not_end_the_one_after_it() {
    let (store, user) = store();
    let id = begun(&store, &user, b"one", 1);
    store.take_flow(b"one", Millis(2)).unwrap();

    begun(&store, &user, b"two", 3);
    store.fail_login(b"one", "declined").unwrap();

    assert_eq!(stands(&store, &id), (Status::Initiated, 3));
}

#[test]
fn a_disconnect_outlives_a_login_that_was_being_ended() {
    let (store, user) = store();
    let id = begun(&store, &user, b"one", 1);
    store.take_flow(b"one", Millis(2)).unwrap();

    store.deactivate(&id, Millis(3)).unwrap();

    assert!(activated(&store, &id, 4).is_none());
    assert_eq!(stands(&store, &id), (Status::Inactive, 3));
    assert_eq!(store.sealed("c").unwrap(), None);
}

#[test]
fn a_link_lapses_after_ten_minutes_and_a_callback_that_was_never_ended_after_two_more() {
    let (store, user) = store();
    let id = begun(&store, &user, b"one", 1);
    assert_eq!(swept(&store, &user, 10 * MINUTE), 0);
    assert_eq!(swept(&store, &user, 10 * MINUTE + 1), 1);
    assert_eq!(swept(&store, &user, 10 * MINUTE + 2), 0);
    assert_eq!(stands(&store, &id), (Status::Failed, 10 * MINUTE + 1));
    assert_eq!(store.sealed(&flow_owner(b"one")).unwrap(), None);
    assert!(matches!(store.take_flow(b"one", Millis(DAY)).unwrap(), FlowAnswer::Lapsed));

    begun(&store, &user, b"two", DAY);
    store.take_flow(b"two", Millis(DAY + 5)).unwrap();
    assert_eq!(swept(&store, &user, DAY + 2 * MINUTE), 0);
    assert_eq!(swept(&store, &user, DAY + 2 * MINUTE + 5), 1);
    assert_eq!(stands(&store, &id), (Status::Failed, DAY + 2 * MINUTE + 5));
}

#[test]
fn a_login_without_a_link_waits_a_day_for_its_credentials() {
    let (store, user) = store();
    let id = begin(&store, &user, (None, false), 1);

    assert_eq!(swept(&store, &user, DAY), 0);
    assert_eq!(swept(&store, &user, DAY + 1), 1);
    assert_eq!(stands(&store, &id), (Status::Failed, DAY + 1));
}

#[test]
fn a_second_login_that_lapses_leaves_the_connection_active_and_forgets_what_waited() {
    let (store, user) = store();
    let id = begun(&store, &user, b"one", 1);
    activated(&store, &id, 2);
    begun(&store, &user, b"two", 3);

    assert_eq!(swept(&store, &user, 11 * MINUTE), 1);

    assert_eq!(stands(&store, &id), (Status::Active, 2));
    assert_eq!(store.sealed(&flow_owner(b"two")).unwrap(), None);
    assert_eq!(swept(&store, &user, 11 * MINUTE), 0);
}

#[test]
fn asking_for_what_may_have_lapsed_reads_two_indexes_and_no_table() {
    let (store, _) = store();
    let conn = store.conn();
    let query = format!("EXPLAIN QUERY PLAN {STALE}");
    let mut plan = conn.prepare(&query).unwrap();
    let steps = plan
        .query_map(params!["u", 1, 1], |row| row.get::<_, String>("detail"))
        .unwrap()
        .collect::<rusqlite::Result<Vec<_>>>()
        .unwrap();

    let reads: Vec<_> = steps.iter().filter(|step| step.contains("connections_i")).collect();
    assert_eq!(reads.len(), 1, "{steps:?}");
    assert!(steps.iter().any(|step| step.contains("flows_open")), "{steps:?}");
    assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:?}");
}

#[test]
fn a_store_of_the_first_release_is_brought_up_to_date() {
    let mut conn = Database::open_in_memory().unwrap();
    conn.execute_batch(MIGRATIONS[0]).unwrap();
    conn.execute_batch(
        "PRAGMA user_version = 1; INSERT INTO store (one, id) VALUES (1, 'me');
         INSERT INTO users (id, status, is_default, created_at) VALUES ('u', 'active', 1, 1);
         INSERT INTO connections (id, user_id, toolkit, status, created_at, last_status_at)
             VALUES ('ca_00000000000000000000000000000001', 'u', 'gmail', 'INITIATED', 1, 1);
         INSERT INTO flows (state_hash, connection_id, used, created_at, expires_at)
             VALUES (x'00', 'ca_00000000000000000000000000000001', 1, 1, 600001);",
    )
    .unwrap();

    assert_eq!(migrate(&mut conn).unwrap(), "me");

    assert_eq!(version(&conn).unwrap(), MIGRATIONS.len());
    let store = Store::on(conn, "/nonexistent".into());
    assert_eq!(swept(&store, "u", 11 * MINUTE), 1);
    let id = "ca_00000000000000000000000000000001".parse().unwrap();
    assert_eq!(stands(&store, &id), (Status::Failed, 2 * MINUTE));
}

#[test]
fn a_full_disk_claims_nothing_about_the_steps_before() {
    let (store, user) = store();
    store.conn().pragma_update(None, "max_page_count", 1).unwrap();

    let toolkit = "gmail".parse().unwrap();
    let fields = BTreeMap::from([("big".to_owned(), "x".repeat(1 << 16))]);
    let new = NewFlow {
        user: &user,
        toolkit: &toolkit,
        provider: Provider::Direct,
        label: None,
        fields: &fields,
        scopes: &[],
        reconnect: true,
        restart: false,
        waits: false,
    };
    let error = store.begin(&new, None, Millis(0)).unwrap_err();

    assert_eq!(error.message, "the store could not be written: the disk is full");
    let hint = "free some space, then run the command again: it goes on from what is there";
    assert_eq!(error.hint.as_deref(), Some(hint));
}

/// Returns a store that was at an older schema, with these rows, once it is brought up to date.
fn brought_up(from: usize, rows: &str) -> Store {
    let mut conn = Database::open_in_memory().unwrap();
    conn.execute_batch(&MIGRATIONS[..from].concat()).unwrap();
    let begun = format!(
        "PRAGMA user_version = {from}; INSERT INTO store (one, id) VALUES (1, 'me'); {rows}"
    );
    conn.execute_batch(&begun).unwrap();
    migrate(&mut conn).unwrap();
    Store::on(conn, "/nonexistent".into())
}

#[test]
fn a_client_that_an_older_build_registered_is_kept_with_its_secrets() {
    let store = brought_up(
        4,
        r#"INSERT INTO toolkits (slug) VALUES ('other');
           INSERT INTO toolkits (slug, registered)
               VALUES ('acme', '{"server": "https://a", "client_id": "c"}');"#,
    );

    let slug = "acme".parse().unwrap();
    let kept = store.registration(&slug, "c").unwrap().unwrap();
    assert_eq!((kept.server.as_str(), kept.owner.as_str()), ("https://a", "registered:acme"));
    let row = store.toolkit(&slug).unwrap().unwrap();
    assert_eq!((row.registered, row.keeps_clients), (Some(kept), true));
}

#[test]
fn what_was_logged_before_is_there_after() {
    let store = brought_up(
        16,
        "INSERT INTO log (seq, id, at, actor, action, outcome, took_ms, hash, form, target, approval_id)
             VALUES (7, 'l', 5, 'agent', 'cards.create', 'held', 3, x'03', 2, 't', 'a');",
    );

    let line =
        "SELECT id || at || actor || action || target || outcome || took_ms || hex(hash) || form
        FROM log WHERE seq = 7 AND approval_id = 'a'";
    let line: String = store.conn().query_row(line, [], |row| row.get(0)).unwrap();
    assert_eq!(line, "l5agentcards.createtheld3032");
}

#[test]
fn approvals_are_numbered_on_from_those_of_an_older_store() {
    let approval = |columns: &str, values: &str| {
        format!(
            "INSERT INTO approvals (id, store_id, user_id, kit_id, action_type, class, digest, idem_key,
                 requested_by, requester, status, created_at, updated_at, expires_at{columns})
             VALUES (hex(randomblob(8)), 'me', 'u', 'k', 'cards.create', 'A', x'00',
                 hex(randomblob(8)), 'key_1', '{{}}', 'pending', 1, 1, 2{values});"
        )
    };
    let user =
        "INSERT INTO users (id, status, is_default, created_at) VALUES ('u', 'active', 1, 1);";
    let store = brought_up(17, &(user.to_owned() + &approval(", seq", ", 7")));

    let conn = store.conn();
    conn.execute_batch(&approval("", "")).unwrap();
    assert_eq!(conn.last_insert_rowid(), 8);
    let counted = "SELECT count(*) FROM sqlite_sequence WHERE name = 'approvals'";
    assert_eq!(conn.query_row(counted, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    conn.execute("DELETE FROM approvals", []).unwrap_err();
    drop(conn);
    assert_eq!(store.complaint().unwrap(), None);
}

#[test]
fn a_toolkit_that_was_added_before_its_tools_lay_apart_keeps_all_of_them() {
    let store = brought_up(
        15,
        r#"INSERT INTO toolkits (slug, manifest, enabled) VALUES
               ('acme', '{"slug":"acme","tools":[{"slug":"ACME_B"},{"slug":"ACME_A"}],"name":"Acme"}', 0),
               ('bare', '{"slug":"bare"}', 1), ('gmail', NULL, 0);"#,
    );

    let acme = "acme".parse().unwrap();
    let added = store.added(&acme).unwrap().unwrap();
    assert_eq!(added.manifest, r#"{"slug":"acme","name":"Acme"}"#);
    assert_eq!(added.tools, "{\"slug\":\"ACME_B\"}\n{\"slug\":\"ACME_A\"}\n");
    assert_eq!(added.listing, added.tools);
    assert!(!store.toolkit(&acme).unwrap().unwrap().enabled);
    assert_eq!(store.added(&"bare".parse().unwrap()).unwrap().unwrap().tools, "");
    let slugs = store.added_slugs().unwrap();
    assert_eq!(slugs, ["acme", "bare"].map(|slug| slug.parse().unwrap()));
}
