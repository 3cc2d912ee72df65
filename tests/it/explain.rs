//! `naive explain`: the verdict, the rule, and a command that changes it.

use serde_json::{Value, json};

use crate::keys::{by, made};
use crate::support::Naive;

/// Asks about a call of an agent for alice, in the words of the command line.
fn explained(naive: &Naive, question: &str) -> Value {
    let line = format!("explain {question}");
    let line = if question.contains("--as") { line } else { format!("{line} --as agent") };
    let line = if question.contains("--user") { line } else { format!("{line} --user alice") };
    naive.run(&line).exits(0).json()["result"].clone()
}

fn verdict(naive: &Naive, question: &str) -> (String, String) {
    let reply = explained(naive, question);
    let text = |key: &str| reply[key].as_str().unwrap().to_owned();
    (text("verdict"), text("rule"))
}

/// A machine with alice under the kit `Ops`, made with these flags.
fn under(flags: &str) -> Naive {
    let naive = Naive::new();
    naive.run(&format!("kits create Ops {flags}")).exits(0);
    naive.run("users create alice --kit Ops").exits(0);
    naive
}

#[test]
fn an_answer_says_verdict_rule_reason_and_remedy() {
    let naive = under("");

    let held = naive.run("explain cards.create --user alice --as agent").exits(0).json();

    let result = json!({
        "action": "cards.create",
        "user": "alice",
        "account_kit": "Ops",
        "caller": "a program with an agent key",
        "verdict": "held",
        "rule": "held_by_default",
        "why": "`cards.create` is held where no account kit says otherwise, and none does.",
        "change": "naive account-kits update Ops --requires-approval cards=false",
    });
    assert_eq!(held["result"], result);
    let next = json!([{
        "command": "naive account-kits update Ops --requires-approval cards=false",
        "description": "change it, as the operator",
    }]);
    assert_eq!(held["next_steps"], next);
}

#[test]
fn what_is_said_to_change_a_verdict_changes_it() {
    let all = "connections.execute --tool";
    for (flags, question, before, after) in [
        ("", "cards.create", "held", "allowed"),
        ("", "connections.connect --toolkit gmail", "held", "allowed"),
        ("--requires-approval domains", "domains.purchase", "held", "allowed"),
        ("--requires-approval cards=false", "cards.topup", "allowed", "held"),
        ("--approval-toolkit stripe", "connections.connect --toolkit stripe", "held", "allowed"),
        (
            "--approval-toolkit stripe,slack --requires-approval connections=false",
            "connections.connect --toolkit stripe",
            "held",
            "allowed",
        ),
        (
            "--mode allowlist --toolkits slack",
            "connections.connect --toolkit gmail",
            "refused",
            "held",
        ),
        (
            "--mode blocklist --toolkits gmail",
            "connections.poll --toolkit gmail",
            "refused",
            "allowed",
        ),
        (
            "--mode blocklist --toolkits gmail,slack",
            "connections.refresh --toolkit gmail",
            "refused",
            "allowed",
        ),
        ("--primitive formation=off", "formation.submit", "refused", "held"),
        ("--tool gmail.disable=GMAIL_SEND_EMAIL", "GMAIL_SEND_EMAIL", "refused", "allowed"),
        (
            "--tool gmail.disable=GMAIL_SEND_EMAIL,GMAIL_SEND_DRAFT",
            "GMAIL_SEND_EMAIL",
            "refused",
            "allowed",
        ),
        ("--tool gmail.enable=GMAIL_SEND_DRAFT", "GMAIL_SEND_EMAIL", "refused", "allowed"),
        ("--approval-tool effect:write", "GMAIL_SEND_EMAIL", "held", "allowed"),
        ("--approval-tool GMAIL_SEND_EMAIL,effect:write", "GMAIL_SEND_EMAIL", "held", "allowed"),
        ("--approval-tool effect:destructive", "GMAIL_SEND_EMAIL", "allowed", "held"),
    ] {
        let naive = under(flags);
        let question =
            if question.contains('.') { question.to_owned() } else { format!("{all} {question}") };

        let first = explained(&naive, &question);
        let change = first["change"].as_str().unwrap_or_else(|| panic!("{question}: {first}"));
        naive.run(change.strip_prefix("naive ").unwrap()).exits(0);
        let second = explained(&naive, &question);

        let verdicts = (first["verdict"].as_str(), second["verdict"].as_str());
        assert_eq!(verdicts, (Some(before), Some(after)), "{flags}: {question}: {change}");
    }
}

#[test]
fn the_workspaces_own_user_and_suspended_ones_are_answered_for_too() {
    let naive = under("");
    naive.run("users delete alice").exits(0);

    let own = explained(&naive, "cards.create --user default");
    let suspended = explained(&naive, "cards.create");
    naive.run("account-kits update Default --gate-default-user").exits(0);
    naive.run("users update alice --status active").exits(0);

    assert_eq!(
        (&own["verdict"], &own["rule"]),
        (&json!("allowed"), &json!("default_user_not_held"))
    );
    assert_eq!(own["change"], "naive account-kits update Default --gate-default-user");
    assert_eq!(suspended["rule"], "user_suspended");
    assert_eq!(suspended["change"], "naive users update alice --status active");
    assert_eq!(explained(&naive, "cards.create --user default")["verdict"], "held");
    assert_eq!(explained(&naive, "cards.create")["verdict"], "held");
}

#[test]
fn who_asks_about_another_caller_gets_that_callers_answer() {
    let naive = under("");
    let words = |verdict: &str, rule: &str| (verdict.to_owned(), rule.to_owned());

    for (question, expected) in [
        ("cards.create --as human", words("allowed", "operator_not_held")),
        ("cards.create --as workspace", words("held", "held_by_default")),
        ("approvals.approve --as workspace", words("allowed", "not_gated")),
        ("approvals.approve --as agent", words("refused", "agents_never_resolve")),
        ("keys.create --as workspace", words("allowed", "not_gated")),
        ("keys.create --as agent", words("refused", "policy_protected")),
        ("connections.export --as workspace", words("refused", "operator_only")),
        ("custom.deploy --as human", words("held", "asks_a_person")),
        (
            "trading.order.create --as agent --user default",
            words("allowed", "default_user_not_held"),
        ),
        (
            "trading.order.create --as agent --user default --env live",
            words("held", "held_by_default"),
        ),
    ] {
        assert_eq!(verdict(&naive, question), expected, "{question}");
    }
    let human = naive.run("explain cards.create --user alice").exits(0).json();
    assert_eq!(human["result"]["caller"], "the operator");
    assert_eq!(human["result"]["verdict"], "allowed");
}

#[test]
fn a_kit_that_tells_apps_apart_asks_for_the_app() {
    let naive = under("--requires-approval connections=false --approval-toolkit stripe");

    let reply = explained(&naive, "connections.connect");

    assert_eq!(reply["rule"], "kit_opts_out");
    let why = reply["why"].as_str().unwrap();
    assert!(why.ends_with("The kit tells apps apart: name one with `--toolkit`."), "{why}");
}

#[test]
fn a_question_about_nothing_names_what_was_perhaps_meant() {
    let naive = under("");

    for (question, code, hint) in [
        ("cards.crate", "not_found", "did you mean `cards.create`"),
        ("trading.order.creat", "not_found", "did you mean `trading.order.create`"),
        ("connections.connect --toolkit gmial", "not_found", "did you mean `gmail`?"),
        ("connections.execute --tool GMAIL_SEND_EMIAL", "not_found", "did you mean `GMAIL_SEND_E"),
        ("connections.execute", "invalid_input", "add `--tool`"),
        ("cards.create --toolkit gmail", "invalid_input", "leave out `--toolkit` and `--tool`"),
        ("connections.connect --tool GMAIL_SEND_EMAIL", "invalid_input", "leave out `--tool`"),
        ("cards.create --env live", "invalid_input", "leave out `--env`"),
    ] {
        let run = naive.run(&format!("explain {question} --user alice")).exits(1).json();

        assert_eq!(run["error"]["code"], code, "{question}");
        let found = run["error"]["hint"].as_str().unwrap();
        assert!(found.starts_with(hint), "{question}: {found}");
    }
}

#[test]
fn who_holds_a_key_asks_about_itself() {
    let naive = under("--mode allowlist --toolkits slack");
    naive.run("users create bob").exits(0);
    let (free, sealed) = (made(&naive, "--role agent"), made(&naive, "--role agent --user alice"));
    let asked = |key: &Value, question: &str| {
        by(&naive, key, &format!("explain {question}")).exits(0).json()["result"].clone()
    };

    let own = asked(&sealed, "connections.connect --toolkit gmail");
    let held = asked(&free, "connections.connect --toolkit slack --user alice");
    let default = asked(&free, "cards.create");
    let other = by(&naive, &sealed, "explain cards.create --user bob").exits(1).json();

    assert_eq!((&own["user"], &own["rule"]), (&json!("alice"), &json!("toolkit_not_allowed")));
    assert_eq!(
        (&held["caller"], &held["verdict"]),
        (&json!("the agent key `bot`"), &json!("held"))
    );
    assert_eq!(default["rule"], "default_user_not_held");
    assert_eq!(other["error"]["reason"], "key_subject_mismatch");
}

#[test]
fn an_agent_gets_what_was_explained() {
    let naive = under("--mode blocklist --toolkits hackernews");
    let key = made(&naive, "--role agent");

    let explained =
        by(&naive, &key, "explain connections.connect --toolkit hackernews --user alice");
    let called = by(&naive, &key, "connections connect hackernews --user alice").exits(1).json();

    assert_eq!(explained.exits(0).json()["result"]["verdict"], "refused");
    assert_eq!(called["error"]["reason"], "toolkit_not_allowed");
}
