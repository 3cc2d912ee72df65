//! What an account was worth over time. The broker tells it in columns; here it is a row each.

use rust_decimal::Decimal;
use serde_json::Value;

use super::known::number;
use crate::api::time::Millis;
use crate::api::trading::account::Object;

/// What an account was worth at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Worth {
    /// When
    pub(crate) at: Millis,
    /// In dollars
    pub(crate) equity: Decimal,
    /// How much more than at the beginning, in dollars
    pub(crate) gain: Option<Decimal>,
    /// The same as a part of what there was
    pub(crate) part: Option<Decimal>,
}

/// Reads an answer of `/v2/account/portfolio/history`, the earliest first. A time of which the broker does not know
/// what the account was worth is left out.
pub(crate) fn worth(history: &Object) -> Vec<Worth> {
    let column = |name| history.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (gains, parts) = (column("profit_loss"), column("profit_loss_pct"));
    let times = column("timestamp").iter().zip(column("equity")).enumerate();
    let read = times.filter_map(|(row, (seconds, equity))| {
        Some(Worth {
            at: Millis(seconds.as_i64()?.checked_mul(1000)?),
            equity: number(equity)?,
            gain: gains.get(row).and_then(number),
            part: parts.get(row).and_then(number),
        })
    });
    let mut rows: Vec<_> = read.collect();
    rows.sort_by_key(|one| one.at);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(i64, String, Option<String>)> {
        let rows = worth(&serde_json::from_str(text).unwrap());
        rows.into_iter()
            .map(|one| (one.at.0, one.equity.to_string(), one.gain.map(|gain| gain.to_string())))
            .collect()
    }

    #[test]
    fn columns_become_rows_and_money_stays_exact() {
        let rows = read(
            r#"{ "timestamp": [1580826600, 1580827500, 1580828400], "equity": [27423.73, null, "27423.1"],
                "profit_loss": [11.8, 0, 1e2], "profit_loss_pct": [], "base_value": null }"#,
        );

        let gain = |text: &str| Some(text.to_owned());
        assert_eq!(
            rows,
            [
                (1_580_826_600_000, "27423.73".to_owned(), gain("11.8")),
                (1_580_828_400_000, "27423.1".to_owned(), gain("100.0")),
            ]
        );
    }

    #[test]
    fn what_has_no_form_is_no_history() {
        for text in [
            "{}",
            r#"{ "timestamp": 5, "equity": [1] }"#,
            r#"{ "timestamp": ["x", 9223372036854775807], "equity": [1, 2] }"#,
        ] {
            assert_eq!(read(text), []);
        }
    }
}
