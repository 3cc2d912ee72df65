//! Every no of the broker that an account can be given, with status, code and words; none changes anything.

use serde_json::{Value, json};

use super::super::World;
use super::{market, refused, resting};

/// Returns everything that a request could change.
async fn state(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "account",
        "account/configurations",
        "orders?status=all&nested=true",
        "positions",
        "account/activities",
    ] {
        all.push(world.read(path).await);
    }
    all
}

/// Returns the usual order with these fields in place of its own; a null takes one away.
fn with(changes: Value) -> Value {
    let mut order = resting();
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

/// Sends the usual order with changes and checks what each is refused with, and that nothing changed.
async fn all_refused(world: &World, rows: &[(Value, u16, u64, &str)]) {
    let before = state(world).await;
    for (changes, status, code, message) in rows {
        let reply = world.broker("POST", "orders", &with(changes.clone())).await;
        let body = reply.json();
        let said = (reply.status, body["code"].as_u64(), body["message"].as_str());
        assert_eq!(said, (*status, Some(*code), Some(*message)), "{changes}");
    }
    assert_eq!(state(world).await, before);
}

#[tokio::test]
async fn an_order_that_contradicts_itself_is_refused_and_changes_nothing() {
    let world = World::on_monday().await;
    world.placed(&resting()).await;
    let long = "x".repeat(129);

    all_refused(
        &world,
        &[
            (json!({ "qty": null }), 422, 40_010_001, "qty or notional is required"),
            (
                json!({ "notional": "10" }),
                422,
                40_010_001,
                "only one of qty or notional is accepted",
            ),
            (json!({ "qty": "0" }), 422, 40_010_001, "qty must be > 0"),
            (json!({ "limit_price": "0" }), 422, 40_010_001, "limit price must be > 0"),
            (json!({ "type": "best" }), 422, 40_010_001, "invalid order type"),
            (json!({ "side": "hold" }), 422, 40_010_001, "invalid side"),
            (json!({ "time_in_force": "now" }), 422, 40_010_001, "invalid time_in_force"),
            (json!({ "limit_price": null }), 422, 40_010_001, "limit orders require a limit price"),
            (
                json!({ "type": "stop", "limit_price": null }),
                422,
                40_010_001,
                "stop orders require a stop price",
            ),
            (
                json!({ "client_order_id": long }),
                422,
                40_010_001,
                "client_order_id must be no more than 128 characters",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_order_that_breaks_a_rule_is_refused_and_changes_nothing() {
    let world = World::on_monday().await;
    world.placed(&market("AAPL", "buy", "5")).await;
    world.placed(&resting()).await;

    all_refused(&world, &[
        (json!({ "symbol": "ZZZZ" }), 422, 42_210_000, "asset \"ZZZZ\" not found"),
        (
            json!({ "limit_price": "150.123" }),
            422,
            42_210_000,
            "invalid limit_price 150.123. sub-penny increment does not fulfill minimum pricing criteria",
        ),
        (json!({ "qty": "0.5" }), 422, 42_210_000, "fractional orders must be DAY orders"),
        (json!({ "qty": "1000" }), 403, 40_310_000, "insufficient buying power"),
        (
            json!({ "symbol": "BTC/USD", "type": "stop", "limit_price": null, "stop_price": "1" }),
            422,
            40_010_001,
            "invalid order type for crypto order",
        ),
        (
            json!({ "symbol": "BTC/USD", "qty": "0.0001", "limit_price": "50000" }),
            403,
            40_310_000,
            "cost basis must be >= minimal amount of order 10",
        ),
        (
            json!({ "side": "sell", "qty": "1", "type": "market", "limit_price": null,
                    "time_in_force": "day" }),
            403,
            40_310_000,
            "potential wash trade detected. use complex orders",
        ),
        (
            json!({ "symbol": "AAPL241213C00250000", "time_in_force": "day", "limit_price": "1" }),
            422,
            42_210_000,
            "contract \"AAPL241213C00250000\" is expired",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_json_object_is_no_order() {
    let world = World::on_monday().await;

    for body in ["{", "[]", "\"x\""] {
        let headers = [super::KEY, super::SECRET, super::JSON];
        let reply = world.send("POST", "/brokerage/v2/orders", &headers, body).await;
        refused(&reply, 400, 40_010_000, "request body format is invalid");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let world = World::on_monday().await;
    let nobody = "00000000-0000-4000-8000-000000000000";

    for (method, path, message) in [
        ("GET", format!("orders/{nobody}"), format!("order not found for {nobody}")),
        ("DELETE", format!("orders/{nobody}"), format!("order not found for {nobody}")),
        ("PATCH", format!("orders/{nobody}"), format!("order not found for {nobody}")),
        (
            "GET",
            "orders:by_client_order_id?client_order_id=x".to_owned(),
            "order not found for x".to_owned(),
        ),
        ("GET", "positions/AAPL".to_owned(), "position does not exist".to_owned()),
        ("DELETE", "positions/AAPL".to_owned(), "position does not exist".to_owned()),
        ("GET", "positions/NOPE".to_owned(), "symbol not found: NOPE".to_owned()),
        ("POST", "account".to_owned(), "endpoint not found".to_owned()),
        ("PUT", "orders".to_owned(), "endpoint not found".to_owned()),
    ] {
        let reply = world.broker(method, &path, &Value::Null).await;
        refused(&reply, 404, 40_410_000, &message);
    }
}

#[tokio::test]
async fn what_is_held_for_an_order_cannot_be_sold_again() {
    let world = World::on_monday().await;
    world.placed(&market("AAPL", "buy", "10")).await;
    world.later(1);
    let sale = with(json!({ "side": "sell", "qty": "10", "limit_price": "300" }));
    let resting = world.placed(&sale).await;

    let again = world.broker("POST", "orders", &sale).await;
    let close = world.broker("DELETE", "positions/AAPL", &Value::Null).await;

    for reply in [&again, &close] {
        let text = "insufficient qty available for order (requested: 10, available: 0)";
        refused(reply, 403, 40_310_000, text);
        let body = reply.json();
        assert_eq!((&body["existing_qty"], &body["held_for_orders"]), (&"10".into(), &"10".into()));
        assert_eq!(
            (&body["symbol"], &body["related_orders"]),
            (&"AAPL".into(), &json!([resting["id"]]))
        );
    }
}

#[tokio::test]
async fn a_replacement_that_cannot_be_is_refused_and_changes_nothing() {
    let world = World::on_monday().await;
    let id = world.placed(&resting()).await["id"].as_str().unwrap().to_owned();
    let before = state(&world).await;

    for (changes, status, code, message) in [
        (json!({}), 422, 42_210_000, "order parameters are not changed"),
        (json!({ "limit_price": "150" }), 422, 42_210_000, "order parameters are not changed"),
        (json!({ "qty": "0" }), 422, 40_010_001, "qty must be > 0"),
        (json!({ "qty": "1.5" }), 422, 42_210_000, "qty must be integer"),
        (json!({ "qty": "many" }), 400, 40_010_000, "request body format is invalid"),
        (json!({ "time_in_force": "now" }), 422, 40_010_001, "invalid time_in_force"),
        (json!({ "qty": "9000" }), 403, 40_310_000, "insufficient buying power"),
    ] {
        let reply = world.broker("PATCH", &format!("orders/{id}"), &changes).await;
        refused(&reply, status, code, message);
    }

    assert_eq!(state(&world).await, before);
}
