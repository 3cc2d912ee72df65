//! Answers that come in pieces: events of a server, which may take minutes between one and the next.
//!
//! What bounds the waiting between two events is whoever reads them; what bounds their size is here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Method, Url};
use sse_stream::{Sse, SseStream};

use super::trouble::unanswered;
use super::{BODY_CAP, Bounds, Failure, Fate, Http, Request, Response, cut, failed};
use super::{late, too_large};
use crate::api::error::{Code, Error, Result};

/// Events of a server, until it ends them or breaks a bound.
pub(crate) type Events = BoxStream<'static, std::result::Result<Sse, sse_stream::Error>>;

/// How much of a stream of events is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// Eight MiB in all
    Whole,
    /// Eight MiB until an event has come, each time anew
    Event,
}

/// An answer whose head has come. Without `Debug`: it may hold tokens.
pub(crate) struct Streamed {
    /// HTTP status
    pub(crate) status: u16,
    /// Headers, with the request's own secrets masked
    pub(crate) headers: HeaderMap,
    request: Request,
    answer: reqwest::Response,
}

impl Http {
    /// Sends a request once and returns as soon as the answer's head is there, within `first`. It follows no
    /// redirect.
    ///
    /// Fails with `ProviderError` if no head came.
    pub(crate) async fn open(
        &self,
        request: &Request,
        first: Duration,
    ) -> std::result::Result<Streamed, Failure> {
        let client = self.client(request.trust()).await;
        let client = client.map_err(|error| Failure { fate: Fate::NotSent, error })?;
        let sent = tokio::time::timeout(first, request.on(client).send()).await;
        let answer = sent.map_err(|_| late(request, first))?;
        let answer = answer.map_err(|error| unanswered(&request.host(), &error))?;
        let (status, mut headers) = (answer.status().as_u16(), answer.headers().clone());
        request.scrub(&mut headers, &mut Vec::new());
        if let (300..=399, Some(target)) = (status, headers.get(LOCATION)) {
            return Err(redirected(request, target.to_str().unwrap_or_default()));
        }
        Ok(Streamed { status, headers, request: request.clone(), answer })
    }
}

/// Refuses a redirect; where it leads is named if it is an address that a person could mean instead.
fn redirected(request: &Request, target: &str) -> Failure {
    let text = format!("`{}` redirects, and that is not followed here", request.host());
    let failure = failed(Fate::Refused, text, None);
    let mut error = failure.error.reason("redirected");
    let meant = request
        .url
        .join(target)
        .ok()
        .filter(|url| url.as_str().len() <= 300 && super::check(url, request.trust()).is_ok());
    if let Some(url) = meant.filter(|url| url.query().is_none()) {
        error = error.hint(format!("if you know `{url}`, give that address instead"));
    }
    Failure { error, ..failure }
}

impl Streamed {
    /// Returns the type of the body, without its parameters, in lower case.
    pub(crate) fn kind(&self) -> String {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    }

    /// Reads the rest: 8 MiB at most, and no longer than that.
    pub(crate) async fn whole(self, within: Duration) -> std::result::Result<Response, Failure> {
        let Self { status, headers, request, mut answer } = self;
        let read = async {
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|error| cut(&request, error))? {
                body.extend_from_slice(&chunk);
                if body.len() > BODY_CAP {
                    return Err(too_large(&request));
                }
            }
            Ok(body)
        };
        let read = tokio::time::timeout(within, read).await;
        let mut body = read.map_err(|_| late(&request, within))??;
        request.scrub(&mut HeaderMap::new(), &mut body);
        Ok(Response { status, headers, body })
    }

    /// Returns the events of the body as they come, the request's own secrets masked in them.
    pub(crate) fn events(self, span: Span) -> Events {
        let Self { request, answer, .. } = self;
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let asked = request.clone();
        let chunks = answer.bytes_stream().map(move |chunk| {
            let chunk = chunk.map_err(|error| cut(&asked, error).error)?;
            let before = counted.fetch_add(chunk.len(), Ordering::Relaxed);
            if before + chunk.len() > BODY_CAP {
                return Err(too_large(&asked).error);
            }
            Ok(chunk)
        });
        let masked = move |text: String| {
            let mut text = text.into_bytes();
            request.scrub(&mut HeaderMap::new(), &mut text);
            String::from_utf8_lossy(&text).into_owned()
        };
        let events = SseStream::from_bytes_stream(chunks).map(move |event| {
            if span == Span::Event {
                read.store(0, Ordering::Relaxed);
            }
            event.map(|event| Sse { data: event.data.map(&masked), ..event })
        });
        events.boxed()
    }
}

impl Request {
    /// Returns a request with another method to the same address, with the same credential and no body.
    pub(crate) fn with_method(&self, method: Method) -> Self {
        let mut other = self.clone();
        other.method = method;
        other.body = Vec::new();
        other.bounds = Bounds::App;
        other.headers.remove(CONTENT_TYPE);
        other
    }

    /// Returns the same request to where `target` leads from its address.
    ///
    /// Fails with `ProviderError` unless that is on the same origin: the credential is for no other.
    pub(crate) fn beside(&self, target: &str) -> Result<Self> {
        let refused = |what: &str| {
            let text = format!("`{}` wants us to go on {what}", self.host());
            Error::new(Code::ProviderError, text).reason("address_refused")
        };
        let url = self.url.join(target).map_err(|_| refused("at an address that is none"))?;
        if url.origin() != self.url.origin() {
            return Err(refused("on another host"));
        }
        super::check(&url, self.trust())?;
        let mut other = self.clone();
        other.url = url;
        Ok(other)
    }

    /// Returns its address, which may hold a secret: for comparing, never for showing.
    pub(crate) fn address(&self) -> &Url {
        &self.url
    }
}
