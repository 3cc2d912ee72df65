//! Waiting for a login at an API elsewhere, by asking how its connection stands.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Look, late, said};
use crate::api::action::Outcome;
use crate::api::connections::{Connected, GetConnection};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionRef, UserRef};
use crate::cli::App;
use crate::cli::connections::get;
use crate::cli::output::{GIVEN_UP, Page};
use crate::cli::signals::Signals;
use crate::cli::wait::{LOGIN, spinner};

/// How long to wait before asking again.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// It can be used
    Active,
    /// It never will be
    Over,
    /// Not yet, or in a way that only the API knows
    Open,
}

/// Returns how a connection stands by its word.
pub(super) fn stand(connection: &Value) -> Stand {
    match said(connection, "status").map(str::to_ascii_uppercase).as_deref() {
        Some("ACTIVE") => Stand::Active,
        Some("FAILED" | "EXPIRED" | "INACTIVE" | "REVOKED") => Stand::Over,
        Some(_) | None => Stand::Open,
    }
}

/// Returns why a connection never will be active.
pub(super) fn failure(connection: &Value, (toolkit, user): (&str, &str)) -> Error {
    let status = said(connection, "status").unwrap_or_default().to_lowercase();
    let why = said(connection, "reason").map(|why| format!(": {why}")).unwrap_or_default();
    let (code, reason) = match status.as_str() {
        "expired" => (Code::Unauthorized, "connection_expired"),
        "inactive" | "revoked" => (Code::NotConfigured, "not_connected"),
        _ => (Code::Forbidden, "login_failed"),
    };
    Error::new(code, format!("the connection is {status}{why}"))
        .hint(format!("run `naive connections connect {toolkit}{user}` to log in again"))
        .reason(reason)
}

/// Asks how a connection stands; `null` where the API does not tell yet.
///
/// An API that tells nothing of single connections lists them.
pub(super) async fn asked(
    app: &App<'_>,
    id: &str,
    user: Option<&UserRef>,
) -> Result<Outcome<Value>> {
    if let Ok(connection) = id.parse::<ConnectionRef>() {
        let op = GetConnection { connection, user: user.cloned() };
        match app.call(app.as_caller(), op.into()).await {
            Err(error) if error.code == Code::NotFound => {}
            answer => return answer,
        }
    }
    let op = Connected { user: user.cloned(), all: false };
    let Outcome::Done(all) = app.call(app.as_caller(), op.into()).await? else {
        return Ok(Outcome::Done(Value::Null));
    };
    let is_it = |one: &&Value| {
        ["id", "connectedAccountId", "connected_account_id", "toolkit"]
            .iter()
            .any(|name| said(one, name) == Some(id))
    };
    let found = all.get("connections").and_then(Value::as_array);
    let found = found.and_then(|all| all.iter().find(is_it).cloned());
    Ok(Outcome::Done(found.unwrap_or_default()))
}

/// Waits until the login of a connection has ended, and shows how the connection stands then.
pub(crate) async fn wait(app: &App<'_>, op: GetConnection, patience: Duration) -> Result<u8> {
    const NAME: &str = "connections.wait";
    let user = app.user_flag(op.user.as_ref());
    let id = String::from(op.connection.clone());
    let mut signals = Signals::listen()?;
    let spinner = spinner(app, LOGIN, false);
    let mut look = Look::default();
    let ended = async {
        loop {
            let seen = look.of(app, asked(app, &id, op.user.as_ref()).await)?;
            match seen.filter(|seen| stand(seen) != Stand::Open || seen.is_null()) {
                // What is not there does not come: whoever asks until it does would never end.
                Some(Value::Null) => {
                    return Err(Error::new(
                        Code::NotFound,
                        format!("there is no connection `{id}`"),
                    ));
                }
                Some(seen) => return Ok(seen),
                None => tokio::time::sleep(SOON).await,
            }
        }
    };
    let ended = tokio::select! {
        ended = ended => ended,
        () = tokio::time::sleep(patience) => Err(late()
            .hint("run the command again, with a longer `--timeout` if need be")),
        broken = signals.next() => Err(broken),
    };
    spinner.finish_and_clear();
    let seen = match ended {
        Ok(seen) => seen,
        Err(error) if matches!(error.code, Code::NotFound | Code::InvalidInput) => {
            app.output.error(NAME, &error);
            return Ok(GIVEN_UP);
        }
        Err(error) => return Err(error),
    };
    let mut page = Page::default();
    match serde_json::from_value(seen.clone()) {
        Ok(connection) => get(&connection, &mut page),
        Err(_) => page.json(&seen),
    }
    let is_over = stand(&seen) == Stand::Over;
    if is_over {
        let toolkit = said(&seen, "toolkit").unwrap_or(&id);
        page.failed(failure(&seen, (toolkit, &user)));
    }
    let status = app.output.reply(NAME, json!(seen), page)?;
    Ok(if is_over { GIVEN_UP } else { status })
}
