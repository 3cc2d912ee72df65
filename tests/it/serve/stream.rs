//! The log as it grows.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Served, key};
use crate::browser::split;
use crate::support::{Naive, until};

/// A reader of a stream.
struct Stream(BufReader<TcpStream>);

impl Stream {
    /// Opens a stream, and returns once it has begun.
    fn open(served: &Served, key: &str, path: &str, headers: &str) -> Self {
        let host = split(&served.url).0;
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let text = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n{headers}\r\n"
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut reader = Self(BufReader::new(stream));
        assert!(reader.line().unwrap().contains(" 200 "));
        reader
    }

    /// Returns the next line, if there is one.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).unwrap();
        (read > 0).then(|| line.trim().to_owned())
    }

    /// Returns the data of the next event, if the stream goes on so long.
    fn event(&mut self) -> Option<Value> {
        loop {
            let line = self.line()?;
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[test]
fn what_is_logged_comes_as_it_happens_and_only_to_whom_it_concerns() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("users create bob").exits(0));
    let operator = key(&naive, "--name app --role workspace");
    let alices = key(&naive, "--name bot --role agent --user alice");
    let served = Served::start(&naive, &[]);
    let mut own = Stream::open(&served, &alices, "/v1/users/me/logs/stream", "");
    let mut company = Stream::open(&served, &operator, "/v1/events", "");

    for user in ["bob", "alice"] {
        let line = format!("POST /v1/users/{user}/connections/connect");
        assert_eq!(served.call(&operator, &line, r#"{"toolkit": "gmail"}"#).0, 202);
    }

    let first = company.event().unwrap();
    assert_eq!(first["type"], "activity.logged");
    assert_eq!(first["payload"]["outcome"], "held");
    let second = company.event().unwrap();
    let alice = own.event().unwrap();
    assert_eq!(alice["tenant_user_id"], second["payload"]["tenant_user_id"]);
    assert_ne!(alice["tenant_user_id"], first["payload"]["tenant_user_id"]);

    // A reader that comes back has what it missed.
    let header = format!("Last-Event-ID: {}\r\n", first["payload"]["seq"]);
    let mut again = Stream::open(&served, &operator, "/v1/logs/stream", &header);
    assert_eq!(again.event().unwrap()["seq"], second["payload"]["seq"]);
}

#[test]
fn a_stream_ends_with_its_key_and_with_the_server() {
    let naive = Naive::new();
    let operator = key(&naive, "--name app --role workspace");
    let other = key(&naive, "--name other --role workspace");
    let served = Served::start(&naive, &[]);
    let mut revoked = Stream::open(&served, &other, "/v1/logs/stream", "");
    let mut open = Stream::open(&served, &operator, "/v1/logs/stream", "");

    let keys = served.call(&operator, "GET /v1/auth/keys", "").1;
    let id = keys["keys"].as_array().unwrap().iter().find(|key| key["name"] == "other").unwrap();
    let line = format!("DELETE /v1/auth/keys/{}", id["key_id"].as_str().unwrap());
    assert_eq!(served.call(&operator, &line, "").1["revoked"], json!(true));

    until("the end of the stream", || revoked.event().is_none().then_some(()));
    assert_eq!(served.end("TERM"), 0);
    until("the end of the other", || open.event().is_none().then_some(()));
}

#[test]
fn nobody_reads_without_a_key_or_of_another_user() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("users create bob").exits(0));
    let alices = key(&naive, "--name bot --role agent --user alice");
    let served = Served::start(&naive, &[]);

    let none = served.call("", "GET /v1/logs/stream", "");
    let other = served.call(&alices, "GET /v1/users/bob/logs/stream", "");
    let nobody = served.call(&alices, "GET /v1/users/nobody/logs/stream", "");

    assert_eq!((none.0, other.0, nobody.0), (401, 403, 403));
}
