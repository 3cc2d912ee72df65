//! Asking the log, and checking that nobody changed it.

use super::{Engine, Scope, unbuilt};
use crate::api::error::Result;
use crate::api::log::{LogPage, LogVerified, QueryLog};

impl Engine {
    pub(super) fn query_log(&self, _scope: &Scope<'_>, _op: &QueryLog) -> Result<LogPage> {
        unbuilt()
    }

    pub(super) fn verify_log(&self) -> Result<LogVerified> {
        unbuilt()
    }
}
