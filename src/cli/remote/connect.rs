//! `connections connect` at an API elsewhere: its own callback ends the login and sends the browser on to a
//! listener here; whether it has ended is asked.

use std::time::Duration;

use serde_json::Value;

use super::wait::{SOON, Stand, asked, failure, stand};
use super::{Look, late, link, open, said};
use crate::api::action::Outcome;
use crate::api::connections::{Connect, ConnectState, Credentials, Finish};
use crate::api::error::{Error, Result};
use crate::api::ids::{ConnectionRef, Slug, UserRef};
use crate::api::toolkits::CredentialField;
use crate::callback::Answer;
use crate::cli::connect::{Terminal, check_patience};
use crate::cli::credentials::{ask_for, check_complete};
use crate::cli::device::DeviceLogin;
use crate::cli::loopback::{Arrival, Listener};
use crate::cli::output::Page;
use crate::cli::signals::Signals;
use crate::cli::wait::{LOGIN, spinner};
use crate::cli::{App, arguments};
use crate::settings::Settings;

const NAME: &str = "connections.connect";

/// A login that the API has begun.
struct Begun<'a> {
    app: &'a App<'a>,
    toolkit: Slug,
    user: Option<UserRef>,
    started: Value,
}

/// Connects an app, with whatever its login needs from this terminal.
pub(crate) async fn connect(app: &App<'_>, mut op: Connect, terminal: Terminal) -> Result<u8> {
    let browser = &terminal.browser;
    check_patience(&op, browser.timeout)?;
    let names = arguments::names(&terminal.credential)?;
    // A call that may come again under its caller's key must be the same again; a port is another each time.
    let repeats = app.key.borrow().is_some();
    let returns = !browser.no_wait && !op.device && op.callback_url.is_none() && !repeats;
    let listener = if returns { Some(Listener::for_return(&browser.port)?) } else { None };
    if let Some(listener) = &listener {
        op.callback_url = Some(listener.redirect_uri().clone());
    }
    let (toolkit, user) = (op.toolkit.clone(), op.user.clone());
    let started = match app.call(app.as_caller(), op.into()).await? {
        Outcome::Done(started) => started,
        Outcome::Pending(pending) => {
            let mut page = Page::default();
            if !names.is_empty() {
                page.hint(format!(
                    "The credential was not read: once it is approved, run `naive connections credentials {toolkit}{} {}`.",
                    app.user_flag(user.as_ref()),
                    terminal.credential.join(" ")
                ));
            }
            return app.held_with(NAME, &pending, page);
        }
    };
    let begun = Begun { app, toolkit, user, started };
    if browser.no_wait || stand(&begun.started) != Stand::Open {
        return begun.show(begun.started.clone());
    }
    let fields = fields(&begun.started);
    if !fields.is_empty() {
        return begun.credentials(&fields, &names).await;
    }
    if let Some(state) = begun.by_code() {
        let code = state.device.clone();
        let login = DeviceLogin::new(app, begun.toolkit.as_str(), &state, begun.user.as_ref());
        if let Some(code) = code {
            let ended = Box::pin(login.run(code, browser.timeout)).await?;
            return begun.show(crate::api::action::written(&ended)?);
        }
    }
    if let Some(link) = link(&begun.started, "redirectUrl")? {
        open(app, begun.toolkit.as_str(), &link, browser.no_browser)?;
    }
    let seen = begun.ended(listener, browser.timeout).await?;
    begun.show(over(&begun.started, &seen))
}

/// Returns a login as it stands once its connection was seen to be active.
fn over(started: &Value, seen: &Value) -> Value {
    let mut state = started.clone();
    if let Some(fields) = state.as_object_mut() {
        for gone in ["login", "credentialFields", "callbackUrl", "user"] {
            fields.shift_remove(gone);
        }
        fields.insert("redirectUrl".to_owned(), Value::Null);
        for news in ["status", "account"] {
            if let Some(new) = seen.get(news).filter(|new| !new.is_null()) {
                fields.insert(news.to_owned(), new.clone());
            }
        }
    }
    state
}

impl Begun<'_> {
    /// Returns the login as ours are, if it goes by a code.
    fn by_code(&self) -> Option<ConnectState> {
        let state: ConnectState = serde_json::from_value(self.started.clone()).ok()?;
        state.device.is_some().then_some(state)
    }

    /// Returns the connection's name for questions: its id, or its app.
    fn id(&self) -> &str {
        said(&self.started, "connectedAccountId").unwrap_or(self.toolkit.as_str())
    }

    /// Enters what the app asks for.
    async fn credentials(&self, fields: &[CredentialField], names: &[&str]) -> Result<u8> {
        let known = |name: &&&str| fields.iter().any(|field| field.key == **name);
        if let Some(name) = names.iter().find(|name| !known(name)) {
            let all: Vec<_> = fields.iter().map(|field| field.key.as_str()).collect();
            let text = format!("`{}` has no credential field `{name}`", self.toolkit);
            return Err(Error::usage(text).hint(format!("it takes `{}`", all.join("`, `"))));
        }
        let mut entered = Settings::credentials();
        entered.0.retain(|key, _| {
            fields.iter().any(|field| field.key == *key) && !names.contains(&key.as_str())
        });
        if !self.app.settings.terminals.person {
            entered.0.extend(arguments::secrets(names)?.0);
        }
        let user = self.app.user_flag(self.user.as_ref());
        let command = format!("naive connections credentials {}{user}", self.id());
        check_complete(self.app, fields, &entered, &command)?;
        let fields = ask_for(fields, entered)?;
        let connection: ConnectionRef =
            self.id().parse().unwrap_or_else(|_| ConnectionRef::from(&self.toolkit));
        let op = Credentials { connection, user: self.user.clone(), fields };
        match self.app.call(self.app.as_caller(), op.into()).await? {
            Outcome::Done(ended) => self.show(ended),
            Outcome::Pending(pending) => self.app.held(NAME, &pending),
        }
    }

    /// Waits until the connection is active, or never will be.
    async fn ended(&self, mut listener: Option<Listener>, patience: Duration) -> Result<Value> {
        let mut signals = Signals::listen()?;
        let spinner = spinner(self.app, LOGIN, false);
        let mut arrived = Vec::new();
        let ended = tokio::select! {
            ended = self.watched(&mut listener, &mut arrived) => ended,
            () = tokio::time::sleep(patience) => Err(self.given_up("timed out", late()).await),
            broken = signals.next() => Err(self.given_up("cancelled", broken).await),
        };
        if ended.is_ok() && arrived.is_empty() && listener.is_some() {
            // The API sends the browser on once it knows; a moment later it is here.
            let late = tokio::time::timeout(SOON, arrival(&mut listener)).await;
            arrived.extend(late);
        }
        spinner.finish_and_clear();
        for arrival in arrived {
            arrival.answer(&match &ended {
                Ok(seen) => Answer::Connected(self.toolkit.as_str(), said(seen, "account")),
                Err(error) => Answer::Failed(&error.message),
            });
        }
        if let Some(listener) = &mut listener {
            listener.dismiss();
        }
        ended
    }

    /// Ends the login for a reason of this side, so that nothing is left waiting at the API, and returns `error`;
    /// what goes wrong with that matters less.
    async fn given_up(&self, why: &str, error: Error) -> Error {
        let link = link(&self.started, "redirectUrl").ok().flatten();
        let state = link.as_ref().and_then(|link| {
            link.query_pairs().find(|(key, _)| key == "state").map(|(_, state)| state.into_owned())
        });
        if let Some(state) = state {
            let given_up = Some(why.to_owned());
            let finish = Finish { state: state.into(), given_up, ..Finish::default() };
            // An API that knows no such end lets the login lapse.
            let _ = self.app.call(self.app.as_caller(), finish.into()).await;
        }
        error
    }

    /// Looks how the connection stands every second, and when a browser arrives.
    async fn watched(
        &self,
        listener: &mut Option<Listener>,
        arrived: &mut Vec<Arrival>,
    ) -> Result<Value> {
        let mut look = Look::default();
        loop {
            let seen = asked(self.app, self.id(), self.user.as_ref()).await;
            if let Some(seen) = look.of(self.app, seen)? {
                match stand(&seen) {
                    Stand::Active => return Ok(seen),
                    Stand::Over => {
                        let user = self.app.user_flag(self.user.as_ref());
                        return Err(failure(&seen, (self.toolkit.as_str(), &user)));
                    }
                    Stand::Open => {}
                }
            }
            tokio::select! {
                arrival = arrival(listener) => arrived.push(arrival),
                () = tokio::time::sleep(SOON) => {}
            }
        }
    }

    /// Shows how the login stands, and what comes next.
    fn show(&self, state: Value) -> Result<u8> {
        let mut page = Page::default();
        let text = |name: &str| said(&state, name).map(str::to_owned);
        page.fields(&[
            ("status", text("status")),
            ("toolkit", Some(self.toolkit.to_string())),
            ("account", text("account")),
            ("connection", text("connectedAccountId").or_else(|| text("id"))),
            ("link", text("redirectUrl")),
            ("address", text("verificationUri")),
            ("code", text("userCode")),
        ]);
        let (toolkit, user) = (&self.toolkit, self.app.user_flag(self.user.as_ref()));
        let id = text("connectedAccountId").unwrap_or_else(|| toolkit.to_string());
        match stand(&state) {
            Stand::Active => {
                page.next(format!("naive connections tools {toolkit}{user}"), "see what it can do");
            }
            Stand::Over => page.failed(failure(&state, (toolkit.as_str(), &user))),
            Stand::Open => {
                let fields = fields(&state);
                let keys = crate::engine::keys(&fields);
                if fields.is_empty() {
                    page.next(format!("naive connections wait {id}{user}"), "wait for its end");
                } else {
                    let command = format!("naive connections credentials {id}{user}{keys}");
                    page.next(command, "enter them, a line of stdin each");
                }
            }
        }
        self.app.output.reply(NAME, state, page)
    }
}

/// Returns what a user must enter, as far as the API says it; what it does not call public is hidden.
fn fields(state: &Value) -> Vec<CredentialField> {
    let field = |field: &Value| {
        let key = said(field, "key").or(said(field, "name")).or(field.as_str())?.to_owned();
        let label = said(field, "label").unwrap_or(&key).to_owned();
        let secret = field.get("secret").and_then(Value::as_bool).unwrap_or(true);
        Some(CredentialField { key, label, secret })
    };
    let all = state.get("credentialFields").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(field).collect()
}

/// Waits for the next browser; for ever where none is to come here.
async fn arrival(listener: &mut Option<Listener>) -> Arrival {
    if let Some(listener) = listener
        && let Some(arrival) = listener.arrival().await
    {
        return arrival;
    }
    std::future::pending().await
}
