//! `naive serve`: the engine, reached over HTTP. It translates; no rule of the product lives here.
//!
//! A request goes through the `door` (who may speak to this server at all), names its caller by a bearer,
//! becomes an action by the table in `api::routes`, and is answered in the API's own form. `connectors` and
//! `integrations` do the same for APIs with paths, codes and keys of their own.

mod answer;
mod background;
mod callback;
mod caller;
mod composio;
mod connection;
mod connectors;
pub(crate) mod dashboard;
mod dialect;
mod door;
mod fields;
mod health;
mod integrations;
mod mcp;
mod naive;
mod openapi;
mod rates;
mod stream;
#[cfg(test)]
mod tests;
mod wrong;

use std::collections::{HashMap, VecDeque};
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::api::address::is_loopback;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::AppId;
use crate::callback::PATH;
use crate::engine::Engine;
use crate::vault::tokens::TokenKey;
use door::Door;
use integrations::Apps;
use rates::Rates;

/// How many threads answer; as many connections to the store are open. More than there are processors: most of those that
/// write wait for the disk.
pub(crate) const THREADS: usize = 7;
/// How many sentences are remembered, so that none is said twice in a row of rounds.
const REMEMBERED: usize = 64;
/// How long what is under way may take once the server is told to end.
const LAST_CALL: Duration = Duration::from_secs(8);

/// How a server is to be run.
#[derive(Debug)]
pub(crate) struct Options {
    /// Where it listens
    pub(crate) addr: SocketAddr,
    /// Under which address others reach it, if not under that one
    pub(crate) public_url: Option<Url>,
    /// Whether only a proxy reaches it, which ends TLS and checks who comes
    pub(crate) behind_proxy: bool,
    /// How many calls a key has in a minute; 0 for as many as it likes
    pub(crate) rate: u32,
    /// By what the tokens of an app's users are known, by app
    pub(crate) tokens: HashMap<AppId, TokenKey>,
}

/// A server that listens, and does not answer yet.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    site: Arc<Site>,
    /// Tells all who wait that the server ends
    closing: watch::Sender<bool>,
    /// What people at the terminal should know
    told: mpsc::UnboundedReceiver<String>,
}

/// What every request is answered from.
#[derive(Debug)]
struct Site {
    engine: Arc<Engine>,
    door: Door,
    url: Url,
    rates: Rates,
    apps: Apps,
    closing: watch::Receiver<bool>,
    tell: mpsc::UnboundedSender<String>,
}

impl Site {
    /// Returns an address below the server's own.
    fn at(&self, path: &str) -> Result<Url> {
        self.url
            .join(path)
            .map_err(|error| Error::internal("the server's address has no such place", error))
    }

    /// Returns every workspace that is open here, the one that is served and those of apps, with the path at which
    /// browsers come back to it.
    fn workspaces(&self) -> Vec<(String, Arc<Engine>)> {
        let apps = self.apps.all().into_iter().map(|(id, app)| (integrations::callback(&id), app));
        iter::once((PATH.to_owned(), Arc::clone(&self.engine))).chain(apps).collect()
    }

    /// Passes on what a workspace has to say of how it fares. What is about one call alone, its reply tells.
    fn pass_warnings_on(&self, engine: &Engine) {
        let notes = engine.take_notes();
        notes.into_iter().filter(|note| note.is_warning).for_each(|note| self.say(note.text));
    }

    /// Says something to whoever sits at the server's terminal.
    fn say(&self, text: String) {
        // The server ends: nobody listens any more.
        drop(self.tell.send(text));
    }
}

impl Server {
    /// Binds the address.
    ///
    /// Fails with `InvalidInput` if it is taken, or may not be listened on: TLS and whoever comes from
    /// outside are a proxy's to see to.
    pub(crate) async fn open(options: Options, engine: Engine) -> Result<Self> {
        let Options { addr, public_url, behind_proxy, rate, tokens } = options;
        check(addr, public_url.as_ref(), behind_proxy)?;
        let taken = |error: std::io::Error| {
            Error::new(Code::InvalidInput, format!("`{addr}` cannot be listened on: {error}"))
                .hint("choose another with `--addr`, as in `--addr 127.0.0.1:0` for any port")
        };
        let listener = TcpListener::bind(addr).await.map_err(taken)?;
        let bound = listener.local_addr().map_err(taken)?;
        let own = Url::parse(&format!("http://{bound}"))
            .map_err(|error| Error::internal("the server has no address", error))?;
        let url = public_url.unwrap_or(own);
        let (closing, closed) = watch::channel(false);
        let (tell, told) = mpsc::unbounded_channel();
        let door = Door::new(bound, &url);
        let (engine, rates, apps) = (Arc::new(engine), Rates::new(rate), Apps::new(tokens));
        let site = Site { engine, door, url, rates, apps, closing: closed, tell };
        Ok(Self { listener, site: Arc::new(site), closing, told })
    }

    /// Returns the workspace that is served.
    pub(crate) fn engine(&self) -> &Engine {
        &self.site.engine
    }

    /// Returns the address under which others reach it.
    pub(crate) fn url(&self) -> &Url {
        &self.site.url
    }

    /// Answers until `stop`, then lets what is under way end, for eight seconds at most.
    ///
    /// What does not end by then is found and finished by whoever comes next, as after a crash.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>, mut say: impl FnMut(&str)) {
        let Self { listener, site, closing, mut told } = self;
        let router = router(&site);
        let accepting = tokio::spawn(connection::accept(listener, router, closing.subscribe()));
        let rounds = tokio::spawn(background::run(Arc::clone(&site)));
        let telling = tokio::spawn(background::tell(Arc::clone(&site)));
        let mut stop = std::pin::pin!(stop);
        let mut said = VecDeque::new();
        loop {
            let text = tokio::select! {
                () = &mut stop => break,
                Some(text) = told.recv() => text,
            };
            // What is found anew on each round is said once.
            if !said.contains(&text) {
                say(&text);
                said.push_back(text);
                if said.len() > REMEMBERED {
                    said.pop_front();
                }
            }
        }
        // Nobody waits for that where nobody is left.
        let _ = closing.send(true);
        let ended = tokio::time::timeout(LAST_CALL, accepting).await;
        rounds.abort();
        telling.abort();
        if ended.is_err() {
            say(
                "Some calls did not end in time; what they had begun is reconciled by the next `naive serve`, or by `naive approvals reconcile --all`.",
            );
        }
        while let Ok(text) = told.try_recv() {
            say(&text);
        }
    }
}

/// Returns everything that can be asked for.
fn router(site: &Arc<Site>) -> Router {
    Router::new()
        .merge(health::routes())
        .merge(callback::routes())
        .merge(composio::routes())
        .merge(stream::routes())
        .merge(openapi::routes())
        .merge(naive::routes())
        .merge(connectors::routes())
        .merge(integrations::routes())
        .merge(mcp::routes(site))
        .merge(dashboard::routes(site))
        .fallback(answer::nothing)
        .method_not_allowed_fallback(answer::not_that_method)
        .layer(from_fn_with_state(Arc::clone(site), door::guard))
        .with_state(Arc::clone(site))
}

/// Fails if others than this machine could reach the server, and nothing stands in front of it.
fn check(addr: SocketAddr, public_url: Option<&Url>, behind_proxy: bool) -> Result<()> {
    if !addr.ip().is_loopback() && !behind_proxy {
        let text =
            format!("`{addr}` can be reached from other machines, and the server has no TLS");
        return Err(Error::usage(text).hint(
            "put a proxy with TLS in front of it and add `--behind-proxy --public-url https://…`, or listen on 127.0.0.1",
        ));
    }
    let Some(url) = public_url else {
        if addr.ip().is_unspecified() {
            let text = "a server that listens everywhere has no address of its own";
            return Err(Error::usage(text).hint("add `--public-url https://…`"));
        }
        return Ok(());
    };
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !plain || url.username() != "" || url.password().is_some() {
        let text = format!("`{url}` is more than a scheme, a host and a port");
        return Err(Error::usage(text).hint("write it as `https://naive.example.com`"));
    }
    match url.scheme() {
        "https" if behind_proxy => Ok(()),
        "https" => Err(Error::usage("the server has no TLS of its own")
            .hint("put a proxy with TLS in front of it and add `--behind-proxy`")),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(Error::usage(format!("`{url}` is not encrypted"))
            .hint("use `https`, or `http` on this machine")),
    }
}
