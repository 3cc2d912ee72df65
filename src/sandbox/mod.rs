//! The outside world in miniature: one HTTP server on loopback that plays the OAuth servers and the
//! apps, and remembers everything in a database of its own. Some apps have a module; the others are
//! played by one generic rule.
//!
//! It is reached by URL alone and takes part in nothing else; a played app is a plain function from
//! a [`Call`] to a response, in the vendor's own JSON and error shapes. No real account is touched.

mod agency;
mod calendar;
mod detached;
pub(crate) mod exchange;
mod fail;
mod generic;
mod github;
mod gmail;
mod google;
mod guest;
mod hackernews;
mod http;
mod notion;
mod oauth;
mod page;
mod refusal;
mod slack;
mod store;
mod stripe;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::serve::ListenerExt;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::api::error::{Error, Result};
pub(crate) use detached::{detached, mark};
use fail::Fate;
use http::Call;
#[cfg(test)]
use store::Contents;
use store::Store;
pub(crate) use store::failures::{clear, plan, planned};
pub(crate) use store::{contents, reset};

/// The largest request that is read: a Gmail message with its attachments (source: Gmail API,
/// `users.messages.send`, 35 MB).
const LARGEST_BODY: usize = 36 << 20;

/// How a sandbox is to be run.
pub(crate) struct Options {
    /// The file it remembers everything in; made 0600 if there is none.
    pub(crate) database: PathBuf,
    /// The port on 127.0.0.1, or 0 for any.
    pub(crate) port: u16,
    /// Whether the apps accept bearers nobody issued, for clients that bring their own.
    pub(crate) any_bearer: bool,
}

/// A running sandbox. It ends when this is dropped.
pub(crate) struct Sandbox {
    url: Url,
    world: Arc<World>,
    server: JoinHandle<()>,
}

/// What every played part is handed.
struct World {
    store: Store,
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    base: String,
    /// The values of `Host` under which this server may be addressed.
    hosts: [String; 2],
    any_bearer: bool,
    /// The accounts of the paper exchange that were served last.
    exchange: exchange::Memory,
    /// When the last request came or was answered.
    last_call: Mutex<Instant>,
}

impl World {
    fn touch(&self) {
        *self.last_call.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn quiet_since(&self) -> Duration {
        self.last_call.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// Opens the database, binds the port and serves on the current runtime.
///
/// Fails with `internal_error` where the database cannot be used or the port is taken.
pub(crate) async fn start(options: Options) -> Result<Sandbox> {
    let store = Store::open(&options.database)?;
    let unbound = |cause| {
        Error::internal(format!("the sandbox cannot listen on port {}", options.port), cause)
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(unbound)?;
    let port = listener.local_addr().map_err(unbound)?.port();
    let base = format!("http://127.0.0.1:{port}");
    let url = Url::parse(&base)
        .map_err(|cause| Error::internal("the sandbox's address is no URL", cause))?;
    let world = Arc::new(World {
        store,
        base,
        hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        any_bearer: options.any_bearer,
        exchange: exchange::Memory::default(),
        last_call: Mutex::new(Instant::now()),
    });
    let router = Router::new().fallback(serve).with_state(Arc::clone(&world));
    // Replies are small: waiting for more to send would only add latency. If the option is refused
    // the reply is merely slower.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = tokio::spawn(async move {
        // `axum::serve` ends by being aborted only; it retries failing accepts by itself.
        drop(axum::serve(listener, router).await);
    });
    Ok(Sandbox { url, world, server })
}

impl Sandbox {
    /// Returns `http://127.0.0.1:PORT/`.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Resolves once no request has come for `span`.
    pub(crate) async fn idle_for(&self, span: Duration) {
        while let Some(rest) = span.checked_sub(self.world.quiet_since()).filter(|d| !d.is_zero()) {
            tokio::time::sleep(rest).await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Answers any request: the one door through which the outside comes in.
async fn serve(State(world): State<Arc<World>>, request: Request) -> Response {
    world.touch();
    let (parts, body) = request.into_parts();
    // A page on the web whose name was rebound to loopback sends its own name here.
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| world.hosts.iter().any(|own| own == host)) {
        let text = "this server answers to its own name only: see the Host header";
        return http::json(StatusCode::FORBIDDEN, &json!({ "error": { "message": text } }));
    }
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        let text = "the request is larger than 36 MiB or broke off";
        return http::json(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "error": { "message": text } }));
    };
    let Fate { response, after } = fail::fate(&world, &Call::new(&parts, body)).await;
    if !after.is_zero() {
        tokio::time::sleep(after).await;
    }
    world.touch();
    response
}

/// Hands a request to whoever plays that part; what the module of an app leaves, its manifest plays.
fn answer(world: &World, call: &Call) -> Response {
    let answered = match call.path().as_slice() {
        [] => page::home(),
        [slug, "oauth", endpoint] => oauth::answer(world, call, slug, endpoint),
        // RFC 8414 puts the well-known part first; many servers and clients have it last.
        [slug, ".well-known", "oauth-authorization-server" | "openid-configuration"]
        | [".well-known", "oauth-authorization-server", slug] => oauth::metadata(world, slug),
        ["gmail", "gmail", "v1", "users", user, rest @ ..] => {
            gmail::answer(world, call, user, rest)
        }
        ["stripe", "v1", rest @ ..] => stripe::answer(world, call, rest),
        ["hackernews", "v0", rest @ ..] => hackernews::answer(call, rest),
        ["google-calendar", "calendar", "v3", rest @ ..] => calendar::answer(world, call, rest),
        ["slack", "api", method] => slack::answer(world, call, method),
        ["github", rest @ ..] => github::answer(world, call, rest),
        ["notion", "v1", rest @ ..] => notion::answer(world, call, rest),
        [exchange::APP, rest @ ..] => exchange::answer(world, call, rest),
        [agency::APP, rest @ ..] => agency::answer(world, call, rest),
        ["gmail" | "stripe" | "hackernews" | "google-calendar" | "slack" | "notion", ..] => {
            call.leave();
            http::not_found("the sandbox does not know this path of the app")
        }
        [slug, ..] => generic::answer(world, call, slug),
    };
    match call.path().first() {
        Some(slug) if call.is_left() => generic::rest(world, call, slug).unwrap_or(answered),
        Some(_) | None => answered,
    }
}
