//! Schemas as agents read them: each word of a tool list is paid for in every session.

use rmcp::model::JsonObject;
use serde_json::{Map, Value};

/// Words of a schema that tell an agent nothing.
const SILENT: [&str; 5] = ["$schema", "title", "format", "default", "additionalProperties"];

/// Returns a schema without what tells an agent nothing: a field that may be left out need not take `null`, too.
pub(super) fn slim(schema: &Value) -> JsonObject {
    match slimmed(schema.clone()) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn slimmed(schema: Value) -> Value {
    let Value::Object(fields) = schema else { return schema };
    let mut slim = Map::new();
    for (word, value) in fields {
        match (word.as_str(), value) {
            ("properties", Value::Object(fields)) => {
                let fields = fields.into_iter().map(|(name, field)| (name, slimmed(field)));
                slim.insert(word, fields.collect::<Map<_, _>>().into());
            }
            // A map of anything says nothing; a map of something does.
            ("additionalProperties", of @ Value::Object(_)) if of != Value::Object(Map::new()) => {
                slim.insert(word, slimmed(of));
            }
            (word, _) if SILENT.contains(&word) => {}
            ("type", Value::Array(mut several)) => {
                several.retain(|one| one != "null");
                let only = (several.len() == 1).then(|| several.remove(0));
                slim.insert(word, only.unwrap_or(Value::Array(several)));
            }
            ("anyOf" | "oneOf", Value::Array(mut several)) => {
                several.retain(|one| one["type"] != "null");
                match <[Value; 1]>::try_from(several) {
                    // What is said of the field comes before what is said of its type.
                    Ok([only]) => {
                        let Value::Object(inner) = slimmed(only) else { continue };
                        for (word, value) in inner {
                            slim.entry(word).or_insert(value);
                        }
                    }
                    Err(several) => {
                        slim.insert(word, several.into_iter().map(slimmed).collect());
                    }
                }
            }
            ("items", items) => {
                slim.insert(word, slimmed(items));
            }
            ("enum", Value::Array(mut words)) => {
                words.retain(|one| !one.is_null());
                slim.insert(word, words.into());
            }
            (_, value) => {
                slim.insert(word, value);
            }
        }
    }
    words_alone(slim)
}

/// Returns a choice of words that are told apart by their descriptions as a plain list of the words.
fn words_alone(mut schema: Map<String, Value>) -> Value {
    let word = |one: &Value| one.get("const").cloned();
    let words = match schema.get("oneOf") {
        Some(Value::Array(several)) => several.iter().map(word).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    if let Some(words) = words {
        schema.shift_remove("oneOf");
        schema.insert("enum".to_owned(), words.into());
    }
    schema.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_tells_an_agent_nothing_is_left_out() {
        let schema = json!({
            "$schema": "x", "title": "T", "type": "object", "additionalProperties": false,
            "properties": {
                "title": {"type": ["string", "null"], "description": "What it is called"},
                "limit": {"type": ["integer", "null"], "format": "uint32", "minimum": 1, "default": null},
                "env": {"description": "Which", "anyOf": [
                    {"description": "E", "oneOf": [{"const": "paper"}, {"const": "live", "description": "Real"}]},
                    {"type": "null"}]},
                "fields": {"type": "object", "additionalProperties": {"type": "string", "title": "X"}},
            },
            "required": ["title"],
        });

        let slim = slim(&schema);

        let wanted = json!({
            "type": "object",
            "properties": {
                "title": {"type": "string", "description": "What it is called"},
                "limit": {"type": "integer", "minimum": 1},
                "env": {"description": "Which", "enum": ["paper", "live"]},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["title"],
        });
        assert_eq!(Value::Object(slim), wanted);
    }
}
