//! GraphQL as far as a manifest's own documents go: one root field, named by a noun and a verb.
//!
//! Things are answered whole, not as far as the selection asks for them.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::names::{Name, fitting, uuid};
use super::places::tools;
use super::route::Route;
use super::sent::Sent;
use super::{Desk, change, lists, made, text};
use crate::api::toolkits::Effect;
use crate::catalog::manifest::{Manifest, Tool};
use crate::sandbox::http;
use crate::sandbox::refusal::{Refusal, Why, put};
use crate::sandbox::store::things;

/// The first field of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    mutation: bool,
    root: String,
}

/// What verbs of mutations are called.
const VERBS: [&str; 9] =
    ["create", "update", "delete", "archive", "unarchive", "add", "remove", "trash", "search"];

/// Returns what a document asks for, and narrows the route to the tools that send it.
pub(super) fn asked(app: Option<&Manifest>, route: &mut Route<'_>, sent: &Sent) -> Option<Asked> {
    let document = sent.fields.get("query")?.as_str()?;
    let identity = app.and_then(|app| app.identity.as_ref());
    let speaks = route.tools.iter().any(|tool| tool.graphql.is_some());
    if !speaks && identity.is_none_or(|identity| identity.graphql.is_none()) {
        return None;
    }
    let asked = parse(document)?;
    route.tools.retain(|tool| tool.graphql.as_deref() == Some(document));
    let account = identity.map_or("", |identity| identity.account.as_str());
    route.identity = account.split('/').nth(2) == Some(asked.root.as_str());
    Some(asked)
}

/// Answers a document; what is missing is an error in the body, as GraphQL has it.
pub(super) fn answer(desk: &Desk<'_>, asked: &Asked) -> Response {
    let done = if asked.mutation { mutate(desk, asked) } else { query(desk, asked) };
    match done {
        Ok(body) => http::json(StatusCode::OK, &body),
        Err(refusal) => {
            let mut response = refusal.response(desk.app);
            *response.status_mut() = StatusCode::OK;
            response
        }
    }
}

fn mutate(desk: &Desk<'_>, asked: &Asked) -> Result<Value, Refusal> {
    let (verb, noun) = taken_apart(&asked.root);
    let mut fields = variables(desk);
    let names = [format!("{noun}Id"), format!("{noun}_id")];
    let id = fields
        .remove("id")
        .or_else(|| names.iter().find_map(|name| fields.remove(name)).filter(|_| verb != "create"));
    if let Some(Value::Object(input)) = fields.remove("input") {
        fields.extend(input);
    }
    let Some(id) = id.map(|id| text(&id)) else {
        fields.insert("createdAt".into(), crate::api::time::Millis::now().to_string().into());
        let mut thing = made(&Name { id: fresh(desk, &noun)?, key: None }, fields);
        if let Value::Object(thing) = &mut thing {
            // GraphQL has the other spelling.
            thing.remove("created_at");
        }
        desk.keep(&noun, &text(&thing["id"]), &thing, None)?;
        return Ok(json!({ "data": { &asked.root: { "success": true, noun: thing } } }));
    };
    let mut thing = desk.find(&noun, &id)?.ok_or_else(missing)?;
    let ends = desk.route.tools.iter().any(|tool| tool.effect == Effect::Destructive)
        || ["delete", "archive", "remove", "trash"].contains(&verb);
    if ends {
        desk.forget(&noun, &id)?;
    } else {
        change(&mut thing, fields);
        desk.keep(&noun, &id, &thing, None)?;
    }
    let key = if ends { "entity" } else { noun.as_str() };
    Ok(json!({ "data": { &asked.root: { "success": true, key: thing } } }))
}

fn query(desk: &Desk<'_>, asked: &Asked) -> Result<Value, Refusal> {
    let (_, noun) = taken_apart(&asked.root);
    let fields = variables(desk);
    let paged = desk.route.tools.iter().find_map(|tool| Some((*tool, tool.page.as_ref()?)));
    if let Some((tool, page)) = paged {
        let mut steps = page.items.split('/').filter(|step| !["nodes", "edges"].contains(step));
        let listed = steps.next_back().map_or(noun, |step| taken_apart(step).1);
        let mut items = desk.all(&listed)?;
        let term = fields.get("term").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        items.retain(|(_, item)| {
            // What belongs to another issue or team, says so.
            let own = |(name, value): (&String, &Value)| {
                !name.ends_with("Id") || item.get(name).is_none_or(|own| own == value)
            };
            fields.iter().all(own) && item.to_string().to_lowercase().contains(&term)
        });
        let (items, next) = lists::cut(desk, tool, page, items);
        let mut body = json!({});
        put(&mut body, &page.items, items.into());
        if let Some(more) = &page.more {
            put(&mut body, more, next.is_some().into());
        }
        if let Some(at) = page.next.pointer() {
            put(&mut body, at, next.unwrap_or_default());
        }
        return Ok(body);
    }
    let names = ["id".to_owned(), format!("{noun}Id"), format!("{noun}_id")];
    let id = names.iter().find_map(|name| fields.get(name));
    let found = if let Some(id) = id.map(text) {
        desk.find(&noun, &id)?.ok_or_else(missing)?
    } else {
        let nodes: Vec<_> = desk.all(&noun)?.into_iter().map(|(_, thing)| thing).collect();
        json!({ "nodes": nodes, "pageInfo": { "hasNextPage": false, "endCursor": null } })
    };
    Ok(json!({ "data": { &asked.root: found } }))
}

/// Returns an id for a new thing: a UUID, unless the manifest says that its `item_id`, or the `id` of
/// what asks for one, looks otherwise.
fn fresh(desk: &Desk<'_>, noun: &str) -> rusqlite::Result<Value> {
    let name = format!("{noun}_id");
    let about = |document: &String| parse(document).map(|asked| taken_apart(&asked.root).1);
    let schema = |tool: &'_ Tool| {
        let own = tool.graphql.as_ref().and_then(about).is_some_and(|own| own == noun);
        let inputs = tool.input.get("properties")?;
        inputs.get(&name).or_else(|| inputs.get("id").filter(|_| own)).cloned()
    };
    let schemas: Vec<_> = tools(desk).iter().filter_map(schema).collect();
    let id = Value::from(uuid());
    if schemas.iter().all(|schema| jsonschema::is_valid(schema, &id)) {
        return Ok(id);
    }
    Ok(fitting(&schemas.iter().collect::<Vec<_>>(), things::next_number(desk.db)?))
}

fn variables(desk: &Desk<'_>) -> Map<String, Value> {
    let variables = desk.sent.fields.get("variables").and_then(Value::as_object);
    variables.cloned().unwrap_or_default()
}

fn missing() -> Refusal {
    Refusal::new(Why::NotFound, "not_found", "Entity not found")
}

/// Reads the kind of a document and its first field; an alias in front of it does not count.
fn parse(document: &str) -> Option<Asked> {
    let lines = document.lines().map(|line| line.split('#').next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join(" ");
    let mut depth = 0_usize;
    let open = text.find(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '{' && depth == 0
    })?;
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name =
        |text: &str| text.trim_start().chars().take_while(|c| letter(*c)).collect::<String>();
    let rest = text[open + 1..].trim_start();
    let first = name(rest);
    let behind = rest[first.len()..].trim_start();
    let root = behind.strip_prefix(':').map_or_else(|| first.clone(), name);
    (!root.is_empty()).then(|| Asked { mutation: text.trim_start().starts_with("mutation"), root })
}

/// Splits `issueCreate`, `createIssue`, `create_issue` and `issues` into the verb and the noun in the singular.
fn taken_apart(root: &str) -> (&'static str, String) {
    let lower = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |c| c.to_lowercase().chain(letters).collect())
    };
    let found = VERBS.iter().find_map(|verb| {
        let end = root.get(root.len().checked_sub(verb.len())?..)?;
        let behind =
            (end != *verb && lower(end) == *verb).then(|| &root[..root.len() - verb.len()]);
        let noun = root.strip_prefix(verb).or(behind).filter(|noun| !noun.is_empty())?;
        Some((*verb, lower(noun)))
    });
    let (verb, noun) = found.unwrap_or(("", lower(root)));
    let noun = noun.trim_matches('_').to_owned();
    let singular = match noun.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => noun.strip_suffix('s').unwrap_or(&noun).to_owned(),
    };
    (verb, singular)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_of_a_document_is_found() {
        let asked = |mutation, root: &str| Some(Asked { mutation, root: root.into() });

        let create = "mutation($input: IssueCreateInput! = {a: 1}) { issueCreate(input: $input) { success } }";
        assert_eq!(parse(create), asked(true, "issueCreate"));
        assert_eq!(
            parse("# x {y}\nquery Q { mine: issues(first: 1) { nodes { id } } }"),
            asked(false, "issues")
        );
        assert_eq!(parse("{ viewer { id } }"), asked(false, "viewer"));
        assert_eq!(parse("query {"), None);
    }

    #[test]
    fn a_root_field_is_a_noun_and_a_verb() {
        for (root, verb, noun) in [
            ("issueCreate", "create", "issue"),
            ("createIssue", "create", "issue"),
            ("create_issue", "create", "issue"),
            ("issueUnarchive", "unarchive", "issue"),
            ("searchIssues", "search", "issue"),
            ("workflowStates", "", "workflowState"),
            ("categories", "", "category"),
        ] {
            assert_eq!(taken_apart(root), (verb, noun.to_owned()), "{root}");
        }
    }
}
