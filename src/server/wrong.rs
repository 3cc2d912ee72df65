//! What can be wrong with a request, before each dialect finds its own words for it.

use axum::http::{Method, StatusCode};

use crate::api::error::{Code, Error};

/// Why a request is not answered as it wants.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The engine, the gate or the server itself refuses it
    Refused(Error),
    /// Its body is not said to be JSON
    OtherType,
    /// Its body is no JSON, for this reason
    Malformed(String),
    /// Its body is JSON, and no object
    NoObject,
    /// Its body is too large
    TooLarge,
    /// Its body takes too long to come
    TooSlow,
    /// Nothing is at its path
    Nowhere(String),
    /// What is at its path has no such method
    OtherMethod(Method, String),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Wrong {
    /// Returns the status that HTTP has for what is wrong with the request itself; `None` where it is the
    /// error's code that decides.
    pub(super) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(_) | Self::Malformed(_) | Self::NoObject | Self::Nowhere(_) => None,
            Self::OtherType => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooLarge => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Self::TooSlow => Some(StatusCode::REQUEST_TIMEOUT),
            Self::OtherMethod(..) => Some(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// Returns it as the error that the Naive API tells, whose message the other dialects tell too.
    pub(super) fn into_error(self) -> Error {
        let unreadable =
            |text: &str, reason: &str| Error::new(Code::InvalidInput, text).reason(reason);
        let look = "`GET /openapi.json` says what there is";
        match self {
            Self::Refused(error) => error,
            Self::OtherType => unreadable("the body is not said to be JSON", "content_type")
                .hint("send `Content-Type: application/json`"),
            Self::Malformed(why) => {
                unreadable(&format!("the body is no JSON: {why}"), "malformed_json")
            }
            Self::NoObject => unreadable("the body is JSON, but no object", "not_an_object"),
            Self::TooLarge => unreadable("the body is larger than 8 MiB", "too_large"),
            Self::TooSlow => unreadable("the body did not come within 10 seconds", "too_slow"),
            Self::Nowhere(path) => {
                Error::new(Code::NotFound, format!("there is nothing at `{path}`")).hint(look)
            }
            Self::OtherMethod(method, path) => {
                unreadable(&format!("`{path}` has no `{method}`"), "method_not_allowed").hint(look)
            }
        }
    }
}
