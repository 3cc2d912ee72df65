//! Options.

use jiff::civil::date;

use super::*;
use crate::broker::calendar;
use crate::sandbox::exchange::prices::options::{expiries, last_session};

const NOON: &str = "2026-11-25T17:00:00Z";

#[test]
fn chains_have_the_next_fridays_and_months_and_never_a_holiday() {
    let days = expiries(at(NOON));

    let texts: Vec<_> = days.iter().map(ToString::to_string).collect();
    let want = "2026-11-27 2026-12-04 2026-12-11 2026-12-18 2026-12-24 2026-12-31 2027-01-15 \
                2027-02-19 2027-03-19 2027-04-16 2027-05-21";
    assert_eq!(texts.join(" "), want);
    let mut day = date(2026, 1, 1);
    while day.year() < 2028 {
        for expiry in expiries(calendar::at(day, 12, 0)) {
            assert!(
                calendar::session(expiry).is_some() && last_session(expiry).is_some(),
                "{expiry}"
            );
        }
        day = day.tomorrow().unwrap();
    }
}

#[test]
fn a_contract_once_listed_stays_until_it_is_inactive() {
    let market = market();
    let spy = symbol("SPY");
    let chain = market.chain(&spy, at(NOON));
    assert_eq!(chain.len(), 11 * 2 * 53);

    for days in 0..60 {
        let moment = Millis(at(NOON).0 + days * 86_400_000);
        for contract in chain.iter().step_by(17) {
            let listed = market.listed(&contract.symbol, moment).unwrap();
            let over = contract.option.as_ref().unwrap().contract.expiry < calendar::date(moment);
            assert_eq!(listed.active, !over, "{} {moment}", contract.symbol);
            assert_eq!(listed.id, contract.id);
        }
    }
}

#[test]
fn contracts_in_no_chain_are_not_there_and_old_ones_are_expired() {
    let market = market();
    let found = |name: &str| market.listed(&symbol(name), at(NOON)).map(|listed| listed.active);

    assert_eq!(found("AAPL241213C00250000"), Some(false));
    assert_eq!(found("AAPL261218C00250000"), Some(true));
    for none in [
        "AAPL261218C00251000",
        "AAPL261217C00250000",
        "AAPL270108C00250000",
        "AAPL261218C00900000",
        "KO261218C00070000",
        "ZZZZ261218C00070000",
    ] {
        assert_eq!(found(none), None, "{none}");
        assert_eq!(market.quote(&symbol(none), at(NOON)), None, "{none}");
    }
}

#[test]
fn an_id_of_a_contract_leads_back_to_it() {
    let market = market();
    for contract in market.chain(&symbol("NVDA"), at(NOON)).iter().step_by(13) {
        let dashless = contract.id.replace('-', "");

        assert_eq!(market.resolve(&contract.id).unwrap().0, contract.symbol);
        assert_eq!(market.resolve(&dashless).unwrap().0, contract.symbol);
    }
}

#[test]
fn a_call_less_a_put_is_the_share_less_the_strike() {
    let market = market();
    let share: Decimal = market.last(&symbol("TSLA"), at(NOON)).unwrap();
    let chain = market.chain(&symbol("TSLA"), at(NOON));
    let mut compared = 0;
    for listed in &chain {
        let contract = &listed.option.as_ref().unwrap().contract;
        let put = listed.symbol.as_str().replace("TSLA261211C", "TSLA261211P");
        if put == listed.symbol.as_str() {
            continue;
        }
        let (call, put) =
            (market.last(&listed.symbol, at(NOON)), market.last(&symbol(&put), at(NOON)));
        let days = f64::from(16_u8) + 4.0 / 24.0;
        let discount = Decimal::try_from((-0.04 * days / 365.0).exp()).unwrap();
        let parity = share - contract.strike * discount;
        let exercised = contract.strike - share;
        // A put is never worth less than exercising it, which lifts those deep in the money.
        if put.unwrap() > exercised + price("0.10") {
            let apart = (call.unwrap() - put.unwrap() - parity).abs();
            assert!(apart <= price("0.06"), "{} {apart}", listed.symbol);
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn an_option_is_worth_what_exercising_it_brings_and_more() {
    let market = market();
    for root in ["AAPL", "SPY"].map(symbol) {
        let share = market.last(&root, at(NOON)).unwrap();
        for listed in market.chain(&root, at(NOON)).iter().step_by(5) {
            let contract = &listed.option.as_ref().unwrap().contract;
            let exercised = if listed.name.ends_with("Call") {
                share - contract.strike
            } else {
                contract.strike - share
            };
            let quote = market.quote(&listed.symbol, at(NOON)).unwrap();

            assert!(market.last(&listed.symbol, at(NOON)).unwrap() > exercised - price("0.05"));
            assert!(quote.ask.unwrap() >= exercised - price("0.01"), "{}", listed.symbol);
            assert!(quote.ask.unwrap() > Decimal::ZERO);
        }
    }
}

#[test]
fn options_stand_still_outside_of_the_session_and_end_with_it() {
    let market = market();
    let call = symbol("AAPL261127C00270000");
    let quote = |moment: &str| market.quote(&call, at(moment)).unwrap();

    let evening = quote("2026-11-25T21:30:00Z");
    assert_eq!(evening, quote("2026-11-27T14:29:59Z"));
    assert_eq!(evening.at, at("2026-11-25T20:59:50Z"));
    assert!(quote("2026-11-27T17:59:59Z").ask.is_some());
    let over = quote("2026-11-27T18:00:00Z");
    assert_eq!((over.bid, over.ask), (None, None));
    assert!(market.last(&call, at("2026-12-01T18:00:00Z")).is_some());
}

#[test]
fn greeks_are_those_of_the_formula() {
    let market = market();
    let of = |name: &str| market.greeks(&symbol(name), at(NOON)).unwrap();

    let (call, volatility) = of("AAPL261218C00270000");
    let (put, _) = of("AAPL261218P00270000");

    assert!((volatility - 0.28).abs() < 1e-12);
    assert!((call.delta - put.delta - 1.0).abs() < 1e-12);
    assert!((call.gamma - put.gamma).abs() < 1e-12 && (call.vega - put.vega).abs() < 1e-12);
    assert!(call.theta < 0.0 && call.rho > 0.0 && put.rho < 0.0);
    assert_eq!(market.greeks(&symbol("AAPL"), at(NOON)), None);
}
