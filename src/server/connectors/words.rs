//! The envelope of the Connectors API, and its codes.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use crate::api::approvals::PendingApproval;
use crate::api::error::{Code, Error};
use crate::server::answer;
use crate::server::wrong::Wrong;

/// What went wrong, as clients of the API tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Word {
    BadRequest,
    ValidationError,
    PayloadTooLarge,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    TooManyRequests,
    ServiceUnavailable,
    /// Named so by us: the documents of the API have no word for it
    InternalError,
}

impl Word {
    fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::ValidationError => StatusCode::UNPROCESSABLE_ENTITY,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the word for what is wrong. What is wrong in its form is a `BAD_REQUEST`, what is wrong in one of its
    /// fields a `VALIDATION_ERROR`.
    fn of(wrong: &Wrong) -> Self {
        match wrong {
            Wrong::Refused(error) => Self::of_error(error),
            Wrong::TooLarge => Self::PayloadTooLarge,
            Wrong::Nowhere(_) => Self::NotFound,
            Wrong::OtherType
            | Wrong::Malformed(_)
            | Wrong::NoObject
            | Wrong::TooSlow
            | Wrong::OtherMethod(..) => Self::BadRequest,
        }
    }

    fn of_error(error: &Error) -> Self {
        let reason = error.reason.as_deref();
        match error.code {
            Code::InvalidInput if !error.details.is_empty() => Self::ValidationError,
            // The key of the app, not that of the caller.
            Code::Unauthorized if reason == Some("credential_refused") => Self::ValidationError,
            // No path names a connector: it is what a request says that is wrong.
            Code::NotFound if reason == Some("toolkit_unknown") => Self::BadRequest,
            Code::InvalidInput | Code::NotConfigured => Self::BadRequest,
            Code::Unauthorized => Self::Unauthorized,
            Code::Forbidden => Self::Forbidden,
            Code::NotFound => Self::NotFound,
            Code::DuplicateRequest | Code::DuplicateRecord | Code::OutcomeUnknown => Self::Conflict,
            Code::RateLimited => Self::TooManyRequests,
            Code::FeatureNotConfigured | Code::ProviderError => Self::ServiceUnavailable,
            Code::InternalError => Self::InternalError,
        }
    }
}

/// Returns what was asked for.
pub(super) fn data(status: StatusCode, data: &impl Serialize) -> Response {
    answer::json(status, &json!({ "success": true, "data": data }))
}

/// Returns what is told of a call that waits for a person.
pub(super) fn held(pending: &PendingApproval) -> Response {
    data(StatusCode::ACCEPTED, &json!({ "approval": pending }))
}

/// Returns what is wrong with a request.
pub(in crate::server) fn wrong(wrong: Wrong) -> Response {
    let code = Word::of(&wrong);
    let status = wrong.status().unwrap_or_else(|| code.status());
    let message = message(&wrong.into_error());
    let body = json!({ "success": false, "error": { "code": code, "message": message } });
    let mut response = answer::json(status, &body);
    answer::ask_for_key(&mut response);
    response
}

/// Returns the message of an error, and with it everything that was found wrong: there is no other place for that.
fn message(error: &Error) -> String {
    let faults = error.details.iter().map(|fault| {
        let field = fault.pointer.trim_start_matches('/');
        format!("`{field}` {}", fault.message)
    });
    let faults: Vec<_> = faults.collect();
    if faults.is_empty() {
        return error.message.clone();
    }
    format!("{}: {}", error.message, faults.join(", "))
}
