//! `connections connect --device` and `poll`: a code for the person, and questions to the app.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;

use super::output::note;
use super::signals::Signals;
use super::wait::{LOGIN, consent, raced, read_lines, spinner};
use super::{App, connect};
use crate::api::connections::ConnectState;
use crate::api::error::{Error, Result};
use crate::api::ids::UserRef;
use crate::api::logins::{DeviceCode, Poll};
use crate::api::time::Millis;
use crate::settings::Profile;

/// Longest sleep between two looks, so that a clock that is set back does not stop the wait.
const GLANCE: Duration = Duration::from_secs(10);

/// One login on another device that is waited for.
pub(crate) struct DeviceLogin<'a> {
    app: &'a App<'a>,
    name: &'a str,
    started: &'a ConnectState,
    user: Option<&'a UserRef>,
}

impl<'a> DeviceLogin<'a> {
    /// Waits for the login that was started to the app called `name`.
    pub(crate) fn new(
        app: &'a App<'a>,
        name: &'a str,
        started: &'a ConnectState,
        user: Option<&'a UserRef>,
    ) -> Self {
        Self { app, name, started, user }
    }

    /// Shows the code, and returns how the login ended.
    pub(crate) async fn run(&self, code: DeviceCode, patience: Duration) -> Result<ConnectState> {
        let mut signals = Signals::listen()?;
        let (enter, mut entered) = mpsc::unbounded_channel();
        self.announce(&code)?;
        let sandbox = self.app.settings.profile == Profile::Sandbox;
        let person = self.app.settings.terminals.person;
        match (sandbox, person) {
            (true, true) => read_lines(enter),
            (true, false) => consent(page(&code)),
            (false, _) => {}
        }
        let spinner = spinner(self.app, LOGIN, sandbox && person);
        let mut next = code.next_poll_at;
        let login = pin!(async {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(Millis::now().age(next).min(GLANCE)) => {}
                    Some(_) = entered.recv() => {
                        consent(page(&code));
                        continue;
                    }
                }
                let state = self
                    .app
                    .done(self.app.as_caller(), question(self.started, self.user, None))
                    .await?;
                match &state.device {
                    Some(code) => next = code.next_poll_at,
                    None => return Ok(state),
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

    fn announce(&self, code: &DeviceCode) -> Result<()> {
        let (name, address, user_code) = (self.name, &code.verification_uri, &code.user_code);
        let complete = code
            .verification_uri_complete
            .as_ref()
            .map(|complete| format!("\nOr open this one, and compare the code:\n\n  {complete}\n"));
        let text = format!(
            "To connect {name}, open this address on any device and enter the code there:\n\n  {address}\n  code: {user_code}\n{}",
            complete.unwrap_or_default()
        );
        note(&format!("{text}\n{}", warning(code)))?;
        let settings = &self.app.settings;
        match (settings.profile, settings.terminals.person) {
            (Profile::Sandbox, true) => note("Or press Enter, and the sandbox consents by itself."),
            (Profile::Sandbox, false) => {
                note("Nobody is at a terminal, so the sandbox consents by itself.")
            }
            (Profile::Local | Profile::Cloud, _) => Ok(()),
        }
    }
}

/// Returns the question how a login stands that goes on, or the word why this side no longer waits for it.
pub(super) fn question(
    started: &ConnectState,
    user: Option<&UserRef>,
    given_up: Option<&str>,
) -> Poll {
    let given_up = given_up.map(str::to_owned);
    Poll { connection: (&started.connected_account_id).into(), user: user.cloned(), given_up }
}

/// Ends a login for a reason of this side with its last word, so that nothing is left waiting, and returns `error`;
/// what goes wrong with that matters less.
pub(super) async fn given_up(app: &App<'_>, last: Poll, error: Error) -> Error {
    match app.done(app.as_caller(), last).await {
        Err(ended) if ended.reason.as_deref() == Some("login_replaced") => ended,
        Ok(_) | Err(_) => error,
    }
}

/// Returns what is allowed in by a code, and when nobody should enter it (RFC 8628, 5.4).
pub(crate) fn warning(code: &DeviceCode) -> String {
    let scopes = match code.scopes.as_slice() {
        [] => "what the app chooses".to_owned(),
        scopes => scopes.join(", "),
    };
    format!(
        "It lets the client `{}` use: {scopes}. Enter the code only because you yourself started this; never enter one that somebody sent you.",
        code.client_id
    )
}

/// Returns the page on which the sandbox consents.
fn page(code: &DeviceCode) -> url::Url {
    code.verification_uri_complete.clone().unwrap_or_else(|| {
        let mut page = code.verification_uri.clone();
        page.query_pairs_mut().append_pair("user_code", &code.user_code);
        page
    })
}

/// Asks the app once, and shows how the login stands.
pub(crate) async fn poll(app: &App<'_>, op: Poll) -> Result<u8> {
    let user = app.user_flag(op.user.as_ref());
    let state = app.done(app.as_caller(), op).await?;
    connect::show(app, "connections.poll", &state, &user)
}
