//! Parameters of queries in every spelling that real clients have: `True`, lists with commas or repeated, a plus
//! that became a space, a moment without an offset.
//!
//! Not here: what is answered where one cannot be read; trading and market data have words of their own.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::api::time::Millis;
use crate::broker::calendar;
use crate::sandbox::http::Params;

/// Reads a yes or no, as the broker's server does (source: Go, `strconv.ParseBool`).
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// Returns the values of a parameter that is given with commas, repeatedly, or both; each once, in the order in
/// which they come first.
pub(super) fn list<'a>(query: &'a Params, name: &'a str) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    let values = query.all(name).flat_map(|value| value.split(',')).map(str::trim);
    values.filter(|value| !value.is_empty() && seen.insert(*value)).collect()
}

/// Reads a moment: a time with its offset, one without as UTC, or a day, of which `midnight` tells when it begins.
pub(super) fn moment(text: &str, midnight: impl Fn(Date) -> Millis) -> Option<Millis> {
    let mut text = text.trim().to_owned();
    // What stands between time and offset was a plus before a query was made of it.
    if let Some(at) = text.rfind(' ').filter(|at| *at > 15) {
        text.replace_range(at..=at, "+");
    }
    if let Some(day) = plain_day(&text) {
        return Some(midnight(day));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Millis(at.as_millisecond()));
    }
    let at = text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Millis(at.timestamp().as_millisecond()))
}

/// Reads a day: itself, or the one in New York in which a moment lies.
pub(super) fn day(text: &str) -> Option<Date> {
    plain_day(text.trim()).or_else(|| moment(text, new_york).map(calendar::date))
}

/// Returns when a day begins in New York.
pub(super) fn new_york(day: Date) -> Millis {
    calendar::at(day, 0, 0)
}

fn plain_day(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_commas_and_repeated_and_has_each_value_once() {
        let given = Params::parse(b"a=AAPL%2CBTC%2FUSD&a=MSFT,AAPL&b=&a=MSFT");

        assert_eq!(list(&given, "a"), ["AAPL", "BTC/USD", "MSFT"]);
        assert!(list(&given, "b").is_empty());
        assert!(list(&given, "c").is_empty());
    }

    #[test]
    fn a_moment_is_read_in_every_spelling() {
        let spellings = [
            "2026-11-27T14:30:00Z",
            "2026-11-27T14:30:00.000000000Z",
            "2026-11-27T09:30:00-05:00",
            "2026-11-27T14:30:00+00:00",
            "2026-11-27T14:30:00 00:00",
            "2026-11-27 14:30:00",
            "2026-11-27T14:30:00",
        ];
        for spelling in spellings {
            let read = moment(spelling, new_york).unwrap();
            assert_eq!(read.to_string(), "2026-11-27T14:30:00.000Z", "{spelling}");
        }
        let midnight = moment("2026-11-27", new_york).unwrap();
        assert_eq!(midnight.to_string(), "2026-11-27T05:00:00.000Z");
        assert_eq!(day("2026-11-27T02:00:00Z"), Some(Date::constant(2026, 11, 26)));
        assert_eq!((moment("soon", new_york), day("2026-13-01")), (None, None));
    }

    #[test]
    fn yes_and_no_are_said_in_capitals_too() {
        for (text, said) in [
            ("True", Some(true)),
            ("true", Some(true)),
            ("t", Some(true)),
            ("1", Some(true)),
            ("False", Some(false)),
            ("0", Some(false)),
            ("yes", None),
        ] {
            assert_eq!(flag(text), said, "{text}");
        }
    }
}
