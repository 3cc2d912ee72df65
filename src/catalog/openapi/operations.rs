//! One operation of a document as a tool.

use serde_json::{Map, Value, json};

use super::parameters::{self, Draft};
use super::refs::{Refs, Said};
use super::schema::Schemas;
use super::security::{self, Login};
use super::text::line;
use super::{bodies, names, pages};
use crate::api::ids::{ToolSlug, hidden};
use crate::api::toolkits::Effect;
use crate::api::tools::Method;
use crate::catalog::manifest::{BodyKind, Replay, RequestLine, Tool};
use crate::catalog::pack::titled;

/// An operation of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation<'a> {
    /// Where it stands, below the API's address
    pub(super) path: &'a str,
    /// Its method
    pub(super) method: Method,
    /// What it shares with others at the same path
    pub(super) item: &'a Value,
    /// What is its own
    pub(super) own: &'a Value,
}

/// The methods, as documents write them.
const METHODS: [(&str, Method); 5] = [
    ("get", Method::Get),
    ("put", Method::Put),
    ("post", Method::Post),
    ("patch", Method::Patch),
    ("delete", Method::Delete),
];
/// Methods that no tool has: what they tell is of no use to anybody who calls tools.
const OTHERS: [&str; 3] = ["head", "options", "trace"];

/// Returns the operations of a document, in its order, and those that no tool is made of.
pub(super) fn operations<'a>(
    refs: &Refs<'a>,
    faults: &mut Vec<Said<'a>>,
) -> (Vec<Operation<'a>>, Vec<&'a Value>) {
    let root = refs.root();
    let (mut found, mut left) = (Vec::new(), Vec::new());
    let Some(paths) = root.get("paths").and_then(Value::as_object) else {
        faults.push((root, "has no `paths`".to_owned()));
        return (found, left);
    };
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
        let item = match refs.follow(item) {
            Ok(item) => item,
            Err(said) => {
                faults.push(said);
                continue;
            }
        };
        if let Err(text) = judged(path) {
            faults.push((item, text));
            continue;
        }
        for (word, method) in METHODS {
            match item.get(word) {
                Some(own) if own.is_object() => {
                    found.push(Operation { path, method, item, own });
                }
                Some(own) => faults.push((own, "is no operation".to_owned())),
                None => {}
            }
        }
        left.extend(OTHERS.iter().filter_map(|word| item.get(*word)));
    }
    (found, left)
}

/// Fails with a sentence if a path is none that a request may have.
fn judged(path: &str) -> Result<(), String> {
    let shown = line(path, 80).unwrap_or_default();
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(format!("`{shown}` does not begin with one slash"));
    }
    let unfit = |c: char| c.is_whitespace() || hidden(c) || c == '#' || c == '\\';
    if path.contains(unfit) {
        return Err(format!("`{shown}` holds what no path may hold"));
    }
    let plain = path.split('?').next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    if plain.split('/').any(|part| part == "." || part == "..") {
        return Err(format!("`{shown}` leads out of itself"));
    }
    if path.len() > 1000 {
        return Err("is longer than 1000 characters".to_owned());
    }
    Ok(())
}

/// Returns the tool that an operation becomes, and whether its input had to be cut.
pub(super) fn tool<'a>(
    schemas: &mut Schemas<'_, 'a>,
    operation: &Operation<'a>,
    slug: ToolSlug,
    (login, path): (&Login<'a>, String),
    faults: &mut Vec<Said<'a>>,
) -> Option<(Tool, bool)> {
    let before = faults.len();
    let mut draft = Draft { path, ..Draft::default() };
    let (own, item) = (operation.own, operation.item);
    parameters::add(&mut draft, schemas, (item, own), &login.keys, faults);
    let mut cut = schemas.cut;
    schemas.cut = false;
    bodies::add(&mut draft, schemas, own, faults);
    cut |= schemas.cut;
    schemas.cut = false;
    if faults.len() > before {
        return None;
    }
    let request = format!("{} {}", operation.method.as_str(), draft.path).parse::<RequestLine>();
    let request = request.map_err(|text| faults.push((own, text))).ok()?;
    let input = input(&mut draft);
    let words = schemas.words.then(|| own["summary"].as_str().or(own["description"].as_str()));
    let words = words.flatten().and_then(|words| line(words, 200));
    let name = own["summary"].as_str().filter(|_| schemas.words).and_then(|words| line(words, 80));
    let mut headers = draft.headers;
    let answer = bodies::answer(schemas.refs, own);
    if let Some((kind, _)) = answer {
        headers.insert("accept".to_owned(), kind.to_owned());
    }
    let bodied = matches!(operation.method, Method::Post | Method::Put | Method::Patch);
    let body = match draft.body {
        Some(body) if bodied && body.kind == BodyKind::Json => None,
        Some(body) => Some(body),
        None if bodied => "none".to_owned().try_into().ok(),
        None => None,
    };
    let mut tool = Tool {
        name: name.unwrap_or_else(|| titled(slug.as_str())),
        description: words.unwrap_or_else(|| line(&request.to_string(), 200).unwrap_or_default()),
        slug,
        request,
        effect: match operation.method {
            Method::Get => Effect::Read,
            Method::Delete => Effect::Destructive,
            Method::Post | Method::Put | Method::Patch => Effect::Write,
        },
        replay: Replay::default(),
        idempotency_header: draft.idempotency_header,
        scopes: security::scopes(schemas.refs, own, login),
        body,
        shape: None,
        graphql: None,
        query: draft.query,
        wire: draft.wire,
        body_input: draft.body_input,
        headers,
        page: None,
        download: answer.is_some_and(|(_, file)| file),
        remote: None,
        input,
    };
    if tool.body().kind == BodyKind::None {
        // All that is left goes there.
        tool.query.clear();
    }
    tool.page = pages::page(schemas.refs, operation, &tool);
    Some((tool, cut))
}

/// Returns the schema of an input.
fn input(draft: &mut Draft) -> Map<String, Value> {
    let mut input = Map::new();
    input.insert("type".to_owned(), "object".into());
    if !draft.required.is_empty() {
        input.insert("required".to_owned(), std::mem::take(&mut draft.required).into());
    }
    input.insert("properties".to_owned(), std::mem::take(&mut draft.properties).into());
    input.extend(draft.choice.take().map(|choice| ("anyOf".to_owned(), choice)));
    if draft.others != json!(true) {
        input.insert("additionalProperties".to_owned(), draft.others.take());
    }
    input
}

/// Returns the operation as one that wants a name.
pub(super) fn nameless<'a>(operation: &Operation<'a>, path: &'a str) -> names::Nameless<'a> {
    let id = operation.own["operationId"].as_str();
    names::Nameless { id, method: operation.method.as_str(), path }
}
