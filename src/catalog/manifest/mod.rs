//! The form of a toolkit: what it is called, how one logs in, which requests its tools are.
//!
//! Built-in and added toolkits are read by the same code. This module knows the keys; `check` judges
//! what no single key can tell, and `read` finds the line of a fault. Nothing here sends anything.

mod auth;
mod page;
mod tool;
mod wire;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use auth::{Auth, Field, Part, Place, TokenAuth, TokenFormat};
pub(crate) use page::{Next, Page, whole_number};
pub(crate) use tool::{Body, BodyKind, Replay, RequestLine, Tool};
pub(crate) use wire::{Style, Wire, WirePart};

use crate::api::ids::{Slug, ToolSlug};
use crate::api::toolkits::Provider;

/// A toolkit: an app, how its users log in, and its tools.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Name in commands: lower-case letters, digits and dashes
    pub(crate) slug: Slug,
    /// Name for people
    pub(crate) name: String,
    /// What the app is, in one line
    pub(crate) description: String,
    /// What reaches it: `direct` its own API, `mcp` a server that speaks the Model Context Protocol
    #[serde(default, skip_serializing_if = "Provider::is_direct")]
    pub(crate) provider: Provider,
    /// Where paths of requests begin; may hold `{key}` of a field in `auth.fields`. Of an MCP server, where it is
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) base_url: String,
    /// Program and arguments of an MCP server that runs on this machine, in place of `base_url`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) command: Vec<String>,
    /// Headers of every request: a version of the API, say
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// How a user logs in; without it, nobody has to
    #[serde(default)]
    pub(crate) auth: Auth,
    /// How the app says in the body what its status does not
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) answer: Answer,
    /// Whose account a connection is, and where that is learnt
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<Identity>,
    /// Operations of the app; an MCP server tells its own
    #[serde(default)]
    pub(crate) tools: Vec<Tool>,
}

/// How an app tells success from failure in its answers' bodies, where the status does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// JSON pointer to a boolean: `false` is a refusal, whatever the status
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ok: Option<String>,
    /// JSON pointer to the app's words against a call; without `ok`, their presence is a refusal
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// JSON pointer to the word that `unauthorized`, `scope` and `unclear` list; by default that is `error`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// Words that say the credential is refused
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unauthorized: Vec<String>,
    /// Words that say the credential lacks a scope
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scope: Vec<String>,
    /// Words that say no, and yet a write may have run in part or whole: its outcome is unknown then
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unclear: Vec<String>,
    /// JSON pointer to the scopes that are lacking, separated by commas or spaces
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) needed: Option<String>,
}

/// Whose account a connection is, and where that is learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Method and path, as in a tool; without it, the claims of the `id_token` tell
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<RequestLine>,
    /// GraphQL document that is posted, where the app speaks that
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) graphql: Option<String>,
    /// JSON pointer to the account's name in the answer
    pub(crate) account: String,
}

impl Manifest {
    /// Returns a toolkit of which nothing else is known; its name stands for its description.
    pub(crate) fn bare(slug: Slug, name: String, base_url: String, auth: Auth) -> Self {
        Self {
            slug,
            description: name.clone(),
            name,
            provider: Provider::Direct,
            base_url,
            command: Vec::new(),
            headers: BTreeMap::new(),
            auth,
            answer: Answer::default(),
            identity: None,
            tools: Vec::new(),
        }
    }

    /// Returns the tool of that slug.
    pub(crate) fn tool(&self, slug: &ToolSlug) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.slug == *slug)
    }
}

/// Tells whether a key may be left out when a manifest is written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
