//! Money, prices and quantities: exact decimals, written as texts, never as floats.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use crate::api::ids::Malformed;

/// Most digits after the point that the broker knows (source: Alpaca, fractional quantities).
const PLACES: u32 = 9;
/// Most digits before the point: the product of two amounts is still exact.
const DIGITS: usize = 10;

/// A decimal number of at most 10 digits before the point and 9 after it; `"12.5"` on the wire.
///
/// Numbers of JSON are read as well, as their shortest decimal form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct Amount(pub(crate) Decimal);

impl FromStr for Amount {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("write it as a decimal number, as in 12.5");
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !numeric(whole) || !numeric(part) {
            return Err(malformed());
        }
        if whole.trim_start_matches('0').len() > DIGITS {
            return Err(Malformed::new("it has more than 10 digits before the point"));
        }
        let number = Decimal::from_str_exact(text).map_err(|_| malformed())?.normalize();
        if number.scale() > PLACES {
            return Err(Malformed::new("it has more than 9 digits after the point"));
        }
        Ok(Self(number))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrNumber)
    }
}

struct TextOrNumber;

impl Visitor<'_> for TextOrNumber {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number, as a text or a number")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Amount, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Amount, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Amount, E> {
        self.visit_str(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_and_has_one_spelling() {
        for (given, shown) in [
            ("\"12.50\"", "12.5"),
            ("25", "25"),
            ("0.1", "0.1"),
            ("\"0.000000001\"", "0.000000001"),
            ("\"-3\"", "-3"),
            ("\"0010\"", "10"),
        ] {
            let amount: Amount = serde_json::from_str(given).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), format!("\"{shown}\""));
        }
    }

    #[test]
    fn what_would_be_rounded_is_refused() {
        for wrong in ["", ".", "1e3", "1.", "+1", "0.0000000001", "12345678901", "NaN", " 1"] {
            assert!(wrong.parse::<Amount>().is_err(), "{wrong}");
        }
    }
}
