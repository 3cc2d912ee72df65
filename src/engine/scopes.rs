//! Which scopes a login asks for, and whether those it got are enough for a tool.

use super::user_flag;
use crate::api::connections::Connection;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Label, quoted};
use crate::api::workspace::User;
use crate::catalog::manifest::Tool;

/// Reason of a call that its connection's scopes do not cover.
pub(super) const MISSING: &str = "scope_missing";

/// Returns the least that a login must ask for so that `tools` can be run: one scope for each, none for
/// a tool that another's covers.
pub(super) fn least(tools: &[Tool]) -> Vec<String> {
    let mut least: Vec<String> = Vec::new();
    for tool in tools {
        if !covers(&least, tool) {
            let first = tool.scopes.first().map(String::as_str).unwrap_or_default();
            least = united([least.as_slice(), &words(first)]);
        }
    }
    least
}

/// Returns several lists of scopes as one, in order, each scope once.
pub(super) fn united<'a>(lists: impl IntoIterator<Item = &'a [String]>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for scope in lists.into_iter().flatten() {
        if !all.contains(scope) {
            all.push(scope.clone());
        }
    }
    all
}

/// Tells whether the granted scopes let a tool run.
pub(super) fn covers(granted: &[String], tool: &Tool) -> bool {
    let has = |needed: &String| granted.iter().any(|one| is_same(one, needed));
    tool.scopes.is_empty() || tool.scopes.iter().any(|needed| words(needed).iter().all(has))
}

/// Returns the scopes that are needed together.
fn words(scopes: &str) -> Vec<String> {
    scopes.split_whitespace().map(str::to_owned).collect()
}

/// Tells whether a scope is wanted that was not granted.
pub(super) fn lacks(granted: &[String], wanted: &[String]) -> bool {
    wanted.iter().any(|needed| !granted.iter().any(|one| is_same(one, needed)))
}

/// Fails with `Forbidden` if the scopes of a connection are known and do not let a tool run.
pub(super) fn check(connection: &Connection, tool: &Tool, user: &User) -> Result<()> {
    if connection.scopes.is_empty() || covers(&connection.scopes, tool) {
        return Ok(());
    }
    let needed: Vec<_> = tool.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let text = format!("`{}` needs the scope {}", tool.slug, needed.join(" or "));
    Err(Error::new(Code::Forbidden, text).hint(hint(connection, tool, user)).reason(MISSING))
}

/// Returns how the scopes that a tool needs are added to a connection.
pub(super) fn hint(connection: &Connection, tool: &Tool, user: &User) -> String {
    let flags = format!("--tools {}", tool.slug);
    format!("run `{}` to add it; the scopes there are stay", command(connection, &flags, user))
}

/// Returns what a login must ask for so that a call goes through that was refused for lack of `needed`: that
/// and all that was granted before.
///
/// `None` if it was granted already: another login would end in the same refusal, and so on for ever.
pub(super) fn step_up(granted: &[String], needed: &[String]) -> Option<Vec<String>> {
    let again = !needed.is_empty() && !lacks(granted, needed);
    (!again).then(|| united([granted, needed]))
}

/// Returns how scopes are added that only the app itself has named.
pub(super) fn hint_for(connection: &Connection, needed: &[String], user: &User) -> String {
    let Some(all) = step_up(&connection.scopes, needed) else {
        return "the connection has every scope that the app names, so another login does not help: ask whoever runs the app for access".to_owned();
    };
    let flags = format!("--reconnect --scopes {}", quoted(&all.join(",")));
    format!("run `{}` to add what the app wants", command(connection, &flags, user))
}

fn command(connection: &Connection, flags: &str, user: &User) -> String {
    let (label, user) = (Label::flag(connection.label.as_ref()), user_flag(user));
    format!("naive connections connect {} {flags}{label}{user}", connection.toolkit)
}

/// Compares two scopes: servers change their case, and Microsoft puts its own address before some.
fn is_same(granted: &str, needed: &str) -> bool {
    let bare = |scope: &str| {
        scope.strip_prefix("https://graph.microsoft.com/").unwrap_or(scope).to_ascii_lowercase()
    };
    bare(granted) == bare(needed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(scopes: &[&str]) -> Tool {
        let tool = json!({
            "slug": "A_B", "name": "n", "description": "d", "request": "GET /", "effect": "read",
            "scopes": scopes,
        });
        serde_json::from_value(tool).unwrap()
    }

    #[test]
    fn the_least_is_one_scope_for_each_tool_that_no_other_covers() {
        let tools = [tool(&["send"]), tool(&["read", "all"]), tool(&["all", "send"]), tool(&[])];

        assert_eq!(least(&tools), ["send", "read"]);
    }

    #[test]
    fn a_scope_is_known_in_every_spelling() {
        let granted = ["https://graph.microsoft.com/Mail.Read".to_owned()];

        assert!(covers(&granted, &tool(&["mail.read"])));
        assert!(!covers(&granted, &tool(&["Mail.Send"])));
        assert!(covers(&[], &tool(&[])));
    }

    #[test]
    fn what_was_granted_is_asked_for_again_and_nothing_twice_for_nothing() {
        let list = |scopes: &[&str]| scopes.iter().map(ToString::to_string).collect::<Vec<_>>();
        let granted = list(&["basic", "read"]);

        assert_eq!(step_up(&granted, &list(&["write"])), Some(list(&["basic", "read", "write"])));
        assert_eq!(step_up(&granted, &list(&["read", "write"])).unwrap().len(), 3);
        assert_eq!(step_up(&granted, &[]), Some(granted.clone()));
        assert_eq!(step_up(&granted, &list(&["READ"])), None);
    }

    #[test]
    fn scopes_that_are_needed_together_are_asked_for_together() {
        let both = tool(&["mail.read mail", "all"]);
        let granted = |scopes: &[&str]| scopes.iter().map(ToString::to_string).collect::<Vec<_>>();

        assert_eq!(least(&[tool(&["mail"]), both.clone()]), ["mail", "mail.read"]);
        assert!(!covers(&granted(&["mail.read"]), &both));
        assert!(covers(&granted(&["mail.read", "mail"]), &both));
        assert!(covers(&granted(&["all"]), &both));
    }
}
