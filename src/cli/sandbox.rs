//! `naive sandbox`: what its commands are and look like. `main` runs the sandbox itself.

use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};
use url::Url;

use super::output::{Output, Page};
use crate::api::error::Result;

/// The simulated apps of the sandbox profile.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what the simulated apps remember
    Status,
    /// Make the simulated apps forget everything
    Reset,
    /// Run the simulated apps for clients of your own; they take any bearer
    Serve(Serve),
}

/// How the sandbox is served.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Port on 127.0.0.1; 0 takes any
    #[arg(long, default_value_t = 3102)]
    pub(crate) port: u16,
    /// End after so many seconds without a request; how a link that outlives its command is served
    #[arg(long, hide = true, value_name = "SECONDS")]
    pub(crate) idle: Option<u64>,
}

impl Serve {
    /// Returns how long it may be idle before it ends.
    pub(crate) fn idle(&self) -> Option<Duration> {
        self.idle.map(Duration::from_secs)
    }
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status => "sandbox.status",
            Self::Reset => "sandbox.reset",
            Self::Serve(_) => "sandbox.serve",
        }
    }
}

/// Shows how many things of each kind the sandbox remembers.
pub(crate) fn status(output: &Output, database: &str, contents: Value) -> Result<u8> {
    let mut page = Page::default();
    page.fields(&[("file", Some(database.to_owned()))]);
    if let Value::Object(counts) = &contents {
        let counts: Vec<_> =
            counts.iter().map(|(kind, count)| vec![kind.clone(), count.to_string()]).collect();
        page.table(&["what", "how many"], counts);
    }
    output.reply("sandbox.status", json!({ "file": database, "contents": contents }), page)
}

/// Says that the sandbox has forgotten everything.
pub(crate) fn reset(output: &Output) -> Result<u8> {
    let mut page = Page::default();
    page.text(
        "The simulated apps have forgotten everything. Connections made before no longer work.",
    );
    output.reply("sandbox.reset", json!({ "reset": true }), page)
}

/// Says where the sandbox is served.
pub(crate) fn served(output: &Output, url: &Url) -> Result<u8> {
    let mut page = Page::default();
    page.text(format!("The sandbox is at {url}. Ctrl-C ends it."));
    output.reply("sandbox.serve", json!({ "url": url }), page)
}
