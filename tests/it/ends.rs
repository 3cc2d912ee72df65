//! Logins that do not come to their end: left, broken off, replaced.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::{App, OAUTH};
use crate::browser::{Login, decide, signal, visit};
use crate::connect::row;
use crate::support::Naive;

#[test]
fn whoever_never_comes_back_is_waited_for_as_long_as_was_said() {
    let naive = Naive::new().env("BROWSER", "/bin/true");

    let run = naive.run("connections connect gmail --timeout 1s").exits(1);

    assert_eq!(run.json()["error"]["message"], "the login timed out");
    assert_eq!(run.json()["error"]["reason"], "timed_out");
    assert_eq!(row(&naive, "gmail")["status"], "FAILED");
    assert_eq!(row(&naive, "gmail")["reason"], "timed out");
}

#[test]
fn ctrl_c_ends_a_login_and_leaves_nothing_waiting() {
    assert_broken_off_by("INT", 130);
}

#[test]
fn a_kill_ends_a_login_and_leaves_nothing_waiting() {
    assert_broken_off_by("TERM", 143);
}

#[test]
fn a_closed_terminal_ends_a_login_and_leaves_nothing_waiting() {
    assert_broken_off_by("HUP", 129);
}

fn assert_broken_off_by(name: &str, status: i32) {
    let naive = Naive::new().env("BROWSER", "/bin/true");
    let login = Login::start(&naive, "connections connect gmail");

    signal(login.id(), name);
    let run = login.end();

    assert_eq!(run.status, status, "{run:?}");
    assert_eq!(row(&naive, "gmail")["status"], "FAILED");
    assert_eq!(row(&naive, "gmail")["reason"], "cancelled");
}

#[test]
fn an_earlier_login_of_the_same_account_gives_way_to_one_that_is_restarted() {
    let naive = Naive::new().env("BROWSER", "/bin/true");
    let earlier = Login::start(&naive, "connections connect gmail");
    let began = Instant::now();
    let later = Login::start(&naive, "connections connect gmail --restart");

    let replaced = earlier.end().exits(1);
    let took = began.elapsed();
    let page = visit(&decide(&later.link, "allow"));
    let run = later.end().exits(0);

    // The first ends by itself and says why, the second is not disturbed.
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(replaced.json()["error"]["reason"], "login_replaced");
    assert_eq!(page.status, 200);
    assert_eq!(run.json()["result"]["status"], "ACTIVE");
}

#[test]
fn ctrl_c_is_heard_while_the_code_is_exchanged() {
    // given: a callback that came, and a token endpoint that only listens
    let (release, held) = mpsc::channel::<()>();
    let (started, exchanging) = mpsc::channel();
    let (held, started) = (Mutex::new(held), Mutex::new(started));
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, move |request| {
        if request.path == "/token" {
            started.lock().unwrap().send(()).unwrap();
            // The test lets go by ending.
            let _ended = held.lock().unwrap().recv();
        }
        None
    });
    let login = Login::start(&app.naive, "connections connect acme");
    let callback = app.callback(&login.link);
    let tab = thread::spawn(move || visit(&callback));
    exchanging.recv().unwrap();

    // when
    let began = Instant::now();
    signal(login.id(), "INT");
    let run = login.end();

    // then
    let took = began.elapsed();
    drop(release);
    drop(tab.join());
    assert_eq!(run.status, 130, "{run:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_ne!(row(&app.naive, "acme")["status"], "ACTIVE");
}

#[test]
fn ctrl_c_does_not_wait_for_the_apps_server() {
    // given: a server that publishes its metadata once, and from then on only listens
    let (release, held) = mpsc::channel::<()>();
    let (held, count) = (Mutex::new(held), AtomicUsize::new(0));
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) > 0 {
            // The test lets go by ending.
            let _ended = held.lock().unwrap().recv();
        }
        None
    });
    let login = Login::start(&app.naive, "connections connect acme");

    // when
    let began = Instant::now();
    signal(login.id(), "INT");
    let run = login.end();

    // then
    let took = began.elapsed();
    drop(release);
    assert_eq!(run.status, 130, "{run:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(row(&app.naive, "acme")["status"], "FAILED");
}
