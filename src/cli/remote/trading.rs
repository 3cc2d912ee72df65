//! `trading connect` at an API elsewhere: its own callback ends the login, and whether it has is asked.

use serde_json::Value;

use super::wait::SOON;
use super::{Look, late, link, open, said};
use crate::api::action::Outcome;
use crate::api::error::{Code, Error, Result};
use crate::api::trading::account::{ConnectBroker, ListBrokers};
use crate::api::trading::words::BrokerEnv;
use crate::cli::App;
use crate::cli::connect::Browser;
use crate::cli::output::{Page, note, width, wrapped};
use crate::cli::signals::Signals;
use crate::cli::wait::{LOGIN, spinner};

const NAME: &str = "trading.connect";

/// Links a brokerage account; whoever has to accept a disclosure is told so by the API.
pub(crate) async fn connect(app: &App<'_>, op: ConnectBroker, browser: &Browser) -> Result<u8> {
    let env = op.env.unwrap_or(BrokerEnv::Paper);
    let (user, by_key) = (op.user.clone(), op.api_key_id.is_some());
    let flags = format!(" --env {env}{}", app.user_flag(user.as_ref()));
    let started = match app.call(app.as_caller(), op.into()).await? {
        Outcome::Done(started) => started,
        Outcome::Pending(pending) => return app.held(NAME, &pending),
    };
    let is_active = said(&started, "status") == Some("active");
    if is_active || by_key || browser.no_wait {
        return show(app, started, is_active, &flags);
    }
    if let Some(disclosure) = said(&started, "disclosure") {
        note(&wrapped("", disclosure, width()).join("\n"))?;
    }
    if let Some(link) = link(&started, "authorize_url")? {
        open(app, "the brokerage", &link, browser.no_browser)?;
    }
    let mut signals = Signals::listen()?;
    let spinner = spinner(app, LOGIN, false);
    let op = ListBrokers { user };
    let mut look = Look::default();
    let watched = async {
        loop {
            let seen = look.of(app, app.call(app.as_caller(), op.clone().into()).await)?;
            if let Some(one) = seen.as_ref().and_then(|all| linked(all, env)) {
                if one["connected"] == true || said(one, "status") == Some("active") {
                    return Ok(one.clone());
                }
                if let Some(status @ ("failed" | "expired")) = said(one, "status") {
                    let why = said(one, "reason").map(|why| format!(": {why}"));
                    let why = why.unwrap_or_default();
                    return Err(Error::new(Code::Forbidden, format!("the link is {status}{why}"))
                        .hint(format!("run `naive trading connect{flags}` to start again"))
                        .reason("login_failed"));
                }
            }
            tokio::time::sleep(SOON).await;
        }
    };
    let ended = tokio::select! {
        ended = watched => ended,
        () = tokio::time::sleep(browser.timeout) => Err(late()),
        broken = signals.next() => Err(broken),
    };
    spinner.finish_and_clear();
    show(app, over(started, &ended?), true, &flags)
}

/// Returns a link as it stands once its account was seen to be active.
fn over(mut started: Value, seen: &Value) -> Value {
    if let Some(login) = started.get_mut("login").and_then(Value::as_object_mut) {
        login.shift_remove("login");
        login.insert("status".to_owned(), "ACTIVE".into());
        login.insert("redirectUrl".to_owned(), Value::Null);
        login.extend(seen.get("account").map(|account| ("account".to_owned(), account.clone())));
    }
    if let Some(state) = started.as_object_mut() {
        state.insert("authorize_url".to_owned(), Value::Null);
        for (name, new) in seen.as_object().into_iter().flatten() {
            if name != "connected" && name != "reason" {
                state.insert(name.clone(), new.clone());
            }
        }
    }
    started
}

/// Returns the account of an env among those that are linked.
fn linked(all: &Value, env: BrokerEnv) -> Option<&Value> {
    let all = all.get("connections")?.as_array()?;
    all.iter().find(|one| said(one, "env") == Some(env.to_string().as_str()))
}

/// Shows how a link stands, and what comes next.
fn show(app: &App<'_>, state: Value, is_active: bool, flags: &str) -> Result<u8> {
    let mut page = Page::default();
    let text = |name: &str| said(&state, name).map(str::to_owned);
    page.fields(&[
        ("env", text("env")),
        ("status", text("status")),
        ("account", text("account").or_else(|| text("alpaca_account_id"))),
        ("link", text("authorize_url")),
    ]);
    if is_active {
        page.next(format!("naive trading account{flags}"), "see the account");
    } else {
        page.next("naive trading connections", "see whether the login has ended");
    }
    app.output.reply(NAME, state, page)
}
