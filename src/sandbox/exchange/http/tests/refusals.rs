//! A request that is refused changes nothing; and what a server remembers is what is written down.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

/// A request as a few choices: which kind, and which of the values that each part of it may have.
type Choices = (u8, [u8; 10]);

/// Makes an account that holds something and has orders at the market; returns their ids.
fn begin(desk: &Desk) -> Vec<String> {
    let mut ids = Vec::new();
    let done: rusqlite::Result<()> = desk.store.write(|tx| {
        let mut ledger = desk.ledger(tx);
        for (symbol, side, qty, limit) in [
            ("AAPL", "buy", "10", None),
            ("BTC/USD", "buy", "0.1", None),
            ("KO", "buy", "5", Some("50")),
            ("AAPL", "sell", "3", Some("300")),
            ("BTC/USD", "sell", "0.02", Some("90000")),
        ] {
            let order = json!({
                "symbol": symbol, "side": side, "qty": qty, "limit_price": limit,
                "type": if limit.is_some() { "limit" } else { "market" }, "time_in_force": "gtc",
                "client_order_id": format!("{symbol} {side}"),
            });
            ids.push(
                told(&mut ledger, ("POST", "v2/orders"), &order)["id"].as_str().unwrap().to_owned(),
            );
        }
        let bracket = json!({
            "symbol": "KO", "side": "buy", "qty": "4", "type": "limit", "limit_price": "55",
            "time_in_force": "gtc", "order_class": "bracket",
            "take_profit": { "limit_price": "70" }, "stop_loss": { "stop_price": "40" },
        });
        let bracket = told(&mut ledger, ("POST", "v2/orders"), &bracket);
        for order in [&bracket, &bracket["legs"][0], &bracket["legs"][1]] {
            ids.push(order["id"].as_str().unwrap().to_owned());
        }
        ledger.close().map(drop)
    });
    done.unwrap();
    ids.push("00000000-0000-4000-8000-000000000000".to_owned());
    ids
}

/// What a number may be said to be.
const NUMBERS: &[&str] = &[
    "null",
    "\"1\"",
    "\"150\"",
    "\"0\"",
    "\"-1\"",
    "\"0.5\"",
    "3",
    "\"12.3456\"",
    "\"100000\"",
    "\"many\"",
    "\"1e30\"",
    "\"79228162514264337593543950335\"",
];

/// Chooses one of some texts of JSON.
fn pick(choice: u8, values: &[&str]) -> Value {
    serde_json::from_str(values[usize::from(choice) % values.len()]).unwrap()
}

fn word(choice: u8, words: &[&'static str]) -> &'static str {
    words[usize::from(choice) % words.len()]
}

fn symbol(choice: u8) -> &'static str {
    word(choice, &["AAPL", "KO", "BTC/USD", "NOPE", "AAPL261218C00250000", "MULN"])
}

fn order(choices: &[u8; 10]) -> Value {
    let types = ["market", "limit", "stop", "stop_limit", "trailing_stop", "best"];
    json!({
        "symbol": symbol(choices[1]),
        "side": word(choices[2], &["buy", "sell", "hold"]),
        "qty": pick(choices[3], NUMBERS),
        "notional": pick(choices[4], &["null", "null", "null", "\"20\"", "\"0.001\""]),
        "type": word(choices[5], &types),
        "time_in_force": word(choices[6], &["day", "gtc", "opg", "cls", "ioc", "fok", "gtd"]),
        "limit_price": pick(choices[7], NUMBERS),
        "stop_price": pick(choices[8], NUMBERS),
        "trail_percent": pick(choices[8], &["null", "null", "\"5\""]),
        "extended_hours": pick(choices[9], &["false", "false", "true"]),
        "order_class": word(choices[9], &["", "", "bracket", "oco", "oto", "mleg"]),
        "take_profit": { "limit_price": pick(choices[4], NUMBERS) },
        "client_order_id": pick(choices[0], &["null", "null", "\"KO buy\""]),
    })
}

fn changes(choices: &[u8; 10]) -> Value {
    json!({
        "qty": pick(choices[3], NUMBERS),
        "limit_price": pick(choices[7], NUMBERS),
        "stop_price": pick(choices[8], NUMBERS),
        "time_in_force": pick(choices[6], &["null", "\"day\"", "\"now\""]),
        "client_order_id": pick(choices[1], &["null", "\"KO buy\""]),
    })
}

/// Makes a request of choices.
fn request(ids: &[String], (kind, choices): &Choices) -> (&'static str, String, Value) {
    let id = &ids[usize::from(choices[0]) % ids.len()];
    let symbol = symbol(choices[1]);
    match kind % 8 {
        0..3 => ("POST", "v2/orders".to_owned(), order(choices)),
        3 => ("PATCH", format!("v2/orders/{id}"), changes(choices)),
        4 => ("DELETE", format!("v2/orders/{id}"), Value::Null),
        5 => {
            let parts = ["", "?qty=1", "?qty=50", "?percentage=50", "?percentage=0", "?qty=x"];
            let part = word(choices[2], &parts);
            ("DELETE", format!("v2/positions/{symbol}{part}"), Value::Null)
        }
        6 => {
            let set = json!({
                "suspend_trade": pick(choices[0], &["null", "true", "\"yes\""]),
                "max_margin_multiplier": pick(choices[1], &["null", "\"2\"", "\"3\""]),
                "max_options_trading_level": pick(choices[2], &["1", "9"]),
            });
            ("PATCH", "v2/account/configurations".to_owned(), set)
        }
        _ => match choices[0] % 4 {
            0 => ("POST", format!("v2/positions/{symbol}/exercise"), Value::Null),
            1 => ("GET", "v2/orders?limit=501".to_owned(), Value::Null),
            2 => ("DELETE", "v2/positions?cancel_orders=maybe".to_owned(), Value::Null),
            _ => ("PUT", "v2/orders".to_owned(), Value::Null),
        },
    }
}

/// Returns everything that is written down.
fn written(tx: &Transaction<'_>) -> String {
    let all = "SELECT group_concat(body, '|') FROM (
        SELECT body FROM (SELECT seq, body FROM exchange_orders ORDER BY seq)
        UNION ALL SELECT id FROM exchange_activities
        UNION ALL SELECT equity FROM exchange_closes)";
    tx.prepare_cached(all).unwrap().query_row([], |row| row.get(0)).unwrap()
}

#[test]
fn a_refused_request_changes_nothing_and_what_is_remembered_is_what_is_stored() {
    let desk = Desk::new();
    let ids = begin(&desk);
    let (refused, done) = (Cell::new(0), Cell::new(0));
    let reader = Caller::of("anybody", Some("data".to_owned()));
    let choices = (any::<u8>(), any::<[u8; 10]>());
    let cases = prop::collection::vec((choices, prop::bool::weighted(0.1)), 1..6);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1000));

    let checked = runner.run(&cases, |requests| {
        desk.try_out(|tx| {
            let mut ledger = desk.ledger(tx);
            for (choices, reads) in &requests {
                let (method, path, body) = request(&ids, choices);
                let caller = if *reads { reader.clone() } else { anybody() };
                let before = (ledger.account.clone(), written(tx));
                match send(&mut ledger, &caller, (method, &path), &body) {
                    Ok(_) => {
                        prop_assert!(!*reads || method == "GET", "{method} {path}");
                        done.set(done.get() + 1);
                    }
                    Err(Trouble::Refused(refusal)) => {
                        prop_assert!((400..500).contains(&refusal.status));
                        let after = (ledger.account.clone(), written(tx));
                        prop_assert_eq!(&after, &before, "{} {} {}", method, path, body);
                        refused.set(refused.get() + 1);
                    }
                    Err(Trouble::Stranger | Trouble::Database(_)) => {
                        prop_assert!(false, "{method} {path} {body}");
                    }
                }
            }
            let left = ledger.close().unwrap();
            let stored = desk.ledger(tx).account;
            prop_assert_eq!(left.account, stored);
            Ok(())
        })
    });

    checked.unwrap();
    assert!(refused.get() > 1000 && done.get() > 100, "{refused:?} {done:?}");
}
