//! An upstream that keeps a ledger and loses messages, and an agent that asks for cards.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::crash::scattered;
use crate::support::{Naive, Received, Run, Upstream};

/// What an upstream can do about an answer that was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It honours the key
    A,
    /// It can be asked
    B,
    /// Neither
    C,
}

/// What the upstream has done, by key.
#[derive(Debug, Default)]
struct Ledger {
    effects: BTreeMap<String, usize>,
    requests: usize,
}

/// A home with an operator, an agent for alice, and an endpoint that makes cards.
#[derive(Debug)]
pub(super) struct Scene {
    /// The machine, without a key
    pub(super) naive: Naive,
    /// The agent's key
    key: String,
    ledger: Arc<Mutex<Ledger>>,
}

impl Scene {
    /// Sets everything up; of ten requests the upstream loses `lost`, and of ten answers too.
    pub(super) fn new(class: Class, lost: usize) -> Self {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let books = Arc::clone(&ledger);
        let upstream = Upstream::new(move |request| serve(&books, class, lost, request));
        let naive = Naive::new().env("NAIVE_PROFILE", "local");
        drop(naive.run("users create --external-id alice").exits(0));
        let made = naive.run("keys create --name bot --role agent --user alice").exits(0).json();
        let key = made["result"]["api_key"].as_str().unwrap().to_owned();
        let url = &upstream.url;
        let replay = match class {
            Class::A => "--replay A".to_owned(),
            // The upstream works without delay: what it does not know after three seconds never came.
            Class::B => {
                format!("--replay B --lookup {url}/cards/{{key}} --settle 3s --reads-own-writes")
            }
            Class::C => "--replay C".to_owned(),
        };
        let line = format!("actions configure cards.create --url {url}/cards {replay}");
        drop(naive.run(&line).exits(0));
        Self { naive, key, ledger }
    }

    /// Has the agent ask for a card, and returns the approval's id.
    pub(super) fn asked(&self, name: &str) -> String {
        let args = json!({ "name": name, "spendingLimitCents": 50_000 }).to_string();
        let run =
            self.agent(&["actions", "run", "cards.create", "--user", "alice", "--args", &args]);
        let pending = run.exits(8).json();
        pending["result"]["approval_id"].as_str().unwrap().to_owned()
    }

    /// Runs words as the agent.
    pub(super) fn agent(&self, words: &[&str]) -> Run {
        let mut command = self.naive.command(words);
        crate::support::ended(command.env("NAIVE_API_KEY", &self.key).output().unwrap())
    }

    /// Begins words as the agent.
    pub(super) fn agent_begins(&self, words: &[&str]) -> Child {
        self.naive.command(words).env("NAIVE_API_KEY", &self.key).spawn().unwrap()
    }

    /// Begins a line as the operator.
    pub(super) fn begins(&self, line: &str) -> Child {
        self.naive.command(line.split_whitespace()).spawn().unwrap()
    }

    /// Returns an approval as it stands.
    pub(super) fn approval(&self, id: &str) -> Value {
        self.naive.run(&format!("approvals get {id}")).exits(0).json()["result"].clone()
    }

    /// Returns how often the upstream did what an approval is about.
    pub(super) fn effects(&self, approval: &Value) -> usize {
        let key = approval["idempotency_key"].as_str().unwrap();
        self.ledger.lock().unwrap().effects.get(key).copied().unwrap_or_default()
    }

    /// Holds an approval that has ended to what the ledger says; an open one is a failure.
    pub(super) fn assert_honest(&self, approval: &Value) {
        let effects = self.effects(approval);
        let told = approval["status"].as_str().unwrap();
        let right = match told {
            "executed" => effects == 1,
            "failed" | "denied" | "expired" | "cancelled" | "pending" => effects == 0,
            "unknown" => effects <= 1,
            _ => false,
        };
        assert!(right, "{told} with {effects} effects: {approval}");
    }
}

fn serve(books: &Mutex<Ledger>, class: Class, lost: usize, request: &Received) -> (u16, String) {
    let mut books = books.lock().unwrap();
    if request.method == "GET" {
        let key = request.path.rsplit('/').next().unwrap();
        return match books.effects.get(key) {
            Some(_) => (200, card(key)),
            None => (404, "{}".to_owned()),
        };
    }
    books.requests += 1;
    let number = books.requests;
    if scattered(number, 10) < lost as u128 {
        return (0, String::new());
    }
    let key = request.headers["idempotency-key"].clone();
    let done = books.effects.entry(key.clone()).or_default();
    if *done == 0 || class != Class::A {
        *done += 1;
    }
    match scattered(number + 500_009, 20) {
        // The whole answer, or half of it, is lost on the way.
        way if way < lost as u128 => (0, String::new()),
        way if way < 2 * lost as u128 => {
            (200, format!("HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{{\"card_id\": \"{key}"))
        }
        _ => (200, card(&key)),
    }
}

/// Says what a proof has found: the figures of a run by hand.
#[expect(clippy::print_stdout, reason = "`cargo test -- --nocapture` shows it")]
pub(super) fn report(found: &str) {
    println!("{found}");
}

fn card(key: &str) -> String {
    json!({ "card_id": format!("card_{key}"), "checkout_url": "https://example.com/c" }).to_string()
}
