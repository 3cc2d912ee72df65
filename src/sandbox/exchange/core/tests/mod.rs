//! The core, seen from outside: what an owner of an account would notice.

mod cases;
mod cover;
mod deeds;
mod exits;
mod golden;
mod groups;
mod holdings;
mod life;
mod options;
mod properties;
mod retold;
mod seeded;

use rust_decimal::Decimal;

use super::order::Role;
use super::*;
use crate::api::trading::amount::Amount;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{OrderClass, OrderType, Side, TimeInForce};
use crate::broker::ticket::Ticket;
use crate::sandbox::exchange::prices::Pin;

/// A Monday in November 2026, half an hour before the opening.
pub(super) const MONDAY: &str = "2026-11-23T14:00:00Z";

pub(super) fn at(text: &str) -> Millis {
    text.parse().unwrap()
}

pub(super) fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A market in which each symbol stands at the price last pinned.
pub(super) fn pinned(pins: &[(&str, &str, &str)]) -> Market {
    let pins = pins.iter().map(|(name, moment, price)| Pin {
        symbol: symbol(name),
        at: at(moment),
        price: Amount(dec(price)),
        spread: Some(Amount(dec("0.02"))),
    });
    Market::new(1, pins.collect(), Vec::new(), Vec::new())
}

/// A market order of this many, for the day or, for coins, until canceled.
pub(super) fn order(name: &str, side: Side, qty: &str) -> Ticket {
    let symbol = symbol(name);
    let class = symbol.class();
    Ticket::market((symbol, class), side, dec(qty), String::new())
}

pub(super) fn limit(name: &str, side: Side, qty: &str, price: &str) -> Ticket {
    let order_type = OrderType::Limit;
    Ticket { order_type, limit_price: Some(dec(price)), ..order(name, side, qty) }
}

pub(super) fn stop(name: &str, side: Side, qty: &str, price: &str) -> Ticket {
    let order_type = OrderType::Stop;
    Ticket { order_type, stop_price: Some(dec(price)), ..order(name, side, qty) }
}

/// An account with its market and its journal so far.
pub(super) struct Stage {
    pub(super) account: Account,
    pub(super) market: Market,
    pub(super) journal: Vec<Effect>,
    number: u32,
}

impl Stage {
    pub(super) fn new(market: Market, cash: &str, moment: &str) -> Self {
        let id = "5f0d0a3c-0000-4000-8000-000000000001".to_owned();
        let account = Account::open(id, dec(cash), at(moment));
        Self { account, market, journal: Vec::new(), number: 0 }
    }

    pub(super) fn step(&mut self, moment: &str, event: Event) -> Result<Answer, Refusal> {
        let outcome = step(&mut self.account, event, &self.market, at(moment));
        self.journal.extend(outcome.effects);
        outcome.answer
    }

    pub(super) fn wait(&mut self, moment: &str) {
        self.journal.extend(catch_up(&mut self.account, &self.market, at(moment)));
    }

    /// Places an order and returns it as it was answered.
    pub(super) fn place(&mut self, moment: &str, ticket: Ticket) -> Result<Order, Refusal> {
        self.number += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.number);
        let client_order_id = format!("order {}", self.number);
        let ticket = Box::new(Ticket { client_order_id, ..ticket });
        match self.step(moment, Event::Submit { ticket, id, taken: false })? {
            Answer::Order(order, _) => Ok(*order),
            other => panic!("{other:?}"),
        }
    }

    /// Returns an order as the journal shows it last.
    pub(super) fn now(&self, id: &str) -> Order {
        let orders = self.journal.iter().rev().filter_map(|effect| match effect {
            Effect::Order(order) if order.id == id => Some((**order).clone()),
            _ => None,
        });
        orders.into_iter().next().unwrap()
    }

    pub(super) fn held(&self, name: &str) -> Decimal {
        let position = self.account.positions.get(&symbol(name));
        position.map_or(Decimal::ZERO, |position| position.qty)
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        let kinds = self.journal.iter().filter_map(|effect| match effect {
            Effect::Activity(activity) => Some(activity.kind),
            _ => None,
        });
        kinds.collect()
    }
}
