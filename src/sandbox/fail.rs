//! Failures that were asked for with `naive sandbox fail`: what a request is answered with instead.
//!
//! Not here: which are planned (`store::failures`); what befalls a consent (`oauth::authorize`).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use http_body::Frame;
use serde_json::json;

use super::exchange;
use super::http::{self, Call};
use super::refusal::{Refusal, Why};
use super::store::failures::{self, Fitting};
use super::store::grants;
use super::{World, answer};
use crate::api::sandbox::{At, What};
use crate::api::time::Millis;
use crate::catalog;

/// How long a slow answer takes: longer than the deadline of any call (CONVENTIONS, rule 12).
pub(super) const SLOW: Duration = Duration::from_secs(35);

/// What becomes of a request.
pub(super) struct Fate {
    /// What it is answered with.
    pub(super) response: Response,
    /// How long that is held back.
    pub(super) after: Duration,
}

/// Answers a request, or lets it fail if that was asked for.
///
/// What is slow, cut, broken, lost or timed out was carried out all the same.
pub(super) async fn fate(world: &World, call: &Call) -> Fate {
    let path = call.path();
    let fitting = match path.as_slice() {
        [] | [".well-known", ..] | [_, ".well-known", ..] => None,
        [slug, "oauth", "token"] => Some((At::Token, *slug)),
        [_, "oauth", ..] | ["actions", "pages", ..] => None,
        [slug, ..] => Some((At::Api, *slug)),
    };
    // A database that does not answer says so in the answer itself.
    let what = fitting.and_then(|(at, slug)| {
        let asked = Fitting { at, toolkit: slug, changes: call.method != Method::GET };
        let what = failures::take(&world.store, asked, None).ok().flatten()?;
        Some((what, at, slug))
    });
    let Some((what, at, slug)) = what else {
        return Fate { response: answer(world, call), after: Duration::ZERO };
    };
    let response = match what {
        What::ExpiredToken => unauthorized(at, slug, "expired", "has expired"),
        What::Revoked => {
            revoke(world, call, slug);
            unauthorized(at, slug, "revoked", "was revoked")
        }
        What::RateLimit => said((at, slug), Why::RateLimited, "ratelimited", "too many requests"),
        What::ServerError => {
            said((at, slug), Why::Failed, "internal_error", "something went wrong")
        }
        What::BadJson => {
            drop(answer(world, call));
            http::reply(StatusCode::OK, "application/json; charset=utf-8", "{\"data\": [{\"id\": ")
        }
        What::Cut => cut(answer(world, call)).await,
        What::LostAnswer => {
            drop(answer(world, call));
            Response::new(Body::new(Broken { first: None, flushed: true }))
        }
        What::GatewayTimeout => {
            drop(answer(world, call));
            timed_out(at, slug)
        }
        // The last two are planned for consents only.
        What::Slow | What::WrongIss | What::ConsentDenied => answer(world, call),
    };
    let after = if what == What::Slow { SLOW } else { Duration::ZERO };
    Fate { response, after }
}

/// Says no as the app does, or as a token endpoint does (RFC 6749, 5.2).
fn unauthorized(at: At, slug: &str, word: &'static str, text: &str) -> Response {
    match at {
        At::Token => {
            let text = format!("the grant {text}");
            let body = json!({ "error": "invalid_grant", "error_description": text });
            http::json(StatusCode::BAD_REQUEST, &body)
        }
        At::Api | At::Consent => {
            said((at, slug), Why::Unauthorized, word, &format!("the token {text}"))
        }
    }
}

fn said((at, slug): (At, &str), why: Why, word: &'static str, text: &str) -> Response {
    if at == At::Api && slug == exchange::APP {
        return exchange::failed(why);
    }
    let app = match at {
        At::Api => slug.parse().ok().and_then(|slug| catalog::builtin_card(&slug)?.ok()),
        At::Token | At::Consent => None,
    };
    Refusal::new(why, word, text).response(app.as_ref())
}

/// Says that somebody between here and the app did not wait for it.
fn timed_out(at: At, slug: &str) -> Response {
    if at == At::Api && slug == exchange::APP {
        return exchange::timed_out();
    }
    let body = json!({ "error": { "code": 504, "message": "gateway timeout" } });
    http::json(StatusCode::GATEWAY_TIMEOUT, &body)
}

/// Ends the grant that the request relies on; an API key has none.
fn revoke(world: &World, call: &Call, slug: &str) {
    let sent = call.form().or_else(|| call.json().and_then(http::Params::of_json));
    let token = call.bearer().map(str::to_owned);
    let token = token.or_else(|| sent?.get("refresh_token").map(str::to_owned));
    if let Some(token) = token {
        // If it cannot be ended, the request fails all the same.
        drop(world.store.write(|tx| grants::disown(tx, &token, slug, Millis::now())));
    }
}

/// Announces the whole body and sends half of it.
async fn cut(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // Every answer here is in memory already.
    let mut whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    if whole.is_empty() {
        // Nothing cannot be cut.
        (parts.status, whole) = (StatusCode::OK, Bytes::from_static(b"{}"));
    }
    parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
    let half = whole.slice(..whole.len() / 2);
    Response::from_parts(parts, Body::new(Broken { first: Some(half), flushed: false }))
}

/// A body that ends in an error, on which the server closes the connection; what came before is sent.
struct Broken {
    first: Option<Bytes>,
    flushed: bool,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if !self.flushed {
            // Whoever waits for a body sends what it has.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other("the failure that was asked for"))))
    }
}
