//! What a document says of the answers of an operation: their list, and what stands beside it.

use serde_json::{Map, Value};

use super::refs::Refs;

/// How many references and `allOf` may make up one schema.
const PARTS: usize = 16;
/// Objects that hold what an answer is about, and nothing beside it.
const WRAPS: [&str; 9] =
    ["data", "result", "results", "response", "payload", "body", "content", "embedded", "d"];
/// Objects that say how one goes on.
const ABOUT: [&str; 14] = [
    "meta",
    "metadata",
    "pagination",
    "paging",
    "pageinfo",
    "pageinformation",
    "pagingmetadata",
    "paginationmetadata",
    "responsemetadata",
    "links",
    "cursors",
    "next",
    "additionaldata",
    "page",
];
/// Lists that stand beside the one an answer is about.
const BESIDE: [&str; 13] = [
    "errors",
    "warnings",
    "messages",
    "links",
    "unreachable",
    "unreachables",
    "notices",
    "defaultreminders",
    "sort",
    "order",
    "orderby",
    "schemas",
    "debug",
];
/// Names that mean: these are the items.
const ITEMS: [&str; 8] =
    ["items", "data", "results", "value", "values", "records", "entries", "list"];

/// What an operation answers with if all is well.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    /// Its schema
    pub(super) schema: &'a Value,
    /// Whether the header `Link` comes with it
    pub(super) has_link: bool,
}

/// A field of an answer.
#[derive(Debug)]
pub(super) struct Field<'a> {
    /// Where it stands, as a JSON pointer
    pub(super) at: String,
    /// Its name, as [`plain`] has it
    pub(super) plain: String,
    /// Its schema
    pub(super) schema: &'a Value,
}

impl<'a> Answer<'a> {
    /// Returns the answer of an operation; `None` where it is no JSON, or nobody says of what form.
    pub(super) fn of(refs: &Refs<'a>, operation: &'a Value) -> Option<Self> {
        let responses = operation.get("responses")?.as_object()?;
        let good = responses.iter().find(|(status, _)| status.starts_with('2'));
        let good = good.map(|(_, good)| good).or_else(|| responses.get("default"))?;
        let good = refs.follow(good).ok()?;
        let content = good.get("content")?.as_object()?;
        let is_json = |kind: &str| kind.contains("json") || kind == "*/*";
        let (_, media) = content.iter().find(|(kind, _)| is_json(kind))?;
        let schema = refs.follow(media.get("schema")?).ok()?;
        let headers = good.get("headers").and_then(Value::as_object);
        let has_link =
            headers.is_some_and(|all| all.keys().any(|key| key.eq_ignore_ascii_case("link")));
        Some(Self { schema, has_link })
    }
}

/// Returns a name in small letters, without what parts its words.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// Hands over a schema with all that it is made of.
fn parts<'a>(refs: &Refs<'a>, schema: &'a Value, found: &mut Vec<&'a Map<String, Value>>) {
    let Some(map) = refs.follow(schema).ok().and_then(Value::as_object) else { return };
    if found.len() >= PARTS {
        return;
    }
    found.push(map);
    for part in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        parts(refs, part, found);
    }
}

/// Returns the fields of an object.
fn fields<'a>(refs: &Refs<'a>, schema: &'a Value) -> Vec<(&'a str, &'a Value)> {
    let mut all = Vec::new();
    parts(refs, schema, &mut all);
    let fields = all.into_iter().filter_map(|part| part.get("properties")?.as_object()).flatten();
    fields.map(|(name, schema)| (name.as_str(), schema)).collect()
}

fn is_list<'a>(refs: &Refs<'a>, schema: &'a Value) -> bool {
    let mut all = Vec::new();
    parts(refs, schema, &mut all);
    all.iter().any(|part| {
        part.get("type").is_some_and(|kind| kind == "array") || part.contains_key("items")
    })
}

/// Returns the pointer to the list that an answer is about: the whole, or the one list in it, or of several the
/// one whose name says so.
pub(super) fn items<'a>(refs: &Refs<'a>, answer: &Answer<'a>, path: &str) -> Option<String> {
    if is_list(refs, answer.schema) {
        return Some(String::new());
    }
    let top = fields(refs, answer.schema);
    // What belongs to the items of a page stands in a list of its own here, and would be lost.
    if top.iter().any(|(name, _)| plain(name) == "included") {
        return None;
    }
    if top.iter().any(|(_, schema)| is_list(refs, schema)) {
        return chosen(refs, &top, path).map(|name| format!("/{}", step(name)));
    }
    let mut wraps = top.iter().filter(|(name, _)| WRAPS.contains(&plain(name).as_str()));
    let (wrap, inside) = wraps.next()?;
    if wraps.next().is_some() {
        return None;
    }
    let name = chosen(refs, &fields(refs, inside), path)?;
    Some(format!("/{}/{}", step(wrap), step(name)))
}

/// Returns the name of the list among fields.
fn chosen<'a>(refs: &Refs<'a>, fields: &[(&'a str, &'a Value)], path: &str) -> Option<&'a str> {
    let lists = fields.iter().filter(|(_, schema)| is_list(refs, schema)).map(|(name, _)| *name);
    let mut lists: Vec<&str> =
        lists.filter(|name| !BESIDE.contains(&plain(name).as_str())).collect();
    lists.dedup();
    if let [only] = lists.as_slice() {
        return Some(only);
    }
    let last = path.rsplit('/').find(|part| !part.is_empty() && !part.contains('{'));
    let last = last.map(plain);
    if let Some(named) = lists.iter().find(|name| Some(plain(name)) == last) {
        return Some(named);
    }
    lists.retain(|name| ITEMS.contains(&plain(name).as_str()));
    if let [only] = lists.as_slice() { Some(only) } else { None }
}

fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Returns the fields of an answer, and those of the objects in it that say how one goes on.
pub(super) fn places<'a>(refs: &Refs<'a>, answer: &Answer<'a>) -> Vec<Field<'a>> {
    let mut found = Vec::new();
    below(refs, answer.schema, ("", 0), &mut found);
    found
}

fn below<'a>(
    refs: &Refs<'a>,
    schema: &'a Value,
    (at, depth): (&str, usize),
    found: &mut Vec<Field<'a>>,
) {
    for (name, schema) in fields(refs, schema) {
        let at = format!("{at}/{}", step(name));
        let word = plain(name);
        let wraps = depth == 0 && WRAPS.contains(&word.as_str());
        if depth < 3 && (wraps || ABOUT.contains(&word.as_str())) {
            below(refs, schema, (&at, depth + 1), found);
        }
        found.push(Field { at, plain: word, schema });
    }
}

/// Tells whether a schema takes one of these types, or says of none.
fn takes<'a>(refs: &Refs<'a>, schema: &'a Value, kinds: &[&str]) -> bool {
    let mut all = Vec::new();
    parts(refs, schema, &mut all);
    if all.iter().any(|part| part.contains_key("properties") || part.contains_key("items")) {
        return false;
    }
    let Some(kind) = all.iter().find_map(|part| part.get("type")) else {
        return true;
    };
    let known = |kind: &Value| kind.as_str().is_some_and(|kind| kinds.contains(&kind));
    known(kind) || kind.as_array().is_some_and(|all| all.iter().any(known))
}

/// Tells whether a field is a text or a number, as cursors are.
pub(super) fn is_single<'a>(refs: &Refs<'a>, schema: &'a Value) -> bool {
    takes(refs, schema, &["string", "integer", "number"])
}

/// Tells whether a field is a text.
pub(super) fn is_text<'a>(refs: &Refs<'a>, schema: &'a Value) -> bool {
    takes(refs, schema, &["string"])
}

/// Tells whether a field is said to be an address.
pub(super) fn is_address<'a>(refs: &Refs<'a>, schema: &'a Value) -> bool {
    let mut all = Vec::new();
    parts(refs, schema, &mut all);
    let format = all.iter().find_map(|part| part.get("format")?.as_str());
    format.is_some_and(|format| matches!(format, "uri" | "url" | "uri-reference"))
}

/// Tells whether every item of a list has an `id`.
pub(super) fn has_id<'a>(refs: &Refs<'a>, answer: &Answer<'a>, items: &str) -> bool {
    let mut list = answer.schema;
    for name in items.split('/').skip(1) {
        let found = fields(refs, list).into_iter().find(|(known, _)| step(known) == name);
        let Some((_, schema)) = found else { return false };
        list = schema;
    }
    let mut all = Vec::new();
    parts(refs, list, &mut all);
    let Some(item) = all.iter().find_map(|part| part.get("items")) else { return false };
    let has = |schema: &'a Value| fields(refs, schema).iter().any(|(name, _)| *name == "id");
    let choice =
        refs.follow(item).ok().and_then(|item| item.get("anyOf").or_else(|| item.get("oneOf")));
    match choice.and_then(Value::as_array) {
        Some(choice) => !choice.is_empty() && choice.iter().all(has),
        None => has(item),
    }
}

/// Returns what a document says of a parameter, in small letters.
pub(super) fn said_of<'a>(
    refs: &Refs<'a>,
    (item, operation): (&'a Value, &'a Value),
    input: &str,
) -> String {
    let lists = [operation, item].into_iter().filter_map(|one| one.get("parameters")?.as_array());
    let found = lists.flatten().filter_map(|one| refs.follow(one).ok());
    let words =
        found.filter(|one| one["name"] == input).find_map(|one| one["description"].as_str());
    words.unwrap_or_default().to_lowercase()
}
