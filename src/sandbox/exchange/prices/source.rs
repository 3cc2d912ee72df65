//! Where the price of a symbol comes from.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::hours::Hours;
use super::noise::{Noise, mixed};
use super::options;
use super::set::{Course, Row};
use super::ticks::{self, Sides, Tick};
use super::universe::{self, Entry};
use crate::api::time::Millis;
use crate::api::trading::symbol::{Contract, Symbol};
use crate::api::trading::words::AssetClass;

/// From bid to ask of an option, as a part of its price.
const OPTION_SPREAD: f64 = 0.02;

/// What a symbol stands for.
pub(super) enum Source {
    /// A share or a coin
    Listed(&'static Entry),
    /// An option
    Option { entry: &'static Entry, contract: Contract, close: Millis },
}

impl Source {
    /// Returns what a symbol stands for at a moment; `None` for what is inactive or is not listed.
    pub(super) fn of(symbol: &Symbol, at: Millis) -> Option<Self> {
        if let Some(entry) = universe::find(symbol.as_str()) {
            return entry.listed.active.then_some(Self::Listed(entry));
        }
        let contract = symbol.contract()?;
        let (entry, close) = options::known(&contract, at)?;
        Some(Self::Option { entry, contract, close })
    }

    /// Returns when it moves.
    pub(super) fn hours(&self) -> Hours {
        match self {
            Self::Listed(entry) => entry.hours(),
            Self::Option { .. } => Hours::Regular,
        }
    }

    /// Returns from when on nobody quotes it any more.
    pub(super) fn end(&self) -> i64 {
        match self {
            Self::Listed(_) => i64::MAX,
            Self::Option { close, .. } => close.0,
        }
    }

    /// Returns when the price that stands at a moment was made.
    pub(super) fn moment(&self, at: Millis) -> i64 {
        self.hours().moment(Millis(at.0.min(self.end() - 1)))
    }

    /// Returns the step of its prices at a price.
    pub(super) fn tick(&self, price: Decimal) -> Tick {
        match self {
            Self::Option { .. } => ticks::of_option(price.to_f64().unwrap_or_default()),
            Self::Listed(entry) => match entry.listed.class {
                AssetClass::UsEquity => ticks::of_share(price),
                AssetClass::Crypto | AssetClass::UsOption => entry.tick,
            },
        }
    }

    /// Returns the widest step that its prices can have.
    pub(super) fn coarsest(&self) -> Decimal {
        match self {
            Self::Listed(entry) => entry.tick.size.max(Decimal::new(1, 2)),
            Self::Option { .. } => Decimal::new(5, 2),
        }
    }

    /// Returns by how much bounds are widened where the step depends on the price.
    pub(super) fn margin(&self) -> Decimal {
        match self {
            Self::Listed(_) => Decimal::ZERO,
            Self::Option { .. } => self.coarsest() * Decimal::TWO,
        }
    }

    /// Returns the prices that a person set, at a moment.
    pub(super) fn set(&self, course: &Course, at: i64) -> Sides {
        let usual = match self {
            Self::Listed(entry) => entry.spread,
            Self::Option { .. } => Decimal::new(2, 2),
        };
        course.sides(at, self.tick(course.middle(at)), usual)
    }
}

/// Returns the prices around what an option is worth.
pub(super) fn of_option(value: f64) -> Sides {
    let sides = ticks::of_option(value).around(value, value * OPTION_SPREAD);
    Sides { last: sides.last.normalize(), ..sides }
}

/// Returns the middle of a recorded quote, or the one side that there is.
pub(super) fn middle(row: &Row) -> Option<Decimal> {
    let side = |price: Decimal| (!price.is_zero()).then_some(price);
    match (side(row.bid.0), side(row.ask.0)) {
        (Some(bid), Some(ask)) => Some((bid + ask) / Decimal::TWO),
        (one, other) => one.or(other),
    }
}

/// Returns the prices of a recorded quote.
pub(super) fn recorded(row: &Row) -> Sides {
    let side = |price: Decimal| (!price.is_zero()).then_some(price);
    let last = row.last.map(|last| last.0).or_else(|| middle(row)).unwrap_or_default();
    Sides { bid: side(row.bid.0), ask: side(row.ask.0), last }
}

/// The seeded course of one share or coin.
pub(super) struct Line {
    entry: &'static Entry,
    noise: Noise,
}

impl Line {
    /// Makes the course of a seed.
    pub(super) fn new(entry: &'static Entry, seed: u64) -> Self {
        Self { entry, noise: Noise(mixed(seed ^ entry.key)) }
    }

    /// Returns the price at a moment.
    pub(super) fn middle(&self, moment: i64) -> f64 {
        self.price(self.noise.at(moment))
    }

    /// Returns what the price does not leave between two moments.
    pub(super) fn bounds(&self, from: i64, until: i64) -> (f64, f64) {
        let (low, high) = self.noise.bounds(from, until);
        (self.price(low), self.price(high))
    }

    fn price(&self, noise: f64) -> f64 {
        self.entry.price * libm::exp(self.entry.weekly * noise)
    }
}
