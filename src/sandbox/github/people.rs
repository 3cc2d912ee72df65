//! Users. Each account is one, named after the first part of its address.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Answer, Desk, PAGES, Refusal, Reply, everybody, number_of, text, written};
use crate::api::time::Millis;
use crate::sandbox::page::ACCOUNTS;
use crate::sandbox::store::objects;

/// Returns the name under which an account is known, if it is.
pub(super) fn login_of(db: &Connection, account: &str) -> rusqlite::Result<Option<String>> {
    let all = objects::all(db, everybody("user"))?;
    let found = all.iter().find(|user| user["email"] == account);
    Ok(found.map(|user| text(user, "login").to_owned()))
}

/// Makes the user of an account under a name that is free; returns the name.
pub(super) fn join(db: &Connection, account: &str, now: Millis) -> rusqlite::Result<String> {
    if let Some(login) = login_of(db, account)? {
        return Ok(login);
    }
    let local = account.split('@').next().unwrap_or(account);
    let plain: String =
        local.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let plain = plain.trim_matches('-').to_ascii_lowercase();
    let plain = if plain.is_empty() { "user".to_owned() } else { plain };
    let mut login = plain.clone();
    let mut count = 1;
    while objects::find(db, everybody("user"), &login)?.is_some() {
        count += 1;
        login = format!("{plain}-{count}");
    }
    let name = ACCOUNTS.iter().find(|(_, email)| *email == account).map(|(name, _)| *name);
    let user = json!({
        "login": login,
        "id": number_of(account),
        "name": name,
        "email": account,
        "created_at": written(now),
    });
    objects::insert(db, everybody("user"), &login, &user)?;
    Ok(login)
}

/// Returns a user's record.
pub(super) fn find(desk: &Desk<'_>, login: &str) -> Result<Value, Refusal> {
    objects::find(desk.db, everybody("user"), &login.to_ascii_lowercase())?
        .ok_or_else(Refusal::not_found)
}

/// Renders a user as others' objects have it; nothing where nobody is meant.
pub(super) fn brief(desk: &Desk<'_>, login: &Value) -> Value {
    let Some(login) = login.as_str() else { return Value::Null };
    let id = find(desk, login).map(|user| user["id"].clone()).unwrap_or_default();
    let url = format!("{}/users/{login}", desk.base);
    json!({
        "login": login,
        "id": id,
        "node_id": format!("U_{id}"),
        "avatar_url": format!("{PAGES}/avatars/{login}.png"),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("{PAGES}/{login}"),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": "User",
        "user_view_type": "public",
        "site_admin": false,
    })
}

fn full(desk: &Desk<'_>, user: &Value) -> Result<Value, Refusal> {
    let mut shown = brief(desk, &user["login"]);
    let repositories = objects::all(desk.db, everybody("repository"))?;
    let own = |one: &&Value| one["owner"] == user["login"] && one["private"] != true;
    let public = repositories.iter().filter(own).count();
    let more = json!({
        "name": user["name"],
        "company": null,
        "blog": "",
        "location": null,
        "email": null,
        "hireable": null,
        "bio": null,
        "twitter_username": null,
        "public_repos": public,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": user["created_at"],
        "updated_at": user["created_at"],
    });
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    Ok(shown)
}

/// Answers with the caller.
pub(super) fn own(desk: &Desk<'_>) -> Answer {
    let user = find(desk, desk.login)?;
    let mut shown = full(desk, &user)?;
    if desk.guest.may(&["user", "read:user", "user:email"]) {
        shown["email"] = user["email"].clone();
    }
    Ok(Reply::ok(shown))
}

/// Answers with anybody.
pub(super) fn get(desk: &Desk<'_>, login: &str) -> Answer {
    let user = find(desk, login)?;
    Ok(Reply::ok(full(desk, &user)?))
}

/// Lists the caller's addresses.
pub(super) fn emails(desk: &Desk<'_>) -> Answer {
    desk.need(&["user:email", "user"])?;
    let email = desk.guest.account.as_str();
    let own = json!({ "email": email, "primary": true, "verified": true, "visibility": "private" });
    Ok(Reply::page(desk, &[own]))
}
