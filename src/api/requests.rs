//! What a script asks a person for: nothing is performed, and the answer is the decision.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::{Title, UserRef};
use super::time::Span;

/// Ask a person for something of your own; it performs nothing, and the answer is the decision
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct RequestApproval {
    /// What it is about, in one line
    #[arg(long)]
    pub(crate) title: Title,
    /// Tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
    /// What the person should see
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) payload: Map<String, Value>,
    /// How long it waits; as long as the kit says if not said
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<Span>,
}

impl RequestApproval {
    /// Returns the action's name to people: `custom.deploy-prod`.
    pub(crate) fn action_type(&self) -> String {
        let letters = self.title.as_str().chars().map(|c| {
            let c = c.to_ascii_lowercase();
            if c.is_ascii_alphanumeric() { c } else { '-' }
        });
        let words: String = letters.collect();
        let words: Vec<_> = words.split('-').filter(|word| !word.is_empty()).collect();
        let name: String = words.join("-").chars().take(64).collect();
        format!("custom.{}", if name.is_empty() { "request" } else { &name })
    }
}

/// What an action that performs nothing answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Acknowledged {
    /// Always true: a person said yes
    pub(crate) approved: bool,
}
