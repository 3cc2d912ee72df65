//! Latest quotes of all three markets.

use std::collections::BTreeMap;

use serde_json::Value;

use super::known::{number_of, text_of};
use super::request::{Account, Part, read};
use super::rules::Quote;
use crate::api::error::Result;
use crate::api::time::Millis;
use crate::api::trading::account::Object;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;
use crate::http::Request;

/// Asks for the latest quotes of symbols of one class.
pub(crate) fn quotes(
    account: &Account<'_>,
    class: AssetClass,
    symbols: &[Symbol],
) -> Result<Request> {
    let path = match class {
        AssetClass::UsEquity => "/v2/stocks/quotes/latest",
        AssetClass::Crypto => "/v1beta3/crypto/us/latest/quotes",
        AssetClass::UsOption => "/v1beta1/options/quotes/latest",
    };
    let names: Vec<_> = symbols.iter().map(Symbol::as_str).collect();
    read(account, Part::Data, path, &[("symbols", names.join(","))])
}

/// Reads an answer to [`quotes`]: one that nobody quotes is not in it.
pub(crate) fn quotes_by_symbol(answer: &Value) -> BTreeMap<String, Object> {
    let quotes = answer.get("quotes").and_then(Value::as_object).cloned().unwrap_or_default();
    let objects = quotes.into_iter().filter_map(|(symbol, quote)| match quote {
        Value::Object(quote) => Some((symbol, quote)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    });
    objects.collect()
}

/// Reads a quote. A price of zero is a side that nobody quotes.
pub(crate) fn quote(object: &Object) -> Option<Quote> {
    let side = |name| number_of(object, name).filter(|price| !price.is_zero());
    let at: Millis = text_of(object, "t")?.parse().ok()?;
    Some(Quote { at, bid: side("bp"), ask: side("ap") })
}
