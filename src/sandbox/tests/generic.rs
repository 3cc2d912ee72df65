//! Apps without a module of their own, as the manifests of three made-up ones describe them.

use axum::body::{Bytes, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};

use super::super::generic;
use super::super::http::Call;
use super::super::store::grants::{self, Bearer, Binding, Consent};
use super::World;
use crate::api::time::Millis;
use crate::catalog::manifest::Manifest;
use crate::catalog::{Format, parse};

pub(super) const JSON: &str = "application/json";

/// A client of one app.
pub(super) struct Client<'a> {
    pub(super) world: &'a World,
    pub(super) app: Option<Manifest>,
    pub(super) slug: String,
    pub(super) credential: (String, String),
}

/// What it was answered.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: axum::http::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl<'a> Client<'a> {
    fn of(world: &'a World, manifest: &str, credential: (&str, &str)) -> Self {
        let app = parse(manifest, Format::Toml, "test.toml").unwrap();
        let slug = app.slug.to_string();
        let credential = (credential.0.to_owned(), credential.1.to_owned());
        Self { world, app: Some(app), slug, credential }
    }

    /// Returns a client of the shop that was granted these scopes.
    fn shopping(world: &'a World, scope: &str) -> Self {
        let consent = Consent {
            app: "shop".into(),
            client: "naive".into(),
            account: "ada@sandbox.example".into(),
            scope: scope.into(),
        };
        let binding = Binding { redirect_uri: "x".into(), challenge: String::new() };
        let (bearer, now) = (Bearer { app: "shop", client: "naive" }, Millis::now());
        let store = &world.sandbox.world.store;
        let code = store.write(|tx| grants::issue_code(tx, &consent, &binding, now)).unwrap();
        let tokens = store.write(|tx| grants::redeem_code(tx, &code, bearer, &binding, now));
        let bearer = format!("Bearer {}", tokens.unwrap().unwrap().access);
        Self::of(world, include_str!("shop.toml"), ("authorization", &bearer))
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: impl Into<Bytes>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1/{}{path}", self.slug))
            .header("content-type", kind)
            .header(self.credential.0.as_str(), self.credential.1.as_str());
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let call = Call::new(&parts, body.into());
        let world = &self.world.sandbox.world;
        let response = generic::played(world, &call, &self.slug, self.app.as_ref());
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, JSON, "").await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, JSON, body.to_string()).await
    }

    /// Posts a document with its variables, and returns the answer's JSON.
    pub(super) async fn graphql(&self, tool: &str, variables: Value) -> Value {
        let tools = &self.app.as_ref().unwrap().tools;
        let tool = tools.iter().find(|one| one.slug.as_str() == tool).unwrap();
        let body = json!({ "query": tool.graphql, "variables": variables });
        self.post("/graphql", body).await.json()
    }
}

#[tokio::test]
async fn what_is_made_is_read_changed_copied_and_removed() {
    let world = World::new().await;
    let shop = Client::shopping(&world, "items:read items:write");

    let made = shop.post("/api/v2/items", json!({ "title": "Tea", "tags": { "a": 1 } })).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/items/{id}");
    let changed = shop
        .send("PATCH", &path, JSON, json!({ "title": "Coffee", "tags": { "b": 2 } }).to_string())
        .await;
    let read = shop.get(&path).await.json();
    let copy = shop.post(&format!("{path}/copy"), json!({ "title": "Copy" })).await.json();
    let note = shop.post(&format!("{path}/notes"), json!({ "text": "hot" })).await.json();
    let found = shop.post("/api/v2/items/search", json!({ "query": "coffee" })).await.json();
    let gone = shop.send("DELETE", &path, JSON, "").await;

    assert!(id.len() == 12 && id.starts_with("it"), "{id}");
    assert_eq!((&made.json()["ok"], &made.json()["itemId"]), (&true.into(), &id.as_str().into()));
    assert!(made.json()["created_at"].is_string());
    assert_eq!(changed.status, 200);
    assert_eq!((&read["title"], &read["tags"]), (&"Coffee".into(), &json!({ "a": 1, "b": 2 })));
    assert_eq!((&copy["title"], copy["id"] == id.as_str()), (&"Copy".into(), false));
    assert_eq!(note["text"], "hot");
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(gone.status, 200);
    for (method, path) in
        [("GET", path.clone()), ("DELETE", path.clone()), ("GET", format!("{path}/notes"))]
    {
        let missing = shop.send(method, &path, JSON, "").await;
        assert_eq!(
            (missing.status, &missing.json()["ok"]),
            (404, &false.into()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn lists_are_paged_as_the_manifest_says() {
    let world = World::new().await;
    let shop = Client::shopping(&world, "items:read items:write");
    let mut id = String::new();
    for number in 0..5 {
        let made = shop.post("/api/v2/items", json!({ "title": number })).await.json();
        made["id"].as_str().unwrap().clone_into(&mut id);
    }
    let notes = format!("/api/v2/items/{id}/notes");
    for number in 0..3 {
        shop.post(&notes, json!({ "text": number })).await;
    }

    let (mut titles, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.get(&format!("/api/v2/items?limit=2{cursor}")).await.json();
        let items = page["items"].as_array().unwrap();
        titles.extend(items.iter().map(|item| item["title"].as_i64().unwrap()));
        if page["meta"]["more"] == false {
            assert_eq!(page["meta"].get("next_cursor"), None);
            break;
        }
        cursor = format!("&cursor={}", page["meta"]["next_cursor"].as_str().unwrap());
    }
    let first = shop.get(&format!("{notes}?per_page=2")).await;
    let last = shop.get(&format!("{notes}?per_page=2&page=2")).await;

    assert_eq!(titles, [0, 1, 2, 3, 4]);
    let link = first.headers["link"].to_str().unwrap();
    assert!(link.ends_with("/notes?per_page=2&page=2>; rel=\"next\""), "{link}");
    assert_eq!(last.json()["notes"].as_array().unwrap().len(), 1);
    assert_eq!(last.headers.get("link"), None);
}

#[tokio::test]
async fn a_token_opens_as_far_as_its_scopes_and_its_account() {
    let world = World::new().await;
    let shop = Client::shopping(&world, "items:read");
    let credential = ("authorization".to_owned(), "Bearer x".to_owned());
    let nobody = Client { credential, ..Client::shopping(&world, "") };

    let me = shop.get("/api/v2/me").await.json();
    let list = shop.get("/api/v2/items").await.json();
    let lacking = shop.post("/api/v2/items", json!({})).await;
    let refused = nobody.get("/api/v2/items").await;
    let unknown = shop.get("/api/v2/orders").await;

    assert_eq!((&me["email"], &me["ok"]), (&"ada@sandbox.example".into(), &true.into()));
    assert_eq!(list, json!({ "ok": true, "items": [], "meta": { "more": false } }));
    assert_eq!(lacking.json(), json!({ "ok": false, "error": "missing_scope" }));
    assert_eq!(refused.json(), json!({ "ok": false, "error": "invalid_auth" }));
    assert_eq!((lacking.status, refused.status, unknown.status), (200, 200, 404));
    assert!(lacking.headers["www-authenticate"].to_str().unwrap().contains("insufficient_scope"));
}

#[tokio::test]
async fn an_upload_comes_back_byte_for_byte() {
    let world = World::new().await;
    let shop = Client::shopping(&world, "items:read items:write");
    let mut body = b"--b\r\nContent-Type: application/json\r\n\r\n{\"name\":\"Cat\"}\r\n--b\r\n\
        Content-Type: image/png\r\n\r\n"
        .to_vec();
    body.extend(b"\x89PNG\r\n\x00\xff\r\n--b--\r\n");

    let upload = "/api/v2/upload/pictures?uploadType=multipart";
    let made = shop.send("POST", upload, "multipart/related; boundary=b", body).await.json();
    let path = format!("/api/v2/pictures/{}", made["id"].as_str().unwrap());
    let about = shop.get(&path).await.json();
    let file = shop.get(&format!("{path}?alt=media")).await;

    assert_eq!((&about["name"], &about["size"]), (&"Cat".into(), &8.into()));
    assert_eq!(file.headers["content-type"], "image/png");
    assert_eq!(file.body, b"\x89PNG\r\n\x00\xff");
}

#[tokio::test]
async fn places_that_put_fills_are_empty_at_first_and_mail_is_accepted() {
    let world = World::new().await;
    let shop = Client::shopping(&world, "items:read items:write");
    let path = "/api/v2/cells/A1%3AB2";

    let empty = shop.get(path).await;
    shop.send("PUT", path, JSON, json!({ "values": [[1]] }).to_string()).await;
    shop.post(&format!("{path}:append"), json!({ "values": [[2]] })).await;
    let filled = shop.get(path).await.json();
    let mail = shop.post("/api/v2/mail/send", json!({ "to": "a@b.c" })).await;
    let broken = shop.send("POST", "/api/v2/items", JSON, "{").await;

    assert_eq!(empty.json(), json!({ "ok": true, "range": "A1:B2" }));
    assert_eq!(filled["values"], json!([[1], [2]]));
    assert_eq!((mail.status, mail.body.as_slice()), (202, b"".as_slice()));
    assert_eq!((broken.status, &broken.json()["ok"]), (400, &false.into()));
}

#[tokio::test]
async fn requests_that_are_verbs_remember_what_they_made() {
    let world = World::new().await;
    let bot = Client::of(&world, include_str!("bot.toml"), ("x-none", ""));
    let call = async |verb: &str, body: Value| bot.post(&format!("/bot12:AB/{verb}"), body).await;

    let me = bot.get("/bot12:AB/getMe").await.json();
    let sent = call("sendMessage", json!({ "chat_id": 7, "text": "hi" })).await.json();
    let id = &sent["result"]["message_id"];
    let edit = json!({ "chat_id": 7, "message_id": id, "text": "ho" });
    let edited = call("editMessageText", edit.clone()).await.json();
    let deleted = call("deleteMessage", json!({ "chat_id": 7, "message_id": id })).await.json();
    let late = call("editMessageText", edit).await;
    let refused = bot.get("/bot12:revoked/getMe").await;

    assert!(me["result"]["username"].as_str().unwrap().starts_with("bot-"));
    assert!(id.is_i64() && sent["ok"] == true, "{sent}");
    assert_eq!(edited["result"]["text"], "ho");
    assert_eq!(deleted, json!({ "ok": true, "result": true }));
    assert_eq!((late.status, &late.json()["ok"]), (400, &false.into()));
    assert_eq!((refused.status, &refused.json()["ok"]), (401, &false.into()));
}

#[tokio::test]
async fn graphql_mutations_remember_and_queries_list() {
    let world = World::new().await;
    let graph = Client::of(&world, include_str!("graph.toml"), ("authorization", "key"));
    let viewer = json!({ "query": "query { viewer { email } }" });

    let me = graph.post("/graphql", viewer).await.json();
    let mut ids = Vec::new();
    for title in ["a", "b"] {
        let made = graph.graphql("GRAPH_CREATE_ISSUE", json!({ "title": title })).await;
        assert_eq!(made["data"]["issueCreate"]["success"], true);
        ids.push(made["data"]["issueCreate"]["issue"]["id"].as_str().unwrap().to_owned());
    }
    let first = graph.graphql("GRAPH_LIST_ISSUES", json!({ "first": 1 })).await;
    let info = &first["data"]["issues"]["pageInfo"];
    let second = json!({ "first": 1, "after": info["endCursor"] });
    let second = graph.graphql("GRAPH_LIST_ISSUES", second).await;
    let read = graph.graphql("GRAPH_GET_ISSUE", json!({ "id": ids[1] })).await;
    graph.graphql("GRAPH_DELETE_ISSUE", json!({ "id": ids[1] })).await;
    let missing = graph.graphql("GRAPH_GET_ISSUE", json!({ "id": ids[1] })).await;

    assert!(me["data"]["viewer"]["email"].as_str().unwrap().starts_with("graph-"));
    assert_eq!(info["hasNextPage"], true);
    assert_eq!(second["data"]["issues"]["nodes"][0]["title"], "b");
    assert_eq!(second["data"]["issues"]["pageInfo"]["hasNextPage"], false);
    assert_eq!(read["data"]["issue"]["title"], "b");
    assert_eq!(missing["errors"][0]["message"], "Entity not found");
}

#[tokio::test]
async fn changes_from_several_sides_are_all_kept() {
    let world = World::new().await;
    let shop = Client::shopping(&world, "items:read items:write");
    let made = shop.post("/api/v2/items", json!({})).await.json();
    let path = format!("/api/v2/items/{}", made["id"].as_str().unwrap());
    let token = shop.credential.1.clone();

    let threads: Vec<_> = (0..4)
        .map(|number| {
            let options = super::Options { database: world.database(), port: 0, any_bearer: false };
            let (path, token) = (path.clone(), token.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    let mut beside = World::new().await;
                    beside.sandbox = super::start(options).await.unwrap();
                    let shop = include_str!("shop.toml");
                    let client = Client::of(&beside, shop, ("authorization", &token));
                    for round in 0..8 {
                        let name = format!("{number}-{round}");
                        let body = json!({ "tags": { name: true } }).to_string();
                        client.send("PATCH", &path, JSON, body).await;
                        client.post("/api/v2/items", json!({})).await;
                    }
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }

    let item = shop.get(&path).await.json();
    let items = shop.get("/api/v2/items").await.json();
    assert_eq!(item["tags"].as_object().unwrap().len(), 32);
    assert_eq!(items["items"].as_array().unwrap().len(), 33);
}

#[tokio::test]
async fn an_added_toolkit_is_played_by_its_paths_alone() {
    let world = World::new().await;
    let credential = ("authorization".to_owned(), "Bearer anything".to_owned());
    let mine = Client { world: &world, app: None, slug: "mine".into(), credential };

    let made = mine.post("/v1/things", json!({ "name": "a" })).await;
    let path = format!("/v1/things/{}", made.json()["id"].as_str().unwrap());
    mine.send("PUT", &path, JSON, json!({ "name": "b" }).to_string()).await;
    let read = mine.get(&path).await.json();
    let list = mine.get("/v1/things").await.json();
    let gone = mine.send("DELETE", &path, JSON, "").await;
    let refused = Client { credential: ("x-api-key".into(), "revoked-1".into()), ..mine };

    assert_eq!((made.status, gone.status), (201, 204));
    assert_eq!(read["name"], "b");
    assert_eq!(list["items"], json!([read]));
    assert_eq!(refused.get("/v1/things").await.status, 401);
    let mine = Client { credential: ("x-api-key".into(), "good".into()), ..refused };
    assert_eq!(mine.get(&path).await.status, 404);
    assert_eq!(mine.get("/v1/things").await.json(), json!({ "items": [] }));
}
