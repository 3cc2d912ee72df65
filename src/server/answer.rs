//! Replies and errors as the Naive API writes them: the data itself, or `{ "error": { … } }`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use crate::api::action::Outcome;
use crate::api::error::{Code, Error, Fault, Result};

/// What is told of an error. Never its source.
#[derive(Debug, Serialize)]
struct Told<'a> {
    code: Code,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [Fault],
}

#[derive(Debug, Serialize)]
struct Envelope<'a> {
    error: Told<'a>,
}

/// Returns how a call ended, `made` telling whether it makes something that was not there.
pub(super) fn ended(ended: Result<Outcome<Value>>, made: bool) -> Response {
    match ended {
        Ok(Outcome::Done(reply)) if made => json(StatusCode::CREATED, &reply),
        Ok(Outcome::Done(reply)) => json(StatusCode::OK, &reply),
        Ok(Outcome::Pending(pending)) => json(StatusCode::ACCEPTED, &pending),
        Err(error) => failed(&error),
    }
}

/// Returns an error under the status of its code.
pub(super) fn failed(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.code.status());
    refused(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error)
}

/// Returns an error under a status of its own, where HTTP has one for what is wrong with the request itself.
pub(super) fn refused(status: StatusCode, error: &Error) -> Response {
    let Error { code, message, hint, reason, details, .. } = error;
    let (hint, reason) = (hint.as_deref(), reason.as_deref());
    let mut response =
        json(status, &Envelope { error: Told { code: *code, message, hint, reason, details } });
    if status == StatusCode::UNAUTHORIZED {
        let value = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

/// Returns a value as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // What is answered was made from JSON, or holds texts and numbers only.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
