//! `/v2/account/activities`: what happened to an account, fills first of all.

use jiff::ToSpan;
use serde_json::{Value, json};

use super::shapes::text;
use super::{Reply, good, params};
use crate::api::time::Millis;
use crate::broker::calendar;
use crate::broker::rules::Refusal;
use crate::sandbox::exchange::core::{Activity, Kind};
use crate::sandbox::exchange::ledger::{Ledger, read};
use crate::sandbox::http::Call;
use crate::sandbox::store::exchange::activities::{self as store, Noted};

/// Most on one page, and how many there are if nobody says.
const PAGE: u32 = 100;

/// Writes an activity.
pub(in crate::sandbox::exchange) fn shape(activity: &Activity) -> Value {
    if let Some(fill) = &activity.fill {
        return json!({
            "activity_type": activity.kind,
            "id": activity.id,
            "transaction_time": activity.at,
            "type": if fill.whole { "fill" } else { "partial_fill" },
            "price": activity.price.map(text),
            "qty": activity.qty.map(text),
            "side": fill.side,
            "symbol": activity.symbol,
            "leaves_qty": text(fill.leaves_qty),
            "order_id": fill.order_id,
            "cum_qty": text(fill.cum_qty),
            "order_status": fill.order_status,
        });
    }
    json!({
        "activity_type": activity.kind,
        "id": activity.id,
        "date": calendar::date(activity.at).to_string(),
        "created_at": activity.at,
        "net_amount": text(activity.net_amount),
        "description": describe(activity),
        "symbol": activity.symbol,
        "qty": activity.qty.map(text),
        "price": activity.price.map(text),
        "currency": "USD",
        "status": "executed",
    })
}

fn describe(activity: &Activity) -> &'static str {
    match activity.kind {
        Kind::Fill => "",
        Kind::Cfee => "Coin Pair Transaction Fee (Non USD)",
        Kind::Opexp => "Option expired",
        Kind::Opexc => "Option exercised",
        Kind::Opasn => "Option assigned",
        Kind::Optrd => "Option trade",
    }
}

/// Lists activities, a page at a time.
pub(super) fn list(ledger: &Ledger<'_>, call: &Call, kind: Option<&str>) -> Reply {
    let query = &call.query;
    let account = &ledger.account.id;
    let direction = params::word(query, "direction", &["asc", "desc"])?;
    let token = match query.get("page_token") {
        None => None,
        Some(id) => {
            let found = store::noted_at(ledger.tx, account, id)?;
            Some(found.ok_or_else(|| Refusal::malformed("invalid page_token"))?)
        }
    };
    let (after, until) = span(call)?;
    let order_id = query.get("order_id").map(super::orders::uuid);
    let wanted = Noted {
        kinds: kinds(call, kind)?,
        order_id: order_id.as_deref(),
        after,
        until,
        token,
        ascending: direction.as_deref() == Some("asc"),
        limit: params::count(query, "page_size", PAGE, PAGE)?,
    };
    let bodies = store::activities(ledger.tx, account, &wanted)?;
    let rows = bodies.iter().map(|body| read::<Value>(body));
    Ok(good(Value::Array(rows.collect::<rusqlite::Result<_>>()?)))
}

/// Returns the kinds that are asked for as a JSON array.
fn kinds(call: &Call, kind: Option<&str>) -> Result<Option<String>, Refusal> {
    let query = &call.query;
    let named = kind.map(|kind| vec![kind.to_owned()]);
    let named = named.or_else(|| params::list(query, "activity_types"));
    let category = params::word(query, "category", &["trade_activity", "non_trade_activity"])?;
    if named.is_some() && category.is_some() {
        return Err(Refusal::malformed("only one of activity_types and category is accepted"));
    }
    let others = || {
        let others = [Kind::Cfee, Kind::Opexp, Kind::Opexc, Kind::Opasn, Kind::Optrd];
        others.map(|kind| kind.as_str().to_owned()).to_vec()
    };
    let of_category = |category: String| {
        if category == "trade_activity" { vec![Kind::Fill.as_str().to_owned()] } else { others() }
    };
    Ok(named.or(category.map(of_category)).map(|kinds| json!(kinds).to_string()))
}

/// Returns the moments between which activities are asked for, both of them not included.
fn span(call: &Call) -> Result<(Millis, Millis), Refusal> {
    let query = &call.query;
    let (after, until) = (params::moment(query, "after")?, params::moment(query, "until")?);
    let Some(day) = params::day(query, "date")? else {
        return Ok((after.unwrap_or(Millis(i64::MIN)), until.unwrap_or(Millis(i64::MAX))));
    };
    if after.is_some() || until.is_some() {
        return Err(Refusal::malformed("date cannot be combined with after or until"));
    }
    let next = day.checked_add(1.day()).unwrap_or(day);
    Ok((Millis(calendar::at(day, 0, 0).0 - 1), calendar::at(next, 0, 0)))
}
