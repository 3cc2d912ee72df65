//! Issues. A pull request is an issue with a `pull`, and shares its numbers.

use axum::http::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::repositories::{may_talk, page, url};
use super::{
    Answer, Desk, Refusal, Reply, comments, everybody, labels, number_of, of, people, text, written,
};
use crate::api::time::Millis;
use crate::sandbox::store::objects;

/// Remembers a new issue by the next number and returns it.
pub(super) fn make(
    db: &Connection,
    repository: &Value,
    user: &str,
    fields: Value,
    now: Millis,
) -> Result<Value, Refusal> {
    let number = objects::all(db, of(repository, "issue"))?.len() + 1;
    let mut issue = json!({
        "id": number_of(&format!("{} {number}", text(repository, "key"))),
        "number": number,
        "title": "",
        "body": null,
        "user": user,
        "labels": [],
        "assignees": [],
        "state": "open",
        "state_reason": null,
        "locked": false,
        "created_at": written(now),
        "updated_at": written(now),
        "closed_at": null,
        "closed_by": null,
        "pull": null,
    });
    if let (Value::Object(issue), Value::Object(fields)) = (&mut issue, fields) {
        issue.extend(fields);
    }
    objects::insert(db, of(repository, "issue"), &number.to_string(), &issue)?;
    Ok(issue)
}

/// Returns an issue or a pull request.
pub(super) fn find(desk: &Desk<'_>, repository: &Value, number: &str) -> Result<Value, Refusal> {
    objects::find(desk.db, of(repository, "issue"), number)?.ok_or_else(Refusal::not_found)
}

/// Replaces an issue, which was just touched.
pub(super) fn keep(desk: &Desk<'_>, repository: &Value, issue: &mut Value) -> Result<(), Refusal> {
    issue["updated_at"] = desk.time().into();
    let number = issue["number"].to_string();
    Ok(objects::replace(desk.db, of(repository, "issue"), &number, issue)?)
}

/// Returns what somebody is to a repository.
pub(super) fn association(repository: &Value, login: &Value) -> &'static str {
    if repository["owner"] == *login { "OWNER" } else { "NONE" }
}

/// Returns reactions, of which there are none.
pub(super) fn reactions(url: &str) -> Value {
    let mut all = json!({ "url": url, "total_count": 0 });
    for name in ["+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"] {
        all[name] = 0.into();
    }
    all
}

/// Renders the people that are named.
pub(super) fn crowd(desk: &Desk<'_>, logins: &Value) -> Vec<Value> {
    logins.as_array().into_iter().flatten().map(|login| people::brief(desk, login)).collect()
}

/// Renders an issue.
pub(super) fn shown(desk: &Desk<'_>, repository: &Value, issue: &Value) -> Value {
    let number = &issue["number"];
    let (api, page) = (url(desk, repository), page(repository));
    let own = format!("{api}/issues/{number}");
    let kind = if issue["pull"].is_null() { "issues" } else { "pull" };
    let assignees = crowd(desk, &issue["assignees"]);
    let mut shown = json!({
        "url": own,
        "repository_url": api,
        "labels_url": format!("{own}/labels{{/name}}"),
        "comments_url": format!("{own}/comments"),
        "events_url": format!("{own}/events"),
        "html_url": format!("{page}/{kind}/{number}"),
        "id": issue["id"],
        "node_id": format!("I_{}", issue["id"]),
        "number": number,
        "title": issue["title"],
        "user": people::brief(desk, &issue["user"]),
        "labels": labels::named(desk, repository, &issue["labels"]),
        "state": issue["state"],
        "locked": issue["locked"],
        "assignee": assignees.first(),
        "assignees": assignees,
        "milestone": null,
        "comments": comments::count(desk, repository, issue),
        "created_at": issue["created_at"],
        "updated_at": issue["updated_at"],
        "closed_at": issue["closed_at"],
        "closed_by": people::brief(desk, &issue["closed_by"]),
        "author_association": association(repository, &issue["user"]),
        "active_lock_reason": null,
        "body": issue["body"],
        "reactions": reactions(&format!("{own}/reactions")),
        "timeline_url": format!("{own}/timeline"),
        "performed_via_github_app": null,
        "state_reason": issue["state_reason"],
    });
    if !issue["pull"].is_null() {
        shown["draft"] = issue["pull"]["draft"].clone();
        shown["pull_request"] = json!({
            "url": format!("{api}/pulls/{number}"),
            "html_url": format!("{page}/pull/{number}"),
            "diff_url": format!("{page}/pull/{number}.diff"),
            "patch_url": format!("{page}/pull/{number}.patch"),
            "merged_at": issue["pull"]["merged_at"],
        });
    }
    shown
}

/// Puts a list in the order that is asked for, the newest first unless told.
pub(super) fn sorted(desk: &Desk<'_>, all: &mut [Value]) {
    let query = &desk.call.query;
    let key = if query.get("sort") == Some("updated") { "updated_at" } else { "created_at" };
    all.sort_by(|one, other| {
        (text(one, key), one["number"].as_u64()).cmp(&(text(other, key), other["number"].as_u64()))
    });
    let direction = query.get("direction").or(query.get("order")).unwrap_or("desc");
    if direction != "asc" {
        all.reverse();
    }
}

/// Tells whether a list of names has one, whatever its case.
pub(super) fn has(list: &Value, name: &str) -> bool {
    let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.into_iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Lists issues and pull requests.
pub(super) fn list(desk: &Desk<'_>, repository: &Value) -> Answer {
    let query = &desk.call.query;
    let state = query.get("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&state) {
        return Err(Refusal::field("Issue", "state", "invalid"));
    }
    let labels = query.get("labels").unwrap_or_default();
    let labels: Vec<_> = labels.split(',').map(str::trim).filter(|own| !own.is_empty()).collect();
    let mut all = objects::all(desk.db, of(repository, "issue"))?;
    all.retain(|issue| {
        let assigned = match query.get("assignee") {
            None => true,
            Some("none") => issue["assignees"] == json!([]),
            Some("*") => issue["assignees"] != json!([]),
            Some(login) => has(&issue["assignees"], login),
        };
        let mentioned = query.get("mentioned").map(|login| format!("@{login}"));
        assigned
            && (state == "all" || issue["state"] == state)
            && labels.iter().all(|label| has(&issue["labels"], label))
            && query.get("creator").is_none_or(|login| issue["user"] == login)
            && query.get("since").is_none_or(|since| text(issue, "updated_at") >= since)
            && mentioned.is_none_or(|name| text(issue, "body").contains(&name))
    });
    sorted(desk, &mut all);
    let all: Vec<_> = all.iter().map(|issue| shown(desk, repository, issue)).collect();
    Ok(Reply::page(desk, &all))
}

/// Answers with an issue.
pub(super) fn get(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    Ok(Reply::ok(shown(desk, repository, &find(desk, repository, number)?)))
}

/// Reads the fields that are sent into a record; each is checked.
pub(super) fn fill(
    desk: &Desk<'_>,
    repository: &Value,
    issue: &mut Value,
    body: &Value,
) -> Result<(), Refusal> {
    let invalid = |field: &str| Refusal::field("Issue", field, "invalid");
    if let Some(title) = body.get("title") {
        let title = title.as_str().map(str::trim).unwrap_or_default();
        if title.is_empty() {
            return Err(Refusal::field("Issue", "title", "missing_field"));
        }
        issue["title"] = title.into();
    }
    if let Some(said) = body.get("body") {
        issue["body"] = said.clone();
    }
    if body["milestone"].is_number() || body["milestone"].is_string() {
        return Err(invalid("milestone"));
    }
    if body["labels"].is_array() {
        issue["labels"] = labels::read(desk, repository, &body["labels"])?.into();
    }
    if body["assignees"].is_array() {
        let logins: Vec<_> =
            body["assignees"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for login in &logins {
            let key = login.to_ascii_lowercase();
            objects::find(desk.db, everybody("user"), &key)?.ok_or_else(|| invalid("assignees"))?;
        }
        issue["assignees"] = logins.into();
    }
    match body["state"].as_str() {
        None => {}
        Some("open") => {
            let reopened = issue["state"] == "closed";
            issue["state"] = "open".into();
            issue["state_reason"] = reopened.then_some("reopened").into();
            issue["closed_at"] = Value::Null;
            issue["closed_by"] = Value::Null;
        }
        Some("closed") => {
            issue["state"] = "closed".into();
            issue["state_reason"] = body["state_reason"].as_str().unwrap_or("completed").into();
            issue["closed_at"] = desk.time().into();
            issue["closed_by"] = desk.login.into();
        }
        Some(_) => return Err(invalid("state")),
    }
    Ok(())
}

/// Opens an issue.
pub(super) fn create(desk: &Desk<'_>, repository: &Value) -> Answer {
    may_talk(desk, repository)?;
    if repository["has_issues"] != true {
        return Err(Refusal::new(StatusCode::GONE, "Issues are disabled for this repo"));
    }
    let mut body = desk.body()?;
    if body["title"].is_null() {
        return Err(Refusal::field("Issue", "title", "missing_field"));
    }
    if let Value::Object(fields) = &mut body {
        fields.shift_remove("state");
    }
    let mut fields = json!({});
    fill(desk, repository, &mut fields, &body)?;
    let issue = make(desk.db, repository, desk.login, fields, desk.now)?;
    Ok(Reply::created(shown(desk, repository, &issue)))
}

/// Refuses unless the caller wrote the issue or owns the repository.
pub(super) fn may_change(
    desk: &Desk<'_>,
    repository: &Value,
    issue: &Value,
) -> Result<(), Refusal> {
    may_talk(desk, repository)?;
    if issue["user"] == desk.login || repository["owner"] == desk.login {
        return Ok(());
    }
    Err(Refusal::not_owner())
}

/// Changes an issue.
pub(super) fn update(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    let mut issue = find(desk, repository, number)?;
    may_change(desk, repository, &issue)?;
    fill(desk, repository, &mut issue, &desk.body()?)?;
    keep(desk, repository, &mut issue)?;
    Ok(Reply::ok(shown(desk, repository, &issue)))
}

/// Adds people to those who are to do it, or takes them away.
pub(super) fn assign(desk: &Desk<'_>, repository: &Value, verb: &str, number: &str) -> Answer {
    let mut issue = find(desk, repository, number)?;
    may_change(desk, repository, &issue)?;
    let body = desk.body()?;
    let mut logins: Vec<String> =
        serde_json::from_value(issue["assignees"].clone()).unwrap_or_default();
    let named = body["assignees"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for login in named {
        match verb {
            "POST"
                if people::find(desk, login).is_ok() && !logins.iter().any(|own| own == login) =>
            {
                logins.push(login.to_owned());
            }
            "DELETE" => logins.retain(|own| own != login),
            _ => {}
        }
    }
    issue["assignees"] = logins.into();
    keep(desk, repository, &mut issue)?;
    let issue = shown(desk, repository, &issue);
    Ok(if verb == "POST" { Reply::created(issue) } else { Reply::ok(issue) })
}
