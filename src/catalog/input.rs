//! Whether an input fits a tool's schema, and if not, every reason, in words and with its place.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use super::manifest::Tool;
use super::search::nearest;
use crate::api::error::{Error, Fault, Result};

/// How many letters of a value are repeated to those who gave it.
const VALUE: usize = 200;

/// Returns everything that a tool's schema finds wrong with an input.
pub(crate) fn faults(tool: &Tool, input: &Map<String, Value>) -> Result<Vec<Fault>> {
    misfits("tool", &Value::from(tool.input.clone()), input)
}

/// Returns everything that a schema finds wrong with the input of a `kind` of thing.
pub(crate) fn misfits(
    kind: &str,
    schema: &Value,
    input: &Map<String, Value>,
) -> Result<Vec<Fault>> {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .with_format("file", |_: &str| true)
        .build(schema)
        .map_err(|error| Error::internal("the schema is none", error.to_owned()))?;
    let input = Value::from(input.clone());
    Ok(validator.iter_errors(&input).flat_map(|error| described(kind, schema, &error)).collect())
}

/// Says what is wrong: one fault, or one for each name where several are unknown.
fn described(kind: &str, schema: &Value, error: &ValidationError<'_>) -> Vec<Fault> {
    let place = error.instance_path().to_string();
    let rule = error.schema_path().to_string();
    let owner = rule.rsplit_once('/').map_or("", |(owner, _)| owner);
    let at = |name: &str, message: String| Fault { pointer: format!("{place}/{name}"), message };
    let here = |message: String| vec![Fault { pointer: place.clone(), message }];
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            vec![at(property.as_str().unwrap_or_default(), "is missing".to_owned())]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = schema.pointer(&format!("{owner}/properties")).and_then(Value::as_object);
            let known: Vec<&str> =
                known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            unexpected.iter().map(|name| at(name, unknown(kind, name, &known))).collect()
        }
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            here(choices(schema.pointer(&rule)).unwrap_or_else(|| said(error)))
        }
        ValidationErrorKind::Pattern { .. } => {
            let about = schema.pointer(&format!("{owner}/description")).and_then(Value::as_str);
            here(match about {
                Some(about) => format!("{} is not what is wanted: {about}", shown(error)),
                None => said(error),
            })
        }
        ValidationErrorKind::MaxLength { limit } if is_file(schema.pointer(owner)) => {
            here(too_large(error, *limit))
        }
        _ => here(said(error)),
    }
}

/// Returns what the library says, without the value where that is long.
fn said(error: &ValidationError<'_>) -> String {
    error.masked_with(shown(error)).to_string()
}

/// Returns the value that is wrong, the end of a long one cut off.
fn shown(error: &ValidationError<'_>) -> String {
    let text = error.instance().to_string();
    match text.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Tells whether a schema is that of a file's content.
fn is_file(schema: Option<&Value>) -> bool {
    schema.is_some_and(|schema| schema["contentEncoding"] == "base64")
}

/// Says how large a file is that came in base64, four letters for three bytes, and how large it may be.
fn too_large(error: &ValidationError<'_>, limit: u64) -> String {
    let text = error.instance().as_str().unwrap_or_default();
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    let size = (text.len() / 4 * 3).saturating_sub(padding);
    format!("the file has {size} bytes, and the app takes at most {}", limit / 4 * 3)
}

fn unknown(kind: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()).first() {
        Some(near) => format!("is no input of this {kind}; did you mean `{near}`?"),
        None => format!("is no input of this {kind}"),
    }
}

/// Returns alternatives that only ask for names as one sentence.
fn choices(alternatives: Option<&Value>) -> Option<String> {
    let named = |one: &Value| {
        let names = one["required"].as_array()?.iter();
        Some(
            names
                .map(|name| format!("`{}`", name.as_str().unwrap_or_default()))
                .collect::<Vec<_>>()
                .join(" and "),
        )
    };
    let all = alternatives?.as_array()?.iter().map(named).collect::<Option<Vec<_>>>()?;
    Some(format!("give {}", all.join(" or ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::builtin;

    fn said(tool: &str, input: Value) -> Vec<(String, String)> {
        let gmail = builtin(&"gmail".parse().unwrap()).unwrap().unwrap();
        let tool = gmail.tool(&tool.parse().unwrap()).unwrap();
        let faults = faults(tool, input.as_object().unwrap()).unwrap();
        faults.into_iter().map(|fault| (fault.pointer, fault.message)).collect()
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        let faults = said("GMAIL_SEND_EMAIL", json!({"subjct": "x", "body": 1}));

        let expected = [
            ("/subject", "is missing"),
            ("/subjct", "is no input of this tool; did you mean `subject`?"),
            ("/body", "1 is not of type \"string\""),
            ("", "give `to` or `recipient_email`"),
        ];
        for (pointer, message) in expected {
            assert!(faults.contains(&(pointer.into(), message.into())), "{pointer}: {faults:?}");
        }
    }

    #[test]
    fn a_long_value_is_not_repeated_to_its_end() {
        let long = "x".repeat(100_000);
        let mail = json!({"to": long, "subject": [long], "body": {"a": long}, "is_html": long});

        let faults = said("GMAIL_SEND_EMAIL", mail);

        assert!(faults.len() >= 3, "{faults:?}");
        for (pointer, message) in faults {
            assert!(message.len() < 1000, "{pointer}: {} bytes", message.len());
        }
    }

    #[test]
    fn a_pattern_is_told_in_words() {
        let faults = said("GMAIL_SEND_EMAIL", json!({"to": "x", "subject": "", "body": ""}));

        assert_eq!(faults.len(), 1);
        assert!(faults[0].1.starts_with("\"x\" is not what is wanted: "), "{faults:?}");
    }
}
