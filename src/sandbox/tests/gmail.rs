//! Gmail as a mail program meets it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use super::{MODIFY, Reply, World};

const LETTER: &str = "To: Grace <grace@sandbox.example>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\
                      Bcc: nobody@elsewhere.example\r\n\r\nSee you there.\r\n";

/// One account's view of the API.
struct Mailbox<'a> {
    world: &'a World,
    bearer: String,
}

impl<'a> Mailbox<'a> {
    async fn open(world: &'a World, account: &str, scope: &str) -> Self {
        let (token, _) = world.tokens(scope, account).await;
        Self { world, bearer: format!("Authorization: Bearer {token}") }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        let path = format!("/gmail/gmail/v1/users/me/{path}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = "Content-Type: application/json";
        self.world.send(method, &path, &[&self.bearer, kind], &body).await
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.call("GET", path, Value::Null).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let reply = self.call("POST", path, body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }
}

fn raw(letter: &str) -> String {
    URL_SAFE.encode(letter)
}

#[tokio::test]
async fn what_is_sent_can_be_listed_fetched_and_arrives() {
    let world = World::new().await;
    let ada = Mailbox::open(&world, "ada@sandbox.example", MODIFY).await;
    let grace = Mailbox::open(&world, "grace@sandbox.example", MODIFY).await;

    let sent = ada.post("messages/send", json!({ "raw": raw(LETTER) })).await;

    assert_eq!(sent["labelIds"], json!(["SENT"]));
    let listed = ada.get("messages?q=in:sent+caf%C3%A9").await;
    assert_eq!(listed["messages"], json!([{ "id": sent["id"], "threadId": sent["threadId"] }]));
    let full = ada.get(&format!("messages/{}", sent["id"].as_str().unwrap())).await;
    let headers = full["payload"]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!({ "name": "Subject", "value": "café" })), "{full}");
    assert!(headers.contains(&json!({ "name": "From", "value": "ada@sandbox.example" })));
    assert_eq!(full["payload"]["mimeType"], "text/plain");
    assert_eq!(full["payload"]["body"]["data"], raw("See you there.\r\n"));
    assert_eq!(full["snippet"], "See you there.");

    let arrived = grace.get("messages?q=from:ada&labelIds=INBOX&labelIds=UNREAD").await;
    let id = arrived["messages"][0]["id"].as_str().unwrap();
    let copy = grace.get(&format!("messages/{id}?format=metadata&metadataHeaders=bcc")).await;
    assert_eq!(copy["payload"]["headers"], json!([]));
    let answer = "To: ada@sandbox.example\r\nSubject: Re\r\n\r\nYes";
    let thread = arrived["messages"][0]["threadId"].clone();
    let answer =
        grace.post("messages/send", json!({ "raw": raw(answer), "threadId": thread })).await;
    assert_eq!(answer["threadId"], thread);
    let thread = grace.get(&format!("threads/{}", thread.as_str().unwrap())).await;
    assert_eq!(thread["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_letter_to_oneself_is_one_letter() {
    let world = World::new().await;
    let ada = Mailbox::open(&world, "ada@sandbox.example", MODIFY).await;

    let body = json!({ "raw": raw("To: ada@sandbox.example\r\n\r\nnote") });
    let sent = ada.post("messages/send", body).await;

    assert_eq!(sent["labelIds"], json!(["UNREAD", "SENT", "INBOX"]));
    assert_eq!(ada.get("profile").await["messagesTotal"], 4);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_as_google_does() {
    let world = World::new().await;
    let ada = Mailbox::open(&world, "ada@sandbox.example", MODIFY).await;

    for (body, message) in [
        (json!({ "raw": "%%%" }), "Invalid value at 'message.raw'"),
        (json!({ "raw": raw("Subject: x\r\n\r\nx") }), "Recipient address required"),
        (json!({ "raw": raw("To: human\r\n\r\nx") }), "Invalid To header"),
        (json!({}), "'raw' RFC822 payload"),
    ] {
        let reply = ada.call("POST", "messages/send", body).await;
        let error = &reply.json()["error"];
        assert_eq!(reply.status, 400);
        assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
        assert_eq!(error["status"], "INVALID_ARGUMENT");
        assert_eq!(error["errors"][0]["reason"], "invalidArgument");
    }
    let lost = ada.call("GET", "messages/ffff", Value::Null).await;
    assert_eq!((lost.status, &lost.json()["error"]["status"]), (404, &"NOT_FOUND".into()));
}

#[tokio::test]
async fn scopes_decide_what_may_be_done() {
    let world = World::new().await;
    let send = "openid https://www.googleapis.com/auth/gmail.send";
    let sender = Mailbox::open(&world, "ada@sandbox.example", send).await;
    let modifier = Mailbox::open(&world, "ada@sandbox.example", MODIFY).await;

    sender.post("messages/send", json!({ "raw": raw(LETTER) })).await;
    let refused = sender.call("GET", "messages", Value::Null).await;
    let id = modifier.get("messages").await["messages"][0]["id"].as_str().unwrap().to_owned();
    let kept = modifier.call("DELETE", &format!("messages/{id}"), Value::Null).await;
    let foreign = world
        .send("GET", "/gmail/gmail/v1/users/eve%40x.example/profile", &[&modifier.bearer], "")
        .await;

    let error = &refused.json()["error"];
    assert_eq!((refused.status, kept.status, foreign.status), (403, 403, 403));
    assert_eq!(error["status"], "PERMISSION_DENIED");
    assert_eq!(error["errors"][0]["reason"], "insufficientPermissions");
    let nobody = world.get("/gmail/gmail/v1/users/me/profile").await;
    assert_eq!(
        (nobody.status, &nobody.json()["error"]["status"]),
        (401, &"UNAUTHENTICATED".into())
    );
}

#[tokio::test]
async fn a_composer_sees_its_drafts_and_nothing_else() {
    let world = World::new().await;
    let compose = "https://www.googleapis.com/auth/gmail.compose";
    let ada = Mailbox::open(&world, "ada@sandbox.example", compose).await;

    let draft = ada.post("drafts", json!({ "message": { "raw": raw(LETTER) } })).await;
    let shown = ada.get(&format!("drafts/{}", draft["id"].as_str().unwrap())).await;

    assert_eq!(shown["message"]["payload"]["mimeType"], "text/plain");
    assert_eq!(ada.call("GET", "messages", Value::Null).await.status, 403);
}

#[tokio::test]
async fn labels_trash_and_deletion_work() {
    let world = World::new().await;
    let ada =
        Mailbox::open(&world, "ada@sandbox.example", &format!("{MODIFY} https://mail.google.com/"))
            .await;
    let id = ada.get("messages?q=subject:lunch").await["messages"][0]["id"].clone();
    let id = id.as_str().unwrap();

    let label = ada.post("labels", json!({ "name": "To do" })).await;
    let body = json!({ "addLabelIds": [label["id"], "STARRED"], "removeLabelIds": ["UNREAD"] });
    let changed = ada.post(&format!("messages/{id}/modify"), body).await;

    assert_eq!(changed["labelIds"], json!(["INBOX", "IMPORTANT", label["id"], "STARRED"]));
    assert_eq!(ada.get("messages?q=label:to-do").await["messages"][0]["id"], id);
    assert_eq!(ada.get("labels").await["labels"].as_array().unwrap().len(), 15);
    let again = ada.call("POST", "labels", json!({ "name": "to DO" })).await;
    assert_eq!(again.status, 409);
    let odd = json!({ "addLabelIds": ["Label_99"] });
    assert_eq!(ada.call("POST", &format!("messages/{id}/modify"), odd).await.status, 400);
    ada.post(&format!("messages/{id}/trash"), Value::Null).await;
    assert_eq!(ada.get("messages?q=lunch").await, json!({ "resultSizeEstimate": 0 }));
    assert_eq!(ada.get("messages?q=lunch+in:trash").await["resultSizeEstimate"], 1);
    ada.post(&format!("messages/{id}/untrash"), Value::Null).await;
    let gone = ada.call("DELETE", &format!("messages/{id}"), Value::Null).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(ada.call("GET", &format!("messages/{id}"), Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_draft_waits_until_it_is_sent() {
    let world = World::new().await;
    let ada = Mailbox::open(&world, "ada@sandbox.example", MODIFY).await;

    let draft =
        ada.post("drafts", json!({ "message": { "raw": raw("Subject: x\r\n\r\none") } })).await;
    let id = draft["id"].as_str().unwrap();

    assert_eq!(ada.get("drafts").await["drafts"][0]["id"], id);
    let unfit = ada.call("POST", "drafts/send", json!({ "id": id })).await;
    assert_eq!(unfit.json()["error"]["message"], "Recipient address required");
    let better = json!({ "message": { "raw": raw(LETTER) } });
    assert_eq!(ada.call("PUT", &format!("drafts/{id}"), better).await.status, 200);
    let shown = ada.get(&format!("drafts/{id}?format=minimal")).await;
    assert_eq!(shown["message"]["labelIds"], json!(["DRAFT"]));
    let sent = ada.post("drafts/send", json!({ "id": id })).await;
    assert_eq!(sent["labelIds"], json!(["SENT"]));
    assert_eq!(sent["threadId"], draft["message"]["threadId"]);
    assert_eq!(ada.get("drafts").await, json!({ "resultSizeEstimate": 0 }));
    assert_eq!(ada.call("DELETE", &format!("drafts/{id}"), Value::Null).await.status, 404);
}

#[tokio::test]
async fn an_attachment_can_be_fetched() {
    let world = World::new().await;
    let ada = Mailbox::open(&world, "ada@sandbox.example", MODIFY).await;
    let found = ada.get("messages?q=invoice").await["messages"][0]["id"].clone();
    let id = found.as_str().unwrap();

    let parts = ada.get(&format!("messages/{id}")).await["payload"]["parts"].clone();
    let token = parts[1]["body"]["attachmentId"].as_str().unwrap();
    let bytes = ada.get(&format!("messages/{id}/attachments/{token}")).await;

    assert_eq!(parts[1]["filename"], "invoice-2041.csv");
    assert_eq!(parts[1]["partId"], "1");
    let text = URL_SAFE.decode(bytes["data"].as_str().unwrap()).unwrap();
    assert!(text.starts_with(b"item,quantity,price"));
    assert_eq!(bytes["size"], text.len());
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    let world = World::new().await;
    let ada = Mailbox::open(&world, "ada@sandbox.example", MODIFY).await;

    for kind in ["messages", "threads"] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let page = ada.get(&format!("{kind}?maxResults=2{token}")).await;
            seen.extend(page[kind].as_array().unwrap().iter().map(|one| one["id"].to_string()));
            match page["nextPageToken"].as_str() {
                Some(next) => token = format!("&pageToken={next}"),
                None => break,
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((all, seen.len()), (3, 3), "{kind}");
    }
}

#[tokio::test]
async fn any_bearer_opens_a_served_sandbox() {
    let world = World::with(true).await;
    let path = "/gmail/gmail/v1/users/me/profile";

    let reply = world.send("GET", path, &["Authorization: Bearer whatever"], "").await;

    assert_eq!(reply.json()["emailAddress"], "you@sandbox.example");
}
