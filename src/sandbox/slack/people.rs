//! Who is who: `auth.test`, `users.*`, the workspace, the bot.

use serde_json::{Value, json};

use super::args::cursor;
use super::{Answer, Desk, Refusal};
use crate::sandbox::store::objects;

/// Says who the bearer is.
pub(super) fn test(desk: &Desk<'_>) -> Value {
    json!({
        "url": format!("https://{}.slack.com/", desk.team.domain),
        "team": desk.team.domain,
        "user": "naive",
        "team_id": desk.team.id,
        "user_id": desk.team.bot_user,
        "bot_id": desk.team.bot,
        "is_enterprise_install": false,
    })
}

/// Returns the workspace.
pub(super) fn team(desk: &Desk<'_>) -> Value {
    json!({ "team": {
        "id": desk.team.id,
        "name": desk.team.domain,
        "url": format!("https://{}.slack.com/", desk.team.domain),
        "domain": desk.team.domain,
        "email_domain": "",
        "is_verified": false,
    } })
}

/// Returns the bot.
pub(super) fn bot(desk: &Desk<'_>) -> Value {
    json!({ "bot": profile_of_bot(desk) })
}

/// Returns what messages of the bot say of it.
pub(super) fn profile_of_bot(desk: &Desk<'_>) -> Value {
    json!({
        "id": desk.team.bot,
        "deleted": false,
        "name": "naive",
        "updated": desk.seconds(),
        "app_id": desk.team.app,
        "user_id": desk.team.bot_user,
        "team_id": desk.team.id,
    })
}

/// Makes a person's record; a bot has no address.
pub(super) fn record(desk: &Desk<'_>, id: &str, name: &str, email: Option<&str>) -> Value {
    let handle = email.and_then(|email| email.split('@').next()).unwrap_or(name);
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let mut user = json!({
        "id": id,
        "team_id": desk.team.id,
        "name": handle,
        "deleted": false,
        "color": "9f69e7",
        "real_name": name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": {
            "title": "",
            "phone": "",
            "skype": "",
            "real_name": name,
            "real_name_normalized": name,
            "display_name": handle,
            "display_name_normalized": handle,
            "status_text": "",
            "status_emoji": "",
            "status_expiration": 0,
            "avatar_hash": "g0000000000",
            "first_name": first,
            "last_name": last,
            "team": desk.team.id,
        },
        "is_admin": false,
        "is_owner": false,
        "is_primary_owner": false,
        "is_restricted": false,
        "is_ultra_restricted": false,
        "is_bot": email.is_none(),
        "is_app_user": false,
        "updated": desk.seconds(),
    });
    if let Some(email) = email {
        user["profile"]["email"] = email.into();
        user["is_email_confirmed"] = true.into();
    } else {
        user["profile"]["bot_id"] = desk.team.bot.as_str().into();
        user["profile"]["api_app_id"] = desk.team.app.as_str().into();
        user["profile"]["always_active"] = true.into();
    }
    user
}

/// Renders a person: the address only for who may see addresses.
fn shown(desk: &Desk<'_>, mut user: Value) -> Value {
    if !desk.guest.may(&["users:read.email"])
        && let Value::Object(profile) = &mut user["profile"]
    {
        profile.shift_remove("email");
    }
    user
}

/// Returns a person who must be there.
pub(super) fn find(desk: &Desk<'_>, id: &str) -> Answer {
    objects::find(desk.db, desk.shelf("user"), id)?.ok_or_else(|| Refusal::new("user_not_found"))
}

/// Lists people.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    let all = objects::all(desk.db, desk.shelf("user"))?;
    let (start, limit) = (desk.args.cursor("user")?.unwrap_or(0), desk.args.limit(all.len())?);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let members: Vec<_> =
        all.iter().skip(start).take(limit).map(|user| shown(desk, user.clone())).collect();
    let next = start.saturating_add(limit);
    let next = i64::try_from(next).ok().filter(|_| next < all.len());
    Ok(json!({
        "members": members,
        "cache_ts": desk.seconds(),
        "response_metadata": { "next_cursor": cursor("user", next) },
    }))
}

/// Returns one person.
pub(super) fn info(desk: &Desk<'_>) -> Answer {
    let user = find(desk, &desk.args.needed("user")?)?;
    Ok(json!({ "user": shown(desk, user) }))
}

/// Returns a person's profile; the bot's own where nobody is named.
pub(super) fn profile(desk: &Desk<'_>) -> Answer {
    let id = desk.args.text("user").unwrap_or_else(|| desk.team.bot_user.clone());
    let user = shown(desk, find(desk, &id)?);
    Ok(json!({ "profile": user["profile"] }))
}

/// Says that people are away and bots are not.
pub(super) fn presence(desk: &Desk<'_>) -> Answer {
    let id = desk.args.text("user").unwrap_or_else(|| desk.team.bot_user.clone());
    let user = find(desk, &id)?;
    Ok(json!({ "presence": if user["is_bot"] == true { "active" } else { "away" } }))
}

/// Returns the person with an address.
pub(super) fn by_email(desk: &Desk<'_>) -> Answer {
    let email = desk.args.needed("email")?.to_lowercase();
    let all = objects::all(desk.db, desk.shelf("user"))?;
    all.into_iter()
        .find(|user| user["profile"]["email"] == email.as_str())
        .map(|user| json!({ "user": user }))
        .ok_or_else(|| Refusal::new("users_not_found"))
}
