//! What the keeper of the exchange may do: set prices and the clock, begin again, choose how fills come.
//! Never within reach of an account's own credentials.
//!
//! Not here: how a person says it (`cli`).

mod bounds;

use std::path::Path;
use std::time::Duration;

use rusqlite::Transaction;
use rust_decimal::Decimal;
use serde::Serialize;

use super::core::{Event, PartialFills, Switches};
use super::ledger::Ledger;
use super::prices::{Pin, Replay, Walk};
use super::settings::{self, Settings};
use crate::api::error::{Code, Error, Result};
use crate::api::ids;
use crate::api::time::Millis;
use crate::api::trading::amount::Amount;
use crate::api::trading::symbol::Symbol;
use crate::sandbox::store::Store;
use crate::sandbox::store::exchange::{self as store, keeper};
use bounds::{narrow, not_beyond, possible};

/// How long a recorded quote holds if nobody says.
pub(crate) const MAX_AGE: Duration = Duration::from_mins(10);

/// How the exchange is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Kept {
    /// The present of the exchange
    pub(crate) now: Millis,
    /// Whether its clock was stopped there
    pub(crate) stopped: bool,
    /// What its prices follow from
    pub(crate) seed: u64,
    /// Prices, walks and recordings that were set
    pub(crate) prices: usize,
    /// What an account begins with
    pub(crate) cash: Amount,
    /// How often an account may use its money: 1, 2 or 4
    pub(crate) multiplier: u8,
    /// Whether an order is answered with its fill
    pub(crate) instant: bool,
    /// How likely a fill comes in parts; nothing if none does
    pub(crate) partial_fills: Option<Amount>,
}

/// Two sides of a market as they are by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Priced {
    /// What is traded, as the exchange spells it
    pub(crate) symbol: Symbol,
    /// What is paid
    pub(crate) bid: Option<Amount>,
    /// What is asked
    pub(crate) ask: Option<Amount>,
    /// Since when it is set
    pub(crate) at: Millis,
}

/// A walk of a price as a person orders it.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    /// What is priced, in any spelling
    pub(crate) symbol: String,
    /// Where it begins; where the price stands if it is not said
    pub(crate) from: Option<Amount>,
    /// Where it ends
    pub(crate) to: Amount,
    /// How long it takes
    pub(crate) over: Duration,
}

/// Why nothing was set.
enum Trouble {
    Said(Error),
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Database(cause)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}

/// Returns how the exchange is set.
pub(crate) fn kept(database: &Path) -> Result<Kept> {
    work(database, |_, settings, prices| {
        let parts = settings.switches.partial_fills.as_ref();
        Ok(Kept {
            now: settings.now,
            stopped: settings.stopped,
            seed: settings.seed,
            prices,
            cash: Amount(settings.cash),
            multiplier: settings.multiplier,
            instant: settings.switches.instant,
            partial_fills: parts.map(|parts| Amount(Decimal::new(parts.per_mille.into(), 3))),
        })
    })
}

/// Pins a price from now on: the middle, and how far bid and ask are apart (as usual if it is not said).
///
/// Fails with `invalid_input` for what is not listed, for a price that is less than one step of it or above a
/// billion, and for a spread that is negative or leaves no bid.
pub(crate) fn price_set(
    database: &Path,
    symbol: &str,
    price: Amount,
    spread: Option<Amount>,
) -> Result<Priced> {
    work(database, |tx, settings, _| {
        let symbol = listed(settings, symbol)?;
        possible(&symbol, price, settings.now)?;
        if let Some(spread) = spread {
            narrow(spread, price)?;
        }
        let pin = Pin { symbol: symbol.clone(), at: settings.now, price, spread };
        let body = serde_json::to_string(&pin).map_err(unwritten)?;
        priced(tx, settings, || keeper::add_price(tx, "pin", symbol.as_str(), &body))?;
        standing(tx, symbol)
    })
}

/// Lets a price walk evenly from where it stands, or from where it is told, and hold where it ends.
///
/// Fails with `invalid_input` for what is not listed, and for prices that are less than one step of it or above a
/// billion.
pub(crate) fn price_walk(database: &Path, course: &Course) -> Result<Priced> {
    work(database, |tx, settings, _| {
        let symbol = listed(settings, &course.symbol)?;
        let from = match course.from {
            Some(from) => from,
            None => Amount(settings.market.last(&symbol, settings.now).unwrap_or_default()),
        };
        possible(&symbol, from, settings.now)?;
        possible(&symbol, course.to, settings.now)?;
        let duration = i64::try_from(course.over.as_millis()).unwrap_or(i64::MAX);
        let walk = Walk { symbol: symbol.clone(), at: settings.now, from, to: course.to, duration };
        let body = serde_json::to_string(&walk).map_err(unwritten)?;
        priced(tx, settings, || keeper::add_price(tx, "walk", symbol.as_str(), &body))?;
        standing(tx, symbol)
    })
}

/// Replays recorded quotes (`ts,symbol,bid,ask[,last,size]`) and returns how many there are. A quote older
/// than `max_age` is none; [`MAX_AGE`] is usual.
///
/// Fails with `invalid_input`, naming the line, for what cannot be read.
pub(crate) fn price_replay(database: &Path, csv: &str, max_age: Duration) -> Result<usize> {
    let age = i64::try_from(max_age.as_millis()).unwrap_or(i64::MAX);
    let replay = Replay::read(csv, age)?;
    work(database, |tx, settings, _| {
        let body = serde_json::to_string(&replay).map_err(unwritten)?;
        priced(tx, settings, || keeper::add_price(tx, "replay", "", &body))?;
        Ok(replay.rows.len())
    })
}

/// Lets prices follow from the seed again, of one symbol or of all (recordings only with all), and returns how
/// many settings that took back.
///
/// Fails with `invalid_input` for what is not listed.
pub(crate) fn price_clear(database: &Path, symbol: Option<&str>) -> Result<usize> {
    work(database, |tx, settings, _| {
        let symbol = symbol.map(|symbol| listed(settings, symbol)).transpose()?;
        let mut count = 0;
        priced(tx, settings, || {
            count = keeper::clear_prices(tx, symbol.as_ref().map(Symbol::as_str))?;
            Ok(())
        })?;
        Ok(count)
    })
}

/// Stops the clock at a moment and returns it.
///
/// Fails with `invalid_input` for one before the last moment that is written down of an account, and for one
/// after 2100-01-01.
pub(crate) fn clock_set(database: &Path, at: Millis) -> Result<Millis> {
    not_beyond(at)?;
    work(database, |tx, _, _| {
        not_before(tx, at)?;
        keeper::set(tx, settings::CLOCK, Some(&at.0.to_string()))?;
        Ok(at)
    })
}

/// Moves the clock on from where it stands, stops it there, and returns that moment.
///
/// Fails with `invalid_input` for a moment after 2100-01-01.
pub(crate) fn clock_advance(database: &Path, by: Duration) -> Result<Millis> {
    work(database, |tx, settings, _| {
        let at = settings.now.after(by);
        not_beyond(at)?;
        keeper::set(tx, settings::CLOCK, Some(&at.0.to_string()))?;
        Ok(at)
    })
}

/// Lets the clock go with the machine's again, and returns the present.
///
/// Fails with `invalid_input` if a later moment is written down of an account.
pub(crate) fn clock_real(database: &Path) -> Result<Millis> {
    work(database, |tx, _, _| {
        let now = Millis::now();
        not_before(tx, now)?;
        keeper::set(tx, settings::CLOCK, None)?;
        Ok(now)
    })
}

/// Forgets all accounts with their orders and activities, and lets new ones begin with so many dollars. Prices
/// and clock stay.
///
/// Fails with `invalid_input` for less than nothing.
pub(crate) fn reset(database: &Path, cash: Amount) -> Result<()> {
    if cash.0 < Decimal::ZERO {
        return Err(wrong(format!("an account cannot begin with `{cash}` dollars")));
    }
    work(database, |tx, _, _| {
        store::forget(tx)?;
        keeper::set(tx, settings::CASH, Some(&cash.to_string()))?;
        Ok(())
    })
}

/// Lets fills come in parts with a probability from 0 to 1, in thousandths; `None` lets them come whole.
///
/// Fails with `invalid_input` for any other number.
pub(crate) fn partial_fills(database: &Path, probability: Option<Amount>) -> Result<()> {
    let per_mille = match probability {
        None => None,
        Some(part) => {
            let possible = part.0 >= Decimal::ZERO && part.0 <= Decimal::ONE;
            let mille = Some(part.0).filter(|_| possible && part.0.normalize().scale() <= 3);
            let mille = mille.and_then(|part| u16::try_from(part * Decimal::ONE_THOUSAND).ok());
            let text = format!("`{part}` is no probability from 0 to 1 in thousandths");
            Some(mille.ok_or_else(|| wrong(text))?)
        }
    };
    switch(database, |switches, seed| {
        switches.partial_fills = per_mille.map(|per_mille| PartialFills { per_mille, seed });
    })
}

/// Lets orders be answered with their fill, where there is one at once, or no longer so.
pub(crate) fn instant(database: &Path, instant: bool) -> Result<()> {
    switch(database, |switches, _| switches.instant = instant)
}

/// Sets how often accounts may use their money.
///
/// Fails with `invalid_input` for anything but 1, 2 and 4.
pub(crate) fn multiplier(database: &Path, times: u8) -> Result<()> {
    if ![1, 2, 4].contains(&times) {
        return Err(wrong(format!("money is used 1, 2 or 4 times, not `{times}`")));
    }
    work(database, |tx, settings, _| {
        keeper::set(tx, settings::MULTIPLIER, Some(&times.to_string()))?;
        let switches = settings.switches.clone();
        all(tx, settings, || Event::Switch { switches: switches.clone(), multiplier: times })
    })
}

/// Sets what prices follow from, where they are not set.
pub(crate) fn seed(database: &Path, seed: u64) -> Result<()> {
    work(database, |tx, settings, _| {
        priced(tx, settings, || keeper::set(tx, settings::SEED, Some(&seed.to_string())))
    })
}

/// Runs `work` in one transaction over what is set and how many prices are.
fn work<T>(
    database: &Path,
    work: impl FnOnce(&Transaction<'_>, &Settings, usize) -> std::result::Result<T, Trouble>,
) -> Result<T> {
    let done = Store::open(database)?.write(|tx| {
        let settings = Settings::read(tx, Millis::now())?;
        let prices = keeper::prices(tx)?.len();
        work(tx, &settings, prices)
    });
    done.map_err(|trouble| match trouble {
        Trouble::Said(error) => error,
        Trouble::Database(cause) => {
            Error::internal("the sandbox's database does not answer", cause)
        }
    })
}

/// Changes prices between what has happened and what comes: before, all accounts come up to the present by the
/// old ones; after, they are judged by the new ones.
fn priced(
    tx: &Transaction<'_>,
    settings: &Settings,
    change: impl FnOnce() -> rusqlite::Result<()>,
) -> std::result::Result<(), Trouble> {
    for id in store::accounts(tx)? {
        Ledger::open(tx, &id, settings, None)?.keep_now()?;
    }
    change()?;
    keeper::set(tx, settings::REVISION, Some(&ids::fresh().to_string()))?;
    let settings = Settings::read(tx, settings.now)?;
    all(tx, &settings, || Event::Evaluate)
}

/// Lets something happen to all accounts.
fn all(
    tx: &Transaction<'_>,
    settings: &Settings,
    event: impl Fn() -> Event,
) -> std::result::Result<(), Trouble> {
    for id in store::accounts(tx)? {
        let mut ledger = Ledger::open(tx, &id, settings, None)?;
        // No account refuses these events.
        drop(ledger.act(event())?);
        ledger.close()?;
    }
    Ok(())
}

fn switch(database: &Path, change: impl FnOnce(&mut Switches, u64)) -> Result<()> {
    work(database, |tx, settings, _| {
        let mut switches = settings.switches.clone();
        change(&mut switches, settings.seed);
        let text = serde_json::to_string(&switches).map_err(unwritten)?;
        keeper::set(tx, settings::SWITCHES, Some(&text))?;
        let multiplier = settings.multiplier;
        all(tx, settings, || Event::Switch { switches: switches.clone(), multiplier })
    })
}

/// Returns the market of a symbol under prices that were just set.
fn standing(tx: &Transaction<'_>, symbol: Symbol) -> std::result::Result<Priced, Trouble> {
    let settings = Settings::read(tx, Millis::now())?;
    let quote = settings.market.quote(&symbol, settings.now);
    let (bid, ask) = quote.map_or((None, None), |quote| (quote.bid, quote.ask));
    Ok(Priced { symbol, bid: bid.map(Amount), ask: ask.map(Amount), at: settings.now })
}

fn listed(settings: &Settings, text: &str) -> Result<Symbol> {
    let upper = text.to_ascii_uppercase();
    let known = settings.market.resolve(&upper).map(|(symbol, _)| symbol);
    let known = known.filter(|symbol| settings.market.listed(symbol, settings.now).is_some());
    known.ok_or_else(|| {
        wrong(format!("the paper exchange does not list `{text}`"))
            .hint("run `naive trading assets --search NAME` to see what it lists")
    })
}

fn not_before(tx: &Transaction<'_>, at: Millis) -> std::result::Result<(), Trouble> {
    match store::latest(tx)?.filter(|seen| *seen > at) {
        None => Ok(()),
        Some(seen) => {
            let text = format!("the clock cannot go back: an account has seen `{seen}` already");
            let hint = "choose a later time, or run `naive sandbox reset --cash 100000` to let all \
                        paper accounts begin again";
            Err(wrong(text).hint(hint).into())
        }
    }
}

fn wrong(text: String) -> Error {
    Error::new(Code::InvalidInput, text)
}

fn unwritten(cause: serde_json::Error) -> Error {
    Error::internal("what was set cannot be written down", cause)
}
