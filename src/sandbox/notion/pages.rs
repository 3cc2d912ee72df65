//! Pages: alone under another page, or rows of a data source.

use serde_json::{Map, Value, json};

use super::{Answer, Desk, Refusal, blocks, databases, markdown, text, values};
use crate::sandbox::store::objects;

/// Returns the schema that a page's values go by.
pub(super) fn schema(desk: &Desk<'_>, page: &Value) -> Answer {
    match page["parent"]["data_source_id"].as_str() {
        Some(id) => Ok(desk.find("data_source", id)?["properties"].take()),
        None => Ok(values::alone()),
    }
}

/// Renders a page; `values` is ours.
pub(super) fn shown(desk: &Desk<'_>, page: &Value) -> Answer {
    let schema = schema(desk, page)?;
    let mut shown = page.clone();
    shown["properties"] = values::shown(page, &schema);
    if let Value::Object(fields) = &mut shown {
        fields.shift_remove("values");
    }
    Ok(desk.dated(shown))
}

/// Returns where people would look at an object.
pub(super) fn address(id: &str) -> String {
    format!("https://www.notion.so/{}", id.replace('-', ""))
}

/// Reads the parent that is sent, which must be there.
fn parent(desk: &Desk<'_>) -> Answer {
    let sent = &desk.body["parent"];
    if !sent.is_object() {
        return Err(Refusal::undefined("parent"));
    }
    if let Some(id) = sent["page_id"].as_str() {
        let page = desk.find("page", id)?;
        return Ok(json!({ "type": "page_id", "page_id": page["id"] }));
    }
    let source = match (sent["data_source_id"].as_str(), sent["database_id"].as_str()) {
        (Some(id), _) => desk.find("data_source", id)?,
        (None, Some(id)) => databases::only_source(desk, &desk.find("database", id)?)?,
        (None, None) if sent["workspace"] == true => {
            return Ok(json!({ "type": "workspace", "workspace": true }));
        }
        (None, None) => return Err(Refusal::undefined("parent.page_id")),
    };
    let (id, database) = (&source["id"], &source["parent"]["database_id"]);
    Ok(json!({ "type": "data_source_id", "data_source_id": id, "database_id": database }))
}

/// Makes a page, with blocks or Markdown in it if they are sent.
pub(super) fn create(desk: &Desk<'_>) -> Answer {
    let body = &desk.body;
    if body["children"].is_array() && body["markdown"].is_string() {
        let text = "body failed validation: body.markdown and body.children exclude each other.";
        return Err(Refusal::invalid(text));
    }
    let page = make(desk, parent(desk)?, &body["properties"], &body["icon"])?;
    let own = json!({ "type": "page_id", "page_id": page["id"] });
    if let Some(text) = body["markdown"].as_str() {
        blocks::add(desk, &own, &markdown::read(text), usize::MAX)?;
    }
    if let Some(children) = body["children"].as_array() {
        blocks::add(desk, &own, children, usize::MAX)?;
    }
    shown(desk, &page)
}

/// Remembers a new page, and puts it among the children of its parent.
pub(super) fn make(desk: &Desk<'_>, parent: Value, properties: &Value, icon: &Value) -> Answer {
    let mut page = desk.begun("page");
    let id = text(&page, "id").to_owned();
    page["cover"] = Value::Null;
    page["icon"] = icon.clone();
    page["parent"] = parent;
    page["is_locked"] = false.into();
    page["url"] = address(&id).into();
    page["public_url"] = Value::Null;
    page["values"] = json!({});
    fill(desk, &mut page, properties)?;
    objects::insert(desk.db, desk.shelf("page"), &id, &page)?;
    if let Some(above) = page["parent"]["page_id"].as_str() {
        blocks::place(desk, above, &[id], usize::MAX)?;
    }
    Ok(page)
}

fn fill(desk: &Desk<'_>, page: &mut Value, properties: &Value) -> Result<(), Refusal> {
    let mut schema = schema(desk, page)?;
    let mut own: Map<_, _> = page["values"].as_object().cloned().unwrap_or_default();
    values::put(&mut own, &mut schema, properties)?;
    page["values"] = own.into();
    if let Some(id) = page["parent"]["data_source_id"].as_str() {
        let mut source = desk.find("data_source", id)?;
        source["properties"] = schema;
        desk.keep("data_source", &source)?;
    }
    Ok(())
}

/// Answers with a page; of its properties those that are asked for.
pub(super) fn get(desk: &Desk<'_>, id: &str) -> Answer {
    let mut page = shown(desk, &desk.find("page", id)?)?;
    let wanted: Vec<_> = desk
        .call
        .query
        .0
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "filter_properties" | "filter_properties[]"))
        .flat_map(|(_, value)| value.split(','))
        .collect();
    narrow(&mut page, &wanted);
    Ok(page)
}

/// Leaves of a rendered page's properties those that are named, by name or id; all if none is.
pub(super) fn narrow(page: &mut Value, wanted: &[&str]) {
    if let Value::Object(properties) = &mut page["properties"]
        && !wanted.is_empty()
    {
        properties.retain(|name, own| {
            wanted.iter().any(|wanted| wanted == name || own["id"] == **wanted)
        });
    }
}

/// Changes a page.
pub(super) fn update(desk: &Desk<'_>, id: &str) -> Answer {
    let mut page = desk.find("page", id)?;
    let body = &desk.body;
    if page["in_trash"] == true && trashing(body) != Some(false) {
        let text =
            "Can't edit block that is archived. You must unarchive the block before editing.";
        return Err(Refusal::invalid(text));
    }
    fill(desk, &mut page, &body["properties"])?;
    for name in ["icon", "cover", "is_locked"] {
        if let Some(value) = body.get(name) {
            page[name] = value.clone();
        }
    }
    if let Some(trashed) = trashing(body) {
        page["in_trash"] = trashed.into();
    }
    desk.touch(&mut page);
    desk.keep("page", &page)?;
    shown(desk, &page)
}

/// Returns whether something is to be put in the trash, by either of its names.
pub(super) fn trashing(body: &Value) -> Option<bool> {
    body["in_trash"].as_bool().or(body["archived"].as_bool())
}

/// Answers with one property: those that hold many things as a list.
pub(super) fn property(desk: &Desk<'_>, id: &str, name: &str) -> Answer {
    let page = shown(desk, &desk.find("page", id)?)?;
    let all = page["properties"].as_object().into_iter().flatten();
    let found = all.map(|(_, own)| own).find(|own| own["id"] == name);
    let own = found.ok_or_else(|| Refusal::no_such("property", name))?;
    let kind = text(own, "type");
    let item = |value: &Value| {
        let mut one = json!({ "object": "property_item", "id": own["id"], "type": kind });
        one[kind] = value.clone();
        one
    };
    match &own[kind] {
        Value::Array(many) if kind != "multi_select" && kind != "files" => {
            let mut list = desk.list("property_item", many.iter().map(item).collect())?;
            list["property_item"] = json!({ "id": own["id"], "type": kind, kind: {} });
            Ok(list)
        }
        value => Ok(item(value)),
    }
}
