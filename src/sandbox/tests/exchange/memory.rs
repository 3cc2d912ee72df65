//! What one server remembers of an account, beside others on the same file; and what cannot be read.

use std::path::Path;

use serde_json::{Value, json};

use super::super::World;
use super::{amount, column, market, resting};
use crate::sandbox::exchange::admin;
use crate::sandbox::store::Store;
use crate::sandbox::{Options, start};

/// Changes the file behind the back of all servers.
fn change(database: &Path, sql: &str) {
    let done: rusqlite::Result<()> =
        Store::open(database).unwrap().write(|tx| tx.execute_batch(sql));
    done.unwrap();
}

fn stored(database: &Path, sql: &str) -> String {
    let found: rusqlite::Result<String> =
        Store::open(database).unwrap().read(|db| db.query_row(sql, [], |row| row.get(0)));
    found.unwrap()
}

/// Starts another server on the same file.
async fn beside(world: &World) -> World {
    let other = start(Options { database: world.database(), port: 0, any_bearer: false });
    World { directory: world.directory.clone(), sandbox: other.await.unwrap() }
}

async fn status(world: &World, method: &str, path: &str, body: &Value) -> u16 {
    world.broker(method, path, body).await.status
}

#[tokio::test]
async fn open_orders_are_not_read_again_while_nobody_else_writes() {
    let world = World::on_monday().await;
    world.placed(&resting()).await;

    change(&world.database(), "UPDATE exchange_orders SET body = '{'");

    assert_eq!(world.read("account").await["buying_power"], "99850");
    world.placed(&resting()).await;
    assert_eq!(world.read("account").await["buying_power"], "99700");
}

#[tokio::test]
async fn servers_on_one_file_see_what_each_other_did() {
    let world = World::on_monday().await;
    let other = beside(&world).await;
    let (mut sent, mut ids) = (0, Vec::new());

    for round in 0..12 {
        let (one, two) = if round % 3 == 0 { (&world, &other) } else { (&other, &world) };
        let order = one.placed(&resting()).await;
        ids.push(order["id"].as_str().unwrap().to_owned());
        sent += 1;
        if round % 4 == 3 {
            let path = format!("orders/{}", ids.remove(0));
            assert_eq!(status(two, "DELETE", &path, &Value::Null).await, 204);
            sent -= 1;
        }
        let left = (100_000 - 150 * sent).to_string();
        for server in [one, two] {
            let open = server.read("orders?direction=asc").await;
            assert_eq!(column(&open, "id"), ids);
            assert_eq!(server.read("account").await["buying_power"], left.as_str());
        }
    }
}

#[tokio::test]
async fn an_account_that_began_again_is_not_taken_for_the_old_one() {
    let world = World::on_monday().await;
    let other = beside(&world).await;
    world.placed(&market("AAPL", "buy", "10")).await;
    world.read("account").await;

    admin::reset(&world.database(), amount("100000")).unwrap();
    other.placed(&resting()).await;
    other.read("account").await;

    assert_eq!(world.read("positions").await, json!([]));
    assert_eq!(world.read("account").await["buying_power"], "99850");
}

#[tokio::test]
async fn what_the_keeper_sets_is_noticed_at_once() {
    let world = World::on_monday().await;
    let id = world.placed(&resting()).await["id"].as_str().unwrap().to_owned();
    world.read("account").await;

    admin::multiplier(&world.database(), 2).unwrap();
    admin::price_set(&world.database(), "AAPL", amount("149"), None).unwrap();

    assert_eq!(world.read("account").await["multiplier"], "2");
    assert_eq!(world.read(&format!("orders/{id}")).await["status"], "filled");
}

#[tokio::test]
async fn an_account_that_cannot_be_read_is_not_begun_again() {
    let world = World::on_monday().await;
    world.placed(&market("AAPL", "buy", "10")).await;

    change(&world.database(), "UPDATE exchange_accounts SET state = '{', version = version + 1");

    let reply = world.broker("GET", "account", &Value::Null).await;
    assert_eq!((reply.status, &reply.json()["code"]), (500, &50_010_000.into()));
    assert_eq!(status(&world, "POST", "orders", &resting()).await, 500);
    assert_eq!(stored(&world.database(), "SELECT state FROM exchange_accounts"), "{");
}

#[tokio::test]
async fn an_order_that_cannot_be_read_is_not_dropped() {
    let world = World::on_monday().await;
    let id = world.placed(&resting()).await["id"].as_str().unwrap().to_owned();
    let path = format!("orders/{id}");

    change(
        &world.database(),
        "UPDATE exchange_orders SET body = '{'; UPDATE exchange_accounts SET version = 0",
    );

    for path in ["account", "orders", "orders?status=all", path.as_str()] {
        assert_eq!(status(&world, "GET", path, &Value::Null).await, 500, "{path}");
    }
    assert_eq!(status(&world, "POST", "orders", &resting()).await, 500);
    assert_eq!(stored(&world.database(), "SELECT body FROM exchange_orders"), "{");
}

#[tokio::test]
async fn a_clock_or_a_price_that_cannot_be_read_is_not_taken_for_none() {
    for sql in [
        "UPDATE exchange_settings SET value = 'noon' WHERE name = 'clock'",
        "UPDATE exchange_prices SET body = '{';
         UPDATE exchange_settings SET value = 'other' WHERE name = 'revision'",
    ] {
        let world = World::on_monday().await;

        change(&world.database(), sql);

        assert_eq!(status(&world, "GET", "clock", &Value::Null).await, 500, "{sql}");
    }
}
