//! `/v2/positions`: what is held, and how it is closed.

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::shapes::{held_symbol, text};
use super::{Reply, good, orders, params, shapes};
use crate::api::ids;
use crate::api::trading::symbol::Symbol;
use crate::broker::rules::Refusal;
use crate::sandbox::exchange::core::{self, Answer, Event, Part, Position};
use crate::sandbox::exchange::ledger::Ledger;
use crate::sandbox::http::Call;

/// Writes all that is held, by symbol.
pub(super) fn all(ledger: &Ledger<'_>) -> Value {
    ledger.account.positions.iter().map(|(symbol, held)| shape(ledger, symbol, held)).collect()
}

/// Answers what is held of one thing, by symbol in either spelling or by the asset's id.
pub(super) fn one(ledger: &Ledger<'_>, name: &str) -> Reply {
    let symbol = symbol(ledger, name)?;
    match ledger.account.positions.get(&symbol) {
        Some(held) => Ok(good(shape(ledger, &symbol, held))),
        None => Err(nothing().into()),
    }
}

/// Closes a position, or a part of it.
pub(super) fn close(ledger: &mut Ledger<'_>, call: &Call, name: &str) -> Reply {
    let query = &call.query;
    let symbol = symbol(ledger, name)?;
    let part = match (params::number(query, "qty")?, params::number(query, "percentage")?) {
        (Some(_), Some(_)) => {
            return Err(Refusal::malformed("only one of qty or percentage is accepted").into());
        }
        (Some(qty), None) => Part::Qty(qty),
        (None, Some(percent)) => Part::Percent(percent),
        (None, None) => Part::All,
    };
    let id = ids::fresh().to_string();
    Ok(orders::taken_order(ledger.act(Event::Close { symbol, part, id })??))
}

/// Closes all positions, and says of each what came of it.
pub(super) fn close_all(ledger: &mut Ledger<'_>, call: &Call) -> Reply {
    let cancel_orders = params::flag(&call.query, "cancel_orders")?;
    let id = ids::fresh().to_string();
    let rows = match ledger.act(Event::CloseAll { cancel_orders, id })?? {
        Answer::Closed(rows) => rows,
        Answer::Done | Answer::Order(..) | Answer::Canceled(_) => Vec::new(),
    };
    let row = |(symbol, done): (Symbol, Result<core::Order, Refusal>)| {
        let symbol = held_symbol(&symbol);
        match done {
            Ok(order) => {
                json!({ "symbol": symbol, "status": 200, "body": shapes::order(&order, None) })
            }
            Err(refusal) => {
                let status = refusal.status;
                let body = refusal.with("symbol", symbol.as_str()).body();
                json!({ "symbol": symbol, "status": status, "body": body })
            }
        }
    };
    Ok((StatusCode::MULTI_STATUS, Some(rows.into_iter().map(row).collect())))
}

/// Exercises an option.
pub(super) fn exercise(ledger: &mut Ledger<'_>, name: &str) -> Reply {
    let symbol = symbol(ledger, name)?;
    ledger.act(Event::Exercise { symbol })??;
    Ok((StatusCode::OK, None))
}

fn symbol(ledger: &Ledger<'_>, name: &str) -> Result<Symbol, Refusal> {
    let known = ledger.market.resolve(name).map(|(symbol, _)| symbol);
    known.ok_or_else(|| Refusal::missing(format!("symbol not found: {name}")))
}

fn nothing() -> Refusal {
    Refusal::missing("position does not exist")
}

fn shape(ledger: &Ledger<'_>, symbol: &Symbol, held: &Position) -> Value {
    let Ledger { account, market, now, .. } = ledger;
    let listed = market.listed(symbol, *now);
    let price = core::price(market, symbol, held, *now);
    let lastday = held.lastday_price.or_else(|| market.last(symbol, account.last_close.at));
    let lastday = lastday.unwrap_or(price);
    let (value, basis) = (held.market_value(price), held.cost_basis());
    let gain = value - basis;
    let today = value - basis_of_today(held, lastday);
    let change = ratio(price - lastday, lastday);
    json!({
        "asset_id": held.asset_id,
        "symbol": held_symbol(symbol),
        "exchange": listed.as_ref().map(|listed| listed.exchange.as_str()).unwrap_or_default(),
        "asset_class": held.class,
        "asset_marginable": listed.is_some_and(|listed| listed.marginable),
        "qty": text(held.qty),
        "qty_available": text(core::held(account, market, symbol, *now).available),
        "avg_entry_price": text(held.avg_entry_price.round_dp(9)),
        "side": if held.qty < Decimal::ZERO { "short" } else { "long" },
        "market_value": text(value),
        "cost_basis": text(basis),
        "current_price": text(price),
        "lastday_price": text(lastday),
        "change_today": text(change),
        "unrealized_pl": text(gain),
        "unrealized_plpc": text(ratio(gain, basis.abs())),
        "unrealized_intraday_pl": text(today),
        "unrealized_intraday_plpc": text(ratio(today, (value - today).abs())),
    })
}

/// Returns what a position cost as of today: what was there at the last close at its price then, and what
/// came since at its own. The sign is that of the position.
fn basis_of_today(held: &Position, lastday: Decimal) -> Decimal {
    let all = held.qty.abs();
    let kept = (held.lastday_qty.abs() - held.closed_today).clamp(Decimal::ZERO, all);
    let fresh = all - kept;
    let bought = held.today.value.checked_div(held.today.qty).unwrap_or(held.avg_entry_price);
    let basis = (kept * lastday + fresh * bought) * core::size(held.class);
    let signed = if held.qty < Decimal::ZERO { -basis } else { basis };
    signed.round_dp(9)
}

/// Returns a part of a whole, to nine digits; zero of nothing.
fn ratio(part: Decimal, whole: Decimal) -> Decimal {
    part.checked_div(whole).unwrap_or_default().round_dp(9)
}
