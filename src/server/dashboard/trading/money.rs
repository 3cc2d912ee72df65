//! The broker's fields as pages show them, and sums of money in them. Nothing is a float.

use maud::{Markup, html};
use rust_decimal::Decimal;
use serde_json::Value;

use super::super::parts::seen;
use crate::api::trading::account::Object;
use crate::api::trading::amount::Amount;

/// Returns a field of the broker's as text.
pub(super) fn said(one: &Object, name: &str) -> Option<String> {
    match one.get(name)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a field as it is shown; a dash where the broker has none.
pub(super) fn cell(one: &Object, name: &str) -> Markup {
    said(one, name).map_or_else(|| html! { "–" }, |text| seen(&text))
}

/// Returns a price in dollars, with every digit that the broker tells.
pub(super) fn dollars(one: &Object, name: &str) -> Markup {
    let Some(text) = said(one, name) else { return html! { "–" } };
    html! { (grouped(&text)) }
}

/// Returns a sum in dollars, to the cent.
pub(super) fn cents(one: &Object, name: &str) -> Markup {
    let Some(text) = said(one, name) else { return html! { "–" } };
    let round = text.parse::<Amount>().map(|amount| amount.0.round_dp(2).to_string());
    html! { (grouped(&round.unwrap_or(text))) }
}

/// Writes an amount in groups of three digits, with two digits behind the point if there are not more.
pub(super) fn grouped(text: &str) -> String {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let (sign, number) = text.strip_prefix('-').map_or(("", text), |rest| ("−", rest));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return crate::api::ids::clean(text);
    }
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    format!("{sign}${}.{part:0<2}", groups.join(","))
}

/// Writes a sum in dollars, to the cent.
pub(super) fn money(sum: Decimal) -> String {
    grouped(&sum.round_dp(2).to_string())
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn amounts_are_grouped_and_nothing_is_rounded_away() {
        let table = [
            ("100000", "$100,000.00"),
            ("-1234567.891", "−$1,234,567.891"),
            ("0.5", "$0.50"),
            ("7", "$7.00"),
            ("1e5", "1e5"),
            ("", ""),
        ];
        for (text, shown) in table {
            assert_eq!(grouped(text), shown);
        }
    }
}
