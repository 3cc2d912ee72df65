//! Comments on pages and blocks, in discussions.

use serde_json::{Value, json};

use super::{Answer, Desk, Refusal, blocks, markdown, read_id, rich, text};
use crate::api::ids;

/// Comments on a page or a block, or answers in a discussion.
pub(super) fn create(desk: &Desk<'_>) -> Answer {
    let body = &desk.body;
    let said = match (&body["rich_text"], body["markdown"].as_str()) {
        (Value::Null, None) => return Err(Refusal::undefined("rich_text")),
        (Value::Null, Some(line)) => markdown::stretches(line).into(),
        (sent, _) => rich::read(sent, "rich_text")?,
    };
    let (parent, discussion) = match (body["discussion_id"].as_str(), &body["parent"]) {
        (Some(id), _) => {
            let id = read_id(id).ok_or_else(|| Refusal::no_uuid("discussion", id))?;
            let all = desk.all("comment")?;
            let first = all.iter().find(|comment| comment["discussion_id"] == id.as_str());
            let first = first.ok_or_else(|| Refusal::no_such("discussion", &id))?;
            (first["parent"].clone(), id)
        }
        (None, parent) => (place(desk, parent)?, ids::fresh().to_string()),
    };
    let mut comment = desk.begun("comment");
    if let Value::Object(fields) = &mut comment {
        fields.shift_remove("in_trash");
        fields.shift_remove("last_edited_by");
    }
    comment["parent"] = parent;
    comment["discussion_id"] = discussion.into();
    comment["rich_text"] = said;
    comment["display_name"] = json!({ "type": "integration", "resolved_name": "naive" });
    desk.keep("comment", &comment)?;
    Ok(comment)
}

fn place(desk: &Desk<'_>, parent: &Value) -> Answer {
    match (parent["page_id"].as_str(), parent["block_id"].as_str()) {
        (Some(id), _) => Ok(json!({ "type": "page_id", "page_id": desk.find("page", id)?["id"] })),
        (None, Some(id)) => {
            let block = blocks::look_up(desk, id)?;
            let kind = if block["type"] == "child_page" { "page_id" } else { "block_id" };
            Ok(json!({ "type": kind, kind: block["id"] }))
        }
        (None, None) => Err(Refusal::undefined("parent")),
    }
}

/// Lists the comments on a page or a block, oldest first.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    let id = desk.call.query.get("block_id").ok_or_else(|| Refusal::undefined("block_id"))?;
    let block = blocks::look_up(desk, id)?;
    let id = text(&block, "id");
    let mut all = desk.all("comment")?;
    all.retain(|comment| comment["parent"]["page_id"] == id || comment["parent"]["block_id"] == id);
    desk.list("comment", all)
}
