//! How users of an app log in, and where their credential stands in a request.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::is_default;
use crate::api::toolkits::AuthType;

/// How a user logs in to a toolkit.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    /// `oauth2`, `api_key`, `basic` or `none`; `unknown` where nobody has said, and users enter what to send
    #[serde(rename = "type")]
    pub(crate) kind: AuthType,
    /// OAuth server whose endpoints are discovered (RFC 8414); or give the endpoints by hand
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<Url>,
    /// The protected resource whose metadata names the OAuth server (RFC 9728); sent as `resource` (RFC 8707)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<Url>,
    /// OAuth authorization endpoint
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authorize_url: Option<Url>,
    /// OAuth token endpoint
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_url: Option<Url>,
    /// OAuth revocation endpoint (RFC 7009)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoke_url: Option<Url>,
    /// OAuth device authorization endpoint (RFC 8628)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device_url: Option<Url>,
    /// OAuth endpoint at which a client registers itself (RFC 7591)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) registration_url: Option<Url>,
    /// Whether its OAuth server registers nobody, so that the operator has to bring a client
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) registers_nobody: bool,
    /// OAuth client, where a public one may be shipped; else `toolkits configure` sets it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Scopes that `connect` asks for, unless it is told which tools are wanted
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// Scopes that every login asks for: what refreshing and learning the account need
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) login_scopes: Vec<String>,
    /// What stands between two scopes
    #[serde(default = "space", skip_serializing_if = "is_space")]
    pub(crate) scope_separator: String,
    /// Further parameters of the authorization request
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) params: BTreeMap<String, String>,
    /// Whether PKCE (S256) is used; off only for servers that refuse it
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub(crate) pkce: bool,
    /// How the client names itself at the token endpoint: `none`, `basic` or `post`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_auth: Option<TokenAuth>,
    /// What the token endpoint reads: `form`, or `json` where the app wants that
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) token_format: TokenFormat,
    /// What a user enters: credentials, and parts of `base_url`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<Field>,
    /// Where the credential stands in a request; `oauth2` is a bearer header, `basic` a basic one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
    /// Where more credentials stand, of an app that wants several in one request
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<Place>,
}

impl Auth {
    /// Returns what a manifest says of a login that it only begins to describe.
    pub(crate) fn fresh() -> Self {
        Self { scope_separator: space(), pkce: true, ..Self::default() }
    }

    /// Returns everywhere a credential stands in a request.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.place.iter().chain(&self.also)
    }
}

fn space() -> String {
    " ".to_owned()
}

fn is_space(text: &String) -> bool {
    text == " "
}

fn yes() -> bool {
    true
}

/// How an OAuth client authenticates at the token endpoint (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenAuth {
    /// A public client: its id in the body
    None,
    /// Id and secret in a basic header
    Basic,
    /// Id and secret in the body
    Post,
}

/// How a token request is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenFormat {
    /// As RFC 6749 has it
    #[default]
    Form,
    /// As a JSON object with the same names
    Json,
}

/// One thing a user enters when connecting without OAuth, or beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    /// `api_key`, `token`, `username`, `password`, `bot_token`, or a part of `base_url`
    pub(crate) key: String,
    /// What the prompt calls it
    pub(crate) label: String,
    /// Whether it is hidden and sealed; off for a subdomain or a shop's name
    #[serde(default = "yes")]
    pub(crate) secret: bool,
}

/// Where an API key stands in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// `header` or `query`, or `environment` of a server's program; a key in the path is a `{key}` of `base_url`
    #[serde(rename = "in")]
    pub(crate) part: Part,
    /// Name of the header or parameter
    pub(crate) name: String,
    /// Its value, with `{key}` for a field: `Bearer {api_key}`
    pub(crate) value: String,
}

/// A part of a request that can hold a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// A header
    Header,
    /// A query parameter
    Query,
    /// A variable in the environment of a server that runs on this machine
    Environment,
}
