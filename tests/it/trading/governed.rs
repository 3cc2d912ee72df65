//! The kit's limits, live money and the halt: what is refused, with the numbers.

use serde_json::Value;

use super::stand_in::{Broker, link, shares};
use crate::keys::{by, made};
use crate::support::Naive;

const BUY: &str = "--json trading order --symbol AAPL --side buy --qty";

fn limit(naive: &Naive, said: &str) {
    let _ = naive.with("account-kits update Default --trading", &[said]).exits(0);
}

fn reason(naive: &Naive, line: &str) -> Value {
    naive.run(line).exits(1).json()["error"]["reason"].clone()
}

#[test]
fn each_limit_of_the_kit_refuses_what_is_over_it() {
    let table = [
        ("paper.orders=false", "orders_off"),
        (r#"paper.assetClasses=["crypto"]"#, "asset_class_not_allowed"),
        ("paper.maxDayLoss=400", "day_loss"),
        ("paper.limits.maxOrderNotional=150", "order_notional"),
        ("paper.limits.maxDayNotional=150", "day_notional"),
        ("paper.limits.maxOrdersPerMinute=0", "orders_per_minute"),
        ("paper.limits.maxOrdersPerDay=0", "orders_per_day"),
        (r#"paper.limits.symbols=["MSFT"]"#, "symbol_not_allowed"),
        (r#"paper.limits.blockedSymbols=["AAPL"]"#, "symbol_blocked"),
        (r#"paper.limits.types=["limit"]"#, "type_not_allowed"),
        (r#"paper.limits.timesInForce=["gtc"]"#, "time_in_force_not_allowed"),
        ("paper.byClass.us_equity.maxOrderNotional=150", "order_notional"),
    ];
    let broker = Broker::new();
    for (said, expected) in table {
        let naive = broker.linked();
        limit(&naive, said);

        assert_eq!(reason(&naive, &format!("{BUY} 2")), expected, "{said}");
    }
    assert_eq!(broker.taken(), 0);
}

#[test]
fn what_was_placed_counts_against_the_limits_of_the_day() {
    let broker = Broker::new();
    let naive = broker.linked();
    limit(&naive, "paper.limits.maxDayNotional=250");
    let _ = naive.run(&format!("{BUY} 2")).exits(0);

    let run = naive.run(&format!("{BUY} 1")).exits(1);
    let shown = naive.run("--json trading limits").exits(0);

    let text = run.json()["error"]["message"].clone();
    assert_eq!(text, "with this order, 300 dollars were traded today; the most is 250");
    let used = shown.json()["result"]["envs"][0]["used"][0].clone();
    assert_eq!((&used["orders_today"], &used["notional_today"]), (&1.into(), &"200".into()));
}

#[test]
fn nothing_is_sold_short_where_the_kit_forbids_it() {
    let broker = Broker::new();
    let naive = broker.linked();
    limit(&naive, "paper.limits.noShorting=true");
    broker.holds(shares("3"));

    let _ = naive.run("--json trading order --symbol AAPL --side sell --qty 3").exits(0);
    let more = "--json trading order --symbol BTC/USD --side sell --qty 1";
    let refused = naive.run(more).exits(1);

    assert_eq!(refused.json()["error"]["code"], "forbidden");
}

#[test]
fn real_money_moves_only_once_the_kit_lets_it() {
    let broker = Broker::new();
    let naive = broker.linked();
    let _ = naive.run("trading disconnect paper").exits(0);
    let _ = link(&naive, "--env live").exits(0);

    assert_eq!(reason(&naive, &format!("{BUY} 1")), "orders_off");
    limit(&naive, "live.orders=true");
    let _ = naive.run(&format!("{BUY} 1")).exits(0);
    assert_eq!(broker.taken(), 1);
}

#[test]
fn real_money_is_held_for_a_program_even_on_the_workspaces_own_user() {
    let broker = Broker::new();
    let naive = broker.linked();
    limit(&naive, "live.orders=true");
    let key = made(&naive, "--role agent");

    let _ = by(&naive, &key, &format!("{BUY} 1")).exits(0);
    let _ = naive.run("trading disconnect paper").exits(0);
    let _ = link(&naive, "--env live").exits(0);

    let held = by(&naive, &key, &format!("{BUY} 1")).exits(8);
    assert_eq!(held.json()["result"]["action_type"], "trading.order.create");
    assert_eq!(broker.taken(), 1);
}

#[test]
fn a_halt_stops_new_orders_and_no_closing_and_only_the_operator_ends_it() {
    let broker = Broker::new();
    let naive = broker.linked();
    broker.holds(shares("10"));
    let key = made(&naive, "--role agent");
    let halted = naive.with("--json trading halt --reason", &["look first"]).exits(0);
    assert_eq!(halted.json()["result"]["halts"][0]["reason"], "look first");

    let run = naive.run(&format!("{BUY} 1")).exits(1);
    let _ = naive.run("--json trading close AAPL").exits(0);
    let agent = by(&naive, &key, "--json trading resume").exits(1);

    let error = run.json()["error"].clone();
    assert_eq!((&error["code"], &error["reason"]), (&"forbidden".into(), &"trading_halted".into()));
    assert!(error["message"].as_str().unwrap().ends_with(": look first"));
    assert_eq!(agent.json()["error"]["reason"], "policy_protected");
    let _ = naive.run("trading resume").exits(0);
    let _ = naive.run(&format!("{BUY} 1")).exits(0);
    let _ = naive.run("trading resume").exits(1);
}

#[test]
fn of_two_orders_at_once_that_fit_a_limit_only_alone_one_is_placed() {
    let broker = Broker::new();
    let naive = broker.linked();
    limit(&naive, "paper.limits.maxDayNotional=150");

    let runs: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> =
            (0..4).map(|_| scope.spawn(|| naive.run(&format!("{BUY} 1")))).collect();
        started.into_iter().map(|run| run.join().unwrap()).collect()
    });

    let placed = runs.iter().filter(|run| run.status == 0).count();
    assert_eq!((placed, broker.taken()), (1, 1));
}
