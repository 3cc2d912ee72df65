//! Lists, in the envelope and with the cursor that the manifest describes.

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::Desk;
use crate::catalog::manifest::{Next, Page, Tool};
use crate::sandbox::http;
use crate::sandbox::refusal::{Refusal, put};

/// How many items a page has, unless the request says.
const LENGTH: usize = 50;

/// What apps call the length of a page.
const LENGTHS: [&str; 12] = [
    "limit",
    "pageSize",
    "page_size",
    "per_page",
    "perPage",
    "maxResults",
    "max_results",
    "maxRecords",
    "$top",
    "count",
    "first",
    "size",
];

/// Answers with the things of a collection.
pub(super) fn answer(desk: &Desk<'_>, collection: &str) -> Result<Response, Refusal> {
    let mut items = desk.all(collection)?;
    // A query in a language of the app's own is beyond this rule.
    let words = desk.asked("query").and_then(|words| words.as_str().map(str::to_lowercase));
    let plain = |c: char| c.is_alphanumeric() || " @.-_".contains(c);
    if let Some(words) = words.filter(|words| words.chars().all(plain)) {
        items.retain(|(_, item)| item.to_string().to_lowercase().contains(&words));
    }
    let paged = desk.route.tools.iter().find_map(|tool| Some((*tool, tool.page.as_ref()?)));
    let Some((tool, page)) = paged else {
        let items: Vec<_> = items.into_iter().map(|(_, item)| item).collect();
        return Ok(match desk.app {
            Some(_) => desk.answer(StatusCode::OK, items.into()),
            None => http::json(StatusCode::OK, &json!({ "items": items })),
        });
    };
    let (items, next) = cut(desk, tool, page, items);
    let mut body = json!({});
    if let Some(ok) = desk.app.and_then(|app| app.answer.ok.as_ref()) {
        put(&mut body, ok, true.into());
    }
    put(&mut body, &page.items, items.into());
    if let Some(more) = &page.more {
        put(&mut body, more, next.is_some().into());
    }
    let pointer = page.next.pointer().filter(|at| !at.split('/').any(|step| step == "-1"));
    if let (Some(at), Some(next)) = (pointer, &next) {
        let last = at.rsplit('/').next().unwrap_or_default().to_lowercase();
        let address = ["next", "link", "url"].iter().any(|word| last.ends_with(word));
        let cursor = if address { address_of(desk, page, next).into() } else { next.clone() };
        put(&mut body, at, cursor);
    }
    let mut response = http::json(StatusCode::OK, &body);
    if let (Next::Link, Some(next)) = (&page.next, &next) {
        let link = format!("<{}>; rel=\"next\"", address_of(desk, page, next));
        http::set(&mut response, header::LINK, &link);
    }
    Ok(response)
}

/// Cuts the page out of the list that the request asks for, and returns the cursor of the one after it.
///
/// Cursors are the id of the last item; page numbers or offsets where the input is a number.
pub(super) fn cut(
    desk: &Desk<'_>,
    tool: &Tool,
    page: &Page,
    items: Vec<(String, Value)>,
) -> (Vec<Value>, Option<Value>) {
    let number = |value: Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.parse::<usize>().ok()
    };
    let length = LENGTHS.iter().find_map(|name| desk.asked(name).and_then(number));
    let length = length.filter(|length| *length > 0).unwrap_or(LENGTH);
    let cursor = desk.asked(&page.input);
    let schema = tool.properties().find(|(name, _)| **name == page.input).map(|(_, schema)| schema);
    let numbered =
        schema.is_some_and(|schema| matches!(schema["type"].as_str(), Some("integer" | "number")));
    let by_page = match page.next {
        Next::Page => true,
        Next::Offset => false,
        Next::At(_) | Next::Link => numbered && page.input.to_lowercase().contains("page"),
    };
    let from_zero = schema.is_some_and(|schema| schema["default"] == 0);
    let first = usize::from(!from_zero);
    let sent = cursor.clone().and_then(number);
    let start = match (numbered, by_page) {
        (true, true) => (sent.unwrap_or(first).max(first) - first).saturating_mul(length),
        (true, false) => sent.unwrap_or(0),
        (false, _) => cursor.map_or(0, |cursor| {
            let id = cursor.as_str().map_or_else(|| cursor.to_string(), str::to_owned);
            items.iter().position(|(own, _)| *own == id).map_or(items.len(), |at| at + 1)
        }),
    };
    let end = start.saturating_add(length).min(items.len());
    let next = (end < items.len()).then(|| match (numbered, by_page) {
        (true, true) => (sent.unwrap_or(first).max(first) + 1).into(),
        (true, false) => end.into(),
        (false, _) => items[end - 1].0.clone().into(),
    });
    let shown = items.into_iter().skip(start).take(length).map(|(_, item)| item).collect();
    (shown, next)
}

/// Returns the address of the same request with a cursor.
fn address_of(desk: &Desk<'_>, page: &Page, cursor: &Value) -> String {
    let cursor = cursor.as_str().map_or_else(|| cursor.to_string(), str::to_owned);
    let kept = desk.call.query.0.iter().filter(|(name, _)| *name != page.input);
    let mut query = Serializer::new(String::new());
    query.extend_pairs(kept).append_pair(&page.input, &cursor);
    let path = desk.call.path().join("/");
    format!("{}/{path}?{}", desk.world.base, query.finish())
}
