//! The seeded prices.

use super::*;
use crate::sandbox::exchange::prices::{Frame, STEP};

#[test]
fn a_seed_and_a_moment_give_the_same_price_everywhere() {
    let table = [
        ("AAPL", "2026-11-20T15:00:00Z", "266.02 266.08 266.05"),
        ("SPY", "2026-07-02T19:59:59.999Z", "679.14 679.21 679.18"),
        ("MULN", "2026-11-20T15:00:00Z", "0.4448 0.4476 0.4462"),
        ("BRK.A", "2026-11-20T15:00:00Z", "752673.86 753426.92 753050.39"),
        ("BTC/USD", "2026-11-21T03:00:07Z", "96085.89 96133.96 96109.92"),
        ("SHIB/USD", "2026-11-21T03:00:07Z", "0.000010351 0.000010373 0.000010362"),
    ];
    let market = market();

    let quotes = table.map(|(name, moment, _)| shown(&market, name, moment));

    assert_eq!(quotes, table.map(|(_, _, quote)| quote.to_owned()));
}

#[test]
fn the_order_of_questions_does_not_matter() {
    let names = ["AAPL", "BTC/USD", "AAPL261218C00270000"].map(symbol);
    let moments: Vec<_> =
        (0..200).map(|hour| Millis(at("2026-11-20T00:00:00Z").0 + hour * 3_600_000)).collect();
    let ask =
        |market: &Market, moment: &Millis| names.clone().map(|name| market.quote(&name, *moment));
    let once = market();

    let forward: Vec<_> = moments.iter().map(|moment| ask(&once, moment)).collect();
    let mut backward: Vec<_> = moments.iter().rev().map(|moment| ask(&market(), moment)).collect();

    backward.reverse();
    assert_eq!(forward, backward);
}

#[test]
fn another_seed_gives_other_prices() {
    let other = Market::new(8, Vec::new(), Vec::new(), Vec::new());
    let moment = at("2026-11-20T15:00:00Z");

    let same =
        |name: &str| market().last(&symbol(name), moment) == other.last(&symbol(name), moment);

    assert!(!same("AAPL") && !same("BTC/USD"));
}

#[test]
fn shares_stand_still_while_the_market_is_closed() {
    let market = market();
    let apple = symbol("AAPL");
    let last = market.quote(&apple, at("2026-11-26T00:59:59.999Z")).unwrap();

    for closed in ["2026-11-26T01:00:00Z", "2026-11-26T18:00:00Z", "2026-11-27T08:59:59Z"] {
        assert_eq!(market.quote(&apple, at(closed)), Some(last), "{closed}");
    }
    let next = market.quote(&apple, at("2026-11-27T09:00:00Z")).unwrap();

    assert_eq!(last.at, at("2026-11-26T00:59:50Z"));
    assert_eq!(next.at, at("2026-11-27T09:00:00Z"));
    assert_ne!((last.bid, last.ask), (next.bid, next.ask));
}

#[test]
fn a_price_changes_only_when_it_is_said_to() {
    let market = market();
    let (from, until) = (at("2026-11-27T08:00:00Z"), at("2026-11-27T23:00:00Z"));
    for name in ["AAPL", "BTC/USD", "AAPL261218C00270000"].map(symbol) {
        let changes = market.changes(&name, from, until);
        let mut edges = vec![from];
        edges.extend(&changes);
        edges.push(Millis(until.0 + 1));

        for span in edges.windows(2) {
            let first = market.quote(&name, span[0]);
            assert_eq!(first, market.quote(&name, Millis(span[1].0 - 1)), "{name} {}", span[0]);
        }

        assert!(changes.is_sorted_by(|a, b| a < b), "{name}");
        assert!(changes.iter().all(|moment| *moment > from && *moment <= until), "{name}");
    }
}

#[test]
fn changes_of_two_spans_are_those_of_the_whole() {
    let market = market();
    let (from, until) = (at("2026-11-25T18:00:00Z"), at("2026-11-27T23:00:00Z"));
    for name in ["AAPL", "BTC/USD", "AAPL261127C00270000"].map(symbol) {
        let whole = market.changes(&name, from, until);

        for cut in ["2026-11-25T18:00:10Z", "2026-11-26T12:00:00Z", "2026-11-27T18:00:00Z"] {
            let cut = at(cut);
            let mut both = market.changes(&name, from, cut);
            both.extend(market.changes(&name, cut, until));
            assert_eq!(both, whole, "{name} {cut}");
        }
    }
}

#[test]
fn the_last_price_lies_between_the_sides_and_they_apart() {
    let market = market();
    for listed in market.assets().filter(|listed| listed.active) {
        for hour in 0..40 {
            let moment = Millis(at("2026-11-20T00:00:00Z").0 + hour * 7_777_777);
            let quote = market.quote(&listed.symbol, moment).unwrap();
            let (bid, ask) = (quote.bid.unwrap(), quote.ask.unwrap());
            let last = market.last(&listed.symbol, moment).unwrap();

            assert!(Decimal::ZERO < bid && bid <= last && last <= ask && bid < ask, "{listed:?}");
            assert!(quote.at <= moment && quote.at.0 % STEP == 0);
        }
    }
}

#[test]
fn a_bar_holds_the_prices_of_its_span() {
    let market = market();
    let apple = symbol("AAPL");
    let (from, until) = (at("2026-11-25T00:00:00Z"), at("2026-11-28T00:00:00Z"));

    let days: Vec<_> = market.bars(&apple, Frame::Day, (from, until), until).collect();
    let minutes: Vec<_> = market.bars(&apple, Frame::Minutes(1), (from, until), until).collect();

    let starts: Vec<_> = days.iter().map(|bar| bar.at.to_string()).collect();
    assert_eq!(starts, ["2026-11-25T05:00:00.000Z", "2026-11-27T05:00:00.000Z"]);
    assert_eq!(minutes.iter().filter(|bar| bar.at > days[1].at).count(), 13 * 60);
    let of_first_day = minutes.iter().filter(|bar| bar.at > days[0].at && bar.at < days[1].at);
    let of_first_day: Vec<_> = of_first_day.collect();
    assert_eq!(of_first_day.iter().map(|bar| bar.high).max(), Some(days[0].high));
    assert_eq!(of_first_day.iter().map(|bar| bar.low).min(), Some(days[0].low));
    assert_eq!(of_first_day[0].open, days[0].open);
    assert_eq!(of_first_day[of_first_day.len() - 1].close, days[0].close);
    for bar in minutes {
        assert!(bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close));
    }
}

#[test]
fn a_bar_that_is_not_over_ends_now() {
    let market = market();
    let coin = symbol("BTC/USD");
    let now = at("2026-11-25T12:34:56Z");

    let span = (at("2026-11-24T00:00:00Z"), at("2026-11-30T00:00:00Z"));
    let bars: Vec<_> = market.bars(&coin, Frame::Day, span, now).collect();

    assert_eq!(bars.len(), 2);
    assert_eq!(Some(bars[1].close), market.last(&coin, now));
}

#[test]
fn the_ends_of_time_are_no_panic() {
    let market = market();
    for name in ["AAPL", "BTC/USD", "AAPL261218C00270000"].map(symbol) {
        for moment in [Millis(i64::MIN), Millis(0), Millis(i64::MAX)] {
            let quote = market.quote(&name, moment);

            assert!(quote.is_none_or(|quote| quote.ask >= quote.bid), "{name} {moment}");
            assert!(market.changes(&name, moment, moment).is_empty());
        }
    }
}
