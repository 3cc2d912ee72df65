//! One operation of an app: its request, its input, how its answers are paged.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::is_default;
use super::page::Page;
use super::wire::Wire;
use crate::api::ids::ToolSlug;
use crate::api::toolkits::Effect;
use crate::api::tools::Method;
use crate::catalog::template::holes;

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
    /// Scopes of which the tool needs at least one; `connect --tools` asks for the first. Those that are
    /// needed together stand in one text, with a space between them
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// `json`, `form`, `mime`, `multipart`, `related`, `raw` or `none`, and where in a JSON body the
    /// input goes: `mime /message`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Body>,
    /// The JSON body as the app wants it, made from flat inputs: `"{name}"` is the value of an input,
    /// `"{file.data}"` a part of it, `"{text|base64}"` its base64; an element of a list that holds
    /// `"{name[]}"` is repeated for each item; what has no value is left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<Map<String, Value>>,
    /// GraphQL document that is posted with the inputs as its variables
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) graphql: Option<String>,
    /// Inputs that go to the query; a GET or DELETE without a body sends all that is left there
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) query: Vec<String>,
    /// Where an input stands and how it is written, where that is not plain: `path`, `query`, `header`,
    /// `cookie` or `body`, a style of `OpenAPI` with `*` if it explodes, and its name there: `query form as ids[]`
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) wire: BTreeMap<String, Wire>,
    /// Input that is the whole body, where that is no object made of the inputs
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body_input: Option<String>,
    /// Further headers, with `{name}` for an input
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// How one gets from an answer to the next page
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<Page>,
    /// Whether the answer is a file
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) download: bool,
    /// What the server calls it, where that is not an address
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remote: Option<String>,
    /// JSON Schema of the input, an object
    #[serde(default = "no_input")]
    pub(crate) input: Map<String, Value>,
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
    /// `multipart/form-data`: files as files, all else as text
    Multipart,
    /// `multipart/related` (RFC 2387): the other inputs as JSON, then the one file
    Related,
    /// The bytes of the one file
    Raw,
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
            "multipart" => BodyKind::Multipart,
            "related" => BodyKind::Related,
            "raw" => BodyKind::Raw,
            "none" => BodyKind::None,
            _ => {
                let known = "json, form, mime, multipart, related, raw or none";
                return Err(format!("`{kind}` is not {known}"));
            }
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
            BodyKind::Multipart => "multipart",
            BodyKind::Related => "related",
            BodyKind::Raw => "raw",
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

    /// Tells whether the same request twice does what it does once: by its method (RFC 9110, 9.2.2), or
    /// because the app honours our key.
    pub(crate) fn is_idempotent(&self) -> bool {
        let keyed = self.replay == Replay::A;
        keyed || matches!(self.request.method, Method::Get | Method::Put | Method::Delete)
    }

    /// Returns the schemas of the inputs by their names.
    pub(crate) fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.input.get("properties").and_then(Value::as_object).into_iter().flatten()
    }

    /// Returns the names of the inputs that are files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let file = |(_, schema): &(&String, &Value)| is_file(schema) || is_file(&schema["items"]);
        self.properties().filter(file).map(|(name, _)| name.as_str())
    }

    /// Returns the names of the inputs, in the schema's order.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &str> {
        self.properties().map(|(name, _)| name.as_str())
    }
}

/// Tells whether a schema is that of a file, which users name as `@path`.
fn is_file(schema: &Value) -> bool {
    schema["format"] == "file"
}
