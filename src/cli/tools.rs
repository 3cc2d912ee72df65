//! Tools: those of one app in a table, one with its whole input, and what is found across all apps.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::App;
use super::connections::more;
use super::example::example;
use super::output::{Page, word};
use crate::api::error::Result;
use crate::api::tools::{FoundTools, GetTool, ListTools, SearchTools, ToolDetail, Tools};

/// What apps can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find tools by words, across all apps: "send an email with attachment"
    Search(SearchTools),
    /// Show one tool in full: what it does and what it takes
    Get(GetTool),
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Search(_) => "tools.search",
            Self::Get(_) => "tools.get",
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Search(op) => {
            let user = app.user_flag(op.user.as_ref());
            app.show(op, |reply, page| found(reply, page, &user)).await
        }
        Command::Get(op) => {
            let user = app.user_flag(op.user.as_ref());
            app.show(op, |reply, page| one(reply.toolkit.as_str(), &reply.tool, page, &user)).await
        }
    }
}

/// What is said of a tool that the user's account kit does not allow.
const WITHHELD: &str = "withheld by the account kit";

/// Shows an app's tools, or the one that is named.
pub(crate) async fn show(app: &App<'_>, mut op: ListTools) -> Result<u8> {
    let user = app.user_flag(op.user.as_ref());
    let is_one = op.tool.is_some();
    // A table has no room for what they take.
    op.brief |= !is_one && app.output.is_table();
    app.show(op, |reply, page| match reply.tools.first().filter(|_| is_one) {
        Some(tool) => one(reply.toolkit.as_str(), tool, page, &user),
        None => all(reply, page, &user),
    })
    .await
}

fn all(reply: &Tools, page: &mut Page, user: &str) {
    if reply.tools.is_empty() {
        page.text("No tool matches.");
        return;
    }
    let rows = reply.tools.iter().map(|tool| {
        let withheld = if tool.withheld { WITHHELD } else { "" };
        let effect = word(&tool.effect);
        vec![tool.slug.clone(), effect, withheld.to_owned(), tool.description.clone()]
    });
    page.table(&["tool", "effect", "policy", "what it does"], rows.collect());
    more(page, reply.next_cursor.as_deref());
    let first = &reply.tools[0].slug;
    page.next(
        format!("naive connections tools {} {first}{user}", reply.toolkit),
        "see the input of one",
    );
}

fn found(reply: &FoundTools, page: &mut Page, user: &str) {
    let Some(first) = reply.tools.first() else {
        page.text("No tool matches: try other words, or fewer.");
        return;
    };
    let rows = reply.tools.iter().map(|tool| {
        let app = if tool.connected { "connected" } else { "" };
        let policy = if tool.withheld { WITHHELD } else { app };
        vec![
            tool.tool.to_string(),
            tool.toolkit.to_string(),
            word(&tool.effect),
            policy.to_owned(),
            tool.description.clone(),
        ]
    });
    page.table(&["tool", "app", "effect", "state", "what it does"], rows.collect());
    more(page, reply.next_cursor.as_deref());
    page.next(format!("naive tools get {}{user}", first.tool), "see what the first one takes");
    if !first.connected {
        page.next(format!("naive connections connect {}{user}", first.toolkit), "connect its app");
    }
}

fn one(toolkit: &str, tool: &ToolDetail, page: &mut Page, user: &str) {
    page.text(format!("{}\n{}\n", tool.slug, tool.description));
    page.fields(&[
        ("effect", Some(word(&tool.effect))),
        ("scopes", Some(tool.scopes.join(", or "))),
        ("pages", tool.paged.then(|| "`--all` gets every one".to_owned())),
        ("policy", tool.withheld.then(|| WITHHELD.to_owned())),
    ]);
    page.text("");
    page.table(&["input (* required)", "type", "what it is"], inputs(&tool.input_schema, ""));
    let example = example(&tool.input_schema);
    let quoted = example.to_string().replace('\'', "'\\''");
    page.next(
        format!("naive connections execute {toolkit} {}{user} --args '{quoted}'", tool.slug),
        "run it",
    );
}

/// Returns a row for each input of a schema, and for each part of one that is an object.
fn inputs(schema: &Map<String, Value>, prefix: &str) -> Vec<Vec<String>> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut rows = Vec::new();
    for (name, input) in properties.into_iter().flatten() {
        let must = if required.contains(&name.as_str()) { " *" } else { "" };
        let kind = match &input["type"] {
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
            }
            kind => kind.as_str().unwrap_or("any").to_owned(),
        };
        let mut about = input["description"].as_str().unwrap_or_default().to_owned();
        if let Some(words) = input["enum"].as_array() {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
            about = format!("{about} ({})", words.join(", "));
        }
        let full = format!("{prefix}{name}");
        rows.push(vec![format!("{full}{must}"), kind, about]);
        let items = input["items"].as_object().map(|items| (items, format!("{full}[].")));
        let held = input.as_object().map(|held| (held, format!("{full}.")));
        for (held, prefix) in items.into_iter().chain(held) {
            rows.extend(inputs(held, &prefix));
        }
    }
    rows
}
