//! The exchange as HTTP: requests read, answers written, in the broker's own paths, fields and words.
//!
//! Not here: what the account answers (`core`), or prices and what is listed (`data`).
//! Source: Alpaca Trading API 2.0.1 (read 2026-11-20).

mod account;
pub(super) mod activities;
mod configurations;
mod history;
mod listing;
mod orders;
mod params;
mod positions;
mod shapes;
#[cfg(test)]
mod tests;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::caller::{self, Caller};
use super::ledger::Ledger;
use crate::broker::rules::Refusal;
use crate::sandbox::http::{self, Call};

/// Why there is no answer.
pub(super) enum Trouble {
    /// Nobody knows the caller
    Stranger,
    /// The broker's no
    Refused(Refusal),
    /// The database does not answer
    Database(rusqlite::Error),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Database(cause)
    }
}

/// What is answered: a status, and JSON if there is any.
pub(super) type Reply = Result<(StatusCode, Option<Value>), Trouble>;

/// Makes an answer that is good.
fn good(body: Value) -> (StatusCode, Option<Value>) {
    (StatusCode::OK, Some(body))
}

/// What a request asks for that an account is needed for.
pub(super) enum Ask<'a> {
    /// The account
    Account,
    /// What the owner may set
    Configurations,
    /// What happened, of one kind or of any
    Activities(Option<&'a str>),
    /// What it was worth over time
    History,
    /// All that is held
    Positions,
    /// What is held of one thing
    Position(String),
    /// An option to be exercised
    Exercise(String),
    /// All orders
    Orders,
    /// One order by what its sender calls it
    ByClientOrderId,
    /// One order
    Order(&'a str),
}

impl<'a> Ask<'a> {
    /// Reads a path; `None` is one that needs no account, or is none. A slash in a symbol may stand as it is.
    pub(super) fn read(path: &[&'a str]) -> Option<Self> {
        let ["v2", rest @ ..] = path else { return None };
        Some(match rest {
            ["account"] => Self::Account,
            ["account", "configurations"] => Self::Configurations,
            ["account", "activities"] => Self::Activities(None),
            ["account", "activities", kind] => Self::Activities(Some(kind)),
            ["account", "portfolio", "history"] => Self::History,
            ["positions"] => Self::Positions,
            ["positions", .., "do-not-exercise"] => return None,
            ["positions", symbol @ .., "exercise"] if !symbol.is_empty() => {
                Self::Exercise(symbol.join("/"))
            }
            ["positions", symbol @ ..] => Self::Position(symbol.join("/")),
            ["orders"] => Self::Orders,
            ["orders:by_client_order_id"] => Self::ByClientOrderId,
            ["orders", id] => Self::Order(id),
            _ => return None,
        })
    }
}

/// Answers a request to an account. A refusal changes nothing beside what time did.
pub(super) fn answer(
    ledger: &mut Ledger<'_>,
    caller: &Caller,
    call: &Call,
    ask: &Ask<'_>,
) -> Reply {
    let reads = call.method == Method::GET;
    let scope = if matches!(ask, Ask::Configurations) { "account:write" } else { "trading" };
    if !reads && !caller.may(scope) {
        return Err(caller::lacking(scope).into());
    }
    match (ask, call.method.as_str()) {
        (Ask::Account, "GET") => Ok(good(account::shape(ledger))),
        (Ask::Configurations, "GET") => {
            Ok(good(configurations::shape(&ledger.account.configuration)))
        }
        (Ask::Configurations, "PATCH") => configurations::change(ledger, call),
        (Ask::Activities(kind), "GET") => activities::list(ledger, call, *kind),
        (Ask::History, "GET") => history::answer(ledger, call),
        (Ask::Positions, "GET") => Ok(good(positions::all(ledger))),
        (Ask::Positions, "DELETE") => positions::close_all(ledger, call),
        (Ask::Position(symbol), "GET") => positions::one(ledger, symbol),
        (Ask::Position(symbol), "DELETE") => positions::close(ledger, call, symbol),
        (Ask::Exercise(symbol), "POST") => positions::exercise(ledger, symbol),
        (Ask::Orders, "GET") => listing::list(ledger, call),
        (Ask::Orders, "POST") => orders::place(ledger, call),
        (Ask::Orders, "DELETE") => orders::cancel_all(ledger),
        (Ask::ByClientOrderId, "GET") => orders::by_client_order_id(ledger, call),
        (Ask::Order(id), "GET") => orders::one(ledger, call, id),
        (Ask::Order(id), "PATCH") => orders::replace(ledger, call, id),
        (Ask::Order(id), "DELETE") => orders::cancel(ledger, id),
        _ => Err(nowhere().into()),
    }
}

/// Says that there is no such path.
fn nowhere() -> Refusal {
    Refusal::missing("endpoint not found")
}

/// Writes an answer.
pub(super) fn response(reply: Reply) -> Response {
    match reply {
        Ok((status, Some(body))) => http::json(status, &body),
        Ok((status, None)) => {
            let mut response = Response::default();
            *response.status_mut() = status;
            response
        }
        Err(Trouble::Stranger) => stranger(),
        Err(Trouble::Refused(refusal)) => refused(&refusal),
        Err(Trouble::Database(_)) => {
            let text = "internal server error occurred";
            let body = json!({ "code": 50_010_000, "message": text });
            http::json(StatusCode::INTERNAL_SERVER_ERROR, &body)
        }
    }
}

/// Writes the answer to whom nobody knows; it has no code.
pub(super) fn stranger() -> Response {
    http::json(StatusCode::UNAUTHORIZED, &json!({ "message": "unauthorized." }))
}

/// Writes a no of the broker.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    http::json(status, &refusal.body())
}

/// Reads a JSON object, whatever it is said to be. No body is an empty one.
fn body(call: &Call) -> Result<Value, Refusal> {
    if call.body.is_empty() {
        return Ok(json!({}));
    }
    let body = serde_json::from_slice::<Value>(&call.body).ok().filter(Value::is_object);
    body.ok_or_else(unreadable)
}

fn unreadable() -> Refusal {
    Refusal::new(400, 40_010_000, "request body format is invalid")
}
