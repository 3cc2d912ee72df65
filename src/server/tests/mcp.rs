//! The tools over HTTP: who may ask, what they are offered, and what bad requests get.

use serde_json::{Value, json};

use super::{Answer, HOST, Served, done, engine};

/// Sends a message of the protocol with a key.
async fn send(served: &Served, key: &str, message: &Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("host", HOST),
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ];
    served.raw("POST /mcp", &headers, &message.to_string()).await
}

async fn ask(served: &Served, key: &str, method: &str, params: Value) -> Answer {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    send(served, key, &message).await
}

/// Calls a tool.
pub(super) async fn call(served: &Served, key: &str, name: &str, arguments: &Value) -> Answer {
    ask(served, key, "tools/call", json!({"name": name, "arguments": arguments})).await
}

struct Cast {
    served: Served,
    agent: String,
    operator: String,
    #[expect(dead_code, reason = "it is held, not used: the store lies there")]
    dir: tempfile::TempDir,
}

async fn cast() -> Cast {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    done(&engine, "users.create", json!({"external_id": "alice"})).await;
    let mut keys = Vec::new();
    for role in ["agent", "workspace"] {
        let made = done(&engine, "keys.create", json!({"name": role, "role": role})).await;
        keys.push(made["api_key"].as_str().unwrap().to_owned());
    }
    let [agent, operator] = <[String; 2]>::try_from(keys).unwrap();
    Cast { served: Served::new(engine, 0), agent, operator, dir }
}

async fn tools(cast: &Cast, key: &str) -> Vec<Value> {
    let answer = ask(&cast.served, key, "tools/list", json!({})).await;
    answer.body["result"]["tools"].as_array().unwrap_or_else(|| panic!("{}", answer.body)).clone()
}

fn names(tools: &[Value]) -> Vec<&str> {
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_agent_is_offered_what_is_not_refused_to_it_in_any_case() {
    let cast = cast().await;

    let agents = tools(&cast, &cast.agent).await;
    let operators = tools(&cast, &cast.operator).await;

    let (agents, operators) = (names(&agents), names(&operators));
    for tool in ["connections_connect", "trading_create_order", "approvals_get", "tools_search"] {
        assert!(agents.contains(&tool) && operators.contains(&tool), "{tool}");
    }
    for tool in ["approvals_approve", "approvals_deny", "users_create", "account_kits_update"] {
        assert!(!agents.contains(&tool) && operators.contains(&tool), "{tool}");
    }
}

#[tokio::test]
async fn the_whole_list_of_an_agent_costs_little() {
    let cast = cast().await;

    let tools = tools(&cast, &cast.agent).await;

    // Some four bytes a token.
    let size = json!(tools).to_string().len();
    assert!(size < 4 * 6_000, "{size} bytes");
    for tool in tools {
        assert!(tool["description"].as_str().is_some_and(|text| !text.is_empty()), "{tool}");
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
    }
}

#[tokio::test]
async fn a_session_is_one_users_until_it_is_ended() {
    let cast = cast().await;
    let line = "POST /v1/users/alice/sessions";
    let made = cast.served.send(&cast.operator, line, &json!({"ttl_ms": 60_000})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let bearer = made.body["mcp"]["headers"]["Authorization"].as_str().unwrap();
    let token = bearer.strip_prefix("Bearer ").unwrap();

    let offered = tools(&cast, token).await;
    let own = call(&cast.served, token, "whoami", &json!({})).await;
    let other =
        call(&cast.served, token, "connections_connected", &json!({"user": "default"})).await;
    let foreign =
        call(&cast.served, token, "trading_connections", &json!({"user_id": "bob"})).await;
    let list = cast.served.send(&cast.operator, "GET /v1/users/alice/sessions", &Value::Null).await;
    let id = made.body["id"].as_str().unwrap();
    let end = format!("DELETE /v1/users/alice/sessions/{id}");
    let ended = cast.served.send(&cast.operator, &end, &Value::Null).await;
    let after = ask(&cast.served, token, "tools/list", json!({})).await;
    let by_agent = cast.served.send(&cast.agent, line, &json!({})).await;
    let keys = cast.served.send(&cast.operator, "GET /v1/auth/keys", &Value::Null).await;

    assert!(token.starts_with("nv_sess_"));
    assert_eq!(made.body["mcp"]["url"], format!("http://{HOST}/mcp"));
    let connected = offered.iter().find(|tool| tool["name"] == "connections_connected").unwrap();
    assert_eq!(connected["inputSchema"]["properties"].get("user"), None);
    assert_eq!(own.body["result"]["structuredContent"]["user"], "alice");
    assert_eq!(other.body["result"]["isError"], false, "`default` is whose session it is");
    let refused = &foreign.body["result"]["structuredContent"];
    assert_eq!(refused["error"]["reason"], "key_subject_mismatch");
    assert_eq!(refused["verdict"], "deny");
    assert_eq!(list.body["sessions"][0]["status"], "active");
    assert_eq!(ended.body["status"], "revoked");
    assert_eq!((after.status, &after.body["error"]["reason"]), (401, &json!("key_revoked")));
    assert_eq!(by_agent.status, 403);
    assert_eq!(keys.body["keys"].as_array().unwrap().len(), 2, "a session is no key of the list");
}

#[tokio::test]
async fn a_session_lasts_no_longer_than_a_day() {
    let cast = cast().await;
    let ask = async |body: Value| {
        let made = cast.served.send(&cast.operator, "POST /v1/users/alice/sessions", &body).await;
        let until = made.body["expires_at"].as_str().unwrap().to_owned();
        until.parse::<crate::api::time::Millis>().unwrap().0 - crate::api::time::Millis::now().0
    };

    let usual = ask(json!({})).await;
    let longest = ask(json!({"ttl_ms": u64::MAX})).await;

    assert!((880_000..=900_000).contains(&usual), "{usual}");
    assert!((86_380_000..=86_400_000).contains(&longest), "{longest}");
}

#[tokio::test]
async fn a_held_call_says_how_to_wait_and_is_a_task_to_who_speaks_tasks() {
    let cast = cast().await;
    let card = json!({"user": "alice", "name": "Ads"});

    let held = call(&cast.served, &cast.agent, "cards_create", &card).await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities":
            {"extensions": {"io.modelcontextprotocol/tasks": {}}},
    });
    let newer = async |method: &str, mut params: Value| {
        params["_meta"] = meta.clone();
        let name = params.get("name").or(params.get("taskId")).and_then(Value::as_str);
        let name = name.unwrap_or_default().to_owned();
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let bearer = format!("Bearer {}", cast.agent);
        let headers = [
            ("host", HOST),
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
            ("mcp-name", name.as_str()),
        ];
        cast.served.raw("POST /mcp", &headers, &message.to_string()).await
    };
    let task = newer("tools/call", json!({"name": "cards_create", "arguments": card})).await;
    let id = task.body["result"]["taskId"].as_str().unwrap_or_else(|| panic!("{}", task.body));
    let working = newer("tasks/get", json!({"taskId": id})).await;
    let deny = format!("POST /v1/approvals/{id}/deny");
    cast.served.send(&cast.operator, &deny, &json!({"reason": "too dear"})).await;
    let denied = newer("tasks/get", json!({"taskId": id})).await;
    let unknown = newer("tasks/get", json!({"taskId": "x"})).await;

    let body = &held.body["result"]["structuredContent"];
    assert_eq!(held.body["result"]["isError"], false);
    assert_eq!(body["status"], "pending_approval");
    assert_eq!(body["recovery"][0]["poll_tool"], "approvals_get");
    assert_eq!(working.body["result"]["status"], "working", "{}", working.body);
    assert_eq!(denied.body["result"]["status"], "completed", "{}", denied.body);
    assert_eq!(denied.body["result"]["result"]["isError"], true);
    assert!(denied.body.to_string().contains("too dear"), "{}", denied.body);
    assert_eq!(unknown.body["error"]["code"], -32602);
}

#[tokio::test]
async fn bad_requests_are_errors_of_the_protocol_and_change_nothing() {
    let cast = cast().await;
    let good = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let raw = async |headers: &[(&str, &str)], body: &str| {
        let bearer = format!("Bearer {}", cast.agent);
        let mut all = vec![
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        all.extend(headers);
        cast.served.raw("POST /mcp", &all, body).await
    };
    let own = ("host", HOST);

    let nobody = cast.served.raw("POST /mcp", &[own], &good.to_string()).await;
    let malformed = raw(&[own], "{").await;
    let large = raw(&[own], &format!(r#"{{"x": "{}"}}"#, "x".repeat(9 << 20))).await;
    let rebound = raw(&[("host", "evil.example")], &good.to_string()).await;
    let page = raw(&[own, ("origin", "https://evil.example")], &good.to_string()).await;
    let nothing = ask(&cast.served, &cast.agent, "no/such", json!({})).await;
    let unknown = call(&cast.served, &cast.agent, "connections_conect", &json!({})).await;
    let wrong = call(&cast.served, &cast.agent, "connections_connect", &json!({"x": 1})).await;

    assert_eq!((nobody.status, &nobody.body["error"]["reason"]), (401, &json!("key_missing")));
    assert!((400..500).contains(&malformed.status), "{}", malformed.status);
    assert_eq!(large.status, 413);
    assert_eq!((rebound.status, page.status), (403, 403));
    assert_eq!(nothing.body["error"]["code"], -32601);
    assert_eq!(unknown.body["error"]["code"], -32602);
    let text = unknown.body["error"]["message"].as_str().unwrap();
    assert!(text.contains("connections_connect"), "{text}");
    let told = &wrong.body["result"];
    assert_eq!(
        (&told["isError"], &told["structuredContent"]["retryable"]),
        (&json!(true), &json!(false))
    );
}
