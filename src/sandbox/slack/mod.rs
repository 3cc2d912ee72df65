//! Slack as far as a bot needs it: messages, threads and reactions, conversations, people.
//!
//! Every domain of an address is a workspace of its own, and whoever of it consents lets the same
//! bot in. The status is always 200; `ok` says whether it worked. Left out: files, views, search,
//! events, tokens of users. Source: docs.slack.dev, reference/methods.

mod args;
mod channels;
mod history;
mod members;
mod messages;
mod people;
mod reactions;
mod schedule;
mod seed;

use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::World;
use super::guest::{self, Guest, Stranger};
use super::http::{self, Call};
use super::store::objects::{self, Shelf};
use crate::api::time::Millis;
use args::Arguments;

/// The scopes of which one must have been granted; none is needed where there are none.
type Scopes = &'static [&'static str];

type Answer = Result<Value, Refusal>;

/// Slack's word for what went wrong, and what is said besides.
#[derive(Debug)]
struct Refusal(&'static str, Value);

impl Refusal {
    fn new(word: &'static str) -> Self {
        Self(word, Value::Null)
    }

    /// The error of a required argument that is not there.
    fn missing(name: &str) -> Self {
        let text = format!("[ERROR] missing required field: {name}");
        Self("invalid_arguments", json!({ "response_metadata": { "messages": [text] } }))
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::new("internal_error")
    }
}

/// A workspace, by what follows from its domain.
#[derive(Debug)]
struct Team {
    id: String,
    /// The part before `.slack.com`.
    domain: String,
    /// The app's bot, as a user and as a bot.
    bot_user: String,
    bot: String,
    app: String,
}

impl Team {
    fn of(account: &str) -> Self {
        let host = account.rsplit('@').next().unwrap_or(account);
        let id = |letter: &str| {
            let digest = format!("{:.10X}", Sha256::digest(format!("{letter} {host}")));
            format!("{letter}{digest}")
        };
        Self {
            id: id("T"),
            domain: host.replace('.', "-"),
            bot_user: id("U"),
            bot: id("B"),
            app: id("A"),
        }
    }
}

/// The bot at one moment, with what it asks.
struct Desk<'a> {
    db: &'a Connection,
    args: &'a Arguments,
    guest: &'a Guest,
    team: &'a Team,
    now: Millis,
}

impl Desk<'_> {
    /// Unix seconds.
    fn seconds(&self) -> i64 {
        self.now.0 / 1000
    }

    fn shelf<'s>(&'s self, kind: &'s str) -> Shelf<'s> {
        Shelf { app: "slack", owner: &self.team.id, kind }
    }

    /// Refuses unless one of the scopes was granted.
    fn may(&self, scopes: Scopes) -> Result<(), Refusal> {
        if scopes.is_empty() || self.guest.may(scopes) {
            return Ok(());
        }
        let provided: Vec<_> = self.guest.scopes().collect();
        let needed = scopes.first().copied().unwrap_or_default();
        let text = json!({ "needed": needed, "provided": provided.join(",") });
        Err(Refusal("missing_scope", text))
    }
}

/// Answers `/api/{method}`.
pub(super) fn answer(world: &World, call: &Call, method: &str) -> Response {
    let (answered, scopes) = match reply(world, call, method) {
        Ok((body, scopes)) => (said(true, body), scopes),
        Err(Refusal(error, more)) => {
            let mut body = json!({ "error": error });
            if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
                body.extend(more);
            }
            (said(false, body), String::new())
        }
    };
    let mut response = http::json(StatusCode::OK, &answered);
    if !scopes.is_empty() {
        http::set(&mut response, HeaderName::from_static("x-oauth-scopes"), &scopes);
    }
    response
}

/// Puts `ok` before everything else.
fn said(ok: bool, body: Value) -> Value {
    let mut all = Map::new();
    all.insert("ok".into(), ok.into());
    if let Value::Object(body) = body {
        all.extend(body);
    }
    Value::Object(all)
}

fn reply(world: &World, call: &Call, method: &str) -> Result<(Value, String), Refusal> {
    let (scopes, act) = method_of(method).ok_or_else(|| {
        call.leave();
        Refusal("unknown_method", json!({ "req_method": method }))
    })?;
    let now = Millis::now();
    let args = Arguments::read(call).ok_or_else(|| Refusal::new("invalid_json"))?;
    let form = call.form();
    let token = call
        .bearer()
        .or_else(|| call.query.get("token"))
        .or_else(|| form.as_ref().and_then(|form| form.get("token")));
    let guest = guest::admit(world, token, "slack", now)?.map_err(|why| {
        Refusal::new(match why {
            Stranger::Nameless => "not_authed",
            Stranger::Unknown => "invalid_auth",
            Stranger::Dead => "token_expired",
        })
    })?;
    let team = Team::of(&guest.account);
    // Also what only reads: messages that were scheduled are delivered when somebody looks.
    world.store.write(|tx| {
        let desk = Desk { db: tx, args: &args, guest: &guest, team: &team, now };
        if objects::find(tx, desk.shelf("user"), &team.bot_user)?.is_none() {
            seed::workspace(&desk)?;
        }
        schedule::deliver(&desk)?;
        desk.may(scopes)?;
        let body = act(&desk)?;
        Ok((body, guest.scopes().collect::<Vec<_>>().join(",")))
    })
}

type Act = fn(&Desk<'_>) -> Answer;

/// Every method that is played: its scopes, then what it does.
fn method_of(name: &str) -> Option<(Scopes, Act)> {
    const FREE: Scopes = &[];
    const WRITE: Scopes = &["chat:write"];
    const REACT: Scopes = &["reactions:write"];
    const PINS: Scopes = &["pins:write"];
    const USERS: Scopes = &["users:read"];
    Some(match name {
        "auth.test" => (FREE, |desk| Ok(people::test(desk))),
        "api.test" => (FREE, |_| Ok(json!({}))),
        "bots.info" => (USERS, |desk| Ok(people::bot(desk))),
        "team.info" => (&["team:read"], |desk| Ok(people::team(desk))),
        "emoji.list" => (&["emoji:read"], |_| Ok(json!({ "emoji": {}, "cache_ts": "0" }))),
        "chat.postMessage" => (WRITE, messages::post_message),
        "chat.postEphemeral" => (WRITE, messages::post_ephemeral),
        "chat.meMessage" => (WRITE, messages::me_message),
        "chat.update" => (WRITE, messages::update),
        "chat.delete" => (WRITE, messages::delete),
        "chat.scheduleMessage" => (WRITE, schedule::schedule),
        "chat.scheduledMessages.list" => (WRITE, schedule::list),
        "chat.deleteScheduledMessage" => (WRITE, schedule::delete),
        "chat.getPermalink" => (FREE, history::permalink),
        "reactions.add" => (REACT, reactions::add),
        "reactions.remove" => (REACT, reactions::remove),
        "reactions.get" => (&["reactions:read"], reactions::get),
        "pins.add" => (PINS, reactions::pin),
        "pins.remove" => (PINS, reactions::unpin),
        "pins.list" => (&["pins:read"], reactions::pins),
        "users.list" => (USERS, people::list),
        "users.info" => (USERS, people::info),
        "users.getPresence" => (USERS, people::presence),
        "users.profile.get" => (&["users.profile:read", "users:read"], people::profile),
        "users.lookupByEmail" => (&["users:read.email"], people::by_email),
        _ => return conversation(name),
    })
}

fn conversation(name: &str) -> Option<(Scopes, Act)> {
    const READ: Scopes = &["channels:read", "groups:read", "im:read", "mpim:read"];
    const HISTORY: Scopes = &["channels:history", "groups:history", "im:history", "mpim:history"];
    const MANAGE: Scopes = &["channels:manage", "channels:write", "groups:write"];
    const INVITE: Scopes = &[
        "channels:write.invites",
        "channels:manage",
        "channels:write",
        "groups:write.invites",
        "groups:write",
    ];
    const TOPIC: Scopes = &[
        "channels:write.topic",
        "channels:manage",
        "channels:write",
        "groups:write.topic",
        "groups:write",
        "im:write",
        "mpim:write",
    ];
    const OPEN: Scopes = &["im:write", "mpim:write", "channels:manage", "groups:write"];
    Some(match name {
        "conversations.list" => (READ, channels::list),
        "users.conversations" => (READ, channels::joined),
        "conversations.info" => (READ, channels::info),
        "conversations.members" => (READ, members::list),
        "conversations.history" => (HISTORY, history::history),
        "conversations.replies" => (HISTORY, history::replies),
        "conversations.create" => (MANAGE, channels::create),
        "conversations.rename" => (MANAGE, channels::rename),
        "conversations.archive" => (MANAGE, channels::archive),
        "conversations.unarchive" => (MANAGE, channels::unarchive),
        "conversations.leave" => (MANAGE, members::leave),
        "conversations.kick" => (MANAGE, members::kick),
        "conversations.join" => (&["channels:join", "channels:write"], members::join),
        "conversations.invite" => (INVITE, members::invite),
        "conversations.setTopic" => (TOPIC, channels::set_topic),
        "conversations.setPurpose" => (TOPIC, channels::set_purpose),
        "conversations.open" => (OPEN, members::open),
        "conversations.close" => (OPEN, members::close),
        _ => return None,
    })
}
