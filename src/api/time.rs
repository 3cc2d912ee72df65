//! Points in time as the store keeps them and the outside reads them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SpanRelativeTo, Timestamp, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::Malformed;

/// A point in time in whole milliseconds since the Unix epoch; ISO 8601 in UTC on the wire.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Millis(pub(crate) i64);

impl Millis {
    /// Returns the present; the only place where time enters.
    #[expect(clippy::disallowed_methods, reason = "this is the place where time enters")]
    pub(crate) fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }

    /// Returns the point `span` later.
    pub(crate) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Returns how long ago this was at `now`, or zero if it is still to come.
    pub(crate) fn age(self, now: Self) -> Duration {
        Duration::from_millis(u64::try_from(now.0.saturating_sub(self.0)).unwrap_or(0))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX)
    }

    /// Returns the time as tables show it, in UTC to the minute: `2026-11-20 10:38`.
    pub(crate) fn minute(self) -> String {
        self.plain().chars().take(16).collect()
    }

    /// Returns the time as people read it, in UTC to the second: `2026-11-20 10:38:47`.
    pub(crate) fn plain(self) -> String {
        let rounded = self.timestamp().round(Unit::Second).unwrap_or(self.timestamp());
        rounded.to_string().replace('T', " ").trim_end_matches('Z').to_owned()
    }
}

/// A span of time as people write it: `90s`, `15m`, `72h`, `30d`. More than nothing, at most ten years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Span {
    text: String,
    length: Duration,
}

impl Span {
    /// Returns how long it is.
    pub(crate) fn length(&self) -> Duration {
        self.length
    }
}

impl FromStr for Span {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("a time is written as 90s, 15m, 72h or 30d");
        let span: jiff::Span = text.trim().parse().map_err(|_| malformed())?;
        let day = SpanRelativeTo::days_are_24_hours();
        let length = span.to_duration(day).ok().and_then(|span| Duration::try_from(span).ok());
        let length = length.filter(|span| !span.is_zero()).ok_or_else(malformed)?;
        if length > Duration::from_hours(24 * 3653) {
            return Err(Malformed::new("a time is at most ten years"));
        }
        Ok(Self { text: text.trim().to_owned(), length })
    }
}

impl TryFrom<String> for Span {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.text
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl From<Millis> for String {
    fn from(at: Millis) -> Self {
        at.to_string()
    }
}

/// Reads a moment as people write it: `2026-11-20T10:20:00Z`, or a day, which begins in UTC.
pub(crate) fn moment(text: &str) -> Result<Millis, Malformed> {
    let malformed = || Malformed::new("write it as 2026-11-20 or 2026-11-20T10:20:00Z");
    let day = format!("{text}T00:00:00Z");
    text.parse().or_else(|_| day.parse()).map_err(|_| malformed())
}

impl FromStr for Millis {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        Ok(Self(text.parse::<Timestamp>()?.as_millisecond()))
    }
}

impl TryFrom<String> for Millis {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_wire() {
        let at = Millis(1_795_170_000_123);

        let wire = serde_json::to_string(&at).unwrap();

        assert_eq!(wire, "\"2026-11-20T10:20:00.123Z\"");
        assert_eq!(serde_json::from_str::<Millis>(&wire).unwrap(), at);
        assert_eq!(at.plain(), "2026-11-20 10:20:00");
    }

    #[test]
    fn a_span_is_read_as_people_write_it() {
        let length = |text: &str| text.parse::<Span>().map(|span| span.length().as_secs());

        assert_eq!(length("90s"), Ok(90));
        assert_eq!(length("30d"), Ok(30 * 86_400));
        assert_eq!(length("1h 30m"), Ok(5_400));
        for wrong in ["", "0s", "-5m", "soon", "20y", "1mo"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }
}
