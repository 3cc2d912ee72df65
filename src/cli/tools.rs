//! `connections tools`: an app's tools in a table, or one with its whole input.

use serde_json::{Map, Value};

use super::App;
use super::example::example;
use super::output::{Page, word};
use crate::api::error::Result;
use crate::api::tools::{ListTools, Tools};

/// What is said of a tool that the user's account kit does not allow.
const WITHHELD: &str = "withheld by the account kit";

/// Shows an app's tools, or the one that is named.
pub(crate) async fn show(app: &App<'_>, op: ListTools) -> Result<u8> {
    let user = app.user_flag(op.user.as_ref());
    let view = if op.tool.is_some() { one } else { all };
    app.show(op, |reply, page| view(reply, page, &user)).await
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
    let first = &reply.tools[0].slug;
    page.next(
        format!("naive connections tools {} {first}{user}", reply.toolkit),
        "see the input of one",
    );
}

fn one(reply: &Tools, page: &mut Page, user: &str) {
    let Some(tool) = reply.tools.first() else { return };
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
        format!(
            "naive connections execute {} {}{user} --args '{quoted}'",
            reply.toolkit, tool.slug
        ),
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
