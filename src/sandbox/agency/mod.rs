//! Whoever performs the sensitive actions of the sandbox: a bank that issues cards, a registrar, a
//! verifier, an agent that forms companies. Nothing is charged, bought, filed or asked of anybody.
//!
//! `POST /actions/<action>` takes the input as JSON, the user in `X-Naive-User` and honours
//! `Idempotency-Key` as draft-ietf-httpapi-idempotency-key-header does; `GET /actions/keys/<key>` tells
//! what was done under a key.

mod desk;

use axum::http::{HeaderName, Method, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::World;
use super::http::{self, Call};
use super::page;
use super::store::objects;
use desk::Desk;

/// The name under which the shelves, and the failures that were asked for, are known.
pub(super) const APP: &str = "actions";

/// Something that is refused.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    word: &'static str,
    text: String,
}

impl Refusal {
    fn new(status: StatusCode, word: &'static str, text: impl Into<String>) -> Self {
        Self { status, word, text: text.into() }
    }

    /// Makes the refusal of a request that says something wrong.
    fn invalid(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", text)
    }

    fn body(&self) -> Value {
        json!({ "error": { "code": self.word, "message": self.text } })
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        let text = "the sandbox's database does not answer";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", text)
    }
}

/// Answers `/actions/…`.
pub(super) fn answer(world: &World, call: &Call, path: &[&str]) -> Response {
    let done = match (&call.method, path) {
        (&Method::GET, ["pages", "checkout", card]) => {
            let text = "Here its holder would enter where the card is sent and see its number.";
            return page::stand_in("A card of the sandbox", card, text);
        }
        (&Method::GET, ["pages", "verify", verification]) => {
            let text = "Here a person would show a document and their face.";
            return page::stand_in("A verification of the sandbox", verification, text);
        }
        (&Method::GET, ["keys", key]) => told(world, call, key),
        (&Method::POST, [action]) => performed(world, call, action),
        _ => Err(nowhere()),
    };
    done.unwrap_or_else(|refusal| http::json(refusal.status, &refusal.body()))
}

/// Tells what was done under a key.
fn told(world: &World, call: &Call, key: &str) -> Result<Response, Refusal> {
    let account = account(user(call)?);
    let kept = world.store.read(|db| objects::kept(db, &account, key, &[]))?;
    let done = kept.filter(|kept| (200..300).contains(&kept.status)).ok_or_else(|| {
        let text = "nothing was done under this key";
        Refusal::new(StatusCode::NOT_FOUND, "key_unknown", text)
    })?;
    Ok(replayed(StatusCode::OK, done.body))
}

/// Performs an action once a key, and answers what it answered then from the second time on.
fn performed(world: &World, call: &Call, action: &str) -> Result<Response, Refusal> {
    let bad = |text| Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", text);
    let user = user(call)?;
    let key = call.header("idempotency-key").filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| bad("`Idempotency-Key` is missing, or longer than 255 letters"))?;
    let Some(Value::Object(input)) = call.json() else {
        return Err(bad("the body is no JSON object, or is not said to be"));
    };
    let request = Sha256::new().chain_update(action).chain_update(b"\n").chain_update(&call.body);
    let (account, request) = (account(user), request.finalize());
    world.store.write(|tx| {
        if let Some(kept) = objects::kept(tx, &account, key, &request)? {
            if !kept.same {
                let text = "this key was used for another request";
                return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", text));
            }
            let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
            return Ok(replayed(status, kept.body));
        }
        let (status, body) = match dispatch(tx, (&world.base, user), action, &input) {
            // What is at fault here may be gone the next time; what was refused stays refused.
            Err(refusal) if refusal.status.is_server_error() => return Err(refusal),
            Err(refusal) => (refusal.status, refusal.body()),
            Ok(body) => (StatusCode::OK, body),
        };
        objects::keep(tx, &account, key, &request, (status.as_u16(), &body.to_string()))?;
        Ok(http::json(status, &body))
    })
}

fn dispatch(
    db: &Connection,
    (base, user): (&str, &str),
    action: &str,
    input: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let desk = Desk { db, base, user, input };
    match action {
        "cards.create" => desk.card(),
        "cards.cardholder.create" => desk.cardholder(),
        "cards.topup" => desk.top_up(),
        "domains.purchase" => desk.domain(),
        "verification.start" => desk.verification(),
        "formation.create" => desk.formation(),
        "formation.submit" => desk.filing(),
        _ => Err(nowhere()),
    }
}

fn replayed(status: StatusCode, body: String) -> Response {
    let mut response = http::reply(status, "application/json; charset=utf-8", body);
    http::set(&mut response, HeaderName::from_static("idempotent-replayed"), "true");
    response
}

fn nowhere() -> Refusal {
    let text = "the sandbox knows no such action";
    Refusal::new(StatusCode::NOT_FOUND, "action_unknown", text)
}

/// Returns the user a request is for.
fn user(call: &Call) -> Result<&str, Refusal> {
    call.header("x-naive-user").filter(|user| !user.is_empty()).ok_or_else(|| {
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", "`X-Naive-User` is missing")
    })
}

/// Returns the account under which the replies to a user's requests are kept.
fn account(user: &str) -> String {
    format!("{APP}:{user}")
}
