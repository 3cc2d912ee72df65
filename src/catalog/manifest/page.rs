//! How one gets from an answer to the next page of a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where an answer holds its items, and what asks for the next ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// JSON pointer to the list of items; empty for the answer itself
    pub(crate) items: String,
    /// JSON pointer to the cursor, where `-1` is the last item; `link` for the header of RFC 8288. Of a
    /// cursor that is an address, the parameter called `input` counts. Where no answer says it: `page` if
    /// `input` is the number of the page, `offset` if it is how many items come before it
    pub(crate) next: Next,
    /// JSON pointer to a boolean that must be true for there to be more
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) more: Option<String>,
    /// Input that takes the cursor or the number
    pub(crate) input: String,
}

/// What tells the page after an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) enum Next {
    /// A place in the answer, by JSON pointer
    At(String),
    /// The header `Link`
    Link,
    /// The pages are numbered
    Page,
    /// The items are numbered
    Offset,
}

impl Next {
    /// Returns the place in the answer, if that is where it stands.
    pub(crate) fn pointer(&self) -> Option<&str> {
        match self {
            Self::At(pointer) => Some(pointer),
            Self::Link | Self::Page | Self::Offset => None,
        }
    }

    /// Tells whether no answer says that there is a next page: one asks until nothing comes.
    pub(crate) fn is_counted(&self) -> bool {
        match self {
            Self::Page | Self::Offset => true,
            Self::At(_) | Self::Link => false,
        }
    }
}

impl From<String> for Next {
    fn from(text: String) -> Self {
        match text.as_str() {
            "link" => Self::Link,
            "page" => Self::Page,
            "offset" => Self::Offset,
            _ => Self::At(text),
        }
    }
}

impl From<Next> for String {
    fn from(next: Next) -> Self {
        match next {
            Next::At(pointer) => pointer,
            Next::Link => "link".to_owned(),
            Next::Page => "page".to_owned(),
            Next::Offset => "offset".to_owned(),
        }
    }
}

/// Returns a whole number, also one that is written with a point or as a text.
pub(crate) fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| match value {
        Value::String(text) => text.parse().ok(),
        other => other.to_string().strip_suffix(".0")?.parse().ok(),
    })
}
