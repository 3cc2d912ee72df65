//! Notion as far as a writer's assistant needs it: pages with blocks or Markdown, databases with data
//! sources, queries, comments, people, search.
//!
//! Each account has a workspace of its own, all of which is shared with the app. Left out: files,
//! views, templates, formulas, rollups, webhooks. Source: developers.notion.com/reference, versions
//! 2025-09-03 and 2026-03-11; of older ones only what has not changed since, and `databases/…/query`.

mod blocks;
mod comments;
mod databases;
mod filters;
mod markdown;
mod pages;
mod people;
mod refusal;
mod rich;
mod schemas;
mod search;
mod seed;
mod values;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::World;
use super::guest;
use super::http::{self, Call};
use super::store::objects::{self, Shelf};
use crate::api::ids;
use crate::api::time::Millis;
use refusal::Refusal;

type Answer = Result<Value, Refusal>;

/// The version since which a database holds data sources.
const SOURCES: &str = "2025-09-03";
/// The version since which nothing is called archived.
const TRASH: &str = "2026-03-11";

/// One workspace at one moment, with what is asked of it.
struct Desk<'a> {
    /// The database, within a transaction if something may be changed.
    db: &'a Connection,
    call: &'a Call,
    /// The account that let the app in.
    account: &'a str,
    version: &'a str,
    body: Value,
    now: Millis,
}

impl Desk<'_> {
    fn shelf<'s>(&'s self, kind: &'s str) -> Shelf<'s> {
        Shelf { app: "notion", owner: self.account, kind }
    }

    /// Returns an object that must be there, by its id with or without dashes.
    fn find(&self, kind: &'static str, id: &str) -> Answer {
        let id = read_id(id).ok_or_else(|| Refusal::no_uuid(kind, id))?;
        objects::find(self.db, self.shelf(kind), &id)?.ok_or_else(|| Refusal::no_such(kind, &id))
    }

    fn keep(&self, kind: &str, object: &Value) -> Result<(), Refusal> {
        let id = text(object, "id");
        match objects::find(self.db, self.shelf(kind), id)? {
            Some(_) => objects::replace(self.db, self.shelf(kind), id, object)?,
            None => objects::insert(self.db, self.shelf(kind), id, object)?,
        }
        Ok(())
    }

    fn all(&self, kind: &str) -> Result<Vec<Value>, Refusal> {
        Ok(objects::all(self.db, self.shelf(kind))?)
    }

    /// Begins an object: what every kind has.
    fn begun(&self, object: &str) -> Value {
        let bot = people::partial(&people::bot_id(self));
        json!({
            "object": object,
            "id": ids::fresh().to_string(),
            "created_time": self.now.to_string(),
            "last_edited_time": self.now.to_string(),
            "created_by": bot,
            "last_edited_by": bot,
            "in_trash": false,
        })
    }

    /// Says in an object that it was just changed.
    fn touch(&self, object: &mut Value) {
        object["last_edited_time"] = self.now.to_string().into();
        object["last_edited_by"] = people::partial(&people::bot_id(self));
    }

    /// Renders an object as the version of the request has it.
    fn dated(&self, mut object: Value) -> Value {
        if self.version < TRASH
            && let Value::Object(fields) = &mut object
            && let Some(trashed) = fields.get("in_trash").cloned()
        {
            fields.insert("archived".into(), trashed);
        }
        object
    }

    /// Returns the page of a list that is asked for; a cursor is the id of what it begins with.
    fn list(&self, kind: &str, items: Vec<Value>) -> Answer {
        let (query, body) = (&self.call.query, &self.body);
        let cursor = query.get("start_cursor").or(body["start_cursor"].as_str());
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                items.iter().position(|item| item["id"] == cursor).ok_or_else(|| {
                    Refusal::invalid(format!("The start_cursor provided is invalid: {cursor}"))
                })?
            }
        };
        let size = match query.get("page_size") {
            Some(text) => text.parse().unwrap_or(0),
            None if body["page_size"].is_null() => 100,
            None => body["page_size"].as_u64().unwrap_or(0),
        };
        if !(1..=100).contains(&size) {
            let (relation, bound) = if size > 100 { ("≤", 100) } else { ("≥", 1) };
            return Err(Refusal::invalid(format!(
                "body failed validation: body.page_size should be {relation} `{bound}`, instead was `{size}`."
            )));
        }
        let end = start.saturating_add(usize::try_from(size).unwrap_or(100));
        let next = items.get(end).map(|item| item["id"].clone());
        let page: Vec<_> =
            items.into_iter().take(end).skip(start).map(|item| self.dated(item)).collect();
        let mut list = json!({
            "object": "list",
            "results": page,
            "next_cursor": next,
            "has_more": next.is_some(),
            "type": kind,
        });
        list[kind] = Value::Object(Map::new());
        Ok(list)
    }
}

/// Reads an id with or without dashes.
fn read_id(text: &str) -> Option<String> {
    Uuid::parse_str(text).ok().map(|id| id.hyphenated().to_string())
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// Answers `/v1/…`.
pub(super) fn answer(world: &World, call: &Call, path: &[&str]) -> Response {
    match reply(world, call, path) {
        Ok(mut body) => {
            if let Value::Object(fields) = &mut body {
                fields.insert("request_id".into(), ids::fresh().to_string().into());
            }
            http::json(StatusCode::OK, &body)
        }
        Err(refusal) => refusal.response(),
    }
}

fn reply(world: &World, call: &Call, path: &[&str]) -> Answer {
    let now = Millis::now();
    let guest =
        guest::admit(world, call.bearer(), "notion", now)?.map_err(|_| Refusal::unauthorized())?;
    let version = call.header("notion-version").ok_or_else(Refusal::no_version)?;
    if version.len() != 10 || version.parse::<jiff::civil::Date>().is_err() {
        return Err(Refusal::odd_version(version));
    }
    let body = if call.body.is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(&call.body).map_err(|_| Refusal::no_json())?
    };
    if !body.is_object() {
        return Err(Refusal::invalid("body failed validation: body should be an object."));
    }
    let account = guest.account.as_str();
    if world.store.read(|db| is_new(db, account))? {
        world.store.write(|tx| {
            let body = Value::Object(Map::new());
            let desk = Desk { db: tx, call, account, version: TRASH, body, now };
            if is_new(tx, account)? { seed::workspace(&desk) } else { Ok(()) }
        })?;
    }
    if call.method == Method::GET {
        return world
            .store
            .read(|db| dispatch(&Desk { db, call, account, version, body, now }, path));
    }
    world.store.write(|tx| dispatch(&Desk { db: tx, call, account, version, body, now }, path))
}

fn is_new(db: &Connection, account: &str) -> rusqlite::Result<bool> {
    // Pages are never forgotten: those in the trash remain.
    let pages = Shelf { app: "notion", owner: account, kind: "page" };
    Ok(objects::all(db, pages)?.is_empty())
}

/// Everything that is played.
fn dispatch(desk: &Desk<'_>, path: &[&str]) -> Answer {
    let done = match (desk.call.method.as_str(), path) {
        ("GET", ["users"]) => people::list(desk),
        ("GET", ["users", "me"]) => Ok(people::me(desk)),
        ("GET", ["users", id]) => people::get(desk, id),
        ("POST", ["search"]) => search::search(desk),
        ("POST", ["pages"]) => pages::create(desk),
        ("GET", ["pages", id]) => pages::get(desk, id),
        ("PATCH", ["pages", id]) => pages::update(desk, id),
        ("GET", ["pages", id, "properties", name]) => pages::property(desk, id, name),
        ("GET", ["pages", id, "markdown"]) => markdown::get(desk, id),
        ("PATCH", ["pages", id, "markdown"]) => markdown::update(desk, id),
        ("GET", ["blocks", id]) => blocks::get(desk, id),
        ("PATCH", ["blocks", id]) => blocks::update(desk, id),
        ("DELETE", ["blocks", id]) => blocks::delete(desk, id),
        ("GET", ["blocks", id, "children"]) => blocks::children(desk, id),
        ("PATCH", ["blocks", id, "children"]) => blocks::append(desk, id),
        ("POST", ["databases"]) => databases::create(desk),
        ("GET", ["databases", id]) => databases::get(desk, id),
        ("PATCH", ["databases", id]) => databases::update(desk, id),
        ("POST", ["databases", id, "query"]) if desk.version < SOURCES => {
            databases::query_database(desk, id)
        }
        ("POST", ["data_sources"]) => databases::create_source(desk),
        ("GET", ["data_sources", id]) => databases::get_source(desk, id),
        ("PATCH", ["data_sources", id]) => databases::update_source(desk, id),
        ("POST", ["data_sources", id, "query"]) => databases::query(desk, id),
        ("GET", ["comments"]) => comments::list(desk),
        ("POST", ["comments"]) => comments::create(desk),
        _ => {
            desk.call.leave();
            Err(Refusal::no_path())
        }
    };
    done.map(|body| desk.dated(body))
}
