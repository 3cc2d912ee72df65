//! Points in time as the store keeps them and the outside reads them.

use std::fmt;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

impl TryFrom<String> for Millis {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self(text.parse::<Timestamp>()?.as_millisecond()))
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
}
