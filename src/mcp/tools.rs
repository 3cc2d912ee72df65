//! The tools that a session is offered: actions under their names, and what finds the tools of apps.

use std::sync::{Arc, OnceLock};

use rmcp::ErrorData;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{finding, kept, schema};
use crate::api::action::{Action, Described};
use crate::api::routes::{ROUTES, Reach, Route};
use crate::api::samples::sample;
use crate::catalog::search::{did_you_mean, nearest};
use crate::engine::{Caller, gate};

/// Field of a tool that changes something: the caller's own key for the call.
pub(super) const KEY: &str = "idempotency_key";
/// Field that names the tenant user.
const USER: &str = "user";

/// A tool, and one call of it to ask the gate about.
struct Offer {
    tool: Tool,
    sample: Option<Action>,
}

/// Returns the tools of a caller, in an order that never changes: what the gate refuses to them in any case is none
/// of theirs. Who is sealed to a user has nobody else to name.
pub(super) fn offered(caller: &Caller) -> Vec<Tool> {
    static ALL: OnceLock<Vec<Offer>> = OnceLock::new();
    let all = ALL.get_or_init(all).iter();
    let theirs = all.filter(|offer| match &offer.sample {
        Some(action) => gate::may(caller, action),
        None => true,
    });
    let tools = theirs.map(|offer| offer.tool.clone());
    if caller.seal().is_none() { tools.collect() } else { tools.map(without_user).collect() }
}

/// Returns the row of a tool.
pub(super) fn route_of(name: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.tool == Some(name))
}

/// Makes the error of a tool that is none.
pub(super) fn unknown(name: &str, caller: &Caller) -> ErrorData {
    let tools = offered(caller);
    let near = nearest(name, tools.iter().map(|tool| &*tool.name));
    let hint = did_you_mean(&near, "`tools/list` says which there are");
    let name: String = name.chars().take(100).filter(|c| !c.is_control()).collect();
    ErrorData::invalid_params(format!("there is no tool `{name}`: {hint}"), None)
}

fn all() -> Vec<Offer> {
    let mut generator =
        SchemaSettings::draft2020_12().with(|set| set.inline_subschemas = true).into_generator();
    let described = Action::described(&mut generator);
    let rows = ROUTES.iter().filter_map(|route| Some((route, route.tool?)));
    let actions = rows.filter_map(|(route, name)| {
        let described = described.iter().find(|one| one.action == route.action)?;
        let sample = sample(route.action).ok().flatten();
        Some(Offer { tool: tool(route, name, described), sample })
    });
    let found = finding::tools().into_iter().chain([kept::tool()]);
    let found = found.map(|tool| Offer { tool, sample: None });
    found.chain(actions).collect()
}

fn tool(route: &Route, name: &'static str, described: &Described) -> Tool {
    let mut input = schema::slim(described.input.as_value());
    let about = input.shift_remove("description");
    if let Some(Value::Object(fields)) = input.get_mut("properties") {
        // Which way a call takes, and where a credential is kept, is the operator's business.
        for field in ["provider", "keep"] {
            fields.shift_remove(field);
        }
        // What it is, the instructions say once for all tools.
        if let Some(user) = fields.get_mut(USER) {
            *user = json!({ "type": "string" });
        }
        if changes(route) {
            fields.insert(KEY.to_owned(), json!({ "type": "string" }));
        }
    }
    let about = about.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    Tool::new(name, about, Arc::new(input)).with_annotations(hints(route))
}

fn changes(route: &Route) -> bool {
    route.method != "GET" && route.reach != Reach::Read
}

/// Says what a client may be told of a tool before it is run, where that is not what it takes for granted: that a
/// tool changes and destroys, once more each time, somewhere outside. They are hints: the gate decides.
fn hints(route: &Route) -> ToolAnnotations {
    let mut hints = ToolAnnotations::new();
    if !changes(route) {
        hints.read_only_hint = Some(true);
    } else if !destroys(route) {
        hints.destructive_hint = Some(false);
    }
    if changes(route) && matches!(route.method, "PUT" | "PATCH" | "DELETE") {
        hints.idempotent_hint = Some(true);
    }
    if route.reach != Reach::Upstream {
        hints.open_world_hint = Some(false);
    }
    hints
}

/// Tells whether it can undo or spend what was there, and not only add to it.
fn destroys(route: &Route) -> bool {
    route.method == "DELETE"
        || matches!(
            route.action,
            "connections.execute"
                | "approvals.approve"
                | "approvals.deny"
                | "trading.order.create"
                | "cards.topup"
                | "domains.purchase"
        )
}

fn without_user(mut tool: Tool) -> Tool {
    let mut input = JsonObject::clone(&tool.input_schema);
    let named = matches!(input.get("required"), Some(Value::Array(all)) if all.iter().any(|one| one == USER));
    if let Some(Value::Object(fields)) = input.get_mut("properties").filter(|_| !named) {
        fields.shift_remove(USER);
    }
    tool.input_schema = Arc::new(input);
    tool
}
