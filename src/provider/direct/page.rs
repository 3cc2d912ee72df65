//! From one page of a list to the next, by what the manifest says of it.

use reqwest::header::LINK;
use serde_json::{Map, Value};
use url::Url;

use crate::catalog::manifest::{Next, Page, Tool, whole_number};
use crate::http::Response;

/// Pages of one list, put together: the first answer, its list grown by the pages after it.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    page: &'a Page,
    whole: Value,
}

impl<'a> Pages<'a> {
    /// Begins with the first page.
    pub(crate) fn new(page: &'a Page, first: Value) -> Self {
        Self { page, whole: first }
    }

    /// Returns how many items there are so far.
    pub(crate) fn len(&self) -> usize {
        self.items(&self.whole).map_or(0, Vec::len)
    }

    fn items<'v>(&self, answer: &'v Value) -> Option<&'v Vec<Value>> {
        answer.pointer(&self.page.items)?.as_array()
    }

    /// Tells whether a later page of a counted list holds what is there already: an app that does not know
    /// its number, or has no page of it, may answer with another.
    pub(crate) fn repeats(&self, next: &Value) -> bool {
        let (Some(had), Some(came)) = (self.items(&self.whole), self.items(next)) else {
            return false;
        };
        self.page.next.is_counted()
            && !came.is_empty()
            && had.windows(came.len()).any(|part| part == came.as_slice())
    }

    /// Adds a later page: its items to the list, and where it says how to go on.
    pub(crate) fn add(&mut self, mut next: Value) {
        let items = next.pointer_mut(&self.page.items).map(Value::take);
        if let (Some(Value::Array(more)), Some(Value::Array(list))) =
            (items, self.whole.pointer_mut(&self.page.items))
        {
            list.extend(more);
        }
        let places = [self.page.next.pointer(), self.page.more.as_deref()];
        for place in places.into_iter().flatten() {
            let new = next.pointer_mut(place).map(Value::take);
            if let Some(old) = self.whole.pointer_mut(place) {
                *old = new.unwrap_or_default();
            }
        }
    }

    /// Returns the whole, cut after `most` items: then it does not say how to go on, since that would
    /// leave out those that were cut.
    pub(crate) fn into_whole(mut self, most: usize) -> Value {
        if self.len() <= most {
            return self.whole;
        }
        if let Some(Value::Array(list)) = self.whole.pointer_mut(&self.page.items) {
            list.truncate(most);
        }
        if let Some(next) = self.page.next.pointer().and_then(|at| self.whole.pointer_mut(at)) {
            *next = Value::Null;
        }
        self.whole
    }
}

/// What comes after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The page of this input
    To(Map<String, Value>),
    /// Nothing
    End,
    /// Another page, of which the app does not say how it is asked for
    Lost,
}

/// Returns what comes after an answer; nothing does if it leads to the very page it came from.
pub(crate) fn next_page(
    tool: &Tool,
    page: &Page,
    input: &Map<String, Value>,
    (answer, json): (&Response, &Value),
) -> Turn {
    if page.more.as_ref().is_some_and(|more| json.pointer(more) != Some(&Value::Bool(true))) {
        return Turn::End;
    }
    let cursor = match &page.next {
        Next::Link => linked(answer).map(Value::from),
        Next::At(pointer) => pointed(json, pointer).cloned(),
        Next::Page | Next::Offset => return counted(tool, page, input, json),
    };
    let before = input.get(&page.input);
    let cursor = match cursor {
        None | Some(Value::Null) => return Turn::End,
        Some(Value::String(text)) if text.is_empty() || text == "0" => return Turn::End,
        // No list goes on with its beginning.
        Some(Value::Number(number)) if number.as_u64() == Some(0) => return Turn::End,
        Some(Value::String(text)) => match address(&text) {
            // What leads on in it, if it is not that.
            Some(address) => match named(&address, &page.input) {
                Some(cursor) if before != Some(&cursor) => cursor,
                Some(_) | None => return Turn::Lost,
            },
            None => text.into(),
        },
        Some(cursor) => cursor,
    };
    if before == Some(&cursor) {
        return Turn::End;
    }
    let mut next = input.clone();
    next.insert(page.input.clone(), cursor);
    Turn::To(next)
}

/// Returns what comes after a page of a list that is counted: more, unless it was empty.
fn counted(tool: &Tool, page: &Page, input: &Map<String, Value>, json: &Value) -> Turn {
    let came = match json.pointer(&page.items) {
        Some(Value::Array(items)) if !items.is_empty() => items.len(),
        Some(Value::Array(_) | Value::Null) | None => return Turn::End,
        // The answer has another form than the manifest says.
        Some(_) => return Turn::Lost,
    };
    let came = u64::try_from(came).unwrap_or(u64::MAX);
    let now = input.get(&page.input).and_then(whole_number).or_else(|| first(tool, page));
    let number = match (&page.next, now) {
        (Next::Offset, now) => now.unwrap_or(0).saturating_add(came),
        (_, Some(now)) => now.saturating_add(1),
        // Whether that was page 0 or 1, this one tells: see `Pages::repeats`.
        (_, None) => 1,
    };
    let mut next = input.clone();
    next.insert(page.input.clone(), number.into());
    Turn::To(next)
}

/// Returns the number of the first page, where the schema of the input tells.
pub(crate) fn first(tool: &Tool, page: &Page) -> Option<u64> {
    let (_, schema) = tool.properties().find(|(name, _)| **name == page.input)?;
    let least = whole_number(&schema["minimum"]).filter(|least| *least > 0);
    whole_number(&schema["default"]).or(least)
}

/// Reads an address, also one below the app's own. No cursor in base64 has a question mark.
fn address(text: &str) -> Option<Url> {
    if text.starts_with(['/', '?']) && text.contains('?') {
        return Url::parse("https://app.invalid").ok()?.join(text).ok();
    }
    Url::parse(text).ok().filter(Url::has_host)
}

/// Follows a JSON pointer in which `-1` is the last item of a list.
fn pointed<'a>(json: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut steps = pointer.split('/').skip(1);
    steps.try_fold(json, |value, step| match (value, step) {
        (Value::Array(items), "-1") => items.last(),
        (value, step) => value.get(step.replace("~1", "/").replace("~0", "~")),
    })
}

/// Returns a parameter of an address: a number where it is one.
fn named(address: &Url, name: &str) -> Option<Value> {
    let (_, value) = address.query_pairs().find(|(key, _)| key == name)?;
    Some(value.parse::<u64>().map_or_else(|_| value.into_owned().into(), Value::from))
}

/// Returns the address of the header `Link` with `rel="next"` (RFC 8288), unless the app says beside it
/// that nothing is there (`results="false"`).
///
/// Source: github.com/getsentry/sentry-api-schema, lib/sentry-pagination.ts (read 2026-11-28).
fn linked(answer: &Response) -> Option<String> {
    let values = answer.headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let links = values.flat_map(|value| value.split(','));
    let next = |link: &&str| {
        let parts = || link.split(';').skip(1).map(str::trim);
        parts().any(|part| matches!(part, "rel=\"next\"" | "rel=next"))
            && !parts().any(|part| part == "results=\"false\"")
    };
    let link = links.into_iter().find(next)?;
    let address = link.split_once('<')?.1.split_once('>')?.0;
    Some(address.to_owned())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;

    fn page(next: &str, more: Option<&str>, input: &str) -> Page {
        Page {
            items: "/data".into(),
            next: next.to_owned().into(),
            more: more.map(str::to_owned),
            input: input.into(),
        }
    }

    fn answer(link: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        headers.extend(link.map(|link| (LINK, link.parse().unwrap())));
        Response { status: 200, headers, body: Vec::new() }
    }

    fn tool(input: &Value) -> Tool {
        let text = json!({
            "slug": "ACME_LIST", "name": "List", "description": "List", "request": "GET /list",
            "effect": "read", "input": {"type": "object", "properties": input},
        });
        serde_json::from_value(text).unwrap()
    }

    fn turn(page: &Page, input: &Value, (link, json): (Option<&str>, &Value)) -> Turn {
        let input = input.as_object().unwrap();
        next_page(&tool(&json!({})), page, input, (&answer(link), json))
    }

    fn to(input: &Value) -> Turn {
        Turn::To(input.as_object().unwrap().clone())
    }

    #[test]
    fn every_way_of_paging_leads_to_the_next_page() {
        let graph = "https://graph.microsoft.com/v1.0/me/messages?%24top=2&%24skip=2";
        let link = "<https://api.github.com/x?page=1>; rel=\"prev\", <https://api.github.com/x?per_page=2&page=3>; rel=\"next\"";
        let table = [
            (page("/cursor", None, "c"), None, json!({"cursor": "abc"}), json!({"c": "abc"})),
            (
                page("/data/-1/id", Some("/more"), "after"),
                None,
                json!({"data": [{"id": "a"}, {"id": "b"}], "more": true}),
                json!({"after": "b"}),
            ),
            (page("/next", None, "$skip"), None, json!({"next": graph}), json!({"$skip": 2})),
            (page("link", None, "page"), Some(link), json!([]), json!({"page": 3})),
            (
                page("/next", None, "page"),
                None,
                json!({"next": "/v1/x?page=4"}),
                json!({"page": 4}),
            ),
        ];
        for (page, link, json, expected) in table {
            assert_eq!(turn(&page, &json!({}), (link, &json)), to(&expected), "{page:?}");
        }
    }

    #[test]
    fn the_last_page_is_the_last() {
        let table = [
            (page("/cursor", None, "c"), json!({})),
            (page("/cursor", None, "c"), json!({"cursor": ""})),
            (page("/cursor", None, "c"), json!({"cursor": null})),
            (page("/cursor", None, "c"), json!({"cursor": "same"})),
            (page("/cursor", None, "c"), json!({"cursor": "0"})),
            (page("/cursor", None, "c"), json!({"cursor": 0})),
            (page("/data/-1/id", Some("/more"), "c"), json!({"data": [{"id": 1}], "more": false})),
            (page("link", None, "c"), json!([])),
            (page("page", None, "c"), json!({"data": []})),
            (page("offset", None, "c"), json!({"other": [1]})),
        ];
        for (page, json) in table {
            assert_eq!(turn(&page, &json!({"c": "same"}), (None, &json)), Turn::End, "{json}");
        }
        let empty = "<https://sentry.io/x?cursor=0:100:0>; rel=\"next\"; results=\"false\"";
        let page = page("link", None, "cursor");
        assert_eq!(turn(&page, &json!({}), (Some(empty), &json!([]))), Turn::End);
    }

    #[test]
    fn a_next_page_that_is_named_by_something_else_is_no_end() {
        let other = turn(&page("page", None, "n"), &json!({}), (None, &json!({"data": {}})));
        assert_eq!(other, Turn::Lost);
        let json = json!({"data": [1], "next": "https://acme.test/x?after=7"});

        for (input, has) in [("page", json!({})), ("after", json!({"after": 7}))] {
            assert_eq!(turn(&page("/next", None, input), &has, (None, &json)), Turn::Lost);
        }
    }

    #[test]
    fn pages_and_items_are_counted_from_where_the_list_begins() {
        let json = json!({"data": ["a", "b"]});
        let table = [
            ("page", json!({}), json!({}), 1),
            ("page", json!({"default": 0}), json!({}), 1),
            ("page", json!({"default": 1.0}), json!({}), 2),
            ("page", json!({"minimum": 1}), json!({}), 2),
            ("page", json!({"default": 1}), json!({"n": 7}), 8),
            ("offset", json!({}), json!({}), 2),
            ("offset", json!({"default": 0}), json!({"n": 4}), 6),
        ];
        for (next, schema, input, expected) in table {
            let page = page(next, None, "n");

            let tool = tool(&json!({"n": schema}));
            let input = input.as_object().unwrap();
            let turn = next_page(&tool, &page, input, (&answer(None), &json));

            assert_eq!(turn, to(&json!({"n": expected})), "{next} {schema}");
        }
    }

    #[test]
    fn a_page_that_was_there_is_known_where_pages_are_counted() {
        let first = json!({"data": [{"id": 1}, {"id": 2}, {"id": 3}]});
        let counted = page("page", None, "n");
        let pages = Pages::new(&counted, first.clone());

        assert!(pages.repeats(&first));
        assert!(pages.repeats(&json!({"data": [{"id": 2}]})));
        assert!(!pages.repeats(&json!({"data": [{"id": 4}]})));
        assert!(!pages.repeats(&json!({"data": []})));
        let told = page("/cursor", None, "n");
        assert!(!Pages::new(&told, first.clone()).repeats(&first));
    }

    #[test]
    fn pages_become_one_list_that_says_how_to_go_on() {
        let page = page("/cursor", None, "c");
        let mut pages = Pages::new(&page, json!({"data": [1, 2], "cursor": "x", "total": 5}));

        pages.add(json!({"data": [3, 4], "cursor": "y"}));

        assert_eq!(pages.len(), 4);
        let all = Pages { page: &page, whole: pages.whole.clone() }.into_whole(4);
        assert_eq!(all, json!({"data": [1, 2, 3, 4], "cursor": "y", "total": 5}));
        let cut = pages.into_whole(3);
        assert_eq!(cut, json!({"data": [1, 2, 3], "cursor": null, "total": 5}));
    }
}
