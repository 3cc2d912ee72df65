//! The open orders of one account, found by number, id, symbol, group and end without looking at all of them.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::order::{Order, Role};
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::Side;

/// The open orders of one account. Written out as a list in the order of their numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Order>", into = "Vec<Order>")]
pub(crate) struct Book {
    orders: BTreeMap<u64, Order>,
    ids: BTreeMap<String, u64>,
    clients: BTreeMap<String, u64>,
    symbols: BTreeMap<Symbol, BTreeSet<u64>>,
    sides: BTreeMap<(Symbol, Side), BTreeSet<u64>>,
    groups: BTreeMap<String, BTreeSet<u64>>,
    ends: BTreeSet<(Millis, u64)>,
    reserved: Decimal,
}

impl Book {
    /// Returns all of them in the order of their numbers.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.orders.values()
    }

    /// Returns an order by its id.
    pub(crate) fn find(&self, id: &str) -> Option<&Order> {
        self.ids.get(id).and_then(|seq| self.orders.get(seq))
    }

    /// Returns an order by what its sender calls it.
    pub(crate) fn by_client_order_id(&self, id: &str) -> Option<&Order> {
        self.clients.get(id).and_then(|seq| self.orders.get(seq))
    }

    /// Returns an order by its number.
    pub(super) fn get(&self, seq: u64) -> Option<&Order> {
        self.orders.get(&seq)
    }

    /// Returns the symbols that have orders.
    pub(super) fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols.keys()
    }

    /// Returns the orders of a symbol in the order of their numbers.
    pub(crate) fn of<'a>(&'a self, symbol: &Symbol) -> impl Iterator<Item = &'a Order> + use<'a> {
        let found = self.symbols.get(symbol);
        found.into_iter().flatten().filter_map(|seq| self.orders.get(seq))
    }

    /// Returns the numbers of a symbol's orders as they are judged: in their order, but a stop-loss always before
    /// the take-profit beside it, so that the loss wins where both are reached.
    pub(super) fn in_turn(&self, symbol: &Symbol) -> Vec<u64> {
        let turn = |order: &Order| match (order.role, &order.group) {
            (Some(Role::StopLoss), Some(group)) => {
                let first = self.groups.get(group).and_then(|seqs| seqs.first());
                (first.map_or(order.seq, |first| order.seq.min(*first)), 0)
            }
            (_, _) => (order.seq, 1),
        };
        let mut turns: Vec<_> = self.of(symbol).map(|order| (turn(order), order.seq)).collect();
        turns.sort_unstable();
        turns.into_iter().map(|(_, seq)| seq).collect()
    }

    /// Returns the orders of a symbol that go one way.
    pub(super) fn side<'a>(
        &'a self,
        symbol: &Symbol,
        side: Side,
    ) -> impl Iterator<Item = &'a Order> + use<'a> {
        let found = self.sides.get(&(symbol.clone(), side));
        found.into_iter().flatten().filter_map(|seq| self.orders.get(seq))
    }

    /// Returns the open orders of a group.
    pub(super) fn group<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Order> + use<'a> {
        let found = self.groups.get(id);
        found.into_iter().flatten().filter_map(|seq| self.orders.get(seq))
    }

    /// Returns when the first of them ends by time; an exit whose entry is not filled ends with that alone.
    pub(super) fn first_end(&self) -> Option<Millis> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Returns the numbers of those whose time is over at `at`, in the order of their numbers.
    pub(super) fn ended(&self, at: Millis) -> BTreeSet<u64> {
        self.ends.range(..=(at, u64::MAX)).map(|(_, seq)| *seq).collect()
    }

    /// Returns the dollars laid aside for all of them.
    pub(crate) fn reserved(&self) -> Decimal {
        self.reserved
    }

    /// Puts an order in, in place of what had its number.
    pub(super) fn put(&mut self, order: Order) {
        self.take(order.seq);
        let seq = order.seq;
        self.ids.insert(order.id.clone(), seq);
        self.clients.insert(order.client_order_id.clone(), seq);
        self.symbols.entry(order.symbol.clone()).or_default().insert(seq);
        self.sides.entry((order.symbol.clone(), order.side)).or_default().insert(seq);
        if let Some(group) = &order.group {
            self.groups.entry(group.clone()).or_default().insert(seq);
        }
        if let Some(at) = order.expires_at.filter(|_| order.armed) {
            self.ends.insert((at, seq));
        }
        self.reserved = self.reserved.saturating_add(order.reserved);
        self.orders.insert(seq, order);
    }

    /// Takes an order out.
    pub(super) fn take(&mut self, seq: u64) -> Option<Order> {
        let order = self.orders.remove(&seq)?;
        self.ids.remove(&order.id);
        self.clients.remove(&order.client_order_id);
        drop_from(&mut self.symbols, &order.symbol, seq);
        drop_from(&mut self.sides, &(order.symbol.clone(), order.side), seq);
        if let Some(group) = &order.group {
            drop_from(&mut self.groups, group, seq);
        }
        if let Some(at) = order.expires_at {
            self.ends.remove(&(at, seq));
        }
        self.reserved = self.reserved.saturating_sub(order.reserved).normalize();
        Some(order)
    }
}

fn drop_from<K: Ord>(index: &mut BTreeMap<K, BTreeSet<u64>>, key: &K, seq: u64) {
    if let Some(set) = index.get_mut(key) {
        set.remove(&seq);
        if set.is_empty() {
            index.remove(key);
        }
    }
}

impl From<Vec<Order>> for Book {
    fn from(orders: Vec<Order>) -> Self {
        let mut book = Self::default();
        for order in orders {
            book.put(order);
        }
        book
    }
}

impl From<Book> for Vec<Order> {
    fn from(book: Book) -> Self {
        book.orders.into_values().collect()
    }
}
