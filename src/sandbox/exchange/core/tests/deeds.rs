//! What somebody may do with an account, drawn by chance.

use proptest::prelude::*;

use super::life::{Story, TRADED};
use super::*;
use crate::api::trading::words::AssetClass;

/// One thing that is done, after so many milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub(super) pause: i64,
    pub(super) act: Act,
}

#[derive(Debug, Clone)]
pub(super) enum Act {
    Place(Wish),
    Cancel(u8),
    CancelAll,
    /// Which one, how many, how far its prices move in thousandths, and what of it is changed
    Replace(u8, i64, i64, u8),
    Close(u8, u32),
    CloseAll(bool),
    Exercise(bool),
    Configure(bool, bool, Option<u8>),
    Switch(u16, u8),
    Wait,
}

/// An order in numbers; not each is one that can be placed.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    what: usize,
    buy: bool,
    qty: i64,
    kind: u8,
    tif: u8,
    /// Distances of prices, in thousandths of the price.
    near: i64,
    far: i64,
    extra: u8,
}

fn wish() -> impl Strategy<Value = Wish> {
    let distances = (-30i64..30, 1i64..40);
    let what = prop_oneof![8 => Just(0usize), 3 => Just(1), 3 => Just(2), 4 => Just(3)];
    (what, any::<bool>(), 1i64..40, 0u8..12, 0u8..14, distances, 0u8..16).prop_map(
        |(what, buy, qty, kind, tif, (near, far), extra)| Wish {
            what,
            buy,
            qty,
            kind,
            tif,
            near,
            far,
            extra,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    let replace = (any::<u8>(), 1i64..80, -40i64..40, 0u8..9);
    let level = prop_oneof![Just(None), (0u8..4).prop_map(Some)];
    let multiplier = prop_oneof![Just(1u8), Just(2), Just(4)];
    prop_oneof![
        20 => wish().prop_map(Act::Place),
        4 => any::<u8>().prop_map(Act::Cancel),
        2 => Just(Act::CancelAll),
        5 => replace.prop_map(|(n, qty, near, what)| Act::Replace(n, qty, near, what)),
        4 => (0u8..4, 1u32..=100).prop_map(|(what, percent)| Act::Close(what, percent)),
        1 => any::<bool>().prop_map(Act::CloseAll),
        3 => any::<bool>().prop_map(Act::Exercise),
        1 => (any::<bool>(), any::<bool>(), level).prop_map(|(s, f, l)| Act::Configure(s, f, l)),
        1 => (0u16..1000, multiplier).prop_map(|(part, often)| Act::Switch(part, often)),
        4 => Just(Act::Wait),
    ]
}

/// Returns deeds with less than a day between them.
pub(super) fn deed() -> impl Strategy<Value = Deed> {
    let pause = prop_oneof![
        3 => 0i64..90_000,
        4 => 0i64..3_600_000,
        1 => 0i64..72_000_000,
    ];
    (pause, act()).prop_map(|(pause, act)| Deed { pause, act })
}

impl Story {
    pub(super) fn event(&self, act: &Act, number: usize, now: Millis) -> Option<Event> {
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let open: Vec<&Order> = self.account.orders.all().collect();
        let pick = |n: u8| open.get(usize::from(n) % open.len().max(1));
        Some(match act {
            Act::Place(wish) => {
                let ticket = Box::new(self.ticket(wish, &id, now));
                Event::Submit { ticket, id, taken: false }
            }
            Act::Cancel(n) => Event::Cancel { id: pick(*n)?.id.clone(), ended: None },
            Act::CancelAll => Event::CancelAll,
            Act::Replace(n, qty, near, what) => {
                let old = pick(*n)?;
                let changes = changes(old, (*qty, *near, *what), &id);
                let new_id = id;
                Event::Replace { id: old.id.clone(), ended: None, new_id, changes, taken: false }
            }
            Act::Close(what, percent) => Event::Close {
                symbol: symbol(TRADED[usize::from(*what)].0),
                part: Part::Percent(Decimal::from(*percent)),
                id,
            },
            Act::CloseAll(cancel_orders) => Event::CloseAll { cancel_orders: *cancel_orders, id },
            Act::Exercise(call) => {
                Event::Exercise { symbol: symbol(TRADED[if *call { 2 } else { 3 }].0) }
            }
            Act::Configure(no_shorting, fractional_trading, max_options_trading_level) => {
                Event::Configure(Configuration {
                    no_shorting: *no_shorting,
                    fractional_trading: *fractional_trading,
                    max_options_trading_level: *max_options_trading_level,
                    ..Configuration::default()
                })
            }
            Act::Switch(per_mille, multiplier) => {
                let partial_fills = Some(PartialFills { per_mille: *per_mille, seed: 4 });
                let switches = Switches { instant: false, partial_fills };
                Event::Switch { switches, multiplier: *multiplier }
            }
            Act::Wait => return None,
        })
    }

    fn ticket(&self, wish: &Wish, id: &str, now: Millis) -> Ticket {
        let name = TRADED[wish.what].0;
        let side = if wish.buy { Side::Buy } else { Side::Sell };
        let mut ticket = order(name, side, "1");
        ticket.client_order_id = format!("client {id}");
        let fine = ticket.class == AssetClass::Crypto || wish.extra == 1;
        ticket.qty = Some(match ticket.class {
            _ if fine => Decimal::new(wish.qty, 3),
            AssetClass::UsEquity if wish.extra >= 12 => Decimal::from(wish.qty * 10),
            AssetClass::UsOption => Decimal::from(wish.qty % 4 + 1),
            AssetClass::UsEquity | AssetClass::Crypto => Decimal::from(wish.qty),
        });
        let last = self.market.last(&ticket.symbol, now).unwrap_or(Decimal::ONE_HUNDRED);
        let off = |shift: i64| (last * Decimal::new(1000 + shift, 3)).round_dp(2);
        let sign = if wish.buy { 1 } else { -1 };
        match wish.kind {
            0..=3 => {}
            4..=7 => ticket.order_type = OrderType::Limit,
            8 => ticket.order_type = OrderType::Stop,
            9 => ticket.order_type = OrderType::StopLimit,
            10 => {
                ticket.order_type = OrderType::TrailingStop;
                ticket.trail_percent = Some(Decimal::new(wish.far, 1).max(dec("0.1")));
            }
            _ => (ticket.qty, ticket.notional) = (None, Some(Decimal::from(wish.qty * 20))),
        }
        if matches!(ticket.order_type, OrderType::Limit | OrderType::StopLimit) {
            ticket.limit_price = Some(off(wish.near));
        }
        if matches!(ticket.order_type, OrderType::Stop | OrderType::StopLimit) {
            ticket.stop_price = Some(off(sign * wish.far));
        }
        let usual = ticket.time_in_force;
        ticket.time_in_force = match (wish.tif, ticket.class) {
            (0..=1, AssetClass::UsEquity) => TimeInForce::Gtc,
            (2 | 6 | 7, AssetClass::UsEquity) => TimeInForce::Opg,
            (3 | 8, AssetClass::UsEquity) => TimeInForce::Cls,
            (4, _) => TimeInForce::Ioc,
            (5, AssetClass::UsEquity) => TimeInForce::Fok,
            _ => usual,
        };
        ticket.extended_hours = wish.extra == 2;
        self::exits(&mut ticket, wish, (off(sign * wish.far), off(-sign * wish.far)));
        ticket
    }
}

fn exits(ticket: &mut Ticket, wish: &Wish, (beyond, behind): (Decimal, Decimal)) {
    match wish.extra {
        3..=5 => {
            ticket.order_class = OrderClass::Bracket;
            (ticket.take_profit, ticket.stop_loss) = (Some(beyond), Some(behind));
        }
        6 => {
            ticket.order_class = OrderClass::Oto;
            ticket.stop_loss = Some(behind);
        }
        8 => {
            ticket.order_class = OrderClass::Oto;
            ticket.take_profit = Some(beyond);
        }
        7 => {
            ticket.order_class = OrderClass::Oco;
            (ticket.take_profit, ticket.stop_loss) = (Some(behind), Some(beyond));
            ticket.limit_price = None;
        }
        _ => {}
    }
}

fn changes(old: &Order, (qty, near, what): (i64, i64, u8), id: &str) -> Changes {
    let shifted = |price: Decimal| (price * Decimal::new(1000 + near, 3)).round_dp(2);
    let none = Changes::default();
    match what {
        0..=2 => Changes {
            qty: Some(Decimal::from(qty)),
            limit_price: old.limit_price.map(shifted),
            ..none
        },
        3 => Changes { limit_price: old.limit_price.map(shifted), ..none },
        4 => {
            let times = [TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Opg];
            let time = times[usize::try_from(qty % 3).unwrap()];
            Changes { time_in_force: Some(time), ..none }
        }
        5 => Changes { stop_price: old.stop_price.map(shifted), ..none },
        6 => Changes { trail: Some(Decimal::new(qty, 1)), ..none },
        7 => Changes { client_order_id: Some(format!("changed {id}")), ..none },
        _ => Changes { client_order_id: Some("once more".to_owned()), ..none },
    }
}
