//! Where an input stands in a request and how it is written there, where that is not the plain way.
//!
//! Styles and their names are those of `OpenAPI` 3.1.1, "Style Values"; `reserved` is `{+name}` of RFC 6570.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an input stands, how it is written, and its name there: `query pipeDelimited as item-ids`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Wire {
    /// The part of the request
    pub(crate) part: WirePart,
    /// How the value is written
    pub(crate) style: Style,
    /// Whether each item or field is written by itself: a `*` behind the style
    pub(crate) explode: bool,
    /// Its name in the request, where that is not the input's own
    pub(crate) name: Option<String>,
}

/// A part of a request that holds inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WirePart {
    /// A hole of the path
    Path,
    /// The query
    Query,
    /// A header
    Header,
    /// The `Cookie` header
    Cookie,
    /// A field of the body
    Body,
}

/// How a value is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `a,b`
    Simple,
    /// `.a.b`
    Label,
    /// `;name=a;name=b`
    Matrix,
    /// `name=a&name=b`
    Form,
    /// `name=a%20b`
    SpaceDelimited,
    /// `name=a%7Cb`
    PipeDelimited,
    /// `name[key]=value`
    DeepObject,
    /// As JSON
    Json,
    /// As it is, its slashes too
    Reserved,
}

/// The parts of a request, by the word that stands for each.
const PARTS: [(&str, WirePart); 5] = [
    ("path", WirePart::Path),
    ("query", WirePart::Query),
    ("header", WirePart::Header),
    ("cookie", WirePart::Cookie),
    ("body", WirePart::Body),
];

/// The styles, by the word that stands for each.
const STYLES: [(&str, Style); 9] = [
    ("simple", Style::Simple),
    ("label", Style::Label),
    ("matrix", Style::Matrix),
    ("form", Style::Form),
    ("spaceDelimited", Style::SpaceDelimited),
    ("pipeDelimited", Style::PipeDelimited),
    ("deepObject", Style::DeepObject),
    ("json", Style::Json),
    ("reserved", Style::Reserved),
];

impl WirePart {
    /// Returns the style that nobody has to name, and whether it explodes.
    pub(crate) fn plain(self) -> (Style, bool) {
        match self {
            Self::Path | Self::Header => (Style::Simple, false),
            Self::Query | Self::Cookie | Self::Body => (Style::Form, true),
        }
    }

    /// Tells whether values can be written in a style here.
    pub(crate) fn takes(self, style: Style) -> bool {
        match (self, style) {
            (_, Style::Json)
            | (Self::Path, Style::Simple | Style::Label | Style::Matrix | Style::Reserved)
            | (Self::Header, Style::Simple)
            | (
                Self::Query | Self::Body,
                Style::Form | Style::SpaceDelimited | Style::PipeDelimited | Style::DeepObject,
            )
            | (Self::Cookie, Style::Form) => true,
            (
                Self::Path,
                Style::Form | Style::SpaceDelimited | Style::PipeDelimited | Style::DeepObject,
            )
            | (
                Self::Query | Self::Body,
                Style::Simple | Style::Label | Style::Matrix | Style::Reserved,
            )
            | (
                Self::Header,
                Style::Label
                | Style::Matrix
                | Style::Form
                | Style::SpaceDelimited
                | Style::PipeDelimited
                | Style::DeepObject
                | Style::Reserved,
            )
            | (
                Self::Cookie,
                Style::Simple
                | Style::Label
                | Style::Matrix
                | Style::SpaceDelimited
                | Style::PipeDelimited
                | Style::DeepObject
                | Style::Reserved,
            ) => false,
        }
    }
}

impl Style {
    /// Returns the style of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        STYLES.iter().find(|(word, _)| *word == name).map(|(_, style)| *style)
    }
}

impl Wire {
    /// Returns the plain way to stand in a part of the request.
    pub(crate) fn plain(part: WirePart) -> Self {
        let (style, explode) = part.plain();
        Self { part, style, explode, name: None }
    }
}

impl TryFrom<String> for Wire {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (how, name) = match text.split_once(" as ") {
            Some((how, name)) => (how, Some(name.to_owned()).filter(|name| !name.is_empty())),
            None => (text.as_str(), None),
        };
        let (part, style) = how.split_once(' ').unwrap_or((how, ""));
        let part = PARTS.iter().find(|(word, _)| *word == part).map(|(_, part)| *part);
        let part = part.ok_or("begins with `path`, `query`, `header`, `cookie` or `body`")?;
        let plain = Self::plain(part);
        if style.is_empty() {
            return Ok(Self { name, ..plain });
        }
        let (word, explode) = style.strip_suffix('*').map_or((style, false), |word| (word, true));
        let style = Style::named(word).filter(|style| part.takes(*style));
        let style = style.ok_or_else(|| format!("`{word}` is no style of this part"))?;
        Ok(Self { part, style, explode, name })
    }
}

impl From<Wire> for String {
    fn from(wire: Wire) -> Self {
        let part = PARTS.iter().find(|(_, part)| *part == wire.part);
        let mut text = part.map(|(word, _)| (*word).to_owned()).unwrap_or_default();
        if (wire.style, wire.explode) != wire.part.plain() {
            let style = STYLES.iter().find(|(_, style)| *style == wire.style);
            text.push(' ');
            text.push_str(style.map(|(word, _)| *word).unwrap_or_default());
            text.push_str(if wire.explode { "*" } else { "" });
        }
        match wire.name {
            Some(name) => format!("{text} as {name}"),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_it_was_read() {
        for text in [
            "query",
            "query form",
            "query pipeDelimited as item ids",
            "query deepObject* as filter",
            "path matrix*",
            "path reserved",
            "header json as X-Filter",
            "cookie form as sid",
            "body as id",
        ] {
            let wire = Wire::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(wire), text);
        }
    }

    #[test]
    fn a_place_that_cannot_be_is_refused() {
        for text in ["", "uri", "path form", "header deepObject*", "query simple", "query wild"] {
            assert!(Wire::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
