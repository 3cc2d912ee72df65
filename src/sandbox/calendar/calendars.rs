//! `calendars`, `calendarList`, `colors` and `settings`.

use serde_json::{Map, Value, json};

use super::{Desk, events_of, id_of, invalid};
use crate::sandbox::google::{self, Answer};
use crate::sandbox::store::{hex, objects};

/// What of a calendar's record is the caller's own view of it, not the calendar.
const ENTRY: [&str; 7] = [
    "summaryOverride",
    "colorId",
    "backgroundColor",
    "foregroundColor",
    "hidden",
    "selected",
    "defaultReminders",
];

/// Makes a calendar's record.
pub(super) fn record(desk: &Desk<'_>, id: &str, summary: &str) -> Value {
    json!({
        "kind": "calendar#calendar",
        "etag": etag(desk),
        "id": id,
        "summary": summary,
        "timeZone": "UTC",
        "conferenceProperties": { "allowedConferenceSolutionTypes": ["hangoutsMeet"] },
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": true,
        "defaultReminders": [{ "method": "popup", "minutes": 10 }],
    })
}

fn etag(desk: &Desk<'_>) -> String {
    format!("\"{}\"", desk.now.0 * 1000)
}

/// Renders a calendar.
pub(super) fn shown(calendar: &Value) -> Value {
    let mut shown = calendar.clone();
    if let Value::Object(fields) = &mut shown {
        fields.retain(|name, _| !ENTRY.contains(&name.as_str()));
    }
    shown
}

/// Renders a calendar as it stands in the caller's list.
pub(super) fn entry(desk: &Desk<'_>, calendar: &Value) -> Value {
    let mut entry = calendar.clone();
    entry["kind"] = "calendar#calendarListEntry".into();
    entry["accessRole"] = "owner".into();
    if id_of(calendar) == desk.account() {
        entry["primary"] = true.into();
    }
    entry
}

/// Lists the caller's calendars.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    let hidden = desk.call.query.get("showHidden") == Some("true");
    let mut all = objects::all(desk.db, desk.calendars())?;
    all.retain(|calendar| hidden || calendar["hidden"] != true);
    let (page, next) = desk.page(&all, 100)?;
    let items: Vec<_> = page.iter().map(|calendar| entry(desk, calendar)).collect();
    let mut body = json!({ "kind": "calendar#calendarList", "etag": etag(desk), "items": items });
    match next {
        Some(next) => body["nextPageToken"] = next.to_string().into(),
        None => body["nextSyncToken"] = desk.now.0.to_string().into(),
    }
    Ok(body)
}

/// Changes how a calendar stands in the caller's list.
pub(super) fn set_entry(desk: &Desk<'_>, id: &str) -> Answer {
    let mut calendar = desk.calendar(id)?;
    let body = google::body(desk.call)?;
    put(&mut calendar, body, &ENTRY);
    calendar["etag"] = etag(desk).into();
    objects::replace(desk.db, desk.calendars(), id_of(&calendar), &calendar)?;
    Ok(entry(desk, &calendar))
}

/// Makes a calendar.
pub(super) fn insert(desk: &Desk<'_>) -> Answer {
    let body = google::body(desk.call)?;
    let summary = body["summary"].as_str().unwrap_or_default().to_owned();
    if summary.is_empty() {
        let status = axum::http::StatusCode::BAD_REQUEST;
        return Err(google::Refusal::new(status, "required", "Missing title."));
    }
    let id = format!("c_{}@group.calendar.google.com", hex(64));
    let mut calendar = record(desk, &id, &summary);
    put(&mut calendar, body, &["description", "location", "timeZone"]);
    objects::insert(desk.db, desk.calendars(), &id, &calendar)?;
    Ok(shown(&calendar))
}

/// Changes a calendar.
pub(super) fn update(desk: &Desk<'_>, id: &str) -> Answer {
    let mut calendar = desk.calendar(id)?;
    put(
        &mut calendar,
        google::body(desk.call)?,
        &["summary", "description", "location", "timeZone"],
    );
    calendar["etag"] = etag(desk).into();
    objects::replace(desk.db, desk.calendars(), id_of(&calendar), &calendar)?;
    Ok(shown(&calendar))
}

/// Deletes a calendar with its events; not the primary one, which can be cleared.
pub(super) fn delete(desk: &Desk<'_>, id: &str) -> Answer {
    let calendar = desk.calendar(id)?;
    let id = id_of(&calendar);
    if id == desk.account() {
        return Err(invalid("Cannot delete primary calendar."));
    }
    forget_events(desk, id)?;
    objects::remove(desk.db, desk.calendars(), id)?;
    Ok(Value::Null)
}

/// Deletes all events of the primary calendar.
pub(super) fn clear(desk: &Desk<'_>, id: &str) -> Answer {
    let calendar = desk.calendar(id)?;
    if id_of(&calendar) != desk.account() {
        return Err(invalid("Only a primary calendar can be cleared."));
    }
    forget_events(desk, id_of(&calendar))?;
    Ok(Value::Null)
}

fn forget_events(desk: &Desk<'_>, calendar: &str) -> rusqlite::Result<()> {
    for event in objects::all(desk.db, events_of(calendar))? {
        objects::remove(desk.db, events_of(calendar), id_of(&event))?;
    }
    Ok(())
}

/// Puts what may be set into a record; `null` takes it away.
fn put(calendar: &mut Value, body: Value, fields: &[&str]) {
    let (Value::Object(calendar), Value::Object(body)) = (calendar, body) else { return };
    for (name, value) in body {
        if !fields.contains(&name.as_str()) {
            continue;
        }
        if value.is_null() {
            calendar.shift_remove(&name);
        } else {
            calendar.insert(name, value);
        }
    }
}

/// Returns the caller's settings.
pub(super) fn settings() -> Value {
    let setting = |id: &str, value: &str| json!({ "kind": "calendar#setting", "etag": "\"0\"", "id": id, "value": value });
    let items = [
        setting("timezone", "UTC"),
        setting("locale", "en"),
        setting("format24HourTime", "true"),
        setting("weekStart", "1"),
        setting("defaultEventLength", "60"),
    ];
    json!({ "kind": "calendar#settings", "etag": "\"0\"", "items": items })
}

/// Returns a palette for events and one for calendars.
pub(super) fn colors() -> Value {
    let palette = |colors: &[&str]| {
        let one = |(place, color): (usize, &&str)| {
            ((place + 1).to_string(), json!({ "background": color, "foreground": "#1d1d1d" }))
        };
        Value::Object(colors.iter().enumerate().map(one).collect::<Map<_, _>>())
    };
    json!({
        "kind": "calendar#colors",
        "updated": "2012-02-14T00:00:00.000Z",
        "calendar": palette(&["#ac725e", "#d06b64", "#f83a22", "#fa573c", "#ff7537"]),
        "event": palette(&[
            "#a4bdfc", "#7ae7bf", "#dbadff", "#ff887c", "#fbd75b", "#ffb878", "#46d6db", "#e1e1e1",
            "#5484ed", "#51b749", "#dc2127",
        ]),
    })
}
