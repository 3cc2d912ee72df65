//! When something begins or ends: on a day, or at a time of a day with an offset from UTC.
//!
//! Not here: what repeats (`recurrence`).

use axum::http::StatusCode;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::invalid;
use crate::api::time::Millis;
use crate::sandbox::google::Refusal;

/// The beginning or the end of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// The whole day, which is UTC's.
    Day(Date),
    /// A local time and its offset.
    At(DateTime, Offset),
}

impl When {
    /// Reads `{"date": …}` or `{"dateTime": …, "timeZone": …}`; `name` is `start` or `end`.
    pub(super) fn read(value: &Value, name: &str) -> Result<Self, Refusal> {
        let required = |text: String| Refusal::new(StatusCode::BAD_REQUEST, "required", text);
        let wrong = || invalid(format!("Invalid {name} time."));
        match (value["date"].as_str(), value["dateTime"].as_str()) {
            (None, None) => Err(required(format!("Missing {name} time."))),
            (Some(_), Some(_)) => Err(wrong()),
            (Some(day), None) => day.parse().map(Self::Day).map_err(|_| wrong()),
            (None, Some(text)) => {
                let (local, offset) = read(text).ok_or_else(wrong)?;
                if offset.is_none() && !value["timeZone"].is_string() {
                    let text = format!("Missing time zone definition for {name} time.");
                    return Err(required(text));
                }
                Ok(Self::At(local, offset.unwrap_or(Offset::UTC)))
            }
        }
    }

    /// Puts it into the object it was read from, always with its offset.
    pub(super) fn write(self, value: &mut Value) {
        match self {
            Self::Day(day) => value["date"] = day.to_string().into(),
            Self::At(..) => value["dateTime"] = self.text().into(),
        }
    }

    /// Returns the day it is on.
    pub(super) fn date(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::At(local, _) => local.date(),
        }
    }

    /// Returns the same time of another day.
    pub(super) fn on(self, day: Date) -> Self {
        match self {
            Self::Day(_) => Self::Day(day),
            Self::At(local, offset) => Self::At(day.to_datetime(local.time()), offset),
        }
    }

    /// Returns the moment.
    pub(super) fn instant(self) -> Millis {
        let (local, offset) = match self {
            Self::Day(day) => (day.to_datetime(Time::midnight()), Offset::UTC),
            Self::At(local, offset) => (local, offset),
        };
        Millis(offset.to_timestamp(local).unwrap_or(Timestamp::MAX).as_millisecond())
    }

    /// Returns what is so many milliseconds later.
    pub(super) fn later(self, span: i64) -> Self {
        let span = SignedDuration::from_millis(span);
        match self {
            Self::Day(day) => Self::Day(day.saturating_add(span)),
            Self::At(local, offset) => Self::At(local.saturating_add(span), offset),
        }
    }

    /// Returns what tells one instance of a recurring event from the others: `20261120T103000Z`.
    pub(super) fn suffix(self) -> String {
        match self {
            Self::Day(day) => day.strftime("%Y%m%d").to_string(),
            Self::At(..) => {
                let utc = Timestamp::from_millisecond(self.instant().0).unwrap_or(Timestamp::MAX);
                utc.strftime("%Y%m%dT%H%M%SZ").to_string()
            }
        }
    }

    fn text(self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::At(local, Offset::UTC) => format!("{}Z", local.strftime("%Y-%m-%dT%H:%M:%S")),
            Self::At(local, offset) => {
                let minutes = offset.seconds() / 60;
                let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
                let local = local.strftime("%Y-%m-%dT%H:%M:%S");
                format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// Reads a local time and, if there is one, its offset.
fn read(text: &str) -> Option<(DateTime, Option<Offset>)> {
    let pieces = Pieces::parse(text).ok()?;
    let local = pieces.date().to_datetime(pieces.time()?);
    Some((local, pieces.to_numeric_offset()))
}

/// Reads a moment with an offset, as queries must have it (RFC 3339).
pub(super) fn moment(text: &str) -> Option<Millis> {
    Some(Millis(text.parse::<Timestamp>().ok()?.as_millisecond()))
}

/// Returns the day of a moment, in UTC.
pub(super) fn day(at: Millis) -> Date {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX);
    at.to_zoned(TimeZone::UTC).date()
}

/// Returns beginning and end of an event; both the same moment if it has no readable times.
pub(super) fn span(event: &Value) -> (Millis, Millis) {
    let at = |name: &str| When::read(&event[name], name).map(When::instant);
    let start = at("start").unwrap_or(Millis(0));
    (start, at("end").unwrap_or(start))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        for (value, text, suffix) in [
            (json!({ "date": "2026-11-20" }), "2026-11-20", "20261120"),
            (
                json!({ "dateTime": "2026-11-20T09:30:00+05:30" }),
                "2026-11-20T09:30:00+05:30",
                "20261120T040000Z",
            ),
            (
                json!({ "dateTime": "2026-11-20T09:30:00", "timeZone": "Europe/Paris" }),
                "2026-11-20T09:30:00Z",
                "20261120T093000Z",
            ),
        ] {
            let when = When::read(&value, "start").unwrap();

            assert_eq!((when.text().as_str(), when.suffix().as_str()), (text, suffix));
        }
        for value in [
            json!({}),
            json!({ "date": "tomorrow" }),
            json!({ "dateTime": "2026-11-20T09:30:00" }),
            json!({ "date": "2026-11-20", "dateTime": "2026-11-20T09:30:00Z" }),
        ] {
            assert!(When::read(&value, "start").is_err(), "{value}");
        }
    }
}
