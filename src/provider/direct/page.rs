//! From one page of a list to the next, by what the manifest says of it.

use reqwest::header::LINK;
use serde_json::{Map, Value};
use url::Url;

use crate::catalog::manifest::Page;
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
        self.whole.pointer(&self.page.items).and_then(Value::as_array).map_or(0, Vec::len)
    }

    /// Adds a later page: its items to the list, and where it says how to go on.
    pub(crate) fn add(&mut self, mut next: Value) {
        let items = next.pointer_mut(&self.page.items).map(Value::take);
        if let (Some(Value::Array(more)), Some(Value::Array(list))) =
            (items, self.whole.pointer_mut(&self.page.items))
        {
            list.extend(more);
        }
        for place in [Some(&self.page.next), self.page.more.as_ref()].into_iter().flatten() {
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
        if let Some(next) = self.whole.pointer_mut(&self.page.next) {
            *next = Value::Null;
        }
        self.whole
    }
}

/// Returns the input that asks for the page after an answer, or `None` if there is none, or the answer
/// asks for the very page it came from.
pub(crate) fn next_page(
    page: &Page,
    input: &Map<String, Value>,
    (answer, json): (&Response, &Value),
) -> Option<Map<String, Value>> {
    if page.more.as_ref().is_some_and(|more| json.pointer(more) != Some(&Value::Bool(true))) {
        return None;
    }
    let cursor = match page.next.as_str() {
        "link" => linked(answer)?.into(),
        next => pointed(json, next)?.clone(),
    };
    let cursor = match &cursor {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => match Url::parse(text) {
            Ok(address) => named(&address, &page.input)?,
            Err(_) => cursor,
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => cursor,
    };
    let mut next = input.clone();
    let before = next.insert(page.input.clone(), cursor.clone());
    (before.as_ref() != Some(&cursor)).then_some(next)
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
            next: next.into(),
            more: more.map(str::to_owned),
            input: input.into(),
        }
    }

    fn answer(link: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        headers.extend(link.map(|link| (LINK, link.parse().unwrap())));
        Response { status: 200, headers, body: Vec::new() }
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
        ];
        for (page, link, json, expected) in table {
            let next = next_page(&page, &Map::new(), (&answer(link), &json));

            assert_eq!(next.map(Value::from), Some(expected), "{page:?}");
        }
    }

    #[test]
    fn the_last_page_is_the_last() {
        let table = [
            (page("/cursor", None, "c"), json!({})),
            (page("/cursor", None, "c"), json!({"cursor": ""})),
            (page("/cursor", None, "c"), json!({"cursor": null})),
            (page("/cursor", None, "c"), json!({"cursor": "same"})),
            (page("/data/-1/id", Some("/more"), "c"), json!({"data": [{"id": 1}], "more": false})),
            (page("link", None, "c"), json!([])),
        ];
        let input = json!({"c": "same"}).as_object().unwrap().clone();
        for (page, json) in table {
            assert_eq!(next_page(&page, &input, (&answer(None), &json)), None, "{json}");
        }
        let empty = "<https://sentry.io/x?cursor=0:100:0>; rel=\"next\"; results=\"false\"";
        let page = page("link", None, "cursor");
        assert_eq!(next_page(&page, &Map::new(), (&answer(Some(empty)), &json!([]))), None);
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
