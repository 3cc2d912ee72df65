//! The one HTTP client: deadlines, size limits, TLS, and which addresses may be called at all.
//!
//! It knows requests, not apps: who is asked what is decided above. Its second half, `address`, is the
//! rule for every URL that is called or opened.

mod address;
mod message;
mod nested;
mod request;
mod stream;
mod trouble;

pub(crate) use address::{Trust, check};
pub(crate) use message::{Signed, is_signed};
pub(crate) use request::{Hidden, Request, filled, is_mask};
pub(crate) use stream::{Events, Span, Streamed};
use trouble::unanswered;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use rustls::{ClientConfig, RootCertStore};
use serde::de::IgnoredAny;
use tokio::sync::OnceCell;

use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::time::Millis;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a call may take in all, unless it names its own.
const DEADLINE: Duration = Duration::from_secs(30);
/// Reason of a call that took longer.
pub(crate) const TOO_SLOW: &str = "too_slow";
/// Largest answer that is read, unless a call names its own.
const BODY_CAP: usize = 8 * 1024 * 1024;
/// How long it may take to get a document.
const DOCUMENT_DEADLINE: Duration = Duration::from_mins(5);
/// Largest document that is read.
const DOCUMENT_CAP: usize = 64 * 1024 * 1024;
/// The status of a request that was not understood.
const BAD_REQUEST: u16 = 400;
/// How many redirects a read follows.
const HOPS: usize = 5;

/// The client of one process; nothing is built before the first call.
#[derive(Debug)]
pub(crate) struct Http {
    system_roots: bool,
    public: OnceCell<Client>,
    trusted: OnceCell<Client>,
}

/// An answer that came whole. Without `Debug`: it may hold tokens.
pub(crate) struct Response {
    /// HTTP status
    pub(crate) status: u16,
    /// Headers, masked likewise
    pub(crate) headers: HeaderMap,
    /// Body, with the request's own secrets masked
    pub(crate) body: Vec<u8>,
}

/// How long a call may take, and how large its answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounds {
    /// As an app's answer
    App,
    /// As a file: a document that a person names, a download, what an API elsewhere has gathered
    Document,
    /// As an app's answer of which nobody reads more than the headers, unless it has not understood
    Head,
}

impl Bounds {
    fn time(self) -> Duration {
        match self {
            Self::App | Self::Head => DEADLINE,
            Self::Document => DOCUMENT_DEADLINE,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::App | Self::Head => BODY_CAP,
            Self::Document => DOCUMENT_CAP,
        }
    }
}

impl Request {
    /// Lets the answer be as large, and take as long, as a document or another file: 64 MiB and five minutes.
    pub(crate) fn document(mut self) -> Self {
        self.bounds = Bounds::Document;
        self
    }

    /// Leaves the body of the answer unread, which may be endless, unless it says that the request was not understood.
    pub(crate) fn head_only(mut self) -> Self {
        self.bounds = Bounds::Head;
        self
    }
}

/// What became of a request that got no answer which can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No byte of it has left
    NotSent,
    /// It came there, and was turned away
    Refused,
    /// It may have been acted on
    Unknown,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What became of the request
    pub(crate) fate: Fate,
    /// What went wrong
    pub(crate) error: Error,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Returns up to 100 ms, so that many callers do not come back at once.
pub(crate) fn jitter() -> Duration {
    Duration::from_millis(u64::from(fresh().as_bytes()[0]) * 100 / 255)
}

impl Http {
    /// Makes a client that trusts the embedded roots, and the system's too if `system_roots`.
    pub(crate) fn new(system_roots: bool) -> Self {
        Self { system_roots, public: OnceCell::new(), trusted: OnceCell::new() }
    }

    /// Sends a request once; a GET follows redirects unless it stays where it was sent, anything else refuses them.
    ///
    /// Fails with `ProviderError` if no whole answer came within its bounds: 30 seconds and 8 MiB by default.
    pub(crate) async fn send(&self, request: &Request) -> std::result::Result<Response, Failure> {
        let time = request.bounds.time();
        tokio::time::timeout(time, self.follow(request)).await.map_err(|_| late(request, time))?
    }

    async fn follow(&self, request: &Request) -> std::result::Result<Response, Failure> {
        let mut now = request.clone();
        for _ in 0..=HOPS {
            let mut response = self.send_once(&now).await?;
            let target = response.headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let target = target.filter(|_| matches!(response.status, 301 | 302 | 303 | 307 | 308));
            let Some(target) = target else {
                now.scrub(&mut response.headers, &mut response.body);
                return Ok(response);
            };
            if !now.follows() {
                let what =
                    if now.method() == "GET" { "stays with it" } else { "changes something" };
                let text = format!("`{}` redirects a call that {what}", now.host());
                return Err(failed(Fate::Refused, text, None));
            }
            let next = now.redirected(target);
            now = next.map_err(|error| Failure { fate: Fate::Unknown, error })?;
        }
        Err(failed(Fate::Unknown, format!("`{}` redirects in circles", request.host()), None))
    }

    async fn send_once(&self, request: &Request) -> std::result::Result<Response, Failure> {
        let client = self.client(request.trust()).await;
        let client = client.map_err(|error| Failure { fate: Fate::NotSent, error })?;
        let call = request.on(client);
        let mut answer = call.send().await.map_err(|error| unanswered(&request.host(), &error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        if request.bounds == Bounds::Head && status != BAD_REQUEST {
            return Ok(Response { status, headers, body });
        }
        while let Some(chunk) = answer.chunk().await.map_err(|error| cut(request, error))? {
            body.extend_from_slice(&chunk);
            if body.len() > request.bounds.bytes() {
                return Err(too_large(request));
            }
        }
        Ok(Response { status, headers, body })
    }

    async fn client(&self, trust: Trust) -> Result<&Client> {
        let cell = match trust {
            Trust::Public => &self.public,
            Trust::Operator => &self.trusted,
        };
        cell.get_or_try_init(|| async { self.build(trust) }).await
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one client")]
    fn build(&self, trust: Trust) -> Result<Client> {
        let builder = Client::builder()
            .use_preconfigured_tls(self.tls()?)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("naive/", env!("CARGO_PKG_VERSION")))
            .no_proxy();
        let builder = match trust {
            Trust::Public => builder.dns_resolver(Arc::new(address::PublicOnly)),
            Trust::Operator => builder,
        };
        builder.build().map_err(|error| Error::internal("the HTTP client cannot start", error))
    }

    fn tls(&self) -> Result<ClientConfig> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if self.system_roots {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::internal("TLS cannot start", error))?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

impl Response {
    /// Tells whether the status is one of success.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns how long the app wants us to wait (RFC 9110, 10.2.3), from now on.
    pub(crate) fn retry_after(&self, now: Millis) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
        Some(Duration::from_millis(u64::try_from(at - now.0).unwrap_or_default()))
    }

    /// Tells whether the body is said to be JSON and is none.
    pub(crate) fn is_broken(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let whole = || serde_json::from_slice::<IgnoredAny>(&self.body).is_ok();
        kind.is_some_and(|kind| kind.contains("json")) && !self.body.is_empty() && !whole()
    }

    /// Returns the body as JSON, or `None` if it is none.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

fn late(request: &Request, time: Duration) -> Failure {
    let text = format!("`{}` did not answer within {} seconds", request.host(), time.as_secs());
    let failure = failed(Fate::Unknown, text, None);
    Failure { error: failure.error.reason(TOO_SLOW), ..failure }
}

fn too_large(request: &Request) -> Failure {
    let most = request.bounds.bytes() >> 20;
    failed(Fate::Unknown, format!("`{}` answered more than {most} MiB", request.host()), None)
}

fn cut(request: &Request, error: reqwest::Error) -> Failure {
    let text = format!("the answer of `{}` was cut off", request.host());
    failed(Fate::Unknown, text, Some(error.without_url()))
}

fn failed(fate: Fate, text: String, source: Option<reqwest::Error>) -> Failure {
    let error = Error::new(Code::ProviderError, text);
    let error = match source {
        Some(source) => error.because(source),
        None => error,
    };
    Failure { fate, error }
}
