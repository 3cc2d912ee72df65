//! Waiting for approvals of an API elsewhere: it may be away for a while, and have statuses that only it knows.

use std::time::Duration;

use serde_json::Value;

use super::outcome::{failure, whole};
use super::wait::SOON;
use crate::api::action::Outcome;
use crate::api::approvals::{Approval, Approve, GetApproval};
use crate::api::error::{Code, Error, Result};
use crate::cli::App;
use crate::cli::output::{GIVEN_UP, Output, Page};
use crate::cli::remote::{Look, said};
use crate::cli::signals::Signals;
use crate::cli::wait::spinner;

/// Returns the exit status for how an approval has ended; nothing where it has not, or nobody here knows.
pub(super) fn status(one: &Value) -> Option<u8> {
    match said(one, "status")? {
        "executed" => Some(0),
        "failed" => Some(1),
        "unknown" => Some(Code::OutcomeUnknown.exit()),
        "denied" | "expired" | "cancelled" => Some(GIVEN_UP),
        _ => None,
    }
}

/// Waits until an approval has ended, through whatever time the API is away: one that was seen to have ended
/// already is not waited for.
pub(super) async fn ended(
    app: &App<'_>,
    op: &GetApproval,
    patience: Option<Duration>,
    mut each: impl FnMut(&Value) -> Result<()>,
) -> Result<Value> {
    let mut signals = Signals::listen()?;
    let spinner = spinner(app, "waiting for a decision", false);
    let mut look = Look::default();
    let watched = async {
        loop {
            let seen = look.of(app, app.call(app.as_caller(), op.clone().into()).await)?;
            let is_away = seen.is_none();
            if let Some(one) = seen.or_else(|| over(app, op)) {
                if !is_away {
                    each(&one)?;
                }
                if status(&one).is_some() {
                    return Ok(one);
                }
            }
            tokio::time::sleep(SOON).await;
        }
    };
    let over = async {
        match patience {
            Some(patience) => tokio::time::sleep(patience).await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        ended = watched => ended,
        () = over => Err(Error::new(Code::ProviderError, "it is not decided yet, and still waits")
            .hint("run the command again, with a longer `--timeout` if need be")
            .reason("timed_out")),
        broken = signals.next() => Err(broken),
    };
    spinner.finish_and_clear();
    ended
}

/// Returns an approval that was seen to have ended for good, while nobody can be asked.
fn over(app: &App<'_>, op: &GetApproval) -> Option<Value> {
    let seen = app.backend.remote()?.approval_then(&op.approval).ok().flatten()?.value;
    // Of what is unknown, more may be found out.
    status(&seen).filter(|status| *status != Code::OutcomeUnknown.exit()).map(|_| seen)
}

/// Approves, and shows what came of it.
pub(super) async fn approve(app: &App<'_>, op: Approve) -> Result<u8> {
    const NAME: &str = "approvals.approve";
    match app.call(app.as_caller(), op.into()).await? {
        Outcome::Done(one) => show(app, app.output, NAME, one),
        Outcome::Pending(pending) => app.held(NAME, &pending),
    }
}

/// Shows how an approval has ended, and returns the exit status.
pub(super) fn show(app: &App<'_>, output: &Output, action: &str, one: Value) -> Result<u8> {
    let mut page = Page::default();
    let why = if let Ok(known) = serde_json::from_value::<Approval>(one.clone()) {
        whole(app, &known, &mut page);
        failure(&known)
    } else {
        page.json(&one);
        unfinished(&one)
    };
    if let Some(why) = why {
        page.failed(why);
    }
    let status = status(&one).unwrap_or_default();
    output.reply(action, one, page)?;
    Ok(status)
}

/// Returns why an approval was not done, of which only the status is understood.
fn unfinished(one: &Value) -> Option<Error> {
    let word = said(one, "status").unwrap_or_default();
    let why = said(one, "reason").map(|why| format!(": {why}")).unwrap_or_default();
    match status(one) {
        None | Some(0) => None,
        Some(GIVEN_UP) => Some(
            Error::new(Code::Forbidden, format!("it was {word}{why}"))
                .reason(format!("approval_{word}")),
        ),
        Some(_) if word == "unknown" => {
            Some(Error::new(Code::OutcomeUnknown, "it is not known what came of it"))
        }
        Some(_) => {
            let told = one.get("error").and_then(|error| said(error, "message"));
            let text = told.map_or_else(|| format!("it {word}{why}"), str::to_owned);
            Some(Error::new(Code::ProviderError, text))
        }
    }
}
