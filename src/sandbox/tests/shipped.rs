//! The shipped apps that the sandbox plays by their manifests alone.

use serde_json::{Value, json};

use super::World;
use super::generic::{Client, JSON};
use crate::api::toolkits::AuthType;
use crate::catalog::manifest::Manifest;
use crate::catalog::{all_by_hand, builtin};

/// Returns the shipped apps that have no module of their own, each with a client of its own world.
async fn shipped() -> Vec<(Manifest, World)> {
    let own = ["gmail", "stripe", "hackernews", "slack", "github", "google-calendar", "notion"];
    let mut apps = Vec::new();
    for app in all_by_hand().filter(|app| !own.contains(&app.slug.as_str())) {
        apps.push((app, World::with(true).await));
    }
    apps
}

impl<'a> Client<'a> {
    /// Returns a client of a shipped app with a credential that nobody issued.
    fn shipped(app: &Manifest, world: &'a World) -> Self {
        let place = app.auth.place.as_ref();
        let name = place.map_or("authorization", |place| place.name.as_str()).to_owned();
        let value = place.map_or("Bearer {x}", |place| place.value.as_str());
        let (before, rest) = value.split_once('{').unwrap();
        let after = rest.rsplit_once('}').map_or("", |(_, after)| after);
        let value = match app.auth.kind {
            AuthType::Basic => "Basic dXNlcjprZXk=".to_owned(),
            AuthType::Oauth2 | AuthType::ApiKey | AuthType::None | AuthType::Unknown => {
                format!("{before}key{after}")
            }
        };
        let credential = (name, value);
        Self { world, app: Some(app.clone()), slug: app.slug.to_string(), credential }
    }
}

#[tokio::test]
async fn every_shipped_app_says_whose_account_it_is() {
    for (app, world) in shipped().await {
        let Some(identity) = &app.identity else { continue };
        let Some(line) = &identity.request else { continue };
        let base = app.base_url.splitn(4, '/').nth(3).unwrap_or_default();
        let base: String = base.split(['{', '}']).collect();
        let path = format!("/{base}{}", line.path).replace("//", "/");
        let body = identity.graphql.as_ref().map(|document| json!({ "query": document }));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let client = Client::shipped(&app, &world);

        let answer = client.send(line.method.as_str(), &path, JSON, body).await;

        let account = answer.json().pointer(&identity.account).cloned();
        assert!(answer.status == 200 && account.is_some(), "{}: {path}: {account:?}", app.slug);
    }
}

#[tokio::test]
async fn every_documented_request_of_a_shipped_app_is_known() {
    for (app, world) in shipped().await {
        let client = Client::shipped(&app, &world);
        let file = format!("{}/tests/requests/{}.json", env!("CARGO_MANIFEST_DIR"), app.slug);
        let recorded: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for one in recorded {
            let (method, url) = one["request"].as_str().unwrap().split_once(' ').unwrap();
            let path = format!("/{}", url.splitn(4, '/').nth(3).unwrap());
            let kind = one["headers"]["content-type"].as_str().unwrap_or(JSON).to_owned();
            let body = match &one["body"] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                json => json.to_string(),
            };

            let answer = client.send(method, &path, &kind, body).await;

            let tool = one["tool"].as_str().unwrap().parse().unwrap();
            let tool = app.tool(&tool).unwrap();
            let text = String::from_utf8_lossy(&answer.body);
            let open = !tool.request.path.contains('{') && !tool.request.path.contains("ids");
            let done = (200..300).contains(&answer.status);
            let remembered = answer.status == 404 && text.contains("no such thing");
            let wanted = done || remembered || (answer.status == 400 && text.contains("no such"));
            assert!(wanted, "{}: {}: {text}", tool.slug, answer.status);
            let deletes =
                tool.request.method.as_str() == "DELETE" || tool.slug.as_str().contains("TELEGRAM");
            assert!(done || !open || deletes, "{}: {}: {text}", tool.slug, answer.status);
        }
    }
}

#[tokio::test]
async fn airtables_records_are_made_listed_changed_and_removed_by_several() {
    let world = World::with(true).await;
    let app = builtin(&"airtable".parse().unwrap()).unwrap().unwrap();
    let client = Client::shipped(&app, &world);
    let table = "/v0/appNxslc6jG0XedVM/Big%20Plans";

    let records = json!([{ "fields": { "Name": "a" } }, { "fields": { "Name": "b" } }]);
    let made = client.post(table, json!({ "records": records })).await.json();
    let id = made["records"][1]["id"].as_str().unwrap();
    let done = json!({ "records": [{ "id": id, "fields": { "Done": true } }] });
    let changed = client.send("PATCH", table, JSON, done.to_string()).await.json();
    client.post(&format!("{table}/{id}/comments"), json!({ "text": "!" })).await;
    let comments = client.get(&format!("{table}/{id}/comments")).await.json();
    let gone = client.send("DELETE", &format!("{table}/{id}"), JSON, "").await;
    let list = client.post(&format!("{table}/listRecords"), json!({})).await.json();

    assert!(id.len() == 17 && id.starts_with("rec"), "{id}");
    assert_eq!(changed["records"][0]["fields"], json!({ "Name": "b", "Done": true }));
    assert_eq!(comments["comments"][0]["text"], "!");
    assert_eq!(gone.status, 204);
    assert_eq!(list["records"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn linears_comments_belong_to_their_issue() {
    let world = World::with(true).await;
    let app = builtin(&"linear".parse().unwrap()).unwrap().unwrap();
    let client = Client::shipped(&app, &world);
    let team = "9cfb482a-81e3-4154-b5b9-2c805e70a02d";

    let bug = json!({ "title": "Bug", "teamId": team });
    let made = client.graphql("LINEAR_CREATE_ISSUE", bug).await;
    let id = &made["data"]["issueCreate"]["issue"]["id"];
    client.graphql("LINEAR_CREATE_COMMENT", json!({ "issueId": id, "body": "x" })).await;
    let own = client.graphql("LINEAR_LIST_COMMENTS", json!({ "issueId": id })).await;
    let other = client.graphql("LINEAR_LIST_COMMENTS", json!({ "issueId": team })).await;
    let found = client.graphql("LINEAR_SEARCH_ISSUES", json!({ "term": "bug" })).await;

    assert_eq!(own["data"]["issue"]["comments"]["nodes"][0]["body"], "x");
    assert_eq!(other["data"]["issue"]["comments"]["nodes"], json!([]));
    assert_eq!(found["data"]["searchIssues"]["nodes"][0]["id"], *id);
}
