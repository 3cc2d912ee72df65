//! A curve that looks like a price and can be asked for anywhere: noise of six periods, laid over
//! each other.
//!
//! Between two points of a period's lattice it runs evenly up or down, so that what it can do in a
//! span follows from the few points in it.

/// Periods in milliseconds, each with how far it swings: as the square root of its length, a week
/// being one.
const OCTAVES: [(i64, f64); 6] = [
    (604_800_000, 1.0),
    (86_400_000, 0.378),
    (14_400_000, 0.154),
    (1_800_000, 0.0546),
    (300_000, 0.0223),
    (60_000, 0.01),
];

/// How many points of a lattice are looked at before a span is taken to hold all there is.
const MOST_POINTS: i64 = 12;

/// What is added to bounds, for the last digits of floats.
const MARGIN: f64 = 1e-9;

/// One curve out of 2⁶⁴, between -1.63 and 1.63.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise(pub(super) u64);

impl Noise {
    /// Returns the curve's value at a moment in milliseconds.
    pub(super) fn at(self, moment: i64) -> f64 {
        let mut sum = 0.0;
        for (octave, (period, swing)) in (0_u64..).zip(OCTAVES) {
            sum += swing * self.octave(octave, period, moment);
        }
        sum
    }

    /// Returns what the curve does not leave between two moments, both inclusive.
    pub(super) fn bounds(self, from: i64, until: i64) -> (f64, f64) {
        let (mut low, mut high) = (-MARGIN, MARGIN);
        for (octave, (period, swing)) in (0_u64..).zip(OCTAVES) {
            let (first, last) = (from.div_euclid(period), until.div_euclid(period));
            let (bottom, top) = if last - first > MOST_POINTS {
                (-1.0, 1.0)
            } else {
                let ends = [from, until].map(|moment| self.octave(octave, period, moment));
                let start = (ends[0].min(ends[1]), ends[0].max(ends[1]));
                (first + 1..=last)
                    .map(|point| self.point(octave, point))
                    .fold(start, |(bottom, top), value| (value.min(bottom), value.max(top)))
            };
            low += swing * bottom;
            high += swing * top;
        }
        (low, high)
    }

    fn octave(self, octave: u64, period: i64, moment: i64) -> f64 {
        let index = moment.div_euclid(period);
        let part = float(moment.rem_euclid(period)) / float(period);
        let (left, right) = (self.point(octave, index), self.point(octave, index + 1));
        left + (right - left) * (part * part * (3.0 - 2.0 * part))
    }

    /// Returns a value from -1 to 1.
    fn point(self, octave: u64, index: i64) -> f64 {
        let bits =
            mixed(self.0 ^ mixed(index.cast_unsigned().wrapping_mul(8).wrapping_add(octave)));
        float(i64::try_from(bits >> 11).unwrap_or(0)) / float(1 << 52) - 1.0
    }
}

/// Scatters the bits of a number (source: Steele, Lea and Flood, `SplitMix64`, 2014).
pub(super) fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Returns a whole number as a float; up to 2⁵³ it is the same.
pub(super) fn float(number: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no number here is larger than 2^53")]
    let float = number as f64;
    float
}
