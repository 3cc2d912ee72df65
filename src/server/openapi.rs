//! `GET /openapi.json`: what can be asked for and what is answered, made from the very structs that are read
//! and written.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Site;
use crate::api::action::{Action, Described};
use crate::api::approvals::PendingApproval;
use crate::api::error::{Code, Fault};
use crate::api::routes::{Mount, Reach, Route, mounts};

/// What an error looks like.
#[derive(JsonSchema)]
#[schemars(rename = "Failure")]
#[expect(dead_code, reason = "it is described here, and written by `answer`")]
struct Failure {
    /// What went wrong
    error: FailureDetail,
}

/// What went wrong.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is described here, and written by `answer`")]
struct FailureDetail {
    /// What programs branch on
    code: Code,
    /// One sentence
    message: String,
    /// What to do next
    hint: Option<String>,
    /// A finer code
    reason: Option<String>,
    /// Every fault of the input
    details: Option<Vec<Fault>>,
}

/// Returns the one route.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/openapi.json", get(openapi))
}

async fn openapi(State(site): State<Arc<Site>>) -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = DOCUMENT.get_or_init(|| document(site.url.as_str()).to_string());
    let mut response = Response::new(Body::from(text.as_str()));
    *response.status_mut() = StatusCode::OK;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Returns the whole description (`OpenAPI` 3.1).
pub(super) fn document(url: &str) -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|set| set.definitions_path = "/components/schemas".into())
        .into_generator();
    let described = Action::described(&mut generator);
    generator.subschema_for::<Failure>();
    generator.subschema_for::<PendingApproval>();
    let mut paths = Map::new();
    for mount in mounts() {
        let Some(one) = described.iter().find(|one| one.action == mount.route.action) else {
            continue;
        };
        let path = paths.entry(mount.path.clone()).or_insert_with(|| json!({}));
        path[mount.route.method.to_ascii_lowercase()] = operation(&mount, one);
    }
    for (path, what) in [
        ("/v1/logs/stream", "The log as it grows, as server-sent events"),
        ("/v1/events", "The same, as events of the workspace"),
        ("/v1/users/{user}/logs/stream", "What is logged for one user, as it comes"),
    ] {
        paths.insert(path.to_owned(), json!({ "get": stream(path, what) }));
    }
    paths.insert("/health".to_owned(), json!({ "get": health() }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Naive API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Agents act on people's accounts while people stay in charge.",
        },
        "servers": [{ "url": url.trim_end_matches('/') }],
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// Describes an action at one path.
fn operation(mount: &Mount, one: &Described) -> Value {
    let route = mount.route;
    let holes: Vec<_> = Route::holes(&mount.path).collect();
    let mut input = one.input.clone();
    let about = input.get("description").cloned().unwrap_or_default();
    let mut parameters: Vec<_> =
        holes.iter().map(|hole| parameter(hole, "path", true, field(&mut input, hole))).collect();
    let mut operation = json!({
        "operationId": identifier(mount),
        "summary": about,
        "tags": [route.action.split('.').next()],
    });
    if route.is_asked_by_query() {
        parameters.extend(queried(&input));
    } else {
        operation["requestBody"] =
            json!({ "required": needs(&input), "content": content(json!(input)) });
    }
    if route.reach != Reach::Read {
        let key =
            json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        parameters.push(parameter("Idempotency-Key", "header", false, key));
    }
    operation["parameters"] = parameters.into();
    operation["responses"] = responses(route, json!(one.reply));
    operation
}

/// Returns a name for an action at one path: that of the action where it is the action's own path.
fn identifier(mount: &Mount) -> String {
    let action = mount.route.action;
    if mount.path == mount.route.path {
        return action.to_owned();
    }
    let own = if mount.path.starts_with("/v1/users/") { "user" } else { "workspace" };
    format!("{action}.{own}")
}

/// Takes the field of a hole out of an input, and returns its schema.
fn field(input: &mut schemars::Schema, hole: &str) -> Value {
    let found = input
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .and_then(|fields| fields.remove(hole));
    if let Some(required) = input.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != hole);
    }
    let mut schema = found.unwrap_or_else(|| json!({ "type": "string" }));
    // A hole is always filled.
    if schema["type"].is_array() {
        schema["type"] = json!("string");
    }
    schema
}

/// Tells whether an input has fields that must be given.
fn needs(input: &schemars::Schema) -> bool {
    input.get("required").and_then(Value::as_array).is_some_and(|names| !names.is_empty())
}

/// Returns the fields of an input as parameters of a query.
fn queried(input: &schemars::Schema) -> Vec<Value> {
    let required = input.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let fields = input.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    fields
        .into_iter()
        .map(|(name, schema)| {
            let must = required.iter().any(|one| *one == name);
            parameter(&name, "query", must, schema)
        })
        .collect()
}

fn parameter(name: &str, place: &str, required: bool, schema: Value) -> Value {
    json!({ "name": name, "in": place, "required": required, "schema": schema })
}

fn content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// Returns what may be answered.
fn responses(route: &Route, reply: Value) -> Value {
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let mut responses = Map::new();
    let done = if route.makes() { "201" } else { "200" };
    let reply = json!({ "description": "Done", "content": content(reply) });
    responses.insert(done.to_owned(), reply);
    if route.may_be_held() {
        let held = json!({
            "description": "Held until a person decides",
            "content": content(schema("PendingApproval")),
        });
        responses.insert("202".to_owned(), held);
    }
    let failed = json!({ "description": "Not done", "content": content(schema("Failure")) });
    responses.insert("default".to_owned(), failed);
    responses.into()
}

fn stream(path: &str, what: &str) -> Value {
    let holes =
        Route::holes(path).map(|hole| parameter(hole, "path", true, json!({ "type": "string" })));
    json!({
        "summary": what,
        "tags": ["logs"],
        "parameters": holes.collect::<Vec<_>>(),
        "responses": {
            "200": { "description": "Events", "content": { "text/event-stream": {} } },
            "default": {
                "description": "Not begun",
                "content": content(json!({ "$ref": "#/components/schemas/Failure" })),
            },
        },
    })
}

fn health() -> Value {
    json!({
        "summary": "Whether the server answers",
        "security": [],
        "responses": { "200": { "description": "It does", "content": content(json!({ "type": "object" })) } },
    })
}
