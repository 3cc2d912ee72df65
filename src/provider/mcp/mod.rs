//! The client of one MCP server: at an address, or a program on this machine.
//!
//! It lists the server's tools and calls them. It knows no store and no connections: whoever opens a session
//! brings a request with the credential in it. The protocol is the library's; what goes over the network goes
//! through `http`, with its rules for addresses, bounds and masks.

mod answer;
mod dial;
mod ledger;
mod listing;
mod local;
mod message;
mod offered;
mod older;
mod shown;
mod speaker;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use ledger::Trouble;
pub(crate) use local::Local;
pub(crate) use offered::{Offered, Taken, taken};
pub(crate) use shown::{request, shown};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientRequest, ErrorCode, ErrorData, InputRequest,
    InputRequiredResult, ServerResult,
};
use rmcp::service::{PeerRequestOptions, RunningService, ServiceError};
use serde_json::{Map, Value};

use crate::api::asking::Voice;
use crate::api::error::{Code, Error};
use crate::http::{Failure, Fate, Http, Request, Response, TOO_SLOW};
use ledger::Ledger;
use local::Watched;
use speaker::{Life, Speaker};
use wire::NO_MCP;

/// How often a server may ask for more before it answers a call.
const ROUNDS: usize = 10;
/// How long the end of a session may take: a program gets some time to end by itself.
const FAREWELL: Duration = Duration::from_secs(10);

/// How one reaches a server.
#[derive(Debug)]
pub(crate) enum Place {
    /// At an address: a POST to it that carries the credential already
    Http(Box<Request>),
    /// As a program
    Command(Local),
}

/// How long one waits for what.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// Until a session is open
    opening: Duration,
    /// Until an answer begins, but for calls, and until a page of the list is there
    first: Duration,
    /// Between two signs of life while a tool runs and no person is asked
    quiet: Duration,
    /// Until a call has ended, whatever it does and whomever it asks
    whole: Duration,
}

const TIMES: Times = Times {
    opening: Duration::from_mins(1),
    first: Duration::from_secs(30),
    quiet: Duration::from_mins(5),
    whole: Duration::from_mins(30),
};

/// Who is at the other end.
#[derive(Debug)]
enum Peer {
    /// A host
    Host(String),
    /// A program on this machine
    Program(Watched),
}

impl Peer {
    fn name(&self) -> &str {
        match self {
            Self::Host(host) => host,
            Self::Program(watched) => &watched.name,
        }
    }

    /// Says that it has gone, with its last words if it had some.
    async fn gone(&self, fate: Fate) -> Failure {
        let name = self.name();
        let text = match self {
            Self::Host(_) => format!("`{name}` ended without an answer"),
            Self::Program(watched) => match watched.last_words().await {
                Some(words) => format!("`{name}` ended without an answer, and said `{words}`"),
                None => format!("`{name}` ended without an answer, and said nothing"),
            },
        };
        let error = Error::new(Code::ProviderError, text).reason("connection_broken");
        Failure { fate, error }
    }

    /// Says that its answer cannot be read.
    fn garbled(&self, fate: Fate) -> Failure {
        let text = format!("`{}` gives an answer that is none of MCP", self.name());
        Failure { fate, error: Error::new(Code::ProviderError, text).reason(NO_MCP) }
    }

    /// Says that nothing was heard of it.
    fn silent(&self, within: Duration) -> Failure {
        let text = format!("`{}` said nothing for {} seconds", self.name(), within.as_secs());
        let error = Error::new(Code::ProviderError, text).reason(TOO_SLOW);
        Failure { fate: Fate::Unknown, error }
    }
}

/// An open session with one server. Where it is dropped and not closed, a program is ended all the same.
pub(crate) struct Session {
    running: RunningService<RoleClient, Speaker>,
    life: Arc<Life>,
    ledger: Arc<Ledger>,
    peer: Peer,
    times: Times,
}

/// Why a request of the protocol has no result.
enum Unheard {
    /// The server says no
    Said(ErrorData),
    /// Anything else
    Trouble(Trouble),
}

impl From<Failure> for Unheard {
    fn from(failure: Failure) -> Self {
        Self::Trouble(failure.into())
    }
}

impl From<Unheard> for Trouble {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::Said(error) => answer::error(&error).into(),
            Unheard::Trouble(trouble) => trouble,
        }
    }
}

/// Opens a session.
///
/// Fails with the server's own answer where it had one (401 and 403 with their challenge), else with what went
/// wrong: of whatever one wants to call, no byte has left.
pub(crate) async fn open(
    http: &Arc<Http>,
    place: &Place,
    voice: Voice,
) -> Result<Session, Trouble> {
    open_within(http, place, voice, TIMES).await
}

async fn open_within(
    http: &Arc<Http>,
    place: &Place,
    voice: Voice,
    times: Times,
) -> Result<Session, Trouble> {
    let opened = match place {
        Place::Http(request) => Box::pin(dial::remote(http, request, voice, times)).await,
        Place::Command(local) => Box::pin(dial::nearby(local, voice, times)).await,
    };
    opened.map_err(Trouble::before)
}

impl Session {
    /// Calls a tool by the server's name for it and returns its answer: with status 200 the result of the call
    /// as JSON (`content`, `structuredContent`, `isError`), else what the server said no with.
    ///
    /// Fails with what became of the call where there is no answer. The call is sent once; again only where the
    /// server has said that it did not do it, as it asks for more or misses a header.
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<Response, Failure> {
        let mut told = false;
        let mut params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        for round in 0..ROUNDS {
            let asked = ClientRequest::CallToolRequest(CallToolRequest::new(params.clone()));
            match self.ask(asked, self.times.quiet).await {
                Ok(ServerResult::InputRequiredResult(wanted)) => {
                    params = self.supplied(params, wanted).await?;
                }
                Ok(result) => {
                    let response = self.result(result);
                    return response.ok_or_else(|| self.peer.garbled(Fate::Unknown));
                }
                Err(Unheard::Said(error)) if error.code == ErrorCode::HEADER_MISMATCH && !told => {
                    // Which inputs stand in headers too, the list of tools says.
                    told = true;
                    drop(self.tools().await);
                }
                Err(unheard) => match unheard.into() {
                    Trouble::Refused(response) => return Ok(*response),
                    Trouble::Failed(failure) => return Err(doubted(*failure, round > 0)),
                },
            }
        }
        let text = format!("`{}` asks for more and more", self.peer.name());
        let error = Error::new(Code::ProviderError, text).reason(NO_MCP);
        Err(Failure { fate: Fate::Unknown, error })
    }

    /// Ends the session; a program that does not end by itself is made to.
    pub(crate) async fn close(mut self) {
        // Nothing depends on how it ends.
        drop(self.running.close_with_timeout(FAREWELL).await);
    }

    /// Returns the result of a call as an answer; `None` if it is that of something else.
    fn result(&self, result: ServerResult) -> Option<Response> {
        let value = match result {
            ServerResult::CallToolResult(result) => serde_json::to_value(result).ok(),
            ServerResult::CustomResult(result) => Some(result.0),
            ServerResult::EmptyResult(_) => Some(Value::Object(Map::new())),
            _ => None,
        };
        let mut response = answer::result(&value.filter(Value::is_object)?);
        if let Peer::Program(watched) = &self.peer {
            let text = String::from_utf8_lossy(&response.body);
            response.body = watched.masked(&text).into_bytes();
        }
        Some(response)
    }

    /// Returns the call again, with what the server asks for.
    async fn supplied(
        &self,
        mut params: CallToolRequestParams,
        wanted: InputRequiredResult,
    ) -> Result<CallToolRequestParams, Failure> {
        let requests = wanted.input_requests.unwrap_or_default();
        if requests.is_empty() && wanted.request_state.is_none() {
            return Err(self.peer.garbled(Fate::Unknown));
        }
        let mut responses = BTreeMap::new();
        for (name, request) in requests {
            let InputRequest::Elicitation(request) = request else {
                let text = format!("`{}` wants of us what we do not offer", self.peer.name());
                let error = Error::new(Code::ProviderError, text).reason("not_offered");
                return Err(Failure { fate: Fate::Refused, error });
            };
            let answer = self.running.service().ask(request.params).await;
            responses.insert(name, serde_json::to_value(answer).unwrap_or_default());
        }
        params.input_responses = (!responses.is_empty()).then_some(responses);
        params.request_state = wanted.request_state;
        Ok(params)
    }

    /// Sends a request and waits for its result, `quiet` long after each sign of life.
    async fn ask(&self, request: ClientRequest, quiet: Duration) -> Result<ServerResult, Unheard> {
        let options = PeerRequestOptions::no_options();
        let Ok(mut handle) = self.running.send_request_with_option(request, options).await else {
            // It was not taken: whoever would send it has ended.
            return Err(self.peer.gone(Fate::NotSent).await.into());
        };
        let whole = tokio::time::sleep(self.times.whole);
        tokio::pin!(whole);
        let heard = loop {
            tokio::select! {
                heard = &mut handle.rx => break heard,
                () = &mut whole => {
                    return Err(self.given_up(handle, self.times.whole).await);
                }
                () = tokio::time::sleep(quiet) => {
                    if !self.life.waits_for_a_person() {
                        return Err(self.given_up(handle, quiet).await);
                    }
                }
                () = self.life.heard() => {}
            }
        };
        match (self.ledger.of(&handle.id), heard) {
            (_, Ok(Ok(result))) => Ok(result),
            (Some(trouble), _) => Err(Unheard::Trouble(trouble)),
            (None, Ok(Err(ServiceError::McpError(error)))) => Err(Unheard::Said(error)),
            (None, Ok(Err(ServiceError::UnexpectedResponse))) => {
                Err(self.peer.garbled(Fate::Unknown).into())
            }
            (None, Ok(Err(_)) | Err(_)) => Err(self.peer.gone(Fate::Unknown).await.into()),
        }
    }

    /// Tells the server that nobody waits any more.
    async fn given_up(
        &self,
        handle: rmcp::service::RequestHandle<RoleClient>,
        after: Duration,
    ) -> Unheard {
        let reason = Some("it took too long".to_owned());
        // If it does not hear that either, nothing more can be done.
        drop(tokio::time::timeout(Duration::from_secs(1), handle.cancel(reason)).await);
        self.peer.silent(after).into()
    }
}

/// Returns what became of a call; after a round, what was never sent again is in doubt.
fn doubted(failure: Failure, later: bool) -> Failure {
    match failure.fate {
        Fate::NotSent if later => Failure { fate: Fate::Unknown, ..failure },
        Fate::NotSent | Fate::Refused | Fate::Unknown => failure,
    }
}
