//! `kill -9` of a server that many call at once. `NAIVE_ROUNDS` says how often.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use super::{Served, key};
use crate::browser::{signal, split};
use crate::support::{Naive, until};
use crate::together::rounds;

/// How many call at once.
const CALLERS: usize = 8;
/// How often each of them does in a round.
const CALLS: usize = 12;

/// Asks for a card under a key of the caller's own; returns the approval, if there was an answer.
fn held(host: &str, agent: &str, call: &str) -> Option<String> {
    let body = r#"{"name":"Ads"}"#;
    let length = body.len();
    let text = format!(
        "POST /v1/users/alice/cards HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {agent}\r\nContent-Type: application/json\r\nIdempotency-Key: {call}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(host).ok()?;
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    body["approval_id"].as_str().map(str::to_owned)
}

/// Has all calls of a round made at once, and the server killed in the middle of it; returns what was answered.
fn killed(served: &Served, agent: &str, round: usize) -> BTreeMap<String, String> {
    let host = split(&served.url).0;
    let count = AtomicUsize::new(0);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let count = &count;
                scope.spawn(move || {
                    let calls = (0..CALLS).filter_map(|number| {
                        let call = format!("{round}-{caller}-{number}");
                        let id = held(host, agent, &call)?;
                        count.fetch_add(1, Ordering::SeqCst);
                        Some((call, id))
                    });
                    calls.collect::<Vec<_>>()
                })
            })
            .collect();
        let enough = CALLERS + round % (CALLERS * (CALLS - 2));
        until("the answers", || (count.load(Ordering::SeqCst) >= enough).then_some(()));
        signal(served.id(), "KILL");
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    })
}

#[test]
fn a_server_that_is_killed_under_load_loses_nothing_and_doubles_nothing() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let (agent, operator) =
        (key(&naive, "--name bot --role agent"), key(&naive, "--name app --role workspace"));
    let rounds = rounds(2);

    let mut ids = BTreeSet::new();
    for round in 0..rounds {
        let served = Served::start(&naive, &["--rate-limit", "0"]);
        let answered = killed(&served, &agent, round);
        drop(served);

        let served = Served::start(&naive, &["--rate-limit", "0"]);
        for (caller, number) in (0..CALLERS).flat_map(|one| (0..CALLS).map(move |two| (one, two))) {
            let call = format!("{round}-{caller}-{number}");
            let id = held(split(&served.url).0, &agent, &call).unwrap();
            assert_eq!(answered.get(&call).unwrap_or(&id), &id, "{call}");
            assert!(ids.insert(id), "{call}");
        }
    }

    let served = Served::start(&naive, &["--rate-limit", "0"]);
    let mut found = BTreeSet::new();
    let mut line = "GET /v1/approvals?limit=200".to_owned();
    loop {
        let page = served.call(&operator, &line, "").1;
        let approvals = page["approvals"].as_array().unwrap();
        found.extend(approvals.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        line = format!("GET /v1/approvals?limit=200&cursor={cursor}");
    }
    assert_eq!(ids.len(), rounds * CALLERS * CALLS);
    assert_eq!(found, ids);
    assert_eq!(naive.run("logs verify").exits(0).json()["result"]["intact"], true);
}
