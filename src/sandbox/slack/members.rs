//! Who is in a channel, and direct messages.

use serde_json::{Value, json};

use super::channels::{self, is_member, joined_to, keep, kind_of, named, people_of, shown};
use super::{Answer, Desk, Refusal, people};
use crate::sandbox::store::{hex, objects};

/// Lists who is in a channel.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    let channel = named(desk)?;
    let members: Vec<_> = people_of(&channel).collect();
    Ok(json!({ "members": members, "response_metadata": { "next_cursor": "" } }))
}

/// Lets the bot into a public channel.
pub(super) fn join(desk: &Desk<'_>) -> Answer {
    let mut channel = named(desk)?;
    if kind_of(&channel) != "public_channel" {
        return Err(Refusal::new("method_not_supported_for_channel_type"));
    }
    if channel["is_archived"] == true {
        return Err(Refusal::new("is_archived"));
    }
    if is_member(desk, &channel) {
        return Ok(json!({
            "channel": shown(desk, &channel),
            "warning": "already_in_channel",
            "response_metadata": { "warnings": ["already_in_channel"] },
        }));
    }
    admit(&mut channel, &desk.team.bot_user);
    keep(desk, &channel)
}

fn admit(channel: &mut Value, user: &str) {
    if let Value::Array(members) = &mut channel["members"] {
        members.push(user.into());
    }
}

fn dismiss(channel: &mut Value, user: &str) {
    if let Value::Array(members) = &mut channel["members"] {
        members.retain(|own| own != user);
    }
}

/// Takes the bot out of a channel.
pub(super) fn leave(desk: &Desk<'_>) -> Answer {
    let mut channel = named(desk)?;
    if channel["is_general"] == true {
        return Err(Refusal::new("cant_leave_general"));
    }
    if !is_member(desk, &channel) {
        return Ok(json!({ "not_in_channel": true }));
    }
    dismiss(&mut channel, &desk.team.bot_user);
    keep(desk, &channel).map(|_| json!({}))
}

/// Takes somebody out of a channel.
pub(super) fn kick(desk: &Desk<'_>) -> Answer {
    let mut channel = joined_to(desk)?;
    let user = desk.args.needed("user")?;
    people::find(desk, &user)?;
    if user == desk.team.bot_user {
        return Err(Refusal::new("cant_kick_self"));
    }
    if channel["is_general"] == true {
        return Err(Refusal::new("cant_kick_from_general"));
    }
    if !people_of(&channel).any(|own| own == user) {
        return Err(Refusal::new("not_in_channel"));
    }
    dismiss(&mut channel, &user);
    keep(desk, &channel).map(|_| json!({ "errors": {} }))
}

/// Lets people into a channel; with `force`, those who can be.
pub(super) fn invite(desk: &Desk<'_>) -> Answer {
    let mut channel = joined_to(desk)?;
    if channel["is_archived"] == true {
        return Err(Refusal::new("is_archived"));
    }
    let users = desk.args.list("users");
    if users.is_empty() {
        return Err(Refusal::new("no_user"));
    }
    let mut failed = Vec::new();
    for user in &users {
        let word = if *user == desk.team.bot_user {
            "cant_invite_self"
        } else if people::find(desk, user).is_err() {
            "user_not_found"
        } else if people_of(&channel).any(|own| own == user) {
            "already_in_channel"
        } else {
            admit(&mut channel, user);
            continue;
        };
        failed.push((word, json!({ "user": user, "ok": false, "error": word })));
    }
    let all = failed.len() == users.len();
    match failed.first() {
        Some((word, _)) if all || !desk.args.flag("force") => {
            let errors: Vec<_> = failed.iter().map(|(_, error)| error).collect();
            Err(Refusal(word, json!({ "errors": errors })))
        }
        _ => keep(desk, &channel),
    }
}

/// Opens a direct message with one person or several.
pub(super) fn open(desk: &Desk<'_>) -> Answer {
    if desk.args.text("channel").is_some() {
        let channel = named(desk)?;
        let opened = json!({ "channel": shown(desk, &channel) });
        return Ok(with(opened, &["no_op", "already_open"]));
    }
    let users = desk.args.list("users");
    if users.is_empty() {
        return Err(Refusal::new("users_list_not_supplied"));
    }
    if users.len() > 8 {
        return Err(Refusal::new("too_many_users"));
    }
    let (channel, old) = direct(desk, &users)?;
    let full = desk.args.flag("return_im");
    let short = json!({ "id": channel["id"] });
    let opened = json!({ "channel": if full { shown(desk, &channel) } else { short } });
    Ok(if old { with(opened, &["no_op", "already_open"]) } else { opened })
}

fn with(mut body: Value, flags: &[&str]) -> Value {
    for flag in flags {
        body[*flag] = true.into();
    }
    body
}

/// Returns the direct message with these people, and whether it was there before.
pub(super) fn direct(desk: &Desk<'_>, users: &[String]) -> Result<(Value, bool), Refusal> {
    for user in users {
        people::find(desk, user)?;
    }
    let mut members: Vec<&str> = users.iter().map(String::as_str).collect();
    members.push(&desk.team.bot_user);
    members.sort_unstable();
    members.dedup();
    let same = |channel: &Value| {
        let mut own: Vec<_> = people_of(channel).collect();
        own.sort_unstable();
        matches!(kind_of(channel), "im" | "mpim") && own == members
    };
    if let Some(old) = objects::all(desk.db, desk.shelf("channel"))?.into_iter().find(same) {
        return Ok((old, true));
    }
    let several = members.len() > 2;
    let id = format!("{}{}", if several { "C" } else { "D" }, hex(10).to_uppercase());
    let name = if several { format!("mpdm-{}", id.to_lowercase()) } else { id.clone() };
    let mut channel = channels::record(desk, &id, &name, &members);
    channel["is_channel"] = false.into();
    channel["is_private"] = true.into();
    channel[if several { "is_mpim" } else { "is_im" }] = true.into();
    objects::insert(desk.db, desk.shelf("channel"), &id, &channel)?;
    Ok((channel, false))
}

/// Closes a direct message, which changes nothing that a bot could see.
pub(super) fn close(desk: &Desk<'_>) -> Answer {
    match kind_of(&named(desk)?) {
        "im" | "mpim" => Ok(json!({})),
        _ => Err(Refusal::new("method_not_supported_for_channel_type")),
    }
}
