//! Whether lives are worth looking at, and whether the journal tells all of them.

use std::collections::BTreeMap;

use super::super::desk::Desk;
use super::life::*;
use super::*;
use proptest::prelude::*;

/// An account as its journal tells it: nothing else of the exchange's own is used but how positions grow and how
/// a day ends.
fn retold(story: &Story) -> Account {
    let mut account = Account::open(story.account.id.clone(), story.cash, at(MONDAY));
    account.multiplier = story.account.multiplier;
    account.configuration = story.account.configuration.clone();
    account.switches = story.account.switches.clone();
    account.last_seen = story.account.last_seen;
    let (mut open, mut assets) = (BTreeMap::new(), BTreeMap::new());
    let market = &story.market;
    let mut desk = Desk { account: &mut account, market, now: at(MONDAY), effects: Vec::new() };
    let all = activities(&story.journal);
    for effect in &story.journal {
        match effect {
            Effect::Order(order) => {
                assets.insert(order.symbol.clone(), order.asset_id.clone());
                desk.account.next_order = desk.account.next_order.max(order.seq + 1);
                open.insert(order.seq, (**order).clone());
                open.retain(|_, order| order.status.is_open());
            }
            Effect::Activity(activity) => {
                desk.now = activity.at;
                desk.account.next_activity += 1;
                desk.account.cash = (desk.account.cash + activity.net_amount).normalize();
                hold(&mut desk, activity, &all, &assets);
            }
            Effect::Close(close) => {
                desk.now = close.at;
                desk.roll_over();
            }
        }
    }
    account.orders = Book::from(open.into_values().collect::<Vec<_>>());
    account
}

fn hold(
    desk: &mut Desk,
    activity: &Activity,
    all: &[&Activity],
    assets: &BTreeMap<Symbol, String>,
) {
    let (symbol, qty) = (activity.symbol.clone().unwrap(), activity.qty.unwrap());
    match (activity.kind, &activity.fill) {
        (Kind::Opexp | Kind::Opexc | Kind::Opasn, _) => {
            let gone = desk.account.positions.remove(&symbol).unwrap();
            assert_eq!(gone.qty, -qty);
        }
        (Kind::Cfee, _) => {}
        (Kind::Fill | Kind::Optrd, fill) => {
            let fee = all.iter().find(|other| other.seq == activity.seq + 1);
            let fee = fee.filter(|fee| fee.kind == Kind::Cfee).and_then(|fee| fee.qty);
            let sold = fill.as_ref().is_some_and(|fill| fill.side == Side::Sell);
            let signed = if sold { -qty } else { qty } + fee.unwrap_or_default();
            let listed = desk.market.listed(&symbol, desk.now).map(|listed| listed.id);
            let asset = assets.get(&symbol).cloned().or(listed).unwrap();
            let terms = (signed, activity.price.unwrap());
            desk.add(&symbol, (&asset, symbol.class()), terms);
        }
    }
}

#[test]
fn a_journal_told_again_makes_the_same_account() {
    for_each_story(|story| {
        let told = retold(story);
        prop_assert_eq!(&told.positions, &story.account.positions);
        prop_assert_eq!(&told.last_close, &story.account.last_close);
        prop_assert_eq!(&told, &story.account);
        Ok(())
    });
}

#[test]
fn without_margin_nothing_that_is_asked_for_overdraws_what_is_free() {
    for_each_story(|story| {
        for scene in story.scenes.iter().filter(|scene| multiplier(&scene.after) == 1) {
            let after = super::super::funds::free_cash(&scene.after, &story.market, scene.at);
            let before = scene.free.is_some_and(|free| free >= Decimal::ZERO);
            prop_assert!(!before || after >= Decimal::ZERO, "{after}");
        }
        Ok(())
    });
}

#[test]
fn shares_lie_behind_every_call_that_was_sold() {
    for_each_story(|story| {
        let call = symbol(TRADED[2].0);
        for scene in &story.scenes {
            let held = |name: &Symbol| scene.after.positions.get(name).map(|p| p.qty);
            let sold = held(&call).unwrap_or_default().min(Decimal::ZERO).abs();
            let shares = held(&symbol("AAPL")).unwrap_or_default();
            prop_assert!(sold.is_zero() || sold * Decimal::ONE_HUNDRED <= shares);
        }
        Ok(())
    });
}

#[test]
fn what_has_ended_is_not_canceled_and_no_client_id_is_taken_twice() {
    for_each_story(|story| {
        let (mut account, now) = (story.account.clone(), story.account.last_seen);
        let mut refused = |event| step(&mut account, event, &story.market, now).answer.unwrap_err();
        for states in histories(&story.journal).values() {
            let order = states.last().unwrap();
            let ended = Some(order.status).filter(|status| !status.is_open());
            if ended.is_some() {
                let refusal = refused(Event::Cancel { id: order.id.clone(), ended });
                let words = format!("order is already in \"{}\" state", order.status.as_str());
                prop_assert_eq!((refusal.status, refusal.message), (422, words));
            }
            let client_order_id = order.client_order_id.clone();
            let ticket = Ticket { client_order_id, ..limit("AAPL", Side::Buy, "1", "1") };
            let event = Event::Submit {
                ticket: Box::new(ticket),
                id: "new".to_owned(),
                taken: ended.is_some(),
            };
            let refusal = refused(event);
            let words = "client_order_id must be unique".to_owned();
            prop_assert_eq!((refusal.status, refusal.message), (422, words));
        }
        prop_assert_eq!(&account, &story.account);
        Ok(())
    });
}

/// Properties of lives in which nothing happens would say nothing.
#[test]
fn lives_hold_what_the_properties_are_about() {
    let seen = std::cell::RefCell::new(BTreeMap::<String, u32>::new());

    for_each_story(|story| {
        let mut seen = seen.borrow_mut();
        let mut note = |what: String| *seen.entry(what).or_default() += 1;
        for states in histories(&story.journal).values() {
            let last = states.last().unwrap();
            let role = last.role.map_or("alone", Role::as_str);
            note(format!("{role} {}", last.status.as_str()));
            note(format!(
                "{} {} filled {}",
                last.class,
                last.order_type,
                last.filled_qty > Decimal::ZERO
            ));
            note(format!("{} filled {}", last.time_in_force, last.filled_qty > Decimal::ZERO));
        }
        for scene in &story.scenes {
            note(format!("refused {}", scene.refused));
            let short = scene.after.positions.values().any(|p| p.qty < Decimal::ZERO);
            note(format!("short {short}"));
            for position in scene.after.positions.values().filter(|p| p.qty < Decimal::ZERO) {
                note(format!("short {}", position.class));
            }
            note(format!("margin {}", multiplier(&scene.after) > 1));
        }
        for activity in activities(&story.journal) {
            let part = activity.fill.as_ref().is_some_and(|fill| !fill.whole);
            note(format!("{} part {part}", activity.kind.as_str()));
        }
        Ok(())
    });

    let seen = seen.borrow();
    let times = |what: &str| seen.get(what).copied().unwrap_or_default();
    for often in ["entry filled", "take_profit filled", "stop_loss filled", "alone replaced"] {
        assert!(times(often) >= 10, "{often}: {}", times(often));
    }
    for often in ["OPEXC", "OPASN", "OPEXP", "CFEE"] {
        let seen = times(&format!("{often} part false"));
        assert!(seen >= 3, "{often}: {seen}");
    }
    for often in ["opg", "cls", "ioc", "fok", "us_equity trailing_stop", "us_equity stop"] {
        let filled = format!("{often} filled true");
        assert!(times(&filled) >= 10, "{filled}: {}", times(&filled));
    }
    assert!(times("short us_option") >= 100 && times("margin true") >= 1000);
    assert!(times("short true") >= 100 && times("FILL part true") >= 100);
    assert!(times("refused true") >= 1000 && times("refused false") >= 1000);
}
