//! Lists that come in pages, files that go out and come in, keys of calls that come again.

use serde_json::{Value, json};

use crate::app::{App, KEY, PAY};
use crate::support::{Naive, Received};

/// Tools that page, upload, download and honour a key.
const TOOLS: &str = r#"
[[tools]]
slug = "ACME_LIST"
name = "List"
description = "List things"
request = "GET /list"
effect = "read"
page = { items = "/things", next = "/next", input = "cursor" }
[tools.input]
type = "object"
properties = { cursor = { type = "integer" } }

[[tools]]
slug = "ACME_UPLOAD"
name = "Upload"
description = "Upload a file"
request = "POST /files"
effect = "write"
body = "multipart"
[tools.input]
type = "object"
required = ["file"]
properties = { title = { type = "string" }, file = { type = "object", format = "file" } }

[[tools]]
slug = "ACME_DOWNLOAD"
name = "Download"
description = "Download a file"
request = "GET /files/{id}"
effect = "read"
download = true
[tools.input]
type = "object"
required = ["id"]
properties = { id = { type = "string" } }
"#;

/// The app with these tools beside its usual ones, connected.
fn acme(answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static) -> App {
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "key-of-the-test");
    let app = App::on(naive, &format!("{KEY}{TOOLS}{PAY}"), answer);
    drop(app.naive.run("connections connect acme").exits(0));
    app
}

/// Answers pages of two things each, up to the eighth thing.
fn pages(request: &Received) -> Option<(u16, String)> {
    let rest = request.path.strip_prefix("/list")?;
    let from: u64 = rest.strip_prefix("?cursor=").map_or(0, |from| from.parse().unwrap());
    let next = if from < 6 { json!(from + 2) } else { Value::Null };
    Some((200, json!({ "things": [from, from + 1], "next": next, "total": 8 }).to_string()))
}

#[test]
fn all_pages_become_one_list_in_the_apps_own_shape() {
    let app = acme(pages);

    let one = app.execute("ACME_LIST").exits(0).json();
    let all = app.execute("ACME_LIST --all").exits(0).json();

    assert_eq!(one["result"]["data"]["things"], json!([0, 1]));
    let expected = json!({ "things": [0, 1, 2, 3, 4, 5, 6, 7], "next": null, "total": 8 });
    assert_eq!(all["result"]["data"], expected);
    assert_eq!(all["result"].get("hint"), None);
}

#[test]
fn as_many_items_come_as_were_asked_for_and_the_rest_is_announced() {
    let app = acme(pages);

    let run = app.execute("ACME_LIST --all --max-items 3").exits(0).json();

    assert_eq!(run["result"]["data"]["things"], json!([0, 1, 2]));
    assert_eq!(run["hints"][0], "there is more than these 3 items: raise `--max-items`");
    assert_eq!(app.upstream.received().len(), 2);
}

#[test]
fn a_page_that_fails_keeps_what_came_before() {
    let app = acme(|request| match request.path.as_str() {
        "/list?cursor=4" => Some((403, json!({ "message": "no more" }).to_string())),
        _ => pages(request),
    });

    let run = app.execute("ACME_LIST --all").exits(1).json();

    assert_eq!(run["error"]["message"], "no more (403)");
    assert_eq!(run["result"]["data"]["things"], json!([0, 1, 2, 3]));
}

#[test]
fn an_app_that_pages_in_circles_is_left_at_the_limit() {
    let app = acme(|request| {
        let number = request.path.len() % 2;
        let page = json!({ "things": [1], "next": number + 1 });
        request.path.starts_with("/list").then(|| (200, page.to_string()))
    });

    let run = app.execute("ACME_LIST --all --max-items 5").exits(0).json();

    assert!(run["result"]["data"]["things"].as_array().unwrap().len() <= 5);
}

#[test]
fn an_app_whose_pages_go_around_in_a_circle_gives_no_item_twice() {
    let app = acme(|request| {
        let (things, next) = match request.path.as_str() {
            "/list" => (json!([1]), 1),
            "/list?cursor=1" => (json!([2]), 2),
            "/list?cursor=2" => (json!([3]), 1),
            _ => return None,
        };
        Some((200, json!({ "things": things, "next": next }).to_string()))
    });

    let run = app.execute("ACME_LIST --all").exits(0).json();

    assert_eq!(run["result"]["data"]["things"], json!([1, 2, 3]));
    let hint = run["hints"][0].as_str().unwrap();
    assert!(hint.starts_with("the app leads from page to page in a circle"), "{hint}");
    assert_eq!(app.upstream.received().len(), 3);
}

#[test]
fn a_tool_without_pages_has_no_all() {
    let app = acme(|_| None);

    let run = app.execute("ACME_READ --all").exits(1).json();
    let usage = app.execute("ACME_LIST --max-items 3").exits(2).json();

    assert_eq!(run["error"]["message"], "`ACME_READ` does not answer in pages");
    assert_eq!(usage["error"]["code"], "invalid_input");
    assert!(app.upstream.received().is_empty());
}

#[test]
fn a_file_goes_out_as_a_part_and_comes_in_byte_for_byte() {
    let bytes: &[u8] = b"\x00\x01\xff\r\n--naive";
    let app = acme(|request| match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/files") => Some((201, json!({ "id": "f1" }).to_string())),
        ("GET", "/files/f1") => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\nconnection: close\r\ncontent-length: 4\r\n\r\na,b\n";
            Some((200, head.to_owned()))
        }
        _ => None,
    });
    std::fs::write(app.naive.home().join("photo.png"), bytes).unwrap();

    let args = "{\"title\": \"Hi\", \"file\": \"@photo.png\"}";
    let up = app.naive.with("connections execute acme ACME_UPLOAD --args", &[args]).exits(0);
    let line = "connections execute acme ACME_DOWNLOAD --args {\"id\":\"f1\"}";
    let shown = app.naive.run(line).exits(0).json();
    let saved = app.naive.run(&format!("{line} --output-file out.csv")).exits(0).json();

    assert_eq!(up.json()["result"]["data"]["id"], "f1");
    let sent = &app.upstream.received()[0];
    assert!(sent.headers["content-type"].starts_with("multipart/form-data; boundary=naive-"));
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"photo.png\"\r\nContent-Type: image/png\r\n\r\n";
    assert!(sent.body.contains(head), "{}", sent.body);
    assert!(sent.body.contains("name=\"title\"\r\n\r\nHi\r\n"));
    let file = json!({ "mime_type": "text/csv", "size": 4, "text": "a,b\n" });
    assert_eq!(shown["result"]["file"], file);
    let file = json!({ "mime_type": "text/csv", "size": 4, "path": "out.csv" });
    assert_eq!(saved["result"]["file"], file);
    assert_eq!(std::fs::read(app.naive.home().join("out.csv")).unwrap(), b"a,b\n");
}

#[test]
fn an_answer_that_cannot_be_kept_is_not_asked_for() {
    let app = acme(|_| None);

    for path in ["missing/out.json", ".", "/"] {
        let line = format!("connections execute acme ACME_WRITE --output-file {path}");
        let run = app.naive.run(&line).exits(2).json();
        assert_eq!(run["error"]["code"], "invalid_input", "{path}");
    }
    assert!(app.upstream.received().is_empty());
}

#[test]
fn an_answer_that_is_no_file_is_saved_as_json_and_a_refusal_leaves_no_file() {
    let app = acme(|request| {
        (request.path == "/list").then(|| (404, json!({ "message": "none" }).to_string()))
    });

    drop(app.execute("ACME_READ --output-file out.json").exits(0));
    drop(app.execute("ACME_LIST --output-file none.json").exits(1));

    let home = app.naive.home();
    let saved: Value =
        serde_json::from_slice(&std::fs::read(home.join("out.json")).unwrap()).unwrap();
    assert_eq!(saved, json!({ "done": true }));
    let left: Vec<_> =
        std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!left.iter().any(|path| path.ends_with("none.json")), "{left:?}");
    assert!(!left.iter().any(|path| path.to_string_lossy().contains("/.tmp")), "{left:?}");
}

#[test]
fn a_key_of_the_callers_own_reaches_the_app_and_stays_the_same_on_a_second_try() {
    let app = acme(|request| (request.path == "/payments").then(|| (503, String::new())));

    let run = app.execute("ACME_PAY --idempotency-key order-1").exits(7);

    assert_eq!(run.json()["error"]["code"], "outcome_unknown");
    let keys: Vec<_> = app
        .upstream
        .received()
        .iter()
        .map(|request| request.headers["idempotency-key"].clone())
        .collect();
    assert_eq!(keys, ["order-1"; 3]);
}

#[test]
fn a_key_that_is_none_is_refused() {
    let app = acme(|_| None);

    let run = app.naive.with("connections execute acme ACME_PAY --idempotency-key", &["a b"]);

    assert_eq!(run.exits(2).json()["error"]["code"], "invalid_input");
    assert!(app.upstream.received().is_empty());
}

#[test]
fn an_app_that_asks_for_patience_gets_it_or_the_caller_is_told() {
    let wait = |seconds: u32| {
        format!(
            "HTTP/1.1 429 X\r\nretry-after: {seconds}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
    };
    let soon = std::sync::atomic::AtomicBool::new(true);
    let app = acme(move |request| match request.path.as_str() {
        "/things" => {
            let first = soon.swap(false, std::sync::atomic::Ordering::Relaxed);
            first.then(|| (429, wait(0)))
        }
        "/list" => Some((429, wait(3600))),
        _ => None,
    });

    drop(app.execute("ACME_READ").exits(0));
    let run = app.execute("ACME_LIST").exits(1).json();

    assert_eq!(run["error"]["code"], "rate_limited");
    assert_eq!(run["error"]["hint"], "wait 3600 s, then run it again");
    assert_eq!(app.calls("GET", "/things").len(), 2);
    assert_eq!(app.calls("GET", "/list").len(), 1);
}

#[test]
fn an_app_that_is_not_configured_is_not_suggested() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");

    let run = naive.run("connections list --search news").exits(0).json();

    assert_eq!(run["next_steps"][0]["command"], "naive connections connect hackernews");
}
