//! Names of what is traded: the form of a symbol tells the market.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::AssetClass;
use crate::api::ids::{Malformed, checked};

checked! {
    /// What is traded: `AAPL`, `BTC/USD`, or an option as `AAPL261218C00250000`. At most 32 upper-case
    /// letters, digits and `./-`.
    Symbol, |text| {
        let text = text.to_ascii_uppercase();
        let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "./-".contains(c);
        let ends = text.starts_with('/') || text.ends_with('/');
        if !text.is_empty() && text.len() <= 32 && text.chars().all(letters) && !ends {
            Ok(text)
        } else {
            Err("a symbol is 1 to 32 letters and digits, as in AAPL or BTC/USD".into())
        }
    }
}

impl Symbol {
    /// Returns the market that the form tells. `BTCUSD` looks like a share: only the broker's list of
    /// assets knows better.
    pub(crate) fn class(&self) -> AssetClass {
        if self.as_str().contains('/') {
            AssetClass::Crypto
        } else if self.contract().is_some() {
            AssetClass::UsOption
        } else {
            AssetClass::UsEquity
        }
    }

    /// Takes an option's symbol apart, if it is one.
    pub(crate) fn contract(&self) -> Option<Contract> {
        self.as_str().parse().ok()
    }
}

/// Whether an option is one to buy or to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Right {
    /// To buy
    Call,
    /// To sell
    Put,
}

/// An option as its symbol tells it (source: OCC symbology, 2010): root, expiry as YYMMDD, `C` or `P`,
/// the strike in thousandths with 8 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Contract {
    /// Symbol of the shares
    pub(crate) root: String,
    /// Last day it counts
    pub(crate) expiry: Date,
    /// To buy or to sell
    pub(crate) right: Right,
    /// Price a share
    pub(crate) strike: Decimal,
}

impl FromStr for Contract {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("it is no option's symbol");
        let split = text.len().checked_sub(15).filter(|at| (1..=6).contains(at));
        let split = split.filter(|_| text.is_ascii()).ok_or_else(malformed)?;
        let (root, rest) = text.split_at(split);
        let numeric = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
        let digits = |range: Range<usize>| rest.get(range).filter(numeric);
        let number = |range| digits(range).and_then(|text| text.parse::<i16>().ok());
        let (year, month, day) = (number(0..2), number(2..4), number(4..6));
        let part = |value: Option<i16>| value.and_then(|value| i8::try_from(value).ok());
        let date = year.zip(part(month)).zip(part(day));
        let date = date.and_then(|((y, m), d)| Date::new(2000 + y, m, d).ok());
        let right = match rest.as_bytes().get(6) {
            Some(b'C') => Right::Call,
            Some(b'P') => Right::Put,
            Some(_) | None => return Err(malformed()),
        };
        let strike = digits(7..15).and_then(|text| text.parse::<i64>().ok());
        if !root.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(malformed());
        }
        match (date, strike) {
            (Some(expiry), Some(strike)) => {
                let strike = Decimal::new(strike, 3).normalize();
                Ok(Self { root: root.to_owned(), expiry, right, strike })
            }
            (None, _) | (_, None) => Err(malformed()),
        }
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, letter) = (
            self.expiry.year() % 100,
            match self.right {
                Right::Call => 'C',
                Right::Put => 'P',
            },
        );
        let (month, day) = (self.expiry.month(), self.expiry.day());
        let strike = (self.strike * Decimal::ONE_THOUSAND).trunc();
        write!(f, "{}{year:02}{month:02}{day:02}{letter}{strike:0>8}", self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_tells_the_market() {
        let class = |text: &str| text.parse::<Symbol>().unwrap().class();

        assert_eq!(class("aapl"), AssetClass::UsEquity);
        assert_eq!(class("BRK.B"), AssetClass::UsEquity);
        assert_eq!(class("btc/usd"), AssetClass::Crypto);
        assert_eq!(class("AAPL241213C00250000"), AssetClass::UsOption);
        assert_eq!(class("AAPL241313C00250000"), AssetClass::UsEquity);
        for wrong in ["", "/USD", "BTC/", "A B", "Ä"] {
            assert!(wrong.parse::<Symbol>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_options_symbol_survives_being_taken_apart() {
        for text in ["AAPL241213C00250000", "F270115P00012500", "GOOGL261218C02000000"] {
            assert_eq!(text.parse::<Contract>().unwrap().to_string(), text);
        }
        let contract: Contract = "AAPL241213C00250000".parse().unwrap();
        assert_eq!(contract.expiry, jiff::civil::date(2024, 12, 13));
        assert_eq!(contract.strike, Decimal::from(250));
        for wrong in ["", "AAPL", "AAPL241213X00250000", "TOOLONGX241213C00250000"] {
            assert!(wrong.parse::<Contract>().is_err(), "{wrong}");
        }
    }
}
