//! What a person does about an account: cancel an order, close a position, stop all new orders and let them go again.
//!
//! Each is a form behind one that opens, so that no single press trades. The key of an order is made with its form:
//! sent twice, it is placed once.

use axum::response::Response;
use maud::{Markup, html};

use super::super::form::Fields;
use super::super::layout::Place;
use super::super::parts::{seen, time, whose};
use super::super::{Answer, Desk, at, call};
use super::money::said;
use super::shown;
use crate::api::action::Operation;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{UserRef, fresh_ordered};
use crate::api::trading::account::Object;
use crate::api::trading::limits::{GetLimits, Halt, Halted, Resume};
use crate::api::trading::order::{CancelOrder, ClosePosition};
use crate::api::trading::words::BrokerEnv;
use crate::api::workspace::User;
use crate::engine::Call;

/// Statuses of an order that may still be filled.
/// Source: Alpaca Trading API, "Orders lifecycle".
const OPEN: [&str; 7] =
    ["new", "accepted", "pending_new", "partially_filled", "held", "pending_replace", "stopped"];
/// Name of the field that holds the key of an order.
const KEY: &str = "key";
/// Name of the field that says whose orders are stopped.
const SCOPE: &str = "whose";
/// Its value for those of every user.
const ALL: &str = "all";

/// Returns a form that opens, asks, and then does it.
fn asks(desk: &Desk, place: &str, (word, about): (&str, &str), body: &Markup) -> Markup {
    html! {
        details.deny {
            summary.button { (word) "…" span.aside { " " (about) } }
            form method="post" action=(at(place, &[])) { (desk.token()) (body) }
        }
    }
}

fn account((env, user): (BrokerEnv, &User)) -> Markup {
    html! {
        input type="hidden" name="user" value=(user.id);
        input type="hidden" name="env" value=(env.as_str());
    }
}

/// Says that money is real, where it is.
fn real(env: BrokerEnv) -> Markup {
    html! { @if env == BrokerEnv::Live { p { strong { "This is real money." } } } }
}

/// Returns the form that cancels an order; nothing of one that has ended.
pub(super) fn cancelling(desk: &Desk, (env, user): (BrokerEnv, &User), one: &Object) -> Markup {
    let is_open = said(one, "status").is_some_and(|status| OPEN.contains(&status.as_str()));
    let Some(id) = said(one, "id").filter(|_| is_open) else { return html! {} };
    let about = ["side", "symbol"].map(|name| said(one, name).unwrap_or_default()).join(" ");
    let body = html! {
        (account((env, user)))
        input type="hidden" name="order" value=(id);
        p.small { "What is filled already stays as it is." }
        button.button.danger type="submit" { "Cancel the order" }
    };
    asks(desk, "/trading/cancel", ("Cancel", &about), &body)
}

/// Returns the form that closes a position, in whole or in part.
pub(super) fn closing(desk: &Desk, (env, user): (BrokerEnv, &User), one: &Object) -> Markup {
    let Some(symbol) = said(one, "symbol") else { return html! {} };
    let quantity = said(one, "qty").unwrap_or_default();
    let short = quantity.strip_prefix('-');
    let body = html! {
        (account((env, user)))
        input type="hidden" name="symbol" value=(symbol);
        input type="hidden" name=(KEY) value=(fresh_ordered());
        p.small {
            @if short.is_some() { "Buys back" } @else { "Sells" }
            " at the market. Held: " (seen(&quantity)) " " (seen(&symbol))
        }
        (real(env))
        label.field { span { "How much of it, in percent" } input name="percentage" value="100" inputmode="decimal" required maxlength="12" autocomplete="off"; }
        button.button.danger type="submit" { "Close the position" }
    };
    asks(desk, "/trading/close", ("Close", &symbol), &body)
}

/// Returns whether new orders are stopped, and the form that changes it.
pub(super) async fn halting(desk: &Desk, user: &User, env: Option<BrokerEnv>) -> Result<Markup> {
    let limits = desk.ask(GetLimits { env: None, user: Some(user.by_id()?) }).await?;
    let common = html! {
        input type="hidden" name="user" value=(user.id);
        @if let Some(env) = env { input type="hidden" name="env" value=(env.as_str()); }
    };
    Ok(match &limits.halted {
        Some(halted) => stopped(desk, halted, &common),
        None => running(desk, user, &common),
    })
}

fn stopped(desk: &Desk, halted: &Halted, common: &Markup) -> Markup {
    let scope = if halted.user.is_some() { "" } else { ALL };
    let body = html! {
        (common)
        input type="hidden" name=(SCOPE) value=(scope);
        p.small { "Agents may order again; what is held still waits for you." }
        button.button.danger type="submit" { "Let orders go out" }
    };
    html! {
        section.strip.notice.bad {
            p {
                @if let Some(user) = &halted.user { "The orders of " (seen(user)) } @else { "All orders" }
                " are stopped since " (time(halted.since)) " UTC by " (seen(&halted.by))
                @if let Some(why) = &halted.reason { ": " q { (seen(why)) } }
            }
            (asks(desk, "/trading/resume", ("Resume", "orders"), &body))
        }
    }
}

fn running(desk: &Desk, user: &User, common: &Markup) -> Markup {
    let scope = |value: &str, checked: bool, text: &str| {
        html! {
            label.tick { input type="radio" name=(SCOPE) value=(value) checked[checked]; " " (text) }
        }
    };
    let body = html! {
        (common)
        fieldset {
            legend { "Whose" }
            (scope("", true, &format!("Only those of {}", whose(user))))
            (scope(ALL, false, "Those of every user"))
        }
        label.field { span { "Why (optional)" } input name="reason" maxlength="500" autocomplete="off"; }
        button.button.danger type="submit" { "Stop the orders" }
    };
    html! {
        section.strip {
            p.small { "New orders can be stopped at once; cancelling and closing stay possible." }
            (asks(desk, "/trading/halt", ("Stop", "new orders"), &body))
        }
    }
}

pub(super) async fn cancel(desk: Desk) -> Response {
    let op = |user: &User| {
        let (env, order) = (desk.form.read("env")?, desk.form.wanted("order")?);
        Ok(CancelOrder { order, env, user: Some(user.by_id()?) })
    };
    done(&desk, "#orders", op).await
}

pub(super) async fn close(desk: Desk) -> Response {
    let op = |user: &User| {
        if desk.form.text(KEY).is_none() {
            return Err(Error::new(Code::InvalidInput, "this form has no key of its own")
                .hint("go back, reload the page, and send it again"));
        }
        Ok(ClosePosition {
            symbol: desk.form.wanted("symbol")?,
            qty: None,
            percentage: Some(desk.form.wanted("percentage")?),
            env: desk.form.read("env")?,
            user: Some(user.by_id()?),
        })
    };
    done(&desk, "#orders", op).await
}

pub(super) async fn halt(desk: Desk) -> Response {
    let op = |user: &User| {
        let user = meant(&desk.form, user)?;
        Ok(Halt { user, reason: desk.form.read("reason")? })
    };
    done(&desk, "", op).await
}

pub(super) async fn resume(desk: Desk) -> Response {
    done(&desk, "", |user: &User| Ok(Resume { user: meant(&desk.form, user)? })).await
}

/// Returns whose orders a form is about: one user's, or everybody's.
fn meant(form: &Fields, user: &User) -> Result<Option<UserRef>> {
    if form.text(SCOPE) == Some(ALL) { Ok(None) } else { user.by_id().map(Some) }
}

/// Does it, and goes on to the part of the page that shows it; where it could not be done, the page says so.
async fn done<O: Operation>(
    desk: &Desk,
    part: &str,
    op: impl FnOnce(&User) -> Result<O>,
) -> Response {
    let answer = async {
        let (_, user) = desk.users_with(&desk.form).await?;
        let asked = async {
            let own = Call { idempotency_key: desk.form.read(KEY)?, ..call() };
            desk.ask_with(own, op(&user)?).await
        };
        match asked.await {
            Ok(_) => {
                let env = desk.form.text("env").unwrap_or_default();
                let query = [("user", user.id.as_str()), ("env", env)];
                let query = if env.is_empty() { &query[..1] } else { &query[..] };
                Ok(Answer::Onward(format!("{}{part}", at("/trading", query))))
            }
            Err(error) => {
                let body = shown(desk, &desk.form).await?;
                Ok(Answer::Trouble("Trading".to_owned(), body, error))
            }
        }
    };
    desk.answer(Some(Place::Trading), answer.await).await
}
