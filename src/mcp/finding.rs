//! The tools of connected apps, in three: however many there are, an agent is told of those alone that it looks for.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Desk, Ended, Handler, Session, Source, schema};
use crate::api::action::input;
use crate::api::connections::{Connected, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, ToolSlug, UserRef};
use crate::api::tools::{Execute, ListTools, SearchTools, ToolDetail};
use crate::catalog::search::{Search, worthwhile};

/// Name of the tool that looks for tools.
pub(super) const SEARCH: &str = "tools_search";
/// Name of the tool that says what tools take.
pub(super) const DESCRIBE: &str = "tools_describe";
/// Name of the tool that runs one.
pub(super) const CALL: &str = "tools_call";
/// How many are found where nobody says.
const FOUND: usize = 10;
/// How many are named of apps that are not connected.
const OTHERS: u32 = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    query: String,
    toolkit: Option<Slug>,
    limit: Option<usize>,
    user: Option<UserRef>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Describe {
    tool: ToolSlug,
    user: Option<UserRef>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    tool: ToolSlug,
    #[serde(default)]
    arguments: Map<String, Value>,
    account: Option<String>,
    user: Option<UserRef>,
    #[serde(default)]
    all: bool,
}

/// Returns the three tools.
pub(super) fn tools() -> [Tool; 3] {
    let user = json!({ "type": "string" });
    let slug = json!({ "type": "string", "description": "As in GMAIL_SEND_EMAIL" });
    let looks = ToolAnnotations::new().read_only(true).open_world(false);
    let runs = ToolAnnotations::new().destructive(true);
    [
        tool(
            SEARCH,
            "Find tools of connected apps by words",
            json!({
                "query": { "type": "string" },
                "toolkit": { "type": "string" },
                "limit": { "type": "integer" },
                "user": user,
            }),
            &["query"],
        )
        .with_annotations(looks.clone()),
        tool(
            DESCRIBE,
            "Say what a tool of a connected app takes",
            json!({ "tool": slug, "user": user }),
            &["tool"],
        )
        .with_annotations(looks),
        tool(
            CALL,
            "Run a tool of a connected app",
            json!({
                "tool": slug,
                "arguments": { "type": "object" },
                "all": { "type": "boolean", "description": "All pages" },
                "account": { "type": "string", "description": "Which, of several" },
                "user": user,
                super::tools::KEY: { "type": "string" },
            }),
            &["tool"],
        )
        .with_annotations(runs),
    ]
}

fn tool(name: &'static str, about: &'static str, fields: Value, required: &[&str]) -> Tool {
    let input = json!({ "type": "object", "properties": fields, "required": required });
    Tool::new(name, about, Arc::new(input.as_object().cloned().unwrap_or_default()))
}

impl<D: Desk> Handler<D> {
    /// Finds tools of the user's apps, the best match first, without what they take.
    pub(super) async fn search(&self, session: &Session, fields: JsonObject) -> Result<Ended> {
        let Wanted { query, toolkit, limit, user } = input(SEARCH, fields)?;
        let apps = self.apps(session, user.clone()).await?;
        let looked = Search::new(Some(&query));
        let mut found = Vec::new();
        for app in apps.iter().filter(|app| toolkit.as_ref().is_none_or(|wanted| wanted == *app)) {
            let op = ListTools {
                search: Some(query.clone()),
                brief: true,
                ..ListTools::of(app.clone(), user.clone())
            };
            for tool in self.listed(session, op).await? {
                let score = looked.words(&tool.slug, &tool.name, &tool.description);
                // What is found by its path alone still counts a little.
                found.push((score.max(f32::MIN_POSITIVE), (app.clone(), tool)));
            }
        }
        let mut found = worthwhile(found);
        let total = found.len();
        found.truncate(limit.unwrap_or(FOUND));
        let tools = found.into_iter().map(|(_, (app, tool))| {
            json!({ "tool": tool.slug, "toolkit": app, "description": tool.description, "effect": tool.effect })
        });
        let tools: Vec<_> = tools.collect();
        let others =
            if total == 0 { self.elsewhere(session, query, user).await } else { Vec::new() };
        let hint = match (total, others.is_empty(), apps.is_empty()) {
            (0, false, _) => "apps in `others` can do it: `connections_connect` connects one",
            (_, _, true) => {
                "no app is connected: `connections_list` finds apps, `connections_connect` connects one"
            }
            (0, true, false) => {
                "try other words, or `connections_list` with `search` for another app"
            }
            _ => "`tools_describe` says what one takes",
        };
        let mut body = json!({ "tools": tools, "found": total, "connected": apps, "hint": hint });
        if !others.is_empty() {
            body["others"] = others.into();
        }
        Ok(Ended::Answered(body, Source::Naive))
    }

    /// Returns what apps can do that are not connected; nothing where the API does not tell.
    async fn elsewhere(
        &self,
        session: &Session,
        query: String,
        user: Option<UserRef>,
    ) -> Vec<Value> {
        let (toolkit, effect, auth, cursor) = (None, None, None, None);
        let (connected, limit) = (Some(false), Some(OTHERS));
        let op = SearchTools { query, toolkit, effect, auth, connected, user, limit, cursor };
        let found = self.done(session, op).await.map(|found| found.tools).unwrap_or_default();
        let allowed = found.into_iter().filter(|tool| !tool.withheld);
        let brief = allowed.map(|tool| {
            json!({ "tool": tool.tool, "toolkit": tool.toolkit, "description": tool.description })
        });
        brief.collect()
    }

    /// Says what a tool takes.
    pub(super) async fn describe(&self, session: &Session, fields: JsonObject) -> Result<Ended> {
        let Describe { tool, user } = input(DESCRIBE, fields)?;
        let app = self.app_of(session, &tool, user.clone()).await?;
        let op = ListTools { tool: Some(tool), ..ListTools::of(app.clone(), user) };
        let found = self.listed(session, op).await?;
        let described = found.into_iter().next().map(|tool| {
            let mut about = json!({
                "tool": tool.slug,
                "toolkit": app,
                "description": tool.description,
                "effect": tool.effect,
                "input_schema": schema::slim(&tool.input_schema.into()),
            });
            if tool.paged {
                about["paged"] = true.into();
            }
            about
        });
        let described =
            described.ok_or_else(|| Error::new(Code::NotFound, "there is no such tool"))?;
        Ok(Ended::Answered(described, Source::Naive))
    }

    /// Runs a tool.
    pub(super) async fn call(&self, session: &Session, mut fields: JsonObject) -> Result<Ended> {
        let call = session.keyed(&mut fields)?;
        let Run { tool, arguments, account, user, all } = input(CALL, fields)?;
        let toolkit = self.app_of(session, &tool, user.clone()).await?;
        let op = Execute { user, account, all, ..Execute::of(toolkit, tool, arguments) };
        self.performed(call, op.into()).await
    }

    /// Returns the tools that are asked for, without those that the user's kit does not allow.
    async fn listed(&self, session: &Session, op: ListTools) -> Result<Vec<ToolDetail>> {
        let mut tools = self.done(session, op).await?.tools;
        tools.retain(|tool| !tool.withheld);
        Ok(tools)
    }

    /// Returns the apps that the user is connected to.
    async fn apps(&self, session: &Session, user: Option<UserRef>) -> Result<Vec<Slug>> {
        let all = self.done(session, Connected { user, all: false }).await?.connections;
        let active = all
            .into_iter()
            .filter(|one| one.status == Status::Active && one.toolkit != Slug::brokerage());
        let mut apps: Vec<_> = active.map(|one| one.toolkit).collect();
        apps.sort();
        apps.dedup();
        Ok(apps)
    }

    /// Returns the connected app whose tools' slugs begin as this one does.
    async fn app_of(
        &self,
        session: &Session,
        tool: &ToolSlug,
        user: Option<UserRef>,
    ) -> Result<Slug> {
        let apps = self.apps(session, user).await?;
        let theirs = apps.into_iter().filter(|app| tool.as_str().starts_with(&app.tool_prefix()));
        theirs.max_by_key(|app| app.tool_prefix().len()).ok_or_else(|| {
            Error::new(Code::NotFound, format!("no connected app has a tool `{tool}`"))
                .hint("find one with `tools_search`, or connect its app with `connections_connect`")
        })
    }
}
