//! Each action, asked of the engine, through HTTP, by the remote backend and as a tool: equal questions get equal
//! answers.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use url::Url;
use url::form_urlencoded::Serializer;

use super::{Served, done, engine};
use crate::api::action::{Action, Outcome};
use crate::api::error::Result;
use crate::api::ids::UserRef;
use crate::api::keys::Dialect;
use crate::api::reply::Reply;
use crate::api::routes::{ROUTES, addressed, route};
use crate::api::samples::samples;
use crate::api::time::Millis;
use crate::callback::PATH;
use crate::engine::Call;
use crate::remote::Remote;
use crate::server::{Options, Server, answer};

/// Actions after which little is left to ask about.
const LAST: [&str; 4] = ["workspace.update", "toolkits.disable", "users.update", "users.delete"];

/// What the workspace holds that is asked about.
struct Held {
    key: String,
    approval: String,
    connection: String,
}

/// Makes a workspace with a user, a key, a connection, a kit and an approval that waits.
async fn furnished(dir: &Path) -> Held {
    let engine = engine(dir);
    done(&engine, "users.create", json!({"external_id": "alice"})).await;
    done(&engine, "account_kits.create", json!({"name": "Ops"})).await;
    let key = |role| json!({"name": role, "role": role});
    let workspace = done(&engine, "keys.create", key("workspace")).await;
    let agent = done(&engine, "keys.create", key("agent")).await;
    let connect = json!({"user": "alice", "toolkit": "stripe"});
    let begun = done(&engine, "connections.connect", connect).await;
    let key = |made: &Value| made["api_key"].as_str().unwrap().to_owned();
    let served = Served::new(engine, 0);
    let card = json!({"name": "Ads"});
    let held = served.send(&key(&agent), "POST /v1/users/alice/cards", &card).await;
    assert_eq!(held.status, 202);
    Held {
        key: key(&workspace),
        approval: held.body["approval_id"].as_str().unwrap().to_owned(),
        connection: begun["connectedAccountId"].as_str().unwrap().to_owned(),
    }
}

/// Returns an action about what the workspace holds.
fn about(action: &Action, held: &Held) -> Action {
    let text = json!(action)
        .to_string()
        .replace("65589c8b-e033-4a65-b16c-379211c94429", &held.approval)
        .replace("ca_0123456789abcdef0123456789abcdef", &held.connection);
    serde_json::from_str(&text).unwrap()
}

/// Returns the query that says what `fields` say.
fn query(fields: &Map<String, Value>) -> String {
    let mut pairs = Serializer::new(String::new());
    for (name, value) in fields {
        match value {
            Value::Array(items) => {
                for item in items {
                    pairs.append_pair(name, item.as_str().unwrap());
                }
            }
            Value::String(text) => {
                pairs.append_pair(name, text);
            }
            other => {
                pairs.append_pair(name, &other.to_string());
            }
        }
    }
    pairs.finish()
}

/// Takes out of an answer what is another one each time: names, addresses, times and how long it took.
fn plain(value: &mut Value) {
    match value {
        Value::String(text) if text.parse::<Millis>().is_ok() => *text = "time".to_owned(),
        Value::String(text) if text.starts_with("http://127.0.0.1:") => {
            *text = "the server's address".to_owned();
        }
        Value::String(text) => {
            let is_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            let word = |word: &str| {
                let name = word.len() >= 20 && word.contains(|c: char| c.is_ascii_digit());
                if name { "name".to_owned() } else { word.to_owned() }
            };
            *text = text.split_inclusive(|c| !is_word(c)).map(word).collect();
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Object(members) => {
            members.remove("took_ms");
            members.remove("last_4");
            members.values_mut().for_each(plain);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns an outcome as an API writes it.
async fn written(ended: Result<Outcome<Reply>>, name: &str) -> (u16, Value) {
    let response = answer::ended(ended, route(name).makes());
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

/// Asks the engine itself.
async fn direct(served: &Served, key: &str, action: Action) -> (u16, Value) {
    let name = action.name();
    let caller = served.site.engine.caller(&key.into(), Dialect::Naive).unwrap();
    let mut call = Call::by(caller, UserRef::own());
    call.redirect_uri = Some(served.site.at(PATH).unwrap());
    call.browser = true;
    written(served.site.engine.answer(&call, action).await, name).await
}

/// Asks as a client of a server.
async fn remotely(remote: &Remote, action: Action) -> (u16, Value) {
    let name = action.name();
    let ended = remote.call(&UserRef::own(), None, action).await;
    written(ended.map(|ended| ended.map(Reply::Value)), name).await
}

/// Serves a workspace on any port, for as long as the test runs.
async fn listening(dir: &Path) -> Url {
    let addr = "127.0.0.1:0".parse().unwrap();
    let options =
        Options { addr, public_url: None, behind_proxy: false, rate: 0, tokens: HashMap::new() };
    let server = Server::open(options, engine(dir)).await.unwrap();
    let url = server.url().clone();
    tokio::spawn(server.run(std::future::pending(), |_| {}));
    url
}

/// Asks through HTTP.
async fn over_http(served: &Served, key: &str, action: &Action) -> (u16, Value) {
    let asked = addressed(action).unwrap();
    let answer = if matches!(asked.method, "GET" | "DELETE") {
        let line = format!("{} {}?{}", asked.method, asked.path, query(&asked.fields));
        served.send(key, &line, &Value::Null).await
    } else {
        let line = format!("{} {}", asked.method, asked.path);
        served.send(key, &line, &Value::Object(asked.fields)).await
    };
    (answer.status, answer.body)
}

/// Runs the tool of an action, and returns what an agent reads of it; `None` for an action that is no tool.
async fn as_tool(served: &Served, key: &str, action: &Action) -> Option<(u16, Value)> {
    let name = route(action.name()).tool?;
    let arguments = json!(action)["payload"].clone();
    let answer = super::mcp::call(served, key, name, &arguments).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    let result = &answer.body["result"];
    let mut told = result["structuredContent"].clone();
    if result["isError"] == true {
        let error = &told["error"];
        return Some((400, json!({"code": error["code"], "message": error["message"]})));
    }
    let recovery = told.as_object_mut().and_then(|told| told.remove("recovery"));
    Some((if recovery.is_some() { 202 } else { 200 }, told))
}

/// Returns an answer of the API as a tool tells it.
fn as_told((status, body): (u16, Value)) -> (u16, Value) {
    match status {
        202 => (202, body),
        // A tool that an app refused is an error to an agent.
        200 | 201 if body["successful"] == false => (400, json!({"code": null, "message": null})),
        200 | 201 => (200, body),
        _ => {
            let error = &body["error"];
            (400, json!({"code": error["code"], "message": error["message"]}))
        }
    }
}

#[tokio::test]
async fn every_action_has_the_same_answer_through_every_door() {
    let [origin, one, other, third, fourth, client] =
        [(); 6].map(|()| tempfile::tempdir().unwrap());
    let held = furnished(origin.path()).await;
    for copy in [&one, &other, &third, &fourth] {
        for file in ["naive.db", "naive.db-wal", "encryption.key"] {
            let from = origin.path().join(file);
            if from.exists() {
                fs::copy(from, copy.path().join(file)).unwrap();
            }
        }
    }
    let (here, there) = (Served::new(engine(one.path()), 0), Served::new(engine(other.path()), 0));
    let url = listening(third.path()).await;
    let agents = Served::new(engine(fourth.path()), 0);
    let remote = Remote::at(&url, &held.key, client.path().to_owned());
    let (last, first): (Vec<_>, Vec<_>) =
        samples().unwrap().into_iter().partition(|action| LAST.contains(&action.name()));

    let mut asked = 0;
    let mut done = 0;
    let mut tools = 0;
    for sample in first.iter().chain(&last) {
        let action = about(sample, &held);
        let mut expected = direct(&here, &held.key, action.clone()).await;
        let mut answered = over_http(&there, &held.key, &action).await;
        plain(&mut expected.1);
        plain(&mut answered.1);
        assert_eq!(answered, expected, "{}", action.name());
        let mut answered = remotely(&remote, action.clone()).await;
        plain(&mut answered.1);
        assert_eq!(answered, expected, "{}, remotely", action.name());
        match as_tool(&agents, &held.key, &action).await {
            Some(mut answered) => {
                plain(&mut answered.1);
                assert_eq!(answered, as_told(expected.clone()), "{}, as a tool", action.name());
                tools += 1;
            }
            // It has to have happened there, too.
            None => drop(direct(&agents, &held.key, action.clone()).await),
        }
        asked += 1;
        done += usize::from(expected.0 < 300);
    }

    assert_eq!(asked, ROUTES.len());
    assert_eq!(tools, ROUTES.iter().filter(|route| route.tool.is_some()).count());
    assert!(done > ROUTES.len() / 3, "only {done} of {asked} were done");
}
