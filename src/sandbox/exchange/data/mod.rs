//! What the paper exchange tells everybody: its assets, its calendar, its clock, and what the
//! markets do. In the broker's own JSON and errors; nothing here needs an account.
//!
//! Left out: news, corporate actions, single past quotes and trades, auctions, screeners. Source:
//! Alpaca Trading API 2.0.1 and Market Data API 1.1.

mod assets;
mod chain;
mod clock;
mod contracts;
mod history;
mod latest;
mod params;
mod shapes;

#[cfg(test)]
mod tests;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::prices::Market;
use crate::api::time::Millis;
use crate::api::trading::words::AssetClass;
use crate::sandbox::http::{self, Call};

/// What a request is answered from.
struct Desk<'a> {
    market: &'a Market,
    now: Millis,
    call: &'a Call,
}

/// What the broker answers when it does not do what was asked. Market data has no codes.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    code: Option<u32>,
    message: String,
}

type Answer = Result<Value, Refusal>;

impl Refusal {
    /// Makes the 404 of the trading API.
    fn not_found(message: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: Some(40_410_000), message }
    }

    /// Makes the 422 of the trading API for a parameter.
    fn unprocessable(message: String) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, code: Some(40_010_001), message }
    }

    /// Makes the 400 of market data.
    fn bad(message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: None, message }
    }

    fn response(&self) -> Response {
        let body = match self.code {
            Some(code) => json!({ "code": code, "message": self.message }),
            None => json!({ "message": self.message }),
        };
        http::json(self.status, &body)
    }
}

/// Answers a `GET` of what needs no account; `path` is all of it, as in `v2/clock`. `None` for any
/// other path or verb.
pub(in crate::sandbox) fn answer(
    market: &Market,
    now: Millis,
    call: &Call,
    path: &[&str],
) -> Option<Response> {
    if call.method != Method::GET {
        return None;
    }
    let desk = Desk { market, now, call };
    Some(match trading(&desk, path).or_else(|| markets(&desk, path))? {
        Ok(body) => http::json(StatusCode::OK, &body),
        Err(refusal) => refusal.response(),
    })
}

/// Tells whether a path may be read without any key: the market data of coins (as observed,
/// 2026-11-20).
pub(in crate::sandbox) fn is_open(path: &[&str]) -> bool {
    matches!(path, ["v1beta3", "crypto", ..])
}

/// Tells whether a path is one of market data, for which a login needs a scope of its own.
pub(in crate::sandbox) fn is_market(path: &[&str]) -> bool {
    matches!(path, ["v2", "stocks", ..] | ["v1beta1", "options", ..] | ["v1beta3", "crypto", ..])
}

fn trading(desk: &Desk<'_>, path: &[&str]) -> Option<Answer> {
    Some(match path {
        ["v2", "assets"] => Ok(assets::list(desk)),
        ["v2", "assets", name] => assets::one(desk, name),
        ["v2", "assets", coin, money] => assets::one(desk, &format!("{coin}/{money}")),
        ["v2", "options", "contracts"] => contracts::list(desk),
        ["v2", "options", "contracts", name] => contracts::one(desk, name),
        ["v2", "clock"] => Ok(clock::clock(desk.now)),
        ["v2", "calendar"] => clock::calendar(desk),
        ["v3", "clock"] => clock::clocks(desk),
        ["v3", "calendar", name] => clock::calendar_of(desk, name),
        _ => return None,
    })
}

fn markets(desk: &Desk<'_>, path: &[&str]) -> Option<Answer> {
    let (class, rest) = match path {
        ["v2", "stocks", rest @ ..] => (AssetClass::UsEquity, rest),
        ["v1beta1", "options", rest @ ..] => (AssetClass::UsOption, rest),
        ["v1beta3", "crypto", place, rest @ ..] => {
            if !["us", "us-1", "us-2", "eu-1", "bs-1"].contains(place) {
                return Some(Err(Refusal::bad(format!("invalid location: {place}"))));
            }
            (AssetClass::Crypto, rest)
        }
        _ => return None,
    };
    Some(match (class, rest) {
        (AssetClass::Crypto, ["latest", "orderbooks"]) => latest::books(desk),
        (AssetClass::Crypto, ["latest", kind])
        | (AssetClass::UsEquity | AssetClass::UsOption, [kind, "latest"]) => {
            return latest::Kind::read(class, kind).map(|kind| latest::many(desk, class, kind));
        }
        (AssetClass::UsEquity, [symbol, kind, "latest"]) => {
            return latest::Kind::read(class, kind).map(|kind| latest::one(desk, symbol, kind));
        }
        (_, ["snapshots"]) => latest::snapshots(desk, class),
        (AssetClass::UsEquity, [symbol, "snapshot"]) => latest::snapshot(desk, symbol),
        (AssetClass::UsOption, ["snapshots", underlying]) => chain::snapshots(desk, underlying),
        (_, ["bars"]) => history::bars(desk, class),
        (AssetClass::UsEquity, [symbol, "bars"]) => history::bars_of(desk, symbol),
        (AssetClass::UsEquity | AssetClass::Crypto | AssetClass::UsOption, _) => return None,
    })
}
