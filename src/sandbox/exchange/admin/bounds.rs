//! What the keeper may not set: prices that nobody could quote, and a time that no calendar knows.

use rust_decimal::Decimal;

use super::wrong;
use crate::api::error::Result;
use crate::api::time::Millis;
use crate::api::trading::amount::Amount;
use crate::api::trading::symbol::Symbol;
use crate::sandbox::exchange::prices;

/// The clock goes no further: 2100-01-01.
const END: Millis = Millis(4_102_444_800_000);
/// Nothing is dearer, so that what is held can always be added up.
const DEAREST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// Refuses a price that cannot be quoted: none, less than one step, or beyond a billion.
pub(super) fn possible(symbol: &Symbol, price: Amount, at: Millis) -> Result<()> {
    if price.0 <= Decimal::ZERO {
        return Err(wrong(format!("a price is above zero, and `{price}` is not")));
    }
    if price.0 > DEAREST {
        return Err(wrong(format!("a price is at most a billion dollars, and `{price}` is more")));
    }
    match prices::step(symbol, price.0, at).filter(|step| price.0 < *step) {
        None => Ok(()),
        Some(step) => {
            let text = format!("`{symbol}` is priced in steps of `{step}`, and `{price}` is less");
            Err(wrong(text).hint(format!("set it to `{step}` or more")))
        }
    }
}

/// Refuses a spread that is less than none, or so wide that nothing is bid.
pub(super) fn narrow(spread: Amount, price: Amount) -> Result<()> {
    if spread.0 < Decimal::ZERO {
        return Err(wrong(format!("a spread of `{spread}` is less than none")));
    }
    if spread.0 >= price.0 * Decimal::TWO {
        let text = format!("a spread of `{spread}` around `{price}` leaves no bid above zero");
        return Err(wrong(text).hint("choose a spread of less than twice the price"));
    }
    Ok(())
}

/// Refuses a moment that is too far away for the calendar.
pub(super) fn not_beyond(at: Millis) -> Result<()> {
    if at <= END {
        return Ok(());
    }
    let text = format!("the clock goes until `{END}`, and `{at}` is later");
    Err(wrong(text).hint("choose an earlier time; the market's calendar ends there"))
}
