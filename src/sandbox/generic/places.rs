//! What a path is: a collection, a thing, a verb. The manifest's own requests tell.

use serde_json::{Map, Value};

use super::Desk;
use super::route::{Step, has_path};
use crate::api::toolkits::Effect;
use crate::catalog::manifest::Tool;

/// Words with which a request behind a collection asks for some of it: `search`, `listRecords`,
/// `list_folder`.
const SEARCHES: [&str; 4] = ["search", "query", "find", "list"];

/// Tells whether a step asks for some of the collection before it; `lists` is a collection itself.
pub(super) fn is_search(step: &Step) -> bool {
    let ends = |rest: &str| {
        rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
    };
    let asks = |word: &str| SEARCHES.iter().any(|own| word.strip_prefix(own).is_some_and(ends));
    matches!(step, Step::Word(word) if asks(word))
}

/// Tells whether a path is one of a list: things are made at it, or below it, or its name is a plural.
pub(super) fn is_list(desk: &Desk<'_>, path: &[Step]) -> bool {
    let listed = |tool: &Tool| {
        let same = has_path(&tool.request, path, false);
        let posted = desk.call.method.as_str() == "POST";
        has_path(&tool.request, path, true)
            || (same && tool.page.is_some())
            || (same && tool.request.method.as_str() == "GET" && posted)
    };
    let plural = path.last().is_some_and(is_plural);
    desk.app.is_none() || plural || is_made(desk, path) || tools(desk).iter().any(listed)
}

/// Tells whether the app can be asked to make things at a path that is no verb.
pub(super) fn is_creatable(desk: &Desk<'_>, path: &[Step]) -> bool {
    desk.app.is_some() && is_made(desk, path) && !path.is_empty()
}

fn is_made(desk: &Desk<'_>, path: &[Step]) -> bool {
    let verb = match path {
        [.., Step::Id { .. }, last @ Step::Word(_)] => !is_plural(last),
        _ => false,
    };
    let posts = |tool: &Tool| {
        tool.request.method.as_str() == "POST"
            && tool.effect != Effect::Read
            && has_path(&tool.request, path, false)
    };
    !verb && tools(desk).iter().any(posts)
}

fn is_plural(step: &Step) -> bool {
    matches!(step, Step::Word(word) if word.ends_with('s'))
}

/// Returns the objects that were sent under a collection's name for its items, and that name.
pub(super) fn several(desk: &Desk<'_>, path: &[Step]) -> Option<(String, Vec<Map<String, Value>>)> {
    let last = path.last().map(|last| last.text().to_owned());
    items_key(desk, path).into_iter().chain(last).find_map(|key| {
        let items = desk.sent.fields.get(&key)?.as_array()?;
        let items = items.iter().map(|item| item.as_object().cloned()).collect::<Option<_>>()?;
        Some((key, items))
    })
}

/// Returns what a list of a collection calls its items.
pub(super) fn items_key(desk: &Desk<'_>, path: &[Step]) -> Option<String> {
    let lists = |tool: &Tool| {
        let word = tool.request.path.rsplit('/').next().unwrap_or_default();
        let behind = Step::Word(word.split('?').next().unwrap_or_default().to_owned());
        let searched =
            is_search(&behind) && has_path(&tool.request, &[path, &[behind]].concat(), false);
        has_path(&tool.request, path, false) || searched
    };
    let page = tools(desk).iter().find_map(|tool| tool.page.as_ref().filter(|_| lists(tool)))?;
    page.items.rsplit('/').next().filter(|key| !key.is_empty()).map(str::to_owned)
}

/// Returns the app's tools.
pub(super) fn tools<'a>(desk: &Desk<'a>) -> &'a [Tool] {
    desk.app.map(|app| app.tools.as_slice()).unwrap_or_default()
}

/// Returns a path as the name of a collection.
pub(super) fn joined(path: &[Step]) -> String {
    path.iter().map(Step::text).collect::<Vec<_>>().join("/")
}
