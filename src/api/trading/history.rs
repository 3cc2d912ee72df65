//! What a brokerage account was worth over time.

use std::fmt;
use std::str::FromStr;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{BrokerEnv, Timeframe};
use crate::api::ids::{Malformed, UserRef, checked};

checked! {
    /// How far back a history goes: a number and `D`, `W`, `M` or `A` for days, weeks, months or years.
    Period, |text| {
        let text = text.to_ascii_uppercase();
        let number = text.strip_suffix(['D', 'W', 'M', 'A']).unwrap_or_default();
        let counts = number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit());
        if counts && !number.is_empty() && !number.starts_with('0') {
            Ok(text)
        } else {
            Err("write it as a number and D, W, M or A, as in 7D, 1M or 1A".into())
        }
    }
}

on_account! {
    /// Show what the account was worth over time
    GetHistory {
        /// How far back: `7D`, `4W`, `1M`, `1A`; `1M` if not said
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        period: Option<Period>,
        /// How far apart its points are; `1D` if not said, and always beyond 30 days
        #[arg(long, value_enum)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeframe: Option<Timeframe>,
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    #[test]
    fn a_period_is_a_number_and_a_unit() {
        for (text, read) in [("1M", "1M"), ("7d", "7D"), ("365D", "365D"), ("10a", "10A")] {
            assert_eq!(text.parse::<Period>().unwrap().as_str(), read);
        }
        for text in ["", "M", "0D", "1", "1Y", "-1D", "1.5M", "1000D", "1 M", "all", "1DD"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
