//! Messages that are to be posted later. They are when their time has come and somebody looks.

use serde_json::{Map, Value, json};

use super::{Answer, Desk, Refusal, channels, messages};
use crate::sandbox::store::{hex, objects};

/// How far ahead a message may be scheduled, in seconds: 120 days.
/// Source: docs.slack.dev/reference/methods/chat.scheduleMessage.
const FURTHEST: i64 = 120 * 24 * 3600;

/// Remembers a message to be posted.
pub(super) fn schedule(desk: &Desk<'_>) -> Answer {
    let channel = messages::destination(desk)?;
    let post_at: i64 =
        desk.args.needed("post_at")?.parse().map_err(|_| Refusal::new("invalid_time"))?;
    if post_at <= desk.seconds() {
        return Err(Refusal::new("time_in_past"));
    }
    if post_at > desk.seconds() + FURTHEST {
        return Err(Refusal::new("time_too_far"));
    }
    let mut content = messages::content(desk)?;
    for name in ["thread_ts", "reply_broadcast"] {
        if let Some(value) = desk.args.text(name) {
            content.insert(name.into(), value.into());
        }
    }
    let id = format!("Q{}", hex(10).to_uppercase());
    let kept = json!({
        "id": id,
        "channel_id": channel["id"],
        "post_at": post_at,
        "date_created": desk.seconds(),
        "text": content["text"],
        "content": content,
    });
    objects::insert(desk.db, desk.shelf("scheduled"), &id, &kept)?;
    let mut message = json!({
        "text": content["text"],
        "user": desk.team.bot_user,
        "bot_id": desk.team.bot,
        "team": desk.team.id,
        "type": "delayed_message",
        "subtype": "bot_message",
    });
    if let Some(blocks) = content.get("blocks") {
        message["blocks"] = blocks.clone();
    }
    Ok(json!({
        "channel": channel["id"],
        "scheduled_message_id": id,
        "post_at": post_at,
        "message": message,
    }))
}

/// Lists what is still to be posted, the next one first.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    let channel = desk.args.text("channel");
    let mut all = objects::all(desk.db, desk.shelf("scheduled"))?;
    all.retain(|own| channel.as_ref().is_none_or(|id| own["channel_id"] == id.as_str()));
    all.sort_by_key(|own| own["post_at"].as_i64());
    for own in &mut all {
        if let Value::Object(fields) = own {
            fields.shift_remove("content");
        }
    }
    Ok(json!({ "scheduled_messages": all, "response_metadata": { "next_cursor": "" } }))
}

/// Takes back what was to be posted.
pub(super) fn delete(desk: &Desk<'_>) -> Answer {
    let id = desk.args.needed("scheduled_message_id")?;
    let channel = channels::named(desk)?;
    let shelf = desk.shelf("scheduled");
    objects::find(desk.db, shelf, &id)?
        .filter(|own| own["channel_id"] == channel["id"])
        .ok_or_else(|| Refusal::new("invalid_scheduled_message_id"))?;
    objects::remove(desk.db, shelf, &id)?;
    Ok(json!({}))
}

/// Posts what is due. What can no longer be posted is forgotten.
pub(super) fn deliver(desk: &Desk<'_>) -> Result<(), Refusal> {
    for own in objects::all(desk.db, desk.shelf("scheduled"))? {
        if own["post_at"].as_i64().is_some_and(|at| at > desk.seconds()) {
            continue;
        }
        let id = own["channel_id"].as_str().unwrap_or_default();
        let content: Map<_, _> = own["content"].as_object().cloned().unwrap_or_default();
        if let Some(channel) = objects::find(desk.db, desk.shelf("channel"), id)? {
            // Its thread may be gone by now.
            drop(messages::post(desk, &channel, content));
        }
        let id = own["id"].as_str().unwrap_or_default();
        objects::remove(desk.db, desk.shelf("scheduled"), id)?;
    }
    Ok(())
}
