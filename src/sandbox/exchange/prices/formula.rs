//! What an option is worth: Black and Scholes (1973), without dividends, and never less than
//! exercising it.

use crate::api::trading::symbol::Right;

/// Yearly interest that all options are priced by.
pub(super) const RATE: f64 = 0.04;

/// What an option's price follows from, beside the price of the share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Terms {
    /// To buy or to sell
    pub(super) right: Right,
    /// Price a share
    pub(super) strike: f64,
    /// Until it expires
    pub(super) years: f64,
    /// How far the share swings in a year
    pub(super) volatility: f64,
}

/// How an option's price answers to the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Greeks {
    /// To a dollar more for the share
    pub(crate) delta: f64,
    /// Of the delta, to the same
    pub(crate) gamma: f64,
    /// To a day
    pub(crate) theta: f64,
    /// To a hundredth more of volatility
    pub(crate) vega: f64,
    /// To a hundredth more of interest
    pub(crate) rho: f64,
}

impl Terms {
    /// Returns what exercising it now brings.
    pub(super) fn intrinsic(&self, share: f64) -> f64 {
        match self.right {
            Right::Call => (share - self.strike).max(0.0),
            Right::Put => (self.strike - share).max(0.0),
        }
    }

    /// Returns what it is worth.
    pub(super) fn value(&self, share: f64) -> f64 {
        self.theory(share).max(self.intrinsic(share))
    }

    /// Returns what the formula alone says.
    pub(super) fn theory(&self, share: f64) -> f64 {
        let Some((first, second)) = self.points(share) else { return self.intrinsic(share) };
        let strike = self.discounted();
        match self.right {
            Right::Call => share * normal(first) - strike * normal(second),
            Right::Put => strike * normal(-second) - share * normal(-first),
        }
    }

    /// Returns how its price answers; `None` at its end.
    pub(super) fn greeks(&self, share: f64) -> Option<Greeks> {
        let (first, second) = self.points(share)?;
        let (strike, root) = (self.discounted(), libm::sqrt(self.years));
        let density = libm::exp(-first * first / 2.0) / libm::sqrt(std::f64::consts::TAU);
        let decay = -share * density * self.volatility / (2.0 * root);
        let sign = match self.right {
            Right::Call => 1.0,
            Right::Put => -1.0,
        };
        let likely = strike * normal(sign * second);
        Some(Greeks {
            delta: sign * normal(sign * first),
            gamma: density / (share * self.volatility * root),
            theta: (decay - sign * RATE * likely) / 365.0,
            vega: share * density * root / 100.0,
            rho: sign * self.years * likely / 100.0,
        })
    }

    /// Returns what is not undercut and not exceeded while the share stays between two prices and
    /// the time between these and those of `later`. A put is reckoned from the call, which only
    /// grows with time.
    pub(super) fn bounds(&self, later: &Self, share: (f64, f64)) -> (f64, f64) {
        let call = |terms: &Self, share| Self { right: Right::Call, ..*terms }.theory(share);
        let (low, high) = share;
        let (bottom, top) = match self.right {
            Right::Call => (call(later, low), call(self, high)),
            Right::Put => (
                call(later, high) - high + self.discounted(),
                call(self, low) - low + later.discounted(),
            ),
        };
        let exercised = [self.intrinsic(low), self.intrinsic(high)];
        let least = exercised[0].min(exercised[1]);
        (bottom.max(least), top.max(exercised[0]).max(exercised[1]))
    }

    fn discounted(&self) -> f64 {
        self.strike * libm::exp(-RATE * self.years.max(0.0))
    }

    fn points(&self, share: f64) -> Option<(f64, f64)> {
        if self.years <= 0.0 || share <= 0.0 {
            return None;
        }
        let swing = self.volatility * libm::sqrt(self.years);
        let drift = (RATE + self.volatility * self.volatility / 2.0) * self.years;
        let first = (libm::log(share / self.strike) + drift) / swing;
        Some((first, first - swing))
    }
}

/// Returns how much of a normal distribution lies below a value.
fn normal(value: f64) -> f64 {
    libm::erfc(-value / std::f64::consts::SQRT_2) / 2.0
}
