//! One try at an address of the operator's that is told something, and what its answer means.

use std::time::Duration;

use super::Engine;
use crate::api::error::{Code, Error};
use crate::api::time::Millis;
use crate::http::{Fate, Request};

/// What came of a try.
#[derive(Debug)]
pub(super) struct Posted {
    /// HTTP status, where there was an answer
    pub(super) status: Option<u16>,
    /// Why it was not heard, if it was not; names no more of the address than its host
    pub(super) error: Option<Error>,
    /// Whether another try may go better
    pub(super) again: bool,
    /// Whether it is the address that is unwell, whatever it is told
    pub(super) unwell: bool,
    /// How long the address wants us to wait before that
    pub(super) pause: Option<Duration>,
}

impl Engine {
    /// Posts once, and waits no longer than `limit` for the answer.
    pub(super) async fn posted(&self, request: &Request, limit: Duration) -> Posted {
        let no = |error, again| Posted {
            status: None,
            error: Some(error),
            again,
            unwell: again,
            pause: None,
        };
        match tokio::time::timeout(limit, self.http.send(request)).await {
            Ok(Ok(answer)) => {
                let status = answer.status;
                let text = || format!("`{}` answered with status {status}", request.host());
                Posted {
                    status: Some(status),
                    error: (!answer.is_success()).then(|| Error::new(Code::ProviderError, text())),
                    again: matches!(status, 408 | 429 | 500..),
                    unwell: matches!(status, 429 | 503),
                    pause: answer.retry_after(Millis::now()),
                }
            }
            // It was there, and led elsewhere: it will again.
            Ok(Err(failure)) => no(failure.error, failure.fate != Fate::Refused),
            Err(_) => {
                let seconds = limit.as_secs();
                let text = format!("`{}` did not answer within {seconds} seconds", request.host());
                no(Error::new(Code::ProviderError, text), true)
            }
        }
    }
}
