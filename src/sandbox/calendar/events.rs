//! `events`: made, changed, found, moved, cancelled. What is deleted remains, as `cancelled`.

use axum::http::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::recurrence::occurrences;
use super::times::{self, When};
use super::{Desk, events_of, id_of, invalid};
use crate::api::time::Millis;
use crate::sandbox::google::{self, Answer, Refusal};
use crate::sandbox::store::{hex, objects};

/// What a caller may set.
const WRITABLE: [&str; 23] = [
    "summary",
    "description",
    "location",
    "colorId",
    "start",
    "end",
    "endTimeUnspecified",
    "recurrence",
    "transparency",
    "visibility",
    "attendees",
    "attendeesOmitted",
    "anyoneCanAddSelf",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "reminders",
    "status",
    "extendedProperties",
    "source",
    "eventType",
    "attachments",
    "sequence",
];

/// How an event is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// What is sent is put into what is there; `null` takes away.
    Patch,
    /// What is sent takes the place of what was there.
    Replace,
}

/// Makes an event.
pub(super) fn insert(desk: &Desk<'_>, calendar: &Value) -> Answer {
    let body = google::body(desk.call)?;
    let id = match body["id"].as_str() {
        None => hex(26),
        Some(id) if is_id(id) => id.to_owned(),
        Some(_) => return Err(invalid("Invalid resource id value.")),
    };
    let events = events_of(id_of(calendar));
    if objects::find(desk.db, events, &id)?.is_some() {
        let text = "The requested identifier already exists.";
        return Err(Refusal::new(StatusCode::CONFLICT, "duplicate", text));
    }
    let mut event = blank(desk, calendar, &id);
    fill(&mut event, &body);
    settle(desk, &mut event, &body)?;
    objects::insert(desk.db, events, &id, &event)?;
    Ok(event)
}

/// Google's base32hex: a to v and digits, 5 to 1024 of them.
fn is_id(id: &str) -> bool {
    (5..=1024).contains(&id.len()) && id.chars().all(|c| matches!(c, 'a'..='v' | '0'..='9'))
}

/// Returns an event of the caller without times.
pub(super) fn blank(desk: &Desk<'_>, calendar: &Value, id: &str) -> Value {
    let organizer = if id_of(calendar) == desk.account() {
        json!({ "email": desk.account(), "self": true })
    } else {
        json!({ "email": calendar["id"], "displayName": calendar["summary"], "self": true })
    };
    json!({
        "kind": "calendar#event",
        "etag": "",
        "id": id,
        "status": "confirmed",
        "htmlLink": format!("https://www.google.com/calendar/event?eid={id}"),
        "created": desk.now.to_string(),
        "updated": desk.now.to_string(),
        "creator": { "email": desk.account(), "self": true },
        "organizer": organizer,
        "iCalUID": format!("{id}@google.com"),
        "sequence": 0,
        "reminders": { "useDefault": true },
        "eventType": "default",
    })
}

/// Returns an event; of a recurring one also an instance that nobody has touched.
pub(super) fn get(desk: &Desk<'_>, calendar: &Value, id: &str) -> Answer {
    let events = events_of(id_of(calendar));
    if let Some(event) = objects::find(desk.db, events, id)? {
        return Ok(event);
    }
    let (master, suffix) = id.rsplit_once('_').ok_or_else(Refusal::no_path)?;
    let master = objects::find(desk.db, events, master)?.ok_or_else(Refusal::no_path)?;
    instances(&master, Millis(i64::MAX))
        .into_iter()
        .find(|when| when.suffix() == suffix)
        .map(|when| instance(&master, when))
        .ok_or_else(Refusal::no_path)
}

/// Returns when a recurring event happens before `end`; nothing if it is none, or cancelled.
pub(super) fn instances(master: &Value, end: Millis) -> Vec<When> {
    let rules: Vec<_> =
        master["recurrence"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if rules.is_empty() || master["status"] == "cancelled" {
        return Vec::new();
    }
    let start = When::read(&master["start"], "start").ok();
    start.and_then(|start| occurrences(start, &rules, end)).unwrap_or_default()
}

/// Returns one instance of a recurring event.
pub(super) fn instance(master: &Value, when: When) -> Value {
    let mut one = master.clone();
    let (start, end) = times::span(master);
    when.write(&mut one["start"]);
    when.later(end.0 - start.0).write(&mut one["end"]);
    one["originalStartTime"] = one["start"].clone();
    one["recurringEventId"] = master["id"].clone();
    one["id"] = format!("{}_{}", id_of(master), when.suffix()).into();
    if let Value::Object(fields) = &mut one {
        fields.shift_remove("recurrence");
    }
    one
}

/// Changes an event, or one instance of a recurring one.
pub(super) fn change(desk: &Desk<'_>, calendar: &Value, id: &str, change: Change) -> Answer {
    let body = google::body(desk.call)?;
    let old = get(desk, calendar, id)?;
    let stated = desk.call.header(header::IF_MATCH.as_str());
    if stated.is_some_and(|etag| etag != "*" && old["etag"] != etag) {
        let status = StatusCode::PRECONDITION_FAILED;
        return Err(Refusal::new(status, "conditionNotMet", "Precondition Failed"));
    }
    let mut event = old.clone();
    if let (Change::Replace, Value::Object(fields)) = (change, &mut event) {
        fields.retain(|name, _| name == "sequence" || !WRITABLE.contains(&name.as_str()));
        fields.insert("status".into(), "confirmed".into());
        fields.insert("reminders".into(), json!({ "useDefault": true }));
        fields.insert("eventType".into(), "default".into());
    }
    fill(&mut event, &body);
    settle(desk, &mut event, &body)?;
    if event["start"] != old["start"] || event["end"] != old["end"] {
        event["sequence"] = (old["sequence"].as_i64().unwrap_or_default() + 1).into();
    }
    keep(desk, calendar, &event)?;
    Ok(event)
}

fn keep(desk: &Desk<'_>, calendar: &Value, event: &Value) -> Result<(), Refusal> {
    let (events, id) = (events_of(id_of(calendar)), id_of(event));
    match objects::find(desk.db, events, id)? {
        Some(_) => objects::replace(desk.db, events, id, event)?,
        None => objects::insert(desk.db, events, id, event)?,
    }
    Ok(())
}

/// Cancels an event; one instance alone if it is one.
pub(super) fn delete(desk: &Desk<'_>, calendar: &Value, id: &str) -> Answer {
    let mut event = get(desk, calendar, id)?;
    if event["status"] == "cancelled" {
        return Err(Refusal::new(StatusCode::GONE, "deleted", "Resource has been deleted"));
    }
    event["status"] = "cancelled".into();
    touch(desk, &mut event);
    keep(desk, calendar, &event)?;
    Ok(Value::Null)
}

/// Moves an event to another calendar of the caller.
pub(super) fn relocate(desk: &Desk<'_>, calendar: &Value, id: &str) -> Answer {
    let destination = desk.call.query.get("destination").ok_or_else(|| {
        let text = "Required parameter: destination";
        Refusal::new(StatusCode::BAD_REQUEST, "required", text)
    })?;
    let destination = desk.calendar(destination)?;
    let mut event = get(desk, calendar, id)?;
    if event["status"] == "cancelled" {
        return Err(Refusal::no_path());
    }
    if event["recurringEventId"].is_string() {
        return Err(invalid("Cannot change the organizer of an instance."));
    }
    objects::remove(desk.db, events_of(id_of(calendar)), id)?;
    event["organizer"] = blank(desk, &destination, id)["organizer"].clone();
    touch(desk, &mut event);
    keep(desk, &destination, &event)?;
    Ok(event)
}

/// Puts what may be set into an event; objects are merged, `null` takes away.
fn fill(event: &mut Value, body: &Value) {
    let (Value::Object(event), Value::Object(body)) = (event, body) else { return };
    let writable = |name: &&String| WRITABLE.contains(&name.as_str());
    for name in body.keys().filter(writable) {
        merge(event, name, &body[name]);
    }
}

fn merge(into: &mut Map<String, Value>, name: &str, value: &Value) {
    match (into.get_mut(name), value) {
        (_, Value::Null) => drop(into.shift_remove(name)),
        (Some(Value::Object(held)), Value::Object(new)) => {
            for (name, value) in new {
                merge(held, name, value);
            }
        }
        _ => drop(into.insert(name.to_owned(), value.clone())),
    }
}

/// Checks what was put into an event, and fills in what follows from it.
pub(super) fn settle(desk: &Desk<'_>, event: &mut Value, body: &Value) -> Result<(), Refusal> {
    let start = When::read(&event["start"], "start")?;
    let end = When::read(&event["end"], "end")?;
    if matches!(start, When::Day(_)) != matches!(end, When::Day(_)) {
        let text = "Start and end times must either both be date or both be dateTime.";
        return Err(invalid(text));
    }
    if end.instant() < start.instant() {
        let text = "The specified time range is empty.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "timeRangeEmpty", text));
    }
    for (name, when) in [("start", start), ("end", end)] {
        when.write(&mut event[name]);
        if matches!(when, When::At(..)) && event[name]["timeZone"].is_null() {
            if event["recurrence"].is_array() {
                let text = format!("Missing time zone definition for {name} time.");
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "required", text));
            }
            event[name]["timeZone"] = "UTC".into();
        }
    }
    let repeats = event["recurrence"].as_array().is_some_and(|rules| !rules.is_empty());
    if repeats && instances(event, Millis(i64::MAX)).is_empty() && event["status"] != "cancelled" {
        return Err(invalid("Invalid recurrence rule."));
    }
    invite(desk, event)?;
    confer(desk, event, body);
    touch(desk, event);
    Ok(())
}

/// Completes the people that are invited.
fn invite(desk: &Desk<'_>, event: &mut Value) -> Result<(), Refusal> {
    let organizer = event["organizer"]["email"].clone();
    let Some(attendees) = event["attendees"].as_array_mut() else { return Ok(()) };
    for attendee in attendees {
        let email = attendee["email"].as_str().unwrap_or_default().to_lowercase();
        if email.split_once('@').is_none_or(|(local, domain)| local.is_empty() || domain.is_empty())
        {
            return Err(invalid("Invalid attendee email."));
        }
        let own = email == desk.account();
        if own {
            attendee["self"] = true.into();
        }
        if organizer == email.as_str() {
            attendee["organizer"] = true.into();
        }
        if !attendee["responseStatus"].is_string() {
            attendee["responseStatus"] = if own { "accepted" } else { "needsAction" }.into();
        }
        attendee["email"] = email.into();
    }
    Ok(())
}

/// Makes a video meeting, if one is asked for and the caller says that it knows about them.
fn confer(desk: &Desk<'_>, event: &mut Value, body: &Value) {
    let asked = &body["conferenceData"]["createRequest"];
    if desk.call.query.get("conferenceDataVersion") != Some("1") || !asked.is_object() {
        return;
    }
    let letters: String = hex(10).chars().map(|c| if c < 'a' { 'k' } else { c }).collect();
    let code = format!("{}-{}-{}", &letters[..3], &letters[3..7], &letters[7..]);
    let uri = format!("https://meet.google.com/{code}");
    event["hangoutLink"] = uri.as_str().into();
    event["conferenceData"] = json!({
        "createRequest": {
            "requestId": asked["requestId"],
            "conferenceSolutionKey": { "type": "hangoutsMeet" },
            "status": { "statusCode": "success" },
        },
        "entryPoints": [
            { "entryPointType": "video", "uri": uri, "label": format!("meet.google.com/{code}") },
        ],
        "conferenceSolution": { "key": { "type": "hangoutsMeet" }, "name": "Google Meet" },
        "conferenceId": code,
    });
}

fn touch(desk: &Desk<'_>, event: &mut Value) {
    event["updated"] = desk.now.to_string().into();
    event["etag"] = format!("\"{}\"", desk.now.0 * 1000).into();
}
