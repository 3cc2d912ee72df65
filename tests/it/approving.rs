//! Approvals as people and scripts see them: asked for, waited for, watched, decided, and a login that was
//! held and is finished.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr};

use serde_json::{Value, json};

use crate::support::{Naive, Run, ended};

/// A machine with the user `alice`, and the key of an agent.
fn machine() -> (Naive, String) {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let key = naive.run("keys create --name bot --role agent").exits(0).json();
    let key = key["result"]["api_key"].as_str().unwrap().to_owned();
    (naive, key)
}

/// Runs a line as the agent.
fn as_agent(naive: &Naive, key: &str, line: &str) -> Run {
    let mut command = naive.command(line.split_whitespace());
    ended(command.env("NAIVE_API_KEY", key).env("NAIVE_PROFILE", "sandbox").output().unwrap())
}

/// Asks for something, and returns its id.
fn asked(naive: &Naive) -> String {
    let run = naive.run("approvals request --title Deploy --user alice").exits(8).json();
    run["result"]["approval_id"].as_str().unwrap().to_owned()
}

fn status(naive: &Naive, id: &str) -> Value {
    naive.run(&format!("approvals get {id}")).exits(0).json()["result"]["status"].clone()
}

/// A `request --wait` that has said what it waits for.
struct Asking {
    child: Child,
    stderr: BufReader<ChildStderr>,
    id: String,
}

impl Asking {
    fn start(naive: &Naive) -> Self {
        let words = ["approvals", "request", "--title", "Deploy", "--user", "alice", "--wait"];
        let mut child = naive.command(words).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("approvals approve ") {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended before it waited");
        }
        let id = line.split("approvals approve ").nth(1).unwrap();
        let id = id.trim().trim_end_matches(['`', '.']).to_owned();
        Self { child, stderr, id }
    }

    fn end(mut self) -> Run {
        let run = ended(self.child.wait_with_output().unwrap());
        let mut err = String::new();
        self.stderr.read_to_string(&mut err).unwrap();
        Run { err, ..run }
    }
}

#[test]
fn approving_without_a_terminal_wants_yes() {
    let (naive, _) = machine();
    let id = asked(&naive);

    let run = naive.run(&format!("approvals approve {id}")).exits(2).json();

    assert_eq!(run["error"]["code"], "invalid_input");
    let hint = run["error"]["hint"].as_str().unwrap();
    assert!(hint.ends_with("then add `--yes`"), "{hint}");
    assert_eq!(status(&naive, &id), "pending");
}

#[test]
fn reviewing_without_a_terminal_says_what_to_do_instead() {
    let (naive, _) = machine();

    let run = naive.run("approvals review").exits(2).json();

    assert_eq!(
        run["error"]["hint"],
        "run `naive approvals list --status pending`, then `naive approvals approve <id> --yes`"
    );
}

#[test]
fn a_wait_ends_with_the_approval_and_its_status_says_how() {
    let (naive, _) = machine();
    for (decision, exit, end, reason) in [
        ("approve", 0, "executed", Value::Null),
        ("deny", 9, "denied", json!("approval_denied")),
        ("cancel", 9, "cancelled", json!("approval_cancelled")),
    ] {
        let id = asked(&naive);
        let wait = naive.command(["approvals", "wait", &id]).spawn().unwrap();

        let yes = if decision == "approve" { " --yes" } else { "" };
        drop(naive.run(&format!("approvals {decision} {id}{yes}")).exits(0));
        let run = ended(wait.wait_with_output().unwrap()).exits(exit).json();

        assert_eq!(run["action"], "approvals.wait");
        assert_eq!(run["success"], exit == 0);
        assert_eq!(run["result"]["id"], id);
        assert_eq!(run["result"]["status"], end);
        assert_eq!(run["error"]["reason"], reason);
    }
}

#[test]
fn a_wait_that_takes_too_long_leaves_the_approval_to_wait() {
    let (naive, _) = machine();
    let id = asked(&naive);

    let run = naive.run(&format!("approvals wait {id} --timeout 300ms")).exits(1).json();

    assert_eq!(run["error"]["reason"], "timed_out");
    assert_eq!(status(&naive, &id), "pending");
}

#[test]
fn a_wait_notices_that_the_time_is_over() {
    let (naive, _) = machine();
    let run = naive.run("approvals request --title Deploy --user alice --ttl 1ms").exits(8).json();
    let id = run["result"]["approval_id"].as_str().unwrap();

    let run = naive.run(&format!("approvals wait {id}")).exits(9).json();

    assert_eq!(run["result"]["status"], "expired");
    assert_eq!(run["error"]["reason"], "approval_expired");
}

#[test]
fn a_script_that_asks_goes_on_when_a_person_says_yes_and_stops_at_a_no() {
    let (naive, _) = machine();
    for (decision, exit, end) in [("approve --yes", 0, "executed"), ("deny", 9, "denied")] {
        let asking = Asking::start(&naive);

        drop(naive.run(&format!("approvals {decision} {}", asking.id)).exits(0));
        let run = asking.end().exits(exit).json();

        assert_eq!(run["action"], "approvals.request");
        assert_eq!(run["success"], exit == 0);
        assert_eq!(run["result"]["status"], end);
        assert_eq!(run["result"]["action_type"], "custom.deploy");
    }
}

#[test]
fn a_watch_says_each_change_once_and_ends_with_the_approval() {
    let (naive, _) = machine();
    let id = asked(&naive);
    let mut watch = naive.command(["--json", "approvals", "watch", &id]).spawn().unwrap();
    let mut stdout = BufReader::new(watch.stdout.take().unwrap());
    let mut lines = vec![String::new()];
    stdout.read_line(&mut lines[0]).unwrap();

    drop(naive.run(&format!("approvals deny {id} --reason late")).exits(0));
    lines.extend(stdout.lines().map(Result::unwrap));
    drop(ended(watch.wait_with_output().unwrap()).exits(9));

    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<_> = lines.iter().map(|line| &line["result"]["status"]).collect();
    assert_eq!(seen, ["pending", "denied"]);
    assert_eq!(lines[0]["success"], true);
    assert_eq!(lines[1]["success"], false);
    assert_eq!(lines[1]["error"]["message"], "it was denied by the operator: late");
}

#[test]
fn a_held_connect_is_finished_by_whoever_approves_it() {
    let (naive, key) = machine();
    let held = as_agent(&naive, &key, "connections connect gmail --user alice").exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();

    let run = naive.run(&format!("approvals approve {id} --yes")).exits(0).json();

    assert_eq!(run["result"]["status"], "executed");
    assert_eq!(run["result"]["result"]["status"], "ACTIVE");
    assert_eq!(run["next_steps"][0]["command"], "naive connections tools gmail --user alice");
    let rows = naive.run("connections connected --user alice").exits(0).json();
    assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE");
    let link = run["result"]["result"]["redirectUrl"].clone();
    assert_eq!(link, Value::Null);
}

#[test]
fn a_held_connect_that_could_not_begin_is_finished_by_whoever_goes_on_with_it() {
    let (naive, key) = machine();
    let held = as_agent(&naive, &key, "connections connect gmail --user alice").exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();
    drop(naive.run("toolkits disable gmail").exits(0));

    let early = naive.run(&format!("approvals approve {id} --yes")).exits(1).json();
    drop(naive.run("toolkits enable gmail").exits(0));
    let run = naive.run(&format!("approvals reconcile {id}")).exits(0).json();

    assert_eq!(early["result"]["status"], "approved");
    assert_eq!(early["error"]["reason"], "toolkit_disabled");
    let one = &run["result"]["approvals"][0];
    assert_eq!(one["status"], "executed");
    assert_eq!(one["result"]["status"], "ACTIVE");
    assert_eq!(run["next_steps"][0]["command"], "naive connections tools gmail --user alice");
}

#[test]
fn what_is_approved_and_was_never_sent_can_still_be_denied() {
    let (naive, key) = machine();
    let held = as_agent(&naive, &key, "connections connect gmail --user alice").exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();
    drop(naive.run("toolkits disable gmail").exits(0));
    drop(naive.run(&format!("approvals approve {id} --yes")).exits(1));

    let denied = naive.run(&format!("approvals deny {id} --reason no")).exits(0).json();
    let again = naive.run(&format!("approvals deny {id}")).exits(1).json();
    drop(naive.run("toolkits enable gmail").exits(0));
    let over = naive.run(&format!("approvals reconcile {id}")).exits(1).json();

    assert_eq!(denied["result"]["status"], "denied");
    assert_eq!(denied["result"]["error"], Value::Null);
    assert_eq!(again["error"]["reason"], "already_resolved");
    assert_eq!(over["result"]["approvals"][0]["status"], "denied");
    let log = naive.run("logs all --action approval.denied").exits(0).json();
    assert_eq!(log["result"]["events"].as_array().unwrap().len(), 1);
}

#[test]
fn a_held_connect_with_a_key_says_how_the_key_is_entered() {
    let (naive, key) = machine();
    let line = "connections connect stripe --user alice --no-wait";
    let held = as_agent(&naive, &key, line).exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();

    let run = naive.run(&format!("approvals approve {id} --yes")).exits(0).json();

    let connection = run["result"]["result"]["connectedAccountId"].as_str().unwrap();
    let command = run["next_steps"][0]["command"].as_str().unwrap();
    let expected = format!("naive connections credentials {connection} --user alice api_key=-");
    assert_eq!(command, expected);
    let entered = naive.fed(&command["naive ".len()..], "sk_test_of_the_test\n").exits(0).json();
    assert_eq!(entered["result"]["status"], "ACTIVE");
}

#[test]
fn an_agent_neither_approves_nor_sees_the_secret_of_notifications() {
    let (naive, key) = machine();
    let id = asked(&naive);

    let approve = as_agent(&naive, &key, &format!("approvals approve {id} --yes")).exits(1).json();
    let secret = as_agent(&naive, &key, "approvals notify-secret").exits(1).json();

    assert_eq!(approve["error"]["code"], "forbidden");
    assert_eq!(secret["error"]["code"], "forbidden");
    assert_eq!(status(&naive, &id), "pending");
}
