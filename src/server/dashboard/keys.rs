//! Keys of programs: which there are, a new one, one taken back.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::layout::Place;
use super::parts::{Column, empty, pill, seen, table, time, whose};
use super::{Answer, Desk, at};
use crate::api::error::{Code, Error, Result};
use crate::api::keys::{CreateKey, CreatedKey, Dialect, Key, ListKeys, RevokeKey, Role};
use crate::api::time::Millis;
use crate::api::workspace::{ListUsers, User};
use crate::server::Site;

/// Returns the routes of keys.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/keys", get(list).post(create)).route("/keys/{key}/revoke", post(revoke))
}

async fn list(desk: Desk) -> Response {
    let answer = async { Ok(Answer::Page("Keys".to_owned(), page(&desk, None).await?)) };
    desk.answer(Some(Place::Keys), answer.await).await
}

async fn page(desk: &Desk, made: Option<&CreatedKey>) -> Result<Markup> {
    let users = desk.ask(ListUsers {}).await?.users;
    let keys = desk.ask(ListKeys {}).await?.keys;
    Ok(html! {
        h1 { "Keys" }
        p.lead { "A program shows by its key who it is. The key says what it may ask for, and never that it may do it." }
        @if let Some(made) = made { (once(made)) }
        @if keys.is_empty() {
            (empty("No program has a key yet.", &html! { "Make one below, and give it to the program as " code { "NAIVE_API_KEY" } "." }))
        } @else {
            (rows(desk, &keys, &users))
        }
        (form(desk, &users))
    })
}

/// Shows a key that was made just now, this once.
fn once(made: &CreatedKey) -> Markup {
    html! {
        div.notice.good role="status" {
            p { "The key " strong { (seen(&made.key.name)) } " is made. It is shown this once: copy it now." }
            label.field { span { "Key" } input.secret readonly value=(made.api_key) autocomplete="off" spellcheck="false"; }
        }
    }
}

fn rows(desk: &Desk, keys: &[Key], users: &[User]) -> Markup {
    let columns = [
        Column::Text("Name"),
        Column::Text("Role"),
        Column::Text("For"),
        Column::Text("Key"),
        Column::Text("Last used"),
        Column::Text("Ends"),
        Column::Deeds("What to do"),
    ];
    let now = Millis::now();
    let row = |key: &Key| {
        let sealed = users.iter().find(|user| Some(&user.id) == key.tenant_user_id.as_ref());
        let over = key.expires_at.is_some_and(|at| at <= now);
        vec![
            seen(&key.name),
            html! { (key.role.as_str()) @if key.dialect != Dialect::Naive { br; span.small { (key.dialect.as_str()) } } },
            sealed.map_or_else(|| html! { "every user" }, |user| seen(user.handle())),
            html! { code { (key.prefix) "…" (key.last_4) } },
            key.last_used_at.map_or_else(|| html! { "never" }, time),
            key.expires_at.map_or_else(|| html! { "never" }, time),
            if key.revoked {
                pill("revoked", "")
            } else if over {
                pill("ended", "")
            } else {
                revoking(desk, key)
            },
        ]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    table("Keys, the newest first; times are UTC", &columns, &rows)
}

fn revoking(desk: &Desk, key: &Key) -> Markup {
    html! {
        details.deny {
            summary.button { "Revoke…" span.aside { " " (key.name) } }
            form method="post" action=(at(&format!("/keys/{}/revoke", key.key_id), &[])) {
                (desk.token())
                p.small { "Whoever holds it is refused from then on." }
                button.button.danger type="submit" { "Revoke it" }
            }
        }
    }
}

fn form(desk: &Desk, users: &[User]) -> Markup {
    html! {
        section.panel {
            h2 { "Make a key" }
            form.stack method="post" action=(at("/keys", &[])) {
                (desk.token())
                label.field { span { "Name" } input name="name" required maxlength="100" autocomplete="off"; }
                label.field {
                    span { "Role" }
                    select name="role" {
                        option value="agent" { "agent: acts, and never decides" }
                        option value="workspace" { "workspace: also decides and changes policy" }
                    }
                }
                label.field {
                    span { "For" }
                    select name="user" {
                        option value="" { "every user" }
                        @for user in users { option value=(user.id) { "only " (whose(user)) } }
                    }
                }
                label.field { span { "Good for (30d, 12h; empty: for ever)" } input name="ttl" maxlength="20" autocomplete="off"; }
                button.button.primary type="submit" { "Make the key" }
            }
        }
    }
}

async fn create(desk: Desk) -> Response {
    let answer = async {
        match made(&desk).await {
            Ok(made) => Ok(Answer::Page("Keys".to_owned(), page(&desk, Some(&made)).await?)),
            Err(error) => Ok(Answer::Trouble("Keys".to_owned(), page(&desk, None).await?, error)),
        }
    };
    desk.answer(Some(Place::Keys), answer.await).await
}

async fn made(desk: &Desk) -> Result<CreatedKey> {
    let role = match desk.form.text("role") {
        Some("agent") => Role::Agent,
        Some("workspace") => Role::Workspace,
        Some(_) | None => return Err(Error::new(Code::InvalidInput, "there is no such role")),
    };
    let op = CreateKey {
        name: desk.form.wanted("name")?,
        role: Some(role),
        dialect: Dialect::Naive,
        app: None,
        user: desk.form.read("user")?,
        ttl: desk.form.read("ttl")?,
    };
    desk.ask(op).await
}

async fn revoke(desk: Desk, Path(key): Path<String>) -> Response {
    let answer = desk.ask(RevokeKey { key }).await.map(|_| Answer::Onward(at("/keys", &[])));
    desk.answer(Some(Place::Keys), answer).await
}
