//! Parameters of market data and of what is listed, and what is answered where one cannot be read.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Desk, Refusal, contracts};
use crate::api::time::Millis;
use crate::api::trading::symbol::{Contract, Symbol};
use crate::api::trading::words::AssetClass;
use crate::sandbox::exchange::query as read;

/// Most symbols of options in one request (source: Alpaca Market Data API 1.1).
const MOST_OPTIONS: usize = 100;

impl Desk<'_> {
    /// Returns all values of a name, of commas and repetitions alike, each once.
    pub(super) fn list<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        read::list(&self.call.query, name)
    }

    /// Returns a value, if it is there and can be read; `refuse` says what is answered if it
    /// cannot.
    pub(super) fn value<T: FromStr>(
        &self,
        name: &str,
        refuse: fn(String) -> Refusal,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.call.query.get(name) else { return Ok(None) };
        let read = text.parse().map(Some);
        read.map_err(|_| refuse(format!("invalid {name}: {text}")))
    }

    /// Returns a yes or no, in any of its spellings.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let Some(text) = self.call.query.get(name) else { return Ok(None) };
        let said = read::flag(text).map(Some);
        said.ok_or_else(|| Refusal::unprocessable(format!("invalid {name}: {text}")))
    }

    /// Returns a day: of `2026-11-20`, or of a moment in New York.
    pub(super) fn day(
        &self,
        name: &str,
        refuse: fn(String) -> Refusal,
    ) -> Result<Option<Date>, Refusal> {
        let Some(text) = self.call.query.get(name) else { return Ok(None) };
        read::day(text).map(Some).ok_or_else(|| refuse(format!("invalid {name}: {text}")))
    }

    /// Returns a moment, or the start of a day as `class` counts them.
    pub(super) fn moment(
        &self,
        name: &str,
        class: AssetClass,
        refuse: fn(String) -> Refusal,
    ) -> Result<Option<Millis>, Refusal> {
        let Some(text) = self.call.query.get(name) else { return Ok(None) };
        let moment = read::moment(text, |day| midnight(day, class));
        moment.map(Some).ok_or_else(|| refuse(format!("invalid {name}: {text}")))
    }

    /// Returns how many are wanted; at least one, at most `most`.
    pub(super) fn limit(
        &self,
        usual: usize,
        most: usize,
        refuse: fn(String) -> Refusal,
    ) -> Result<usize, Refusal> {
        let limit = self.value("limit", refuse)?.unwrap_or(usual);
        if (1..=most).contains(&limit) {
            return Ok(limit);
        }
        Err(refuse(format!("invalid limit: {limit} (must be from 1 to {most})")))
    }

    /// Returns what [`token`] was made of.
    pub(super) fn page(&self, refuse: fn(String) -> Refusal) -> Result<Option<String>, Refusal> {
        let Some(text) = self.call.query.get("page_token") else { return Ok(None) };
        let bytes = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        bytes.map(Some).ok_or_else(|| refuse(format!("invalid page_token: {text}")))
    }

    /// Returns the `symbols` that market data is asked of, checked by their form, each once and in
    /// order.
    pub(super) fn symbols(&self, class: AssetClass) -> Result<Vec<Symbol>, Refusal> {
        let mut texts = self.list("symbols");
        texts.sort_unstable();
        if texts.is_empty() {
            return Err(Refusal::bad("symbols is required".to_owned()));
        }
        if class == AssetClass::UsOption && texts.len() > MOST_OPTIONS {
            return Err(Refusal::bad(format!("too many symbols: at most {MOST_OPTIONS}")));
        }
        texts.into_iter().map(|text| checked(text, class)).collect()
    }
}

/// Checks the form of a symbol, as market data wants it.
pub(super) fn checked(text: &str, class: AssetClass) -> Result<Symbol, Refusal> {
    let symbol = text.parse::<Symbol>().ok().filter(|symbol| symbol.as_str() == text);
    let fits = symbol.filter(|symbol| symbol.class() == class);
    fits.filter(|_| class != AssetClass::Crypto || is_pair(text)).ok_or_else(|| {
        Refusal::bad(match class {
            AssetClass::Crypto => {
                format!("invalid symbol: {text} does not match ^[A-Z]+x?/[A-Z]+$")
            }
            AssetClass::UsEquity | AssetClass::UsOption => format!("invalid symbol: {text}"),
        })
    })
}

fn is_pair(text: &str) -> bool {
    let letters = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase());
    text.split_once('/').is_some_and(|(coin, money)| letters(coin) && letters(money))
}

/// Makes a page token.
pub(super) fn token(place: &str) -> String {
    STANDARD.encode(place)
}

/// Returns when a day begins: in New York, for coins in UTC.
pub(super) fn midnight(day: Date, class: AssetClass) -> Millis {
    match class {
        AssetClass::Crypto => {
            let at = day.to_zoned(jiff::tz::TimeZone::UTC);
            Millis(at.map_or(0, |at| at.timestamp().as_millisecond()))
        }
        AssetClass::UsEquity | AssetClass::UsOption => read::new_york(day),
    }
}

/// Tells whether something lies between two bounds, if there are any.
fn within<T: PartialOrd>(value: &T, (first, last): &(Option<T>, Option<T>)) -> bool {
    first.as_ref().is_none_or(|first| value >= first)
        && last.as_ref().is_none_or(|last| value <= last)
}

/// Which options are wanted.
pub(super) struct Wanted {
    expiry: Option<Date>,
    /// First and last expiry
    expiries: (Option<Date>, Option<Date>),
    /// Lowest and highest strike
    strikes: (Option<Decimal>, Option<Decimal>),
    right: Option<String>,
    root: Option<String>,
}

impl Wanted {
    /// Reads the parameters that contracts and chains share.
    pub(super) fn read(desk: &Desk<'_>, refuse: fn(String) -> Refusal) -> Result<Self, Refusal> {
        let right = desk.call.query.get("type").map(str::to_owned);
        if let Some(other) =
            right.as_ref().filter(|right| !["call", "put"].contains(&right.as_str()))
        {
            return Err(refuse(format!("invalid type: {other}")));
        }
        Ok(Self {
            expiry: desk.day("expiration_date", refuse)?,
            expiries: (
                desk.day("expiration_date_gte", refuse)?,
                desk.day("expiration_date_lte", refuse)?,
            ),
            strikes: (
                desk.value("strike_price_gte", refuse)?,
                desk.value("strike_price_lte", refuse)?,
            ),
            right,
            root: desk.call.query.get("root_symbol").map(str::to_owned),
        })
    }

    /// Has `day` for its last expiry, unless expiries were asked for.
    pub(super) fn until(mut self, day: Date) -> Self {
        if self.expiry.is_none() && self.expiries == (None, None) {
            self.expiries.1 = Some(day);
        }
        self
    }

    /// Tells whether a contract is wanted.
    pub(super) fn holds(&self, contract: &Contract) -> bool {
        let right = contracts::word(contract.right);
        self.expiry.is_none_or(|expiry| contract.expiry == expiry)
            && within(&contract.expiry, &self.expiries)
            && within(&contract.strike, &self.strikes)
            && self.right.as_ref().is_none_or(|wanted| wanted == right)
            && self.root.as_ref().is_none_or(|root| *root == contract.root)
    }
}
