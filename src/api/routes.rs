//! One row per action: how each door calls it. Router, remote client and tool list read this table.

mod rows;

pub(crate) use rows::ROUTES;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::action::Action;
use super::address::path_part;
use super::error::{Code, Error, Result};

/// How one action is reached, and what it touches.
#[derive(Debug)]
pub(crate) struct Route {
    /// Name of the action
    pub(crate) action: &'static str,
    /// Name of the MCP tool, where agents have one
    #[cfg_attr(not(test), expect(dead_code, reason = "the table is whole; the MCP door comes"))]
    pub(crate) tool: Option<&'static str>,
    /// HTTP method
    pub(crate) method: &'static str,
    /// HTTP path; `{name}` fills the field of that name
    pub(crate) path: &'static str,
    /// What performing it touches
    pub(crate) reach: Reach,
}

/// What performing an action touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Reads the store; not logged
    Read,
    /// Changes the store
    Store,
    /// Calls out, or makes a link to the outside
    Upstream,
}

/// Returns the row of an action.
///
/// Every name in `Action::NAMES` has one; a test holds the two tables together.
pub(crate) fn route(action: &str) -> &'static Route {
    ROUTES.iter().find(|route| route.action == action).unwrap_or(&ROUTES[0])
}

/// Tells whether a name is that of an action that changes something.
pub(crate) fn writes(action: &str) -> bool {
    ROUTES.iter().any(|route| route.action == action && route.reach != Reach::Read)
}

/// An action as a request: its path filled, and the fields that the path does not hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Addressed {
    /// HTTP method
    pub(crate) method: &'static str,
    /// Path, its parts percent-encoded
    pub(crate) path: String,
    /// What goes to the body, or for GET and DELETE to the query
    pub(crate) fields: Map<String, Value>,
}

/// Turns an action into a request. A user who is not named is `default`.
#[cfg_attr(not(test), expect(dead_code, reason = "the HTTP doors on both sides speak it"))]
pub(crate) fn addressed(action: &Action) -> Result<Addressed> {
    let Route { method, path, .. } = route(action.name());
    let value = serde_json::to_value(action)
        .map_err(|error| Error::internal("an action cannot be written", error))?;
    let mut fields = value["payload"].as_object().cloned().unwrap_or_default();
    let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        None => part.to_owned(),
        Some(name) => {
            let value = fields.remove(name);
            let text = value.as_ref().and_then(Value::as_str).unwrap_or("default");
            path_part(text)
        }
    };
    let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
    Ok(Addressed { method, path, fields })
}

/// Turns a request into an action; `None` if no row has that method and path.
///
/// Fails with `InvalidInput` if the fields are not the action's.
#[cfg_attr(not(test), expect(dead_code, reason = "the HTTP doors on both sides speak it"))]
pub(crate) fn action(
    method: &str,
    path: &str,
    mut fields: Map<String, Value>,
) -> Option<Result<Action>> {
    let rows = ROUTES.iter().filter(|route| route.method == method);
    // Where a fixed part and a hole both fit, the fixed part is meant.
    let (route, parts) = rows
        .filter_map(|route| Some((route, matched(route.path, path)?)))
        .min_by_key(|(_, parts)| parts.len())?;
    for (name, value) in parts {
        fields.insert(name.to_owned(), value.into());
    }
    let whole = json!({ "action_type": route.action, "payload": fields });
    Some(serde_json::from_value(whole).map_err(|error| {
        Error::new(
            Code::InvalidInput,
            format!("this is not what `{}` takes: {error}", route.action),
        )
    }))
}

/// Returns what stands in the holes of a path, or `None` if it is another path.
fn matched<'a>(template: &'a str, path: &str) -> Option<Vec<(&'a str, String)>> {
    let (wanted, given) = (template.split('/'), path.split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut parts = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        match wanted.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None if wanted == given => {}
            None => return None,
            Some(name) => {
                let text = percent_decode_str(given).decode_utf8().ok()?;
                parts.push((name, text.into_owned()));
            }
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::samples::samples;
    use super::*;

    #[test]
    fn every_action_has_one_row_in_its_own_order() {
        let rows: Vec<_> = ROUTES.iter().map(|route| route.action).collect();

        assert_eq!(rows, Action::NAMES);
    }

    #[test]
    fn no_two_actions_share_a_door() {
        let doors: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
        let tools: BTreeSet<_> = ROUTES.iter().filter_map(|route| route.tool).collect();

        assert_eq!(doors.len(), ROUTES.len());
        assert_eq!(tools.len(), ROUTES.iter().filter(|route| route.tool.is_some()).count());
    }

    #[test]
    fn every_action_survives_the_way_through_http() {
        let samples = samples().unwrap();
        let names: Vec<_> = samples.iter().map(Action::name).collect();
        assert_eq!(names, Action::NAMES, "one sample each");

        for sample in samples {
            let request = addressed(&sample).unwrap();
            let back = action(request.method, &request.path, request.fields).unwrap().unwrap();

            assert_eq!(json!(back), json!(sample));
        }
    }

    #[test]
    fn an_unknown_path_or_field_is_no_action() {
        assert!(action("GET", "/v1/nothing", Map::new()).is_none());
        let fields = json!({"user_id": "x"}).as_object().unwrap().clone();
        assert!(action("GET", "/v1/users", fields).unwrap().is_err());
    }
}
