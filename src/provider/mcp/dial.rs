//! Opening a session: the newest way of speaking first, then the older ones, as the specification says.
//!
//! Source: MCP specification 2026-07-28, "Transports", and 2025-03-26, "Backwards Compatibility" (read
//! 2026-11-28).

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{ErrorData, ProtocolVersion};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, RunningService, serve_client_with_lifecycle,
};
use rmcp::transport::common::client_side_sse::FixedInterval;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, Transport};

use super::ledger::Trouble;
use super::local::{self, Local};
use super::older::Older;
use super::speaker::Speaker;
use super::wire::Wire;
use super::{Peer, Session, Times, answer};
use crate::api::address::is_loopback;
use crate::api::asking::Voice;
use crate::api::error::{Code, Error};
use crate::http::{Failure, Fate, Http, Request, TOO_SLOW};

/// How often a stream that broke off before its answer came is taken up again.
const RESUMED: usize = 3;

/// Why a session did not come about.
enum Shut {
    /// The server speaks no revision that we speak in this way
    Revision,
    /// It says no in words of the protocol
    Said(ErrorData),
    /// What it says is none of the protocol, or it is gone
    Garbled,
    /// It has not said anything
    Silent,
}

/// Returns the mode that tries the newest revision first.
fn newest() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
    }
}

async fn talk<T: Transport<RoleClient> + 'static>(
    speaker: &Speaker,
    transport: T,
    mode: ClientLifecycleMode,
    within: Duration,
) -> Result<RunningService<RoleClient, Speaker>, Shut> {
    let talk = serve_client_with_lifecycle(speaker.clone(), transport, mode);
    let begun = tokio::time::timeout(within, talk).await.map_err(|_| Shut::Silent)?;
    begun.map_err(|error| shut(&error))
}

fn shut(error: &ClientInitializeError) -> Shut {
    match error {
        // Some say yes to every question and mean nothing by it.
        ClientInitializeError::NoCompatibleProtocolVersion { .. }
        | ClientInitializeError::ExpectedInitResult(_) => Shut::Revision,
        ClientInitializeError::JsonRpcError(error) => Shut::Said(error.clone()),
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => shut(fallback),
        _ => Shut::Garbled,
    }
}

/// Opens a session with a server at an address.
pub(super) async fn remote(
    http: &Arc<Http>,
    request: &Request,
    voice: Voice,
    times: Times,
) -> Result<Session, Trouble> {
    let wire = Wire::new(http, request, times, voice.is_some());
    let speaker = Speaker::new(voice, is_loopback(request.address()));
    let session = |running| Session {
        running,
        life: Arc::clone(speaker.life()),
        ledger: Arc::clone(wire.ledger()),
        peer: Peer::Host(request.host()),
        times,
    };
    let mut begun = talk(&speaker, streamable(&wire), newest(), times.opening).await;
    if matches!(begun, Err(Shut::Revision)) {
        let mode = ClientLifecycleMode::Initialize;
        begun = talk(&speaker, streamable(&wire), mode, times.opening).await;
    }
    let trouble = match begun {
        Ok(running) => return Ok(session(running)),
        Err(shut) => troubled(&wire, shut, times),
    };
    let older =
        matches!(&trouble, Trouble::Refused(said) if matches!(said.status, 400 | 404 | 405));
    if !older {
        return Err(trouble);
    }
    let opened = tokio::time::timeout(times.opening, Older::open(&wire)).await;
    let transport = match opened {
        Ok(Ok(transport)) => transport,
        // What it says to the older question is the answer only if it knows that question.
        Ok(Err(Trouble::Refused(said))) if !matches!(said.status, 401 | 403) => {
            return Err(trouble);
        }
        Ok(Err(trouble)) => return Err(trouble),
        Err(_) => return Err(silent(&request.host(), times.opening)),
    };
    let begun = talk(&speaker, transport, ClientLifecycleMode::Initialize, times.opening).await;
    begun.map(session).map_err(|shut| troubled(&wire, shut, times))
}

/// Opens a session with a program on this machine.
pub(super) async fn nearby(local: &Local, voice: Voice, times: Times) -> Result<Session, Trouble> {
    let speaker = Speaker::new(voice, true);
    let (pipe, watched) = local::start(local)?;
    // A program may have to be fetched before it runs.
    let within = times.opening * 2;
    match talk(&speaker, pipe, newest(), within).await {
        Ok(running) => Ok(Session {
            running,
            life: Arc::clone(speaker.life()),
            ledger: Arc::default(),
            peer: Peer::Program(watched),
            times,
        }),
        Err(Shut::Said(error)) => Err(answer::error(&error).into()),
        Err(Shut::Silent) => Err(silent(&watched.name, within)),
        Err(Shut::Revision | Shut::Garbled) => {
            Err(Peer::Program(watched).gone(Fate::NotSent).await.into())
        }
    }
}

fn streamable(wire: &Wire) -> StreamableHttpClientTransport<Wire> {
    let mut retry = FixedInterval::default();
    retry.max_times = Some(RESUMED);
    // Where a session is lost, whoever called decides what is sent again.
    let mut config = StreamableHttpClientTransportConfig::with_uri("mcp");
    config = config.reinit_on_expired_session(false);
    config.retry_config = Arc::new(retry);
    StreamableHttpClientTransport::with_client(wire.clone(), config)
}

/// Says why a session with a server elsewhere did not come about: in its own words, where it had some.
fn troubled(wire: &Wire, shut: Shut, times: Times) -> Trouble {
    if let Some(trouble) = wire.ledger().last() {
        return trouble;
    }
    match shut {
        Shut::Said(error) => answer::error(&error).into(),
        Shut::Revision => wire.garbled("in no revision of MCP that we speak").into(),
        Shut::Garbled => wire.garbled("with something that is no MCP").into(),
        Shut::Silent => silent(&wire.base().host(), times.opening),
    }
}

fn silent(name: &str, within: Duration) -> Trouble {
    let text = format!("`{name}` did not answer within {} seconds", within.as_secs());
    let error = Error::new(Code::ProviderError, text).reason(TOO_SLOW);
    Failure { fate: Fate::Unknown, error }.into()
}
