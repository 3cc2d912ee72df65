//! What the replies about trading look like to people.

use rust_decimal::Decimal;
use serde_json::Value;

use super::whose::Whose;
use crate::api::ids::quoted;
use crate::api::trading::account::{
    Assets, BrokerApp, BrokerConnection, BrokerForgotten, Brokers, Object, Positions, Quotes,
};
use crate::api::trading::limits::{EnvLimits, Halted, Halts, TradingLimits};
use crate::api::trading::order::{Orders, ReconciledOrders};
use crate::api::trading::symbol::Symbol;
use crate::cli::output::{Page, clean, word};

/// Returns a field of the broker's as a text; nothing where it has none.
fn said(object: &Object, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(clean(text)),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Some(other.to_string())
        }
    }
}

fn cell(object: &Object, name: &str) -> String {
    said(object, name).unwrap_or_default()
}

/// Returns a part of a whole in percent.
fn percent(object: &Object, name: &str) -> String {
    let part = said(object, name).and_then(|text| text.parse::<Decimal>().ok());
    let percent = part.map(|part| (part * Decimal::ONE_HUNDRED).round_dp(2).normalize());
    percent.map(|percent| format!("{percent} %")).unwrap_or_default()
}

/// Returns an amount of money to the cent; coins come in fractions of one.
fn cents(object: &Object, name: &str) -> String {
    let text = cell(object, name);
    text.parse::<Decimal>().map_or(text, |amount| amount.round_dp(2).to_string())
}

/// The OAuth app.
pub(super) fn broker(reply: &BrokerApp, page: &mut Page) {
    page.fields(&[
        ("OAuth app", Some(reply.client_id.clone().unwrap_or_else(|| "none".to_owned()))),
        ("returns to", reply.redirect_uri.as_ref().map(ToString::to_string)),
        ("address", reply.base_url.as_ref().map(ToString::to_string)),
        ("disclosure", Some(reply.disclosure.clone())),
    ]);
    if reply.client_id.is_some() && reply.redirect_uri.is_none() {
        page.hint(
            "The broker sends browsers to a registered address alone: register `http://127.0.0.1:8765/oauth/callback` with the app, and name it with `--redirect-uri`.",
        );
    }
    if reply.client_id.is_none() {
        page.next(
            "naive trading configure --client-id ID --client-secret -",
            "let users log in through an app of yours",
        );
    }
}

/// One line a linked account.
pub(super) fn connections(reply: &Brokers, page: &mut Page, user: &str) {
    if reply.connections.is_empty() {
        page.text("No brokerage account is linked.");
        page.next(format!("naive trading connect --env paper{user}"), "link one");
        return;
    }
    let row = |one: &BrokerConnection| {
        vec![
            one.env.to_string(),
            one.status.as_str().to_owned(),
            one.account.clone().unwrap_or_default(),
            one.reason.clone().unwrap_or_default(),
        ]
    };
    page.table(&["env", "status", "account", "note"], reply.connections.iter().map(row).collect());
}

/// That an account was forgotten.
pub(super) fn disconnected(reply: &BrokerForgotten, page: &mut Page) {
    page.text(format!("The {} account is forgotten, and its token deleted.", reply.env));
}

/// The account.
pub(super) fn account(account: &Object, page: &mut Page, whose: &Whose) {
    page.fields(&[
        ("account", said(account, "account_number")),
        ("env", Some(whose.place.clone())),
        ("status", said(account, "status")),
        ("crypto", said(account, "crypto_status")),
        ("cash", said(account, "cash")),
        ("equity", said(account, "equity")),
        ("last close", said(account, "last_equity")),
        ("buying power", said(account, "buying_power")),
        ("for coins", said(account, "non_marginable_buying_power")),
        ("for options", said(account, "options_buying_power")),
        ("long", said(account, "long_market_value")),
        ("short", said(account, "short_market_value")),
        ("blocked", said(account, "trading_blocked").filter(|blocked| blocked == "true")),
    ]);
}

/// One line an asset.
pub(super) fn assets(reply: &Assets, page: &mut Page) {
    if reply.assets.is_empty() {
        page.text("Nothing matches.");
        return;
    }
    let row = |one: &Object| {
        let can = |name: &str, word: &str| {
            let yes = one.get(name).and_then(Value::as_bool).unwrap_or_default();
            yes.then(|| word.to_owned())
        };
        let can = [can("fractionable", "fractions"), can("shortable", "short")];
        let can = can.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let tradable = if cell(one, "tradable") == "false" { "not tradable" } else { "" };
        vec![
            cell(one, "symbol"),
            cell(one, "name"),
            cell(one, "exchange"),
            can,
            tradable.to_owned(),
        ]
    };
    page.table(
        &["symbol", "name", "exchange", "also", "note"],
        reply.assets.iter().map(row).collect(),
    );
}

/// One line a position.
pub(super) fn positions(reply: &Positions, page: &mut Page, user: &str) {
    if reply.positions.is_empty() {
        page.text("The account holds nothing.");
        page.next(
            format!("naive trading order --symbol AAPL --side buy --qty 1{user}"),
            "buy something",
        );
        return;
    }
    let row = |one: &Object| {
        vec![
            cell(one, "symbol"),
            cell(one, "qty"),
            cell(one, "avg_entry_price"),
            cell(one, "current_price"),
            cents(one, "market_value"),
            cents(one, "unrealized_pl"),
            percent(one, "unrealized_plpc"),
        ]
    };
    page.table(
        &["symbol", "qty", "paid", "price", "value", "gain", "in %"],
        reply.positions.iter().map(row).collect(),
    );
}

/// One position.
pub(super) fn position(one: &Object, page: &mut Page) {
    page.fields(&[
        ("symbol", said(one, "symbol")),
        ("qty", said(one, "qty")),
        ("available", said(one, "qty_available")),
        ("paid", said(one, "avg_entry_price")),
        ("price", said(one, "current_price")),
        ("value", said(one, "market_value")),
        ("gain", said(one, "unrealized_pl")),
        ("in percent", Some(percent(one, "unrealized_plpc"))),
    ]);
}

/// Returns how much an order is for: a quantity, or dollars.
fn much(one: &Object) -> String {
    said(one, "qty")
        .or(said(one, "notional").map(|dollars| format!("${dollars}")))
        .unwrap_or_default()
}

/// One line an order.
pub(super) fn orders(reply: &Orders, page: &mut Page, named: bool) {
    if reply.orders.is_empty() {
        page.text("No order matches.");
        if !named {
            page.hint("Closed ones are shown with `--status all`.");
        }
        return;
    }
    let row = |one: &Object| {
        let at = cell(one, "submitted_at").chars().skip(5).take(11).collect::<String>();
        vec![
            at.replace('T', " "),
            cell(one, "symbol"),
            cell(one, "side"),
            much(one),
            cell(one, "type"),
            said(one, "limit_price").or(said(one, "stop_price")).unwrap_or_default(),
            cell(one, "status"),
            cell(one, "filled_avg_price"),
            cell(one, "id"),
        ]
    };
    page.table(
        &["submitted", "symbol", "side", "much", "type", "at", "status", "filled at", "id"],
        reply.orders.iter().map(row).collect(),
    );
    page.narrowing(&["submitted", "type", "at", "filled at", "much", "side"]);
}

/// One order.
pub(super) fn order(one: &Object, page: &mut Page, whose: &Whose) {
    page.fields(&[
        ("env", Some(whose.place.clone())),
        ("order", said(one, "id")),
        ("own id", said(one, "client_order_id")),
        ("symbol", said(one, "symbol")),
        ("side", said(one, "side")),
        ("much", Some(much(one))),
        ("type", said(one, "type")),
        ("stays", said(one, "time_in_force")),
        ("limit", said(one, "limit_price")),
        ("stop", said(one, "stop_price")),
        ("status", said(one, "status")),
        ("filled", said(one, "filled_qty").filter(|qty| qty != "0")),
        ("filled at", said(one, "filled_avg_price")),
    ]);
    let waits = ["pending_new", "accepted", "new", "held", "partially_filled", "pending_cancel"];
    if waits.contains(&cell(one, "status").as_str()) {
        let command = format!("naive trading get-order {}{}", cell(one, "id"), whose.flags);
        page.next(command, "see how it stands");
    }
}

/// One line a quote.
pub(super) fn quotes(reply: &Quotes, page: &mut Page, named: &[Symbol]) {
    let plain = |text: &str| text.replace('/', "");
    let is_quoted =
        |symbol: &Symbol| reply.quotes.keys().any(|own| plain(own) == plain(symbol.as_str()));
    let missing: Vec<_> = named.iter().filter(|symbol| !is_quoted(symbol)).collect();
    let missing: Vec<_> = missing.iter().map(|symbol| format!("`{symbol}`")).collect();
    if !missing.is_empty() {
        page.hint(format!(
            "Nobody quotes {}; `naive trading assets --search …` shows what there is.",
            missing.join(", ")
        ));
    }
    if reply.quotes.is_empty() {
        return;
    }
    let row = |(symbol, one): (&String, &Object)| {
        let at = cell(one, "t").chars().take(19).collect::<String>().replace('T', " ");
        vec![clean(symbol), cell(one, "bp"), cell(one, "bs"), cell(one, "ap"), cell(one, "as"), at]
    };
    page.table(
        &["symbol", "bid", "size", "ask", "size", "at (UTC)"],
        reply.quotes.iter().map(row).collect(),
    );
}

/// What would become of an order.
pub(super) fn preview(reply: &Object, page: &mut Page, whose: &Whose) {
    let part = |name: &str| reply.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let (order, market) = (part("order"), part("market"));
    let exit = |name: &str, price: &str| {
        let exit = order.get(name).and_then(Value::as_object);
        exit.and_then(|exit| said(exit, price))
    };
    page.fields(&[
        ("env", Some(whose.place.clone())),
        ("symbol", said(&order, "symbol")),
        ("side", said(&order, "side")),
        ("much", Some(much(&order))),
        ("type", said(&order, "type")),
        ("limit", said(&order, "limit_price")),
        ("stop", said(&order, "stop_price")),
        ("stays", said(&order, "time_in_force")),
        ("class", said(&order, "order_class")),
        ("gain at", exit("take_profit", "limit_price")),
        ("loss at", exit("stop_loss", "stop_price")),
        ("bid", said(&market, "bid")),
        ("ask", said(&market, "ask")),
        ("worth about", said(&market, "estimated_cost")),
        ("buying power", said(&market, "buying_power")),
        ("held now", said(&market, "position")),
        ("market", said(&market, "session")),
        ("opens", said(reply, "next_session")),
    ]);
    let refusals = reply.get("refusals").and_then(Value::as_array).cloned().unwrap_or_default();
    for refusal in refusals.iter().filter_map(Value::as_object) {
        page.text(format!("The broker would refuse it: {}", cell(refusal, "message")));
    }
    if let Some(limits) = reply.get("limits").and_then(Value::as_object) {
        page.text(format!("The account kit would refuse it: {}", cell(limits, "message")));
    }
    if reply.get("would_be_held") == Some(&Value::Bool(true)) {
        page.text("It would wait for a person to approve it.");
    } else if reply.get("would_be_sent") == Some(&Value::Bool(true)) {
        page.text("Nothing stands in its way.");
    }
}

/// What the kit allows, and how much of it is used.
pub(super) fn limits(reply: &TradingLimits, page: &mut Page) {
    if let Some(halted) = &reply.halted {
        page.text(stopped(halted));
    }
    page.fields(&[("account kit", Some(reply.account_kit.clone()))]);
    let used = |env: &EnvLimits| {
        env.used
            .iter()
            .map(|one| {
                vec![
                    env.env.to_string(),
                    if env.orders { "on" } else { "off" }.to_owned(),
                    one.asset_class.to_string(),
                    one.orders_today.to_string(),
                    one.notional_today.to_string(),
                ]
            })
            .collect::<Vec<_>>()
    };
    page.table(
        &["env", "orders", "class", "orders today", "dollars today"],
        reply.envs.iter().flat_map(used).collect(),
    );
    for env in &reply.envs {
        let said = word_of(&env.limits);
        if said != "{}" {
            page.text(format!("{}: {said}", env.env));
        }
    }
    let kit = quoted(&reply.account_kit);
    page.next(
        format!("naive account-kits update {kit} --trading paper.limits.maxOrderNotional=500"),
        "set one, as the operator",
    );
}

fn word_of(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| word(&"?"))
}

/// Whose orders are stopped.
pub(super) fn halts(reply: &Halts, page: &mut Page) {
    if reply.halts.is_empty() {
        page.text("No orders are stopped.");
    }
    for halt in &reply.halts {
        page.text(stopped(halt));
    }
}

fn stopped(halt: &Halted) -> String {
    let whose = halt
        .user
        .as_deref()
        .map_or("All orders".to_owned(), |user| format!("The orders of {}", clean(user)));
    let why = halt.reason.as_deref().map(|why| format!(": {}", clean(why))).unwrap_or_default();
    format!("{whose} are stopped since {} UTC by {}{why}.", halt.since.plain(), clean(&halt.by))
}

/// What was found out about orders.
pub(super) fn reconciled(reply: &ReconciledOrders, page: &mut Page) {
    if reply.intents.is_empty() {
        page.text("No order is in doubt.");
    } else {
        let row = |one: &crate::api::trading::order::Intent| {
            vec![
                one.client_order_id.clone(),
                one.symbol.to_string(),
                one.side.to_string(),
                word(&one.status),
            ]
        };
        page.table(
            &["own id", "symbol", "side", "status"],
            reply.intents.iter().map(row).collect(),
        );
    }
    if !reply.foreign.is_empty() {
        page.text("Open orders that did not come from here:");
        let row =
            |one: &Object| vec![cell(one, "id"), cell(one, "symbol"), cell(one, "side"), much(one)];
        page.table(&["order", "symbol", "side", "much"], reply.foreign.iter().map(row).collect());
    }
}
