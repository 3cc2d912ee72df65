//! One account between the database and the heart of the exchange: loaded with its open orders, or taken as it
//! was left, brought up to the present, asked, and written back. All of it happens in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Transaction;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::core::{self, Account, Activity, Answer, Book, Effect, Event, Order, Status};
use super::memory::Left;
use super::prices::Market;
use super::settings::Settings;
use crate::api::time::Millis;
use crate::broker::rules::Refusal;
use crate::sandbox::store::exchange::activities::{self, Note};
use crate::sandbox::store::exchange::{self as store, Kept};

/// How old the last moment in the database may get while nothing but time has passed.
const LAG: i64 = 60_000;

/// One account, open for work.
pub(super) struct Ledger<'a> {
    /// The database
    pub(super) tx: &'a Transaction<'a>,
    /// The account at the present
    pub(super) account: Account,
    /// The prices
    pub(super) market: Arc<Market>,
    /// The present, never before what the account has seen
    pub(super) now: Millis,
    version: i64,
    stored: Option<Millis>,
    changed: bool,
}

impl<'a> Ledger<'a> {
    /// Loads an account, or opens it, and lets happen what had to happen since. `left` is taken in place of what
    /// would be loaded if it is the same.
    ///
    /// Fails where what is stored cannot be read: an account never begins again by itself.
    pub(super) fn open(
        tx: &'a Transaction<'a>,
        id: &str,
        settings: &Settings,
        left: Option<Left>,
    ) -> rusqlite::Result<Self> {
        let row = store::standing(tx, id)?;
        let account = match &row {
            Some(row) => {
                // Of a clock that was put back a little, what was left may have seen too much.
                let present = settings.now.max(row.last_seen);
                let same =
                    |left: &Left| left.version == row.version && left.account.last_seen <= present;
                match left.filter(same) {
                    Some(left) => left.account,
                    None => load(tx, id)?,
                }
            }
            None => Account {
                switches: settings.switches.clone(),
                multiplier: settings.multiplier,
                ..Account::open(id.to_owned(), settings.cash, settings.now)
            },
        };
        let now = settings.now.max(account.last_seen);
        let market = Arc::clone(&settings.market);
        let (version, stored) = row.map_or((0, None), |row| (row.version, Some(row.last_seen)));
        let changed = stored.is_none();
        let mut ledger = Self { tx, account, market, now, version, stored, changed };
        if ledger.changed {
            ledger.keep()?;
            let begin = ledger.account.cash.normalize().to_string();
            store::closed(tx, id, ledger.account.created_at, &begin)?;
        }
        let effects = core::catch_up(&mut ledger.account, &ledger.market, now);
        ledger.record(effects)?;
        Ok(ledger)
    }

    /// Lets something happen, and returns what the account answers.
    pub(super) fn act(&mut self, event: Event) -> rusqlite::Result<Result<Answer, Refusal>> {
        let outcome = core::step(&mut self.account, event, &self.market, self.now);
        self.changed |= outcome.answer.is_ok();
        self.record(outcome.effects)?;
        Ok(outcome.answer)
    }

    /// Writes the account back, where there is anything to write, and returns it: to be remembered once all of
    /// this is committed.
    pub(super) fn close(mut self) -> rusqlite::Result<Left> {
        let late = self.stored.is_none_or(|at| self.account.last_seen.0 - at.0 > LAG);
        if self.changed || late {
            self.keep()?;
        }
        Ok(Left { version: self.version, account: self.account })
    }

    /// Writes the account back with the present as what it has seen last.
    pub(super) fn keep_now(mut self) -> rusqlite::Result<()> {
        self.keep()
    }

    /// Returns an order, open or not.
    pub(super) fn order(&self, id: &str) -> rusqlite::Result<Option<Order>> {
        if let Some(order) = self.account.orders.find(id) {
            return Ok(Some(order.clone()));
        }
        let body = store::order(self.tx, &self.account.id, id)?;
        body.map(|body| read(&body)).transpose()
    }

    /// Returns the legs of an order, open or not, the take-profit first. One that was replaced is none any more:
    /// what took its place stands there, also where the order itself had ended before.
    pub(super) fn legs(&self, order: &Order) -> rusqlite::Result<Vec<Order>> {
        if order.legs.is_empty() {
            return Ok(Vec::new());
        }
        let bodies = store::legs(self.tx, &self.account.id, &order.id)?;
        let legs = bodies.iter().map(|body| read::<Order>(body));
        let mut legs = legs.collect::<rusqlite::Result<Vec<_>>>()?;
        legs.retain(|leg| leg.status != Status::Replaced);
        legs.sort_by_key(|leg| (leg.role, leg.seq));
        Ok(legs)
    }

    /// Tells whether an order of this account, open or not, has this name already.
    pub(super) fn is_taken(&self, client_order_id: &str) -> rusqlite::Result<bool> {
        Ok(store::by_client_order_id(self.tx, &self.account.id, client_order_id)?.is_some())
    }

    /// Writes the account without its orders, which have rows of their own.
    fn keep(&mut self) -> rusqlite::Result<()> {
        let orders = std::mem::take(&mut self.account.orders);
        let state = serde_json::to_string(&self.account).map_err(unwritten)?;
        self.account.orders = orders;
        self.version =
            store::keep_account(self.tx, &self.account.id, self.account.last_seen, &state)?;
        Ok(())
    }

    /// Writes down what happened.
    pub(super) fn record(&mut self, effects: Vec<Effect>) -> rusqlite::Result<()> {
        self.changed |= !effects.is_empty();
        let (tx, account) = (self.tx, self.account.id.as_str());
        // Of an order that changed several times its last state is kept.
        let mut orders: BTreeMap<u64, Box<Order>> = BTreeMap::new();
        for effect in effects {
            match effect {
                Effect::Order(order) => drop(orders.insert(order.seq, order)),
                Effect::Activity(activity) => note(tx, account, &activity)?,
                Effect::Close(close) => {
                    store::closed(tx, account, close.at, &close.equity.normalize().to_string())?;
                }
            }
        }
        orders.values().try_for_each(|order| keep_order(tx, account, order))
    }
}

fn load(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Account> {
    let state = store::account(tx, id)?;
    let account: Account = read(&state)?;
    let orders = store::open_orders(tx, id)?;
    let orders = orders.iter().map(|body| read::<Order>(body));
    let orders = Book::from(orders.collect::<rusqlite::Result<Vec<_>>>()?);
    Ok(Account { orders, ..account })
}

/// Reads what was written down as JSON; what cannot be read is the database's fault.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|cause| unreadable(Box::new(cause)))
}

/// Says that something in the database is not what was written into it.
pub(super) fn unreadable(cause: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, cause)
}

fn keep_order(tx: &Transaction<'_>, account: &str, order: &Order) -> rusqlite::Result<()> {
    let kept = Kept {
        seq: order.seq,
        id: &order.id,
        client_order_id: &order.client_order_id,
        symbol: order.symbol.as_str(),
        class: order.class.as_str(),
        side: order.side.as_str(),
        open: order.status.is_open(),
        parent: order.parent.as_deref(),
        submitted_at: order.submitted_at,
        body: serde_json::to_string(order).map_err(unwritten)?,
    };
    store::keep_order(tx, account, &kept)
}

fn note(tx: &Transaction<'_>, account: &str, activity: &Activity) -> rusqlite::Result<()> {
    let body: Value = super::http::activities::shape(activity);
    let note = Note {
        seq: activity.seq,
        id: &activity.id,
        kind: activity.kind.as_str(),
        at: activity.at,
        order_id: activity.fill.as_ref().map(|fill| fill.order_id.as_str()),
        body: body.to_string(),
    };
    activities::note(tx, account, &note)
}

/// Says what cannot happen: that a plain value could not be written out.
fn unwritten(cause: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(cause))
}
