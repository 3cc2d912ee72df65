//! What became of an approval: to people, to programs, and as an exit status.

use std::time::Duration;

use super::card::Card;
use super::decide::{next, started};
use crate::api::action::written;
use crate::api::approvals::{Approval, ApprovalStatus, GetApproval, ListApprovals};
use crate::api::connections::{ConnectState, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::api::trading::account::Object;
use crate::cli::App;
use crate::cli::connections::get;
use crate::cli::output::{GIVEN_UP, Output, Page, width};
use crate::cli::pending::{Waiting, patiently};
use crate::cli::trading;
use crate::engine::LEVEL;
use crate::engine::card::who;

/// What is said of the gate of an API elsewhere.
const THERE: &str = "the gate is the API's own: what it holds against, its operator knows";
/// How many approvals are looked at at once.
const PAGE: u32 = 50;

/// Returns the exit status for how one has ended; nothing where it has not.
pub(super) fn status(one: &Approval) -> Option<u8> {
    match one.status {
        ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Sending => None,
        ApprovalStatus::Executed => Some(0),
        ApprovalStatus::Failed => Some(1),
        ApprovalStatus::Unknown => Some(Code::OutcomeUnknown.exit()),
        ApprovalStatus::Denied | ApprovalStatus::Expired | ApprovalStatus::Cancelled => {
            Some(GIVEN_UP)
        }
    }
}

/// Returns why it is not done, or that nobody knows, of one that is decided.
pub(super) fn failure(one: &Approval) -> Option<Error> {
    let why = one.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let by = one.resolved_by.as_ref().map(|by| format!(" by {}", who(by))).unwrap_or_default();
    let refused = |text: String, reason| Some(Error::new(Code::Forbidden, text).reason(reason));
    match one.status {
        ApprovalStatus::Pending | ApprovalStatus::Executed => None,
        ApprovalStatus::Denied => refused(format!("it was denied{by}{why}"), "approval_denied"),
        ApprovalStatus::Cancelled => {
            refused(format!("it was taken back{by}"), "approval_cancelled")
        }
        ApprovalStatus::Expired => {
            refused("its time was over before it was done".to_owned(), "approval_expired")
        }
        ApprovalStatus::Approved
        | ApprovalStatus::Sending
        | ApprovalStatus::Failed
        | ApprovalStatus::Unknown => Some(match &one.error {
            Some(trouble) => trouble.clone().into(),
            None => Error::new(Code::OutcomeUnknown, "it is not known yet what came of it")
                .hint(format!("run `naive approvals get {}`", one.id)),
        }),
    }
}

/// Returns what people read of an approval that is decided.
pub(super) fn page(app: &App<'_>, one: &Approval) -> Page {
    let mut page = Page::default();
    whole(app, one, &mut page);
    if let Some(failure) = failure(one) {
        page.failed(failure);
    }
    page
}

/// Shows the card, and what was answered.
pub(super) fn whole(app: &App<'_>, one: &Approval, page: &mut Page) {
    page.text(card(app, one, None));
    if let Some(result) = one.result.as_ref().filter(|result| !result.is_null()) {
        page.text("\nresult");
        match result.as_object().filter(|_| one.action_type.starts_with("trading.")) {
            Some(order) => trading::order(app, one, order, page),
            None => page.json(result),
        }
    }
    login(app, one, page);
}

/// Says how the login stands now that an approval has begun, and what comes next.
fn login(app: &App<'_>, one: &Approval, page: &mut Page) {
    let (Some(connection), Some(state)) = (&one.connection, started(one)) else { return };
    page.text("\nconnection");
    get(connection, page);
    let status = connection.status;
    if status != Status::Active {
        let why = connection.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let status = status.as_str();
        page.hint(format!("It was approved and begun, and the connection is {status}{why}."));
    }
    let label = connection.label.as_ref();
    let user = one.user.parse().ok();
    next(app, page, &ConnectState { status, ..state }, (user.as_ref(), label));
}

/// Returns the card of an approval for this terminal, with the market as it is now where that is known.
pub(super) fn card(app: &App<'_>, one: &Approval, market: Option<&Object>) -> String {
    card_at(app, one, market, width())
}

/// Returns the same for so many columns.
pub(super) fn card_at(
    app: &App<'_>,
    one: &Approval,
    market: Option<&Object>,
    width: usize,
) -> String {
    let engine = app.backend.engine().ok();
    let effect = engine.and_then(|engine| engine.effect_of(one));
    let level = if engine.is_some() { LEVEL } else { THERE };
    Card { approval: one, effect, market, now: Millis::now(), width, level }.text()
}

/// Shows how an approval has ended, and returns the exit status.
pub(super) fn show(app: &App<'_>, output: &Output, action: &str, one: &Approval) -> Result<u8> {
    output.reply(action, written(one)?, page(app, one))?;
    Ok(status(one).unwrap_or_default())
}

/// Waits until an approval has ended.
pub(super) async fn ended(
    app: &App<'_>,
    op: &GetApproval,
    patience: Option<Duration>,
    mut each: impl FnMut(&Approval) -> Result<()>,
) -> Result<Approval> {
    let late = "it is not decided yet, and still waits";
    let waiting = Waiting { what: "waiting for a decision", patience, late };
    let waited = patiently(app, waiting, async || {
        let one = app.done(app.as_caller(), op.clone()).await?;
        each(&one)?;
        Ok(status(&one).map(|_| one))
    });
    waited.await
}

/// Returns the approvals with a number above `seq`, or the newest alone where nothing is said, newest first.
pub(super) async fn since(
    app: &App<'_>,
    status: Option<ApprovalStatus>,
    seq: Option<i64>,
) -> Result<Vec<Approval>> {
    let limit = Some(if seq.is_some() { PAGE } else { 1 });
    let mut op = ListApprovals { status, user: None, limit, cursor: None };
    let mut found = Vec::new();
    loop {
        let page = app.done(app.as_caller(), op.clone()).await?;
        let all_new = page.approvals.iter().all(|one| seq.is_some_and(|seq| one.seq > seq));
        found.extend(page.approvals.into_iter().filter(|one| seq.is_none_or(|seq| one.seq > seq)));
        match page.next_cursor.filter(|_| all_new) {
            Some(cursor) => op.cursor = Some(cursor),
            None => return Ok(found),
        }
    }
}
