//! What a price did in spans of equal length.

use rust_decimal::Decimal;

use super::hours::Hours;
use super::noise::mixed;
use super::source::{Line, Source};
use super::{Market, STEP};
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::broker::calendar;

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// How often a price is looked at in a bar of what is no plain course.
const LOOKS: i64 = 90;

/// How long one bar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// So many minutes, at most 59
    Minutes(u8),
    /// So many hours, at most 23
    Hours(u8),
    /// A day: of New York for shares and options, of UTC for coins
    Day,
}

/// What a price did in a while.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// When it began
    pub(crate) at: Millis,
    /// First price
    pub(crate) open: Decimal,
    /// Highest price
    pub(crate) high: Decimal,
    /// Lowest price
    pub(crate) low: Decimal,
    /// Last price
    pub(crate) close: Decimal,
    /// How much was traded, invented
    pub(crate) volume: Decimal,
    /// In how many trades, invented
    pub(crate) trades: u64,
}

/// A bar's span, and the part of it in which the price moves; both without their ends.
struct Window {
    start: i64,
    moving: (i64, i64),
}

impl Market {
    /// Returns the bars that begin at or after `from` and before `until`, as they are seen at
    /// `now`, ascending and one at a time, without those in which nothing moved.
    ///
    /// The last one may not be over: it ends at `now`.
    pub(crate) fn bars(
        &self,
        symbol: &Symbol,
        frame: Frame,
        (from, until): (Millis, Millis),
        now: Millis,
    ) -> impl Iterator<Item = Bar> {
        let until = Millis(until.0.min(now.0.saturating_add(1)));
        let source = Source::of(symbol, until).filter(|_| from < until);
        source.into_iter().flat_map(move |source| {
            let end = source.end().min(now.0.saturating_add(1));
            let windows = windows(source.hours(), frame, from, until);
            windows.filter_map(move |window| {
                let moving = (window.moving.0, window.moving.1.min(end));
                self.bar(symbol, &source, &Window { moving, ..window })
            })
        })
    }

    fn bar(&self, symbol: &Symbol, source: &Source, window: &Window) -> Option<Bar> {
        let (first, end) = window.moving;
        let last = (end - 1).div_euclid(STEP) * STEP;
        if first > last {
            return None;
        }
        let (open, close) =
            (self.last(symbol, Millis(first))?, self.last(symbol, Millis(end - 1))?);
        let plain = self.begin(symbol) >= end;
        let (low, high) = match source {
            Source::Listed(entry) if plain => {
                let line = self.line(entry);
                let price =
                    |middle: f64| entry.tick.around(middle, middle * entry.spread_float).last;
                let (low, high) = extremes(&line, first, last);
                (price(low), price(high))
            }
            Source::Listed(_) | Source::Option { .. } => {
                let step = ((last - first) / LOOKS / STEP + 1) * STEP;
                let grid = (first..=last).step_by(usize::try_from(step).unwrap_or(1));
                let set = self.courses.get(symbol).map(|all| all.changes(first, end - 1));
                let tapes = self.tapes.get(symbol).into_iter();
                let rows = tapes.flat_map(|all| all.during(first, end - 1)).map(|row| row.at.0);
                let rows = rows.filter(|at| *at >= first);
                let looks = grid.chain(set.unwrap_or_default()).chain(rows);
                let prices = looks.filter_map(|at| self.last(symbol, Millis(at)));
                prices.fold((open, open), |(low, high), price| (low.min(price), high.max(price)))
            }
        };
        let key = symbol.as_str().bytes().fold(self.seed, |key, byte| mixed(key ^ u64::from(byte)));
        let chance = mixed(key ^ window.start.cast_unsigned());
        let minutes = u64::try_from((end - first) / MINUTE + 1).unwrap_or(1);
        let trades = (chance % 40 + 5) * minutes;
        let (low, high) = (low.min(open).min(close), high.max(open).max(close));
        let size = self.sizes(symbol, Millis(first)).0;
        let volume = (size * Decimal::from(trades) / Decimal::TEN).round_dp(4).normalize();
        Some(Bar { at: Millis(window.start), open, high, low, close, volume, trades })
    }
}

/// Returns the lowest and the highest price of a course, looking only where bounds leave hope for
/// one.
fn extremes(line: &Line, first: i64, last: i64) -> (f64, f64) {
    let ends = [line.middle(first), line.middle(last)];
    let mut found = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    let mut open = vec![(first.div_euclid(STEP), last.div_euclid(STEP))];
    while let Some((from, until)) = open.pop() {
        let (low, high) = line.bounds(from * STEP, until * STEP);
        if low >= found.0 && high <= found.1 {
            continue;
        }
        let half = i64::midpoint(from, until);
        let price = line.middle(half * STEP);
        found = (found.0.min(price), found.1.max(price));
        if from < until {
            open.extend([(from, half), (half + 1, until)]);
        }
    }
    found
}

/// Returns the spans of bars that begin at or after `from` and before `until`, in which something
/// moves.
fn windows(
    hours: Hours,
    frame: Frame,
    from: Millis,
    until: Millis,
) -> impl Iterator<Item = Window> {
    let length = match frame {
        Frame::Minutes(minutes) => i64::from(minutes.max(1)) * MINUTE,
        Frame::Hours(count) => i64::from(count.max(1)) * 60 * MINUTE,
        Frame::Day if hours == Hours::Always => DAY,
        // One window a session: it begins at midnight in New York.
        Frame::Day => 2 * DAY,
    };
    let cut = move |(start, end): (i64, i64)| {
        let first = match frame {
            Frame::Day if hours != Hours::Always => {
                calendar::at(calendar::date(Millis(start)), 0, 0).0
            }
            Frame::Day | Frame::Minutes(_) | Frame::Hours(_) => start.div_euclid(length) * length,
        };
        let starts = (first..end).step_by(usize::try_from(length).unwrap_or(1));
        starts.map(move |begin| Window {
            start: begin,
            moving: (begin.max(start), (begin + length).min(end)),
        })
    };
    let spans = hours.spans(from.0, until.0).flat_map(cut);
    spans.filter(move |window| (from.0..until.0).contains(&window.start))
}
