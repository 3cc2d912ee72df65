//! Orders: placed, filled later, looked up, replaced, canceled.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Options, World, start};
use super::{JSON, KEY, SECRET, column, market, refused, resting};

const KEYS: &[&str] = &[
    "id",
    "client_order_id",
    "created_at",
    "updated_at",
    "submitted_at",
    "filled_at",
    "expired_at",
    "expires_at",
    "canceled_at",
    "failed_at",
    "replaced_at",
    "replaced_by",
    "replaces",
    "asset_id",
    "symbol",
    "asset_class",
    "notional",
    "qty",
    "filled_qty",
    "filled_avg_price",
    "order_class",
    "order_type",
    "type",
    "side",
    "time_in_force",
    "limit_price",
    "stop_price",
    "status",
    "extended_hours",
    "legs",
    "trail_percent",
    "trail_price",
    "hwm",
    "position_intent",
    "source",
    "subtag",
];

#[tokio::test]
async fn an_order_is_taken_first_and_filled_when_one_looks_again() {
    let world = World::on_monday().await;

    let taken = world.placed(&market("AAPL", "buy", "2")).await;

    for name in KEYS {
        assert!(taken.get(name).is_some(), "{name}");
    }
    assert_eq!(taken["filled_qty"], "0");
    assert_ne!(taken["status"], "filled");
    assert_eq!((&taken["order_class"], &taken["limit_price"]), (&"".into(), &Value::Null));
    let id = taken["id"].as_str().unwrap();
    let filled = world.read(&format!("orders/{id}")).await;
    assert_eq!((&filled["status"], &filled["filled_qty"]), (&"filled".into(), &"2".into()));
    assert_eq!(filled["filled_avg_price"], "200.01");
    let plain = id.replace('-', "");
    assert_eq!(world.read(&format!("orders/{plain}")).await, filled);
    let account = world.read("account").await;
    assert_eq!((&account["cash"], &account["equity"]), (&"99599.98".into(), &"99999.98".into()));
}

#[tokio::test]
async fn a_body_may_have_numbers_texts_and_nulls() {
    let world = World::on_monday().await;
    let body = json!({
        "symbol": "BTCUSD", "qty": 0.5, "notional": null, "side": "buy", "type": "limit",
        "time_in_force": "gtc", "limit_price": 40000, "client_order_id": null, "stop_price": null,
    });

    let order = world.placed(&body).await;

    assert_eq!((&order["symbol"], &order["asset_class"]), (&"BTC/USD".into(), &"crypto".into()));
    assert_eq!((&order["qty"], &order["limit_price"]), (&"0.5".into(), &"40000".into()));
    assert_eq!(order["client_order_id"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn an_id_is_taken_once_and_leads_to_its_order() {
    let world = World::on_monday().await;
    let mut body = resting();
    body["client_order_id"] = "mine & yours".into();

    let order = world.placed(&body).await;
    let again = world.broker("POST", "orders", &body).await;

    refused(&again, 422, 40_010_001, "client_order_id must be unique");
    let path = "orders:by_client_order_id?client_order_id=mine%20%26%20yours";
    assert_eq!(world.read(path).await["id"], order["id"]);
    let path = format!("orders/{}", order["id"].as_str().unwrap());
    assert_eq!(world.broker("DELETE", &path, &Value::Null).await.status, 204);
    refused(
        &world.broker("POST", "orders", &body).await,
        422,
        40_010_001,
        "client_order_id must be unique",
    );
    assert_eq!(column(&world.read("orders?status=all").await, "id").len(), 1);
}

#[tokio::test]
async fn two_servers_on_one_file_take_an_id_once() {
    let world = World::on_monday().await;
    let other = start(Options { database: world.database(), port: 0, any_bearer: false });
    let other = World { directory: world.directory.clone(), sandbox: other.await.unwrap() };
    let mut statuses = BTreeMap::new();

    for round in 0..10 {
        let mut body = resting();
        body["client_order_id"] = format!("round {round}").into();
        let (one, two) = tokio::join!(
            world.broker("POST", "orders", &body),
            other.broker("POST", "orders", &body)
        );
        *statuses.entry((one.status.min(two.status), one.status.max(two.status))).or_insert(0) += 1;
    }

    assert_eq!(statuses, BTreeMap::from([((200, 422), 10)]));
    assert_eq!(column(&world.read("orders").await, "id").len(), 10);
}

#[tokio::test]
async fn an_order_takes_the_place_of_another() {
    let world = World::on_monday().await;
    let old = world.placed(&resting()).await;
    let path = format!("orders/{}", old["id"].as_str().unwrap());
    world.read("orders").await;

    let change = json!({ "qty": 3, "limit_price": "151.5", "stop_price": null, "trail": null });
    let new = world.broker("PATCH", &path, &change).await;

    assert_eq!(new.status, 200, "{}", new.body);
    let new = new.json();
    assert_eq!((&new["qty"], &new["limit_price"]), (&"3".into(), &"151.5".into()));
    assert_eq!(new["replaces"], old["id"]);
    let old = world.read(&path).await;
    assert_eq!((&old["status"], &old["replaced_by"]), (&"replaced".into(), &new["id"]));
    assert_eq!(column(&world.read("orders").await, "id"), [new["id"].as_str().unwrap()]);
    refused(
        &world.broker("PATCH", &path, &change).await,
        422,
        42_210_000,
        "order is already in \"replaced\" state",
    );
}

#[tokio::test]
async fn orders_are_canceled_one_by_one_and_all_at_once() {
    let world = World::on_monday().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.placed(&resting()).await["id"].as_str().unwrap().to_owned());
    }

    let one = world.broker("DELETE", &format!("orders/{}", ids[0]), &Value::Null).await;
    let all = world.broker("DELETE", "orders", &Value::Null).await;

    assert_eq!((one.status, &*one.body), (204, ""));
    assert_eq!(one.header("x-naive-simulated"), Some("true"));
    assert_eq!((all.status, column(&all.json(), "id")), (207, vec![&*ids[1], &*ids[2]]));
    assert_eq!(all.json()[0]["status"], 200);
    assert_eq!(world.read("orders").await, json!([]));
    let again = world.broker("DELETE", &format!("orders/{}", ids[0]), &Value::Null).await;
    refused(&again, 422, 42_210_000, "order is already in \"canceled\" state");
    assert_eq!(world.broker("DELETE", "orders", &Value::Null).await.json(), json!([]));
}

#[tokio::test]
async fn a_bracket_comes_with_its_legs() {
    let world = World::on_monday().await;
    let body = json!({
        "symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "gtc",
        "order_class": "bracket", "take_profit": { "limit_price": "220" },
        "stop_loss": { "stop_price": "180" },
    });

    let taken = world.placed(&body).await;

    assert_eq!((&taken["order_class"], &taken["group_role"]), (&"bracket".into(), &"entry".into()));
    assert_eq!(column(&taken["legs"], "group_role"), ["take_profit", "stop_loss"]);
    assert_eq!(column(&taken["legs"], "status"), ["held", "held"]);
    let path = format!("orders/{}", taken["id"].as_str().unwrap());
    assert_eq!(world.read(&path).await["legs"], Value::Null);
    let nested = world.read(&format!("{path}?nested=True")).await;
    assert_eq!(nested["status"], "filled");
    assert_eq!(column(&nested["legs"], "status"), ["new", "held"]);
    let all = world.read("orders?status=all").await;
    assert_eq!(column(&all, "id").len(), 3);
    let rolled = world.read("orders?status=all&nested=true").await;
    assert_eq!((column(&rolled, "id").len(), column(&rolled[0]["legs"], "id").len()), (1, 2));
    assert_eq!(column(&world.read("orders?nested=true").await, "id").len(), 2);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_to_a_timeout_is_there() {
    let world = World::on_monday().await;
    let failure = crate::api::sandbox::Failure {
        what: crate::api::sandbox::What::GatewayTimeout,
        at: crate::api::sandbox::At::Api,
        toolkit: Some("brokerage".parse().unwrap()),
        times: 1,
    };
    crate::sandbox::plan(&world.database(), &failure).unwrap();
    let mut body = resting();
    body["client_order_id"] = "lost".into();

    let reply = world.broker("POST", "orders", &body).await;

    assert_eq!((reply.status, &reply.json()["code"]), (504, &50_410_000.into()));
    assert_eq!(reply.header("x-naive-simulated"), Some("true"));
    let found = world.read("orders:by_client_order_id?client_order_id=lost").await;
    assert_eq!(found["status"], "new");
}

#[tokio::test]
async fn a_failure_is_told_in_the_brokers_words() {
    use crate::api::sandbox::{At, Failure, What};
    let world = World::on_monday().await;
    for (what, status, message) in [
        (What::RateLimit, 429, "rate limit exceeded"),
        (What::ServerError, 500, "internal server error occurred"),
        (What::ExpiredToken, 401, "unauthorized."),
    ] {
        let toolkit = Some("brokerage".parse().unwrap());
        let failure = Failure { what, at: At::Api, toolkit, times: 1 };
        crate::sandbox::plan(&world.database(), &failure).unwrap();

        let reply = world.send("GET", "/brokerage/v2/account", &[KEY, SECRET, JSON], "").await;

        assert_eq!((reply.status, &reply.json()["message"]), (status, &message.into()));
    }
}
