//! Where a float of the price process becomes a price: a whole number of ticks.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// The step of prices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tick {
    /// As an exact number
    pub(super) size: Decimal,
    /// As a float
    pub(super) float: f64,
}

/// A price and what is paid and asked around it. A side of zero is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sides {
    pub(super) bid: Option<Decimal>,
    pub(super) ask: Option<Decimal>,
    pub(super) last: Decimal,
}

impl Tick {
    /// Makes a tick of this size.
    pub(super) fn new(size: Decimal) -> Self {
        Self { size, float: size.to_f64().unwrap_or(0.01) }
    }

    /// Returns the prices around a middle: what is paid rounded down, what is asked up, one tick
    /// apart at least.
    pub(super) fn around(&self, middle: f64, spread: f64) -> Sides {
        let half = spread.max(self.float) / 2.0;
        let bid = self.times(((middle - half) / self.float).floor());
        let ask = self.times(((middle + half) / self.float).ceil());
        let last = self.times((middle / self.float).round()).clamp(bid.max(self.size), ask);
        Sides { bid: (bid > Decimal::ZERO).then_some(bid), ask: Some(ask), last }
    }

    /// Returns the prices around an exact middle, which may be no whole number of ticks.
    pub(super) fn around_exact(&self, middle: Decimal, spread: Decimal) -> Sides {
        let half = spread.max(Decimal::ZERO) / Decimal::TWO;
        let bid = ((middle - half) / self.size).floor() * self.size;
        let ask = ((middle + half) / self.size).ceil() * self.size;
        let last = (middle / self.size).round() * self.size;
        let some = |price: Decimal| (price > Decimal::ZERO).then(|| price.normalize());
        Sides { bid: some(bid), ask: some(ask), last: last.normalize() }
    }

    fn times(&self, count: f64) -> Decimal {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it saturates, and no price is that high"
        )]
        let count = count as i64;
        let mantissa = self.size.mantissa();
        let exact = i64::try_from(mantissa).ok().and_then(|mantissa| count.checked_mul(mantissa));
        Decimal::new(exact.unwrap_or(0).max(0), self.size.scale())
    }
}

/// Returns the step of a share's prices: a penny from a dollar up, else a hundredth of one
/// (source: SEC rule 612).
pub(super) fn of_share(price: Decimal) -> Tick {
    Tick::new(if price < Decimal::ONE { Decimal::new(1, 4) } else { Decimal::new(1, 2) })
}

/// Returns the step of an option's prices in the penny program: a penny below three dollars, else
/// a nickel.
pub(super) fn of_option(price: f64) -> Tick {
    Tick::new(if price < 3.0 { Decimal::new(1, 2) } else { Decimal::new(5, 2) })
}
