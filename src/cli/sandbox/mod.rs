//! `naive sandbox`: what its commands are and look like. `main` runs the sandbox itself.

pub(crate) mod exchange;

use std::time::Duration;

use clap::{Subcommand, ValueEnum as _};
use serde_json::{Value, json};
use url::Url;

use super::output::{Output, Page, word};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::sandbox::{At, Failure, What};
use crate::api::toolkits::AuthType;
use crate::api::trading::amount::Amount;
use crate::catalog;
use crate::catalog::search::{did_you_mean, nearest};
use crate::settings::{Profile, Settings};
use exchange::{Clock, Fills, Price};

/// The simulated apps of the sandbox profile.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what the simulated apps remember
    Status,
    /// Make the simulated apps forget everything, the exchange's prices, clock and settings included
    Reset {
        /// Only forget the accounts of the exchange, and let new ones begin with so many dollars
        #[arg(long, value_name = "DOLLARS")]
        cash: Option<Amount>,
    },
    /// Set the prices of the exchange, or let them walk or replay
    #[command(subcommand)]
    Price(Price),
    /// Set the clock of the exchange
    #[command(subcommand)]
    Clock(Clock),
    /// Show or set how the exchange fills orders
    Fills(Fills),
    /// Let the next requests to the simulated apps fail, to see what happens then
    Fail(Fail),
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
            Self::Reset { .. } => "sandbox.reset",
            Self::Price(_) => "sandbox.price",
            Self::Clock(_) => "sandbox.clock",
            Self::Fills(_) => "sandbox.fills",
            Self::Fail(_) => "sandbox.fail",
            Self::Serve(_) => "sandbox.serve",
        }
    }

    /// Tells whether it changes what the simulated apps remember or do for everybody.
    pub(crate) fn is_the_operators(&self) -> bool {
        match self {
            Self::Reset { .. } | Self::Price(_) | Self::Fills(_) => true,
            Self::Clock(clock) => !matches!(clock, Clock::Show),
            Self::Fail(fail) => !fail.list,
            Self::Status | Self::Serve(_) => false,
        }
    }
}

/// Which requests fail, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Fail {
    /// How they fail
    #[arg(value_name = "WHAT")]
    what: Option<What>,
    /// How many requests fail
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    times: u32,
    /// Only requests to this app, or to `actions` for cards, domains and the like; any if absent
    #[arg(long, value_name = "SLUG")]
    toolkit: Option<Slug>,
    /// Which requests fail
    #[arg(long, default_value = "api")]
    at: At,
    /// Show the failures still to come
    #[arg(long, conflicts_with_all = ["what", "times", "toolkit", "at", "clear"])]
    list: bool,
    /// Forget the failures still to come
    #[arg(long, conflicts_with_all = ["what", "times", "toolkit", "at"])]
    clear: bool,
}

/// What `sandbox fail` was told to do.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Plan a failure
    Plan(Failure),
    /// Show what is planned
    List,
    /// Forget what is planned
    Clear,
}

impl Fail {
    /// Returns what is to be done.
    ///
    /// Fails with `InvalidInput` where a failure of consents is to happen elsewhere, or one of logins at an
    /// app that has none.
    pub(crate) fn asked(self) -> Result<Asked> {
        let what = match (self.what, self.clear, self.list) {
            (Some(what), ..) => what,
            (None, true, _) => return Ok(Asked::Clear),
            (None, false, true) => return Ok(Asked::List),
            (None, false, false) => {
                let kinds: Vec<_> = What::value_variants().iter().map(word).collect();
                return Err(Error::usage("it is not said how the requests fail")
                    .hint(format!("say one of `{}`", kinds.join("`, `"))));
            }
        };
        let (times, toolkit) = (self.times, self.toolkit);
        let at = match (what.is_of_consent(), self.at) {
            (true, At::Token) => {
                let text =
                    format!("`{}` happens at consent, not at the token endpoint", word(&what));
                return Err(Error::new(Code::InvalidInput, text).hint("leave `--at` out"));
            }
            (true, At::Api | At::Consent) => At::Consent,
            (false, at) => at,
        };
        if at != At::Api {
            check_oauth(toolkit.as_ref())?;
        }
        Ok(Asked::Plan(Failure { what, at, toolkit, times }))
    }
}

/// Fails with `InvalidInput` if an app that is shipped has no OAuth login that could fail.
fn check_oauth(toolkit: Option<&Slug>) -> Result<()> {
    let shipped = toolkit.and_then(catalog::builtin_card).transpose()?;
    match shipped.filter(|manifest| manifest.auth.kind != AuthType::Oauth2) {
        Some(manifest) => {
            let text = format!("nobody logs in to `{}` with OAuth", manifest.slug);
            Err(Error::new(Code::InvalidInput, text).hint("choose another `--toolkit`"))
        }
        None => Ok(()),
    }
}

/// Shows how many things of each kind the sandbox remembers, and which failures are to come.
pub(crate) fn status(
    output: &Output,
    database: &str,
    contents: Value,
    failures: &[Failure],
) -> Result<u8> {
    let mut page = Page::default();
    page.fields(&[("file", Some(database.to_owned()))]);
    if let Value::Object(counts) = &contents {
        let counts: Vec<_> =
            counts.iter().map(|(kind, count)| vec![kind.clone(), count.to_string()]).collect();
        page.table(&["what", "how many"], counts);
    }
    if !failures.is_empty() {
        page.text("");
        page.table(&COLUMNS, rows(failures));
        page.next("naive sandbox fail --clear", "forget these failures");
    }
    let result = json!({ "file": database, "contents": contents, "failures": failures });
    output.reply("sandbox.status", result, page)
}

/// Shows the failures still to come.
pub(crate) fn failures(output: &Output, failures: &[Failure], settings: &Settings) -> Result<u8> {
    let mut page = Page::default();
    if settings.profile != Profile::Sandbox {
        page.hint(format!(
            "The `{}` profile uses the real apps: these failures concern its `naive sandbox serve` alone.",
            settings.profile.as_str()
        ));
    }
    if failures.is_empty() {
        page.text("No failures are to come.");
        page.next("naive sandbox fail rate-limit", "let the next request fail");
    } else {
        page.table(&COLUMNS, rows(failures));
        page.next("naive sandbox fail --clear", "forget them");
    }
    let shipped = |slug: &Slug| catalog::builtin_slugs().any(|own| own == slug.as_str());
    for slug in failures.iter().filter_map(|failure| failure.toolkit.as_ref()) {
        if !shipped(slug) && slug.as_str() != ACTIONS && *slug != Slug::brokerage() {
            let near = nearest(slug.as_str(), catalog::builtin_slugs());
            let advice = did_you_mean(&near, "an added one may be");
            page.hint(format!("No shipped toolkit is called `{slug}`; {advice}"));
        }
    }
    output.reply("sandbox.fail", json!({ "failures": failures }), page)
}

/// What stands for whoever performs the sensitive actions, in place of an app.
const ACTIONS: &str = "actions";

/// What a table of failures shows.
const COLUMNS: [&str; 4] = ["failure", "at", "toolkit", "times"];

fn rows(failures: &[Failure]) -> Vec<Vec<String>> {
    let row = |failure: &Failure| {
        let toolkit = failure.toolkit.as_ref().map_or("any", |slug| slug.as_str());
        let (what, at) = (word(&failure.what), word(&failure.at));
        vec![what, at, toolkit.to_owned(), failure.times.to_string()]
    };
    failures.iter().map(row).collect()
}

/// Says that the sandbox has forgotten everything.
pub(crate) fn reset(output: &Output) -> Result<u8> {
    let mut page = Page::default();
    page.text(
        "The simulated apps have forgotten everything. OAuth logins made before no longer work; keys still do.",
    );
    output.reply("sandbox.reset", json!({ "reset": true }), page)
}

/// Says where the sandbox is served.
pub(crate) fn served(output: &Output, url: &Url) -> Result<u8> {
    let mut page = Page::default();
    page.text(format!("The sandbox is at {url}. Ctrl-C ends it."));
    let environment = exchange::environment(url);
    page.text("\nFor programs that trade at its exchange, each key an account of its own:");
    for (name, value) in &environment {
        page.text(format!("export {name}={value}"));
    }
    let environment: serde_json::Map<_, _> =
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    output.reply("sandbox.serve", json!({ "url": url, "environment": environment }), page)
}
