//! Who may do what for whom under which kit: expected line by line.

use super::*;
use crate::api::error::Code;

/// Caller, user, kit, verdict, rule, action.
const TABLE: &str = "
human            tenant    default           allowed operator_not_held       cards.create
human            tenant    requires          allowed operator_not_held       connections.connect gmail
human            tenant    default           held    asks_a_person           approvals.request
human            suspended default           refused user_suspended          connections.connect gmail
human            suspended default           refused user_suspended          connections.poll gmail
human            suspended default           refused user_suspended          connections.export
human            suspended default           allowed not_gated               connections.connected
human            suspended default           allowed not_gated               connections.disconnect
human            tenant    blocks-gmail      refused toolkit_not_allowed     connections.connect gmail
human            tenant    off               refused primitive_disabled      cards.create
human            none      default           allowed not_gated               keys.create
human            none      default           allowed not_gated               approvals.approve

agent            tenant    default           held    held_by_default         cards.create
agent            tenant    default           held    held_by_default         cards.cardholder.create
agent            tenant    default           held    held_by_default         cards.topup
agent            tenant    default           held    held_by_default         domains.purchase
agent            tenant    default           held    held_by_default         verification.start
agent            tenant    default           held    held_by_default         formation.create
agent            tenant    default           held    held_by_default         formation.submit
agent            tenant    default           held    held_by_default         connections.connect gmail
agent            tenant    default           allowed not_gated               connections.poll gmail
agent            tenant    default           allowed not_gated               connections.credentials gmail
agent            tenant    default           refused credential_protected    connections.credentials gmail unasked
agent            default   default           allowed not_gated               connections.credentials gmail unasked
agent            default   own-user          refused credential_protected    connections.credentials gmail unasked
agent            tenant    opts-in           refused credential_protected    connections.credentials stripe unasked
agent            tenant    opts-in           allowed not_gated               connections.credentials gmail unasked
agent            tenant    blocks-gmail      refused toolkit_not_allowed     connections.credentials gmail unasked
human            tenant    default           allowed not_gated               connections.credentials gmail unasked
agent            tenant    default           allowed not_gated               connections.refresh gmail
agent            tenant    default           allowed not_gated               connections.disconnect
agent            tenant    default           allowed not_gated               connections.execute GMAIL_SEND_EMAIL write
agent            tenant    default           held    asks_a_person           approvals.request
agent            default   default           allowed default_user_not_held   cards.create
agent            default   default           allowed default_user_not_held   connections.connect gmail
agent            default   own-user          held    held_by_default         cards.create
agent            default   own-user          held    held_by_default         connections.connect gmail
agent            default   default           held    asks_a_person           approvals.request
agent            suspended default           refused user_suspended          cards.create
agent            none      default           refused policy_protected        keys.create
agent            none      default           refused policy_protected        webhooks.create
agent            none      default           refused policy_protected        webhooks.list
agent            none      default           refused policy_protected        webhooks.test
agent            none      default           refused policy_protected        webhooks.delete
agent            none      default           allowed not_gated               webhooks.event_types
agent            none      default           refused policy_protected        account_kits.update
agent            none      default           refused policy_protected        actions.configure
agent            none      default           refused agents_never_resolve    approvals.approve
agent            none      default           refused agents_never_resolve    approvals.reconcile
agent            tenant    default           refused operator_only           connections.export
agent            tenant    default           refused operator_only           connections.import
agent            tenant    default           allowed not_gated               policy.explain

agent            tenant    opts-out          allowed kit_opts_out            cards.create
agent            tenant    opts-out          allowed kit_opts_out            connections.connect gmail
agent            tenant    opts-out          held    held_by_default         domains.purchase
agent            tenant    opts-in           held    kit_holds_toolkit       connections.connect stripe
agent            tenant    opts-in           allowed kit_opts_out            connections.connect gmail
agent            default   opts-in           allowed default_user_not_held   connections.connect stripe
agent            tenant    requires          held    kit_holds               cards.create
agent            tenant    requires          held    kit_holds               connections.connect gmail
agent            tenant    requires          allowed not_gated               connections.refresh gmail
agent            tenant    requires          allowed not_gated               connections.execute GMAIL_SEND_EMAIL write
agent            default   requires          allowed default_user_not_held   cards.create

agent            tenant    blocks-gmail      refused toolkit_not_allowed     connections.connect gmail
agent            tenant    blocks-gmail      refused toolkit_not_allowed     connections.poll gmail
agent            tenant    blocks-gmail      refused toolkit_not_allowed     connections.credentials gmail
agent            tenant    blocks-gmail      refused toolkit_not_allowed     connections.refresh gmail
agent            tenant    blocks-gmail      refused toolkit_not_allowed     connections.execute GMAIL_LIST_LABELS read
agent            tenant    blocks-gmail      refused toolkit_not_allowed     connections.execute GMAIL_LIST_LABELS read dry-run
agent            default   blocks-gmail      refused toolkit_not_allowed     connections.execute GMAIL_LIST_LABELS read
agent            tenant    blocks-gmail      held    held_by_default         connections.connect slack
agent            tenant    blocks-gmail      allowed not_gated               connections.disconnect
agent            tenant    only-slack        refused toolkit_not_allowed     connections.connect gmail
agent            tenant    only-slack        held    held_by_default         connections.connect slack
agent            tenant    tools             refused tool_not_allowed        connections.execute GMAIL_SEND_EMAIL write
agent            tenant    tools             allowed not_gated               connections.execute GMAIL_LIST_LABELS read
agent            tenant    tools             refused tool_not_allowed        connections.execute SLACK_SEND_MESSAGE write
agent            tenant    tools             allowed not_gated               connections.execute SLACK_LIST_CHANNELS read
agent            tenant    tools             allowed not_gated               connections.execute STRIPE_LIST_CUSTOMERS read

agent            tenant    holds-tool        held    kit_holds_tool          connections.execute GMAIL_SEND_EMAIL write
agent            tenant    holds-tool        allowed not_gated               connections.execute GMAIL_SEND_EMAIL write dry-run
agent            tenant    holds-tool        allowed not_gated               connections.execute GMAIL_SEND_DRAFT write
agent            default   holds-tool        allowed default_user_not_held   connections.execute GMAIL_SEND_EMAIL write
human            tenant    holds-tool        allowed operator_not_held       connections.execute GMAIL_SEND_EMAIL write
agent            tenant    holds-writes      held    kit_holds_tool          connections.execute GMAIL_SEND_EMAIL write
agent            tenant    holds-writes      allowed not_gated               connections.execute GMAIL_LIST_LABELS read
agent            tenant    holds-writes      allowed not_gated               connections.execute GMAIL_DELETE_MESSAGE destructive
agent            tenant    holds-destructive held    kit_holds_tool          connections.execute GMAIL_DELETE_MESSAGE destructive
agent            tenant    holds-destructive allowed not_gated               connections.execute GMAIL_SEND_EMAIL write

agent            tenant    default           allowed not_gated               connections.proxy gmail
agent            tenant    blocks-gmail      refused toolkit_not_allowed     connections.proxy gmail
agent            tenant    tools             refused tool_not_allowed        connections.proxy gmail
human            tenant    tools             refused tool_not_allowed        connections.proxy gmail
agent            tenant    holds-tool        refused tool_not_allowed        connections.proxy gmail
agent            default   holds-tool        allowed not_gated               connections.proxy gmail
human            tenant    holds-tool        allowed not_gated               connections.proxy gmail
agent            tenant    holds-writes      refused tool_not_allowed        connections.proxy gmail

agent            tenant    off               refused primitive_disabled      cards.topup
agent            tenant    off               refused primitive_disabled      connections.connect gmail
agent            tenant    off               refused primitive_disabled      connections.execute GMAIL_LIST_LABELS read
agent            tenant    off               refused primitive_disabled      approvals.request
agent            tenant    off               held    held_by_default         domains.purchase
agent            tenant    off               allowed not_gated               connections.connected

agent            tenant    default           held    held_by_default         trading.order.create
agent            tenant    default           held    held_by_default         trading.order.cancel
agent            tenant    default           held    held_by_default         trading.position.close
agent            tenant    default           allowed not_gated               trading.order.create dry-run
agent            tenant    default           allowed not_gated               trading.connect
agent            tenant    default           allowed not_gated               trading.account
agent            tenant    default           allowed not_gated               trading.reconcile
agent            default   default           allowed default_user_not_held   trading.order.create
agent            default   default           held    held_by_default         trading.order.create live
agent            default   default           held    held_by_default         trading.position.close live
human            default   default           allowed operator_not_held       trading.order.create live
agent            none      default           refused policy_protected        trading.configure
workspace        none      default           allowed not_gated               trading.configure
workspace        none      default           refused operator_only           trading.configure elsewhere
human            none      default           allowed not_gated               trading.configure elsewhere
agent            none      default           refused policy_protected        trading.halt
agent            none      default           refused policy_protected        trading.resume
workspace        none      default           allowed not_gated               trading.halt

workspace        tenant    default           held    held_by_default         cards.create
workspace        default   default           allowed default_user_not_held   cards.create
workspace        none      default           allowed not_gated               keys.create
workspace        none      default           allowed not_gated               webhooks.create
workspace        none      default           allowed not_gated               webhooks.delete
workspace        none      default           allowed not_gated               approvals.approve
workspace        tenant    default           refused operator_only           connections.export
sealed-workspace tenant    default           held    held_by_default         cards.create
sealed-workspace default   default           refused key_sealed              cards.create
sealed-workspace none      default           refused policy_protected        keys.create
sealed-workspace none      default           refused policy_protected        webhooks.create
sealed-workspace none      default           refused policy_protected        webhooks.list
sealed-workspace none      default           refused agents_never_resolve    approvals.approve
sealed-agent     tenant    default           held    held_by_default         cards.create
sealed-agent     tenant    default           allowed not_gated               connections.connected
sealed-agent     default   default           refused key_sealed              connections.connected
sealed-agent     suspended default           refused key_sealed              connections.connected
unknown          tenant    default           refused key_refused             connections.connected
revoked          none      default           refused key_refused             users.list
expired          default   default           refused key_refused             policy.explain
";

#[test]
fn the_verdict_follows_from_caller_user_kit_and_action() {
    let mut wrong = Vec::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [by, whom, under, verdict, rule, ..] = words.as_slice() else { panic!("{line}") };
        let asked = Asked::new(&words[5..].join(" "));

        let judged = asked.judged(by, whom, under, &workspace());

        let found = (judged.verdict.word(), word(judged.rule));
        if found != (*verdict, json!(rule)) {
            wrong.push(format!("{line}\n    but it is {} by {}", found.0, found.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_workspace_without_connections_uses_no_app_and_does_all_else() {
    let off = Workspace { connections: false, ..workspace() };

    for line in ["connections.connect gmail", "connections.execute GMAIL_LIST_LABELS read"] {
        let judged = Asked::new(line).judged("human", "tenant", "default", &off);

        let Verdict::Refuse(error) = judged.verdict else { panic!("{line}") };
        assert_eq!((error.code, judged.rule), (Code::FeatureNotConfigured, Rule::ConnectionsOff));
    }
    for line in ["connections.connected", "connections.disconnect", "cards.create"] {
        let judged = Asked::new(line).judged("human", "tenant", "default", &off);
        assert_eq!(judged.verdict.word(), "allowed", "{line}");
    }
}

#[test]
fn where_resolvers_are_separate_no_key_resolves_what_it_asked_for() {
    let separate = Workspace { separate_resolver: true, ..workspace() };
    let (mine, other) = (caller("workspace").actor(), caller("human").actor());
    let rule = |by: &str, workspace: &Workspace, requester: &Actor| {
        let asked = Asked::new("approvals.approve");
        asked.judged_for(by, "none", "default", (workspace, Some(requester))).rule
    };

    assert_eq!(rule("workspace", &separate, &mine), Rule::SeparateResolver);
    assert_eq!(rule("workspace", &separate, &other), Rule::NotGated);
    assert_eq!(rule("workspace", &workspace(), &mine), Rule::NotGated);
    assert_eq!(rule("human", &separate, &other), Rule::NotGated);
    assert_eq!(rule("agent", &separate, &other), Rule::AgentsNeverResolve);
}

#[test]
fn where_resolvers_are_separate_no_key_ends_that_or_makes_its_like() {
    let separate = Workspace { separate_resolver: true, ..workspace() };
    let (ends, makes) = (json!({ "separate_resolver": false }), json!({ "connections": false }));
    let key = |role: &str| json!({ "name": "bot", "role": role });
    let rule = |by: &str, workspace: &Workspace, name: &str, payload: &Value| {
        let action = json!({ "action_type": name, "payload": payload });
        let asked = Asked { action: serde_json::from_value(action).unwrap(), ..Asked::new(name) };
        asked.judged(by, "none", "default", workspace).rule
    };

    for (by, name, payload, expected) in [
        ("workspace", "workspace.update", &ends, Rule::SeparationProtected),
        ("workspace", "workspace.update", &makes, Rule::NotGated),
        ("workspace", "keys.create", &key("workspace"), Rule::SeparationProtected),
        ("workspace", "keys.create", &key("agent"), Rule::NotGated),
        ("human", "workspace.update", &ends, Rule::NotGated),
        ("human", "keys.create", &key("workspace"), Rule::NotGated),
        ("agent", "keys.create", &key("workspace"), Rule::PolicyProtected),
    ] {
        assert_eq!(rule(by, &separate, name, payload), expected, "{by} {name} {payload}");
    }
    assert_eq!(rule("workspace", &workspace(), "workspace.update", &ends), Rule::NotGated);
}

#[test]
fn a_credential_of_a_suspended_user_is_purged_by_a_person_alone() {
    let mut purge = Asked::new("connections.disconnect");
    for (by, purges, expected) in [
        ("human", true, Rule::NotGated),
        ("agent", true, Rule::UserSuspended),
        ("workspace", true, Rule::UserSuspended),
        ("agent", false, Rule::NotGated),
    ] {
        if let Action::Disconnect(op) = &mut purge.action {
            op.purge = purges;
        }
        let judged = purge.judged(by, "suspended", "default", &workspace());
        assert_eq!(judged.rule, expected, "{by} {purges}");
    }
}

#[test]
fn only_whoever_asked_takes_it_back() {
    let (mine, other) = (caller("agent").actor(), caller("human").actor());
    let rule = |by: &str, requester: &Actor| {
        let asked = Asked::new("approvals.cancel");
        asked.judged_for(by, "none", "default", (&workspace(), Some(requester))).rule
    };

    assert_eq!(rule("agent", &mine), Rule::NotGated);
    assert_eq!(rule("agent", &other), Rule::NotTheRequester);
    assert_eq!(rule("human", &mine), Rule::NotTheRequester);
}

#[test]
fn what_a_kit_says_of_connections_in_either_place_counts() {
    let policy = r#"{"primitives_config": {"connections": {"requiresApproval": false}}}"#;
    let kit = Kit { policy: serde_json::from_str(policy).unwrap(), ..kit("default") };
    let (asked, agent, user) = (Asked::new("connections.connect"), caller("agent"), user("tenant"));

    let judged = decide(&Question {
        caller: &agent,
        subject: user.as_ref(),
        kit: Some(&kit),
        workspace: None,
        action: &asked.action,
        about: About::default(),
        requester: None,
    });

    assert_eq!(judged.rule, Rule::KitOptsOut);
}

#[test]
fn a_login_ends_only_where_it_might_begin() {
    let gmail: Slug = "gmail".parse().unwrap();
    let ends = |whom: &str, under: &str| {
        let (user, kit) = (user(whom), kit(under));
        login((user.as_ref(), Some(&kit)), &workspace(), &gmail)
            .map_err(|error| error.reason.unwrap())
    };

    assert_eq!(ends("tenant", "default"), Ok(()));
    assert_eq!(ends("suspended", "default"), Err("user_suspended".to_owned()));
    assert_eq!(ends("tenant", "blocks-gmail"), Err("toolkit_not_allowed".to_owned()));
    assert_eq!(ends("tenant", "off"), Err("primitive_disabled_by_kit".to_owned()));
}
