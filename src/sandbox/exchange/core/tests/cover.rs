//! What lies behind orders that open something: nothing is taken or filled that the account could not stand for.

use super::*;
use crate::sandbox::exchange::prices::Replay;

const OPEN: &str = "2026-11-23T15:00:00Z";
const PUT: &str = "AAPL261127P00230000";

/// A market of recordings of which each quote holds for a minute.
fn recorded(text: &str) -> Market {
    Market::new(1, Vec::new(), Vec::new(), vec![Replay::read(text, 60_000).unwrap()])
}

fn free(stage: &Stage) -> Decimal {
    super::super::funds::free_cash(&stage.account, &stage.market, stage.account.last_seen)
}

fn refusal(stage: &mut Stage, moment: &str, ticket: Ticket) -> (u16, String) {
    let refused = stage.place(moment, ticket).unwrap_err();
    (refused.status, refused.message)
}

#[test]
fn puts_that_nobody_bids_for_are_not_sold_at_the_market() {
    let market = pinned(&[("AAPL", MONDAY, "270"), (PUT, MONDAY, "0.01")]);
    let mut stage = Stage::new(market, "100000", MONDAY);

    let refused = refusal(&mut stage, OPEN, order(PUT, Side::Sell, "1000"));

    let words = "insufficient options buying power for cash-secured put";
    assert_eq!(refused, (403, words.to_owned()));
    assert!(stage.account.positions.is_empty());
}

#[test]
fn nothing_is_opened_at_a_price_that_went_stale() {
    let market = recorded(
        "2026-11-23T14:59:00Z,MSFT,400,400.02\n2026-11-23T14:59:00.000Z,BTC/USD,90000,90001",
    );
    let mut stage = Stage::new(market, "100000", MONDAY);
    let late = "2026-11-23T15:30:00Z";

    let short = refusal(&mut stage, late, order("MSFT", Side::Sell, "1000000"));
    let long = refusal(&mut stage, late, order("MSFT", Side::Buy, "1"));
    let coins = refusal(&mut stage, late, order("BTC/USD", Side::Buy, "1"));

    assert_eq!(short, (403, "insufficient buying power".to_owned()));
    assert_eq!(long, short);
    assert_eq!(coins, (403, "insufficient balance for USD".to_owned()));
    let limited = limit("MSFT", Side::Buy, "1", "390");
    assert!(stage.place(late, limited).is_ok());
}

#[test]
fn what_is_closed_needs_no_price() {
    let market =
        recorded("2026-11-23T15:00:00Z,MSFT,400,400.02\n2026-11-23T16:00:00Z,MSFT,390,390.02");
    let mut stage = Stage::new(market, "100000", MONDAY);
    stage.place(OPEN, order("MSFT", Side::Buy, "1")).unwrap();

    let sale = stage.place("2026-11-23T15:30:00Z", order("MSFT", Side::Sell, "1")).unwrap();
    stage.wait("2026-11-23T16:00:00Z");

    assert_eq!(stage.now(&sale.id).filled_avg_price(), Some(dec("390")));
}

#[test]
fn a_short_sale_that_opens_beyond_its_collateral_is_rejected() {
    let market = pinned(&[
        ("AAPL", MONDAY, "270"),
        ("MSFT", MONDAY, "400"),
        ("AAPL", "2026-11-24T14:30:00Z", "600"),
    ]);
    let mut stage = Stage::new(market, "100000", MONDAY);
    stage.place(OPEN, order("MSFT", Side::Buy, "170")).unwrap();
    let short = stage.place("2026-11-24T02:00:00Z", order("AAPL", Side::Sell, "115")).unwrap();

    stage.wait("2026-11-24T14:30:00Z");

    assert_eq!(stage.now(&short.id).status, Status::Rejected);
    assert_eq!(stage.held("AAPL"), Decimal::ZERO);
    assert!(free(&stage) >= Decimal::ZERO);
}

#[test]
fn a_short_sale_is_not_opened_while_another_one_has_eaten_the_collateral() {
    let market = pinned(&[
        ("AAPL", MONDAY, "270"),
        ("MSFT", MONDAY, "400"),
        ("MSFT", "2026-11-24T14:30:00Z", "900"),
    ]);
    let mut stage = Stage::new(market, "100000", MONDAY);
    stage.place(OPEN, order("MSFT", Side::Sell, "200")).unwrap();
    let short = stage.place("2026-11-24T02:00:00Z", order("AAPL", Side::Sell, "100")).unwrap();

    stage.wait("2026-11-24T14:30:00Z");

    assert_eq!(stage.now(&short.id).status, Status::Rejected);
}

#[test]
fn a_put_that_waits_is_sold_only_while_its_strike_is_there() {
    let market = pinned(&[
        ("AAPL", MONDAY, "240"),
        ("MSFT", MONDAY, "400"),
        (PUT, MONDAY, "4"),
        (PUT, "2026-11-23T16:00:00Z", "6"),
        ("MSFT", "2026-11-23T16:00:00Z", "700"),
    ]);
    let mut stage = Stage::new(market, "100000", MONDAY);
    stage.place(OPEN, order("MSFT", Side::Sell, "100")).unwrap();
    let waits = stage.place(OPEN, limit(PUT, Side::Sell, "3", "5.50")).unwrap();

    stage.wait("2026-11-23T16:00:00Z");

    assert_eq!(stage.now(&waits.id).status, Status::Rejected);
    assert_eq!(stage.held(PUT), Decimal::ZERO);
}

#[test]
fn a_put_that_was_laid_aside_for_is_sold() {
    let market =
        pinned(&[("AAPL", MONDAY, "240"), (PUT, MONDAY, "4"), (PUT, "2026-11-23T16:00:00Z", "6")]);
    let mut stage = Stage::new(market, "23000", MONDAY);
    let waits = stage.place(OPEN, limit(PUT, Side::Sell, "1", "5.50")).unwrap();

    stage.wait("2026-11-23T16:00:00Z");

    assert_eq!(stage.now(&waits.id).filled_avg_price(), Some(dec("5.95")));
    assert_eq!(free(&stage), dec("595"));
}

#[test]
fn a_part_of_a_purchase_is_paid_from_its_own_part_of_what_was_laid_aside() {
    let market = pinned(&[("AAPL", MONDAY, "100"), ("AAPL", "2026-11-24T14:30:00Z", "103")]);
    let mut stage = Stage::new(market, "10001", MONDAY);
    stage.account.switches.partial_fills = Some(PartialFills { per_mille: 1000, seed: 3 });
    let buy = stage.place("2026-11-24T02:00:00Z", order("AAPL", Side::Buy, "100")).unwrap();

    stage.wait("2026-11-24T15:30:00Z");

    assert_eq!(stage.now(&buy.id).status, Status::Rejected);
    assert!(free(&stage) >= Decimal::ZERO);
}

#[test]
fn more_calls_than_any_shares_could_cover_are_refused() {
    let call = "AAPL261127C00270000";
    let market = pinned(&[("AAPL", MONDAY, "270"), (call, MONDAY, "5")]);
    let mut stage = Stage::new(market, "100000", MONDAY);

    let most = refusal(&mut stage, OPEN, order(call, Side::Sell, "7000000000000000000000000000"));

    assert_eq!(most.0, 403);
    assert_eq!(stage.account.orders.all().count(), 0);
}

#[test]
fn a_coin_of_which_the_fee_leaves_nothing_is_no_position() {
    let market = pinned(&[("BTC/USD", MONDAY, "20000000000")]);
    let mut stage = Stage::new(market, "100000", MONDAY);
    let amount =
        Ticket { qty: None, notional: Some(dec("25")), ..order("BTC/USD", Side::Buy, "1") };

    let taken = stage.place(MONDAY, amount).unwrap();

    assert_eq!(stage.now(&taken.id).status, Status::Filled);
    assert!(stage.account.positions.is_empty());
    assert_eq!(stage.kinds(), [Kind::Fill, Kind::Cfee]);
}

#[test]
fn prices_and_trails_beyond_all_reckoning_are_no_panic() {
    let mut pins = vec![("AAPL", MONDAY, "0.01"), ("MSFT", MONDAY, "400")];
    pins.push(("AAPL", "2026-11-23T16:00:00Z", "70000000000000000000000000"));
    let mut stage = Stage::new(pinned(&pins), "100000", MONDAY);
    stage.place(OPEN, order("MSFT", Side::Buy, "1")).unwrap();
    stage.place(OPEN, order("AAPL", Side::Buy, "1000000")).unwrap();
    let trail = |trail_price, trail_percent| Ticket {
        order_type: OrderType::TrailingStop,
        trail_price,
        trail_percent,
        ..order("MSFT", Side::Buy, "1")
    };
    let far = Some(Decimal::MAX);

    for ticket in [trail(far, None), trail(None, far)] {
        stage.place(OPEN, ticket).unwrap();
    }
    stage.wait("2026-11-24T22:00:00Z");
    let close = Event::CloseAll { cancel_orders: true, id: "all".to_owned() };
    stage.step("2026-11-25T15:00:00Z", close).unwrap();
    stage.wait("2026-11-25T22:00:00Z");

    assert_eq!(stage.account.positions.len(), 0);
}

#[test]
fn a_purchase_outside_of_the_session_is_reckoned_at_the_middle() {
    let mut stage = Stage::new(pinned(&[("AAPL", MONDAY, "270")]), "2700.005", MONDAY);

    let night = stage.place(MONDAY, order("AAPL", Side::Buy, "10"));
    let id = night.unwrap().id;
    stage.step(MONDAY, Event::Cancel { id, ended: None }).unwrap();
    let day = refusal(&mut stage, OPEN, order("AAPL", Side::Buy, "10"));

    assert_eq!(day, (403, "insufficient buying power".to_owned()));
}

#[test]
fn a_refusal_names_no_more_digits_than_can_be_traded() {
    let mut stage = Stage::new(pinned(&[("AAPL", MONDAY, "270")]), "100000", MONDAY);
    stage.place(OPEN, order("AAPL", Side::Buy, "0.01")).unwrap();
    let amount = Ticket { qty: None, notional: Some(dec("100")), ..order("AAPL", Side::Sell, "1") };

    let refused = refusal(&mut stage, OPEN, amount);

    let numbers = "(requested: 0.370384088, available: 0.01)";
    assert_eq!(refused, (403, format!("insufficient qty available for order {numbers}")));
}
