//! The lines of the documents that say what the system does, with the address changed.

use serde_json::{Value, json};

use super::{Served, key};
use crate::browser::{decide, visit};
use crate::support::Naive;

/// A server with alice, an operator's key and an agent's.
fn alices() -> (Naive, Served, String, String) {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let operator = key(&naive, "--name app --role workspace");
    let agent = key(&naive, "--name bot --role agent");
    let served = Served::start(&naive, &[]);
    (naive, served, operator, agent)
}

/// Connects gmail for alice as the operator lets an agent do it.
fn connected(served: &Served, operator: &str, agent: &str) {
    let body = r#"{ "toolkit": "gmail" }"#;
    let (status, held) = served.call(agent, "POST /v1/users/alice/connections/connect", body);
    assert_eq!((status, &held["status"]), (202, &json!("pending_approval")));
    let id = held["approval_id"].as_str().unwrap();
    let line = format!("POST /v1/users/alice/approvals/{id}/approve");
    let (status, approved) = served.call(operator, &line, "");
    assert_eq!((status, &approved["status"]), (200, &json!("executed")));
    let page = visit(&decide(approved["result"]["redirectUrl"].as_str().unwrap(), "allow"));
    assert_eq!(page.status, 200, "{page:?}");
}

#[test]
fn an_app_is_connected_and_its_tool_is_run() {
    let (_naive, served, operator, agent) = alices();

    // when: an agent asks, the operator lets it, alice logs in
    let search = served.call(&agent, "GET /v1/users/alice/connections?search=gmail", "");
    connected(&served, &operator, &agent);
    let connected = served.call(&agent, "GET /v1/users/alice/connections/connected", "");
    let list = served.call(&agent, "GET /v1/users/alice/connections?connected=true", "");
    let tools = served.call(&agent, "GET /v1/users/alice/connections/gmail/tools?limit=3", "");
    let sent = served.call(
        &agent,
        "POST /v1/users/alice/connections/gmail/execute",
        r#"{ "tool": "GMAIL_SEND_EMAIL", "arguments": { "recipient_email": "lead@co.com", "subject": "Hi", "body": "..." } }"#,
    );

    assert_eq!(search.1["toolkits"][0]["slug"], "gmail");
    assert_eq!(search.1["toolkits"][0]["connection"], Value::Null);
    assert_eq!(connected.1["connections"][0]["toolkit"], "gmail");
    assert_eq!(connected.1["connections"][0]["status"], "ACTIVE");
    assert_eq!(list.1["toolkits"].as_array().unwrap().len(), 1);
    assert_eq!(tools.1["tools"].as_array().unwrap().len(), 3);
    assert_eq!((sent.0, &sent.1["successful"]), (200, &json!(true)));
    assert_eq!(sent.1["toolSlug"], "GMAIL_SEND_EMAIL");

    let gone = served.call(&operator, "DELETE /v1/users/alice/connections/gmail?purge=true", "");
    assert_eq!((gone.0, &gone.1["status"]), (200, &json!("REVOKED")));
}

#[test]
fn a_card_is_asked_for_approved_and_looked_at() {
    let (_naive, served, operator, agent) = alices();

    let (status, held) = served.call(
        &agent,
        "POST /v1/users/alice/cards",
        r#"{ "name": "Ads", "spendingLimitCents": 50000 }"#,
    );
    let id = held["approval_id"].as_str().unwrap().to_owned();
    let pending = served.call(&operator, "GET /v1/users/alice/approvals?status=pending", "");
    let all = served.call(&operator, "GET /v1/approvals?status=pending", "");
    let line = format!("POST /v1/users/alice/approvals/{id}/approve");
    let approved = served.call(&operator, &line, "");
    let again = served.call(&operator, &line, "");
    let got = served.call(&agent, &format!("GET /v1/users/alice/approvals/{id}"), "");

    assert_eq!(status, 202);
    assert_eq!(held["action_type"], "cards.create");
    assert_eq!(held["action"], "cards.create");
    assert_eq!(held["primitive"], "cards");
    assert_eq!(held["title"], "Issue virtual card \"Ads\"");
    assert_eq!(pending.1["approvals"][0]["id"], json!(id));
    assert_eq!(all.1["approvals"][0]["id"], json!(id));
    assert_eq!((approved.0, &approved.1["status"]), (200, &json!("executed")));
    assert_eq!((again.0, &again.1["error"]["code"]), (400, &json!("invalid_input")));
    assert_eq!(got.1["result"], approved.1["result"]);
    assert!(got.1["result"]["card_id"].is_string(), "{got:?}");
}

#[test]
fn a_user_trades_and_an_agent_asks_first() {
    let (_naive, served, operator, agent) = alices();

    // given: an account, linked through the server's own public callback
    let begun = served.call(
        &operator,
        "POST /v1/users/alice/trading/connect",
        r#"{ "env": "paper", "accept_disclosure": true }"#,
    );
    let (_, held) = begun;
    let line = format!("POST /v1/approvals/{}/approve", held["approval_id"].as_str().unwrap_or(""));
    let begun = if held["status"] == "pending_approval" {
        served.call(&operator, &line, "").1["result"].clone()
    } else {
        held
    };
    let url = begun["authorize_url"].as_str().unwrap();
    assert!(url.contains("%2Fv1%2Ftrading%2Foauth%2Fcallback"), "{url}");
    assert_eq!(visit(&decide(url, "allow")).status, 200);

    // when: it trades
    let account = served.call(&agent, "GET /v1/users/alice/trading/account", "");
    let order = r#"{ "symbol": "BTC/USD", "notional": "25", "side": "buy", "type": "market", "time_in_force": "gtc" }"#;
    let (status, held) = served.call(&agent, "POST /v1/users/alice/trading/orders", order);
    let line = format!("POST /v1/approvals/{}/approve", held["approval_id"].as_str().unwrap());
    let placed = served.call(&operator, &line, "");
    let quote =
        served.call(&agent, "GET /v1/users/alice/trading/market-data?symbols=BTC/USD,ETH/USD", "");
    let orders = served.call(&agent, "GET /v1/users/alice/trading/orders?status=all", "");
    let company = served.call(&agent, "GET /v1/trading/connections", "");

    assert_eq!((account.0, &account.1["cash"]), (200, &json!("100000")));
    assert_eq!((status, &held["action"]), (202, &json!("trading.order.create")));
    assert_eq!(placed.1["status"], "executed", "{placed:?}");
    assert_eq!(quote.1["quotes"].as_object().unwrap().len(), 2);
    assert_eq!(orders.1["orders"].as_array().map_or(0, Vec::len), 1, "{orders:?}");
    // The workspace's own user has no account.
    assert_eq!(company.1["connections"], json!([]));
}
