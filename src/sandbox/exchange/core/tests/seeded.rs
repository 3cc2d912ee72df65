//! Prices that move by themselves: time may be passed over, but nothing that happens in it.

use super::*;

const OPEN: &str = "2026-11-23T15:00:00Z";
const END: &str = "2026-11-25T15:00:00Z";

/// Orders of every type that waits, close to the market, so that most of them are reached within two days.
fn waiting() -> Stage {
    let mut stage =
        Stage::new(Market::new(11, Vec::new(), Vec::new(), Vec::new()), "1000000", MONDAY);
    let gtc = TimeInForce::Gtc;
    for name in ["AAPL", "TSLA", "NVDA"] {
        stage.place(OPEN, order(name, Side::Buy, "40")).unwrap();
        let last = stage.market.last(&symbol(name), at(OPEN)).unwrap();
        let off = |percent: &str| (last * dec(percent)).round_dp(2).to_string();
        let trail = Ticket {
            order_type: OrderType::TrailingStop,
            trail_percent: Some(dec("0.7")),
            time_in_force: gtc,
            ..order(name, Side::Sell, "5")
        };
        let bracket = Ticket {
            order_class: OrderClass::Bracket,
            take_profit: Some(dec(&off("1.006"))),
            stop_loss: Some(dec(&off("0.99"))),
            time_in_force: gtc,
            ..limit(name, Side::Buy, "6", &off("0.998"))
        };
        let early = Ticket { extended_hours: true, ..limit(name, Side::Sell, "4", &off("1.004")) };
        stage.place(OPEN, trail).unwrap();
        stage.place(OPEN, bracket).unwrap();
        stage.place(OPEN, early).unwrap();
        let stop = Ticket { time_in_force: gtc, ..stop(name, Side::Sell, "7", &off("0.993")) };
        stage.place(OPEN, stop).unwrap();
    }
    let last = stage.market.last(&symbol("BTC/USD"), at(OPEN)).unwrap();
    for percent in ["0.997", "0.99", "0.95"] {
        let price = (last * dec(percent)).round_dp(2).to_string();
        stage.place(OPEN, limit("BTC/USD", Side::Buy, "0.1", &price)).unwrap();
    }
    stage
}

fn written(stage: &Stage) -> Vec<String> {
    stage.journal.iter().map(|effect| serde_json::to_string(effect).unwrap()).collect()
}

#[test]
fn what_is_passed_over_holds_nothing() {
    let (mut quick, mut patient) = (waiting(), waiting());

    quick.wait(END);
    let mut now = at(OPEN).0;
    while now < at(END).0 {
        now += 60_000;
        patient.step(&Millis(now).to_string(), Event::Evaluate).unwrap();
    }

    assert!(quick.kinds().len() > 8, "{:?}", quick.kinds());
    assert_eq!(written(&quick), written(&patient));
    assert_eq!(quick.account, patient.account);
}

#[test]
fn a_look_at_any_moment_changes_nothing() {
    let (mut once, mut often) = (waiting(), waiting());

    once.wait(END);
    let mut now = at(OPEN).0;
    while now < at(END).0 {
        now += 1_234_567;
        often.wait(&Millis(now.min(at(END).0)).to_string());
    }

    assert_eq!(written(&once), written(&often));
    assert_eq!(once.account, often.account);
}
