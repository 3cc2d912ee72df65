//! The tools of a toolkit as Composio offers them, and as we have them. All of it is untrusted, like a server's.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Api, V31};
use crate::api::error::Result;
use crate::api::ids::{Slug, ToolSlug};
use crate::catalog::manifest::Tool;
use crate::catalog::openapi::Kept;
use crate::provider::mcp::{Offered, Taken, taken};

/// How long the name of a tool may be and still stay as it is: what programs that speak MCP take.
const LONGEST: usize = 64;
/// The version of a tool that says none.
const LATEST: &str = "latest";
/// Tags that say what a tool does, as MCP's hints are called.
const HINTS: [&str; 2] = ["readOnlyHint", "destructiveHint"];

impl Api<'_> {
    /// Returns the tools of a toolkit, under the names that they have among the `known` ones where they are there.
    pub(crate) async fn tools(&self, slug: &Slug, toolkit: &str, known: &[Tool]) -> Result<Taken> {
        let query = [("toolkit_slug", toolkit)];
        let all = self.all(&format!("{V31}/tools"), &query).await?;
        Ok(tools(slug, &all, known))
    }
}

/// Returns what Composio calls a tool, and at which version it is called.
pub(super) fn named(tool: &Tool) -> (&str, &str) {
    let remote = tool.remote.as_deref().unwrap_or_default();
    remote.rsplit_once('@').unwrap_or((remote, LATEST))
}

/// Returns tools as a toolkit has them. A slug of theirs stays as it is, where it is one that the toolkit could
/// have; its effect is what the tags say, and a write where they say nothing.
fn tools(slug: &Slug, all: &[Value], known: &[Tool]) -> Taken {
    let prefix = slug.tool_prefix();
    let mut kept = Kept::default();
    for tool in known {
        kept.keep("POST", named(tool).0, tool.slug.clone());
    }
    let mut offered = Vec::new();
    let mut versions = HashMap::new();
    for tool in all {
        let Some(name) = tool["slug"].as_str() else { continue };
        if name.starts_with(&prefix)
            && name.len() <= LONGEST
            && let Ok(own) = name.parse::<ToolSlug>()
        {
            kept.keep("POST", name, own);
        }
        let version = tool["version"].as_str().filter(|version| is_version(version));
        versions.insert(name, version.unwrap_or(LATEST));
        offered.push(Offered::read(&json!({
            "name": name,
            "title": tool["name"],
            "description": description(tool),
            "inputSchema": schema(&tool["input_parameters"]),
            "annotations": hints(&tool["tags"]),
        })));
    }
    let mut taken = taken(slug, &offered, &kept);
    for tool in &mut taken.tools {
        if let Some(name) = &mut tool.remote {
            let version = versions.get(name.as_str()).copied().unwrap_or(LATEST);
            *name = format!("{name}@{version}");
        }
    }
    taken
}

fn is_version(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&text.len()) && text.chars().all(plain)
}

fn description(tool: &Value) -> Value {
    let said = tool["description"].as_str().unwrap_or_default();
    let is_old = tool["is_deprecated"] == true || tool["deprecated"]["is_deprecated"] == true;
    match (is_old, said.is_empty()) {
        (_, true) => Value::Null,
        (true, false) => format!("Deprecated: {said}").into(),
        (false, false) => said.into(),
    }
}

/// Returns a schema; a tool of which none is told takes nothing.
fn schema(input: &Value) -> Value {
    if input.is_null() { json!({ "type": "object", "properties": {} }) } else { input.clone() }
}

fn hints(tags: &Value) -> Map<String, Value> {
    let said = |hint: &&str| {
        tags.as_array().is_some_and(|tags| tags.iter().any(|tag| tag.as_str() == Some(*hint)))
    };
    HINTS.into_iter().filter(said).map(|hint| (hint.to_owned(), true.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::toolkits::Effect;

    fn of(slug: &str, all: Value) -> Taken {
        tools(&slug.parse().unwrap(), all.as_array().unwrap(), &[])
    }

    #[test]
    fn a_slug_of_theirs_stays_and_says_at_which_version_it_is_called() {
        let taken = of(
            "google-calendar",
            json!([
                {"slug": "GOOGLECALENDAR_V2LIST", "version": "1_00", "tags": ["readOnlyHint"]},
                {"slug": "GCAL_DELETE", "version": "1_00", "tags": ["destructiveHint", "x"]},
                {"slug": "GOOGLECALENDAR_ADD", "tags": null, "input_parameters": {"type": "object"}},
                {"name": "no slug"},
            ]),
        );

        let told: Vec<_> = taken
            .tools
            .iter()
            .map(|tool| (tool.slug.as_str(), tool.remote.as_deref().unwrap(), tool.effect))
            .collect();
        assert_eq!(
            told,
            [
                ("GOOGLECALENDAR_V2LIST", "GOOGLECALENDAR_V2LIST@1_00", Effect::Read),
                ("GOOGLECALENDAR_GCAL_DELETE", "GCAL_DELETE@1_00", Effect::Destructive),
                ("GOOGLECALENDAR_ADD", "GOOGLECALENDAR_ADD@latest", Effect::Write),
            ]
        );
    }
}
