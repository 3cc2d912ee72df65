//! Lists of orders are what a naive filter over all of them leaves.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::sandbox::exchange::core::{Effect, Order, Status};

const SYMBOLS: [&str; 3] = ["AAPL", "KO", "BTC/USD"];

/// Which orders are asked for, beside how many and from where.
#[derive(Debug, Clone)]
struct Filter {
    status: Option<&'static str>,
    ascending: Option<bool>,
    side: Option<&'static str>,
    symbols: Vec<usize>,
    class: Option<&'static str>,
    /// Minutes
    after: Option<i64>,
    until: Option<i64>,
    nested: bool,
}

fn filters() -> impl Strategy<Value = Filter> {
    let status = prop::sample::select(vec![None, Some("open"), Some("closed"), Some("all")]);
    let side = prop::sample::select(vec![None, None, Some("buy"), Some("sell")]);
    let class = prop::sample::select(vec![None, None, Some("us_equity"), Some("crypto")]);
    let symbols = prop::collection::vec(0..3_usize, 0..3);
    let ends = (prop::option::of(0..8_i64), prop::option::of(0..8_i64));
    (status, any::<Option<bool>>(), side, symbols, class, ends, any::<bool>()).prop_map(
        |(status, ascending, side, symbols, class, (after, until), nested)| Filter {
            status,
            ascending,
            side,
            symbols,
            class,
            after,
            until,
            nested,
        },
    )
}

/// What is random of an order.
#[derive(Debug, Clone)]
struct Draft {
    minute: i64,
    symbol: usize,
    sell: bool,
    status: Status,
    /// Which of the orders before it is its parent, if that is no leg itself
    parent: Option<usize>,
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let statuses = [Status::New, Status::Held, Status::Filled, Status::Replaced, Status::Canceled];
    let status = prop::sample::select(statuses.to_vec());
    let parent = prop::option::of(0..12_usize);
    let draft = (0..8_i64, 0..3_usize, any::<bool>(), status, parent).prop_map(
        |(minute, symbol, sell, status, parent)| Draft { minute, symbol, sell, status, parent },
    );
    prop::collection::vec(draft, 0..14)
}

fn minute(minute: i64) -> Millis {
    let monday: Millis = MONDAY.parse().unwrap();
    Millis(monday.0 + minute * 60_000)
}

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Makes orders of drafts; all that is not random is as in `usual`.
fn orders(drafts: &[Draft], usual: &Order) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        let parent = draft.parent.filter(|at| *at < index && orders[*at].parent.is_none());
        let symbol = match parent {
            Some(at) => orders[at].symbol.clone(),
            None => SYMBOLS[draft.symbol].parse().unwrap(),
        };
        let loss = parent.is_some_and(|at| !orders[at].legs.is_empty());
        let role = match parent {
            None => Value::Null,
            Some(_) => json!(if loss { "stop_loss" } else { "take_profit" }),
        };
        if let Some(at) = parent {
            orders[at].legs.push(id(index));
        }
        orders.push(Order {
            id: id(index),
            client_order_id: format!("order {index}"),
            seq: index as u64 + 1,
            class: symbol.class(),
            symbol,
            side: if draft.sell { "sell" } else { "buy" }.parse().unwrap(),
            status: draft.status,
            submitted_at: minute(draft.minute),
            parent: parent.map(id),
            role: serde_json::from_value(role).unwrap(),
            ..usual.clone()
        });
    }
    orders
}

/// Ids of orders, each with those of its legs.
type Listed = Vec<(String, Vec<String>)>;

impl Filter {
    fn query(&self) -> String {
        let mut query = format!("nested={}", self.nested);
        for (name, word) in [("status", self.status), ("side", self.side)] {
            query.extend(word.map(|word| format!("&{name}={word}")));
        }
        query.extend(self.class.map(|class| format!("&asset_class={class}")));
        query.extend(
            self.ascending.map(|up| format!("&direction={}", if up { "asc" } else { "desc" })),
        );
        for (name, at) in [("after", self.after), ("until", self.until)] {
            query.extend(at.map(|at| format!("&{name}={}", minute(at))));
        }
        let symbols: Vec<_> = self.symbols.iter().map(|at| SYMBOLS[*at].replace('/', "")).collect();
        if !symbols.is_empty() {
            query.extend(["&symbols=", &symbols.join(",")]);
        }
        query
    }

    fn passes(&self, order: &Order) -> bool {
        let open = order.status.is_open();
        (match self.status {
            None | Some("open") => open,
            Some("closed") => !open,
            Some(_) => true,
        }) && self.side.is_none_or(|side| order.side.as_str() == side)
            && self.class.is_none_or(|class| order.class.as_str() == class)
            && self.after.is_none_or(|at| order.submitted_at > minute(at))
            && self.until.is_none_or(|at| order.submitted_at < minute(at))
            && (self.symbols.is_empty()
                || self.symbols.iter().any(|at| SYMBOLS[*at] == order.symbol.as_str()))
    }

    /// Returns everything that passes, without pages.
    fn model(&self, orders: &[Order]) -> Listed {
        let passing: Vec<&Order> = orders.iter().filter(|order| self.passes(order)).collect();
        let under = |order: &&&Order| {
            let parent = order.parent.as_deref();
            self.nested && passing.iter().any(|other| Some(other.id.as_str()) == parent)
        };
        let mut found: Vec<&&Order> = passing.iter().filter(|order| !under(order)).collect();
        found.sort_by_key(|order| (order.submitted_at, order.seq));
        if self.ascending != Some(true) {
            found.reverse();
        }
        let legs = |parent: &Order| {
            let own = |leg: &&Order| {
                self.nested
                    && leg.parent.as_deref() == Some(&parent.id)
                    && leg.status != Status::Replaced
            };
            let mut legs: Vec<&Order> = orders.iter().filter(own).collect();
            legs.sort_by_key(|leg| (leg.role, leg.seq));
            legs.iter().map(|leg| leg.id.clone()).collect()
        };
        found.into_iter().map(|order| (order.id.clone(), legs(order))).collect()
    }
}

fn listed(ledger: &mut Ledger<'_>, query: &str) -> Listed {
    let rows = told(ledger, ("GET", &format!("v2/orders?{query}")), &Value::Null);
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    let legs = |row: &Value| row["legs"].as_array().map(|legs| legs.iter().map(id).collect());
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| (id(row), legs(row).unwrap_or_default())).collect()
}

#[test]
fn a_list_and_its_pages_are_what_the_filters_leave() {
    let desk = Desk::new();
    let usual = desk.try_out(|tx| {
        let mut ledger = desk.ledger(tx);
        let order = json!({
            "symbol": "AAPL", "qty": "1", "side": "buy", "type": "limit", "time_in_force": "gtc",
            "limit_price": "150",
        });
        let id = told(&mut ledger, ("POST", "v2/orders"), &order)["id"].clone();
        ledger.order(id.as_str().unwrap()).unwrap().unwrap()
    });
    let cases = (drafts(), filters(), 1..5_usize, 0..16_usize);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1000));

    let checked = runner.run(&cases, |(drafts, filter, limit, from)| {
        let orders = orders(&drafts, &usual);
        let all = filter.model(&orders);
        desk.try_out(|tx| {
            let mut ledger = desk.ledger(tx);
            let effects = orders.iter().map(|order| Effect::Order(Box::new(order.clone())));
            ledger.record(effects.collect()).unwrap();
            let query = filter.query();

            prop_assert_eq!(&listed(&mut ledger, &query), &all);
            let first = listed(&mut ledger, &format!("{query}&limit={limit}"));
            prop_assert_eq!(&first[..], &all[..limit.min(all.len())]);
            if filter.after.is_some() || filter.until.is_some() {
                return Ok(());
            }
            let up = filter.ascending == Some(true);
            let cursor = if up { "after_order_id" } else { "before_order_id" };
            let (mut pages, mut last) = (Vec::new(), String::new());
            loop {
                let page = listed(&mut ledger, &format!("{query}&limit={limit}{last}"));
                let Some((id, _)) = page.last() else { break };
                last = format!("&{cursor}={id}");
                pages.extend(page);
            }
            prop_assert_eq!(&pages, &all);
            // Any order is a place to go on from, also one that the filters leave out.
            if let Some(from) = orders.get(from) {
                let place = |id: &str| {
                    let order = orders.iter().find(|order| order.id == id).unwrap();
                    (order.submitted_at, order.seq)
                };
                let behind = |(id, _): &&(String, Vec<String>)| {
                    let (own, start) = (place(id), place(&from.id));
                    if up { own > start } else { own < start }
                };
                let rest: Listed = all.iter().filter(behind).cloned().collect();
                prop_assert_eq!(
                    listed(&mut ledger, &format!("{query}&{cursor}={}", from.id)),
                    rest
                );
            }
            Ok(())
        })
    });

    checked.unwrap();
}
