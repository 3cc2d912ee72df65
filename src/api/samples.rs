//! One action of each kind, with every field that can be written out: what the tests send through every
//! door, and what `explain` asks the gate about.

use serde_json::{Value, json};

use super::action::Action;
use super::error::{Error, Result};

const SAMPLES: &str = include_str!("samples.json");

/// Returns every sample, in the order of `Action`.
#[cfg(test)]
pub(crate) fn samples() -> Result<Vec<Action>> {
    rows()?.iter().map(action).collect()
}

/// Returns the sample of an action, if there is such an action.
pub(crate) fn sample(name: &str) -> Result<Option<Action>> {
    rows()?.iter().find(|row| row[0] == name).map(action).transpose()
}

fn rows() -> Result<Vec<Value>> {
    serde_json::from_str(SAMPLES).map_err(unreadable)
}

fn action(row: &Value) -> Result<Action> {
    serde_json::from_value(json!({"action_type": row[0], "payload": row[1]})).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::internal("a sample cannot be read", error)
}
