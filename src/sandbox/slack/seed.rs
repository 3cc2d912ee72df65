//! What a workspace has when the bot comes in for the first time.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::messages::{messages_of, ts};
use super::{Desk, Refusal, channels, people};
use crate::sandbox::page::ACCOUNTS;
use crate::sandbox::store::objects;

/// A channel: its name, what it is for, whether the bot is in it.
const CHANNELS: [(&str, &str, bool); 3] = [
    ("general", "Company-wide announcements and work-based matters", true),
    ("random", "Non-work banter", true),
    ("engine-room", "The difference engine, and what is wrong with it today", false),
];

/// What was said: in which channel, by whom, how many minutes ago.
const TALK: [(usize, usize, i64, &str); 5] = [
    (
        0,
        0,
        2_950,
        "Good morning. The drawings of the engine are on my desk, for whoever wants to look.",
    ),
    (0, 1, 2_940, "I will come by after lunch."),
    (1, 2, 410, "Has anybody seen my bicycle?"),
    (2, 1, 95, "There was a moth in the relay. It is taped into the logbook now."),
    (0, 2, 30, "Reminder: the review is in two days. Bring your questions."),
];

/// Makes the people, the channels and what they have said.
pub(super) fn workspace(desk: &Desk<'_>) -> Result<(), Refusal> {
    let mut everybody = Vec::new();
    let own = desk.guest.account.as_str();
    let guest = (own.split('@').next().unwrap_or(own), own);
    let known = ACCOUNTS.iter().any(|(_, email)| *email == own);
    for (name, email) in ACCOUNTS.iter().copied().chain((!known).then_some(guest)) {
        let id = id_of(desk, "U", email);
        let mut user = people::record(desk, &id, name, Some(email));
        user["is_admin"] = (email == own).into();
        objects::insert(desk.db, desk.shelf("user"), &id, &user)?;
        everybody.push(id);
    }
    let bot = desk.team.bot_user.as_str();
    objects::insert(desk.db, desk.shelf("user"), bot, &people::record(desk, bot, "naive", None))?;
    let mut made = Vec::new();
    for (name, purpose, with_bot) in CHANNELS {
        let id = id_of(desk, "C", name);
        let mut members: Vec<_> = everybody.iter().map(String::as_str).collect();
        if with_bot {
            members.push(bot);
        }
        let mut channel = channels::record(desk, &id, name, &members);
        channel["creator"] = everybody[0].as_str().into();
        channel["is_general"] = (name == "general").into();
        channel["purpose"] =
            json!({ "value": purpose, "creator": everybody[0], "last_set": desk.seconds() });
        objects::insert(desk.db, desk.shelf("channel"), &id, &channel)?;
        made.push(channel);
    }
    for (channel, person, minutes, text) in TALK {
        say(desk, &made[channel], &everybody[person], (minutes, text))?;
    }
    Ok(())
}

fn say(
    desk: &Desk<'_>,
    channel: &Value,
    user: &str,
    (minutes, text): (i64, &str),
) -> Result<(), Refusal> {
    let at = ts((desk.now.0 - minutes * 60_000) * 1000);
    let message = json!({
        "type": "message",
        "user": user,
        "ts": at,
        "text": text,
        "team": desk.team.id,
    });
    Ok(objects::insert(desk.db, messages_of(channel), &at, &message)?)
}

/// Returns an id that is the same every time.
fn id_of(desk: &Desk<'_>, letter: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{} {letter} {name}", desk.team.id));
    format!("{letter}{digest:.10X}")
}
