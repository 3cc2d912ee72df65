//! The calendar and the hours of the US stock market, in New York's time: reckoned, never fetched.
//!
//! Source: NYSE holidays and trading hours (read 2026-11-20); hours before and after the session as
//! Alpaca keeps them. Rules of the holidays hold since 2013; earlier years lack some of the closures.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::{Offset, TimeZone};

use crate::api::time::Millis;

/// New York by its rule since 2007, so that no database of time zones is needed.
static NEW_YORK: LazyLock<TimeZone> = LazyLock::new(|| {
    let rule = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0");
    rule.unwrap_or_else(|_| TimeZone::fixed(Offset::constant(-5)))
});

/// Days on which the market stayed closed and no rule says so.
const SPECIAL: &[Date] = &[
    Date::constant(2001, 9, 11),
    Date::constant(2001, 9, 12),
    Date::constant(2001, 9, 13),
    Date::constant(2001, 9, 14),
    Date::constant(2004, 6, 11),
    Date::constant(2007, 1, 2),
    Date::constant(2012, 10, 29),
    Date::constant(2012, 10, 30),
    Date::constant(2018, 12, 5),
    Date::constant(2025, 1, 9),
];

const MINUTE: i64 = 60_000;

/// What part of the market's day a moment lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    /// Night, weekend or holiday
    Closed,
    /// Before the opening
    Pre,
    /// The session itself
    Regular,
    /// After the close
    Post,
}

/// A day on which the market opens. Each span holds its first moment and not its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// Which day, in New York
    pub(crate) date: Date,
    /// When the hours before the opening begin: 4:00
    pub(crate) pre: Millis,
    /// When it opens: 9:30
    pub(crate) open: Millis,
    /// When it closes: 16:00, on a short day 13:00
    pub(crate) close: Millis,
    /// When the hours after the close end: 20:00, on a short day 17:00
    pub(crate) post: Millis,
    /// Whether it is a short day
    pub(crate) early: bool,
}

/// Returns the session of a day; none on weekends and holidays.
pub(crate) fn session(date: Date) -> Option<Session> {
    (!is_closed(date)).then(|| hours(date))
}

/// Returns the session that runs, or the next one to open.
pub(crate) fn current_or_next(at: Millis) -> Session {
    let today = date(at);
    session(today).filter(|session| session.close > at).unwrap_or_else(|| next_after(today))
}

/// Returns the first session after a day.
pub(crate) fn next_after(date: Date) -> Session {
    let mut day = date;
    while let Ok(next) = day.tomorrow() {
        if let Some(session) = session(next) {
            return session;
        }
        day = next;
    }
    hours(day)
}

/// Returns the last session before a day.
pub(crate) fn previous(date: Date) -> Session {
    let mut day = date;
    while let Ok(last) = day.yesterday() {
        if let Some(session) = session(last) {
            return session;
        }
        day = last;
    }
    hours(day)
}

/// Returns what part of the market's day a moment lies in.
pub(crate) fn phase(at: Millis) -> Phase {
    match session(date(at)) {
        None => Phase::Closed,
        Some(day) if at < day.pre || at >= day.post => Phase::Closed,
        Some(day) if at < day.open => Phase::Pre,
        Some(day) if at < day.close => Phase::Regular,
        Some(_) => Phase::Post,
    }
}

/// Returns the day it is in New York.
pub(crate) fn date(at: Millis) -> Date {
    let at = timestamp(at);
    NEW_YORK.to_offset(at).to_datetime(at).date()
}

/// Returns the moment at which New York's clocks show this. What the change to summer time leaves out lies
/// an hour later, what the change back shows twice is the first of both.
pub(crate) fn at(date: Date, hour: i8, minute: i8) -> Millis {
    let spread = i64::from(hour) * 60 + i64::from(minute);
    let noon = date.at(12, 0, 0, 0);
    let wall = jiff::SignedDuration::from_mins(spread - 12 * 60);
    let wall = noon.checked_add(wall).unwrap_or(noon);
    let edge = if date.year() < 1970 { Timestamp::MIN } else { Timestamp::MAX };
    let moment = NEW_YORK.to_timestamp(wall).unwrap_or(edge);
    Millis(moment.as_millisecond())
}

/// Returns the moment as the broker writes it, with New York's offset: `2026-11-27T09:30:00-05:00`.
pub(crate) fn stamp(at: Millis) -> String {
    let at = timestamp(at);
    at.display_with_offset(NEW_YORK.to_offset(at)).to_string()
}

/// Returns the day on which a trade of this day is settled: the next session (T+1, since 2024-05-28). Days on
/// which only the banks are closed count as sessions.
pub(crate) fn settlement(date: Date) -> Date {
    next_after(date).date
}

fn timestamp(at: Millis) -> Timestamp {
    let edge = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at.0).unwrap_or(edge)
}

/// Summer time changes at 2:00 and weekends only: from noon, all hours of a session are plain arithmetic.
fn hours(date: Date) -> Session {
    let early = is_early(date);
    let noon = at(date, 12, 0).0;
    let (close, post) = if early { (60, 5 * 60) } else { (4 * 60, 8 * 60) };
    Session {
        date,
        pre: Millis(noon - 8 * 60 * MINUTE),
        open: Millis(noon - 150 * MINUTE),
        close: Millis(noon + close * MINUTE),
        post: Millis(noon + post * MINUTE),
        early,
    }
}

fn is_closed(date: Date) -> bool {
    let weekday = date.weekday();
    matches!(weekday, Weekday::Saturday | Weekday::Sunday)
        || is_holiday(date, weekday)
        || SPECIAL.contains(&date)
}

/// Tells whether a weekday is a holiday. One that falls on a Saturday is kept on the Friday before, one on
/// a Sunday on the Monday after; New Year on a Saturday is not kept at all.
fn is_holiday(date: Date, weekday: Weekday) -> bool {
    let day = date.day();
    let monday = weekday == Weekday::Monday;
    let kept = |fixed: i8| {
        day == fixed
            || (day == fixed + 1 && monday)
            || (day == fixed - 1 && weekday == Weekday::Friday)
    };
    match date.month() {
        1 => kept(1) || (monday && (15..=21).contains(&day)),
        2 => monday && (15..=21).contains(&day),
        3 | 4 => weekday == Weekday::Friday && is_good_friday(date),
        5 => monday && day > 24,
        6 => date.year() >= 2022 && kept(19),
        7 => kept(4),
        9 => monday && day < 8,
        11 => weekday == Weekday::Thursday && (22..=28).contains(&day),
        12 => kept(25),
        _ => false,
    }
}

/// Tells whether a day with a session closes at 13:00: the day after Thanksgiving, the day before
/// Independence Day and the day before Christmas.
fn is_early(date: Date) -> bool {
    match (date.month(), date.day()) {
        (7, 3) | (12, 24) => true,
        (11, 23..=29) => date.weekday() == Weekday::Friday,
        (_, _) => false,
    }
}

/// Tells whether a Friday is the one before Easter, by the anonymous Gregorian reckoning (Nature, 1876).
fn is_good_friday(date: Date) -> bool {
    let year = i32::from(date.year());
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let (leaps, skipped) = (century / 4, century % 4);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * golden + century - leaps - correction + 15) % 30;
    let sunday = (32 + 2 * skipped + 2 * (rest / 4) - moon - rest % 4) % 7;
    let late = (golden + 11 * moon + 22 * sunday) / 451;
    let days = moon + sunday - 7 * late + 114;
    // Easter as days since the first of March; Good Friday is two days before.
    let easter = (days / 31 - 3) * 31 + days % 31;
    let this = (i32::from(date.month()) - 3) * 31 + i32::from(date.day()) - 1;
    this == easter - 2
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::*;

    /// Closed weekdays and short days of a year, as `exchange_calendars` 4.13 lists them.
    fn listed(year: i16) -> (Vec<String>, Vec<String>) {
        let days = day(year, 1, 1).series(jiff::Span::new().days(1));
        let days = days.take_while(|date| date.year() == year);
        let weekdays: Vec<Date> =
            days.filter(|date| date.weekday().to_monday_zero_offset() < 5).collect();
        let short = |date: &Date| date.strftime("%m-%d").to_string();
        let closed = weekdays.iter().filter(|date| session(**date).is_none()).map(short);
        let early = |date: &&Date| session(**date).is_some_and(|session| session.early);
        (closed.collect(), weekdays.iter().filter(early).map(short).collect())
    }

    #[test]
    fn holidays_and_short_days_are_those_of_the_exchange() {
        for (year, closed, early) in [
            (2021, "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24", "11-26"),
            (2022, "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26", "11-25"),
            (
                2024,
                "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25",
                "07-03 11-29 12-24",
            ),
            (
                2025,
                "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25",
                "07-03 11-28 12-24",
            ),
            (2026, "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25", "11-27 12-24"),
            (2027, "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24", "11-26"),
        ] {
            let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();

            assert_eq!(listed(year), (words(closed), words(early)), "{year}");
        }
    }

    #[test]
    fn a_new_year_on_a_saturday_is_not_kept() {
        assert!(session(day(2027, 12, 31)).is_some());
        assert!(session(day(2021, 12, 31)).is_some());
        assert!(session(day(2023, 1, 2)).is_none());
    }

    #[test]
    fn hours_follow_new_yorks_clocks() {
        let winter = session(day(2026, 11, 27)).unwrap();
        let summer = session(day(2026, 7, 2)).unwrap();

        assert!(winter.early && !summer.early);
        assert_eq!(stamp(winter.open), "2026-11-27T09:30:00-05:00");
        assert_eq!(stamp(winter.close), "2026-11-27T13:00:00-05:00");
        assert_eq!(stamp(winter.post), "2026-11-27T17:00:00-05:00");
        assert_eq!(stamp(summer.pre), "2026-07-02T04:00:00-04:00");
        assert_eq!(stamp(summer.close), "2026-07-02T16:00:00-04:00");
        assert_eq!(stamp(summer.post), "2026-07-02T20:00:00-04:00");
        assert_eq!(summer.open.to_string(), "2026-07-02T13:30:00.000Z");
        assert_eq!(stamp(Millis(1_795_170_000_123)), "2026-11-20T05:20:00.123-05:00");
    }

    #[test]
    fn clocks_change_on_the_second_sunday_of_march_and_the_first_of_november() {
        let noon = |y, m, d| stamp(at(day(y, m, d), 12, 0));

        assert_eq!(noon(2026, 3, 7), "2026-03-07T12:00:00-05:00");
        assert_eq!(noon(2026, 3, 8), "2026-03-08T12:00:00-04:00");
        assert_eq!(noon(2026, 10, 31), "2026-10-31T12:00:00-04:00");
        assert_eq!(noon(2026, 11, 1), "2026-11-01T12:00:00-05:00");
        assert_eq!(stamp(at(day(2026, 3, 8), 2, 30)), "2026-03-08T03:30:00-04:00");
        assert_eq!(stamp(at(day(2026, 11, 1), 1, 30)), "2026-11-01T01:30:00-04:00");
    }

    #[test]
    fn a_phase_holds_its_first_moment_and_not_its_last() {
        let phases = |date: Date, times: &[(i8, i8)]| -> Vec<Phase> {
            times.iter().map(|(hour, minute)| phase(at(date, *hour, *minute))).collect()
        };
        let (closed, pre, regular, post) = (Phase::Closed, Phase::Pre, Phase::Regular, Phase::Post);

        let usual = [(3, 59), (4, 0), (9, 29), (9, 30), (15, 59), (16, 0), (19, 59), (20, 0)];
        let want = [closed, pre, pre, regular, regular, post, post, closed];
        assert_eq!(phases(day(2026, 11, 25), &usual), want);

        let short = [(9, 30), (12, 59), (13, 0), (16, 59), (17, 0)];
        assert_eq!(phases(day(2026, 11, 27), &short), [regular, regular, post, post, closed]);
        assert_eq!(phases(day(2026, 11, 26), &[(4, 0), (12, 0)]), [closed, closed]);
    }

    #[test]
    fn the_next_and_the_last_session_skip_what_is_closed() {
        let wednesday = day(2026, 11, 25);

        assert_eq!(next_after(wednesday).date, day(2026, 11, 27));
        assert_eq!(previous(day(2026, 11, 27)).date, wednesday);
        assert_eq!(settlement(day(2026, 11, 27)), day(2026, 11, 30));
        assert_eq!(current_or_next(at(wednesday, 15, 59)).date, wednesday);
        assert_eq!(current_or_next(at(wednesday, 16, 0)).date, day(2026, 11, 27));
        assert_eq!(current_or_next(at(wednesday, 2, 0)).date, wednesday);
        assert_eq!(date(at(wednesday, 23, 59)), wednesday);
    }

    #[test]
    fn sessions_follow_each_other_and_their_hours_are_in_order() {
        let mut last = previous(day(2024, 1, 1));
        let days = day(2024, 1, 1).series(jiff::Span::new().days(1));
        for today in days.take_while(|date| date.year() < 2031) {
            let next = next_after(last.date);
            assert_eq!(session(today).is_some(), next.date == today, "{today}");
            let Some(session) = session(today) else { continue };

            assert_eq!(previous(today), last);
            assert_eq!(current_or_next(last.close), session);
            assert!(last.post < session.pre && session.pre < session.open);
            assert!(session.open < session.close && session.close < session.post);
            assert_eq!((phase(session.open), date(session.open)), (Phase::Regular, today));
            last = session;
        }
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        for at in [Millis(i64::MIN), Millis(i64::MAX), Millis(0)] {
            let day = date(at);

            assert!(phase(at) <= Phase::Post);
            assert!(!stamp(at).is_empty());
            assert!(next_after(day).open >= previous(day).open);
            assert!(current_or_next(at).pre < current_or_next(at).post);
        }
    }
}
