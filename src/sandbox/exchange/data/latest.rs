//! The latest quotes, trades, bars and order books, and snapshots of all of them.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::params::checked;
use super::shapes::number;
use super::{Answer, Desk, Refusal};
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;

/// How many prices an order book shows on each side.
const DEPTH: u32 = 10;

/// What the latest is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Quotes,
    Trades,
    Bars,
}

impl Kind {
    /// Reads the word in a path; `None` for what a class does not have.
    pub(super) fn read(class: AssetClass, word: &str) -> Option<Self> {
        match word {
            "quotes" => Some(Self::Quotes),
            "trades" => Some(Self::Trades),
            "bars" if class != AssetClass::UsOption => Some(Self::Bars),
            _ => None,
        }
    }

    fn of(self, desk: &Desk<'_>, symbol: &Symbol) -> Option<Value> {
        match self {
            Self::Quotes => desk.quote(symbol),
            Self::Trades => desk.trade(symbol),
            Self::Bars => desk.minute(symbol),
        }
    }

    /// Returns the key of many of them, and of one.
    fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Quotes => ("quotes", "quote"),
            Self::Trades => ("trades", "trade"),
            Self::Bars => ("bars", "bar"),
        }
    }
}

/// Answers for `symbols`; those that nobody knows are left out.
pub(super) fn many(desk: &Desk<'_>, class: AssetClass, kind: Kind) -> Answer {
    feed(desk, class)?;
    let symbols = desk.symbols(class)?;
    Ok(json!({ kind.keys().0: map(&symbols, |symbol| kind.of(desk, symbol)) }))
}

/// Answers for one share.
pub(super) fn one(desk: &Desk<'_>, name: &str, kind: Kind) -> Answer {
    feed(desk, AssetClass::UsEquity)?;
    let symbol = checked(name, AssetClass::UsEquity)?;
    let found = kind.of(desk, &symbol).ok_or_else(|| nothing(name, kind.keys().1))?;
    Ok(json!({ "symbol": symbol, kind.keys().1: found }))
}

/// Answers with snapshots of `symbols`: for shares a bare map.
pub(super) fn snapshots(desk: &Desk<'_>, class: AssetClass) -> Answer {
    feed(desk, class)?;
    let symbols = desk.symbols(class)?;
    let snapshots = map(&symbols, |symbol| desk.full(symbol));
    Ok(match class {
        AssetClass::UsEquity => Value::Object(snapshots),
        AssetClass::Crypto => json!({ "snapshots": snapshots }),
        AssetClass::UsOption => json!({ "snapshots": snapshots, "next_page_token": null }),
    })
}

/// Answers with the snapshot of one share.
pub(super) fn snapshot(desk: &Desk<'_>, name: &str) -> Answer {
    feed(desk, AssetClass::UsEquity)?;
    let symbol = checked(name, AssetClass::UsEquity)?;
    let mut body = desk.snapshot(&symbol).ok_or_else(|| nothing(name, "snapshot"))?;
    body.insert("symbol".to_owned(), json!(symbol));
    Ok(Value::Object(body))
}

/// Answers with order books: of each coin the best prices, and invented ones behind them.
pub(super) fn books(desk: &Desk<'_>) -> Answer {
    let symbols = desk.symbols(AssetClass::Crypto)?;
    Ok(json!({ "orderbooks": map(&symbols, |symbol| book(desk, symbol)) }))
}

impl Desk<'_> {
    /// Returns a snapshot, of an option with greeks.
    fn full(&self, symbol: &Symbol) -> Option<Value> {
        let mut body = self.snapshot(symbol)?;
        body.extend(super::chain::greeks(self, symbol));
        Some(Value::Object(body))
    }
}

fn book(desk: &Desk<'_>, symbol: &Symbol) -> Option<Value> {
    let quote = desk.market.quote(symbol, desk.now)?;
    let tick = desk.market.listed(symbol, desk.now)?.price_increment?;
    let step = quote.ask.zip(quote.bid).map_or(tick, |(ask, bid)| (ask - bid).max(tick));
    let (bid_size, ask_size) = desk.market.sizes(symbol, desk.now);
    let side = |best: Option<Decimal>, step: Decimal, size: Decimal| -> Vec<Value> {
        let rows = (0..DEPTH).filter_map(|level| {
            let price = best? + step * Decimal::from(level);
            let amount = (size * Decimal::from(level + 1)).normalize();
            (price > Decimal::ZERO).then(|| json!({ "p": number(price), "s": number(amount) }))
        });
        rows.collect()
    };
    Some(json!({
        "t": quote.at,
        "b": side(quote.bid, -step, bid_size),
        "a": side(quote.ask, step, ask_size),
    }))
}

fn map(symbols: &[Symbol], of: impl Fn(&Symbol) -> Option<Value>) -> Map<String, Value> {
    let found = symbols.iter().filter_map(|symbol| Some((symbol.to_string(), of(symbol)?)));
    found.collect()
}

fn nothing(name: &str, what: &str) -> Refusal {
    let status = axum::http::StatusCode::NOT_FOUND;
    Refusal { status, code: None, message: format!("no {what} found for {name}") }
}

/// Checks the feed that is named; all of them tell the same.
pub(super) fn feed(desk: &Desk<'_>, class: AssetClass) -> Result<(), Refusal> {
    let known: &[&str] = match class {
        AssetClass::UsEquity => &["sip", "iex", "delayed_sip", "boats", "overnight", "otc"],
        AssetClass::UsOption => &["opra", "indicative"],
        AssetClass::Crypto => return Ok(()),
    };
    match desk.call.query.get("feed").filter(|feed| !known.contains(feed)) {
        None => Ok(()),
        Some(other) => Err(Refusal::bad(format!("invalid feed: {other}"))),
    }
}
