//! `/v2/account/portfolio/history`: what the account began with, was worth at each close, and is now.
//!
//! The exchange remembers the closes of sessions and nothing in between: a finer timeframe has the same points.

use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Number, Value, json};

use super::shapes::text;
use super::{Reply, good, params};
use crate::api::time::Millis;
use crate::broker::calendar;
use crate::broker::rules::Refusal;
use crate::sandbox::exchange::core;
use crate::sandbox::exchange::ledger::{Ledger, unreadable};
use crate::sandbox::http::Call;
use crate::sandbox::store::exchange as store;

const TIMEFRAMES: &[&str] = &["1d", "1h", "15min", "5min", "1min"];
const WRITTEN: &[&str] = &["1D", "1H", "15Min", "5Min", "1Min"];

/// Answers the history of a span: `period` (`1M` if nobody says) before its end, or from `start` on.
pub(super) fn answer(ledger: &Ledger<'_>, call: &Call) -> Reply {
    let query = &call.query;
    let timeframe = params::word(query, "timeframe", TIMEFRAMES)?.unwrap_or("1d".to_owned());
    let place = TIMEFRAMES.iter().position(|word| *word == timeframe).unwrap_or(0);
    let end = params::moment(query, "end")?.map_or(ledger.now, |end| end.min(ledger.now));
    let start = match (params::moment(query, "start")?, query.get("period")) {
        (Some(start), _) => start,
        (None, period) => before(end, period.unwrap_or("1M"), ledger)?,
    };
    let account = &ledger.account;
    let mut points: Vec<(Millis, Decimal)> = Vec::new();
    for (at, equity) in store::closes(ledger.tx, &account.id)? {
        let equity = Decimal::from_str_exact(&equity);
        points.push((at, equity.map_err(|cause| unreadable(Box::new(cause)))?));
    }
    let began = points.first().map_or(account.cash, |(_, equity)| *equity);
    let (earlier, mut points): (Vec<_>, Vec<_>) =
        points.into_iter().filter(|(at, _)| *at <= end).partition(|(at, _)| *at < start);
    if end == ledger.now && points.last().is_none_or(|(at, _)| *at < ledger.now) {
        points.push((ledger.now, core::worth(account, &ledger.market, ledger.now).equity));
    }
    let before = earlier.last().copied();
    let base = before.or(points.first().copied()).map_or(began, |(_, equity)| equity);
    let seconds: Vec<i64> = points.iter().map(|(at, _)| at.0.div_euclid(1000)).collect();
    let column = |value: fn(Decimal, Decimal) -> Decimal| {
        points.iter().map(|(_, equity)| number(value(*equity, base))).collect::<Vec<_>>()
    };
    let mut body = json!({
        "timestamp": seconds,
        "equity": column(|equity, _| equity.round_dp(2)),
        "profit_loss": column(|equity, base| (equity - base).round_dp(2)),
        "profit_loss_pct": column(|equity, base| {
            (equity - base).checked_div(base).unwrap_or_default().round_dp(6)
        }),
        "base_value": number(base.round_dp(2)),
        "timeframe": WRITTEN.get(place).copied().unwrap_or("1D"),
    });
    if let Some((at, _)) = before {
        body["base_value_asof"] = json!(calendar::date(at).to_string());
    }
    Ok(good(body))
}

/// Returns the moment so long before another: `3D`, `2W`, `1M`, `1A`, or `all`.
fn before(end: Millis, period: &str, ledger: &Ledger<'_>) -> Result<Millis, Refusal> {
    if period.eq_ignore_ascii_case("all") {
        return Ok(ledger.account.created_at);
    }
    let invalid = || Refusal::malformed("invalid period");
    let unit = period.chars().next_back().ok_or_else(invalid)?;
    let days: u64 = match unit.to_ascii_uppercase() {
        'D' => 1,
        'W' => 7,
        'M' => 30,
        'A' | 'Y' => 365,
        _ => return Err(invalid()),
    };
    let count: u64 = period[..period.len() - 1].parse().map_err(|_| invalid())?;
    let hours = count.checked_mul(days * 24).filter(|hours| *hours < 24 * 36_600);
    let span = Duration::from_hours(hours.ok_or_else(invalid)?);
    let span = i64::try_from(span.as_millis()).map_err(|_| invalid())?;
    Ok(Millis(end.0 - span))
}

/// Writes a number as one of JSON.
fn number(number: Decimal) -> Value {
    text(number).parse::<Number>().map_or(Value::Null, Value::Number)
}
