//! How a server begins, ends, and is ended.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Served, key};
use crate::browser::{raw, signal, split};
use crate::support::{Naive, Upstream, until};

#[test]
fn it_says_where_it_is_and_ends_when_it_is_told() {
    let naive = Naive::new();
    for name in ["TERM", "INT"] {
        let served = Served::start(&naive, &[]);

        let health = served.call("", "GET /health", "");
        let document = served.call("", "GET /openapi.json", "");
        let began = Instant::now();
        let status = served.end(name);

        assert_eq!(health, (200, json!({ "status": "ok" })));
        assert_eq!(document.1["openapi"], "3.1.0");
        assert_eq!(status, 0);
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_call_that_is_under_way_ends_before_the_server_does() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let key = key(&naive, "--name app --role workspace");
    let (open, opened) = mpsc::channel::<()>();
    let opened = Mutex::new(opened);
    let endpoint = Upstream::new(move |_| {
        // Whoever sends nothing has failed already.
        let _ = opened.lock().unwrap().recv();
        (200, r#"{"card_id": "card_1"}"#.to_owned())
    });
    let line = format!("actions configure cards.create --url {}/cards --replay A", endpoint.url);
    drop(naive.run(&line).exits(0));
    let served = Served::start(&naive, &[]);

    let (status, reply) = thread::scope(|scope| {
        let call = scope.spawn(|| served.call(&key, "POST /v1/cards", r#"{"name": "Ads"}"#));
        until("the request", || (!endpoint.begun().is_empty()).then_some(()));
        signal(served.id(), "TERM");
        until("the end of the listener", || TcpStream::connect(split(&served.url).0).err());
        open.send(()).unwrap();
        call.join().unwrap()
    });

    assert_eq!((status, &reply["card_id"]), (200, &json!("card_1")), "{reply}");
    assert_eq!(served.ended(), 0);
}

#[test]
fn what_may_not_be_listened_on_is_refused() {
    let naive = Naive::new();
    let served = Served::start(&naive, &[]);
    let taken = split(&served.url).0.to_owned();

    let table = [
        (format!("serve --addr {taken}"), 1, "cannot be listened on"),
        ("serve --addr 0.0.0.0:0".to_owned(), 2, "can be reached from other machines"),
        ("serve --addr 0.0.0.0:0 --behind-proxy".to_owned(), 2, "no address of its own"),
        ("serve --addr 127.0.0.1:0 --public-url https://a.example".to_owned(), 2, "no TLS"),
        (
            "serve --addr 127.0.0.1:0 --public-url http://a.example --behind-proxy".to_owned(),
            2,
            "is not encrypted",
        ),
        (
            "serve --addr 127.0.0.1:0 --public-url https://a.example/x --behind-proxy".to_owned(),
            2,
            "is more than a scheme",
        ),
        ("--profile cloud serve".to_owned(), 1, "a store of this machine"),
    ];
    for (line, status, words) in table {
        let run = naive.run(&line).exits(status);
        let error = run.json()["error"].clone();
        assert!(error["message"].as_str().unwrap().contains(words), "{line}: {error}");
        assert_eq!(error["code"], "invalid_input", "{line}");
        assert!(error["hint"].is_string(), "{line}");
    }
}

#[test]
fn only_the_operator_serves() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --role workspace");

    let naive = naive.env("NAIVE_API_KEY", key);
    let run = naive.run("serve --addr 127.0.0.1:0").exits(1);

    assert_eq!(run.json()["error"]["reason"], "operator_only");
}

#[test]
fn behind_a_proxy_it_answers_to_the_proxys_name() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --role workspace");
    let words = ["--behind-proxy", "--public-url", "https://naive.example.com"];
    // It tells the public address alone, so the port is chosen here; whoever else takes it meanwhile is met by
    // another try.
    let (_served, port) = until("a free port", || {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let addr = format!("127.0.0.1:{port}");
        let all: Vec<_> = ["--addr", &addr].into_iter().chain(words).collect();
        Some((Served::at(&naive, &all)?, port))
    });
    let ask = |host: &str| {
        let text = format!(
            "POST /v1/users/default/connections/connect HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 34\r\n\r\n{{\"toolkit\":\"gmail\",\"restart\":true}}"
        );
        raw(&format!("127.0.0.1:{port}"), text.as_bytes())
    };

    let proxied = ask("naive.example.com");
    let other = ask("other.example.com");

    assert_eq!(proxied.status, 200, "{proxied:?}");
    assert!(proxied.body.contains("https%3A%2F%2Fnaive.example.com%2Foauth%2Fcallback"));
    assert_eq!(other.status, 403);
}

#[test]
fn clients_that_stall_are_let_go_and_cost_no_threads() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --role workspace");
    let served = Served::start(&naive, &[]);
    let host = split(&served.url).0.to_owned();
    let began = Instant::now();

    // given: a third sends nothing, a third half a head, a third half a body
    let half = format!(
        "POST /v1/users HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let mut stalled = Vec::new();
    for number in 0..300 {
        let mut stream = TcpStream::connect(&host).unwrap();
        let text = ["", "GET /health HTTP/1.1\r\nHost:", &half][number % 3];
        stream.write_all(text.as_bytes()).unwrap();
        stalled.push(stream);
    }

    // then: others are answered meanwhile
    assert_eq!(served.call(&key, "GET /v1/users", "").0, 200);
    let threads = std::fs::read_dir(format!("/proc/{}/task", served.id()));
    if let Ok(threads) = threads {
        assert!(threads.count() <= 8);
    }
    for mut stream in stalled {
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let mut said = Vec::new();
        // What it says before it hangs up does not matter.
        drop(stream.read_to_end(&mut said));
    }
    // Ten seconds of patience; a slow machine may need some more to get round to it.
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    assert_eq!(served.call(&key, "GET /v1/users", "").0, 200);
}

#[test]
fn what_was_answered_survives_a_kill_and_nothing_is_doubled() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --role workspace");
    let mut answered = Vec::new();
    for round in 0..3 {
        let served = Served::start(&naive, &["--rate-limit", "0"]);
        for number in 0..20 {
            let name = format!("user-{round}-{number}");
            let body = json!({ "external_id": name }).to_string();
            assert_eq!(served.call(&key, "POST /v1/users", &body).0, 201);
            answered.push(name);
        }
        served.kill();
    }

    let users = naive.run("users list").exits(0).json();

    let names: Vec<_> = users["result"]["users"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), answered.len() + 1);
    assert!(answered.iter().all(|name| names.iter().any(|user| user["external_id"] == **name)));
}
