//! `naive serve`: what it is told, and what it says when it begins.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;
use serde_json::json;
use url::Url;

use super::output::{Output, Page, note};
use super::signals::Signals;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::AppId;
use crate::engine::Engine;
use crate::server::{Options, Server, THREADS};
use crate::settings::{JwtConfig, Profile, Settings};
use crate::vault::tokens::TokenKey;

/// Where it listens if nobody says.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3101);
/// How many calls a key has in a minute if nobody says.
const CALLS: u32 = 300;

/// Serve the Naive API from this store, to programs with keys of yours
///
/// Agents under another OS user reach the store through it, and nothing else of it. Whoever calls brings a key
/// (`naive keys create`) as `Authorization: Bearer`; `GET /openapi.json` says what there is. Logins come back to
/// `/oauth/callback` below its address. What is due, and what processes that ended have left, it sees to on
/// its rounds. It has no TLS: from other machines it is reached through a proxy alone. SIGTERM and Ctrl-C let
/// what is under way end.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes any
    #[arg(long, default_value_t = USUAL, value_name = "HOST:PORT")]
    addr: SocketAddr,
    /// Address under which others reach it, and browsers come back to it
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// A proxy with TLS stands in front of it, and nobody else reaches it
    #[arg(long)]
    behind_proxy: bool,
    /// How many calls a key has in a minute; 0 for as many as it likes
    #[arg(long, default_value_t = CALLS, value_name = "CALLS")]
    rate_limit: u32,
}

impl Serve {
    /// Serves there, for this machine alone.
    pub(crate) fn at(addr: SocketAddr) -> Self {
        Self { addr, public_url: None, behind_proxy: false, rate_limit: CALLS }
    }
}

impl Default for Serve {
    fn default() -> Self {
        Self::at(USUAL)
    }
}

/// Serves until a signal comes, and returns the exit status.
pub(crate) async fn run(
    told: Serve,
    settings: &Settings,
    engine: Engine,
    output: &Output,
) -> Result<u8> {
    until_told(told, settings, engine, |_, url| begun(settings, output, url)).await
}

/// Serves until a signal comes, says so by `begun` once others can call, and returns the exit status.
///
/// Where it is, the store is told: `naive dashboard` finds it there.
pub(crate) async fn until_told(
    told: Serve,
    settings: &Settings,
    engine: Engine,
    begun: impl FnOnce(&Engine, &Url) -> Result<()>,
) -> Result<u8> {
    let engine = engine.shared(THREADS)?;
    engine.make_ready()?;
    engine.take_notes().iter().try_for_each(|one| note(&one.text))?;
    let options = Options {
        addr: told.addr,
        public_url: told.public_url,
        behind_proxy: told.behind_proxy,
        rate: told.rate_limit,
        tokens: tokens(settings)?,
    };
    let mut signals = Signals::listen()?;
    let server = Server::open(options, engine).await?;
    let sign = server.engine().store().serving_at(server.url());
    if let Err(error) = &sign {
        note(&format!("`naive dashboard` will not find this server: {error}."))?;
    }
    begun(server.engine(), server.url())?;
    let stop = async {
        signals.next().await;
    };
    server.run(stop, |text| drop(note(text))).await;
    drop(sign);
    Ok(0)
}

/// Returns by what the tokens of users are known, as the config file says it.
fn tokens(settings: &Settings) -> Result<HashMap<AppId, TokenKey>> {
    let key = |told: &JwtConfig| match told {
        JwtConfig::Hs256(secret) => TokenKey::secret(secret),
        JwtConfig::Rs256(pem) => TokenKey::public(pem),
    };
    let all = settings.config.serve.jwt.iter();
    let named = |app: &AppId, error: Error| {
        let message = format!("`[serve.jwt.{app}]` in the config file: {}", error.message);
        Error { message, ..error }
    };
    all.map(|(app, told)| Ok((app.clone(), key(told).map_err(|error| named(app, error))?)))
        .collect()
}

/// Makes the error of a profile whose store is elsewhere.
pub(crate) fn elsewhere() -> Error {
    Error::new(Code::InvalidInput, "`naive serve` serves a store of this machine")
        .hint("use `--profile sandbox` or `--profile local`")
}

/// Says where it is, and how it is spoken to.
fn begun(settings: &Settings, output: &Output, url: &Url) -> Result<()> {
    let address = url.as_str().trim_end_matches('/');
    let profile = settings.profile;
    let apps = match profile {
        Profile::Sandbox => "the sandbox's apps",
        Profile::Local | Profile::Cloud => "the real apps",
    };
    let mut page = Page::default();
    page.text(format!("Serving the Naive API at {address}, with {apps}. Ctrl-C ends it."));
    page.next("naive keys create --name bot --role agent", "make a key for a program");
    page.next(format!("curl {address}/openapi.json"), "see what there is");
    output.reply("serve", json!({ "url": address, "profile": profile }), page)?;
    Ok(())
}
