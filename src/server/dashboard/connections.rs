//! A user's links to apps: connect, enter a key, disconnect.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::layout::Place;
use super::parts::{Column, empty, facts, pill, seen, table, time, user_choice, whose};
use super::{Answer, Desk, at, login};
use crate::api::connections::{
    ConnectState, Connected, Connection, Credentials, Disconnect, GetConnection, ListConnections,
    ListedToolkit, Status,
};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionRef, Slug};
use crate::api::toolkits::{AuthType, Availability, GetToolkit};
use crate::api::workspace::User;
use crate::server::Site;

/// How many apps are offered at most.
const OFFERED: u32 = 200;

/// Returns the routes of connections.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/connections", get(list))
        .route("/connections/{id}", get(one))
        .route("/connections/{id}/credentials", post(credentials))
        .route("/connections/{id}/disconnect", post(disconnect))
}

async fn list(desk: Desk) -> Response {
    let answer = listed(&desk).await;
    desk.answer(Some(Place::Connections), answer).await
}

async fn listed(desk: &Desk) -> Result<Answer> {
    let (users, user) = desk.users().await?;
    let search = desk.query.text("search").map(str::to_owned);
    let all = Connected { user: Some(user.by_id()?), all: true };
    let connections = desk.ask(all).await?.connections;
    let offer = ListConnections {
        user: Some(user.by_id()?),
        search: search.clone(),
        connected: None,
        limit: Some(OFFERED),
        cursor: None,
    };
    let apps = desk.ask(offer).await?.toolkits;
    let search = search.unwrap_or_default();
    let body = html! {
        h1 { "Connections" }
        form.filter method="get" action=(at("/connections", &[])) {
            (user_choice(&users, &user.id))
            label.field { span { "App" } input type="search" name="search" value=(search) placeholder="mail, calendar…"; }
            button.button type="submit" { "Show" }
        }
        (ended(desk, &connections))
        section {
            h2 { "Connected for " (seen(&whose(&user))) }
            (connected(desk, &connections, &user))
        }
        section {
            h2 { "Connect an app" }
            (offered(desk, &apps, &user))
        }
    };
    Ok(Answer::Page("Connections".to_owned(), body))
}

/// Says how a login went that the browser comes back from; the mirror tells, not the address.
fn ended(desk: &Desk, connections: &[Connection]) -> Markup {
    let Ok(Some(slug)) = desk.query.read::<Slug>("toolkit") else { return html! {} };
    let name = desk.site.engine.app_name(&slug);
    let status = connections.iter().find(|one| one.toolkit == slug).map(|one| one.status);
    match status {
        Some(Status::Active) => login::done(&format!("{name} is connected.")),
        Some(Status::Initiated) => login::done(&format!("The login to {name} goes on.")),
        Some(Status::Expired | Status::Failed | Status::Inactive | Status::Revoked) | None => {
            login::done(&format!("{name} is not connected: the login did not succeed."))
        }
    }
}

fn connected(desk: &Desk, connections: &[Connection], user: &User) -> Markup {
    if connections.is_empty() {
        return empty("No app is connected yet.", &html! { "Choose one below." });
    }
    let columns = [
        Column::Text("App"),
        Column::Text("Account"),
        Column::Text("Status"),
        Column::Text("Last used"),
        Column::Deeds("What to do"),
    ];
    let row = |one: &Connection| {
        let place = at(&format!("/connections/{}", one.id), &[("user", &user.id)]);
        let name = desk.site.engine.app_name(&one.toolkit);
        vec![
            html! { a href=(place) { (seen(&name)) } },
            account(one),
            standing(one.status),
            one.last_used_at.map_or_else(|| html! { "never" }, time),
            html! { a.button href=(place) { "Open" span.aside { " " (name) } } },
        ]
    };
    let rows: Vec<_> = connections.iter().map(row).collect();
    table("Connections, the one that changed last first; times are UTC", &columns, &rows)
}

fn account(one: &Connection) -> Markup {
    html! {
        @if let Some(account) = &one.account { (seen(account)) }
        @if let Some(label) = &one.label { " " span.small { "(" (seen(label.as_str())) ")" } }
        @if one.account.is_none() && one.label.is_none() { "–" }
    }
}

fn standing(status: Status) -> Markup {
    let tone = match status {
        Status::Active => "good",
        Status::Initiated => "waits",
        Status::Expired | Status::Failed => "bad",
        Status::Inactive | Status::Revoked => "",
    };
    pill(&status.as_str().to_lowercase(), tone)
}

fn offered(desk: &Desk, apps: &[ListedToolkit], user: &User) -> Markup {
    if apps.is_empty() {
        return empty(
            "No app matches.",
            &html! { "Try another word, or look at the " a href=(at("/toolkits", &[])) { "toolkits" } "." },
        );
    }
    html! {
        ul.grid {
            @for app in apps {
                li.tile {
                    div { strong { (seen(&app.name)) } p.small { (way_in(app.auth_type)) } }
                    @if app.availability == Availability::Available {
                        (connect_form(desk, &app.slug, &user.id, (&app.name, app.accounts > 0)))
                    } @else {
                        p.small { (seen(app.availability_reason.as_deref().unwrap_or("not available"))) }
                    }
                }
            }
        }
    }
}

/// Returns how people log in, in words.
pub(super) fn way_in(kind: AuthType) -> &'static str {
    match kind {
        AuthType::Oauth2 => "signs in at the app",
        AuthType::ApiKey => "asks for a key",
        AuthType::Basic => "asks for a name and a password",
        AuthType::None => "asks for nothing",
        AuthType::Unknown => "asks for what to send",
    }
}

/// Returns the button that connects an app; of one that is connected it says so, and logs in again.
fn connect_form(desk: &Desk, slug: &str, user: &str, (name, again): (&str, bool)) -> Markup {
    html! {
        form method="post" action=(at("/connections/connect", &[])) {
            (desk.token())
            input type="hidden" name="user" value=(user);
            input type="hidden" name="toolkit" value=(slug);
            @if again { input type="hidden" name="reconnect" value="yes"; }
            button.button type="submit" {
                @if again { "Connect again" } @else { "Connect" }
                span.aside { " " (name) }
            }
        }
    }
}

/// Returns the way back to a user's connections.
pub(super) fn path(user: &User) -> Markup {
    html! { p.path { a href=(at("/connections", &[("user", &user.id)])) { "Connections of " (seen(&whose(user))) } } }
}

async fn one(desk: Desk, Path(id): Path<String>) -> Response {
    let answer = async {
        let (_, user) = desk.users().await?;
        let (title, body) = about(&desk, &id, &user).await?;
        Ok(Answer::Page(title, body))
    };
    desk.answer(Some(Place::Connections), answer.await).await
}

fn named(id: &str) -> Result<ConnectionRef> {
    id.parse().map_err(|_| Error::new(Code::NotFound, "there is no such connection"))
}

/// Returns the page of one connection: its title, and what stands there.
async fn about(desk: &Desk, id: &str, user: &User) -> Result<(String, Markup)> {
    let op = GetConnection { connection: named(id)?, user: Some(user.by_id()?) };
    let one = desk.ask(op).await?;
    let name = desk.site.engine.app_name(&one.toolkit);
    let listed = one.toolkit != Slug::brokerage();
    let waiting = if one.status == Status::Initiated && listed {
        unfinished(desk, &one, user).await?
    } else {
        html! {}
    };
    let optional = |at: Option<_>| at.map(time);
    let body = html! {
        (path(user))
        div.heading { h1 { (seen(&name)) } (standing(one.status)) }
        section.panel {
            (facts(&[
                ("Account", Some(account(&one))),
                ("Why", one.reason.as_deref().map(seen)),
                ("Scopes", (!one.scopes.is_empty()).then(|| html! { @for scope in &one.scopes { code { (seen(scope)) } " " } })),
                ("Since", Some(time(one.created_at))),
                ("Changed", Some(time(one.last_status_at))),
                ("Last used", optional(one.last_used_at)),
                ("Id", Some(html! { code { (one.id) } })),
            ]))
        }
        (waiting)
        @if listed { (again(desk, &one, user)) (goodbye(desk, &one, user)) }
    };
    Ok((name, body))
}

/// Returns what is left to do of a login that has not ended.
async fn unfinished(desk: &Desk, one: &Connection, user: &User) -> Result<Markup> {
    let about = desk.ask(GetToolkit::of(one.toolkit.clone())).await?;
    let state = ConnectState {
        status: one.status,
        toolkit: one.toolkit.clone(),
        redirect_url: None,
        device: None,
        connected_account_id: one.id.clone(),
        login: None,
        asked: false,
        account: None,
        credential_fields: about.credential_fields,
        user: None,
        callback_url: None,
    };
    Ok(login::next(desk, &state, &user.id))
}

/// Returns the forms that log in again, or to another account of the same app.
fn again(desk: &Desk, one: &Connection, user: &User) -> Markup {
    let hidden = |name: &str, value: &str| html! { input type="hidden" name=(name) value=(value); };
    let common = html! {
        (desk.token())
        (hidden("user", &user.id))
        (hidden("toolkit", one.toolkit.as_str()))
    };
    html! {
        section.panel {
            h2 { "Connect" }
            @if one.status != Status::Initiated {
                form method="post" action=(at("/connections/connect", &[])) {
                    (common)
                    (hidden("reconnect", "yes"))
                    @if let Some(label) = &one.label { (hidden("label", label.as_str())) }
                    button.button type="submit" { "Log in to this account again" }
                }
            }
            details.more {
                summary { "Another account of the same app" }
                form.stack method="post" action=(at("/connections/connect", &[])) {
                    (common)
                    label.field { span { "What to call it" } input name="label" required maxlength="100" placeholder="work" autocomplete="off"; }
                    button.button type="submit" { "Connect it" }
                }
            }
        }
    }
}

fn goodbye(desk: &Desk, one: &Connection, user: &User) -> Markup {
    let over = matches!(one.status, Status::Inactive | Status::Failed);
    if one.status == Status::Revoked {
        return html! { p.small { "Its credential is deleted." } };
    }
    html! {
        section.panel {
            h2 { "Disconnect" }
            form.stack method="post" action=(at(&format!("/connections/{}/disconnect", one.id), &[])) {
                (desk.token())
                input type="hidden" name="user" value=(user.id);
                @if over {
                    p { "It is over. Its credential is still kept here, sealed." }
                    input type="hidden" name="purge" value="yes";
                    button.button.danger type="submit" { "Delete the credential" }
                } @else {
                    label.tick { input type="checkbox" name="purge" value="yes"; " Also revoke it at the app, and delete the credential here" }
                    button.button.danger type="submit" { "Disconnect" }
                }
            }
        }
    }
}

async fn credentials(desk: Desk, Path(id): Path<String>) -> Response {
    let answer = async {
        let (_, user) = desk.users_with(&desk.form).await?;
        let fields = desk.form.secrets();
        let op = Credentials { connection: named(&id)?, user: Some(user.by_id()?), fields };
        match desk.ask(op).await {
            Ok(state) => {
                let query = [("user", user.id.as_str()), ("toolkit", state.toolkit.as_str())];
                Ok(Answer::Onward(at("/connections", &query)))
            }
            Err(error) => beside(&desk, &id, &user, error).await,
        }
    };
    desk.answer(Some(Place::Connections), answer.await).await
}

async fn disconnect(desk: Desk, Path(id): Path<String>) -> Response {
    let answer = async {
        let (_, user) = desk.users_with(&desk.form).await?;
        let shown = GetConnection { connection: named(&id)?, user: Some(user.by_id()?) };
        let op = Disconnect {
            toolkit: desk.ask(shown).await?.toolkit,
            user: Some(user.by_id()?),
            account: Some(id.clone()),
            purge: desk.form.ticked("purge"),
            keep_upstream: false,
        };
        match desk.ask(op).await {
            Ok(_) => Ok(Answer::Onward(at(&format!("/connections/{id}"), &[("user", &user.id)]))),
            Err(error) => beside(&desk, &id, &user, error).await,
        }
    };
    desk.answer(Some(Place::Connections), answer.await).await
}

/// Shows a connection, and above it what went wrong.
async fn beside(desk: &Desk, id: &str, user: &User, error: Error) -> Result<Answer> {
    match about(desk, id, user).await {
        Ok((title, body)) => Ok(Answer::Trouble(title, body, error)),
        Err(_) => Err(error),
    }
}
