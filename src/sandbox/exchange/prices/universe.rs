//! What is listed on the paper exchange: shares and coins, from a table of invented prices near
//! real ones.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::hours::Hours;
use super::noise::mixed;
use super::ticks::Tick;
use crate::api::trading::symbol::{Contract, Symbol};
use crate::api::trading::words::AssetClass;
use crate::broker::rules::Asset;

/// One line a share or coin. `weekly` is how far it swings in a week, in thousandths; `spread` is
/// in hundredths of a percent. Flags: `i`nactive, not `f`ractionable, not to be `s`old short, not
/// on `m`argin, with `o`ptions.
const TABLE: &str = include_str!("universe.csv");

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let lines = (0..).zip(TABLE.lines().skip(1));
    let mut entries: Vec<_> = lines.filter_map(|(number, line)| entry(number, line)).collect();
    entries.sort_by(|a, b| a.listed.symbol.cmp(&b.listed.symbol));
    entries
});

/// What is known of one thing that is listed.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the broker's flags, none of which follows from others"
)]
pub(crate) struct Listed {
    /// Its id, a UUID with dashes
    pub(crate) id: String,
    /// How the exchange spells it
    pub(crate) symbol: Symbol,
    /// Its full name
    pub(crate) name: String,
    /// Its market
    pub(crate) class: AssetClass,
    /// Where it is listed: `NASDAQ`, `CRYPTO`; empty for an option
    pub(crate) exchange: String,
    /// Whether it is active; not so after an option's expiry
    pub(crate) active: bool,
    /// Whether it may be traded
    pub(crate) tradable: bool,
    /// Whether it may be bought on margin
    pub(crate) marginable: bool,
    /// Whether it may be sold short, and is easy to borrow
    pub(crate) shortable: bool,
    /// Whether parts of it may be traded
    pub(crate) fractionable: bool,
    /// Smallest order, of coins
    pub(crate) min_order_size: Option<Decimal>,
    /// Step of quantities, of coins
    pub(crate) min_trade_increment: Option<Decimal>,
    /// Step of prices, of coins
    pub(crate) price_increment: Option<Decimal>,
    /// Of an option: what it is derived from
    pub(crate) option: Option<Derived>,
}

/// What an option has that a share has not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Derived {
    /// Share, expiry, right and strike
    pub(crate) contract: Contract,
    /// Id of the share
    pub(crate) underlying_id: String,
    /// Whether its prices step by pennies
    pub(crate) ppind: bool,
}

impl Listed {
    /// Returns it as the rules of orders want it.
    pub(crate) fn asset(&self) -> Asset {
        Asset {
            active: Some(self.active),
            tradable: Some(self.tradable),
            fractionable: Some(self.fractionable),
            shortable: Some(self.shortable),
            easy_to_borrow: Some(self.shortable),
            min_order_size: self.min_order_size,
            price_increment: self.price_increment,
            ppind: self.option.as_ref().map(|option| option.ppind),
        }
    }
}

/// A share or coin, with what its prices follow from.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its place in the table, which ids of options are made of: new lines go to the end of their
    /// market
    pub(super) number: u64,
    /// What the outside sees
    pub(super) listed: Listed,
    /// Around what its price swings
    pub(super) price: f64,
    /// How far, in a week, as a part of it
    pub(super) weekly: f64,
    /// From bid to ask, as a part of the price
    pub(super) spread: Decimal,
    /// The same as a float
    pub(super) spread_float: f64,
    /// Step of its prices
    pub(super) tick: Tick,
    /// What tells its noise from others
    pub(super) key: u64,
    /// Volatility that its options are priced by; `None` where it has none
    pub(super) volatility: Option<f64>,
}

impl Entry {
    /// Returns when its prices move.
    pub(super) fn hours(&self) -> Hours {
        match self.listed.class {
            AssetClass::Crypto => Hours::Always,
            AssetClass::UsEquity => Hours::Extended,
            AssetClass::UsOption => Hours::Regular,
        }
    }
}

fn entry(number: u64, line: &str) -> Option<Entry> {
    let fields: Vec<&str> = line.split('|').collect();
    let [symbol, name, exchange, price, weekly, spread, flags, volatility, tick, least] =
        fields.as_slice()
    else {
        return None;
    };
    let symbol: Symbol = symbol.parse().ok()?;
    let class = symbol.class();
    let share = class == AssetClass::UsEquity;
    let tick: Decimal = tick.parse().ok()?;
    let active = !flags.contains('i');
    let spread = spread.parse::<Decimal>().ok()? / Decimal::from(10_000);
    let listed = Listed {
        id: known_id(&symbol),
        name: (*name).to_owned(),
        class,
        exchange: (*exchange).to_owned(),
        active,
        tradable: active,
        marginable: share && active && !flags.contains('m'),
        shortable: share && active && !flags.contains('s'),
        fractionable: active && !flags.contains('f'),
        min_order_size: least.parse().ok(),
        min_trade_increment: (!share).then(|| Decimal::new(1, 9)),
        price_increment: (!share).then_some(tick),
        option: None,
        symbol,
    };
    Some(Entry {
        number,
        price: price.parse().ok()?,
        weekly: weekly.parse::<f64>().ok()? / 1000.0,
        spread,
        spread_float: rust_decimal::prelude::ToPrimitive::to_f64(&spread)?,
        tick: Tick::new(tick),
        key: listed.symbol.as_str().bytes().fold(0, |key, byte| mixed(key ^ u64::from(byte))),
        volatility: volatility.parse().ok(),
        listed,
    })
}

/// Returns an id that is the same everywhere: the broker's own of Apple, else one made from the
/// symbol.
fn known_id(symbol: &Symbol) -> String {
    match symbol.as_str() {
        "AAPL" => "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415".to_owned(),
        other => named(other).to_string(),
    }
}

/// Makes a UUID (version 8: made by a rule of one's own) out of a name.
pub(super) fn named(name: &str) -> Uuid {
    let digest = Sha256::new().chain_update("naive paper exchange\n").chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Returns all shares and coins, by symbol.
pub(super) fn all() -> &'static [Entry] {
    &ENTRIES
}

/// Returns the share or coin of this symbol.
pub(super) fn find(symbol: &str) -> Option<&'static Entry> {
    let entries = all();
    let place = entries.binary_search_by(|entry| entry.listed.symbol.as_str().cmp(symbol)).ok()?;
    entries.get(place)
}

/// Returns the share or coin of this id.
pub(super) fn of_id(id: Uuid) -> Option<&'static Listed> {
    let id = id.to_string();
    all().iter().map(|entry| &entry.listed).find(|listed| listed.id == id)
}

/// Returns the exchange's spelling of a share, a coin or, by its form alone, an option: `BTCUSD`
/// is `BTC/USD`.
pub(super) fn spelled(text: &str) -> Option<Symbol> {
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    if let Some(entry) = find(text) {
        return Some(entry.listed.symbol.clone());
    }
    let joined = |entry: &&Entry| {
        let (coin, money) = entry.listed.symbol.as_str().split_once('/').unwrap_or_default();
        !coin.is_empty() && text.strip_prefix(coin) == Some(money)
    };
    let coin = all().iter().find(joined).map(|entry| entry.listed.symbol.clone());
    coin.or_else(|| text.parse::<Symbol>().ok().filter(|symbol| symbol.contract().is_some()))
}
