//! What is decided about the workspace as a whole.

use super::{Engine, unbuilt};
use crate::api::error::Result;
use crate::api::workspace::{UpdateWorkspace, Workspace};

impl Engine {
    pub(super) fn update_workspace(&self, _op: &UpdateWorkspace) -> Result<Workspace> {
        unbuilt()
    }
}
