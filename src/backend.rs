//! Where actions go: the engine on this machine, or an API elsewhere.

use serde_json::Value;

use crate::api::action::{Action, Outcome};
use crate::api::error::{Code, Error, Result};
use crate::engine::{Call, Engine};

/// One of the places that can perform actions.
#[derive(Debug)]
pub(crate) enum Backend {
    /// On this machine
    Local(Box<Engine>),
    /// A hosted API, which this build cannot reach yet
    Cloud,
}

impl Backend {
    /// Performs one action.
    ///
    /// Fails with `NotConfigured` for the cloud: this build has no client for it.
    pub(crate) async fn call(&self, call: &Call, action: Action) -> Result<Outcome<Value>> {
        self.engine()?.call(call, action).await
    }

    /// Returns the engine, for what only concerns this machine.
    pub(crate) fn engine(&self) -> Result<&Engine> {
        match self {
            Self::Local(engine) => Ok(engine),
            Self::Cloud => Err(Error::new(
                Code::NotConfigured,
                "this build has no client for a hosted Naive API yet",
            )
            .hint("use `--profile sandbox` or `--profile local`")),
        }
    }
}
