//! How a brokerage account is linked, what is told before, and how it is forgotten.

use axum::response::Response;
use maud::{Markup, html};

use super::super::layout::Place;
use super::super::parts::{seen, whose};
use super::super::{Answer, Desk, at, call, login};
use crate::api::error::{Error, Result};
use crate::api::trading::account::{BrokerStatus, ConnectBroker, DisconnectBroker};
use crate::api::trading::words::BrokerEnv;
use crate::api::workspace::User;
use crate::engine::Call;

/// Returns the address where an account is linked.
pub(super) fn authorizing(env: BrokerEnv, user: &User) -> String {
    at("/trading/authorize", &[("env", env.as_str()), ("user", &user.id)])
}

/// Shows what a person has to have read before the broker asks whether naive is allowed in.
pub(super) async fn consent(desk: Desk) -> Response {
    let answer = async {
        let (_, user) = desk.users().await?;
        let env = desk.query.read("env")?.unwrap_or(BrokerEnv::Paper);
        Ok(Answer::Page("Authorize naive".to_owned(), asked(&desk, env, &user)?))
    };
    desk.answer(Some(Place::Trading), answer.await).await
}

fn asked(desk: &Desk, env: BrokerEnv, user: &User) -> Result<Markup> {
    let disclosure = desk.site.engine.disclosure()?;
    Ok(html! {
        p.path { a href=(at("/trading", &[("user", &user.id)])) { "Trading" } }
        h1 { "Authorize naive" }
        p.lead { "This links the " (env.as_str()) " brokerage account of " (seen(&whose(user))) ". The broker asks you next; orders still wait for you here." }
        section.panel.reading {
            h2 { "Before you go on" }
            p { (seen(&disclosure)) }
            @if env == BrokerEnv::Live { p { strong { "This links an account with real money." } } }
            form.stack method="post" action=(at("/trading/authorize", &[])) {
                (desk.token())
                input type="hidden" name="user" value=(user.id);
                input type="hidden" name="env" value=(env.as_str());
                label.tick { input type="checkbox" name="accept" value="yes" required; " I have read this and accept it" }
                button.button.primary type="submit" { "Authorize naive" }
            }
        }
        @if env == BrokerEnv::Paper && !desk.site.engine.is_simulated() {
            p.small { a href=(authorizing(BrokerEnv::Live, user)) { "Link the live account instead" } }
        }
    })
}

pub(super) async fn authorize(desk: Desk) -> Response {
    let answer = async {
        let (_, user) = desk.users_with(&desk.form).await?;
        let env = desk.form.wanted("env")?;
        match begun(&desk, env, &user).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let body = asked(&desk, env, &user)?;
                Ok(Answer::Trouble("Authorize naive".to_owned(), body, error))
            }
        }
    };
    desk.answer(Some(Place::Trading), answer.await).await
}

async fn begun(desk: &Desk, env: BrokerEnv, user: &User) -> std::result::Result<Answer, Error> {
    let query = [("user", user.id.as_str()), ("env", env.as_str())];
    let op = ConnectBroker {
        env: Some(env),
        user: Some(user.by_id()?),
        callback_url: None,
        reconnect: false,
        // Whoever comes here again has the page with the link closed, or lost.
        restart: true,
        accept_disclosure: desk.form.ticked("accept"),
        api_key_id: None,
        secrets: crate::api::secrets::Secrets::default(),
    };
    let onward = Some(desk.back("/trading", &query)?);
    let state = desk.ask_with(Call { onward, ..call() }, op).await?;
    if state.status == BrokerStatus::Active {
        return Ok(Answer::Onward(at("/trading", &query)));
    }
    let body = html! {
        p.path { a href=(at("/trading", &[("user", &user.id)])) { "Trading" } }
        h1 { "Authorize naive" }
        (login::next(desk, &state.login, &user.id))
    };
    Ok(Answer::Page("Authorize naive".to_owned(), body))
}

pub(super) async fn disconnect(desk: Desk) -> Response {
    let answer = async {
        let (_, user) = desk.users_with(&desk.form).await?;
        let op = DisconnectBroker { env: desk.form.wanted("env")?, user: Some(user.by_id()?) };
        desk.ask(op).await?;
        Ok(Answer::Onward(at("/trading", &[("user", &user.id)])))
    };
    desk.answer(Some(Place::Trading), answer.await).await
}
