//! The prices of the paper exchange: a pure function of a seed, of what a person pinned or
//! replayed, and of the moment. Nothing is remembered, so that every process and every order of
//! questions sees the same.
//!
//! Not here: accounts, orders, HTTP.

mod bars;
mod formula;
mod hours;
mod listing;
mod noise;
mod options;
mod set;
mod source;
mod ticks;
mod universe;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

pub(crate) use bars::{Bar, Frame};
pub(crate) use formula::Greeks;
pub(crate) use set::{Pin, Replay, Row, Walk};
pub(crate) use universe::{Derived, Listed};

use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;
use crate::broker::rules::Quote;
use noise::mixed;
use set::{Courses, Tapes};
use source::{Line, Source};
use ticks::Sides;

/// How often a price changes by itself, in milliseconds: the moments are whole multiples of it.
pub(crate) const STEP: i64 = 10_000;

/// All prices of one exchange.
#[derive(Debug, Clone, Default)]
pub(crate) struct Market {
    seed: u64,
    courses: HashMap<Symbol, Courses>,
    tapes: HashMap<Symbol, Tapes>,
}

/// Prices, and when they were made.
#[derive(Debug, Clone, Copy)]
struct Standing {
    made: i64,
    sides: Sides,
}

/// Returns the step in which a symbol is priced near a price; `None` for what is not traded.
pub(crate) fn step(symbol: &Symbol, price: Decimal, at: Millis) -> Option<Decimal> {
    Some(Source::of(symbol, at)?.tick(price).size)
}

impl Market {
    /// Makes the prices of a seed, with what was pinned and replayed. Of a pin and a walk of the
    /// same moment the walk holds, of two recordings the one that comes last.
    pub(crate) fn new(seed: u64, pins: Vec<Pin>, walks: Vec<Walk>, replays: Vec<Replay>) -> Self {
        let mut market = Self { seed, courses: HashMap::new(), tapes: HashMap::new() };
        for pin in &pins {
            market.courses.entry(pin.symbol.clone()).or_default().pin(pin);
        }
        for walk in &walks {
            market.courses.entry(walk.symbol.clone()).or_default().walk(walk);
        }
        for replay in &replays {
            let mut rows: HashMap<&Symbol, Vec<&Row>> = HashMap::new();
            for row in &replay.rows {
                rows.entry(&row.symbol).or_default().push(row);
            }
            for (symbol, rows) in rows {
                market.tapes.entry(symbol.clone()).or_default().add(&rows, replay.max_age);
            }
        }
        market
    }

    /// Returns the two sides at a moment, stamped with when they were last made; `None` for what
    /// has no price.
    ///
    /// A replay that went stale and an option after its expiry have no sides. Shares stand still
    /// outside of 04:00 to 20:00 New York, options outside of the regular session; what is pinned
    /// does not.
    pub(crate) fn quote(&self, symbol: &Symbol, at: Millis) -> Option<Quote> {
        let Standing { made, sides } = self.standing(symbol, at)?;
        Some(Quote { at: Millis(made), bid: sides.bid, ask: sides.ask })
    }

    /// Returns the last price: the middle, rounded to a tick. It is there when there are no sides,
    /// too.
    pub(crate) fn last(&self, symbol: &Symbol, at: Millis) -> Option<Decimal> {
        Some(self.standing(symbol, at)?.sides.last)
    }

    /// Returns how much is bid for and offered, invented where it was not recorded.
    pub(crate) fn sizes(&self, symbol: &Symbol, at: Millis) -> (Decimal, Decimal) {
        let recorded = self.tapes.get(symbol).and_then(|tapes| tapes.current(at.0));
        if let Some(size) = recorded.and_then(|(row, _)| row.size) {
            return (size.0, size.0);
        }
        let Some(standing) = self.standing(symbol, at) else { return Default::default() };
        let key = symbol.as_str().bytes().fold(self.seed, |key, byte| mixed(key ^ u64::from(byte)));
        let chance = mixed(key ^ standing.made.cast_unsigned());
        let size = |chance: u64| match symbol.class() {
            AssetClass::UsEquity => Decimal::from((chance % 12 + 1) * 100),
            AssetClass::UsOption => Decimal::from(chance % 120 + 1),
            AssetClass::Crypto => {
                let dollars = Decimal::from(chance % 40_000 + 2_000);
                let size = dollars.checked_div(standing.sides.last).unwrap_or_default();
                size.round_sf(4).unwrap_or(size).normalize()
            }
        };
        (size(chance >> 32), size(chance & 0xffff_ffff))
    }

    /// Returns the moments after `after` and until `until`, inclusive, at which the quote may
    /// change, ascending.
    ///
    /// The first moments of a share's day and of its session are always among them, also while it
    /// is pinned.
    pub(crate) fn changes(&self, symbol: &Symbol, after: Millis, until: Millis) -> Vec<Millis> {
        let Some(source) = Source::of(symbol, until).filter(|_| after < until) else {
            return Vec::new();
        };
        let (from, begin) = (after.0.saturating_add(1), self.begin(symbol));
        let until = until.0.min(source.end());
        let mut moments = source.hours().moments(after, Millis(until.min(begin.saturating_sub(1))));
        if begin <= until {
            moments.extend(source.hours().openings(from, until));
        }
        if let Some(courses) = self.courses.get(symbol) {
            moments.extend(courses.changes(from, until));
        }
        if let Some(tapes) = self.tapes.get(symbol) {
            moments.extend(tapes.changes(from, until));
        }
        if source.end() == until && from <= until {
            moments.push(until);
        }
        moments.sort_unstable();
        moments.dedup();
        moments.into_iter().map(Millis).collect()
    }

    /// Returns bounds of the bid and the ask between two moments, both inclusive: no bid is lower
    /// than the first, no ask higher than the second. `None` if there is no price at all in
    /// between.
    ///
    /// The last price keeps within them, too. The lower one is zero where at some time nothing is
    /// bid. It costs about ten quotes, however long the span.
    pub(crate) fn range(
        &self,
        symbol: &Symbol,
        from: Millis,
        until: Millis,
    ) -> Option<(Decimal, Decimal)> {
        let source = Source::of(symbol, until)?;
        let begin = self.begin(symbol);
        let mut range: Option<(Decimal, Decimal)> = None;
        let mut add = |sides: Sides, margin: Decimal| {
            let low = sides.bid.map_or(Decimal::ZERO, |bid| bid.min(sides.last) - margin);
            let low = low.max(Decimal::ZERO);
            let high = sides.ask.or(sides.bid).unwrap_or_default().max(sides.last) + margin;
            let (lowest, highest) = range.unwrap_or((low, high));
            range = Some((lowest.min(low), highest.max(high)));
        };
        if from.0 < begin {
            let until = until.0.min(begin - 1);
            let span = [source.moment(from), source.moment(Millis(until))];
            for sides in self.bounds(&source, span)? {
                add(sides, source.margin());
            }
        }
        if let Some(courses) = self.courses.get(symbol) {
            for (course, ends) in courses.during(from.0, until.0) {
                let sides = ends.map(|at| source.set(course, at));
                let even = source.tick(sides[0].last) == source.tick(sides[1].last);
                let margin = if even { Decimal::ZERO } else { source.coarsest() };
                for side in sides {
                    add(side, margin);
                }
            }
        }
        if let Some(tapes) = self.tapes.get(symbol) {
            for row in tapes.during(from.0, until.0) {
                add(source::recorded(row), Decimal::ZERO);
            }
        }
        range
    }

    /// Returns how an option's price answers to the world, and the volatility it is priced by;
    /// `None` for anything else, and once it is over.
    pub(crate) fn greeks(&self, symbol: &Symbol, at: Millis) -> Option<(Greeks, f64)> {
        let contract = symbol.contract()?;
        let (entry, close) = options::known(&contract, at).filter(|(_, close)| at < *close)?;
        let moment = hours::Hours::Regular.moment(at);
        let terms = options::terms(entry, &contract, close, moment);
        let greeks = terms.greeks(self.middle(entry, moment)?)?;
        Some((greeks, terms.volatility))
    }

    fn begin(&self, symbol: &Symbol) -> i64 {
        let courses = self.courses.get(symbol).map_or(i64::MAX, Courses::begin);
        self.tapes.get(symbol).map_or(i64::MAX, Tapes::begin).min(courses)
    }

    fn line(&self, entry: &'static universe::Entry) -> Line {
        Line::new(entry, self.seed)
    }

    fn standing(&self, symbol: &Symbol, at: Millis) -> Option<Standing> {
        let source = Source::of(symbol, at)?;
        let moment = source.moment(at);
        let none = |sides: Sides| Sides { bid: None, ask: None, ..sides };
        if let Some(course) = self.courses.get(symbol).and_then(|all| all.current(at.0)) {
            let sides = source.set(course, at.0);
            let sides = if at.0 >= source.end() { none(sides) } else { sides };
            return Some(Standing { made: course.made(at.0).max(moment), sides });
        }
        if let Some((row, stale)) = self.tapes.get(symbol).and_then(|all| all.current(at.0)) {
            let sides = source::recorded(row);
            let gone = stale || at.0 >= source.end();
            return Some(Standing {
                made: row.at.0,
                sides: if gone { none(sides) } else { sides },
            });
        }
        let sides = match &source {
            Source::Listed(entry) => {
                let middle = self.line(entry).middle(moment);
                entry.tick.around(middle, middle * entry.spread_float)
            }
            Source::Option { entry, contract, close } => {
                let share = self.middle(entry, moment)?;
                let value = options::terms(entry, contract, *close, moment).value(share);
                let sides = source::of_option(value);
                if at >= *close { none(sides) } else { sides }
            }
        };
        Some(Standing { made: moment, sides })
    }

    /// Returns the price of a share as options see it; `None` while its recording is stale.
    fn middle(&self, entry: &'static universe::Entry, moment: i64) -> Option<f64> {
        let symbol = &entry.listed.symbol;
        if let Some(course) = self.courses.get(symbol).and_then(|all| all.current(moment)) {
            return course.middle(moment).to_f64();
        }
        match self.tapes.get(symbol).and_then(|all| all.current(moment)) {
            Some((_, true)) => None,
            Some((row, false)) => source::middle(row)?.to_f64(),
            None => Some(self.line(entry).middle(moment)),
        }
    }

    /// Returns the lowest and the highest prices that the process makes between two moments of it.
    fn bounds(&self, source: &Source, span: [i64; 2]) -> Option<[Sides; 2]> {
        match source {
            Source::Listed(entry) => {
                let (low, high) = self.line(entry).bounds(span[0], span[1]);
                Some([low, high].map(|price| entry.tick.around(price, price * entry.spread_float)))
            }
            Source::Option { entry, contract, close } => {
                let [from, until] = span.map(Millis);
                let (low, high) = self.range(&entry.listed.symbol, from, until)?;
                let share = (low.to_f64()?, high.to_f64()?);
                let terms = span.map(|moment| options::terms(entry, contract, *close, moment));
                let (low, high) = terms[0].bounds(&terms[1], share);
                Some([low, high].map(source::of_option))
            }
        }
    }
}
