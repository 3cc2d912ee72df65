//! `/v2/orders`: placed, looked up, replaced, canceled.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Reply, body, good, params, shapes, unreadable};
use crate::api::ids;
use crate::api::trading::amount::Amount;
use crate::broker::rules::{self, Refusal};
use crate::sandbox::exchange::core::{Answer, Changes, Event, Order, Status};
use crate::sandbox::exchange::ledger::{Ledger, read};
use crate::sandbox::http::Call;
use crate::sandbox::store::exchange as store;

/// Places an order. The answer shows it as it was taken, not yet filled.
pub(super) fn place(ledger: &mut Ledger<'_>, call: &Call) -> Reply {
    let body = body(call)?;
    let market = std::sync::Arc::clone(&ledger.market);
    let ticket = rules::parse(&body, |name| market.resolve(name), ids::fresh().to_string())?;
    let taken = ledger.is_taken(&ticket.client_order_id)?;
    let id = ids::fresh().to_string();
    let answer = ledger.act(Event::Submit { ticket: Box::new(ticket), id, taken })??;
    Ok(taken_order(answer))
}

/// Writes an order as it was taken, its legs with it.
pub(super) fn taken_order(answer: Answer) -> (StatusCode, Option<Value>) {
    match answer {
        Answer::Order(order, legs) => good(shapes::order(&order, Some(&legs))),
        // What places one order is answered with it.
        Answer::Done | Answer::Canceled(_) | Answer::Closed(_) => good(json!({})),
    }
}

/// Answers one order.
pub(super) fn one(ledger: &Ledger<'_>, call: &Call, id: &str) -> Reply {
    let order = ledger.order(&uuid(id))?.ok_or_else(|| missing(id))?;
    shown(ledger, call, &order)
}

/// Answers one order by what its sender calls it.
pub(super) fn by_client_order_id(ledger: &Ledger<'_>, call: &Call) -> Reply {
    let id = call.query.get("client_order_id");
    let id = id.ok_or_else(|| Refusal::malformed("client_order_id is missing"))?;
    let body = store::by_client_order_id(ledger.tx, &ledger.account.id, id)?;
    let order = read::<Order>(&body.ok_or_else(|| missing(id))?)?;
    shown(ledger, call, &order)
}

fn shown(ledger: &Ledger<'_>, call: &Call, order: &Order) -> Reply {
    let nested = params::flag(&call.query, "nested")?;
    let legs = if nested { Some(ledger.legs(order)?) } else { None };
    Ok(good(shapes::order(order, legs.as_deref())))
}

/// Puts another order in the place of one.
pub(super) fn replace(ledger: &mut Ledger<'_>, call: &Call, id: &str) -> Reply {
    let body = body(call)?;
    let changes = changes(body.as_object().ok_or_else(unreadable)?)?;
    let (id, ended) = found(ledger, id)?;
    let own = ledger.account.orders.find(&id).map(|old| &old.client_order_id);
    let taken = match &changes.client_order_id {
        Some(name) if own != Some(name) => ledger.is_taken(name)?,
        Some(_) | None => false,
    };
    let new_id = ids::fresh().to_string();
    let answer = ledger.act(Event::Replace { id, ended, new_id, changes, taken })??;
    Ok(taken_order(answer))
}

fn changes(fields: &Map<String, Value>) -> Result<Changes, Refusal> {
    let given = |name: &str| {
        let value = fields.get(name).filter(|value| !value.is_null());
        value.filter(|value| value.as_str() != Some(""))
    };
    let number = |name: &str| match given(name) {
        None => Ok(None),
        Some(value) => match serde_json::from_value::<Amount>(value.clone()) {
            Ok(amount) => Ok(Some(amount.0)),
            Err(_) => Err(unreadable()),
        },
    };
    let word = |name: &str| match given(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(unreadable),
    };
    let time_in_force = word("time_in_force")?
        .map(|text| text.parse().map_err(|_| Refusal::malformed("invalid time_in_force")));
    let qty = number("qty")?;
    if qty.is_some_and(|qty| qty <= rust_decimal::Decimal::ZERO) {
        return Err(Refusal::malformed("qty must be > 0"));
    }
    Ok(Changes {
        qty,
        time_in_force: time_in_force.transpose()?,
        limit_price: number("limit_price")?,
        stop_price: number("stop_price")?,
        trail: number("trail")?,
        client_order_id: word("client_order_id")?.map(str::to_owned),
    })
}

/// Cancels one order.
pub(super) fn cancel(ledger: &mut Ledger<'_>, id: &str) -> Reply {
    let (id, ended) = found(ledger, id)?;
    ledger.act(Event::Cancel { id, ended })??;
    Ok((StatusCode::NO_CONTENT, None))
}

/// Cancels all orders.
pub(super) fn cancel_all(ledger: &mut Ledger<'_>) -> Reply {
    let orders = match ledger.act(Event::CancelAll)?? {
        Answer::Canceled(orders) => orders,
        Answer::Done | Answer::Order(..) | Answer::Closed(_) => Vec::new(),
    };
    let rows = orders.iter().map(|order| json!({ "id": order.id, "status": 200 }));
    Ok((StatusCode::MULTI_STATUS, Some(rows.collect())))
}

/// Returns an id as orders have it, and where its order stands if that has ended.
fn found(ledger: &Ledger<'_>, id: &str) -> rusqlite::Result<(String, Option<Status>)> {
    let id = uuid(id);
    let status = ledger.order(&id)?.map(|order| order.status);
    Ok((id, status.filter(|status| !status.is_open())))
}

/// Returns a UUID with its dashes, which may be left out; anything else as it is.
pub(super) fn uuid(text: &str) -> String {
    Uuid::try_parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string())
}

/// Says that there is no such order.
pub(super) fn missing(id: &str) -> Refusal {
    Refusal::missing(format!("order not found for {id}"))
}
