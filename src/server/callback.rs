//! Where browsers come back to from logins. Public: the `state` says whose login it is, once.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use url::Url;

use super::Site;
use super::naive::performed;
use crate::api::action::Outcome;
use crate::api::connections::ConnectState;
use crate::api::error::Error;
use crate::api::ids::UserRef;
use crate::callback::{Answer, PATH, finish, is_navigation, onward};
use crate::engine::{Call, Caller};

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

/// Ends a login, and sends the browser on or shows it how that went.
async fn returned(State(site): State<Arc<Site>>, request: Request) -> Response {
    let destination = request.headers().get("sec-fetch-dest").map(HeaderValue::to_str);
    // Whoever only wants to see a page's head, a preview of a link, ends no login.
    let navigates =
        request.method() == Method::GET && is_navigation(destination.and_then(Result::ok));
    let finish = finish(request.uri().query().unwrap_or_default()).filter(|_| navigates);
    let Some(finish) = finish else { return page(&Answer::Refused) };
    let call = Call::by(Caller::System, UserRef::own());
    let back = site.engine.returns_to(&finish.state);
    let ended = match performed(&site, call, finish.into()).await {
        Ok(Outcome::Done(reply)) => serde_json::from_value::<ConnectState>(reply)
            .map_err(|error| Error::internal("a login ended in another form", error)),
        Ok(Outcome::Pending(_)) => return page(&Answer::Refused),
        Err(error) => Err(error),
    };
    match ended {
        Ok(state) => connected(&site, &state),
        Err(error) => match error.reason.as_deref() {
            Some("state_unknown") => page(&Answer::Refused),
            Some("state_used") => page(&Answer::Done),
            _ => match back {
                Some(url) => go_on(&url),
                None => page(&Answer::Failed(&error.message)),
            },
        },
    }
}

/// Sends the browser on after a login that succeeded, or tells it so.
fn connected(site: &Site, state: &ConnectState) -> Response {
    if let Some(url) = onward(state) {
        return go_on(&url);
    }
    let name = site.engine.app_name(&state.toolkit);
    page(&Answer::Connected(&name, state.account.as_deref()))
}

/// Sends the browser on to an address.
pub(super) fn go_on(url: &Url) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, url.as_str())]).into_response()
}

fn page(answer: &Answer<'_>) -> Response {
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
