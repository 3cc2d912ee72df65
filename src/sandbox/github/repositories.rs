//! Repositories: who sees them, who may write to them, and how they are listed.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    Answer, Desk, PAGES, PRIVATE, PUBLIC, Refusal, Reply, branches, everybody, files, labels,
    number_of, of, people, text, written,
};
use crate::api::time::Millis;
use crate::sandbox::store::objects;

/// What a new repository is to be.
pub(super) struct New<'a> {
    /// Its owner's name.
    pub(super) owner: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// What it is about.
    pub(super) description: Value,
    /// Whether only its owner sees it.
    pub(super) private: bool,
}

/// Makes an empty repository with the usual labels, and returns its record. `key` is ours.
pub(super) fn make(db: &Connection, new: &New<'_>, now: Millis) -> Result<Value, Refusal> {
    let key = format!("{}/{}", new.owner, new.name).to_lowercase();
    let repository = json!({
        "key": key,
        "id": number_of(&key),
        "owner": new.owner,
        "name": new.name,
        "description": new.description,
        "private": new.private,
        "homepage": null,
        "archived": false,
        "has_issues": true,
        "has_projects": true,
        "has_wiki": true,
        "has_discussions": false,
        "default_branch": branches::MAIN,
        "topics": [],
        "created_at": written(now),
        "updated_at": written(now),
        "pushed_at": written(now),
    });
    objects::insert(db, everybody("repository"), &key, &repository)?;
    labels::seed(db, &repository)?;
    Ok(repository)
}

/// Returns a repository that the caller may see.
pub(super) fn find(desk: &Desk<'_>, owner: &str, name: &str) -> Result<Value, Refusal> {
    let key = format!("{owner}/{name}").to_lowercase();
    objects::find(desk.db, everybody("repository"), &key)?
        .filter(|repository| is_visible(desk, repository))
        .ok_or_else(Refusal::not_found)
}

fn is_visible(desk: &Desk<'_>, repository: &Value) -> bool {
    repository["private"] != true || (is_owner(desk, repository) && desk.guest.may(PRIVATE))
}

fn is_owner(desk: &Desk<'_>, repository: &Value) -> bool {
    repository["owner"] == desk.login
}

/// Returns every repository that the caller may see.
pub(super) fn visible(desk: &Desk<'_>) -> Result<Vec<Value>, Refusal> {
    let mut all = objects::all(desk.db, everybody("repository"))?;
    all.retain(|repository| is_visible(desk, repository));
    Ok(all)
}

/// Refuses unless the bearer may take part in a repository: open issues, comment.
pub(super) fn may_talk(desk: &Desk<'_>, repository: &Value) -> Result<(), Refusal> {
    desk.need(if repository["private"] == true { PRIVATE } else { PUBLIC })
}

/// Refuses unless the caller may write to a repository.
pub(super) fn may_write(desk: &Desk<'_>, repository: &Value) -> Result<(), Refusal> {
    may_talk(desk, repository)?;
    if is_owner(desk, repository) { Ok(()) } else { Err(Refusal::not_owner()) }
}

/// Returns where a repository is in the API.
pub(super) fn url(desk: &Desk<'_>, repository: &Value) -> String {
    format!("{}/repos/{}/{}", desk.base, text(repository, "owner"), text(repository, "name"))
}

/// Returns where people would look at a repository.
pub(super) fn page(repository: &Value) -> String {
    format!("{PAGES}/{}/{}", text(repository, "owner"), text(repository, "name"))
}

/// Renders a repository.
pub(super) fn shown(desk: &Desk<'_>, repository: &Value) -> Value {
    let (url, page) = (url(desk, repository), page(repository));
    let full_name = format!("{}/{}", text(repository, "owner"), text(repository, "name"));
    let issues = objects::all(desk.db, of(repository, "issue")).unwrap_or_default();
    let open = issues.iter().filter(|issue| issue["state"] == "open").count();
    let own = is_owner(desk, repository);
    let mut shown = json!({
        "id": repository["id"],
        "node_id": format!("R_{}", repository["id"]),
        "name": repository["name"],
        "full_name": full_name,
        "private": repository["private"],
        "owner": people::brief(desk, &repository["owner"]),
        "html_url": page,
        "fork": false,
        "url": url,
        "clone_url": format!("{page}.git"),
        "stargazers_count": 0,
        "watchers_count": 0,
        "forks_count": 0,
        "size": 1,
        "language": null,
        "license": null,
        "disabled": false,
        "visibility": if repository["private"] == true { "private" } else { "public" },
        "open_issues_count": open,
        "open_issues": open,
        "forks": 0,
        "watchers": 0,
        "permissions": { "admin": own, "maintain": own, "push": own, "triage": own, "pull": true },
    });
    for (name, tail) in [
        ("issues_url", "issues{/number}"),
        ("issue_comment_url", "issues/comments{/number}"),
        ("labels_url", "labels{/name}"),
        ("pulls_url", "pulls{/number}"),
        ("contents_url", "contents/{+path}"),
        ("branches_url", "branches{/branch}"),
        ("commits_url", "commits{/sha}"),
        ("git_refs_url", "git/refs{/sha}"),
    ] {
        shown[name] = format!("{url}/{tail}").into();
    }
    for name in [
        "description",
        "homepage",
        "archived",
        "has_issues",
        "has_projects",
        "has_wiki",
        "has_discussions",
        "default_branch",
        "topics",
        "created_at",
        "updated_at",
        "pushed_at",
    ] {
        shown[name] = repository[name].clone();
    }
    shown
}

/// Lists the caller's repositories.
pub(super) fn own(desk: &Desk<'_>) -> Answer {
    let query = &desk.call.query;
    if query.get("type").is_some()
        && (query.get("visibility").is_some() || query.get("affiliation").is_some())
    {
        let text = "If you specify visibility or affiliation, you cannot specify type.";
        return Err(Refusal::custom("Repository", text));
    }
    let affiliation = query.get("affiliation").unwrap_or("owner");
    let wanted = query.get("visibility").or(query.get("type")).unwrap_or("all").to_owned();
    let mut all = visible(desk)?;
    all.retain(|repository| {
        is_owner(desk, repository)
            && affiliation.split(',').any(|own| own.trim() == "owner")
            && wanted != "member"
            && fits(repository, &wanted)
    });
    sorted(desk, &mut all, "full_name");
    let all: Vec<_> = all.iter().map(|repository| shown(desk, repository)).collect();
    Ok(Reply::page(desk, &all))
}

/// Lists a user's public repositories.
pub(super) fn of_user(desk: &Desk<'_>, login: &str) -> Answer {
    let user = people::find(desk, login)?;
    let mut all = visible(desk)?;
    all.retain(|repository| repository["owner"] == user["login"] && repository["private"] != true);
    sorted(desk, &mut all, "full_name");
    let all: Vec<_> = all.iter().map(|repository| shown(desk, repository)).collect();
    Ok(Reply::page(desk, &all))
}

fn fits(repository: &Value, visibility: &str) -> bool {
    match visibility {
        "public" => repository["private"] != true,
        "private" => repository["private"] == true,
        _ => true,
    }
}

fn sorted(desk: &Desk<'_>, all: &mut [Value], usual: &str) {
    let sort = desk.call.query.get("sort").unwrap_or(usual);
    let key = match sort {
        "created" => "created_at",
        "updated" => "updated_at",
        "pushed" => "pushed_at",
        _ => "key",
    };
    all.sort_by(|one, other| text(one, key).cmp(text(other, key)));
    let ascending = if key == "key" { "asc" } else { "desc" };
    if desk.call.query.get("direction").unwrap_or(ascending) == "desc" {
        all.reverse();
    }
}

/// Makes a repository of the caller's own.
pub(super) fn create(desk: &Desk<'_>) -> Answer {
    let body = desk.body()?;
    let private = body["private"] == true || body["visibility"] == "private";
    desk.need(if private { PRIVATE } else { PUBLIC })?;
    let name = text(&body, "name").trim();
    if name.is_empty() {
        return Err(Refusal::field("Repository", "name", "missing_field"));
    }
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .take(100)
        .collect();
    let key = format!("{}/{name}", desk.login).to_lowercase();
    if objects::find(desk.db, everybody("repository"), &key)?.is_some() {
        return Err(Refusal::custom("Repository", "name already exists on this account"));
    }
    let description = body["description"].clone();
    let new = New { owner: desk.login, name: &name, description, private };
    let repository = make(desk.db, &new, desk.now)?;
    if body["auto_init"] == true {
        let readme = format!("# {name}\n");
        let content = files::Content { path: "README.md", text: readme.as_bytes() };
        files::seed(desk.db, &repository, (branches::MAIN, desk.login), &[content], desk.now)?;
    }
    Ok(Reply::created(shown(desk, &repository)))
}

/// Changes a repository.
pub(super) fn update(desk: &Desk<'_>, repository: &Value) -> Answer {
    may_write(desk, repository)?;
    let body = desk.body()?;
    let mut repository = repository.clone();
    for name in [
        "description",
        "homepage",
        "private",
        "archived",
        "has_issues",
        "has_projects",
        "has_wiki",
        "has_discussions",
    ] {
        if let Some(value) = body.get(name) {
            repository[name] = value.clone();
        }
    }
    repository["updated_at"] = desk.time().into();
    objects::replace(desk.db, everybody("repository"), text(&repository, "key"), &repository)?;
    Ok(Reply::ok(shown(desk, &repository)))
}

/// Deletes a repository with all that is in it.
pub(super) fn delete(desk: &Desk<'_>, repository: &Value) -> Answer {
    desk.need(&["delete_repo"])?;
    if !is_owner(desk, repository) {
        return Err(Refusal::not_owner());
    }
    for (kind, id) in [
        ("issue", "number"),
        ("comment", "id"),
        ("label", "key"),
        ("file", "key"),
        ("branch", "name"),
        ("commit", "sha"),
    ] {
        for one in objects::all(desk.db, of(repository, kind))? {
            let id = one[id].as_str().map_or_else(|| one[id].to_string(), str::to_owned);
            objects::remove(desk.db, of(repository, kind), &id)?;
        }
    }
    objects::remove(desk.db, everybody("repository"), text(repository, "key"))?;
    Ok(Reply::empty())
}
