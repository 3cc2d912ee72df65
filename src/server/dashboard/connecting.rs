//! How a login to an app begins: what its address has to be told of first, and what comes next.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use maud::{Markup, html};

use super::connections::path;
use super::layout::Place;
use super::parts::seen;
use super::{Answer, Desk, at, call, login};
use crate::api::connections::{Connect, ConnectState, Status};
use crate::api::error::Result;
use crate::api::ids::Slug;
use crate::api::toolkits::{AuthType, CredentialField, GetToolkit};
use crate::api::workspace::User;
use crate::engine::Call;
use crate::server::Site;

/// What the names of fields begin with that hold parts of an app's address.
const ADDRESS: &str = "address.";
/// Fields of the form that a page in between hands on as they are.
const KEPT: [&str; 4] = ["toolkit", "label", "reconnect", "restart"];

/// Returns the routes of logins that begin.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/connections/connect", post(connect))
}

async fn connect(desk: Desk) -> Response {
    let answer = begun(&desk).await;
    desk.answer(Some(Place::Connections), answer).await
}

/// Begins a login, once the parts of the app's address are known that the form did not have.
///
/// Whoever logs in again is not asked: the parts are those of the account.
async fn begun(desk: &Desk) -> Result<Answer> {
    let (_, user) = desk.users_with(&desk.form).await?;
    let toolkit: Slug = desk.form.wanted("toolkit")?;
    let about = desk.ask(GetToolkit::of(toolkit.clone())).await?;
    let by_browser = about.summary.auth_type == AuthType::Oauth2;
    let parts = about.credential_fields.into_iter().filter(|field| by_browser && !field.secret);
    let parts: Vec<_> = parts.collect();
    let given = desk.form.below(ADDRESS);
    let goes_on = desk.form.ticked("reconnect") || desk.form.ticked("restart");
    let title = "Connect".to_owned();
    if !parts.is_empty() && given.is_empty() && !goes_on {
        return Ok(Answer::Page(title, address(desk, &toolkit, &user, &parts)));
    }
    match asked(desk, &toolkit, &user, given).await {
        Ok(state) => Ok(after(desk, &state, &user, by_browser)),
        Err(error) if !parts.is_empty() => {
            Ok(Answer::Trouble(title, address(desk, &toolkit, &user, &parts), error))
        }
        Err(error) => Err(error),
    }
}

async fn asked(
    desk: &Desk,
    toolkit: &Slug,
    user: &User,
    fields: Vec<(String, String)>,
) -> Result<ConnectState> {
    let op = Connect {
        user: Some(user.by_id()?),
        label: desk.form.read("label")?,
        reconnect: desk.form.ticked("reconnect"),
        restart: desk.form.ticked("restart"),
        fields,
        ..Connect::to(toolkit.clone())
    };
    let onward = Some(desk.back("/connections", &[("user", &user.id)])?);
    desk.ask_with(Call { onward, ..call() }, op).await
}

/// Shows what comes next.
fn after(desk: &Desk, state: &ConnectState, user: &User, by_browser: bool) -> Answer {
    if state.status == Status::Active {
        let query = [("user", user.id.as_str()), ("toolkit", state.toolkit.as_str())];
        return Answer::Onward(at("/connections", &query));
    }
    // Where users log in otherwise, the page of the connection asks for what the app needs.
    if state.redirect_url.is_none() && state.device.is_none() && !by_browser {
        let place = format!("/connections/{}", state.connected_account_id);
        return Answer::Onward(at(&place, &[("user", &user.id)]));
    }
    let body = html! { (heading(desk, &state.toolkit, user)) (login::next(desk, state, &user.id)) };
    Answer::Page("Connect".to_owned(), body)
}

fn heading(desk: &Desk, toolkit: &Slug, user: &User) -> Markup {
    html! { (path(user)) h1 { "Connect " (seen(&desk.site.engine.app_name(toolkit))) } }
}

/// Asks for the parts of an app's address, which are no secret: what was entered stands in the fields.
fn address(desk: &Desk, toolkit: &Slug, user: &User, parts: &[CredentialField]) -> Markup {
    let given = desk.form.below(ADDRESS);
    let value = |key: &str| given.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    html! {
        (heading(desk, toolkit, user))
        section.panel {
            h2 { "Where your account is" }
            form.stack method="post" action=(at("/connections/connect", &[])) {
                (desk.token())
                input type="hidden" name="user" value=(user.id);
                @for name in KEPT {
                    @if let Some(value) = desk.form.text(name) { input type="hidden" name=(name) value=(value); }
                }
                @for part in parts {
                    label.field {
                        span { (seen(&part.label)) }
                        input name=(format!("{ADDRESS}{}", part.key)) value=[value(&part.key)] required maxlength="200" autocomplete="off" spellcheck="false";
                    }
                }
                button.button.primary type="submit" { "Go on" }
            }
        }
    }
}
