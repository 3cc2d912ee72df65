//! The form of a toolkit: what it is called, how one logs in, which requests its tools are.
//!
//! Built-in and added toolkits are read by the same code. This module knows the keys; `check` judges
//! what no single key can tell, and `read` finds the line of a fault. Nothing here sends anything.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::template::holes;
use crate::api::ids::{Slug, ToolSlug};
use crate::api::workspace::{AuthType, Effect};

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
    /// Where paths of requests begin; may hold `{key}` of a field in `auth.fields`
    pub(crate) base_url: String,
    /// How a user logs in; without it, nobody has to
    #[serde(default)]
    pub(crate) auth: Auth,
    /// The request that tells whose account a connection is
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<Identity>,
    /// Operations of the app
    pub(crate) tools: Vec<Tool>,
}

/// How a user logs in to a toolkit.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    /// `oauth2`, `api_key`, `basic` or `none`
    #[serde(rename = "type")]
    pub(crate) kind: AuthType,
    /// OAuth server whose endpoints are discovered (RFC 8414); or give the endpoints by hand
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<Url>,
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
    /// OAuth client, where a public one may be shipped; else `toolkits configure` sets it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Scopes that `connect` asks for
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
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
    /// What a user enters: credentials, and parts of `base_url`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<Field>,
    /// Where the credential stands in a request; `oauth2` is a bearer header, `basic` a basic one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
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
    /// `header` or `query`; a key in the path is a `{key}` of `base_url`
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
}

/// The request that tells whose account a connection is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Method and path, as in a tool
    pub(crate) request: RequestLine,
    /// JSON pointer to the account's name in the answer
    pub(crate) account: String,
}

/// One operation of the app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tool {
    /// The toolkit's slug in upper case without dashes, an underscore, then the verb
    pub(crate) slug: ToolSlug,
    /// Name for people
    pub(crate) name: String,
    /// What it does, in one line
    pub(crate) description: String,
    /// Method and path: `POST /messages/{id}/trash`; `{id}` is taken from the input
    pub(crate) request: RequestLine,
    /// `read`, `write` or `destructive`
    pub(crate) effect: Effect,
    /// What a lost answer means: `A` the app honours our key, `B` it can be looked up, `C` neither
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) replay: Replay,
    /// Header that carries an idempotency key
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_header: Option<String>,
    /// Scopes of which the tool needs at least one
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// `json`, `form`, `mime` or `none`, and where in it the input goes: `mime /message`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Body>,
    /// Inputs that go to the query; a GET or DELETE without a body sends all that is left there
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) query: Vec<String>,
    /// Further headers, with `{name}` for an input
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// JSON Schema of the input, an object
    #[serde(default = "no_input")]
    pub(crate) input: Map<String, Value>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The schema of a tool that takes nothing.
fn no_input() -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), Map::new().into());
    schema.insert("additionalProperties".into(), false.into());
    schema
}

/// What can be done when the answer to a write was lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Replay {
    /// The app honours our idempotency key: the same request may be sent again
    A,
    /// The app can be asked whether it happened
    B,
    /// Neither: the outcome stays unknown until a person says
    #[default]
    C,
}

/// A method and a path template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct RequestLine {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`
    pub(crate) method: Method,
    /// Begins with a slash, may hold `{name}` and end in a fixed query
    pub(crate) path: String,
}

/// An HTTP method that tools use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    /// Reads
    Get,
    /// Creates or acts
    Post,
    /// Replaces
    Put,
    /// Changes
    Patch,
    /// Deletes
    Delete,
}

impl Method {
    /// Returns the method as it stands in a request.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl FromStr for RequestLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (method, path) = text.split_once(' ').ok_or("a request is `METHOD /path`")?;
        let method = match method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            _ => return Err(format!("`{method}` is not GET, POST, PUT, PATCH or DELETE")),
        };
        let clean = path.starts_with('/') && !path.starts_with("//");
        if !clean || path.chars().any(|c| c.is_whitespace() || c.is_control() || c == '#') {
            return Err(format!("`{path}` is not a path that begins with one slash"));
        }
        holes(path)?;
        Ok(Self { method, path: path.to_owned() })
    }
}

impl TryFrom<String> for RequestLine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RequestLine> for String {
    fn from(line: RequestLine) -> Self {
        line.to_string()
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

/// How the input becomes a request body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Body {
    /// The encoding
    pub(crate) kind: BodyKind,
    /// JSON pointer to the object the input goes into; empty for the body itself
    pub(crate) at: String,
}

/// A body encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// A JSON object
    Json,
    /// `application/x-www-form-urlencoded`, with brackets for what is nested
    Form,
    /// A JSON object whose `raw` is an RFC 5322 message in base64url, made from the mail inputs
    Mime,
    /// Nothing
    None,
}

impl TryFrom<String> for Body {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (kind, at) = text.split_once(' ').unwrap_or((&text, ""));
        let kind = match kind {
            "json" => BodyKind::Json,
            "form" => BodyKind::Form,
            "mime" => BodyKind::Mime,
            "none" => BodyKind::None,
            _ => return Err(format!("`{kind}` is not json, form, mime or none")),
        };
        let pointed = matches!(kind, BodyKind::Json | BodyKind::Mime);
        let fits = at.is_empty() || (pointed && at.starts_with('/'));
        if !fits {
            return Err(format!("`{at}` is not a JSON pointer into a JSON body"));
        }
        Ok(Self { kind, at: at.to_owned() })
    }
}

impl From<Body> for String {
    fn from(body: Body) -> Self {
        let kind = match body.kind {
            BodyKind::Json => "json",
            BodyKind::Form => "form",
            BodyKind::Mime => "mime",
            BodyKind::None => "none",
        };
        format!("{kind} {}", body.at).trim_end().to_owned()
    }
}

impl Tool {
    /// Returns how the input becomes a body: as declared, else JSON where the method has one.
    pub(crate) fn body(&self) -> Body {
        let kind = match self.request.method {
            Method::Get | Method::Delete => BodyKind::None,
            Method::Post | Method::Put | Method::Patch => BodyKind::Json,
        };
        self.body.clone().unwrap_or(Body { kind, at: String::new() })
    }

    /// Returns the names of the inputs, in the schema's order.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &str> {
        let properties = self.input.get("properties").and_then(Value::as_object);
        properties.into_iter().flat_map(Map::keys).map(String::as_str)
    }
}

impl Manifest {
    /// Returns the tool of that slug.
    pub(crate) fn tool(&self, slug: &ToolSlug) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.slug == *slug)
    }
}
