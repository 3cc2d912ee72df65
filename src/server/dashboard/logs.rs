//! The log: what was done, held, refused and decided.

use axum::response::Response;
use maud::{Markup, html};

use super::layout::Place;
use super::parts::{Column, by, empty, pill, seen, table, time, whose};
use super::{Answer, Desk, at};
use crate::api::error::Result;
use crate::api::log::{Event, QueryLog};
use crate::api::workspace::{ListUsers, User};

/// How many entries stand on a page.
const PAGE: u32 = 50;

/// Shows a page of the log, the newest first.
pub(super) async fn page(desk: Desk) -> Response {
    let answer = async { Ok(Answer::Page("Log".to_owned(), read(&desk).await?)) };
    desk.answer(Some(Place::Logs), answer.await).await
}

async fn read(desk: &Desk) -> Result<Markup> {
    let users = desk.ask(ListUsers {}).await?.users;
    let (user, action) = (desk.query.text("user"), desk.query.text("action"));
    let op = QueryLog {
        user: desk.query.read("user")?,
        action: action.map(str::to_owned),
        after: None,
        after_seq: None,
        before_seq: desk.query.read("before")?,
        limit: Some(PAGE),
    };
    let events = desk.ask(op).await?.events;
    let whole = events.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let last = events.last().filter(|_| whole).map(|event| event.seq.to_string());
    let (user, action) = (user.unwrap_or_default(), action.unwrap_or_default());
    Ok(html! {
        h1 { "Log" }
        (filter(&users, user, action))
        @if events.is_empty() {
            (empty("No entry matches.", &html! { "Look for " a href=(at("/logs", &[])) { "all of them" } "." }))
        } @else {
            (rows(&events, &users))
        }
        @if let Some(last) = last {
            p.pages { a.button href=(at("/logs", &[("user", user), ("action", action), ("before", &last)])) { "Older" } }
        }
    })
}

fn filter(users: &[User], chosen: &str, action: &str) -> Markup {
    let is = |user: &User| user.id == chosen || user.handle() == chosen;
    html! {
        form.filter method="get" action=(at("/logs", &[])) {
            label.field {
                span { "User" }
                select name="user" {
                    option value="" { "all" }
                    @for user in users { option value=(user.id) selected[is(user)] { (whose(user)) } }
                }
            }
            label.field { span { "Action" } input name="action" value=(action) placeholder="connections.execute"; }
            button.button type="submit" { "Show" }
        }
    }
}

fn rows(events: &[Event], users: &[User]) -> Markup {
    let columns = [
        Column::Text("When"),
        Column::Text("What"),
        Column::Text("About"),
        Column::Text("For"),
        Column::Text("By"),
        Column::Text("Outcome"),
        Column::Number("Took"),
    ];
    let row = |event: &Event| {
        let user = users.iter().find(|user| Some(&user.id) == event.tenant_user_id.as_ref());
        let about = event.entity_id.as_deref().map(|name| html! { span.long { (seen(name)) } });
        vec![
            time(event.created_at),
            html! { code { (seen(&event.action)) } },
            match (&event.approval_id, about) {
                (Some(id), _) => {
                    html! { a href=(at(&format!("/approvals/{id}"), &[])) { "approval" } }
                }
                (None, about) => about.unwrap_or_else(|| html! { "–" }),
            },
            user.map_or_else(|| html! { "–" }, |user| seen(user.handle())),
            by(&event.actor),
            outcome(&event.outcome),
            html! { (event.took_ms) " ms" },
        ]
    };
    let rows: Vec<_> = events.iter().map(row).collect();
    table("Entries, the newest first; times are UTC", &columns, &rows)
}

fn outcome(word: &str) -> Markup {
    let tone = match word {
        "done" => "good",
        "held" => "waits",
        _ => "bad",
    };
    pill(&word.replace('_', " "), tone)
}
