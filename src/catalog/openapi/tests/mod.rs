//! Documents in, toolkits out: what a user of `toolkits import` would notice.

mod depths;
mod faithful;
mod hostile;
mod kinds;
mod pages;

use serde_json::{Value, json};

use super::{Imported, Wanted, import, read};
use crate::catalog::manifest::Tool;

/// A document of one API, with these paths and whatever else is given.
fn document(paths: &Value, more: &Value) -> Value {
    let mut whole = json!({
        "openapi": "3.0.3",
        "info": {"title": "Acme API v2", "version": "1"},
        "servers": [{"url": "https://api.acme.test/v2/"}],
        "security": [],
        "paths": paths,
    });
    for (key, value) in more.as_object().unwrap() {
        whole[key] = value.clone();
    }
    whole
}

fn imported(document: &Value) -> Imported {
    let document = read(&document.to_string()).unwrap();
    import(&document, &document.slug().unwrap(), &Wanted::default())
}

/// Returns the only tool of a document in which nothing is wrong.
fn only(document: &Value) -> Tool {
    let imported = imported(document);
    assert_eq!(imported.faults, [], "nothing is wrong");
    let mut tools = imported.manifest.unwrap().tools;
    assert_eq!(tools.len(), 1);
    tools.remove(0)
}

/// Returns the only tool of a document whose only operation is that POST.
fn posted(operation: &Value) -> Tool {
    only(&document(&json!({"/x": {"post": operation}}), &json!({})))
}

/// Returns what is wrong in a document, with its places.
fn faults(document: &Value) -> Vec<(String, String)> {
    imported(document).faults.into_iter().map(|fault| (fault.pointer, fault.message)).collect()
}

#[test]
fn an_operation_becomes_a_tool() {
    let tool = only(&document(
        &json!({"/users/{user-id}/posts": {
            "parameters": [{"name": "user-id", "in": "path", "required": true, "schema": {"type": "integer"}}],
            "get": {
                "operationId": "users/listPosts",
                "summary": "List a user's posts",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}},
                    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "X-Trace", "in": "header", "required": true, "schema": {"type": "string"}},
                    {"name": "filter", "in": "query", "style": "deepObject", "schema":
                        {"type": "object", "properties": {"a": {"type": "string"}}}},
                    {"name": "ids", "in": "query", "style": "pipeDelimited", "schema":
                        {"type": "array", "items": {"type": "integer"}}},
                    {"name": "sid", "in": "cookie", "schema": {"type": "string"}},
                    {"name": "where", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
                ],
            },
        }}),
        &json!({}),
    ));

    let mut written = serde_json::to_value(&tool).unwrap();
    let input = written["input"].take();
    assert_eq!(
        written,
        json!({
            "slug": "ACME_USERS_LIST_POSTS",
            "name": "List a user's posts",
            "description": "List a user's posts",
            "request": "GET /users/{user-id}/posts",
            "effect": "read",
            "wire": {"ids": "query pipeDelimited", "sid": "cookie", "where": "query json"},
            "headers": {"X-Trace": "{X-Trace}"},
            "input": null,
        }),
    );
    assert_eq!(input["required"], json!(["user-id", "X-Trace"]));
    assert_eq!(input["properties"]["limit"], json!({"type": "integer", "maximum": 10}));
    assert_eq!(input["additionalProperties"], false);
}

#[test]
fn schemas_are_put_together_and_cut_where_they_begin_again() {
    let imported = imported(&document(
        &json!({"/x": {"post": {"requestBody": {"$ref": "#/components/requestBodies/Node"}}}}),
        &json!({"components": {
        "requestBodies": {"Node": {"content": {"application/json": {"schema":
            {"$ref": "#/components/schemas/Node"}}}}},
        "schemas": {
            "Base": {"type": "object", "required": ["name", "id"], "properties": {
                "name": {"type": "string", "nullable": true, "example": "x", "xml": {}},
                "id": {"type": "string", "readOnly": true}}},
            "Node": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {
                "kind": {"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 3,
                    "exclusiveMinimum": true}]},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}}]},
        }}}),
    ));

    let tool = imported.manifest.unwrap().tools.remove(0);
    assert_eq!(
        Value::from(tool.input),
        json!({
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": ["string", "null"]},
                "kind": {"anyOf": [{"type": "string"}, {"type": "integer", "exclusiveMinimum": 3}]},
                "children": {"type": "array", "items": {"type": "object", "required": ["name"],
                    "properties": {"name": {"type": ["string", "null"]}}}},
            },
            "additionalProperties": false,
        }),
    );
    assert_eq!(imported.notes.len(), 1);
    assert_eq!(imported.notes[0].pointer, "/paths/~1x/post");
}

#[test]
fn a_body_that_is_no_object_is_one_input() {
    let list = posted(
        &json!({"requestBody": {"required": true, "content": {"application/json": {"schema":
        {"type": "array", "items": {"type": "string"}}}}}}),
    );
    let text = posted(&json!({"requestBody": {"content": {"text/csv": {}}}}));
    let bytes = posted(&json!({"requestBody": {"content": {"image/png": {}}}}));

    assert_eq!(list.body_input.as_deref(), Some("body"));
    assert_eq!(list.input["required"], json!(["body"]));
    assert_eq!(text.headers["content-type"], "text/csv");
    assert_eq!(text.input["properties"]["body"], json!({"type": "string"}));
    assert_eq!(bytes.files().collect::<Vec<_>>(), ["body"]);
}

#[test]
fn a_form_says_how_its_fields_are_written() {
    let schema = json!({"type": "object", "required": ["file"], "properties": {
        "file": {"type": "string", "format": "binary"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "about": {"type": "object", "properties": {"a": {"type": "string"}}},
        "deep": {"type": "object", "properties": {"a": {"type": "string"}}},
    }});
    let encoding = json!({"deep": {"style": "deepObject"}});
    let of = |kind: &str| {
        posted(
            &json!({"requestBody": {"content": {kind: {"schema": schema, "encoding": encoding}}}}),
        )
    };

    let (form, parts) = (of("application/x-www-form-urlencoded"), of("multipart/form-data"));

    let wire = |tool: &Tool| serde_json::to_value(&tool.wire).unwrap();
    assert_eq!(wire(&form), json!({"tags": "body", "about": "body json"}));
    assert_eq!(wire(&parts), json!({"tags": "body", "about": "body json"}));
    assert_eq!(parts.files().collect::<Vec<_>>(), ["file"]);
    assert_eq!(form.files().count(), 0);
}

#[test]
fn names_that_collide_keep_their_own_in_the_request() {
    let tool = only(&document(
        &json!({"/x/{id}": {"put": {
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "id", "in": "query", "schema": {"type": "string"}},
            ],
            "requestBody": {"content": {"application/json": {"schema": {"properties": {"id": {"type": "string"}}}}}},
        }}}),
        &json!({}),
    ));

    let wire = serde_json::to_value(&tool.wire).unwrap();
    assert_eq!(wire, json!({"id_query": "query as id", "id_body": "body as id"}));
    assert_eq!(tool.request.path, "/x/{id}");
}

#[test]
fn a_login_is_the_best_that_opens_most() {
    let get = |security: Value| json!({"get": {"security": security}});
    let schemes = json!({"components": {"securitySchemes": {
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "oauth": {"type": "oauth2", "flows": {"authorizationCode": {
            "authorizationUrl": "https://acme.test/authorize", "tokenUrl": "https://acme.test/token",
            "scopes": {"a": "", "b": "", "c": ""}}}},
    }}});
    let both = json!([{"key": []}, {"oauth": ["a", "b"]}, {"oauth": ["c"]}]);
    let with = |paths: Value| imported(&document(&paths, &schemes));

    let oauth = with(json!({"/a": get(both.clone())}));
    let key = with(json!({"/a": get(both), "/b": get(json!([{"key": []}]))}));

    let manifest = oauth.manifest.unwrap();
    assert_eq!(manifest.tools[0].scopes, ["a b", "c"]);
    assert_eq!(manifest.auth.scopes, ["a", "b"]);
    assert_eq!(manifest.auth.token_url.unwrap().as_str(), "https://acme.test/token");
    assert!(oauth.notes[0].message.contains("left out: `key`"), "{:?}", oauth.notes);
    assert_eq!(key.manifest.unwrap().auth.place.unwrap().name, "X-Key");
}

#[test]
fn a_login_that_nobody_declared_is_asked_for() {
    let mut silent = document(&json!({"/a": {"get": {}}}), &json!({}));
    silent.as_object_mut().unwrap().shift_remove("security");
    let free = document(&json!({"/a": {"get": {}}}), &json!({}));

    let kind = |document| serde_json::to_value(imported(document).manifest.unwrap().auth).unwrap();

    assert_eq!(kind(&silent)["type"], "unknown");
    assert_eq!(kind(&silent)["fields"][0]["key"], "authorization");
    assert_eq!(kind(&free), json!({"type": "none"}));
}

#[test]
fn an_address_asks_for_what_the_document_leaves_open() {
    let server = |server: Value| {
        let document = document(&json!({"/a": {"get": {}}}), &json!({"servers": [server]}));
        let manifest = imported(&document).manifest.unwrap();
        let fields: Vec<_> = manifest.auth.fields.into_iter().map(|field| field.key).collect();
        (manifest.base_url, fields.join(" "))
    };
    let pair = |url: &str, fields: &str| (url.to_owned(), fields.to_owned());

    assert_eq!(
        server(json!({"url": "https://{Shop-Name}.acme.test/{v}", "variables": {
            "Shop-Name": {"default": "your-shop"}, "v": {"default": "v1", "enum": ["v1"]}}})),
        pair("https://{shop_name}.acme.test/v1", "shop_name"),
    );
    assert_eq!(server(json!({"url": "http://acme.test"})), pair("https://acme.test", ""));
    let own = json!({"url": "https://{hostname}/api/v3", "variables": {"hostname": {"default": "HOSTNAME"}}});
    assert_eq!(server(own), pair("https://{hostname}/api/v3", "hostname"));
}
