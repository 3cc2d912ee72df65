//! Options: what they cost and how they end.

use super::*;

const CALL: &str = "AAPL261127C00270000";
const PUT: &str = "AAPL261127P00270000";
const OPEN: &str = "2026-11-23T15:00:00Z";
const CLOSE: &str = "2026-11-27T18:00:00Z";

/// The share ends at `price`, on a Friday on which the market closes at one.
fn stage(cash: &str, price: &str) -> Stage {
    let market = pinned(&[
        ("AAPL", MONDAY, "270"),
        (CALL, MONDAY, "5"),
        (PUT, MONDAY, "4"),
        ("AAPL", "2026-11-27T16:00:00Z", price),
    ]);
    Stage::new(market, cash, MONDAY)
}

#[test]
fn an_option_costs_a_hundred_times_its_price() {
    let mut stage = stage("100000", "280");

    stage.place(OPEN, order(CALL, Side::Buy, "2")).unwrap();

    assert_eq!(stage.account.cash, dec("98990"));
    assert_eq!(stage.account.positions[&symbol(CALL)].cost_basis(), dec("1010"));
}

#[test]
fn an_option_worth_something_becomes_shares_where_they_can_be_paid() {
    let mut stage = stage("100000", "280");
    stage.place(OPEN, order(CALL, Side::Buy, "2")).unwrap();

    stage.wait(CLOSE);

    assert_eq!(stage.held(CALL), Decimal::ZERO);
    assert_eq!(stage.held("AAPL"), dec("200"));
    assert_eq!(stage.account.cash, dec("44990"));
    assert_eq!(stage.kinds(), [Kind::Fill, Kind::Opexc, Kind::Optrd]);
}

#[test]
fn an_option_that_cannot_be_paid_is_sold_half_an_hour_before_the_close() {
    let mut stage = stage("10000", "280");
    stage.place(OPEN, order(CALL, Side::Buy, "2")).unwrap();

    stage.wait("2026-11-27T17:29:59Z");
    assert_eq!(stage.held(CALL), dec("2"));
    stage.wait(CLOSE);

    assert_eq!(stage.account.cash, dec("9980"));
    assert_eq!(stage.kinds(), [Kind::Fill, Kind::Fill]);
}

#[test]
fn an_option_worth_nothing_is_gone_at_the_close() {
    let mut stage = stage("100000", "260");
    stage.place(OPEN, order(CALL, Side::Buy, "2")).unwrap();

    stage.wait(CLOSE);

    assert_eq!(stage.account.cash, dec("98990"));
    assert!(stage.account.positions.is_empty());
    assert_eq!(stage.kinds(), [Kind::Fill, Kind::Opexp]);
}

#[test]
fn a_call_that_was_sold_takes_the_shares_behind_it() {
    let mut stage = stage("100000", "280");
    stage.place(OPEN, order("AAPL", Side::Buy, "100")).unwrap();
    stage.place(OPEN, order(CALL, Side::Sell, "1")).unwrap();

    let free = held(&stage.account, &stage.market, &symbol("AAPL"), stage.account.last_seen);
    let refused = stage.place(OPEN, order("AAPL", Side::Sell, "1")).unwrap_err();
    stage.wait(CLOSE);

    assert_eq!((free.available, refused.status), (Decimal::ZERO, 403));
    assert!(stage.account.positions.is_empty());
    assert_eq!(stage.account.cash, dec("100494"));
}

#[test]
fn a_put_that_was_sold_binds_its_strike_and_buys_the_shares() {
    let mut stage = stage("100000", "260");
    stage.place(OPEN, order(PUT, Side::Sell, "1")).unwrap();

    let funds = funds(&stage.account, &stage.market, stage.account.last_seen);
    stage.wait(CLOSE);

    assert_eq!(funds.options_buying_power, Some(dec("73395")));
    assert_eq!(stage.held("AAPL"), dec("100"));
    assert_eq!(stage.account.cash, dec("73395"));
    assert_eq!(stage.kinds(), [Kind::Fill, Kind::Opasn, Kind::Optrd]);
}

#[test]
fn a_put_can_be_exercised_before_its_end_with_the_shares_at_hand() {
    let mut stage = stage("100000", "260");
    stage.place(OPEN, order("AAPL", Side::Buy, "100")).unwrap();
    stage.place(OPEN, order(PUT, Side::Buy, "1")).unwrap();

    stage.step(OPEN, Event::Exercise { symbol: symbol(PUT) }).unwrap();

    assert!(stage.account.positions.is_empty());
    assert_eq!(stage.account.cash, dec("99594"));
}

/// Both calls are worth something at the end; each of them alone could be paid.
fn two_calls(cash: &str, end: &str) -> Stage {
    let market = pinned(&[
        ("AAPL", MONDAY, "262"),
        (LOW, MONDAY, "5"),
        (CALL, MONDAY, "5"),
        ("AAPL", "2026-11-27T16:00:00Z", end),
        ("AAPL", "2026-11-27T17:45:00Z", "280"),
    ]);
    let mut stage = Stage::new(market, cash, MONDAY);
    stage.place(OPEN, order(LOW, Side::Buy, "1")).unwrap();
    stage.place(OPEN, order(CALL, Side::Buy, "1")).unwrap();
    stage
}

const LOW: &str = "AAPL261127C00260000";

#[test]
fn of_two_calls_that_cannot_both_be_paid_one_is_sold_and_none_is_lost() {
    let mut stage = two_calls("30000", "280");

    stage.wait("2026-11-27T17:30:00Z");
    assert_eq!((stage.held(LOW), stage.held(CALL)), (dec("1"), Decimal::ZERO));
    stage.wait(CLOSE);

    assert_eq!(stage.held("AAPL"), dec("100"));
    let kinds = [Kind::Fill, Kind::Fill, Kind::Fill, Kind::Opexc, Kind::Optrd];
    assert_eq!(stage.kinds(), kinds);
    assert_eq!(stage.account.cash, dec("3485"));
}

#[test]
fn two_calls_that_can_both_be_paid_are_both_exercised() {
    let mut stage = two_calls("60000", "280");

    stage.wait(CLOSE);

    assert_eq!(stage.held("AAPL"), dec("200"));
}

#[test]
fn a_call_worth_something_only_in_the_last_half_hour_is_sold_where_it_cannot_be_paid() {
    let mut stage = two_calls("30000", "265");

    stage.wait("2026-11-27T17:40:00Z");
    assert_eq!((stage.held(LOW), stage.held(CALL)), (dec("1"), dec("1")));
    stage.wait(CLOSE);

    assert!(!stage.kinds().contains(&Kind::Opexp), "{:?}", stage.kinds());
    assert_eq!(stage.held("AAPL"), dec("100"));
}

#[test]
fn of_two_puts_for_the_same_shares_one_is_sold_and_none_is_lost() {
    let high = "AAPL261127P00280000";
    let market = pinned(&[
        ("AAPL", MONDAY, "270"),
        (PUT, MONDAY, "4"),
        (high, MONDAY, "12"),
        ("AAPL", "2026-11-27T16:00:00Z", "260"),
    ]);
    let mut stage = Stage::new(market, "100000", MONDAY);
    for (name, qty) in [("AAPL", "100"), (PUT, "1"), (high, "1")] {
        stage.place(OPEN, order(name, Side::Buy, qty)).unwrap();
    }

    stage.wait(CLOSE);

    assert!(stage.account.positions.is_empty());
    assert!(!stage.kinds().contains(&Kind::Opexp), "{:?}", stage.kinds());
}
