//! Parameters of the trading API, and what is answered where one cannot be read.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::api::time::Millis;
use crate::api::trading::amount::Amount;
use crate::broker::rules::Refusal;
use crate::sandbox::exchange::query as read;
use crate::sandbox::http::Params;

/// Tells whether a parameter says yes; no where it is not given.
pub(super) fn flag(query: &Params, name: &str) -> Result<bool, Refusal> {
    query.get(name).map_or(Ok(false), |text| read::flag(text).ok_or_else(|| invalid(name)))
}

/// Returns the values of a parameter that is given with commas, repeatedly, or both; `None` if it is not.
pub(super) fn list(query: &Params, name: &str) -> Option<Vec<String>> {
    let values = read::list(query, name);
    (!values.is_empty()).then(|| values.into_iter().map(str::to_owned).collect())
}

/// Returns one of the words that a parameter may be, in small letters.
pub(super) fn word(query: &Params, name: &str, words: &[&str]) -> Result<Option<String>, Refusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let text = text.to_ascii_lowercase();
    if words.contains(&text.as_str()) { Ok(Some(text)) } else { Err(invalid(name)) }
}

/// Returns how many are asked for: `usual` if it is not said, never more than `most`.
pub(super) fn count(query: &Params, name: &str, usual: u32, most: u32) -> Result<u32, Refusal> {
    let Some(text) = query.get(name) else { return Ok(usual) };
    let count = text.parse::<u32>().ok().filter(|count| (1..=most).contains(count));
    count.ok_or_else(|| {
        Refusal::malformed(format!("{name} must be greater than 0 and at most {most}"))
    })
}

/// Returns a number.
pub(super) fn number(query: &Params, name: &str) -> Result<Option<Decimal>, Refusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    text.parse::<Amount>().map(|amount| Some(amount.0)).map_err(|_| invalid(name))
}

/// Returns a moment; a day begins at midnight in New York.
pub(super) fn moment(query: &Params, name: &str) -> Result<Option<Millis>, Refusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    read::moment(text, read::new_york).map(Some).ok_or_else(|| invalid(name))
}

/// Returns a day.
pub(super) fn day(query: &Params, name: &str) -> Result<Option<Date>, Refusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    read::day(text).map(Some).ok_or_else(|| invalid(name))
}

fn invalid(name: &str) -> Refusal {
    Refusal::malformed(format!("invalid {name}"))
}
