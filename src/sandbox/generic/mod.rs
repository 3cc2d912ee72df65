//! Every app that has no module of its own, and what the module of an app leaves, by one rule: what was made at a path
//! is there.
//!
//! The shipped manifest of the app says which requests there are, where the credential stands, which
//! scopes are needed and how answers look; for an added toolkit the path alone has to do. POST makes,
//! GET lists or reads, PATCH and PUT change, DELETE removes; verbs are remembered like things. What was
//! not made is missing in an app that was written by hand, and supposed to be there in any other. Not
//! here: what any of it means to a vendor, filters and sorting; for that an app has its own module.

mod acts;
mod caller;
mod graphql;
mod lists;
mod names;
mod places;
mod route;
mod sent;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::World;
use super::http::{self, Call};
use super::refusal::{Refusal, Why, put};
use super::store::things::{self, File, Shelf};
use crate::api::time::Millis;
use crate::catalog;
use crate::catalog::manifest::Manifest;
use caller::Caller;
use route::{Route, Step};
use sent::Sent;

/// A request that was let in.
struct Desk<'a> {
    world: &'a World,
    /// The database, within a transaction if something may be changed.
    db: &'a Connection,
    call: &'a Call,
    slug: &'a str,
    app: Option<&'a Manifest>,
    route: Route<'a>,
    /// The path of the route, without the `upload` in front of what is uploaded.
    path: Vec<Step>,
    caller: Caller,
    sent: Sent,
}

/// Answers a request to any app.
pub(super) fn answer(world: &World, call: &Call, slug: &str) -> Response {
    if let Some(app) = by_hand(slug, call) {
        return played(world, call, slug, Some(&app));
    }
    let app: Option<Manifest> = slug.parse().ok().and_then(|slug| catalog::builtin(&slug)?.ok());
    let answer = reply(world, call, slug, app.as_ref());
    let known = app.as_ref().and_then(|app| Route::find(app, call));
    match (answer, known) {
        (Err(refusal), Some(route)) if refusal.is_missing() => supposed(&route),
        (answer, _) => answer.unwrap_or_else(|refusal| refusal.response(app.as_ref())),
    }
}

/// Answers what the module of an app leaves, if the app's manifest knows the request.
pub(super) fn rest(world: &World, call: &Call, slug: &str) -> Option<Response> {
    let app = catalog::builtin(&slug.parse().ok()?)?.ok()?;
    Route::find(&app, call).is_some().then(|| answer(world, call, slug))
}

/// Returns the shipped app of that slug as it was written by hand, where that knows the request.
fn by_hand(slug: &str, call: &Call) -> Option<Manifest> {
    let own = catalog::written_by_hand(&slug.parse().ok()?)?.ok()?;
    Route::find(&own, call).is_some().then_some(own)
}

/// Answers as if what a path names were there: of most apps nobody has said what is in them.
fn supposed(route: &Route<'_>) -> Response {
    let named = route.path.iter().filter_map(|step| match step {
        Step::Id { name, value, .. } => Some((name.clone(), Value::from(value.as_str()))),
        Step::Word(_) => None,
    });
    http::json(StatusCode::OK, &Value::Object(named.collect()))
}

/// Answers a request to the app of a manifest, or to any.
pub(super) fn played(world: &World, call: &Call, slug: &str, app: Option<&Manifest>) -> Response {
    reply(world, call, slug, app).unwrap_or_else(|refusal| refusal.response(app))
}

fn reply(
    world: &World,
    call: &Call,
    slug: &str,
    app: Option<&Manifest>,
) -> Result<Response, Refusal> {
    let mut route = match app {
        Some(app) => Route::find(app, call).ok_or_else(|| {
            let text = "the sandbox knows no request of the app with this method and path";
            Refusal::new(Why::NotFound, "not_found", text)
        })?,
        None => Route::bare(call),
    };
    let caller = Caller::admit(world, call, slug, app, &route)?;
    let sent = sent::read(call)?;
    let asked = graphql::asked(app, &mut route, &sent);
    caller.may(&route)?;
    let upload = route.path.len() > 1 && route.path[0] == Step::Word("upload".to_owned());
    let path = route.path[usize::from(upload)..].to_vec();
    let work = |db: &Connection| {
        let desk = Desk { world, db, call, slug, app, route, path, caller, sent };
        match asked {
            _ if desk.route.identity => Ok(desk.whoami()),
            Some(asked) => Ok(graphql::answer(&desk, &asked)),
            None => acts::answer(&desk),
        }
    };
    if call.method == Method::GET {
        return world.store.read(work);
    }
    world.store.write(|tx| work(tx))
}

impl Desk<'_> {
    fn shelf<'b>(&'b self, collection: &'b str) -> Shelf<'b> {
        Shelf { app: self.slug, account: &self.caller.account, collection }
    }

    fn all(&self, collection: &str) -> Result<Vec<(String, Value)>, Refusal> {
        Ok(things::all(self.db, self.shelf(collection))?)
    }

    fn find(&self, collection: &str, id: &str) -> Result<Option<Value>, Refusal> {
        Ok(things::find(self.db, self.shelf(collection), id)?)
    }

    fn keep(
        &self,
        collection: &str,
        id: &str,
        body: &Value,
        file: Option<&File>,
    ) -> Result<(), Refusal> {
        Ok(things::put(self.db, self.shelf(collection), id, body, file)?)
    }

    fn forget(&self, collection: &str, id: &str) -> Result<bool, Refusal> {
        Ok(things::remove(self.db, self.shelf(collection), id)?)
    }

    /// Returns what the request says by a name, in its query, its body or its variables.
    fn asked(&self, name: &str) -> Option<Value> {
        let fields = &self.sent.fields;
        let variable = fields.get("variables").and_then(|variables| variables.get(name));
        let query = self.call.query.get(name).map(Value::from);
        query.or_else(|| fields.get(name).or(variable).cloned()).filter(|value| !value.is_null())
    }

    /// Answers with a value in the app's envelope: for one that says `ok`, beside that.
    fn answer(&self, status: StatusCode, value: Value) -> Response {
        let Some((app, ok)) = self.app.and_then(|app| Some((app, app.answer.ok.as_ref()?))) else {
            return http::json(status, &value);
        };
        let mut body = json!({});
        put(&mut body, ok, true.into());
        let identity = app.identity.as_ref().map_or("", |identity| identity.account.as_str());
        match identity.split('/').nth(1).filter(|_| identity.matches('/').count() > 1) {
            Some(envelope) => put(&mut body, &format!("/{envelope}"), value),
            None => {
                if let (Value::Object(body), Value::Object(fields)) = (&mut body, value) {
                    body.extend(fields);
                }
            }
        }
        http::json(StatusCode::OK, &body)
    }

    /// Answers whose account it is, where the manifest looks for that.
    fn whoami(&self) -> Response {
        let identity = self.app.and_then(|app| app.identity.as_ref());
        let pointer = identity.map_or("/account", |identity| identity.account.as_str());
        let around = pointer.rsplit_once('/').map_or("", |(around, _)| around);
        let account = self.caller.account.as_str();
        let name = account.split('@').next().unwrap_or_default();
        let mut body = json!({});
        if let Some(ok) = self.app.and_then(|app| app.answer.ok.as_ref()) {
            put(&mut body, ok, true.into());
        }
        put(&mut body, &format!("{around}/id"), format!("{:.24x}", Sha256::digest(account)).into());
        put(&mut body, &format!("{around}/name"), name.into());
        put(&mut body, pointer, account.into());
        http::json(StatusCode::OK, &body)
    }
}

/// Returns a new thing: its id first, then what was sent, then when it was made.
fn made(name: &names::Name, fields: serde_json::Map<String, Value>) -> Value {
    let mut body = json!({ "id": name.id });
    if let Some(key) = &name.key {
        body[key] = name.id.clone();
    }
    for (field, value) in fields {
        body[field] = value;
    }
    body["created_at"] = Millis::now().to_string().into();
    body
}

/// Returns an id as a text, in which form it is looked for.
fn text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// Puts fields into a thing, over those of the same names.
fn change(thing: &mut Value, fields: serde_json::Map<String, Value>) {
    let Value::Object(own) = thing else { return };
    for (name, value) in fields {
        match (own.get_mut(&name), value) {
            // Of `properties` and the like only what was sent is changed.
            (Some(Value::Object(inner)), Value::Object(fields)) => inner.extend(fields),
            (_, value) => drop(own.insert(name, value)),
        }
    }
}
