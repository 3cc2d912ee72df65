//! What is held, and how it is closed.

use serde_json::{Value, json};

use super::super::World;
use super::{amount, column, market, refused};
use crate::sandbox::exchange::admin;

#[tokio::test]
async fn what_is_held_is_found_by_every_name() {
    let world = World::on_monday().await;
    world.placed(&market("BTC/USD", "buy", "0.1")).await;
    world.placed(&market("AAPL", "buy", "10")).await;
    admin::price_set(&world.database(), "AAPL", amount("210"), Some(amount("0.02"))).unwrap();

    let all = world.read("positions").await;

    assert_eq!(column(&all, "symbol"), ["AAPL", "BTCUSD"]);
    let (share, coin) = (&all[0], &all[1]);
    for (name, value) in [
        ("asset_id", "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415"),
        ("exchange", "NASDAQ"),
        ("asset_class", "us_equity"),
        ("qty", "10"),
        ("qty_available", "10"),
        ("side", "long"),
        ("avg_entry_price", "200.01"),
        ("market_value", "2100"),
        ("cost_basis", "2000.1"),
        ("current_price", "210"),
        ("unrealized_pl", "99.9"),
        ("unrealized_intraday_pl", "99.9"),
    ] {
        assert_eq!(share[name], value, "{name}");
    }
    assert_eq!((&coin["qty"], &coin["exchange"]), (&"0.09975".into(), &"CRYPTO".into()));
    for name in ["BTCUSD", "BTC/USD", "BTC%2FUSD", coin["asset_id"].as_str().unwrap()] {
        assert_eq!(&world.read(&format!("positions/{name}")).await, coin, "{name}");
    }
}

#[tokio::test]
async fn a_position_is_closed_whole_in_part_and_by_percent() {
    let world = World::on_monday().await;
    world.placed(&market("AAPL", "buy", "10")).await;
    world.placed(&market("BTC/USD", "buy", "0.1")).await;
    world.later(1);
    let delete = async |path: &str| world.broker("DELETE", path, &Value::Null).await;

    let part = delete("positions/AAPL?qty=4").await.json();
    world.later(1);
    let percent = delete("positions/AAPL?percentage=50").await.json();
    world.later(1);
    let coin = delete("positions/BTC/USD").await;

    assert_eq!(
        (&part["qty"], &part["side"], &part["type"]),
        (&"4".into(), &"sell".into(), &"market".into())
    );
    assert_eq!(percent["qty"], "3");
    assert_eq!((coin.status, &coin.json()["qty"]), (200, &"0.09975".into()));
    world.later(1);
    assert_eq!(column(&world.read("positions").await, "qty"), ["3"]);
    refused(&delete("positions/BTCUSD").await, 404, 40_410_000, "position does not exist");
    refused(&delete("positions/NOPE").await, 404, 40_410_000, "symbol not found: NOPE");
    assert_eq!(delete("positions/AAPL?qty=1&percentage=5").await.status, 422);
}

#[tokio::test]
async fn closing_all_says_of_each_what_came_of_it() {
    let world = World::on_monday().await;
    world.placed(&market("AAPL", "buy", "10")).await;
    world.placed(&market("BTC/USD", "buy", "0.1")).await;
    world.later(1);
    let sale = json!({
        "symbol": "AAPL", "qty": "10", "side": "sell", "type": "limit", "time_in_force": "gtc",
        "limit_price": "300",
    });
    world.placed(&sale).await;

    let some = world.broker("DELETE", "positions", &Value::Null).await;

    assert_eq!(some.status, 207);
    let rows = some.json();
    assert_eq!(column(&rows, "symbol"), ["AAPL", "BTCUSD"]);
    assert_eq!((&rows[0]["status"], &rows[1]["status"]), (&403.into(), &200.into()));
    let body = &rows[0]["body"];
    assert_eq!(
        (&body["code"], &body["available"], &body["existing_qty"], &body["held_for_orders"]),
        (&40_310_000.into(), &"0".into(), &"10".into(), &"10".into())
    );
    assert_eq!(rows[1]["body"]["symbol"], "BTC/USD");
    world.later(1);
    let rest = world.broker("DELETE", "positions?cancel_orders=True", &Value::Null).await;
    assert_eq!((rest.status, &rest.json()[0]["status"]), (207, &200.into()));
    world.later(1);
    assert_eq!(world.read("positions").await, json!([]));
    assert_eq!(world.read("orders").await, json!([]));
}
