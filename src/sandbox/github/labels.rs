//! Labels, of a repository and of its issues.

use axum::http::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::repositories::{may_talk, may_write, url};
use super::{Answer, Desk, Refusal, Reply, issues, number_of, of, text};
use crate::sandbox::store::objects;

const USUAL: [(&str, &str, &str); 4] = [
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("question", "d876e3", "Further information is requested"),
];

/// Gives a repository the usual labels.
pub(super) fn seed(db: &Connection, repository: &Value) -> Result<(), Refusal> {
    for (name, color, description) in USUAL {
        add(db, repository, &json!({ "name": name, "color": color, "description": description }))?;
    }
    Ok(())
}

fn add(db: &Connection, repository: &Value, label: &Value) -> Result<Value, Refusal> {
    let key = text(label, "name").to_lowercase();
    let usual = USUAL.iter().any(|(name, ..)| *name == key);
    let color = label["color"].as_str().unwrap_or("ededed").trim_start_matches('#');
    let label = json!({
        "key": key,
        "name": label["name"],
        "color": color,
        "description": label["description"],
        "default": usual,
    });
    objects::insert(db, of(repository, "label"), &key, &label)?;
    Ok(label)
}

fn find(desk: &Desk<'_>, repository: &Value, name: &str) -> Result<Value, Refusal> {
    objects::find(desk.db, of(repository, "label"), &name.to_lowercase())?
        .ok_or_else(Refusal::not_found)
}

/// Renders the labels that are named.
pub(super) fn named(desk: &Desk<'_>, repository: &Value, names: &Value) -> Vec<Value> {
    let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
    let found = names.filter_map(|name| find(desk, repository, name).ok());
    found.map(|label| shown(desk, repository, &label)).collect()
}

fn shown(desk: &Desk<'_>, repository: &Value, label: &Value) -> Value {
    let id = number_of(&format!("{} {}", text(repository, "key"), text(label, "key")));
    json!({
        "id": id,
        "node_id": format!("LA_{id}"),
        "url": format!("{}/labels/{}", url(desk, repository), text(label, "name")),
        "name": label["name"],
        "color": label["color"],
        "default": label["default"],
        "description": label["description"],
    })
}

/// Reads names, or objects with names; those that are new become labels of the repository.
pub(super) fn read(
    desk: &Desk<'_>,
    repository: &Value,
    list: &Value,
) -> Result<Vec<String>, Refusal> {
    let mut names = Vec::new();
    for item in list.as_array().into_iter().flatten() {
        let name = item.as_str().or(item["name"].as_str()).unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::field("Label", "name", "missing_field"));
        }
        let label = match find(desk, repository, name) {
            Ok(label) => label,
            Err(_) => add(desk.db, repository, &json!({ "name": name }))?,
        };
        names.push(text(&label, "name").to_owned());
    }
    Ok(names)
}

/// Answers `labels/…` of a repository.
pub(super) fn answer(desk: &Desk<'_>, repository: &Value, verb: &str, path: &[&str]) -> Answer {
    match (verb, path) {
        ("GET", []) => {
            let all = objects::all(desk.db, of(repository, "label"))?;
            let all: Vec<_> = all.iter().map(|label| shown(desk, repository, label)).collect();
            Ok(Reply::page(desk, &all))
        }
        ("POST", []) => {
            may_write(desk, repository)?;
            let body = desk.body()?;
            if text(&body, "name").is_empty() {
                return Err(Refusal::field("Label", "name", "missing_field"));
            }
            if find(desk, repository, text(&body, "name")).is_ok() {
                return Err(Refusal::field("Label", "name", "already_exists"));
            }
            Ok(Reply::created(shown(desk, repository, &add(desk.db, repository, &body)?)))
        }
        ("GET", [name]) => Ok(Reply::ok(shown(desk, repository, &find(desk, repository, name)?))),
        ("PATCH", [name]) => {
            may_write(desk, repository)?;
            let (mut label, body) = (find(desk, repository, name)?, desk.body()?);
            for field in ["color", "description"] {
                if let Some(value) = body.get(field) {
                    label[field] = value.clone();
                }
            }
            objects::replace(desk.db, of(repository, "label"), text(&label, "key"), &label)?;
            Ok(Reply::ok(shown(desk, repository, &label)))
        }
        ("DELETE", [name]) => {
            may_write(desk, repository)?;
            let label = find(desk, repository, name)?;
            objects::remove(desk.db, of(repository, "label"), text(&label, "key"))?;
            Ok(Reply::empty())
        }
        _ => Err(Refusal::not_found()),
    }
}

/// Answers `issues/{number}/labels/…`: always with the labels that the issue has then.
pub(super) fn of_issue(
    desk: &Desk<'_>,
    repository: &Value,
    (verb, number, path): (&str, &str, &[&str]),
) -> Answer {
    let mut issue = issues::find(desk, repository, number)?;
    if verb == "GET" {
        return Ok(Reply::page(desk, &named(desk, repository, &issue["labels"])));
    }
    may_talk(desk, repository)?;
    let mut names: Vec<String> =
        serde_json::from_value(issue["labels"].clone()).unwrap_or_default();
    match (verb, path) {
        ("POST" | "PUT", []) => {
            let list: Value = serde_json::from_slice(&desk.call.body).unwrap_or_default();
            let list = if list.is_object() { list["labels"].clone() } else { list };
            if verb == "PUT" {
                names.clear();
            }
            for name in read(desk, repository, &list)? {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        ("DELETE", []) => names.clear(),
        ("DELETE", [name]) => {
            let before = names.len();
            names.retain(|own| !own.eq_ignore_ascii_case(name));
            if names.len() == before {
                return Err(Refusal::new(StatusCode::NOT_FOUND, "Label does not exist"));
            }
        }
        _ => return Err(Refusal::not_found()),
    }
    issue["labels"] = names.into();
    issues::keep(desk, repository, &mut issue)?;
    if verb == "DELETE" && path.is_empty() {
        return Ok(Reply::empty());
    }
    Ok(Reply::page(desk, &named(desk, repository, &issue["labels"])))
}
