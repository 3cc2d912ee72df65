//! `events.quickAdd`: an event from a sentence, as `Lunch with Grace tomorrow at 12:30`.
//!
//! Understood are `today`, `tomorrow`, weekdays, `2026-11-20`, `9am`, `at 15:30` and `3pm-4pm`;
//! everything else is the summary. Without a time it is all day.

use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::times::{self, When};
use super::{Desk, events, events_of, id_of};
use crate::sandbox::google::{Answer, Refusal};
use crate::sandbox::store::{hex, objects};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Makes an event from the parameter `text`.
pub(super) fn add(desk: &Desk<'_>, calendar: &Value) -> Answer {
    let text = desk.call.query.get("text").ok_or_else(|| {
        Refusal::new(StatusCode::BAD_REQUEST, "required", "Required parameter: text")
    })?;
    let (summary, start, end) = understood(text, times::day(desk.now));
    let id = hex(26);
    let mut event = events::blank(desk, calendar, &id);
    event["summary"] = summary.into();
    event["start"] = json!({});
    event["end"] = json!({});
    start.write(&mut event["start"]);
    end.write(&mut event["end"]);
    events::settle(desk, &mut event, &Value::Null)?;
    objects::insert(desk.db, events_of(id_of(calendar)), &id, &event)?;
    Ok(event)
}

/// Returns what it is about, when it begins and when it ends.
fn understood(text: &str, today: Date) -> (String, When, When) {
    let (mut day, mut clock, mut rest) = (today, None, Vec::new());
    for word in text.split_whitespace() {
        let plain = word.trim_end_matches([',', '.']).to_lowercase();
        if let Some(found) = named_day(&plain, today) {
            day = found;
        } else if let Some(found) = hours(&plain) {
            clock = Some(found);
        } else {
            rest.push(word);
            continue;
        }
        // The preposition belongs to what followed it.
        if rest.last().is_some_and(|last| matches!(*last, "at" | "on" | "from")) {
            rest.pop();
        }
    }
    let Some((start, end)) = clock else {
        let start = When::Day(day);
        return (rest.join(" "), start, start.later(DAY));
    };
    let start = When::At(day.to_datetime(start), Offset::UTC);
    let end = end.map(|end| When::At(day.to_datetime(end), Offset::UTC));
    let end = end.filter(|end| end.instant() > start.instant());
    (rest.join(" "), start, end.unwrap_or_else(|| start.later(HOUR)))
}

fn named_day(word: &str, today: Date) -> Option<Date> {
    let weekday = match word {
        "today" => return Some(today),
        "tomorrow" => return today.tomorrow().ok(),
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return word.parse().ok().filter(|_| word.len() == 10),
    };
    let ahead = today.weekday().until(weekday);
    today.checked_add(i64::from(ahead).days()).ok()
}

/// Reads `9am`, `15:30`, `3pm-4pm`.
fn hours(word: &str) -> Option<(Time, Option<Time>)> {
    match word.split_once('-') {
        None => Some((hour(word)?, None)),
        Some((start, end)) => Some((hour(start)?, Some(hour(end)?))),
    }
}

fn hour(word: &str) -> Option<Time> {
    let (digits, later) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (word, None),
    };
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) => (hour, minute.parse().ok()?),
        // A number alone is no time.
        None => (digits, later.map(|_| 0)?),
    };
    let hour: i8 = hour.parse().ok()?;
    let hour = match later {
        None => hour,
        Some(later) if (1..=12).contains(&hour) => hour % 12 + later,
        Some(_) => return None,
    };
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_sentence_becomes_an_event() {
        for (text, summary, start, end) in [
            ("Lunch tomorrow at 12:30", "Lunch", "20261121T123000Z", "20261121T133000Z"),
            ("Review on monday 3pm-4:30pm", "Review", "20261123T150000Z", "20261123T163000Z"),
            ("Pay 12 bills 2026-12-01", "Pay 12 bills", "20261201", "20261202"),
            ("Stand-up 12am", "Stand-up", "20261120T000000Z", "20261120T010000Z"),
        ] {
            let (own, first, last) = understood(text, date(2026, 11, 20));

            assert_eq!(own, summary);
            assert_eq!((first.suffix().as_str(), last.suffix().as_str()), (start, end), "{text}");
        }
    }
}
