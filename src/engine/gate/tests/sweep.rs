//! What holds for every caller, user, kit and action there is.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::*;

/// What only operators and workspace keys that are sealed to nobody do.
const POLICY: [&str; 28] = [
    "users.create",
    "users.update",
    "users.delete",
    "toolkits.add",
    "toolkits.remove",
    "toolkits.configure",
    "toolkits.refresh",
    "toolkits.enable",
    "toolkits.disable",
    "workspace.update",
    "keys.create",
    "keys.list",
    "keys.revoke",
    "sessions.create",
    "sessions.list",
    "sessions.revoke",
    "webhooks.create",
    "webhooks.list",
    "webhooks.test",
    "webhooks.delete",
    "account_kits.create",
    "account_kits.update",
    "account_kits.delete",
    "account_kits.assign",
    "actions.configure",
    "trading.configure",
    "trading.halt",
    "trading.resume",
];
const RESOLVE: [&str; 4] =
    ["approvals.approve", "approvals.deny", "approvals.resolve", "approvals.reconcile"];
const OPERATOR: [&str; 2] = ["connections.export", "connections.import"];
/// What does something for a user.
const ACTS: [&str; 30] = [
    "connections.connect",
    "connections.finish",
    "connections.poll",
    "connections.credentials",
    "connections.export",
    "connections.import",
    "connections.execute",
    "connections.proxy",
    "connections.refresh",
    "cards.create",
    "cards.cardholder.create",
    "cards.topup",
    "domains.purchase",
    "verification.start",
    "formation.create",
    "formation.submit",
    "trading.connect",
    "trading.account",
    "trading.history",
    "trading.assets",
    "trading.positions",
    "trading.position",
    "trading.orders",
    "trading.order.get",
    "trading.quote",
    "trading.reconcile",
    "trading.order.create",
    "trading.order.cancel",
    "trading.position.close",
    "approvals.request",
];
/// The seed's gated actions of this build.
const HELD: [&str; 11] = [
    "cards.create",
    "cards.cardholder.create",
    "cards.topup",
    "domains.purchase",
    "verification.start",
    "formation.create",
    "formation.submit",
    "connections.connect",
    "trading.order.create",
    "trading.order.cancel",
    "trading.position.close",
];

/// One case of all there are, and what became of it.
struct Case {
    by: &'static str,
    whom: &'static str,
    under: &'static str,
    asked: String,
    name: &'static str,
    verdict: &'static str,
    rule: Rule,
}

impl Case {
    fn is_key(&self) -> bool {
        self.by.ends_with("workspace") || self.by.ends_with("agent")
    }
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases);

/// Asks about everything.
fn cases() -> Vec<Case> {
    let mut asked: Vec<String> = Action::NAMES.iter().map(|name| (*name).to_owned()).collect();
    let named = ["connect", "poll", "credentials", "refresh"];
    for app in ["gmail", "slack", "stripe"] {
        asked.extend(named.iter().map(|what| format!("connections.{what} {app}")));
    }
    for tool in ["GMAIL_SEND_EMAIL", "GMAIL_LIST_LABELS", "SLACK_SEND_MESSAGE"] {
        for effect in ["read", "write", "destructive"] {
            asked.push(format!("connections.execute {tool} {effect}"));
        }
    }
    let mut cases = Vec::new();
    for line in &asked {
        let asked = Asked::new(line);
        let has_user = asked.action.clone().subject().is_some();
        for by in CALLERS {
            for whom in USERS.into_iter().filter(|whom| has_user || *whom == "none") {
                for (under, _) in KITS {
                    let judged = asked.judged(by, whom, under, &workspace());
                    let (asked, name) = (line.clone(), asked.action.name());
                    let (verdict, rule) = (judged.verdict.word(), judged.rule);
                    cases.push(Case { by, whom, under, asked, name, verdict, rule });
                }
            }
        }
    }
    cases
}

/// Holds every case that `concerns` to what `holds`, and fails if there is none.
fn always(what: &str, concerns: impl Fn(&Case) -> bool, holds: impl Fn(&Case) -> bool) {
    let cases: Vec<&Case> = CASES.iter().filter(|case| concerns(case)).collect();
    assert!(!cases.is_empty(), "{what}: no case");
    let wrong = cases.into_iter().find(|case| !holds(case));
    if let Some(Case { by, whom, under, asked, verdict, rule, .. }) = wrong {
        panic!("{what}: {by} for {whom} under {under}: {asked} is {verdict} by {rule:?}");
    }
}

#[test]
fn who_has_no_good_key_does_nothing() {
    always(
        "a bad key",
        |case| matches!(case.by, "unknown" | "revoked" | "expired"),
        |case| case.verdict == "refused" && case.rule == Rule::KeyRefused,
    );
}

#[test]
fn the_operator_is_never_held_but_to_answer_a_person() {
    let concerns = |case: &Case| case.by == "human" && case.name != "approvals.request";
    always("the operator", concerns, |case| case.verdict != "held");
}

#[test]
fn agents_never_resolve_and_never_change_policy() {
    always(
        "an agent",
        |case| {
            let agent = case.is_key() && case.by != "workspace";
            agent && (RESOLVE.contains(&case.name) || POLICY.contains(&case.name))
        },
        |case| case.verdict == "refused",
    );
    always(
        "the operator and workspace keys",
        |case| {
            let governs = matches!(case.by, "human" | "workspace");
            governs && (RESOLVE.contains(&case.name) || POLICY.contains(&case.name))
        },
        |case| case.verdict == "allowed",
    );
}

#[test]
fn credentials_move_by_the_operators_hand_alone() {
    always(
        "a key",
        |case| case.is_key() && OPERATOR.contains(&case.name),
        |case| case.verdict == "refused",
    );
}

#[test]
fn nothing_acts_for_a_suspended_user() {
    always(
        "a suspended user",
        |case| case.whom == "suspended" && ACTS.contains(&case.name),
        |case| case.verdict == "refused",
    );
    always(
        "looking and taking away",
        |case| case.by == "human" && case.whom == "suspended" && !ACTS.contains(&case.name),
        |case| case.verdict == "allowed",
    );
}

#[test]
fn a_sealed_key_acts_for_its_own_user_alone() {
    always(
        "a sealed key",
        |case| case.by.starts_with("sealed") && matches!(case.whom, "default" | "suspended"),
        |case| case.verdict == "refused" && case.rule == Rule::KeySealed,
    );
}

#[test]
fn what_is_held_is_sensitive() {
    let may_be_held = |case: &Case| {
        HELD.contains(&case.name)
            || matches!(case.name, "connections.execute" | "approvals.request")
    };
    always("what is held", |case| case.verdict == "held", may_be_held);
}

#[test]
fn an_agent_does_nothing_sensitive_for_a_tenant_unless_its_kit_opts_out() {
    always(
        "a sensitive action",
        |case| case.is_key() && case.whom == "tenant" && HELD.contains(&case.name),
        |case| case.verdict != "allowed" || case.rule == Rule::KitOptsOut,
    );
}

#[test]
fn the_workspaces_own_user_is_held_only_where_its_kit_says_so() {
    always(
        "the default user",
        |case| case.whom == "default" && case.verdict == "held",
        |case| case.under == "own-user" || case.name == "approvals.request",
    );
}

#[test]
fn a_tool_that_only_reads_is_held_by_its_name_alone() {
    always(
        "a tool that reads",
        |case| case.verdict == "held" && case.asked.ends_with(" read"),
        |case| case.under == "holds-tool",
    );
}

#[test]
fn a_kit_only_tightens_what_is_run() {
    let allowed_by_default: BTreeSet<_> = CASES
        .iter()
        .filter(|case| case.under == "default" && case.verdict == "allowed")
        .map(|case| (case.by, case.whom, case.asked.as_str()))
        .collect();
    always(
        "a run",
        |case| case.name == "connections.execute" && case.verdict == "allowed",
        |case| allowed_by_default.contains(&(case.by, case.whom, case.asked.as_str())),
    );
}

#[test]
fn to_require_approval_of_connections_holds_their_beginning_alone() {
    always(
        "requiresApproval",
        |case| {
            let later = case.name.starts_with("connections.") && case.name != "connections.connect";
            case.under == "requires" && later
        },
        |case| case.verdict != "held",
    );
}
