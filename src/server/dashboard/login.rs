//! What comes next of a login that has begun: a link to the app, a code, or a form for its keys.

use maud::{Markup, html};
use url::Url;

use super::form::SECRET;
use super::parts::{notice, seen, time};
use super::{Desk, at};
use crate::api::connections::ConnectState;
use crate::api::toolkits::CredentialField;

/// Returns what the person does now. The link is a plain one, so that forms need go nowhere but here.
pub(super) fn next(desk: &Desk, state: &ConnectState, user: &str) -> Markup {
    let name = desk.site.engine.app_name(&state.toolkit);
    html! {
        section.panel {
            h2 { "Sign in to " (seen(&name)) }
            @if let Some(link) = &state.redirect_url {
                p { "The app asks you whether you allow this." }
                p { a.button.primary href=[web(link)] rel="noreferrer" { "Go to " (seen(&name)) } }
                @if let Some(login) = &state.login { p.small { "The link is good until " (time(login.until)) " UTC." } }
            } @else if let Some(device) = &state.device {
                p { "Open this address on any device and enter the code:" }
                p { a.button.primary href=[web(&device.verification_uri)] rel="noreferrer" { (device.verification_uri) } }
                p.code { code { (seen(&device.user_code)) } }
            } @else if !state.credential_fields.is_empty() {
                (credentials(desk, state, user))
            } @else {
                (waits_elsewhere(desk, state, user))
            }
        }
    }
}

/// Returns an address that a browser opens as a page: what others name may be a script.
fn web(link: &Url) -> Option<&str> {
    matches!(link.scheme(), "https" | "http").then(|| link.as_str())
}

/// Says that the link of this login is somewhere else, and offers a new one.
fn waits_elsewhere(desk: &Desk, state: &ConnectState, user: &str) -> Markup {
    html! {
        p { "A login of this account was begun before, and its link was shown there." }
        form method="post" action=(at("/connections/connect", &[])) {
            (desk.token())
            input type="hidden" name="user" value=(user);
            input type="hidden" name="toolkit" value=(state.toolkit);
            input type="hidden" name="restart" value="yes";
            button.button type="submit" { "Make a new link" }
        }
    }
}

/// Returns the form for keys and passwords. What was entered is never shown again.
fn credentials(desk: &Desk, state: &ConnectState, user: &str) -> Markup {
    let id = &state.connected_account_id;
    html! {
        form.stack method="post" action=(at(&format!("/connections/{id}/credentials"), &[])) autocomplete="off" {
            (desk.token())
            input type="hidden" name="user" value=(user);
            @for field in &state.credential_fields { (entry(field)) }
            button.button.primary type="submit" { "Connect" }
        }
        p.small { "It is checked with the app, sealed, and never shown again." }
    }
}

fn entry(field: &CredentialField) -> Markup {
    let kind = if field.secret { "password" } else { "text" };
    html! {
        label.field {
            span { (seen(&field.label)) }
            input type=(kind) name=(format!("{SECRET}{}", field.key)) required autocomplete="off" spellcheck="false";
        }
    }
}

/// Says that something succeeded.
pub(super) fn done(text: &str) -> Markup {
    notice(&html! { p { (text) } })
}
