//! Refresh tokens that are good once: a server that ends the login when one comes twice.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::{App, OAUTH};
use crate::crash::{killed_after, scattered};
use crate::support::Naive;
use crate::together::{rounds, together};

/// What the server remembers of a login.
#[derive(Debug, Default)]
struct Family {
    /// The tokens that count
    latest: usize,
    /// How long those live that it sells, in seconds
    life: u64,
    /// Whether a refresh token came twice
    ended: bool,
}

/// Connects an app whose first access token lives `first` seconds, and the later ones `life`.
fn connected(first: u64, life: u64) -> App {
    let family = Arc::new(Mutex::new(Family { life: first, ..Family::default() }));
    let app = App::on(Naive::new(), OAUTH, move |request| {
        let mut family = family.lock().unwrap();
        match request.path.as_str() {
            "/token" => Some(family.sell(&request.body, life)),
            "/things" => {
                let good = format!("Bearer access-{}-of-the-test", family.latest);
                let taken = !family.ended && request.headers["authorization"] == good;
                (!taken).then(|| (401, "{}".to_owned()))
            }
            _ => None,
        }
    });
    log_in(&app);
    app
}

impl Family {
    /// Sells a new pair for a code, or for the refresh token that counts.
    fn sell(&mut self, form: &str, life: u64) -> (u16, String) {
        let given = form.split("refresh_token=refresh-").nth(1);
        let given = given.and_then(|rest| rest.split('-').next()?.parse::<usize>().ok());
        match given {
            Some(given) => {
                self.ended |= given != self.latest;
                if self.ended {
                    return (400, json!({ "error": "invalid_grant" }).to_string());
                }
            }
            None => self.ended = false,
        }
        self.latest += 1;
        let pair = json!({
            "access_token": format!("access-{}-of-the-test", self.latest),
            "refresh_token": format!("refresh-{}-of-the-test", self.latest),
            "expires_in": self.life,
        });
        self.life = life;
        (200, pair.to_string())
    }
}

fn log_in(app: &App) {
    let begun = app.naive.run("connections connect acme --no-wait --reconnect").exits(0).json();
    let callback = app.callback(begun["result"]["redirectUrl"].as_str().unwrap());
    drop(app.naive.with("connections finish", &[&callback]).exits(0));
}

#[test]
fn a_spent_token_that_many_need_at_once_is_refreshed_without_losing_the_login() {
    let app = connected(0, 3600);

    let runs =
        together(&app.naive, (0..16).map(|_| "connections execute acme ACME_READ".to_owned()));

    let bad: Vec<Value> = runs
        .iter()
        .filter(|(_, run)| run.status != 0)
        .map(|(_, run)| run.json()["error"].clone())
        .collect();
    assert!(bad.is_empty(), "{} of 16: {}", bad.len(), bad[0]);
    assert_eq!(app.calls("POST", "/token").len(), 2);
    let rows = app.naive.run("connections connected").exits(0).json();
    assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE");
}

#[test]
fn a_refresh_that_is_killed_leaves_a_token_that_works_or_says_how_to_get_one() {
    let line = "connections execute acme ACME_READ";
    let app = connected(0, 0);
    let began = Instant::now();
    drop(app.naive.run(line).exits(0));
    let whole = began.elapsed().as_micros();

    for number in 0..rounds(20) {
        let span = scattered(number, whole);
        let child = app.naive.command(line.split_whitespace()).spawn().unwrap();
        killed_after(child, Duration::from_micros(u64::try_from(span).unwrap()));

        let run = app.naive.run(line);

        if run.status != 0 {
            let error = run.exits(4).json()["error"].clone();
            assert_eq!(error["reason"], "connection_expired", "{number}");
            assert_eq!(error["hint"], "run `naive connections connect acme` to log in again");
            let rows = app.naive.run("connections connected").exits(0).json();
            assert_eq!(rows["result"]["connections"][0]["status"], "EXPIRED");
            log_in(&app);
        }
    }
}

#[test]
fn a_refresh_on_request_renews_the_token_and_says_how_it_stands() {
    let app = connected(3600, 3600);
    let rows = app.naive.run("connections connected").exits(0).json();
    let id = rows["result"]["connections"][0]["id"].as_str().unwrap().to_owned();

    let run = app.naive.run(&format!("connections refresh {id}")).exits(0);

    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert_eq!(app.calls("POST", "/token").len(), 2);
    drop(app.execute("ACME_READ").exits(0));
}

#[test]
fn a_server_that_cannot_be_reached_costs_no_login() {
    let down = Arc::new(Mutex::new(false));
    let is_down = Arc::clone(&down);
    let app = App::on(Naive::new(), OAUTH, move |request| {
        let down = *is_down.lock().unwrap();
        let pair = json!({"access_token": "access-of-the-test", "refresh_token": "refresh-of-the-test", "expires_in": 0});
        match request.path.as_str() {
            "/token" if down => Some((503, String::new())),
            "/token" => Some((200, pair.to_string())),
            _ => None,
        }
    });
    log_in(&app);
    *down.lock().unwrap() = true;

    let run = app.execute("ACME_READ").exits(1);

    assert_eq!(run.json()["error"]["code"], "provider_error");
    let rows = app.naive.run("connections connected").exits(0).json();
    assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE");
    *down.lock().unwrap() = false;
    drop(app.execute("ACME_READ").exits(0));
}

#[test]
fn a_purge_during_a_refresh_revokes_the_tokens_that_came_of_it() {
    let (asked, is_asked) = channel();
    let (purged, is_purged) = channel();
    let (asked, purged, is_purged) = (Mutex::new(asked), Mutex::new(purged), Mutex::new(is_purged));
    let app = App::on(Naive::new(), OAUTH, move |request| {
        let pair = |name: &str| {
            let pair = json!({
                "access_token": format!("access-{name}"), "refresh_token": format!("refresh-{name}"),
                "expires_in": 0,
            });
            Some((200, pair.to_string()))
        };
        match request.path.as_str() {
            "/token" if request.body.contains("refresh_token=") => {
                asked.lock().unwrap().send(()).unwrap();
                // A purge that does not wait would come now.
                assert!(is_purged.lock().unwrap().recv_timeout(Duration::from_secs(1)).is_err());
                pair("new")
            }
            "/token" => pair("old"),
            "/revoke" => {
                purged.lock().unwrap().send(()).unwrap();
                None
            }
            _ => None,
        }
    });
    log_in(&app);
    let words = "connections execute acme ACME_READ".split(' ');
    let execute = app.naive.command(words).spawn().unwrap();
    is_asked.recv().unwrap();

    let run = app.naive.run("connections disconnect acme --purge --yes").exits(0).json();
    drop(execute.wait_with_output().unwrap());

    assert_eq!(run["result"]["revokedUpstream"], true);
    let bodies: Vec<_> = app.calls("POST", "/revoke").into_iter().map(|one| one.body).collect();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert!(bodies[0].contains("token=refresh-new"), "{bodies:?}");
}
