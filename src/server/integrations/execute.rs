//! A tool run with a user's connected account.

use axum::http::StatusCode;
use serde_json::json;

use super::read::{object, wanted};
use super::{Answered, Asked, Stop, enabled, words};
use crate::api::error::{Code, Error};
use crate::api::ids::ToolSlug;
use crate::api::tools::Execute;
use crate::engine::Call;
use crate::server::wrong::Wrong;
use crate::server::{answer, caller};

/// Answers `POST …/execute`: what the app answered; 422 where it said no, or nothing could be asked of it, 502 where
/// its answer did not come.
pub(super) async fn execute(asked: Asked) -> Answered {
    let name = wanted(&asked.body, "toolName", 200)?;
    let arguments = object(&asked.body, "params")?.unwrap_or_default();
    asked.check_subject()?;
    let unknown = || {
        let text = format!("there is no tool `{}`", name.replace('`', "'"));
        words::not_executed(StatusCode::UNPROCESSABLE_ENTITY, &Error::new(Code::NotFound, text))
    };
    let Ok(tool) = name.parse::<ToolSlug>() else { return Ok(unknown()) };
    let Some(toolkit) = asked.app.app_of(&tool)? else { return Ok(unknown()) };
    enabled::check(&asked, &toolkit)?;
    let user = Some(asked.subject()?.by_id()?);
    let op = Execute { user, ..Execute::of(toolkit, tool, arguments) };
    let idempotency_key = caller::idempotency_key(&asked.parts)?;
    let call = Call { idempotency_key, ..asked.call()? };
    match asked.called(call, op).await {
        Ok(done) if done.successful => {
            let body = json!({ "successful": true, "data": done.data });
            Ok(answer::json(StatusCode::OK, &body))
        }
        Ok(done) => {
            let text = done.error.unwrap_or_else(|| "the app has refused it".to_owned());
            // Whether the app did it nobody knows: that is no refusal of its own.
            let status = match done.code {
                Some(Code::OutcomeUnknown) => StatusCode::BAD_GATEWAY,
                Some(_) | None => StatusCode::UNPROCESSABLE_ENTITY,
            };
            Ok(words::not_executed(status, &Error::new(Code::ProviderError, text)))
        }
        Err(Stop::Wrong(Wrong::Refused(error))) => match status(&error) {
            Some(status) => Ok(words::not_executed(status, &error)),
            None => Err(error.into()),
        },
        Err(other) => Err(other),
    }
}

/// Returns the status of an error that is about the tool or the account; `None` for one that is about the caller.
fn status(error: &Error) -> Option<StatusCode> {
    match error.code {
        // Who calls is known by now: it is the account whose credential is refused.
        Code::InvalidInput
        | Code::NotFound
        | Code::NotConfigured
        | Code::Unauthorized
        | Code::RateLimited => Some(StatusCode::UNPROCESSABLE_ENTITY),
        Code::Forbidden if error.reason.as_deref() == Some("scope_missing") => {
            Some(StatusCode::UNPROCESSABLE_ENTITY)
        }
        Code::ProviderError | Code::OutcomeUnknown => Some(StatusCode::BAD_GATEWAY),
        Code::Forbidden
        | Code::DuplicateRequest
        | Code::DuplicateRecord
        | Code::FeatureNotConfigured
        | Code::InternalError => None,
    }
}
