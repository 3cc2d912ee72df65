//! Writes of which it is unclear whether they have run, and those of which it is not.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use crate::app::{App, OPEN, PAY};
use crate::browser::signal;
use crate::support::{Naive, Received, ended};

/// Writes that may be sent again: by their method, or because the app knows our key.
const TOOLS: &str = r#"
[[tools]]
slug = "ACME_PUT"
name = "Put"
description = "Put a thing"
request = "PUT /put"
effect = "write"

[[tools]]
slug = "ACME_DELETE"
name = "Delete"
description = "Delete a thing"
request = "DELETE /put"
effect = "destructive"
"#;

/// The app with these tools.
fn acme(answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static) -> App {
    App::new(&format!("{OPEN}{TOOLS}{PAY}"), answer)
}

#[test]
fn a_write_that_is_redirected_is_sent_once_whatever_its_method() {
    for tool in ["ACME_PUT", "ACME_DELETE", "ACME_PAY"] {
        let head =
            "HTTP/1.1 307 X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close";
        let app = acme(move |_| Some((0, format!("{head}\r\n\r\n"))));

        let run = app.execute(tool).exits(1).json();

        assert_eq!(run["error"]["code"], "provider_error", "{tool}");
        assert_eq!(app.upstream.received().len(), 1, "{tool}");
    }
}

#[test]
fn a_write_that_was_lost_stays_in_doubt_when_its_next_try_is_refused() {
    for (first, words) in
        [((0, String::new()), "broke the connection off"), ((503, "{}".to_owned()), "(503)")]
    {
        for last in [400, 409, 429] {
            let (count, first) = (AtomicUsize::new(0), first.clone());
            let app = acme(move |_| match count.fetch_add(1, Ordering::Relaxed) {
                0 => Some(first.clone()),
                _ => Some((last, "{}".to_owned())),
            });

            let run = app.execute("ACME_PAY").exits(7).json();

            assert_eq!(run["error"]["code"], "outcome_unknown", "{last}");
            let message = run["error"]["message"].as_str().unwrap();
            assert!(message.starts_with("`ACME_PAY` may or may not have run: "), "{message}");
            assert!(message.contains(words) || message.contains("status 503"), "{message}");
            assert_eq!(run["error"]["hint"], "look in `acme` before you run it again");
        }
    }
}

#[test]
fn a_write_that_was_lost_stays_in_doubt_when_the_app_is_gone_after_it() {
    // given: an app that reads one request, and is gone before that connection is
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let mut reader = BufReader::new(listener.accept().unwrap().0);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            line.clear();
        }
        drop(listener);
    });
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let manifest = format!(
        "slug = \"acme\"\nname = \"Acme\"\ndescription = \"An app\"\nbase_url = \"{url}\"\n{TOOLS}{PAY}"
    );
    std::fs::write(naive.home().join("acme.toml"), manifest).unwrap();
    drop(naive.run("toolkits add acme.toml").exits(0));

    let run = naive.run("connections execute acme ACME_PAY").exits(7).json();

    served.join().unwrap();
    assert_eq!(run["error"]["code"], "outcome_unknown");
}

#[test]
fn a_write_that_was_lost_and_works_the_second_time_has_worked() {
    let count = AtomicUsize::new(0);
    let app = acme(move |request| match request.path.as_str() {
        "/payments" if count.fetch_add(1, Ordering::Relaxed) == 0 => Some((0, String::new())),
        "/payments" => Some((200, "{}".to_owned())),
        _ => None,
    });

    drop(app.execute("ACME_PAY").exits(0));

    assert_eq!(app.calls("POST", "/payments").len(), 2);
}

#[test]
fn a_no_beside_results_or_by_a_word_that_says_so_leaves_a_write_in_doubt() {
    let mutation = r#"
[[tools]]
slug = "ACME_MUTATE"
name = "Mutate"
description = "Mutate a thing"
request = "POST /graphql"
effect = "write"
graphql = "mutation M { m { id } }"
"#;
    let rules = "[answer]\nerror = \"/errors/0/message\"\nunclear = [\"fatal_error\"]\n";
    for (tool, body, exit) in [
        ("ACME_MUTATE", "{\"data\":{\"m\":null},\"errors\":[{\"message\":\"no\"}]}", 7),
        ("ACME_MUTATE", "{\"data\":null,\"errors\":[{\"message\":\"no\"}]}", 1),
        ("ACME_PUT", "{\"data\":{},\"errors\":[{\"message\":\"no\"}]}", 1),
        ("ACME_PUT", "{\"errors\":[{\"message\":\"fatal_error\"}]}", 7),
    ] {
        let auth = format!("{OPEN}{rules}{TOOLS}{PAY}{mutation}");
        let app = App::new(&auth, move |_| Some((200, body.to_owned())));

        let run = app.execute(tool).exits(exit).json();

        let code = if exit == 7 { "outcome_unknown" } else { "provider_error" };
        assert_eq!(run["error"]["code"], code, "{body}");
        assert_eq!(app.upstream.received().len(), 1, "{body}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_call_and_says_that_a_write_may_have_run() {
    let hint = "`ACME_WRITE` may or may not have run: look in `acme` before you run it again";
    for (tool, hint) in [("ACME_WRITE", Some(hint)), ("ACME_READ", None)] {
        // given: an app that reads a call and only listens
        let (release, held) = mpsc::channel::<()>();
        let (started, calling) = mpsc::channel();
        let (held, started) = (Mutex::new(held), Mutex::new(started));
        let app = acme(move |_| {
            started.lock().unwrap().send(()).unwrap();
            // The test lets go by ending.
            let _ended = held.lock().unwrap().recv();
            None
        });
        let child = app.naive.command(["connections", "execute", "acme", tool]).spawn().unwrap();
        calling.recv().unwrap();

        // when
        signal(child.id(), "INT");
        let run = ended(child.wait_with_output().unwrap()).exits(130).json();

        // then
        drop(release);
        assert_eq!(run["error"]["message"], "interrupted");
        assert_eq!(run["error"].get("hint").and_then(|hint| hint.as_str()), hint, "{tool}");
    }
}
