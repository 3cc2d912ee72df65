//! Search, by title.

use super::{Answer, Desk, Refusal, SOURCES, databases, pages, rich, values};

/// Lists pages and data sources whose title has a text, what was changed last first unless told.
pub(super) fn search(desk: &Desk<'_>) -> Answer {
    let body = &desk.body;
    let words = body["query"].as_str().unwrap_or_default().to_lowercase();
    let old = desk.version < SOURCES;
    let source = if old { "database" } else { "data_source" };
    let wanted = match body["filter"]["value"].as_str() {
        None => None,
        Some(kind) if kind == "page" || kind == source => Some(kind),
        Some(kind) => {
            return Err(Refusal::invalid(format!(
                "body failed validation: body.filter.value should be `\"page\"` or `\"{source}\"`, \
                 instead was `\"{kind}\"`."
            )));
        }
    };
    let fits = |title: String| title.to_lowercase().contains(&words);
    let mut found = Vec::new();
    for page in desk.all("page")? {
        if page["in_trash"] != true && fits(values::title(&page)) {
            found.push(pages::shown(desk, &page)?);
        }
    }
    for one in desk.all(source)? {
        if one["in_trash"] != true && fits(rich::spoken(&one["title"])) {
            let id = one["id"].as_str().unwrap_or_default();
            found.push(if old { databases::get(desk, id)? } else { one });
        }
    }
    found.retain(|object| wanted.is_none_or(|kind| object["object"] == kind));
    found.sort_by_key(|object| object["last_edited_time"].as_str().map(str::to_owned));
    if body["sort"]["direction"] != "ascending" {
        found.reverse();
    }
    desk.list(if old { "page_or_database" } else { "page_or_data_source" }, found)
}
