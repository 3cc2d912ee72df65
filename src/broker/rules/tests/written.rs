//! Orders and facts in shorthand, so that a table of rules can be read.

use jiff::civil::DateTime;

use super::number;
use crate::api::trading::words::{AssetClass, OrderClass, OrderType};
use crate::broker::calendar;
use crate::broker::rules::{Asset, Facts, Funds, Held, Listing, Quote, Resting};
use crate::broker::ticket::Ticket;

/// Reads `buy 10 AAPL limit day limit=99.5`: the side, how many (`$25` dollars, `-` nothing), the symbol, the
/// type, the time in force, and the rest by name.
pub(super) fn order(text: &str) -> Ticket {
    let mut words = text.split(' ');
    let mut next = || words.next().unwrap();
    let (side, amount) = (next().parse().unwrap(), next());
    let symbol: crate::api::trading::symbol::Symbol = next().parse().unwrap();
    let dollars = amount.strip_prefix('$');
    let market = (symbol.clone(), symbol.class());
    let mut ticket = Ticket {
        qty: Some(amount).filter(|text| !text.starts_with(['$', '-'])).map(number),
        notional: dollars.map(number),
        order_type: next().parse().unwrap(),
        time_in_force: next().parse().unwrap(),
        ..Ticket::market(market, side, number("1"), "one".to_owned())
    };
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("limit", price) => ticket.limit_price = Some(number(price)),
            ("stop", price) => ticket.stop_price = Some(number(price)),
            ("trail", price) => ticket.trail_price = Some(number(price)),
            ("percent", part) => ticket.trail_percent = Some(number(part)),
            ("class", class) => ticket.order_class = class.parse().unwrap(),
            ("tp", price) => ticket.take_profit = Some(number(price)),
            ("sl", price) => ticket.stop_loss = Some(number(price)),
            ("sll", price) => ticket.stop_loss_limit = Some(number(price)),
            ("qty", qty) => ticket.qty = Some(number(qty)),
            ("ext", _) => ticket.extended_hours = true,
            ("intent", intent) => ticket.intent = Some(intent.parse().unwrap()),
            ("id", length) => ticket.client_order_id = "x".repeat(length.parse().unwrap()),
            (other, _) => panic!("no order has `{other}`"),
        }
    }
    ticket
}

/// Reads what is known beside the usual: a Wednesday at 10:00 in New York, a market of 99.9 to 100.1, an
/// account that may everything and holds $100,000 and nothing else.
pub(super) fn facts(text: &str) -> Facts {
    let mut facts = usual();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if !of_account(&mut facts, name, value) && !of_asset(&mut facts, name, value) {
            of_market(&mut facts, name, value);
        }
    }
    facts
}

fn usual() -> Facts {
    let hundred = Some(number("100000"));
    let asset = Asset {
        active: Some(true),
        tradable: Some(true),
        fractionable: Some(true),
        shortable: Some(true),
        easy_to_borrow: Some(true),
        min_order_size: Some(number("0.000000002")),
        price_increment: Some(number("0.01")),
        ppind: Some(true),
    };
    let account = Funds {
        buying_power: hundred,
        non_marginable_buying_power: hundred,
        options_buying_power: hundred,
        equity: hundred,
        shorting_enabled: Some(true),
        options_level: Some(2),
        blocked: Some(false),
    };
    let at = when("2026-11-25T10:00");
    Facts {
        now: Some(at),
        asset: Listing::Listed(Box::new(asset)),
        quote: Some(Quote { at, bid: Some(number("99.9")), ask: Some(number("100.1")) }),
        account: Some(account),
        held: Some(Held { underlying_available: Some(number("0")), ..Held::default() }),
        open: Some(Vec::new()),
        id_taken: false,
    }
}

fn of_account(facts: &mut Facts, name: &str, value: &str) -> bool {
    let account = facts.account.as_mut().unwrap();
    let held = facts.held.get_or_insert_default();
    match name {
        "blocked" => account.blocked = Some(true),
        "bp" => account.buying_power = Some(number(value)),
        "cash" => account.non_marginable_buying_power = Some(number(value)),
        "obp" => account.options_buying_power = Some(number(value)),
        "equity" => account.equity = Some(number(value)),
        "shorting" => account.shorting_enabled = Some(value.parse().unwrap()),
        "level" => account.options_level = Some(value.parse().unwrap()),
        "held" => (held.qty, held.available) = (number(value), number(value).abs()),
        "available" => held.available = number(value),
        "under" => held.underlying_available = Some(number(value)),
        _ => return false,
    }
    true
}

fn of_asset(facts: &mut Facts, name: &str, value: &str) -> bool {
    let Listing::Listed(asset) = &mut facts.asset else { return false };
    match name {
        "active" => asset.active = Some(value.parse().unwrap()),
        "tradable" => asset.tradable = Some(value.parse().unwrap()),
        "fractionable" => asset.fractionable = Some(value.parse().unwrap()),
        "shortable" => asset.shortable = Some(value.parse().unwrap()),
        "etb" => asset.easy_to_borrow = Some(value.parse().unwrap()),
        "least" => asset.min_order_size = Some(number(value)),
        "step" => asset.price_increment = Some(number(value)),
        "ppind" => asset.ppind = Some(value.parse().unwrap()),
        _ => return false,
    }
    true
}

fn of_market(facts: &mut Facts, name: &str, value: &str) {
    match name {
        "now" => facts.now = Some(when(value)),
        "taken" => facts.id_taken = true,
        "unlisted" => facts.asset = Listing::Unlisted,
        "market" => {
            let (bid, ask) = value.split_once(':').unwrap();
            let at = facts.now.unwrap();
            facts.quote = Some(Quote { at, bid: Some(number(bid)), ask: Some(number(ask)) });
        }
        "open" => facts.open.get_or_insert_default().push(resting(value)),
        other => panic!("no fact is `{other}`"),
    }
}

/// Reads `sell:limit:101`, with `:bracket` or `:opens` after it.
fn resting(text: &str) -> Resting {
    let mut words = text.split(':');
    let side = words.next().unwrap().parse().unwrap();
    let order_type: OrderType = words.next().unwrap().parse().unwrap();
    let price = words.next().filter(|price| !price.is_empty()).map(number);
    let rest: Vec<&str> = words.collect();
    Resting {
        id: "resting".to_owned(),
        class: AssetClass::UsEquity,
        side,
        order_type,
        order_class: rest.iter().find_map(|word| word.parse().ok()).unwrap_or(OrderClass::Simple),
        left: Some(number("1")),
        limit_price: price,
        opens: rest.contains(&"opens"),
    }
}

fn when(text: &str) -> crate::api::time::Millis {
    let wall: DateTime = text.parse().unwrap();
    calendar::at(wall.date(), wall.hour(), wall.minute())
}
