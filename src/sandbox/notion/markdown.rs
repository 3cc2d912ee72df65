//! Pages as Markdown: headings, lists, to-dos, quotes, code, dividers, **bold**, *italic*, `code`,
//! ~~struck~~ and links. What is indented by a tab is inside what stands above it.
//!
//! Other blocks are shown as their text. Source: developers.notion.com, "Working with Markdown
//! content".

use serde_json::{Value, json};

use super::{Answer, Desk, Refusal, blocks, rich, text};

/// Answers with a page's content.
pub(super) fn get(desk: &Desk<'_>, id: &str) -> Answer {
    let page = desk.find("page", id)?;
    Ok(json!({
        "object": "page_markdown",
        "id": page["id"],
        "markdown": written(desk, text(&page, "id"), 0)?,
        "truncated": false,
        "unknown_block_ids": [],
    }))
}

/// Inserts or replaces content.
pub(super) fn update(desk: &Desk<'_>, id: &str) -> Answer {
    let page = desk.find("page", id)?;
    let id = text(&page, "id");
    let kind = text(&desk.body, "type");
    let own = &desk.body[kind];
    let needed = |name: &str| {
        own[name].as_str().ok_or_else(|| Refusal::undefined(&format!("{kind}.{name}")))
    };
    match kind {
        "insert_content" => {
            let at = match (own["after"].as_str(), text(&own["position"], "type")) {
                (Some(after), _) => after_what(desk, id, after)?,
                (None, "start") => 0,
                (None, _) => usize::MAX,
            };
            insert(desk, id, needed("content")?, at)?;
        }
        "replace_content" => replace(desk, id, needed("new_str")?)?,
        "update_content" => {
            let mut all = written(desk, id, 0)?;
            for change in own["content_updates"].as_array().into_iter().flatten() {
                let (old, new) = (text(change, "old_str"), text(change, "new_str"));
                if old.is_empty() || !all.contains(old) {
                    let text = format!("Could not find the text to replace: {old:?}");
                    return Err(Refusal::invalid(text));
                }
                let times = if change["replace_all_matches"] == true { usize::MAX } else { 1 };
                all = all.replacen(old, new, times);
            }
            replace(desk, id, &all)?;
        }
        "" => return Err(Refusal::undefined("type")),
        _ => {
            return Err(Refusal::invalid(
                "body failed validation: body.type should be `insert_content`, `replace_content` \
                 or `update_content`.",
            ));
        }
    }
    get(desk, id)
}

/// Returns the place behind the block with a text, which may leave its middle out: `from...to`.
fn after_what(desk: &Desk<'_>, page: &str, after: &str) -> Result<usize, Refusal> {
    let last = after.rsplit("...").next().unwrap_or(after).trim();
    // The trash has its places, too: what is there keeps its own.
    let mut found = None;
    for block in blocks::listed(desk, page)? {
        if one(desk, &block, 0)?.contains(last) {
            found = Some(block);
            break;
        }
    }
    let found = found.ok_or_else(|| {
        Refusal::invalid(format!("Could not find the content to insert after: {after:?}"))
    })?;
    let all = desk.find("children", page)?;
    let ids = all["ids"].as_array().into_iter().flatten();
    let place = ids.into_iter().position(|id| *id == found["id"]);
    Ok(place.map_or(usize::MAX, |place| place + 1))
}

fn insert(desk: &Desk<'_>, page: &str, markdown: &str, at: usize) -> Result<(), Refusal> {
    let parent = json!({ "type": "page_id", "page_id": page });
    blocks::add(desk, &parent, &read(markdown), at).map(drop)
}

/// Replaces everything but pages and databases, which are not content.
fn replace(desk: &Desk<'_>, page: &str, markdown: &str) -> Result<(), Refusal> {
    for block in blocks::listed(desk, page)? {
        if !text(&block, "type").starts_with("child_") {
            blocks::delete(desk, text(&block, "id"))?;
        }
    }
    insert(desk, page, markdown, usize::MAX)
}

/// Writes what is in a page or a block.
fn written(desk: &Desk<'_>, parent: &str, depth: usize) -> Result<String, Refusal> {
    let mut lines = Vec::new();
    for block in blocks::listed(desk, parent)? {
        lines.push(one(desk, &block, depth)?);
    }
    Ok(lines.join("\n"))
}

fn one(desk: &Desk<'_>, block: &Value, depth: usize) -> Result<String, Refusal> {
    let kind = text(block, "type");
    let content = &block[kind];
    let said = inline(&content["rich_text"]);
    let title = text(content, "title");
    let line = match kind {
        "heading_1" => format!("# {said}"),
        "heading_2" => format!("## {said}"),
        "heading_3" => format!("### {said}"),
        "heading_4" => format!("#### {said}"),
        "bulleted_list_item" | "toggle" => format!("- {said}"),
        "numbered_list_item" => format!("1. {said}"),
        "to_do" if content["checked"] == true => format!("- [x] {said}"),
        "to_do" => format!("- [ ] {said}"),
        "quote" | "callout" => format!("> {said}"),
        "divider" => "---".into(),
        "code" => {
            let plain = rich::spoken(&content["rich_text"]);
            let language = text(content, "language").replace("plain text", "");
            format!("```{language}\n{plain}\n```")
        }
        "equation" => format!("$$\n{}\n$$", text(content, "expression")),
        "child_page" => format!("<page url=\"{}\">{title}</page>", url(block)),
        "child_database" => format!("<database url=\"{}\">{title}</database>", url(block)),
        "bookmark" | "embed" => format!("[{0}]({0})", text(content, "url")),
        _ => said,
    };
    let tabs = "\t".repeat(depth);
    let mut all: Vec<_> = line.lines().map(|line| format!("{tabs}{line}")).collect();
    if !kind.starts_with("child_") {
        let inner = written(desk, text(block, "id"), depth + 1)?;
        if !inner.is_empty() {
            all.push(inner);
        }
    }
    Ok(all.join("\n"))
}

fn url(block: &Value) -> String {
    super::pages::address(text(block, "id"))
}

/// Writes rich text.
fn inline(rich: &Value) -> String {
    let mut all = String::new();
    for part in rich.as_array().into_iter().flatten() {
        let mut said = text(part, "plain_text").to_owned();
        for (name, mark) in
            [("code", "`"), ("strikethrough", "~~"), ("italic", "*"), ("bold", "**")]
        {
            if part["annotations"][name] == true {
                said = format!("{mark}{said}{mark}");
            }
        }
        if let Some(link) = part["href"].as_str() {
            said = format!("[{said}]({link})");
        }
        all.push_str(&said);
    }
    all
}

/// Reads Markdown into blocks as they are sent.
pub(super) fn read(markdown: &str) -> Vec<Value> {
    let lines: Vec<_> = markdown.lines().collect();
    let (mut all, mut place) = (Vec::<Value>::new(), 0);
    while let Some(line) = lines.get(place) {
        place += 1;
        if line.trim().is_empty() {
            continue;
        }
        if let Some(language) = line.strip_prefix("```") {
            let rest = &lines[place..];
            let length = rest.iter().position(|line| line.starts_with("```"));
            let code = rest[..length.unwrap_or(rest.len())].join("\n");
            place += length.map_or(rest.len(), |length| length + 1);
            let language = if language.is_empty() { "plain text" } else { language.trim() };
            all.push(json!({ "code": { "rich_text": pieces(&code), "language": language } }));
            continue;
        }
        let inner = lines[place..].iter().take_while(|line| line.starts_with('\t')).count();
        let mut block = block(line.trim_start_matches('\t'));
        if inner > 0 {
            let lines = lines[place..place + inner].iter();
            let text: Vec<_> = lines.map(|line| line.strip_prefix('\t').unwrap_or(line)).collect();
            block["children"] = read(&text.join("\n")).into();
            place += inner;
        }
        all.push(block);
    }
    all
}

/// Breaks a long text into stretches that rich text takes.
fn pieces(text: &str) -> Value {
    let all: Vec<char> = text.chars().collect();
    all.chunks(1_000).map(|part| rich::plain(&part.iter().collect::<String>())).collect()
}

fn block(line: &str) -> Value {
    if line.trim() == "---" {
        return json!({ "divider": {} });
    }
    for (mark, kind) in [
        ("# ", "heading_1"),
        ("## ", "heading_2"),
        ("### ", "heading_3"),
        ("#### ", "heading_4"),
        ("> ", "quote"),
    ] {
        if let Some(rest) = line.strip_prefix(mark) {
            return json!({ kind: { "rich_text": stretches(rest) } });
        }
    }
    for (mark, checked) in [("- [ ] ", false), ("- [x] ", true)] {
        if let Some(rest) = line.strip_prefix(mark) {
            return json!({ "to_do": { "rich_text": stretches(rest), "checked": checked } });
        }
    }
    let bullet = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
    let number = line.split_once(". ").filter(|(number, _)| number.parse::<u32>().is_ok());
    let (kind, rest) = match (bullet, number) {
        (Some(rest), _) => ("bulleted_list_item", rest),
        (None, Some((_, rest))) => ("numbered_list_item", rest),
        (None, None) => ("paragraph", line),
    };
    json!({ kind: { "rich_text": stretches(rest) } })
}

/// Reads a line's marks; one that is not closed is text.
pub(super) fn stretches(line: &str) -> Vec<Value> {
    const MARKS: [(&str, &str); 4] =
        [("**", "bold"), ("~~", "strikethrough"), ("`", "code"), ("*", "italic")];
    let (mut all, mut plain, mut rest) = (Vec::new(), String::new(), line);
    'next: while let Some(c) = rest.chars().next() {
        for (mark, name) in MARKS {
            let inner = rest.strip_prefix(mark).and_then(|inner| inner.split_once(mark));
            if let Some((inner, after)) = inner.filter(|(inner, _)| !inner.is_empty()) {
                flush(&mut all, &mut plain);
                all.push(rich::stretch(inner, &json!({ name: true }), &Value::Null));
                rest = after;
                continue 'next;
            }
        }
        let address = rest.strip_prefix('[').and_then(|inner| {
            let (shown, after) = inner.split_once("](")?;
            let (url, after) = after.split_once(')')?;
            Some((shown, url, after))
        });
        if let Some((shown, url, after)) = address {
            flush(&mut all, &mut plain);
            all.push(rich::stretch(shown, &json!({}), &json!({ "url": url })));
            rest = after;
            continue;
        }
        plain.push(c);
        rest = &rest[c.len_utf8()..];
    }
    flush(&mut all, &mut plain);
    all
}

fn flush(all: &mut Vec<Value>, plain: &mut String) {
    all.extend(pieces(&std::mem::take(plain)).as_array().cloned().unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_would_be_written() {
        for line in ["plain", "a **b** c", "*i* and `x*y`", "[here](https://x.example) ~~no~~"] {
            assert_eq!(inline(&stretches(line).into()), line);
        }
        assert_eq!(inline(&stretches("2 * 3 and **").into()), "2 * 3 and **");
    }

    #[test]
    fn lines_become_blocks() {
        let blocks =
            read("# Title\n\n- one\n\t- inner\n1. first\n- [x] done\n```rust\nlet x;\n```\n---");

        let kinds: Vec<_> = blocks
            .iter()
            .map(|block| block.as_object().unwrap().keys().next().unwrap().as_str())
            .collect();
        let expected =
            ["heading_1", "bulleted_list_item", "numbered_list_item", "to_do", "code", "divider"];
        assert_eq!(kinds, expected);
        assert!(blocks[1]["children"][0]["bulleted_list_item"].is_object());
        assert_eq!(blocks[4]["code"]["language"], "rust");
    }
}
