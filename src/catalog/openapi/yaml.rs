//! YAML as a JSON value, with a bound on everything that a few lines could blow up.
//!
//! The core schema of YAML 1.2.2, 10.3, and the merge key of 1.1, which many documents use.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

/// How deep lists and mappings may stand in each other: as deep as JSON is read.
const DEPTH: usize = 128;
/// How many values may be there because of aliases, or be kept for them.
const ALIASED: usize = 1_000_000;

/// A list or mapping that is not closed yet.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct Builder {
    /// What is open, the anchor of each, and how many values there were before it
    open: Vec<(Open, usize, usize)>,
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
    aliased: usize,
    root: Option<Value>,
}

/// Returns what a YAML document holds, or a sentence and the line where it is wrong.
pub(super) fn read(text: &str) -> Result<Value, (usize, String)> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| (error.marker().line(), error.info().to_owned()))?;
        builder.take(event).map_err(|text| (span.start.line(), text.to_owned()))?;
    }
    builder.root.ok_or_else(|| (1, "there is nothing in it".to_owned()))
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.values += 1;
                let key = matches!(self.open.last(), Some((Open::Map(_, None), ..)));
                let value = if key || style != ScalarStyle::Plain || is_text(tag.as_deref()) {
                    Value::String(text.into_owned())
                } else {
                    plain(&text)
                };
                self.keep(anchor, &value, 1)?;
                self.put(value)
            }
            Event::SequenceStart(anchor, _) => self.begin(Open::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.begin(Open::Map(Map::new(), None), anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let (value, size) =
                    self.anchors.get(&anchor).cloned().ok_or("an alias has no anchor before it")?;
                self.spend(size)?;
                self.values += size;
                self.put(value)
            }
            Event::DocumentStart(_) if self.root.is_some() => Err("there are several documents"),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, open: Open, anchor: usize) -> Result<(), &'static str> {
        if self.open.len() >= DEPTH {
            return Err("it is nested more than 128 deep");
        }
        self.open.push((open, anchor, self.values));
        self.values += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), &'static str> {
        let Some((open, anchor, before)) = self.open.pop() else { return Ok(()) };
        let value = match open {
            Open::List(items) => Value::Array(items),
            Open::Map(map, _) => Value::Object(map),
        };
        self.keep(anchor, &value, self.values - before)?;
        self.put(value)
    }

    fn keep(&mut self, anchor: usize, value: &Value, size: usize) -> Result<(), &'static str> {
        if anchor > 0 {
            self.spend(size)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(())
    }

    fn spend(&mut self, size: usize) -> Result<(), &'static str> {
        self.aliased += size;
        if self.aliased > ALIASED { Err("its aliases stand for too much") } else { Ok(()) }
    }

    fn put(&mut self, value: Value) -> Result<(), &'static str> {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some((Open::List(items), ..)) => items.push(value),
            Some((Open::Map(map, key), ..)) => match (key.take(), value) {
                (None, Value::String(name)) => *key = Some(name),
                (None, _) => return Err("a key is no text"),
                (Some(name), Value::Object(more)) if name == "<<" => {
                    for (name, value) in more {
                        map.entry(name).or_insert(value);
                    }
                }
                (Some(name), value) => {
                    map.insert(name, value);
                }
            },
        }
        Ok(())
    }
}

fn is_text(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}

/// Returns what a text without quotes means.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let number = if begins { number(text) } else { None };
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let radix = |prefix: &str, base| {
        text.strip_prefix(prefix).and_then(|digits| i64::from_str_radix(digits, base).ok())
    };
    let whole = text.strip_prefix('+').unwrap_or(text);
    if let Some(whole) = whole.parse().ok().or_else(|| radix("0x", 16)).or_else(|| radix("0o", 8)) {
        return Some(whole.into());
    }
    let decimal = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let written = text.chars().all(decimal) && text.contains(|c: char| c.is_ascii_digit());
    text.parse().ok().filter(|_| written).and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_says_what_json_would() {
        let text = "a: &x {n: 1, t: 'yes'}\nb: [*x, 0x10, 1.5, ~, on, -3]\n200: ok\nc:\n  <<: *x\n  n: 2\n\
            d: !!str 12\ne: |\n  two\n  lines\n";

        let expected = json!({
            "a": {"n": 1, "t": "yes"}, "b": [{"n": 1, "t": "yes"}, 16, 1.5, null, "on", -3],
            "200": "ok", "c": {"n": 2, "t": "yes"}, "d": "12", "e": "two\nlines\n",
        });
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_before_it_grows() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            let line = format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", "));
            text.push_str(&line);
        }

        let (_, said) = read(&text).unwrap_err();

        assert_eq!(said, "its aliases stand for too much");
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_line() {
        let deep = "[".repeat(200);
        for (text, line, said) in [
            (deep.as_str(), 1, "nested"),
            ("a: 1\nb: *nope\n", 2, ""),
            ("a: 1\n---\nb: 2\n", 2, "several"),
            ("", 1, "nothing"),
            ("? [1]\n: 2\n", 1, "key"),
        ] {
            let (at, text) = read(text).unwrap_err();
            assert!(text.contains(said), "{text}");
            assert_eq!(at, line, "{text}");
        }
    }
}
