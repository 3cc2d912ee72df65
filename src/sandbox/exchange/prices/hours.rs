//! When prices move: coins always, shares from 4:00 to 20:00 New York on days with a session,
//! options while the session itself runs. What does not move stands as it was when it last did.

use std::sync::OnceLock;

use jiff::civil::Date;

use super::STEP;
use crate::api::time::Millis;
use crate::broker::calendar::{self, Session};

const DAY: i64 = 86_400_000;
/// The years whose days are reckoned once, a year at a time.
const FIRST: i64 = 2000;
/// Moments beyond this, some 285,000 years away, are taken for it.
const FARTHEST: i64 = 1 << 53;
static YEARS: [OnceLock<Vec<Around>>; 100] = [const { OnceLock::new() }; 100];

/// The hours in which something moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hours {
    /// Always
    Always,
    /// 4:00 to 20:00
    Extended,
    /// 9:30 to 16:00
    Regular,
}

/// The session of a day and the last one before it.
#[derive(Debug, Clone, Copy)]
struct Around {
    own: Option<Session>,
    before: Session,
}

impl Hours {
    /// Returns the moment at which the price that stands at `at` was made: a whole multiple of
    /// [`STEP`].
    pub(super) fn moment(self, at: Millis) -> i64 {
        let moving = match self {
            Self::Always => at.0.clamp(-FARTHEST, FARTHEST),
            Self::Extended | Self::Regular => {
                let (start, end) = self.span(at);
                at.0.clamp(start, end - 1)
            }
        };
        moving.div_euclid(STEP) * STEP
    }

    /// Returns the last span, at `at`, in which it moved or still moves; without its end.
    pub(super) fn span(self, at: Millis) -> (i64, i64) {
        let around = around(at.0.div_euclid(DAY));
        match around.own.map(|session| self.of(&session)) {
            Some((start, end)) if start <= at.0 => (start, end),
            Some(_) | None => self.of(&around.before),
        }
    }

    /// Returns the moments after `after`, until `until`, at which it moves, ascending.
    pub(super) fn moments(self, after: Millis, until: Millis) -> Vec<i64> {
        let grid = |from: i64, until: i64| {
            let first = (from.div_euclid(STEP) + i64::from(from.rem_euclid(STEP) > 0)) * STEP;
            (first..=until).step_by(usize::try_from(STEP).unwrap_or(1))
        };
        if self == Self::Always {
            return grid(after.0.saturating_add(1), until.0).collect();
        }
        let spans = self.spans(after.0, until.0);
        let clipped = |(start, end): (i64, i64)| (start.max(after.0 + 1), until.0.min(end - 1));
        spans.map(clipped).flat_map(|(start, end)| grid(start, end)).collect()
    }

    /// Returns the spans in which it moves that lie around two moments, and perhaps some next to
    /// them, ascending; whole days of UTC of what always moves.
    pub(super) fn spans(self, from: i64, until: i64) -> impl Iterator<Item = (i64, i64)> {
        let (first, last) = (from.div_euclid(DAY) - 1, until.div_euclid(DAY));
        (first..=last).filter_map(move |day| match self {
            Self::Always => Some((day * DAY, (day + 1) * DAY)),
            Self::Extended | Self::Regular => around(day).own.map(|session| self.of(&session)),
        })
    }

    /// Returns the moments of a span, both ends inclusive, at which it or the session begins.
    pub(super) fn openings(self, from: i64, until: i64) -> Vec<i64> {
        let days = from.div_euclid(DAY)..=until.div_euclid(DAY);
        let opening = |session: Session| match self {
            Self::Always => Vec::new(),
            Self::Extended => vec![session.pre.0, session.open.0],
            Self::Regular => vec![session.open.0],
        };
        let all = days.filter_map(|day| around(day).own).flat_map(opening);
        all.filter(|at| (from..=until).contains(at)).collect()
    }

    fn of(self, session: &Session) -> (i64, i64) {
        match self {
            Self::Always => (i64::MIN, i64::MAX),
            Self::Extended => (session.pre.0, session.post.0),
            Self::Regular => (session.open.0, session.close.0),
        }
    }
}

/// Returns what lies around a day, counted from 1970. All hours of a session lie after the
/// midnight, in UTC, with which its day begins, and most of them before the next.
fn around(day: i64) -> Around {
    let date = date_of(day);
    let year = usize::try_from(i64::from(date.year()) - FIRST).ok();
    let Some(cell) = year.and_then(|year| YEARS.get(year)) else { return reckoned(date) };
    let days = cell.get_or_init(|| {
        let first = Date::new(date.year(), 1, 1).unwrap_or(date);
        first.series(jiff::Span::new().days(1)).take(366).map(reckoned).collect()
    });
    let index = usize::try_from(date.day_of_year() - 1).ok();
    index.and_then(|index| days.get(index)).copied().unwrap_or_else(|| reckoned(date))
}

fn reckoned(date: Date) -> Around {
    Around { own: calendar::session(date), before: calendar::previous(date) }
}

/// Returns the day so many days after 1970 began.
pub(super) fn date_of(day: i64) -> Date {
    let edge = if day < 0 { Date::MIN } else { Date::MAX };
    let second = day.saturating_mul(86_400);
    let at = jiff::Timestamp::from_second(second);
    at.map_or(edge, |at| jiff::tz::Offset::UTC.to_datetime(at).date())
}
