//! Lists of orders: every filter against a model, every page once.

use serde_json::{Value, json};

use super::super::World;
use super::{column, market, refused, resting};

/// Makes thirteen orders of several kinds, one a minute, and returns all of them, the earliest first.
async fn some(world: &World) -> Vec<Value> {
    world.placed(&market("AAPL", "buy", "5")).await;
    world.later(60);
    for round in 0..3 {
        let coin = json!({
            "symbol": "BTC/USD", "qty": "0.1", "side": "buy", "type": "limit",
            "time_in_force": "gtc", "limit_price": "30000",
        });
        for order in [resting(), market("KO", "buy", "2"), coin] {
            world.placed(&order).await;
            world.later(60);
        }
        let sale = json!({
            "symbol": "AAPL", "qty": "1", "side": "sell", "type": "limit", "time_in_force": "gtc",
            "limit_price": "300",
        });
        let sold = world.placed(&sale).await;
        if round == 1 {
            let path = format!("orders/{}", sold["id"].as_str().unwrap());
            assert_eq!(world.broker("DELETE", &path, &Value::Null).await.status, 204);
        }
        world.later(60);
    }
    let all = world.read("orders?status=all&limit=500&direction=asc").await;
    all.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_list_is_what_its_filters_leave() {
    let world = World::on_monday().await;
    let all = some(&world).await;
    assert_eq!(all.len(), 13);
    let open = |order: &Value| !["filled", "canceled"].contains(&order["status"].as_str().unwrap());
    let sent = |order: &Value| order["submitted_at"].as_str().unwrap().to_owned();
    let middle = sent(&all[5]);
    let model = |query: &str, keep: &dyn Fn(&Value) -> bool| {
        let kept = all.iter().filter(|order| keep(order)).map(|o| o["id"].as_str().unwrap());
        let mut ids: Vec<String> = kept.map(str::to_owned).collect();
        if !query.contains("direction=asc") {
            ids.reverse();
        }
        ids
    };
    let (buys, shares) =
        (|o: &Value| o["side"] == "buy", |o: &Value| o["asset_class"] == "us_equity");

    let cases: Vec<(String, Vec<String>)> = vec![
        (String::new(), model("", &open)),
        ("status=closed".into(), model("", &|o| !open(o))),
        ("status=all&direction=asc".into(), model("direction=asc", &|_| true)),
        ("status=all&side=buy".into(), model("", &buys)),
        ("status=all&symbols=AAPL".into(), model("", &|o| o["symbol"] == "AAPL")),
        ("status=all&symbols=BTCUSD".into(), model("", &|o| !shares(o))),
        ("status=all&symbols=AAPL%2CBTC%2FUSD".into(), model("", &|o| o["symbol"] != "KO")),
        ("status=all&asset_class=us_equity&asset_class=crypto".into(), model("", &|_| true)),
        ("asset_class=crypto,us_option".into(), model("", &|o| open(o) && !shares(o))),
        (format!("status=all&after={middle}"), model("", &|o| sent(o) > middle)),
        (format!("status=all&until={middle}"), model("", &|o| sent(o) < middle)),
        ("status=all&side=sell&nested=True".into(), model("", &|o| o["side"] == "sell")),
    ];
    for (query, expected) in cases {
        let found = world.read(&format!("orders?{query}")).await;
        assert_eq!(column(&found, "id"), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_visit_every_order_once() {
    let world = World::on_monday().await;
    let all = some(&world).await;
    let ids: Vec<&str> = all.iter().map(|order| order["id"].as_str().unwrap()).collect();

    for (direction, behind) in [("desc", "before_order_id"), ("asc", "after_order_id")] {
        let mut seen: Vec<String> = Vec::new();
        let mut from = String::new();
        loop {
            let query = format!("orders?status=all&limit=5&direction={direction}{from}");
            let page = world.read(&query).await;
            let Some(last) = page.as_array().unwrap().last() else { break };
            from = format!("&{behind}={}", last["id"].as_str().unwrap());
            seen.extend(column(&page, "id").into_iter().map(str::to_owned));
        }
        if direction == "desc" {
            seen.reverse();
        }
        assert_eq!(seen, ids, "{direction}");
    }
}

#[tokio::test]
async fn filters_that_contradict_each_other_are_refused() {
    let world = World::on_monday().await;
    let id = world.placed(&resting()).await["id"].as_str().unwrap().to_owned();
    let get =
        async |query: &str| world.broker("GET", &format!("orders?{query}"), &Value::Null).await;

    let both = get(&format!("before_order_id={id}&after_order_id={id}")).await;
    let time = get(&format!("before_order_id={id}&until=2026-11-23")).await;

    refused(&both, 422, 40_010_001, "only one of before_order_id and after_order_id is accepted");
    assert_eq!(time.status, 422);
    for (query, status) in [
        ("limit=501", 422),
        ("limit=0", 422),
        ("status=some", 422),
        ("after=soon", 422),
        ("before_order_id=00000000-0000-0000-0000-000000000000", 404),
    ] {
        assert_eq!(get(query).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn what_took_the_place_of_a_leg_stands_under_the_entry_that_was_filled_before() {
    let world = World::on_monday().await;
    let body = json!({
        "symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "gtc",
        "order_class": "bracket", "take_profit": { "limit_price": "220" },
        "stop_loss": { "stop_price": "180" },
    });
    let entry = world.placed(&body).await;
    world.later(1);
    let leg = entry["legs"][0]["id"].as_str().unwrap();

    let change = json!({ "limit_price": "230" });
    let new = world.broker("PATCH", &format!("orders/{leg}"), &change).await;

    assert_eq!(new.status, 200, "{}", new.body);
    let (new, loss) = (new.json()["id"].clone(), entry["legs"][1]["id"].clone());
    let expected = [new.as_str().unwrap(), loss.as_str().unwrap()];
    let path = format!("orders/{}?nested=true", entry["id"].as_str().unwrap());
    assert_eq!(column(&world.read(&path).await["legs"], "id"), expected);
    let all = world.read("orders?status=all&nested=true").await;
    assert_eq!(column(&all, "id"), [entry["id"].as_str().unwrap()]);
    assert_eq!(column(&all[0]["legs"], "id"), expected);
    let late = new_moment(&world, expected[0]).await;
    let later = world.read(&format!("orders?status=all&nested=true&after={late}")).await;
    assert_eq!(column(&later, "id"), [expected[0]]);
}

/// Returns a moment just before an order was sent.
async fn new_moment(world: &World, id: &str) -> String {
    let sent = world.read(&format!("orders/{id}")).await["submitted_at"].clone();
    let sent: crate::api::time::Millis = sent.as_str().unwrap().parse().unwrap();
    crate::api::time::Millis(sent.0 - 1).to_string()
}
