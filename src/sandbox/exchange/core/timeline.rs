//! How time goes on: from one moment at which something may happen to the next, and never by who looks when.
//!
//! An order is judged when it is taken, and while its market trades at every whole minute and every moment at
//! which the price may change: where one was pinned or replayed, and at each step of a price that moves by
//! itself. Stretches in which no price can reach it are passed over: judging it there would change nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::{Desk, last, quote};
use super::event::Effect;
use super::hours::{opening, trades};
use super::model::Account;
use super::order::{Order, Status};
use super::watch::Watch;
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::TimeInForce;
use crate::broker::calendar;
use crate::sandbox::exchange::prices::Market;

const MINUTE: i64 = 60_000;
/// Stretch that is looked through moment by moment.
const LEAF: i64 = 16 * MINUTE;
/// How long before the close options are sold that cannot be exercised: half an hour, and in the last moment of
/// all those that came to be worth something since.
const LIQUIDATIONS: [i64; 2] = [30 * MINUTE, 1];

/// Lets happen what had to happen up to `now`, and returns what it leaves in the journal.
///
/// Doing so in one go or in several leaves the same, byte for byte. A `now` before the account's last one does
/// nothing.
pub(crate) fn catch_up(account: &mut Account, market: &Market, now: Millis) -> Vec<Effect> {
    let at = account.last_seen;
    let mut desk = Desk { account, market, now: at, effects: Vec::new() };
    desk.catch_up(now);
    desk.effects
}

impl Desk<'_> {
    /// Does so, and stays at `until`.
    pub(super) fn catch_up(&mut self, until: Millis) {
        let until = until.max(self.account.last_seen);
        let mut queue = Queue::default();
        for symbol in self.account.orders.symbols().cloned().collect::<Vec<_>>() {
            queue.set(symbol.clone(), self.next_moment(&symbol, self.account.last_seen, until));
        }
        loop {
            let duty = self.next_duty().filter(|duty| *duty <= until);
            let next = queue.first().into_iter().chain(duty).min();
            let Some(at) = next else {
                break;
            };
            let at = at.max(self.account.last_seen);
            self.now = at;
            let start = self.effects.len();
            let mut touched = queue.at(at);
            for symbol in &touched {
                self.judge_all(self.account.orders.in_turn(symbol));
            }
            self.account.last_seen = at;
            if duty.is_some_and(|duty| duty <= at) {
                self.duties();
                touched.extend(changed(&self.effects[start..]));
            }
            for symbol in touched {
                queue.set(symbol.clone(), self.next_moment(&symbol, at, until));
            }
        }
        self.account.last_seen = until;
        self.now = until;
    }

    /// Returns the next moment at which something has to be done whatever the prices: the end of an order, the
    /// close of a session, and what comes before that.
    fn next_duty(&self) -> Option<Millis> {
        let after = self.account.last_seen;
        let close = calendar::current_or_next(after).close;
        let before = LIQUIDATIONS.map(|early| Millis(close.0 - early));
        let session = before.into_iter().find(|at| *at > after).unwrap_or(close);
        self.account.orders.first_end().into_iter().chain([session]).min()
    }

    fn duties(&mut self) {
        self.expire_orders();
        let session = calendar::session(calendar::date(self.now));
        let Some(close) = session.map(|session| session.close) else {
            return;
        };
        if LIQUIDATIONS.iter().any(|early| self.now == Millis(close.0 - early)) {
            self.liquidate_options();
        }
        if self.now == close {
            self.expire_options();
            self.roll_over();
        }
    }

    /// Returns the first moment after `from` and until `until` at which something may happen to an order of a
    /// symbol.
    fn next_moment(&self, symbol: &Symbol, from: Millis, until: Millis) -> Option<Millis> {
        let minute = from.0.div_euclid(MINUTE) != until.0.div_euclid(MINUTE);
        if !minute && self.market.changes(symbol, from, until).is_empty() {
            return None;
        }
        let orders: Vec<&Order> = self.account.orders.of(symbol).filter(|o| o.armed).collect();
        let search = Search { market: self.market, symbol, watch: Watch::over(&orders, from) };
        let waits = orders.iter().filter(|order| order.status == Status::Accepted);
        let wakes = waits.filter_map(|order| waking(order, from));
        let woken = wakes.filter(|at| *at <= until).min();
        let until = woken.map_or(until, |woken| Millis(until.0.min(woken.0)));
        search.first(from, until).or(woken)
    }
}

/// Returns the moment at which an order that waits for its market comes to it.
fn waking(order: &Order, from: Millis) -> Option<Millis> {
    match order.time_in_force {
        TimeInForce::Opg | TimeInForce::Cls => order.expires_at,
        TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => {
            Some(opening(order.extended_hours, from))
        }
    }
}

fn changed(effects: &[Effect]) -> BTreeSet<Symbol> {
    let symbol = |effect: &Effect| match effect {
        Effect::Order(order) => Some(order.symbol.clone()),
        Effect::Activity(_) | Effect::Close(_) => None,
    };
    effects.iter().filter_map(symbol).collect()
}

/// The moments to come, by time and symbol.
#[derive(Default)]
struct Queue {
    order: BTreeSet<(Millis, Symbol)>,
    moments: BTreeMap<Symbol, Millis>,
}

impl Queue {
    fn set(&mut self, symbol: Symbol, at: Option<Millis>) {
        if let Some(old) = self.moments.remove(&symbol) {
            self.order.remove(&(old, symbol.clone()));
        }
        if let Some(at) = at {
            self.order.insert((at, symbol.clone()));
            self.moments.insert(symbol, at);
        }
    }

    fn first(&self) -> Option<Millis> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Returns the symbols whose moment this is, in their order.
    fn at(&self, at: Millis) -> BTreeSet<Symbol> {
        let due = self.order.iter().take_while(|(moment, _)| *moment <= at);
        due.map(|(_, symbol)| symbol.clone()).collect()
    }
}

/// What a stretch of time was found to hold.
enum Found {
    /// Nothing
    Nothing,
    /// A moment at which something may happen
    At(Millis),
    /// The market is closed: nothing before this moment
    NotBefore(Millis),
}

/// The search for the next moment at which something may happen to the orders of a symbol.
struct Search<'a> {
    market: &'a Market,
    symbol: &'a Symbol,
    watch: Watch,
}

impl Search<'_> {
    fn first(&self, from: Millis, until: Millis) -> Option<Millis> {
        let mut from = from;
        loop {
            match self.within(from, until) {
                Found::Nothing => return None,
                Found::At(at) => return Some(at),
                Found::NotBefore(at) => from = Millis(at.0 - 1),
            }
        }
    }

    /// Looks through what lies after `from` and until `until`.
    fn within(&self, from: Millis, until: Millis) -> Found {
        if from >= until || self.watch.is_idle() {
            return Found::Nothing;
        }
        let Some((lowest, highest)) = self.market.range(self.symbol, from, until) else {
            return Found::Nothing;
        };
        if !self.watch.may(Some(lowest), Some(highest), lowest, highest) {
            return Found::Nothing;
        }
        if until.0 - from.0 <= LEAF {
            return self.look_through(from, until);
        }
        let middle = Millis(from.0 + (until.0 - from.0) / 2);
        match self.within(from, middle) {
            Found::Nothing => self.within(middle, until),
            found @ (Found::At(_) | Found::NotBefore(_)) => found,
        }
    }

    fn look_through(&self, from: Millis, until: Millis) -> Found {
        let first = (from.0.div_euclid(MINUTE) + 1) * MINUTE;
        let minutes = (0..).map(|n| Millis(first + n * MINUTE)).take_while(|at| *at <= until);
        let mut moments: BTreeSet<Millis> = minutes.collect();
        moments.extend(self.market.changes(self.symbol, from, until));
        for at in moments {
            let Some(quote) = quote(self.market, self.symbol, at) else {
                continue;
            };
            let last = last(self.market, self.symbol, &quote, at);
            if !self.watch.may(quote.ask, quote.bid, last, last) {
                continue;
            }
            if trades(self.symbol.class(), self.watch.extended, calendar::phase(at)) {
                return Found::At(at);
            }
            return Found::NotBefore(opening(self.watch.extended, at));
        }
        Found::Nothing
    }
}
