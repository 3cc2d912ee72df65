//! Waiting for a login that ends on a page of somebody else's: no browser comes back from there, so one asks.

use std::pin::pin;
use std::time::Duration;

use url::Url;

use super::device::{given_up, question};
use super::output::note;
use super::signals::Signals;
use super::wait::{LOGIN, raced, spinner};
use super::{App, browser};
use crate::api::connections::{ConnectState, Status};
use crate::api::error::Result;
use crate::api::ids::UserRef;

/// How long to wait before asking again. How often the other side is asked, the engine sees to.
const GLANCE: Duration = Duration::from_secs(1);

/// One login behind a link that is waited for.
pub(crate) struct LinkLogin<'a> {
    app: &'a App<'a>,
    name: &'a str,
    started: &'a ConnectState,
    user: Option<&'a UserRef>,
}

impl<'a> LinkLogin<'a> {
    /// Waits for the login that was started to the app called `name`.
    pub(crate) fn new(
        app: &'a App<'a>,
        name: &'a str,
        started: &'a ConnectState,
        user: Option<&'a UserRef>,
    ) -> Self {
        Self { app, name, started, user }
    }

    /// Opens the link where a browser is there, or else shows it, and returns how the login ended.
    pub(crate) async fn run(
        &self,
        (link, opens): (&Url, bool),
        patience: Duration,
    ) -> Result<ConnectState> {
        let mut signals = Signals::listen()?;
        self.announce(link, opens)?;
        let spinner = spinner(self.app, LOGIN, false);
        let login = pin!(async {
            loop {
                tokio::time::sleep(GLANCE).await;
                let state = self
                    .app
                    .done(self.app.as_caller(), question(self.started, self.user, None))
                    .await?;
                if state.status != Status::Initiated && !state.asked {
                    return Ok(state);
                }
            }
        });
        let ended = match raced(self.app, self.started, patience, login, &mut signals).await {
            Ok(ended) => ended,
            Err((why, error)) => {
                let last = question(self.started, self.user, Some(why));
                Err(given_up(self.app, last, error).await)
            }
        };
        spinner.finish_and_clear();
        ended
    }

    fn announce(&self, link: &Url, opens: bool) -> Result<()> {
        let name = self.name;
        if opens {
            match browser::open(&self.app.settings, link) {
                Ok(_) => {
                    return note(&format!(
                        "Opening the browser to connect {name}. If it does not open, use this link:\n\n  {link}\n"
                    ));
                }
                Err(error) => note(&format!("The browser did not open: {error}."))?,
            }
        }
        note(&format!(
            "Open this link in any browser to connect {name}:\n\n  {link}\n\nThis waits until the login has ended there."
        ))
    }
}
