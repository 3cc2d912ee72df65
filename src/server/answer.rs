//! Replies and errors as the Naive API writes them: the data itself, or `{ "error": { … } }`; and which API it is
//! in whose words a path answers.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use super::wrong::Wrong;
use super::{connectors, integrations};
use crate::api::action::Outcome;
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::keys::Dialect;
use crate::api::reply::Reply;

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
pub(super) fn ended(ended: Result<Outcome<Reply>>, made: bool) -> Response {
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    match ended {
        Ok(Outcome::Done(reply)) => match reply.text() {
            Ok(text) => body(status, text),
            Err(error) => failed(&error),
        },
        Ok(Outcome::Pending(pending)) => json(StatusCode::ACCEPTED, &pending),
        Err(error) => failed(&error),
    }
}

/// Returns the API in whose words a path answers.
pub(super) fn dialect(path: &str) -> Dialect {
    let below = path.strip_prefix(connectors::ROOT);
    let is_below = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match () {
        () if is_below => Dialect::Connectors,
        () if integrations::is_below(path) => Dialect::Integrations,
        () => Dialect::Naive,
    }
}

/// Returns what is wrong with a request in the words of an API.
pub(super) fn wrong(dialect: Dialect, wrong: Wrong) -> Response {
    match dialect {
        Dialect::Connectors => connectors::words::wrong(wrong),
        Dialect::Integrations => integrations::words::wrong(wrong),
        Dialect::Naive => match wrong.status() {
            Some(status) => refused(status, &wrong.into_error()),
            None => failed(&wrong.into_error()),
        },
    }
}

/// Answers what no path leads to.
pub(super) async fn nothing(request: Request) -> Response {
    let path = request.uri().path();
    wrong(dialect(path), Wrong::Nowhere(path.to_owned()))
}

/// Answers a method that a path does not have.
pub(super) async fn not_that_method(request: Request) -> Response {
    let path = request.uri().path();
    let method = request.method().clone();
    wrong(dialect(path), Wrong::OtherMethod(method, path.to_owned()))
}

/// Returns an error under the status of its code.
pub(super) fn failed(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.code.status());
    refused(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error)
}

/// Returns an error under a status of its own, where HTTP has one for what is wrong with the request itself.
fn refused(status: StatusCode, error: &Error) -> Response {
    let Error { code, message, hint, reason, details, .. } = error;
    let (hint, reason) = (hint.as_deref(), reason.as_deref());
    let mut response =
        json(status, &Envelope { error: Told { code: *code, message, hint, reason, details } });
    ask_for_key(&mut response);
    response
}

/// Adds to an answer that is `Unauthorized` how one is asked to say who one is.
pub(super) fn ask_for_key(response: &mut Response) {
    if response.status() == StatusCode::UNAUTHORIZED {
        let value = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
}

/// Returns a value as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // What is answered was made from JSON, or holds texts and numbers only.
    body(status, serde_json::to_vec(value).unwrap_or_default())
}

fn body(status: StatusCode, text: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
