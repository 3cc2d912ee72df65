//! What is said about an issue or a pull request.

use serde_json::{Value, json};

use super::issues::{self, association};
use super::repositories::{may_talk, page, url};
use super::{Answer, Desk, Refusal, Reply, number_of, of, people, text};
use crate::sandbox::store::{hex, objects};

fn shown(desk: &Desk<'_>, repository: &Value, comment: &Value) -> Value {
    let (api, page) = (url(desk, repository), page(repository));
    let (id, number) = (&comment["id"], &comment["issue"]);
    json!({
        "id": id,
        "node_id": format!("IC_{id}"),
        "url": format!("{api}/issues/comments/{id}"),
        "html_url": format!("{page}/issues/{number}#issuecomment-{id}"),
        "issue_url": format!("{api}/issues/{number}"),
        "body": comment["body"],
        "user": people::brief(desk, &comment["user"]),
        "created_at": comment["created_at"],
        "updated_at": comment["updated_at"],
        "author_association": association(repository, &comment["user"]),
        "reactions": issues::reactions(&format!("{api}/issues/comments/{id}/reactions")),
        "performed_via_github_app": null,
    })
}

/// Returns how often an issue was commented on.
pub(super) fn count(desk: &Desk<'_>, repository: &Value, issue: &Value) -> usize {
    let all = objects::all(desk.db, of(repository, "comment")).unwrap_or_default();
    all.iter().filter(|comment| comment["issue"] == issue["number"]).count()
}

/// Lists comments, oldest first.
pub(super) fn list(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    let issue = issues::find(desk, repository, number)?;
    let since = desk.call.query.get("since").unwrap_or_default();
    let mut all = objects::all(desk.db, of(repository, "comment"))?;
    all.retain(|comment| {
        comment["issue"] == issue["number"] && text(comment, "updated_at") >= since
    });
    let all: Vec<_> = all.iter().map(|comment| shown(desk, repository, comment)).collect();
    Ok(Reply::page(desk, &all))
}

fn body(desk: &Desk<'_>) -> Result<String, Refusal> {
    let body = desk.body()?;
    match body["body"].as_str().map(str::trim) {
        Some(said) if !said.is_empty() => Ok(text(&body, "body").to_owned()),
        _ => Err(Refusal::field("IssueComment", "body", "missing_field")),
    }
}

/// Comments on an issue.
pub(super) fn create(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    may_talk(desk, repository)?;
    let mut issue = issues::find(desk, repository, number)?;
    let id = number_of(&hex(32));
    let comment = json!({
        "id": id,
        "issue": issue["number"],
        "user": desk.login,
        "body": body(desk)?,
        "created_at": desk.time(),
        "updated_at": desk.time(),
    });
    objects::insert(desk.db, of(repository, "comment"), &id.to_string(), &comment)?;
    issues::keep(desk, repository, &mut issue)?;
    Ok(Reply::created(shown(desk, repository, &comment)))
}

/// Shows, changes or deletes one comment.
pub(super) fn one(desk: &Desk<'_>, repository: &Value, verb: &str, id: &str) -> Answer {
    let shelf = of(repository, "comment");
    let mut comment = objects::find(desk.db, shelf, id)?.ok_or_else(Refusal::not_found)?;
    if verb == "GET" {
        return Ok(Reply::ok(shown(desk, repository, &comment)));
    }
    may_talk(desk, repository)?;
    if comment["user"] != desk.login && repository["owner"] != desk.login {
        return Err(Refusal::not_owner());
    }
    match verb {
        "PATCH" => {
            comment["body"] = body(desk)?.into();
            comment["updated_at"] = desk.time().into();
            objects::replace(desk.db, shelf, id, &comment)?;
            Ok(Reply::ok(shown(desk, repository, &comment)))
        }
        "DELETE" => {
            objects::remove(desk.db, shelf, id)?;
            Ok(Reply::empty())
        }
        _ => Err(Refusal::not_found()),
    }
}
