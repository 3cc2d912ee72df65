//! Orders of an agent for a tenant user: held, shown with the market, approved and placed once, or not at all.

use serde_json::{Value, json};

use super::stand_in::{Broker, Reply, link, shares};
use crate::keys::{by, made};
use crate::support::{Naive, Run};

const BUY: &str = "--json trading order --symbol AAPL --side buy --qty 2 --user alice";

/// A user with a linked account, and an agent with a key.
struct Desk {
    broker: Broker,
    naive: Naive,
    key: Value,
}

impl Desk {
    fn new() -> Self {
        let broker = Broker::new();
        let naive = broker.linked();
        let _ = naive.run("users create --external-id alice").exits(0);
        let _ = link(&naive, "--user alice").exits(0);
        let key = made(&naive, "--role agent");
        Self { broker, naive, key }
    }

    fn agent(&self, line: &str) -> Run {
        by(&self.naive, &self.key, line)
    }

    /// Has the agent ask, and returns the approval.
    fn held(&self, line: &str) -> String {
        let run = self.agent(line).exits(8);
        run.json()["result"]["approval_id"].as_str().unwrap().to_owned()
    }

    fn approve(&self, id: &str) -> Run {
        self.naive.run(&format!("--json approvals approve {id} --yes"))
    }

    fn approval(&self, id: &str) -> Value {
        self.naive.run(&format!("--json approvals get {id}")).exits(0).json()["result"].clone()
    }
}

#[test]
fn an_order_is_held_with_the_market_and_placed_once_it_is_approved() {
    let desk = Desk::new();
    let run = desk.agent(BUY).exits(8);
    let pending = run.json()["result"].clone();
    assert_eq!(pending["title"], "Place buy order: 2 AAPL for \"alice\"");
    assert_eq!(desk.broker.taken(), 0);
    let id = pending["approval_id"].as_str().unwrap();
    let market = desk.approval(id)["market"].clone();
    assert_eq!((&market["ask"], &market["estimated_cost"]), (&"100".into(), &"200".into()));
    assert_eq!((&market["account"], &market["env"]), (&"PA1234567890".into(), &"paper".into()));

    let done = desk.approve(id).exits(0);
    let again = desk.approve(id).exits(1);

    let approval = done.json()["result"].clone();
    assert_eq!(
        (&approval["status"], &approval["result"]["status"]),
        (&"executed".into(), &"accepted".into())
    );
    assert_eq!(again.json()["error"]["reason"], "already_resolved");
    let sent = desk.broker.posted();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["client_order_id"], approval["idempotency_key"]);
    let id = sent[0]["client_order_id"].as_str().unwrap();
    assert_eq!((id.len(), &id[14..15]), (36, "7"), "a UUID of version 7");
}

#[test]
fn an_order_at_the_market_waits_a_quarter_of_an_hour_at_most() {
    let desk = Desk::new();
    let patience = |id: &str| {
        let one = desk.approval(id);
        let at = |name: &str| one[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        at("expires_at").as_millisecond() - at("created_at").as_millisecond()
    };

    let market = desk.held(BUY);
    let limit = desk.held(&format!("{BUY} --type limit --limit-price 99"));

    assert_eq!(patience(&market), 15 * 60_000);
    assert_eq!(patience(&limit), 72 * 3_600_000);
}

#[test]
fn what_was_denied_is_never_placed() {
    let desk = Desk::new();
    let id = desk.held(BUY);

    let _ = desk.naive.run(&format!("approvals deny {id}")).exits(0);

    assert_eq!(desk.approve(&id).exits(1).json()["error"]["reason"], "already_resolved");
    assert_eq!(desk.broker.taken(), 0);
}

#[test]
fn an_order_is_not_placed_once_the_market_has_moved_too_far() {
    let desk = Desk::new();
    let (near, far) = (desk.held(BUY), desk.held(BUY));
    desk.broker.asks(100.9);
    let _ = desk.approve(&near).exits(0);
    desk.broker.asks(101.2);

    let _ = desk.approve(&far);

    let one = desk.approval(&far);
    assert_eq!((&one["status"], &one["error"]["reason"]), (&"failed".into(), &"drift".into()));
    let text = one["error"]["message"].as_str().unwrap();
    assert!(text.contains("1.2 percent, from 100 to 101.2; the most is 1"), "{text}");
    assert_eq!(desk.broker.taken(), 1);
}

#[test]
fn the_market_moves_no_further_than_whoever_approves_has_read() {
    let desk = Desk::new();
    let id = desk.held(BUY);
    let said = "paper.limits.maxDriftPercent=10";
    let _ = desk.naive.with("account-kits update Default --trading", &[said]).exits(0);
    desk.broker.asks(105.0);

    let _ = desk.approve(&id);

    assert_eq!(desk.approval(&id)["error"]["reason"], "drift");
    assert_eq!(desk.broker.taken(), 0);
}

#[test]
fn a_halt_counts_also_for_what_was_asked_before() {
    let desk = Desk::new();
    let id = desk.held(BUY);
    let _ = desk.naive.run("trading halt --user alice").exits(0);

    let stopped = desk.approve(&id).exits(1);

    assert_eq!(stopped.json()["error"]["reason"], "trading_halted");
    assert_eq!((&desk.approval(&id)["status"], desk.broker.taken()), (&"pending".into(), 0));
    let _ = desk.naive.run("trading resume --user alice").exits(0);
    let _ = desk.approve(&id).exits(0);
    assert_eq!(desk.broker.taken(), 1);
}

#[test]
fn a_limit_counts_when_it_is_asked_for_and_when_it_is_placed() {
    let desk = Desk::new();
    let limit = |said: &str| {
        let _ = desk.naive.with("account-kits update Default --trading", &[said]).exits(0);
    };
    limit("paper.limits.maxDayNotional=300");
    let (one, other) = (desk.held(BUY), desk.held(BUY));
    let _ = desk.approve(&one).exits(0);

    let _ = desk.approve(&other);
    let third = desk.agent(BUY).exits(1);

    assert_eq!(desk.approval(&other)["error"]["reason"], "day_notional");
    assert_eq!(third.json()["error"]["reason"], "day_notional");
    assert_eq!(desk.broker.taken(), 1);
}

#[test]
fn a_collar_sends_a_market_order_as_a_limit_that_was_shown() {
    let desk = Desk::new();
    let said = "paper.limits.collar=true";
    let _ = desk.naive.with("account-kits update Default --trading", &[said]).exits(0);
    let id = desk.held(BUY);
    let frozen = desk.approval(&id)["payload"].clone();
    assert_eq!((&frozen["type"], &frozen["limit_price"]), (&"limit".into(), &"101".into()));

    let _ = desk.approve(&id).exits(0);

    let sent = desk.broker.posted().pop().unwrap();
    assert_eq!((&sent["type"], &sent["limit_price"]), (&"limit".into(), &"101".into()));
}

#[test]
fn an_approved_order_whose_answer_was_lost_is_found_and_never_sent_again() {
    let desk = Desk::new();
    let (found, missing) = (desk.held(BUY), desk.held(BUY));
    desk.broker.next(Reply::LostAfter);
    let _ = desk.approve(&found);
    desk.broker.next(Reply::LostBefore);

    let lost = desk.approve(&missing).exits(7);

    assert_eq!(lost.json()["result"]["status"], "sending");
    let told = desk.naive.run(&format!("--json approvals reconcile {found}"));
    assert!(told.status == 0 || told.status == 7);
    assert_eq!((desk.broker.posted().len(), desk.broker.taken()), (2, 1));
}

#[test]
fn a_close_is_not_placed_once_the_position_has_changed() {
    let desk = Desk::new();
    desk.broker.holds(shares("10"));
    let id = desk.held("--json trading close AAPL --user alice");
    desk.broker.holds(shares("6"));

    let _ = desk.approve(&id);

    let one = desk.approval(&id);
    assert_eq!((&one["status"], &one["error"]["reason"]), (&"failed".into(), &"drift".into()));
    assert_eq!(desk.broker.posted(), Vec::<Value>::new());
}

#[test]
fn what_would_be_refused_is_never_frozen() {
    let desk = Desk::new();

    let run = desk.agent(&format!("{BUY} --type limit")).exits(1);
    let listed = desk.naive.run("--json approvals list").exits(0);

    assert_eq!(run.json()["error"]["message"], "limit orders require a limit price");
    assert_eq!(listed.json()["result"]["approvals"], json!([]));
}

#[test]
fn a_collar_that_breaks_a_limit_is_refused_before_anybody_is_asked() {
    let desk = Desk::new();
    for said in ["paper.limits.collar=true", "paper.limits.maxOrderNotional=201"] {
        let _ = desk.naive.with("account-kits update Default --trading", &[said]).exits(0);
    }

    let run = desk.agent(BUY).exits(1);

    assert_eq!(run.json()["error"]["reason"], "order_notional");
}
