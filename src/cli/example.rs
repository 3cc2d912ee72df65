//! A ready input for a tool, made from its schema.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

/// Returns the smallest input that a schema of an object asks for.
pub(crate) fn example(schema: &Map<String, Value>) -> Value {
    let mut wanted = names(schema.get("required"));
    for part in std::iter::once(schema).chain(parts(schema.get("allOf"))) {
        for choice in ["anyOf", "oneOf"] {
            let first = part.get(choice).and_then(|choices| choices.get(0));
            wanted.extend(names(first.and_then(|first| first.get("required"))));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let least = schema.get("minProperties").and_then(Value::as_u64).unwrap_or(0);
    for name in properties.into_iter().flat_map(Map::keys) {
        if (wanted.len() as u64) < least && !wanted.contains(name) {
            wanted.push(name.clone());
        }
    }
    let mut input = Map::new();
    for name in wanted {
        let property = properties.and_then(|all| all.get(&name)).unwrap_or(&Value::Null);
        input.insert(name.clone(), value(&name, property));
    }
    // Where an app's own fields are wanted, of which the schema knows none.
    if (input.len() as u64) < least {
        input.insert("name".to_owned(), "name".into());
    }
    input.into()
}

fn parts(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn names(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn value(name: &str, schema: &Value) -> Value {
    if schema["format"] == "file" {
        return json!("@path");
    }
    let told = ["const", "default"].iter().find_map(|key| schema.get(*key));
    let listed = ["examples", "enum"].iter().find_map(|key| schema.get(*key)?.get(0));
    if let Some(told) = told.or(listed) {
        return told.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(true),
        Some("array") => json!([value(name, &schema["items"])]),
        Some("object") => example(schema.as_object().unwrap_or(&Map::new())),
        _ => text(name, schema).into(),
    }
}

/// Returns a text that fits the schema, as far as one is known.
fn text(name: &str, schema: &Value) -> String {
    let plain = plain(name, schema);
    let strict = jsonschema::options().should_validate_formats(true).build(schema);
    let Ok(strict) = strict else { return plain };
    let pattern = schema["pattern"].as_str().and_then(|pattern| regex_syntax::parse(pattern).ok());
    let made =
        pattern.into_iter().flat_map(|pattern| [of_pattern(&pattern, 1), of_pattern(&pattern, 0)]);
    let formats = FORMATS.iter().map(|text| (*text).to_owned());
    let mut all = std::iter::once(plain.clone()).chain(made).chain(formats);
    all.find(|text| strict.is_valid(&json!(text))).unwrap_or(plain)
}

/// What formats ask for that no plain word is.
const FORMATS: [&str; 4] =
    ["example.com", "01234567-89ab-cdef-0123-456789abcdef", "/path", "2026-01-31"];

/// Returns a text that a pattern lets through, with what it repeats at least so often where it may.
fn of_pattern(pattern: &Hir, often: u32) -> String {
    let several = |parts: &[Hir]| parts.iter().map(|part| of_pattern(part, often)).collect();
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).into_owned(),
        HirKind::Class(class) => letter(class).map(String::from).unwrap_or_default(),
        HirKind::Repetition(repeated) => {
            let times = repeated.min.max(often.min(repeated.max.unwrap_or(often)));
            of_pattern(&repeated.sub, often).repeat(usize::try_from(times).unwrap_or_default())
        }
        HirKind::Capture(capture) => of_pattern(&capture.sub, often),
        HirKind::Concat(parts) => several(parts),
        HirKind::Alternation(choices) => several(&choices[..1]),
    }
}

/// Returns a letter of a class: one that is plain to see, where it has some.
fn letter(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|one| (one.start(), one.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|one| (char::from(one.start()), char::from(one.end()))).collect()
        }
    };
    let has = |letter: &char| ranges.iter().any(|(from, to)| (*from..=*to).contains(letter));
    ['a', '1', 'A'].into_iter().find(has).or_else(|| ranges.first().map(|(from, _)| *from))
}

fn plain(name: &str, schema: &Value) -> String {
    let format = schema["format"].as_str();
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    let plain = match format {
        Some("date-time") => "2026-01-31T09:00:00Z".to_owned(),
        Some("date") => "2026-01-31".to_owned(),
        Some("uri") => "https://example.com/".to_owned(),
        Some("email") => "ann@example.com".to_owned(),
        _ if pattern.contains('@') => "ann@example.com".to_owned(),
        _ if pattern.contains("a-z]{3}") => "usd".to_owned(),
        _ if pattern.contains("^[0-9]") => "1".to_owned(),
        _ => name.to_owned(),
    };
    let least =
        schema["minLength"].as_u64().and_then(|least| usize::try_from(least).ok()).unwrap_or(0);
    format!("{plain}{}", "x".repeat(least.saturating_sub(plain.chars().count())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::all_by_hand;

    #[test]
    fn the_example_of_every_shipped_tool_fits_its_schema() {
        let mut wrong = Vec::new();
        for app in all_by_hand() {
            for tool in app.tools {
                let text = example(&tool.input).to_string();
                // A file is put in before the input is judged.
                let file = r#"{"filename":"a.txt","data":"QQ=="}"#;
                let input: Value = serde_json::from_str(&text.replace("\"@path\"", file)).unwrap();
                let faults = crate::catalog::input::faults(&tool, input.as_object().unwrap());
                let faults = faults.unwrap();
                if !faults.is_empty() {
                    wrong.push(format!("{}: {input}: {faults:?}", tool.slug));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
