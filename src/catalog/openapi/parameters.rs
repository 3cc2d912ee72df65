//! Parameters of an operation as inputs of a tool: their names, and where each stands in the request.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::refs::Said;
use super::schema::{Bytes, Schemas};
use super::text::line;
use crate::api::ids::hidden;
use crate::catalog::manifest::{Body, Style, Wire, WirePart};

/// A tool's input while it comes into being.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The path, its holes named as the inputs are
    pub(super) path: String,
    /// Schemas of the inputs
    pub(super) properties: Map<String, Value>,
    /// Inputs that must be there
    pub(super) required: Vec<String>,
    /// What other inputs may be: none, any, or those that fit a schema
    pub(super) others: Value,
    /// Alternatives among the inputs
    pub(super) choice: Option<Value>,
    /// Inputs that go to the query in the plain way
    pub(super) query: Vec<String>,
    /// Headers with their inputs
    pub(super) headers: BTreeMap<String, String>,
    /// Inputs that are not plain
    pub(super) wire: BTreeMap<String, Wire>,
    /// Header of an idempotency key
    pub(super) idempotency_header: Option<String>,
    /// How the rest becomes a body
    pub(super) body: Option<Body>,
    /// Input that is the whole body
    pub(super) body_input: Option<String>,
}

/// Headers that say how a message is written or who sends it: no input of a tool.
/// Source: `OpenAPI` 3.1.1, "Parameter Object", `name`.
const OWN_HEADERS: [&str; 3] = ["accept", "content-type", "authorization"];
/// How long the name of an input may be.
const LONGEST: usize = 100;

impl Draft {
    /// Adds an input under its own name, or under one with `_` and where it stands if that is taken.
    ///
    /// A name that stands in a template has only letters, digits, `_` and `-`.
    pub(super) fn input(
        &mut self,
        name: &str,
        suffix: &str,
        in_template: bool,
        schema: Value,
    ) -> Result<String, String> {
        if name.trim().is_empty() || name.len() > LONGEST || name.chars().any(hidden) {
            let shown = line(name, 40).unwrap_or_default();
            return Err(format!("`{shown}` is no name of 1 to {LONGEST} visible characters"));
        }
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let mut own: String =
            if in_template { name.chars().map(plain).collect() } else { name.to_owned() };
        if self.properties.contains_key(&own) {
            own = format!("{own}_{suffix}");
        }
        while self.properties.contains_key(&own) {
            own.push('_');
        }
        self.properties.insert(own.clone(), schema);
        Ok(own)
    }
}

/// Adds the parameters of an operation; `keys` are what the login already sends.
pub(super) fn add<'a>(
    draft: &mut Draft,
    schemas: &mut Schemas<'_, 'a>,
    (item, operation): (&'a Value, &'a Value),
    keys: &[(String, String)],
    faults: &mut Vec<Said<'a>>,
) {
    let mut all = listed(schemas, [item, operation], faults);
    // What stands in the path comes first, so that it has its own name.
    all.sort_by_key(|(_, place, _)| *place != "path");
    let mut holes = BTreeMap::new();
    for (name, place, parameter) in all {
        let part = match place {
            "path" => WirePart::Path,
            "query" => WirePart::Query,
            "header" => WirePart::Header,
            "cookie" => WirePart::Cookie,
            // Swagger 2.0 has them here; they have become a body.
            "body" | "formData" => continue,
            _ => {
                let text = "stands in none of `path`, `query`, `header` and `cookie`";
                faults.push((parameter, text.to_owned()));
                continue;
            }
        };
        let own = part == WirePart::Header && OWN_HEADERS.contains(&&*name.to_ascii_lowercase());
        if own || keys.iter().any(|key| (key.0.as_str(), key.1.as_str()) == (place, name)) {
            continue;
        }
        let whole = format!("{{+{name}}}");
        let reserved = part == WirePart::Path && draft.path.contains(&whole);
        if reserved {
            draft.path = draft.path.replace(&whole, &format!("{{{name}}}"));
        }
        if part == WirePart::Path && !draft.path.contains(&format!("{{{name}}}")) {
            continue;
        }
        if part == WirePart::Header && name.eq_ignore_ascii_case("idempotency-key") {
            draft.idempotency_header = Some(name.to_owned());
            continue;
        }
        match one(draft, schemas, parameter, (name, part)) {
            Ok(input) if part == WirePart::Path => {
                if reserved {
                    let wire = Wire { style: Style::Reserved, ..Wire::plain(part) };
                    draft.wire.insert(input.clone(), wire);
                }
                holes.insert(name, input);
            }
            Ok(_) => {}
            Err(text) => faults.push((parameter, text)),
        }
        faults.append(&mut schemas.faults);
    }
    match filled(draft, &holes) {
        Ok(path) => draft.path = path,
        Err(text) => faults.push((operation, text)),
    }
}

/// Returns the parameters of those lists by name and place; a later one stands for an earlier one.
fn listed<'a>(
    schemas: &Schemas<'_, 'a>,
    lists: [&'a Value; 2],
    faults: &mut Vec<Said<'a>>,
) -> Vec<(&'a str, &'a str, &'a Value)> {
    let mut all: Vec<(&'a str, &'a str, &'a Value)> = Vec::new();
    for list in lists {
        let parameters = list.get("parameters").and_then(Value::as_array).into_iter().flatten();
        for parameter in parameters {
            let found = match schemas.refs.follow(parameter) {
                Ok(found) => found,
                Err(said) => {
                    faults.push(said);
                    continue;
                }
            };
            let (Some(name), Some(place)) = (found["name"].as_str(), found["in"].as_str()) else {
                faults.push((parameter, "a parameter has a `name` and an `in`".to_owned()));
                continue;
            };
            all.retain(|(known, part, _)| (*known, *part) != (name, place));
            all.push((name, place, found));
        }
    }
    all
}

/// Returns the path with the inputs' names in its holes. One that nobody describes is a text.
fn filled(draft: &mut Draft, holes: &BTreeMap<&str, String>) -> Result<String, String> {
    let mut path = String::new();
    let template = draft.path.clone();
    let mut rest = template.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a brace in its path has no partner")?;
        let input = match holes.get(name) {
            Some(input) => input.clone(),
            None if path.contains(&format!("{{{name}}}")) => name.to_owned(),
            None => {
                let input = draft.input(name, "path", true, json!({"type": "string"}))?;
                draft.required.push(input.clone());
                input
            }
        };
        path = format!("{path}{before}{{{input}}}");
        rest = after;
    }
    Ok(path + rest)
}

fn one<'a>(
    draft: &mut Draft,
    schemas: &mut Schemas<'_, 'a>,
    parameter: &'a Value,
    (name, part): (&str, WirePart),
) -> Result<String, String> {
    let content = parameter.get("content").and_then(Value::as_object);
    let content = content.and_then(|kinds| kinds.iter().next());
    let schema = match content {
        Some((_, media)) => media.get("schema"),
        None => parameter.get("schema"),
    };
    let mut written =
        schema.map_or_else(|| json!({"type": "string"}), |one| schemas.written(one, Bytes::Text));
    let words = parameter["description"].as_str().filter(|_| schemas.words);
    if let (Some(words), Some(map)) =
        (words.and_then(|words| line(words, 300)), written.as_object_mut())
    {
        map.insert("description".to_owned(), words.into());
    }
    let (mut style, mut explode) = part.plain();
    if content.is_some_and(|(kind, _)| kind.contains("json")) {
        (style, explode) = (Style::Json, false);
    } else if let Some(word) = parameter["style"].as_str() {
        style = Style::named(word).filter(|style| part.takes(*style)).ok_or_else(|| {
            let shown = line(word, 40).unwrap_or_default();
            format!("`{shown}` is no style of a parameter that stands there")
        })?;
        explode = matches!(style, Style::Form | Style::DeepObject);
    }
    if let Some(said) = parameter["explode"].as_bool().filter(|_| style != Style::DeepObject) {
        explode = said;
    }
    let wire = Wire { part, style, explode, name: None };
    let must = parameter["required"] == true || part == WirePart::Path;
    if must && style != Style::Json {
        filled_list(&mut written);
        // `OpenAPI` 3.1.1, `allowEmptyValue`: not unless the document says so.
        let empty = parameter["allowEmptyValue"] == true;
        if matches!(part, WirePart::Query | WirePart::Header) && !empty {
            filled_text(&mut written);
        }
    }
    let input = placed(draft, (name, wire), written)?;
    if must {
        draft.required.push(input.clone());
    }
    Ok(input)
}

/// Says of a list that has to be there that it is not empty: without items, there is nothing to write.
pub(super) fn filled_list(schema: &mut Value) {
    if schema["type"] == "array"
        && let Some(map) = schema.as_object_mut()
        && map.get("minItems").is_none_or(|least| *least == 0)
    {
        map.insert("minItems".to_owned(), 1.into());
    }
}

/// Says of a text that it is not empty, where nothing else bounds it.
fn filled_text(schema: &mut Value) {
    let bounds = ["enum", "pattern", "minLength"];
    if schema["type"] == "string"
        && let Some(map) = schema.as_object_mut()
        && !bounds.iter().any(|key| map.contains_key(*key))
    {
        map.insert("minLength".to_owned(), 1.into());
    }
}

/// Adds an input where it stands, in the plainest way that says so.
fn placed(draft: &mut Draft, (name, wire): (&str, Wire), schema: Value) -> Result<String, String> {
    let nested = is_nested(&schema);
    let list = is_list(&schema);
    let (part, style, explode) = (wire.part, wire.style, wire.explode);
    let (suffix, templated) = match part {
        WirePart::Path => ("path", true),
        WirePart::Query => ("query", false),
        WirePart::Header => ("header", !nested && style == Style::Simple),
        WirePart::Cookie => ("cookie", false),
        WirePart::Body => ("body", false),
    };
    let input = draft.input(name, suffix, templated, schema)?;
    let plain = match part {
        WirePart::Path => style == Style::Simple && !nested,
        WirePart::Header if templated => {
            draft.headers.insert(name.to_owned(), format!("{{{input}}}"));
            true
        }
        WirePart::Query => {
            input == name
                && match style {
                    Style::Form => !nested || (explode && list),
                    Style::DeepObject => nested && !list,
                    Style::Simple
                    | Style::Label
                    | Style::Matrix
                    | Style::SpaceDelimited
                    | Style::PipeDelimited
                    | Style::Json
                    | Style::Reserved => false,
                }
        }
        WirePart::Header | WirePart::Cookie | WirePart::Body => false,
    };
    if plain {
        if part == WirePart::Query {
            draft.query.push(input.clone());
        }
    } else {
        let known = part == WirePart::Path && style != Style::Matrix;
        let name = Some(name.to_owned()).filter(|name| *name != input && !known);
        // Of a single value nothing explodes: the plain way says the same.
        let single = !nested && style == part.plain().0;
        let wire = if single { Wire::plain(part) } else { wire };
        draft.wire.insert(input.clone(), Wire { name, ..wire });
    }
    Ok(input)
}

/// Tells whether a value that fits a schema may be a list or an object.
pub(super) fn is_nested(schema: &Value) -> bool {
    let deep = |kind: &Value| kind == "array" || kind == "object";
    let typed =
        deep(&schema["type"]) || schema["type"].as_array().is_some_and(|all| all.iter().any(deep));
    let choice = schema["anyOf"].as_array().is_some_and(|all| all.iter().any(is_nested));
    typed || choice || schema.get("items").is_some() || schema.get("properties").is_some()
}

/// Tells whether what fits a schema is a list of single values, or one of them.
pub(super) fn is_list(schema: &Value) -> bool {
    let flat = |one: &Value| !is_nested(one);
    if let Some(choice) = schema["anyOf"].as_array() {
        return choice.iter().all(|one| flat(one) || is_list(one));
    }
    let listed = schema["type"] == "array" || schema.get("items").is_some();
    listed && schema.get("items").is_none_or(flat) && schema.get("properties").is_none()
}
