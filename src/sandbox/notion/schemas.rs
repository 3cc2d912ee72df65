//! The properties of a data source: their names, types and options.

use serde_json::{Map, Value, json};

use super::Refusal;
use crate::api::ids;
use crate::sandbox::store::hex;

/// The types whose values can be set.
pub(super) const WRITABLE: [&str; 14] = [
    "title",
    "rich_text",
    "number",
    "select",
    "multi_select",
    "status",
    "date",
    "people",
    "files",
    "checkbox",
    "url",
    "email",
    "phone_number",
    "relation",
];

/// The types whose values follow from the page.
pub(super) const FOLLOWING: [&str; 4] =
    ["created_time", "created_by", "last_edited_time", "last_edited_by"];

/// Reads properties as they are sent with a new data source; exactly one must be the title.
pub(super) fn read(properties: &Value) -> Result<Value, Refusal> {
    let mut schema = Map::new();
    let sent = properties
        .as_object()
        .ok_or_else(|| Refusal::undefined("initial_data_source.properties"))?;
    for (name, property) in sent {
        schema.insert(name.clone(), one(name, property)?);
    }
    let titles = schema.values().filter(|property| property["type"] == "title").count();
    if titles == 1 {
        return Ok(schema.into());
    }
    let text =
        if titles == 0 { "Title is not provided" } else { "More than one title is provided" };
    Err(Refusal::invalid(text))
}

/// Reads one property.
fn one(name: &str, property: &Value) -> Result<Value, Refusal> {
    let known = WRITABLE.iter().chain(&FOLLOWING);
    let kind = known.into_iter().find(|kind| property.get(**kind).is_some()).ok_or_else(|| {
        Refusal::invalid(format!(
            "body failed validation: body.properties.{name} should be a property with a type that \
             can be made, instead was `{property}`."
        ))
    })?;
    let id = if *kind == "title" { "title".to_owned() } else { hex(4) };
    let mut own = json!({ "id": id, "name": name, "description": null, "type": kind });
    let mut settings = property[*kind].clone();
    if !settings.is_object() {
        settings = json!({});
    }
    match *kind {
        "select" | "multi_select" | "status" => {
            let sent = settings["options"].as_array().cloned().unwrap_or_default();
            let mut options: Vec<_> = sent.iter().map(option).collect();
            if options.is_empty() && *kind == "status" {
                let names = ["Not started", "In progress", "Done"];
                options = names.iter().map(|name| option(&json!({ "name": name }))).collect();
            }
            settings = json!({ "options": options });
        }
        "number" if settings["format"].is_null() => settings["format"] = "number".into(),
        _ => {}
    }
    own[*kind] = settings;
    Ok(own)
}

/// Makes an option of a select.
pub(super) fn option(sent: &Value) -> Value {
    let color = sent["color"].as_str().unwrap_or("default");
    json!({
        "id": ids::fresh().to_string(),
        "name": sent["name"].as_str().unwrap_or_default(),
        "color": color,
        "description": sent["description"],
    })
}

/// Returns a property by its name or its id, with its name.
pub(super) fn find<'a>(schema: &'a Value, name: &str) -> Option<(&'a String, &'a Value)> {
    let all = schema.as_object()?;
    all.get_key_value(name).or_else(|| all.iter().find(|(_, property)| property["id"] == name))
}

/// Changes properties: `null` removes one, `name` renames it, a type adds or replaces it.
pub(super) fn change(schema: &mut Value, changes: &Value) -> Result<(), Refusal> {
    for (name, change) in changes.as_object().into_iter().flatten() {
        let old = find(schema, name).map(|(name, property)| (name.clone(), property.clone()));
        let Value::Object(all) = schema else { return Ok(()) };
        let Some((held, mut property)) = old else {
            if change.is_null() {
                return Err(Refusal::invalid(format!("{name} is not a property that exists.")));
            }
            all.insert(name.clone(), one(name, change)?);
            continue;
        };
        if change.is_null() {
            if property["type"] == "title" {
                return Err(Refusal::invalid("The title property cannot be removed."));
            }
            all.shift_remove(&held);
            continue;
        }
        let kinds = WRITABLE.iter().chain(&FOLLOWING);
        if kinds.into_iter().any(|kind| change.get(*kind).is_some()) {
            let id = property["id"].take();
            property = one(&held, change)?;
            property["id"] = id;
        }
        let renamed = change["name"].as_str().unwrap_or(&held).to_owned();
        property["name"] = renamed.as_str().into();
        all.shift_remove(&held);
        all.insert(renamed, property);
    }
    Ok(())
}
