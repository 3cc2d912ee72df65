//! The gate on its own: who is asked about is made here, the rules are held to in the rooms below.

mod sweep;
mod table;

use serde_json::{Value, json};

use super::*;
use crate::api::keys::Role;
use crate::api::kits::Policy;
use crate::api::samples::sample;
use crate::api::time::Millis;
use crate::api::workspace::UserStatus;
use crate::engine::caller::{Holder, Refusal};

/// Everybody who can call.
const CALLERS: [&str; 8] = [
    "human",
    "workspace",
    "sealed-workspace",
    "agent",
    "sealed-agent",
    "unknown",
    "revoked",
    "expired",
];

/// Everybody who can be acted for; the sealed keys are sealed to `tenant`.
const USERS: [&str; 4] = ["default", "tenant", "suspended", "none"];

/// Kits that each say one thing.
const KITS: [(&str, &str); 12] = [
    ("default", "{}"),
    (
        "opts-out",
        r#"{"primitives_config": {"cards": {"requiresApproval": false}},
            "connections_config": {"requiresApproval": false}}"#,
    ),
    (
        "opts-in",
        r#"{"connections_config": {"requiresApproval": false, "approvalToolkits": ["stripe"]}}"#,
    ),
    (
        "requires",
        r#"{"primitives_config": {"cards": {"requiresApproval": true}},
            "connections_config": {"requiresApproval": true}}"#,
    ),
    ("blocks-gmail", r#"{"connections_config": {"mode": "blocklist", "toolkits": ["gmail"]}}"#),
    ("only-slack", r#"{"connections_config": {"mode": "allowlist", "toolkits": ["slack"]}}"#),
    (
        "tools",
        r#"{"connections_config": {"tools": {"gmail": {"disable": ["GMAIL_SEND_EMAIL"]},
            "slack": {"enable": ["SLACK_LIST_CHANNELS"]}}}}"#,
    ),
    ("holds-tool", r#"{"connections_config": {"approvalTools": ["GMAIL_SEND_EMAIL"]}}"#),
    ("holds-writes", r#"{"connections_config": {"approvalTools": ["effect:write"]}}"#),
    ("holds-destructive", r#"{"connections_config": {"approvalTools": ["effect:destructive"]}}"#),
    (
        "off",
        r#"{"primitives_config": {"cards": {"enabled": false}, "connections": {"enabled": false},
            "custom": {"enabled": false}}}"#,
    ),
    ("own-user", r#"{"gate_default_user": true}"#),
];

fn caller(name: &str) -> Caller {
    let key = |role, user: Option<&str>| {
        let (id, user) = ("key_1".to_owned(), user.map(str::to_owned));
        Caller::Key(Holder { id, name: "bot".to_owned(), role, user })
    };
    match name {
        "human" => Caller::Human,
        "workspace" => key(Role::Workspace, None),
        "sealed-workspace" => key(Role::Workspace, Some("tenant")),
        "agent" => key(Role::Agent, None),
        "sealed-agent" => key(Role::Agent, Some("tenant")),
        "unknown" => Caller::Refused(Refusal::Unknown),
        "revoked" => Caller::Refused(Refusal::Revoked),
        "expired" => Caller::Refused(Refusal::Expired),
        other => panic!("{other}"),
    }
}

fn user(name: &str) -> Option<User> {
    let is_suspended = name == "suspended";
    (name != "none").then(|| User {
        id: name.to_owned(),
        external_id: None,
        email: None,
        label: None,
        status: if is_suspended { UserStatus::Suspended } else { UserStatus::Active },
        account_kit_id: "kit".into(),
        account_kit: "Ops".into(),
        is_default: name == "default",
        created_at: Millis(0),
        last_active_at: None,
    })
}

fn kit(name: &str) -> Kit {
    let (_, policy) = KITS.into_iter().find(|(kit, _)| *kit == name).unwrap();
    Kit {
        id: "kit".into(),
        name: "Ops".into(),
        description: None,
        is_default: false,
        policy: serde_json::from_str::<Policy>(policy).unwrap(),
        created_at: Millis(0),
        updated_at: Millis(0),
    }
}

fn workspace() -> Workspace {
    Workspace {
        id: "w".into(),
        connections: true,
        separate_resolver: false,
        allowed_origins: Vec::new(),
    }
}

/// An action, and what of an app it is about: `connections.connect gmail`,
/// `connections.execute GMAIL_SEND_EMAIL write`, `connections.poll gmail`, `cards.create`.
struct Asked {
    action: Action,
    toolkit: Option<Slug>,
    tool: Option<ToolSlug>,
    effect: Option<Effect>,
    unasked: bool,
    live: bool,
}

impl Asked {
    fn new(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut action = sample(words[0]).unwrap().unwrap();
        if let Action::CreateOrder(op) = &mut action {
            op.dry_run = words.contains(&"dry-run");
        }
        if let Action::ConfigureBroker(op) = &mut action {
            op.base_url = op.base_url.take().filter(|_| words.contains(&"elsewhere"));
        }
        let mut asked = match words.get(1).filter(|_| words[0] == "connections.execute") {
            None => Self {
                action: action.clone(),
                toolkit: None,
                tool: None,
                effect: None,
                unasked: words.contains(&"unasked"),
                live: words.contains(&"live"),
            },
            Some(slug) => {
                if let Action::Execute(op) = &mut action {
                    op.dry_run = words.contains(&"dry-run");
                }
                let app = slug.split('_').next().unwrap().to_lowercase();
                let effect = serde_json::from_value(json!(words[2])).unwrap();
                let (toolkit, tool) = (app.parse().ok(), slug.parse().ok());
                let effect = Some(effect);
                Self { action, toolkit, tool, effect, unasked: false, live: false }
            }
        };
        let app = words.get(1).filter(|_| words[0].starts_with("connections."));
        asked.toolkit = asked.toolkit.or(app.and_then(|app| app.parse().ok()));
        asked
    }

    /// Asks the gate as the engine does: a kit is there where something is done for somebody.
    fn judged(&self, by: &str, whom: &str, under: &str, workspace: &Workspace) -> Judgement {
        self.judged_for(by, whom, under, (workspace, None))
    }

    fn judged_for(
        &self,
        by: &str,
        whom: &str,
        under: &str,
        (workspace, requester): (&Workspace, Option<&Actor>),
    ) -> Judgement {
        let (caller, user, kit) = (caller(by), user(whom), kit(under));
        let about = About {
            toolkit: self.toolkit.as_ref(),
            tool: self.tool.as_ref(),
            effect: self.effect,
            unasked: self.unasked,
            live: self.live,
        };
        decide(&Question {
            caller: &caller,
            subject: user.as_ref(),
            kit: Some(&kit).filter(|_| user.is_some() && acts(&self.action)),
            workspace: Some(workspace),
            action: &self.action,
            about,
            requester,
        })
    }
}

fn word(rule: Rule) -> Value {
    json!(rule)
}

#[test]
fn what_nobody_asked_for_begins_nothing() {
    let samples = crate::api::samples::samples().unwrap();

    let goes_on: Vec<_> = samples
        .iter()
        .filter(|action| super::asked(&Caller::System, action).is_ok())
        .map(Action::name)
        .collect();

    let expected =
        ["connections.finish", "connections.refresh", "trading.reconcile", "approvals.reconcile"];
    assert_eq!(goes_on, expected);
}
