//! Flags that every command takes.

use clap::Args;

use super::{Output, Profile};
use crate::api::ids::{AppId, IdempotencyKey};

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Flags {
    /// Profile to use
    #[arg(long, global = true, value_enum, help_heading = "Global options")]
    pub(crate) profile: Option<Profile>,
    /// Workspace of this app of the Integrations API, in the place of the profile's own
    #[arg(long, global = true, value_name = "APP", help_heading = "Global options")]
    pub(crate) workspace: Option<AppId>,
    /// Print one JSON envelope; the default where stdout is no terminal
    #[arg(long, global = true, conflicts_with = "output", help_heading = "Global options")]
    pub(crate) json: bool,
    /// Form of the output
    #[arg(long, global = true, value_enum, help_heading = "Global options")]
    pub(crate) output: Option<Output>,
    /// Filter the JSON envelope with a jq expression; an error of which it finds nothing is printed whole
    #[arg(long, global = true, value_name = "EXPR", help_heading = "Global options")]
    pub(crate) jq: Option<String>,
    /// Key of your own for a command that changes something: run again with it within 24 hours, it gets
    /// the first answer and does nothing
    #[arg(long, global = true, value_name = "KEY", help_heading = "Global options")]
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    /// Address of the Naive API that the `cloud` profile calls
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub(crate) base_url: Option<String>,
    /// Say more about failures on stderr
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
}

impl Flags {
    /// Returns what a command that is suggested repeats, so that it works where it is pasted: empty, or flags that
    /// end with a space.
    pub(crate) fn repeated(&self) -> String {
        let profile = self.profile.map(|profile| format!("--profile {} ", profile.as_str()));
        let workspace = self.workspace.as_ref().map(|app| format!("--workspace {app} "));
        [profile, workspace].into_iter().flatten().collect()
    }
}
