//! Who sits at the browser: a one-time link makes a session, a cookie goes on with it, and a token in each form
//! shows that it is the session's own. All three are known here by their hashes alone.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use secrecy::SecretString;
use subtle::ConstantTimeEq as _;
use url::{Url, form_urlencoded};

use super::form::Fields;
use super::layout;
use super::{ROOT, html};
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::server::Site;
use crate::store::Store;
use crate::vault::access;

/// How long a one-time link is good.
const LINK_LIFE: Duration = Duration::from_mins(5);
/// How long a session goes on.
const SESSION_LIFE: Duration = Duration::from_hours(12);
/// Largest form, in bytes.
const LARGEST: usize = 64 * 1024;
/// Name of the field in each form that shows whose it is.
pub(super) const TOKEN: &str = "csrf";

/// A browser that is signed in.
#[derive(Clone)]
pub(super) struct Session {
    hash: [u8; 32],
    /// What its forms hold
    pub(super) token: Arc<str>,
}

impl Session {
    fn of(cookie: &SecretString) -> Self {
        Self { hash: access::hash(cookie), token: access::derived(cookie, "dashboard form").into() }
    }

    /// Tells whether it goes on.
    pub(super) fn goes_on(&self, site: &Site) -> Result<bool> {
        site.engine.store().is_signed_in(&self.hash, Millis::now())
    }

    /// Tells whether a form is the session's own.
    fn owns(&self, fields: &Fields) -> bool {
        let given = fields.text(TOKEN).unwrap_or_default();
        bool::from(given.as_bytes().ct_eq(self.token.as_bytes()))
    }
}

/// Makes a link below a server's address that signs a browser in, once, and until the time that it returns.
pub(crate) fn link(store: &Store, server: &Url) -> Result<(Url, Millis)> {
    let (ticket, now) = (access::mint_browser(), Millis::now());
    let until = now.after(LINK_LIFE);
    store.put_ticket(&access::hash(&ticket), until, now)?;
    let mut url = server
        .join(&format!("{ROOT}/enter"))
        .map_err(|error| Error::internal("the server's address has no such place", error))?;
    url.query_pairs_mut().append_pair("ticket", &access::told_once(&ticket));
    Ok((url, until))
}

/// Signs a browser in that brings a one-time link, and has it go on by itself: from a page of this site, so that
/// its cookie comes along wherever the link was opened.
pub(super) async fn enter(State(site): State<Arc<Site>>, request: Request) -> Response {
    let entered = entered(&site, &request);
    match entered {
        Ok(Entry::New(cookie)) => {
            let mut response = html(StatusCode::OK, &layout::onward("You are signed in", ROOT));
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        Ok(Entry::Known) => html(StatusCode::OK, &layout::onward("You are signed in", ROOT)),
        Ok(Entry::Over) => html(StatusCode::GONE, &layout::link_is_over()),
        Err(error) => super::alone(&error),
    }
}

/// What a one-time link has led to.
enum Entry {
    /// A session, which goes on by this cookie
    New(HeaderValue),
    /// The browser is signed in already
    Known,
    /// The link is not good, or not any more
    Over,
}

/// Makes a session of a link that is good.
fn entered(site: &Site, request: &Request) -> Result<Entry> {
    if of(site, request.headers())?.is_some() {
        return Ok(Entry::Known);
    }
    // Whoever only looks ahead, at a page's head or at what a link may lead to, uses up no link.
    let looks_ahead =
        request.method() != Method::GET || request.headers().contains_key("sec-purpose");
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let ticket = form_urlencoded::parse(query).find(|(name, _)| name == "ticket");
    let Some((_, ticket)) = ticket.filter(|_| !looks_ahead) else { return Ok(Entry::Over) };
    let (ticket, cookie) = (SecretString::from(&*ticket), access::mint_browser());
    let now = Millis::now();
    let session = (&access::hash(&cookie)[..], now.after(SESSION_LIFE));
    if !site.engine.store().take_ticket(&access::hash(&ticket), session, now)? {
        return Ok(Entry::Over);
    }
    set_cookie(site, &access::told_once(&cookie), SESSION_LIFE).map(Entry::New)
}

/// Returns the header that gives a browser its cookie, for a while.
fn set_cookie(site: &Site, value: &str, life: Duration) -> Result<HeaderValue> {
    let (name, seconds) = (name(site)?, life.as_secs());
    let secure = if site.url.scheme() == "https" { "; Secure" } else { "" };
    let text = format!(
        "{name}={value}; Path={ROOT}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&text)
        .map_err(|error| Error::internal("the cookie cannot be written", error))
}

/// Returns the name of the cookie. It tells stores apart: browsers do not tell ports apart.
fn name(site: &Site) -> Result<String> {
    let id = site.engine.store().id()?;
    Ok(format!("naive_{}", id.chars().take(8).collect::<String>()))
}

/// Returns the session that a request goes on with, if there is one.
fn of(site: &Site, headers: &HeaderMap) -> Result<Option<Session>> {
    let name = name(site)?;
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|one| one.split_once('='));
    let cookie = pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim());
    let Some(session) = cookie.map(|value| Session::of(&value.into())) else { return Ok(None) };
    Ok(session.goes_on(site)?.then_some(session))
}

/// Lets a signed-in person in, and nobody else; a form only if it is the session's own.
pub(super) async fn guard(
    State(site): State<Arc<Site>>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.headers().contains_key(header::AUTHORIZATION) {
        let text = "the dashboard is for a person, and takes no key";
        return super::alone(&Error::new(Code::Forbidden, text).hint("call the API with the key"));
    }
    let session = match of(&site, request.headers()) {
        Ok(Some(session)) => session,
        Ok(None) => return stranger(&request),
        Err(error) => return super::alone(&error),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let (parts, body) = request.into_parts();
        let fields = match sent(&parts.headers, body, &session).await {
            Ok(fields) => fields,
            Err(error) => return super::alone(&error),
        };
        request = Request::from_parts(parts, Body::empty());
        request.extensions_mut().insert(fields);
    }
    request.extensions_mut().insert(session);
    next.run(request).await
}

/// Answers a browser that brings no cookie. One that another site has sent keeps its cookie to itself until it
/// goes on from a page of this one.
fn stranger(request: &Request) -> Response {
    let comes_from = request.headers().get("sec-fetch-site");
    let sent_here = comes_from.is_some_and(|site| site == "cross-site");
    let place = request.extensions().get::<OriginalUri>();
    let path = place.and_then(|place| place.0.path_and_query());
    match path {
        Some(path) if sent_here && request.method() == Method::GET => {
            html(StatusCode::OK, &layout::onward("Back to the dashboard", path.as_str()))
        }
        Some(_) | None => html(StatusCode::UNAUTHORIZED, &layout::sign_in()),
    }
}

/// Reads a form; fails with `Forbidden` if it is not the session's own.
async fn sent(headers: &HeaderMap, body: Body, session: &Session) -> Result<Fields> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Error::new(Code::InvalidInput, "this is no form of the dashboard"));
    }
    let bytes = to_bytes(body, LARGEST).await.map_err(|_| {
        let text = format!("the form is larger than {} KiB, or did not come whole", LARGEST / 1024);
        Error::new(Code::InvalidInput, text)
    })?;
    let fields = Fields::of(&bytes);
    if session.owns(&fields) {
        return Ok(fields);
    }
    Err(Error::new(
        Code::Forbidden,
        "this form is not of the session that you are in, so nothing was done",
    )
    .hint("go back, reload the page, and send it again")
    .reason("csrf"))
}

/// Ends a session, and has the browser forget its cookie.
pub(super) async fn sign_out(desk: super::Desk) -> Response {
    let forgotten = set_cookie(&desk.site, "", Duration::ZERO);
    let ended = desk.site.engine.store().sign_out(&desk.session.hash);
    match ended.and(forgotten) {
        Ok(cookie) => {
            let mut response = html(StatusCode::OK, &layout::signed_out());
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        Err(error) => super::alone(&error),
    }
}
