//! Lists of events, instances of recurring ones, and what they leave free.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::times::{self, moment};
use super::{Desk, events, events_of, id_of, invalid};
use crate::api::time::Millis;
use crate::sandbox::google::{self, Answer, Refusal};
use crate::sandbox::store::objects;

/// Which events are wanted.
struct Filter<'a> {
    from: Millis,
    to: Millis,
    updated: Millis,
    words: Vec<String>,
    deleted: bool,
    uid: Option<&'a str>,
    types: Vec<&'a str>,
}

impl<'a> Filter<'a> {
    fn read(desk: &'a Desk<'_>) -> Result<Self, Refusal> {
        let query = &desk.call.query;
        let at = |name: &str, otherwise: i64| match query.get(name) {
            None => Ok(Millis(otherwise)),
            Some(text) => moment(text).ok_or_else(|| invalid("Bad Request")),
        };
        let (from, to) = (at("timeMin", i64::MIN)?, at("timeMax", i64::MAX)?);
        if to <= from {
            let text = "The specified time range is empty.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "timeRangeEmpty", text));
        }
        let mut updated = at("updatedMin", i64::MIN)?;
        let mut deleted = query.get("showDeleted") == Some("true");
        if let Some(token) = query.get("syncToken") {
            let text = "Sync token is no longer valid, a full sync is required.";
            let since = token
                .parse()
                .map_err(|_| Refusal::new(StatusCode::GONE, "fullSyncRequired", text))?;
            (updated, deleted) = (Millis(since), true);
        }
        Ok(Self {
            from,
            to,
            updated,
            deleted,
            words: query
                .get("q")
                .map(|q| q.to_lowercase().split_whitespace().map(str::to_owned).collect())
                .unwrap_or_default(),
            uid: query.get("iCalUID"),
            types: query.all("eventTypes").collect(),
        })
    }

    fn fits(&self, event: &Value) -> bool {
        let (start, end) = times::span(event);
        // What takes no time still takes place.
        let inside = start < self.to && (end > self.from || (start == end && start >= self.from));
        let repeats = event["recurrence"].is_array() && start < self.to;
        let fresh = event["updated"].as_str().and_then(moment).is_none_or(|at| at >= self.updated);
        (inside || repeats)
            && fresh
            && (self.deleted || event["status"] != "cancelled")
            && self.uid.is_none_or(|uid| event["iCalUID"] == uid)
            && (self.types.is_empty() || self.types.iter().any(|kind| event["eventType"] == **kind))
            && self.says(event)
    }

    fn says(&self, event: &Value) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let people = event["attendees"].as_array().into_iter().flatten();
        let people = people.flat_map(|one| [&one["email"], &one["displayName"]]);
        let own = [&event["summary"], &event["description"], &event["location"]];
        let all: Vec<_> = own.into_iter().chain(people).filter_map(Value::as_str).collect();
        let all = all.join("\n").to_lowercase();
        self.words.iter().all(|word| all.contains(word))
    }
}

/// Lists events.
pub(super) fn list(desk: &Desk<'_>, calendar: &Value) -> Answer {
    let filter = Filter::read(desk)?;
    let single = desk.call.query.get("singleEvents") == Some("true");
    let mut all = objects::all(desk.db, events_of(id_of(calendar)))?;
    if single {
        all = expanded(&all, filter.to);
    }
    all.retain(|event| filter.fits(event));
    match desk.call.query.get("orderBy") {
        None => {}
        Some("startTime") if single => all.sort_by_key(|event| times::span(event).0),
        Some("updated") => all.sort_by_key(|event| event["updated"].as_str().map(str::to_owned)),
        Some(_) => {
            return Err(invalid(
                "The requested ordering is not available for the particular query.",
            ));
        }
    }
    page(desk, calendar, &all)
}

/// Lists the instances of one recurring event.
pub(super) fn instances(desk: &Desk<'_>, calendar: &Value, id: &str) -> Answer {
    let filter = Filter::read(desk)?;
    events::get(desk, calendar, id)?;
    let mut all = expanded(&objects::all(desk.db, events_of(id_of(calendar)))?, filter.to);
    all.retain(|event| event["recurringEventId"] == id && filter.fits(event));
    all.sort_by_key(|event| times::span(event).0);
    page(desk, calendar, &all)
}

/// Puts its instances in the place of each recurring event.
fn expanded(stored: &[Value], end: Millis) -> Vec<Value> {
    let mut all = Vec::new();
    for event in stored {
        if !event["recurrence"].is_array() {
            all.push(event.clone());
            continue;
        }
        let made = events::instances(event, end).into_iter();
        let made = made.map(|when| events::instance(event, when));
        // An instance that was changed stands for itself.
        all.extend(made.filter(|one| stored.iter().all(|own| own["id"] != one["id"])));
    }
    all
}

fn page(desk: &Desk<'_>, calendar: &Value, all: &[Value]) -> Answer {
    let (page, next) = desk.page(all, 250)?;
    let mut body = json!({
        "kind": "calendar#events",
        "etag": calendar["etag"],
        "summary": calendar["summary"],
        "description": calendar["description"].as_str().unwrap_or_default(),
        "updated": desk.now.to_string(),
        "timeZone": calendar["timeZone"],
        "accessRole": "owner",
        "defaultReminders": calendar["defaultReminders"],
        "items": page,
    });
    match next {
        Some(next) => body["nextPageToken"] = next.to_string().into(),
        None => body["nextSyncToken"] = desk.now.0.to_string().into(),
    }
    Ok(body)
}

/// Says when the caller's calendars are busy; of other people's it knows nothing.
pub(super) fn busy(desk: &Desk<'_>) -> Answer {
    let body = google::body(desk.call)?;
    let at = |name: &str| {
        body[name].as_str().and_then(moment).ok_or_else(|| {
            let text = format!("Missing or invalid {name} parameter.");
            Refusal::new(StatusCode::BAD_REQUEST, "required", text)
        })
    };
    let (from, to) = (at("timeMin")?, at("timeMax")?);
    if to <= from {
        let text = "The specified time range is empty.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "timeRangeEmpty", text));
    }
    let mut calendars = json!({});
    for item in body["items"].as_array().into_iter().flatten() {
        let id = id_of(item);
        calendars[id] = if let Ok(calendar) = desk.calendar(id) {
            json!({ "busy": taken(desk, &calendar, from, to)? })
        } else {
            let unknown = json!({ "domain": "global", "reason": "notFound" });
            json!({ "errors": [unknown], "busy": [] })
        };
    }
    Ok(json!({
        "kind": "calendar#freeBusy",
        "timeMin": from.to_string(),
        "timeMax": to.to_string(),
        "calendars": calendars,
    }))
}

/// Returns the spans that are taken, in order, joined where they touch.
fn taken(
    desk: &Desk<'_>,
    calendar: &Value,
    from: Millis,
    to: Millis,
) -> Result<Vec<Value>, Refusal> {
    let events = expanded(&objects::all(desk.db, events_of(id_of(calendar)))?, to);
    let counts =
        |event: &&Value| event["status"] != "cancelled" && event["transparency"] != "transparent";
    let spans = events.iter().filter(counts).map(times::span);
    let mut spans: Vec<_> = spans
        .map(|(start, end)| (start.max(from), end.min(to)))
        .filter(|(start, end)| start < end)
        .collect();
    spans.sort_unstable();
    let mut joined: Vec<(Millis, Millis)> = Vec::new();
    for (start, end) in spans {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    let plain = |at: Millis| at.to_string().replace(".000Z", "Z");
    Ok(joined
        .into_iter()
        .map(|(start, end)| json!({ "start": plain(start), "end": plain(end) }))
        .collect())
}
