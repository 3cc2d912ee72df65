//! What is listed.

use std::collections::HashSet;

use super::*;
use crate::api::trading::words::AssetClass;

const LINES: &str = include_str!("../universe.csv");

#[test]
fn every_line_of_the_table_is_listed_under_an_id_of_its_own() {
    let market = market();
    let ids: HashSet<_> = market.assets().map(|listed| listed.id.clone()).collect();

    assert_eq!(ids.len(), LINES.lines().count() - 1);
    assert_eq!(ids.len(), 70);
    let apple = market.listed(&symbol("AAPL"), Millis(0)).unwrap();
    assert_eq!(apple.id, "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415");
    let known = ["AMEX", "ARCA", "BATS", "NYSE", "NASDAQ", "OTC", "CRYPTO"];
    for listed in market.assets() {
        assert!(known.contains(&listed.exchange.as_str()), "{listed:?}");
        assert_eq!(market.resolve(&listed.id).unwrap().0, listed.symbol);
        assert_eq!(listed.min_order_size.is_some(), listed.class == AssetClass::Crypto);
    }
}

#[test]
fn both_spellings_of_a_coin_are_understood_and_small_letters_are_not() {
    let market = market();
    let class =
        |text: &str| market.resolve(text).map(|(symbol, class)| (symbol.to_string(), class));
    let bitcoin = Some(("BTC/USD".to_owned(), AssetClass::Crypto));

    assert_eq!(class("BTC/USD"), bitcoin);
    assert_eq!(class("BTCUSD"), bitcoin);
    assert_eq!(class("AAPL"), Some(("AAPL".to_owned(), AssetClass::UsEquity)));
    let option = "AAPL261218C00250000";
    assert_eq!(class(option), Some((option.to_owned(), AssetClass::UsOption)));
    for unknown in ["aapl", "ZZZZ", "BTC/", "", "BTCEUR", "b0b6dd9d-8b9b-48a9-ba46-b9d54906e416"] {
        assert_eq!(class(unknown), None, "{unknown}");
    }
}

#[test]
fn what_is_inactive_has_no_price() {
    let market = market();
    for name in ["TWTR", "MKR/USD"].map(symbol) {
        let listed = market.listed(&name, Millis(0)).unwrap();

        assert!(!listed.active && !listed.tradable);
        assert_eq!(market.quote(&name, at("2026-11-25T15:00:00Z")), None);
    }
}

#[test]
fn no_course_crosses_the_dollar_at_which_its_steps_change() {
    let market = market();
    let year = (at("2026-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
    for listed in market.assets().filter(|listed| listed.class == AssetClass::UsEquity) {
        if let Some((low, high)) = market.range(&listed.symbol, year.0, year.1) {
            assert!(high < Decimal::ONE || low > Decimal::ONE, "{}", listed.symbol);
        }
    }
}
