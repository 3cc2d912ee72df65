//! What a person decides about an approval, each by a form of its own.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};

use super::layout::Place;
use super::{Answer, Desk, at, call, card};
use crate::api::action::Operation;
use crate::api::approvals::{Approve, Deny, Found, GetApproval, Reconcile, ResolveApproval};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ApprovalId;
use crate::engine::Call;
use crate::server::Site;

/// Returns the routes of approvals.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/approvals/{id}", get(shown))
        .route("/approvals/{id}/approve", post(approve))
        .route("/approvals/{id}/deny", post(deny))
        .route("/approvals/{id}/resolve", post(resolve))
        .route("/approvals/{id}/reconcile", post(reconcile))
}

/// Reads the id of an address.
fn named(id: &str) -> Result<ApprovalId> {
    id.parse().map_err(|_| {
        Error::new(Code::NotFound, "there is no such approval").hint("look for it in the history")
    })
}

async fn shown(desk: Desk, Path(id): Path<String>) -> Response {
    let answer = async {
        let (title, body) = page(&desk, named(&id)?).await?;
        Ok(Answer::Page(title, body))
    };
    desk.answer(Some(Place::Inbox), answer.await).await
}

async fn page(desk: &Desk, approval: ApprovalId) -> Result<(String, maud::Markup)> {
    card::page(desk, GetApproval { approval, user: None }).await
}

async fn approve(desk: Desk, Path(id): Path<String>) -> Response {
    let acknowledge_restored = desk.form.ticked("restored");
    let op = |approval| Ok(Approve { approval, user: None, acknowledge_restored });
    decided(&desk, &id, op).await
}

async fn deny(desk: Desk, Path(id): Path<String>) -> Response {
    let reason = desk.form.text("reason").map(str::to_owned);
    decided(&desk, &id, |approval| Ok(Deny { approval, user: None, reason })).await
}

async fn resolve(desk: Desk, Path(id): Path<String>) -> Response {
    let op = |approval| {
        let found = match desk.form.text("found") {
            Some("executed") => Found::Executed,
            Some("not_executed") => Found::NotExecuted,
            Some(_) | None => {
                return Err(Error::new(Code::InvalidInput, "it is not said what you found"));
            }
        };
        let reason = desk.form.wanted("reason")?;
        Ok(ResolveApproval { approval, user: None, found, reason })
    };
    decided(&desk, &id, op).await
}

async fn reconcile(desk: Desk, Path(id): Path<String>) -> Response {
    let op = |approval| Ok(Reconcile { approval: Some(approval), all: false });
    decided(&desk, &id, op).await
}

/// Does it, and goes on to the approval's page; where it could not be done, that page says so and what is the
/// case instead.
async fn decided<O: Operation>(
    desk: &Desk,
    id: &str,
    op: impl FnOnce(ApprovalId) -> Result<O>,
) -> Response {
    let answer = async {
        let id = named(id)?;
        let onward = Some(desk.back(&format!("/approvals/{id}"), &[])?);
        let done = async { desk.ask_with(Call { onward, ..call() }, op(id.clone())?).await };
        match done.await {
            Ok(_) => Ok(Answer::Onward(at(&format!("/approvals/{id}"), &[]))),
            Err(error) if card::is_shown_beside(&error) => {
                let (title, body) = page(desk, id).await?;
                Ok(Answer::Trouble(title, body, error))
            }
            Err(error) => Err(error),
        }
    };
    desk.answer(Some(Place::Inbox), answer.await).await
}
