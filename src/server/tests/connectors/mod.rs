//! The Connectors API: each answer, status and code of it.

mod refusals;

use serde_json::{Value, json};

use super::{Answer, HOST, Served, done, engine};
use crate::engine::World;

/// A server with a connectors key of the workspace's own user, and one of alice's.
struct Cast {
    served: Served,
    own: String,
    alices: String,
    #[expect(dead_code, reason = "it is held, not used: the store lies there")]
    dir: tempfile::TempDir,
}

async fn cast(rate: u32) -> Cast {
    let dir = tempfile::tempdir().unwrap();
    // Nobody is there: what these tests ask for needs no app.
    let nobody = "http://127.0.0.1:9".parse().unwrap();
    let engine = engine(dir.path()).in_world(World::Sandbox(Some(nobody)));
    done(&engine, "users.create", json!({"external_id": "alice"})).await;
    let key = async |user: Option<&str>| {
        let asked = json!({"name": "app", "dialect": "connectors", "user": user});
        let made = done(&engine, "keys.create", asked).await;
        made["api_key"].as_str().unwrap().to_owned()
    };
    let (own, alices) = (key(None).await, key(Some("alice")).await);
    Cast { own, alices, served: Served::new(engine, rate), dir }
}

impl Cast {
    /// Asks as the workspace's own user.
    async fn ask(&self, line: &str, body: &Value) -> Answer {
        self.served.send(&self.own, line, body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &Value::Null).await
    }

    /// Starts a connection, and returns its id.
    async fn started(&self, slug: &str) -> String {
        let started = self.start(json!({ "connectorSlug": slug })).await;
        started.body["data"]["connection"]["id"].as_str().unwrap().to_owned()
    }

    async fn start(&self, body: Value) -> Answer {
        self.ask("POST /api/v1/connections", &body).await
    }
}

/// Returns status and code of an error, once its envelope is what it should be.
fn said(answer: &Answer) -> (u16, &str) {
    let error = answer.body["error"].as_object().unwrap_or_else(|| panic!("{}", answer.body));
    assert_eq!(answer.body["success"], false);
    assert_eq!(answer.body.as_object().unwrap().len(), 2);
    assert!(error.len() == 2 && !error["message"].as_str().unwrap().is_empty(), "{error:?}");
    assert!(answer.headers.contains_key("x-request-id"));
    (answer.status, error["code"].as_str().unwrap())
}

fn location(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_catalog_says_how_each_connector_is_connected() {
    let cast = cast(0).await;
    done(&cast.served.site.engine, "toolkits.disable", json!({"toolkit": "slack"})).await;

    let all = cast.get("/api/v1/connectors").await;
    let first = cast.get("/api/v1/connectors?limit=2").await;
    let cursor = first.body["data"]["nextCursor"].as_str().unwrap();
    let next = cast.get(&format!("/api/v1/connectors?limit=2&cursor={cursor}")).await;

    assert_eq!((all.status, &all.body["success"]), (200, &json!(true)));
    let items = all.body["data"]["items"].as_array().unwrap();
    let item = |slug: &str| items.iter().find(|one| one["slug"] == slug).unwrap();
    let gmail = item("gmail");
    assert_eq!((&gmail["name"], &gmail["authType"]), (&json!("Gmail"), &json!("oauth")));
    assert_eq!((&gmail["configured"], &gmail["availability"]), (&json!(true), &json!("available")));
    assert!(gmail["description"].as_str().is_some_and(|text| !text.is_empty()));
    assert!(gmail.get("availabilityReason").is_none() && gmail.get("credentialFields").is_none());
    let tools = gmail["tools"].as_array().unwrap();
    let send = tools.iter().find(|one| one["name"] == "GMAIL_SEND_EMAIL").unwrap();
    assert!(send["description"].is_string() && send.as_object().unwrap().len() == 2);
    let field = &item("stripe")["credentialFields"][0];
    assert_eq!((&field["key"], &field["required"]), (&json!("api_key"), &json!(true)));
    assert!(field["label"].is_string() && field["secret"] == true, "{field}");
    assert_eq!(item("stripe")["authType"], "api_key");
    assert_eq!(item("hackernews")["authType"], "none");
    assert_eq!(item("slack")["availability"], "disabled");
    assert!(item("slack")["availabilityReason"].is_string());
    assert_eq!((&all.body["data"]["hasMore"], items.len()), (&json!(true), 200));
    assert_eq!(first.body["data"]["items"].as_array().unwrap()[..], items[..2]);
    assert_eq!(next.body["data"]["items"].as_array().unwrap()[..], items[2..4]);
    assert_eq!(first.body["data"]["hasMore"], true);
}

#[tokio::test]
async fn a_connection_is_started_found_listed_and_deleted() {
    let cast = cast(0).await;

    // when: one that asks for nothing, which is connected at once
    let made = cast.start(json!({"connectorSlug": "hackernews", "label": "News"})).await;
    let again = cast.start(json!({"connectorSlug": "hackernews"})).await;
    let other = cast.start(json!({"connectorSlug": "hackernews", "label": "Other"})).await;
    let id = made.body["data"]["connection"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/connections/{id}");
    let shown = cast.get(&path).await;
    let list = cast.get("/api/v1/connections").await;
    let deleted = cast.ask(&format!("DELETE {path}"), &Value::Null).await;

    let record = &made.body["data"]["connection"];
    let mut fields: Vec<_> = record.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let known = [
        "account",
        "connectorSlug",
        "createdAt",
        "deletedAt",
        "id",
        "label",
        "status",
        "updatedAt",
    ];
    assert_eq!(fields, known);
    assert_eq!((made.status, &record["status"]), (201, &json!("connected")));
    assert_eq!(
        (&record["connectorSlug"], &record["label"]),
        (&json!("hackernews"), &json!("News"))
    );
    assert_eq!(record["deletedAt"], Value::Null);
    let done = json!({"connection": record, "oauthUrl": null, "credentialSubmitUrl": null});
    assert_eq!(made.body, json!({"success": true, "data": done}));
    assert_eq!((again.status, &again.body), (200, &made.body));
    assert_eq!(other.status, 201);
    assert_eq!((shown.status, &shown.body["data"]), (200, record));
    let items = list.body["data"]["items"].as_array().unwrap();
    assert_eq!((items.len(), items.contains(record)), (2, true));
    assert_eq!((deleted.status, &deleted.body["data"]), (200, &json!({"deleted": true})));

    // then: it is gone, for every verb
    assert_eq!(said(&cast.get(&path).await), (404, "NOT_FOUND"));
    let again = cast.ask(&format!("DELETE {path}"), &Value::Null).await;
    assert_eq!(said(&again), (404, "NOT_FOUND"));
    let list = cast.get("/api/v1/connections").await;
    assert_eq!(list.body["data"]["items"], json!([other.body["data"]["connection"]]));
}

#[tokio::test]
async fn an_oauth_login_has_a_link_that_comes_back_here() {
    let cast = cast(0).await;

    let made = cast.start(json!({"connectorSlug": "gmail", "label": null})).await;
    let id = made.body["data"]["connection"]["id"].as_str().unwrap();
    let again = cast.ask(&format!("POST /api/v1/connections/{id}/oauth"), &json!({})).await;
    let sent = cast.get(&format!("/api/v1/connections/{id}/oauth")).await;
    let started = cast.get("/api/v1/connections/oauth/start?slug=gmail").await;
    let picked = cast.get("/api/v1/connections/oauth/start?slug=gmail&selectAccount=1").await;
    let list = cast.get("/api/v1/connections").await;

    let record = &made.body["data"]["connection"];
    assert_eq!((made.status, &record["status"]), (201, &json!("pending")));
    assert_eq!(made.body["data"]["credentialSubmitUrl"], Value::Null);
    let back = "127.0.0.1%3A3101%2Fapi%2Fv1%2Fconnections%2Foauth%2Fcallback";
    let link = made.body["data"]["oauthUrl"].as_str().unwrap();
    assert!(
        link.starts_with("http://127.0.0.1:9/gmail/oauth/authorize?") && link.contains(back),
        "{link}"
    );
    let restarted = again.body["data"]["oauthUrl"].as_str().unwrap();
    assert!(again.status == 200 && restarted != link && restarted.contains(back), "{restarted}");
    for answer in [&sent, &started, &picked] {
        assert_eq!(answer.status, 302);
        assert!(location(answer).contains(back));
    }
    assert!(!location(&started).contains("select_account"));
    assert!(location(&picked).contains("select_account"));
    assert_eq!(list.body["data"]["items"].as_array().unwrap().len(), 1, "all of them are one");
}

#[tokio::test]
async fn a_key_is_submitted_where_the_answer_says() {
    let cast = cast(0).await;

    let made = cast.start(json!({"connectorSlug": "stripe"})).await;
    let id = made.body["data"]["connection"]["id"].as_str().unwrap();
    let path = format!("/api/v1/connections/{id}/credentials");
    let submit = async |body: Value| cast.ask(&format!("POST {path}"), &body).await;

    assert_eq!((made.status, &made.body["data"]["oauthUrl"]), (201, &Value::Null));
    let told = made.body["data"]["credentialSubmitUrl"].as_str().unwrap();
    assert_eq!(told, format!("http://{HOST}{path}"));
    for bad in [
        json!({}),
        json!({"credentials": {}}),
        json!({"api_key": ""}),
        json!({"api_key": 5}),
        json!({"credentials": {"api_key": ["sk_secret"]}}),
        json!({"credentials": {"api_key": "sk_secret"}, "other": 1}),
        json!({"api_key": "sk_secret", "other": "x"}),
    ] {
        let answer = submit(bad).await;
        assert_eq!(said(&answer), (422, "VALIDATION_ERROR"));
        assert!(!answer.body.to_string().contains("sk_secret"), "{}", answer.body);
    }
    let line = format!("POST /api/v1/connections/{id}/oauth");
    assert_eq!(said(&cast.ask(&line, &Value::Null).await), (400, "BAD_REQUEST"));
    let news = cast.started("hackernews").await;
    let line = format!("POST /api/v1/connections/{news}/credentials");
    assert_eq!(said(&cast.ask(&line, &json!({"api_key": "x"})).await), (400, "BAD_REQUEST"));
}

#[tokio::test]
async fn a_login_that_a_person_is_asked_about_waits_for_them() {
    let cast = cast(0).await;
    let body = json!({"connectorSlug": "gmail"});

    let held = cast.served.send(&cast.alices, "POST /api/v1/connections", &body).await;
    let start = "GET /api/v1/connections/oauth/start?slug=gmail";
    let sent = cast.served.send(&cast.alices, start, &Value::Null).await;
    let list = cast.served.send(&cast.alices, "GET /api/v1/connections", &Value::Null).await;

    for held in [&held, &sent] {
        assert_eq!((held.status, &held.body["success"]), (202, &json!(true)));
        let approval = &held.body["data"]["approval"];
        assert_eq!(approval["status"], "pending_approval");
        assert_eq!(approval["action_type"], "connections.connect");
        assert!(approval["approval_id"].is_string() && approval["expires_at"].is_string());
    }
    assert_eq!(list.body["data"]["items"], json!([]));
}
