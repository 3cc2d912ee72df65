//! Stripe's error shape, and the errors that any of its objects can have.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// What Stripe answers when it does not do what was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: StatusCode,
    class: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
}

impl Refusal {
    /// Makes an `invalid_request_error`, status 400.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            class: "invalid_request_error",
            code: None,
            param: None,
            message: message.into(),
        }
    }

    /// Makes the 401 of a missing or wrong key.
    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::invalid(message) }
    }

    /// Makes the 404 of an id nobody has.
    pub(super) fn no_such(kind: &str, id: &str) -> Self {
        let text = format!("No such {kind}: '{id}'");
        let missing = Self::invalid(text).code("resource_missing").param("id");
        Self { status: StatusCode::NOT_FOUND, ..missing }
    }

    /// Makes the 404 of a path nobody has.
    pub(super) fn no_path(method: &str, path: &str) -> Self {
        let text = format!(
            "Unrecognized request URL ({method}: /v1/{path}). Please see https://stripe.com/docs or \
             we can help at https://support.stripe.com/."
        );
        Self { status: StatusCode::NOT_FOUND, ..Self::invalid(text) }
    }

    /// Makes the error of a required parameter that is not there.
    pub(super) fn missing(name: &str) -> Self {
        Self::invalid(format!("Missing required param: {name}."))
            .code("parameter_missing")
            .param(name)
    }

    /// Makes the error of an idempotency key that stands for something else.
    pub(super) fn key_taken(key: &str) -> Self {
        let text = format!(
            "Keys for idempotent requests can only be used with the same parameters they were \
             first used with. Try using a key other than '{key}' if you meant to execute a \
             different request."
        );
        Self { class: "idempotency_error", ..Self::invalid(text) }
    }

    /// Adds Stripe's code.
    pub(super) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds the parameter that is at fault.
    pub(super) fn param(mut self, name: &str) -> Self {
        self.param = Some(name.to_owned());
        self
    }

    /// Returns the reply's body.
    pub(super) fn body(&self) -> Value {
        let mut error = json!({});
        if let Some(code) = self.code {
            error["code"] = code.into();
            error["doc_url"] =
                format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")).into();
        }
        error["message"] = self.message.as_str().into();
        if let Some(param) = &self.param {
            error["param"] = param.as_str().into();
        }
        error["type"] = self.class.into();
        json!({ "error": error })
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            class: "api_error",
            ..Self::invalid("The sandbox's database does not answer.")
        }
    }
}
