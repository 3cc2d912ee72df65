//! What is kept of an app: its manifest, each schema that several tools have written once.

use std::collections::HashMap;

use brotli::enc::BrotliEncoderParams;
use serde_json::{Map, Value, json};

use crate::catalog::manifest::{Manifest, Tool};
use crate::catalog::pack::{PART, titled};

/// A schema shorter than this is written wherever it stands.
const SHORT: usize = 40;

/// Returns the lines of an app: its head, then the parts of its tools, then its tools.
pub(super) fn lines(manifest: &Manifest, vendor: &str) -> Vec<String> {
    let mut card = serde_json::to_value(manifest).unwrap();
    card.as_object_mut().unwrap().shift_remove("tools");
    let tools: Vec<Value> = manifest.tools.iter().map(bare).collect();
    let mut parts = Parts::default();
    for tool in &tools {
        parts.count(&tool["input"]);
    }
    let tools: Vec<String> = tools
        .iter()
        .map(|tool| {
            let mut tool = tool.clone();
            if let Some(input) = tool.get_mut("input") {
                *input = parts.written(input);
            }
            tool.to_string()
        })
        .collect();
    let head =
        json!({ "vendor": vendor, "parts": parts.lines.len(), "tools": tools.len(), "card": card });
    std::iter::once(head.to_string()).chain(parts.lines).chain(tools).collect()
}

/// Returns a tool without what is made of the rest of it.
fn bare(tool: &Tool) -> Value {
    let mut value = serde_json::to_value(tool).unwrap();
    let map = value.as_object_mut().unwrap();
    if tool.name == titled(tool.slug.as_str()) {
        map.shift_remove("name");
    }
    if tool.description == tool.request.to_string() {
        map.shift_remove("description");
    }
    value
}

/// The schemas that several have.
#[derive(Debug, Default)]
struct Parts {
    seen: HashMap<String, usize>,
    lines: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Parts {
    /// Counts who has a schema: what stands in one that several have is counted once.
    fn count(&mut self, value: &Value) {
        let text = value.to_string();
        if text.len() < SHORT {
            return;
        }
        let times = self.seen.entry(text).or_default();
        *times += 1;
        if *times == 1 {
            match value {
                Value::Object(map) => map.values().for_each(|value| self.count(value)),
                Value::Array(list) => list.iter().for_each(|value| self.count(value)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
    }

    /// Returns a schema with the number of a part in place of what several have.
    fn written(&mut self, value: &Value) -> Value {
        if !(value.is_object() || value.is_array()) {
            return value.clone();
        }
        let text = value.to_string();
        if self.seen.get(&text).is_none_or(|times| *times < 2) {
            return self.inside(value);
        }
        if let Some(number) = self.numbers.get(&text) {
            return json!({ PART: number });
        }
        let line = self.inside(value).to_string();
        let number = self.lines.len();
        self.lines.push(line);
        self.numbers.insert(text, number);
        json!({ PART: number })
    }

    fn inside(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                assert!(!map.contains_key(PART));
                map.iter()
                    .map(|(key, value)| (key.clone(), self.written(value)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            Value::Array(list) => {
                list.iter().map(|value| self.written(value)).collect::<Vec<_>>().into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }
}

/// Returns the facts as they are kept.
pub(super) fn packed(facts: &[u8]) -> Vec<u8> {
    let params = BrotliEncoderParams {
        quality: 10,
        lgwin: 24,
        size_hint: facts.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*facts, &mut packed, &params).unwrap();
    packed
}
