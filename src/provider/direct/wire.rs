//! Inputs as they are written into a request: each style of `OpenAPI`, exploded or not.
//!
//! Source: `OpenAPI` 3.1.1, "Style Examples", and RFC 6570 (read 2026-11-28). Values are percent-encoded,
//! what stands between them is not.

use serde_json::Value;

use super::{flattened, text};
use crate::api::address::path_part;
use crate::catalog::manifest::{Style, Tool, Wire, WirePart};

/// Returns what stands in a hole of the path; `None` for what would lead elsewhere.
pub(super) fn segment(tool: &Tool, name: &str, value: &Value) -> Option<String> {
    let wire = tool.wire.get(name).filter(|wire| wire.part == WirePart::Path);
    let written = match wire {
        Some(Wire { style: Style::Reserved, .. }) => {
            let whole = text(value);
            let parts: Vec<&str> = whole.split('/').collect();
            if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
                return None;
            }
            return Some(parts.into_iter().map(path_part).collect::<Vec<_>>().join("/"));
        }
        Some(wire) => joined(wire, wire.name.as_deref().unwrap_or(name), value, path_part),
        None => path_part(&text(value)),
    };
    (!matches!(written.as_str(), "" | "." | "..")).then_some(written)
}

/// Returns the pairs of a query or a form that an input becomes, names and values percent-encoded.
pub(super) fn pairs(wire: &Wire, name: &str, value: &Value) -> Vec<String> {
    let name = wire.name.as_deref().unwrap_or(name);
    let named = |value: &str| format!("{}={value}", path_part(name));
    match (wire.style, value) {
        (Style::DeepObject, value) => flattened(name, value)
            .into_iter()
            .map(|(name, value)| format!("{}={}", path_part(&name), path_part(&value)))
            .collect(),
        (Style::Form, Value::Array(items)) if wire.explode => {
            items.iter().map(|item| named(&path_part(&text(item)))).collect()
        }
        (Style::Form, Value::Object(fields)) if wire.explode => {
            let pair = |(key, value): (&String, &Value)| pair(key, value, path_part);
            fields.iter().map(pair).collect()
        }
        (
            Style::Form
            | Style::SpaceDelimited
            | Style::PipeDelimited
            | Style::Simple
            | Style::Label
            | Style::Matrix
            | Style::Json
            | Style::Reserved,
            value,
        ) => vec![named(&joined(wire, name, value, path_part))],
    }
}

/// Returns the value of a header, where nothing is percent-encoded.
pub(super) fn header(wire: &Wire, value: &Value) -> String {
    joined(wire, "", value, str::to_owned)
}

/// Returns a value as one text, its parts encoded as `encode` does.
fn joined(wire: &Wire, name: &str, value: &Value, encode: fn(&str) -> String) -> String {
    if wire.style == Style::Json {
        return encode(&value.to_string());
    }
    let (before, between) = match wire.style {
        Style::Label if wire.explode => (".".to_owned(), "."),
        Style::Label => (".".to_owned(), ","),
        Style::Matrix if wire.explode => (String::new(), ""),
        Style::Matrix => (format!(";{}=", path_part(name)), ","),
        Style::SpaceDelimited => (String::new(), "%20"),
        Style::PipeDelimited => (String::new(), "%7C"),
        Style::Simple | Style::Form | Style::DeepObject | Style::Json | Style::Reserved => {
            (String::new(), ",")
        }
    };
    let repeated = wire.style == Style::Matrix && wire.explode;
    let one = |value: &Value| match (encode(&text(value)), repeated) {
        (value, false) => value,
        (value, true) if value.is_empty() => format!(";{}", path_part(name)),
        (value, true) => format!(";{}={value}", path_part(name)),
    };
    match value {
        Value::Array(items) => before + &items.iter().map(one).collect::<Vec<_>>().join(between),
        Value::Object(fields) if wire.explode => {
            let lead = if repeated { ";" } else { "" };
            let pair =
                |(key, value): (&String, &Value)| format!("{lead}{}", pair(key, value, encode));
            before + &fields.iter().map(pair).collect::<Vec<_>>().join(between)
        }
        Value::Object(fields) => {
            let both = fields.iter().flat_map(|(key, value)| [encode(key), encode(&text(value))]);
            before + &both.collect::<Vec<_>>().join(between)
        }
        value if wire.style == Style::Matrix && text(value).is_empty() => {
            format!(";{}", path_part(name))
        }
        value => before + &one(value),
    }
}

fn pair(key: &str, value: &Value, encode: fn(&str) -> String) -> String {
    format!("{}={}", encode(key), encode(&text(value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Returns how `color` is written: in the path, or as pairs with `&` between them.
    fn written(wire: &str, value: &Value) -> String {
        let wire = Wire::try_from(wire.to_owned()).unwrap();
        match wire.part {
            WirePart::Path => joined(&wire, "color", value, path_part),
            WirePart::Query | WirePart::Cookie | WirePart::Body => {
                pairs(&wire, "color", value).join("&")
            }
            WirePart::Header => header(&wire, value),
        }
    }

    /// The table of `OpenAPI` 3.1.1, "Style Examples": empty text, text, list, object; `-` where there is none.
    const EXAMPLES: [(&str, [&str; 4]); 13] = [
        (
            "path matrix",
            [";color", ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"],
        ),
        (
            "path matrix*",
            [";color", ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"],
        ),
        ("path label", [".", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"]),
        ("path label*", [".", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"]),
        ("path simple", ["", "blue", "blue,black,brown", "R,100,G,200,B,150"]),
        ("path simple*", ["", "blue", "blue,black,brown", "R=100,G=200,B=150"]),
        ("header simple", ["", "blue", "blue,black,brown", "R,100,G,200,B,150"]),
        ("header simple*", ["", "blue", "blue,black,brown", "R=100,G=200,B=150"]),
        (
            "query form",
            ["color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"],
        ),
        (
            "query form*",
            ["color=", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"],
        ),
        (
            "query spaceDelimited",
            ["-", "-", "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"],
        ),
        (
            "query pipeDelimited",
            ["-", "-", "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"],
        ),
        (
            "query deepObject*",
            ["-", "-", "-", "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"],
        ),
    ];

    #[test]
    fn every_style_is_written_as_the_specification_has_it() {
        let values = [
            json!(""),
            json!("blue"),
            json!(["blue", "black", "brown"]),
            json!({"R": 100, "G": 200, "B": 150}),
        ];
        for (wire, expected) in EXAMPLES {
            for (value, expected) in values.iter().zip(expected).filter(|(_, one)| *one != "-") {
                assert_eq!(written(wire, value), expected, "{wire} of {value}");
            }
        }
    }

    #[test]
    fn what_separates_values_cannot_come_out_of_one() {
        for (wire, expected) in [
            ("query form", "color=a%2Cb%26c%3Dd,%C3%A9"),
            ("path label*", ".a%2Cb%26c%3Dd.%C3%A9"),
            ("path matrix", ";color=a%2Cb%26c%3Dd,%C3%A9"),
            ("query json", "color=%5B%22a%2Cb%26c%3Dd%22%2C%22%C3%A9%22%5D"),
            ("query form* as item ids", "item%20ids=a%2Cb%26c%3Dd&item%20ids=%C3%A9"),
        ] {
            assert_eq!(written(wire, &json!(["a,b&c=d", "é"])), expected);
        }
    }
}
