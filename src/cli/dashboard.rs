//! `naive dashboard`: finds the server of this store, or becomes it, and opens the dashboard in the browser.

use std::net::SocketAddr;

use clap::Args;
use serde_json::json;
use url::Url;

use super::browser;
use super::output::{Output, Page, note};
use super::serve::{self, Serve};
use crate::api::error::Result;
use crate::api::time::Millis;
use crate::engine::Engine;
use crate::server::dashboard::link;
use crate::settings::Settings;

/// Open the dashboard: what waits for you, connections, trading, keys, the log
///
/// It opens by a link that is good once, for five minutes, and signs the browser in for twelve hours. If
/// `naive serve` runs on this store, that shows it; if not, this serves on this machine alone until Ctrl-C. A
/// caller with a key is refused: the dashboard is the operator's.
#[derive(Debug, Args)]
pub(crate) struct Dashboard {
    /// Where to listen if no server of this store runs; port 0 takes any
    #[arg(long, value_name = "HOST:PORT")]
    addr: Option<SocketAddr>,
    /// Print the link instead of opening it
    #[arg(long)]
    no_browser: bool,
}

/// Opens the dashboard, and returns the exit status.
pub(crate) async fn run(
    told: Dashboard,
    settings: &Settings,
    engine: Engine,
    output: &Output,
) -> Result<u8> {
    if let Some(server) = engine.store().server() {
        if told.addr.is_some() {
            note(&format!("A server of this store runs at {server}; `--addr` was not used."))?;
        }
        let (url, until) = link(engine.store(), &server)?;
        let opened = opened(&told, settings, &url)?;
        shown(output, &url, (until, opened), None)?;
        return Ok(0);
    }
    let serving = told.addr.map_or_else(Serve::default, Serve::at);
    serve::until_told(serving, settings, engine, |engine, server| {
        let (url, until) = link(engine.store(), server)?;
        let opened = opened(&told, settings, &url)?;
        shown(output, &url, (until, opened), Some(server))
    })
    .await
}

/// Opens the link, if that is wanted and there is something to open it with.
fn opened(told: &Dashboard, settings: &Settings, url: &Url) -> Result<bool> {
    if told.no_browser || !browser::is_there(settings) {
        return Ok(false);
    }
    match browser::open(settings, url) {
        // Whether it showed the page, the person sees: the link is told either way.
        Ok(_) => Ok(true),
        Err(error) => note(&format!("The browser was not opened: {error}.")).map(|()| false),
    }
}

/// Says what the link is, and who serves it.
fn shown(
    output: &Output,
    url: &Url,
    (until, opened): (Millis, bool),
    server: Option<&Url>,
) -> Result<()> {
    let mut page = Page::default();
    if let Some(server) = server {
        let address = server.as_str().trim_end_matches('/');
        page.text(format!("Serving the dashboard at {address}/dashboard. Ctrl-C ends it."));
    }
    let verb = if opened { "It opens in your browser" } else { "Open it in a browser" };
    page.text(format!("{verb}; the link is good once, until {} UTC:", until.plain()));
    page.text(url.as_str());
    let reply = json!({
        "url": url,
        "expires_at": until,
        "opened": opened,
        "serving": server.is_some(),
    });
    output.reply("dashboard", reply, page).map(drop)
}
