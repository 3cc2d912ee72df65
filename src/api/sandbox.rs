//! Failures that the sandbox is told to play.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::ids::Slug;

/// A way in which a request to a simulated app fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    /// 401, as for an access token that has expired; the refresh token still works
    ExpiredToken,
    /// 401, and the login is revoked with its refresh token
    Revoked,
    /// 429 with `Retry-After: 1`
    RateLimit,
    /// 500
    ServerError,
    /// The answer comes after 35 seconds, past the deadline
    Slow,
    /// The answer breaks off in the middle of its body
    Cut,
    /// 200 with JSON that ends too early
    BadJson,
    /// The request is carried out, and the connection closed without an answer
    LostAnswer,
    /// A request that changes something is carried out and answered with 504
    #[serde(rename = "504-after-accept")]
    #[value(name = "504-after-accept")]
    GatewayTimeout,
    /// The login's callback names another issuer
    WrongIss,
    /// The login is refused as if the person had said no
    ConsentDenied,
}

/// Which requests fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum At {
    /// Requests to the app's API
    Api,
    /// Requests to its token endpoint: codes and refreshes
    Token,
    /// The answer to a person's consent
    #[value(skip)]
    Consent,
}

/// Failures that are still to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// How requests fail
    pub(crate) what: What,
    /// Which requests do
    pub(crate) at: At,
    /// Those to this app alone, or to any
    pub(crate) toolkit: Option<Slug>,
    /// How many more
    pub(crate) times: u32,
}

impl What {
    /// Tells whether this happens between a person's consent and the callback, and nowhere else.
    pub(crate) fn is_of_consent(self) -> bool {
        match self {
            Self::WrongIss | Self::ConsentDenied => true,
            Self::ExpiredToken
            | Self::Revoked
            | Self::RateLimit
            | Self::ServerError
            | Self::Slow
            | Self::Cut
            | Self::BadJson
            | Self::LostAnswer
            | Self::GatewayTimeout => false,
        }
    }
}
