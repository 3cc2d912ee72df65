//! What holds of every order in every life, and of the journal.

use super::life::*;
use super::*;
use proptest::prelude::*;

/// Which status may follow which; everything else is a fault.
fn may_follow(from: Status, to: Status) -> bool {
    use Status::{Accepted, Canceled, Expired, Filled, Held, New, PartiallyFilled, PendingNew};
    match from {
        PendingNew => to.is_ok_after_taking(),
        Accepted => matches!(to, Accepted | New | PartiallyFilled) || !to.is_open(),
        New | PartiallyFilled => matches!(to, New | PartiallyFilled) || !to.is_open(),
        Held => {
            matches!(to, Held | New | PartiallyFilled | Filled | Canceled | Expired)
                || to == Status::Replaced
        }
        _ => false,
    }
}

impl Status {
    fn is_ok_after_taking(self) -> bool {
        matches!(self, Self::PendingNew | Self::New | Self::PartiallyFilled) || !self.is_open()
    }
}

#[test]
fn statuses_follow_a_table_and_an_end_is_final() {
    for_each_story(|story| {
        for states in histories(&story.journal).values() {
            for pair in states.windows(2) {
                let (from, to) = (pair[0].status, pair[1].status);
                prop_assert!(may_follow(from, to), "{from:?} {to:?}");
                prop_assert!(pair[1].filled_qty >= pair[0].filled_qty);
            }
            for state in states {
                let stamps = [
                    state.filled_at,
                    state.expired_at,
                    state.canceled_at,
                    state.failed_at,
                    state.replaced_at,
                ];
                let ends = stamps.iter().flatten().count();
                prop_assert_eq!(ends, usize::from(!state.status.is_open()));
            }
        }
        Ok(())
    });
}

#[test]
fn an_order_is_filled_by_its_fills_and_by_nothing_else() {
    for_each_story(|story| {
        let histories = histories(&story.journal);
        for states in histories.values() {
            let last = states.last().unwrap();
            let fills: Vec<_> = activities(&story.journal)
                .into_iter()
                .filter(|a| a.fill.as_ref().is_some_and(|fill| fill.order_id == last.id))
                .collect();
            let sum: Decimal = fills.iter().filter_map(|fill| fill.qty).sum();
            let value: Decimal =
                fills.iter().filter_map(|fill| Some(fill.qty? * fill.price?)).sum();
            let first = &states[0];
            prop_assert_eq!(last.filled_qty, first.filled_qty + sum);
            prop_assert_eq!(last.filled_value, first.filled_value + value);
            if let Some(qty) = last.qty {
                prop_assert!(last.filled_qty >= Decimal::ZERO && last.filled_qty <= qty);
                prop_assert_eq!(last.status == Status::Filled, last.left().is_zero());
            }
            for activity in fills {
                let fill = activity.fill.as_ref().unwrap();
                prop_assert_eq!(fill.whole, fill.order_status == Status::Filled);
                prop_assert!(last.notional.is_some() || fill.whole == fill.leaves_qty.is_zero());
            }
        }
        Ok(())
    });
}

#[test]
fn a_fill_lies_on_a_quote_and_within_the_limit() {
    for_each_story(|story| {
        let histories = histories(&story.journal);
        for activity in activities(&story.journal) {
            let Some(fill) = &activity.fill else { continue };
            let order = histories[&fill.order_id].last().unwrap();
            let (symbol, price) = (activity.symbol.clone().unwrap(), activity.price.unwrap());
            let quote = story.market.quote(&symbol, activity.at).unwrap();
            prop_assert_eq!(Some(price), quote.far(fill.side));
            let worst = match order.order_type {
                OrderType::Limit | OrderType::StopLimit => order.limit_price,
                _ => order.cap,
            };
            let within = worst.is_none_or(|worst| match fill.side {
                Side::Buy => price <= worst,
                Side::Sell => price >= worst,
            });
            prop_assert!(within, "{order:?}");
        }
        Ok(())
    });
}

#[test]
fn exits_never_exceed_their_entry_and_never_come_before_it() {
    for_each_story(|story| {
        let histories = histories(&story.journal);
        let groups: std::collections::BTreeSet<_> =
            histories.values().filter_map(|states| states[0].group.clone()).collect();
        for group in groups {
            let of = || histories.values().filter(|s| s[0].group.as_ref() == Some(&group));
            let own = |s: &Vec<Order>| s.last().unwrap().filled_qty - s[0].filled_qty;
            let entries = of().filter(|s| s[0].role == Some(Role::Entry));
            let entry_end = entries.clone().filter_map(|s| s.last().unwrap().filled_at).max();
            let entered: Decimal = entries.clone().map(own).sum();
            let exits: Vec<_> = of().filter(|s| s[0].role != Some(Role::Entry)).collect();
            let left: Decimal = exits.iter().map(|s| own(s)).sum();
            if entries.count() > 0 {
                prop_assert!(left <= entered, "{left} {entered}");
                let fills = exits.iter().flat_map(|s| s.iter());
                for exit in fills.filter(|o| o.filled_qty > Decimal::ZERO) {
                    prop_assert!(entry_end.is_some_and(|end| exit.updated_at >= end));
                }
            }
            let ends = exits.iter().map(|s| s.last().unwrap());
            let filled = ends.clone().filter(|o| o.status == Status::Filled).count();
            prop_assert!(filled <= 1);
            if filled == 1 {
                prop_assert!(ends.clone().all(|o| !o.status.is_open()));
            }
        }
        Ok(())
    });
}

#[test]
fn a_trailing_stop_only_moves_the_good_way_and_in_regular_hours() {
    for_each_story(|story| {
        for states in histories(&story.journal).values() {
            if states[0].order_type != OrderType::TrailingStop {
                continue;
            }
            for pair in states.windows(2) {
                let (old, new) = (&pair[0], &pair[1]);
                let sign =
                    if old.side == Side::Sell { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
                if let Some((old, new)) = old.stop_price.zip(new.stop_price) {
                    prop_assert!(old * sign <= new * sign);
                }
                let moved = old.hwm != new.hwm || old.triggered != new.triggered;
                let phase = crate::broker::calendar::phase(new.updated_at);
                prop_assert!(!moved || phase == crate::broker::calendar::Phase::Regular);
            }
        }
        Ok(())
    });
}

#[test]
fn no_order_outlives_its_time_in_force() {
    for_each_story(|story| {
        for states in histories(&story.journal).values() {
            let last = states.last().unwrap();
            match last.time_in_force {
                TimeInForce::Ioc | TimeInForce::Fok => {
                    prop_assert!(!last.status.is_open());
                    prop_assert_eq!(last.updated_at, last.created_at);
                    let all = last.qty == Some(last.filled_qty);
                    let whole = last.filled_qty.is_zero() || all || last.notional.is_some();
                    prop_assert!(last.time_in_force == TimeInForce::Ioc || whole);
                }
                TimeInForce::Opg | TimeInForce::Cls if last.filled_at.is_some() => {
                    prop_assert_eq!(last.filled_at, last.expires_at);
                }
                _ => {}
            }
            // An exit whose entry is not filled ends with that alone.
            let end = last.expires_at.filter(|end| last.armed && *end <= story.account.last_seen);
            prop_assert!(end.is_none() || !last.status.is_open());
            let mut working = states.iter().filter(|state| state.armed);
            prop_assert!(working.all(|s| s.expires_at.is_none_or(|end| s.updated_at <= end)));
        }
        Ok(())
    });
}

#[test]
fn replacements_are_a_chain_without_forks() {
    for_each_story(|story| {
        let histories = histories(&story.journal);
        for states in histories.values() {
            let (first, last) = (&states[0], states.last().unwrap());
            prop_assert_eq!(last.status == Status::Replaced, last.replaced_by.is_some());
            if let Some(old) = &first.replaces {
                let old = histories[old].last().unwrap();
                prop_assert_eq!(old.replaced_by.as_ref(), Some(&first.id));
                prop_assert_eq!(first.filled_qty, old.filled_qty);
                prop_assert_eq!(first.filled_value, old.filled_value);
                prop_assert!(first.qty > Some(first.filled_qty));
            }
        }
        Ok(())
    });
}

#[test]
fn open_simple_orders_never_meet_each_other() {
    for_each_story(|story| {
        for scene in &story.scenes {
            let simple = |order: &&Order| {
                order.order_class == OrderClass::Simple
                    && order.order_type != OrderType::TrailingStop
            };
            let open: Vec<_> = scene.after.orders.all().filter(simple).collect();
            for buy in open.iter().filter(|order| order.side == Side::Buy) {
                for sell in open.iter().filter(|order| order.side == Side::Sell) {
                    let limited =
                        |o: &Order| matches!(o.order_type, OrderType::Limit | OrderType::StopLimit);
                    let apart = limited(buy) && limited(sell) && buy.limit_price < sell.limit_price;
                    prop_assert!(apart || buy.symbol != sell.symbol);
                }
            }
        }
        Ok(())
    });
}

#[test]
fn looking_in_between_changes_nothing() {
    for_each_life(|life| {
        let (once, often) = (life.live(None), life.live(Some(73)));

        prop_assert_eq!(written(&once.journal), written(&often.journal));
        prop_assert_eq!(once.account, often.account);
        Ok(())
    });
}

#[test]
fn the_same_life_leaves_the_same_journal_and_survives_being_written_down() {
    for_each_life(|life| {
        let (once, again) = (life.live(None), life.live(None));

        prop_assert_eq!(written(&once.journal), written(&again.journal));
        let text = serde_json::to_string(&once.account).unwrap();
        let read: Account = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &once.account);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
        Ok(())
    });
}

fn written(journal: &[Effect]) -> String {
    let lines = journal.iter().map(|effect| serde_json::to_string(effect).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_journal_tells_the_account() {
    for_each_story(|story| {
        let histories = histories(&story.journal);
        let ends = histories.values().map(|states| states.last().unwrap());
        let mut open: Vec<&Order> = ends.filter(|order| order.status.is_open()).collect();
        open.sort_by_key(|order| order.seq);
        let kept: Vec<&Order> = story.account.orders.all().collect();
        prop_assert_eq!(open, kept);
        let numbers: Vec<u64> = activities(&story.journal).iter().map(|a| a.seq).collect();
        let whole: Vec<u64> = (1..story.account.next_activity).collect();
        prop_assert_eq!(numbers, whole);
        Ok(())
    });
}

#[test]
fn a_refused_event_changes_nothing() {
    for_each_story(|story| {
        for scene in story.scenes.iter().filter(|scene| scene.refused) {
            prop_assert!(scene.unchanged);
        }
        Ok(())
    });
}
