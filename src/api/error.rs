//! The one error type, and the codes that are its contract.
//!
//! Not here: how an error is printed (`cli::output`) or which failures are worth a retry (`http`).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reasons of an error that a signal caused, each with its exit code.
const SIGNALS: [(&str, u8); 3] = [("interrupted", 130), ("terminated", 143), ("hung_up", 129)];

/// What every fallible function of the crate returns.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Says what kind of failure it was; scripts, tests and the remote backend branch on it.
///
/// HTTP statuses and exit codes follow from it by the table in `CONVENTIONS`, rule 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// The caller asked for something malformed or contradictory.
    InvalidInput,
    /// The credential is missing, unknown, expired or revoked.
    Unauthorized,
    /// The caller or the policy does not permit it.
    Forbidden,
    /// The thing does not exist, or not for this caller.
    NotFound,
    /// The idempotency key was used for something else.
    DuplicateRequest,
    /// A unique name is taken.
    DuplicateRecord,
    /// Too many calls; try later.
    RateLimited,
    /// Something must be connected or configured by the user first.
    NotConfigured,
    /// Something must be configured by the operator first.
    FeatureNotConfigured,
    /// The upstream failed, or answered what nobody can use.
    ProviderError,
    /// It may or may not have happened.
    OutcomeUnknown,
    /// A failure of this machine or of `naive` itself.
    InternalError,
}

impl Code {
    /// Returns the process exit status, 1 to 7, that stands for this code.
    pub(crate) fn exit(self) -> u8 {
        match self {
            Self::InvalidInput
            | Self::Forbidden
            | Self::NotFound
            | Self::DuplicateRequest
            | Self::DuplicateRecord
            | Self::RateLimited
            | Self::ProviderError
            | Self::InternalError => 1,
            Self::Unauthorized | Self::NotConfigured | Self::FeatureNotConfigured => 4,
            Self::OutcomeUnknown => 7,
        }
    }
}

impl Code {
    /// Returns the HTTP status that stands for this code.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::InvalidInput => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::DuplicateRequest | Self::DuplicateRecord | Self::OutcomeUnknown => 409,
            Self::RateLimited => 429,
            Self::InternalError => 500,
            Self::NotConfigured => 501,
            Self::ProviderError => 502,
            Self::FeatureNotConfigured => 503,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// One thing wrong with an input, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Fault {
    /// JSON pointer into the input, empty for the whole of it
    pub(crate) pointer: String,
    /// What is wrong there
    pub(crate) message: String,
}

/// Why something did not happen. The code is the contract; the text is for people.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Error {
    /// The contract: what scripts, tests and the remote backend branch on.
    pub(crate) code: Code,
    /// What failed, in one sentence; never contains a credential.
    pub(crate) message: String,
    /// What to do next, if we know.
    pub(crate) hint: Option<String>,
    /// A finer code where one `code` has several causes a program would tell apart.
    pub(crate) reason: Option<String>,
    /// Every fault found, where an input had more than one.
    pub(crate) details: Vec<Fault>,
    /// Whether the command line itself was wrong, so that the exit code is 2.
    pub(crate) usage: bool,
    /// The cause, shown with `--verbose` and never sent over HTTP.
    #[source]
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Why an approved action was not done, or nobody knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Trouble {
    /// Code of the error
    pub(crate) code: Code,
    /// What went wrong, in one sentence
    pub(crate) message: String,
    /// What to do next
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The error's reason
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Self {
        let Error { code, message, hint, reason, .. } = error;
        let (message, hint, reason) = (message.clone(), hint.clone(), reason.clone());
        Self { code: *code, message, hint, reason }
    }
}

impl From<Trouble> for Error {
    fn from(Trouble { code, message, hint, reason }: Trouble) -> Self {
        Self { hint, reason, ..Self::new(code, message) }
    }
}

impl Error {
    /// Makes an error from its code and one lower-case sentence without a period.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            reason: None,
            details: Vec::new(),
            usage: false,
            source: None,
        }
    }

    /// Makes an `invalid_input` that is the command line's fault: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(Code::InvalidInput, message) }
    }

    /// Makes the error of a command that its user broke off: exit code 130.
    pub(crate) fn interrupted() -> Self {
        Self::new(Code::Forbidden, "interrupted").reason("interrupted")
    }

    /// Makes the error of a command that was told to end: exit code 143.
    #[cfg(unix)]
    pub(crate) fn terminated() -> Self {
        Self::new(Code::Forbidden, "terminated").reason("terminated")
    }

    /// Makes the error of a command whose terminal was closed: exit code 129.
    #[cfg(unix)]
    pub(crate) fn hung_up() -> Self {
        Self::new(Code::Forbidden, "the terminal was closed").reason("hung_up")
    }

    /// Makes an `internal_error` that keeps its cause.
    pub(crate) fn internal(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(Code::InternalError, message).because(source)
    }

    /// Adds what to do next, as an imperative.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the finer code.
    #[must_use]
    pub(crate) fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds every fault that was found.
    #[must_use]
    pub(crate) fn details(mut self, details: Vec<Fault>) -> Self {
        self.details = details;
        self
    }

    /// Keeps the cause for `--verbose`.
    #[must_use]
    pub(crate) fn because(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the process exit status that stands for this error.
    pub(crate) fn exit(&self) -> u8 {
        let signal = SIGNALS.iter().find(|(reason, _)| self.reason.as_deref() == Some(reason));
        match signal {
            _ if self.usage => 2,
            Some((_, status)) => *status,
            None => self.code.exit(),
        }
    }
}
