//! What the keeper sets, and what accounts notice of it.

use std::time::Duration;

use serde_json::json;

use super::super::World;
use super::{MONDAY, amount, market, resting};
use crate::sandbox::exchange::admin::{self, Course};

#[tokio::test]
async fn a_price_that_is_set_fills_what_waits_for_it() {
    let world = World::on_monday().await;
    let id = world.placed(&resting()).await["id"].as_str().unwrap().to_owned();
    let path = format!("orders/{id}");
    assert_eq!(world.read(&path).await["status"], "new");

    let priced = admin::price_set(&world.database(), "aapl", amount("149"), None).unwrap();

    assert_eq!(priced.symbol.as_str(), "AAPL");
    assert_eq!(world.read(&path).await["status"], "filled");
}

#[tokio::test]
async fn a_price_walks_and_stays_where_it_ends() {
    let world = World::on_monday().await;
    let id = world.placed(&resting()).await["id"].as_str().unwrap().to_owned();
    let course = Course {
        symbol: "AAPL".to_owned(),
        from: None,
        to: amount("140"),
        over: Duration::from_hours(1),
    };
    admin::price_walk(&world.database(), &course).unwrap();

    world.later(40 * 60);
    let before = world.read(&format!("orders/{id}")).await;
    world.later(20 * 60);
    let after = world.read(&format!("orders/{id}")).await;

    assert_eq!((&before["status"], &after["status"]), (&"new".into(), &"filled".into()));
    let at: f64 = after["filled_avg_price"].as_str().unwrap().parse().unwrap();
    assert!((149.0..=150.0).contains(&at), "{at}");
}

#[tokio::test]
async fn recorded_quotes_are_replayed_and_taken_back() {
    let world = World::on_monday().await;
    let csv = "ts,symbol,bid,ask\n2026-11-23T15:31:00Z,MSFT,400.01,400.03\n";

    let rows = admin::price_replay(&world.database(), csv, admin::MAX_AGE).unwrap();
    world.later(90);
    let order = world.placed(&market("MSFT", "buy", "1")).await;

    assert_eq!(rows, 1);
    let path = format!("orders/{}", order["id"].as_str().unwrap());
    assert_eq!(world.read(&path).await["filled_avg_price"], "400.03");
    assert_eq!(admin::price_clear(&world.database(), None).unwrap(), 3);
    assert_eq!(admin::kept(&world.database()).unwrap().prices, 0);
    assert!(admin::price_replay(&world.database(), "a,b", admin::MAX_AGE).is_err());
}

#[tokio::test]
async fn the_clock_never_goes_back_behind_an_account() {
    let world = World::on_monday().await;
    world.later(3600);
    world.placed(&resting()).await;

    let back = admin::clock_set(&world.database(), MONDAY.parse().unwrap()).unwrap_err();

    assert!(back.message.contains("cannot go back"), "{}", back.message);
    assert!(back.hint.unwrap().contains("naive sandbox reset --cash 100000"));
    assert!(admin::clock_set(&world.database(), "2026-11-23T16:30:00Z".parse().unwrap()).is_ok());
    assert_eq!(world.read("clock").await["timestamp"], "2026-11-23T11:30:00-05:00");
}

#[tokio::test]
async fn a_reset_lets_accounts_begin_again_with_other_money() {
    let world = World::on_monday().await;
    world.placed(&market("AAPL", "buy", "10")).await;
    let id = world.read("account").await["id"].clone();

    admin::reset(&world.database(), amount("2500")).unwrap();

    let account = world.read("account").await;
    assert_eq!((&account["cash"], &account["id"]), (&"2500".into(), &id));
    for path in ["orders?status=all", "positions", "account/activities"] {
        assert_eq!(world.read(path).await, json!([]), "{path}");
    }
    assert!(admin::reset(&world.database(), amount("-1")).is_err());
}

#[tokio::test]
async fn fills_come_at_once_or_in_parts_where_that_is_asked_for() {
    let world = World::on_monday().await;
    let database = world.database();
    world.read("account").await;

    admin::instant(&database, true).unwrap();
    let instant = world.placed(&market("AAPL", "buy", "1")).await;
    admin::partial_fills(&database, Some(amount("1"))).unwrap();
    let part = world.placed(&market("AAPL", "buy", "400")).await;

    assert_eq!(instant["status"], "filled");
    assert_eq!(part["status"], "partially_filled");
    let kept = admin::kept(&database).unwrap();
    assert_eq!((kept.instant, kept.partial_fills), (true, Some(amount("1"))));
    assert!(admin::partial_fills(&database, Some(amount("1.5"))).is_err());
    assert!(admin::multiplier(&database, 3).is_err());
}

#[tokio::test]
async fn another_seed_makes_other_prices_and_the_same_seed_the_same() {
    let world = World::on_monday().await;
    let quote = async || {
        let path = "stocks/quotes/latest?symbols=NVDA,KO";
        world.read(path).await["quotes"].to_string()
    };
    let first = quote().await;

    admin::seed(&world.database(), 7).unwrap();
    let second = quote().await;
    admin::seed(&world.database(), 1).unwrap();

    assert_ne!(first, second);
    assert_eq!(quote().await, first);
}

#[tokio::test]
async fn the_clock_goes_no_further_than_the_calendar() {
    let world = World::on_monday().await;
    let database = world.database();
    let text = |error: crate::api::error::Error| (error.message, error.hint.unwrap_or_default());

    let set =
        text(admin::clock_set(&database, "9999-01-01T00:00:00Z".parse().unwrap()).unwrap_err());
    let advanced = admin::clock_advance(&database, Duration::from_hours(24 * 366 * 100));
    let forever = admin::clock_advance(&database, Duration::MAX);

    assert_eq!(
        set.0,
        "the clock goes until `2100-01-01T00:00:00.000Z`, and `9999-01-01T00:00:00.000Z` is later"
    );
    assert!(set.1.contains("earlier time"), "{}", set.1);
    assert!(text(advanced.unwrap_err()).0.contains("is later"));
    assert!(text(forever.unwrap_err()).0.contains("is later"));
    assert_eq!(world.read("clock").await["timestamp"], "2026-11-23T10:30:00-05:00");
    assert!(admin::clock_set(&database, "2100-01-01T00:00:00Z".parse().unwrap()).is_ok());
    assert_eq!(world.read("account").await["status"], "ACTIVE");
    world.read("clock").await;
}

#[tokio::test]
async fn a_price_that_cannot_be_quoted_is_refused() {
    let world = World::on_monday().await;
    let database = world.database();
    let set = |symbol: &str, price: &str, spread: Option<&str>| {
        let done = admin::price_set(&database, symbol, amount(price), spread.map(amount));
        done.map_err(|error| error.message)
    };

    for (symbol, price, spread, message) in [
        ("AAPL", "0", None, "a price is above zero, and `0` is not"),
        (
            "AAPL",
            "0.000000001",
            None,
            "`AAPL` is priced in steps of `0.0001`, and `0.000000001` is less",
        ),
        (
            "AAPL",
            "2000000000",
            None,
            "a price is at most a billion dollars, and `2000000000` is more",
        ),
        ("AAPL", "200", Some("-0.5"), "a spread of `-0.5` is less than none"),
        ("AAPL", "200", Some("400"), "a spread of `400` around `200` leaves no bid above zero"),
    ] {
        assert_eq!(set(symbol, price, spread).unwrap_err(), message);
    }
    for (from, to) in [(Some("0.00001"), "5"), (None, "0.00001")] {
        let (from, symbol) = (from.map(amount), "AAPL".to_owned());
        let course = Course { symbol, from, to: amount(to), over: Duration::from_mins(1) };
        let error = admin::price_walk(&database, &course).unwrap_err();
        assert!(error.message.contains("priced in steps"), "{}", error.message);
    }
    assert_eq!(set("AAPL", "0.0001", None).unwrap().ask, Some(amount("0.0002")));
    assert!(set("SHIB/USD", "0.00001", None).is_ok());
}

#[tokio::test]
async fn a_reset_of_everything_takes_back_clock_prices_and_money_too() {
    let world = World::on_monday().await;
    let database = world.database();
    admin::reset(&database, amount("2500")).unwrap();
    admin::seed(&database, 7).unwrap();
    admin::instant(&database, true).unwrap();
    world.placed(&resting()).await;

    crate::sandbox::reset(&database).unwrap();

    let kept = admin::kept(&database).unwrap();
    assert_eq!((kept.stopped, kept.seed, kept.prices), (false, 1, 0));
    assert_eq!((kept.cash, kept.instant), (amount("100000"), false));
    assert_eq!(world.read("account").await["buying_power"], "100000");
    assert_eq!(world.read("orders?status=all").await, json!([]));
}
