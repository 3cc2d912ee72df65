//! One account at one moment, over the prices, with the journal that grows: where all functions of the core meet.

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::event::{Activity, Effect, Fill, Kind};
use super::model::Account;
use super::order::{Order, Status};
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::broker::calendar;
use crate::broker::rules::Quote;
use crate::sandbox::exchange::prices::Market;

/// One account at one moment.
pub(super) struct Desk<'a> {
    /// The account
    pub(super) account: &'a mut Account,
    /// The prices
    pub(super) market: &'a Market,
    /// The moment that is worked on
    pub(super) now: Millis,
    /// The journal of this call
    pub(super) effects: Vec<Effect>,
}

/// An activity before it has its id.
pub(super) struct Draft {
    /// Of what
    pub(super) kind: Kind,
    /// What was traded
    pub(super) symbol: Option<Symbol>,
    /// How much
    pub(super) qty: Option<Decimal>,
    /// At what price
    pub(super) price: Option<Decimal>,
    /// What it changes of the cash
    pub(super) net_amount: Decimal,
    /// More, for a fill
    pub(super) fill: Option<Fill>,
}

impl Desk<'_> {
    /// Writes an order into the journal, and keeps it as long as it is open.
    pub(super) fn save(&mut self, mut order: Order) {
        order.updated_at = self.now;
        let left = order.left().max(Decimal::ZERO);
        order.reserved = match (order.status.is_open(), order.notional) {
            (false, _) => Decimal::ZERO,
            (true, Some(_)) => order.reserved,
            (true, None) => order.reserve_each.saturating_mul(left).round_dp(9).normalize(),
        };
        if order.status.is_open() {
            self.account.orders.put(order.clone());
        } else {
            self.account.orders.take(order.seq);
        }
        self.effects.push(Effect::Order(Box::new(order)));
    }

    /// Writes an activity into the journal.
    pub(super) fn note(&mut self, draft: Draft) {
        let seq = self.account.next_activity;
        self.account.next_activity += 1;
        let wall = calendar::stamp(self.now);
        let digits = wall.chars().take(19).filter(char::is_ascii_digit).collect::<String>();
        let millis = self.now.0.rem_euclid(1000);
        let uuid = derived(&self.account.id, &format!("activity {seq}"));
        self.effects.push(Effect::Activity(Box::new(Activity {
            id: format!("{digits}{millis:03}::{uuid}"),
            seq,
            kind: draft.kind,
            at: self.now,
            symbol: draft.symbol,
            qty: draft.qty.map(|qty| qty.normalize()),
            price: draft.price.map(|price| price.normalize()),
            net_amount: draft.net_amount.normalize(),
            fill: draft.fill,
        })));
    }

    /// Returns the number of the next order.
    pub(super) fn next_number(&mut self) -> u64 {
        let number = self.account.next_order;
        self.account.next_order += 1;
        number
    }

    /// Returns the two sides of the market now; a side of zero is none.
    pub(super) fn quote(&self, symbol: &Symbol) -> Option<Quote> {
        quote(self.market, symbol, self.now)
    }

    /// Returns the last price now.
    pub(super) fn last(&self, symbol: &Symbol) -> Option<Decimal> {
        self.market.last(symbol, self.now).filter(|price| *price > Decimal::ZERO)
    }

    /// Ends an order that is open, and with it what hangs together with it.
    pub(super) fn end(&mut self, seq: u64, status: Status) {
        if let Some(order) = self.drop_order(seq, status) {
            self.after_end(&order, status);
        }
    }

    /// Ends an order that is open, and nothing else.
    pub(super) fn drop_order(&mut self, seq: u64, status: Status) -> Option<Order> {
        let mut order = self.account.orders.take(seq)?;
        order.status = status;
        let stamp = Some(self.now);
        match status {
            Status::Filled => order.filled_at = stamp,
            Status::Canceled => order.canceled_at = stamp,
            Status::Expired => order.expired_at = stamp,
            Status::Replaced => order.replaced_at = stamp,
            Status::Rejected => order.failed_at = stamp,
            Status::PendingNew
            | Status::Accepted
            | Status::New
            | Status::Held
            | Status::PartiallyFilled
            | Status::DoneForDay
            | Status::PendingCancel
            | Status::PendingReplace
            | Status::Stopped
            | Status::Suspended
            | Status::Calculated
            | Status::AcceptedForBidding => {}
        }
        self.save(order.clone());
        Some(order)
    }
}

/// Returns the two sides of a market at a moment; a side of zero is none.
pub(super) fn quote(market: &Market, symbol: &Symbol, at: Millis) -> Option<Quote> {
    let mut quote = market.quote(symbol, at)?;
    quote.bid = quote.bid.filter(|price| *price > Decimal::ZERO);
    quote.ask = quote.ask.filter(|price| *price > Decimal::ZERO);
    (quote.bid.is_some() || quote.ask.is_some()).then_some(quote)
}

/// Returns the price by which stops are judged: the last one, but never beyond a side of the quote.
pub(super) fn last(market: &Market, symbol: &Symbol, quote: &Quote, at: Millis) -> Decimal {
    let last = market.last(symbol, at).or(quote.mid()).unwrap_or_default();
    let last = quote.ask.map_or(last, |ask| last.min(ask));
    quote.bid.map_or(last, |bid| last.max(bid))
}

/// Returns the UUID that follows from another id and a word, always the same.
pub(super) fn derived(id: &str, word: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(id.as_bytes());
    hash.update([0]);
    hash.update(word.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_sha1_bytes(bytes).into_uuid().to_string()
}

/// Returns a number from 0 to 999,999 that follows from a seed, an order, a moment and a word.
pub(super) fn draw(seed: u64, id: &str, at: Millis, word: &str) -> u32 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(at.0.to_be_bytes());
    hash.update(id.as_bytes());
    hash.update([0]);
    hash.update(word.as_bytes());
    let bytes = hash.finalize();
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % 1_000_000
}
