//! `reactions.*` and `pins.*`: what is done to a message besides changing it.

use serde_json::{Value, json};

use super::messages::{find, keep};
use super::{Answer, Desk, Refusal, channels};
use crate::sandbox::store::objects;

fn reacted(desk: &Desk<'_>) -> Result<(Value, Value, String), Refusal> {
    let name = desk.args.text("name").ok_or_else(|| Refusal::new("no_reaction"))?;
    let name = name.trim_matches(':').to_owned();
    let fits = |c: char| c.is_lowercase() || c.is_numeric() || "_-+':".contains(c);
    if name.is_empty() || !name.chars().all(fits) {
        return Err(Refusal::new("invalid_name"));
    }
    let channel = channels::named(desk)?;
    let ts = desk.args.text("timestamp").ok_or_else(|| Refusal::new("no_item_specified"))?;
    let message = find(desk, &channel, &ts)?;
    Ok((channel, message, name))
}

fn has(users: &Value, user: &str) -> bool {
    users.as_array().into_iter().flatten().any(|own| own == user)
}

/// Reacts to a message.
pub(super) fn add(desk: &Desk<'_>) -> Answer {
    let (channel, mut message, name) = reacted(desk)?;
    if channel["is_archived"] == true {
        return Err(Refusal::new("is_archived"));
    }
    if !message["reactions"].is_array() {
        message["reactions"] = json!([]);
    }
    let Value::Array(all) = &mut message["reactions"] else { return Ok(json!({})) };
    let bot = desk.team.bot_user.as_str();
    match all.iter_mut().find(|one| one["name"] == name.as_str()) {
        Some(one) if has(&one["users"], bot) => return Err(Refusal::new("already_reacted")),
        Some(one) => {
            if let Value::Array(users) = &mut one["users"] {
                users.push(bot.into());
                one["count"] = users.len().into();
            }
        }
        None => all.push(json!({ "name": name, "users": [bot], "count": 1 })),
    }
    keep(desk, &channel, &message)?;
    Ok(json!({}))
}

/// Takes a reaction back.
pub(super) fn remove(desk: &Desk<'_>) -> Answer {
    let (channel, mut message, name) = reacted(desk)?;
    let bot = desk.team.bot_user.as_str();
    let all = message["reactions"].as_array_mut();
    let place = all.as_ref().and_then(|all| {
        all.iter().position(|one| one["name"] == name.as_str() && has(&one["users"], bot))
    });
    let (Some(all), Some(place)) = (all, place) else { return Err(Refusal::new("no_reaction")) };
    if let Value::Array(users) = &mut all[place]["users"] {
        users.retain(|own| own != bot);
        let left = users.len();
        all[place]["count"] = left.into();
        if left == 0 {
            all.remove(place);
        }
    }
    if all.is_empty()
        && let Value::Object(fields) = &mut message
    {
        fields.shift_remove("reactions");
    }
    keep(desk, &channel, &message)?;
    Ok(json!({}))
}

/// Returns a message with the reactions to it.
pub(super) fn get(desk: &Desk<'_>) -> Answer {
    let channel = channels::named(desk)?;
    let ts = desk.args.text("timestamp").ok_or_else(|| Refusal::new("no_item_specified"))?;
    let message = find(desk, &channel, &ts)?;
    Ok(json!({ "type": "message", "channel": channel["id"], "message": message }))
}

/// Pins a message to its channel.
pub(super) fn pin(desk: &Desk<'_>) -> Answer {
    let mut channel = channels::named(desk)?;
    let ts = desk.args.text("timestamp").ok_or_else(|| Refusal::new("no_item_specified"))?;
    find(desk, &channel, &ts)?;
    if !channel["pins"].is_array() {
        channel["pins"] = json!([]);
    }
    if has(&channel["pins"], &ts) {
        return Err(Refusal::new("already_pinned"));
    }
    if let Value::Array(pins) = &mut channel["pins"] {
        pins.push(ts.into());
    }
    channels::keep(desk, &channel).map(|_| json!({}))
}

/// Takes a pin away.
pub(super) fn unpin(desk: &Desk<'_>) -> Answer {
    let mut channel = channels::named(desk)?;
    let ts = desk.args.text("timestamp").ok_or_else(|| Refusal::new("no_item_specified"))?;
    if !has(&channel["pins"], &ts) {
        return Err(Refusal::new("no_pin"));
    }
    if let Value::Array(pins) = &mut channel["pins"] {
        pins.retain(|own| *own != ts.as_str());
    }
    channels::keep(desk, &channel).map(|_| json!({}))
}

/// Lists what is pinned to a channel.
pub(super) fn pins(desk: &Desk<'_>) -> Answer {
    let channel = channels::named(desk)?;
    let mut items = Vec::new();
    for ts in channel["pins"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let shelf = super::messages::messages_of(&channel);
        if let Some(message) = objects::find(desk.db, shelf, ts)? {
            items.push(json!({
                "type": "message",
                "channel": channel["id"],
                "message": message,
                "created": desk.seconds(),
                "created_by": desk.team.bot_user,
            }));
        }
    }
    Ok(json!({ "items": items }))
}
