//! `GET /v2/orders`: which orders, in which order, how many.

use serde_json::{Value, json};

use super::{Reply, Trouble, good, orders, params, shapes};
use crate::api::time::Millis;
use crate::broker::rules::Refusal;
use crate::sandbox::exchange::core::Order;
use crate::sandbox::exchange::ledger::{Ledger, read};
use crate::sandbox::http::Call;
use crate::sandbox::store::exchange::{self as store, Place, Wanted};

/// How many there are if nobody says (source: Alpaca Trading API 2.0.1, `limit`).
const USUAL: u32 = 50;
const MOST: u32 = 500;

/// Lists orders. With `nested`, a leg stands under its parent if that is found, and by itself if it is not.
pub(super) fn list(ledger: &Ledger<'_>, call: &Call) -> Reply {
    let wanted = wanted(ledger, call)?;
    let bodies = store::orders(ledger.tx, &ledger.account.id, &wanted)?;
    let mut rows: Vec<Value> = Vec::new();
    for body in &bodies {
        let order: Order = read(body)?;
        let legs = if wanted.nested { Some(ledger.legs(&order)?) } else { None };
        rows.push(shapes::order(&order, legs.as_deref()));
    }
    Ok(good(Value::Array(rows)))
}

fn wanted(ledger: &Ledger<'_>, call: &Call) -> Result<Wanted, Trouble> {
    let query = &call.query;
    let status = params::word(query, "status", &["open", "closed", "all"])?;
    let direction = params::word(query, "direction", &["asc", "desc"])?;
    let (after, until) = (params::moment(query, "after")?, params::moment(query, "until")?);
    let (before_id, after_id) = (query.get("before_order_id"), query.get("after_order_id"));
    if before_id.is_some() && after_id.is_some() {
        let text = "only one of before_order_id and after_order_id is accepted";
        return Err(Refusal::malformed(text).into());
    }
    if before_id.or(after_id).is_some() && (after.is_some() || until.is_some()) {
        let text = "before_order_id and after_order_id cannot be combined with after or until";
        return Err(Refusal::malformed(text).into());
    }
    let place = |id: Option<&str>, end: i64| match id {
        None => Ok(Place(end, end)),
        Some(id) => {
            let found = store::place(ledger.tx, &ledger.account.id, &orders::uuid(id))?;
            found.ok_or_else(|| Trouble::Refused(orders::missing(id)))
        }
    };
    Ok(Wanted {
        open: match status.as_deref() {
            None | Some("open") => Some(true),
            Some("closed") => Some(false),
            Some(_) => None,
        },
        after: after.unwrap_or(Millis(i64::MIN)),
        until: until.unwrap_or(Millis(i64::MAX)),
        behind: place(after_id, i64::MIN)?,
        before: place(before_id, i64::MAX)?,
        symbols: params::list(query, "symbols").map(|symbols| {
            let spelled = symbols.into_iter().map(|symbol| {
                let known = ledger.market.resolve(&symbol);
                known.map_or(symbol, |(symbol, _)| symbol.to_string())
            });
            json!(spelled.collect::<Vec<_>>()).to_string()
        }),
        classes: params::list(query, "asset_class").map(|classes| json!(classes).to_string()),
        side: params::word(query, "side", &["buy", "sell"])?,
        ascending: direction.as_deref() == Some("asc"),
        nested: params::flag(query, "nested")?,
        limit: params::count(query, "limit", USUAL, MOST)?,
    })
}
