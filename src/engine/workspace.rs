//! What is decided about the workspace as a whole.

use url::Url;

use super::Engine;
use crate::api::address::is_loopback;
use crate::api::error::{Code, Error, Result};
use crate::api::workspace::{UpdateWorkspace, Workspace};

impl Engine {
    /// Fails with `InvalidInput` if a login may not send its browser on to an address.
    pub(super) fn check_origin(&self, url: &Url) -> Result<()> {
        let origins = self.store.workspace()?.allowed_origins;
        if origins.is_empty() || is_loopback(url) || origins.iter().any(|one| one.holds(url)) {
            return Ok(());
        }
        let origin = url.origin().ascii_serialization();
        let text = format!("no login here may send its browser on to `{origin}`");
        Err(Error::new(Code::InvalidInput, text)
            .hint("run `naive workspace update --allowed-origins` with every site that may")
            .reason("origin_not_allowed"))
    }

    pub(super) fn update_workspace(&self, op: &UpdateWorkspace) -> Result<Workspace> {
        if op.connections.is_none()
            && op.separate_resolver.is_none()
            && op.allowed_origins.is_none()
        {
            return Err(Error::usage("there is nothing to change")
                .hint("give `--connections`, `--separate-resolver` or `--allowed-origins`"));
        }
        self.store.update_workspace(op)
    }
}
