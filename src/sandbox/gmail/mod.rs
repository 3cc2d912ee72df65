//! Gmail as far as a mail program needs it: `users.messages`, `threads`, `labels`, `drafts`.
//!
//! Here: who may do what, and the vendor's error shape. Mailboxes are per account, the one that was
//! picked at consent. Left out: history, settings, batches, the upload paths, push.
//! Source: Gmail API reference, v1 REST.

mod drafts;
mod letters;
mod outgoing;
mod render;
mod search;
mod seed;
mod threads;

use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::World;
use super::http::{self, Call};
use super::store::grants::{self, Access};
use super::store::mail;
use crate::api::time::Millis;

/// Whose mailbox it is where any bearer is accepted.
const ANYONE: &str = "you@sandbox.example";

/// The scopes of which one must have been granted, as the reference lists them for each method.
type Scopes = &'static [&'static str];

const MAIL: &str = "https://mail.google.com/";
const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
const READ: &str = "https://www.googleapis.com/auth/gmail.readonly";
const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";
const COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
const SEND: &str = "https://www.googleapis.com/auth/gmail.send";
const LABELS: &str = "https://www.googleapis.com/auth/gmail.labels";

/// Scopes that open the bodies of letters, and those of drafts.
const BODIES: Scopes = &[MAIL, MODIFY, READ];
const DRAFTS: Scopes = &[MAIL, MODIFY, READ, COMPOSE];

/// A caller whose bearer was accepted, at its mailbox.
struct Caller<'a> {
    world: &'a World,
    call: &'a Call,
    mailbox: String,
    scope: Option<String>,
    now: Millis,
}

/// What Gmail answers when it does not do what was asked.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    reason: &'static str,
    message: String,
}

type Answer = Result<Value, Refusal>;

impl Refusal {
    fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalidArgument", message)
    }

    fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", "Requested entity was not found.")
    }

    fn response(&self) -> Response {
        let status = match self.status {
            StatusCode::BAD_REQUEST => "INVALID_ARGUMENT",
            StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
            StatusCode::FORBIDDEN => "PERMISSION_DENIED",
            StatusCode::NOT_FOUND => "NOT_FOUND",
            StatusCode::CONFLICT => "ABORTED",
            _ => "INTERNAL",
        };
        let error = json!({ "message": self.message, "domain": "global", "reason": self.reason });
        let body = json!({ "error": {
            "code": self.status.as_u16(),
            "message": self.message,
            "errors": [error],
            "status": status,
        } });
        let mut response = http::json(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge =
                "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
            http::set(&mut response, header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        let text = "The sandbox's database does not answer.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "backendError", text)
    }
}

impl Caller<'_> {
    fn may(&self, scopes: Scopes) -> Result<(), Refusal> {
        let granted = |scope: &str| scopes.contains(&scope);
        if self.scope.as_ref().is_none_or(|own| own.split(' ').any(granted)) {
            return Ok(());
        }
        let text = "Request had insufficient authentication scopes.";
        Err(Refusal::new(StatusCode::FORBIDDEN, "insufficientPermissions", text))
    }

    /// Returns the JSON object that was sent; nothing sent is an empty one.
    fn body(&self) -> Answer {
        if self.call.body.is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(&self.call.body)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "parseError", "Parse Error"))
    }

    /// Returns how many results are wanted at most, 100 unless told.
    fn limit(&self) -> Result<usize, Refusal> {
        let Some(text) = self.call.query.get("maxResults") else { return Ok(100) };
        match text.parse() {
            Ok(0) | Err(_) => {
                Err(Refusal::invalid(format!("Invalid value at 'max_results': {text:?}")))
            }
            Ok(limit) => Ok(limit.min(500)),
        }
    }

    /// Returns the position before which the page begins.
    fn page(&self) -> Result<i64, Refusal> {
        let Some(token) = self.call.query.get("pageToken") else { return Ok(i64::MAX) };
        token.parse().map_err(|_| Refusal::invalid("Invalid pageToken"))
    }
}

/// Answers `/gmail/v1/users/{user}/…`.
pub(super) fn answer(world: &World, call: &Call, user: &str, path: &[&str]) -> Response {
    match enter(world, call, user).and_then(|caller| dispatch(&caller, path)) {
        Ok(Value::Null) => http::reply(StatusCode::NO_CONTENT, "application/json", ""),
        Ok(body) => http::json(StatusCode::OK, &body),
        Err(refusal) => refusal.response(),
    }
}

/// Finds out who is calling, and makes the mailbox if this is the first time.
fn enter<'a>(world: &'a World, call: &'a Call, user: &str) -> Result<Caller<'a>, Refusal> {
    let refused = || {
        let text = "Request had invalid authentication credentials. Expected OAuth 2 access token, \
                    login cookie or other valid authentication credential. See \
                    https://developers.google.com/identity/sign-in/web/devconsole-project.";
        Refusal::new(StatusCode::UNAUTHORIZED, "authError", text)
    };
    let now = Millis::now();
    let token = call.bearer().ok_or_else(refused)?;
    let access: Access = world.store.read(|db| grants::access(db, token, "gmail", now))?;
    let (mailbox, scope) = match access {
        Access::Live(consent) => (consent.account, Some(consent.scope)),
        Access::Unknown if world.any_bearer => (ANYONE.to_owned(), None),
        Access::Unknown | Access::Dead => return Err(refused()),
    };
    if user != "me" && !user.eq_ignore_ascii_case(&mailbox) {
        let text = format!("Delegation denied for {mailbox}");
        return Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", text));
    }
    if !world.store.read(|db| mail::exists(db, &mailbox))? {
        world.store.write(|tx| seed::mailbox(tx, &mailbox, now))?;
    }
    Ok(Caller { world, call, mailbox, scope, now })
}

/// Every method that is played: its scopes, then what it does.
fn dispatch(caller: &Caller<'_>, path: &[&str]) -> Answer {
    const READERS: Scopes = &[MAIL, MODIFY, READ, METADATA];
    const WRITERS: Scopes = &[MAIL, MODIFY];
    const COMPOSERS: Scopes = &[MAIL, MODIFY, COMPOSE];
    let (get, post) = (caller.call.method == Method::GET, caller.call.method == Method::POST);
    let (put, delete) = (caller.call.method == Method::PUT, caller.call.method == Method::DELETE);
    let may = |scopes| caller.may(scopes);
    match path {
        ["profile"] if get => {
            may(&[MAIL, MODIFY, COMPOSE, READ, METADATA]).and_then(|()| letters::profile(caller))
        }
        ["messages"] if get => may(READERS).and_then(|()| letters::list(caller)),
        ["messages", "send"] if post => {
            may(&[MAIL, MODIFY, COMPOSE, SEND]).and_then(|()| letters::send(caller))
        }
        ["messages", id] if get => may(READERS).and_then(|()| letters::get(caller, id)),
        ["messages", id] if delete => may(&[MAIL]).and_then(|()| letters::delete(caller, id)),
        ["messages", id, change @ ("modify" | "trash" | "untrash")] if post => {
            may(WRITERS).and_then(|()| letters::relabel(caller, id, change))
        }
        ["messages", id, "attachments", part] if get => {
            may(BODIES).and_then(|()| letters::attachment(caller, id, part))
        }
        ["threads"] if get => may(READERS).and_then(|()| threads::list(caller)),
        ["threads", id] if get => may(READERS).and_then(|()| threads::get(caller, id)),
        ["labels"] if get => {
            may(&[MAIL, MODIFY, READ, LABELS, METADATA]).and_then(|()| threads::labels(caller))
        }
        ["labels"] if post => {
            may(&[MAIL, MODIFY, LABELS]).and_then(|()| threads::add_label(caller))
        }
        ["drafts"] if get => may(DRAFTS).and_then(|()| drafts::list(caller)),
        ["drafts"] if post => may(COMPOSERS).and_then(|()| drafts::put(caller, None)),
        ["drafts", "send"] if post => may(COMPOSERS).and_then(|()| drafts::send(caller)),
        ["drafts", id] if get => may(DRAFTS).and_then(|()| drafts::get(caller, id)),
        ["drafts", id] if put => may(COMPOSERS).and_then(|()| drafts::put(caller, Some(id))),
        ["drafts", id] if delete => may(COMPOSERS).and_then(|()| drafts::delete(caller, id)),
        _ => Err(Refusal::new(StatusCode::NOT_FOUND, "notFound", "Not Found")),
    }
}
