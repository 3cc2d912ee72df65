//! Linking a brokerage account from a terminal: the disclosure first, then the login or the key.

use std::time::Duration;

use dialoguer::Confirm;

use super::whose::Whose;
use crate::api::action::{Outcome, written};
use crate::api::connections::Status;
use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;
use crate::api::toolkits::CredentialField;
use crate::api::trading::account::{BrokerState, BrokerStatus, ConnectBroker};
use crate::api::trading::words::BrokerEnv;
use crate::cli::connect::{Browser, Door, joined};
use crate::cli::credentials::ask_for;
use crate::cli::output::{Page, note, width, wrapped};
use crate::cli::{App, arguments, pending, remote};
use crate::engine::Call;
use crate::settings::Settings;

/// Name of the secret of an API key, in the environment and in what is sealed.
const SECRET: &str = "api_secret_key";
/// Reason of the error of a link whose disclosure was not accepted.
const DISCLOSURE: &str = "disclosure_required";

/// Links a brokerage account.
pub(super) async fn connect(
    app: &App<'_>,
    mut op: ConnectBroker,
    (secret, mut browser): (Option<String>, Browser),
) -> Result<u8> {
    if app.backend.remote().is_some() {
        if op.api_key_id.is_some() {
            op.secrets = key_secret(app, secret.as_deref())?;
        }
        return remote::connect_broker(app, op, &browser).await;
    }
    accepted(app, &mut op).await?;
    if op.api_key_id.is_some() {
        op.secrets = key_secret(app, secret.as_deref())?;
    }
    let by_browser = op.api_key_id.is_none();
    let env = op.env.unwrap_or(BrokerEnv::Paper);
    let flags = format!(" --env {env}{}", app.user_flag(op.user.as_ref()));
    let waits = by_browser && !browser.no_wait;
    let engine = app.backend.engine()?;
    let linked = Whose::linked(app, env, op.user.as_ref()).await && !op.reconnect;
    if by_browser && !linked {
        engine.check_broker_app(env)?;
        if let Some(port) = engine.broker_port()? {
            browser.prefer(port)?;
        }
    }
    let door = Door::open(app, &browser, by_browser)?;
    let door = if waits && !linked { door.check()? } else { door };
    let call = door.call(app, waits);
    let user = op.user.clone();
    let started = begin(app, &call, op, browser.timeout).await?;
    if started.status == BrokerStatus::Active || !waits {
        return show(app, &started, &flags);
    }
    let ended = door.ended(app, "the brokerage", &started.login, user.as_ref()).await?;
    let login = ended.unwrap_or_else(|| started.login.clone());
    let active = login.status == Status::Active;
    let state = BrokerState {
        status: if active { BrokerStatus::Active } else { started.status },
        authorize_url: None,
        account: login.account.clone(),
        login,
        ..started
    };
    show(app, &state, &flags)
}

/// Begins a login; a caller who waits, waits instead for the end of one that another process waits for.
async fn begin(
    app: &App<'_>,
    call: &Call,
    mut op: ConnectBroker,
    patience: Duration,
) -> Result<BrokerState> {
    loop {
        let started = ask(app, call.clone(), op.clone()).await?;
        let Some(login) = joined(&started.login).filter(|_| call.waits) else {
            return Ok(started);
        };
        if pending::join(app, &started.login, login, patience).await? {
            op.reconnect = false;
        }
    }
}

/// Shows the disclosure where nobody has accepted it yet, and asks whoever is at the terminal.
///
/// Without one, whoever wants the link says so with `--accept-disclosure`.
async fn accepted(app: &App<'_>, op: &mut ConnectBroker) -> Result<()> {
    if op.accept_disclosure || !app.settings.terminals.person {
        return Ok(());
    }
    let env = op.env.unwrap_or(BrokerEnv::Paper);
    if !op.reconnect && Whose::linked(app, env, op.user.as_ref()).await {
        return Ok(());
    }
    let disclosure = app.backend.engine()?.disclosure()?;
    note(&wrapped("", &disclosure, width()).join("\n"))?;
    if env == BrokerEnv::Live {
        note("This links an account with real money.")?;
    }
    let sure = Confirm::new().with_prompt("Do you accept this?").default(false).interact();
    match sure {
        Ok(true) => op.accept_disclosure = true,
        Ok(false) => {
            return Err(Error::new(Code::Forbidden, "you did not accept, so nothing was linked")
                .reason(DISCLOSURE));
        }
        Err(_) => return Err(Error::interrupted()),
    }
    Ok(())
}

/// Returns the secret of an API key: from stdin or the environment, else asked for.
fn key_secret(app: &App<'_>, given: Option<&str>) -> Result<Secrets> {
    let mut secrets = Settings::credentials();
    secrets.0.retain(|key, _| key == SECRET);
    if let Some(value) = given {
        let secret = arguments::secret("--api-secret-key", value)?;
        secrets.0.insert(SECRET.to_owned(), secret);
    }
    if !app.settings.terminals.person {
        return Ok(secrets);
    }
    let label = "Secret of the API key".to_owned();
    ask_for(&[CredentialField { key: SECRET.to_owned(), label, secret: true }], secrets)
}

async fn ask(app: &App<'_>, call: Call, op: ConnectBroker) -> Result<BrokerState> {
    match app.ask(call, op).await? {
        Outcome::Done(started) => Ok(started),
        Outcome::Pending(pending) => {
            let text = format!("`{}` was held for approval", pending.action_type);
            Err(Error::new(Code::Forbidden, text))
        }
    }
}

/// Shows how a link stands, and what comes next.
fn show(app: &App<'_>, state: &BrokerState, flags: &str) -> Result<u8> {
    let mut page = Page::default();
    page.fields(&[
        ("env", Some(state.env.to_string())),
        ("status", Some(state.status.as_str().to_owned())),
        ("account", state.account.clone()),
        ("link", state.authorize_url.as_ref().map(ToString::to_string)),
    ]);
    if state.status == BrokerStatus::Active {
        page.next(format!("naive trading account{flags}"), "see the account");
    } else {
        let command = "naive connections finish '<the address the browser ended at>'";
        page.next(command, "end the login");
    }
    app.output.reply("trading.connect", written(state)?, page)
}
