//! Documents that want something else than to describe an API.

use serde_json::{Value, json};

use super::{document, faults, imported};
use crate::catalog::openapi::{LARGEST, read};

fn body(schema: &Value, schemas: &Value) -> Value {
    document(
        &json!({"/x": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}}),
        &json!({"components": {"schemas": schemas}}),
    )
}

#[test]
fn a_reference_out_of_the_document_is_a_fault_and_is_not_followed() {
    for target in [
        "file:///etc/passwd",
        "other.yaml#/Thing",
        "https://169.254.169.254/latest",
        "http://localhost/x.json#/a",
    ] {
        let found = faults(&body(&json!({"properties": {"a": {"$ref": target}}}), &json!({})));

        let at = "/paths/~1x/post/requestBody/content/application~1json/schema/properties/a";
        let text = format!("`{target}` leads out of the document, and is not followed");
        assert_eq!(found, [(at.to_owned(), text)]);
    }
}

#[test]
fn references_in_circles_and_to_nothing_end() {
    let circle =
        json!({"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}});
    let turned =
        imported(&body(&json!({"properties": {"a": {"$ref": "#/components/schemas/A"}}}), &circle));
    assert_eq!(turned.manifest.unwrap().tools[0].input["properties"]["a"], json!({}));

    let nothing = faults(&body(&json!({"$ref": "#/nope"}), &json!({})));
    assert_eq!(nothing[0].1, "`#/nope` leads to nothing in the document");

    let parameter = json!({"a": {"$ref": "#/components/parameters/b"}, "b": {"$ref": "#/components/parameters/a"}});
    let found = faults(&document(
        &json!({"/x": {"get": {"parameters": [{"$ref": "#/components/parameters/a"}]}}}),
        &json!({"components": {"parameters": parameter}}),
    ));
    assert_eq!(found[0].1, "its references lead in circles");
}

#[test]
fn a_schema_that_doubles_at_each_step_stays_small() {
    let mut schemas = json!({"S40": {"type": "string"}});
    for step in 0..40 {
        let next = json!({"$ref": format!("#/components/schemas/S{}", step + 1)});
        schemas[format!("S{step}")] =
            json!({"type": "object", "properties": {"a": next, "b": next, "c": next, "d": next}});
    }

    let imported = imported(&body(&json!({"$ref": "#/components/schemas/S0"}), &schemas));

    let text = serde_json::to_string(&imported.manifest.unwrap()).unwrap();
    assert!(text.len() < 300_000, "{} bytes", text.len());
    assert_eq!(imported.notes.len(), 1);
}

#[test]
fn all_of_that_doubles_at_each_step_ends() {
    let mut schemas = json!({"S60": {"type": "string"}});
    for step in 0..60 {
        let next = json!({"$ref": format!("#/components/schemas/S{}", step + 1)});
        schemas[format!("S{step}")] = json!({"allOf": [next, next, {"allOf": [next]}]});
    }

    assert!(
        imported(&body(&json!({"$ref": "#/components/schemas/S0"}), &schemas)).manifest.is_some()
    );
}

#[test]
fn a_path_that_leads_elsewhere_is_a_fault() {
    for path in [
        "/a/../b",
        "/%2e%2E/b",
        "//evil.test/x",
        "evil",
        "/a b",
        "/a\u{202e}b",
        "/a#b",
        "/a\\b",
        "/a/{b",
        "/.",
    ] {
        let found = faults(&document(&json!({path: {"get": {}}}), &json!({})));
        assert_eq!(found.len(), 1, "{path}");
        assert!(!found[0].0.contains('\u{202e}') && !found[0].1.contains('\u{202e}'), "{found:?}");
    }
}

#[test]
fn a_private_host_is_refused() {
    for url in [
        "https://10.0.0.1/v1",
        "http://localhost:8080",
        "https://[::1]/",
        "https://metadata.internal",
        "https://intranet/api",
        "https://user:pass@acme.test",
        "file:///etc",
        "javascript:alert(1)",
        "https://acme.test/?a=b",
        "/v1",
    ] {
        let found =
            imported(&document(&json!({"/x": {"get": {}}}), &json!({"servers": [{"url": url}]})));
        assert!(found.manifest.is_none(), "{url}");
        assert_eq!(found.faults[0].pointer, "/servers/0", "{url}");
    }
}

#[test]
fn what_is_invisible_or_acts_is_shown() {
    let name = "a\u{1b}[2J\u{202e}b";
    let imported = imported(&document(
        &json!({"/x": {"get": {"operationId": name, "summary": name, "description": name}}}),
        &json!({"info": {"title": name}}),
    ));

    let text = serde_json::to_string(&imported.manifest.unwrap()).unwrap();
    assert!(!text.contains(['\u{202e}', '\u{1b}']) && !text.contains("\\u001b"), "{text}");
    assert!(text.contains("u{202e}"), "{text}");
}

#[test]
fn a_parameter_with_an_invisible_name_is_a_fault() {
    let parameter = json!({"name": "a\u{200b}", "in": "query", "schema": {"type": "string"}});
    let found = faults(&document(&json!({"/x": {"get": {"parameters": [parameter]}}}), &json!({})));

    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "/paths/~1x/get/parameters/0");
}

#[test]
fn an_operation_id_that_stands_twice_makes_two_names() {
    let imported = imported(&document(
        &json!({"/a": {"get": {"operationId": "go"}}, "/bb": {"get": {"operationId": "go"}}}),
        &json!({}),
    ));

    let tools = imported.manifest.unwrap().tools;
    assert_eq!(tools[0].slug.as_str(), "ACME_GO");
    assert!(tools[1].slug.as_str().starts_with("ACME_GO_"));
    assert_eq!(imported.notes[0].message, "`go` names another operation, too");
}

#[test]
fn what_is_huge_deep_or_no_document_is_refused() {
    let deep = format!("{{\"openapi\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    let huge = " ".repeat(LARGEST + 1);
    for (text, said) in [
        (deep.as_str(), "recursion"),
        (huge.as_str(), "64 MiB"),
        ("{\"openapi\": \"4.0\"}", "no description"),
        ("[1, 2]", "no description"),
        ("\u{0}", "neither JSON nor YAML"),
        ("", "neither JSON nor YAML"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.message.contains(said), "{}", error.message);
        assert_eq!(error.reason.as_deref(), Some("document_invalid"));
    }
}

#[test]
fn every_part_may_be_of_the_wrong_kind() {
    let odd = [json!(null), json!(1), json!("x"), json!([]), json!([1]), json!({"a": 1})];
    for odd in &odd {
        for key in ["info", "servers", "components", "security", "paths"] {
            imported(&document(
                &json!({"/x": {"get": {}}}),
                &json!({key: odd, "info": {"title": "A"}}),
            ));
        }
        for key in ["parameters", "requestBody", "responses", "security", "operationId", "servers"]
        {
            imported(&document(&json!({"/x": {"post": {key: odd}}}), &json!({})));
        }
        for key in [
            "type",
            "properties",
            "required",
            "items",
            "enum",
            "allOf",
            "anyOf",
            "minimum",
            "format",
        ] {
            let found = imported(&body(&json!({"properties": {"a": {key: odd}}}), &json!({})));
            assert!(found.manifest.is_some() || !found.faults.is_empty(), "{key} {odd}");
        }
    }
}
