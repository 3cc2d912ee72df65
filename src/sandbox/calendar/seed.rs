//! What stands in an account's calendars when they are opened for the first time.

use serde_json::{Value, json};

use super::google::Refusal;
use super::times::{self, When};
use super::{Desk, calendars, events, events_of};
use crate::sandbox::store::{hex, objects};
use jiff::civil::time;
use jiff::tz::Offset;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Makes the primary calendar with a few events in it, and a second one, unless they are there.
pub(super) fn calendars(desk: &Desk<'_>) -> Result<(), Refusal> {
    let account = desk.account();
    if objects::find(desk.db, desk.calendars(), account)?.is_some() {
        return Ok(());
    }
    let primary = calendars::record(desk, account, account);
    let id = format!("c_{}@group.calendar.google.com", hex(64));
    let club = calendars::record(desk, &id, "Reading club");
    objects::insert(desk.db, desk.calendars(), account, &primary)?;
    objects::insert(desk.db, desk.calendars(), &id, &club)?;
    let grace = json!([{ "email": account }, { "email": "grace@sandbox.example" }]);
    let today = times::day(desk.now);
    let at = |hour, minute| When::At(today.to_datetime(time(hour, minute, 0, 0)), Offset::UTC);
    let seeds = [
        (
            &primary,
            at(9, 30).later(-7 * DAY),
            15,
            json!({
                "summary": "Stand-up",
                "description": "What was done, what comes next, what is in the way.",
                "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
            }),
        ),
        (
            &primary,
            at(12, 30).later(DAY),
            60,
            json!({ "summary": "Lunch with Grace", "location": "The Engine Room", "attendees": grace }),
        ),
        (
            &primary,
            at(15, 0).later(2 * DAY),
            90,
            json!({
                "summary": "Review of the difference engine",
                "description": "Bring the drawings.",
                "attendees": grace,
            }),
        ),
        (
            &club,
            at(19, 0).later(5 * DAY),
            120,
            json!({ "summary": "Sketch of the engine, part two" }),
        ),
    ];
    for (calendar, start, minutes, fields) in seeds {
        make(desk, calendar, &fields, (start, start.later(minutes * MINUTE)))?;
    }
    let day = When::Day(today).later(3 * DAY);
    let free = json!({ "summary": "Day off", "transparency": "transparent" });
    make(desk, &primary, &free, (day, day.later(DAY)))
}

fn make(
    desk: &Desk<'_>,
    calendar: &Value,
    fields: &Value,
    (start, end): (When, When),
) -> Result<(), Refusal> {
    let id = hex(26);
    let mut event = events::blank(desk, calendar, &id);
    for (name, value) in fields.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    for (name, when) in [("start", start), ("end", end)] {
        event[name] = match when {
            When::Day(_) => json!({}),
            When::At(..) => json!({ "timeZone": "UTC" }),
        };
        when.write(&mut event[name]);
    }
    events::settle(desk, &mut event, &Value::Null)?;
    objects::insert(desk.db, events_of(super::id_of(calendar)), &id, &event)?;
    Ok(())
}
