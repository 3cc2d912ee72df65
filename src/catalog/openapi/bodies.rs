//! The body of a request as inputs of a tool, and what comes back.

use serde_json::{Value, json};

use super::keywords::file;
use super::parameters::{Draft, filled_list, is_list, is_nested};
use super::refs::{Refs, Said};
use super::schema::{Bytes, Schemas};
use crate::catalog::manifest::{Body, BodyKind, Style, Wire, WirePart};

/// A media type with what a document says of it.
type Media<'a> = (&'a str, &'a Value);

/// How a body of that media type is made, and how much we like it: the lower the better.
fn kind(media: &str) -> (BodyKind, u8) {
    let kind = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => (BodyKind::Json, 0),
        "application/x-www-form-urlencoded" => (BodyKind::Form, 2),
        "multipart/form-data" => (BodyKind::Multipart, 3),
        "multipart/related" => (BodyKind::Related, 4),
        other if is_json(other) => (BodyKind::Json, 1),
        "application/octet-stream" | "*/*" => (BodyKind::Raw, 5),
        other if is_words(other) => (BodyKind::Raw, 6),
        _ => (BodyKind::Raw, 7),
    }
}

fn is_json(kind: &str) -> bool {
    kind.ends_with("/json") || kind.ends_with("+json") || kind == "application/*"
}

/// Tells whether what has this media type is text.
fn is_words(kind: &str) -> bool {
    kind.starts_with("text/") || kind.ends_with("/xml") || kind.ends_with("+xml")
}

/// Adds the body of an operation to the inputs of its tool.
pub(super) fn add<'a>(
    draft: &mut Draft,
    schemas: &mut Schemas<'_, 'a>,
    operation: &'a Value,
    faults: &mut Vec<Said<'a>>,
) {
    draft.others = false.into();
    let Some(body) = operation.get("requestBody") else { return };
    let found = match schemas.refs.follow(body) {
        Ok(found) => found,
        Err(said) => return faults.push(said),
    };
    let media = found["content"].as_object().into_iter().flatten();
    let media = media.min_by_key(|(name, _)| kind(name).1);
    let Some((name, media)) = media.map(|(name, media)| (name.as_str(), media)) else { return };
    let (mut kind, _) = kind(name);
    if kind == BodyKind::Raw && name == "*/*" && is_structured(schemas.refs, &media["schema"]) {
        kind = BodyKind::Json;
    }
    if kind == BodyKind::Related && !holds_file(&media["schema"]) {
        kind = BodyKind::Raw;
    }
    draft.body = Some(Body { kind, at: String::new() });
    let must = found["required"] == true;
    let result = match kind {
        BodyKind::Raw => raw(draft, (name, media), must),
        BodyKind::Json
        | BodyKind::Form
        | BodyKind::Multipart
        | BodyKind::Mime
        | BodyKind::Related
        | BodyKind::None => fields(draft, schemas, (name, media), must),
    };
    faults.extend(result.err().map(|text| (body, text)));
    faults.append(&mut schemas.faults);
    let plain = matches!(kind, BodyKind::Form | BodyKind::Multipart | BodyKind::Related)
        || matches!(name, "application/json" | "*/*" | "application/octet-stream")
        || name.contains('*');
    if !plain
        && name.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        && !name.contains(['{', '}'])
    {
        draft.headers.insert("content-type".to_owned(), name.to_owned());
    }
}

/// Tells whether an object has a field that is a file.
fn holds_file(schema: &Value) -> bool {
    let fields = schema["properties"].as_object().into_iter().flatten();
    let mut fields = fields.map(|(_, field)| field);
    let parts = schema["allOf"].as_array().into_iter().flatten();
    fields.any(|field| field["format"] == "binary") || parts.into_iter().any(holds_file)
}

/// Tells whether a schema is that of an object or a list, which is sent as JSON where any type will do.
fn is_structured<'a>(refs: &Refs<'a>, schema: &'a Value) -> bool {
    refs.follow(schema).is_ok_and(|schema| {
        let named = ["properties", "items", "allOf"].iter().any(|key| schema.get(key).is_some());
        named || schema["type"] == "object" || schema["type"] == "array"
    })
}

/// Makes the body one input that is a text or a file.
fn raw(draft: &mut Draft, (name, _): Media<'_>, must: bool) -> Result<(), String> {
    let kind = name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let schema = if is_words(&kind) { json!({"type": "string"}) } else { file().into() };
    let input = draft.input("body", "body", false, schema)?;
    draft.body_input = Some(input.clone());
    // Without its content there is nothing to send.
    if must || !is_words(&kind) {
        draft.required.push(input);
    }
    Ok(())
}

/// Makes the fields of an object inputs of their own, or the whole body one where it is no object.
fn fields<'a>(
    draft: &mut Draft,
    schemas: &mut Schemas<'_, 'a>,
    (_, media): Media<'a>,
    must: bool,
) -> Result<(), String> {
    let kind = draft.body.as_ref().map_or(BodyKind::Json, |body| body.kind);
    let filed = matches!(kind, BodyKind::Multipart | BodyKind::Related);
    let bytes = if filed { Bytes::File } else { Bytes::Text };
    let mut written =
        media.get("schema").map_or_else(|| json!({}), |schema| schemas.written(schema, bytes));
    let names = |one: &Value| {
        let only = one.as_object().is_some_and(|one| one.len() == 1);
        only && one["required"].is_array()
    };
    let choice = written.get("anyOf").and_then(Value::as_array);
    let open = choice.is_none_or(|choice| choice.iter().all(names));
    let clash = |name: &String| draft.properties.contains_key(name);
    let apart = written["properties"].as_object().is_some_and(|all| {
        written["format"] != "file" && open && (choice.is_none() || !all.keys().any(clash))
    });
    if !apart {
        if media.get("schema").is_none() && !must {
            return Ok(());
        }
        return whole(draft, kind, written, must);
    }
    let mut part = |name: &str| written.as_object_mut().and_then(|all| all.shift_remove(name));
    let required = part("required").unwrap_or_default();
    let required: Vec<&str> =
        required.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    draft.choice = part("anyOf");
    let others = part("additionalProperties").filter(|_| kind == BodyKind::Json);
    draft.others = others.unwrap_or(Value::Bool(false));
    let Some(Value::Object(properties)) = part("properties") else { return Ok(()) };
    for (name, mut schema) in properties {
        let encoding = &media["encoding"][name.as_str()];
        let wire = wire(kind, encoding, &schema);
        let as_json = matches!(kind, BodyKind::Json | BodyKind::Related)
            || wire.as_ref().is_some_and(|wire| wire.style == Style::Json);
        if required.contains(&name.as_str()) && !as_json {
            filled_list(&mut schema);
        }
        let input = draft.input(&name, "body", false, schema)?;
        if required.contains(&name.as_str()) {
            draft.required.push(input.clone());
        }
        let renamed = Some(name).filter(|name| *name != input);
        match wire {
            Some(wire) => {
                draft.wire.insert(input, Wire { name: renamed, ..wire });
            }
            None if renamed.is_some() => {
                let wire = Wire { name: renamed, ..Wire::plain(WirePart::Body) };
                draft.wire.insert(input, wire);
            }
            None => {}
        }
    }
    Ok(())
}

/// Makes the body one input.
fn whole(draft: &mut Draft, kind: BodyKind, written: Value, must: bool) -> Result<(), String> {
    let form = matches!(kind, BodyKind::Form | BodyKind::Multipart);
    // A form has fields, whatever the document forgets to say of them.
    let fits = written["type"] == "object" || written.get("anyOf").is_some();
    let file = written["format"] == "file";
    let written = if form && !fits && !file { json!({"type": "object"}) } else { written };
    let input = draft.input("body", "body", false, written)?;
    draft.body_input = Some(input.clone());
    if must {
        draft.required.push(input);
    }
    Ok(())
}

/// Returns how a field of a form is written, where brackets around what is nested are not meant.
///
/// Source: `OpenAPI` 3.1.1, "Encoding Object" (read 2026-11-28): lists repeat the name, objects are JSON.
fn wire(kind: BodyKind, encoding: &Value, schema: &Value) -> Option<Wire> {
    let form = kind == BodyKind::Form;
    let file = schema["format"] == "file" || schema["items"]["format"] == "file";
    if !(form || kind == BodyKind::Multipart) || !is_nested(schema) || file {
        return None;
    }
    let (style, explode) = match encoding["style"].as_str().and_then(Style::named) {
        Some(Style::DeepObject) => return None,
        Some(style) if WirePart::Body.takes(style) => (style, style == Style::Form),
        Some(_) | None if is_list(schema) => (Style::Form, true),
        Some(_) | None => (Style::Json, false),
    };
    let explode = encoding["explode"].as_bool().unwrap_or(explode);
    Some(Wire { style, explode, ..Wire::plain(WirePart::Body) })
}

/// Returns what an operation answers with where that is no JSON, and whether that is a file.
pub(super) fn answer<'a>(refs: &Refs<'a>, operation: &'a Value) -> Option<(&'a str, bool)> {
    let responses = operation.get("responses")?.as_object()?;
    let good = responses.iter().find(|(status, _)| status.starts_with('2'))?;
    let content = refs.follow(good.1).ok()?.get("content")?.as_object()?;
    let bare = |kind: &str| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = content.keys().any(|kind| is_json(&bare(kind)) || kind == "*/*");
    let (kind, media) = content.iter().next().filter(|_| !fits)?;
    let named = kind.chars().all(|c| c.is_ascii_graphic()) && !kind.contains(['{', '}']);
    let text = is_words(&bare(kind)) && media["schema"]["format"] != "binary";
    named.then_some((kind.as_str(), !text))
}
