//! Pull requests between branches of one repository.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::branches::{self, Commit};
use super::issues::{self, association, crowd, fill, keep, may_change, sorted};
use super::repositories::{self, may_write, page, url};
use super::{Answer, Desk, Refusal, Reply, files, labels, of, people, text};
use crate::sandbox::store::objects;

fn find(desk: &Desk<'_>, repository: &Value, number: &str) -> Result<Value, Refusal> {
    let issue = issues::find(desk, repository, number)?;
    if issue["pull"].is_null() { Err(Refusal::not_found()) } else { Ok(issue) }
}

fn side(desk: &Desk<'_>, repository: &Value, branch: &str, kept: &Value) -> Value {
    let live = objects::find(desk.db, of(repository, "branch"), branch).ok().flatten();
    let sha = live.map_or_else(|| kept.clone(), |branch| branch["sha"].clone());
    let owner = text(repository, "owner");
    json!({
        "label": format!("{owner}:{branch}"),
        "ref": branch,
        "sha": sha,
        "user": people::brief(desk, &repository["owner"]),
        "repo": repositories::shown(desk, repository),
    })
}

/// Renders a pull request; one by itself says more than one in a list.
fn shown(desk: &Desk<'_>, repository: &Value, issue: &Value, alone: bool) -> Value {
    let (number, pull) = (&issue["number"], &issue["pull"]);
    let (api, page) = (url(desk, repository), page(repository));
    let own = format!("{api}/pulls/{number}");
    let assignees = crowd(desk, &issue["assignees"]);
    let mut shown = json!({
        "url": own,
        "id": issue["id"],
        "node_id": format!("PR_{}", issue["id"]),
        "html_url": format!("{page}/pull/{number}"),
        "diff_url": format!("{page}/pull/{number}.diff"),
        "patch_url": format!("{page}/pull/{number}.patch"),
        "issue_url": format!("{api}/issues/{number}"),
        "number": number,
        "state": issue["state"],
        "locked": issue["locked"],
        "title": issue["title"],
        "user": people::brief(desk, &issue["user"]),
        "body": issue["body"],
        "created_at": issue["created_at"],
        "updated_at": issue["updated_at"],
        "closed_at": issue["closed_at"],
        "merged_at": pull["merged_at"],
        "merge_commit_sha": pull["merge_commit_sha"],
        "assignee": assignees.first(),
        "assignees": assignees,
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": labels::named(desk, repository, &issue["labels"]),
        "milestone": null,
        "draft": pull["draft"],
        "commits_url": format!("{own}/commits"),
        "comments_url": format!("{api}/issues/{number}/comments"),
        "head": side(desk, repository, text(pull, "head"), &pull["head_sha"]),
        "base": side(desk, repository, text(pull, "base"), &pull["base_sha"]),
        "author_association": association(repository, &issue["user"]),
        "auto_merge": null,
        "active_lock_reason": null,
    });
    if alone {
        let open = issue["state"] == "open";
        let changed = files::changed(desk.db, repository, text(pull, "head"));
        shown["merged"] = pull["merged_at"].is_string().into();
        shown["mergeable"] = open.then_some(true).into();
        shown["mergeable_state"] = if open { "clean" } else { "unknown" }.into();
        shown["merged_by"] = people::brief(desk, &pull["merged_by"]);
        shown["comments"] = super::comments::count(desk, repository, issue).into();
        shown["review_comments"] = 0.into();
        shown["maintainer_can_modify"] = false.into();
        shown["changed_files"] = changed.map_or(0, |files| files.len()).into();
    }
    shown
}

/// Lists pull requests.
pub(super) fn list(desk: &Desk<'_>, repository: &Value) -> Answer {
    let query = &desk.call.query;
    let state = query.get("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&state) {
        return Err(Refusal::field("PullRequest", "state", "invalid"));
    }
    let owner = text(repository, "owner");
    let mut all = objects::all(desk.db, of(repository, "issue"))?;
    all.retain(|issue| {
        let pull = &issue["pull"];
        !pull.is_null()
            && (state == "all" || issue["state"] == state)
            && query.get("base").is_none_or(|base| pull["base"] == base)
            && query.get("head").is_none_or(|head| {
                format!("{owner}:{}", text(pull, "head")).eq_ignore_ascii_case(head)
            })
    });
    sorted(desk, &mut all);
    let all: Vec<_> = all.iter().map(|issue| shown(desk, repository, issue, false)).collect();
    Ok(Reply::page(desk, &all))
}

/// Answers with a pull request.
pub(super) fn get(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    let issue = find(desk, repository, number)?;
    Ok(Reply::ok(shown(desk, repository, &issue, true)))
}

/// Asks that a branch be merged.
pub(super) fn create(desk: &Desk<'_>, repository: &Value) -> Answer {
    repositories::may_talk(desk, repository)?;
    let body = desk.body()?;
    let wanted = |name: &str| {
        let missing = || Refusal::field("PullRequest", name, "missing_field");
        body[name].as_str().filter(|value| !value.is_empty()).ok_or_else(missing)
    };
    let (head, base) = (wanted("head")?, wanted("base")?);
    // `ada:feature` is the branch of somebody's copy, of which there are none but the repository.
    let head = match head.split_once(':') {
        Some((owner, head)) if repository["owner"] == owner => head,
        Some(_) => return Err(Refusal::field("PullRequest", "head", "invalid")),
        None => head,
    };
    let named = |name: &'static str, branch: &str| {
        branches::find(desk, repository, branch)
            .map_err(|_| Refusal::field("PullRequest", name, "invalid"))
    };
    let (from, to) = (named("head", head)?, named("base", base)?);
    if head == base || files::changed(desk.db, repository, head)?.is_empty() {
        let text = format!("No commits between {base} and {head}");
        return Err(Refusal::custom("PullRequest", &text));
    }
    let all = objects::all(desk.db, of(repository, "issue"))?;
    let same = |issue: &&Value| {
        issue["state"] == "open" && issue["pull"]["head"] == head && issue["pull"]["base"] == base
    };
    if all.iter().any(|issue| same(&issue)) {
        let text =
            format!("A pull request already exists for {}:{head}.", text(repository, "owner"));
        return Err(Refusal::custom("PullRequest", &text));
    }
    let pull = json!({
        "head": head,
        "base": base,
        "head_sha": from["sha"],
        "base_sha": to["sha"],
        "draft": body["draft"] == true,
        "merged_at": null,
        "merged_by": null,
        "merge_commit_sha": null,
    });
    let issue = if let Some(number) = body["issue"].as_u64() {
        let mut issue = issues::find(desk, repository, &number.to_string())?;
        issue["pull"] = pull;
        keep(desk, repository, &mut issue)?;
        issue
    } else {
        let mut fields = json!({ "pull": pull });
        let said = json!({ "title": wanted("title")?, "body": body["body"] });
        fill(desk, repository, &mut fields, &said)?;
        issues::make(desk.db, repository, desk.login, fields, desk.now)?
    };
    Ok(Reply::created(shown(desk, repository, &issue, true)))
}

/// Changes a pull request.
pub(super) fn update(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    let mut issue = find(desk, repository, number)?;
    may_change(desk, repository, &issue)?;
    let body = desk.body()?;
    if body["state"] == "open" && issue["pull"]["merged_at"].is_string() {
        let text = "state cannot be changed. The pull request is merged.";
        return Err(Refusal::custom("PullRequest", text));
    }
    fill(desk, repository, &mut issue, &body)?;
    if let Some(base) = body["base"].as_str() {
        branches::find(desk, repository, base)
            .map_err(|_| Refusal::field("PullRequest", "base", "invalid"))?;
        issue["pull"]["base"] = base.into();
    }
    keep(desk, repository, &mut issue)?;
    Ok(Reply::ok(shown(desk, repository, &issue, true)))
}

/// Lists what a pull request changes, without saying how.
pub(super) fn files(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    let issue = find(desk, repository, number)?;
    let mut all = Vec::new();
    for file in files::changed(desk.db, repository, text(&issue["pull"], "head"))? {
        let base = text(&issue["pull"], "base");
        let old = files::find(desk.db, repository, base, text(&file, "path"))?;
        let status = match (file["gone"] == true, old) {
            (true, _) => "removed",
            (_, Some(_)) => "modified",
            (_, None) => "added",
        };
        let api = url(desk, repository);
        let path = text(&file, "path");
        all.push(json!({
            "sha": file["sha"],
            "filename": path,
            "status": status,
            "additions": 0,
            "deletions": 0,
            "changes": 0,
            "contents_url": format!("{api}/contents/{path}?ref={}", text(&file, "branch")),
        }));
    }
    Ok(Reply::page(desk, &all))
}

/// Answers 204 if it was merged, 404 if not.
pub(super) fn is_merged(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    let issue = find(desk, repository, number)?;
    if issue["pull"]["merged_at"].is_string() {
        return Ok(Reply::empty());
    }
    Err(Refusal::not_found())
}

/// Merges a pull request. What the head changed wins.
pub(super) fn merge(desk: &Desk<'_>, repository: &Value, number: &str) -> Answer {
    let mut issue = find(desk, repository, number)?;
    may_write(desk, repository)?;
    let body = desk.body()?;
    let (head, base) =
        (text(&issue["pull"], "head").to_owned(), text(&issue["pull"], "base").to_owned());
    let cannot = || Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Pull Request is not mergeable");
    if issue["state"] != "open" || issue["pull"]["draft"] == true {
        return Err(cannot());
    }
    let tip = branches::find(desk, repository, &head).map_err(|_| cannot())?;
    if body["sha"].as_str().is_some_and(|sha| tip["sha"] != sha) {
        let text = "Head branch was modified. Review and try the merge again.";
        return Err(Refusal::new(StatusCode::CONFLICT, text));
    }
    let usual = format!("Merge pull request #{number} from {}/{head}", text(repository, "owner"));
    let commit = Commit {
        branch: &base,
        author: desk.login,
        message: body["commit_title"].as_str().unwrap_or(&usual),
        merged: Some(text(&tip, "sha")).filter(|_| body["merge_method"] != "squash"),
    };
    files::merge(desk.db, repository, &head, &base)?;
    let commit = branches::push(desk.db, repository, &commit, desk.now)?;
    issue["pull"]["head_sha"] = tip["sha"].clone();
    issue["pull"]["merged_at"] = desk.time().into();
    issue["pull"]["merged_by"] = desk.login.into();
    issue["pull"]["merge_commit_sha"] = commit["sha"].clone();
    issue["state"] = "closed".into();
    issue["closed_at"] = desk.time().into();
    issue["closed_by"] = desk.login.into();
    keep(desk, repository, &mut issue)?;
    Ok(Reply::ok(json!({
        "sha": commit["sha"],
        "merged": true,
        "message": "Pull Request successfully merged",
    })))
}
