//! One day of an account, with its journal as it has to be, byte for byte.

use super::*;

#[test]
fn a_golden_day_leaves_the_journal_that_is_checked_in() {
    let journal = day();

    assert_eq!(journal, include_str!("golden.txt"));
}

/// Nothing but fixed prices and fixed ids: whatever differs in the text is a change of the exchange.
fn day() -> String {
    let market = pinned(&[
        ("AAPL", MONDAY, "270"),
        ("BTC/USD", MONDAY, "90000"),
        ("AAPL261127C00270000", MONDAY, "5"),
        ("AAPL", "2026-11-23T16:00:30Z", "281"),
        ("BTC/USD", "2026-11-23T18:00:00Z", "85000"),
        ("AAPL", "2026-11-23T19:00:00Z", "262.5"),
    ]);
    let mut stage = Stage::new(market, "100000", MONDAY);
    let bracket = Ticket {
        order_class: OrderClass::Bracket,
        take_profit: Some(dec("280")),
        stop_loss: Some(dec("260")),
        ..order("AAPL", Side::Buy, "10")
    };
    let trail = Ticket {
        order_type: OrderType::TrailingStop,
        trail_price: Some(dec("5")),
        ..order("AAPL", Side::Sell, "3")
    };
    stage.place("2026-11-23T14:10:00Z", bracket).unwrap();
    stage.place("2026-11-23T14:20:00Z", limit("BTC/USD", Side::Buy, "0.5", "86000")).unwrap();
    stage.place("2026-11-23T15:00:00Z", order("AAPL261127C00270000", Side::Buy, "1")).unwrap();
    stage.place("2026-11-23T17:00:00Z", order("AAPL", Side::Buy, "3")).unwrap();
    stage.place("2026-11-23T17:00:00Z", trail).unwrap();
    let day = stage.place("2026-11-23T17:30:00Z", limit("AAPL", Side::Buy, "2", "250")).unwrap();
    let changes = Changes { limit_price: Some(dec("251")), ..Changes::default() };
    let replace = Event::Replace {
        id: day.id,
        ended: None,
        new_id: "00000000-0000-4000-8000-00000000000a".to_owned(),
        changes,
        taken: false,
    };
    stage.step("2026-11-23T17:31:00Z", replace).unwrap();
    let percent = Part::Percent(dec("50"));
    let id = "00000000-0000-4000-8000-00000000000b".to_owned();
    let close = Event::Close { symbol: symbol("BTC/USD"), part: percent, id };
    stage.step("2026-11-23T20:00:00.250Z", close).unwrap();
    stage.wait("2026-11-24T02:00:00Z");
    let lines = stage.journal.iter().map(|effect| serde_json::to_string(effect).unwrap() + "\n");
    lines.collect()
}
