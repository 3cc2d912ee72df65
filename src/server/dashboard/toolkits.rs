//! The apps that can be connected: which there are, and whether they are switched on.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::connections::way_in;
use super::layout::Place;
use super::parts::{Column, empty, pill, seen, table};
use super::{Answer, Desk, at};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::toolkits::{
    Availability, DisableToolkit, EnableToolkit, ListToolkits, ToolkitSummary,
};
use crate::server::Site;

/// How many toolkits stand on a page.
const PAGE: u32 = 50;

/// Returns the routes of toolkits.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/toolkits", get(list))
        .route("/toolkits/{slug}/enable", post(enable))
        .route("/toolkits/{slug}/disable", post(disable))
}

async fn list(desk: Desk) -> Response {
    let answer = async { Ok(Answer::Page("Toolkits".to_owned(), listed(&desk).await?)) };
    desk.answer(Some(Place::Toolkits), answer.await).await
}

async fn listed(desk: &Desk) -> Result<Markup> {
    let search = desk.query.text("search").map(str::to_owned);
    let cursor = desk.query.text("cursor").map(str::to_owned);
    let op = ListToolkits { search: search.clone(), limit: Some(PAGE), cursor };
    let found = desk.ask(op).await?;
    let search = search.unwrap_or_default();
    Ok(html! {
        h1 { "Toolkits" }
        form.filter method="get" action=(at("/toolkits", &[])) {
            label.field { span { "Search" } input type="search" name="search" value=(search) placeholder="mail, calendar…"; }
            button.button type="submit" { "Search" }
        }
        @if found.toolkits.is_empty() {
            (empty("No toolkit matches.", &html! {
                "Try another word. One of your own is added with " code { "naive toolkits add FILE" } "."
            }))
        } @else {
            (rows(desk, &found.toolkits))
        }
        @if let Some(cursor) = &found.next_cursor {
            p.pages { a.button href=(at("/toolkits", &[("search", &search), ("cursor", cursor)])) { "More" } }
        }
    })
}

fn rows(desk: &Desk, toolkits: &[ToolkitSummary]) -> Markup {
    let columns = [
        Column::Text("App"),
        Column::Text("What it is"),
        Column::Number("Tools"),
        Column::Text("State"),
        Column::Deeds("What to do"),
    ];
    let row = |one: &ToolkitSummary| {
        vec![
            html! { strong { (seen(&one.name)) } br; code.small { (one.slug) } },
            html! { (seen(&one.description)) br; span.small { (way_in(one.auth_type)) } },
            html! { (one.tools) },
            state(one),
            switch(desk, one),
        ]
    };
    let rows: Vec<_> = toolkits.iter().map(row).collect();
    table("Toolkits, in the order of their slugs", &columns, &rows)
}

fn state(one: &ToolkitSummary) -> Markup {
    match one.availability {
        Availability::Available => pill("available", "good"),
        Availability::Disabled => pill("switched off", ""),
        Availability::NotConfigured => html! {
            (pill("needs a client", "waits"))
            details.more {
                summary { "What to do" }
                @if let Some(why) = &one.availability_reason { p.small { (seen(why)) } }
                p.small { "Register an app with " (seen(&one.name)) ", then run:" }
                code { "naive toolkits configure " (one.slug) " --client-id ID --client-secret -" }
            }
        },
    }
}

fn switch(desk: &Desk, one: &ToolkitSummary) -> Markup {
    let off = one.availability == Availability::Disabled;
    let (deed, word) = if off { ("enable", "Switch on") } else { ("disable", "Switch off") };
    html! {
        form method="post" action=(at(&format!("/toolkits/{}/{deed}", one.slug), &[])) {
            (desk.token())
            button.button type="submit" { (word) span.aside { " " (one.name) } }
        }
    }
}

fn named(slug: &str) -> Result<Slug> {
    slug.parse().map_err(|_| Error::new(Code::NotFound, "there is no such toolkit"))
}

async fn enable(desk: Desk, Path(slug): Path<String>) -> Response {
    let done = async { desk.ask(EnableToolkit { toolkit: named(&slug)? }).await.map(drop) };
    switched(&desk, done.await).await
}

async fn disable(desk: Desk, Path(slug): Path<String>) -> Response {
    let done = async { desk.ask(DisableToolkit { toolkit: named(&slug)? }).await.map(drop) };
    switched(&desk, done.await).await
}

async fn switched(desk: &Desk, done: Result<()>) -> Response {
    let answer = done.map(|()| Answer::Onward(at("/toolkits", &[])));
    desk.answer(Some(Place::Toolkits), answer).await
}
