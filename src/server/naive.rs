//! The Naive API: each row of the table of actions, at each of its paths.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::callback::BROKER;
use super::fields::Kind;
use super::wrong::Wrong;
use super::{Site, answer, caller, fields};
use crate::api::action::{Action, Outcome};
use crate::api::error::{Code, Error, Result};
use crate::api::keys::Dialect;
use crate::api::reply::Reply;
use crate::api::routes::{Route, mounts, writes};
use crate::callback::PATH;
use crate::engine::{Call, Engine};

/// One action at one path.
#[derive(Debug)]
struct Place {
    route: &'static Route,
    /// Names of the holes in the path
    holes: Vec<String>,
    /// What the fields of its query are read as
    kinds: Vec<(String, Kind)>,
}

/// Returns every action at every path.
pub(super) fn routes() -> Router<Arc<Site>> {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let described = Action::described(&mut generator);
    let mut router = Router::new();
    for mount in mounts() {
        let route = mount.route;
        let input = described.iter().find(|one| one.action == route.action);
        let place = Arc::new(Place {
            route,
            holes: Route::holes(&mount.path).map(str::to_owned).collect(),
            kinds: input.map(|one| fields::kinds(&one.input)).unwrap_or_default(),
        });
        let handler = move |State(site): State<Arc<Site>>, params, request| async move {
            let answer = answered(&site, &place, params, request);
            site.engine.store().steadily(answer).await
        };
        router = router.route(&mount.path, on(method(route), handler));
    }
    router
}

/// Returns the method of a row, as the router takes it.
fn method(route: &Route) -> MethodFilter {
    match route.method {
        "GET" => MethodFilter::GET,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::POST,
    }
}

/// Answers a request that a path and a method have brought to an action.
async fn answered(
    site: &Arc<Site>,
    place: &Place,
    params: std::result::Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response {
    // What is no text names nothing.
    let Ok(params) = params else { return answer::nothing(request).await };
    let (parts, body) = request.into_parts();
    let known = match caller::known(site, &parts.headers, Dialect::Naive) {
        Ok(known) => known,
        Err(error) => return answer::failed(&error),
    };
    let allowance = known.allowance;
    let asked = async {
        allowance.check()?;
        let given = given(place, &parts, body).await?;
        let action = action(place, &params, given)?;
        Ok::<_, Wrong>((action, caller::call(&parts, known.caller)?))
    };
    let mut response = match asked.await {
        Ok((action, call)) => {
            let ended = performed(site, call, action).await;
            answer::ended(ended, place.route.makes())
        }
        Err(wrong) => answer::wrong(Dialect::Naive, wrong),
    };
    allowance.tell(response.headers_mut());
    response
}

/// Returns the fields that a request gives beside its path.
async fn given(
    place: &Place,
    parts: &Parts,
    body: axum::body::Body,
) -> std::result::Result<Map<String, Value>, Wrong> {
    let mut given = fields::body(parts, body).await?;
    if place.route.is_asked_by_query() {
        given.extend(fields::query(parts.uri.query().unwrap_or_default(), &place.kinds));
    }
    Ok(given)
}

/// Returns the action that a request asks for; what its path says counts.
///
/// Fails with `InvalidInput` for fields that are not the action's, and with `NotFound` where it is the path that
/// names what could not be there.
fn action(place: &Place, params: &RawPathParams, mut given: Map<String, Value>) -> Result<Action> {
    for (name, value) in params {
        given.insert(name.to_owned(), value.into());
    }
    Action::read(place.route.action, given).map_err(|error| {
        let is_hole = |pointer: &str| place.holes.iter().any(|hole| pointer[1..] == **hole);
        match error.details.as_slice() {
            [fault] if fault.pointer.len() > 1 && is_hole(&fault.pointer) => {
                Error::new(Code::NotFound, format!("nothing is called so: {}", fault.message))
            }
            _ => error,
        }
    })
}

/// Performs an action; one that changes something to its end, also if whoever asked does not wait for it.
///
/// A browser that this sends away comes back to this server, unless the call says where else.
pub(super) async fn performed(
    site: &Arc<Site>,
    mut call: Call,
    action: Action,
) -> Result<Outcome<Reply>> {
    if call.redirect_uri.is_none() && writes(action.name()) {
        let links_broker = matches!(action, Action::ConnectBroker(_));
        call.redirect_uri = Some(site.at(if links_broker { BROKER } else { PATH })?);
    }
    performed_in(site, &site.engine, call, action).await
}

/// Performs an action in one of the workspaces that are served, likewise.
pub(super) async fn performed_in(
    site: &Arc<Site>,
    engine: &Arc<Engine>,
    call: Call,
    action: Action,
) -> Result<Outcome<Reply>> {
    if !writes(action.name()) {
        return carried_out(site, engine, call, action).await;
    }
    let (site, engine) = (Arc::clone(site), Arc::clone(engine));
    let ended = tokio::spawn(async move { carried_out(&site, &engine, call, action).await });
    ended.await.unwrap_or_else(|error| Err(Error::internal("the call broke off", error)))
}

/// Performs an action, and sees to it that others hear of it.
async fn carried_out(
    site: &Arc<Site>,
    engine: &Arc<Engine>,
    call: Call,
    action: Action,
) -> Result<Outcome<Reply>> {
    let ended = engine.answer(&call, action).await;
    site.pass_warnings_on(engine);
    super::background::announce(site, engine);
    ended
}
