//! What the routes of the two other dialects have in common: each is a few operations of the engine, answered in words
//! of its own.

use std::sync::Arc;

use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::http::request::Parts;
use axum::response::Response;
use url::form_urlencoded;

use super::Site;
use super::naive::performed_in;
use super::wrong::Wrong;
use crate::api::action::{Operation, Outcome};
use crate::api::approvals::PendingApproval;
use crate::api::error::{Code, Error, Fault};
use crate::engine::{Call, Engine};

/// What a path may have named, if it could be read.
pub(super) type Named = Result<RawPathParams, RawPathParamsRejection>;
/// How a request ends: with an answer, or before there is one.
pub(super) type Answered = Result<Response, Stop>;

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something is wrong with it
    Wrong(Wrong),
    /// A person is asked first
    Held(Box<PendingApproval>),
}

impl<T: Into<Wrong>> From<T> for Stop {
    fn from(wrong: T) -> Self {
        Self::Wrong(wrong.into())
    }
}

/// Performs an operation in a workspace that is served.
pub(super) async fn done<O: Operation>(
    site: &Arc<Site>,
    engine: &Arc<Engine>,
    call: Call,
    op: O,
) -> Result<O::Reply, Stop> {
    match performed_in(site, engine, call, op.into()).await?.valued()?.typed::<O>()? {
        Outcome::Done(reply) => Ok(reply),
        Outcome::Pending(pending) => Err(Stop::Held(Box::new(pending))),
    }
}

/// Returns the parts of a path that are not fixed, in its order; none where they could not be read.
pub(super) fn parts_of(named: Named) -> impl Iterator<Item = String> {
    let values = |named: RawPathParams| named.iter().map(|(_, value)| value.to_owned()).collect();
    named.map_or_else(|_| Vec::new(), values).into_iter()
}

/// Returns what the query says of a field, if it says something; of several the last counts.
pub(super) fn query(parts: &Parts, field: &str) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let named = pairs.filter(|(name, value)| name == field && !value.is_empty());
    named.last().map(|(_, value)| value.into_owned())
}

/// Makes the error of a field that is not what it should be.
pub(super) fn invalid(field: &str, message: impl Into<String>) -> Error {
    let fault = Fault { pointer: format!("/{field}"), message: message.into() };
    Error::new(Code::InvalidInput, "some fields are not right").details(vec![fault])
}
