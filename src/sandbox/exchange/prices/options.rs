//! Which options there are: of a dozen shares, for the next six Fridays and the next six monthly
//! expiries, at round strikes within a fifth of the price that the share swings around. Where a
//! Friday is a holiday the Thursday stands for it (source: OCC, equity options product
//! specifications).

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};
use uuid::Uuid;

use super::formula::Terms;
use super::noise::float;
use super::universe::{self, Derived, Entry, Listed};
use crate::api::time::Millis;
use crate::api::trading::symbol::{Contract, Right, Symbol};
use crate::api::trading::words::AssetClass;
use crate::broker::calendar::{self, Session};

/// How many expiries of each kind lie ahead.
const AHEAD: i32 = 6;
const YEAR: f64 = 365.0 * 86_400_000.0;
/// What ids of contracts count days from.
const EPOCH: Date = Date::constant(2000, 1, 1);

/// Returns the last session of an option: of its expiry. `None` on days on which none expires.
pub(super) fn last_session(expiry: Date) -> Option<Session> {
    let session = calendar::session(expiry)?;
    let friday = match expiry.weekday() {
        Weekday::Friday => true,
        Weekday::Thursday => calendar::session(friday_of(expiry)).is_none(),
        _ => false,
    };
    friday.then_some(session)
}

/// Returns the expiries that are listed at a moment, ascending.
pub(super) fn expiries(at: Millis) -> Vec<Date> {
    let today = calendar::date(at);
    let first = friday_of(today);
    let weeks = (0..i64::from(AHEAD)).map(|week| moved(first, week * 7));
    let base = base(today);
    let months = (0..AHEAD).map(|month| third_friday(base + month));
    let mut all: Vec<Date> = weeks.chain(months).map(kept).filter(|day| *day >= today).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Tells whether an expiry is listed at a moment or was before.
fn was_listed(expiry: Date, today: Date) -> bool {
    let friday = friday_of(expiry);
    let weeks = days(friday) - days(friday_of(today));
    let monthly = third_friday(month(friday)) == friday && month(friday) < base(today) + AHEAD;
    weeks < i64::from(AHEAD) * 7 || monthly
}

/// Returns the strikes of a share's options, ascending.
pub(super) fn strikes(entry: &Entry) -> Vec<Decimal> {
    let (step, price) = (step(entry), Decimal::from_f64(entry.price).unwrap_or_default());
    let first = (price * Decimal::new(8, 1) / step).ceil() * step;
    let last = price * Decimal::new(12, 1);
    std::iter::successors(Some(first), |strike| Some(strike + step))
        .take_while(|strike| *strike <= last)
        .map(|strike| strike.normalize())
        .collect()
}

fn step(entry: &Entry) -> Decimal {
    match entry.price {
        price if price < 25.0 => Decimal::new(5, 1),
        price if price < 100.0 => Decimal::ONE,
        price if price < 200.0 => Decimal::new(25, 1),
        _ => Decimal::from(5),
    }
}

/// Returns what is listed under a contract, expired or not.
pub(super) fn listed(contract: &Contract, at: Millis) -> Option<Listed> {
    let (entry, close) = known(contract, at)?;
    Some(described(entry, contract, at < close))
}

/// Returns the share of a contract that is or was listed, and when it expires.
pub(super) fn known(contract: &Contract, at: Millis) -> Option<(&'static Entry, Millis)> {
    let entry = universe::find(&contract.root).filter(|entry| entry.volatility.is_some())?;
    let close = last_session(contract.expiry)?.close;
    let (strike, step) = (contract.strike, step(entry));
    let price = Decimal::from_f64(entry.price)?;
    let near = (strike - price).abs() <= price * Decimal::new(2, 1);
    let round = strike > Decimal::ZERO && (strike % step).is_zero();
    let listed = was_listed(contract.expiry, calendar::date(at));
    (near && round && listed).then_some((entry, close))
}

/// Returns all contracts of a share that are active at a moment, by expiry, right and strike.
pub(super) fn chain(entry: &Entry, at: Millis) -> Vec<Listed> {
    if entry.volatility.is_none() {
        return Vec::new();
    }
    let strikes = strikes(entry);
    let mut found = Vec::new();
    for expiry in expiries(at) {
        let active = last_session(expiry).is_some_and(|session| at < session.close);
        for right in [Right::Call, Right::Put] {
            for strike in &strikes {
                let root = entry.listed.symbol.as_str().to_owned();
                let contract = Contract { root, expiry, right, strike: *strike };
                found.extend(active.then(|| described(entry, &contract, true)));
            }
        }
    }
    found
}

fn described(entry: &Entry, contract: &Contract, active: bool) -> Listed {
    let right = match contract.right {
        Right::Call => "Call",
        Right::Put => "Put",
    };
    let day = contract.expiry.strftime("%b %d %Y");
    let text = contract.to_string();
    // What a contract writes is a symbol by its form: letters and digits, at most 21.
    let symbol = text.parse::<Symbol>().unwrap_or_else(|_| entry.listed.symbol.clone());
    Listed {
        id: id(contract).to_string(),
        symbol,
        name: format!("{} {day} {} {right}", contract.root, contract.strike),
        class: AssetClass::UsOption,
        exchange: String::new(),
        active,
        tradable: active,
        marginable: false,
        shortable: false,
        fractionable: false,
        min_order_size: None,
        min_trade_increment: None,
        price_increment: None,
        option: Some(Derived {
            contract: contract.clone(),
            underlying_id: entry.listed.id.clone(),
            ppind: true,
        }),
    }
}

/// Returns what its price follows from at a moment.
pub(super) fn terms(entry: &Entry, contract: &Contract, close: Millis, moment: i64) -> Terms {
    Terms {
        right: contract.right,
        strike: contract.strike.to_f64().unwrap_or_default(),
        years: float((close.0 - moment).max(0)) / YEAR,
        volatility: entry.volatility.unwrap_or_default(),
    }
}

/// Makes a contract's id: one from which the contract can be read again, so that none has to be
/// searched for.
fn id(contract: &Contract) -> Uuid {
    let mut bytes = *universe::named(&contract.to_string()).as_bytes();
    let root = universe::find(&contract.root).map_or(0, |entry| entry.number);
    let day = u64::try_from(days(contract.expiry) - days(EPOCH)).unwrap_or_default() & 0xffff;
    let halves = (contract.strike * Decimal::TWO).to_u64().unwrap_or_default() & 0xff_ffff;
    let right = u64::from(contract.right == Right::Put);
    let packed = (root << 41) | (day << 25) | (halves << 1) | right;
    bytes[..6].copy_from_slice(&packed.to_be_bytes()[2..]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Returns the contract of an id.
pub(super) fn of_id(id: Uuid) -> Option<Contract> {
    let mut packed = [0; 8];
    packed[2..].copy_from_slice(&id.as_bytes()[..6]);
    let packed = u64::from_be_bytes(packed);
    let entry = universe::all().iter().find(|entry| entry.number == packed >> 41)?;
    let day = i64::try_from((packed >> 25) & 0xffff).ok()?;
    let expiry = EPOCH.checked_add(day.days()).ok()?;
    let strike = (Decimal::from((packed >> 1) & 0xff_ffff) / Decimal::TWO).normalize();
    let right = if packed & 1 == 1 { Right::Put } else { Right::Call };
    let root = entry.listed.symbol.as_str().to_owned();
    let contract = Contract { root, expiry, right, strike };
    (self::id(&contract) == id).then_some(contract)
}

/// Returns the day that stands for a Friday.
fn kept(friday: Date) -> Date {
    if calendar::session(friday).is_some() { friday } else { calendar::previous(friday).date }
}

/// Returns the Friday on or after a day.
fn friday_of(date: Date) -> Date {
    let ahead = (4 - i64::from(date.weekday().to_monday_zero_offset())).rem_euclid(7);
    moved(date, ahead)
}

fn moved(date: Date, days: i64) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

fn days(date: Date) -> i64 {
    date.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |at| at.timestamp().as_second() / 86_400)
}

/// Counts months from the year 0.
fn month(date: Date) -> i32 {
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}

/// Returns the first month whose expiry is not over on a day.
fn base(today: Date) -> i32 {
    month(today) + i32::from(third_friday(month(today)) < today)
}

fn third_friday(month: i32) -> Date {
    let year = i16::try_from(month.div_euclid(12)).unwrap_or(i16::MAX);
    let within = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    Date::new(year, within, 15).map_or(Date::MAX, friday_of)
}
