//! What a method does to a path: things are made, read, listed, changed, removed, or acted on.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::places::{is_creatable, is_list, is_search, items_key, joined, several, tools};
use super::route::{Step, has_path};
use super::{Desk, change, lists, made, names, text};
use crate::api::toolkits::Effect;
use crate::catalog::manifest::Tool;
use crate::sandbox::http;
use crate::sandbox::refusal::{Refusal, Why};
use crate::sandbox::store::things::{self, File};

/// Words that hand something over for delivery, which is accepted without a word.
const SENDS: [&str; 5] = ["send", "sendMail", "reply", "replyAll", "forward"];

/// Ids of what nobody has to make: Box's root folder is `0`, Microsoft's `root`.
const ALWAYS: [&str; 4] = ["0", "root", "me", "@me"];

/// Answers a request that is no GraphQL.
pub(super) fn answer(desk: &Desk<'_>) -> Result<Response, Refusal> {
    let path = settled(desk)?;
    let Some((last, parent)) = path.split_last() else { return Err(missing()) };
    parents_exist(desk, parent)?;
    if desk.route.tools.iter().any(|tool| tool.download) {
        return download(desk, &path);
    }
    let own = joined(&path);
    let is_paged = desk.route.tools.iter().any(|tool| tool.page.is_some());
    match (&desk.call.method, last) {
        // A call with an argument, as OData has them: `search(q='{query}')`.
        (&Method::GET, Step::Id { .. }) if is_paged => lists::answer(desk, &joined(parent)),
        (&Method::GET, Step::Id { verb: None, name, value }) => read(desk, parent, name, value),
        (&Method::GET, _) if is_search(last) => lists::answer(desk, &joined(parent)),
        (&Method::GET, _) if is_list(desk, &path) || !desk.all(&own)?.is_empty() => {
            lists::answer(desk, &own)
        }
        (&Method::GET, _) => single(desk, parent, last.text()),
        (&Method::DELETE, Step::Id { value, .. }) => {
            if desk.forget(&place(desk, parent, value)?, value)? {
                Ok(gone(desk))
            } else {
                Err(missing())
            }
        }
        (&Method::DELETE, Step::Word(word)) => remove_many(desk, &path, parent, word),
        (&Method::POST, _) => post(desk, &path),
        (_, Step::Id { value, name, .. }) if several(desk, &path).is_none() => {
            change_one(desk, parent, (name, value))
        }
        (_, last) => change_many(desk, &path, parent, last.text()),
    }
}

/// Returns the path with an id at its end where no manifest tells ids from words: one that is known,
/// one that is to be changed, or what looks like one.
fn settled(desk: &Desk<'_>) -> Result<Vec<Step>, Refusal> {
    let mut path = desk.path.clone();
    let Some((last, parent)) = desk.path.split_last() else { return Ok(path) };
    if desk.app.is_some() || desk.call.method == Method::POST {
        return Ok(path);
    }
    let word = last.text();
    let odd = word.len() >= 16 || word.contains(|c: char| c.is_ascii_digit());
    let is_id = desk.call.method != Method::GET
        || desk.find(&joined(parent), word)?.is_some()
        || (odd && desk.all(&joined(&path))?.is_empty());
    if is_id {
        path.pop();
        path.push(Step::Id { name: "id".to_owned(), value: word.to_owned(), verb: None });
    }
    Ok(path)
}

/// Fails if a path leads through a thing that could have been made here and was not.
fn parents_exist(desk: &Desk<'_>, path: &[Step]) -> Result<(), Refusal> {
    for (at, step) in path.iter().enumerate() {
        let Step::Id { value, .. } = step else { continue };
        let above = &path[..at];
        let there = ALWAYS.contains(&value.as_str());
        if !there && is_creatable(desk, above) && desk.find(&joined(above), value)?.is_none() {
            return Err(missing());
        }
    }
    Ok(())
}

fn read(desk: &Desk<'_>, parent: &[Step], name: &str, id: &str) -> Result<Response, Refusal> {
    if let Some(thing) = desk.find(&place(desk, parent, id)?, id)? {
        return Ok(desk.answer(StatusCode::OK, thing));
    }
    // A place that PUT fills is never missing, only empty.
    let fills = |tool: &Tool| {
        tool.request.method.as_str() == "PUT" && has_path(&tool.request, &desk.path, false)
    };
    if is_creatable(desk, parent) || !tools(desk).iter().any(fills) {
        return Err(missing());
    }
    Ok(desk.answer(StatusCode::OK, json!({ name: id })))
}

/// Returns the collection that holds a thing: its own or, where nothing can be made there, the one that
/// it was made in (`items/{id}/children`, of which each is one of the `items` too).
fn place(desk: &Desk<'_>, parent: &[Step], id: &str) -> Result<String, Refusal> {
    let own = joined(parent);
    if is_creatable(desk, parent) {
        return Ok(own);
    }
    Ok(things::place(desk.db, desk.shelf(&own), id)?.unwrap_or(own))
}

/// Answers with the one thing of that name: what was put there, or what the query says of it.
fn single(desk: &Desk<'_>, parent: &[Step], word: &str) -> Result<Response, Refusal> {
    if let Some(thing) = desk.find(&joined(parent), word)? {
        return Ok(desk.answer(StatusCode::OK, thing));
    }
    let mut thing = json!({});
    for (name, value) in &desk.call.query.0 {
        if name.ends_with("_id") && thing.get("id").is_none() {
            thing["id"] = value.as_str().into();
        }
        thing[name] = value.as_str().into();
    }
    if let Some(Step::Id { name, value, .. }) = parent.last() {
        thing[name] = value.as_str().into();
    }
    Ok(desk.answer(StatusCode::OK, thing))
}

fn post(desk: &Desk<'_>, path: &[Step]) -> Result<Response, Refusal> {
    let Some((last, parent)) = path.split_last() else { return Err(missing()) };
    let reads = !desk.route.tools.is_empty()
        && desk.route.tools.iter().all(|tool| tool.effect == Effect::Read);
    match last {
        _ if reads => {
            let part = is_search(last) || matches!(last, Step::Id { .. });
            let whole = if part && !parent.is_empty() { parent } else { path };
            lists::answer(desk, &joined(whole))
        }
        Step::Word(word) if desk.app.is_some() && SENDS.contains(&word.as_str()) => {
            create(desk, path, desk.sent.fields.clone())?;
            Ok(http::reply(StatusCode::ACCEPTED, "application/json", Body::empty()))
        }
        Step::Id { verb: None, .. } if is_list(desk, path) => made_here(desk, path),
        Step::Id { name, value, verb } => {
            act(desk, parent, (name, value), verb.as_deref().unwrap_or_default())
        }
        Step::Word(word) => match parent.last() {
            Some(Step::Id { name, value, .. }) if !is_list(desk, path) => {
                act(desk, &parent[..parent.len() - 1], (name, value), word)
            }
            None if names::message_key(desk).is_some() => call(desk, path, word),
            Some(Step::Word(_)) if word == "new" || word.starts_with("create_") => {
                made_here(desk, parent)
            }
            _ => made_here(desk, path),
        },
    }
}

/// Makes one thing, or each of a list that the collection's own name for its items holds.
fn made_here(desk: &Desk<'_>, path: &[Step]) -> Result<Response, Refusal> {
    let Some((key, items)) = several(desk, path) else {
        let thing = create(desk, path, desk.sent.fields.clone())?;
        return Ok(desk.answer(StatusCode::CREATED, thing));
    };
    let things: Result<Vec<_>, _> =
        items.into_iter().map(|fields| create(desk, path, fields)).collect();
    Ok(desk.answer(StatusCode::OK, json!({ key: things? })))
}

fn create(desk: &Desk<'_>, path: &[Step], fields: Map<String, Value>) -> Result<Value, Refusal> {
    let mut thing = made(&names::fresh(desk, path)?, fields);
    describe(&mut thing, desk.sent.file.as_ref());
    desk.keep(&joined(path), &text(&thing["id"]), &thing, desk.sent.file.as_ref())?;
    Ok(thing)
}

/// Acts on a thing by a verb: copies, clears or appends; batches are accepted, and any other verb
/// changes it like PATCH.
fn act(
    desk: &Desk<'_>,
    collection: &[Step],
    (name, id): (&str, &str),
    verb: &str,
) -> Result<Response, Refusal> {
    let shelf = place(desk, collection, id)?;
    let found = desk.find(&shelf, id)?;
    if found.is_none() && is_creatable(desk, collection) {
        return Err(missing());
    }
    let mut thing = found.unwrap_or_else(|| json!({ name: id }));
    let mut fields = desk.sent.fields.clone();
    match verb {
        "clear" | "delete" | "remove" => {
            desk.forget(&shelf, id)?;
            return Ok(desk.answer(StatusCode::OK, json!({ name: id })));
        }
        "copy" | "duplicate" => {
            let mut copy = thing.as_object().cloned().unwrap_or_default();
            copy.extend(fields);
            let copied = names::fresh(desk, collection)?;
            copy.retain(|field, _| field != "id" && Some(field) != copied.key.as_ref());
            let thing = made(&copied, copy);
            desk.keep(&joined(collection), &text(&thing["id"]), &thing, None)?;
            return Ok(desk.answer(StatusCode::OK, thing));
        }
        // What a batch does in detail, only a module of the app's own would know.
        _ if verb.contains("batch") => {
            let parts = fields.values().find_map(|value| value.as_array().map(Vec::len));
            let replies = vec![json!({}); parts.unwrap_or_default()];
            return Ok(desk.answer(StatusCode::OK, json!({ name: id, "replies": replies })));
        }
        "append" => {
            for (field, value) in &mut fields {
                if let (Some(Value::Array(old)), Value::Array(new)) = (thing.get(field), value) {
                    new.splice(..0, old.iter().cloned());
                }
            }
        }
        _ => {}
    }
    change(&mut thing, fields);
    desk.keep(&shelf, id, &thing, desk.sent.file.as_ref())?;
    Ok(desk.answer(StatusCode::OK, thing))
}

/// Answers an app whose requests are named by verbs alone, ids being in the body.
fn call(desk: &Desk<'_>, path: &[Step], verb: &str) -> Result<Response, Refusal> {
    if ["get", "list", "search"].iter().any(|word| verb.starts_with(word)) {
        return lists::answer(desk, &joined(path));
    }
    let key = names::message_key(desk).unwrap_or_default();
    let Some(id) = desk.sent.fields.get(&key).map(text) else {
        let thing = create(desk, &[], desk.sent.fields.clone())?;
        return Ok(desk.answer(StatusCode::OK, thing));
    };
    let nothing = || Refusal::new(Why::Invalid, "not_found", format!("no such {key} is known"));
    let mut thing = desk.find("", &id)?.ok_or_else(nothing)?;
    if desk.route.tools.iter().any(|tool| tool.effect == Effect::Destructive) {
        desk.forget("", &id)?;
        return Ok(desk.answer(StatusCode::OK, true.into()));
    }
    let mut fields = desk.sent.fields.clone();
    fields.remove(&key);
    if verb.starts_with("forward") || verb.starts_with("copy") {
        let mut copy = thing.as_object().cloned().unwrap_or_default();
        copy.extend(fields);
        copy.retain(|field, _| field != "id" && *field != key);
        let thing = create(desk, &[], copy)?;
        return Ok(desk.answer(StatusCode::OK, thing));
    }
    change(&mut thing, fields);
    desk.keep("", &id, &thing, None)?;
    Ok(desk.answer(StatusCode::OK, thing))
}

/// Changes a thing; PUT makes it where nothing else could have.
fn change_one(
    desk: &Desk<'_>,
    parent: &[Step],
    (name, id): (&str, &str),
) -> Result<Response, Refusal> {
    let collection = place(desk, parent, id)?;
    let puts = desk.app.is_some() && desk.call.method == Method::PUT;
    let mut thing = match desk.find(&collection, id)? {
        Some(thing) => thing,
        None if puts && !is_creatable(desk, parent) => json!({ name: id }),
        None => return Err(missing()),
    };
    change(&mut thing, desk.sent.fields.clone());
    describe(&mut thing, desk.sent.file.as_ref());
    desk.keep(&collection, id, &thing, desk.sent.file.as_ref())?;
    Ok(desk.answer(StatusCode::OK, thing))
}

/// Changes or makes each thing of a list, or the one thing that a path without an id names.
fn change_many(
    desk: &Desk<'_>,
    path: &[Step],
    parent: &[Step],
    word: &str,
) -> Result<Response, Refusal> {
    let Some((key, items)) = several(desk, path) else {
        let mut thing = desk.find(&joined(parent), word)?.unwrap_or_else(|| json!({}));
        change(&mut thing, desk.sent.fields.clone());
        desk.keep(&joined(parent), word, &thing, desk.sent.file.as_ref())?;
        let quiet = desk.sent.fields.is_empty();
        return Ok(if quiet { gone(desk) } else { desk.answer(StatusCode::OK, thing) });
    };
    let collection = joined(path);
    let mut things = Vec::new();
    for fields in items {
        let Some(id) = fields.get("id").map(text) else {
            things.push(create(desk, path, fields)?);
            continue;
        };
        let mut thing = desk.find(&collection, &id)?.ok_or_else(missing)?;
        change(&mut thing, fields);
        desk.keep(&collection, &id, &thing, None)?;
        things.push(thing);
    }
    Ok(desk.answer(StatusCode::OK, json!({ key: things })))
}

/// Removes the things that the query names, or the one thing that a path without an id names.
fn remove_many(
    desk: &Desk<'_>,
    path: &[Step],
    parent: &[Step],
    word: &str,
) -> Result<Response, Refusal> {
    let collection = joined(path);
    let mut removed = Vec::new();
    for id in desk.call.query.0.iter().flat_map(|(_, value)| value.split(',')) {
        if desk.forget(&collection, id)? {
            removed.push(json!({ "id": id, "deleted": true }));
        }
    }
    if removed.is_empty() {
        return if desk.forget(&joined(parent), word)? { Ok(gone(desk)) } else { Err(missing()) };
    }
    let key = items_key(desk, path).unwrap_or_else(|| "items".to_owned());
    Ok(desk.answer(StatusCode::OK, json!({ key: removed })))
}

/// Answers with the bytes that were uploaded; of a thing without any, with its JSON.
fn download(desk: &Desk<'_>, path: &[Step]) -> Result<Response, Refusal> {
    let at = path.iter().rposition(|step| matches!(step, Step::Id { .. })).ok_or_else(missing)?;
    let collection = joined(&path[..at]);
    let shelf = desk.shelf(&collection);
    let found = things::file(desk.db, shelf, path[at].text())?;
    let (thing, file) = found.ok_or_else(missing)?;
    let Some(file) = file else { return Ok(http::json(StatusCode::OK, &thing)) };
    let mut response = http::reply(StatusCode::OK, "application/octet-stream", file.bytes);
    http::set(&mut response, axum::http::header::CONTENT_TYPE, &file.kind);
    Ok(response)
}

/// Says of a thing what its file is called and how large it is.
fn describe(thing: &mut Value, file: Option<&File>) {
    let Some(file) = file else { return };
    if let (None, Some(name)) = (thing.get("name"), &file.name) {
        thing["name"] = name.as_str().into();
    }
    thing["mimeType"] = file.kind.as_str().into();
    thing["size"] = file.bytes.len().into();
}

/// Answers that there is nothing left to say.
fn gone(desk: &Desk<'_>) -> Response {
    if desk.app.is_some_and(|app| app.answer.ok.is_some()) {
        return desk.answer(StatusCode::OK, true.into());
    }
    http::reply(StatusCode::NO_CONTENT, "application/json", Body::empty())
}

fn missing() -> Refusal {
    Refusal::new(Why::NotFound, "not_found", "there is no such thing")
}
