//! What an action answers: as its operation has it, until somebody needs it in another form.

use std::fmt::Debug;

use serde::Serialize;
use serde_json::Value;

use super::action::written;
use super::error::{Error, Result};

/// A reply.
#[derive(Debug)]
pub(crate) enum Reply {
    /// In JSON
    Value(Value),
    /// As the operation has it: what is only sent is written once
    Whole(Box<dyn Told>),
}

/// What can be told in JSON.
pub(crate) trait Told: Debug + Send {
    /// Returns it as a value.
    fn value(&self) -> Result<Value>;

    /// Returns it as text.
    fn text(&self) -> serde_json::Result<Vec<u8>>;
}

impl<T: Serialize + Debug + Send> Told for T {
    fn value(&self) -> Result<Value> {
        written(self)
    }

    fn text(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

impl Reply {
    /// Returns it as a value.
    ///
    /// Fails with `Internal` if it cannot be written.
    pub(crate) fn value(self) -> Result<Value> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Whole(reply) => reply.value(),
        }
    }

    /// Returns it as text.
    ///
    /// Fails with `Internal` if it cannot be written.
    pub(crate) fn text(&self) -> Result<Vec<u8>> {
        let text = match self {
            Self::Value(value) => serde_json::to_vec(value),
            Self::Whole(reply) => reply.text(),
        };
        text.map_err(|error| Error::internal("a reply cannot be written", error))
    }
}
