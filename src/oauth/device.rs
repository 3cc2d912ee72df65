//! Logins on another device (RFC 8628): a code to show, then questions whether it was entered.
//!
//! One function is one request. When the next may be sent is remembered above.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::bound::binding;
use super::token::{authenticated, denied, granted, refusal, with_resource};
use super::{CLIENT, Server, Tokens, kept};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::hidden;
use crate::api::logins::DeviceCode;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::http::{Http, Request, check};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How long to wait between two questions where the server does not say (RFC 8628, 3.2).
const INTERVAL: Duration = Duration::from_secs(5);
/// Shortest time between two questions, whatever the server says.
const SHORTEST: Duration = Duration::from_secs(1);
/// How long a code lives at most.
const LONGEST: Duration = Duration::from_hours(1);

/// A code that was given out: what is sealed until it is entered, and when to ask.
#[derive(Debug)]
pub(crate) struct Device {
    /// `device_code`, and what the person is shown
    pub(crate) kept: Secrets,
    /// Shortest time between two questions
    pub(crate) interval: Duration,
    /// How long the code lives
    pub(crate) life: Duration,
}

/// What a server says to the question whether the code was entered.
#[derive(Debug)]
pub(crate) enum DeviceAnswer {
    /// It was, and this was granted
    Granted(Tokens),
    /// Not yet
    Pending,
    /// Not yet, and to be asked less often from now on: at least this far apart, if it says so
    SlowDown(Option<Duration>),
    /// The person said no
    Declined,
    /// The code has lapsed
    Lapsed,
    /// There was no answer, or the server is not well: ask again later
    Unclear(Error),
}

/// Asks for a code.
///
/// Fails with `ProviderError` if the answer is none that a person may safely be shown.
pub(crate) async fn ask_for_code(http: &Http, server: &Server, scopes: &str) -> Result<Device> {
    let Some(endpoint) = &server.device else {
        return Err(Error::new(Code::InternalError, "the OAuth server gives out no device codes"));
    };
    let request = Request::new("POST", endpoint.clone(), server.trust_in(endpoint))?
        .header("accept", "application/json")?;
    let plain: &[_] = if scopes.is_empty() { &[] } else { &[("scope", scopes)] };
    let plain = with_resource(server, plain);
    let answer = http.send(&authenticated(request, server, &plain, &[])?).await?;
    match serde_json::from_slice(&answer.body) {
        Ok(code) if answer.is_success() => given_out(code, server, scopes),
        _ => Err(denied(&answer, server)),
    }
}

/// What a server answers who is asked for a code (RFC 8628, 3.2).
#[derive(Deserialize)]
struct Answer {
    device_code: SecretString,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: Url,
    #[serde(alias = "verification_url_complete")]
    verification_uri_complete: Option<Url>,
    expires_in: u64,
    interval: Option<u64>,
}

fn given_out(code: Answer, server: &Server, scopes: &str) -> Result<Device> {
    let is_word = |text: &str| !text.is_empty() && text.len() <= 64 && !text.chars().any(hidden);
    let may_open = |url: &Url| check(url, server.trust_in(url)).is_ok();
    if !is_word(&code.user_code) || !may_open(&code.verification_uri) {
        let text = "the OAuth server gave a device code that cannot be shown";
        return Err(Error::new(Code::ProviderError, text));
    }
    let complete = code.verification_uri_complete.filter(may_open);
    let mut kept = BTreeMap::from([
        ("device_code".to_owned(), code.device_code),
        ("user_code".to_owned(), code.user_code.into()),
        ("verification_uri".to_owned(), String::from(code.verification_uri).into()),
        (CLIENT.to_owned(), server.client_id.as_str().into()),
        ("scope".to_owned(), scopes.into()),
        ("token_endpoint".to_owned(), server.token.as_str().into()),
    ]);
    kept.extend(binding(server));
    let complete = complete.map(|url| String::from(url).into());
    kept.extend(complete.map(|url| ("verification_uri_complete".to_owned(), url)));
    Ok(Device {
        kept: Secrets(kept),
        interval: code.interval.map_or(INTERVAL, Duration::from_secs).clamp(SHORTEST, LONGEST),
        life: Duration::from_secs(code.expires_in).min(LONGEST),
    })
}

/// Asks once whether the code was entered.
///
/// Fails if it never can be any more: the server no longer takes the code, or the client.
pub(crate) async fn ask_for_tokens(
    http: &Http,
    server: &Server,
    kept: &Secrets,
    now: Millis,
) -> Result<DeviceAnswer> {
    let Some(code) = kept.0.get("device_code") else {
        return Err(Error::new(Code::InternalError, "the login has lost its device code"));
    };
    let request = Request::new("POST", server.token.clone(), server.trust_in(&server.token))?
        .header("accept", "application/json")?;
    let plain = with_resource(server, &[("grant_type", GRANT)]);
    let request = authenticated(request, server, &plain, &[("device_code", code)])?;
    let answer = match http.send(&request).await {
        Ok(answer) if answer.status == 429 || answer.status >= 500 => {
            return Ok(DeviceAnswer::Unclear(denied(&answer, server)));
        }
        Ok(answer) => answer,
        Err(failure) => return Ok(DeviceAnswer::Unclear(failure.error)),
    };
    let wait = || {
        let json = answer.json()?;
        json.get("interval").and_then(Value::as_u64).map(Duration::from_secs)
    };
    match refusal(&answer).as_str() {
        "authorization_pending" => Ok(DeviceAnswer::Pending),
        "slow_down" => Ok(DeviceAnswer::SlowDown(wait())),
        "access_denied" => Ok(DeviceAnswer::Declined),
        "expired_token" => Ok(DeviceAnswer::Lapsed),
        _ => granted(&answer, server, now).map(DeviceAnswer::Granted),
    }
}

/// Returns what the person is shown of a code; `None` if these secrets are of another kind of login.
pub(crate) fn device_code(
    secrets: &Secrets,
    expires_at: Millis,
    next_poll_at: Millis,
) -> Option<DeviceCode> {
    let text = |name| kept(secrets, name);
    let scopes = text("scope").unwrap_or_default();
    Some(DeviceCode {
        user_code: text("user_code")?.to_owned(),
        verification_uri: text("verification_uri")?.parse().ok()?,
        verification_uri_complete: text("verification_uri_complete").and_then(|at| at.parse().ok()),
        client_id: text(CLIENT).unwrap_or_default().to_owned(),
        scopes: scopes.split([' ', ',']).filter(|one| !one.is_empty()).map(str::to_owned).collect(),
        expires_at,
        next_poll_at,
    })
}
