//! GitHub as a developer's assistant meets it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Reply, World};

const SCOPES: &str = "repo delete_repo user:email";

/// One user's view of the API.
struct Hub<'a> {
    world: &'a World,
    bearer: String,
}

impl<'a> Hub<'a> {
    async fn open(world: &'a World, account: &str, scope: &str) -> Self {
        Self { world, bearer: world.bearer("github", scope, account).await }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = "Content-Type: application/json";
        self.world.send(method, &format!("/github/{path}"), &[&self.bearer, kind], &body).await
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.call("GET", path, Value::Null).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    async fn made(&self, path: &str, body: Value) -> Value {
        let reply = self.call("POST", path, body).await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.body);
        reply.json()
    }
}

fn all<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_user_has_repositories_of_which_others_see_the_public_one() {
    let world = World::new().await;
    let ada = Hub::open(&world, "ada@sandbox.example", SCOPES).await;
    let narrow = Hub::open(&world, "ada@sandbox.example", "public_repo").await;
    let grace = Hub::open(&world, "grace@sandbox.example", SCOPES).await;

    let user = ada.get("user").await;

    assert_eq!((&user["login"], &user["email"]), (&"ada".into(), &"ada@sandbox.example".into()));
    assert_eq!(all(&ada.get("user/repos").await, "full_name"), ["ada/engine", "ada/notes"]);
    assert_eq!(all(&narrow.get("user/repos").await, "full_name"), ["ada/engine"]);
    assert_eq!(all(&grace.get("users/ada/repos").await, "full_name"), ["ada/engine"]);
    let hidden = grace.call("GET", "repos/ada/notes", Value::Null).await;
    let not_found = json!({
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    });
    assert_eq!((hidden.status, hidden.json()), (404, not_found));
    let foreign = json!({ "message": "x", "content": "" });
    let refused = grace.call("PUT", "repos/ada/engine/contents/x", foreign).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn an_issue_is_opened_discussed_and_closed() {
    let world = World::new().await;
    let ada = Hub::open(&world, "ada@sandbox.example", SCOPES).await;
    let grace = Hub::open(&world, "grace@sandbox.example", "public_repo").await;

    let body = json!({ "title": "A moth", "body": "In @ada's relay", "labels": ["bug", "insect"] });
    let issue = grace.made("repos/ada/engine/issues", body).await;
    let comment = json!({ "body": "Tape it into the book." });
    ada.made("repos/ada/engine/issues/4/comments", comment).await;
    let change =
        json!({ "state": "closed", "state_reason": "not_planned", "assignees": ["grace"] });
    let closed = ada.call("PATCH", "repos/ada/engine/issues/4", change).await.json();

    assert_eq!((&issue["number"], &issue["state"]), (&4.into(), &"open".into()));
    assert_eq!(all(&issue["labels"], "name"), ["bug", "insect"]);
    assert_eq!(
        (&issue["user"]["login"], &issue["author_association"]),
        (&"grace".into(), &"NONE".into())
    );
    assert_eq!((&closed["state_reason"], &closed["comments"]), (&"not_planned".into(), &1.into()));
    assert_eq!(closed["closed_by"]["login"], "ada");
    assert_eq!(closed["assignees"][0]["login"], "grace");
    let comments = ada.get("repos/ada/engine/issues/4/comments").await;
    assert_eq!(all(&comments, "body"), ["Tape it into the book."]);
    let open = ada.get("repos/ada/engine/issues?labels=bug").await;
    assert_eq!(all(&open, "title"), ["The carry is lost beyond 64 bits"]);
    let found = ada.get("search/issues?q=moth+is:issue+is:closed+repo:ada/engine").await;
    assert_eq!((&found["total_count"], &found["items"][0]["number"]), (&1.into(), &4.into()));
    let labels = ada
        .call("POST", "repos/ada/engine/issues/4/labels", json!({ "labels": ["question"] }))
        .await;
    assert_eq!(all(&labels.json(), "name"), ["bug", "insect", "question"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_as_github_does() {
    let world = World::new().await;
    let ada = Hub::open(&world, "ada@sandbox.example", SCOPES).await;
    let issues = "repos/ada/engine/issues";

    for (method, path, body, resource, field, code) in [
        ("POST", issues, json!({ "body": "x" }), "Issue", "title", "missing_field"),
        (
            "POST",
            issues,
            json!({ "title": "x", "assignees": ["nobody"] }),
            "Issue",
            "assignees",
            "invalid",
        ),
        (
            "POST",
            "repos/ada/engine/issues/1/comments",
            json!({}),
            "IssueComment",
            "body",
            "missing_field",
        ),
        (
            "PATCH",
            "repos/ada/engine/issues/1",
            json!({ "state": "ajar" }),
            "Issue",
            "state",
            "invalid",
        ),
        (
            "POST",
            "repos/ada/engine/labels",
            json!({ "name": "BUG" }),
            "Label",
            "name",
            "already_exists",
        ),
        ("GET", "search/issues", Value::Null, "Search", "q", "missing"),
        (
            "POST",
            "repos/ada/engine/pulls",
            json!({ "title": "x", "head": "nowhere", "base": "main" }),
            "PullRequest",
            "head",
            "invalid",
        ),
    ] {
        let reply = ada.call(method, path, body).await;
        let json = reply.json();
        assert_eq!((reply.status, &json["message"]), (422, &"Validation Failed".into()), "{path}");
        assert_eq!(
            json["errors"][0],
            json!({ "resource": resource, "code": code, "field": field })
        );
    }
    let broken = world.send("POST", "/github/repos/ada/engine/issues", &[&ada.bearer], "{").await;
    assert_eq!((broken.status, &broken.json()["message"]), (400, &"Problems parsing JSON".into()));
    assert_eq!(ada.call("GET", "repos/ada/engine/unicorns", Value::Null).await.status, 404);
}

#[tokio::test]
async fn scopes_and_bearers_of_github_are_judged() {
    let world = World::new().await;
    let reader = Hub::open(&world, "ada@sandbox.example", "read:user").await;

    let seen = reader.call("GET", "repos/ada/engine/issues", Value::Null).await;
    let refused = reader.call("POST", "repos/ada/engine/issues", json!({ "title": "x" })).await;
    let nobody = world.get("/github/user").await;
    let wrong = world.send("GET", "/github/user", &["Authorization: token x"], "").await;
    let other_scheme = reader.bearer.replace("Bearer", "token");
    let right = world.send("GET", "/github/user", &[&other_scheme], "").await;

    assert_eq!((seen.status, refused.status, right.status), (200, 403, 200));
    assert_eq!(refused.header("x-accepted-oauth-scopes"), Some("public_repo, repo"));
    assert_eq!(seen.header("x-oauth-scopes"), Some("read:user"));
    assert_eq!(
        (nobody.status, &nobody.json()["message"]),
        (401, &"Requires authentication".into())
    );
    assert_eq!((wrong.status, &wrong.json()["message"]), (401, &"Bad credentials".into()));
}

#[tokio::test]
async fn pages_are_linked() {
    let world = World::new().await;
    let ada = Hub::open(&world, "ada@sandbox.example", SCOPES).await;
    let base = world.sandbox.url().to_string();
    let address = |page: u32| {
        format!("<{base}github/repos/ada/engine/issues?state=all&per_page=1&page={page}>")
    };

    let second =
        ada.call("GET", "repos/ada/engine/issues?state=all&per_page=1&page=2", Value::Null).await;
    let last =
        ada.call("GET", "repos/ada/engine/issues?state=all&per_page=1&page=3", Value::Null).await;

    let links = [
        format!("{}; rel=\"prev\"", address(1)),
        format!("{}; rel=\"next\"", address(3)),
        format!("{}; rel=\"last\"", address(3)),
        format!("{}; rel=\"first\"", address(1)),
    ];
    assert_eq!(second.header("link"), Some(links.join(", ").as_str()));
    assert!(!last.header("link").unwrap().contains("next"));
    assert_eq!(all(&last.json(), "title"), ["The carry is lost beyond 64 bits"]);
    assert_eq!(ada.call("GET", "user/repos", Value::Null).await.header("link"), None);
}

#[tokio::test]
async fn a_file_is_made_changed_and_deleted_by_its_hash() {
    let world = World::new().await;
    let ada = Hub::open(&world, "ada@sandbox.example", SCOPES).await;
    let path = "repos/ada/engine/contents/docs/use.md";
    let body = |text: &str| json!({ "message": "Write", "content": STANDARD.encode(text) });

    let made = ada.call("PUT", path, body("one")).await;

    let sha = made.json()["content"]["sha"].clone();
    assert_eq!((made.status, &made.json()["content"]["path"]), (201, &"docs/use.md".into()));
    let listed = ada.get("repos/ada/engine/contents/docs").await;
    assert_eq!(all(&listed, "name"), ["use.md"]);
    let root = ada.get("repos/ada/engine/contents").await;
    assert_eq!(all(&root, "type"), ["file", "dir", "dir"]);
    let blind = ada.call("PUT", path, body("two")).await;
    assert_eq!(blind.status, 422);
    assert_eq!(blind.json()["message"], "Invalid request.\n\n\"sha\" wasn't supplied.");
    let mut stale = body("two");
    stale["sha"] = "0000".into();
    assert_eq!(ada.call("PUT", path, stale).await.status, 409);
    let mut fresh = body("two");
    fresh["sha"] = sha;
    let changed = ada.call("PUT", path, fresh).await;
    assert_eq!(changed.status, 200);
    let raw = "Accept: application/vnd.github.raw+json";
    let bytes = world.send("GET", &format!("/github/{path}"), &[&ada.bearer, raw], "").await;
    assert_eq!(bytes.body, "two");
    let shown = ada.get(path).await;
    assert_eq!((&shown["encoding"], &shown["content"]), (&"base64".into(), &"dHdv\n".into()));
    let delete = json!({ "message": "Forget", "sha": shown["sha"] });
    assert_eq!(ada.call("DELETE", path, delete).await.status, 200);
    assert_eq!(ada.call("GET", path, Value::Null).await.status, 404);
    let commits = ada.get("repos/ada/engine/commits?per_page=2").await;
    assert_eq!(commits[0]["commit"]["message"], "Forget");
}

#[tokio::test]
async fn a_pull_request_is_opened_and_merged_once() {
    let world = World::new().await;
    let ada = Hub::open(&world, "ada@sandbox.example", SCOPES).await;
    let body = json!({ "title": "Check the carry", "head": "checked-carry", "base": "main" });

    let pull = ada.made("repos/ada/engine/pulls", body.clone()).await;

    assert_eq!((&pull["number"], &pull["mergeable"]), (&4.into(), &true.into()));
    assert_eq!(pull["head"]["label"], "ada:checked-carry");
    let again = ada.call("POST", "repos/ada/engine/pulls", body.clone()).await;
    let text = "A pull request already exists for ada:checked-carry.";
    assert_eq!((again.status, &again.json()["errors"][0]["message"]), (422, &text.into()));
    let files = ada.get("repos/ada/engine/pulls/4/files").await;
    assert_eq!(all(&files, "filename"), ["src/lib.rs"]);
    assert_eq!(files[0]["status"], "modified");
    let listed = ada.get("repos/ada/engine/pulls?head=ada:checked-carry").await;
    assert_eq!(listed[0]["number"], 4);
    let as_issue = ada.get("repos/ada/engine/issues/4").await;
    assert!(as_issue["pull_request"].is_object(), "{as_issue}");
    let merged = ada.call("PUT", "repos/ada/engine/pulls/4/merge", json!({})).await;
    assert_eq!((merged.status, &merged.json()["merged"]), (200, &true.into()));
    let twice = ada.call("PUT", "repos/ada/engine/pulls/4/merge", json!({})).await;
    assert_eq!(twice.status, 405);
    let file = ada.get("repos/ada/engine/contents/src/lib.rs").await;
    let text = file["content"].as_str().unwrap().replace('\n', "");
    let text = String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
    assert!(text.contains("checked_sub"), "{text}");
    let nothing = ada.call("POST", "repos/ada/engine/pulls", body).await;
    let text = "No commits between main and checked-carry";
    assert_eq!(nothing.json()["errors"][0]["message"], text);
}

#[tokio::test]
async fn repositories_and_branches_are_made_and_deleted() {
    let world = World::new().await;
    let ada = Hub::open(&world, "ada@sandbox.example", SCOPES).await;

    let made = ada.made("user/repos", json!({ "name": "Loom", "auto_init": true })).await;

    assert_eq!((&made["full_name"], &made["default_branch"]), (&"ada/Loom".into(), &"main".into()));
    let taken = ada.call("POST", "user/repos", json!({ "name": "loom" })).await;
    assert_eq!(taken.json()["errors"][0]["message"], "name already exists on this account");
    let main = ada.get("repos/ada/loom/git/ref/heads/main").await;
    let branch = json!({ "ref": "refs/heads/warp/weft", "sha": main["object"]["sha"] });
    ada.made("repos/ada/loom/git/refs", branch).await;
    assert_eq!(all(&ada.get("repos/ada/loom/branches").await, "name"), ["main", "warp/weft"]);
    let deleted = ada.call("DELETE", "repos/ada/loom/git/refs/heads/warp/weft", Value::Null).await;
    assert_eq!(deleted.status, 204);
    let found = ada.get("search/repositories?q=loom+user:@me").await;
    assert_eq!(found["total_count"], 1);
    assert_eq!(ada.call("DELETE", "repos/ada/loom", Value::Null).await.status, 204);
    assert_eq!(ada.call("GET", "repos/ada/loom", Value::Null).await.status, 404);
}
