//! Swagger 2.0 in the form of `OpenAPI` 3. Everything stays where it is, so that faults are found there.

use serde_json::{Map, Value, json};

use super::document::Document;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
/// What says where a parameter stands rather than what its value is.
const ABOUT: [&str; 6] = ["name", "in", "description", "required", "collectionFormat", "schema"];

/// Rewrites a document.
pub(super) fn rewritten(mut root: Value) -> Document {
    let servers = servers(&root);
    let media = |key: &str| root.get(key).filter(|list| list.is_array()).cloned();
    let (consumes, produces) = (media("consumes"), media("produces"));
    for scheme in fields(root.get_mut("securityDefinitions")) {
        secure(scheme);
    }
    // Bodies are looked up before their parameters change; paths are rewritten apart from the rest.
    let mut paths = root.get_mut("paths").map(Value::take).unwrap_or_default();
    for item in fields(Some(&mut paths)) {
        let shared = item.get("parameters").cloned().unwrap_or_default();
        for method in METHODS {
            let Some(operation) = item.get_mut(method).filter(|one| one.is_object()) else {
                continue;
            };
            let takes = operation.get("consumes").or(consumes.as_ref()).cloned();
            let gives = operation.get("produces").or(produces.as_ref()).cloned();
            if let Some(body) = body(&root, &shared, operation, takes.as_ref()) {
                operation["requestBody"] = body;
            }
            answers(&mut operation["responses"], gives.as_ref());
            each(operation.get_mut("parameters"));
        }
        each(item.get_mut("parameters"));
    }
    for parameter in fields(root.get_mut("parameters")) {
        typed(parameter);
    }
    if let Value::Object(map) = &mut root {
        map.insert("paths".to_owned(), paths);
        map.extend(servers.map(|servers| ("servers".to_owned(), servers)));
    }
    Document { root, notes: Vec::new() }
}

fn fields(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_object_mut).into_iter().flatten().map(|(_, value)| value)
}

fn each(list: Option<&mut Value>) {
    for parameter in list.and_then(Value::as_array_mut).into_iter().flatten() {
        typed(parameter);
    }
}

/// Returns the servers that host, path and schemes make.
fn servers(root: &Value) -> Option<Value> {
    let text = |key: &str| root[key].as_str().unwrap_or_default();
    let path = text("basePath");
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    if text("host").is_empty() {
        return (!path.is_empty()).then(|| json!([{ "url": format!("{slash}{path}") }]));
    }
    let schemes = root["schemes"].as_array();
    let secure = schemes.is_none_or(|all| all.is_empty() || all.iter().any(|one| one == "https"));
    let scheme = if secure { "https" } else { "http" };
    Some(json!([{ "url": format!("{scheme}://{}{slash}{path}", text("host")) }]))
}

/// Gives a parameter a schema of its own, and a style.
fn typed(parameter: &mut Value) {
    let Some(map) = parameter.as_object_mut() else { return };
    let place = map.get("in").and_then(Value::as_str).unwrap_or_default().to_owned();
    if map.contains_key("$ref")
        || map.contains_key("schema")
        || matches!(&*place, "body" | "formData")
    {
        return;
    }
    if map.get("type").is_some_and(|kind| kind == "array") {
        let format = map.get("collectionFormat").and_then(Value::as_str).unwrap_or("csv");
        map.extend(collected(format, &place));
    }
    let schema = map.iter().filter(|(key, _)| !ABOUT.contains(&key.as_str()));
    let schema: Map<String, Value> =
        schema.map(|(key, value)| (key.clone(), value.clone())).collect();
    map.insert("schema".to_owned(), schema.into());
}

/// Returns the style that a collection format is, and whether it explodes.
fn collected(format: &str, place: &str) -> Vec<(String, Value)> {
    let delimited = place == "query" || place == "formData";
    let (style, explode) = match format {
        "multi" => (Some("form"), true),
        "ssv" if delimited => (Some("spaceDelimited"), false),
        "pipes" if delimited => (Some("pipeDelimited"), false),
        _ if delimited => (Some("form"), false),
        _ => (None, false),
    };
    let style = style.map(|style| ("style".to_owned(), style.into()));
    style.into_iter().chain([("explode".to_owned(), explode.into())]).collect()
}

/// Returns the body that an operation's parameters make.
fn body(
    root: &Value,
    shared: &Value,
    operation: &Value,
    consumes: Option<&Value>,
) -> Option<Value> {
    let lists = [shared, operation.get("parameters").unwrap_or(&Value::Null)];
    let all = lists.into_iter().filter_map(Value::as_array).flatten().map(|one| {
        let pointer = one["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(one)
    });
    let all: Vec<&Value> = all.collect();
    let media: Vec<&str> = consumes
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if let Some(body) = all.iter().rev().find(|one| one["in"] == "body") {
        let media = if media.is_empty() { vec!["application/json"] } else { media };
        let schema = body.get("schema").cloned().unwrap_or_else(|| json!({}));
        let content: Map<String, Value> =
            media.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": schema }))).collect();
        return Some(json!({ "required": body["required"] == true, "content": content }));
    }
    let form: Vec<&&Value> = all.iter().filter(|one| one["in"] == "formData").collect();
    if form.is_empty() {
        return None;
    }
    let file = form.iter().any(|one| one["type"] == "file");
    let kind = if file || (media.contains(&"multipart/form-data") && !media.contains(&FORM)) {
        "multipart/form-data"
    } else {
        FORM
    };
    let (mut properties, mut required, mut encoding) = (Map::new(), Vec::new(), Map::new());
    for one in form {
        let Some(name) = one["name"].as_str() else { continue };
        if one["required"] == true {
            required.push(name);
        }
        if one["type"] == "array" {
            let format = one["collectionFormat"].as_str().unwrap_or("csv");
            let style: Map<String, Value> = collected(format, "formData").into_iter().collect();
            encoding.insert(name.to_owned(), style.into());
        }
        let about = |key: &str| ABOUT.contains(&key) && key != "description";
        let schema = one.as_object().into_iter().flatten().filter(|(key, _)| !about(key));
        let schema: Map<String, Value> =
            schema.map(|(key, value)| (key.clone(), value.clone())).collect();
        properties.insert(name.to_owned(), schema.into());
    }
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    Some(
        json!({ "required": true, "content": { kind: { "schema": schema, "encoding": encoding } } }),
    )
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Says of each answer which media types it has.
fn answers(responses: &mut Value, produces: Option<&Value>) {
    for response in fields(Some(responses)) {
        let Some(schema) = response.get("schema").cloned() else { continue };
        let media = produces.and_then(Value::as_array).into_iter().flatten();
        let mut media: Vec<&str> = media.filter_map(Value::as_str).collect();
        if media.is_empty() {
            media.push(if schema["type"] == "file" {
                "application/octet-stream"
            } else {
                "application/json"
            });
        }
        let content: Map<String, Value> =
            media.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": schema }))).collect();
        response["content"] = content.into();
    }
}

/// Gives a security definition the form of a security scheme.
fn secure(scheme: &mut Value) {
    let text = |key: &str| scheme[key].as_str().unwrap_or_default().to_owned();
    match text("type").as_str() {
        "basic" => *scheme = json!({ "type": "http", "scheme": "basic" }),
        "oauth2" => {
            let flow = match text("flow").as_str() {
                "accessCode" => "authorizationCode",
                "application" => "clientCredentials",
                "password" => "password",
                _ => "implicit",
            };
            let about = json!({
                "authorizationUrl": text("authorizationUrl"),
                "tokenUrl": text("tokenUrl"),
                "scopes": scheme["scopes"],
            });
            *scheme = json!({ "type": "oauth2", "flows": { flow: about } });
        }
        _ => {}
    }
}
