//! Files, by branch: `contents`.
//!
//! A branch has a copy of every file. What was changed on it since is marked as its own, and is what
//! a merge takes along.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::branches::{self, Commit};
use super::repositories::{may_write, page, url};
use super::{Answer, Desk, Refusal, Reply, of, sha_of, text};
use crate::api::time::Millis;
use crate::sandbox::store::objects;

/// A file to begin with.
pub(super) struct Content<'a> {
    /// Where it is.
    pub(super) path: &'a str,
    /// What is in it.
    pub(super) text: &'a [u8],
}

fn key(branch: &str, path: &str) -> String {
    format!("{branch}:{path}")
}

fn record(branch: &str, path: &str, bytes: &[u8]) -> Value {
    let content = STANDARD.encode(bytes);
    json!({
        "key": key(branch, path),
        "branch": branch,
        "path": path,
        "sha": sha_of(&format!("blob {content}")),
        "size": bytes.len(),
        "content": content,
        "own": true,
    })
}

fn keep(db: &Connection, repository: &Value, file: &Value) -> Result<(), Refusal> {
    let (shelf, key) = (of(repository, "file"), text(file, "key"));
    match objects::find(db, shelf, key)? {
        Some(_) => objects::replace(db, shelf, key, file)?,
        None => objects::insert(db, shelf, key, file)?,
    }
    Ok(())
}

/// Puts files on a branch, each in a commit.
pub(super) fn seed(
    db: &Connection,
    repository: &Value,
    (branch, author): (&str, &str),
    files: &[Content<'_>],
    now: Millis,
) -> Result<(), Refusal> {
    for file in files {
        keep(db, repository, &record(branch, file.path, file.text))?;
        let message = format!("Add {}", file.path);
        let commit = Commit { branch, author, message: &message, merged: None };
        branches::push(db, repository, &commit, now)?;
    }
    Ok(())
}

/// Gives a new branch the files of another one.
pub(super) fn copy(
    db: &Connection,
    repository: &Value,
    from: &str,
    to: &str,
) -> Result<(), Refusal> {
    for mut file in objects::all(db, of(repository, "file"))? {
        if file["branch"] == from {
            file["key"] = key(to, text(&file, "path")).into();
            file["branch"] = to.into();
            file["own"] = false.into();
            keep(db, repository, &file)?;
        }
    }
    Ok(())
}

/// Returns what was changed on a branch since it was made or last merged.
pub(super) fn changed(
    db: &Connection,
    repository: &Value,
    branch: &str,
) -> Result<Vec<Value>, Refusal> {
    let mut all = objects::all(db, of(repository, "file"))?;
    all.retain(|file| file["branch"] == branch && file["own"] == true);
    Ok(all)
}

/// Returns a file of a branch, unless it was deleted there.
pub(super) fn find(
    db: &Connection,
    repository: &Value,
    branch: &str,
    path: &str,
) -> Result<Option<Value>, Refusal> {
    let found = objects::find(db, of(repository, "file"), &key(branch, path))?;
    Ok(found.filter(|file| file["gone"] != true))
}

/// Takes what was changed on one branch to another.
pub(super) fn merge(
    db: &Connection,
    repository: &Value,
    head: &str,
    base: &str,
) -> Result<(), Refusal> {
    for mut file in changed(db, repository, head)? {
        file["own"] = false.into();
        keep(db, repository, &file)?;
        file["key"] = key(base, text(&file, "path")).into();
        file["branch"] = base.into();
        file["own"] = true.into();
        keep(db, repository, &file)?;
    }
    Ok(())
}

fn rendered(desk: &Desk<'_>, repository: &Value, file: &Value, kind: &str) -> Value {
    let (path, branch, sha) = (text(file, "path"), text(file, "branch"), text(file, "sha"));
    let (api, page) = (url(desk, repository), page(repository));
    let name = path.rsplit('/').next().unwrap_or(path);
    let own = format!("{api}/contents/{path}?ref={branch}");
    let (view, tree) = if kind == "dir" { ("tree", "trees") } else { ("blob", "blobs") };
    let git = format!("{api}/git/{tree}/{sha}");
    let html = format!("{page}/{view}/{branch}/{path}");
    let download = (kind == "file").then(|| format!("{page}/raw/{branch}/{path}"));
    json!({
        "name": name,
        "path": path,
        "sha": sha,
        "size": file["size"],
        "url": own,
        "html_url": html,
        "git_url": git,
        "download_url": download,
        "type": kind,
        "_links": { "self": own, "git": git, "html": html },
    })
}

/// Answers with a file, or with what is in a directory.
pub(super) fn get(desk: &Desk<'_>, repository: &Value, path: &str) -> Answer {
    let branch = desk.call.query.get("ref").unwrap_or(text(repository, "default_branch"));
    let branch = branch.trim_start_matches("refs/heads/");
    let mut all = objects::all(desk.db, of(repository, "file"))?;
    all.retain(|file| file["branch"] == branch && file["gone"] != true);
    if all.is_empty() && branches::find(desk, repository, branch).is_err() {
        let lost = format!("No commit found for the ref {branch}");
        let empty = "This repository is empty.";
        let text = if desk.call.query.get("ref").is_some() { lost.as_str() } else { empty };
        return Err(Refusal::new(StatusCode::NOT_FOUND, text));
    }
    if let Some(file) = all.iter().find(|file| file["path"] == path) {
        if desk.call.header("accept").is_some_and(|accept| accept.contains(".raw")) {
            let bytes = STANDARD.decode(text(file, "content")).unwrap_or_default();
            return Ok(Reply::raw(bytes));
        }
        let mut shown = rendered(desk, repository, file, "file");
        shown["content"] = wrapped(text(file, "content")).into();
        shown["encoding"] = "base64".into();
        return Ok(Reply::ok(shown));
    }
    let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut found = Vec::new();
    let mut seen = Vec::new();
    all.sort_by(|one, other| text(one, "path").cmp(text(other, "path")));
    for file in &all {
        let Some(rest) = text(file, "path").strip_prefix(&inside) else { continue };
        let (first, kind) = match rest.split_once('/') {
            Some((first, _)) => (first, "dir"),
            None => (rest, "file"),
        };
        if !seen.contains(&first) {
            seen.push(first);
            let mut one = file.clone();
            if kind == "dir" {
                let path = format!("{inside}{first}");
                one["sha"] = sha_of(&format!("tree {path}")).into();
                one["path"] = path.into();
                one["size"] = 0.into();
            }
            found.push(rendered(desk, repository, &one, kind));
        }
    }
    if found.is_empty() && !path.is_empty() {
        return Err(Refusal::not_found());
    }
    Ok(Reply::ok(found.into()))
}

/// Breaks base64 into lines, as GitHub does.
fn wrapped(content: &str) -> String {
    let mut lines = String::new();
    for (place, c) in content.chars().enumerate() {
        if place > 0 && place % 60 == 0 {
            lines.push('\n');
        }
        lines.push(c);
    }
    lines + "\n"
}

/// A change of one file that may be made.
struct Edit {
    branch: String,
    message: String,
    body: Value,
    old: Option<Value>,
}

fn edit(desk: &Desk<'_>, repository: &Value, path: &str) -> Result<Edit, Refusal> {
    may_write(desk, repository)?;
    let workflow = path.starts_with(".github/workflows/");
    if workflow {
        desk.need(&["workflow"])?;
    }
    let mut body = desk.body()?;
    // Deleting, all of it may be in the query instead.
    for (name, value) in &desk.call.query.0 {
        if body.get(name).is_none() {
            body[name] = value.as_str().into();
        }
    }
    let message =
        body["message"].as_str().ok_or_else(|| Refusal::unsupplied("message"))?.to_owned();
    let branch = body["branch"].as_str().unwrap_or(text(repository, "default_branch")).to_owned();
    let empty = objects::all(desk.db, of(repository, "branch"))?.is_empty();
    if !empty && branches::find(desk, repository, &branch).is_err() {
        let text = format!("Branch {branch} not found");
        return Err(Refusal::new(StatusCode::NOT_FOUND, text));
    }
    let old = find(desk.db, repository, &branch, path)?;
    match (&old, body["sha"].as_str()) {
        (Some(_), None) => return Err(Refusal::unsupplied("sha")),
        (Some(old), Some(sha)) if old["sha"] != sha => {
            let text = format!("{path} does not match {sha}");
            return Err(Refusal::new(StatusCode::CONFLICT, text));
        }
        _ => {}
    }
    Ok(Edit { branch, message, body, old })
}

fn commit(desk: &Desk<'_>, repository: &Value, edit: &Edit) -> Result<Value, Refusal> {
    let new =
        Commit { branch: &edit.branch, author: desk.login, message: &edit.message, merged: None };
    let commit = branches::push(desk.db, repository, &new, desk.now)?;
    let mut shown = branches::rendered(desk, repository, &commit);
    let inner = shown["commit"].take();
    for name in ["author", "committer", "message"] {
        shown[name] = inner[name].clone();
    }
    if let Value::Object(fields) = &mut shown {
        fields.shift_remove("commit");
        fields.shift_remove("comments_url");
    }
    Ok(shown)
}

/// Makes a file, or changes the one whose hash is named.
pub(super) fn put(desk: &Desk<'_>, repository: &Value, path: &str) -> Answer {
    let edit = edit(desk, repository, path)?;
    let content = edit.body["content"].as_str().ok_or_else(|| Refusal::unsupplied("content"))?;
    let plain: String = content.split_whitespace().collect();
    let bytes = STANDARD.decode(plain).map_err(|_| {
        let text = "content is not valid Base64";
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    })?;
    if path.is_empty() || path.split('/').any(|part| matches!(part, "." | ".." | ".git")) {
        let text = "path contains a malformed path component";
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    let file = record(&edit.branch, path, &bytes);
    keep(desk.db, repository, &file)?;
    let commit = commit(desk, repository, &edit)?;
    let content = rendered(desk, repository, &file, "file");
    let body = json!({ "content": content, "commit": commit });
    Ok(if edit.old.is_some() { Reply::ok(body) } else { Reply::created(body) })
}

/// Deletes the file whose hash is named.
pub(super) fn delete(desk: &Desk<'_>, repository: &Value, path: &str) -> Answer {
    let edit = edit(desk, repository, path)?;
    let mut file = edit.old.clone().ok_or_else(Refusal::not_found)?;
    file["gone"] = true.into();
    file["own"] = true.into();
    keep(desk.db, repository, &file)?;
    let commit = commit(desk, repository, &edit)?;
    Ok(Reply::ok(json!({ "content": null, "commit": commit })))
}
