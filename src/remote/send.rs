//! Sending: what is tried again, how long apart, and what is said of an answer that was lost.

use std::time::Duration;

use super::{Remote, answer};
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::http::{Failure, Fate, Request, Response, TOO_SLOW, jitter};

/// How long the pauses between three tries are, at least.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];
/// Longest that an API may ask us to wait by itself.
const PATIENCE: Duration = Duration::from_secs(30);
/// Reasons of an error about an API that could not be reached, or did not answer.
const AWAY: [&str; 5] =
    ["connection_refused", "unreachable", "dns_failed", "connection_broken", TOO_SLOW];

/// Tells whether an error says that the API was not reached or gave no answer, and nothing that it decided.
pub(crate) fn is_away(error: &Error) -> bool {
    error.code == Code::ProviderError
        && error.reason.as_deref().is_some_and(|reason| AWAY.contains(&reason))
}

impl Remote {
    /// Sends a request for an action: what only reads up to three times, anything else again only if no byte of
    /// it has left. `key` is the one that it carries.
    pub(super) async fn sent(
        &self,
        request: Request,
        action: &str,
        (reads, key): (bool, Option<&str>),
    ) -> Result<Response> {
        let request = match key {
            Some(key) => request.header("idempotency-key", key)?,
            None => request,
        };
        let mut answer = self.http.send(&request).await;
        for pause in PAUSES {
            let Some(pause) = again_after(&answer, reads, pause) else { break };
            tokio::time::sleep(pause + jitter()).await;
            answer = self.http.send(&request).await;
        }
        answer.map_err(|failure| self.unanswered(failure, action, (reads, key)))
    }

    /// Says what became of a request that got no answer.
    fn unanswered(
        &self,
        Failure { fate, error }: Failure,
        action: &str,
        (reads, key): (bool, Option<&str>),
    ) -> Error {
        match fate {
            Fate::Unknown if !reads => lost(action, &error, key),
            Fate::Refused => error.hint(format!(
                "a key goes to `{}` alone; if the API has moved, name its new address with `--base-url`",
                self.base
            )),
            Fate::NotSent | Fate::Unknown if error.hint.is_none() && is_away(&error) => {
                error.hint(format!("see whether `{}` is right and can be reached", self.base))
            }
            Fate::NotSent | Fate::Unknown => error,
        }
    }
}

/// Makes the error of a change of which nobody knows whether it was made.
fn lost(action: &str, error: &Error, key: Option<&str>) -> Error {
    let text = format!("`{action}` may or may not have been done: {error}");
    let made = Error::new(Code::OutcomeUnknown, text).hint(answer::once_more(action, key));
    match &error.reason {
        Some(reason) => made.reason(reason.clone()),
        None => made,
    }
}

/// Returns how long to wait before a request is sent again; `None` if it is not.
fn again_after(
    answer: &std::result::Result<Response, Failure>,
    reads: bool,
    pause: Duration,
) -> Option<Duration> {
    match answer {
        Ok(response) if reads => match response.status {
            502..=504 => Some(pause),
            429 => {
                let asked = response.retry_after(Millis::now()).unwrap_or(pause);
                (asked <= PATIENCE).then_some(asked)
            }
            _ => None,
        },
        Err(failure) => {
            let unsent = failure.fate == Fate::NotSent;
            let slow = failure.error.reason.as_deref() == Some(TOO_SLOW);
            (is_away(&failure.error) && !slow && (unsent || reads)).then_some(pause)
        }
        Ok(_) => None,
    }
}
