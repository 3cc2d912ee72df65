//! What the operator's desk got wrong: the lists, the filter, the login that was approved, and two who
//! change a policy at once.

use serde_json::{Value, json};

use crate::approvals::workspace;
use crate::browser::{decide, visit};
use crate::support::{Naive, ended};
use crate::together::together;

const REQUEST: &str = "approvals request --title Deploy --user alice";

/// A machine with the user `alice`.
fn machine() -> Naive {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    naive
}

#[test]
fn a_filter_sees_what_failed_too() {
    let naive = machine();

    let code = naive.run("approvals get 65589c8b-e033-4a65-b16c-379211c94429 --jq .error.code");
    let id = naive.run(&format!("{REQUEST} --ttl 1ms")).exits(8).json();
    let id = id["result"]["approval_id"].as_str().unwrap().to_owned();
    let status = naive.run(&format!("approvals wait {id} --jq .result.status"));

    assert_eq!(code.exits(1).out, "not_found\n");
    assert_eq!(status.exits(9).out, "expired\n");
}

#[test]
fn a_filter_that_finds_nothing_in_an_error_does_not_swallow_it() {
    let naive = machine();
    for filter in [".result.status", ".result[].id", "empty"] {
        let run =
            naive.run(&format!("approvals get 65589c8b-e033-4a65-b16c-379211c94429 --jq {filter}"));

        assert_eq!(run.exits(1).json()["error"]["code"], "not_found", "{filter}");
    }
}

#[test]
fn the_next_page_is_one_of_the_same_list() {
    let naive = machine();
    for _ in 0..2 {
        drop(naive.run(REQUEST).exits(8));
    }

    let run = naive.run("approvals list --status pending --user alice --limit 1").exits(0).json();

    let next = run["next_steps"][0]["command"].as_str().unwrap().to_owned();
    let expected = "naive approvals list --status pending --user alice --limit 1 --cursor 2";
    assert_eq!(next, expected);
    let last = naive.run(&next["naive ".len()..]).exits(0).json();
    assert_eq!(last["result"]["approvals"][0]["seq"], 1);
}

#[test]
fn of_policies_that_are_changed_at_once_none_is_lost() {
    let naive = Naive::new();
    drop(naive.run("account-kits create Ops").exits(0));
    let parts = ["cards", "domains", "trading", "formation"];

    let runs = together(
        &naive,
        parts.map(|part| format!("account-kits update Ops --primitive {part}=off")),
    );

    for (line, run) in runs {
        assert_eq!(run.status, 0, "{line}: {run:?}");
    }
    let kit = naive.run("account-kits get Ops").exits(0).json();
    for part in parts {
        assert_eq!(kit["result"]["primitives_config"][part]["enabled"], false, "{part}: {kit}");
    }
}

#[test]
fn an_update_that_comes_again_with_its_key_gets_its_first_answer() {
    let naive = Naive::new();
    drop(naive.run("account-kits create Ops").exits(0));
    let line = "account-kits update Ops --primitive cards=off --idempotency-key k-1";

    let first = naive.run(line).exits(0).json();
    let again = naive.run(line).exits(0).json();

    assert_eq!(first["result"], again["result"]);
}

#[test]
fn an_approved_login_shows_how_it_stands_and_no_link_that_is_dead() {
    let (naive, key) = workspace("sandbox");
    let mut asks = naive.command(["connections", "connect", "gmail", "--user", "alice"]);
    let held = ended(asks.env("NAIVE_API_KEY", &key).output().unwrap()).exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap().to_owned();
    let approved = naive.run(&format!("approvals approve {id} --yes --no-wait")).exits(0).json();
    let link = approved["result"]["result"]["redirectUrl"].as_str().unwrap().to_owned();
    let shown = |line: &str| naive.run(&format!("{line} {id}")).exits(0).json();

    let begun = shown("approvals get");
    let callback = decide(&link, "deny");
    drop(naive.with("connections finish", &[&callback]).exits(1));
    let declined = shown("approvals wait");

    let connection = begun["result"]["connection"]["id"].as_str().unwrap();
    let wait = format!("naive connections wait {connection} --user alice");
    assert_eq!(begun["result"]["connection"]["status"], "INITIATED");
    assert_eq!(begun["result"]["result"]["redirectUrl"], link);
    assert_eq!(
        begun["next_steps"],
        json!([{"command": wait, "description": "wait for the login"}])
    );
    assert_eq!(declined["result"]["status"], "executed");
    assert_eq!(declined["result"]["connection"]["status"], "FAILED");
    assert_eq!(declined["result"]["result"]["redirectUrl"], Value::Null);
    let hint = declined["hints"][0].as_str().unwrap();
    assert!(hint.starts_with("It was approved and begun, and the connection is FAILED"), "{hint}");
    let next = &declined["next_steps"][0]["command"];
    assert_eq!(next, "naive connections connect gmail --user alice");

    drop(naive.run("connections connect gmail --user alice").exits(0));
    let again = shown("approvals get");
    assert_eq!(again["result"]["connection"]["status"], "ACTIVE", "{again}");
}

#[test]
fn a_login_that_is_declined_after_the_approval_says_how_to_go_on() {
    let (naive, key) = workspace("sandbox");
    let naive = naive.env("BROWSER", "/bin/true");
    let mut asks = naive.command(["connections", "connect", "gmail", "--user", "alice"]);
    let held = ended(asks.env("NAIVE_API_KEY", &key).output().unwrap()).exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();

    let line = format!("approvals approve {id} --yes");
    let login = crate::browser::Login::start(&naive, &line);
    drop(visit(&decide(&login.link, "deny")));
    let run = login.end().exits(1).json();

    assert_eq!(run["error"]["reason"], "access_denied");
    assert_eq!(
        run["error"]["hint"],
        "it was approved, and nothing is connected: run `naive connections connect gmail --user alice`"
    );
}

#[test]
fn what_is_wrong_with_a_payload_is_said_of_the_payload() {
    let naive = machine();

    let run = naive.run(&format!("{REQUEST} --payload [1]")).exits(2).json();

    assert_eq!(run["error"]["message"], "`--payload` is JSON, but no object");
}

#[cfg(unix)]
#[test]
fn a_watch_that_is_interrupted_ends_with_one_line() {
    let naive = machine();
    let run = naive.run(REQUEST).exits(8).json();
    let id = run["result"]["approval_id"].as_str().unwrap();
    let mut watch = naive.command(["approvals", "watch", id]).spawn().unwrap();
    let mut stdout = std::io::BufReader::new(watch.stdout.take().unwrap());
    let mut first = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut first).unwrap();

    crate::browser::signal(watch.id(), "TERM");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();

    assert_eq!(watch.wait().unwrap().code(), Some(143));
    let last: Value = serde_json::from_str(rest.trim_end()).unwrap();
    assert_eq!(rest.lines().count(), 1, "{rest}");
    assert_eq!(last["error"]["reason"], "terminated");
}
