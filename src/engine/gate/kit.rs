//! What the kit of a user says: what it forbids, and what it holds.

use super::powers::{gated_by_default, primitive};
use super::{About, Question, Rule};
use crate::api::error::{Code, Error};
use crate::api::ids::{Slug, ToolHold, ToolSlug, quoted};
use crate::api::kits::{Kit, Mode, Primitive};
use crate::api::toolkits::Effect;

/// Returns what a kit forbids, and how it is said: a primitive, an app, a tool.
pub(super) fn forbids(kit: &Kit, primitive: Primitive, about: About<'_>) -> Option<(Rule, Error)> {
    let see = format!("run `naive account-kits get {}` to see what it allows", quoted(&kit.name));
    let refused = |rule: Rule, does: &str, reason: &str| {
        let text = format!("account kit `{}` {does}", kit.name);
        Some((rule, Error::new(Code::Forbidden, text).hint(see.as_str()).reason(reason)))
    };
    let config = kit.policy.primitives_config.get(&primitive);
    if config.is_some_and(|config| !config.enabled) {
        let does = format!("has switched `{}` off", primitive.as_str());
        return refused(Rule::PrimitiveDisabled, &does, "primitive_disabled_by_kit");
    }
    let toolkit = about.toolkit?;
    if !allows_toolkit(kit, toolkit) {
        let does = format!("does not allow `{toolkit}`");
        return refused(Rule::ToolkitNotAllowed, &does, "toolkit_not_allowed");
    }
    match about.tool {
        Some(tool) if !allows_tool(kit, toolkit, tool) => {
            let does = format!("does not allow `{tool}`");
            refused(Rule::ToolNotAllowed, &does, "tool_not_allowed")
        }
        Some(_) | None => None,
    }
}

/// Tells whether a kit lets its users use an app.
pub(crate) fn allows_toolkit(kit: &Kit, toolkit: &Slug) -> bool {
    let config = &kit.policy.connections_config;
    let listed = config.toolkits.as_ref().is_some_and(|toolkits| toolkits.contains(toolkit));
    match config.mode {
        Mode::Open => true,
        Mode::Allowlist => listed,
        Mode::Blocklist => !listed,
    }
}

/// Tells whether a kit lets its users run a tool.
pub(crate) fn allows_tool(kit: &Kit, toolkit: &Slug, tool: &ToolSlug) -> bool {
    if !allows_toolkit(kit, toolkit) {
        return false;
    }
    let Some(rule) = kit.policy.connections_config.tools.get(toolkit) else { return true };
    rule.enable.as_ref().is_none_or(|only| only.contains(tool))
        && rule.disable.as_ref().is_none_or(|not| !not.contains(tool))
}

/// Tells whether a kit says which tools of an app may run.
pub(super) fn filters_tools(kit: &Kit, toolkit: &Slug) -> bool {
    let rule = kit.policy.connections_config.tools.get(toolkit);
    rule.is_some_and(|rule| rule.enable.is_some() || rule.disable.is_some())
}

/// Tells whether a kit holds a tool of an app, or all tools that change something.
pub(super) fn holds_tools(kit: &Kit, toolkit: &Slug) -> bool {
    let own = toolkit.tool_prefix();
    let holds =
        |hold: &ToolHold| hold.as_str().starts_with("effect:") || hold.as_str().starts_with(&own);
    kit.policy.connections_config.approval_tools.iter().any(holds)
}

/// Tells whether an entry of `approvalTools` means a tool.
pub(crate) fn means(hold: &ToolHold, tool: &ToolSlug, effect: Option<Effect>) -> bool {
    let by_effect = match effect {
        Some(Effect::Write) => Some("effect:write"),
        Some(Effect::Destructive) => Some("effect:destructive"),
        Some(Effect::Read) | None => None,
    };
    hold.as_str() == tool.as_str() || by_effect == Some(hold.as_str())
}

/// Tells whether an action is sensitive under a kit, and by which rule, whoever calls.
pub(super) fn gated(question: &Question<'_>) -> (bool, Rule) {
    gated_if(gated_by_default(question.action), question)
}

/// Tells the same of an action that is sensitive by default, or is not.
pub(super) fn gated_if(by_default: bool, question: &Question<'_>) -> (bool, Rule) {
    let Some(kit) = question.kit else { return default_rule(by_default) };
    let config = &kit.policy.connections_config;
    if let Some(tool) = question.about.tool {
        let holds =
            config.approval_tools.iter().any(|hold| means(hold, tool, question.about.effect));
        return if holds { (true, Rule::KitHoldsTool) } else { (false, Rule::NotGated) };
    }
    if !by_default {
        return (false, Rule::NotGated);
    }
    let listed = question.about.toolkit.is_some_and(|app| config.approval_toolkits.contains(app));
    if listed {
        return (true, Rule::KitHoldsToolkit);
    }
    match primitive(question.action).and_then(|primitive| kit.policy.says(primitive)) {
        Some(true) => (true, Rule::KitHolds),
        Some(false) => (false, Rule::KitOptsOut),
        None => default_rule(by_default),
    }
}

fn default_rule(gated: bool) -> (bool, Rule) {
    (gated, if gated { Rule::HeldByDefault } else { Rule::NotGated })
}
