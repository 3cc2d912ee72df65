//! One row per action: how each door calls it. Router, remote client and tool list read this table.

mod rows;

pub(crate) use rows::{Mount, ROUTES, mounts};

use serde_json::{Map, Value};

use super::action::Action;
use super::address::path_part;
use super::error::{Error, Result};

/// How one action is reached, and what it touches.
#[derive(Debug)]
pub(crate) struct Route {
    /// Name of the action
    pub(crate) action: &'static str,
    /// Name of the MCP tool, where agents have one
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

impl Route {
    /// Returns the names of the holes in a path, which are fields of the action.
    pub(crate) fn holes(path: &str) -> impl Iterator<Item = &str> {
        path.split('/').filter_map(hole)
    }

    /// Tells whether it makes something that was not there, which HTTP has a status for.
    pub(crate) fn makes(&self) -> bool {
        matches!(
            self.action,
            "account_kits.create"
                | "keys.create"
                | "sessions.create"
                | "toolkits.add"
                | "users.create"
                | "webhooks.create"
        )
    }

    /// Tells whether it may be held until a person decides.
    pub(crate) fn may_be_held(&self) -> bool {
        self.reach == Reach::Upstream || self.action == "approvals.request"
    }

    /// Tells whether what it takes stands in the query rather than in a body.
    pub(crate) fn is_asked_by_query(&self) -> bool {
        matches!(self.method, "GET" | "DELETE")
    }
}

/// Returns the name of a hole in a path, if a part of it is one.
fn hole(part: &str) -> Option<&str> {
    part.strip_prefix('{').and_then(|part| part.strip_suffix('}'))
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
pub(crate) fn addressed(action: &Action) -> Result<Addressed> {
    let Route { method, path, .. } = route(action.name());
    let value = serde_json::to_value(action)
        .map_err(|error| Error::internal("an action cannot be written", error))?;
    let mut fields = value["payload"].as_object().cloned().unwrap_or_default();
    let part = |part: &str| match hole(part) {
        None => part.to_owned(),
        Some(name) => {
            let value = fields.shift_remove(name);
            let text = value.as_ref().and_then(Value::as_str).unwrap_or("default");
            path_part(text)
        }
    };
    let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
    Ok(Addressed { method, path, fields })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_action_has_one_row_in_its_own_order() {
        let rows: Vec<_> = ROUTES.iter().map(|route| route.action).collect();

        assert_eq!(rows, Action::NAMES);
    }

    #[test]
    fn no_two_actions_share_a_door() {
        let mounts = mounts();
        let doors: BTreeSet<_> = mounts.iter().map(|one| (one.route.method, &one.path)).collect();
        let tools: BTreeSet<_> = ROUTES.iter().filter_map(|route| route.tool).collect();

        assert_eq!(doors.len(), mounts.len());
        assert!(mounts.len() > ROUTES.len());
        assert_eq!(tools.len(), ROUTES.iter().filter(|route| route.tool.is_some()).count());
    }
}
