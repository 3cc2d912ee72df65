//! `naive serve`, asked over a socket as a program would.

mod apps;
mod connectors;
mod dashboard;
mod integrations;
mod kills;
mod life;
mod login;
mod rounds;
mod seeds;
mod stream;

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::thread;

use serde_json::Value;

use crate::browser::{Page, request, signal};
use crate::support::Naive;

/// A server. It is killed when this goes.
#[derive(Debug)]
pub(crate) struct Served {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    child: Option<Child>,
}

impl Served {
    /// Starts a server on any port, with further words, and returns once it answers.
    pub(crate) fn start(naive: &Naive, words: &[&str]) -> Self {
        let all: Vec<_> = ["--addr", "127.0.0.1:0"].iter().chain(words).copied().collect();
        Self::at(naive, &all).unwrap()
    }

    /// Starts a server with these words; `None` if it does not begin.
    pub(crate) fn at(naive: &Naive, words: &[&str]) -> Option<Self> {
        let line = ["serve", "--output", "jsonl"];
        let mut child = naive.command(line.iter().chain(words)).spawn().unwrap();
        let mut told = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut told).unwrap();
        let told = serde_json::from_str::<Value>(&told).unwrap_or_default();
        if told["success"] != true {
            drop(child.wait());
            return None;
        }
        // What it says from now on is nothing that it waits to be read.
        let stderr = child.stderr.take().unwrap();
        thread::spawn(move || BufReader::new(stderr).lines().count());
        Some(Self { url: told["result"]["url"].as_str().unwrap().to_owned(), child: Some(child) })
    }

    /// Sends a request with a key, and returns status and body.
    pub(crate) fn call(&self, key: &str, line: &str, body: &str) -> (u16, Value) {
        let page = self.page(key, line, body);
        let body = serde_json::from_str(&page.body);
        (page.status, body.unwrap_or_else(|error| panic!("{error}: {page:?}")))
    }

    /// The same, the whole answer.
    pub(crate) fn page(&self, key: &str, line: &str, body: &str) -> Page {
        let (method, path) = line.split_once(' ').unwrap();
        let headers = format!("Authorization: Bearer {key}\r\nContent-Type: application/json\r\n");
        request(method, &format!("{}{path}", self.url), &headers, body)
    }

    /// Returns the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Tells it to end, and returns the status with which it does.
    pub(crate) fn end(self, name: &str) -> i32 {
        signal(self.id(), name);
        self.ended()
    }

    /// Returns the status with which it ends.
    pub(crate) fn ended(mut self) -> i32 {
        self.child.take().unwrap().wait().unwrap().code().unwrap_or(-1)
    }

    /// Kills it in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Makes a key.
pub(crate) fn key(naive: &Naive, words: &str) -> String {
    let run = naive.run(&format!("keys create {words}")).exits(0);
    run.json()["result"]["api_key"].as_str().unwrap().to_owned()
}
