//! Who is let in, what an account shows, what its owner sets, what happened to it.

use serde_json::{Value, json};

use super::super::World;
use super::{JSON, KEY, SECRET, amount, column, market, resting};
use crate::sandbox::exchange::admin;

#[tokio::test]
async fn an_account_has_every_field_that_clients_need() {
    let world = World::on_monday().await;

    let reply = world.broker("GET", "account", &Value::Null).await;

    let account = reply.json();
    for (name, value) in [
        ("status", "ACTIVE"),
        ("currency", "USD"),
        ("cash", "100000"),
        ("buying_power", "100000"),
        ("equity", "100000"),
        ("last_equity", "100000"),
        ("long_market_value", "0"),
        ("multiplier", "1"),
    ] {
        assert_eq!(account[name], value, "{name}");
    }
    assert!(uuid::Uuid::try_parse(account["id"].as_str().unwrap()).is_ok());
    let number = account["account_number"].as_str().unwrap();
    assert_eq!((number.len(), &number[..2]), (12, "PA"));
    assert_eq!(account["shorting_enabled"], true);
    assert_eq!(account["trading_blocked"], false);
    assert_eq!(account.get("pattern_day_trader"), None);
    assert_eq!(reply.header("x-naive-simulated"), Some("true"));
    assert_eq!(reply.header("x-ratelimit-limit"), Some("200"));
    assert_eq!(reply.header("x-request-id").unwrap().len(), 32);
}

#[tokio::test]
async fn every_key_is_an_account_of_its_own() {
    let world = World::on_monday().await;
    let path = "/brokerage/v2/account";
    let id =
        async |headers: &[&str]| world.send("GET", path, headers, "").await.json()["id"].clone();

    let (one, again) = (id(&[KEY, SECRET]).await, id(&[KEY, SECRET]).await);
    let other = id(&["APCA-API-KEY-ID: PKOTHER", SECRET]).await;
    let login = world.bearer("brokerage", "account:write trading data", "a@x.example").await;
    let bearer = id(&[&login]).await;

    assert_eq!(one, again);
    assert_ne!(one, other);
    assert_ne!(one, bearer);
    assert_ne!(other, bearer);
}

#[tokio::test]
async fn strangers_are_told_so() {
    let world = World::on_monday().await;

    for headers in [
        vec![],
        vec![KEY],
        vec![KEY, "APCA-API-SECRET-KEY: short"],
        vec!["Authorization: Bearer nobody-issued-it"],
    ] {
        for path in ["v2/account", "v2/assets", "v2/stocks/quotes/latest?symbols=AAPL"] {
            let reply = world.send("GET", &format!("/brokerage/{path}"), &headers, "").await;
            assert_eq!((reply.status, &*reply.body), (401, "{\"message\":\"unauthorized.\"}"));
        }
    }
    let coins = "/brokerage/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD";
    assert_eq!(world.get(coins).await.status, 200);
    let nowhere = world.send("GET", "/brokerage/v2/watchlists", &[KEY, SECRET], "").await;
    assert_eq!((nowhere.status, &nowhere.json()["message"]), (404, &"endpoint not found".into()));
}

#[tokio::test]
async fn any_bearer_is_let_in_where_that_is_offered() {
    let world = World::with(true).await;
    let id = async |bearer: &str| {
        let header = format!("Authorization: Bearer {bearer}");
        let reply = world.send("GET", "/brokerage/v2/account", &[&header], "").await;
        assert_eq!(reply.status, 200);
        reply.json()["id"].clone()
    };

    assert_eq!(id("one").await, id("one").await);
    assert_ne!(id("one").await, id("two").await);
}

#[tokio::test]
async fn a_login_may_do_what_it_was_granted() {
    let world = World::on_monday().await;
    let reads = world.bearer("brokerage", "data", "a@x.example").await;
    let post = async |path: &str, method: &str, body: Value| {
        let path = format!("/brokerage/v2/{path}");
        world.send(method, &path, &[&reads, JSON], &body.to_string()).await.status
    };

    assert_eq!(post("orders", "GET", Value::Null).await, 200);
    assert_eq!(post("orders", "POST", resting()).await, 403);
    assert_eq!(post("account/configurations", "PATCH", json!({})).await, 403);
}

#[tokio::test]
async fn market_data_has_a_scope_of_its_own() {
    let world = World::on_monday().await;
    let without = world.bearer("brokerage", "trading", "a@x.example").await;
    let with = world.bearer("brokerage", "trading data", "a@x.example").await;

    for path in ["v2/stocks/quotes/latest?symbols=AAPL", "v1beta1/options/snapshots/AAPL?limit=1"] {
        let path = format!("/brokerage/{path}");
        let refused = world.send("GET", &path, &[&without], "").await;
        let text = "request is not authorized: the token lacks the scope data";
        super::refused(&refused, 403, 40_310_000, text);
        assert_eq!(world.send("GET", &path, &[&with], "").await.status, 200);
    }
    for path in ["v2/assets/AAPL", "v2/clock", "v1beta3/crypto/us/latest/quotes?symbols=BTC/USD"] {
        let reply = world.send("GET", &format!("/brokerage/{path}"), &[&without], "").await;
        assert_eq!(reply.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_an_owner_sets_holds() {
    let world = World::on_monday().await;
    let path = "account/configurations";
    let set = json!({ "suspend_trade": true, "max_margin_multiplier": 1, "no_shorting": null });

    let before = world.read(path).await;
    let changed = world.broker("PATCH", path, &set).await.json();

    assert_eq!(
        (&before["suspend_trade"], &before["max_margin_multiplier"]),
        (&false.into(), &"4".into())
    );
    assert_eq!(
        (&changed["suspend_trade"], &changed["max_margin_multiplier"]),
        (&true.into(), &"1".into())
    );
    assert_eq!(world.read(path).await, changed);
    assert_eq!(world.broker("POST", "orders", &resting()).await.status, 403);
    assert_eq!(world.read("account").await["trade_suspended_by_user"], true);
    let wrong = world.broker("PATCH", path, &json!({ "max_margin_multiplier": "3" })).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(world.read(path).await, changed);
}

#[tokio::test]
async fn what_happened_is_listed_by_kind_and_by_pages() {
    let world = World::on_monday().await;
    for qty in ["1", "2", "3"] {
        world.placed(&market("AAPL", "buy", qty)).await;
        world.later(60);
    }
    let coins = world.placed(&market("BTC/USD", "buy", "0.01")).await;
    world.later(60);

    let fills = world.read("account/activities/FILL").await;
    let fees = world.read("account/activities?activity_types=CFEE").await;
    let others = world.read("account/activities?category=non_trade_activity").await;

    assert_eq!(column(&fills, "qty"), ["0.01", "3", "2", "1"]);
    assert_eq!((&fills[1]["type"], &fills[1]["leaves_qty"]), (&"fill".into(), &"0".into()));
    assert_eq!((column(&fees, "qty"), fees == others), (vec!["-0.000025"], true));
    let id = coins["id"].as_str().unwrap();
    let own = world.read(&format!("account/activities?order_id={id}")).await;
    assert_eq!(column(&own, "order_id"), [id]);
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page =
            world.read(&format!("account/activities?direction=asc&page_size=2{token}")).await;
        let Some(last) = page.as_array().unwrap().last() else { break };
        token = format!("&page_token={}", last["id"].as_str().unwrap());
        seen.extend(column(&page, "id").into_iter().map(str::to_owned));
    }
    assert_eq!(seen.len(), 5);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    assert_eq!(column(&world.read("account/activities/FILL?date=2026-11-22").await, "id").len(), 0);
    assert_eq!(column(&world.read("account/activities/FILL?date=2026-11-23").await, "id").len(), 4);
    let late = world.read("account/activities/FILL?after=2026-11-23T15:31:30Z").await;
    assert_eq!(column(&late, "qty"), ["0.01", "3"]);
}

#[tokio::test]
async fn the_history_has_a_point_for_every_close_and_now() {
    let world = World::on_monday().await;
    world.placed(&market("AAPL", "buy", "10")).await;
    world.later(3 * 86_400);

    let history = world.read("account/portfolio/history?period=1W&timeframe=1D").await;

    // The beginning, Monday, Tuesday, Wednesday, and Thursday as it stands: a holiday.
    assert_eq!(history["timestamp"].as_array().unwrap().len(), 5);
    assert_eq!(history["equity"].as_array().unwrap().len(), 5);
    assert_eq!(history["base_value"].to_string(), "100000");
    assert_eq!((&history["timeframe"], history["base_value"].is_number()), (&"1D".into(), true));
}

#[tokio::test]
async fn the_history_of_the_first_day_begins_with_what_the_account_began_with() {
    let world = World::on_monday().await;
    world.placed(&market("AAPL", "buy", "100")).await;
    world.later(60);
    admin::price_set(&world.database(), "AAPL", amount("210"), None).unwrap();

    for query in
        ["", "?period=1D&timeframe=1Min", "?period=all", "?end=2026-11-20", "?start=2026-11-23"]
    {
        let history = world.read(&format!("account/portfolio/history{query}")).await;
        assert_eq!(history["base_value"].to_string(), "100000", "{query}");
    }
    let history = world.read("account/portfolio/history").await;
    let gains: Vec<String> =
        history["profit_loss"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(gains, ["0", "999"]);
}
