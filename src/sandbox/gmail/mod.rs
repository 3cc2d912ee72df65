//! Gmail as far as a mail program needs it: `users.messages`, `threads`, `labels`, `drafts`.
//!
//! Here: who may do what. Mailboxes are per account, the one that was
//! picked at consent. Left out: history, settings, batches, the upload paths, push.
//! Source: Gmail API reference, v1 REST.

mod drafts;
mod letters;
mod outgoing;
mod render;
mod search;
mod seed;
mod threads;

use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::World;
use super::google::{self, Answer, Refusal, Scopes};
use super::guest::Guest;
use super::http::Call;
use super::store::mail;
use crate::api::time::Millis;

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
    guest: Guest,
    now: Millis,
}

impl Caller<'_> {
    fn may(&self, scopes: Scopes) -> Result<(), Refusal> {
        google::may(&self.guest, scopes)
    }

    fn body(&self) -> Answer {
        google::body(self.call)
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
    google::response(enter(world, call, user).and_then(|caller| dispatch(&caller, path)))
}

/// Finds out who is calling, and makes the mailbox if this is the first time.
fn enter<'a>(world: &'a World, call: &'a Call, user: &str) -> Result<Caller<'a>, Refusal> {
    let now = Millis::now();
    let guest = google::admit(world, call, "gmail", now)?;
    let mailbox = guest.account.clone();
    if user != "me" && !user.eq_ignore_ascii_case(&mailbox) {
        let text = format!("Delegation denied for {mailbox}");
        return Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", text));
    }
    if !world.store.read(|db| mail::exists(db, &mailbox))? {
        world.store.write(|tx| seed::mailbox(tx, &mailbox, now))?;
    }
    Ok(Caller { world, call, mailbox, guest, now })
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
        _ => {
            caller.call.leave();
            Err(Refusal::no_path())
        }
    }
}
