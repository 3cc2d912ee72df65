//! Single orders, each type and each time in force.

use super::*;

const OPEN: &str = "2026-11-23T15:00:00Z";

fn trader() -> Stage {
    Stage::new(pinned(&[("AAPL", MONDAY, "270"), ("BTC/USD", MONDAY, "100000")]), "100000", MONDAY)
}

fn moving(moments: &[(&str, &str)]) -> Stage {
    let pins: Vec<_> = moments.iter().map(|(moment, price)| ("AAPL", *moment, *price)).collect();
    Stage::new(pinned(&pins), "100000", MONDAY)
}

#[test]
fn a_market_order_is_answered_as_taken_and_filled_on_the_next_look() {
    let mut trader = trader();

    let taken = trader.place(OPEN, order("AAPL", Side::Buy, "10")).unwrap();

    assert_eq!((taken.status, taken.filled_qty), (Status::PendingNew, Decimal::ZERO));
    let order = trader.now(&taken.id);
    assert_eq!((order.status, order.filled_at), (Status::Filled, Some(at(OPEN))));
    assert_eq!(order.filled_avg_price(), Some(dec("270.01")));
    assert_eq!(trader.held("AAPL"), dec("10"));
    assert_eq!(trader.account.cash, dec("97299.9"));
    assert_eq!(trader.account.orders.all().count(), 0);
}

#[test]
fn an_instant_account_answers_with_the_fill() {
    let mut trader = trader();
    trader.account.switches.instant = true;

    let taken = trader.place(OPEN, order("AAPL", Side::Buy, "10")).unwrap();

    assert_eq!((taken.status, taken.filled_qty), (Status::Filled, dec("10")));
}

#[test]
fn an_order_at_night_waits_for_the_opening_and_lays_its_money_aside() {
    let mut trader = trader();

    let taken = trader.place("2026-11-24T02:00:00Z", order("AAPL", Side::Buy, "10")).unwrap();

    assert_eq!((taken.status, taken.reserved), (Status::Accepted, dec("2700")));
    trader.wait("2026-11-24T14:29:59Z");
    assert_eq!(trader.now(&taken.id).status, Status::Accepted);
    trader.wait("2026-11-24T14:30:00Z");
    assert_eq!(trader.now(&taken.id).filled_at, Some(at("2026-11-24T14:30:00Z")));
    assert_eq!(trader.account.orders.reserved(), Decimal::ZERO);
}

#[test]
fn an_order_at_night_is_rejected_if_the_market_runs_away_from_it() {
    let mut trader = moving(&[(MONDAY, "270"), ("2026-11-24T14:30:00Z", "285")]);
    let taken = trader.place("2026-11-24T02:00:00Z", order("AAPL", Side::Buy, "10")).unwrap();

    trader.wait("2026-11-24T15:00:00Z");

    let order = trader.now(&taken.id);
    assert_eq!((order.status, order.failed_at.is_some()), (Status::Rejected, true));
    assert_eq!(trader.account.cash, dec("100000"));
}

#[test]
fn a_limit_order_is_filled_at_the_better_price() {
    let mut trader = moving(&[(MONDAY, "270"), ("2026-11-23T16:00:30Z", "260")]);
    let taken = trader.place(OPEN, limit("AAPL", Side::Buy, "10", "265")).unwrap();

    trader.wait("2026-11-23T16:00:29Z");
    assert_eq!(trader.now(&taken.id).status, Status::New);
    trader.wait("2026-11-23T17:00:00Z");

    let order = trader.now(&taken.id);
    assert_eq!(order.filled_avg_price(), Some(dec("260.01")));
    assert_eq!(order.filled_at, Some(at("2026-11-23T16:00:30Z")));
}

#[test]
fn a_day_order_ends_with_the_session_and_one_for_longer_hours_after_it() {
    let mut trader = trader();
    let day = trader.place(OPEN, limit("AAPL", Side::Buy, "1", "200")).unwrap();
    let longer = Ticket { extended_hours: true, ..limit("AAPL", Side::Buy, "1", "200") };
    let longer = trader.place(OPEN, longer).unwrap();

    trader.wait("2026-11-24T02:00:00Z");

    let (day, longer) = (trader.now(&day.id), trader.now(&longer.id));
    assert_eq!((day.status, longer.status), (Status::Expired, Status::Expired));
    assert_eq!(day.expired_at, Some(at("2026-11-23T21:00:00Z")));
    assert_eq!(longer.expired_at, Some(at("2026-11-24T01:00:00Z")));
}

#[test]
fn on_a_short_day_a_day_order_ends_at_one() {
    let mut trader = trader();
    let day = limit("AAPL", Side::Buy, "1", "200");
    let day = trader.place("2026-11-27T15:00:00Z", day).unwrap();

    trader.wait("2026-11-28T15:00:00Z");

    assert_eq!(trader.now(&day.id).expired_at, Some(at("2026-11-27T18:00:00Z")));
}

#[test]
fn an_order_until_canceled_ends_after_ninety_days_at_a_quarter_past_four() {
    let mut trader = trader();
    let ticket = limit("AAPL", Side::Buy, "1", "200");
    let ticket = Ticket { time_in_force: TimeInForce::Gtc, ..ticket };
    let taken = trader.place(OPEN, ticket).unwrap();

    trader.wait("2027-06-01T00:00:00Z");

    assert_eq!(taken.expires_at, Some(at("2027-02-21T21:15:00Z")));
    assert_eq!(trader.now(&taken.id).expired_at, taken.expires_at);
}

#[test]
fn a_stop_that_buys_becomes_a_limit_and_one_that_sells_a_market_order() {
    let mut trader = moving(&[
        (MONDAY, "270"),
        ("2026-11-23T16:00:00Z", "290"),
        ("2026-11-23T17:00:00Z", "281"),
        ("2026-11-23T18:00:00Z", "250"),
    ]);
    let buy = trader.place(OPEN, stop("AAPL", Side::Buy, "10", "275")).unwrap();

    trader.wait("2026-11-23T16:30:00Z");
    let waiting = trader.now(&buy.id);
    assert_eq!((waiting.status, waiting.triggered), (Status::New, true));
    assert_eq!(waiting.cap, Some(dec("281.87")));
    trader.wait("2026-11-23T17:00:00Z");
    assert_eq!(trader.now(&buy.id).filled_avg_price(), Some(dec("281.01")));

    let sell = stop("AAPL", Side::Sell, "10", "275");
    let sell = trader.place("2026-11-23T17:30:00Z", sell).unwrap();
    trader.wait("2026-11-23T18:00:00Z");
    assert_eq!(trader.now(&sell.id).filled_avg_price(), Some(dec("249.99")));
}

#[test]
fn a_trailing_stop_follows_in_regular_hours_only() {
    let mut trader = moving(&[
        (MONDAY, "270"),
        ("2026-11-23T16:00:00Z", "280"),
        ("2026-11-23T22:00:00Z", "300"),
        ("2026-11-23T23:00:00Z", "200"),
        ("2026-11-24T10:00:00Z", "279"),
        ("2026-11-24T16:00:00Z", "271"),
    ]);
    trader.place(OPEN, order("AAPL", Side::Buy, "10")).unwrap();
    let trail = Ticket {
        order_type: OrderType::TrailingStop,
        trail_percent: Some(dec("3")),
        time_in_force: TimeInForce::Gtc,
        ..order("AAPL", Side::Sell, "10")
    };
    let trail = trader.place(OPEN, trail).unwrap();

    trader.wait("2026-11-24T15:59:00Z");
    let waiting = trader.now(&trail.id);
    assert_eq!((waiting.hwm, waiting.stop_price), (Some(dec("280")), Some(dec("271.6"))));
    trader.wait("2026-11-24T16:00:00Z");

    assert_eq!(trader.now(&trail.id).filled_avg_price(), Some(dec("270.99")));
}

#[test]
fn what_is_to_be_filled_at_once_never_rests() {
    let mut trader = trader();
    let once = |tif| Ticket { time_in_force: tif, ..limit("AAPL", Side::Buy, "10", "260") };

    let ioc = trader.place(OPEN, once(TimeInForce::Ioc)).unwrap();
    let fok = trader.place(OPEN, once(TimeInForce::Fok)).unwrap();

    assert_eq!(trader.now(&ioc.id).status, Status::Canceled);
    assert_eq!(trader.now(&fok.id).status, Status::Canceled);
    assert_eq!(trader.account.orders.all().count(), 0);
}

#[test]
fn orders_for_the_opening_and_the_close_are_filled_there_or_expire() {
    let mut trader = moving(&[(MONDAY, "270"), ("2026-11-24T14:30:00Z", "272")]);
    let auction =
        |tif, price: &str| Ticket { time_in_force: tif, ..limit("AAPL", Side::Buy, "1", price) };
    let evening = "2026-11-24T01:00:00Z";
    let open = trader.place(evening, auction(TimeInForce::Opg, "275")).unwrap();
    let close = trader.place(evening, auction(TimeInForce::Cls, "275")).unwrap();
    let low = trader.place(evening, auction(TimeInForce::Opg, "270")).unwrap();

    trader.wait("2026-11-25T01:00:00Z");

    assert_eq!(trader.now(&open.id).filled_at, Some(at("2026-11-24T14:30:00Z")));
    assert_eq!(trader.now(&close.id).filled_at, Some(at("2026-11-24T21:00:00Z")));
    assert_eq!(trader.now(&low.id).expired_at, Some(at("2026-11-24T14:30:00Z")));
}

#[test]
fn the_fee_of_coins_is_taken_from_what_is_received() {
    let mut trader = trader();

    let buy = trader.place(MONDAY, order("BTC/USD", Side::Buy, "0.0002")).unwrap();

    assert_eq!(trader.now(&buy.id).filled_qty, dec("0.0002"));
    assert_eq!(trader.held("BTC/USD"), dec("0.0001995"));
    let refused = trader.place(OPEN, order("BTC/USD", Side::Sell, "0.0002")).unwrap_err();
    assert_eq!(refused.status, 403);
    let close = Event::Close { symbol: symbol("BTC/USD"), part: Part::All, id: "c".to_owned() };
    trader.step(OPEN, close).unwrap();
    assert_eq!(trader.held("BTC/USD"), Decimal::ZERO);
    assert_eq!(trader.kinds(), [Kind::Fill, Kind::Cfee, Kind::Fill, Kind::Cfee]);
}

#[test]
fn an_amount_buys_what_it_pays_for_and_no_more() {
    let mut trader = trader();
    let amount =
        Ticket { qty: None, notional: Some(dec("25")), ..order("BTC/USD", Side::Buy, "1") };

    let taken = trader.place(MONDAY, amount).unwrap();

    let order = trader.now(&taken.id);
    assert_eq!((order.qty, order.filled_qty), (None, dec("0.000249999")));
    assert!(order.filled_value <= dec("25"));
}

#[test]
fn a_short_sale_binds_half_of_its_worth_beside_what_it_brings_in() {
    let mut trader = trader();

    trader.place(OPEN, order("AAPL", Side::Sell, "100")).unwrap();

    let funds = funds(&trader.account, &trader.market, trader.account.last_seen);
    assert_eq!(trader.held("AAPL"), dec("-100"));
    assert_eq!(funds.equity, Some(dec("99999")));
    assert_eq!(funds.buying_power, Some(dec("86499")));
    let close = Event::Close { symbol: symbol("AAPL"), part: Part::All, id: "c".to_owned() };
    trader.step(OPEN, close).unwrap();
    assert_eq!(trader.account.cash, dec("99998"));
}

#[test]
fn a_part_of_a_position_is_rounded_down_and_all_of_it_leaves_nothing() {
    let mut trader = trader();
    trader.place(OPEN, order("AAPL", Side::Buy, "0.333333333")).unwrap();
    let close = |part| Event::Close { symbol: symbol("AAPL"), part, id: format!("{part:?}") };

    trader.step(OPEN, close(Part::Percent(dec("33")))).unwrap();
    assert_eq!(trader.held("AAPL"), dec("0.223333334"));
    trader.step(OPEN, close(Part::Percent(dec("100")))).unwrap();

    assert_eq!(trader.held("AAPL"), Decimal::ZERO);
}

#[test]
fn a_replacement_carries_on_where_the_old_order_stood() {
    let mut trader = trader();
    let old = trader.place(OPEN, limit("AAPL", Side::Buy, "10", "200")).unwrap();
    let replace = |id: &str, new: &str, price: &str| Event::Replace {
        id: id.to_owned(),
        ended: None,
        new_id: new.to_owned(),
        changes: Changes { limit_price: Some(dec(price)), ..Changes::default() },
        taken: false,
    };

    let same = trader.step(OPEN, replace(&old.id, "new", "200")).unwrap_err();
    trader.step(OPEN, replace(&old.id, "new", "280")).unwrap();

    assert_eq!(same.message, "order parameters are not changed");
    let (old, new) = (trader.now(&old.id), trader.now("new"));
    assert_eq!((old.status, old.replaced_by), (Status::Replaced, Some("new".to_owned())));
    assert_eq!((new.status, new.replaces), (Status::Filled, Some(old.id)));
    let again = trader.step(OPEN, replace("new", "newer", "1")).unwrap_err();
    assert_eq!((again.status, again.message.as_str()), (404, "order not found for new"));
}

#[test]
fn canceling_what_has_ended_says_where_it_stands() {
    let mut trader = trader();
    let order = trader.place(OPEN, order("AAPL", Side::Buy, "1")).unwrap();

    let ended = Some(Status::Filled);
    let refused = trader.step(OPEN, Event::Cancel { id: order.id, ended }).unwrap_err();

    assert_eq!((refused.status, refused.code), (422, 42_210_000));
    assert_eq!(refused.message, "order is already in \"filled\" state");
}

#[test]
fn lots_of_past_days_are_closed_oldest_first() {
    let mut trader = moving(&[
        (MONDAY, "200"),
        ("2026-11-24T14:00:00Z", "300"),
        ("2026-11-25T14:00:00Z", "250"),
    ]);
    trader.place(OPEN, order("AAPL", Side::Buy, "10")).unwrap();
    trader.place("2026-11-24T15:00:00Z", order("AAPL", Side::Buy, "10")).unwrap();
    let average = |trader: &Stage| trader.account.positions[&symbol("AAPL")].avg_entry_price;

    trader.place("2026-11-25T15:00:00Z", order("AAPL", Side::Sell, "10")).unwrap();
    assert_eq!(average(&trader), dec("250.01"));
    trader.wait("2026-11-25T21:00:00Z");

    assert_eq!(average(&trader), dec("300.01"));
    let position = &trader.account.positions[&symbol("AAPL")];
    assert_eq!(position.lastday_price, Some(dec("250")));
    assert_eq!(trader.account.last_close.at, at("2026-11-25T21:00:00Z"));
}
