//! Whether the market is still what a person agreed to.

use rust_decimal::Decimal;

use crate::api::error::{Code, Error};
use crate::api::trading::order::MarketView;
use crate::api::trading::words::Side;

/// Returns what has changed between asking and doing, if it is more than `most` percent, or another part of the
/// day, or another position where the order `closes` one.
pub(super) fn drifted(
    then: &MarketView,
    now: &MarketView,
    (side, most, closes): (Side, Decimal, bool),
) -> Option<Error> {
    if then.account != now.account || then.env != now.env {
        return Some(drift("the order would go to another account than when it was asked for"));
    }
    if closes && then.position != now.position {
        let text = format!(
            "the position was {} when it was asked for, and is {} now",
            then.position, now.position
        );
        return Some(drift(&text));
    }
    if then.session != now.session {
        let text = format!(
            "the market was `{}` when it was asked for, and is `{}` now",
            then.session, now.session
        );
        return Some(drift(&text));
    }
    let (Some(before), Some(after)) = (then.price(side), now.price(side)) else {
        return Some(drift("the market is not quoted, so nobody knows how far it has moved"));
    };
    let moved = moved(before.0, after.0);
    if moved.is_none_or(|moved| moved > most) {
        let percent =
            moved.map_or("?".to_owned(), |moved| moved.round_dp(2).normalize().to_string());
        let text = format!(
            "the market moved by {percent} percent, from {before} to {after}; the most is {}",
            most.normalize()
        );
        return Some(drift(&text));
    }
    None
}

/// Returns by how many percent a price has moved.
fn moved(before: Decimal, after: Decimal) -> Option<Decimal> {
    ((after - before).abs() * Decimal::ONE_HUNDRED).checked_div(before)
}

fn drift(text: &str) -> Error {
    Error::new(Code::Forbidden, text)
        .hint("this one is over; whoever asked may ask again, with the market as it is now")
        .reason("drift")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(ask: &str) -> MarketView {
        let text = format!(
            r#"{{"env": "paper", "account": "PA1", "asset_class": "us_equity", "at": "2026-11-20T15:00:00Z",
                "bid": "99", "ask": "{ask}", "estimated_cost": "100", "buying_power": "1000",
                "position": "0", "session": "regular"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn said(now: &MarketView) -> Option<String> {
        let error = drifted(&market("100"), now, (Side::Buy, Decimal::ONE, true))?;
        assert_eq!((error.code, error.reason.as_deref()), (Code::Forbidden, Some("drift")));
        Some(error.message)
    }

    #[test]
    fn a_market_that_moved_within_the_bound_is_the_same() {
        assert_eq!(said(&market("101")), None);
        assert_eq!(said(&market("99")), None);
    }

    #[test]
    fn whatever_else_has_changed_is_told_with_its_numbers() {
        let words = said(&market("101.01")).unwrap();
        assert!(words.contains("1.01 percent, from 100 to 101.01; the most is 1"), "{words}");

        let closed = MarketView { session: "closed".to_owned(), ..market("100") };
        assert!(said(&closed).unwrap().contains("is `closed` now"));
        let unquoted = MarketView { ask: None, ..market("100") };
        assert!(said(&unquoted).unwrap().contains("not quoted"));
        let other = MarketView { account: None, ..market("100") };
        assert!(said(&other).unwrap().contains("another account"));
        let held = MarketView { position: "5".parse().unwrap(), ..market("100") };
        assert!(said(&held).unwrap().contains("was 0 when it was asked for, and is 5 now"));
    }
}
