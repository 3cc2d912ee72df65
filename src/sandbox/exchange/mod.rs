//! A paper exchange that speaks the brokerage's HTTP: `/brokerage/v2/…`, `/brokerage/v1beta1/…`,
//! `/brokerage/v1beta3/…`. Its money is invented, its prices follow from a seed or from its keeper, its rules
//! are the broker's.
//!
//! Not here: OAuth, which every played app has alike.

pub(crate) mod admin;
mod caller;
mod core;
mod data;
mod http;
mod ledger;
mod memory;
mod prices;
mod query;
mod settings;

use axum::http::{HeaderName, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::World;
use super::http::{self as plain, Call};
use super::refusal::Why;
use crate::api::ids;
use crate::api::time::Millis;
use crate::broker::rules::Refusal;
use http::{Ask, Reply, Trouble};
use ledger::Ledger;
pub(super) use memory::Memory;
use settings::Settings;

/// The app's slug, in paths and in consents.
pub(super) const APP: &str = "brokerage";
/// The scope of market data (source: Alpaca docs, "OAuth", scopes).
const DATA: &str = "data";
/// Requests in a minute that the broker lets through; here it is told and never held against anyone.
const LIMIT: &str = "200";

/// Answers what comes behind `/brokerage/`.
pub(super) fn answer(world: &World, call: &Call, path: &[&str]) -> Response {
    let present = Millis::now();
    let response = match Ask::read(path) {
        Some(ask) => http::response(ask_account(world, call, &ask, present)),
        None => match tell(world, call, path, present) {
            Ok(response) => response,
            Err(cause) => http::response(Err(Trouble::Database(cause))),
        },
    };
    marked(response, present)
}

/// Returns how the broker fails, for failures that were asked for.
pub(super) fn failed(why: Why) -> Response {
    let (status, code, text) = match why {
        Why::Unauthorized => return marked(http::stranger(), Millis::now()),
        Why::LacksScope => (StatusCode::FORBIDDEN, 40_310_000, "request is not authorized"),
        Why::NotFound => (StatusCode::NOT_FOUND, 40_410_000, "endpoint not found"),
        Why::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, 40_010_001, "request is not valid"),
        Why::RateLimited => (StatusCode::TOO_MANY_REQUESTS, 42_910_000, "rate limit exceeded"),
        Why::Failed => {
            (StatusCode::INTERNAL_SERVER_ERROR, 50_010_000, "internal server error occurred")
        }
    };
    let mut response = plain::json(status, &json!({ "code": code, "message": text }));
    if why == Why::RateLimited {
        plain::set(&mut response, header::RETRY_AFTER, "1");
    }
    marked(response, Millis::now())
}

/// Returns what the broker says when it took something and did not get round to answering it.
pub(super) fn timed_out() -> Response {
    let body = json!({ "code": 50_410_000, "message": "gateway timeout" });
    marked(plain::json(StatusCode::GATEWAY_TIMEOUT, &body), Millis::now())
}

/// Asks an account, in one transaction from its state to its state. What it is left as is remembered once that
/// is committed, and forgotten if anything fails.
fn ask_account(world: &World, call: &Call, ask: &Ask<'_>, present: Millis) -> Reply {
    let done = world.store.write(|tx| {
        let Some(caller) = caller::admit(world, tx, call, present)? else {
            return Ok((Err(Trouble::Stranger), None));
        };
        let settings = Settings::read(tx, present)?;
        let left = world.exchange.take(&caller.account);
        let mut ledger = Ledger::open(tx, &caller.account, &settings, left)?;
        match http::answer(&mut ledger, &caller, call, ask) {
            // What cannot be written down must not have happened.
            Err(Trouble::Database(cause)) => Err(cause),
            reply => Ok((reply, Some(ledger.close()?))),
        }
    });
    let (reply, left) = done.unwrap_or_else(|cause| (Err(Trouble::Database(cause)), None));
    if let Some(left) = left {
        world.exchange.put(left);
    }
    reply
}

/// Tells what needs no account: prices, assets, the calendar. The database is asked first and then left to others.
fn tell(world: &World, call: &Call, path: &[&str], present: Millis) -> rusqlite::Result<Response> {
    let (caller, settings) = world.store.read(|db| {
        let caller = caller::admit(world, db, call, present)?;
        Ok::<_, rusqlite::Error>((caller, Settings::read(db, present)?))
    })?;
    if !data::is_open(path) {
        let Some(caller) = caller else { return Ok(http::stranger()) };
        if data::is_market(path) && !caller.may(DATA) {
            return Ok(http::refused(&caller::lacking(DATA)));
        }
    }
    let told = data::answer(&settings.market, settings.now, call, path);
    Ok(told.unwrap_or_else(|| http::refused(&nowhere(path))))
}

fn nowhere(path: &[&str]) -> Refusal {
    match path {
        ["v2", "positions", .., "do-not-exercise"] => {
            Refusal::missing("endpoint not found: the paper exchange takes no such instruction")
        }
        _ => Refusal::missing("endpoint not found"),
    }
}

/// Adds what every answer of the exchange carries.
fn marked(mut response: Response, present: Millis) -> Response {
    let reset = (present.0.div_euclid(60_000) + 1) * 60;
    for (name, value) in [
        ("x-naive-simulated", "true"),
        ("x-request-id", &ids::fresh().simple().to_string()),
        ("x-ratelimit-limit", LIMIT),
        ("x-ratelimit-remaining", "199"),
        ("x-ratelimit-reset", &reset.to_string()),
    ] {
        plain::set(&mut response, HeaderName::from_static(name), value);
    }
    response
}
