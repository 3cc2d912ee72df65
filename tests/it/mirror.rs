//! What becomes of logins that nobody ends: the mirror finds out before it answers.

use std::sync::{Mutex, mpsc};

use rusqlite::{Connection as Database, OpenFlags};

use crate::app::{App, KEY, OAUTH};
use crate::browser::{Login, signal};
use crate::support::{Naive, ended};
use crate::together::together;

/// Opens the store of a machine's own apps, as a backup program might.
fn store(naive: &Naive) -> Database {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Database::open_with_flags(naive.home().join("local/naive.db"), flags).unwrap()
}

/// Lets time pass for all logins: they began so many minutes earlier.
pub(crate) fn passes(naive: &Naive, minutes: i64) {
    let earlier = minutes * 60_000;
    store(naive)
        .execute_batch(&format!(
            "UPDATE connections SET last_status_at = last_status_at - {earlier};
             UPDATE flows SET created_at = created_at - {earlier}, used_at = used_at - {earlier},
                 expires_at = expires_at - {earlier};"
        ))
        .unwrap();
}

/// Returns status and reason of the only connection, as they lie in the store.
fn stands(naive: &Naive) -> (String, Option<String>) {
    let row = "SELECT status, reason FROM connections";
    store(naive).query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn timed_out() -> (String, Option<String>) {
    ("FAILED".to_owned(), Some("timed out".to_owned()))
}

fn initiated() -> (String, Option<String>) {
    ("INITIATED".to_owned(), None)
}

/// An app whose login waits, and the id of its connection.
fn begun(auth: &str) -> (App, String) {
    let app = App::new(auth, |_| None);
    let begun = app.naive.run("connections connect acme --no-wait").exits(0).json();
    let id = begun["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    (app, id)
}

#[test]
fn a_login_that_lapsed_has_failed_whatever_asks_first() {
    for line in [
        "connections connected",
        "connections list",
        "connections get ID",
        "connections execute acme ACME_READ",
        "connections wait ID",
    ] {
        let (app, id) = begun(OAUTH);
        let line = line.replace("ID", &id);
        passes(&app.naive, 9);
        let early = app.naive.command(line.replace("wait", "get").split(' ')).output().unwrap();
        assert_eq!(stands(&app.naive), initiated(), "{line}: {:?}", ended(early));

        passes(&app.naive, 2);
        let run = ended(app.naive.command(line.split(' ')).output().unwrap());

        assert_eq!(stands(&app.naive), timed_out(), "{line}: {run:?}");
        assert_eq!(run.err, "", "{line}");
    }
}

#[test]
fn a_login_that_lapsed_is_shown_as_such_and_its_address_comes_too_late() {
    let (app, id) = begun(OAUTH);
    let link = app.naive.run("connections connect acme --no-wait").exits(0).json();
    let callback = app.callback(link["result"]["redirectUrl"].as_str().unwrap());
    passes(&app.naive, 11);

    let shown = app.naive.run(&format!("connections get {id}")).exits(0).json();
    let call = app.execute("ACME_READ").exits(4).json();
    let late = app.naive.with("connections finish", &[&callback]).exits(1).json();

    assert_eq!(shown["result"]["status"], "FAILED");
    assert_eq!(shown["result"]["reason"], "timed out");
    assert_eq!(call["error"]["message"], "the connection of `default` to `acme` is failed");
    assert_eq!(late["error"]["reason"], "timed_out");
    assert!(app.calls("POST", "/token").is_empty());
}

#[test]
fn of_many_who_find_that_a_login_lapsed_all_see_the_same() {
    let (app, id) = begun(OAUTH);
    passes(&app.naive, 11);

    let runs = together(&app.naive, (0..8).map(|_| format!("connections get {id}")));

    let first = runs[0].1.json()["result"].clone();
    assert_eq!(first["status"], "FAILED");
    for (_, run) in &runs {
        assert_eq!(run.status, 0, "{run:?}");
        assert_eq!(run.json()["result"], first);
    }
}

#[test]
fn a_process_that_is_killed_while_it_ends_a_login_leaves_no_row_waiting() {
    // given: a token endpoint that only listens, and a `finish` that was killed there
    let (release, held) = mpsc::channel::<()>();
    let (started, exchanging) = mpsc::channel();
    let (held, started) = (Mutex::new(held), Mutex::new(started));
    let app = App::new(OAUTH, move |request| {
        if request.path == "/token" {
            started.lock().unwrap().send(()).unwrap();
            // The test lets go by ending.
            let _ended = held.lock().unwrap().recv();
        }
        None
    });
    let begun = app.naive.run("connections connect acme --no-wait").exits(0).json();
    let callback = app.callback(begun["result"]["redirectUrl"].as_str().unwrap());
    let mut child = app.naive.command(["connections", "finish", &callback]).spawn().unwrap();
    exchanging.recv().unwrap();
    signal(child.id(), "KILL");
    child.wait().unwrap();

    // when: a minute, then three
    passes(&app.naive, 1);
    drop(app.naive.run("connections list").exits(0));
    let soon = stands(&app.naive);
    passes(&app.naive, 2);
    drop(app.naive.run("connections list").exits(0));

    // then
    drop(release);
    assert_eq!(soon, initiated());
    assert_eq!(stands(&app.naive), timed_out());
}

#[test]
fn a_connection_that_wants_a_key_waits_a_day_for_it() {
    let (app, id) = begun(KEY);
    passes(&app.naive, 23 * 60);
    drop(app.naive.run("connections connected").exits(0));
    let waiting = stands(&app.naive);

    passes(&app.naive, 2 * 60);
    drop(app.naive.run("connections connected").exits(0));
    let lapsed = stands(&app.naive);
    let line = format!("connections credentials {id} api_key=-");
    let late = app.naive.fed(&line, "key-of-the-test\n").exits(0).json();

    assert_eq!(waiting, initiated());
    assert_eq!(lapsed, timed_out());
    assert_eq!(late["result"]["status"], "ACTIVE");
}

#[test]
fn a_second_login_that_lapses_leaves_the_connection_active_and_nothing_behind() {
    let (app, id) = begun(OAUTH);
    let begun = app.naive.run("connections connect acme --no-wait").exits(0).json();
    let callback = app.callback(begun["result"]["redirectUrl"].as_str().unwrap());
    drop(app.naive.with("connections finish", &[&callback]).exits(0));
    let waits = || -> i64 {
        let row = "SELECT count(*) FROM sealed WHERE owner LIKE 'flow:%'";
        store(&app.naive).query_row(row, [], |row| row.get(0)).unwrap()
    };
    drop(app.naive.run("connections connect acme --reconnect --no-wait").exits(0));
    let before = waits();

    passes(&app.naive, 11);
    let shown = app.naive.run(&format!("connections get {id}")).exits(0).json();

    assert_eq!(shown["result"]["status"], "ACTIVE");
    assert_eq!((before, waits()), (1, 0));
    assert_eq!(app.execute("ACME_READ").exits(0).json()["success"], true);
}

#[test]
fn a_connect_that_was_killed_is_swept_once_its_link_no_longer_counts() {
    let naive = Naive::new().env("BROWSER", "/bin/true");
    let app = App::on(naive, OAUTH, |_| None);
    let login = Login::start(&app.naive, "connections connect acme");
    signal(login.id(), "KILL");
    drop(login.end());

    drop(app.naive.run("connections list").exits(0));
    let at_first = stands(&app.naive);
    passes(&app.naive, 11);
    drop(app.naive.run("connections list").exits(0));

    assert_eq!(at_first, initiated());
    assert_eq!(stands(&app.naive), timed_out());
}
