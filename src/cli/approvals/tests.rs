//! What a card looks like, also where an agent would have it look otherwise, and how the queue goes on.

use std::time::Duration;

use serde_json::{Value, json};

use super::card::{Card, line};
use super::outcome::{failure, status};
use super::queue::{Answer, Queue};
use super::review::ended;
use crate::api::approvals::{Account, Actor, Approval, ApprovalStatus, Class};
use crate::api::ids::ConnectionId;
use crate::api::time::Millis;
use crate::api::toolkits::Effect;
use crate::engine::LEVEL;

pub(super) const AT: Millis = Millis(1_795_170_000_000);

/// The card of a hostile agent, on a terminal of 40 columns.
const HOSTILE: [&str; 46] = [
    r"asks for   Run\u{1b}]0;x\u{7}",
    r#"           "GMAIL_SEND_EMAIL" where"#,
    "            SANDBOX",
    "approval   65589c8b-e033-4a65-b16c-37921",
    "           1c94429, number 7 here",
    "where      REAL: real apps, real",
    "           people, real money",
    "action     connections.execute",
    "effect     changes: creates or changes",
    "           things in the app",
    r#"for        the user "alice""#,
    "           (0b9d3c4e-4f9e-4b57-9d0a-1f1e",
    "           6c1f2a3b)",
    r#"asked by   the agent "ops\" (the"#,
    r#"           operator\u{2066})\n""#,
    "           (key_1f2e3d)",
    "since      2026-11-20 10:20:00 UTC, 3",
    "           minutes ago",
    "until      2026-11-23 10:20:00 UTC, 71",
    "           hours left",
    "if lost    the answer: nobody knows",
    "           whether it happened, and you",
    "           have to look (class C)",
    "digest     0123456789abcdef",
    "           0123456789abcdef",
    "           0123456789abcdef",
    "           0123456789abcdef",
    "",
    "arguments",
    r#"| toolkit: "gmail""#,
    r#"| tool: "GMAIL_SEND_EMAIL""#,
    "| arguments:",
    r#"|   body: "Dear\u001b[2J\r\n\u{202e}al"#,
    r#"|     l\u{200b}\"\\""#,
    r#"|   "wh\u{ad}ere": "REAL""#,
    r#"|   long: "x x x x x x x x x x x x x "#,
    "|     x x x x x x x x x x x x x x x x x ",
    r#"|     x x x x x x x until      tomorrow""#,
    r#"|   wide: "漢漢漢漢漢漢漢漢漢漢漢漢漢"#,
    "|     漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢",
    r#"|     漢漢漢漢漢漢漢漢漢漢""#,
    "",
    "level L0: the gate stops accidents, and",
    "agents that keep to their key; it does",
    "not stop a program with a shell that",
    "runs as your OS user",
];

fn agent(name: &str) -> Actor {
    let name = Some(name.to_owned());
    Actor { actor_type: "agent".into(), actor_id: "key_1f2e3d".into(), name }
}

pub(super) fn approval(action: &str, title: &str, payload: Value) -> Approval {
    Approval {
        id: "65589c8b-e033-4a65-b16c-379211c94429".parse().unwrap(),
        seq: 7,
        store_id: "s".into(),
        tenant_user_id: "0b9d3c4e-4f9e-4b57-9d0a-1f1e6c1f2a3b".into(),
        user: "alice".into(),
        account_kit_id: "k".into(),
        environment: "sandbox".into(),
        primitive: "cards".into(),
        action_type: action.into(),
        title: title.into(),
        payload,
        account: None,
        market: None,
        status: ApprovalStatus::Pending,
        class: Class::A,
        result: None,
        error: None,
        connection: None,
        requested_by: agent("support bot"),
        resolved_by: None,
        resolved_at: None,
        restored_at: None,
        reason: None,
        digest: "0123456789abcdef".repeat(4),
        idempotency_key: "i".into(),
        sends: 0,
        created_at: AT,
        updated_at: AT,
        expires_at: AT.after(Duration::from_hours(72)),
        execute_by: None,
    }
}

fn card(approval: &Approval, effect: Option<Effect>, width: usize) -> String {
    let now = AT.after(Duration::from_mins(3));
    Card { approval, effect, market: None, now, width, level: LEVEL }.text()
}

#[test]
fn a_card_says_whose_account_it_goes_through() {
    let mut one = approval("connections.execute", "Run X", json!({}));
    let shown = |one: &Approval| {
        let card = card(one, None, 80);
        card.lines().find(|line| line.starts_with("account")).map(str::to_owned)
    };

    let none = shown(&one);
    let connection: ConnectionId = format!("ca_{}", "1f".repeat(16)).parse().unwrap();
    let account = Account { connection, label: None, identity: None };
    one.account = Some(account.clone());
    let untold = shown(&one).unwrap();
    let (label, identity) = ("work".parse().ok(), Some("ada\nfor        bob".to_owned()));
    one.account = Some(Account { label, identity, ..account });
    let told = shown(&one).unwrap();

    assert_eq!(none, None);
    assert!(untold.starts_with("account    whose the app does not tell (ca_1f1f"), "{untold}");
    assert!(told.starts_with("account    \"work\", \"ada\\nfor        bob\""), "{told}");
}

#[test]
fn a_card_says_who_asks_for_whom_and_what_exactly() {
    let payload = json!({
        "user": "0b9d3c4e-4f9e-4b57-9d0a-1f1e6c1f2a3b",
        "name": "Ads",
        "spendingLimitCents": 50000,
        "metadata": { "team": { "id": 7, "tags": ["a", ["b"], {}], "note": null } },
    });
    let one = approval("cards.create", "Issue virtual card \"Ads\"", payload);

    let card = card(&one, None, 200);

    let lines = [
        "asks for   Issue virtual card \"Ads\"",
        "approval   65589c8b-e033-4a65-b16c-379211c94429, number 7 here",
        "where      SANDBOX: the apps and the money are simulated",
        "action     cards.create",
        "effect     spends money: issues a card that can be charged",
        "for        the user \"alice\" (0b9d3c4e-4f9e-4b57-9d0a-1f1e6c1f2a3b)",
        "asked by   the agent \"support bot\" (key_1f2e3d)",
        "since      2026-11-20 10:20:00 UTC, 3 minutes ago",
        "until      2026-11-23 10:20:00 UTC, 71 hours left",
        "if lost    the answer: the same request is sent again, and counts once (class A)",
        "digest     0123456789abcdef 0123456789abcdef 0123456789abcdef 0123456789abcdef",
        "",
        "arguments",
        "| user: \"0b9d3c4e-4f9e-4b57-9d0a-1f1e6c1f2a3b\"",
        "| name: \"Ads\"",
        "| spendingLimitCents: 50000",
        "| metadata:",
        "|   team:",
        "|     id: 7",
        "|     tags:",
        "|       - \"a\"",
        "|       -",
        "|         - \"b\"",
        "|       - {}",
        "|     note: null",
        "amount: 500.00 in its currency",
        "",
        "level L0: the gate stops accidents, and agents that keep to their key; it does",
        "not stop a program with a shell that runs as your OS user",
    ];
    assert_eq!(card.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn nothing_an_agent_writes_acts_or_passes_for_a_line_of_the_card() {
    let payload = json!({
        "toolkit": "gmail",
        "tool": "GMAIL_SEND_EMAIL",
        "arguments": {
            "body": "Dear\u{1b}[2J\r\n\u{202e}all\u{200b}\"\\",
            "wh\u{ad}ere": "REAL",
            "long": format!("{}until      tomorrow", "x ".repeat(37)),
            "wide": "漢".repeat(40),
        },
    });
    let mut one = approval(
        "connections.execute",
        "Run\u{1b}]0;x\u{7} \"GMAIL_SEND_EMAIL\" where      SANDBOX",
        payload,
    );
    one.environment = "local".into();
    one.class = Class::C;
    one.requested_by = agent("ops\" (the operator\u{2066})\n");

    let card = card(&one, Some(Effect::Write), 20);

    assert_eq!(card.lines().collect::<Vec<_>>(), HOSTILE);
}

#[test]
fn a_decided_one_says_by_whom_and_why() {
    let mut one = approval("custom.deploy-prod", "Deploy prod", json!({}));
    one.status = ApprovalStatus::Denied;
    one.resolved_by =
        Some(Actor { actor_type: "user".into(), actor_id: "operator".into(), name: None });
    one.resolved_at = Some(AT.after(Duration::from_mins(1)));
    one.reason = Some("not on a Friday\u{7}".into());

    let card = card(&one, None, 80);

    let lines = [
        "asks for   Deploy prod",
        "approval   65589c8b-e033-4a65-b16c-379211c94429, number 7 here",
        "where      SANDBOX: the apps and the money are simulated",
        "action     custom.deploy-prod",
        "effect     does nothing by itself: whoever asked gets your answer",
        "for        the user \"alice\" (0b9d3c4e-4f9e-4b57-9d0a-1f1e6c1f2a3b)",
        "asked by   the agent \"support bot\" (key_1f2e3d)",
        "since      2026-11-20 10:20:00 UTC, 3 minutes ago",
        "status     denied, decided by the operator on 2026-11-20 10:21:00 UTC: \"not on",
        "           a Friday\\u0007\"",
        "digest     0123456789abcdef 0123456789abcdef 0123456789abcdef 0123456789abcdef",
        "",
        "no arguments",
        "",
        "level L0: the gate stops accidents, and agents that keep to their key; it does",
        "not stop a program with a shell that runs as your OS user",
    ];
    assert_eq!(card.lines().collect::<Vec<_>>(), lines);
    assert_eq!(status(&one), Some(9));
    let failure = failure(&one).unwrap();
    assert_eq!(failure.message, "it was denied by the operator: not on a Friday\u{7}");
    assert_eq!(failure.reason.as_deref(), Some("approval_denied"));
}

#[test]
fn each_end_has_its_exit_status() {
    let statuses = ApprovalStatus::ALL.map(|now| {
        let one = Approval { status: now, ..approval("cards.create", "Issue", json!({})) };
        (now.as_str(), status(&one), failure(&one).is_some())
    });

    let expected = [
        ("pending", None, false),
        ("approved", None, true),
        ("sending", None, true),
        ("unknown", Some(7), true),
        ("executed", Some(0), false),
        ("failed", Some(1), true),
        ("denied", Some(9), true),
        ("expired", Some(9), true),
        ("cancelled", Some(9), true),
    ];
    assert_eq!(statuses, expected);
}

#[test]
fn a_line_says_how_one_stands() {
    let mut one = approval("cards.create", "Issue virtual card \"A\u{202e}\"", json!({}));
    one.reason = Some("too\nmuch".into());
    one.status = ApprovalStatus::Denied;

    assert_eq!(
        line(&one),
        "2026-11-20 10:20:00  denied    65589c8b-e033-4a65-b16c-379211c94429  alice  Issue virtual card \"A\\u{202e}\": \"too\\nmuch\""
    );
}

#[test]
fn the_queue_goes_oldest_first_and_shows_nothing_twice() {
    let number = |seq: i64| Approval { seq, ..approval("cards.create", "Issue", json!({})) };
    let mut queue = Queue::default();

    assert_eq!(queue.arrived(&[number(9), number(4)]), 2);
    assert!(queue.next().is_some());
    assert_eq!((queue.len(), queue.newest()), (1, 9));
    assert_eq!(queue.arrived(&[number(11), number(10), number(9), number(4)]), 2);
    assert_eq!((queue.len(), queue.newest()), (3, 11));
    let left = std::iter::from_fn(|| queue.next()).count();
    assert_eq!((left, queue.arrived(&[number(11)])), (3, 0));
}

#[test]
fn only_what_is_clear_is_an_answer() {
    let deny = |why: Option<&str>| Some(Answer::Deny(why.map(str::to_owned)));
    let cases = [
        ("a", Some(Answer::Approve)),
        (" Approve ", Some(Answer::Approve)),
        ("approve it", None),
        ("d", deny(None)),
        ("deny not  today ", deny(Some("not  today"))),
        ("s", Some(Answer::Skip)),
        ("q", Some(Answer::Quit)),
        ("", None),
        ("yes", None),
    ];
    for (line, answer) in cases {
        assert_eq!(Answer::of(line), answer, "{line}");
    }
}

#[test]
fn a_sitting_ends_with_how_many_were_decided_and_how_many_still_wait() {
    assert_eq!(ended(0, 0), "Nothing waits for a decision.");
    assert_eq!(ended(0, 1), "1 still waits for a decision.");
    assert_eq!(ended(2, 0), "2 decided. Nothing else waits for a decision.");
    assert_eq!(ended(1, 3), "1 decided. 3 still wait.");
}
