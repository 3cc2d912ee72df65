//! `conversations.*`: channels as such.
//!
//! Not here: who is in them (`members`), what was said (`history`).

use serde_json::{Value, json};

use super::args::cursor;
use super::{Answer, Desk, Refusal};
use crate::sandbox::store::{hex, objects};

/// Makes a channel's record; `members` and `pins` are never shown.
pub(super) fn record(desk: &Desk<'_>, id: &str, name: &str, members: &[&str]) -> Value {
    let blank = json!({ "value": "", "creator": "", "last_set": 0 });
    json!({
        "id": id,
        "name": name,
        "is_channel": true,
        "is_group": false,
        "is_im": false,
        "is_mpim": false,
        "is_private": false,
        "created": desk.seconds(),
        "is_archived": false,
        "is_general": false,
        "unlinked": 0,
        "name_normalized": name,
        "is_shared": false,
        "is_org_shared": false,
        "is_pending_ext_shared": false,
        "pending_shared": [],
        "context_team_id": desk.team.id,
        "updated": desk.now.0,
        "parent_conversation": null,
        "creator": desk.team.bot_user,
        "is_ext_shared": false,
        "shared_team_ids": [desk.team.id],
        "pending_connected_team_ids": [],
        "topic": blank,
        "purpose": blank,
        "previous_names": [],
        "members": members,
    })
}

/// Renders a channel as the bot sees it.
pub(super) fn shown(desk: &Desk<'_>, channel: &Value) -> Value {
    let mut shown = channel.clone();
    let Value::Object(fields) = &mut shown else { return shown };
    fields.shift_remove("members");
    fields.shift_remove("pins");
    if channel["is_im"] == true {
        let bot = desk.team.bot_user.as_str();
        let other = people_of(channel).find(|id| *id != bot).unwrap_or(bot).to_owned();
        return json!({
            "id": channel["id"],
            "created": channel["created"],
            "is_archived": channel["is_archived"],
            "is_im": true,
            "is_org_shared": false,
            "context_team_id": desk.team.id,
            "updated": channel["updated"],
            "user": other,
            "is_user_deleted": false,
            "priority": 0,
        });
    }
    fields.insert("is_member".into(), is_member(desk, channel).into());
    fields.insert("num_members".into(), people_of(channel).count().into());
    shown
}

/// Returns who is in a channel.
pub(super) fn people_of(channel: &Value) -> impl Iterator<Item = &str> {
    channel["members"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Tells whether the bot is in a channel.
pub(super) fn is_member(desk: &Desk<'_>, channel: &Value) -> bool {
    people_of(channel).any(|id| id == desk.team.bot_user)
}

/// Returns a channel by its id, if the bot may know of it: private ones are known to members only.
pub(super) fn find(desk: &Desk<'_>, id: &str) -> Answer {
    objects::find(desk.db, desk.shelf("channel"), id)?
        .filter(|channel| channel["is_private"] != true || is_member(desk, channel))
        .ok_or_else(|| Refusal::new("channel_not_found"))
}

/// Returns the channel that is named by the argument `channel`.
pub(super) fn named(desk: &Desk<'_>) -> Answer {
    find(desk, &desk.args.needed("channel")?)
}

/// Returns the channel that is named, which the bot must be in.
pub(super) fn joined_to(desk: &Desk<'_>) -> Answer {
    let channel = named(desk)?;
    if is_member(desk, &channel) { Ok(channel) } else { Err(Refusal::new("not_in_channel")) }
}

/// Replaces a channel and answers with it.
pub(super) fn keep(desk: &Desk<'_>, channel: &Value) -> Answer {
    let id = channel["id"].as_str().unwrap_or_default();
    objects::replace(desk.db, desk.shelf("channel"), id, channel)?;
    Ok(json!({ "channel": shown(desk, channel) }))
}

/// Returns Slack's word for the kind of a channel.
pub(super) fn kind_of(channel: &Value) -> &'static str {
    match (&channel["is_im"], &channel["is_mpim"], &channel["is_private"]) {
        (Value::Bool(true), _, _) => "im",
        (_, Value::Bool(true), _) => "mpim",
        (_, _, Value::Bool(true)) => "private_channel",
        _ => "public_channel",
    }
}

/// Lists the channels of the wanted kinds that the bot may know of.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    page(desk, false)
}

/// Lists the channels that the bot, or somebody else, is in.
pub(super) fn joined(desk: &Desk<'_>) -> Answer {
    page(desk, true)
}

fn page(desk: &Desk<'_>, joined: bool) -> Answer {
    let mut types = desk.args.list("types");
    if types.is_empty() {
        types.push("public_channel".into());
    }
    for kind in &types {
        desk.may(match kind.as_str() {
            "public_channel" => &["channels:read"],
            "private_channel" => &["groups:read"],
            "im" => &["im:read"],
            "mpim" => &["mpim:read"],
            _ => return Err(Refusal::new("invalid_types")),
        })?;
    }
    let user = desk.args.text("user").filter(|_| joined);
    let user = user.as_deref().unwrap_or(&desk.team.bot_user);
    let mut all = objects::all(desk.db, desk.shelf("channel"))?;
    all.retain(|channel| {
        let kind = kind_of(channel);
        types.iter().any(|wanted| wanted == kind)
            && (kind == "public_channel" || is_member(desk, channel))
            && (!joined || people_of(channel).any(|id| id == user))
            && !(desk.args.flag("exclude_archived") && channel["is_archived"] == true)
    });
    let (start, limit) = (desk.args.cursor("team")?.unwrap_or(0), desk.args.limit(100)?);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let page: Vec<_> = all.iter().skip(start).take(limit).map(|one| shown(desk, one)).collect();
    let next = start.saturating_add(limit);
    let next = i64::try_from(next).ok().filter(|_| next < all.len());
    Ok(json!({
        "channels": page,
        "response_metadata": { "next_cursor": cursor("team", next) },
    }))
}

/// Returns one channel.
pub(super) fn info(desk: &Desk<'_>) -> Answer {
    let channel = named(desk)?;
    Ok(json!({ "channel": shown(desk, &channel) }))
}

fn fit_name(desk: &Desk<'_>) -> Result<String, Refusal> {
    let name = desk.args.text("name").ok_or_else(|| Refusal::new("invalid_name_required"))?;
    if name.chars().count() > 80 {
        return Err(Refusal::new("invalid_name_maxlength"));
    }
    if !name.chars().any(char::is_alphanumeric) {
        return Err(Refusal::new("invalid_name_punctuation"));
    }
    let fits = |c: char| c.is_lowercase() || c.is_numeric() || matches!(c, '-' | '_');
    if !name.chars().all(fits) {
        return Err(Refusal::new("invalid_name_specials"));
    }
    let taken = |channel: &Value| channel["name"] == name.as_str();
    if objects::all(desk.db, desk.shelf("channel"))?.iter().any(taken) {
        return Err(Refusal::new("name_taken"));
    }
    Ok(name)
}

/// Makes a channel with the bot in it.
pub(super) fn create(desk: &Desk<'_>) -> Answer {
    let private = desk.args.flag("is_private");
    desk.may(if private { &["groups:write"] } else { &["channels:manage", "channels:write"] })?;
    let name = fit_name(desk)?;
    let id = format!("C{}", hex(10).to_uppercase());
    let mut channel = record(desk, &id, &name, &[&desk.team.bot_user]);
    channel["is_private"] = private.into();
    objects::insert(desk.db, desk.shelf("channel"), &id, &channel)?;
    Ok(json!({ "channel": shown(desk, &channel) }))
}

/// Gives a channel another name.
pub(super) fn rename(desk: &Desk<'_>) -> Answer {
    let mut channel = joined_to(desk)?;
    let name = fit_name(desk)?;
    let old = channel["name"].clone();
    if let Value::Array(names) = &mut channel["previous_names"] {
        names.insert(0, old);
    }
    channel["name"] = name.as_str().into();
    channel["name_normalized"] = name.into();
    keep(desk, &channel)
}

/// Closes a channel for good, or until it is opened again.
pub(super) fn archive(desk: &Desk<'_>) -> Answer {
    let mut channel = joined_to(desk)?;
    if channel["is_general"] == true {
        return Err(Refusal::new("cant_archive_general"));
    }
    if channel["is_archived"] == true {
        return Err(Refusal::new("already_archived"));
    }
    channel["is_archived"] = true.into();
    keep(desk, &channel).map(|_| json!({}))
}

/// Opens an archived channel.
pub(super) fn unarchive(desk: &Desk<'_>) -> Answer {
    let mut channel = named(desk)?;
    if channel["is_archived"] != true {
        return Err(Refusal::new("not_archived"));
    }
    channel["is_archived"] = false.into();
    keep(desk, &channel).map(|_| json!({}))
}

/// Says what a channel is about at the moment.
pub(super) fn set_topic(desk: &Desk<'_>) -> Answer {
    describe(desk, "topic")
}

/// Says what a channel is for.
pub(super) fn set_purpose(desk: &Desk<'_>) -> Answer {
    describe(desk, "purpose")
}

fn describe(desk: &Desk<'_>, what: &'static str) -> Answer {
    let mut channel = joined_to(desk)?;
    let text = desk.args.text(what).unwrap_or_default();
    if text.chars().count() > 250 {
        return Err(Refusal::new("too_long"));
    }
    channel[what] =
        json!({ "value": text, "creator": desk.team.bot_user, "last_set": desk.seconds() });
    keep(desk, &channel)
}
