//! What can be enabled, and what can be run.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Answered, Asked, enabled, read};
use crate::api::error::{Error, Result};
use crate::api::ids::{Malformed, Slug};
use crate::api::toolkits::{AuthType, GetToolkit, ListToolkits, ToolkitSummary};
use crate::api::tools::ListTools;
use crate::server::answer;

/// The toolkits that are shown where nobody searches.
/// Source: the Integrations API, "Curated 10", in its order.
const CURATED: [&str; 10] = [
    "gmail",
    "google-calendar",
    "slack",
    "google-sheets",
    "notion",
    "github",
    "hubspot",
    "outlook",
    "google-drive",
    "discord",
];
/// How many a search finds at most.
const FOUND: u32 = 20;
/// How many tools are listed at most.
const TOOLS: usize = 50;

/// A toolkit that can be enabled.
#[derive(Debug, Serialize)]
struct Item {
    toolkit: String,
    #[serde(rename = "displayName")]
    display_name: String,
    curated: bool,
    auth_schemes: [&'static str; 1],
    requires_byo_credentials: bool,
}

/// A tool, in the words of the API.
#[derive(Debug, Serialize)]
struct Tool {
    name: String,
    description: String,
    parameters: Map<String, Value>,
}

impl From<ToolkitSummary> for Item {
    fn from(one: ToolkitSummary) -> Self {
        Self {
            display_name: display_name(&one),
            curated: CURATED.contains(&one.slug.as_str()),
            auth_schemes: [scheme(one.auth_type)],
            requires_byo_credentials: requires_client(&one),
            toolkit: one.slug,
        }
    }
}

/// Returns how users log in, in the words of the API.
pub(super) fn scheme(kind: AuthType) -> &'static str {
    match kind {
        AuthType::Oauth2 => "OAUTH2",
        AuthType::ApiKey | AuthType::Unknown => "API_KEY",
        AuthType::Basic => "BASIC",
        AuthType::None => "NO_AUTH",
    }
}

/// Tells whether a toolkit wants an OAuth client that nobody has given yet.
pub(super) fn requires_client(one: &ToolkitSummary) -> bool {
    one.auth_type == AuthType::Oauth2 && !one.configured
}

/// Returns what a toolkit is called: a curated one by its slug, as clients know it.
pub(super) fn display_name(one: &ToolkitSummary) -> String {
    if !CURATED.contains(&one.slug.as_str()) {
        return one.name.clone();
    }
    let words = one.slug.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Answers `GET …/available`: the curated toolkits, or what a search finds.
pub(super) async fn available(asked: Asked) -> Answered {
    let mut found = Vec::new();
    if let Some(search) = asked.query("search") {
        let op = ListToolkits { search: Some(search), limit: Some(FOUND), cursor: None };
        found.extend(asked.done(op).await?.toolkits);
    } else {
        for slug in CURATED {
            let toolkit = own(slug)?;
            found.push(asked.done(GetToolkit::of(toolkit)).await?.summary);
        }
    }
    let items: Vec<_> = found.into_iter().map(Item::from).collect();
    Ok(answer::json(StatusCode::OK, &json!({ "integrations": items })))
}

fn own(slug: &str) -> Result<Slug> {
    slug.parse()
        .map_err(|error: Malformed| Error::internal("a toolkit has a slug that is none", error))
}

/// Answers `GET …/tools`: the tools of one toolkit that is enabled, or of all of them.
pub(super) async fn tools(asked: Asked) -> Answered {
    let toolkits = match asked.query("toolkit") {
        Some(named) => {
            let toolkit = read::slug(&named)?;
            enabled::check(&asked, &toolkit)?;
            vec![toolkit]
        }
        None => enabled::toolkits(&asked)?,
    };
    let mut tools = Vec::new();
    for toolkit in toolkits {
        let op = ListTools { limit: u32::try_from(TOOLS).ok(), ..ListTools::of(toolkit, None) };
        let all = asked.done(op).await?.tools.into_iter().filter(|tool| !tool.withheld);
        tools.extend(all.map(|tool| Tool {
            name: tool.slug,
            description: tool.description,
            parameters: tool.input_schema,
        }));
    }
    tools.truncate(TOOLS);
    Ok(answer::json(StatusCode::OK, &json!({ "tools": tools })))
}
