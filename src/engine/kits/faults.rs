//! What an account kit says, judged before it is stored: every slip at once, with its place.

use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{Slug, ToolSlug};
use crate::api::kits::{ConnectionsConfig, Mode, Policy, Primitive, ToolRule};
use crate::engine::Engine;

/// Fails with every fault of a policy; what names no app or tool of this workspace is one.
pub(super) fn check(engine: &Engine, policy: &Policy) -> Result<()> {
    let mut faults = Vec::new();
    let connections = &policy.connections_config;
    mode(connections, &mut faults);
    apps(engine, connections, &mut faults)?;
    for (app, rule) in &connections.tools {
        tools(engine, app, rule, &mut faults)?;
    }
    for hold in &connections.approval_tools {
        if let Ok(slug) = hold.as_str().parse::<ToolSlug>()
            && let Some(text) = unknown_anywhere(engine, &slug)?
        {
            fault(&mut faults, &format!("approvalTools/{slug}"), text);
        }
    }
    for app in connections.custom_auth_configs.keys() {
        let text = format!(
            "OAuth clients are not kept in a kit here; run `naive toolkits configure {app} --client-id ID --client-secret -`"
        );
        fault(&mut faults, &format!("custom_auth_configs/{app}"), text);
    }
    trading(policy, &mut faults);
    let custom = policy.primitives_config.get(&Primitive::Custom);
    if custom.is_some_and(|config| config.requires_approval == Some(false)) {
        faults.push(Fault {
            pointer: "/primitives_config/custom/requiresApproval".to_owned(),
            message: "to ask a person is all that a custom action does".to_owned(),
        });
    }
    refused(faults)
}

fn refused(faults: Vec<Fault>) -> Result<()> {
    let Some(first) = faults.first() else { return Ok(()) };
    let more = match faults.len() {
        1 => String::new(),
        several => format!(" (and {} more)", several - 1),
    };
    let place = first.pointer.trim_start_matches("/connections_config/");
    let text = format!("the account kit is refused: `{place}`: {}{more}", first.message);
    Err(Error::new(Code::InvalidInput, text)
        .hint("nothing was stored; mend what is named and run the command again")
        .reason("kit_invalid")
        .details(faults))
}

fn fault(faults: &mut Vec<Fault>, place: &str, message: impl Into<String>) {
    let pointer = format!("/connections_config/{place}");
    faults.push(Fault { pointer, message: message.into() });
}

/// Finds amounts of dollars and percent that are less than nothing.
fn trading(policy: &Policy, faults: &mut Vec<Fault>) {
    let config = &policy.trading_config;
    for (env, config) in [("paper", &config.paper), ("live", &config.live)] {
        let limits = [("limits".to_owned(), &config.limits)].into_iter();
        let by_class = config.by_class.iter();
        let by_class = by_class.map(|(class, limits)| (format!("byClass/{class}"), limits));
        let amounts = limits.chain(by_class).flat_map(|(place, limits)| {
            [
                (format!("{place}/maxOrderNotional"), limits.max_order_notional),
                (format!("{place}/maxDayNotional"), limits.max_day_notional),
                (format!("{place}/maxDriftPercent"), limits.max_drift_percent),
            ]
        });
        let amounts = amounts.chain([("maxDayLoss".to_owned(), config.max_day_loss)]);
        for (place, _) in
            amounts.filter(|(_, amount)| amount.is_some_and(|amount| amount.0.is_sign_negative()))
        {
            let pointer = format!("/trading_config/{env}/{place}");
            faults.push(Fault { pointer, message: "a limit is not less than 0".to_owned() });
        }
    }
}

/// Finds a mode and a list that contradict each other.
fn mode(config: &ConnectionsConfig, faults: &mut Vec<Fault>) {
    let listed = config.toolkits.as_ref().is_some_and(|apps| !apps.is_empty());
    let message = match (config.mode, listed) {
        (Mode::Open, false) | (Mode::Allowlist | Mode::Blocklist, true) => return,
        (Mode::Open, true) => {
            "a list of apps goes with the modes `allowlist` and `blocklist` alone"
        }
        (Mode::Allowlist, false) => {
            "an allowlist names the apps it allows; to switch all of them off, use `--primitive connections=off`"
        }
        (Mode::Blocklist, false) => "a blocklist names the apps it blocks",
    };
    fault(faults, "toolkits", message);
}

/// Finds apps that are none.
fn apps(engine: &Engine, config: &ConnectionsConfig, faults: &mut Vec<Fault>) -> Result<()> {
    let listed = config.toolkits.iter().flatten().map(|app| ("toolkits", app));
    let ruled = config.tools.keys().map(|app| ("tools", app));
    let held = config.approval_toolkits.iter().map(|app| ("approvalToolkits", app));
    for (place, app) in listed.chain(ruled).chain(held) {
        if let Some(text) = unless_found(engine.toolkit(app))? {
            fault(faults, &format!("{place}/{app}"), text);
        }
    }
    Ok(())
}

/// Finds tools that an app does not have, and rules that say nothing or too much.
fn tools(engine: &Engine, app: &Slug, rule: &ToolRule, faults: &mut Vec<Fault>) -> Result<()> {
    let place = format!("tools/{app}");
    if rule.enable.is_some() == rule.disable.is_some() {
        fault(faults, &place, "an app has either `enable` or `disable`");
    }
    // An app that is none was named already.
    let is_known = engine.toolkit(app).is_ok();
    for (word, slugs) in [("enable", &rule.enable), ("disable", &rule.disable)] {
        if slugs.as_ref().is_some_and(std::collections::BTreeSet::is_empty) {
            fault(faults, &format!("{place}/{word}"), "the list names no tool");
        }
        for slug in slugs.iter().flatten() {
            let found = is_known.then(|| engine.check_tool(app, slug));
            if let Some(text) = found.map(unless_found).transpose()?.flatten() {
                fault(faults, &format!("{place}/{word}/{slug}"), text);
            }
        }
    }
    Ok(())
}

/// Returns what to say of a tool that no app of this workspace has.
fn unknown_anywhere(engine: &Engine, slug: &ToolSlug) -> Result<Option<String>> {
    if let Some(app) = engine.app_of(slug)? {
        return unless_found(engine.check_tool(&app, slug));
    }
    Ok(Some(format!(
        "no app has a tool `{slug}`; run `naive toolkits list`: a tool's slug begins with its app's"
    )))
}

/// Returns what to say of what was not found: the error's own words, as one clause.
fn unless_found<T>(found: Result<T>) -> Result<Option<String>> {
    match found {
        Ok(_) => Ok(None),
        Err(error) if error.code == Code::NotFound => {
            let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            Ok(Some(format!("{}{hint}", error.message)))
        }
        Err(error) => Err(error),
    }
}
