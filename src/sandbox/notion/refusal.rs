//! Notion's error object. Source: developers.notion.com/reference/status-codes.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::api::ids;
use crate::sandbox::http;

/// What Notion answers when it does not do what was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// Makes the 400 of what does not fit.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "validation_error", message)
    }

    /// Makes the 400 of a field that must be in the body.
    pub(super) fn undefined(field: &str) -> Self {
        Self::invalid(format!(
            "body failed validation: body.{field} should be defined, instead was `undefined`."
        ))
    }

    /// Makes the 400 of an id that is none.
    pub(super) fn no_uuid(kind: &str, id: &str) -> Self {
        Self::invalid(format!(
            "path failed validation: path.{kind}_id should be a valid uuid, instead was `\"{id}\"`."
        ))
    }

    /// Makes the 404 of an id nobody has, or that is not shared.
    pub(super) fn no_such(kind: &str, id: &str) -> Self {
        let text = format!(
            "Could not find {kind} with ID: {id}. Make sure the relevant pages and databases are \
             shared with your integration \"naive\"."
        );
        Self::new(StatusCode::NOT_FOUND, "object_not_found", text)
    }

    /// Makes the 400 of a path nobody has.
    pub(super) fn no_path() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_url", "Invalid request URL.")
    }

    /// Makes the 400 of a body that is no JSON.
    pub(super) fn no_json() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_json", "Error parsing JSON body.")
    }

    /// Makes the 400 of a request without a version.
    pub(super) fn no_version() -> Self {
        let text = "Notion-Version header failed validation: Notion-Version header should be \
                    defined, instead was `undefined`.";
        Self::new(StatusCode::BAD_REQUEST, "missing_version", text)
    }

    /// Makes the 400 of a version that is none.
    pub(super) fn odd_version(version: &str) -> Self {
        Self::invalid(format!(
            "Notion-Version header failed validation: Notion-Version header should be a version of \
             the API, instead was `\"{version}\"`."
        ))
    }

    /// Makes the 401 of a bearer that opens nothing.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "API token is invalid.")
    }

    /// Makes the response.
    pub(super) fn response(&self) -> Response {
        let body = json!({
            "object": "error",
            "status": self.status.as_u16(),
            "code": self.code,
            "message": self.message,
            "request_id": ids::fresh().to_string(),
        });
        http::json(self.status, &body)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        let text = "The sandbox's database does not answer.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", text)
    }
}
