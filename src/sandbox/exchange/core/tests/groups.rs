//! Orders that hang together: entries and their exits.

use super::*;

const OPEN: &str = "2026-11-23T15:00:00Z";

fn moving(moments: &[(&str, &str)]) -> Stage {
    let pins: Vec<_> = moments.iter().map(|(moment, price)| ("AAPL", *moment, *price)).collect();
    Stage::new(pinned(&pins), "100000", MONDAY)
}

fn bracket() -> Ticket {
    Ticket {
        order_class: OrderClass::Bracket,
        take_profit: Some(dec("280")),
        stop_loss: Some(dec("260")),
        time_in_force: TimeInForce::Gtc,
        ..limit("AAPL", Side::Buy, "10", "270.5")
    }
}

fn statuses(stage: &Stage, entry: &Order) -> Vec<Status> {
    entry.legs.iter().map(|leg| stage.now(leg).status).collect()
}

fn halves(stage: &mut Stage) {
    stage.account.switches.partial_fills = Some(PartialFills { per_mille: 1000, seed: 3 });
}

#[test]
fn exits_wait_for_their_entry_and_then_one_ends_the_other() {
    let mut stage = moving(&[
        (MONDAY, "275"),
        ("2026-11-23T16:00:00Z", "270"),
        ("2026-11-23T17:00:00Z", "281"),
    ]);
    let entry = stage.place(OPEN, bracket()).unwrap();

    assert_eq!(statuses(&stage, &entry), [Status::Held, Status::Held]);
    stage.wait("2026-11-23T16:30:00Z");
    assert_eq!(statuses(&stage, &entry), [Status::New, Status::Held]);
    stage.wait("2026-11-23T17:00:00Z");

    assert_eq!(statuses(&stage, &entry), [Status::Filled, Status::Canceled]);
    assert_eq!(stage.now(&entry.legs[0]).filled_avg_price(), Some(dec("280.99")));
    assert_eq!(stage.held("AAPL"), Decimal::ZERO);
    assert_eq!(stage.account.orders.all().count(), 0);
}

#[test]
fn exits_of_an_entry_filled_in_part_are_not_filled() {
    let mut stage = moving(&[(MONDAY, "270"), ("2026-11-23T15:00:30Z", "290")]);
    halves(&mut stage);
    let entry = stage.place(OPEN, bracket()).unwrap();

    stage.wait("2026-11-23T18:00:00Z");
    assert_eq!(stage.now(&entry.id).status, Status::PartiallyFilled);
    assert_eq!(statuses(&stage, &entry), [Status::Held, Status::Held]);
    stage
        .step("2026-11-23T18:00:00Z", Event::Cancel { id: entry.id.clone(), ended: None })
        .unwrap();

    assert_eq!(statuses(&stage, &entry), [Status::Canceled, Status::Canceled]);
    assert!(stage.held("AAPL") > Decimal::ZERO);
}

#[test]
fn a_gain_taken_in_part_leaves_the_rest_to_the_loss() {
    let mut stage = moving(&[
        (MONDAY, "270"),
        ("2026-11-23T16:00:00Z", "281"),
        ("2026-11-23T16:00:01Z", "270"),
        ("2026-11-23T17:00:00Z", "250"),
    ]);
    let entry = stage.place(OPEN, bracket()).unwrap();
    halves(&mut stage);

    stage.wait("2026-11-23T16:30:00Z");
    let (gain, loss) = (stage.now(&entry.legs[0]), stage.now(&entry.legs[1]));
    assert_eq!(gain.status, Status::PartiallyFilled);
    assert_eq!(loss.qty, Some(gain.left()));
    stage.wait("2026-11-23T18:00:00Z");

    let (gain, loss) = (stage.now(&entry.legs[0]), stage.now(&entry.legs[1]));
    assert_eq!((gain.status, loss.status), (Status::Canceled, Status::Filled));
    assert_eq!(gain.filled_qty + loss.filled_qty, dec("10"));
    assert_eq!(stage.held("AAPL"), Decimal::ZERO);
}

#[test]
fn two_exits_cancel_each_other_and_hold_what_they_sell_once() {
    let mut stage = moving(&[(MONDAY, "270"), ("2026-11-23T16:00:00Z", "255")]);
    stage.place(OPEN, order("AAPL", Side::Buy, "10")).unwrap();
    let pair = Ticket {
        order_class: OrderClass::Oco,
        take_profit: Some(dec("280")),
        stop_loss: Some(dec("260")),
        limit_price: None,
        ..limit("AAPL", Side::Sell, "10", "280")
    };

    let pair = stage.place(OPEN, pair).unwrap();

    assert_eq!((pair.role, pair.limit_price), (Some(Role::TakeProfit), Some(dec("280"))));
    let held = held(&stage.account, &stage.market, &symbol("AAPL"), stage.account.last_seen);
    assert_eq!(held.available, Decimal::ZERO);
    stage.wait("2026-11-23T16:00:00Z");
    assert_eq!(stage.now(&pair.id).status, Status::Canceled);
    assert_eq!(stage.now(&pair.legs[0]).filled_avg_price(), Some(dec("254.99")));
}

#[test]
fn an_entry_with_one_exit_puts_it_to_the_market() {
    let mut stage = moving(&[(MONDAY, "270"), ("2026-11-23T16:00:00Z", "255")]);
    let entry = Ticket { order_class: OrderClass::Oto, take_profit: None, ..bracket() };

    let entry = stage.place(OPEN, entry).unwrap();

    assert_eq!(statuses(&stage, &entry), [Status::New]);
    stage.wait("2026-11-23T16:00:00Z");
    assert_eq!(statuses(&stage, &entry), [Status::Filled]);
}

#[test]
fn canceling_one_exit_cancels_the_group() {
    let mut stage = moving(&[(MONDAY, "270")]);
    let entry = stage.place(OPEN, bracket()).unwrap();

    stage.step(OPEN, Event::Cancel { id: entry.legs[1].clone(), ended: None }).unwrap();

    assert_eq!(statuses(&stage, &entry), [Status::Canceled, Status::Canceled]);
    assert_eq!(stage.now(&entry.id).status, Status::Filled);
}

#[test]
fn a_replaced_stop_loss_still_wins_over_the_gain() {
    let mut stage = moving(&[(MONDAY, "270")]);
    let entry = stage.place(OPEN, bracket()).unwrap();
    let replace = Event::Replace {
        id: entry.legs[1].clone(),
        ended: None,
        new_id: "stop".to_owned(),
        changes: Changes { stop_price: Some(dec("265")), ..Changes::default() },
        taken: false,
    };

    stage.step(OPEN, replace).unwrap();

    let turns = stage.account.orders.in_turn(&symbol("AAPL"));
    assert_eq!(turns[0], stage.now("stop").seq);
    assert_eq!((stage.now("stop").status, turns.len()), (Status::Held, 2));
}

#[test]
fn exits_are_for_what_is_still_there_when_their_entry_is_filled() {
    let mut stage = moving(&[
        (MONDAY, "270"),
        ("2026-11-23T15:00:30Z", "290"),
        ("2026-11-23T17:00:00Z", "265"),
    ]);
    halves(&mut stage);
    let entry = Ticket { stop_loss: Some(dec("250")), ..bracket() };
    let entry = stage.place(OPEN, entry).unwrap();
    let bought = stage.held("AAPL");
    stage.account.switches.partial_fills = None;
    let close = Event::Close { symbol: symbol("AAPL"), part: Part::All, id: "c".to_owned() };
    stage.step("2026-11-23T16:00:00Z", close).unwrap();

    stage.wait("2026-11-23T17:00:00Z");

    assert_eq!(stage.now(&entry.id).status, Status::Filled);
    let rest = dec("10") - bought;
    assert_eq!(stage.held("AAPL"), rest);
    assert!(entry.legs.iter().all(|leg| stage.now(leg).qty == Some(rest)));
}

#[test]
fn ids_of_exits_follow_from_their_entry() {
    let place = || moving(&[(MONDAY, "270")]).place(OPEN, bracket()).unwrap();

    assert_eq!(place().legs, place().legs);
    assert!(place().legs.iter().all(|leg| leg.as_bytes()[14] == b'5'));
}
