//! `chat.*`: messages are posted, changed and deleted.

use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::{Answer, Desk, Refusal, channels, members, people};
use crate::sandbox::store::objects::{self, Shelf};

/// The longest text that is taken.
/// Source: docs.slack.dev/reference/methods/chat.postMessage, "Truncating content".
const LONGEST: usize = 40_000;

/// Returns the shelf of a channel's messages.
pub(super) fn messages_of(channel: &Value) -> Shelf<'_> {
    let owner = channel["id"].as_str().unwrap_or_default();
    Shelf { app: "slack", owner, kind: "message" }
}

/// Returns a message by its time.
pub(super) fn find(desk: &Desk<'_>, channel: &Value, ts: &str) -> Answer {
    objects::find(desk.db, messages_of(channel), ts)?
        .ok_or_else(|| Refusal::new("message_not_found"))
}

/// Replaces a message.
pub(super) fn keep(desk: &Desk<'_>, channel: &Value, message: &Value) -> Result<(), Refusal> {
    let ts = message["ts"].as_str().unwrap_or_default();
    Ok(objects::replace(desk.db, messages_of(channel), ts, message)?)
}

/// Returns where a message goes: a channel by id or by name, or a person, who is written to directly.
pub(super) fn destination(desk: &Desk<'_>) -> Answer {
    let named = desk.args.needed("channel")?;
    if named.starts_with('U') && people::find(desk, &named).is_ok() {
        return Ok(members::direct(desk, &[named])?.0);
    }
    let by_name = |channel: &Value| channel["name"] == named.trim_start_matches('#');
    let all = objects::all(desk.db, desk.shelf("channel"))?;
    let id = all.iter().find(|channel| by_name(channel)).and_then(|found| found["id"].as_str());
    let channel = channels::find(desk, id.unwrap_or(&named))?;
    if channel["is_archived"] == true {
        return Err(Refusal::new("is_archived"));
    }
    let public = channel["is_private"] != true && desk.guest.may(&["chat:write.public"]);
    if public || channels::is_member(desk, &channel) {
        return Ok(channel);
    }
    Err(Refusal::new("not_in_channel"))
}

/// Reads what a message says; nothing at all is refused.
pub(super) fn content(desk: &Desk<'_>) -> Result<Map<String, Value>, Refusal> {
    let mut content = Map::new();
    let text = desk.args.text("text");
    let markdown = desk.args.text("markdown_text");
    let blocks = desk.args.objects("blocks")?;
    if markdown.is_some() && (text.is_some() || blocks.is_some()) {
        return Err(Refusal::new("markdown_text_conflict"));
    }
    let text = text.or(markdown);
    let attachments = desk.args.objects("attachments")?;
    if text.is_none() && blocks.is_none() && attachments.is_none() {
        return Err(Refusal::new("no_text"));
    }
    let text = text.unwrap_or_default();
    if text.chars().count() > LONGEST {
        return Err(Refusal::new("msg_too_long"));
    }
    content.insert("text".into(), text.into());
    for (name, list) in [("blocks", blocks), ("attachments", attachments)] {
        if let Some(list) = list {
            content.insert(name.into(), list);
        }
    }
    Ok(content)
}

/// Posts a message.
pub(super) fn post_message(desk: &Desk<'_>) -> Answer {
    let channel = destination(desk)?;
    let mut content = content(desk)?;
    for name in ["thread_ts", "reply_broadcast"] {
        if let Some(value) = desk.args.text(name) {
            content.insert(name.into(), value.into());
        }
    }
    let message = post(desk, &channel, content)?;
    Ok(json!({ "channel": channel["id"], "ts": message["ts"], "message": message }))
}

/// Posts as somebody who says what they do.
pub(super) fn me_message(desk: &Desk<'_>) -> Answer {
    let channel = destination(desk)?;
    let mut content = content(desk)?;
    content.insert("subtype".into(), "me_message".into());
    let message = post(desk, &channel, content)?;
    Ok(json!({ "channel": channel["id"], "ts": message["ts"] }))
}

/// Shows one person a message that nobody remembers.
pub(super) fn post_ephemeral(desk: &Desk<'_>) -> Answer {
    let channel = destination(desk)?;
    let user = desk.args.needed("user")?;
    content(desk)?;
    if !channels::people_of(&channel).any(|own| own == user) {
        return Err(Refusal::new("user_not_in_channel"));
    }
    Ok(json!({ "message_ts": next_ts(desk, &channel)? }))
}

/// Remembers what the bot says, and joins it to its thread.
pub(super) fn post(desk: &Desk<'_>, channel: &Value, mut content: Map<String, Value>) -> Answer {
    let ts = next_ts(desk, channel)?;
    let broadcast = content
        .shift_remove("reply_broadcast")
        .is_some_and(|value| value == "true" || value == "1");
    let mut message = json!({
        "type": "message",
        "user": desk.team.bot_user,
        "ts": ts,
        "bot_id": desk.team.bot,
        "app_id": desk.team.app,
        "team": desk.team.id,
        "bot_profile": people::profile_of_bot(desk),
    });
    if let Value::Object(fields) = &mut message {
        fields.extend(content);
    }
    if let Some(parent) = message["thread_ts"].as_str().map(str::to_owned) {
        let cannot = |_| Refusal::new("cannot_reply_to_message");
        let mut root = find(desk, channel, &parent).map_err(cannot)?;
        // An answer to an answer belongs to the same thread.
        if let Some(first) = root["thread_ts"].as_str().filter(|first| *first != parent) {
            root = find(desk, channel, first).map_err(cannot)?;
        }
        message["thread_ts"] = root["ts"].clone();
        message["parent_user_id"] = root["user"].clone();
        if broadcast {
            message["subtype"] = "thread_broadcast".into();
            message["root"] = root.clone();
        }
        objects::insert(desk.db, messages_of(channel), &ts, &message)?;
        count_replies(desk, channel, root)?;
    } else {
        objects::insert(desk.db, messages_of(channel), &ts, &message)?;
    }
    Ok(message)
}

/// Returns the time that will be the next message's name: later than every other one's.
pub(super) fn next_ts(desk: &Desk<'_>, channel: &Value) -> Result<String, Refusal> {
    let mut last = 0;
    objects::newest(desk.db, messages_of(channel), "", |message| {
        last = micros(message["ts"].as_str().unwrap_or_default()).unwrap_or_default();
        ControlFlow::Break(())
    })?;
    Ok(ts((desk.now.0 * 1000).max(last + 1)))
}

/// Writes microseconds as Slack does: `1503435956.000247`.
pub(super) fn ts(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Reads Slack's time in microseconds, also one without a fraction.
pub(super) fn micros(ts: &str) -> Option<i64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

/// Says on the first message of a thread what the thread has become.
fn count_replies(desk: &Desk<'_>, channel: &Value, mut root: Value) -> Result<(), Refusal> {
    let all = objects::all(desk.db, messages_of(channel))?;
    let replies: Vec<_> = all
        .iter()
        .filter(|own| own["thread_ts"] == root["ts"] && own["ts"] != root["ts"])
        .collect();
    let Value::Object(fields) = &mut root else { return Ok(()) };
    if let Some(latest) = replies.last() {
        let mut users: Vec<_> = replies.iter().map(|reply| reply["user"].clone()).collect();
        users.sort_by_key(Value::to_string);
        users.dedup();
        fields.insert("thread_ts".into(), fields["ts"].clone());
        fields.insert("reply_count".into(), replies.len().into());
        fields.insert("reply_users_count".into(), users.len().into());
        fields.insert("latest_reply".into(), latest["ts"].clone());
        fields.insert("reply_users".into(), users.into());
        fields.insert("is_locked".into(), false.into());
        fields.insert("subscribed".into(), true.into());
    } else {
        fields.retain(|name, _| {
            !name.starts_with("reply_")
                && !["thread_ts", "latest_reply", "is_locked", "subscribed"].contains(&&**name)
        });
    }
    keep(desk, channel, &root)
}

fn own_message(desk: &Desk<'_>, cannot: &'static str) -> Result<(Value, Value), Refusal> {
    let channel = channels::named(desk)?;
    let message = find(desk, &channel, &desk.args.needed("ts")?)?;
    if message["bot_id"] != desk.team.bot.as_str() {
        return Err(Refusal::new(cannot));
    }
    Ok((channel, message))
}

/// Changes what the bot has said.
pub(super) fn update(desk: &Desk<'_>) -> Answer {
    let (channel, mut message) = own_message(desk, "cant_update_message")?;
    for (name, value) in content(desk)? {
        message[name] = value;
    }
    message["edited"] = json!({ "user": desk.team.bot_user, "ts": ts(desk.seconds() * 1_000_000) });
    keep(desk, &channel, &message)?;
    Ok(json!({
        "channel": channel["id"],
        "ts": message["ts"],
        "text": message["text"],
        "message": message,
    }))
}

/// Takes back what the bot has said.
pub(super) fn delete(desk: &Desk<'_>) -> Answer {
    let (channel, message) = own_message(desk, "cant_delete_message")?;
    let ts = message["ts"].as_str().unwrap_or_default();
    objects::remove(desk.db, messages_of(&channel), ts)?;
    if let Some(root) = message["thread_ts"].as_str().filter(|root| *root != ts)
        && let Ok(root) = find(desk, &channel, root)
    {
        count_replies(desk, &channel, root)?;
    }
    Ok(json!({ "channel": channel["id"], "ts": ts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_was_written() {
        for (text, value) in [
            ("1503435956.000247", 1_503_435_956_000_247),
            ("1503435956", 1_503_435_956_000_000),
            ("1503435956.5", 1_503_435_956_500_000),
        ] {
            assert_eq!(micros(text), Some(value), "{text}");
        }
        assert_eq!(ts(1_503_435_956_000_247), "1503435956.000247");
        assert_eq!(micros("now"), None);
    }
}
