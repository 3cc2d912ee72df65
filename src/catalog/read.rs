//! Reading a manifest from TOML or JSON, and saying where it is wrong: file, line and key.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::check::{Key, Step, check};
use super::manifest::Manifest;
use crate::api::error::{Code, Error, Fault, Result};

/// How a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// TOML
    Toml,
    /// JSON
    Json,
}

/// Reads and judges a manifest; `file` is what messages call it.
///
/// Fails with `InvalidInput`, with every fault's line and key in `details`.
pub(crate) fn parse(text: &str, format: Format, file: &str) -> Result<Manifest> {
    let read = match format {
        Format::Toml => toml::Deserializer::parse(text)
            .map_err(|error| (toml_line(&error, text), String::new(), error.message().to_owned()))
            .and_then(|source| {
                typed(source, |error| (toml_line(error, text), error.message().to_owned()))
            }),
        Format::Json => typed(&mut serde_json::Deserializer::from_str(text), |error| {
            (Some(error.line()), without_place(&error.to_string()))
        }),
    };
    let manifest =
        read.map_err(|(line, key, message)| refused(file, vec![fault(line, &key, &message)]))?;
    let faults = check(&manifest);
    if faults.is_empty() {
        return Ok(manifest);
    }
    let located = |(key, message): (Key, String)| {
        fault(line_of(text, format, &key.0), &key.to_string(), &message)
    };
    Err(refused(file, faults.into_iter().map(located).collect()))
}

/// Reads and judges a manifest that came as JSON.
///
/// Fails as [`parse`] does, with the lines that it has where each of its values stands on one.
pub(crate) fn from_json(text: &str) -> Result<Manifest> {
    if let Ok(manifest) = serde_json::from_str(text)
        && check(&manifest).is_empty()
    {
        return Ok(manifest);
    }
    let whole: Option<Value> = serde_json::from_str(text).ok();
    let lines = whole.and_then(|whole| serde_json::to_string_pretty(&whole).ok());
    parse(lines.as_deref().unwrap_or(text), Format::Json, "manifest")
}

/// Returns a JSON error without its " at line 1 column 2", which is told in front.
fn without_place(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message).to_owned()
}

type Misread = (Option<usize>, String, String);

fn typed<'de, D: Deserializer<'de>>(
    source: D,
    place: impl Fn(&D::Error) -> (Option<usize>, String),
) -> std::result::Result<Manifest, Misread> {
    serde_path_to_error::deserialize(source).map_err(|error| {
        let (line, message) = place(error.inner());
        let key = error.path().to_string();
        (line, if key == "." { String::new() } else { key }, message)
    })
}

fn refused(file: &str, faults: Vec<Fault>) -> Error {
    let more = match faults.len() {
        0 | 1 => String::new(),
        several => format!(" (and {} more)", several - 1),
    };
    let first = faults.first().map(|fault| fault.message.clone()).unwrap_or_default();
    Error::new(Code::InvalidInput, format!("the manifest `{file}` is refused: {first}{more}"))
        .hint("run `man naive-toolkit`, or see `man/naive-toolkit.5`, for the format")
        .reason("manifest_invalid")
        .details(faults)
}

fn fault(line: Option<usize>, key: &str, message: &str) -> Fault {
    let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let name = if key.is_empty() { String::new() } else { format!("`{key}`: ") };
    Fault {
        pointer: pointer(key),
        message: format!("{line}{name}{}", message.trim().replace('\n', " ")),
    }
}

/// Turns `tools[3].request` into `/tools/3/request`.
fn pointer(key: &str) -> String {
    if key.is_empty() {
        return String::new();
    }
    format!("/{}", key.replace(['.', '['], "/").replace(']', ""))
}

fn toml_line(error: &toml::de::Error, text: &str) -> Option<usize> {
    error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count())
}

/// Returns the line on which the value of a key stands.
///
/// Reads the text once more, stops on purpose at that key, and asks the reader where it was.
fn line_of(text: &str, format: Format, key: &[Step]) -> Option<usize> {
    match format {
        Format::Toml => {
            let source = toml::Deserializer::parse(text).ok()?;
            Seek(key).deserialize(source).err().and_then(|error| toml_line(&error, text))
        }
        Format::Json => {
            let mut source = serde_json::Deserializer::from_str(text);
            Seek(key).deserialize(&mut source).err().map(|error| error.line())
        }
    }
}

/// Walks to a key and fails there.
struct Seek<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> std::result::Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key that is sought")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let Some((Step::Name(wanted), rest)) = self.0.split_first() else {
            return Err(A::Error::custom("here"));
        };
        while let Some(name) = map.next_key::<String>()? {
            if name == *wanted {
                map.next_value_seed(Seek(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Err(A::Error::custom("here"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        let Some((Step::Index(wanted), rest)) = self.0.split_first() else {
            return Err(A::Error::custom("here"));
        };
        for _ in 0..*wanted {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(Seek(rest))?;
        Err(A::Error::custom("here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
slug = "acme"
name = "Acme"
description = "A shop"
base_url = "https://{shop}.example.com"

[auth]
type = "api_key"
fields = [
  { key = "api_key", label = "Key" },
  { key = "shop", label = "Shop", secret = false },
]
place = { in = "header", name = "X-Key", value = "{api_key}" }

[[tools]]
slug = "ACME_GET_ITEM"
name = "Get"
description = "Get an item"
request = "GET /items/{id}"
effect = "read"
[tools.input]
type = "object"
required = ["id"]
[tools.input.properties.id]
type = "string"
"#;

    fn messages(text: &str) -> Vec<String> {
        let error = parse(text, Format::Toml, "acme.toml").unwrap_err();
        error.details.into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn a_whole_manifest_is_read_from_both_forms() {
        let toml = parse(GOOD, Format::Toml, "acme.toml").unwrap();

        let json = serde_json::to_string(&toml).unwrap();

        assert_eq!(serde_json::to_string(&parse(&json, Format::Json, "a").unwrap()).unwrap(), json);
    }

    #[test]
    fn a_fault_names_its_line_and_key() {
        let cases = [
            (GOOD.replace("\"read\"", "\"look\""), "line 20: `tools[0].effect`: unknown variant"),
            (GOOD.replace("name = \"Acme\"", "nome = \"Acme\""), "line 3: "),
            (GOOD.replace("GET /items", "FETCH /items"), "line 19: `tools[0].request`: `FETCH`"),
            (
                GOOD.replace("ACME_GET", "SHOP_GET"),
                "line 16: `tools[0].slug`: must begin with `ACME_`",
            ),
            (
                GOOD.replace("/{id}", "/{key}"),
                "line 19: `tools[0].request`: `{key}` is no required input",
            ),
            (GOOD.replace("{shop}.", "{store}."), "line 5: `base_url`: `{store}` is no field"),
            (
                GOOD.replace("\"{api_key}\"", "\"{token}\""),
                "line 13: `auth.place.value`: `{token}` is no field",
            ),
        ];
        for (text, expected) in cases {
            let found = messages(&text);
            assert!(
                found.iter().any(|message| message.starts_with(expected)),
                "{expected}: {found:?}"
            );
        }
    }

    #[test]
    fn a_fault_in_json_names_its_line_too() {
        let json = serde_json::to_string_pretty(&parse(GOOD, Format::Toml, "a").unwrap()).unwrap();
        let bad = json.replace("/{id}", "/{key}");

        let error = parse(&bad, Format::Json, "acme.json").unwrap_err();

        let line = 1 + bad[..bad.find("/{key}").unwrap()].matches('\n').count();
        assert!(error.details[0].message.starts_with(&format!("line {line}: ")), "{error:?}");
        assert_eq!(error.details[0].pointer, "/tools/0/request");
    }
}
