//! Account kits: the policies, to be read. Which apps they allow and who is under them is changed here, the rest in
//! the terminal.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::layout::Place;
use super::parts::{facts, pill, seen, time, tree, user_choice, whose};
use super::{Answer, Desk, at};
use crate::api::action::{Operation, written};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::kits::{
    AssignKit, ConnectionsConfig, GetKit, Kit, ListKits, Mode, Primitive, UpdateKit,
};
use crate::api::workspace::{ListUsers, User};
use crate::server::Site;

/// Which apps may be used: the mode, its word in forms, and what people read.
const MODES: [(Mode, &str, &str); 3] = [
    (Mode::Open, "open", "All"),
    (Mode::Allowlist, "allowlist", "Only these"),
    (Mode::Blocklist, "blocklist", "All but these"),
];

/// Returns the routes of kits.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/kits", get(list))
        .route("/kits/{kit}", get(one))
        .route("/kits/{kit}/apps", post(change))
        .route("/kits/{kit}/assign", post(assign))
}

async fn list(desk: Desk) -> Response {
    let answer = async {
        let kits = desk.ask(ListKits {}).await?.account_kits;
        let users = desk.ask(ListUsers {}).await?.users;
        let body = html! {
            h1 { "Account kits" }
            p.lead { "A kit says what agents may use for the users under it, and what waits for you." }
            @for kit in &kits { (card(kit, &users)) }
            p.small { "A kit is made with " code { "naive account-kits create" } " and changed in all that it says with " code { "naive account-kits update" } "." }
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
    let answer = async {
        let (title, body) = page(&desk, kit).await?;
        Ok(Answer::Page(title, body))
    };
    desk.answer(Some(Place::Kits), answer.await).await
}

/// Returns the page of a kit: its title, and what stands there.
async fn page(desk: &Desk, kit: String) -> Result<(String, Markup)> {
    let kit = desk.ask(GetKit { kit }).await?;
    let users = desk.ask(ListUsers {}).await?.users;
    let policy = written(&kit.policy)?;
    let body = html! {
        p.path { a href=(at("/kits", &[])) { "Account kits" } }
        div.heading { h1 { (seen(&kit.name)) } @if kit.is_default { (pill("default", "good")) } }
        @if let Some(text) = &kit.description { p.lead { (seen(text)) } }
        section.panel { (summary(&kit, &users)) }
        (choice(desk, &kit))
        (joining(desk, &kit, &users))
        section.panel {
            h2 { "All that it says" }
            (tree(&policy))
            p.small { "Changed " (time(kit.updated_at)) " UTC · " code { (kit.id) } }
        }
    };
    Ok((kit.name.clone(), body))
}

/// Returns the form that says which apps may be used. It holds when the kit was read: nobody's change is lost. What
/// was entered and could not be saved stands in it again.
fn choice(desk: &Desk, kit: &Kit) -> Markup {
    let config = &kit.policy.connections_config;
    let named: Vec<_> = config.toolkits.iter().flatten().map(ToString::to_string).collect();
    let named = desk.form.text("toolkits").map_or_else(|| named.join(", "), str::to_owned);
    let chosen = desk.form.text("mode");
    let is_chosen = |mode, word| chosen.map_or(config.mode == mode, |chosen| chosen == word);
    html! {
        section.panel {
            h2 { "Which apps may be used" }
            form.stack method="post" action=(at(&format!("/kits/{}/apps", kit.id), &[])) {
                (desk.token())
                input type="hidden" name="read_at" value=(kit.updated_at);
                fieldset {
                    legend { "Agents may use" }
                    @for (mode, word, text) in MODES {
                        label.tick {
                            input type="radio" name="mode" value=(word) checked[is_chosen(mode, word)];
                            " " (text)
                        }
                    }
                }
                label.field {
                    span { "These apps, by slug, with commas between" }
                    input name="toolkits" value=(named) placeholder="gmail, slack" maxlength="2000" autocomplete="off" spellcheck="false";
                }
                button.button type="submit" { "Save" }
            }
        }
    }
}

/// Returns the form that puts another user under a kit.
fn joining(desk: &Desk, kit: &Kit, users: &[User]) -> Markup {
    let others = users.iter().filter(|user| user.account_kit_id != kit.id);
    let others: Vec<_> = others.cloned().collect();
    if others.is_empty() {
        return html! {};
    }
    html! {
        section.panel {
            h2 { "Put a user under it" }
            form.stack method="post" action=(at(&format!("/kits/{}/assign", kit.id), &[])) {
                (desk.token())
                (user_choice(&others, ""))
                button.button type="submit" { "Put under this kit" }
            }
        }
    }
}

async fn change(desk: Desk, Path(kit): Path<String>) -> Response {
    let op = async {
        let read = desk.ask(GetKit { kit: kit.clone() }).await?;
        let word = desk.form.text("mode");
        let mode = MODES.into_iter().find(|(_, known, _)| Some(*known) == word);
        let Some((mode, ..)) = mode else {
            return Err(Error::new(Code::InvalidInput, "it is not said which apps are meant"));
        };
        let named = desk.form.text("toolkits").unwrap_or_default();
        let named = named.split([',', ' ']).filter(|slug| !slug.is_empty());
        let toolkits = named.map(|slug| {
            let wrong = |why| Error::new(Code::InvalidInput, format!("`{slug}`: {why}"));
            slug.parse::<Slug>().map_err(wrong)
        });
        let toolkits = toolkits.collect::<Result<_>>()?;
        let config = ConnectionsConfig {
            mode,
            toolkits: (mode != Mode::Open).then_some(toolkits),
            ..read.policy.connections_config
        };
        Ok(UpdateKit {
            kit: kit.clone(),
            name: None,
            description: None,
            primitives_config: None,
            connections_config: Some(Box::new(config)),
            trading_config: None,
            gate_default_user: None,
            approval_ttl: None,
            if_updated_at: Some(desk.form.wanted("read_at")?),
        })
    };
    done(&desk, &kit, op.await).await
}

async fn assign(desk: Desk, Path(kit): Path<String>) -> Response {
    let op = desk.form.wanted("user").map(|user| AssignKit { kit: kit.clone(), user });
    done(&desk, &kit, op).await
}

/// Does it, and goes on to the kit's page; where it could not be done, that page says so.
async fn done<O: Operation>(desk: &Desk, kit: &str, op: Result<O>) -> Response {
    let asked = async { desk.ask(op?).await };
    let answer = match asked.await {
        Ok(_) => Ok(Answer::Onward(at(&format!("/kits/{kit}"), &[]))),
        Err(error) => match page(desk, kit.to_owned()).await {
            Ok((title, body)) => Ok(Answer::Trouble(title, body, error)),
            Err(_) => Err(error),
        },
    };
    desk.answer(Some(Place::Kits), answer).await
}
