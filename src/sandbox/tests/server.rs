//! The server itself: names, paths, files, several processes at once.

use std::time::Duration;

use super::super::store::objects::{self, Shelf};
use super::super::store::{Store, mail};
use super::super::{contents, reset};
use super::{MODIFY, World};
use crate::api::time::Millis;

#[tokio::test]
async fn it_answers_to_its_own_name_only() {
    let world = World::new().await;
    let port = world.sandbox.url().port().unwrap();

    for (host, status) in [
        (format!("localhost:{port}"), 200),
        ("evil.example".into(), 403),
        (format!("evil.example:{port}"), 403),
        ("127.0.0.1".into(), 403),
    ] {
        let reply = world.send("GET", "/", &[&format!("Host: {host}")], "").await;
        assert_eq!(reply.status, status, "{host}");
    }
}

#[tokio::test]
async fn hacker_news_needs_nothing() {
    let world = World::new().await;

    let top = world.get("/hackernews/v0/topstories.json").await.json();
    let item = world.get(&format!("/hackernews/v0/item/{}.json", top[0])).await.json();

    assert_eq!(item["type"], "story");
    assert_eq!(world.get("/hackernews/v0/item/5.json").await.body, "null");
    assert_eq!(world.get("/hackernews/v0/maxitem.json").await.body, "9112");
}

#[tokio::test]
async fn it_is_forgotten_on_reset_while_it_runs() {
    let world = World::new().await;
    let (token, _) = world.tokens(MODIFY, "ada@sandbox.example").await;
    let bearer = format!("Authorization: Bearer {token}");
    world.send("GET", "/gmail/gmail/v1/users/me/profile", &[&bearer], "").await;
    let before = contents(&world.database()).unwrap();

    reset(&world.database()).unwrap();

    assert_eq!((before.grants, before.mailboxes, before.messages), (1, 1, 3));
    assert_eq!(contents(&world.database()).unwrap(), super::super::Contents::default());
    let reply = world.send("GET", "/gmail/gmail/v1/users/me/profile", &[&bearer], "").await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn nothing_secret_can_be_read_in_the_file() {
    let world = World::new().await;
    let code = world.code(MODIFY, "ada@sandbox.example").await;
    let tokens = world.redeem(&code).await.json();
    let key = "sk_test_canary0123456789";
    let bearer = format!("Authorization: Bearer {key}");
    world
        .send("POST", "/stripe/v1/customers", &[&bearer, "Idempotency-Key: canary-idem"], "")
        .await;

    let mut bytes = Vec::new();
    for file in std::fs::read_dir(&world.directory).unwrap() {
        let path = file.unwrap().path();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        }
        bytes.extend(std::fs::read(path).unwrap());
    }

    let all = String::from_utf8_lossy(&bytes);
    assert!(all.contains("cus_"));
    let access = tokens["access_token"].as_str().unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for secret in [code.as_str(), access, refresh, key, super::VERIFIER, "canary-idem"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn sixteen_can_open_an_empty_directory_at_once() {
    let world = World::new().await;

    for round in 0..4 {
        let database = world.directory.join(format!("fresh-{round}.db"));
        let threads: Vec<_> = (0..16)
            .map(|_| {
                let database = database.clone();
                std::thread::spawn(move || {
                    let store = Store::open(&database)?;
                    let account = &format!("{}@x.example", super::ids::fresh());
                    Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                        store.write(|tx| mail::create(tx, account, Millis(0)))?,
                    )
                })
            })
            .collect();
        for thread in threads {
            assert!(thread.join().unwrap().unwrap());
        }
        assert_eq!(contents(&database).unwrap().mailboxes, 16);
    }
}

#[tokio::test]
async fn two_servers_share_one_memory() {
    let one = World::new().await;
    let (token, _) = one.tokens(MODIFY, "ada@sandbox.example").await;
    let options = super::Options { database: one.database(), port: 0, any_bearer: false };

    let mut two = World::new().await;
    two.sandbox = super::start(options).await.unwrap();

    let bearer = format!("Authorization: Bearer {token}");
    let reply = two.send("GET", "/gmail/gmail/v1/users/me/profile", &[&bearer], "").await;
    assert_eq!(reply.json()["emailAddress"], "ada@sandbox.example");
}

#[tokio::test]
async fn a_file_of_a_newer_build_is_refused() {
    let world = World::new().await;
    let path = world.database();
    let store = Store::open(&path).unwrap();
    store.read(|db| db.pragma_update(None, "user_version", 99)).unwrap();

    let refused = Store::open(&path).map(drop).unwrap_err();

    assert!(refused.message.contains("of a newer build"), "{refused}");
}

#[tokio::test]
async fn a_file_of_an_older_build_still_opens_with_all_that_is_in_it() {
    let world = World::new().await;
    let path = world.directory.join("older.db");
    let older = Store::open(&path).unwrap();
    let first = include_str!("../store/schema.sql");
    let emptied = older.read(|db| {
        let mut names = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
        let names = names.query_map([], |row| row.get::<_, String>(0))?;
        let own = |name: &String| !name.starts_with("sqlite_");
        let names: Vec<_> = names.collect::<rusqlite::Result<_>>()?;
        for name in names.into_iter().filter(own) {
            db.execute_batch(&format!("PRAGMA foreign_keys = OFF; DROP TABLE {name}"))?;
        }
        db.execute_batch(first)?;
        db.pragma_update(None, "user_version", 1)
    });
    emptied.unwrap();
    older.write(|tx| mail::create(tx, "ada@sandbox.example", Millis(0))).unwrap();
    let customer = "INSERT INTO objects (id, account, kind, body) VALUES
                    ('cus_1', 'acct_1', 'customer', '{\"id\":\"cus_1\"}')";
    older.write(|tx| tx.execute(customer, [])).unwrap();
    drop(older);

    let upgraded = contents(&path).unwrap();

    assert_eq!((upgraded.mailboxes, upgraded.customers), (1, 1));
    let shelf = Shelf { app: "stripe", owner: "acct_1", kind: "customer" };
    let kept = Store::open(&path).unwrap().read(|db| objects::find(db, shelf, "cus_1")).unwrap();
    assert_eq!(kept, Some(serde_json::json!({ "id": "cus_1" })));
}

#[tokio::test]
async fn it_knows_when_it_is_idle() {
    let world = World::new().await;
    world.get("/").await;

    let waited = tokio::time::timeout(
        Duration::from_secs(5),
        world.sandbox.idle_for(Duration::from_millis(20)),
    );

    assert!(waited.await.is_ok());
}
