//! The Integrations API: each answer, status and code of it.

mod refusals;
mod tokens;

use serde_json::{Value, json};

use super::{Answer, Served, done, engine};
use crate::engine::{Engine, World};
use crate::server::integrations::Apps;

const ALICE: &str = "0b9a8d7e-1111-4222-8333-944445555666";
const BOB: &str = "7c6b5a49-aaaa-4bbb-8ccc-9dddddeeeeee";

/// A server with a key for the app `one`.
struct Cast {
    served: Served,
    key: String,
    #[expect(dead_code, reason = "it is held, not used: the store lies there")]
    dir: tempfile::TempDir,
}

async fn key(engine: &Engine, app: Option<&str>) -> String {
    let asked = json!({"name": "app", "dialect": "integrations", "app": app});
    done(engine, "keys.create", asked).await["api_key"].as_str().unwrap().to_owned()
}

async fn cast(world: World) -> Cast {
    cast_with(world, Apps::default()).await
}

async fn cast_with(world: World, apps: Apps) -> Cast {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path()).in_world(world);
    let key = key(&engine, Some("one")).await;
    Cast { served: Served::with(engine, 0, apps), key, dir }
}

/// Returns a world in which nobody is there: what these tests ask for needs no app.
fn nobody() -> World {
    World::Sandbox(Some("http://127.0.0.1:9".parse().unwrap()))
}

impl Cast {
    /// Asks with the key of the app.
    async fn ask(&self, line: &str, body: &Value) -> Answer {
        self.served.send(&self.key, &at("one", line), body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &Value::Null).await
    }

    async fn enable(&self, toolkit: &str) -> Answer {
        self.ask("POST configure", &json!({ "toolkit": toolkit })).await
    }

    async fn connect(&self, toolkit: &str, user: &str) -> Answer {
        let body =
            json!({"toolkit": toolkit, "redirectUrl": "https://a.example/done", "userId": user});
        self.ask("POST connect", &body).await
    }
}

/// Returns a line with its path below the integrations of an app.
fn at(app: &str, line: &str) -> String {
    let (method, path) = line.split_once(' ').unwrap();
    format!("{method} /v1/{app}/integrations/{path}")
}

/// Returns status and code of an error, once its envelope is what it should be.
fn said(answer: &Answer) -> (u16, &str) {
    let error = answer.body["error"].as_object().unwrap_or_else(|| panic!("{}", answer.body));
    assert_eq!(answer.body.as_object().unwrap().len(), 1);
    for field in ["code", "message", "remediation"] {
        assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{error:?}");
    }
    assert!(answer.headers.contains_key("x-request-id"));
    (answer.status, error["code"].as_str().unwrap())
}

fn slugs<'a>(answer: &'a Answer, field: &str) -> Vec<&'a str> {
    let items = answer.body["integrations"].as_array().unwrap();
    items.iter().map(|one| one[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn ten_toolkits_are_shown_and_a_search_finds_the_rest() {
    let cast = cast(nobody()).await;

    let all = cast.get("available?curated=true").await;
    let found = cast.get("available?search=stripe").await;

    let curated = [
        "gmail",
        "google-calendar",
        "slack",
        "google-sheets",
        "notion",
        "github",
        "hubspot",
        "outlook",
        "google-drive",
        "discord",
    ];
    assert_eq!((all.status, slugs(&all, "toolkit")), (200, curated.to_vec()));
    assert_eq!(slugs(&all, "displayName")[5..7], ["Github", "Hubspot"]);
    let gmail = json!({"toolkit": "gmail", "displayName": "Gmail", "curated": true,
        "auth_schemes": ["OAUTH2"], "requires_byo_credentials": false});
    assert_eq!(all.body["integrations"][0], gmail);
    assert!(slugs(&found, "toolkit").contains(&"stripe"));
    assert_eq!(found.body["integrations"][0]["curated"], false);
}

#[tokio::test]
async fn a_toolkit_is_enabled_once_and_disabled_without_a_word() {
    let cast = cast(nobody()).await;
    let body = json!({"toolkit": "gmail", "displayName": "Mail", "scopes": [], "extra": 1});

    let before = cast.get("config").await;
    let made = cast.ask("POST configure", &body).await;
    let again = cast.enable("gmail").await;
    let other = cast.enable("hackernews").await;
    let config = cast.get("config").await;
    let tools = cast.get("tools?toolkit=gmail").await;
    let gone = cast.ask("DELETE configure/gmail", &Value::Null).await;
    let never = cast.ask("DELETE configure/No%20Such", &Value::Null).await;
    let left = cast.get("config").await;

    assert_eq!(before.body, json!({"app_id": "one", "integrations": []}));
    assert_eq!((made.status, &made.body["display_name"]), (200, &json!("Mail")));
    assert_eq!(made.body["toolkit_slug"], "gmail");
    assert_eq!((again.status, &again.body), (200, &made.body));
    assert_eq!(config.body["integrations"], json!([made.body, other.body]));
    let tool = &tools.body["tools"][0];
    assert!(tool["name"].as_str().unwrap().starts_with("GMAIL_"), "{tool}");
    assert!(tool["parameters"].is_object() && tool["description"].is_string());
    assert_eq!((gone.status, never.status, &gone.body), (204, 204, &Value::Null));
    assert_eq!(slugs(&left, "toolkit_slug"), ["hackernews"]);
}

#[tokio::test]
async fn a_client_of_the_apps_own_is_kept_and_never_told() {
    let cast = cast(World::Real).await;
    let with = |secret: &str| {
        json!({"toolkit": "gmail",
            "oauth_credentials": {"client_id": "own", "client_secret": secret, "region": 1}})
    };

    let all = cast.get("available").await;
    let without = cast.enable("gmail").await;
    let rotated = cast.ask("PATCH configure/gmail/credentials", &with("first-secret")).await;
    let made = cast.ask("POST configure", &with("first-secret")).await;
    let other = json!({"client_id": "other", "client_secret": "second-secret"});
    let changed = cast.ask("PATCH configure/gmail/credentials", &other).await;
    let link = cast.connect("gmail", ALICE).await;

    assert_eq!(all.body["integrations"][0]["requires_byo_credentials"], true);
    assert_eq!(said(&without), (400, "INTEGRATIONS_BYO_CREDENTIALS_REQUIRED"));
    assert_eq!(said(&rotated), (404, "INTEGRATIONS_TOOLKIT_NOT_ENABLED"));
    assert_eq!((made.status, changed.status), (200, 200));
    for answer in [&made, &changed] {
        assert!(!answer.body.to_string().contains("-secret"), "{}", answer.body);
    }
    assert!(link.body["authUrl"].as_str().unwrap().contains("client_id=other"), "{}", link.body);
}

#[tokio::test]
async fn accounts_are_listed_by_user_and_ended_for_any_of_them() {
    let cast = cast(nobody()).await;
    cast.enable("hackernews").await;
    cast.enable("gmail").await;

    let first = cast.connect("hackernews", ALICE).await;
    let second = cast.connect("hackernews", BOB).await;
    let link = cast.connect("gmail", BOB).await;
    let all = cast.get("connections").await;
    let bobs = cast.get(&format!("connections?userId={BOB}")).await;
    let id = first.body["connectionRequestId"].as_str().unwrap();
    let delete = format!("DELETE connections/{id}");
    let ended = cast.ask(&delete, &Value::Null).await;
    let again = cast.ask(&delete, &Value::Null).await;
    let left = cast.get("connections").await;

    let onward = "https://a.example/done?status=connected&toolkit=hackernews";
    assert_eq!((first.status, &first.body["authUrl"]), (200, &json!(onward)));
    let back = "127.0.0.1%3A3101%2Fv1%2Fone%2Fintegrations%2Fcallback";
    assert!(link.body["authUrl"].as_str().unwrap().contains(back), "{}", link.body);
    assert_eq!(all.body["connections"].as_array().unwrap().len(), 2);
    let row = &bobs.body["connections"][0];
    assert_eq!((&row["app_user_id"], &row["status"]), (&json!(BOB), &json!("active")));
    assert_eq!(row["id"], second.body["connectionRequestId"]);
    assert_eq!((ended.status, &ended.body), (204, &Value::Null));
    assert_eq!(said(&again), (404, "RESOURCE_NOT_FOUND"));
    assert_eq!(left.body["connections"], json!([row]));
}

#[tokio::test]
async fn two_apps_are_apart_and_a_key_is_for_the_first_it_names() {
    let cast = cast(nobody()).await;
    let free = key(&cast.served.site.engine, None).await;
    cast.enable("hackernews").await;
    cast.connect("hackernews", ALICE).await;
    let ask =
        async |app: &str| cast.served.send(&free, &at(app, "GET connections"), &Value::Null).await;

    let bad = cast.served.send(&free, &at("two", "POST connect"), &json!([1])).await;
    let first = ask("two").await;
    let other = ask("one").await;
    let foreign = cast.served.send(&cast.key, &at("two", "GET config"), &Value::Null).await;

    assert_eq!(bad.status, 400);
    assert_eq!((first.status, &first.body), (200, &json!({"connections": []})));
    assert_eq!(said(&other), (403, "AUTH_INSUFFICIENT_PERMISSIONS"));
    assert_eq!(said(&foreign), (403, "AUTH_INSUFFICIENT_PERMISSIONS"));
}
