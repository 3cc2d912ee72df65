//! Branches and commits, as far as they can be seen: no trees, no blobs, no diffs.

use axum::http::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::repositories::{may_write, page, url};
use super::{Answer, Desk, Refusal, Reply, files, of, people, sha_of, text, written};
use crate::api::time::Millis;
use crate::sandbox::store::{hex, objects};

/// The branch that a repository begins with.
pub(super) const MAIN: &str = "main";

/// What a commit says of itself.
pub(super) struct Commit<'a> {
    /// The branch that moves on.
    pub(super) branch: &'a str,
    /// Who made it.
    pub(super) author: &'a str,
    /// What it says.
    pub(super) message: &'a str,
    /// The commit that is merged, if one is.
    pub(super) merged: Option<&'a str>,
}

/// Moves a branch on by a commit, which is returned; the branch is made if it is the first one.
pub(super) fn push(
    db: &Connection,
    repository: &Value,
    new: &Commit<'_>,
    now: Millis,
) -> Result<Value, Refusal> {
    let branch = objects::find(db, of(repository, "branch"), new.branch)?;
    let parent = branch.as_ref().map(|branch| branch["sha"].clone());
    let parents: Vec<_> = parent.into_iter().chain(new.merged.map(Value::from)).collect();
    let sha = sha_of(&hex(32));
    let commit = json!({
        "sha": sha,
        "message": new.message,
        "author": new.author,
        "date": written(now),
        "parents": parents,
    });
    objects::insert(db, of(repository, "commit"), &sha, &commit)?;
    let moved = json!({ "name": new.branch, "sha": sha });
    match branch {
        Some(_) => objects::replace(db, of(repository, "branch"), new.branch, &moved)?,
        None => objects::insert(db, of(repository, "branch"), new.branch, &moved)?,
    }
    Ok(commit)
}

/// Makes a branch that begins as another one.
pub(super) fn fork(
    db: &Connection,
    repository: &Value,
    from: &Value,
    name: &str,
) -> Result<(), Refusal> {
    let branch = json!({ "name": name, "sha": from["sha"] });
    objects::insert(db, of(repository, "branch"), name, &branch)?;
    files::copy(db, repository, text(from, "name"), name)
}

/// Returns a branch.
pub(super) fn find(desk: &Desk<'_>, repository: &Value, name: &str) -> Result<Value, Refusal> {
    objects::find(desk.db, of(repository, "branch"), name)?
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Branch not found"))
}

fn shown(desk: &Desk<'_>, repository: &Value, branch: &Value) -> Value {
    let sha = text(branch, "sha");
    let url = format!("{}/commits/{sha}", url(desk, repository));
    json!({ "name": branch["name"], "commit": { "sha": sha, "url": url }, "protected": false })
}

/// Lists branches by name.
pub(super) fn list(desk: &Desk<'_>, repository: &Value) -> Answer {
    let mut all = objects::all(desk.db, of(repository, "branch"))?;
    all.sort_by(|one, other| text(one, "name").cmp(text(other, "name")));
    let all: Vec<_> = all.iter().map(|branch| shown(desk, repository, branch)).collect();
    Ok(Reply::page(desk, &all))
}

/// Answers with a branch.
pub(super) fn get(desk: &Desk<'_>, repository: &Value, name: &str) -> Answer {
    let branch = find(desk, repository, name)?;
    Ok(Reply::ok(shown(desk, repository, &branch)))
}

fn as_reference(desk: &Desk<'_>, repository: &Value, branch: &Value) -> Value {
    let (name, sha, url) = (text(branch, "name"), text(branch, "sha"), url(desk, repository));
    let object = json!({ "type": "commit", "sha": sha, "url": format!("{url}/git/commits/{sha}") });
    json!({
        "ref": format!("refs/heads/{name}"),
        "node_id": format!("REF_{}", sha_of(name)),
        "url": format!("{url}/git/refs/heads/{name}"),
        "object": object,
    })
}

/// Answers with a branch as Git names it.
pub(super) fn reference(desk: &Desk<'_>, repository: &Value, name: &str) -> Answer {
    let branch = find(desk, repository, name).map_err(|_| Refusal::not_found())?;
    Ok(Reply::ok(as_reference(desk, repository, &branch)))
}

/// Makes a branch at the end of another one.
pub(super) fn create(desk: &Desk<'_>, repository: &Value) -> Answer {
    may_write(desk, repository)?;
    let body = desk.body()?;
    let refused = |text| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, text);
    let full = body["ref"].as_str().ok_or_else(|| Refusal::unsupplied("ref"))?;
    let sha = body["sha"].as_str().ok_or_else(|| Refusal::unsupplied("sha"))?;
    let name = full
        .strip_prefix("refs/heads/")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| refused("Reference name must start with 'refs/heads/'."))?;
    let all = objects::all(desk.db, of(repository, "branch"))?;
    if all.iter().any(|branch| branch["name"] == name) {
        return Err(refused("Reference already exists"));
    }
    let from = all.iter().find(|branch| branch["sha"] == sha);
    fork(desk.db, repository, from.ok_or_else(|| refused("Object does not exist"))?, name)?;
    let branch = find(desk, repository, name)?;
    Ok(Reply::created(as_reference(desk, repository, &branch)))
}

/// Deletes a branch with its files.
pub(super) fn delete(desk: &Desk<'_>, repository: &Value, name: &str) -> Answer {
    may_write(desk, repository)?;
    let refused = |text| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, text);
    find(desk, repository, name).map_err(|_| refused("Reference does not exist"))?;
    if repository["default_branch"] == name {
        return Err(refused("Cannot delete the default branch"));
    }
    for file in objects::all(desk.db, of(repository, "file"))? {
        if file["branch"] == name {
            objects::remove(desk.db, of(repository, "file"), text(&file, "key"))?;
        }
    }
    objects::remove(desk.db, of(repository, "branch"), name)?;
    Ok(Reply::empty())
}

/// Renders a commit as lists of commits have it.
pub(super) fn rendered(desk: &Desk<'_>, repository: &Value, commit: &Value) -> Value {
    let (url, page, sha) = (url(desk, repository), page(repository), text(commit, "sha"));
    let author = people::find(desk, text(commit, "author")).unwrap_or_default();
    let name = author["name"].as_str().unwrap_or(text(commit, "author"));
    let who = json!({ "name": name, "email": author["email"], "date": commit["date"] });
    let user = people::brief(desk, &commit["author"]);
    let parents: Vec<_> = commit["parents"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|sha| json!({ "sha": sha, "url": format!("{url}/commits/{sha}") }))
        .collect();
    json!({
        "sha": sha,
        "node_id": format!("C_{sha}"),
        "commit": {
            "author": who,
            "committer": who,
            "message": commit["message"],
            "url": format!("{url}/git/commits/{sha}"),
            "comment_count": 0,
        },
        "url": format!("{url}/commits/{sha}"),
        "html_url": format!("{page}/commit/{sha}"),
        "comments_url": format!("{url}/commits/{sha}/comments"),
        "author": user,
        "committer": user,
        "parents": parents,
    })
}

/// Lists the commits of a branch, newest first.
pub(super) fn commits(desk: &Desk<'_>, repository: &Value) -> Answer {
    let all = objects::all(desk.db, of(repository, "commit"))?;
    let wanted = desk.call.query.get("sha").unwrap_or(MAIN);
    let head = match find(desk, repository, wanted) {
        Ok(branch) => text(&branch, "sha").to_owned(),
        Err(_) if all.iter().any(|commit| commit["sha"] == wanted) => wanted.to_owned(),
        Err(_) if all.is_empty() => {
            return Err(Refusal::new(StatusCode::CONFLICT, "Git Repository is empty."));
        }
        Err(_) => return Err(Refusal::not_found()),
    };
    let mut reached = vec![head];
    // A parent is always older, and commits are kept in the order they were made.
    for commit in all.iter().rev() {
        if reached.iter().any(|sha| commit["sha"] == sha.as_str()) {
            let parents = commit["parents"].as_array().into_iter().flatten();
            reached.extend(parents.filter_map(Value::as_str).map(str::to_owned));
        }
    }
    let listed =
        all.iter().rev().filter(|own| reached.iter().any(|sha| own["sha"] == sha.as_str()));
    let listed: Vec<_> = listed.map(|commit| rendered(desk, repository, commit)).collect();
    Ok(Reply::page(desk, &listed))
}

/// Answers with a commit, by its hash or by the branch that ends with it.
pub(super) fn commit(desk: &Desk<'_>, repository: &Value, sha: &str) -> Answer {
    let branch = find(desk, repository, sha);
    let sha = branch.as_ref().map_or(sha, |branch| text(branch, "sha"));
    let commit = objects::find(desk.db, of(repository, "commit"), sha)?.ok_or_else(|| {
        let text = format!("No commit found for SHA: {sha}");
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    })?;
    Ok(Reply::ok(rendered(desk, repository, &commit)))
}
