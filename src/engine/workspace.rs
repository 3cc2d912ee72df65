//! What is decided about the workspace as a whole.

use super::Engine;
use crate::api::error::{Error, Result};
use crate::api::workspace::{UpdateWorkspace, Workspace};

impl Engine {
    pub(super) fn update_workspace(&self, op: &UpdateWorkspace) -> Result<Workspace> {
        if op.connections.is_none() && op.separate_resolver.is_none() {
            return Err(Error::usage("there is nothing to change")
                .hint("give `--connections` or `--separate-resolver`"));
        }
        self.store.update_workspace(op)
    }
}
