//! What would change a verdict: the operator's command, with every name in it that it needs.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::api::action::Action;
use crate::api::ids::{flag, quoted};
use crate::api::kits::{Kit, Mode, Primitive};
use crate::api::workspace::User;
use crate::engine::gate::{self, About, Rule};

/// What the gate was asked about.
#[derive(Debug)]
pub(in crate::engine) struct Asked<'a> {
    /// A sample of the action
    pub(in crate::engine) action: &'a Action,
    /// For whom
    pub(in crate::engine) user: Option<&'a User>,
    /// Under which kit
    pub(in crate::engine) kit: Option<&'a Kit>,
    /// About what of an app
    pub(in crate::engine) about: About<'a>,
}

/// Returns the command that would change the verdict, or words where no command does.
pub(in crate::engine) fn remedy(rule: Rule, asked: &Asked<'_>) -> Option<String> {
    let user = asked.user.map(|user| quoted(user.handle())).unwrap_or_default();
    let primitive = gate::primitive(asked.action).map(Primitive::as_str).unwrap_or_default();
    let change = |flags: String| {
        asked.kit.map(|kit| format!("naive account-kits update {}{flags}", quoted(&kit.name)))
    };
    match rule {
        Rule::KeyRefused | Rule::KeySealed => Some("use a key that is good here".to_owned()),
        Rule::PolicyProtected | Rule::OperatorOnly | Rule::SeparationProtected => {
            Some("ask the operator, who does it without a key".to_owned())
        }
        Rule::AgentsNeverResolve => Some("let the operator approve or deny it".to_owned()),
        Rule::SeparateResolver => {
            Some("naive workspace update --separate-resolver false".to_owned())
        }
        Rule::NotTheRequester => Some("let whoever asked take it back".to_owned()),
        Rule::CredentialProtected => {
            asked.about.toolkit.map(|app| format!("naive connections connect {app} --reconnect"))
        }
        Rule::UserSuspended => Some(format!("naive users update {user} --status active")),
        Rule::ConnectionsOff => Some("naive workspace update --connections true".to_owned()),
        Rule::PrimitiveDisabled => change(format!(" --primitive {primitive}=on")),
        Rule::ToolkitNotAllowed => change(allow_app(asked)?),
        Rule::ToolNotAllowed => change(allow_tool(asked)?),
        Rule::NotGated => change(hold_tool(asked)?),
        Rule::OperatorNotHeld => {
            let seal = asked.user.map(|user| flag("user", user.handle())).unwrap_or_default();
            Some(format!("naive keys create --name agent --role agent{seal}"))
        }
        Rule::DefaultUserNotHeld => change(" --gate-default-user".to_owned()),
        Rule::KitOptsOut => change(format!(" --requires-approval {primitive}=true")),
        Rule::KitHolds | Rule::HeldByDefault => {
            change(format!(" --requires-approval {primitive}=false"))
        }
        Rule::KitHoldsToolkit => change(release_app(asked)?),
        Rule::KitHoldsTool => change(release_tool(asked)?),
        Rule::AsksAPerson => None,
    }
}

fn allow_app(asked: &Asked<'_>) -> Option<String> {
    let config = &asked.kit?.policy.connections_config;
    let mut apps = config.toolkits.clone().unwrap_or_default();
    let app = asked.about.toolkit?;
    match config.mode {
        Mode::Open => return None,
        Mode::Allowlist => apps.insert(app.clone()),
        Mode::Blocklist => apps.remove(app),
    };
    let open = apps.is_empty();
    Some(if open { " --mode open".to_owned() } else { list("toolkits", &apps) })
}

fn allow_tool(asked: &Asked<'_>) -> Option<String> {
    let (app, tool) = (asked.about.toolkit?, asked.about.tool?);
    let rule = asked.kit?.policy.connections_config.tools.get(app)?;
    if let Some(mut only) = rule.enable.clone() {
        only.insert(tool.clone());
        return Some(format!(" --tool {app}.enable={}", joined(&only)));
    }
    let mut not = rule.disable.clone()?;
    not.remove(tool);
    let none = not.is_empty();
    Some(if none {
        format!(" --tool {app}=")
    } else {
        format!(" --tool {app}.disable={}", joined(&not))
    })
}

fn hold_tool(asked: &Asked<'_>) -> Option<String> {
    let mut held = asked.kit?.policy.connections_config.approval_tools.clone();
    held.insert(asked.about.tool?.as_str().parse().ok()?);
    Some(list("approval-tool", &held))
}

fn release_app(asked: &Asked<'_>) -> Option<String> {
    let kit = asked.kit?;
    let mut held = kit.policy.connections_config.approval_toolkits.clone();
    held.remove(asked.about.toolkit?);
    let also = match kit.policy.says(Primitive::Connections) {
        Some(false) => "",
        Some(true) | None => " --requires-approval connections=false",
    };
    Some(format!("{}{also}", list("approval-toolkit", &held)))
}

fn release_tool(asked: &Asked<'_>) -> Option<String> {
    let (tool, effect) = (asked.about.tool?, asked.about.effect);
    let mut held = asked.kit?.policy.connections_config.approval_tools.clone();
    held.retain(|hold| !gate::means(hold, tool, effect));
    Some(list("approval-tool", &held))
}

/// Returns a flag that puts this list in the place of the one before.
fn list(name: &str, items: &BTreeSet<impl Display>) -> String {
    format!(" --{name}={}", joined(items))
}

fn joined(items: &BTreeSet<impl Display>) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
