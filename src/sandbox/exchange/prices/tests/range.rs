//! Bounds of prices.

use proptest::prelude::*;

use super::*;
use crate::api::trading::amount::Amount;
use crate::sandbox::exchange::prices::{Pin, Replay, Row, Walk};

fn amount(number: i64, scale: u32) -> Amount {
    Amount(Decimal::new(number, scale))
}

/// A market in which everything happens around 2026-11-25: a pin, a walk through a dollar, a
/// replay.
fn eventful() -> Market {
    let begin = at("2026-11-25T15:00:00Z").0;
    let pin = |name: &str, minutes: i64, price: Amount, spread| Pin {
        symbol: symbol(name),
        at: Millis(begin + minutes * 60_000 + 1),
        price,
        spread,
    };
    let walk = |name: &str, minutes: i64, from: Amount, to: Amount| Walk {
        symbol: symbol(name),
        at: Millis(begin + minutes * 60_000 + 7_001),
        from,
        to,
        duration: 1_800_500,
    };
    let row = |minutes: i64, bid: i64, ask: i64| Row {
        at: Millis(begin + minutes * 60_000),
        symbol: symbol("ETH/USD"),
        bid: amount(bid, 0),
        ask: amount(ask, 0),
        last: None,
        size: None,
    };
    Market::new(
        3,
        vec![
            pin("AAPL", 5, amount(25_000, 2), Some(amount(1, 0))),
            pin("AAPL", 90, amount(30_000, 2), None),
        ],
        vec![
            walk("MULN", 0, amount(95, 2), amount(11, 1)),
            walk("AAPL", 30, amount(260, 0), amount(255, 0)),
        ],
        vec![Replay {
            rows: vec![row(0, 3000, 3001), row(30, 3300, 3302), row(31, 0, 3310)],
            max_age: 600_000,
        }],
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_quote_leaves_the_range_of_a_span_it_lies_in(
        name in prop::sample::select(vec![
            "AAPL", "MULN", "SPY", "BTC/USD", "ETH/USD",
            "AAPL261218C00270000", "AAPL261127P00250000", "SPY270115P00700000",
            "TSLA261204C00350000",
        ]),
        start in -1_500_000_000_i64..1_500_000_000,
        length in prop_oneof![0_i64..100_000, 0_i64..4_000_000, 0_i64..1_000_000_000],
        parts in prop::collection::vec(0_i64..=1_000_000, 6),
        plain in any::<bool>(),
    ) {
        let market = if plain { market() } else { eventful() };
        let name = symbol(name);
        let from = Millis(at("2026-11-25T15:30:00Z").0 + start / 10);
        let until = Millis(from.0 + length);

        let range = market.range(&name, from, until);

        for part in parts.into_iter().chain([0, 1_000_000]) {
            let rest = length % 1_000_000 * part / 1_000_000;
            let moment = Millis(from.0 + length / 1_000_000 * part + rest);
            let Some(quote) = market.quote(&name, moment) else { continue };
            let Some((low, high)) = range else {
                prop_assert!(quote.bid.is_none() && quote.ask.is_none());
                continue;
            };
            prop_assert!(quote.bid.is_none_or(|bid| low <= bid), "{quote:?} {range:?}");
            prop_assert!(quote.ask.is_none_or(|ask| ask <= high), "{quote:?} {range:?}");
            let last = market.last(&name, moment).unwrap();
            prop_assert!(low <= last && last <= high, "{last} {range:?}");
        }
    }
}

#[test]
fn a_short_span_has_tight_bounds() {
    let market = market();
    let moment = at("2026-11-25T15:30:00Z");

    for name in ["AAPL", "BTC/USD", "SPY"].map(symbol) {
        let (low, high) = market.range(&name, moment, Millis(moment.0 + 60_000)).unwrap();
        let last = market.last(&name, moment).unwrap();

        assert!((high - low) / last < price("0.005"), "{name}: {low} to {high}");
    }
}
