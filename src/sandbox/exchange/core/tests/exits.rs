//! Exits that are changed, and entries that are changed with exits behind them.

use super::*;

const OPEN: &str = "2026-11-23T15:00:00Z";

fn stage() -> Stage {
    let pins = [("AAPL", MONDAY, "275"), ("AAPL", "2026-11-24T16:00:00Z", "270")];
    Stage::new(pinned(&pins), "100000", MONDAY)
}

fn bracket() -> Ticket {
    Ticket {
        order_class: OrderClass::Bracket,
        take_profit: Some(dec("280")),
        stop_loss: Some(dec("260")),
        ..limit("AAPL", Side::Buy, "10", "270.5")
    }
}

fn replace(id: &str, new_id: &str, changes: Changes) -> Event {
    let (id, new_id) = (id.to_owned(), new_id.to_owned());
    Event::Replace { id, ended: None, new_id, changes, taken: false }
}

fn longer() -> Changes {
    Changes { time_in_force: Some(TimeInForce::Gtc), ..Changes::default() }
}

#[test]
fn exits_live_as_long_as_the_entry_that_was_made_to_live_longer() {
    let mut stage = stage();
    let entry = stage.place(OPEN, bracket()).unwrap();

    stage.step(OPEN, replace(&entry.id, "entry", longer())).unwrap();

    let new = stage.now("entry");
    for leg in &entry.legs {
        let leg = stage.now(leg);
        assert_eq!((leg.time_in_force, leg.expires_at), (TimeInForce::Gtc, new.expires_at));
    }
    stage.wait("2026-11-24T16:00:00Z");
    assert_eq!(stage.now("entry").status, Status::Filled);
    let legs: Vec<_> = entry.legs.iter().map(|leg| stage.now(leg).status).collect();
    assert_eq!(legs, [Status::New, Status::Held]);
}

#[test]
fn an_exit_whose_time_is_over_does_not_end_an_entry_that_still_waits() {
    let mut stage = stage();
    let gtc = Ticket { time_in_force: TimeInForce::Gtc, ..bracket() };
    let entry = stage.place(OPEN, gtc).unwrap();
    let day = Changes { time_in_force: Some(TimeInForce::Day), ..Changes::default() };
    stage.step(OPEN, replace(&entry.legs[1], "stop", day)).unwrap();

    stage.wait("2026-11-24T15:00:00Z");
    assert_eq!(
        (stage.now(&entry.id).status, stage.now("stop").status),
        (Status::New, Status::Held)
    );
    stage.wait("2026-11-24T16:00:00Z");

    let stop = stage.now("stop");
    assert_eq!((stage.now(&entry.id).status, stop.armed), (Status::Filled, true));
    assert_eq!(stop.expires_at, Some(at("2026-11-24T21:00:00Z")));
}

#[test]
fn an_exit_changed_after_its_entry_was_filled_still_says_whose_it_is() {
    let mut stage = stage();
    let ticket = Ticket { limit_price: Some(dec("276")), ..bracket() };
    let entry = stage.place(OPEN, ticket).unwrap();
    let higher = Changes { stop_price: Some(dec("265")), ..Changes::default() };

    stage.step(OPEN, replace(&entry.legs[1], "stop", higher)).unwrap();

    let stop = stage.now("stop");
    assert_eq!((stop.parent, stop.group), (Some(entry.id.clone()), Some(entry.id)));
}

/// Changes of the take-profit (`true`) or of the stop-loss, and the no to each.
fn refused_changes() -> [(bool, Changes, &'static str); 9] {
    let client = |id: &str| Changes { client_order_id: Some(id.to_owned()), ..Changes::default() };
    let time = |time| Changes { time_in_force: Some(time), ..Changes::default() };
    let limit = |price: &str| Changes { limit_price: Some(dec(price)), ..Changes::default() };
    let stop = |price: &str| Changes { stop_price: Some(dec(price)), ..Changes::default() };
    let qty = Changes { qty: Some(dec("3")), ..Changes::default() };
    [
        (true, client(&"x".repeat(300)), "client_order_id must be no more than 128 characters"),
        (true, client("order 1"), "client_order_id must be unique"),
        (true, time(TimeInForce::Opg), "invalid time_in_force"),
        (false, time(TimeInForce::Fok), "invalid time_in_force"),
        (true, limit("255"), "take_profit.limit_price must be > stop_loss.stop_price"),
        (true, limit("265"), "take_profit.limit_price must be >= base_price + 0.01"),
        (false, stop("271"), "stop_loss.stop_price must be <= base_price - 0.01"),
        (
            true,
            limit("280.001"),
            "invalid take_profit.limit_price 280.001. sub-penny increment does not fulfill minimum \
             pricing criteria",
        ),
        (false, qty, "qty cannot be changed before the entry order is filled"),
    ]
}

#[test]
fn an_exit_of_an_entry_that_waits_keeps_the_rules_it_was_placed_by() {
    let mut stage = stage();
    let entry = stage.place(OPEN, bracket()).unwrap();
    let before = stage.account.clone();

    for (gains, changes, words) in refused_changes() {
        let leg = &entry.legs[usize::from(!gains)];
        let refused = stage.step(OPEN, replace(leg, "new", changes)).unwrap_err();
        assert_eq!((refused.status, refused.message.as_str()), (422, words));
        assert_eq!(stage.account, before);
    }
}

#[test]
fn an_exit_of_an_entry_that_waits_can_be_moved() {
    let mut stage = stage();
    let entry = stage.place(OPEN, bracket()).unwrap();
    let higher = Changes {
        limit_price: Some(dec("290")),
        client_order_id: Some("x".repeat(128)),
        ..Changes::default()
    };

    stage.step(OPEN, replace(&entry.legs[0], "new", higher)).unwrap();

    assert_eq!(stage.now("new").limit_price, Some(dec("290")));
    assert_eq!(stage.now(&entry.id).legs, ["new".to_owned(), entry.legs[1].clone()]);
}

#[test]
fn an_exit_at_the_market_neither_crosses_the_other_nor_turns_into_one_for_an_auction() {
    let mut stage = stage();
    let ticket = Ticket { limit_price: Some(dec("276")), ..bracket() };
    let entry = stage.place(OPEN, ticket).unwrap();
    let low = Changes { limit_price: Some(dec("259")), ..Changes::default() };
    let auction = Changes { time_in_force: Some(TimeInForce::Cls), ..Changes::default() };

    let crossed = stage.step(OPEN, replace(&entry.legs[0], "new", low)).unwrap_err();
    let auction = stage.step(OPEN, replace(&entry.legs[0], "new", auction)).unwrap_err();

    assert_eq!(crossed.message, "take_profit.limit_price must be > stop_loss.stop_price");
    assert_eq!(auction.message, "invalid time_in_force");
}
