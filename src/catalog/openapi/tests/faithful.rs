//! What an independent reader of the same document holds a request to: found by calling 200 tools of 100
//! documents against a mock that another program made of them.

use serde_json::{Value, json};

use super::{document, imported, only, posted};
use crate::api::toolkits::AuthType;
use crate::catalog::input::faults;
use crate::catalog::manifest::BodyKind;

#[test]
fn patterns_are_kept_where_they_are_some() {
    let kept = |pattern: &str| {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}});
        let tool =
            posted(&json!({"requestBody": {"content": {"application/json": {"schema": schema}}}}));
        tool.input["properties"]["a"].get("pattern").is_some()
    };

    for pattern in ["^[A-Z0-9]{26}$", r"^\d+$", r"^\p{L}+$", "^(?!x)[a-z]+$"] {
        assert!(kept(pattern), "{pattern}");
    }
    let shown = json!({"type": "string", "pattern": "^[A-F]+$", "example": "abc"});
    let content = json!({"application/json": {"schema": {"properties": {"a": shown}}}});
    let tool = posted(&json!({"requestBody": {"content": content}}));
    assert_eq!(tool.input["properties"]["a"], json!({"type": "string"}));
    for none in ["/^[a-z]+$/i", "YYYY-MM-DD", "^[a-z", &"a?".repeat(1000)] {
        assert!(!kept(none), "{none}");
    }
}

#[test]
fn a_list_that_has_to_be_there_is_not_empty() {
    let list = |place: &str, more: Value| {
        let mut list = json!({"name": "ids", "in": place, "required": true,
            "schema": {"type": "array", "items": {"type": "string"}}});
        list.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = if place == "path" { "/x/{ids}" } else { "/x" };
        let tool = only(&document(&json!({path: {"get": {"parameters": [list]}}}), &json!({})));
        tool.input["properties"]["ids"]["minItems"].clone()
    };

    assert_eq!(list("path", json!({})), 1);
    assert_eq!(list("query", json!({})), 1);
    assert_eq!(list("query", json!({"explode": false})), 1);
    assert_eq!(list("query", json!({"required": false})), Value::Null);
}

#[test]
fn a_number_that_is_called_int32_is_whole() {
    let tool = only(&document(
        &json!({"/x": {"get": {"parameters": [
            {"name": "n", "in": "query", "schema": {"type": "number", "format": "int32"}}]}}}),
        &json!({}),
    ));

    assert_eq!(tool.input["properties"]["n"]["type"], "integer");
}

#[test]
fn a_path_may_take_a_value_with_its_slashes() {
    let parameters =
        json!([{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let paths = json!({"/v1/{+name}:stop": {"post": {"parameters": parameters}}});

    let tool = only(&document(&paths, &json!({})));

    assert_eq!(tool.request.path, "/v1/{name}:stop");
    assert_eq!(serde_json::to_value(&tool.wire).unwrap(), json!({"name": "path reserved"}));
}

#[test]
fn swagger_says_how_one_logs_in() {
    let whole = json!({
        "swagger": "2.0",
        "info": {"title": "Acme"},
        "host": "acme.test",
        "securityDefinitions": {"key": {"type": "apiKey", "in": "query", "name": "k"}},
        "security": [{"key": []}],
        "paths": {"/x": {"get": {"parameters": [{"name": "k", "in": "query", "type": "string"}]}}},
    });

    let tool = only(&whole);
    let auth = imported(&whole).manifest.unwrap().auth;

    assert_eq!(auth.kind, AuthType::ApiKey);
    assert_eq!(auth.place.unwrap().name, "k");
    assert_eq!(tool.inputs().count(), 0);
}

#[test]
fn keys_that_are_wanted_together_are_asked_for_together() {
    let schemes = json!({"components": {"securitySchemes": {
        "id": {"type": "apiKey", "in": "header", "name": "X-App-Id"},
        "key": {"type": "apiKey", "in": "query", "name": "app_key"},
        "token": {"type": "http", "scheme": "bearer"},
        "basic": {"type": "http", "scheme": "basic"},
    }}});
    let auth = |ways: Value| {
        let paths = json!({"/x": {"get": {"security": ways}}});
        imported(&document(&paths, &schemes)).manifest.unwrap().auth
    };

    let both = auth(json!([{"id": [], "key": []}]));
    let either = auth(json!([{"id": [], "key": []}, {"key": []}]));
    let mixed = auth(json!([{"token": [], "id": []}]));
    let basic = auth(json!([{"basic": [], "id": []}]));

    let shown = |auth: &crate::catalog::manifest::Auth| {
        let fields = auth.fields.iter().map(|field| field.key.as_str()).collect::<Vec<_>>();
        let places = auth.places().map(|place| format!("{}={}", place.name, place.value));
        (fields.join(" "), places.collect::<Vec<_>>().join(" "))
    };
    let pair = |fields: &str, places: &str| (fields.to_owned(), places.to_owned());
    assert_eq!(shown(&both), pair("x_app_id app_key", "X-App-Id={x_app_id} app_key={app_key}"));
    assert_eq!(shown(&either), pair("api_key", "app_key={api_key}"));
    assert_eq!(
        shown(&mixed),
        pair("token x_app_id", "Authorization=Bearer {token} X-App-Id={x_app_id}")
    );
    assert_eq!(basic.also, []);
}

#[test]
fn a_form_of_unknown_fields_is_still_a_form() {
    let of = |schema: Value| {
        posted(&json!({"requestBody": {"content": {"multipart/form-data": {"schema": schema}}}}))
    };

    let (silent, file) = (of(json!({})), of(json!({"type": "string", "format": "binary"})));

    assert_eq!(silent.input["properties"]["body"], json!({"type": "object"}));
    assert_eq!(silent.body_input.as_deref(), Some("body"));
    assert_eq!(file.files().collect::<Vec<_>>(), ["body"]);
}

#[test]
fn what_bounds_lists_and_numbers_is_kept() {
    let schema = json!({"properties": {
        "tags": {"type": "array", "uniqueItems": true, "items": {"type": "string"}},
        "price": {"type": "number", "multipleOf": 0.01},
        "events": {"type": "array", "enum": ["started", "ended"], "items": {"type": "string"}},
    }});
    let tool =
        posted(&json!({"requestBody": {"content": {"application/json": {"schema": schema}}}}));

    let wrong = |input: Value| faults(&tool, input.as_object().unwrap()).unwrap().len();

    assert_eq!(wrong(json!({"tags": ["a", "b"], "price": 19.99})), 0);
    assert_eq!(wrong(json!({"tags": ["a", "a"]})), 1);
    assert_eq!(wrong(json!({"events": ["started"]})), 0);
    assert_eq!(wrong(json!({"price": 19.999})), 1);
}

#[test]
fn alternatives_are_not_closed_from_beside() {
    let schema = json!({"properties": {"a": {"additionalProperties": false, "anyOf": [
        {"properties": {"b": {"type": "integer"}}}, {"properties": {"c": {"type": "integer"}}}]}}});
    let tool =
        posted(&json!({"requestBody": {"content": {"application/json": {"schema": schema}}}}));

    let wrong = faults(&tool, json!({"a": {"b": 1}}).as_object().unwrap()).unwrap();

    assert_eq!(wrong, []);
}

#[test]
fn an_object_goes_as_json_where_any_type_will_do() {
    let of =
        |schema: Value| posted(&json!({"requestBody": {"content": {"*/*": {"schema": schema}}}}));

    let object = of(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    let bytes = of(json!({"type": "string", "format": "binary"}));

    assert_eq!(object.inputs().collect::<Vec<_>>(), ["a"]);
    assert_eq!(object.body().kind, BodyKind::Json);
    assert_eq!(bytes.files().collect::<Vec<_>>(), ["body"]);
}

#[test]
fn a_key_whose_header_has_no_name_is_asked_for() {
    let schemes = json!({"security": [{"key": []}], "components": {"securitySchemes": {
        "key": {"type": "apiKey", "in": "header", "name": "Our API Key"}}}});

    let auth = imported(&document(&json!({"/x": {"get": {}}}), &schemes)).manifest.unwrap().auth;

    assert_eq!(auth.kind, AuthType::Unknown);
}

#[test]
fn a_server_that_names_its_host_goes_before_one_that_does_not() {
    let servers = json!({"servers": [{"url": "/v1"}, {"url": "https://api.acme.test/v2"}]});

    let manifest = imported(&document(&json!({"/x": {"get": {}}}), &servers)).manifest.unwrap();

    assert_eq!(manifest.base_url, "https://api.acme.test/v2");
}
