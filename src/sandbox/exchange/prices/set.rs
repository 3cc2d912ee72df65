//! Prices that a person sets: pins, walks, and recorded quotes.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{STEP, ticks, universe};
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::api::trading::amount::Amount;
use crate::api::trading::symbol::Symbol;

/// A price that holds from a moment on, until the next pin or walk of the symbol. Over everything
/// else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pin {
    /// What is priced, as the exchange spells it
    pub(crate) symbol: Symbol,
    /// From when on
    pub(crate) at: Millis,
    /// The middle
    pub(crate) price: Amount,
    /// From bid to ask; the symbol's own if it is not said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spread: Option<Amount>,
}

/// A price that moves evenly from one to another, and then holds like a pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// What is priced, as the exchange spells it
    pub(crate) symbol: Symbol,
    /// From when on
    pub(crate) at: Millis,
    /// The middle when it begins
    pub(crate) from: Amount,
    /// The middle when it ends
    pub(crate) to: Amount,
    /// How long it takes, in milliseconds
    pub(crate) duration: i64,
}

/// Recorded quotes; they come before the seeded prices from their first row on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replay {
    /// Of each symbol, every row later than the one before
    pub(crate) rows: Vec<Row>,
    /// For how many milliseconds a row holds; after that there is no quote
    pub(crate) max_age: i64,
}

/// One recorded quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// When
    pub(crate) at: Millis,
    /// Of what, as the exchange spells it
    pub(crate) symbol: Symbol,
    /// What is paid; zero if nobody does
    pub(crate) bid: Amount,
    /// What is asked; zero if nobody does
    pub(crate) ask: Amount,
    /// What was paid last; the middle if it is not said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Amount>,
    /// How much is bid for and offered
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<Amount>,
}

impl Replay {
    /// Reads `ts,symbol,bid,ask[,last,size]`, one quote a line; a first line that begins with `ts`
    /// is a heading.
    ///
    /// Fails with `invalid_input`, naming the line, if one cannot be read, is earlier than the
    /// line before, or is of the same moment and symbol as another.
    pub(crate) fn read(text: &str, max_age: i64) -> Result<Self> {
        let mut rows: Vec<Row> = Vec::new();
        let mut latest: HashMap<Symbol, Millis> = HashMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let heading = number == 1 && line.starts_with("ts");
            if line.trim().is_empty() || heading {
                continue;
            }
            let row = row(line).map_err(|why| refused(number, &why))?;
            let before = latest.insert(row.symbol.clone(), row.at);
            let late = rows.last().is_some_and(|last| last.at > row.at);
            if late || before == Some(row.at) {
                return Err(refused(number, "it is not later than the line before"));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(Error::new(Code::InvalidInput, "there is no quote in it".to_owned()));
        }
        Ok(Self { rows, max_age })
    }
}

fn refused(line: i32, why: &str) -> Error {
    Error::new(Code::InvalidInput, format!("line {line}: {why}"))
        .hint("write ts,symbol,bid,ask[,last,size], as in 2026-11-20T14:30:00Z,AAPL,270.01,270.03")
}

fn row(line: &str) -> std::result::Result<Row, String> {
    let mut fields = line.split(',').map(str::trim);
    let mut field = |name: &str| {
        let text = fields.next().filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or(format!("`{name}` is missing"))
    };
    let (at, symbol, bid, ask) = (field("ts")?, field("symbol")?, field("bid")?, field("ask")?);
    let (last, size) = (field("last").ok(), field("size").ok());
    let price = |text: &str| match text.parse::<Amount>() {
        Ok(amount) if amount.0 >= Decimal::ZERO => Ok(amount),
        Ok(_) | Err(_) => Err(format!("`{text}` is no price")),
    };
    let at = at.parse::<Millis>().map_err(|_| format!("`{at}` is no time"))?;
    let symbol = universe::spelled(&symbol).ok_or(format!("`{symbol}` is not listed"))?;
    let (bid, ask) = (price(&bid)?, price(&ask)?);
    if bid > ask && !ask.0.is_zero() {
        return Err("more is paid than asked".to_owned());
    }
    let last = last.map(|text| price(&text)).transpose()?;
    let size = size.map(|text| price(&text)).transpose()?;
    Ok(Row { at, symbol, bid, ask, last, size })
}

/// Pins and walks of one symbol, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Courses(Vec<Course>);

/// What holds from a moment on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    at: i64,
    from: Decimal,
    to: Decimal,
    duration: i64,
    spread: Option<Decimal>,
}

impl Course {
    /// Returns the middle at a moment that is not before it.
    pub(super) fn middle(&self, at: i64) -> Decimal {
        let passed = self.made(at) - self.at;
        if passed >= self.duration {
            return self.to;
        }
        self.from + (self.to - self.from) * (Decimal::from(passed) / Decimal::from(self.duration))
    }

    /// Returns the prices at a moment; `usual` is the spread of a price where none was set.
    pub(super) fn sides(&self, at: i64, tick: ticks::Tick, usual: Decimal) -> ticks::Sides {
        let middle = self.middle(at);
        tick.around_exact(middle, self.spread.unwrap_or(middle * usual))
    }

    /// Returns when the price that stands at a moment was made.
    pub(super) fn made(&self, at: i64) -> i64 {
        let end = self.at.saturating_add(self.duration);
        if at >= end { end } else { (at.div_euclid(STEP) * STEP).max(self.at) }
    }

    /// Returns the moments of a span at which it changes, both ends inclusive.
    fn changes(&self, from: i64, until: i64) -> impl Iterator<Item = i64> {
        let end = self.at.saturating_add(self.duration);
        let first = (from.max(self.at).div_euclid(STEP) + 1) * STEP;
        let grid =
            (first..end.min(until.saturating_add(1))).step_by(usize::try_from(STEP).unwrap_or(1));
        let ends = [self.at, end].into_iter().filter(move |at| (from..=until).contains(at));
        ends.chain(grid)
    }
}

impl Courses {
    /// Adds a pin.
    pub(super) fn pin(&mut self, pin: &Pin) {
        let (at, spread) = (pin.at.0, pin.spread.map(|spread| spread.0));
        let course = Course { at, from: pin.price.0, to: pin.price.0, duration: 0, spread };
        self.insert(course);
    }

    /// Adds a walk.
    pub(super) fn walk(&mut self, walk: &Walk) {
        let (at, duration) = (walk.at.0, walk.duration.max(0));
        let course = Course { at, from: walk.from.0, to: walk.to.0, duration, spread: None };
        self.insert(course);
    }

    fn insert(&mut self, course: Course) {
        let place = self.0.partition_point(|other| other.at <= course.at);
        self.0.insert(place, course);
    }

    /// Returns what holds at a moment.
    pub(super) fn current(&self, at: i64) -> Option<&Course> {
        self.0[..self.0.partition_point(|course| course.at <= at)].last()
    }

    /// Returns when the first of them begins.
    pub(super) fn begin(&self) -> i64 {
        self.0.first().map_or(i64::MAX, |course| course.at)
    }

    /// Returns what holds anywhere in a span, each with the moments in it at which it is lowest or
    /// highest.
    pub(super) fn during(&self, from: i64, until: i64) -> Vec<(&Course, [i64; 2])> {
        let mut found = Vec::new();
        for (index, course) in self.0.iter().enumerate() {
            let end = self.0.get(index + 1).map_or(i64::MAX, |next| next.at - 1);
            if course.at <= until && end >= from {
                found.push((course, [from.max(course.at), until.min(end).max(course.at)]));
            }
        }
        found
    }

    /// Returns the moments of a span at which anything changes, both ends inclusive.
    pub(super) fn changes(&self, from: i64, until: i64) -> Vec<i64> {
        let during = self.during(from, until);
        during.into_iter().flat_map(|(course, [from, until])| course.changes(from, until)).collect()
    }
}

/// Recorded quotes of one symbol; of several recordings the one added last holds from its first
/// row on.
#[derive(Debug, Clone, Default)]
pub(super) struct Tapes(Vec<(Vec<Row>, i64)>);

impl Tapes {
    /// Adds a recording's row; rows of one recording come in order.
    pub(super) fn add(&mut self, recording: &[&Row], max_age: i64) {
        self.0.push((
            recording.iter().map(|row| (*row).clone()).collect(),
            max_age.clamp(0, i64::MAX / 2),
        ));
    }

    /// Returns the row that holds at a moment, and whether it is stale by then.
    pub(super) fn current(&self, at: i64) -> Option<(&Row, bool)> {
        self.0.iter().rev().find_map(|(rows, max_age)| {
            let row = rows[..rows.partition_point(|row| row.at.0 <= at)].last()?;
            Some((row, at - row.at.0 > *max_age))
        })
    }

    /// Returns when the first of them begins.
    pub(super) fn begin(&self) -> i64 {
        let firsts = self.0.iter().filter_map(|(rows, _)| rows.first());
        firsts.map(|row| row.at.0).min().unwrap_or(i64::MAX)
    }

    /// Returns the rows that hold anywhere in a span, and perhaps more.
    pub(super) fn during(&self, from: i64, until: i64) -> impl Iterator<Item = &Row> {
        self.0.iter().flat_map(move |(rows, _)| {
            let first = rows.partition_point(|row| row.at.0 <= from).saturating_sub(1);
            rows[first..].iter().take_while(move |row| row.at.0 <= until)
        })
    }

    /// Returns the moments of a span at which anything changes, both ends inclusive.
    pub(super) fn changes(&self, from: i64, until: i64) -> Vec<i64> {
        let ends = self.0.iter().flat_map(|(rows, max_age)| {
            let stale = |row: &Row| row.at.0.saturating_add(*max_age + 1);
            let first = rows.partition_point(|row| stale(row) < from);
            let held = rows[first..].iter().take_while(|row| row.at.0 <= until);
            held.flat_map(|row| [row.at.0, stale(row)]).collect::<Vec<_>>()
        });
        ends.filter(|at| (from..=until).contains(at)).collect()
    }
}
