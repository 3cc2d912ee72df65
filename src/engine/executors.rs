//! The sensitive actions that others perform: who does, and asking them to.

use super::{Engine, Scope, unbuilt};
use crate::api::action::Action;
use crate::api::error::Result;
use crate::api::primitives::{ActionDetail, Actions, ConfigureAction, Performed};

impl Engine {
    /// Performs one of the actions that an executor performs.
    pub(super) async fn run_action(
        &self,
        _scope: &Scope<'_>,
        _action: Action,
    ) -> Result<Performed> {
        unbuilt()
    }

    pub(super) fn list_actions(&self) -> Result<Actions> {
        unbuilt()
    }

    pub(super) fn configure_action(&self, _op: ConfigureAction) -> Result<ActionDetail> {
        unbuilt()
    }
}
