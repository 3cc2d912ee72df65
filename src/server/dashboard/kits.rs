//! Account kits: the policies, to be read. They are changed in the terminal.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};

use super::layout::Place;
use super::parts::{facts, pill, seen, time, tree, whose};
use super::{Answer, Desk, at};
use crate::api::action::written;
use crate::api::error::Result;
use crate::api::kits::{GetKit, Kit, ListKits, Mode, Primitive};
use crate::api::workspace::{ListUsers, User};
use crate::server::Site;

/// Returns the routes of kits.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/kits", get(list)).route("/kits/{kit}", get(one))
}

async fn list(desk: Desk) -> Response {
    let answer = async {
        let kits = desk.ask(ListKits {}).await?.account_kits;
        let users = desk.ask(ListUsers {}).await?.users;
        let body = html! {
            h1 { "Account kits" }
            p.lead { "A kit says what agents may use for the users under it, and what waits for you." }
            @for kit in &kits { (card(kit, &users)) }
            p.small { "A kit is made with " code { "naive account-kits create" } " and changed with " code { "naive account-kits update" } "." }
        };
        Ok(Answer::Page("Account kits".to_owned(), body))
    };
    desk.answer(Some(Place::Kits), answer.await).await
}

fn address(kit: &Kit) -> String {
    at(&format!("/kits/{}", kit.id), &[])
}

fn card(kit: &Kit, users: &[User]) -> Markup {
    html! {
        article.card {
            div.heading {
                h2 { a href=(address(kit)) { (seen(&kit.name)) } }
                @if kit.is_default { (pill("default", "good")) }
            }
            @if let Some(text) = &kit.description { p { (seen(text)) } }
            (summary(kit, users))
        }
    }
}

fn summary(kit: &Kit, users: &[User]) -> Markup {
    let held: Vec<_> = held(kit, Some(true)).collect();
    let free: Vec<_> = held_not(kit).collect();
    let under: Vec<_> =
        users.iter().filter(|user| user.account_kit_id == kit.id).map(whose).collect();
    let list = |names: &[&str]| (!names.is_empty()).then(|| html! { (names.join(", ")) });
    facts(&[
        ("Waits for you", list(&held).or_else(|| Some(html! { "nothing" }))),
        ("Goes by itself", list(&free)),
        ("Apps", Some(html! { (apps(kit)) })),
        (
            "Users",
            Some(html! { @if under.is_empty() { "nobody" } @else { bdi { (under.join(", ")) } } }),
        ),
    ])
}

fn held(kit: &Kit, wanted: Option<bool>) -> impl Iterator<Item = &'static str> {
    let all = Primitive::ALL.into_iter().filter(move |one| kit.policy.holds(*one) == wanted);
    all.map(Primitive::as_str)
}

fn held_not(kit: &Kit) -> impl Iterator<Item = &'static str> {
    held(kit, Some(false))
}

/// Returns which apps may be used, in words.
fn apps(kit: &Kit) -> String {
    let config = &kit.policy.connections_config;
    let named = config.toolkits.iter().flatten().map(ToString::to_string);
    let named = named.collect::<Vec<_>>().join(", ");
    match config.mode {
        Mode::Open => "all".to_owned(),
        Mode::Allowlist => format!("only {named}"),
        Mode::Blocklist => format!("all but {named}"),
    }
}

async fn one(desk: Desk, Path(kit): Path<String>) -> Response {
    let answer = async { page(&desk, kit).await };
    desk.answer(Some(Place::Kits), answer.await).await
}

async fn page(desk: &Desk, kit: String) -> Result<Answer> {
    let kit = desk.ask(GetKit { kit }).await?;
    let users = desk.ask(ListUsers {}).await?.users;
    let policy = written(&kit.policy)?;
    let body = html! {
        p.path { a href=(at("/kits", &[])) { "Account kits" } }
        div.heading { h1 { (seen(&kit.name)) } @if kit.is_default { (pill("default", "good")) } }
        @if let Some(text) = &kit.description { p.lead { (seen(text)) } }
        section.panel { (summary(&kit, &users)) }
        section.panel {
            h2 { "All that it says" }
            (tree(&policy))
            p.small { "Changed " (time(kit.updated_at)) " UTC · " code { (kit.id) } }
        }
    };
    Ok(Answer::Page(kit.name.clone(), body))
}
