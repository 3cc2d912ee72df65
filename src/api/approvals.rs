//! What a caller is told when its action is frozen until a person decides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Millis;

/// The answer to a call that was held: nothing has happened yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PendingApproval {
    /// Always `pending_approval`
    pub(crate) status: String,
    /// Names the approval to wait for
    pub(crate) approval_id: String,
    /// The action, as in `connections.connect`
    pub(crate) action_type: String,
    /// The action again, under the name that later versions of the API use
    pub(crate) action: String,
    /// The part of the product it belongs to
    pub(crate) primitive: String,
    /// What would be done, in one line
    pub(crate) title: String,
    /// What has to happen first, in words
    pub(crate) message: String,
    /// When it lapses
    pub(crate) expires_at: Millis,
}
