//! What an API's answers mean, also those of one that is newer than this build, and of what stands before it.

use serde_json::Value;

use crate::api::action::Outcome;
use crate::api::approvals::PendingApproval;
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::hidden;
use crate::api::time::Millis;
use crate::http::Response;

/// How much is shown of an answer that is none of an API's.
const SHOWN: usize = 200;
/// Reason of an answer that is no JSON.
pub(super) const NOT_JSON: &str = "not_json";

/// Returns what became of an action: done, or held for a person.
pub(super) fn outcome(
    action: &str,
    response: &Response,
    key: Option<&str>,
) -> Result<Outcome<Value>> {
    let value = value(response, key)?;
    Ok(match held(&value, action) {
        Some(pending) => Outcome::Pending(pending),
        None => Outcome::Done(value),
    })
}

/// Reads what an API answers to a call of `action` that it held, also where it says less than ours; `None` if it
/// names no approval.
fn held(body: &Value, action: &str) -> Option<PendingApproval> {
    let said = |name: &str| body.get(name)?.as_str().map(str::to_owned);
    let held = said("status").filter(|status| status == "pending_approval");
    let id = held.and(said("approval_id"))?.parse().ok()?;
    let named = said("action_type").or_else(|| said("action"));
    let action = named.unwrap_or_else(|| action.to_owned());
    let title = said("title").unwrap_or_else(|| action.clone());
    let ours = PendingApproval::of(id, action, title, Millis(0));
    Some(PendingApproval {
        primitive: said("primitive").unwrap_or(ours.primitive),
        message: said("message").unwrap_or(ours.message),
        expires_at: said("expires_at").and_then(|at| at.parse().ok()),
        ..ours
    })
}

/// Returns the JSON of an answer of success, `null` if it has none.
///
/// Fails as the API says it failed; with `ProviderError` if it was no API that answered.
pub(super) fn value(response: &Response, key: Option<&str>) -> Result<Value> {
    if response.is_success() && response.body.is_empty() {
        return Ok(Value::Null);
    }
    match response.json() {
        Some(value) if response.is_success() => Ok(value),
        Some(value) => Err(refusal(response, &value)),
        None => Err(foreign(response, key)),
    }
}

/// Returns what to do about a change of which nobody knows whether it was made.
pub(super) fn once_more(action: &str, key: Option<&str>) -> String {
    match (action, key) {
        // Its link was told to nobody, and where the browser returns is another place each time.
        ("connections.connect" | "trading.connect", _) => {
            "run it again: a login that nobody goes on with lapses".to_owned()
        }
        ("keys.create", _) => {
            "run `naive keys list`, and revoke the one that nobody has".to_owned()
        }
        (_, Some(key)) => format!(
            "run it again with `--idempotency-key {key}`: if it was done, that only tells its answer"
        ),
        (_, None) => "look what became of it before you run it again".to_owned(),
    }
}

/// Makes the error of what is not of an API: a proxy's page, an answer that was cut.
fn foreign(response: &Response, key: Option<&str>) -> Error {
    let status = response.status;
    let line = first_line(&String::from_utf8_lossy(&response.body));
    let what = if line.is_empty() { "nothing".to_owned() } else { format!("`{line}`") };
    let text = format!("what answered is no Naive API: status {status} with {what}");
    let error = Error::new(Code::ProviderError, text).reason(NOT_JSON);
    // A change may have been made behind whatever answered.
    let unclear = key.filter(|_| response.is_success() || (502..=504).contains(&status));
    match unclear {
        Some(key) => error.hint(once_more("", Some(key))),
        None => error.hint("see whether the address is that of an API, and what stands before it"),
    }
}

/// Returns the first line that says anything, with what is invisible written out, cut at 200 characters.
fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut shown = String::new();
    for (at, letter) in line.chars().enumerate() {
        if at == SHOWN {
            shown.push('…');
            break;
        }
        if hidden(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Returns the error that an API answered, in its own words.
fn refusal(response: &Response, value: &Value) -> Error {
    let said = value.get("error").unwrap_or(value);
    let text = |name: &str| said.get(name)?.as_str().map(str::to_owned);
    let word = text("code");
    let known = word.as_deref().and_then(known);
    let code = known.unwrap_or_else(|| by_status(response.status));
    let bare = said.as_str().map(str::to_owned);
    let message = text("message").or(bare).unwrap_or_else(|| {
        format!("the API answered with status {} and did not say why", response.status)
    });
    let reason = text("reason");
    let (message, reason) = match (known, word, reason) {
        // What kind of failure it was has a word that only the API knows.
        (None, Some(word), Some(reason)) => (format!("{message} ({reason})"), Some(word)),
        (None, Some(word), None) => (message, Some(word)),
        (_, _, reason) => (message, reason),
    };
    let hint = text("hint").or_else(|| advice(response, code));
    let details = said.get("details").map(details).unwrap_or_default();
    Error { hint, reason, details, ..Error::new(code, message) }
}

/// Returns the code that a word stands for, if it is one of ours.
fn known(word: &str) -> Option<Code> {
    serde_json::from_value(word.into()).ok()
}

/// Returns the code that a status stands for.
fn by_status(status: u16) -> Code {
    match status {
        401 => Code::Unauthorized,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        409 => Code::DuplicateRequest,
        429 => Code::RateLimited,
        400..=499 => Code::InvalidInput,
        _ => Code::ProviderError,
    }
}

/// Returns what to do where the API does not say.
fn advice(response: &Response, code: Code) -> Option<String> {
    match code {
        Code::Unauthorized => {
            Some("run `naive login` with a key that the API knows, or set `NAIVE_API_KEY`".into())
        }
        Code::RateLimited => {
            let pause = response.retry_after(Millis::now())?;
            Some(format!("wait {} s, then run it again", pause.as_secs().max(1)))
        }
        Code::InvalidInput
        | Code::Forbidden
        | Code::NotFound
        | Code::DuplicateRequest
        | Code::DuplicateRecord
        | Code::NotConfigured
        | Code::FeatureNotConfigured
        | Code::ProviderError
        | Code::OutcomeUnknown
        | Code::InternalError => None,
    }
}

/// Reads the details of an error: ours, or whatever they are as one.
fn details(value: &Value) -> Vec<Fault> {
    if value.is_null() {
        return Vec::new();
    }
    serde_json::from_value(value.clone())
        .unwrap_or_else(|_| vec![Fault { pointer: String::new(), message: value.to_string() }])
}
