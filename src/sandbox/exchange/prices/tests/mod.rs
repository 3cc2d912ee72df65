//! What users of the prices rely on.

mod options;
mod process;
mod range;
mod set;
mod universe;

use rust_decimal::Decimal;

use super::Market;
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;

fn market() -> Market {
    Market::new(7, Vec::new(), Vec::new(), Vec::new())
}

fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

fn at(text: &str) -> Millis {
    text.parse().unwrap()
}

fn price(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Bid, ask and last as one line.
fn shown(market: &Market, name: &str, moment: &str) -> String {
    let (symbol, moment) = (symbol(name), at(moment));
    let quote = market.quote(&symbol, moment).unwrap();
    let side = |side: Option<Decimal>| side.map_or("-".to_owned(), |price| price.to_string());
    let last = market.last(&symbol, moment).unwrap();
    format!("{} {} {last}", side(quote.bid), side(quote.ask))
}
