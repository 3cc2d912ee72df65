//! What approvals look like.

use serde_json::Value;

use crate::api::approvals::{Actor, Approval, ApprovalStatus, Approvals, Reconciled, Trouble};
use crate::api::error::{Code, Error};
use crate::api::time::Millis;
use crate::cli::output::Page;

/// One line an approval.
pub(super) fn table(reply: &Approvals, page: &mut Page) {
    rows(&reply.approvals, page);
    if let Some(cursor) = &reply.next_cursor {
        page.next(format!("naive approvals list --cursor {cursor}"), "see those before");
    }
}

/// Everything that is known of an approval.
pub(super) fn one(approval: &Approval, page: &mut Page) {
    shown(approval, page);
    match approval.status {
        ApprovalStatus::Pending => {
            let id = &approval.id;
            page.next(format!("naive approvals approve {id}"), "have it done");
            page.next(format!("naive approvals deny {id} --reason …"), "refuse it");
        }
        ApprovalStatus::Approved | ApprovalStatus::Sending => {
            let command = format!("naive approvals reconcile {}", approval.id);
            page.next(command, "go on with it");
        }
        ApprovalStatus::Unknown => {
            let command = format!("naive approvals resolve {} --executed", approval.id);
            page.next(format!("{command} --reason …"), "say that it was done");
        }
        ApprovalStatus::Executed
        | ApprovalStatus::Failed
        | ApprovalStatus::Denied
        | ApprovalStatus::Expired
        | ApprovalStatus::Cancelled => {}
    }
}

/// The same of one that was just approved: what was not done is a failure.
pub(super) fn done(approval: &Approval, page: &mut Page) {
    shown(approval, page);
    if let Some(error) = failure(approval) {
        page.failed(error);
    }
}

/// What was found to finish.
pub(super) fn reconciled(reply: &Reconciled, page: &mut Page) {
    if reply.approvals.is_empty() {
        page.text("There was nothing to finish.");
        return;
    }
    rows(&reply.approvals, page);
    let open = reply.approvals.iter().find_map(|approval| {
        let open = approval.status != ApprovalStatus::Failed;
        failure(approval).filter(|_| open)
    });
    if let Some(error) = open {
        page.failed(error);
    }
}

/// Returns why an approved action is not done, or that nobody knows.
fn failure(approval: &Approval) -> Option<Error> {
    match approval.status {
        ApprovalStatus::Approved
        | ApprovalStatus::Sending
        | ApprovalStatus::Unknown
        | ApprovalStatus::Failed => Some(match &approval.error {
            Some(trouble) => told(trouble),
            None => Error::new(Code::OutcomeUnknown, "it is not known yet what came of it")
                .hint(format!("run `naive approvals get {}`", approval.id)),
        }),
        ApprovalStatus::Expired => Some(
            Error::new(Code::Forbidden, "its time was over before it was done").reason("expired"),
        ),
        ApprovalStatus::Pending
        | ApprovalStatus::Executed
        | ApprovalStatus::Denied
        | ApprovalStatus::Cancelled => None,
    }
}

fn told(trouble: &Trouble) -> Error {
    let error = Error::new(trouble.code, trouble.message.clone());
    Error { hint: trouble.hint.clone(), reason: trouble.reason.clone(), ..error }
}

fn rows(approvals: &[Approval], page: &mut Page) {
    if approvals.is_empty() {
        page.text("There are no such approvals.");
        return;
    }
    let row = |one: &Approval| {
        vec![
            one.id.to_string(),
            one.status.as_str().to_owned(),
            one.title.clone(),
            one.user.clone(),
            whom(&one.requested_by),
            one.created_at.minute(),
            if one.status == ApprovalStatus::Pending {
                one.expires_at.minute()
            } else {
                String::new()
            },
        ]
    };
    let columns = ["approval", "status", "what", "user", "asked by", "asked", "until"];
    page.table(&columns, approvals.iter().map(row).collect());
}

fn shown(approval: &Approval, page: &mut Page) {
    let time = |at: Option<Millis>| at.map(Millis::plain);
    page.text(&approval.title);
    page.fields(&[
        ("approval", Some(approval.id.to_string())),
        ("status", Some(approval.status.as_str().to_owned())),
        ("action", Some(approval.action_type.clone())),
        ("user", Some(approval.user.clone())),
        ("environment", Some(approval.environment.clone())),
        ("asked by", Some(whom(&approval.requested_by))),
        ("asked", Some(approval.created_at.plain())),
        ("expires", Some(approval.expires_at.plain())),
        ("resolved by", approval.resolved_by.as_ref().map(whom)),
        ("resolved", time(approval.resolved_at)),
        ("reason", approval.reason.clone()),
        ("send until", time(approval.execute_by)),
        ("sent", (approval.sends > 0).then(|| approval.sends.to_string())),
        ("class", Some(approval.class.as_str().to_owned())),
        ("key", Some(approval.idempotency_key.clone())),
        ("digest", Some(approval.digest.clone())),
        ("error", approval.error.as_ref().map(|error| error.message.clone())),
    ]);
    page.text("payload");
    page.json(&approval.payload);
    if let Some(result) = approval.result.as_ref().filter(|result| **result != Value::Null) {
        page.text("result");
        page.json(result);
    }
}

fn whom(actor: &Actor) -> String {
    match &actor.name {
        Some(name) => format!("{name} ({})", actor.actor_id),
        None => actor.actor_id.clone(),
    }
}
