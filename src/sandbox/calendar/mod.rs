//! Google Calendar as far as an assistant needs it: calendars, events with recurrence and instances,
//! quick entries, free and busy times.
//!
//! Calendars are per account, the one that was picked at consent. Time zones are names only: every
//! calendar is in UTC, and a local time without an offset is taken for UTC. Left out: invitations in
//! other people's calendars, access control, channels, batches. Source: Calendar API reference, v3.

mod calendars;
mod events;
mod listing;
mod quick;
mod recurrence;
mod seed;
mod times;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde_json::Value;

use super::World;
use super::google::{self, Answer, Refusal, Scopes};
use super::guest::Guest;
use super::http::Call;
use super::store::objects::{self, Shelf};
use crate::api::time::Millis;

const APP: &str = "google-calendar";

const ALL: &str = "https://www.googleapis.com/auth/calendar";
const READ: &str = "https://www.googleapis.com/auth/calendar.readonly";
const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
const EVENTS_READ: &str = "https://www.googleapis.com/auth/calendar.events.readonly";
const OWNED: &str = "https://www.googleapis.com/auth/calendar.events.owned";
const OWNED_READ: &str = "https://www.googleapis.com/auth/calendar.events.owned.readonly";
const EVENTS_BUSY: &str = "https://www.googleapis.com/auth/calendar.events.freebusy";
const BUSY: &str = "https://www.googleapis.com/auth/calendar.freebusy";
const CALENDARS: &str = "https://www.googleapis.com/auth/calendar.calendars";
const CALENDARS_READ: &str = "https://www.googleapis.com/auth/calendar.calendars.readonly";
const LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist";
const LIST_READ: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
const SETTINGS: &str = "https://www.googleapis.com/auth/calendar.settings.readonly";
const CREATED: &str = "https://www.googleapis.com/auth/calendar.app.created";

/// One account at one moment, with what it asks.
struct Desk<'a> {
    /// The database, within a transaction if something may be changed.
    db: &'a Connection,
    call: &'a Call,
    guest: &'a Guest,
    now: Millis,
}

impl Desk<'_> {
    fn account(&self) -> &str {
        &self.guest.account
    }

    /// The shelf of the account's calendars.
    fn calendars(&self) -> Shelf<'_> {
        Shelf { app: APP, owner: self.account(), kind: "calendar" }
    }

    /// Returns a calendar of the account, which is also known as `primary`.
    fn calendar(&self, id: &str) -> Answer {
        let id = if id == "primary" { self.account() } else { id };
        objects::find(self.db, self.calendars(), id)?.ok_or_else(Refusal::no_path)
    }

    /// Returns the page that is asked for of `items`, and where the next one begins.
    fn page<'i>(
        &self,
        items: &'i [Value],
        usual: usize,
    ) -> Result<(&'i [Value], Option<usize>), Refusal> {
        let query = &self.call.query;
        let start: usize = match query.get("pageToken") {
            None => 0,
            Some(token) => token.parse().map_err(|_| invalid("Invalid page token value."))?,
        };
        let limit = match query.get("maxResults").map(str::parse::<usize>) {
            None => usual,
            Some(Ok(limit)) if limit > 0 => limit.min(usual.max(250) * 10),
            Some(_) => return Err(invalid("Invalid value for: maxResults")),
        };
        let page = items.get(start..).unwrap_or_default();
        let next = (page.len() > limit).then_some(start + limit);
        Ok((&page[..limit.min(page.len())], next))
    }
}

/// Returns the shelf of a calendar's events.
fn events_of(calendar: &str) -> Shelf<'_> {
    Shelf { app: APP, owner: calendar, kind: "event" }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid", message)
}

/// Answers `/calendar/v3/…`.
pub(super) fn answer(world: &World, call: &Call, path: &[&str]) -> Response {
    google::response(reply(world, call, path))
}

fn reply(world: &World, call: &Call, path: &[&str]) -> Answer {
    let now = Millis::now();
    let guest = &google::admit(world, call, APP, now)?;
    let own = Shelf { app: APP, owner: &guest.account, kind: "calendar" };
    if world.store.read(|db| objects::find(db, own, &guest.account))?.is_none() {
        world.store.write(|tx| seed::calendars(&Desk { db: tx, call, guest, now }))?;
    }
    if call.method == Method::GET {
        world.store.read(|db| dispatch(&Desk { db, call, guest, now }, path))
    } else {
        world.store.write(|tx| dispatch(&Desk { db: tx, call, guest, now }, path))
    }
}

/// Every method that is played: its scopes, then what it does.
fn dispatch(desk: &Desk<'_>, path: &[&str]) -> Answer {
    const READERS: Scopes = &[ALL, READ, CALENDARS, CALENDARS_READ, CREATED];
    const WRITERS: Scopes = &[ALL, CALENDARS, CREATED];
    const LISTERS: Scopes = &[ALL, READ, LIST, LIST_READ];
    let may = |scopes| google::may(desk.guest, scopes);
    let verb = desk.call.method.as_str();
    match (verb, path) {
        ("GET", ["users", "me", "calendarList"]) => {
            may(LISTERS).and_then(|()| calendars::list(desk))
        }
        ("GET", ["users", "me", "calendarList", id]) => may(&[ALL, READ, LIST, LIST_READ, CREATED])
            .and_then(|()| Ok(calendars::entry(desk, &desk.calendar(id)?))),
        ("PATCH" | "PUT", ["users", "me", "calendarList", id]) => {
            may(&[ALL, LIST, CREATED]).and_then(|()| calendars::set_entry(desk, id))
        }
        ("GET", ["users", "me", "settings"]) => {
            may(&[ALL, READ, SETTINGS]).map(|()| calendars::settings())
        }
        ("GET", ["colors"]) => Ok(calendars::colors()),
        ("POST", ["freeBusy"]) => {
            may(&[ALL, READ, EVENTS_BUSY, BUSY]).and_then(|()| listing::busy(desk))
        }
        ("POST", ["calendars"]) => may(WRITERS).and_then(|()| calendars::insert(desk)),
        ("GET", ["calendars", id]) => {
            may(READERS).and_then(|()| Ok(calendars::shown(&desk.calendar(id)?)))
        }
        ("PATCH" | "PUT", ["calendars", id]) => {
            may(WRITERS).and_then(|()| calendars::update(desk, id))
        }
        ("DELETE", ["calendars", id]) => may(WRITERS).and_then(|()| calendars::delete(desk, id)),
        ("POST", ["calendars", id, "clear"]) => {
            may(&[ALL, CALENDARS]).and_then(|()| calendars::clear(desk, id))
        }
        (_, ["calendars", id, "events", rest @ ..]) => of_events(desk, id, verb, rest),
        _ => {
            desk.call.leave();
            Err(Refusal::no_path())
        }
    }
}

fn of_events(desk: &Desk<'_>, calendar: &str, verb: &str, path: &[&str]) -> Answer {
    const READERS: Scopes =
        &[ALL, READ, EVENTS, EVENTS_READ, OWNED, OWNED_READ, EVENTS_BUSY, CREATED];
    const WRITERS: Scopes = &[ALL, EVENTS, OWNED, CREATED];
    google::may(desk.guest, if verb == "GET" { READERS } else { WRITERS })?;
    let calendar = desk.calendar(calendar)?;
    match (verb, path) {
        ("GET", []) => listing::list(desk, &calendar),
        ("POST", []) => events::insert(desk, &calendar),
        ("POST", ["quickAdd"]) => quick::add(desk, &calendar),
        ("GET", [id]) => events::get(desk, &calendar, id),
        ("PATCH", [id]) => events::change(desk, &calendar, id, events::Change::Patch),
        ("PUT", [id]) => events::change(desk, &calendar, id, events::Change::Replace),
        ("DELETE", [id]) => events::delete(desk, &calendar, id),
        ("GET", [id, "instances"]) => listing::instances(desk, &calendar, id),
        ("POST", [id, "move"]) => events::relocate(desk, &calendar, id),
        _ => {
            desk.call.leave();
            Err(Refusal::no_path())
        }
    }
}

/// Returns a calendar's or an event's id.
fn id_of(object: &Value) -> &str {
    object["id"].as_str().unwrap_or_default()
}
