//! Blocks: what pages and other blocks contain, in order.

use serde_json::{Map, Value, json};

use super::pages::trashing;
use super::{Answer, Desk, Refusal, SOURCES, TRASH, people, read_id, rich, text, values};
use crate::sandbox::store::objects;

/// How many blocks one request may bring.
/// Source: developers.notion.com/reference/patch-block-children.
const MOST: usize = 100;

/// The kinds that can be made.
const KINDS: [&str; 25] = [
    "paragraph",
    "heading_1",
    "heading_2",
    "heading_3",
    "heading_4",
    "bulleted_list_item",
    "numbered_list_item",
    "to_do",
    "toggle",
    "quote",
    "callout",
    "code",
    "equation",
    "divider",
    "breadcrumb",
    "table_of_contents",
    "bookmark",
    "embed",
    "image",
    "video",
    "file",
    "table",
    "table_row",
    "column_list",
    "column",
];

/// Returns the ids of what is in a page or a block, in order, those in the trash included.
fn inside(desk: &Desk<'_>, parent: &str) -> Result<Vec<String>, Refusal> {
    let kept = objects::find(desk.db, desk.shelf("children"), parent)?;
    Ok(kept.and_then(|kept| serde_json::from_value(kept["ids"].clone()).ok()).unwrap_or_default())
}

/// Puts something among the children of a page or a block, at a place counted from 0.
pub(super) fn place(
    desk: &Desk<'_>,
    parent: &str,
    ids: &[String],
    at: usize,
) -> Result<(), Refusal> {
    let mut all = inside(desk, parent)?;
    let at = at.min(all.len());
    all.splice(at..at, ids.iter().cloned());
    desk.keep("children", &json!({ "id": parent, "ids": all }))
}

/// Returns a block by its id; pages and databases are blocks, too, where they stand.
pub(super) fn look_up(desk: &Desk<'_>, id: &str) -> Answer {
    let id = &read_id(id).ok_or_else(|| Refusal::no_uuid("block", id))?;
    if let Some(block) = objects::find(desk.db, desk.shelf("block"), id)? {
        return Ok(block);
    }
    let (object, kind, title) = if let Some(page) = objects::find(desk.db, desk.shelf("page"), id)?
    {
        let title = values::title(&page);
        (page, "child_page", title)
    } else {
        let database = objects::find(desk.db, desk.shelf("database"), id)?;
        let database = database.ok_or_else(|| Refusal::no_such("block", id))?;
        let title = rich::spoken(&database["title"]);
        (database, "child_database", title)
    };
    let mut block = json!({});
    for name in [
        "object",
        "id",
        "parent",
        "created_time",
        "last_edited_time",
        "created_by",
        "last_edited_by",
        "in_trash",
    ] {
        block[name] = object[name].clone();
    }
    block["object"] = "block".into();
    block["type"] = kind.into();
    block[kind] = json!({ "title": title });
    Ok(block)
}

fn shown(desk: &Desk<'_>, mut block: Value) -> Answer {
    let children = listed(desk, text(&block, "id"))?;
    block["has_children"] = (!children.is_empty()).into();
    Ok(desk.dated(block))
}

/// Returns what is in a page or a block, in order, but for what is in the trash.
pub(super) fn listed(desk: &Desk<'_>, parent: &str) -> Result<Vec<Value>, Refusal> {
    let mut all = Vec::new();
    for id in inside(desk, parent)? {
        let block = look_up(desk, &id)?;
        if block["in_trash"] != true {
            all.push(block);
        }
    }
    Ok(all)
}

/// Answers with a block.
pub(super) fn get(desk: &Desk<'_>, id: &str) -> Answer {
    shown(desk, look_up(desk, id)?)
}

/// Lists what is in a page or a block.
pub(super) fn children(desk: &Desk<'_>, id: &str) -> Answer {
    let parent = look_up(desk, id)?;
    let all = listed(desk, text(&parent, "id"))?;
    let all = all.into_iter().map(|block| shown(desk, block)).collect::<Result<_, _>>()?;
    desk.list("block", all)
}

/// Appends blocks to a page or a block, or inserts them where it is said.
pub(super) fn append(desk: &Desk<'_>, id: &str) -> Answer {
    let parent = look_up(desk, id)?;
    let id = text(&parent, "id");
    let sent = desk.body["children"].as_array().ok_or_else(|| Refusal::undefined("children"))?;
    if sent.len() > MOST {
        return Err(Refusal::invalid(format!(
            "body failed validation: body.children.length should be ≤ `{MOST}`, instead was `{}`.",
            sent.len()
        )));
    }
    let position = &desk.body["position"];
    let after = if desk.version < TRASH { &desk.body["after"] } else { &Value::Null };
    let after = after.as_str().or(position["after_block"]["id"].as_str());
    let at = match (after.map(|after| read_id(after).unwrap_or_default()), &position["type"]) {
        (Some(after), _) => {
            let place = inside(desk, id)?.iter().position(|own| *own == after);
            place.ok_or_else(|| Refusal::no_such("block", &after))? + 1
        }
        (None, kind) if kind == "start" => 0,
        (None, _) => usize::MAX,
    };
    let kind = if parent["type"] == "child_page" { "page_id" } else { "block_id" };
    let made = add(desk, &json!({ "type": kind, kind: id }), sent, at)?;
    let made = made.into_iter().map(|block| shown(desk, block)).collect::<Result<_, _>>()?;
    desk.list("block", made)
}

/// Remembers new blocks with all that is in them, under a parent as blocks name it.
pub(super) fn add(
    desk: &Desk<'_>,
    parent: &Value,
    sent: &[Value],
    at: usize,
) -> Result<Vec<Value>, Refusal> {
    let mut made = Vec::new();
    for one in sent {
        let kind = KINDS.into_iter().find(|kind| one[*kind].is_object()).ok_or_else(|| {
            let known = KINDS.map(|kind| format!("`{kind}`")).join(", ");
            Refusal::invalid(format!(
                "body failed validation: a block in body.children should have one of {known}."
            ))
        })?;
        let mut block = desk.begun("block");
        let mut content = one[kind].clone();
        let children = match &mut content {
            Value::Object(fields) => fields.shift_remove("children"),
            _ => None,
        };
        complete(kind, &mut content)?;
        block["parent"] = parent.clone();
        block["type"] = kind.into();
        block[kind] = content;
        let id = text(&block, "id").to_owned();
        objects::insert(desk.db, desk.shelf("block"), &id, &block)?;
        if let Some(children) = children.as_ref().or(one.get("children")).and_then(Value::as_array)
        {
            add(desk, &json!({ "type": "block_id", "block_id": id }), children, usize::MAX)?;
        }
        made.push(block);
    }
    let ids: Vec<_> = made.iter().map(|block| text(block, "id").to_owned()).collect();
    let id = parent["page_id"].as_str().or(parent["block_id"].as_str()).unwrap_or_default();
    place(desk, id, &ids, at)?;
    Ok(made)
}

/// Reads a block's rich text, and puts in what Notion has where nothing was said.
fn complete(kind: &str, content: &mut Value) -> Result<(), Refusal> {
    for name in ["rich_text", "caption"] {
        if !content[name].is_null() {
            content[name] = rich::read(&content[name], &format!("children.{kind}.{name}"))?;
        }
    }
    let Value::Object(fields) = content else { return Ok(()) };
    fields.retain(|_, value| !value.is_null());
    let mut usual = Map::new();
    let colored = matches!(
        kind,
        "paragraph"
            | "bulleted_list_item"
            | "numbered_list_item"
            | "to_do"
            | "toggle"
            | "quote"
            | "callout"
    ) || kind.starts_with("heading_");
    if colored {
        if !fields.contains_key("rich_text") {
            return Err(Refusal::invalid(format!(
                "body failed validation: body.children.{kind}.rich_text should be defined, instead \
                 was `undefined`."
            )));
        }
        usual.insert("color".into(), "default".into());
    }
    match kind {
        "to_do" => drop(usual.insert("checked".into(), false.into())),
        "code" => {
            usual.insert("language".into(), "plain text".into());
            usual.insert("caption".into(), json!([]));
        }
        kind if kind.starts_with("heading_") => {
            usual.insert("is_toggleable".into(), false.into());
        }
        _ => {}
    }
    for (name, value) in usual {
        fields.entry(name).or_insert(value);
    }
    Ok(())
}

/// Changes what a block says, or puts it in the trash or takes it out.
pub(super) fn update(desk: &Desk<'_>, id: &str) -> Answer {
    let mut block = own(desk, id)?;
    let kind = text(&block, "type").to_owned();
    let sent = &desk.body[&kind];
    if let Some(fields) = sent.as_object() {
        let mut content = block[&kind].clone();
        for (name, value) in fields {
            content[name] = value.clone();
        }
        complete(&kind, &mut content)?;
        block[&kind] = content;
    } else if let Some(other) = KINDS.iter().find(|other| desk.body[**other].is_object()) {
        let text = format!("Block type cannot be changed from {kind} to {other}.");
        return Err(Refusal::invalid(text));
    }
    if let Some(trashed) = trashing(&desk.body) {
        block["in_trash"] = trashed.into();
    }
    desk.touch(&mut block);
    desk.keep("block", &block)?;
    shown(desk, block)
}

/// Returns a block that is no page and no database.
fn own(desk: &Desk<'_>, id: &str) -> Answer {
    let block = look_up(desk, id)?;
    if text(&block, "type").starts_with("child_") {
        let text = "Pages and databases are changed by their own endpoints.";
        return Err(Refusal::invalid(text));
    }
    Ok(block)
}

/// Puts a block, a page or a database in the trash.
pub(super) fn delete(desk: &Desk<'_>, id: &str) -> Answer {
    let mut block = look_up(desk, id)?;
    block["in_trash"] = true.into();
    let id = text(&block, "id").to_owned();
    let kind = match text(&block, "type") {
        "child_page" => "page",
        "child_database" => "database",
        _ => "block",
    };
    let mut object = desk.find(kind, &id)?;
    object["in_trash"] = true.into();
    object["last_edited_by"] = people::partial(&people::bot_id(desk));
    desk.keep(kind, &object)?;
    if kind == "database" && desk.version >= SOURCES {
        for mut source in desk.all("data_source")? {
            if source["parent"]["database_id"] == id.as_str() {
                source["in_trash"] = true.into();
                desk.keep("data_source", &source)?;
            }
        }
    }
    shown(desk, block)
}
