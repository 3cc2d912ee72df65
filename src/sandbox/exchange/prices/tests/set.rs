//! Pins, walks and replays.

use super::*;
use crate::sandbox::exchange::prices::{Pin, Replay, Walk};

fn pin(name: &str, moment: &str, middle: &str, spread: Option<&str>) -> Pin {
    let spread = spread.map(|spread| spread.parse().unwrap());
    Pin { symbol: symbol(name), at: at(moment), price: middle.parse().unwrap(), spread }
}

#[test]
fn a_pin_holds_until_the_next_also_while_the_market_is_closed() {
    let pins = vec![
        pin("AAPL", "2026-11-28T12:00:00Z", "189.10", Some("0.02")),
        pin("AAPL", "2026-11-28T13:00:00Z", "200", None),
    ];
    let market = Market::new(7, pins, Vec::new(), Vec::new());

    assert_eq!(
        shown(&market, "AAPL", "2026-11-28T11:59:59.999Z"),
        shown(&super::market(), "AAPL", "2026-11-28T11:59:59.999Z")
    );
    assert_eq!(shown(&market, "AAPL", "2026-11-28T12:00:00Z"), "189.09 189.11 189.1");
    assert_eq!(shown(&market, "AAPL", "2026-11-28T13:00:00Z"), "199.98 200.02 200");
    assert_eq!(shown(&market, "AAPL", "2027-03-01T13:00:00Z"), "199.98 200.02 200");
    let quote = market.quote(&symbol("AAPL"), at("2026-11-28T12:00:01Z")).unwrap();
    assert_eq!(quote.at, at("2026-11-28T12:00:00Z"));
}

#[test]
fn a_pin_without_a_spread_has_one_price() {
    let pins = vec![pin("BTC/USD", "2026-11-28T12:00:00Z", "90000.005", Some("0"))];
    let market = Market::new(7, pins, Vec::new(), Vec::new());

    assert_eq!(shown(&market, "BTC/USD", "2026-11-28T12:00:00Z"), "90000 90000.01 90000");
}

#[test]
fn a_walk_goes_evenly_and_then_holds() {
    let walk = Walk {
        symbol: symbol("ETH/USD"),
        at: at("2026-11-28T12:00:05Z"),
        from: "4000".parse().unwrap(),
        to: "4180".parse().unwrap(),
        duration: 1_800_000,
    };
    let market = Market::new(7, Vec::new(), vec![walk], Vec::new());
    let last = |moment: &str| market.last(&symbol("ETH/USD"), at(moment)).unwrap().to_string();

    assert_eq!(last("2026-11-28T12:00:05Z"), "4000");
    assert_eq!(last("2026-11-28T12:15:00Z"), "4089.5");
    assert_eq!(last("2026-11-28T12:30:04.999Z"), "4179.5");
    assert_eq!(last("2026-11-28T12:30:05Z"), "4180");
    assert_eq!(last("2026-12-28T12:30:05Z"), "4180");
    let changes =
        market.changes(&symbol("ETH/USD"), at("2026-11-28T12:29:40Z"), at("2026-11-28T13:00:00Z"));
    assert_eq!(
        changes,
        ["2026-11-28T12:29:50Z", "2026-11-28T12:30:00Z", "2026-11-28T12:30:05Z"].map(at)
    );
}

#[test]
fn a_pinned_share_moves_its_options() {
    let pins = vec![pin("AAPL", "2026-11-25T15:00:00Z", "300", None)];
    let market = Market::new(7, pins, Vec::new(), Vec::new());

    let call = market.last(&symbol("AAPL261127C00270000"), at("2026-11-25T15:00:00Z")).unwrap();

    assert!((price("30")..price("30.30")).contains(&call), "{call}");
}

#[test]
fn a_replay_holds_over_gaps_and_goes_stale() {
    let text = "ts,symbol,bid,ask,last,size\n\
                2026-11-25T15:00:00Z,AAPL,270.01,270.03\n\
                2026-11-25T15:00:30Z,AAPL,270.02,270.05,270.04,300\n\
                2026-11-25T15:00:30Z,BTCUSD,90000,90001\n";
    let replay = Replay::read(text, 60_000).unwrap();
    let market = Market::new(7, Vec::new(), Vec::new(), vec![replay]);

    let apple = symbol("AAPL");
    assert_eq!(shown(&market, "AAPL", "2026-11-25T15:00:29Z"), "270.01 270.03 270.02");
    assert_eq!(shown(&market, "AAPL", "2026-11-25T15:01:30Z"), "270.02 270.05 270.04");
    assert_eq!(shown(&market, "AAPL", "2026-11-25T15:01:30.001Z"), "- - 270.04");
    assert_eq!(shown(&market, "BTC/USD", "2026-11-25T15:00:30Z"), "90000 90001 90000.50");
    assert_eq!(market.sizes(&apple, at("2026-11-25T15:00:40Z")), (price("300"), price("300")));
    let stamp = market.quote(&apple, at("2026-11-25T15:01:20Z")).unwrap().at;
    assert_eq!(stamp, at("2026-11-25T15:00:30Z"));
    let call = symbol("AAPL261127C00270000");
    assert!(market.quote(&call, at("2026-11-25T15:01:00Z")).is_some());
    assert!(market.quote(&call, at("2026-11-25T15:03:00Z")).is_none());
    let changes = market.changes(&apple, at("2026-11-25T14:59:45Z"), at("2026-11-25T16:00:00Z"));
    let want = [
        "2026-11-25T14:59:50Z",
        "2026-11-25T15:00:00Z",
        "2026-11-25T15:00:30Z",
        "2026-11-25T15:01:00.001Z",
        "2026-11-25T15:01:30.001Z",
    ];
    assert_eq!(changes, want.map(at));
}

#[test]
fn a_recording_out_of_order_is_refused_by_its_line() {
    let refused = |text: &str| Replay::read(text, 1).unwrap_err().message;
    let first = "2026-11-25T15:00:00Z,AAPL,1,2\n";

    for (text, why) in [
        ("", "there is no quote in it".to_owned()),
        ("ts,symbol,bid,ask\nsoon,AAPL,1,2", "line 2: `soon` is no time".to_owned()),
        (&format!("{first}{first}"), "line 2: it is not later than the line before".to_owned()),
        (
            &format!("{first}2026-11-25T14:00:00Z,SPY,1,2"),
            "line 2: it is not later than the line before".to_owned(),
        ),
        ("2026-11-25T15:00:00Z,AAPL,3,2", "line 1: more is paid than asked".to_owned()),
        ("2026-11-25T15:00:00Z,AAPL,x,2", "line 1: `x` is no price".to_owned()),
        ("2026-11-25T15:00:00Z,AAPL,3", "line 1: `ask` is missing".to_owned()),
        ("2026-11-25T15:00:00Z,ZZZZ,1,2", "line 1: `ZZZZ` is not listed".to_owned()),
    ] {
        assert_eq!(refused(text), why, "{text}");
    }
}

#[test]
fn what_a_person_set_survives_being_stored() {
    let pin = pin("BTC/USD", "2026-11-28T12:00:00Z", "90000.5", None);
    let replay = Replay::read("2026-11-25T15:00:00Z,AAPL,1,2", 60_000).unwrap();

    let stored = serde_json::to_string(&(&pin, &replay)).unwrap();

    assert_eq!(serde_json::from_str::<(Pin, Replay)>(&stored).unwrap(), (pin, replay));
}
