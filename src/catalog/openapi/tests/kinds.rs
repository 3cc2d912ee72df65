//! The other kinds of documents, and the other form that one may have.

use serde_json::{Value, json};

use super::{imported, only};
use crate::api::toolkits::Effect;
use crate::catalog::manifest::{BodyKind, Style};
use crate::catalog::openapi::{Wanted, import, read};

#[test]
fn swagger_says_the_same_in_other_words() {
    let tool = only(&json!({
        "swagger": "2.0",
        "info": {"title": "Acme"},
        "host": "acme.test",
        "basePath": "/api",
        "schemes": ["http", "https"],
        "securityDefinitions": {"basic": {"type": "basic"}},
        "security": [{"basic": []}],
        "produces": ["application/json"],
        "parameters": {"Page": {"name": "page", "in": "query", "type": "integer"}},
        "definitions": {"Thing": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        "paths": {"/things/{id}": {"post": {
            "operationId": "makeThing",
            "parameters": [
                {"name": "id", "in": "path", "required": true, "type": "string"},
                {"$ref": "#/parameters/Page"},
                {"name": "ids", "in": "query", "type": "array", "items": {"type": "string"}},
                {"name": "tags", "in": "query", "type": "array", "collectionFormat": "multi", "items": {"type": "string"}},
                {"name": "thing", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Thing"}},
            ],
            "responses": {"200": {"schema": {"type": "file"}}},
        }}},
    }));

    let written = serde_json::to_value(&tool).unwrap();
    assert_eq!(written["request"], "POST /things/{id}");
    assert_eq!(written["query"], json!(["page", "tags"]));
    assert_eq!(written["wire"], json!({"ids": "query form"}));
    let inputs: Vec<_> = tool.inputs().collect();
    assert_eq!(inputs, ["id", "page", "ids", "tags", "n"]);
}

#[test]
fn a_form_of_swagger_may_hold_files() {
    let tool = only(&json!({
        "swagger": "2.0",
        "info": {"title": "Acme"},
        "host": "acme.test",
        "paths": {"/up": {"post": {"parameters": [
            {"name": "file", "in": "formData", "type": "file", "required": true},
            {"name": "note", "in": "formData", "type": "string"},
        ]}}},
    }));

    assert_eq!(String::from(tool.body.clone().unwrap()), "multipart");
    assert_eq!(tool.files().collect::<Vec<_>>(), ["file"]);
    assert_eq!(tool.input["required"], json!(["file"]));
}

#[test]
fn a_discovery_document_is_read_with_its_resources() {
    let imported = imported(&json!({
        "kind": "discovery#restDescription",
        "name": "things",
        "title": "Things API",
        "rootUrl": "https://things.googleapis.com/",
        "servicePath": "v1/",
        "auth": {"oauth2": {"scopes": {"https://g/all": {}, "https://g/read": {}}}},
        "schemas": {"Thing": {"type": "object", "properties": {
            "owner": {"$ref": "Person"}, "name": {"type": "string", "required": true}}},
            "Person": {"type": "object", "properties": {"mail": {"type": "string"}}}},
        "resources": {"boxes": {"resources": {"things": {"methods": {
            "get": {"id": "things.boxes.things.get", "httpMethod": "GET", "path": "{+name}",
                "flatPath": "boxes/{boxesId}/things/{thingsId}", "scopes": ["https://g/read", "https://g/all"],
                "parameters": {"name": {"location": "path", "required": true, "type": "string"},
                    "mask": {"location": "query", "repeated": true, "type": "string"}}},
            "put": {"id": "things.boxes.things.put", "httpMethod": "PUT", "path": "x/{+name}",
                "parameters": {"name": {"location": "path", "required": true, "type": "string"}},
                "request": {"$ref": "Thing"}, "scopes": ["https://g/all"]},
        }}}}},
    }));

    assert_eq!(imported.faults, []);
    let manifest = imported.manifest.unwrap();
    assert_eq!(manifest.base_url, "https://things.googleapis.com/v1");
    assert_eq!(manifest.auth.params["access_type"], "offline");
    let [get, put] = manifest.tools.as_slice() else { panic!("two tools") };
    assert_eq!(get.slug.as_str(), "THINGS_BOXES_THINGS_GET");
    assert_eq!(get.request.to_string(), "GET /boxes/{boxesId}/things/{thingsId}");
    assert_eq!(get.scopes, ["https://g/read", "https://g/all"]);
    assert_eq!(get.inputs().collect::<Vec<_>>(), ["mask", "boxesId", "thingsId"]);
    assert_eq!(put.effect, Effect::Write);
    assert_eq!(put.inputs().collect::<Vec<_>>(), ["name", "owner", "name_body"]);
}

#[test]
fn a_method_that_takes_files_becomes_two_tools() {
    let upload = |multipart: bool| {
        json!({"protocols": {"simple":
        {"multipart": multipart, "path": "/upload/things/v1/files"}}})
    };
    let with = |method: &str, upload: Value, request: Value| {
        imported(&json!({
            "kind": "discovery#restDescription",
            "name": "things",
            "rootUrl": "https://things.googleapis.com/",
            "servicePath": "things/v1/",
            "schemas": {"File": {"type": "object", "properties": {"name": {"type": "string"}}}},
            "methods": {"send": {"id": "things.send", "httpMethod": method, "path": "files",
                "mediaUpload": upload, "request": request}},
        }))
        .manifest
        .unwrap()
    };

    let both = with("POST", upload(true), json!({"$ref": "File"}));
    let bytes = with("POST", upload(false), Value::Null);

    assert_eq!(both.base_url, "https://things.googleapis.com");
    let [file, plain] = both.tools.as_slice() else { panic!("two tools") };
    assert_eq!(plain.request.to_string(), "POST /things/v1/files");
    assert_eq!(file.slug.as_str(), "THINGS_SEND_UPLOAD");
    assert_eq!(file.request.to_string(), "POST /upload/things/v1/files?uploadType=multipart");
    assert_eq!(file.body().kind, BodyKind::Related);
    assert_eq!(file.inputs().collect::<Vec<_>>(), ["name", "file"]);
    assert_eq!(file.files().collect::<Vec<_>>(), ["file"]);
    assert_eq!(bytes.tools[0].request.to_string(), "POST /upload/things/v1/files?uploadType=media");
    assert_eq!(bytes.tools[0].body().kind, BodyKind::Raw);
}

#[test]
fn an_upload_keeps_the_slashes_of_a_name_and_bounds_are_numbers() {
    let upload = json!({"protocols": {"simple": {"path": "/upload/v1/{+parent}/files"}}});
    let document = json!({
        "kind": "discovery#restDescription",
        "name": "things",
        "rootUrl": "https://things.googleapis.com/",
        "methods": {"send": {"id": "things.send", "httpMethod": "POST", "path": "v1/{+parent}/files",
            "flatPath": "v1/boxes/{boxesId}/files", "mediaUpload": upload, "parameters": {
                "parent": {"location": "path", "required": true, "type": "string"},
                "size": {"location": "query", "type": "integer", "minimum": "1", "maximum": "500",
                    "default": "100"}}}},
    });

    let tools = imported(&document).manifest.unwrap().tools;

    let upload = tools.iter().find(|tool| tool.slug.as_str().ends_with("_UPLOAD")).unwrap();
    assert_eq!(upload.wire["parent"].style, Style::Reserved);
    let size = json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 100});
    for tool in &tools {
        assert_eq!(tool.input["properties"]["size"], size, "{}", tool.slug);
    }
}

#[test]
fn yaml_and_json_make_the_same_toolkit() {
    let yaml = "openapi: 3.1.0\ninfo: {title: Acme}\nservers:\n  - url: https://acme.test\nsecurity: []\n\
        paths:\n  /a:\n    get:\n      responses:\n        200: {description: fine}\n      \
        parameters:\n        - {name: on, in: query, schema: {type: string, enum: [on, 1, true]}}\n";

    let document = read(yaml).unwrap();
    let imported = import(&document, &document.slug().unwrap(), &Wanted::default());

    let tool = imported.manifest.unwrap().tools.remove(0);
    assert_eq!(
        tool.input["properties"]["on"],
        json!({"type": "string", "enum": ["on", "1", "true"]})
    );
}

#[test]
fn of_facts_only_no_sentence_is_kept() {
    let words = "Somebody's own words";
    let document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Acme", "description": words},
        "servers": [{"url": "https://acme.test"}],
        "paths": {"/a": {"post": {"summary": words, "description": words,
            "parameters": [{"name": "q", "in": "query", "description": words, "schema": {"description": words}}],
            "requestBody": {"content": {"application/json": {"schema": {"properties":
                {"b": {"type": "string", "description": words, "title": words}}}}}},
        }}},
    });
    let document = read(&document.to_string()).unwrap();

    let facts = Wanted { facts_only: true, ..Wanted::default() };
    let imported = import(&document, &document.slug().unwrap(), &facts);

    let text = serde_json::to_string(&imported.manifest.unwrap()).unwrap();
    assert!(!text.contains(words), "{text}");
    assert!(text.contains("POST /a"));
}

#[test]
fn only_what_is_wanted_becomes_a_tool() {
    let paths: Value = ["a", "b", "c"]
        .iter()
        .map(|name| (format!("/{name}/x"), json!({"get": {"operationId": format!("{name}.get")}})))
        .collect();
    let document = super::document(&paths, &json!({}));
    let document = read(&document.to_string()).unwrap();
    let globs = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let (include, exclude) = (globs(&["/a/*", "ACME_B_*", "c.?et"]), globs(&["*_b_get"]));

    let wanted = Wanted { include: &include, exclude: &exclude, ..Wanted::default() };
    let imported = import(&document, &document.slug().unwrap(), &wanted);

    let tools = imported.manifest.unwrap().tools;
    let names: Vec<_> = tools.iter().map(|tool| tool.slug.as_str()).collect();
    assert_eq!(names, ["ACME_A_GET", "ACME_C_GET"]);
    assert_eq!(imported.unwanted, 1);
}
