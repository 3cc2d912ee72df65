//! Logins that another process sees to: `connections wait`, and a `connect` that joins one.

use std::time::Duration;

use super::App;
use super::connections::get;
use super::output::{GIVEN_UP, Page, note};
use super::signals::Signals;
use super::wait::{GLANCE, LOGIN, spinner};
use crate::api::action::written;
use crate::api::connections::{ConnectState, Connection, GetConnection, PendingLogin, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, connect_command};
use crate::api::logins::Poll;
use crate::api::toolkits::{AuthType, GetToolkit};
use crate::engine::{Awaited, keys};

/// Waits until the login of a connection has ended, and shows how the connection stands then.
pub(crate) async fn wait(app: &App<'_>, mut op: GetConnection, patience: Duration) -> Result<u8> {
    let user = app.user_flag(op.user.as_ref());
    let mut by_code = true;
    let ended = patiently(app, waiting(patience), async || {
        let connection = app.done(app.as_caller(), op.clone()).await?;
        // The app alone may mean another one by the time this one has ended.
        op.connection = (&connection.id).into();
        if connection.status != Status::Initiated {
            return Ok(Some(connection));
        }
        by_code = by_code && is_asked(app, &op).await;
        Ok(None)
    });
    let connection = match ended.await {
        Ok(connection) => connection,
        // What is not there, or not named clearly, does not come either: a script that asks until it does
        // would never end.
        Err(error) if matches!(error.code, Code::NotFound | Code::InvalidInput) => {
            app.output.error("connections.wait", &error);
            return Ok(GIVEN_UP);
        }
        Err(error) if error.reason.as_deref() == Some("timed_out") => {
            return Err(advised(app, op, &user, error).await?);
        }
        Err(error) => return Err(error),
    };
    let mut page = Page::default();
    get(&connection, &mut page);
    let failure = failure(&connection, &user);
    let is_active = failure.is_none();
    if let Some(failure) = failure {
        page.failed(failure);
    }
    let result = written(&connection)?;
    let status = app.output.reply("connections.wait", result, page)?;
    Ok(if is_active { status } else { GIVEN_UP })
}

/// Says of a connection that waits for a key how it is entered.
async fn advised(app: &App<'_>, op: GetConnection, user: &str, late: Error) -> Result<Error> {
    let connection = app.done(app.as_caller(), op).await?;
    if connection.toolkit == Slug::brokerage() {
        return Ok(late);
    }
    let about = GetToolkit::of(connection.toolkit);
    let about = app.done(app.as_caller(), about).await?;
    Ok(match about.summary.auth_type {
        AuthType::ApiKey | AuthType::Basic | AuthType::Unknown => {
            let (id, keys) = (&connection.id, keys(&about.credential_fields));
            late.hint(format!(
                "run `naive connections credentials {id}{user}{keys}`: it waits for what is entered there"
            ))
        }
        AuthType::Oauth2 | AuthType::None => late,
    })
}

/// Asks the app, as often as it may be asked, whether the code of a login was entered; tells whether
/// the login goes by one. How it ended stands in its connection.
async fn is_asked(app: &App<'_>, op: &GetConnection) -> bool {
    let (connection, user) = (op.connection.clone(), op.user.clone());
    let asked = app.done(app.as_caller(), Poll { connection, user, given_up: None }).await;
    !matches!(asked, Err(error) if error.reason.as_deref() == Some("no_device_login"))
}

/// Waits for the good end of a login that another process waits for; false if that process is gone.
pub(crate) async fn join(
    app: &App<'_>,
    started: &ConnectState,
    login: &PendingLogin,
    patience: Duration,
) -> Result<bool> {
    let (since, until) = (login.since.plain(), login.until.plain());
    note(&format!(
        "A login for this account waits already: since {since}, until {until} (UTC). This waits for its end; `--restart` makes a new link instead."
    ))?;
    let engine = app.backend.engine()?;
    let id = &started.connected_account_id;
    let ended = patiently(app, waiting(patience), async || {
        Ok(match engine.awaited(id, login)? {
            Awaited::Waits => None,
            Awaited::Ended(_) => Some(true),
            Awaited::Abandoned => Some(false),
        })
    });
    let ended = ended.await?;
    if !ended {
        note("The process that waited for it is gone, so this login takes its place.")?;
    }
    Ok(ended)
}

/// What is waited for, and for how long.
pub(super) struct Waiting {
    /// What the spinner says
    pub(super) what: &'static str,
    /// How long at most; for ever where nothing is said
    pub(super) patience: Option<Duration>,
    /// What has not happened when that is over
    pub(super) late: &'static str,
}

fn waiting(patience: Duration) -> Waiting {
    let late = "the login has not ended yet, and still waits";
    Waiting { what: LOGIN, patience: Some(patience), late }
}

/// Asks again and again until there is an answer; fails with the reason `timed_out` if none came.
pub(super) async fn patiently<T>(
    app: &App<'_>,
    waiting: Waiting,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let mut signals = Signals::listen()?;
    let spinner = spinner(app, waiting.what, false);
    let asked = async {
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            tokio::time::sleep(GLANCE).await;
        }
    };
    let over = async {
        match waiting.patience {
            Some(patience) => tokio::time::sleep(patience).await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        ended = asked => ended,
        () = over => {
            // Nobody forbade it: what did not come is the other side's answer.
            Err(Error::new(Code::ProviderError, waiting.late)
                .hint("run the command again, with a longer `--timeout` if need be")
                .reason("timed_out"))
        }
        broken = signals.next() => Err(broken),
    };
    spinner.finish_and_clear();
    ended
}

/// Returns what is wrong with a connection that nobody logs in to any more, if anything is.
fn failure(connection: &Connection, user: &str) -> Option<Error> {
    let (code, reason) = match connection.status {
        Status::Active | Status::Initiated => return None,
        Status::Failed => (Code::Forbidden, "login_failed"),
        Status::Expired => (Code::Unauthorized, "connection_expired"),
        Status::Inactive | Status::Revoked => (Code::NotConfigured, "not_connected"),
    };
    let why = connection.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let state = connection.status.as_str().to_lowercase();
    let command = connect_command(&connection.toolkit, user, connection.label.as_ref());
    Some(
        Error::new(code, format!("the connection is {state}{why}"))
            .hint(format!("run `{command}` to log in again"))
            .reason(reason),
    )
}
