//! The Connectors API: a catalog of connectors, and one user's connections to them. Routes only: every change is an
//! action, and the engine judges and performs it as for any other door.
//!
//! The user is the one that the key is sealed to. There is nothing here to run a tool with: agents do that.

mod catalog;
mod connections;
mod oauth;
mod record;
pub(super) mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Map, Value};

use super::dialect::{Answered, Named, Stop, done, invalid, parts_of, query};
use super::wrong::Wrong;
use super::{Site, callback, caller, fields};
use crate::api::action::Operation;
use crate::api::connections::{Connected, Connection, GetConnection, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionId, Slug, UserRef};
use crate::api::keys::Dialect;
use crate::engine::{Call, Caller};

/// What all its paths begin with.
pub(super) const ROOT: &str = "/api/v1";

/// A request whose caller is known.
struct Asked {
    site: Arc<Site>,
    caller: Caller,
    parts: Parts,
    /// Fields of its body
    body: Map<String, Value>,
    /// The one part of its path that is not fixed, empty if it could not be read
    name: String,
}

/// Returns every path of the API but the callback of its logins.
pub(super) fn routes() -> Router<Arc<Site>> {
    let id = "/api/v1/connections/{id}";
    let below = |path: &str| format!("{id}/{path}");
    Router::new()
        .route(
            "/api/v1/connectors",
            get(|State(site), name, request| answered(site, name, request, catalog::list)),
        )
        .route(
            "/api/v1/connections",
            get(|State(site), name, request| answered(site, name, request, connections::list))
                .post(|State(site), name, request| {
                    answered(site, name, request, connections::start)
                }),
        )
        .route(
            id,
            get(|State(site), name, request| answered(site, name, request, connections::show))
                .delete(|State(site), name, request| {
                    answered(site, name, request, connections::end)
                }),
        )
        .route(
            &below("credentials"),
            post(|State(site), name, request| {
                answered(site, name, request, connections::credentials)
            }),
        )
        .route(
            &below("oauth"),
            get(|State(site), name, request| answered(site, name, request, oauth::go))
                .post(|State(site), name, request| answered(site, name, request, oauth::again)),
        )
        .route(
            "/api/v1/connections/oauth/start",
            get(|State(site), name, request| answered(site, name, request, oauth::start)),
        )
}

/// Answers a request once it is known who calls, and that they may call now.
async fn answered<F>(
    site: Arc<Site>,
    named: Named,
    request: Request,
    answer: impl FnOnce(Asked) -> F + Send,
) -> Response
where
    F: Future<Output = Answered> + Send,
{
    let (parts, body) = request.into_parts();
    let known = match caller::known(&site, &parts.headers, Dialect::Connectors) {
        Ok(known) => known,
        Err(error) => return words::wrong(error.into()),
    };
    let allowance = known.allowance;
    let name = parts_of(named).next().unwrap_or_default();
    let ended = async {
        allowance.check()?;
        let body = fields::body(&parts, body).await?;
        let caller = known.caller;
        answer(Asked { site, caller, parts, body, name }).await
    };
    let mut response = match ended.await {
        Ok(response) => response,
        Err(Stop::Wrong(wrong)) => words::wrong(wrong),
        Err(Stop::Held(pending)) => words::held(&pending),
    };
    allowance.tell(response.headers_mut());
    response
}

impl Asked {
    /// Returns what the query says of a field, if it says something.
    fn query(&self, field: &str) -> Option<String> {
        query(&self.parts, field)
    }

    /// Returns the id that the path names; fails with `InvalidInput` if it is none.
    fn id(&self) -> Result<ConnectionId> {
        record::read(&self.name).ok_or_else(|| {
            Error::new(Code::InvalidInput, "the id of a connection is a UUID, with dashes")
        })
    }

    /// Performs an operation for the user of the key.
    async fn done<O: Operation>(&self, op: O) -> std::result::Result<O::Reply, Stop> {
        let call = Call {
            redirect_uri: Some(self.site.at(callback::CONNECTORS)?),
            browser: true,
            ..Call::by(self.caller.clone(), UserRef::own())
        };
        done(&self.site, &self.site.engine, call, op).await
    }

    /// Returns the connection that the path names.
    async fn connection(&self) -> std::result::Result<Connection, Stop> {
        self.present(&self.id()?).await
    }

    /// Returns the connection of that id; one that was deleted is not there.
    async fn present(&self, id: &ConnectionId) -> std::result::Result<Connection, Stop> {
        let gone = || {
            let text = format!("there is no connection `{}`", record::public(id));
            Stop::from(Error::new(Code::NotFound, text))
        };
        let found = self.done(GetConnection { connection: id.into(), user: None }).await;
        let one = found.map_err(|stop| match stop {
            Stop::Wrong(Wrong::Refused(error)) if error.code == Code::NotFound => gone(),
            other => other,
        })?;
        let is_there = one.status != Status::Revoked && one.toolkit != Slug::brokerage();
        if is_there { Ok(one) } else { Err(gone()) }
    }

    /// Returns the connections that were not deleted, the newest first.
    async fn connections(&self) -> std::result::Result<Vec<Connection>, Stop> {
        let mut all = self.done(Connected { user: None, all: true }).await?.connections;
        all.retain(|one| one.status != Status::Revoked);
        all.sort_by_key(|one| std::cmp::Reverse(one.created_at));
        Ok(all)
    }
}

/// Fails if a body says more than is known here.
fn nothing_else(body: &Map<String, Value>) -> Result<()> {
    body.keys().next().map_or(Ok(()), |field| Err(invalid(field, "is unknown here")))
}
