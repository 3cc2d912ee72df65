//! What was said: `conversations.history`, `conversations.replies`, links to messages.

use serde_json::{Value, json};

use super::args::cursor;
use super::messages::{find, messages_of, micros};
use super::{Answer, Desk, Refusal, channels};
use crate::sandbox::store::objects;

/// The span that is asked for, in microseconds.
struct Span {
    oldest: i64,
    latest: i64,
    inclusive: bool,
}

impl Span {
    fn read(desk: &Desk<'_>) -> Result<Self, Refusal> {
        let at = |name: &str, otherwise: i64, word: &'static str| match desk.args.text(name) {
            None => Ok(otherwise),
            Some(text) => micros(&text).ok_or_else(|| Refusal::new(word)),
        };
        Ok(Self {
            oldest: at("oldest", -1, "invalid_ts_oldest")?,
            latest: at("latest", i64::MAX, "invalid_ts_latest")?,
            inclusive: desk.args.flag("inclusive"),
        })
    }

    fn holds(&self, message: &Value) -> bool {
        let at = at(message);
        (at > self.oldest && at < self.latest)
            || (self.inclusive && (at == self.oldest || at == self.latest))
    }
}

fn at(message: &Value) -> i64 {
    message["ts"].as_str().and_then(micros).unwrap_or_default()
}

/// Returns the channel whose messages the bot may read: one that it is in.
fn readable(desk: &Desk<'_>) -> Answer {
    let channel = channels::named(desk)?;
    desk.may(match channels::kind_of(&channel) {
        "private_channel" => &["groups:history"],
        "im" => &["im:history"],
        "mpim" => &["mpim:history"],
        _ => &["channels:history"],
    })?;
    if channels::is_member(desk, &channel) {
        Ok(channel)
    } else {
        Err(Refusal::new("not_in_channel"))
    }
}

/// Lists what was said in a channel, newest first, answers in threads left out.
pub(super) fn history(desk: &Desk<'_>) -> Answer {
    let channel = readable(desk)?;
    let (span, limit) = (Span::read(desk)?, desk.args.limit(100)?);
    let before = desk.args.cursor("next_ts")?.unwrap_or(i64::MAX);
    let mut all = objects::all(desk.db, messages_of(&channel))?;
    all.retain(|message| {
        let inside = message["thread_ts"].is_string() && message["thread_ts"] != message["ts"];
        (!inside || message["subtype"] == "thread_broadcast")
            && span.holds(message)
            && at(message) < before
    });
    all.reverse();
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().map(at).filter(|_| more);
    Ok(json!({
        "messages": all,
        "has_more": more,
        "pin_count": channel["pins"].as_array().map_or(0, Vec::len),
        "channel_actions_ts": null,
        "channel_actions_count": 0,
        "response_metadata": { "next_cursor": cursor("next_ts", next) },
    }))
}

/// Lists a thread from its first message on, which is there on every page.
pub(super) fn replies(desk: &Desk<'_>) -> Answer {
    let channel = readable(desk)?;
    let (span, limit) = (Span::read(desk)?, desk.args.limit(1000)?);
    let lost = |_| Refusal::new("thread_not_found");
    let root = find(desk, &channel, &desk.args.needed("ts")?).map_err(lost)?;
    let root = match root["thread_ts"].as_str() {
        Some(first) => find(desk, &channel, first).map_err(lost)?,
        None => root,
    };
    let after = desk.args.cursor("next_ts")?.unwrap_or(-1);
    let mut all = objects::all(desk.db, messages_of(&channel))?;
    all.retain(|message| {
        message["thread_ts"] == root["ts"]
            && message["ts"] != root["ts"]
            && span.holds(message)
            && at(message) > after
    });
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().map(at).filter(|_| more);
    all.insert(0, root);
    Ok(json!({
        "messages": all,
        "has_more": more,
        "response_metadata": { "next_cursor": cursor("next_ts", next) },
    }))
}

/// Returns the address of a message.
pub(super) fn permalink(desk: &Desk<'_>) -> Answer {
    let channel = channels::named(desk)?;
    let message = find(desk, &channel, &desk.args.needed("message_ts")?)?;
    let id = channel["id"].as_str().unwrap_or_default();
    let place = message["ts"].as_str().unwrap_or_default().replace('.', "");
    let permalink = format!("https://{}.slack.com/archives/{id}/p{place}", desk.team.domain);
    Ok(json!({ "channel": id, "permalink": permalink }))
}
