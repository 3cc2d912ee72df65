//! Schemas as tools have them: references put in, `allOf` merged, only words that JSON Schema knows.
//!
//! A schema that holds itself, or more than a tool has room for, is cut where that begins: of what is cut
//! stands only what has to be there, and in the end any value will do. Of `oneOf` any one will do, because what was cut would fit several.

use std::collections::HashMap;
use std::mem;

use serde_json::{Map, Value, json};

use super::keywords::{Keywords, file};
use super::refs::{Refs, Said};
use super::text::line;

/// How deep objects and lists are described, tried in this order as long as a schema has room.
const DEPTHS: [usize; 5] = [2, 3, 4, 5, 8];
/// How many `allOf` and references may make up one schema.
const PARTS: usize = 32;
/// How many letters of a description are kept.
const WORDS: usize = 300;
/// How many schemas are kept for the next tool that refers to them.
const HELD: usize = 30_000;
/// How long a pattern may be.
const PATTERN: usize = 300;

/// Writes the schemas of one document.
#[derive(Debug)]
pub(super) struct Schemas<'r, 'a> {
    /// Its references
    pub(super) refs: &'r Refs<'a>,
    /// Whether its descriptions are kept
    pub(super) words: bool,
    /// How many schemas may make up one
    pub(super) room: usize,
    /// What was wrong in the last schema
    pub(super) faults: Vec<Said<'a>>,
    /// Whether the last schema was cut
    pub(super) cut: bool,
    left: usize,
    depth: usize,
    /// Whether the last schema would say more if it went deeper
    ends: bool,
    inside: Vec<&'a str>,
    lines: HashMap<&'a str, Option<String>>,
    patterns: HashMap<&'a str, Option<jsonschema::Validator>>,
    known: HashMap<(&'a str, Bytes), (Value, bool)>,
    held: usize,
}

/// Whether a text in the format `binary` is a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bytes {
    /// It is, and users name it as `@path`
    File,
    /// It is a text
    Text,
}

impl<'r, 'a> Schemas<'r, 'a> {
    /// Returns what writes the schemas of a document.
    pub(super) fn new(refs: &'r Refs<'a>, words: bool, room: usize) -> Self {
        Self {
            refs,
            words,
            room,
            faults: Vec::new(),
            cut: false,
            left: 0,
            depth: 0,
            ends: false,
            inside: Vec::new(),
            lines: HashMap::new(),
            patterns: HashMap::new(),
            known: HashMap::new(),
            held: 0,
        }
    }

    /// Returns a schema as a tool has it. What was wrong and whether it was cut stands in `faults` and `cut`.
    pub(super) fn written(&mut self, schema: &'a Value, bytes: Bytes) -> Value {
        let named = schema.as_object().filter(|map| map.len() == 1);
        let key = named.and_then(|map| map.get("$ref")?.as_str()).map(|name| (name, bytes));
        if let Some((written, cut)) = key.and_then(|key| self.known.get(&key)) {
            self.faults.clear();
            self.cut = *cut;
            return written.clone();
        }
        let [first, deeper @ ..] = DEPTHS;
        let mut written = self.described(schema, first, bytes);
        for depth in deeper {
            if self.left == 0 || !self.ends {
                break;
            }
            let before = (mem::take(&mut self.faults), self.cut, self.left);
            let more = self.described(schema, depth, bytes);
            if self.left == 0 {
                (self.faults, self.cut, self.left) = before;
                break;
            }
            written = more;
        }
        if let Some(key) = key.filter(|_| self.faults.is_empty()) {
            self.held += self.room - self.left;
            if self.held > HELD {
                self.known.clear();
                self.held = self.room - self.left;
            }
            self.known.insert(key, (written.clone(), self.cut));
        }
        written
    }

    /// Returns a schema down to a depth; the beginning of that, if nothing is `left` of the room.
    fn described(&mut self, schema: &'a Value, depth: usize, bytes: Bytes) -> Value {
        (self.depth, self.left) = (depth, self.room);
        (self.cut, self.ends) = (false, false);
        self.inside.clear();
        self.faults.clear();
        self.node(schema, Some(0), bytes)
    }

    /// Returns a schema that stands in others, at a depth; `None` if one of these is the same.
    fn node(&mut self, schema: &'a Value, depth: Option<usize>, bytes: Bytes) -> Value {
        if self.left == 0 {
            self.cut = true;
            return json!({});
        }
        self.left -= 1;
        let before = self.inside.len();
        let mut parts = Vec::new();
        let again = self.gather(schema, before, &mut parts);
        let value = self.joined(&parts, depth.filter(|_| !again), bytes);
        self.inside.truncate(before);
        value
    }

    /// Collects what makes up a schema: itself, what it refers to, each of its `allOf`. Of the references that
    /// are being followed, those from `before` on are its own. Tells whether it holds what it stands in.
    fn gather(
        &mut self,
        schema: &'a Value,
        before: usize,
        parts: &mut Vec<&'a Map<String, Value>>,
    ) -> bool {
        let Some(map) = schema.as_object() else {
            if !schema.is_boolean() {
                self.faults.push((schema, "is no schema".to_owned()));
            }
            return false;
        };
        if parts.len() >= PARTS || self.inside.len() >= PARTS {
            self.cut = true;
            return false;
        }
        let mut again = false;
        if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
            let outer = self.inside[..before].iter().filter(|one| **one == reference).count();
            again = outer > 0;
            self.cut |= again;
            if outer < 2 && !self.inside[before..].contains(&reference) {
                match self.refs.target(reference) {
                    Ok(target) => {
                        self.inside.push(reference);
                        again |= self.gather(target, before, parts);
                    }
                    Err(text) => self.faults.push((schema, text)),
                }
            }
        }
        for part in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            again |= self.gather(part, before, parts);
        }
        parts.push(map);
        again
    }

    fn joined(
        &mut self,
        parts: &[&'a Map<String, Value>],
        depth: Option<usize>,
        bytes: Bytes,
    ) -> Value {
        let said = Keywords::of(parts);
        let mut made = Map::new();
        let types = said.types();
        let is_file = said.is_file(&types);
        if is_file && bytes == Bytes::File {
            made = file();
        } else {
            said.put_type(&types, &mut made);
            said.put_bounds(&types, &mut made);
            let shown = said.example.or(said.default).filter(|one| one.is_string());
            if let Some(pattern) = said.pattern.and_then(Value::as_str)
                && self.is_pattern(pattern, shown)
            {
                made.insert("pattern".to_owned(), pattern.into());
            }
            self.below((parts, said), depth, bytes, &mut made);
        }
        if self.words
            && let Some(words) = said.description.and_then(Value::as_str)
            && let Some(words) = self.lines.entry(words).or_insert_with(|| line(words, WORDS))
        {
            made.insert("description".to_owned(), words.as_str().into());
        }
        made.into()
    }

    /// Puts in what a schema says of its fields, items and alternatives: from a depth on, only what must be.
    fn below(
        &mut self,
        (parts, said): (&[&'a Map<String, Value>], Keywords<'a>),
        depth: Option<usize>,
        bytes: Bytes,
        made: &mut Map<String, Value>,
    ) {
        let required = parts.iter().filter_map(|part| part.get("required")?.as_array()).flatten();
        let required: Vec<&str> = required.filter_map(Value::as_str).collect();
        let thin = depth.is_none_or(|depth| depth >= self.depth);
        let inner = depth.map(|depth| depth + 1);
        let mut fields: Map<String, Value> = Map::new();
        for (name, schema) in
            parts.iter().filter_map(|part| part.get("properties")?.as_object()).flatten()
        {
            if thin && !required.contains(&name.as_str()) {
                self.cut = true;
            } else if !self.is_answer_only(schema) {
                let schema = self.node(schema, inner, bytes);
                fields.insert(name.clone(), schema);
            }
        }
        let mut needed: Vec<&str> = Vec::new();
        for name in required {
            if fields.contains_key(name) && !needed.contains(&name) {
                needed.push(name);
            }
        }
        let listed = said.properties.is_some();
        if listed && !(thin && fields.is_empty()) {
            made.insert("properties".to_owned(), fields.into());
            if !needed.is_empty() {
                made.insert("required".to_owned(), needed.into());
            }
        }
        match said.additional_properties.filter(|_| !(thin && listed)) {
            // Beside alternatives and without fields of its own, it would close what they open.
            Some(Value::Bool(false))
                if !made.contains_key("properties")
                    && (said.any_of.is_some() || said.one_of.is_some()) => {}
            Some(Value::Bool(open)) => {
                made.insert("additionalProperties".to_owned(), (*open).into());
            }
            Some(schema @ Value::Object(_)) => {
                let schema = self.node(schema, inner, bytes);
                made.insert("additionalProperties".to_owned(), schema);
            }
            Some(_) | None => {}
        }
        if let Some(items) = said.items.filter(|items| items.is_object()) {
            let items = self.node(items, inner, bytes);
            made.insert("items".to_owned(), items);
        }
        let choice = said.any_of.or(said.one_of).and_then(Value::as_array);
        self.cut |= thin && choice.is_some();
        let holds = listed || said.additional_properties.is_some() || choice.is_some();
        self.ends |= thin && depth.is_some() && holds;
        if let Some(choice) = choice.filter(|choice| !choice.is_empty() && !thin) {
            let choice: Vec<Value> =
                choice.iter().map(|one| self.node(one, inner, bytes)).collect();
            if !choice.iter().any(|one| *one == json!({})) {
                made.insert("anyOf".to_owned(), choice.into());
            }
        }
    }

    /// Tells whether a text is a pattern that can be matched, and no example or script of one; what the
    /// document shows as a value has to fit it.
    fn is_pattern(&mut self, text: &'a str, shown: Option<&Value>) -> bool {
        let known = self.patterns.entry(text).or_insert_with(|| {
            let script = text.len() > 1 && text.starts_with('/') && text.rfind('/') > Some(0);
            let plain = !text.contains(['^', '$', '[', '(', '\\', '*', '+', '.', '?', '|', '{']);
            let fit = !plain && !script && text.len() <= PATTERN;
            fit.then(|| jsonschema::validator_for(&json!({ "pattern": text })).ok()).flatten()
        });
        known.as_ref().is_some_and(|known| shown.is_none_or(|shown| known.is_valid(shown)))
    }

    /// Tells whether a field stands in answers only.
    fn is_answer_only(&self, schema: &'a Value) -> bool {
        schema["readOnly"] == true
            || self.refs.follow(schema).is_ok_and(|schema| schema["readOnly"] == true)
    }
}
