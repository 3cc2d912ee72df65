//! Whether the parts of one tool fit each other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Faults, Key, NO_HEADER, NO_POINTER, is_header, is_pointer};
use crate::api::ids::hidden;
use crate::catalog::manifest::{BodyKind, Manifest, Page, Tool, Wire, WirePart};
use crate::catalog::shape;
use crate::catalog::template::holes;

/// Adds what is wrong with the tool at `index`.
pub(super) fn faults(manifest: &Manifest, index: usize, tool: &Tool, faults: &mut Faults) {
    let mut said = Vec::new();
    names(manifest, tool, &mut said);
    places(tool, &mut said);
    body(tool, &mut said);
    if let Some(page) = &tool.page {
        paging(tool, page, &mut said);
    }
    schema(tool, &mut said);
    faults.extend(said.into_iter().map(|(path, text)| (Key::tool(index, &path), text)));
}

/// Keys inside the tool, and what is wrong there.
type Said<'a> = Vec<(Vec<&'a str>, String)>;

fn names(manifest: &Manifest, tool: &Tool, said: &mut Said<'_>) {
    let prefix = manifest.slug.tool_prefix();
    if tool.slug.as_str().strip_prefix(&prefix).is_none_or(str::is_empty) {
        said.push((vec!["slug"], format!("must begin with `{prefix}`")));
    }
    for (key, text) in [("name", &tool.name), ("description", &tool.description)] {
        if text.trim().is_empty() || text.chars().any(hidden) {
            said.push((vec![key], "must be one line of visible text".into()));
        }
    }
}

/// Judges which inputs go to the path, the query and the headers.
fn places<'a>(tool: &'a Tool, said: &mut Said<'a>) {
    let required = tool.input.get("required").and_then(Value::as_array);
    let required: BTreeSet<&str> =
        required.into_iter().flatten().filter_map(Value::as_str).collect();
    for name in holes(&tool.request.path).unwrap_or_default() {
        if !required.contains(name) {
            said.push((vec!["request"], format!("`{{{name}}}` is no required input")));
        }
    }
    let inputs: BTreeSet<&str> = tool.inputs().collect();
    for name in tool.query.iter().filter(|name| !inputs.contains(name.as_str())) {
        said.push((vec!["query"], format!("`{name}` is no input")));
    }
    for (header, template) in &tool.headers {
        if !is_header(header) {
            said.push((vec!["headers", header], NO_HEADER.into()));
        }
        if !holes(template).is_ok_and(|names| names.iter().all(|name| inputs.contains(name))) {
            let text = format!("`{template}` does not hold names of inputs");
            said.push((vec!["headers", header], text));
        }
    }
    for (input, wire) in &tool.wire {
        let mut fault = |text: String| said.push((vec!["wire", input], text));
        if !inputs.contains(input.as_str()) {
            fault(format!("`{input}` is no input"));
        }
        wired(tool, (input, wire), &mut fault);
    }
    if tool.idempotency_header.as_ref().is_some_and(|header| !is_header(header)) {
        said.push((vec!["idempotency_header"], NO_HEADER.into()));
    }
}

/// Judges whether an input can stand where it is said to.
fn wired(tool: &Tool, (input, wire): (&str, &Wire), fault: &mut impl FnMut(String)) {
    let name = wire.name.as_deref().unwrap_or(input);
    let holes = holes(&tool.request.path).unwrap_or_default();
    match wire.part {
        WirePart::Path if !holes.contains(&input) => {
            fault(format!("`{{{input}}}` is no part of the path"));
        }
        WirePart::Header if !is_header(name) => fault(NO_HEADER.into()),
        WirePart::Body if tool.body().kind == BodyKind::None => fault("there is no body".into()),
        WirePart::Cookie if !is_header(name) => fault("is not the name of a cookie".into()),
        WirePart::Path | WirePart::Query | WirePart::Header | WirePart::Cookie | WirePart::Body => {
        }
    }
}

fn body<'a>(tool: &'a Tool, said: &mut Said<'a>) {
    let kind = tool.body().kind;
    let files = tool.files().count();
    let mail = |name: &str| tool.inputs().any(|input| input == name);
    match kind {
        BodyKind::Mime if !(mail("to") || mail("recipient_email")) => {
            said.push((vec!["body"], "`mime` needs an input `to`".into()));
        }
        BodyKind::Related | BodyKind::Raw if files != 1 && tool.body_input.is_none() => {
            said.push((vec!["body"], "needs one input of the format `file`".into()));
        }
        BodyKind::Json if files > 0 && tool.shape.is_none() => {
            let text = "say with `shape` where the parts of the file go, or send it as `multipart`";
            said.push((vec!["body"], text.into()));
        }
        BodyKind::Json
        | BodyKind::Form
        | BodyKind::Mime
        | BodyKind::Multipart
        | BodyKind::Related
        | BodyKind::Raw
        | BodyKind::None => {}
    }
    if let Some(whole) = &tool.body_input {
        if !tool.inputs().any(|input| input == whole) {
            said.push((vec!["body_input"], format!("`{whole}` is no input")));
        }
        if tool.shape.is_some() || tool.graphql.is_some() || kind == BodyKind::None {
            said.push((vec!["body_input"], "wants a body that is made of nothing else".into()));
        }
    }
    if tool.graphql.is_some() && (kind != BodyKind::Json || tool.shape.is_some()) {
        said.push((vec!["graphql"], "wants a POST without `body` and `shape`".into()));
    }
    if let Some(shape) = &tool.shape {
        if kind != BodyKind::Json {
            said.push((vec!["shape"], "wants a JSON body".into()));
        }
        match shape::inputs(shape) {
            Err(text) => said.push((vec!["shape"], text)),
            Ok(shaped) => shaped_inputs(tool, &shaped, said),
        }
    }
}

/// Judges that a shape holds the inputs of the body, all of them and nothing else.
fn shaped_inputs(tool: &Tool, shaped: &BTreeSet<&str>, said: &mut Said<'_>) {
    let inputs: BTreeSet<&str> = tool.inputs().collect();
    for name in shaped.difference(&inputs) {
        said.push((vec!["shape"], format!("`{{{name}}}` is no input")));
    }
    let mut elsewhere: BTreeSet<&str> = tool.query.iter().map(String::as_str).collect();
    let templates = tool.headers.values().chain([&tool.request.path]);
    let wired = tool.wire.iter().filter(|(_, wire)| wire.part != WirePart::Body);
    elsewhere.extend(wired.map(|(input, _)| input.as_str()));
    elsewhere.extend(templates.flat_map(|template| holes(template).unwrap_or_default()));
    for name in inputs.iter().filter(|name| !shaped.contains(*name) && !elsewhere.contains(*name)) {
        said.push((vec!["shape"], format!("the input `{name}` has no place in it")));
    }
}

fn paging<'a>(tool: &'a Tool, page: &'a Page, said: &mut Said<'a>) {
    if !tool.inputs().any(|input| input == page.input) {
        said.push((vec!["page", "input"], format!("`{}` is no input", page.input)));
    }
    let pointers = [
        ("items", Some(page.items.as_str())),
        ("next", page.next.pointer()),
        ("more", page.more.as_deref()),
    ];
    for (key, pointer) in pointers {
        if pointer.is_some_and(|pointer| !is_pointer(pointer)) {
            said.push((vec!["page", key], NO_POINTER.into()));
        }
    }
    let schema = tool.properties().find(|(name, _)| **name == page.input).map(|(_, schema)| schema);
    if page.next.is_counted() && !schema.is_some_and(takes_number) {
        said.push((vec!["page", "next"], format!("`{}` takes no number", page.input)));
    }
}

/// Tells whether a whole number is among what an input takes.
fn takes_number(schema: &Value) -> bool {
    let is_number = |kind: &Value| kind == "integer" || kind == "number";
    let kind = &schema["type"];
    is_number(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(is_number))
}

fn schema(tool: &Tool, said: &mut Said<'_>) {
    if tool.input.get("type").and_then(Value::as_str) != Some("object") {
        said.push((vec!["input"], "must be a schema of type `object`".into()));
    } else if !tool.input.iter().all(is_plain)
        && let Err(error) = jsonschema::meta::validate(&Value::from(tool.input.clone()))
    {
        said.push((vec!["input"], format!("is not a JSON Schema: {error}")));
    }
}

/// Tells whether a key of a schema is surely right, without the schema of schemas: most of an import's time
/// went there. What is not known here is judged there.
fn is_plain((key, value): (&String, &Value)) -> bool {
    let all = |list: &Value, fits: fn(&Value) -> bool| {
        list.as_array().is_some_and(|list| list.iter().all(fits))
    };
    match key.as_str() {
        "type" => is_type(value),
        "properties" => value.as_object().is_some_and(|fields| fields.values().all(is_schema)),
        "items" | "additionalProperties" => is_schema(value),
        "anyOf" => all(value, is_schema) && *value != Value::Array(Vec::new()),
        "required" => {
            let names: Option<BTreeSet<&str>> =
                value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
            names
                .is_some_and(|names| value.as_array().is_some_and(|list| list.len() == names.len()))
        }
        "enum" => value.is_array(),
        "const" | "default" => true,
        "description" | "format" | "pattern" | "contentEncoding" => value.is_string(),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            value.is_u64()
        }
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
        "multipleOf" => value.as_f64().is_some_and(|step| step > 0.0),
        "uniqueItems" => value.is_boolean(),
        _ => false,
    }
}

fn is_schema(schema: &Value) -> bool {
    schema.is_boolean() || schema.as_object().is_some_and(|keys| keys.iter().all(is_plain))
}

/// Tells whether a value names types of JSON Schema: one, or several that differ.
fn is_type(value: &Value) -> bool {
    let known = |one: &Value| {
        let types = ["string", "number", "integer", "boolean", "object", "array", "null"];
        one.as_str().is_some_and(|one| types.contains(&one))
    };
    match value {
        Value::Array(several) => {
            let twice = |at: usize| several[..at].contains(&several[at]);
            !several.is_empty() && several.iter().all(known) && !(0..several.len()).any(twice)
        }
        one => known(one),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_short_way_takes_no_schema_that_is_none() {
        let bad = [
            json!({"type": "text"}),
            json!({"type": ["string", "string"]}),
            json!({"type": []}),
            json!({"required": ["a", "a"]}),
            json!({"required": [1]}),
            json!({"minLength": -1}),
            json!({"multipleOf": 0}),
            json!({"anyOf": []}),
            json!({"properties": []}),
            json!({"properties": {"a": 1}}),
            json!({"items": [{}]}),
            json!({"enum": 1}),
            json!({"uniqueItems": 1}),
            json!({"maximum": "1"}),
            json!({"description": 1}),
        ];
        for schema in bad {
            assert!(jsonschema::meta::validate(&schema).is_err(), "{schema}");
            assert!(!is_schema(&schema), "{schema}");
        }
        for schema in [json!({"oneOf": []}), json!({"$ref": 1}), json!({"not": 1}), json!([])] {
            assert!(!is_schema(&schema), "{schema}");
        }
        let good = json!({"type": ["string", "null"], "required": ["a"], "minLength": 1, "enum": [],
            "properties": {"a": true, "b": {"anyOf": [{"const": 1}, {"multipleOf": 0.5}]}}});
        assert!(is_schema(&good) && jsonschema::meta::validate(&good).is_ok());
    }
}
