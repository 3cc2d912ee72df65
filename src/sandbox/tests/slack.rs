//! Slack as a bot meets it.

use serde_json::{Value, json};

use super::{Reply, World, encoded};

const SCOPES: &str = "chat:write,channels:read,channels:history,channels:manage,groups:read,\
                      groups:history,groups:write,channels:join,im:history,im:read,im:write,\
                      reactions:write,pins:write,pins:read,users:read,users:read.email";

/// The bot in one workspace.
struct Bot<'a> {
    world: &'a World,
    bearer: String,
}

impl<'a> Bot<'a> {
    async fn open(world: &'a World, account: &str, scope: &str) -> Self {
        Self { world, bearer: world.bearer("slack", scope, account).await }
    }

    async fn call(&self, method: &str, body: Value) -> Value {
        let path = format!("/slack/api/{method}");
        let kind = "Content-Type: application/json; charset=utf-8";
        let reply = self.world.send("POST", &path, &[&self.bearer, kind], &body.to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    }

    async fn done(&self, method: &str, body: Value) -> Value {
        let json = self.call(method, body).await;
        assert_eq!(json["ok"], true, "{method}: {json}");
        json
    }

    /// Asks with a query, as reading methods want it.
    async fn get(&self, method: &str, pairs: &[(&str, &str)]) -> Value {
        let path = format!("/slack/api/{method}?{}", encoded(pairs));
        self.world.send("GET", &path, &[&self.bearer], "").await.json()
    }

    /// Returns the id of a channel by its name.
    async fn channel(&self, name: &str) -> String {
        let list = self.get("conversations.list", &[]).await;
        let all = list["channels"].as_array().unwrap();
        let found = all.iter().find(|channel| channel["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list["messages"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_message_is_posted_changed_answered_and_taken_back() {
    let world = World::new().await;
    let bot = Bot::open(&world, "ada@sandbox.example", SCOPES).await;
    let general = bot.channel("general").await;

    let posted =
        bot.done("chat.postMessage", json!({ "channel": "#general", "text": "Hello" })).await;

    let ts = posted["ts"].as_str().unwrap();
    assert_eq!(
        (&posted["channel"], &posted["message"]["text"]),
        (&json!(general), &json!("Hello"))
    );
    assert!(ts.split_once('.').is_some_and(|(s, f)| s.len() == 10 && f.len() == 6), "{ts}");
    let change = json!({ "channel": general, "ts": ts, "text": "Hello, all" });
    let changed = bot.done("chat.update", change).await;
    assert_eq!((&changed["text"], &changed["ts"]), (&"Hello, all".into(), &ts.into()));
    let answer = json!({ "channel": general, "text": "Me, too", "thread_ts": ts });
    let answer = bot.done("chat.postMessage", answer).await;
    let thread = bot.get("conversations.replies", &[("channel", &general), ("ts", ts)]).await;
    assert_eq!(texts(&thread), ["Hello, all", "Me, too"]);
    assert_eq!(thread["messages"][0]["reply_count"], 1);
    let history = bot.get("conversations.history", &[("channel", &general), ("limit", "1")]).await;
    assert_eq!(texts(&history), ["Hello, all"]);
    for ts in [answer["ts"].as_str().unwrap(), ts] {
        bot.done("chat.delete", json!({ "channel": general, "ts": ts })).await;
    }
    let gone = bot.call("chat.delete", json!({ "channel": general, "ts": ts })).await;
    assert_eq!(gone, json!({ "ok": false, "error": "message_not_found" }));
}

#[tokio::test]
async fn what_cannot_be_posted_is_refused_with_status_200() {
    let world = World::new().await;
    let bot = Bot::open(&world, "ada@sandbox.example", SCOPES).await;
    let engine = bot.channel("engine-room").await;
    let first =
        bot.get("conversations.history", &[("channel", &bot.channel("random").await)]).await;

    for (method, body, error) in [
        ("chat.postMessage", json!({ "channel": "C0", "text": "x" }), "channel_not_found"),
        ("chat.postMessage", json!({ "channel": engine, "text": "x" }), "not_in_channel"),
        ("chat.postMessage", json!({ "channel": "general" }), "no_text"),
        ("chat.postMessage", json!({ "text": "x" }), "invalid_arguments"),
        (
            "chat.postMessage",
            json!({ "channel": "general", "text": "x".repeat(40_001) }),
            "msg_too_long",
        ),
        (
            "chat.update",
            json!({ "channel": bot.channel("random").await, "ts": first["messages"][0]["ts"], "text": "x" }),
            "cant_update_message",
        ),
        ("conversations.create", json!({ "name": "general" }), "name_taken"),
        ("conversations.create", json!({ "name": "Big News" }), "invalid_name_specials"),
        ("users.lookupByEmail", json!({ "email": "nobody@x.example" }), "users_not_found"),
        ("users.info", json!({ "user": "U0" }), "user_not_found"),
        ("chat.sing", json!({}), "unknown_method"),
    ] {
        let reply = bot.call(method, body).await;
        assert_eq!((&reply["ok"], &reply["error"]), (&false.into(), &error.into()), "{method}");
    }
    bot.done("conversations.join", json!({ "channel": engine })).await;
    bot.done("chat.postMessage", json!({ "channel": engine, "text": "x" })).await;
}

#[tokio::test]
async fn slack_says_who_the_bearer_is_and_what_it_lacks() {
    let world = World::new().await;
    let ada = Bot::open(&world, "ada@sandbox.example", "chat:write,channels:read").await;
    let other = Bot::open(&world, "bob@acme.example", "users:read").await;

    let who = ada.done("auth.test", json!({})).await;
    let there = other.done("auth.test", json!({})).await;
    let lacking = ada.call("users.list", json!({})).await;
    let unknown = Bot { world: &world, bearer: "Authorization: Bearer xoxb-1".into() };
    let nobody = world.get("/slack/api/auth.test").await;

    assert_eq!(who["url"], "https://sandbox-example.slack.com/");
    assert_eq!(there["url"], "https://acme-example.slack.com/");
    assert_ne!(who["team_id"], there["team_id"]);
    let missing = json!({
        "ok": false,
        "error": "missing_scope",
        "needed": "users:read",
        "provided": "chat:write,channels:read",
    });
    assert_eq!(lacking, missing);
    assert_eq!(unknown.call("auth.test", json!({})).await["error"], "invalid_auth");
    assert_eq!((nobody.status, &nobody.json()["error"]), (200, &"not_authed".into()));
    let people = other.done("users.list", json!({})).await;
    assert!(people["members"].to_string().contains("\"bob\""), "{people}");
    assert!(!people.to_string().contains("@acme.example"), "{people}");
}

#[tokio::test]
async fn pages_of_channels_people_and_messages_follow_each_other() {
    let world = World::new().await;
    let bot = Bot::open(&world, "ada@sandbox.example", SCOPES).await;
    let general = bot.channel("general").await;

    for (method, key, expected) in [
        ("conversations.list", "channels", 3),
        ("users.list", "members", 4),
        ("conversations.history", "messages", 3),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let pairs = [("limit", "2"), ("cursor", cursor.as_str()), ("channel", &general)];
            let page = bot.get(method, &pairs).await;
            assert_eq!(page["ok"], true, "{page}");
            seen.extend(page[key].as_array().unwrap().iter().map(Value::to_string));
            cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), expected, "{method}");
    }
    let odd = bot.get("users.list", &[("cursor", "x")]).await;
    assert_eq!(odd["error"], "invalid_cursor");
}

#[tokio::test]
async fn channels_are_made_and_people_invited_and_written_to() {
    let world = World::new().await;
    let bot = Bot::open(&world, "ada@sandbox.example", SCOPES).await;
    let grace = bot.get("users.lookupByEmail", &[("email", "grace@sandbox.example")]).await;
    let grace = grace["user"]["id"].as_str().unwrap();

    let made =
        bot.done("conversations.create", json!({ "name": "news", "is_private": "true" })).await;

    let id = made["channel"]["id"].as_str().unwrap();
    assert_eq!(
        (&made["channel"]["is_private"], &made["channel"]["is_member"]),
        (&json!(true), &json!(true))
    );
    bot.done("conversations.invite", json!({ "channel": id, "users": grace })).await;
    let again = bot.call("conversations.invite", json!({ "channel": id, "users": grace })).await;
    assert_eq!(again["error"], "already_in_channel");
    let private = bot.get("conversations.list", &[("types", "private_channel")]).await;
    assert_eq!(private["channels"][0]["num_members"], 2);
    let direct = bot.done("conversations.open", json!({ "users": grace })).await;
    let posted = bot.done("chat.postMessage", json!({ "channel": grace, "text": "Psst" })).await;
    assert_eq!(posted["channel"], direct["channel"]["id"]);
    let direct = bot.done("conversations.open", json!({ "users": grace })).await;
    assert_eq!(direct["already_open"], true);
}

#[tokio::test]
async fn reactions_pins_and_forms_work() {
    let world = World::new().await;
    let bot = Bot::open(&world, "ada@sandbox.example", SCOPES).await;
    let general = bot.channel("general").await;
    let form = encoded(&[("channel", "general"), ("blocks", "[{\"type\":\"divider\"}]")]);
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let posted: Reply =
        world.send("POST", "/slack/api/chat.postMessage", &[&bot.bearer, kind], &form).await;
    let ts = posted.json()["ts"].clone();

    let item = json!({ "channel": general, "timestamp": ts, "name": "tada" });
    bot.done("reactions.add", item.clone()).await;
    let twice = bot.call("reactions.add", item.clone()).await;
    bot.done("pins.add", item.clone()).await;

    assert_eq!(posted.json()["message"]["blocks"], json!([{ "type": "divider" }]));
    assert_eq!(twice["error"], "already_reacted");
    let history = bot.get("conversations.history", &[("channel", &general), ("limit", "1")]).await;
    assert_eq!(history["messages"][0]["reactions"][0]["count"], 1);
    let pins = bot.get("pins.list", &[("channel", &general)]).await;
    assert_eq!(pins["items"][0]["message"]["ts"], ts);
    bot.done("reactions.remove", item.clone()).await;
    assert_eq!(bot.call("reactions.remove", item).await["error"], "no_reaction");
}

#[tokio::test]
async fn a_scheduled_message_waits() {
    let world = World::new().await;
    let bot = Bot::open(&world, "ada@sandbox.example", SCOPES).await;
    let soon = crate::api::time::Millis::now().0 / 1000 + 3_600;
    let body = |at: i64| json!({ "channel": "general", "text": "Later", "post_at": at });

    let kept = bot.done("chat.scheduleMessage", body(soon)).await;

    let list = bot.done("chat.scheduledMessages.list", json!({})).await;
    assert_eq!(list["scheduled_messages"][0]["id"], kept["scheduled_message_id"]);
    assert_eq!(bot.call("chat.scheduleMessage", body(1)).await["error"], "time_in_past");
    let general = bot.channel("general").await;
    let id = json!({ "channel": general, "scheduled_message_id": kept["scheduled_message_id"] });
    bot.done("chat.deleteScheduledMessage", id.clone()).await;
    let gone = bot.call("chat.deleteScheduledMessage", id).await;
    assert_eq!(gone["error"], "invalid_scheduled_message_id");
}

#[tokio::test]
async fn a_scheduled_message_is_posted_when_its_time_has_come() {
    let world = World::new().await;
    let bot = Bot::open(&world, "ada@sandbox.example", SCOPES).await;
    let general = bot.channel("general").await;
    let soon = crate::api::time::Millis::now().0 / 1000 + 3_600;
    bot.done(
        "chat.scheduleMessage",
        json!({ "channel": general, "text": "Later", "post_at": soon }),
    )
    .await;
    let before = bot.get("conversations.history", &[("channel", &general), ("limit", "1")]).await;
    let due = "UPDATE objects SET body = json_set(body, '$.post_at', 1) WHERE kind = 'scheduled'";

    world.sandbox.world.store.write(|tx| tx.execute(due, [])).unwrap();

    let after = bot.get("conversations.history", &[("channel", &general), ("limit", "1")]).await;
    assert_ne!(texts(&before), ["Later"]);
    assert_eq!(texts(&after), ["Later"]);
    let waiting = bot.done("chat.scheduledMessages.list", json!({})).await;
    assert_eq!(waiting["scheduled_messages"], json!([]));
}
