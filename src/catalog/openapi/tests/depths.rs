//! How deep a schema is described: as deep as it has room.

use serde_json::{Map, Value, json};

use super::{document, imported};
use crate::catalog::openapi::Imported;

/// Imports a document whose only operation takes an object: with so many fields, each of them an object likewise, so
/// many levels down to what is there in the end.
fn tree(width: usize, levels: usize, end: &Value) -> Imported {
    let mut schemas = json!({"S0": end});
    for level in 1..=levels {
        let below = json!({"$ref": format!("#/components/schemas/S{}", level - 1)});
        let fields: Map<_, _> =
            (0..width).map(|field| (format!("f{field}"), below.clone())).collect();
        schemas[format!("S{level}")] = json!({"type": "object", "properties": fields});
    }
    let schema = json!({"$ref": format!("#/components/schemas/S{levels}")});
    let body = json!({"content": {"application/json": {"schema": schema}}});
    imported(&document(
        &json!({"/x": {"post": {"requestBody": body}}}),
        &json!({"components": {"schemas": schemas}}),
    ))
}

/// Returns how many levels are described in the tool, and whether it is told that there are more.
fn described(imported: &Imported) -> (usize, bool) {
    let mut inner = &imported.manifest.as_ref().unwrap().tools[0].input;
    let mut levels = 0;
    while let Some(field) = inner.get("properties").and_then(|fields| fields["f0"].as_object()) {
        (inner, levels) = (field, levels + 1);
    }
    (levels, imported.notes.iter().any(|note| note.message.contains("only in part")))
}

#[test]
fn a_schema_that_has_room_is_described_to_its_end() {
    for levels in 1..=8 {
        assert_eq!(described(&tree(1, levels, &json!({"type": "string"}))), (levels, false));
    }
}

#[test]
fn a_schema_without_room_is_described_as_deep_as_it_has_some() {
    for (width, levels) in [(1, 8), (2, 8), (3, 5), (5, 4), (10, 3), (30, 2)] {
        let part = tree(width, 12, &json!({"type": "string"}));

        assert_eq!(described(&part), (levels, true), "{width}");
    }
}

#[test]
fn what_is_wrong_below_what_is_described_is_not_told() {
    for (width, told) in [(3, 1), (10, 0)] {
        assert_eq!(tree(width, 4, &json!("no schema")).faults.len(), told, "{width}");
    }
}
