//! Where actions go: the engine on this machine, or an API elsewhere.

use serde_json::Value;

use crate::api::action::{Action, Outcome};
use crate::api::error::{Error, Result};
use crate::engine::{Call, Engine};
use crate::remote::Remote;

/// One of the places that can perform actions.
#[derive(Debug)]
pub(crate) enum Backend {
    /// On this machine
    Local(Box<Engine>),
    /// A Naive API elsewhere, which judges by itself
    Remote(Box<Remote>),
}

impl Backend {
    /// Performs one action.
    pub(crate) async fn call(&self, call: &Call, action: Action) -> Result<Outcome<Value>> {
        match self {
            Self::Local(engine) => engine.call(call, action).await,
            // The key says who calls there; the rest of the call is of this machine.
            Self::Remote(remote) => {
                Box::pin(remote.call(&call.user, call.idempotency_key.as_ref(), action)).await
            }
        }
    }

    /// Returns the engine, for what only concerns this machine.
    ///
    /// Fails with a usage error where actions go elsewhere.
    pub(crate) fn engine(&self) -> Result<&Engine> {
        match self {
            Self::Local(engine) => Ok(engine),
            Self::Remote(_) => {
                Err(Error::usage("this works on a store of this machine")
                    .hint("use `--profile local`"))
            }
        }
    }

    /// Returns the API elsewhere, if actions go there.
    pub(crate) fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Local(_) => None,
            Self::Remote(remote) => Some(remote),
        }
    }

    /// Returns what people should be told beside the replies so far, and forgets it.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        match self {
            Self::Local(engine) => engine.take_notes().into_iter().map(|one| one.text).collect(),
            Self::Remote(remote) => remote.take_notes(),
        }
    }
}
