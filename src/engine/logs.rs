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

/// Returns what kind of thing an action's target is.
pub(super) fn entity_type(action: &str, target: Option<&str>) -> Option<&'static str> {
    let target = target?;
    let (area, _) = action.split_once('.').unwrap_or((action, ""));
    Some(match area {
        "users" => "user",
        "toolkits" => "toolkit",
        "connections" if action == "connections.execute" => "tool",
        "connections" if target.starts_with("ca_") => "connection",
        "connections" => "toolkit",
        "keys" => "key",
        "account_kits" if action == "account_kits.assign" => "user",
        "account_kits" => "account_kit",
        "approvals" => "approval",
        "cards" => "card",
        "domains" => "domain",
        "formation" => "formation",
        _ => "action",
    })
}
