//! Orders that nobody has to be asked about: what is sent, what is refused before, and what the broker's
//! answers mean.

use serde_json::{Value, json};

use super::stand_in::{Broker, Reply, shares};

const BUY: &str = "--json trading order --symbol AAPL --side buy";

fn error(run: &crate::support::Run) -> Value {
    run.json()["error"].clone()
}

#[test]
fn an_order_goes_out_whole_and_its_answer_is_the_brokers() {
    let broker = Broker::new();
    let naive = broker.linked();

    let run = naive.run(&format!("{BUY} --qty 2 --idempotency-key mine-1")).exits(0);

    let expected = json!({
        "symbol": "AAPL", "side": "buy", "qty": "2", "type": "market", "time_in_force": "day",
        "client_order_id": "mine-1",
    });
    assert_eq!(broker.posted(), [expected]);
    assert_eq!(run.json()["result"]["status"], "accepted");
}

#[test]
fn what_is_not_said_follows_from_what_is() {
    let table = [
        (
            "--symbol BTCUSD --side buy --notional 25",
            json!({"symbol": "BTC/USD", "time_in_force": "gtc"}),
        ),
        ("--symbol AAPL --side buy --qty 1 --take-profit 120", json!({"order_class": "oto"})),
        (
            "--symbol AAPL --side buy --qty 1 --take-profit 120 --stop-loss 80 --stop-loss-limit 79",
            json!({"order_class": "bracket", "stop_loss": {"stop_price": "80", "limit_price": "79"}}),
        ),
        (
            "--symbol AAPL --side buy --qty 1 --type limit --limit-price 99.5",
            json!({"type": "limit", "limit_price": "99.5"}),
        ),
    ];
    let broker = Broker::new();
    let naive = broker.linked();
    for (flags, expected) in table {
        let _ = naive.run(&format!("--json trading order {flags}")).exits(0);

        let sent = broker.posted().pop().unwrap();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&sent[name], value, "{flags}");
        }
    }
}

#[test]
fn what_the_broker_would_refuse_is_refused_before_it_is_sent() {
    let table = [
        ("--symbol AAPL --side buy --qty 1 --type limit", "limit orders require a limit price"),
        ("--symbol BTC/USD --side buy --notional 25 --tif day", "invalid crypto time_in_force"),
        (
            "--symbol BTC/USD --side buy --notional 5",
            "cost basis must be >= minimal amount of order 10",
        ),
        ("--symbol ZZZZ --side buy --qty 1", "asset \"ZZZZ\" not found"),
        ("--symbol AAPL --side buy --qty 5000", "insufficient buying power"),
    ];
    let broker = Broker::new();
    let naive = broker.linked();
    for (flags, text) in table {
        let run = naive.run(&format!("--json trading order {flags}")).exits(1);

        assert_eq!(error(&run)["message"], text, "{flags}");
    }
    assert_eq!(broker.posted(), Vec::<Value>::new());
}

#[test]
fn the_brokers_answers_are_mapped_as_the_seed_says() {
    let table = [
        (403, "insufficient buying power", "forbidden", 1),
        (422, "asset \"AAPL\" is not tradable", "invalid_input", 1),
        (404, "symbol not found: AAPL", "not_found", 1),
        (429, "too many requests.", "rate_limited", 1),
    ];
    let broker = Broker::new();
    let naive = broker.linked();
    for (status, text, code, exit) in table {
        broker.next(Reply::Said(status, json!({ "code": 0, "message": text })));

        let run = naive.run(&format!("{BUY} --qty 1")).exits(exit);

        let error = error(&run);
        assert_eq!((&error["code"], &error["message"]), (&code.into(), &text.into()));
    }
    let listed = naive.run("--json trading connections").exits(0);
    assert_eq!(listed.json()["result"]["connections"][0]["status"], "active");
}

#[test]
fn a_preview_shows_the_order_its_price_and_what_stands_in_its_way_and_sends_nothing() {
    let broker = Broker::new();
    let naive = broker.linked();

    let fine = naive.run("--json trading preview --symbol AAPL --side buy --qty 2").exits(0);
    let short =
        naive.run("--json trading order --dry-run --symbol AAPL --side buy --qty 5000").exits(0);

    let result = &fine.json()["result"];
    assert_eq!(result["would_be_sent"], true);
    assert_eq!(result["market"]["estimated_cost"], "200");
    let result = &short.json()["result"];
    assert_eq!(result["would_be_sent"], false);
    assert_eq!(result["refusals"][0]["message"], "insufficient buying power");
    assert_eq!(result["refusals"][0]["status"], 403);
    assert_eq!(broker.posted(), Vec::<Value>::new());
}

#[test]
fn a_position_is_closed_by_an_order_of_its_own_name() {
    let broker = Broker::new();
    let naive = broker.linked();
    broker.holds(shares("10"));

    let _ = naive.run("--json trading close AAPL --percentage 25 --idempotency-key c1").exits(0);
    let _ = naive.run("--json trading close AAPL").exits(0);
    let more = naive.run("--json trading close AAPL --qty 11").exits(1);
    let none = naive.run("--json trading close BTC/USD").exits(1);

    let sent = broker.posted();
    assert_eq!((&sent[0]["qty"], &sent[0]["side"]), (&"2.5".into(), &"sell".into()));
    assert_eq!(sent[0]["client_order_id"], "c1");
    assert_eq!(sent[1]["qty"], "10");
    assert_eq!(error(&more)["reason"], "close_qty");
    assert_eq!(error(&none)["code"], "not_found");
}

#[test]
fn a_redirect_takes_no_credential_along() {
    let (elsewhere, broker) = (Broker::new(), Broker::new());
    let naive = broker.linked();
    broker.moves_to(elsewhere.url());

    let run = naive.run("--json trading account").exits(1);

    assert_eq!(error(&run)["code"], "provider_error");
    assert_eq!(elsewhere.received().len(), 0);
}
