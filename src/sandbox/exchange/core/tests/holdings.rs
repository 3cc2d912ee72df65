//! What holds of money and holdings in every life.

use super::life::*;
use super::*;
use crate::api::trading::words::AssetClass;
use proptest::prelude::*;

#[test]
fn cash_is_what_the_activities_say() {
    for_each_story(|story| {
        let activities = activities(&story.journal);
        let mut cash = story.cash;
        for activity in &activities {
            if let Some(fill) = &activity.fill {
                let class = activity.symbol.as_ref().unwrap().class();
                let value = activity.qty.unwrap() * activity.price.unwrap() * size(class);
                let value = if fill.side == Side::Buy { -value } else { value };
                prop_assert_eq!(activity.net_amount, value.round_dp(9));
            }
            cash += activity.net_amount;
        }
        prop_assert_eq!(story.account.cash, cash);
        prop_assert!(cash.scale() <= 9);
        Ok(())
    });
}

#[test]
fn a_position_is_the_sum_of_its_fills_fees_and_deliveries() {
    for_each_story(|story| {
        for (name, _) in TRADED {
            let name = symbol(name);
            let changes = activities(&story.journal)
                .into_iter()
                .filter(|activity| activity.symbol.as_ref() == Some(&name));
            let change = |activity: &Activity| match &activity.fill {
                Some(fill) if fill.side == Side::Sell => -activity.qty.unwrap(),
                _ => activity.qty.unwrap(),
            };
            let sum: Decimal = changes.map(change).sum();
            let position = story.account.positions.get(&name);
            prop_assert_eq!(position.map_or(Decimal::ZERO, |position| position.qty), sum);
            prop_assert_eq!(position.is_none(), sum.is_zero());
        }
        Ok(())
    });
}

#[test]
fn equity_is_cash_and_what_is_held() {
    for_each_story(|story| {
        let worth = worth(&story.account, &story.market, story.account.last_seen);
        let values = worth.long_market_value + worth.short_market_value;
        prop_assert_eq!(worth.equity, story.account.cash + values);
        prop_assert!(worth.long_market_value >= Decimal::ZERO);
        prop_assert!(worth.short_market_value <= Decimal::ZERO);
        Ok(())
    });
}

#[test]
fn what_is_laid_aside_is_laid_aside_for_open_orders_and_can_be_paid() {
    for_each_story(|story| {
        for scene in &story.scenes {
            let orders = &scene.after.orders;
            let sum: Decimal = orders.all().map(|order| order.reserved).sum();
            prop_assert_eq!(orders.reserved(), sum);
            prop_assert!(orders.all().all(|order| order.reserved >= Decimal::ZERO));
            prop_assert!(orders.all().all(|order| order.opens() || order.reserved.is_zero()));
            let more = orders.reserved() > scene.reserved;
            if more && multiplier(&scene.after) == 1 {
                let free = super::super::funds::free_cash(&scene.after, &story.market, scene.at);
                prop_assert!(free >= Decimal::ZERO, "{free}");
            }
        }
        let ended = story.account.orders.all().next().is_some();
        prop_assert!(ended || story.account.orders.reserved().is_zero());
        Ok(())
    });
}

#[test]
fn nothing_is_sold_that_is_not_there() {
    for_each_story(|story| {
        for scene in &story.scenes {
            for (name, position) in &scene.after.positions {
                let coins = position.class == AssetClass::Crypto;
                prop_assert!(!coins || position.qty > Decimal::ZERO);
                let out = if position.qty > Decimal::ZERO { Side::Sell } else { Side::Buy };
                let closing = scene.after.orders.side(name, out);
                let closing = closing.filter(|o| !o.opens() && o.notional.is_none());
                let claimed: Decimal =
                    closing.map(|o| super::super::funds::claim(o, &story.market, scene.at)).sum();
                prop_assert!(claimed <= position.qty.abs(), "{name} {claimed} {}", position.qty);
                let free = held(&scene.after, &story.market, name, scene.at).available;
                prop_assert!(free >= Decimal::ZERO && free <= position.qty.abs());
            }
        }
        Ok(())
    });
}

#[test]
fn closing_trades_leave_the_average_alone_within_a_day() {
    for_each_story(|story| {
        for pair in story.scenes.windows(2) {
            let (scene, next) = (&pair[0].after, &pair[1].after);
            if scene.last_close != next.last_close {
                continue;
            }
            for (name, before) in &scene.positions {
                let Some(after) = next.positions.get(name) else { continue };
                let same = before.qty.is_sign_negative() == after.qty.is_sign_negative();
                let smaller =
                    after.qty.abs() < before.qty.abs() && before.today.qty == after.today.qty;
                if same && smaller {
                    prop_assert_eq!(before.avg_entry_price, after.avg_entry_price);
                }
                let lots: Decimal = after.lots.iter().map(|lot| lot.qty).sum();
                let whole = lots + after.today.qty - after.closed_today;
                prop_assert_eq!(whole, after.qty.abs());
            }
        }
        Ok(())
    });
}

#[test]
fn gains_and_fees_explain_the_equity() {
    for_each_story(|story| {
        let last = story.account.last_seen;
        let mut explained = Decimal::ZERO;
        for activity in activities(&story.journal) {
            let Some(name) = &activity.symbol else { continue };
            let now = match story.account.positions.get(name) {
                Some(position) => price(&story.market, name, position, last),
                None => Decimal::ZERO,
            };
            let qty = match &activity.fill {
                Some(fill) if fill.side == Side::Sell => -activity.qty.unwrap(),
                _ => activity.qty.unwrap(),
            };
            explained += activity.net_amount + qty * now * size(name.class());
        }
        let worth = worth(&story.account, &story.market, last);
        let gap = (worth.equity - story.cash - explained).abs();
        prop_assert!(gap < dec("0.000001"), "{gap}");
        Ok(())
    });
}

#[test]
fn an_amount_is_never_overspent() {
    for_each_story(|story| {
        for states in histories(&story.journal).values() {
            let last = states.last().unwrap();
            let Some(dollars) = last.notional else { continue };
            prop_assert!(states.iter().all(|state| state.qty.is_none()));
            prop_assert!(last.filled_value <= dollars);
            if last.status == Status::Filled && last.opens() {
                let step = last.filled_avg_price().unwrap() * dec("0.000000002");
                prop_assert!(dollars - last.filled_value <= step);
            }
        }
        Ok(())
    });
}

#[test]
fn a_client_id_is_taken_once() {
    for_each_story(|story| {
        let mut account = story.account.clone();
        let now = account.last_seen;
        let mut ticket = limit("AAPL", Side::Buy, "1", "1");
        ticket.client_order_id = "once".to_owned();
        let mut place = |id: &str| {
            let ticket = Box::new(ticket.clone());
            let event = Event::Submit { ticket, id: id.to_owned(), taken: false };
            step(&mut account, event, &story.market, now).answer
        };
        let (first, second) = (place("a"), place("b"));
        let words = second.err().map(|refusal| (refusal.status, refusal.message));
        let unique = (422, "client_order_id must be unique".to_owned());
        prop_assert!(first.is_err() || words == Some(unique));
        Ok(())
    });
}

#[test]
fn after_canceling_all_nothing_is_open_and_after_closing_all_nothing_is_held() {
    for_each_story(|story| {
        let mut account = story.account.clone();
        let now = account.last_seen;
        let id = "all".to_owned();
        step(&mut account, Event::CancelAll, &story.market, now).answer.unwrap();
        prop_assert_eq!(
            (account.orders.all().count(), account.orders.reserved()),
            (0, Decimal::ZERO)
        );
        let close = Event::CloseAll { cancel_orders: true, id };
        step(&mut account, close, &story.market, now).answer.unwrap();
        catch_up(&mut account, &story.market, Millis(now.0 + 5 * 86_400_000));
        let options = account.positions.values().all(|p| p.class == AssetClass::UsOption);
        prop_assert!(options || story.recorded, "{:?}", account.positions);
        Ok(())
    });
}

#[test]
fn a_percentage_is_rounded_down_and_a_hundred_leaves_nothing() {
    for_each_story(|story| {
        for name in story.account.positions.keys() {
            let mut account = story.account.clone();
            let now = account.last_seen;
            step(&mut account, Event::CancelAll, &story.market, now).answer.unwrap();
            let held = account.positions[name].qty.abs();
            let close =
                |part, id: &str| Event::Close { symbol: name.clone(), part, id: id.to_owned() };
            let third = close(Part::Percent(dec("33")), "third");
            let whole = close(Part::Percent(Decimal::ONE_HUNDRED), "whole");
            let parts = account.positions[name].class == AssetClass::Crypto
                || story.market.listed(name, now).is_some_and(|listed| listed.fractionable)
                    && account.positions[name].qty > Decimal::ZERO;
            let increment = if parts { dec("0.000000001") } else { Decimal::ONE };
            let mut other = account.clone();
            if let Ok(Answer::Order(order, _)) = step(&mut other, third, &story.market, now).answer
            {
                let (exact, asked) = (held * dec("0.33"), order.qty.unwrap());
                prop_assert!(asked <= exact && exact - asked < increment, "{asked} {exact}");
            }
            if let Ok(Answer::Order(order, _)) =
                step(&mut account, whole, &story.market, now).answer
            {
                prop_assert_eq!(order.qty, Some(held));
                catch_up(&mut account, &story.market, Millis(now.0 + 4 * 86_400_000));
                let left = account.positions.get(name);
                prop_assert!(left.is_none() || story.recorded, "{left:?}");
            }
        }
        Ok(())
    });
}
