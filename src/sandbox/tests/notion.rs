//! Notion as a writer's assistant meets it.

use serde_json::{Value, json};

use super::{Reply, World};

const VERSION: &str = "2026-03-11";

/// One workspace, as the app sees it.
struct Space<'a> {
    world: &'a World,
    bearer: String,
    version: &'a str,
}

impl<'a> Space<'a> {
    async fn open(world: &'a World, account: &str) -> Self {
        Self { world, bearer: world.bearer("notion", "", account).await, version: VERSION }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let version = format!("Notion-Version: {}", self.version);
        let headers = [self.bearer.as_str(), &version, "Content-Type: application/json"];
        self.world.send(method, &format!("/notion/v1/{path}"), &headers, &body).await
    }

    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let reply = self.call(method, path, body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    async fn get(&self, path: &str) -> Value {
        self.done("GET", path, Value::Null).await
    }

    /// Returns the id of the first thing that search finds.
    async fn found(&self, query: &str, kind: &str) -> String {
        let body = json!({ "query": query, "filter": { "property": "object", "value": kind } });
        let list = self.done("POST", "search", body).await;
        list["results"][0]["id"].as_str().unwrap().to_owned()
    }

    async fn rows(&self, source: &str, body: Value) -> Vec<String> {
        let list = self.done("POST", &format!("data_sources/{source}/query"), body).await;
        let name = |row: &Value| {
            row["properties"]["Name"]["title"][0]["plain_text"].as_str().unwrap().to_owned()
        };
        list["results"].as_array().unwrap().iter().map(name).collect()
    }
}

#[tokio::test]
async fn a_request_needs_a_token_and_a_version() {
    let world = World::new().await;
    let mut ada = Space::open(&world, "ada@sandbox.example").await;

    let nobody =
        world.send("GET", "/notion/v1/users/me", &["Notion-Version: 2026-03-11"], "").await;
    let unversioned = world.send("GET", "/notion/v1/users/me", &[&ada.bearer], "").await;
    let me = ada.get("users/me").await;
    ada.version = "yesterday";
    let odd = ada.call("GET", "users/me", Value::Null).await;

    let refused = nobody.json();
    assert_eq!((nobody.status, &refused["object"]), (401, &"error".into()));
    assert_eq!(
        (&refused["code"], &refused["message"]),
        (&"unauthorized".into(), &"API token is invalid.".into())
    );
    assert_eq!((unversioned.status, &unversioned.json()["code"]), (400, &"missing_version".into()));
    assert_eq!((odd.status, &odd.json()["code"]), (400, &"validation_error".into()));
    assert_eq!(
        (&me["type"], &me["bot"]["workspace_name"]),
        (&"bot".into(), &"Ada Lovelace's Notion".into())
    );
}

#[tokio::test]
async fn a_page_is_made_found_changed_and_put_in_the_trash() {
    let world = World::new().await;
    let ada = Space::open(&world, "ada@sandbox.example").await;
    let home = ada.found("getting started", "page").await;
    let body = json!({
        "parent": { "page_id": home.replace('-', "") },
        "properties": { "title": { "title": [{ "text": { "content": "Notes" } }] } },
        "icon": { "type": "emoji", "emoji": "📓" },
        "markdown": "# Plan\n- one\n- **two**",
    });

    let made = ada.done("POST", "pages", body).await;

    let id = made["id"].as_str().unwrap();
    assert_eq!(
        (&made["object"], &made["parent"]["page_id"]),
        (&"page".into(), &home.as_str().into())
    );
    assert_eq!(made["properties"]["title"]["title"][0]["plain_text"], "Notes");
    assert!(made.get("archived").is_none() && made.get("values").is_none(), "{made}");
    let text = ada.get(&format!("pages/{id}/markdown")).await;
    assert_eq!(
        (&text["object"], &text["markdown"]),
        (&"page_markdown".into(), &"# Plan\n- one\n- **two**".into())
    );
    let insert = json!({
        "type": "insert_content",
        "insert_content": { "content": "- one and a half", "after": "- one" },
    });
    let text = ada.done("PATCH", &format!("pages/{id}/markdown"), insert).await;
    assert_eq!(text["markdown"], "# Plan\n- one\n- one and a half\n- **two**");
    let title = json!({ "properties": { "title": [{ "text": { "content": "Ideas" } }] } });
    ada.done("PATCH", &format!("pages/{id}"), title).await;
    assert_eq!(ada.found("ideas", "page").await, id);
    let trashed = ada.done("PATCH", &format!("pages/{id}"), json!({ "in_trash": true })).await;
    assert_eq!(trashed["in_trash"], true);
    let list = ada.done("POST", "search", json!({ "query": "ideas" })).await;
    assert_eq!(
        (&list["object"], &list["results"], &list["has_more"]),
        (&"list".into(), &json!([]), &false.into())
    );
    let grace = Space::open(&world, "grace@sandbox.example").await;
    let foreign = grace.call("GET", &format!("pages/{id}"), Value::Null).await;
    assert_eq!((foreign.status, &foreign.json()["code"]), (404, &"object_not_found".into()));
}

#[tokio::test]
async fn a_data_source_is_queried_by_filter_and_sort() {
    let world = World::new().await;
    let ada = Space::open(&world, "ada@sandbox.example").await;
    let source = ada.found("tasks", "data_source").await;
    let shown = ada.get(&format!("data_sources/{source}")).await;
    let database = shown["parent"]["database_id"].as_str().unwrap();
    let database = ada.get(&format!("databases/{database}")).await;
    assert_eq!(database["data_sources"], json!([{ "id": source, "name": "Tasks" }]));

    let body = json!({
        "parent": { "data_source_id": source },
        "properties": {
            "Name": { "title": [{ "text": { "content": "Dust the columns" } }] },
            "Priority": { "select": { "name": "Someday" } },
            "Due": { "date": { "start": "2030-01-02" } },
            "Hours": { "number": 3.5 },
        },
    });
    let row = ada.done("POST", "pages", body).await;

    assert_eq!(row["properties"]["Priority"]["select"]["name"], "Someday");
    assert_eq!(
        row["properties"]["Status"],
        json!({
            "id": row["properties"]["Status"]["id"], "type": "status", "status": null,
        })
    );
    let high = json!({ "filter": { "and": [
        { "property": "Priority", "select": { "equals": "High" } },
        { "property": "Hours", "number": { "greater_than": 2 } },
    ] } });
    assert_eq!(ada.rows(&source, high).await, ["Write to the Royal Society"]);
    let due = json!({ "filter": { "property": "Due", "date": { "is_not_empty": true } } });
    assert_eq!(ada.rows(&source, due).await, ["Dust the columns"]);
    let sorted = json!({ "sorts": [{ "property": "Hours", "direction": "descending" }] });
    let rows = ada.rows(&source, sorted).await;
    assert_eq!(rows[..2], ["Write to the Royal Society", "Dust the columns"]);
    let first =
        ada.done("POST", &format!("data_sources/{source}/query"), json!({ "page_size": 3 })).await;
    assert_eq!((&first["has_more"], first["results"].as_array().unwrap().len()), (&true.into(), 3));
    let rest = json!({ "page_size": 3, "start_cursor": first["next_cursor"] });
    assert_eq!(ada.rows(&source, rest).await, ["Oil the carry levers"]);
}

#[tokio::test]
async fn what_does_not_fit_is_a_validation_error() {
    let world = World::new().await;
    let ada = Space::open(&world, "ada@sandbox.example").await;
    let (home, source) =
        (ada.found("getting", "page").await, ada.found("tasks", "data_source").await);
    let row = |properties: Value| json!({ "parent": { "data_source_id": source }, "properties": properties });
    let query = format!("data_sources/{source}/query");

    for (path, body, message) in [
        ("pages", json!({}), "body.parent should be defined"),
        (
            "pages",
            row(json!({ "Colour": { "number": 1 } })),
            "Colour is not a property that exists.",
        ),
        ("pages", row(json!({ "Hours": { "select": {} } })), "Hours is expected to be number."),
        (
            "pages",
            row(json!({ "Status": { "status": { "name": "Lost" } } })),
            "Invalid status option.",
        ),
        (
            "databases",
            json!({ "parent": { "page_id": home }, "initial_data_source": { "properties": {} } }),
            "Title is not provided",
        ),
        (&query, json!({ "page_size": 101 }), "body.page_size should be ≤ `100`"),
        (&query, json!({ "start_cursor": "x" }), "start_cursor provided is invalid"),
        (
            &query,
            json!({ "filter": { "property": "Colour", "number": {} } }),
            "Could not find property",
        ),
    ] {
        let reply = ada.call("POST", path, body).await;
        let error = reply.json();
        assert_eq!((reply.status, &error["code"]), (400, &"validation_error".into()), "{error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
    let lost = ada.call("GET", "pages/not-an-id", Value::Null).await;
    assert_eq!((lost.status, &lost.json()["code"]), (400, &"validation_error".into()));
    let nowhere = ada.call("GET", "unicorns", Value::Null).await;
    assert_eq!(nowhere.json()["code"], "invalid_request_url");
    let broken = world
        .send("POST", "/notion/v1/search", &[&ada.bearer, "Notion-Version: 2026-03-11"], "{")
        .await;
    assert_eq!(broken.json()["code"], "invalid_json");
}

#[tokio::test]
async fn blocks_are_appended_inserted_changed_and_deleted() {
    let world = World::new().await;
    let ada = Space::open(&world, "ada@sandbox.example").await;
    let log = ada.found("engine log", "page").await;
    let path = format!("blocks/{log}/children");
    let paragraph =
        |text: &str| json!({ "paragraph": { "rich_text": [{ "text": { "content": text } }] } });

    let last = ada.done("PATCH", &path, json!({ "children": [paragraph("last")] })).await;
    let start = json!({ "children": [paragraph("first")], "position": { "type": "start" } });
    ada.done("PATCH", &path, start).await;

    let id = last["results"][0]["id"].as_str().unwrap();
    assert_eq!(last["results"][0]["parent"], json!({ "type": "page_id", "page_id": log }));
    let all = ada.get(&path).await;
    let all = all["results"].as_array().unwrap();
    let said = |block: &Value| block["paragraph"]["rich_text"][0]["plain_text"].clone();
    assert_eq!((said(&all[0]), said(&all[all.len() - 1])), ("first".into(), "last".into()));
    let changed = ada.done("PATCH", &format!("blocks/{id}"), paragraph("the end")).await;
    assert_eq!(said(&changed), "the end");
    let gone = ada.done("DELETE", &format!("blocks/{id}"), Value::Null).await;
    assert_eq!(gone["in_trash"], true);
    let left = ada.get(&path).await;
    assert_eq!(left["results"].as_array().unwrap().len(), all.len() - 1);
    let home = ada.found("getting", "page").await;
    let children = ada.get(&format!("blocks/{home}/children?page_size=100")).await;
    let kinds = children["results"].to_string();
    assert!(kinds.contains("child_page") && kinds.contains("child_database"), "{kinds}");
    let odd = ada.call("PATCH", &path, json!({ "children": [{ "unicorn": {} }] })).await;
    assert_eq!(odd.status, 400);
}

#[tokio::test]
async fn comments_make_discussions() {
    let world = World::new().await;
    let ada = Space::open(&world, "ada@sandbox.example").await;
    let log = ada.found("engine log", "page").await;
    let said = |text: &str| json!([{ "text": { "content": text } }]);

    let body = json!({ "parent": { "page_id": log }, "rich_text": said("Who oils it?") });
    let first = ada.done("POST", "comments", body).await;
    let body = json!({ "discussion_id": first["discussion_id"], "rich_text": said("I do.") });
    ada.done("POST", "comments", body).await;

    let all = ada.get(&format!("comments?block_id={log}")).await;
    let texts: Vec<_> = all["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| comment["rich_text"][0]["plain_text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["Who oils it?", "I do."]);
    assert_eq!(all["results"][1]["discussion_id"], first["discussion_id"]);
}

#[tokio::test]
async fn an_older_version_is_answered_in_its_own_words() {
    let world = World::new().await;
    let mut ada = Space::open(&world, "ada@sandbox.example").await;
    ada.version = "2022-06-28";

    let database = ada.found("tasks", "database").await;
    let shown = ada.get(&format!("databases/{database}")).await;
    let rows = ada.done("POST", &format!("databases/{database}/query"), json!({})).await;

    assert_eq!(
        (&shown["archived"], &shown["properties"]["Name"]["type"]),
        (&false.into(), &"title".into())
    );
    assert_eq!(rows["results"].as_array().unwrap().len(), 3);
    ada.version = VERSION;
    let gone = ada.call("POST", &format!("databases/{database}/query"), json!({})).await;
    assert_eq!(gone.json()["code"], "invalid_request_url");
}

#[tokio::test]
async fn people_are_listed() {
    let world = World::new().await;
    let ada = Space::open(&world, "ada@sandbox.example").await;

    let list = ada.get("users").await;
    let id = list["results"][1]["id"].as_str().unwrap();

    assert_eq!(list["results"].as_array().unwrap().len(), 4);
    assert_eq!(ada.get(&format!("users/{id}")).await["person"]["email"], "grace@sandbox.example");
}
