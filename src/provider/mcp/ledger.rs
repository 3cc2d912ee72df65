//! What became of messages that got no answer of the protocol, kept until whoever sent them asks.

use std::sync::{Mutex, PoisonError};

use rmcp::model::RequestId;

use crate::api::error::Error;
use crate::http::{Failure, Fate, Response};

/// Why something was not done. Without `Debug`: it may hold an answer.
pub(crate) enum Trouble {
    /// The server said no in words of its own: a status that is none of success, or an error of the protocol
    Refused(Box<Response>),
    /// No answer that can be used has come
    Failed(Box<Failure>),
}

impl From<Response> for Trouble {
    fn from(response: Response) -> Self {
        Self::Refused(Box::new(response))
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl Trouble {
    /// Makes the trouble of what has not gone out at all.
    pub(super) fn unsent(error: Error) -> Self {
        Failure { fate: Fate::NotSent, error }.into()
    }

    /// Returns it as a request ends: with the server's answer, or with what became of the request.
    #[expect(clippy::result_large_err, reason = "it is what every call that goes out ends as")]
    pub(crate) fn ended(self) -> Result<Response, Failure> {
        match self {
            Self::Refused(answer) => Ok(*answer),
            Self::Failed(failure) => Err(*failure),
        }
    }

    /// Says the same of a request that came before the one that is meant: of that, no byte has left.
    pub(crate) fn before(self) -> Self {
        match self {
            Self::Failed(failure) => Self::unsent(failure.error),
            refused @ Self::Refused(_) => refused,
        }
    }
}

/// What a transport says in place of the trouble itself, which stands in the ledger.
#[derive(Debug, thiserror::Error)]
#[error("it stands in the ledger")]
pub(super) struct Noted;

/// The troubles that nobody has asked for yet, by the message that ran into them.
#[derive(Default)]
pub(super) struct Ledger(Mutex<Vec<(Option<RequestId>, Trouble)>>);

/// How many troubles are kept that nobody asks for.
const MOST: usize = 64;

impl Ledger {
    /// Keeps a trouble.
    pub(super) fn note(&self, id: Option<RequestId>, trouble: Trouble) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.remove(0);
        }
        kept.push((id, trouble));
    }

    /// Returns what became of a request, once.
    pub(super) fn of(&self, id: &RequestId) -> Option<Trouble> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(one, _)| one.as_ref() == Some(id))?;
        Some(kept.remove(at).1)
    }

    /// Returns what came last, whatever it was about, and forgets the rest.
    pub(super) fn last(&self) -> Option<Trouble> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.drain(..).next_back().map(|(_, trouble)| trouble)
    }
}
