//! What the keeper of the exchange has set: its clock, its prices, how it treats accounts.
//!
//! Not here: who sets it (`admin`).

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rust_decimal::Decimal;

use super::core::Switches;
use super::ledger::{read, unreadable};
use super::prices::Market;
use crate::api::time::Millis;
use crate::sandbox::store::exchange::keeper;

/// The moment at which a clock that was stopped stands, in milliseconds.
pub(super) const CLOCK: &str = "clock";
/// What the prices follow from.
pub(super) const SEED: &str = "seed";
/// What a new account begins with, in dollars.
pub(super) const CASH: &str = "cash";
/// How accounts are treated, as JSON.
pub(super) const SWITCHES: &str = "switches";
/// How often their money may be used.
pub(super) const MULTIPLIER: &str = "multiplier";
/// Changes with every change of seed or prices.
pub(super) const REVISION: &str = "revision";

/// Dollars of a new account (source: Alpaca docs, "Paper trading").
const USUAL_CASH: Decimal = Decimal::from_parts(100_000, 0, 0, false, 0);
const USUAL_SEED: u64 = 1;

/// The prices that were made last, with their revision. Revisions are UUIDs: no two files share one. Where there
/// is none yet, nothing is remembered.
static LAST: Mutex<Option<(String, Arc<Market>)>> = Mutex::new(None);

/// What holds for all accounts.
pub(super) struct Settings {
    /// The present of the exchange
    pub(super) now: Millis,
    /// Whether the clock was stopped
    pub(super) stopped: bool,
    /// What the prices follow from
    pub(super) seed: u64,
    /// The prices
    pub(super) market: Arc<Market>,
    /// How accounts are treated
    pub(super) switches: Switches,
    /// How often their money may be used: 1, 2 or 4
    pub(super) multiplier: u8,
    /// What a new one begins with
    pub(super) cash: Decimal,
}

impl Settings {
    /// Reads them. `present` is the time of the machine.
    ///
    /// Fails where what was set cannot be read: a clock or a price that is lost must not be taken for none.
    pub(super) fn read(db: &Connection, present: Millis) -> rusqlite::Result<Self> {
        let all = keeper::settings(db)?;
        let get = |name: &str| {
            let found = all.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.as_str())
        };
        let stopped = get(CLOCK).map(plain).transpose()?.map(Millis);
        let seed = get(SEED).map(plain).transpose()?.unwrap_or(USUAL_SEED);
        let switches = get(SWITCHES).map(read::<Switches>).transpose()?;
        Ok(Self {
            now: stopped.unwrap_or(present),
            stopped: stopped.is_some(),
            seed,
            market: market(db, get(REVISION).unwrap_or_default(), seed)?,
            switches: switches.unwrap_or_default(),
            multiplier: get(MULTIPLIER).map(plain).transpose()?.unwrap_or(1),
            cash: get(CASH).map(plain).transpose()?.unwrap_or(USUAL_CASH),
        })
    }
}

/// Reads a number.
fn plain<T>(text: &str) -> rusqlite::Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|cause| unreadable(Box::new(cause)))
}

/// Returns the prices of a revision, made anew only where the last ones were another's.
fn market(db: &Connection, revision: &str, seed: u64) -> rusqlite::Result<Arc<Market>> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, market)) = last.as_ref().filter(|(known, _)| known == revision) {
        return Ok(Arc::clone(market));
    }
    let (mut pins, mut walks, mut replays) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, body) in keeper::prices(db)? {
        match kind.as_str() {
            "pin" => pins.push(read(&body)?),
            "walk" => walks.push(read(&body)?),
            _ => replays.push(read(&body)?),
        }
    }
    let market = Arc::new(Market::new(seed, pins, walks, replays));
    if !revision.is_empty() {
        *last = Some((revision.to_owned(), Arc::clone(&market)));
    }
    Ok(market)
}
