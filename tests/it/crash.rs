//! `kill -9` at whatever moment.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Naive;
use crate::together::rounds;

/// Makes the same numbers each time, spread evenly (Knuth's multiplicative hash).
pub(crate) fn scattered(number: usize, below: u128) -> u128 {
    (number as u128 * 2_654_435_761 + 12_345) % (1 << 32) * below / (1 << 32)
}

/// Kills a process after a while, if it has not ended by then.
pub(crate) fn killed_after(mut child: Child, span: Duration) {
    // The moment is what is tested, so this waits for the clock and for nothing else.
    let began = Instant::now();
    while began.elapsed() < span && child.try_wait().unwrap().is_none() {
        thread::yield_now();
    }
    // It may have ended by itself.
    drop(child.kill());
    drop(child.wait_with_output());
}

/// Returns how long a line takes when nobody disturbs it.
fn measured(line: &str, naive: &Naive) -> Duration {
    let began = Instant::now();
    drop(naive.run(line).exits(0));
    began.elapsed()
}

/// Asserts that a store serves on: it opens, an active login works, and so does a new one.
fn assert_whole(naive: &Naive, number: usize) {
    let rows = naive.run("connections connected").exits(0).json();
    let rows = rows["result"]["connections"].as_array().unwrap().clone();
    let find = "connections execute gmail GMAIL_FETCH_EMAILS";
    if let Some(row) = rows.first() {
        assert_eq!(row["status"], "ACTIVE", "{number}");
        drop(naive.run(find).exits(0));
    } else {
        let run = naive.run(find).exits(4);
        assert_eq!(run.json()["error"]["reason"], "not_connected", "{number}");
    }
    drop(naive.run("connections connect gmail --reconnect --restart").exits(0));
    drop(naive.run(find).exits(0));
    let doctor = naive.run("doctor").json();
    assert!(!doctor.to_string().contains("damaged"), "{doctor}");
}

#[test]
fn a_connect_that_is_killed_leaves_a_store_that_serves() {
    let line = "connections connect gmail";
    let whole = measured(line, &Naive::new());
    let count = rounds(10);

    for number in 0..count {
        let naive = Naive::new();
        let span = scattered(number, whole.as_micros());
        let child = naive.command(line.split_whitespace()).spawn().unwrap();

        killed_after(child, Duration::from_micros(u64::try_from(span).unwrap()));

        assert_whole(&naive, number);
    }
}

#[test]
fn a_second_connect_that_is_killed_leaves_the_first_as_it_was() {
    let line = "connections connect gmail --reconnect --restart";
    let naive = Naive::new();
    drop(naive.run("connections connect gmail").exits(0));
    let whole = measured(line, &naive);

    for number in 0..rounds(10) {
        let span = scattered(number, whole.as_micros());
        let child = naive.command(line.split_whitespace()).spawn().unwrap();

        killed_after(child, Duration::from_micros(u64::try_from(span).unwrap()));

        let rows = naive.run("connections connected").exits(0).json();
        assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE", "{number}");
        drop(naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(0));
    }
}

#[test]
fn an_execute_that_is_killed_sends_at_most_one_mail_and_leaves_a_store_that_serves() {
    let naive = Naive::new();
    drop(naive.run("connections connect gmail").exits(0));
    let words = |number: usize| {
        let mail =
            format!("{{\"to\": \"bob@example.com\", \"subject\": \"n{number}\", \"body\": \"\"}}");
        ["connections", "execute", "gmail", "GMAIL_SEND_EMAIL", "--args"]
            .map(str::to_owned)
            .into_iter()
            .chain([mail])
    };
    let began = Instant::now();
    assert!(naive.command(words(0)).output().unwrap().status.success());
    let whole = began.elapsed();
    let count = rounds(10);

    for number in 1..=count {
        let span = scattered(number, whole.as_micros());
        let child = naive.command(words(number)).spawn().unwrap();

        killed_after(child, Duration::from_micros(u64::try_from(span).unwrap()));
    }

    let find = "connections execute gmail GMAIL_FETCH_EMAILS --args";
    let search = "{\"q\": \"in:sent\", \"maxResults\": 500}";
    let found = naive.with(find, &[search]).exits(0).json();
    let sent = found["result"]["data"]["messages"].as_array().unwrap().len();
    assert!((1..=count + 1).contains(&sent), "{sent} of {count}");
    assert_whole(&naive, count);
}
