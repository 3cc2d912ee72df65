//! Brokerage accounts: what they are worth, what they hold, what was ordered, and how one is linked.

mod authorize;
mod chart;
mod deeds;
mod money;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::form::Fields;
use super::layout::Place;
use super::parts::{Column, empty, pill, seen, table, trouble, user_choice, whose};
use super::{Answer, Desk, at};
use crate::api::error::Result;
use crate::api::trading::account::{
    BrokerConnection, BrokerStatus, GetAccount, ListBrokers, ListPositions, Object,
};
use crate::api::trading::history::{GetHistory, Period};
use crate::api::trading::order::ListOrders;
use crate::api::trading::words::{BrokerEnv, OrderFilter};
use crate::api::workspace::User;
use crate::broker;
use crate::server::Site;
use authorize::authorizing;
use money::{cell, cents, dollars, grouped, said};

/// How many orders stand on the page.
const ORDERS: u32 = 20;
/// Spans of the chart that are offered, and what people call them.
const PERIODS: [(&str, &str); 4] =
    [("1W", "Week"), ("1M", "Month"), ("3M", "3 months"), ("1A", "Year")];

/// Returns the routes of trading.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/trading", get(overview))
        .route("/trading/authorize", get(authorize::consent).post(authorize::authorize))
        .route("/trading/disconnect", post(authorize::disconnect))
        .route("/trading/cancel", post(deeds::cancel))
        .route("/trading/close", post(deeds::close))
        .route("/trading/halt", post(deeds::halt))
        .route("/trading/resume", post(deeds::resume))
}

async fn overview(desk: Desk) -> Response {
    let answer = async { Ok(Answer::Page("Trading".to_owned(), shown(&desk, &desk.query).await?)) };
    desk.answer(Some(Place::Trading), answer.await).await
}

/// Returns the page of the user and the account that some fields name.
async fn shown(desk: &Desk, fields: &Fields) -> Result<Markup> {
    let (users, user) = desk.users_with(fields).await?;
    let linked = desk.ask(ListBrokers { user: Some(user.by_id()?) }).await?.connections;
    let wanted: Option<BrokerEnv> = fields.read("env")?;
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
        (deeds::halting(desk, &user, wanted).await?)
        (account)
    })
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
    let (named, whose) = (Some(env), user.by_id().ok());
    let about = desk.ask(GetAccount { env: named, user: whose.clone() }).await;
    let period = desk.query.read::<Period>("period");
    let shown = period.as_ref().ok().cloned().flatten();
    let history = match period {
        Ok(period) => {
            let op = GetHistory { period, timeframe: None, env: named, user: whose.clone() };
            desk.ask(op).await
        }
        Err(error) => Err(error),
    };
    let held = desk.ask(ListPositions { env: named, user: whose.clone() }).await;
    let orders = desk.ask(latest(env, user)).await;
    html! {
        (part(about, &worth))
        section {
            div.heading { h2 { "Equity" } (periods(shown.as_ref(), env, user)) }
            (part(history, &|history| chart::equity(&broker::worth(history))))
        }
        section { h2 { "Positions" } (part(held, &|held| positions(desk, (env, user), &held.positions))) }
        section { h2 #orders { "Orders" } (part(orders, &|orders| ordered(desk, (env, user), &orders.orders))) }
    }
}

/// Returns the question for the orders that stand on the page.
fn latest(env: BrokerEnv, user: &User) -> ListOrders {
    ListOrders {
        status: Some(OrderFilter::All),
        limit: Some(ORDERS),
        all: false,
        symbols: Vec::new(),
        side: None,
        after: None,
        until: None,
        env: Some(env),
        user: user.by_id().ok(),
    }
}

/// Returns the links to other spans of the chart.
fn periods(shown: Option<&Period>, env: BrokerEnv, user: &User) -> Markup {
    let shown = shown.map_or("1M", Period::as_str);
    html! {
        nav.tabs aria-label="Time of the chart" {
            @for (period, name) in PERIODS {
                @let query = [("user", user.id.as_str()), ("env", env.as_str()), ("period", period)];
                a href=(at("/trading", &query)) aria-current=[(shown == period).then_some("page")] { (name) }
            }
        }
    }
}

fn part<T>(answer: Result<T>, shown: &dyn Fn(&T) -> Markup) -> Markup {
    match answer {
        Ok(reply) => shown(&reply),
        Err(error) => trouble(&error),
    }
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
    }
}

fn positions(desk: &Desk, whose: (BrokerEnv, &User), held: &[Object]) -> Markup {
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
        Column::Deeds("What to do"),
    ];
    let row = |one: &Object| {
        vec![
            html! { strong { (cell(one, "symbol")) } },
            cell(one, "qty"),
            dollars(one, "avg_entry_price"),
            dollars(one, "current_price"),
            cents(one, "market_value"),
            cents(one, "unrealized_pl"),
            deeds::closing(desk, whose, one),
        ]
    };
    table("What the account holds, in dollars", &columns, &held.iter().map(row).collect::<Vec<_>>())
}

fn ordered(desk: &Desk, whose: (BrokerEnv, &User), orders: &[Object]) -> Markup {
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
        Column::Number("Filled"),
        Column::Text("Status"),
        Column::Deeds("What to do"),
    ];
    let row = |one: &Object| {
        let much = said(one, "qty").or(said(one, "notional").map(|dollars| grouped(&dollars)));
        vec![
            when(one),
            html! { (cell(one, "side")) " " strong { (cell(one, "symbol")) } },
            much.map_or_else(|| html! { "–" }, |much| seen(&much)),
            beside(&cell(one, "type"), one, "limit_price"),
            filled(one),
            status(&said(one, "status").unwrap_or_default()),
            deeds::cancelling(desk, whose, one),
        ]
    };
    let rows: Vec<_> = orders.iter().map(row).collect();
    table("Orders, the newest first; times are UTC", &columns, &rows)
}

/// Returns how much of an order is filled, and at what price.
fn filled(one: &Object) -> Markup {
    let much = said(one, "filled_qty").filter(|much| much != "0");
    much.map_or_else(|| html! { "–" }, |much| beside(&seen(&much), one, "filled_avg_price"))
}

/// Returns something of an order, and below it a price where the broker tells one.
fn beside(what: &Markup, one: &Object, price: &str) -> Markup {
    html! { (what) @if said(one, price).is_some() { br; span.small { "at " (dollars(one, price)) } } }
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
