//! What waits for a person, what has to be looked at, and what became of the rest.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::layout::Place;
use super::parts::{Column, by, empty, table, time};
use super::{Answer, Desk, at, card};
use crate::api::approvals::{Approval, ApprovalStatus, Approvals, ListApprovals};
use crate::api::error::Result;
use crate::api::ids::clean;

/// How many approvals stand on a page.
const PAGE: u32 = 25;

/// Shows the inbox.
pub(super) async fn waiting(desk: Desk) -> Response {
    let answer = async {
        let inbox = inbox(&desk).await?;
        let body = html! {
            div.heading { h1 { "Inbox" } (tabs("Waiting")) }
            div #fresh.notice hidden role="status" {
                p { "Something has changed. " button.link type="button" { "Show it" } }
            }
            (inbox)
        };
        Ok(Answer::Page("Inbox".to_owned(), body))
    };
    desk.answer(Some(Place::Inbox), answer.await).await
}

/// Shows the part of the inbox that changes, for the script that keeps it fresh.
pub(super) async fn fragment(desk: Desk) -> Response {
    match inbox(&desk).await {
        Ok(inbox) => super::html(StatusCode::OK, &inbox),
        Err(error) => super::alone(&error),
    }
}

async fn inbox(desk: &Desk) -> Result<Markup> {
    let waiting = standing(desk, ApprovalStatus::Pending).await?;
    let mut doubtful = standing(desk, ApprovalStatus::Unknown).await?;
    for status in [ApprovalStatus::Approved, ApprovalStatus::Sending] {
        doubtful.extend(standing(desk, status).await?);
    }
    let mark = |one: &Approval| format!("{}:{} ", one.id, one.status.as_str());
    let state: String = waiting.iter().chain(&doubtful).map(mark).collect();
    Ok(html! {
        div #inbox data-waiting=(waiting.len()) data-state=(state) {
            @if waiting.is_empty() {
                (empty("Nothing waits for you.", &html! {
                    "What an agent asks for and may not do by itself stands here, and you decide."
                }))
            }
            @for one in &waiting { (card::small(desk, one)) }
            @if !doubtful.is_empty() {
                section.panel {
                    h2 { "To be looked at" }
                    p.small { "Nobody knows yet whether these were done." }
                    ul.plain { @for one in &doubtful {
                        li { (card::state(one.status)) " " a href=(card::address(one)) { (card::spoken_title(one)) } }
                    } }
                }
            }
        }
    })
}

/// Returns the approvals that stand so, the newest first.
async fn standing(desk: &Desk, status: ApprovalStatus) -> Result<Vec<Approval>> {
    let op = ListApprovals { status: Some(status), user: None, limit: Some(PAGE), cursor: None };
    Ok(desk.ask(op).await?.approvals)
}

fn tabs(here: &str) -> Markup {
    let tabs = [("Waiting", at("", &[])), ("History", at("/history", &[]))];
    html! {
        nav.tabs aria-label="Approvals" {
            @for (name, path) in &tabs {
                a href=(path) aria-current=[(*name == here).then_some("page")] { (name) }
            }
        }
    }
}

/// Shows what was asked for, who decided and why, the newest first.
pub(super) async fn history(desk: Desk) -> Response {
    let answer = async {
        let chosen = desk.query.text("status").and_then(named);
        let cursor = desk.query.text("cursor").map(str::to_owned);
        let op = ListApprovals { status: chosen, user: None, limit: Some(PAGE), cursor };
        let found = desk.ask(op).await?;
        let body = html! {
            div.heading { h1 { "History" } (tabs("History")) }
            (filter(chosen))
            (listed(&found, chosen))
        };
        Ok(Answer::Page("History".to_owned(), body))
    };
    desk.answer(Some(Place::Inbox), answer.await).await
}

/// Every status that one can look for.
const STATUSES: [ApprovalStatus; 9] = [
    ApprovalStatus::Pending,
    ApprovalStatus::Approved,
    ApprovalStatus::Sending,
    ApprovalStatus::Unknown,
    ApprovalStatus::Executed,
    ApprovalStatus::Failed,
    ApprovalStatus::Denied,
    ApprovalStatus::Expired,
    ApprovalStatus::Cancelled,
];

fn named(word: &str) -> Option<ApprovalStatus> {
    STATUSES.into_iter().find(|status| status.as_str() == word)
}

fn filter(chosen: Option<ApprovalStatus>) -> Markup {
    html! {
        form.filter method="get" action=(at("/history", &[])) {
            label.field {
                span { "Status" }
                select name="status" {
                    option value="" { "any" }
                    @for status in STATUSES {
                        option value=(status.as_str()) selected[chosen == Some(status)] { (status.as_str()) }
                    }
                }
            }
            button.button type="submit" { "Show" }
        }
    }
}

fn listed(found: &Approvals, chosen: Option<ApprovalStatus>) -> Markup {
    if found.approvals.is_empty() {
        return empty(
            "Nothing is here.",
            &html! {
                "Once an agent has asked for something, what became of it stands here."
            },
        );
    }
    let columns = [
        Column::Text("When"),
        Column::Text("Status"),
        Column::Text("What"),
        Column::Text("For"),
        Column::Text("Asked by"),
        Column::Text("Decided"),
    ];
    let row = |one: &Approval| {
        vec![
            time(one.updated_at),
            card::state(one.status),
            html! { a href=(card::address(one)) { (card::spoken_title(one)) } },
            html! { bdi { (clean(&one.user)) } },
            by(&one.requested_by),
            card::decided(one),
        ]
    };
    let rows: Vec<_> = found.approvals.iter().map(row).collect();
    let status = chosen.map(ApprovalStatus::as_str).unwrap_or_default();
    html! {
        (table("Approvals, the newest first; times are UTC", &columns, &rows))
        @if let Some(cursor) = &found.next_cursor {
            p.pages { a.button href=(at("/history", &[("status", status), ("cursor", cursor)])) { "Older" } }
        }
    }
}
