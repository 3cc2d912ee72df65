//! A Google discovery document in the form of `OpenAPI` 3.
//!
//! Source: developers.google.com/discovery/v1/reference/apis (read 2026-11-28).

use serde_json::{Map, Value, json};
use url::Url;

use super::document::Document;
use crate::api::error::Fault;
use crate::api::ids::clean;

/// Rewrites a document.
pub(super) fn rewritten(mut root: Value) -> Document {
    let text = |key: &str| root[key].as_str().unwrap_or_default();
    let mut made = Made::default();
    // Uploads go to another path of the same host: where there are some, the address is the host alone.
    let mut uploads = has_uploads(&root["methods"]);
    resources(&root["resources"], "/resources", &mut |_, found| uploads |= has_uploads(found));
    let (host, service) = (text("rootUrl"), text("servicePath"));
    let url = match (host, uploads) {
        ("", _) => text("baseUrl").to_owned(),
        (host, true) => {
            made.before = format!("/{}", service.trim_matches('/'));
            host.to_owned()
        }
        (host, false) => format!("{host}{service}"),
    };
    made.uploads = uploads && !host.is_empty();
    methods(&root, &root["methods"], "/methods", &mut made);
    resources(&root["resources"], "/resources", &mut |at, found| {
        methods(&root, found, at, &mut made);
    });
    let Made { paths, notes, .. } = made;
    let scopes = root.pointer("/auth/oauth2/scopes").cloned();
    let schemes = scopes.filter(|_| is_google(&url)).map(|scopes| {
        json!({ "google": { "type": "oauth2", "flows": { "authorizationCode": {
            "authorizationUrl": "https://accounts.google.com/o/oauth2/v2/auth",
            "tokenUrl": "https://oauth2.googleapis.com/token",
            "scopes": scopes,
            // Without these there is no refresh token, or only the first time.
            "x-naive-params": { "access_type": "offline", "prompt": "consent" },
        } } } })
    });
    let title = if text("title").is_empty() { text("name") } else { text("title") };
    let mut whole = json!({
        "info": { "title": title, "x-slug": text("name"), "description": text("description") },
        "servers": [{ "url": url.trim_end_matches('/') }],
        "components": { "securitySchemes": schemes.unwrap_or_default() },
        "paths": paths,
    });
    whole["schemas"] = root.get_mut("schemas").map(Value::take).unwrap_or_default();
    refer(&mut whole["schemas"]);
    Document { root: whole, notes }
}

/// What becomes of a document.
#[derive(Debug, Default)]
struct Made {
    paths: Map<String, Value>,
    notes: Vec<Fault>,
    /// What stands before each path
    before: String,
    /// Whether files are uploaded
    uploads: bool,
}

fn has_uploads(methods: &Value) -> bool {
    let mut methods = methods.as_object().into_iter().flatten();
    methods.any(|(_, method)| upload_path(method).is_some())
}

/// Returns where a method takes a file together with what is said of it.
fn upload_path(method: &Value) -> Option<&str> {
    let simple = method.pointer("/mediaUpload/protocols/simple")?;
    simple["path"].as_str().filter(|path| path.starts_with('/'))
}

fn is_google(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| host.ends_with(".googleapis.com") || host.ends_with(".google.com"))
}

/// Hands over the methods of each resource, however deep it stands, and where they are.
fn resources(resources: &Value, at: &str, each: &mut impl FnMut(&str, &Value)) {
    for (name, resource) in resources.as_object().into_iter().flatten() {
        each(&format!("{at}/{name}/methods"), &resource["methods"]);
        self::resources(&resource["resources"], &format!("{at}/{name}/resources"), each);
    }
}

fn methods(root: &Value, methods: &Value, at: &str, made: &mut Made) {
    for (name, method) in methods.as_object().into_iter().flatten() {
        let text = |key: &str| method[key].as_str().unwrap_or_default();
        // The flat path names each part of a resource's name; the other takes the name whole.
        let flat = text("flatPath");
        let written = if flat.is_empty() { text("path") } else { flat };
        let path = written.trim_start_matches('/').replace("{+", "{");
        let path = format!("{}/{path}", made.before.trim_end_matches('/'));
        let verb = text("httpMethod").to_ascii_lowercase();
        let own = operation(root, method, written);
        if let Some(upload) = upload_path(method).filter(|_| made.uploads) {
            let (path, own) = uploading(method, upload, operation(root, method, upload));
            made.paths.insert(path, json!({ verb.as_str(): own }));
        }
        let item = made.paths.entry(path).or_insert_with(|| json!({}));
        if let Some(known) = item.get(&verb) {
            let other = clean(known["operationId"].as_str().unwrap_or_default());
            let message = format!("is the same request as `{other}`");
            made.notes.push(Fault { pointer: clean(&format!("{at}/{name}")), message });
        } else {
            item[verb.as_str()] = own;
        }
    }
}

/// Returns where a file goes, and the operation that sends it: beside what is said of it, or alone.
///
/// Source: developers.google.com/drive/api/guides/manage-uploads, "multipart upload" (read 2026-11-28).
fn uploading(method: &Value, path: &str, mut own: Value) -> (String, Value) {
    let about = method["request"]["$ref"].as_str();
    let several = method.pointer("/mediaUpload/protocols/simple/multipart") == Some(&json!(true));
    let file = json!({ "type": "string", "format": "binary" });
    let (word, content) = match about.filter(|_| several) {
        Some(name) => {
            let file =
                json!({ "type": "object", "required": ["file"], "properties": { "file": file } });
            let schema = json!({ "allOf": [{ "$ref": pointer(name) }, file] });
            ("multipart", json!({ "multipart/related": { "schema": schema } }))
        }
        None => ("media", json!({ "application/octet-stream": { "schema": file } })),
    };
    own["requestBody"] = json!({ "required": true, "content": content });
    own["operationId"] =
        format!("{}.upload", own["operationId"].as_str().unwrap_or_default()).into();
    (format!("{}?uploadType={word}", path.replace("{+", "{")), own)
}

fn operation(root: &Value, method: &Value, path: &str) -> Value {
    let parameters = method["parameters"].as_object().into_iter().flatten();
    let parameters: Vec<Value> =
        parameters.map(|(name, about)| parameter(name, about, path)).collect();
    let scopes = method["scopes"].as_array().into_iter().flatten();
    let security: Vec<Value> = scopes.map(|scope| json!({ "google": [scope] })).collect();
    // Every id begins with the name of the API.
    let name = root["name"].as_str().unwrap_or_default();
    let id = method["id"].as_str().unwrap_or_default();
    let own = id.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')).unwrap_or(id);
    let mut operation = json!({
        "operationId": own,
        "description": method["description"],
        "parameters": parameters,
    });
    if !security.is_empty() {
        operation["security"] = security.into();
    }
    if let Some(name) = method["request"]["$ref"].as_str() {
        let schema = json!({ "$ref": pointer(name) });
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    if let Some(name) = method["response"]["$ref"].as_str() {
        let schema = json!({ "$ref": pointer(name) });
        operation["responses"] =
            json!({ "200": { "content": { "application/json": { "schema": schema } } } });
    }
    if root["deprecated"] == true {
        operation["deprecated"] = true.into();
    }
    operation
}

fn parameter(name: &str, about: &Value, path: &str) -> Value {
    let mut schema = about.clone();
    if let Some(map) = schema.as_object_mut() {
        for key in ["location", "required", "repeated", "description"] {
            map.shift_remove(key);
        }
    }
    refer(&mut schema);
    if about["repeated"] == true {
        schema = json!({ "type": "array", "items": schema });
    }
    let mut parameter = json!({
        "name": name,
        "in": about["location"],
        "required": about["required"] == true,
        "description": about["description"],
        "schema": schema,
    });
    if path.contains(&format!("{{+{name}}}")) {
        parameter["style"] = "reserved".into();
    }
    parameter
}

fn pointer(name: &str) -> String {
    format!("#/schemas/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Turns each reference, which is a bare name, into one that leads to the schema, takes a schema's own
/// `required` away, which is a yes or no, and makes numbers of bounds and defaults, which are written as texts.
fn refer(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("required").is_some_and(Value::is_boolean) {
                map.shift_remove("required");
            }
            let counts = ["integer", "number", "boolean"]
                .iter()
                .any(|kind| map.get("type") == Some(&json!(kind)));
            for key in ["minimum", "maximum", "default"] {
                let text =
                    map.get(key).and_then(Value::as_str).filter(|_| counts || key != "default");
                let value = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
                if let Some(value) = value.filter(|value| value.is_number() || value.is_boolean()) {
                    map.insert(key.to_owned(), value);
                }
            }
            for (key, value) in map {
                match value {
                    Value::String(name) if key == "$ref" => *name = pointer(name),
                    other => refer(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(refer),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
