//! The values of a page's properties: read by the schema of its data source, and rendered.

use serde_json::{Map, Value, json};

use super::schemas::{self, FOLLOWING, WRITABLE};
use super::{Refusal, people, rich};

/// The schema of a page that is no row: it has a title and nothing else.
pub(super) fn alone() -> Value {
    json!({ "title": { "id": "title", "name": "title", "type": "title", "title": {} } })
}

/// Puts values into those of a page, which are kept by the ids of their properties. A select may gain an option by it, which is put into the schema.
pub(super) fn put(
    values: &mut Map<String, Value>,
    schema: &mut Value,
    sent: &Value,
) -> Result<(), Refusal> {
    for (name, value) in sent.as_object().into_iter().flatten() {
        let found = schemas::find(schema, name).map(|(name, own)| (name.clone(), own.clone()));
        let (name, mut property) = found
            .ok_or_else(|| Refusal::invalid(format!("{name} is not a property that exists.")))?;
        let kind = property["type"].as_str().unwrap_or_default().to_owned();
        // The title may be sent without saying that it is one.
        let inner = match value.get(&kind) {
            Some(inner) => inner,
            None if kind == "title" && value.is_array() => value,
            None => return Err(expected(&name, &kind)),
        };
        if !WRITABLE.contains(&kind.as_str()) {
            let text = format!("{name} is of type {kind}, whose values cannot be set.");
            return Err(Refusal::invalid(text));
        }
        let value = read(&name, &kind, inner, &mut property)?;
        values.insert(property["id"].as_str().unwrap_or_default().to_owned(), value);
        schema[&name] = property;
    }
    Ok(())
}

fn expected(name: &str, kind: &str) -> Refusal {
    Refusal::invalid(format!("{name} is expected to be {kind}."))
}

fn read(name: &str, kind: &str, value: &Value, property: &mut Value) -> Result<Value, Refusal> {
    let wrong = || expected(name, kind);
    match kind {
        "title" | "rich_text" => rich::read(value, &format!("properties.{name}.{kind}")),
        "number" if value.is_number() || value.is_null() => Ok(value.clone()),
        "checkbox" if value.is_boolean() => Ok(value.clone()),
        "url" | "email" | "phone_number" if value.is_string() || value.is_null() => {
            Ok(value.clone())
        }
        "select" | "status" | "date" if value.is_null() => Ok(Value::Null),
        "select" | "status" => choose(value, kind, property),
        "multi_select" => {
            let items = value.as_array().ok_or_else(wrong)?;
            let chosen = items.iter().map(|item| choose(item, kind, property));
            chosen.collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        "date" => {
            let start = value["start"].as_str().ok_or_else(wrong)?;
            let end = &value["end"];
            let is_date = |text: &str| text.get(..10).is_some_and(is_day);
            if !is_date(start) || end.as_str().is_some_and(|end| !is_date(end)) {
                let text = format!(
                    "body failed validation: body.properties.{name}.date.start should be a valid \
                     ISO 8601 date string, instead was `\"{start}\"`."
                );
                return Err(Refusal::invalid(text));
            }
            Ok(json!({ "start": start, "end": end, "time_zone": value["time_zone"] }))
        }
        "people" | "relation" | "files" => {
            let items = value.as_array().ok_or_else(wrong)?;
            let own = |item: &Value| match kind {
                "people" => people::partial(item["id"].as_str().unwrap_or_default()),
                "relation" => json!({ "id": item["id"] }),
                _ => item.clone(),
            };
            Ok(items.iter().map(own).collect::<Vec<_>>().into())
        }
        _ => Err(wrong()),
    }
}

fn is_day(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok()
}

/// Returns the option that is named; a new one is made, but for a status.
fn choose(value: &Value, kind: &str, property: &mut Value) -> Result<Value, Refusal> {
    let options = &mut property[kind]["options"];
    if !options.is_array() {
        *options = json!([]);
    }
    let same = |option: &&Value| {
        (value["id"].is_string() && option["id"] == value["id"])
            || (value["name"].is_string() && option["name"] == value["name"])
    };
    let found = options.as_array().and_then(|all| all.iter().find(same)).cloned();
    let option = match (found, value["name"].as_str()) {
        (Some(option), _) => option,
        (None, Some(name)) if kind == "status" => {
            let text = format!("Invalid status option. Status option \"{name}\" does not exist.");
            return Err(Refusal::invalid(text));
        }
        (None, Some(name)) if name.is_empty() || name.contains(',') => {
            return Err(Refusal::invalid(
                "Invalid select option, commas not allowed: ".to_owned() + name,
            ));
        }
        (None, Some(_)) => {
            let made = schemas::option(value);
            if let Value::Array(all) = options {
                all.push(made.clone());
            }
            made
        }
        (None, None) => return Err(Refusal::invalid("An option needs a name or an id.")),
    };
    Ok(json!({ "id": option["id"], "name": option["name"], "color": option["color"] }))
}

/// Renders the values of a page by a schema: a property without a value is there, too, but empty.
pub(super) fn shown(page: &Value, schema: &Value) -> Value {
    let mut all = Map::new();
    for (name, property) in schema.as_object().into_iter().flatten() {
        let kind = property["type"].as_str().unwrap_or_default();
        let id = property["id"].as_str().unwrap_or_default();
        let value = match page["values"].get(id) {
            Some(value) => value.clone(),
            None if FOLLOWING.contains(&kind) => page[kind].clone(),
            None => empty(kind),
        };
        let mut own = json!({ "id": property["id"], "type": kind });
        own[kind] = value;
        if kind == "relation" {
            own["has_more"] = false.into();
        }
        all.insert(name.clone(), own);
    }
    all.into()
}

fn empty(kind: &str) -> Value {
    match kind {
        "title" | "rich_text" | "multi_select" | "people" | "files" | "relation" => json!([]),
        "checkbox" => false.into(),
        _ => Value::Null,
    }
}

/// Returns what the title of a page says.
pub(super) fn title(page: &Value) -> String {
    rich::spoken(&page["values"]["title"])
}
