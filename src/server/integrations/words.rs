//! Errors as the Integrations API tells them, and its codes.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::api::error::{Code, Error, Fault};
use crate::server::answer;
use crate::server::wrong::Wrong;

/// What went wrong, as clients of the API tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Word {
    AuthRequired,
    AuthInvalidApiKey,
    AuthInvalidEndUserJwt,
    AuthEndUserJwtExpired,
    AuthInsufficientPermissions,
    ValidationInvalidSchema,
    ResourceNotFound,
    IntegrationsNotConfigured,
    IntegrationsToolkitNotEnabled,
    IntegrationsByoCredentialsRequired,
    IntegrationsUpstreamError,
    IntegrationsExecutionFailed,
    /// Named so by us: the documents of the API have no word for it
    RateLimitExceeded,
    AppPaused,
    RequestError,
    InternalError,
}

/// An error, in the API's own envelope.
#[derive(Debug, Serialize)]
struct Envelope<'a> {
    error: Told<'a>,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    code: Word,
    message: &'a str,
    remediation: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [Fault],
}

impl Word {
    fn status(self) -> StatusCode {
        match self {
            Self::AuthRequired
            | Self::AuthInvalidApiKey
            | Self::AuthInvalidEndUserJwt
            | Self::AuthEndUserJwtExpired => StatusCode::UNAUTHORIZED,
            Self::AuthInsufficientPermissions => StatusCode::FORBIDDEN,
            Self::ResourceNotFound => StatusCode::NOT_FOUND,
            Self::ValidationInvalidSchema
            | Self::IntegrationsNotConfigured
            | Self::IntegrationsToolkitNotEnabled
            | Self::IntegrationsByoCredentialsRequired
            | Self::RequestError => StatusCode::BAD_REQUEST,
            Self::IntegrationsExecutionFailed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::IntegrationsUpstreamError => StatusCode::BAD_GATEWAY,
            Self::RateLimitExceeded => StatusCode::TOO_MANY_REQUESTS,
            Self::AppPaused => StatusCode::SERVICE_UNAVAILABLE,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns what to do next.
    fn remediation(self) -> &'static str {
        match self {
            Self::AuthRequired => {
                "Send `Authorization: Bearer <API key>`, or the token of an end user."
            }
            Self::AuthInvalidApiKey => "Check the API key, or ask the operator for a new one.",
            Self::AuthInvalidEndUserJwt => {
                "Check the issuer, the subject and the signature of the token, and that the server knows its key."
            }
            Self::AuthEndUserJwtExpired => "Get a new token for this user.",
            Self::AuthInsufficientPermissions => {
                "Use an API key of this app, at the server's own address."
            }
            Self::ValidationInvalidSchema => "Correct the fields that `details` names.",
            Self::ResourceNotFound => "Check the path and the id.",
            Self::IntegrationsNotConfigured => {
                "Ask the operator to switch connections on for this server."
            }
            Self::IntegrationsToolkitNotEnabled => {
                "Enable the toolkit with POST /v1/{app}/integrations/configure first."
            }
            Self::IntegrationsByoCredentialsRequired => {
                "Send `oauth_credentials` with the client_id and client_secret of your own OAuth client."
            }
            Self::IntegrationsUpstreamError => "The provider failed. Try again later.",
            Self::IntegrationsExecutionFailed => {
                "Check the tool name and parameters. Ensure the user has a connected account."
            }
            Self::RateLimitExceeded => "Wait for as long as `Retry-After` says.",
            Self::AppPaused => "Try again in a moment.",
            Self::RequestError => "Check the method, the headers and the body of the request.",
            Self::InternalError => "Try again later; the server's log says more.",
        }
    }

    /// Returns the word for what is wrong.
    fn of(wrong: &Wrong) -> Self {
        match wrong {
            Wrong::Refused(error) => Self::of_error(error),
            Wrong::NoObject => Self::ValidationInvalidSchema,
            Wrong::Nowhere(_) => Self::ResourceNotFound,
            Wrong::OtherType
            | Wrong::Malformed(_)
            | Wrong::TooLarge
            | Wrong::TooSlow
            | Wrong::OtherMethod(..) => Self::RequestError,
        }
    }

    fn of_error(error: &Error) -> Self {
        let reason = error.reason.as_deref().unwrap_or_default();
        match error.code {
            Code::Unauthorized => match reason {
                "key_missing" => Self::AuthRequired,
                "token_expired" => Self::AuthEndUserJwtExpired,
                "token_invalid" => Self::AuthInvalidEndUserJwt,
                _ => Self::AuthInvalidApiKey,
            },
            Code::Forbidden => match reason {
                "toolkit_not_allowed" | "toolkit_disabled" | "primitive_disabled_by_kit" => {
                    Self::IntegrationsToolkitNotEnabled
                }
                _ => Self::AuthInsufficientPermissions,
            },
            // No path of this API names a toolkit that must be there: it is what a request says that is wrong.
            Code::NotFound if reason == "toolkit_unknown" => Self::ValidationInvalidSchema,
            Code::NotFound => Self::ResourceNotFound,
            Code::InvalidInput => Self::ValidationInvalidSchema,
            Code::NotConfigured => Self::IntegrationsByoCredentialsRequired,
            Code::FeatureNotConfigured if reason == "too_many_apps" => Self::AppPaused,
            Code::FeatureNotConfigured => Self::IntegrationsNotConfigured,
            Code::RateLimited => Self::RateLimitExceeded,
            Code::ProviderError => Self::IntegrationsUpstreamError,
            Code::DuplicateRequest | Code::DuplicateRecord | Code::OutcomeUnknown => {
                Self::RequestError
            }
            Code::InternalError => Self::InternalError,
        }
    }
}

/// Returns what is wrong with a request.
pub(in crate::server) fn wrong(wrong: Wrong) -> Response {
    let word = Word::of(&wrong);
    let is_taken = matches!(&wrong, Wrong::Refused(error) if error.code.status() == 409);
    let own = if is_taken { Some(StatusCode::CONFLICT) } else { wrong.status() };
    told(word, own.unwrap_or_else(|| word.status()), &wrong.into_error())
}

/// Returns that a tool was not run, or not to its end, under the status that says which.
pub(super) fn not_executed(status: StatusCode, error: &Error) -> Response {
    told(Word::IntegrationsExecutionFailed, status, error)
}

/// Returns that a path names a toolkit which the app has not enabled.
pub(super) fn not_enabled(error: &Error) -> Response {
    told(Word::IntegrationsToolkitNotEnabled, StatusCode::NOT_FOUND, error)
}

fn told(code: Word, status: StatusCode, error: &Error) -> Response {
    let (message, details) = (error.message.as_str(), error.details.as_slice());
    let remediation = code.remediation();
    let mut response =
        answer::json(status, &Envelope { error: Told { code, message, remediation, details } });
    answer::ask_for_key(&mut response);
    response
}
