//! What the broker's answers mean: its statuses as our codes, its words as they are.

use serde_json::Value;

use crate::api::error::{Code, Error};
use crate::api::ids::hidden;
use crate::api::time::Millis;
use crate::http::Response;

/// Longest text of the broker that is repeated, in letters.
const WORDS: usize = 500;
/// How the broker says that it has an order of this id already.
const NOT_UNIQUE: &str = "client_order_id must be unique";

/// Returns what an answer is that is none of success.
///
/// The status decides, since the broker's texts may change: 401 `Unauthorized`, 403 `Forbidden`, 404
/// `NotFound`, 429 `RateLimited`, 408 and 5xx `ProviderError`, the rest `InvalidInput`. A 3xx is a
/// `ProviderError`: the credential goes to no other address.
pub(crate) fn refused(answer: &Response) -> Error {
    let (code, reason) = match answer.status {
        401 => (Code::Unauthorized, "broker_unauthorized"),
        403 => (Code::Forbidden, "broker_forbidden"),
        404 => (Code::NotFound, "broker_not_found"),
        429 => (Code::RateLimited, "broker_rate_limited"),
        408 | 500.. | ..=399 => (Code::ProviderError, "broker_failed"),
        _ => (Code::InvalidInput, "broker_refused"),
    };
    let error = Error::new(code, words(answer)).reason(reason);
    if code == Code::RateLimited { error.hint(patience(answer)) } else { error }
}

/// Tells whether the broker refused an order because it has one of that id.
pub(crate) fn is_duplicate(answer: &Response) -> bool {
    matches!(answer.status, 409 | 422) && words(answer).contains(NOT_UNIQUE)
}

/// Returns the broker's own words, cleaned and cut; its status where it has none.
fn words(answer: &Response) -> String {
    let body = answer.json();
    let message = body.as_ref().and_then(|body| body.get("message")).and_then(Value::as_str);
    let said = message.map(str::trim).filter(|text| !text.is_empty());
    match said {
        Some(text) => text.chars().filter(|c| !hidden(*c)).take(WORDS).collect(),
        None => format!("the broker answered {} without a reason", answer.status),
    }
}

/// Returns when to try again, as far as the broker tells.
fn patience(answer: &Response) -> String {
    let reset = answer.headers.get("x-ratelimit-reset").and_then(|at| at.to_str().ok());
    let reset = reset.and_then(|at| at.parse::<i64>().ok()).map(|at| Millis(at * 1000));
    let now = Millis::now();
    let seconds = answer.retry_after(now).map(|span| span.as_secs());
    let seconds = seconds.or(reset.map(|at| now.age(at).as_secs()));
    match seconds {
        Some(seconds) => format!("wait {} s, then run it again", seconds.max(1)),
        None => {
            "wait a minute, then run it again: the broker takes 200 requests a minute".to_owned()
        }
    }
}
