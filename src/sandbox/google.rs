//! What Google's apps have in common: the error envelope, how a caller is let in, JSON bodies.
//!
//! Source: Gmail API, "Resolve errors"; Calendar API, "Handle API errors".

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::World;
use super::guest::{self, Guest};
use super::http::{self, Call};
use crate::api::time::Millis;

/// The scopes of which one must have been granted, as the reference lists them for each method.
pub(super) type Scopes = &'static [&'static str];

/// What comes back: `null` is Google's empty reply, 204.
pub(super) type Answer = Result<Value, Refusal>;

/// What Google answers when it does not do what was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    reason: &'static str,
    /// What it says to people.
    pub(super) message: String,
}

impl Refusal {
    /// Makes a refusal with Google's word for the reason.
    pub(super) fn new(
        status: StatusCode,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, reason, message: message.into() }
    }

    /// Makes the 400 of an argument that cannot be.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalidArgument", message)
    }

    /// Makes the 404 of an id nobody has.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", "Requested entity was not found.")
    }

    /// Makes the 404 of a path nobody has.
    pub(super) fn no_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", "Not Found")
    }

    fn response(&self) -> Response {
        let status = match self.status {
            StatusCode::BAD_REQUEST => "INVALID_ARGUMENT",
            StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
            StatusCode::FORBIDDEN => "PERMISSION_DENIED",
            StatusCode::NOT_FOUND | StatusCode::GONE => "NOT_FOUND",
            StatusCode::CONFLICT => "ABORTED",
            StatusCode::PRECONDITION_FAILED => "FAILED_PRECONDITION",
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

/// Lets a caller in whose bearer was issued for `app`.
pub(super) fn admit(world: &World, call: &Call, app: &str, now: Millis) -> Result<Guest, Refusal> {
    guest::admit(world, call.bearer(), app, now)?.map_err(|_| {
        let text = "Request had invalid authentication credentials. Expected OAuth 2 access token, \
                    login cookie or other valid authentication credential. See \
                    https://developers.google.com/identity/sign-in/web/devconsole-project.";
        Refusal::new(StatusCode::UNAUTHORIZED, "authError", text)
    })
}

/// Refuses unless one of the scopes was granted.
pub(super) fn may(guest: &Guest, scopes: Scopes) -> Result<(), Refusal> {
    if guest.may(scopes) {
        return Ok(());
    }
    let text = "Request had insufficient authentication scopes.";
    Err(Refusal::new(StatusCode::FORBIDDEN, "insufficientPermissions", text))
}

/// Returns the JSON object that was sent; nothing sent is an empty one.
pub(super) fn body(call: &Call) -> Answer {
    if call.body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&call.body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "parseError", "Parse Error"))
}

/// Makes the reply.
pub(super) fn response(answer: Answer) -> Response {
    match answer {
        Ok(Value::Null) => http::reply(StatusCode::NO_CONTENT, "application/json", ""),
        Ok(body) => http::json(StatusCode::OK, &body),
        Err(refusal) => refusal.response(),
    }
}
