//! Where the documents are at odds with what the broker answers, one line each.

use serde_json::Value;

/// A schema of the trading document, what is put into it, and why.
const TABLE: &[(&str, &str, &str)] = &[
    (
        "/components/schemas/Order/properties",
        r#"{ "source": { "type": ["string", "null"] }, "subtag": { "type": ["string", "null"] } }"#,
        "real orders have both, null as a rule",
    ),
    (
        "/components/schemas/OrderLeg/properties",
        r#"{ "source": { "type": ["string", "null"] }, "subtag": { "type": ["string", "null"] },
            "expires_at": { "type": ["string", "null"], "format": "date-time" } }"#,
        "the leg of an order is an order",
    ),
    (
        "/components/schemas/Order/properties/expires_at",
        r#"{ "type": ["string", "null"] }"#,
        "an order that ends at once has none, and what is not set is null",
    ),
    (
        "/components/schemas/Assets/properties",
        r#"{ "easy_to_borrow": { "type": "boolean" } }"#,
        "real assets still have it, and clients insist on it",
    ),
    (
        "/components/schemas/AccountConfigurations/properties/max_options_trading_level",
        r#"{ "type": ["integer", "null"], "enum": [0, 1, 2, 3, null] }"#,
        "null is how a level of one's own is taken back",
    ),
    (
        "/components/schemas/NonTradeActivities/properties/date",
        r#"{ "format": "date" }"#,
        "real ones are days, as in the document's own example",
    ),
    (
        "/components/schemas/NonTradeActivities/properties",
        r#"{ "description": { "type": "string" }, "price": { "type": ["string", "null"] } }"#,
        "real fees and options say so in words, and at what price",
    ),
    (
        "/components/schemas/PositionClosedResponse/properties",
        r##"{ "body": { "anyOf": [
            { "$ref": "#/components/schemas/Order" }, { "$ref": "#/components/schemas/Error" }
        ] } }"##,
        "what could not be closed has the refusal there",
    ),
];

/// Writes them into the trading document.
pub(super) fn write(document: &mut Value) {
    for (pointer, more, why) in TABLE {
        let more: Value = serde_json::from_str(more).unwrap();
        let place = document.pointer_mut(pointer).and_then(Value::as_object_mut);
        let place = place.unwrap_or_else(|| panic!("{pointer} is not there: {why}"));
        place.extend(more.as_object().unwrap().clone());
    }
}
