//! What approvals look like in a list, and what can be done about one.

use super::outcome::{failure, whole};
use crate::api::approvals::{
    Actor, Approval, ApprovalStatus, Approvals, Approve, ListApprovals, Reconciled,
};
use crate::api::ids::flag;
use crate::cli::App;
use crate::cli::output::Page;

/// One line an approval.
pub(super) fn table(reply: &Approvals, page: &mut Page, asked: &ListApprovals) {
    rows(&reply.approvals, page);
    if let Some(cursor) = &reply.next_cursor {
        let status = asked.status.map(|status| flag("status", status.as_str()));
        let user = asked.user.as_ref().map(|user| flag("user", user.as_str()));
        let limit = asked.limit.map(|limit| flag("limit", &limit.to_string()));
        let same: String = [status, user, limit].into_iter().flatten().collect();
        page.next(format!("naive approvals list{same} --cursor {cursor}"), "see those before");
    }
}

/// Everything that is known of an approval.
pub(super) fn one(app: &App<'_>, approval: &Approval, page: &mut Page) {
    whole(app, approval, page);
    if let Some(trouble) = &approval.error {
        page.text(format!("\nerror\n{}", trouble.message));
    }
    match approval.status {
        ApprovalStatus::Pending => {
            let id = &approval.id;
            if app
                .check(Approve { approval: id.clone(), user: None, acknowledge_restored: false })
                .is_err()
            {
                page.next(format!("naive approvals wait {id}"), "wait for the decision");
                page.hint(format!("The operator decides it: `naive approvals approve {id}`."));
                return;
            }
            page.next(format!("naive approvals approve {id}"), "have it done");
            page.next(format!("naive approvals deny {id} --reason …"), "refuse it");
        }
        ApprovalStatus::Approved | ApprovalStatus::Sending => {
            let command = format!("naive approvals reconcile {}", approval.id);
            page.next(command, "go on with it");
            if approval.status == ApprovalStatus::Approved && approval.sends == 0 {
                let command = format!("naive approvals deny {} --reason …", approval.id);
                page.next(command, "refuse it after all");
            }
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

fn rows(approvals: &[Approval], page: &mut Page) {
    if approvals.is_empty() {
        page.text("There are no such approvals.");
        return;
    }
    let row = |one: &Approval| {
        let waits = one.status == ApprovalStatus::Pending;
        vec![
            one.id.to_string(),
            if one.restored_at.is_some() {
                format!("{}, from a copy", one.status.as_str())
            } else {
                one.status.as_str().to_owned()
            },
            one.title.clone(),
            one.user.clone(),
            name(&one.requested_by),
            one.created_at.minute(),
            if waits { one.expires_at.minute() } else { String::new() },
        ]
    };
    let columns = ["approval", "status", "what", "user", "asked by", "asked", "until"];
    page.table(&columns, approvals.iter().map(row).collect());
    page.narrowing(&["asked", "until", "asked by", "user"]);
}

/// Returns who it was in a word.
fn name(actor: &Actor) -> String {
    let name = actor.name.clone().filter(|name| !name.is_empty());
    name.unwrap_or_else(|| actor.actor_id.clone())
}
