//! Where browsers come back to from logins. Public: the `state` says whose login it is, once.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use url::Url;

use super::Site;
use super::dialect::{Stop, done};
use crate::api::connections::{ConnectState, Finish};
use crate::api::error::Error;
use crate::api::ids::UserRef;
use crate::callback::{Answer, PATH, finish, is_navigation, onward};
use crate::engine::{Call, Caller, Engine};

/// Path of the callback for brokerage accounts.
pub(super) const BROKER: &str = "/v1/trading/oauth/callback";

/// Path of the callback for logins that the Connectors API begins.
pub(super) const CONNECTORS: &str = "/api/v1/connections/oauth/callback";

/// Where people go back to from a page of this server.
const BACK: &str = "where you came from";

/// Returns the routes of all callbacks.
pub(super) fn routes() -> Router<Arc<Site>> {
    let paths = [PATH, BROKER, CONNECTORS];
    paths.into_iter().fold(Router::new(), |router, path| router.route(path, get(returned)))
}

/// How a login ended that a browser came back from.
pub(super) enum End {
    /// It is none of ours, or whoever asked is no browser that goes somewhere
    Refused,
    /// It had ended before
    Done,
    /// It succeeded
    Connected(Box<ConnectState>),
    /// It failed; the address, if one was named for that, says so as the Naive API does
    Failed(Error, Option<Url>),
}

/// Ends a login of the workspace that is served, and sends the browser on or shows it how that went.
async fn returned(State(site): State<Arc<Site>>, request: Request) -> Response {
    match ended(&site, &site.engine, brought(&request)).await {
        End::Refused => page(&Answer::Refused),
        End::Done => page(&Answer::Done),
        End::Connected(state) => match onward(&state) {
            Some(url) => go_on(&url),
            None => connected(&site.engine, &state),
        },
        End::Failed(_, Some(url)) => go_on(&url),
        End::Failed(error, None) => page(&Answer::Failed(&error.message)),
    }
}

/// Returns what a browser brings that comes back from a login, if it does.
pub(super) fn brought(request: &Request) -> Option<Finish> {
    let destination = request.headers().get("sec-fetch-dest").map(HeaderValue::to_str);
    // Whoever only wants to see a page's head, a preview of a link, ends no login.
    let navigates =
        request.method() == Method::GET && is_navigation(destination.and_then(Result::ok));
    finish(request.uri().query().unwrap_or_default()).filter(|_| navigates)
}

/// Ends a login with what a browser has brought from it.
pub(super) async fn ended(site: &Arc<Site>, engine: &Arc<Engine>, brought: Option<Finish>) -> End {
    let Some(finish) = brought else { return End::Refused };
    let call = Call::by(Caller::System, UserRef::own());
    let back = engine.returns_to(&finish.state);
    match done(site, engine, call, finish).await {
        Ok(state) => End::Connected(Box::new(state)),
        Err(Stop::Held(_)) => End::Refused,
        Err(Stop::Wrong(wrong)) => {
            let error = wrong.into_error();
            match error.reason.as_deref() {
                Some("state_unknown") => End::Refused,
                Some("state_used") => End::Done,
                _ => End::Failed(error, back),
            }
        }
    }
}

/// Tells the browser that a login succeeded.
pub(super) fn connected(engine: &Engine, state: &ConnectState) -> Response {
    let name = engine.app_name(&state.toolkit);
    page(&Answer::Connected(&name, state.account.as_deref()))
}

/// Sends the browser on to an address.
pub(super) fn go_on(url: &Url) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, url.as_str())]).into_response()
}

/// Shows the browser how a login ended.
pub(super) fn page(answer: &Answer<'_>) -> Response {
    let page = answer.page(BACK);
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::OK);
    let mut response = (status, page.body).into_response();
    for (name, value) in page.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
