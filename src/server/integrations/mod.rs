//! The Integrations API: apps, each with toolkits it has enabled and users who connect them. Routes only: every change
//! is an action, and the engine of the app judges and performs it as for any other door.
//!
//! An app is a workspace of its own. Its keys lie in the workspace that is served; each is for one app.

mod apps;
mod back;
mod catalog;
mod configure;
mod connections;
mod enabled;
mod execute;
mod read;
mod who;
pub(super) mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, patch, post};
use serde_json::{Map, Value};

use super::dialect::{Answered, Named, Stop, parts_of};
use super::{Site, dialect, fields};
use crate::api::action::Operation;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{AppId, UserRef};
use crate::api::routes::mounts;
use crate::engine::{Call, Engine};
pub(super) use apps::Apps;
use who::{For, Who};

/// A request whose caller and app are known.
struct Asked {
    site: Arc<Site>,
    app: Arc<Engine>,
    id: AppId,
    who: Who,
    parts: Parts,
    /// Fields of its body
    body: Map<String, Value>,
    /// What its path names beside the app, empty if that is nothing or could not be read
    name: String,
}

/// Returns every path of the API.
pub(super) fn routes() -> Router<Arc<Site>> {
    let at = |path: &str| format!("/v1/{{app}}/integrations/{path}");
    Router::new()
        .route(
            &at("available"),
            get(|State(site), named, request| {
                answered(site, named, request, For::Admins, catalog::available)
            }),
        )
        .route(
            &at("config"),
            get(|State(site), named, request| {
                answered(site, named, request, For::Admins, configure::list)
            }),
        )
        .route(
            &at("configure"),
            post(|State(site), named, request| {
                answered(site, named, request, For::Admins, configure::enable)
            }),
        )
        .route(
            &at("configure/{name}"),
            delete(|State(site), named, request| {
                answered(site, named, request, For::Admins, configure::disable)
            }),
        )
        .route(
            &at("configure/{name}/credentials"),
            patch(|State(site), named, request| {
                answered(site, named, request, For::Admins, configure::rotate)
            }),
        )
        .merge(of_users())
        .route(&at("callback"), get(back::returned))
}

/// Returns the paths that are for users of an app, too.
fn of_users() -> Router<Arc<Site>> {
    let at = |path: &str| format!("/v1/{{app}}/integrations/{path}");
    Router::new()
        .route(
            &at("connect"),
            post(|State(site), named, request| {
                answered(site, named, request, For::Users, connections::connect)
            }),
        )
        .route(
            &at("connections"),
            get(|State(site), named, request| {
                answered(site, named, request, For::Users, connections::list)
            }),
        )
        .route(
            &at("connections/{name}"),
            delete(|State(site), named, request| {
                answered(site, named, request, For::Users, connections::end)
            }),
        )
        .route(
            &at("tools"),
            get(|State(site), named, request| {
                answered(site, named, request, For::Users, catalog::tools)
            }),
        )
        .route(
            &at("execute"),
            post(|State(site), named, request| {
                answered(site, named, request, For::Users, execute::execute)
            }),
        )
}

/// Tells whether a path lies below an app's integrations.
pub(super) fn is_below(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let (root, app, name) = (parts.next(), parts.next(), parts.next());
    root == Some("v1")
        && name == Some("integrations")
        && app.is_some_and(|app| !app.is_empty() && !is_taken(app))
}

/// Tells whether a word begins paths of the Naive API, and so names no app.
fn is_taken(word: &str) -> bool {
    let begins = |path: &str| path.split('/').nth(2) == Some(word);
    mounts().iter().any(|mount| begins(&mount.path))
}

/// Reads the id of an app; fails with `NotFound` if it could not be one.
fn app_id(text: &str) -> Result<AppId> {
    let id = text.parse().ok().filter(|id: &AppId| !is_taken(id.as_str()));
    id.ok_or_else(no_app)
}

fn no_app() -> Error {
    Error::new(Code::NotFound, "there is no such app")
}

/// Returns the path at which browsers come back from the logins of an app's users.
pub(super) fn callback(app: &AppId) -> String {
    format!("/v1/{app}/integrations/callback")
}

/// Answers a request once it is known who calls, for which app, and that they may call now.
async fn answered<F>(
    site: Arc<Site>,
    named: Named,
    request: Request,
    wanted: For,
    answer: impl FnOnce(Asked) -> F + Send,
) -> Response
where
    F: Future<Output = Answered> + Send,
{
    let (parts, body) = request.into_parts();
    let mut named = parts_of(named);
    let id = app_id(&named.next().unwrap_or_default());
    let shown = id.and_then(|id| Ok((who::shown(&site, &parts.headers, &id)?, id)));
    let ((shown, allowance), id) = match shown {
        Ok(shown) => shown,
        Err(error) => return words::wrong(error.into()),
    };
    let ended = async {
        allowance.check()?;
        let body = fields::body(&parts, body).await?;
        who::check(&site, &shown, wanted, &id)?;
        switched_on(&site, &parts.method)?;
        let app = site.apps.opened(&site.engine, &id)?;
        let who = who::entered(&app, shown)?;
        let name = named.next().unwrap_or_default();
        answer(Asked { site: Arc::clone(&site), app, id, who, parts, body, name }).await
    };
    let mut response = match ended.await {
        Ok(response) => response,
        Err(Stop::Wrong(wrong)) => words::wrong(wrong),
        Err(Stop::Held(pending)) => super::answer::json(StatusCode::ACCEPTED, &*pending),
    };
    allowance.tell(response.headers_mut());
    response
}

/// Fails with `FeatureNotConfigured` where the operator has switched connections off for this server, and so for all
/// of its apps, unless it is only looked at what there is or something is taken away.
fn switched_on(site: &Site, method: &Method) -> Result<()> {
    let looks = matches!(*method, Method::GET | Method::HEAD | Method::DELETE);
    if looks || site.engine.store().workspace()?.connections {
        return Ok(());
    }
    let text = "connections are switched off on this server";
    Err(Error::new(Code::FeatureNotConfigured, text).reason("connections_off"))
}

impl Asked {
    /// Returns what the query says of a field, if it says something.
    fn query(&self, field: &str) -> Option<String> {
        dialect::query(&self.parts, field)
    }

    /// Returns a call in the workspace of the app.
    fn call(&self) -> Result<Call> {
        Ok(Call {
            redirect_uri: Some(self.site.at(&callback(&self.id))?),
            browser: true,
            ..Call::by(self.who.caller().clone(), UserRef::own())
        })
    }

    /// Performs an operation in the workspace of the app.
    async fn done<O: Operation>(&self, op: O) -> std::result::Result<O::Reply, Stop> {
        self.called(self.call()?, op).await
    }

    /// Performs it with what the call carries beside it.
    async fn called<O: Operation>(&self, call: Call, op: O) -> std::result::Result<O::Reply, Stop> {
        dialect::done(&self.site, &self.app, call, op).await
    }
}

/// Returns the answer that there is nothing to say.
fn empty() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
