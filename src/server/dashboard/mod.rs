//! The dashboard: pages for the person in charge. Made on the server; of scripts they need none.
//!
//! Like every front door it translates: a page is made of replies, a form becomes an action, and the gate judges
//! both as the operator's own. Whoever brings a key is refused: keys have the API.

mod card;
mod connecting;
mod connections;
mod decide;
mod form;
mod inbox;
mod keys;
mod kits;
mod layout;
mod live;
mod login;
mod logs;
mod parts;
mod session;
mod toolkits;
mod trading;

pub(crate) use session::link;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use url::{Url, form_urlencoded};

use super::Site;
use super::naive::performed;
use crate::api::action::{Operation, Outcome};
use crate::api::approvals::{ApprovalStatus, ListApprovals};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::UserRef;
use crate::api::workspace::{ListUsers, User};
use crate::engine::{Call, Caller};
use form::Fields;
use layout::{Frame, Place};
use session::Session;

/// Path of the first page; all others are below it.
const ROOT: &str = "/dashboard";
/// How many approvals are counted beside the name of the inbox.
const COUNTED: u32 = 99;
/// What a page may load, and where its forms may go: this server alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Returns the routes of all pages and forms.
pub(super) fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    let inside = Router::new()
        .route("/", get(inbox::waiting))
        .route("/inbox", get(inbox::fragment))
        .route("/live", get(live::stream))
        .route("/history", get(inbox::history))
        .route("/sign-out", post(session::sign_out))
        .merge(decide::routes())
        .merge(connections::routes())
        .merge(connecting::routes())
        .merge(toolkits::routes())
        .merge(trading::routes())
        .merge(keys::routes())
        .merge(kits::routes())
        .route("/logs", get(logs::page))
        .fallback(nothing)
        .method_not_allowed_fallback(nothing)
        .layer(from_fn_with_state(Arc::clone(site), session::guard));
    let below = Router::new()
        .route("/enter", get(session::enter))
        .route("/style.css", get(async || asset("text/css", include_str!("assets/style.css"))))
        .route("/live.js", get(async || asset("text/javascript", include_str!("assets/live.js"))))
        .merge(inside)
        .layer(map_response(headed));
    Router::new().nest(ROOT, below)
}

/// Gives an answer the headers that all have.
///
/// A form says where it comes from by its `Origin`, which browsers leave out under `no-referrer`.
async fn headed(mut response: Response) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

/// Answers with a file of the program's own.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    response
}

/// Returns a page under a status.
fn html(status: StatusCode, page: &Markup) -> Response {
    let mut response = Response::new(Body::from(page.0.clone()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Returns the page of an error to somebody of whom it is not known that they are signed in.
fn alone(error: &Error) -> Response {
    html(status(error), &layout::alone("That did not work", &parts::trouble(error)))
}

/// Returns the status of an error. Whoever sees it is signed in: what is `unauthorized` is an app's to say.
fn status(error: &Error) -> StatusCode {
    let status = if error.code == Code::Unauthorized { 400 } else { error.code.status() };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns an address below the dashboard, with the fields of its query.
fn at(path: &str, query: &[(&str, &str)]) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query);
    let query = pairs.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{ROOT}{path}{mark}{query}")
}

/// Answers what no path leads to.
async fn nothing(desk: Desk) -> Response {
    let error = Error::new(Code::NotFound, "there is no such page here");
    desk.answer(None, Err(error)).await
}

/// What a request leads to.
enum Answer {
    /// A page: its title, and what stands on it
    Page(String, Markup),
    /// The same, and above it what went wrong
    Trouble(String, Markup, Error),
    /// Another page, by its address
    Onward(String),
}

/// One request of a signed-in person, and what it is answered from.
struct Desk {
    site: Arc<Site>,
    session: Session,
    /// What a form has sent
    form: Fields,
    /// What stands in the address behind the question mark
    query: Fields,
}

impl FromRequestParts<Arc<Site>> for Desk {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        site: &Arc<Site>,
    ) -> std::result::Result<Self, Response> {
        let query = Fields::of(parts.uri.query().unwrap_or_default().as_bytes());
        let form = parts.extensions.get::<Fields>().cloned().unwrap_or_default();
        let State(site) = State(Arc::clone(site));
        match parts.extensions.get::<Session>().cloned() {
            Some(session) => Ok(Self { site, session, form, query }),
            None => Err(self::html(StatusCode::UNAUTHORIZED, &layout::sign_in())),
        }
    }
}

impl Desk {
    /// Asks the engine as the operator.
    async fn ask<O: Operation>(&self, op: O) -> Result<O::Reply> {
        self.ask_with(call(), op).await
    }

    /// The same, with what a call carries beside its action.
    async fn ask_with<O: Operation>(&self, call: Call, op: O) -> Result<O::Reply> {
        match Box::pin(performed(&self.site, call, op.into())).await?.valued()?.typed::<O>()? {
            Outcome::Done(reply) => Ok(reply),
            Outcome::Pending(pending) => {
                let text = format!("`{}` was held for approval", pending.action_type);
                Err(Error::new(Code::Forbidden, text).hint("decide about it in the inbox"))
            }
        }
    }

    /// Returns an address of this server, for browsers that come back from elsewhere.
    fn back(&self, path: &str, query: &[(&str, &str)]) -> Result<Url> {
        self.site.at(&at(path, query))
    }

    /// Returns the field that shows whose a form is.
    fn token(&self) -> Markup {
        html! { input type="hidden" name=(session::TOKEN) value=(self.session.token); }
    }

    /// Returns all users, and the one that the address names, `default` if it names none.
    async fn users(&self) -> Result<(Vec<User>, User)> {
        self.users_with(&self.query).await
    }

    /// The same, where a form names the user.
    async fn users_with(&self, fields: &Fields) -> Result<(Vec<User>, User)> {
        let users = self.ask(ListUsers {}).await?.users;
        let named = fields.text("user").unwrap_or("default");
        let is_named = |user: &&User| user.handle() == named || user.id == named;
        let found = users.iter().find(is_named).cloned();
        let found = found.ok_or_else(|| {
            Error::new(Code::NotFound, format!("there is no user `{named}`"))
                .hint("choose one of the list")
        })?;
        Ok((users, found))
    }

    /// Returns the answer as it is sent, with what stands around every page.
    async fn answer(&self, place: Option<Place>, answer: Result<Answer>) -> Response {
        let (status, title, body) = match answer {
            Ok(Answer::Onward(path)) => return onward(&path),
            Ok(Answer::Page(title, body)) => (StatusCode::OK, title, body),
            Ok(Answer::Trouble(title, body, error)) => {
                (self::status(&error), title, html! { (parts::trouble(&error)) (body) })
            }
            Err(error) => {
                let missing = error.code == Code::NotFound;
                let title = if missing { "Not found" } else { "That did not work" };
                let body = html! { h1 { (title) } (parts::trouble(&error)) };
                (self::status(&error), title.to_owned(), body)
            }
        };
        let frame = Frame {
            place,
            waiting: self.waiting().await.unwrap_or_default(),
            simulated: self.site.engine.is_simulated(),
            token: self.token(),
        };
        self::html(status, &layout::page(&frame, &title, &body))
    }

    /// Returns how many approvals wait for a person.
    async fn waiting(&self) -> Result<usize> {
        let pending = Some(ApprovalStatus::Pending);
        let op = ListApprovals { status: pending, user: None, limit: Some(COUNTED), cursor: None };
        Ok(self.ask(op).await?.approvals.len())
    }
}

/// Returns a call of the person at the browser.
fn call() -> Call {
    Call { browser: true, ..Call::by(Caller::Human, UserRef::own()) }
}

/// Sends a browser on to another page with a plain request.
fn onward(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let place = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static(ROOT));
    response.headers_mut().insert(header::LOCATION, place);
    response
}
