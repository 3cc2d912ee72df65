//! Quotes, trades and bars in the letters of market data. Its numbers are numbers.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Map, Value, json};

use super::Desk;
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;
use crate::broker::calendar;
use crate::sandbox::exchange::prices::{Bar, Frame, STEP};

const MINUTE: i64 = 60_000;

/// Returns a number of JSON with the same digits.
pub(super) fn number(value: Decimal) -> Value {
    let text = value.normalize().to_string();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// Returns a size as a class counts them: whole, but for coins.
fn size(value: Decimal, class: AssetClass) -> Value {
    match class {
        AssetClass::Crypto => number(value),
        AssetClass::UsEquity | AssetClass::UsOption => json!(value.to_u64().unwrap_or(0)),
    }
}

impl Desk<'_> {
    /// Returns the latest quote; a side of zero is one that nobody quotes.
    pub(super) fn quote(&self, symbol: &Symbol) -> Option<Value> {
        let quote = self.market.quote(symbol, self.now)?;
        let class = symbol.class();
        let sizes = self.market.sizes(symbol, self.now);
        let side = |price: Option<Decimal>, amount: Decimal| {
            let amount = if price.is_some() { amount } else { Decimal::ZERO };
            (number(price.unwrap_or_default()), size(amount, class))
        };
        let ((bid, bid_size), (ask, ask_size)) =
            (side(quote.bid, sizes.0), side(quote.ask, sizes.1));
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        set("t", json!(quote.at));
        set("bp", bid);
        set("bs", bid_size);
        set("ap", ask);
        set("as", ask_size);
        match class {
            AssetClass::Crypto => {}
            AssetClass::UsEquity => {
                set("bx", json!("V"));
                set("ax", json!("V"));
                set("c", json!(["R"]));
                set("z", json!(self.tape(symbol)));
            }
            AssetClass::UsOption => {
                set("bx", json!("C"));
                set("ax", json!("C"));
                set("c", json!("A"));
            }
        }
        Some(Value::Object(body))
    }

    /// Returns the latest trade, which nobody made: at the last price, of an invented size.
    pub(super) fn trade(&self, symbol: &Symbol) -> Option<Value> {
        let at = self.market.quote(symbol, self.now)?.at;
        let price = self.market.last(symbol, self.now)?;
        let class = symbol.class();
        let amount = size(self.market.sizes(symbol, self.now).0, class);
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        set("t", json!(at));
        set("p", number(price));
        set("s", amount);
        match class {
            AssetClass::Crypto => {
                set("i", json!(at.0 / STEP));
                set("tks", json!("B"));
            }
            AssetClass::UsEquity => {
                set("i", json!(at.0 / STEP));
                set("x", json!("V"));
                set("c", json!(["@"]));
                set("z", json!(self.tape(symbol)));
            }
            AssetClass::UsOption => {
                set("x", json!("C"));
                set("c", json!("a"));
            }
        }
        Some(Value::Object(body))
    }

    /// Returns the bar of the minute in which the price was made last, if it moves.
    pub(super) fn minute(&self, symbol: &Symbol) -> Option<Value> {
        let at = self.market.quote(symbol, self.now)?.at;
        let from = Millis(at.0.div_euclid(MINUTE) * MINUTE);
        let span = (from, Millis(from.0 + 1));
        let bar = self.market.bars(symbol, Frame::Minutes(1), span, self.now).next()?;
        Some(shape(&bar, symbol.class()))
    }

    /// Returns the bars of the last two days, the later one first.
    pub(super) fn days(&self, symbol: &Symbol) -> [Option<Value>; 2] {
        let from = Millis(self.now.0 - 9 * 24 * 60 * MINUTE);
        let span = (from, Millis(self.now.0 + 1));
        let bars: Vec<_> = self.market.bars(symbol, Frame::Day, span, self.now).collect();
        let mut latest = bars.iter().rev().map(|bar| shape(bar, symbol.class()));
        [latest.next(), latest.next()]
    }

    /// Returns quote, trade and bars of one symbol; `None` if it has no price.
    pub(super) fn snapshot(&self, symbol: &Symbol) -> Option<Map<String, Value>> {
        let mut body = Map::new();
        body.insert("latestTrade".to_owned(), self.trade(symbol)?);
        body.insert("latestQuote".to_owned(), self.quote(symbol)?);
        let [day, before] = self.days(symbol);
        for (name, bar) in
            [("minuteBar", self.minute(symbol)), ("dailyBar", day), ("prevDailyBar", before)]
        {
            body.extend(bar.map(|bar| (name.to_owned(), bar)));
        }
        Some(body)
    }

    fn tape(&self, symbol: &Symbol) -> &'static str {
        let listed = self.market.listed(symbol, self.now);
        match listed.as_ref().map(|listed| listed.exchange.as_str()) {
            Some("NASDAQ") => "C",
            Some("NYSE") => "A",
            Some("OTC") => "O",
            Some(_) | None => "B",
        }
    }
}

/// Returns a bar as the class writes it.
pub(super) fn shape(bar: &Bar, class: AssetClass) -> Value {
    let four = bar.open + bar.high + bar.low + bar.close;
    let mean = (four / Decimal::from(4)).round_dp(9);
    let volume = if class == AssetClass::Crypto { bar.volume } else { bar.volume.round() };
    json!({
        "t": bar.at,
        "o": number(bar.open),
        "h": number(bar.high),
        "l": number(bar.low),
        "c": number(bar.close),
        "v": size(volume, class),
        "n": bar.trades,
        "vw": number(mean),
    })
}

/// Returns the day that bars of a class count a moment to.
pub(super) fn day_of(at: Millis, class: AssetClass) -> jiff::civil::Date {
    match class {
        AssetClass::UsEquity | AssetClass::UsOption => calendar::date(at),
        AssetClass::Crypto => {
            let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
            jiff::tz::Offset::UTC.to_datetime(at).date()
        }
    }
}
