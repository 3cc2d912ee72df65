//! Stripe as far as a small shop needs it: customers, products, prices, payment intents, charges,
//! refunds, invoices, payment links; form-encoded requests, idempotency keys, Stripe's errors.
//!
//! Every key that begins with `sk_test_` is an account of its own, known by its hash. Cards are
//! never charged; `pm_card_chargeDeclined` is declined. Left out: expansion, webhooks, Connect,
//! subscriptions, invoice items. Source: Stripe API reference.

mod desk;
mod finish;
mod form;
mod kinds;
mod payments;
mod refusal;

use axum::http::{HeaderName, Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::World;
use super::http::{self, Call};
use super::store::objects;
use crate::api::time::Millis;
use desk::Desk;
use refusal::Refusal;

/// A status and what comes with it.
type Answer = Result<(StatusCode, Value), Refusal>;

/// Answers `/v1/…`.
pub(super) fn answer(world: &World, call: &Call, path: &[&str]) -> Response {
    match reply(world, call, path) {
        Ok(response) => response,
        Err(refusal) => http::json(refusal.status, &refusal.body()),
    }
}

fn reply(world: &World, call: &Call, path: &[&str]) -> Result<Response, Refusal> {
    let account = account(world, call)?;
    let now = Millis::now().0 / 1000;
    if call.method == Method::GET {
        let params = form::tree(&call.query);
        let (status, body) = world.store.read(|db| {
            let desk = Desk { db, account: &account, now };
            dispatch(&desk, call, path, &params)
        })?;
        return Ok(http::json(status, &body));
    }
    let params = parameters(call)?;
    let key = call.header("idempotency-key").filter(|_| call.method == Method::POST);
    if key.is_some_and(|key| key.len() > 255) {
        return Err(Refusal::invalid("Idempotency keys can be at most 255 characters long."));
    }
    world.store.write(|tx| {
        let desk = Desk { db: tx, account: &account, now };
        let Some(key) = key else {
            let (status, body) = dispatch(&desk, call, path, &params)?;
            return Ok(http::json(status, &body));
        };
        let request = fingerprint(path, &call.body);
        if let Some(kept) = objects::kept(tx, &account, key, &request)? {
            return replayed(kept, key);
        }
        let (status, body) = dispatch(&desk, call, path, &params)?;
        let text = body.to_string();
        objects::keep(tx, &account, key, &request, (status.as_u16(), &text))?;
        Ok(http::json(status, &body))
    })
}

fn replayed(kept: objects::Kept, key: &str) -> Result<Response, Refusal> {
    if !kept.same {
        return Err(Refusal::key_taken(key));
    }
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = http::reply(status, "application/json; charset=utf-8", kept.body);
    http::set(&mut response, HeaderName::from_static("idempotent-replayed"), "true");
    Ok(response)
}

/// Returns the account of the key that was sent.
fn account(world: &World, call: &Call) -> Result<String, Refusal> {
    let basic = call.basic().map(|(user, _)| user);
    let key = call.bearer().map(str::to_owned).or(basic).filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| {
        Refusal::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization \
             header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See \
             https://stripe.com/docs/api#authentication for details, or we can help at \
             https://support.stripe.com/.",
        )
    })?;
    let test = key.strip_prefix("sk_test_").is_some_and(|rest| !rest.is_empty());
    if test || world.any_bearer {
        return Ok(format!("acct_1{:.15x}", Sha256::digest(&key)));
    }
    Err(Refusal::unauthorized(format!("Invalid API Key provided: {}", masked(&key))))
}

/// Shows of a key what tells it from others and no more: `sk_live_****1234`.
fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    let (start, end) = if letters.len() >= 24 { (8, 4) } else { (0, 0) };
    let middle = "*".repeat(letters.len() - start - end);
    let shown = |range: &[char]| range.iter().collect::<String>();
    format!("{}{middle}{}", shown(&letters[..start]), shown(&letters[letters.len() - end..]))
}

fn parameters(call: &Call) -> Result<Map<String, Value>, Refusal> {
    if call.body.is_empty() {
        return Ok(form::tree(&call.query));
    }
    let form = call.form().ok_or_else(|| {
        Refusal::invalid(
            "Invalid request (check that your POST content type is \
             application/x-www-form-urlencoded). If you have any questions, we can help at \
             https://support.stripe.com/.",
        )
    })?;
    Ok(form::tree(&form))
}

fn fingerprint(path: &[&str], body: &[u8]) -> Vec<u8> {
    Sha256::new()
        .chain_update(path.join("/"))
        .chain_update(b"\n")
        .chain_update(body)
        .finalize()
        .to_vec()
}

fn dispatch(desk: &Desk<'_>, call: &Call, path: &[&str], params: &Map<String, Value>) -> Answer {
    let method = &call.method;
    let (get, post) = (method == Method::GET, method == Method::POST);
    let nowhere = || {
        call.leave();
        Refusal::no_path(method.as_str(), &path.join("/"))
    };
    let kind = path.first().and_then(|first| kinds::at(first));
    let done = match (path, kind) {
        (["account"], _) if get => Ok(desk.account()),
        (["balance"], _) if get => payments::balance(desk),
        (["payment_intents", id, step], _) if post => {
            return payments::step(desk, id, step, params).unwrap_or_else(|| Err(nowhere()));
        }
        (["payment_intents"], Some(kind)) if post => return payments::create(desk, kind, params),
        (["refunds"], Some(kind)) if post => payments::refund(desk, kind, params),
        ([_], Some(kind)) if get => desk.list(kind, params),
        ([_], Some(kind)) if post && kind.verbs.contains(&kinds::Verb::Create) => {
            desk.create(kind, params)
        }
        ([_, id], Some(kind)) if get => desk.get(kind, id),
        ([_, id], Some(kind)) if post && kind.verbs.contains(&kinds::Verb::Update) => {
            desk.update(kind, id, params)
        }
        ([_, id], Some(kind))
            if method == Method::DELETE && kind.verbs.contains(&kinds::Verb::Delete) =>
        {
            desk.delete(kind, id)
        }
        _ => Err(nowhere()),
    };
    done.map(|body| (StatusCode::OK, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_echoed_in_full() {
        assert_eq!(masked("sk_live_0123456789abcdefgh"), "sk_live_**************efgh");
        assert_eq!(masked("hunter2"), "*******");
    }
}
