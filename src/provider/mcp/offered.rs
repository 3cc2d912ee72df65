//! Tools as a server offers them, and as a toolkit has them. All of it is untrusted: names, words, hints, schemas.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::api::ids::{Slug, ToolSlug, clean, hex, hidden};
use crate::api::toolkits::Effect;
use crate::api::tools::Method;
use crate::catalog::input::misfits;
use crate::catalog::manifest::{Replay, RequestLine, Tool};
use crate::catalog::openapi::{Kept, Nameless, line, names};
use crate::catalog::pack::titled;

/// How long the name of a tool may be, in bytes; the specification asks for at most 128 letters.
const NAME: usize = 256;
/// How much is kept of what a tool says of itself, in letters.
const WORDS: usize = 1_000;
/// How large the schema of an input may be, in bytes.
const SCHEMA: usize = 256 * 1024;
/// How deep it may be.
const DEPTH: usize = 48;

/// A tool as its server offers it, word for word.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offered {
    /// What the server calls it
    pub(crate) name: String,
    /// Name for people
    pub(crate) title: Option<String>,
    /// What it does
    pub(crate) description: Option<String>,
    /// JSON Schema of the input, as it came
    pub(crate) input_schema: Value,
    /// JSON Schema of the structured part of the answer
    pub(crate) output_schema: Option<Value>,
    /// What it says of its effect: hints, no promises
    pub(crate) annotations: Map<String, Value>,
    /// SHA-256 over all of that in canonical JSON (RFC 8785), in hexadecimal: whatever changes changes it
    pub(crate) hash: String,
}

/// A list of offered tools, as a toolkit has them.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Those that can be used, in the server's order
    pub(crate) tools: Vec<Tool>,
    /// Those that cannot: their names, fit to be shown, and why, in one clause
    pub(crate) left_out: Vec<(String, String)>,
}

impl Offered {
    /// Reads one entry of a list.
    pub(in crate::provider) fn read(tool: &Value) -> Self {
        let text = |key: &str| tool[key].as_str().map(str::to_owned);
        let annotations = tool["annotations"].as_object().cloned().unwrap_or_default();
        let said = json!({
            "name": tool["name"],
            "title": tool["title"],
            "description": tool["description"],
            "inputSchema": tool["inputSchema"],
            "outputSchema": tool["outputSchema"],
            "annotations": annotations,
        });
        let canonical = serde_json_canonicalizer::to_vec(&said).unwrap_or_default();
        Self {
            name: text("name").unwrap_or_default(),
            title: text("title"),
            description: text("description"),
            input_schema: tool["inputSchema"].clone(),
            output_schema: tool.get("outputSchema").cloned(),
            annotations,
            hash: hex(&Sha256::digest(canonical)),
        }
    }

    fn hint(&self, name: &str) -> bool {
        self.annotations.get(name) == Some(&Value::Bool(true))
    }

    /// Returns what the tool does: what does not say that it only reads, writes.
    fn effect(&self) -> Effect {
        match (self.hint("destructiveHint"), self.hint("readOnlyHint")) {
            (true, _) => Effect::Destructive,
            (false, true) => Effect::Read,
            (false, false) => Effect::Write,
        }
    }

    /// Returns the schema of the input as tools have it, or why it is none.
    fn input(&self) -> Result<Map<String, Value>, String> {
        let mut schema = self.input_schema.clone();
        if deeper(&schema, DEPTH) {
            return Err(format!("its input is deeper than {DEPTH} levels"));
        }
        if serde_json::to_vec(&schema).map_or(true, |text| text.len() > SCHEMA) {
            return Err(format!("its input takes more than {} KiB to describe", SCHEMA >> 10));
        }
        tidy(&mut schema);
        let Value::Object(mut schema) = schema else {
            return Err("its input has no schema".to_owned());
        };
        if schema.get("type").is_none_or(Value::is_null) {
            schema.insert("type".to_owned(), "object".into());
        }
        if schema["type"] != "object" {
            return Err("its input is no object".to_owned());
        }
        let empty = Map::new();
        match misfits("tool", &Value::from(schema.clone()), &empty) {
            Ok(_) => Ok(schema),
            Err(_) => Err("its input is described by no JSON Schema that can be used".to_owned()),
        }
    }

    /// Returns what is wrong with its name.
    fn misnamed(&self) -> Option<&'static str> {
        if self.name.trim().is_empty() {
            Some("it has no name")
        } else if self.name.len() > NAME {
            Some("its name is too long")
        } else if self.name.contains(hidden) {
            Some("its name holds characters that cannot be seen")
        } else {
            None
        }
    }

    fn tool(&self, slug: ToolSlug, input: Map<String, Value>) -> Tool {
        let title = self.title.as_deref().or_else(|| self.annotations.get("title")?.as_str());
        let name = title.and_then(|title| line(title, 80));
        let name = name.unwrap_or_else(|| titled(slug.as_str()));
        let words = self.description.as_deref().and_then(|words| line(words, WORDS));
        Tool {
            description: words.unwrap_or_else(|| name.clone()),
            name,
            slug,
            request: RequestLine { method: Method::Post, path: "/".to_owned() },
            effect: self.effect(),
            replay: Replay::C,
            idempotency_header: None,
            scopes: Vec::new(),
            body: None,
            shape: None,
            graphql: None,
            query: Vec::new(),
            wire: BTreeMap::new(),
            body_input: None,
            headers: BTreeMap::new(),
            page: None,
            download: false,
            remote: Some(self.name.clone()),
            input,
        }
    }
}

/// Returns the tools of a toolkit out of what its server offers; `kept` are the names they have had before.
///
/// Names do not depend on the order of the list. What cannot be used is left out and named.
pub(crate) fn taken(slug: &Slug, offered: &[Offered], kept: &Kept) -> Taken {
    let mut taken = Taken::default();
    let mut usable = Vec::new();
    let mut seen = HashSet::new();
    for one in offered {
        let judged = match one.misnamed() {
            Some(why) => Err(why.to_owned()),
            None if !seen.insert(&one.name) => Err("another has the same name".to_owned()),
            None => one.input(),
        };
        match judged {
            Ok(input) => usable.push((one, input)),
            Err(why) => taken.left_out.push((line(&one.name, 80).unwrap_or_default(), why)),
        }
    }
    let nameless: Vec<_> = usable
        .iter()
        .map(|(one, _)| Nameless { id: Some(&one.name), method: "POST", path: &one.name })
        .collect();
    let slugs = names(slug, &nameless, kept);
    let tools = usable.into_iter().zip(slugs).map(|((one, input), slug)| one.tool(slug, input));
    taken.tools.extend(tools);
    taken
}

/// Tells whether a value has more levels than that.
fn deeper(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return true };
    match value {
        Value::Array(items) => items.iter().any(|item| deeper(item, below)),
        Value::Object(fields) => fields.values().any(|field| deeper(field, below)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Cleans the words of a schema, and takes out of it what would mean something to us alone.
pub(super) fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            // A file of ours is read from the disk of whoever calls; no server may ask for that.
            if fields.get("format").is_some_and(|format| format == "file") {
                fields.remove("format");
            }
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("description" | "title", Value::String(text)) => *text = words(text),
                    ("default" | "const" | "enum" | "examples" | "required", _) => {}
                    (_, value) => tidy(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns the words of a schema, in one line and not endless.
fn words(text: &str) -> String {
    line(text, WORDS).unwrap_or_else(|| clean(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(tools: Value) -> Vec<Offered> {
        tools.as_array().unwrap().iter().map(Offered::read).collect()
    }

    fn taken_of(tools: Value) -> Taken {
        taken(&"acme-mcp".parse().unwrap(), &offered(tools), &Kept::default())
    }

    #[test]
    fn a_tool_that_does_not_say_that_it_only_reads_writes() {
        let input = json!({"type": "object"});
        let taken = taken_of(json!([
            {"name": "a", "inputSchema": input},
            {"name": "b", "inputSchema": input, "annotations": {"readOnlyHint": true}},
            {"name": "c", "inputSchema": input, "annotations": {"destructiveHint": true}},
            {"name": "d", "inputSchema": input, "annotations": {"readOnlyHint": true, "destructiveHint": true}},
            {"name": "e", "inputSchema": input, "annotations": {"readOnlyHint": "true"}},
        ]));

        let effects: Vec<_> = taken.tools.iter().map(|tool| tool.effect).collect();
        assert_eq!(
            effects,
            [Effect::Write, Effect::Read, Effect::Destructive, Effect::Destructive, Effect::Write]
        );
    }

    #[test]
    fn names_are_made_as_the_importer_makes_them_and_keep_what_the_server_says() {
        let input = json!({"type": "object"});
        let tools = json!([
            {"name": "getUser", "inputSchema": input},
            {"name": "get-user", "inputSchema": input},
            {"name": "acme_mcp/list.items", "inputSchema": input},
            {"name": "获取", "inputSchema": input},
        ]);

        let first = taken_of(tools.clone());
        let names: Vec<_> = first.tools.iter().map(|tool| tool.slug.as_str()).collect();
        assert!(names[2].starts_with("ACMEMCP_") && names[3] == "ACMEMCP_POST", "{names:?}");
        assert_eq!(first.tools[1].remote.as_deref(), Some("get-user"));
        let distinct: HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), 4, "{names:?}");

        let mut back = tools.as_array().unwrap().clone();
        back.reverse();
        let second = taken_of(Value::from(back));
        for tool in &first.tools {
            assert!(
                second.tools.iter().any(|one| one.slug == tool.slug && one.remote == tool.remote)
            );
        }
    }

    #[test]
    fn what_a_server_writes_is_never_obeyed() {
        let taken = taken_of(json!([{
            "name": "evil",
            "title": "Safe\u{202e}\u{1b}[31m",
            "description": "line one\nline two\u{200b}\u{7}",
            "inputSchema": {"properties": {
                "description": {"type": "string", "description": "\u{1b}]0;x\u{7}", "format": "file"}
            }},
        }]));

        let tool = &taken.tools[0];
        assert_eq!(tool.name, "Safe\\u{202e}\\u{1b}[31m");
        assert_eq!(tool.description, "line one line two\\u{200b}\\u{7}");
        assert_eq!(tool.input["type"], "object");
        let field = &tool.input["properties"]["description"];
        assert_eq!(field["description"], "\\u{1b}]0;x\\u{7}");
        assert_eq!(tool.files().count(), 0);
    }

    #[test]
    fn a_tool_that_cannot_be_used_is_left_out_and_named() {
        let mut deep = json!({});
        for _ in 0..60 {
            deep = json!({"items": deep});
        }
        let input = json!({"type": "object"});
        let taken = taken_of(json!([
            {"name": "good", "inputSchema": input},
            {"name": "good", "inputSchema": input},
            {"name": "a\u{200b}b", "inputSchema": input},
            {"name": "", "inputSchema": input},
            {"name": "none"},
            {"name": "list", "inputSchema": {"type": "array"}},
            {"name": "broken", "inputSchema": {"type": "object", "properties": {"a": {"type": 7}}}},
            {"name": "outside", "inputSchema": {"$ref": "https://example.com/schema.json"}},
            {"name": "deep", "inputSchema": {"type": "object", "properties": deep}},
            {"name": "wide", "inputSchema": {"type": "object", "title": "x".repeat(300_000)}},
        ]));

        assert_eq!(taken.tools.len(), 1);
        let named: Vec<_> = taken.left_out.iter().map(|(name, _)| name.as_str()).collect();
        let expected =
            ["good", "a\\u{200b}b", "", "none", "list", "broken", "outside", "deep", "wide"];
        assert_eq!(named, expected);
    }

    #[test]
    fn whatever_changes_changes_the_hash_and_order_does_not() {
        let plain = json!({"name": "a", "description": "b", "inputSchema": {"type": "object", "title": "c"}});
        let same = json!({"inputSchema": {"title": "c", "type": "object"}, "description": "b", "name": "a", "icons": []});
        let hash = |tool: &Value| Offered::read(tool).hash;

        assert_eq!(hash(&plain), hash(&same));
        for (key, value) in [
            ("name", json!("x")),
            ("title", json!("x")),
            ("description", json!("x")),
            ("inputSchema", json!({"type": "object"})),
            ("outputSchema", json!({"type": "object"})),
            ("annotations", json!({"readOnlyHint": true})),
        ] {
            let mut other = plain.clone();
            other[key] = value;
            assert_ne!(hash(&plain), hash(&other), "{key}");
        }
    }
}
