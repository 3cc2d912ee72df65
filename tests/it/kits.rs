//! Account kits: made, judged, changed, assigned, deleted; what a kit says bites at once.

use serde_json::{Value, json};

use crate::keys::{by, made};
use crate::support::{Naive, Run};
use crate::users::{SANDBOX, masked};

/// Returns what a run failed with.
pub(crate) fn error(run: &Run) -> Value {
    run.json()["error"].clone()
}

/// Returns the names of the kits there are.
pub(crate) fn names(naive: &Naive) -> Vec<String> {
    let kits = naive.run("account-kits list").exits(0).json();
    let kits = kits["result"]["account_kits"].as_array().unwrap().clone();
    kits.iter().map(|kit| kit["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_kit_says_what_its_flags_said() {
    let naive = Naive::new();

    let run = naive
        .run(
            "account-kits create Ops --description d --mode allowlist --toolkits gmail,stripe \
             --tool gmail.disable=GMAIL_SEND_EMAIL,GMAIL_SEND_DRAFT \
             --tool stripe.enable=STRIPE_LIST_CUSTOMERS --requires-approval connections=false \
             --requires-approval cards --approval-toolkit stripe \
             --approval-tool effect:destructive --approval-tool GMAIL_MODIFY_LABELS \
             --primitive trading=off --gate-default-user --ttl 24h",
        )
        .exits(0);

    let expected = json!({
        "success": true,
        "action": "account_kits.create",
        "sandbox": true,
        "result": {
            "id": "<id>",
            "name": "Ops",
            "description": "d",
            "is_default": false,
            "primitives_config": {
                "cards": { "enabled": true, "requiresApproval": true },
                "trading": { "enabled": false },
            },
            "connections_config": {
                "mode": "allowlist",
                "toolkits": ["gmail", "stripe"],
                "tools": {
                    "gmail": { "disable": ["GMAIL_SEND_DRAFT", "GMAIL_SEND_EMAIL"] },
                    "stripe": { "enable": ["STRIPE_LIST_CUSTOMERS"] },
                },
                "requiresApproval": false,
                "approvalToolkits": ["stripe"],
                "approvalTools": ["GMAIL_MODIFY_LABELS", "effect:destructive"],
            },
            "gate_default_user": true,
            "approval_ttl": "24h",
            "created_at": "<time>",
            "updated_at": "<time>",
        },
        "next_steps": [{
            "command": "naive account-kits assign Ops USER",
            "description": "put a user under it",
        }],
    });
    assert_eq!(masked(&run), expected);
    assert_eq!(run.err, SANDBOX);
}

#[test]
fn people_read_what_is_off_and_what_waits() {
    let naive = Naive::new();
    naive
        .run(
            "kits create Ops --mode blocklist --toolkits slack --primitive trading=off \
             --requires-approval connections=false --approval-toolkit stripe \
             --approval-tool effect:write --tool gmail.enable=GMAIL_LIST_LABELS",
        )
        .exits(0);

    let run = naive.run("--output table account-kits get Ops").exits(0);

    let said = "apps            all but slack";
    assert!(run.out.contains(said), "{}", run.out);
    let expected = "
Switched off: trading.
Tools of gmail that may be run: only GMAIL_LIST_LABELS.
Sensitive actions of agents wait for a person: cards, domains, verification, formation.
They happen without asking: connections.
Logins to these apps wait for a person: stripe.
Runs of these tools wait for a person: effect:write.
Calls on the workspace's own user are not held.
";
    assert!(run.out.ends_with(expected), "{}", run.out);
}

#[test]
fn an_update_replaces_what_it_names_and_leaves_the_rest() {
    let naive = Naive::new();
    naive
        .run(
            "kits create Ops --mode allowlist --toolkits gmail,slack \
             --tool gmail.disable=GMAIL_SEND_EMAIL --tool slack.enable=SLACK_SEND_MESSAGE \
             --approval-tool effect:write --requires-approval cards --primitive domains=off",
        )
        .exits(0);

    naive.run("kits update Ops --toolkits gmail,stripe --tool gmail=").exits(0);
    naive.run("kits update Ops --approval-tool= --requires-approval cards=default").exits(0);
    let kit = naive.with("kits update Ops --name", &["Op Two", "--description", "d"]).exits(0);

    let kit = kit.json()["result"].clone();
    assert_eq!((&kit["name"], &kit["description"]), (&json!("Op Two"), &json!("d")));
    let connections = json!({
        "mode": "allowlist",
        "toolkits": ["gmail", "stripe"],
        "tools": { "slack": { "enable": ["SLACK_SEND_MESSAGE"] } },
    });
    assert_eq!(kit["connections_config"], connections);
    let primitives = json!({ "cards": { "enabled": true }, "domains": { "enabled": false } });
    assert_eq!(kit["primitives_config"], primitives);
    let open = naive.with("kits update", &["Op Two", "--mode", "open"]).exits(0).json();
    assert_eq!(open["result"]["connections_config"]["toolkits"], Value::Null);
}

#[test]
fn a_name_is_the_kits_own() {
    let naive = Naive::new();
    let made = naive.run("kits create Ops").exits(0).json();
    let id = made["result"]["id"].as_str().unwrap();

    let twice = naive.run("kits create Ops").exits(1);
    let renamed = naive.run("kits update Ops --name Default").exits(1);
    let uuid = naive.with("kits create", &[id]).exits(1);
    let near = naive.run("kits get ops").exits(1);

    assert_eq!(error(&twice)["code"], "duplicate_record");
    assert_eq!(error(&renamed)["code"], "duplicate_record");
    assert_eq!(error(&uuid)["hint"], "choose a name that is no UUID");
    assert_eq!(error(&near)["code"], "not_found");
    assert_eq!(error(&near)["hint"], "did you mean `Ops`?");
    let by_id = naive.with("kits get", &[id]).exits(0).json();
    assert_eq!(by_id["result"], made["result"]);
    assert_eq!(
        error(&naive.run("kits update Ops").exits(2))["message"],
        "there is nothing to change"
    );
}

#[test]
fn a_kit_that_somebody_is_under_cannot_be_deleted_suspended_or_not() {
    let naive = Naive::new();
    naive.run("kits create Ops").exits(0);
    naive.run("kits update Default --name Usual").exits(0);
    naive.run("users create alice --kit Ops").exits(0);
    naive.run("users create bob").exits(0);
    naive.run("account-kits assign Ops bob").exits(0);
    naive.run("users delete bob").exits(0);

    let used = naive.run("kits delete Ops").exits(1);
    let default = naive.run("kits delete Usual").exits(1);
    naive.run("account-kits assign Usual alice").exits(0);
    let still = naive.run("kits delete Ops").exits(1);
    naive.run("users update bob --kit Usual").exits(0);
    let deleted = naive.run("kits delete Ops").exits(0).json();

    let expected = json!({
        "code": "forbidden",
        "message": "`alice`, `bob` are under account kit `Ops`",
        "hint": "run `naive account-kits assign Usual alice`, and so for each, first",
        "reason": "kit_in_use",
    });
    assert_eq!(error(&used), expected);
    assert_eq!(error(&still)["message"], "`bob` is under account kit `Ops`");
    assert_eq!(error(&default)["reason"], "kit_is_default");
    assert_eq!(deleted["result"]["name"], "Ops");
    assert_eq!(names(&naive), ["Usual"]);
}

#[test]
fn a_user_is_under_the_kit_it_was_put_under() {
    let naive = Naive::new();
    naive.run("kits create Ops").exits(0);

    let made = naive.run("users create alice --kit Ops").exits(0).json();
    let moved = naive.run("users update alice --kit Default").exits(0).json();
    let assigned = naive.run("account-kits assign Ops alice").exits(0).json();
    let unknown = naive.run("users create bob --kit Opps").exits(1);

    assert_eq!(made["result"]["account_kit"], "Ops");
    assert_eq!(moved["result"]["account_kit"], "Default");
    assert_eq!(assigned["result"]["account_kit"], "Ops");
    assert_eq!(assigned["result"]["account_kit_id"], made["result"]["account_kit_id"]);
    assert_eq!(error(&unknown)["hint"], "did you mean `Ops`?");
    let shown = naive.run("--output table users get alice").exits(0);
    assert!(shown.out.contains("account kit  Ops\n"), "{}", shown.out);
}

#[test]
fn an_edit_bites_at_the_next_call() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    let run = "connections execute hackernews HACKERNEWS_TOP_STORIES --user alice";
    naive.run("connections connect hackernews --user alice").exits(0);
    naive.run(run).exits(0);

    naive.run("kits update Default --tool hackernews.disable=HACKERNEWS_TOP_STORIES").exits(0);
    let tool = naive.run(run).exits(1);
    let listed = naive.run("connections tools hackernews --user alice").exits(0).json();
    naive.run("kits update Default --mode blocklist --toolkits hackernews").exits(0);
    let app = naive.run(run).exits(1);
    let apps = naive.run("connections list --user alice --search hackernews").exits(0).json();
    naive.run("kits update Default --primitive connections=off").exits(0);
    let primitive = naive.run(run).exits(1);
    naive
        .run("kits update Default --primitive connections=on --mode open --tool hackernews=")
        .exits(0);
    naive.run(run).exits(0);

    assert_eq!(error(&tool)["reason"], "tool_not_allowed");
    assert_eq!(error(&app)["reason"], "toolkit_not_allowed");
    assert_eq!(error(&primitive)["reason"], "primitive_disabled_by_kit");
    assert_eq!(listed["result"]["withheld_by_policy"], 1);
    let app = &apps["result"]["toolkits"][0];
    assert_eq!(app["availability"], "disabled");
    assert_eq!(app["availabilityReason"], "account kit `Default` does not allow it");
}

#[test]
fn an_agent_reads_its_kit_and_never_changes_it() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    let (agent, workspace) = (made(&naive, "--role agent"), made(&naive, "--role workspace"));

    for line in [
        "kits create Free --requires-approval cards=false",
        "kits update Default --requires-approval cards=false",
        "kits delete Default",
        "kits assign Default alice",
        "users update alice --kit Default",
    ] {
        let refused = by(&naive, &agent, line).exits(1);
        assert_eq!(error(&refused)["reason"], "policy_protected", "{line}");
    }
    by(&naive, &agent, "kits get Default").exits(0);
    by(&naive, &workspace, "kits update Default --requires-approval cards=false").exits(0);
    assert_eq!(names(&naive), ["Default"]);
}

#[test]
fn a_key_of_a_blocked_app_is_not_entered() {
    let naive = Naive::new();
    let link = naive.run("connections connect stripe --no-wait").exits(0).json();
    let id = link["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    naive.run("kits update Default --mode blocklist --toolkits stripe").exits(0);

    let refused = naive.fed(&format!("connections credentials {id} api_key=-"), "x\n");

    assert_eq!(error(&refused.exits(1))["reason"], "toolkit_not_allowed");
}
