//! Every plain type against every other on the other side of the market.

use super::written::{facts, order};
use crate::api::trading::words::{OrderClass, OrderType, Side};
use crate::broker::rules::wash;

fn written(side: Side, kind: OrderType, limit: &str) -> String {
    let prices = match kind {
        OrderType::Market => String::new(),
        OrderType::Limit => format!(" limit={limit}"),
        OrderType::Stop => " stop=100".to_owned(),
        OrderType::StopLimit => format!(" stop=100 limit={limit}"),
        OrderType::TrailingStop => " trail=1".to_owned(),
    };
    format!("{side} 1 AAPL {kind} day{prices}")
}

/// Returns the reason for which an order meets an open limit of 100 or what wakes up at the market.
fn met(side: Side, kind: OrderType, limit: &str, open: &str) -> Option<String> {
    let other = side.opposite();
    let known = facts(&format!("open={other}:{open}"));
    let refusal = wash::trade(&order(&written(side, kind, limit)), &known).err()?;
    Some(refusal.extra["reject_reason"].as_str().unwrap().to_owned())
}

#[test]
fn a_market_or_a_stop_order_meets_everything_and_limits_meet_where_they_cross() {
    let limited = "opposite side limit order exists";
    let woken = "opposite side market/stop order exists";
    for side in [Side::Buy, Side::Sell] {
        let (apart, across) = match side {
            Side::Buy => ("99.99", "100"),
            Side::Sell => ("100.01", "100"),
        };
        for kind in [OrderType::Market, OrderType::Stop] {
            for open in ["limit:100", "stop_limit:100"] {
                assert_eq!(met(side, kind, "", open).as_deref(), Some(limited), "{side} {kind}");
            }
        }
        for kind in [OrderType::Limit, OrderType::StopLimit] {
            for open in ["limit:100", "stop_limit:100"] {
                assert_eq!(met(side, kind, apart, open), None, "{side} {kind} {open}");
                assert_eq!(met(side, kind, across, open).as_deref(), Some(limited));
            }
        }
        for kind in [OrderType::Market, OrderType::Stop, OrderType::Limit, OrderType::StopLimit] {
            for open in ["market:", "stop:"] {
                assert_eq!(met(side, kind, apart, open).as_deref(), Some(woken), "{side} {kind}");
            }
        }
    }
}

#[test]
fn trailing_stops_orders_with_exits_and_the_same_side_are_exempt() {
    for kind in OrderType::ALL {
        let trailing = met(Side::Sell, OrderType::TrailingStop, "", &format!("{kind}:100"));
        assert_eq!(trailing, None, "{kind}");
        for class in ["bracket", "oco", "oto"] {
            assert_eq!(met(Side::Sell, *kind, "100", &format!("market::{class}")), None, "{kind}");
        }
        assert_eq!(met(Side::Buy, *kind, "100", "trailing_stop:"), None, "{kind}");
        let same = facts(&format!("open=buy:{kind}:100"));
        assert_eq!(wash::trade(&order(&written(Side::Buy, *kind, "100")), &same), Ok(()));
    }
    let mut bracket = order("buy 1 AAPL market day");
    bracket.order_class = OrderClass::Bracket;
    assert_eq!(wash::trade(&bracket, &facts("open=sell:market:")), Ok(()));
}

#[test]
fn the_order_that_is_met_is_named() {
    let mut known = facts("open=buy:limit:90 open=sell:limit:110 open=sell:limit:105");
    let named = |known| {
        let refusal = wash::trade(&order("buy 1 AAPL limit day limit=106"), known).unwrap_err();
        refusal.extra["existing_order_id"].clone()
    };
    for (open, id) in known.open.iter_mut().flatten().zip(["one", "two", "three"]) {
        id.clone_into(&mut open.id);
    }

    assert_eq!(named(&known), "three");
}
