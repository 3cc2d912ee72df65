//! Who calls: the bearer says so, and nothing else.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use secrecy::SecretString;

use super::Site;
use super::rates::Allowance;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{IdempotencyKey, UserRef};
use crate::api::keys::Dialect;
use crate::engine::{Call, Caller, gate};

/// Header that names for whom a call is, where its path does not.
const USER: &str = "x-naive-user-id";
/// Header with a key of the caller's own for the call.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Whoever calls, and how much they may still ask for.
#[derive(Debug)]
pub(super) struct Known {
    /// Who it is
    pub(super) caller: Caller,
    /// What is left of this minute
    pub(super) allowance: Allowance,
}

/// Returns who calls the API of a dialect; fails with `Unauthorized` for whoever has no key that is good there.
pub(super) fn known(site: &Site, headers: &HeaderMap, dialect: Dialect) -> Result<Known> {
    let caller = still(site, headers, dialect)?;
    let allowance = site.rates.take(caller.actor_id());
    Ok(Known { caller, allowance })
}

/// Returns who holds the key of a request now, without counting that as a call.
pub(super) fn still(site: &Site, headers: &HeaderMap, dialect: Dialect) -> Result<Caller> {
    let key = bearer(headers).ok_or_else(missing)?;
    let caller = site.engine.caller(&key, dialect)?;
    gate::known(&caller)?;
    Ok(caller)
}

/// Returns what a call carries beside its action.
pub(super) fn call(parts: &Parts, caller: Caller) -> Result<Call> {
    let user = header(parts, USER)?.unwrap_or_else(UserRef::own);
    let mut call = Call::by(caller, user);
    call.browser = true;
    call.idempotency_key = idempotency_key(parts)?;
    Ok(call)
}

/// Returns the caller's own key for the call, if it brings one.
pub(super) fn idempotency_key(parts: &Parts) -> Result<Option<IdempotencyKey>> {
    header(parts, IDEMPOTENCY_KEY)
}

fn missing() -> Error {
    Error::new(Code::Unauthorized, "this needs a key")
        .hint("send it as `Authorization: Bearer <key>`; the operator makes one with `naive keys create`")
        .reason("key_missing")
}

/// Returns the key that a request brings.
pub(super) fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, key) = given.next()?.to_str().ok()?.split_once(' ')?;
    let key = key.trim();
    let plain = scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() && given.next().is_none();
    plain.then(|| key.into())
}

/// Reads a header; fails with `InvalidInput` if it holds what it may not.
fn header<T>(parts: &Parts, name: &str) -> Result<Option<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let Some(value) = parts.headers.get(name) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    text.parse().map(Some).map_err(|error| {
        Error::new(Code::InvalidInput, format!("the header `{name}` is not right: {error}"))
    })
}
