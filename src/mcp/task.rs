//! Approvals as tasks, for clients that speak them: the task of a held call is its approval.

use rmcp::ErrorData;
use rmcp::model::{CreateTaskResult, DetailedTask, GetTaskResult, Task, TaskPayload, TaskStatus};
use serde_json::{Value, json};

use super::{Kept, Session, Source, answer};
use crate::api::approvals::{Approval, ApprovalStatus, Cancel, GetApproval, PendingApproval};
use crate::api::error::{Code, Error};
use crate::api::ids::ApprovalId;
use crate::api::time::Millis;

/// How often a client should look, in milliseconds.
const POLL: u64 = 2000;

/// Returns the task that a held call has become.
pub(super) fn begun(pending: &PendingApproval) -> CreateTaskResult {
    let now = Millis::now();
    let mut task = Task::new(
        pending.approval_id.as_str(),
        TaskStatus::Working,
        now.to_string(),
        now.to_string(),
    )
    .with_poll_interval_ms(POLL)
    .with_status_message(format!("A person is asked: {}", pending.title));
    task.ttl_ms = pending.expires_at.and_then(|at| u64::try_from(at.0 - now.0).ok());
    CreateTaskResult::new(task)
}

/// Returns the question how a task stands.
pub(super) fn asked(id: &str) -> Result<GetApproval, ErrorData> {
    Ok(GetApproval { approval: approval(id)?, user: None })
}

/// Returns the request to take back what was asked for.
pub(super) fn taken_back(id: &str) -> Result<Cancel, ErrorData> {
    Ok(Cancel { approval: approval(id)?, user: None })
}

fn approval(id: &str) -> Result<ApprovalId, ErrorData> {
    id.parse().map_err(|_| ErrorData::invalid_params("there is no such task", None))
}

/// Makes the protocol's error of a task that is not there, or not to be had.
pub(super) fn unknown(error: Error) -> ErrorData {
    match error.code {
        Code::InternalError => ErrorData::internal_error(error.message, None),
        _ => ErrorData::invalid_params(error.message, None),
    }
}

/// Returns how a task stands.
pub(super) fn standing(
    approval: Approval,
    session: &Session,
    kept: &Kept,
) -> Result<GetTaskResult, ErrorData> {
    let id = approval.id.as_str();
    let (made, moved) = (approval.created_at.to_string(), approval.updated_at.to_string());
    let task = Task::new(id, TaskStatus::Working, made, moved)
        .with_poll_interval_ms(POLL)
        .with_status_message(format!("{}: {}", word(approval.status), approval.title));
    let payload = match approval.status {
        ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Sending => {
            TaskPayload::Working
        }
        ApprovalStatus::Cancelled => TaskPayload::Cancelled,
        ApprovalStatus::Executed => {
            let app = approval.action_type == "connections.execute";
            let source = if app { Source::App } else { Source::Naive };
            let reply = approval.result.unwrap_or(Value::Null);
            completed(answer::answered(reply, source, session, kept))?
        }
        ApprovalStatus::Failed
        | ApprovalStatus::Unknown
        | ApprovalStatus::Denied
        | ApprovalStatus::Expired => completed(answer::failed(&ended(approval)))?,
    };
    Ok(GetTaskResult::new(DetailedTask::new(task, payload)))
}

fn completed(result: rmcp::model::CallToolResult) -> Result<TaskPayload, ErrorData> {
    match serde_json::to_value(result) {
        Ok(Value::Object(result)) => Ok(TaskPayload::Completed { result }),
        Ok(_) | Err(_) => Err(ErrorData::internal_error("a result cannot be written", None)),
    }
}

/// Makes the error of an action that was not done, or of which nobody knows.
fn ended(approval: Approval) -> Error {
    let (code, reason) = match approval.status {
        ApprovalStatus::Unknown => (Code::OutcomeUnknown, "unknown"),
        ApprovalStatus::Denied => (Code::Forbidden, "denied"),
        ApprovalStatus::Expired => (Code::Forbidden, "expired"),
        ApprovalStatus::Pending
        | ApprovalStatus::Approved
        | ApprovalStatus::Sending
        | ApprovalStatus::Executed
        | ApprovalStatus::Failed
        | ApprovalStatus::Cancelled => (Code::ProviderError, "failed"),
    };
    let (code, why) = match approval.error {
        Some(trouble) => (trouble.code, trouble.message),
        None => (code, approval.reason.unwrap_or_else(|| "nobody has said why".to_owned())),
    };
    Error::new(code, format!("{}: {why}", word(approval.status))).reason(reason)
}

fn word(status: ApprovalStatus) -> String {
    json!(status).as_str().unwrap_or_default().to_owned()
}
