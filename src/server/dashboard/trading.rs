//! Brokerage accounts: what they are worth, what they hold, what was ordered, and how one is linked.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::Value;

use super::layout::Place;
use super::parts::{Column, empty, pill, seen, table, trouble, user_choice, whose};
use super::{Answer, Desk, at, login};
use crate::api::error::{Error, Result};
use crate::api::trading::account::{
    BrokerConnection, BrokerStatus, ConnectBroker, DisconnectBroker, GetAccount, ListBrokers,
    ListPositions, Object,
};
use crate::api::trading::amount::Amount;
use crate::api::trading::order::ListOrders;
use crate::api::trading::words::{BrokerEnv, OrderFilter};
use crate::api::workspace::User;
use crate::server::Site;

/// How many orders stand on the page.
const ORDERS: u32 = 20;

/// Returns the routes of trading.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/trading", get(overview))
        .route("/trading/authorize", get(consent).post(authorize))
        .route("/trading/disconnect", post(disconnect))
}

async fn overview(desk: Desk) -> Response {
    let answer = async { Ok(Answer::Page("Trading".to_owned(), shown(&desk).await?)) };
    desk.answer(Some(Place::Trading), answer.await).await
}

async fn shown(desk: &Desk) -> Result<Markup> {
    let (users, user) = desk.users().await?;
    let linked = desk.ask(ListBrokers { user: Some(user.by_id()?) }).await?.connections;
    let wanted: Option<BrokerEnv> = desk.query.read("env")?;
    let chosen = match wanted {
        Some(env) => linked.iter().find(|one| one.env == env),
        None => linked.iter().find(|one| one.connected).or(linked.first()),
    };
    let account = if let Some(one) = chosen.filter(|one| one.connected) {
        account(desk, one.env, &user).await
    } else {
        html! {}
    };
    Ok(html! {
        h1 { "Trading" }
        form.filter method="get" action=(at("/trading", &[])) {
            (user_choice(&users, &user.id))
            button.button type="submit" { "Show" }
        }
        @if linked.is_empty() {
            (empty(&format!("No brokerage account of {} is linked.", whose(&user)), &html! {
                a.button.primary href=(authorizing(BrokerEnv::Paper, &user)) { "Authorize naive" }
            }))
        } @else if linked.len() > 1 {
            (envs(&linked, chosen, &user))
        }
        @if let Some(one) = chosen { (link(desk, one, &user)) }
        (account)
    })
}

fn authorizing(env: BrokerEnv, user: &User) -> String {
    at("/trading/authorize", &[("env", env.as_str()), ("user", &user.id)])
}

fn envs(linked: &[BrokerConnection], chosen: Option<&BrokerConnection>, user: &User) -> Markup {
    html! {
        nav.tabs aria-label="Accounts" {
            @for one in linked {
                a href=(at("/trading", &[("user", &user.id), ("env", one.env.as_str())]))
                    aria-current=[(chosen == Some(one)).then_some("page")] { (one.env.as_str()) }
            }
        }
    }
}

/// Says how a link stands, and ends it or begins it again.
fn link(desk: &Desk, one: &BrokerConnection, user: &User) -> Markup {
    let tone = match one.status {
        BrokerStatus::Active => "good",
        BrokerStatus::Pending => "waits",
        BrokerStatus::Expired | BrokerStatus::Failed => "bad",
    };
    html! {
        section.strip {
            p {
                (pill(one.status.as_str(), tone)) " "
                (one.env.as_str()) " account"
                @if let Some(account) = &one.account { " " (seen(account)) }
                @if let Some(why) = &one.reason { ": " (seen(why)) }
            }
            @if !one.connected { a.button.primary href=(authorizing(one.env, user)) { "Authorize naive" } }
            details.deny {
                summary.button { "Forget it…" }
                form method="post" action=(at("/trading/disconnect", &[])) {
                    (desk.token())
                    input type="hidden" name="user" value=(user.id);
                    input type="hidden" name="env" value=(one.env.as_str());
                    p.small { "Its token is deleted. Orders that are open stay open at the broker." }
                    button.button.danger type="submit" { "Forget the account" }
                }
            }
        }
    }
}

/// Returns an account as the broker tells it now; each part by itself, so that one that fails hides no other.
async fn account(desk: &Desk, env: BrokerEnv, user: &User) -> Markup {
    let (env, user) = (Some(env), user.by_id().ok());
    let about = desk.ask(GetAccount { env, user: user.clone() }).await;
    let held = desk.ask(ListPositions { env, user: user.clone() }).await;
    let orders = ListOrders {
        status: Some(OrderFilter::All),
        limit: Some(ORDERS),
        all: false,
        symbols: Vec::new(),
        side: None,
        after: None,
        until: None,
        env,
        user,
    };
    let orders = desk.ask(orders).await;
    html! {
        (part(about, &worth))
        section { h2 { "Positions" } (part(held, &|held| positions(&held.positions))) }
        section { h2 { "Orders" } (part(orders, &|orders| ordered(&orders.orders))) }
    }
}

fn part<T>(answer: Result<T>, shown: &dyn Fn(&T) -> Markup) -> Markup {
    match answer {
        Ok(reply) => shown(&reply),
        Err(error) => trouble(&error),
    }
}

/// Returns a field of the broker's as text.
fn said(one: &Object, name: &str) -> Option<String> {
    match one.get(name)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn cell(one: &Object, name: &str) -> Markup {
    said(one, name).map_or_else(|| html! { "–" }, |text| seen(&text))
}

/// Returns a price in dollars, with every digit that the broker tells.
fn dollars(one: &Object, name: &str) -> Markup {
    let Some(text) = said(one, name) else { return html! { "–" } };
    html! { (grouped(&text)) }
}

/// Returns a sum in dollars, to the cent.
fn cents(one: &Object, name: &str) -> Markup {
    let Some(text) = said(one, name) else { return html! { "–" } };
    let round = text.parse::<Amount>().map(|amount| amount.0.round_dp(2).to_string());
    html! { (grouped(&round.unwrap_or(text))) }
}

/// Writes an amount in groups of three digits, with two digits behind the point if there are not more.
fn grouped(text: &str) -> String {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let (sign, number) = text.strip_prefix('-').map_or(("", text), |rest| ("−", rest));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return crate::api::ids::clean(text);
    }
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    format!("{sign}${}.{part:0<2}", groups.join(","))
}

/// Returns what an account is worth, in large numbers.
fn worth(account: &Object) -> Markup {
    let figures = [
        ("Equity", "equity"),
        ("At the last close", "last_equity"),
        ("Cash", "cash"),
        ("Buying power", "buying_power"),
    ];
    html! {
        dl.figures {
            @for (name, field) in figures {
                div { dt { (name) } dd { (cents(account, field)) } }
            }
        }
        p.small { "How the equity went over time is not shown: this build does not ask the broker for it." }
    }
}

fn positions(held: &[Object]) -> Markup {
    if held.is_empty() {
        return empty("The account holds nothing.", &html! { "What is bought stands here." });
    }
    let columns = [
        Column::Text("Symbol"),
        Column::Number("Quantity"),
        Column::Number("Paid"),
        Column::Number("Price"),
        Column::Number("Value"),
        Column::Number("Gain"),
    ];
    let row = |one: &Object| {
        vec![
            html! { strong { (cell(one, "symbol")) } },
            cell(one, "qty"),
            dollars(one, "avg_entry_price"),
            dollars(one, "current_price"),
            cents(one, "market_value"),
            cents(one, "unrealized_pl"),
        ]
    };
    table("What the account holds, in dollars", &columns, &held.iter().map(row).collect::<Vec<_>>())
}

fn ordered(orders: &[Object]) -> Markup {
    if orders.is_empty() {
        return empty(
            "Nothing was ordered yet.",
            &html! {
                "An agent orders with " code { "trading.order.create" } ", and you approve it in the inbox."
            },
        );
    }
    let columns = [
        Column::Text("When"),
        Column::Text("Order"),
        Column::Number("Quantity"),
        Column::Text("Type"),
        Column::Number("Limit"),
        Column::Number("Filled"),
        Column::Number("At"),
        Column::Text("Status"),
    ];
    let row = |one: &Object| {
        let much = said(one, "qty").or(said(one, "notional").map(|dollars| grouped(&dollars)));
        vec![
            when(one),
            html! { (cell(one, "side")) " " strong { (cell(one, "symbol")) } },
            much.map_or_else(|| html! { "–" }, |much| seen(&much)),
            cell(one, "type"),
            dollars(one, "limit_price"),
            cell(one, "filled_qty"),
            dollars(one, "filled_avg_price"),
            status(&said(one, "status").unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = orders.iter().map(row).collect();
    table("Orders, the newest first; times are UTC", &columns, &rows)
}

fn when(one: &Object) -> Markup {
    let at = said(one, "submitted_at").unwrap_or_default();
    match at.parse::<crate::api::time::Millis>() {
        Ok(at) => super::parts::time(at),
        Err(_) => seen(&at),
    }
}

fn status(word: &str) -> Markup {
    let tone = match word {
        "filled" => "good",
        "rejected" | "suspended" => "bad",
        "canceled" | "expired" | "replaced" | "done_for_day" => "",
        _ => "waits",
    };
    pill(&word.replace('_', " "), tone)
}

/// Shows what a person has to have read before the broker asks whether naive is allowed in.
async fn consent(desk: Desk) -> Response {
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

async fn authorize(desk: Desk) -> Response {
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
        callback_url: Some(desk.back("/trading", &query)?),
        reconnect: false,
        // Whoever comes here again has the page with the link closed, or lost.
        restart: true,
        accept_disclosure: desk.form.ticked("accept"),
        api_key_id: None,
        secrets: crate::api::secrets::Secrets::default(),
    };
    let state = desk.ask(op).await?;
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

async fn disconnect(desk: Desk) -> Response {
    let answer = async {
        let (_, user) = desk.users_with(&desk.form).await?;
        let op = DisconnectBroker { env: desk.form.wanted("env")?, user: Some(user.by_id()?) };
        desk.ask(op).await?;
        Ok(Answer::Onward(at("/trading", &[("user", &user.id)])))
    };
    desk.answer(Some(Place::Trading), answer.await).await
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn amounts_are_grouped_and_nothing_is_rounded_away() {
        let table = [
            ("100000", "$100,000.00"),
            ("-1234567.891", "−$1,234,567.891"),
            ("0.5", "$0.50"),
            ("7", "$7.00"),
            ("1e5", "1e5"),
            ("", ""),
        ];
        for (text, shown) in table {
            assert_eq!(grouped(text), shown);
        }
    }
}
