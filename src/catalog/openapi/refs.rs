//! References inside a document, and where in it a value stands.

use std::cell::RefCell;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::api::error::Fault;
use crate::api::ids::clean;

/// How many references may lead to one another.
const HOPS: usize = 32;

/// Something wrong or worth knowing, and the value it is about.
pub(super) type Said<'a> = (&'a Value, String);

/// The references of one document. What stands outside of it is never looked for.
#[derive(Debug)]
pub(super) struct Refs<'a> {
    root: &'a Value,
    known: RefCell<HashMap<&'a str, &'a Value>>,
}

impl<'a> Refs<'a> {
    /// Returns the references of the document whose root that is.
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root, known: RefCell::default() }
    }

    /// Returns the whole document.
    pub(super) fn root(&self) -> &'a Value {
        self.root
    }

    /// Returns what a reference leads to, or a sentence why it leads nowhere.
    pub(super) fn target(&self, reference: &'a str) -> Result<&'a Value, String> {
        if let Some(known) = self.known.borrow().get(reference) {
            return Ok(known);
        }
        let shown = clean(reference);
        let Some(pointer) = reference.strip_prefix('#') else {
            return Err(format!("`{shown}` leads out of the document, and is not followed"));
        };
        let pointer = percent_decode_str(pointer).decode_utf8_lossy();
        let found = self.root.pointer(&pointer);
        let found = found.ok_or_else(|| format!("`{shown}` leads to nothing in the document"))?;
        self.known.borrow_mut().insert(reference, found);
        Ok(found)
    }

    /// Returns a value, or what it refers to.
    pub(super) fn follow(&self, value: &'a Value) -> Result<&'a Value, Said<'a>> {
        let mut now = value;
        for _ in 0..HOPS {
            let Some(reference) = now.get("$ref").and_then(Value::as_str) else { return Ok(now) };
            now = self.target(reference).map_err(|text| (now, text))?;
        }
        Err((value, "its references lead in circles".to_owned()))
    }
}

/// Returns what was said with the place of each in the document, in the document's order.
pub(super) fn located(root: &Value, said: Vec<Said<'_>>) -> Vec<Fault> {
    if said.is_empty() {
        return Vec::new();
    }
    let mut wanted: HashMap<*const Value, Vec<String>> = HashMap::new();
    for (value, text) in said {
        let texts = wanted.entry(std::ptr::from_ref(value)).or_default();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let mut found = Vec::new();
    walk(root, &mut String::new(), &mut wanted, &mut found);
    // What is no part of the document was made from it as a whole.
    let mut rest: Vec<String> = wanted.into_values().flatten().collect();
    rest.sort();
    found.extend(rest.into_iter().map(|message| Fault { pointer: String::new(), message }));
    found
}

fn walk(
    value: &Value,
    at: &mut String,
    wanted: &mut HashMap<*const Value, Vec<String>>,
    found: &mut Vec<Fault>,
) {
    if wanted.is_empty() {
        return;
    }
    if let Some(texts) = wanted.remove(&std::ptr::from_ref(value)) {
        let fault = |message| Fault { pointer: clean(at), message };
        found.extend(texts.into_iter().map(fault));
    }
    let length = at.len();
    let mut below = |step: &str, value: &Value, at: &mut String| {
        at.push('/');
        if step.contains(['~', '/']) {
            at.push_str(&step.replace('~', "~0").replace('/', "~1"));
        } else {
            at.push_str(step);
        }
        walk(value, at, wanted, found);
        at.truncate(length);
    };
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                below(&index.to_string(), item, at);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                below(name, value, at);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
