//! Streamable HTTP over our own client: what the library sends goes out here, and what comes back is judged.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::{ClientJsonRpcMessage, ErrorData, RequestId, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::Sse;

use super::Times;
use super::ledger::{Ledger, Noted, Trouble};
use super::message::{self, calls, discovers, wanted};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::clean;
use crate::http::{Events, Failure, Fate, Http, Request, Response, Span, Streamed};

/// Reason of a call that the server did not take because it has forgotten the session: nothing was done, and one
/// may open another.
pub(crate) const SESSION_LOST: &str = "session_lost";
/// Reason of an answer that is none of the protocol.
pub(crate) const NO_MCP: &str = "no_mcp";
/// How long the end of a session may take to be told.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often a session opens a stream or takes one up again: a server that ends each at once gets no more.
const STREAMS: usize = 100;
/// The two types of answers.
const ACCEPTED: &str = "application/json, text/event-stream";
const EVENTS: &str = "text/event-stream";

type Headers = HashMap<HeaderName, HeaderValue>;
type Unheard = StreamableHttpError<Noted>;

/// The way to one server.
#[derive(Clone)]
pub(super) struct Wire {
    http: Arc<Http>,
    base: Request,
    ledger: Arc<Ledger>,
    times: Times,
    /// Whether anybody hears what the server says of its own accord
    listens: bool,
    /// How many streams were opened
    streams: Arc<AtomicUsize>,
}

impl Wire {
    /// Makes the way to the server that `base` is a request to.
    pub(super) fn new(http: &Arc<Http>, base: &Request, times: Times, listens: bool) -> Self {
        let (ledger, streams) = (Arc::default(), Arc::default());
        Self { http: Arc::clone(http), base: base.clone(), ledger, times, listens, streams }
    }

    /// Returns where its troubles stand.
    pub(super) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Returns the request that every message is sent with.
    pub(super) fn base(&self) -> &Request {
        &self.base
    }

    /// Returns how long an answer to anything but a call may take.
    pub(super) fn first_answer(&self) -> Duration {
        self.times.first
    }

    /// Returns the same way to another address of the server.
    pub(super) fn to(&self, base: Request) -> Self {
        Self { base, ..self.clone() }
    }

    /// Opens a stream of what the server says of its own accord.
    pub(super) async fn listen(
        &self,
        headers: &[(&str, &str)],
    ) -> std::result::Result<Streamed, Trouble> {
        let mut request = self.base.with_method(Method::GET);
        for (name, value) in headers {
            request = request.header(name, value).map_err(Trouble::unsent)?;
        }
        let request = request.header("accept", EVENTS).map_err(Trouble::unsent)?;
        Ok(self.http.open(&request, self.times.first).await?)
    }

    /// Posts a message and returns the head of the answer.
    pub(super) async fn post(
        &self,
        message: &ClientJsonRpcMessage,
        headers: &[(&str, &str)],
    ) -> std::result::Result<Streamed, Trouble> {
        let request = self.request(message, headers).map_err(Trouble::unsent)?;
        Ok(self.http.open(&request, self.first(message)).await?)
    }

    /// Returns how long an answer may take to come: that of a tool may come when the tool is done, and not before.
    fn first(&self, message: &ClientJsonRpcMessage) -> Duration {
        if calls(message) { self.times.whole } else { self.times.first }
    }

    /// Returns the same events; what breaks them off is kept as what became of the request.
    fn noted(&self, events: Events, id: RequestId) -> Events {
        let wire = self.clone();
        let noting = move |event: &std::result::Result<Sse, SseError>| match event {
            Ok(_) => {}
            Err(SseError::Body(error)) => {
                let error = Error::new(Code::ProviderError, error.to_string());
                let failure = Failure { fate: Fate::Unknown, error };
                wire.ledger.note(Some(id.clone()), failure.into());
            }
            Err(_) => {
                let failure = wire.garbled("with events that cannot be read");
                wire.ledger.note(Some(id.clone()), failure.into());
            }
        };
        events.inspect(noting).boxed()
    }

    fn request(&self, message: &ClientJsonRpcMessage, headers: &[(&str, &str)]) -> Result<Request> {
        let body = serde_json::to_vec(message)
            .map_err(|error| Error::internal("a message cannot be written", error))?;
        let mut request = self.base.clone().body("application/json", body)?;
        for (name, value) in headers {
            request = request.header(name, value)?;
        }
        request.header("accept", ACCEPTED)
    }

    async fn posted(
        &self,
        message: &ClientJsonRpcMessage,
        session: Option<&str>,
        headers: &Headers,
    ) -> std::result::Result<StreamableHttpPostResponse, Trouble> {
        let headers = named(headers, session);
        let head = self.post(message, &headers).await?;
        match head.status {
            202 | 204 if wanted(message).is_some() && !self.listens => {
                return Err(self.garbled("that it heard, and nothing else").into());
            }
            202 | 204 => return Ok(StreamableHttpPostResponse::Accepted),
            404 if session.is_some() => return Err(self.lost().into()),
            200..=299 => {}
            _ => {
                let answer = head.whole(self.times.first).await?;
                return refused(message, session.is_some(), answer);
            }
        }
        let opened = head.headers.get("mcp-session-id").and_then(|id| id.to_str().ok());
        let opened = opened.map(str::to_owned);
        match (head.kind().as_str(), wanted(message)) {
            (EVENTS, Some(id)) => {
                let events = self.noted(plain(head.events(Span::Whole)), id.clone());
                Ok(StreamableHttpPostResponse::Sse(events, opened))
            }
            (_, None) => Ok(StreamableHttpPostResponse::Accepted),
            ("application/json", Some(id)) => {
                let answer = head.whole(self.first(message)).await?;
                let said = message::answer(&answer.body, id);
                let said = said.ok_or_else(|| self.garbled("in JSON that is no answer to it"))?;
                Ok(StreamableHttpPostResponse::Json(said, opened))
            }
            (kind, Some(_)) => Err(self.garbled(&described(kind)).into()),
        }
    }

    /// Says that an answer is none of the protocol.
    pub(super) fn garbled(&self, how: &str) -> Failure {
        let text = format!("`{}` answers {how}", self.base.host());
        let error = Error::new(Code::ProviderError, text).reason(NO_MCP);
        let error = error.hint("check that the address is that of an MCP server");
        Failure { fate: Fate::Unknown, error }
    }

    fn lost(&self) -> Failure {
        let text = format!("`{}` has forgotten the session", self.base.host());
        let error = Error::new(Code::ProviderError, text).reason(SESSION_LOST);
        Failure { fate: Fate::Refused, error: error.hint("run the command again") }
    }
}

/// Names the type of an answer that cannot be read.
fn described(kind: &str) -> String {
    let shown: String = clean(kind).chars().take(60).collect();
    if shown.is_empty() {
        return "without saying in what".to_owned();
    }
    format!("in `{shown}`, and not in JSON or events")
}

/// Judges an answer whose status is none of success.
fn refused(
    message: &ClientJsonRpcMessage,
    in_session: bool,
    answer: Response,
) -> std::result::Result<StreamableHttpPostResponse, Trouble> {
    let Some(id) = wanted(message) else { return Err(answer.into()) };
    // What these say of a credential or of the server's state, the error in the body does not.
    if matches!(answer.status, 401 | 403 | 429 | 500..) {
        return Err(answer.into());
    }
    let said = message::error(&answer.body);
    let older = discovers(message) && !in_session && answer.status >= 400;
    match said {
        Some(error) => {
            Ok(StreamableHttpPostResponse::Json(message::refusal(error, id.clone()), None))
        }
        None if older => {
            // Whoever does not know the question may say so in any way: one asks as one did before.
            let error = ErrorData::invalid_request("not known", None);
            Ok(StreamableHttpPostResponse::Json(message::refusal(error, id.clone()), None))
        }
        None => Err(answer.into()),
    }
}

/// Returns headers as texts, with that of the session.
fn named<'a>(headers: &'a Headers, session: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let texts =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    texts.chain(session.map(|id| ("mcp-session-id", id))).collect()
}

/// Returns events whose messages the library can read whole.
fn plain(events: Events) -> Events {
    let plain =
        |text: String| String::from_utf8_lossy(&message::plain(text.as_bytes())).into_owned();
    events.map(move |event| event.map(|one| Sse { data: one.data.map(plain), ..one })).boxed()
}

impl StreamableHttpClient for Wire {
    type Error = Noted;

    async fn post_message(
        &self,
        _: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _: Option<String>,
        headers: Headers,
    ) -> std::result::Result<StreamableHttpPostResponse, Unheard> {
        let answer = self.posted(&message, session.as_deref(), &headers).await;
        answer.map_err(|trouble| {
            self.ledger.note(wanted(&message).cloned(), trouble);
            StreamableHttpError::Client(Noted)
        })
    }

    async fn delete_session(
        &self,
        _: Arc<str>,
        session: Arc<str>,
        _: Option<String>,
        headers: Headers,
    ) -> std::result::Result<(), Unheard> {
        let mut request = self.base.with_method(Method::DELETE);
        for (name, value) in named(&headers, Some(&session)) {
            let Ok(next) = request.header(name, value) else { return Ok(()) };
            request = next;
        }
        // A server that does not hear it forgets the session by itself.
        drop(self.http.open(&request, FAREWELL).await);
        Ok(())
    }

    async fn get_stream(
        &self,
        _: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        _: Option<String>,
        headers: Headers,
    ) -> std::result::Result<BoxStream<'static, std::result::Result<Sse, SseError>>, Unheard> {
        let opened = self.streams.fetch_add(1, Ordering::Relaxed);
        if (last.is_none() && !self.listens) || opened >= STREAMS {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        let mut named = named(&headers, session.as_deref());
        named.extend(last.as_deref().map(|last| ("last-event-id", last)));
        match self.listen(&named).await {
            Ok(head) if head.status == 200 && head.kind() == EVENTS => {
                Ok(plain(head.events(Span::Event)))
            }
            Ok(head) if head.status == 405 => Err(StreamableHttpError::ServerDoesNotSupportSse),
            // Nobody waits for this stream alone.
            Ok(_) | Err(_) => Err(StreamableHttpError::Client(Noted)),
        }
    }
}

/// Reads one event as a message; `None` for what is none.
pub(super) fn heard(event: &Sse) -> Option<ServerJsonRpcMessage> {
    message::read(event.data.as_deref()?.as_bytes())
}
