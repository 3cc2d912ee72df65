//! The seed's flow on a fresh machine, against the exchange in the sandbox.

use serde_json::Value;

use crate::keys::{by, made};
use crate::support::{Naive, Run};

/// A Monday at half past ten in New York, after everything that a test of today has seen.
const OPEN: &str = "2031-03-03T15:30:00Z";

/// Links the paper account of a user, without a browser.
fn linked(naive: &Naive, user: &str) {
    let line = format!("--json trading connect --env paper --accept-disclosure {user}");
    let run = naive.run(&line).exits(0);
    assert_eq!(run.json()["result"]["status"], "active");
}

fn result(run: &Run) -> Value {
    run.json()["result"].clone()
}

/// Returns the one row of a list, by what it is called.
fn only(run: &Run, list: &str) -> Value {
    let rows = result(run)[list].as_array().unwrap().clone();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0].clone()
}

#[test]
fn coins_are_bought_held_and_sold_on_a_fresh_machine() {
    let naive = Naive::new();
    linked(&naive, "");
    let account = result(&naive.run("--json trading account").exits(0));
    assert_eq!((&account["cash"], &account["crypto_status"]), (&"100000".into(), &"ACTIVE".into()));

    let line =
        "--json trading order --symbol BTC/USD --notional 25 --side buy --type market --tif gtc";
    let placed = result(&naive.run(line).exits(0));
    let position = only(&naive.run("--json trading positions").exits(0), "positions");
    let order = only(&naive.run("--json trading orders --status all").exits(0), "orders");
    let closed = result(&naive.run("--json trading close BTC/USD").exits(0));
    let left = result(&naive.run("--json trading positions").exits(0));

    assert_ne!(placed["status"], "filled", "an answer never says so at once");
    assert_eq!(position["symbol"], "BTCUSD");
    assert_eq!((&order["status"], &order["id"]), (&"filled".into(), &placed["id"]));
    assert_eq!((&closed["side"], &closed["qty"]), (&"sell".into(), &position["qty"]));
    assert_eq!(left["positions"], serde_json::json!([]));
}

#[test]
fn shares_and_an_option_are_traded_while_their_market_is_open() {
    let naive = Naive::new();
    let _ = naive.run(&format!("sandbox clock set {OPEN}")).exits(0);
    linked(&naive, "");
    let line = "--json trading order --symbol AAPL --side buy --qty 2 --wait filled";
    let shares = result(&naive.run(line).exits(0));
    assert_eq!((&shares["status"], &shares["filled_qty"]), (&"filled".into(), &"2".into()));
    let price: f64 = shares["filled_avg_price"].as_str().unwrap().parse().unwrap();
    // The Friday after next, at a strike of its chain near the price.
    let strike = ((price / 5.0).round() * 5.0 * 1000.0).to_string();
    let option = format!("AAPL310314C{strike:0>8}");

    let line = format!("--json trading order --symbol {option} --side buy --qty 1 --wait filled");
    let bought = result(&naive.run(&line).exits(0));
    let quotes =
        naive.run(&format!("--json trading quote --symbols AAPL,BTC/USD,{option}")).exits(0);
    let coin = naive.run("--json trading quote --class crypto --symbols BTCUSD").exits(0);
    let held = result(&naive.run("--json trading positions").exits(0));

    assert!(result(&coin)["quotes"].get("BTC/USD").is_some());
    assert_eq!(
        (&bought["asset_class"], &bought["status"]),
        (&"us_option".into(), &"filled".into())
    );
    assert_eq!(result(&quotes)["quotes"].as_object().unwrap().len(), 3);
    assert_eq!(held["positions"].as_array().unwrap().len(), 2);
    for symbol in ["AAPL", &option] {
        let _ = naive.run(&format!("--json trading close {symbol}")).exits(0);
    }
    assert_eq!(
        result(&naive.run("--json trading positions").exits(0))["positions"],
        serde_json::json!([])
    );
}

#[test]
fn the_seeds_own_option_has_expired() {
    let naive = Naive::new();
    linked(&naive, "");

    let line = "--json trading order --symbol AAPL241213C00250000 --side buy --qty 1 --type limit --limit-price 1";
    let run = naive.run(line).exits(1);

    let error = run.json()["error"].clone();
    assert_eq!(error["code"], "invalid_input");
    assert_eq!(error["message"], "contract \"AAPL241213C00250000\" is expired");
}

#[test]
fn an_agents_order_is_approved_denied_drifted_and_halted() {
    let naive = Naive::new();
    let _ = naive.run("sandbox price set BTC/USD 100000").exits(0);
    let _ = naive.run("users create --external-id alice").exits(0);
    linked(&naive, "--user alice");
    let key = made(&naive, "--role agent --user alice");
    let held = || {
        let line = "--json trading order --symbol BTC/USD --side buy --notional 25";
        let run = by(&naive, &key, line).exits(8);
        result(&run)["approval_id"].as_str().unwrap().to_owned()
    };
    let approve = |id: &str| naive.run(&format!("--json approvals approve {id} --yes"));
    let told = |id: &str| result(&naive.run(&format!("--json approvals get {id}")).exits(0));

    let (good, denied, moved, stopped) = (held(), held(), held(), held());
    let _ = approve(&good).exits(0);
    let _ = naive.run(&format!("approvals deny {denied}")).exits(0);
    let _ = naive.run("sandbox price set BTC/USD 104000").exits(0);
    let _ = approve(&moved);
    let _ = naive.run("trading halt").exits(0);
    let _ = naive.run("sandbox price set BTC/USD 100000").exits(0);
    let halted = approve(&stopped).exits(1);

    let placed = only(&by(&naive, &key, "--json trading orders --status all").exits(0), "orders");
    assert_eq!(placed["client_order_id"], told(&good)["idempotency_key"]);
    assert_eq!(told(&denied)["status"], "denied");
    let error = told(&moved)["error"].clone();
    assert_eq!(error["reason"], "drift");
    assert!(error["message"].as_str().unwrap().contains("the most is 3"), "{error}");
    assert_eq!(halted.json()["error"]["reason"], "trading_halted");
    assert_eq!(told(&stopped)["status"], "pending");
}

#[test]
fn a_reply_that_the_exchange_loses_is_looked_up() {
    let naive = Naive::new();
    linked(&naive, "");
    let _ = naive.run("sandbox fail 504-after-accept --toolkit brokerage").exits(0);

    let line = "--json trading order --symbol BTC/USD --side buy --notional 25";
    let run = naive.run(line).exits(0);

    let placed = only(&naive.run("--json trading orders --status all").exits(0), "orders");
    assert_eq!(placed["id"], result(&run)["id"]);
}

#[test]
fn the_exchange_begins_again_with_as_much_as_one_likes() {
    let naive = Naive::new();
    linked(&naive, "");
    let _ = naive.run("trading order --symbol BTC/USD --side buy --notional 25").exits(0);

    let _ = naive.run("sandbox reset --cash 500").exits(0);

    let account = result(&naive.run("--json trading account").exits(0));
    assert_eq!(account["cash"], "500");
    assert_eq!(
        result(&naive.run("--json trading positions").exits(0))["positions"],
        serde_json::json!([])
    );
}

#[test]
fn an_agent_sets_neither_prices_nor_the_clock() {
    let naive = Naive::new();
    let key = made(&naive, "--role agent");

    for line in [
        "price set AAPL 1",
        "clock set 2031-03-03T15:30:00Z",
        "reset --cash 1",
        "fills --instant true",
    ] {
        let run = by(&naive, &key, &format!("--json sandbox {line}")).exits(1);

        assert_eq!(run.json()["error"]["reason"], "operator_only", "{line}");
    }
}

#[test]
fn what_the_account_was_worth_over_time_is_told_to_scripts_and_people() {
    let naive = Naive::new();
    linked(&naive, "");
    let _ = naive.run("sandbox price set BTC/USD 100000").exits(0);
    let _ = naive.run("trading order --symbol BTC/USD --side buy --notional 1000").exits(0);
    let _ = naive.run("sandbox price set BTC/USD 110000").exits(0);

    let told = result(&naive.run("--json trading history --period 1W --timeframe 1D").exits(0));
    let shown = naive.run("--output table trading history").exits(0).out;
    let wrong = naive.run("--json trading history --period soon").exits(2);

    let last = told["equity"].as_array().unwrap().last().unwrap().to_string();
    let equity = result(&naive.run("--json trading account").exits(0))["equity"].clone();
    let cents = |text: &str| text.parse::<f64>().unwrap() * 100.0;
    assert!((cents(equity.as_str().unwrap()) - cents(&last)).abs() < 1.0, "{equity} {last}");
    assert!(shown.contains("began with") && shown.contains(&last), "{shown}");
    assert!(wrong.json()["error"]["message"].as_str().unwrap().contains("as in 7D, 1M or 1A"));
}
