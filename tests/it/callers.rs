//! What each caller is told, and what none of them gets by asking another way.

use serde_json::{Value, json};

use crate::keys::{by, made};
use crate::support::{Naive, Run, ended};

/// A machine with the users `alice` and `bob`.
fn machine() -> Naive {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("users create bob").exits(0));
    naive
}

/// Runs a line that is refused, and returns its error.
fn error(run: Run, status: i32) -> Value {
    run.exits(status).json()["error"].clone()
}

fn commands(run: &Value) -> Vec<String> {
    let steps = run["next_steps"].as_array().cloned().unwrap_or_default();
    steps.iter().map(|step| step["command"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_key_that_is_set_and_empty_is_not_the_operator() {
    for nothing in ["", "  ", "\n"] {
        let naive = Naive::new().env("NAIVE_API_KEY", nothing);

        for line in ["users create mallory", "keys list", "whoami"] {
            let error = error(naive.run(line), 4);

            assert_eq!(error["code"], "unauthorized", "{line}");
            assert_eq!(error["reason"], "key_missing");
            assert_eq!(error["hint"], "unset it, or give it a key of this store");
        }
        assert!(!naive.home().join("sandbox").exists());
    }
}

#[test]
fn a_held_connect_needs_no_credential_and_says_that_it_used_none() {
    let naive = machine();
    let agent = made(&naive, "--role agent");
    let line = "connections connect stripe --user alice";

    let bare = by(&naive, &agent, line).exits(8).json();
    let mut given = naive.command(line.split(' '));
    given
        .env("NAIVE_API_KEY", agent["api_key"].as_str().unwrap())
        .env("NAIVE_CREDENTIAL_API_KEY", "sk_test_1");
    let given = ended(given.output().unwrap()).exits(8).json();
    let own = error(by(&naive, &agent, "connections connect stripe"), 2);

    assert_eq!(bare["result"]["status"], "pending_approval");
    let enters = "naive connections credentials stripe --user alice api_key=-";
    let told = |run: &Value| run["hints"].to_string().contains(enters);
    assert_eq!((told(&bare), told(&given)), (false, true), "{given}");
    assert!(own["message"].as_str().unwrap().contains("is missing"), "{own}");
    let id = bare["result"]["approval_id"].as_str().unwrap();
    drop(naive.run(&format!("approvals approve {id} --yes")).exits(0));
    let mut entering = naive.command(enters.split(' ').skip(1).take(5));
    entering
        .env("NAIVE_API_KEY", agent["api_key"].as_str().unwrap())
        .env("NAIVE_CREDENTIAL_API_KEY", "sk_test_1");
    let entered = ended(entering.output().unwrap()).exits(0).json();
    assert_eq!(entered["result"]["status"], "ACTIVE");
}

#[test]
fn a_connect_that_is_refused_asks_for_no_credential() {
    let naive = machine();
    let agent = made(&naive, "--role agent");
    drop(naive.run("kits create Ops --mode blocklist --toolkits stripe").exits(0));
    drop(naive.run("kits assign Ops alice").exits(0));

    let error = error(by(&naive, &agent, "connections connect stripe --user alice"), 1);

    assert_eq!(error["reason"], "toolkit_not_allowed");
}

#[test]
fn a_sealed_key_learns_no_other_users_name() {
    let naive = machine();
    let sealed = made(&naive, "--role agent --user alice");
    drop(naive.run("approvals request --title Deploy --user alice").exits(8));
    drop(naive.run("approvals request --title Deploy").exits(8));

    for line in ["approvals list", "logs all", "logs tail", "connections connected", "users get"] {
        for name in ["bob", "bo", "nobody"] {
            let flag = if line == "users get" { "" } else { "--user " };
            let error = error(by(&naive, &sealed, &format!("{line} {flag}{name}")), 1);
            assert_eq!(error["reason"], "key_subject_mismatch", "{line} {name}");
            assert!(!error.to_string().contains("bob"), "{error}");
        }
    }
    let own = naive.run("users get alice").exits(0).json()["result"]["id"].clone();
    for name in ["", " --user default", " --user me", " --user alice"] {
        let listed = by(&naive, &sealed, &format!("approvals list{name}")).exits(0).json();
        let listed = listed["result"]["approvals"].as_array().unwrap().clone();
        assert_eq!(listed.len(), 1, "{name}");
        assert_eq!(listed[0]["tenant_user_id"], own);
        let log = by(&naive, &sealed, &format!("logs tail{name}")).exits(0).json();
        let log = log["result"]["events"].as_array().unwrap().clone();
        assert!(!log.is_empty() && log.iter().all(|event| event["tenant_user_id"] == own));
    }
}

#[test]
fn a_sealed_key_sees_the_kit_of_its_own_user_alone() {
    let naive = machine();
    drop(naive.run("kits create Secret").exits(0));
    drop(naive.run("kits create Own").exits(0));
    drop(naive.run("kits assign Own alice").exits(0));
    let sealed = made(&naive, "--role agent --user alice");

    let kits = by(&naive, &sealed, "kits list").exits(0).json()["result"]["account_kits"].clone();
    let own = by(&naive, &sealed, "kits get Own").exits(0).json();
    let there = error(by(&naive, &sealed, "kits get Secret"), 1);
    let near = error(by(&naive, &sealed, "kits get Secre"), 1);

    assert_eq!(kits.as_array().unwrap().len(), 1);
    assert_eq!((&kits[0]["name"], &own["result"]["name"]), (&"Own".into(), &"Own".into()));
    assert_eq!((&there["code"], &there["hint"]), (&"not_found".into(), &near["hint"]));
}

#[test]
fn a_workspace_key_does_not_end_the_separation_that_binds_it() {
    let naive = machine();
    let bot = made(&naive, "--role workspace");
    drop(naive.run("workspace update --separate-resolver true").exits(0));

    let ends = error(by(&naive, &bot, "workspace update --separate-resolver false"), 1);
    let makes = error(by(&naive, &bot, "keys create --name other --role workspace"), 1);
    let agents = by(&naive, &bot, "keys create --name other --role agent").exits(0);
    let why = by(&naive, &bot, "explain workspace.update").exits(0).json();
    let held = by(&naive, &bot, "approvals request --title Deploy --user alice").exits(8).json();
    drop(agents);

    for error in [ends, makes] {
        assert_eq!(error["reason"], "separate_resolver");
        assert_eq!(error["hint"], "ask the operator, who does it without a key");
    }
    assert!(why["result"]["why"].as_str().unwrap().contains("resolvers are separate"), "{why}");
    // Its own request is not its to decide, so it is not told to.
    assert_eq!(commands(&held).len(), 1, "{held}");
    drop(naive.run("workspace update --separate-resolver false").exits(0));
}

#[test]
fn a_key_purges_nothing_of_a_suspended_user() {
    let naive = machine();
    drop(naive.run("connections connect hackernews --user alice").exits(0));
    let sealed = made(&naive, "--role agent --user alice");
    drop(naive.run("users update alice --status suspended").exits(0));
    let line = "connections disconnect hackernews --user alice --purge --yes";

    let error = error(by(&naive, &sealed, line), 1);

    assert_eq!(error["reason"], "user_suspended");
    drop(naive.run(line).exits(0));
}

#[test]
fn an_agent_is_never_told_to_do_what_only_the_operator_may() {
    let naive = machine();
    let agent = made(&naive, "--role agent");
    drop(naive.run("kits create Off --primitive cards=off").exits(0));
    drop(naive.run("kits assign Off bob").exits(0));
    let asks = |line: &str| {
        let error = error(by(&naive, &agent, line), 1);
        error["hint"].as_str().unwrap_or_default().to_owned()
    };

    assert_eq!(
        asks("connections connect gmail --user nobody"),
        "ask the operator to run `naive users create nobody` first"
    );
    let update = "`naive account-kits update Off --primitive cards=on` to change it";
    let card = ["actions run cards.create --user bob --args", r#"{"name":"A"}"#];
    let mut command = naive.command(card[0].split(' ').chain([card[1]]));
    let refused =
        ended(command.env("NAIVE_API_KEY", agent["api_key"].as_str().unwrap()).output().unwrap());
    assert_eq!(error(refused, 1)["hint"], format!("ask the operator to run {update}"));
    assert_eq!(error(naive.with(card[0], &[card[1]]), 1)["hint"], format!("run {update}"));
    drop(naive.run("users update bob --status suspended").exits(0));
    assert_eq!(
        asks("connections connect gmail --user bob"),
        "ask the operator to run `naive users update bob --status active`"
    );
    drop(naive.run("workspace update --connections false").exits(0));
    let off = error(by(&naive, &agent, "connections connect gmail --user alice"), 4);
    assert!(off["hint"].as_str().unwrap().starts_with("ask the operator to run "), "{off}");
}

#[test]
fn what_comes_next_for_an_agent_is_what_an_agent_may_do() {
    let naive = machine();
    let agent = made(&naive, "--role agent");
    let bot = made(&naive, "--role workspace");
    let held = by(&naive, &agent, "approvals request --title Deploy --user alice").exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();
    let [wait, approve] = ["wait", "approve"].map(|what| format!("naive approvals {what} {id}"));

    let seen = by(&naive, &agent, &format!("approvals get {id}")).exits(0).json();
    let explained = by(&naive, &agent, "explain cards.create --user alice").exits(0).json();
    let governs = by(&naive, &bot, &format!("approvals get {id}")).exits(0).json();

    assert_eq!(commands(&held), [wait.as_str()]);
    assert_eq!(commands(&seen), [wait.as_str()]);
    assert!(seen["hints"].to_string().contains(&approve), "{seen}");
    assert_eq!(commands(&explained), [""; 0]);
    assert!(explained["hints"].to_string().contains("The operator may run `naive account-kits"));
    assert!(commands(&governs).contains(&approve), "{governs}");
}

#[test]
fn whoever_may_decide_nothing_is_not_told_to_add_yes() {
    let naive = machine();
    let agent = made(&naive, "--role agent");
    let held = by(&naive, &agent, "approvals request --title Deploy --user alice").exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();

    for line in [format!("approvals approve {id}"), "approvals review".to_owned()] {
        assert_eq!(error(by(&naive, &agent, &line), 1)["reason"], "may_not_resolve", "{line}");
    }
}

#[test]
fn to_ask_what_would_be_makes_no_user() {
    let naive = machine();

    let error = error(naive.run("explain cards.create --user typo"), 1);

    assert_eq!(error["reason"], "user_unknown");
    let users = naive.run("users list").exits(0).json();
    assert_eq!(users["result"]["users"].as_array().unwrap().len(), 3);
    // Who asks for something does make one.
    drop(naive.run("approvals request --title Deploy --user carol").exits(8));
}

#[test]
fn an_app_that_is_not_allowed_is_told_before_the_tool_is_asked_for() {
    let naive = machine();
    drop(naive.run("kits create Ops --mode blocklist --toolkits gmail").exits(0));
    drop(naive.run("kits assign Ops alice").exits(0));
    let explain = "explain connections.execute --user alice --toolkit";

    let refused = naive.run(&format!("{explain} gmail")).exits(0).json();
    let unknown = error(naive.run(&format!("{explain} slakc")), 1);
    let open = error(naive.run(&format!("{explain} slack")), 1);

    assert_eq!(refused["result"]["rule"], "toolkit_not_allowed");
    assert_eq!(unknown["hint"], "did you mean `slack`?");
    assert_eq!(open["message"], "the answer depends on the tool");
}

#[test]
fn what_is_amiss_is_said_once_and_in_plain_words() {
    let naive = machine();
    let agent = made(&naive, "--role agent");
    std::fs::write(naive.home().join("kit.json"), "[1]").unwrap();
    std::fs::write(naive.home().join("bad.json"), r#"{"name": "X", "colour": 1}"#).unwrap();

    let nothing = error(naive.run("kits update Default"), 2);
    let list = error(by(&naive, &agent, "keys list"), 1);
    let array = naive.run("--output table kits create X --file kit.json").exits(1);
    let twice = naive.run("--output table kits create X --file bad.json").exits(1);
    let run = error(naive.run("actions run connections.connect"), 1);
    let backup = error(naive.run("backup /nonexistent/x"), 1);
    let log = naive.run("--output table logs tail").exits(0);

    assert_eq!(nothing["message"], "there is nothing to change");
    assert_eq!(list["message"], "`keys.list` shows what an agent may not see");
    assert!(!array.err.contains("struct"), "{}", array.err);
    assert_eq!(twice.err.matches("unknown field `colour`").count(), 1, "{}", twice.err);
    assert_eq!(run["hint"], "run `naive connections connect`");
    let text = "`/nonexistent/x` cannot be made: `/nonexistent` is no directory";
    assert_eq!(backup["message"], text);
    assert!(log.out.contains("Nothing was logged for default."), "{}", log.out);
    assert!(log.err.contains("naive logs all"), "{}", log.err);
}

#[test]
fn a_number_that_nobody_counts_to_is_named() {
    let naive = machine();
    let input = r#"{"name": "A", "spendingLimitCents": 99999999999999999999}"#;

    let error = error(naive.with("actions run cards.create --user alice --args", &[input]), 1);

    assert_eq!(error["details"][0]["pointer"], "/spendingLimitCents");
    assert!(
        error["details"][0]["message"].as_str().unwrap().ends_with("is more than is counted here")
    );
}

#[test]
fn what_a_person_decides_by_is_there_to_be_read() {
    let naive = machine();
    let long = "x".repeat(201);

    for title in ["", "  ", "a\u{202e}b", "a\u{200b}", long.as_str()] {
        let run = naive.with("approvals request --user alice --title", &[title]).exits(2);
        assert_eq!(run.json()["error"]["code"], json!("invalid_input"), "{title:?}");
    }
    let id = "65589c8b-e033-4a65-b16c-379211c94429";
    let resolve = format!("approvals resolve {id} --executed --reason");
    drop(naive.with(&resolve, &[" "]).exits(2));
}
