//! What the pages show, and what they do not.

use serde_json::json;

use super::{between, cast};

const PAGES: [&str; 10] = [
    "",
    "/history",
    "/connections",
    "/connections?user=alice",
    "/toolkits",
    "/trading",
    "/trading/authorize",
    "/kits",
    "/keys",
    "/logs",
];

#[tokio::test]
async fn every_page_is_whole_and_loads_nothing_from_elsewhere() {
    let cast = cast().await;
    cast.held_connect().await;

    for path in PAGES {
        let page = cast.get(path).await;

        let text = &page.text;
        assert_eq!(page.status, 200, "{path}: {text}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        for part in ["<h1", "<main", "<nav", "lang=\"en\"", "Skip to the content", "Sandbox"] {
            assert!(text.contains(part), "{path} has no {part}");
        }
        for inline in ["<style", " style=", " onclick", "<script>", "src=\"http", "\u{202e}"] {
            assert!(!text.contains(inline), "{path} has {inline}");
        }
        let labels = text.matches("<label").count();
        let fields = text.matches("<select").count() + text.matches("<input").count()
            - text.matches("type=\"hidden\"").count();
        assert!(labels >= fields, "{path}: {labels} labels for {fields} fields");
    }
    for asset in ["/style.css", "/live.js"] {
        assert_eq!(cast.get(asset).await.status, 200);
    }
}

#[tokio::test]
async fn what_others_write_stays_text_and_is_shown() {
    let cast = cast().await;
    let payload = json!({"note": "<img src=x onerror=alert(1)>\u{202e}\u{200b}", "a\"b<i>": [1, {"deep": null}]});
    let asked = json!({"title": "Deploy <b>now</b>", "payload": payload});
    let id = cast.held("approvals", asked).await;

    let inbox = cast.get("").await.text;
    let page = cast.get(&format!("/approvals/{id}")).await.text;

    for text in [&inbox, &page] {
        assert!(!text.contains("<img") && !text.contains("<b>now") && !text.contains("<i>"));
        assert!(!text.contains('\u{202e}') && !text.contains('\u{200b}'));
        assert!(text.contains("Deploy &lt;b&gt;now&lt;/b&gt;"), "{text}");
        assert!(text.contains(r"&lt;img src=x onerror=alert(1)&gt;<mark>\u{202e}\u{200b}</mark>"));
        assert!(text.contains(r"a\&quot;b&lt;i&gt;") && text.contains("null"));
        assert!(
            text.contains("the agent &quot;bot&quot;")
                && text.contains("the user &quot;alice&quot;")
        );
    }
    let log = cast.get("/logs?action=%3Cscript%3E&user=alice").await.text;
    assert!(log.contains("value=\"&lt;script&gt;\"") && !log.contains("<script>"));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let cast = cast().await;
    let nobody = "6e9f0e6c-0f0c-4a43-9d3f-6d9a0f0e6c6e";

    for path in [
        "/nowhere",
        "/approvals/x",
        &format!("/approvals/{nobody}"),
        "/connections?user=nobody",
        "/connections/gmail",
        "/connections/ca_x",
        "/trading?user=nobody",
        "/kits/none",
        "/logs?user=nobody",
    ] {
        let page = cast.get(path).await;
        assert_eq!(page.status, 404, "{path}: {}", page.text);
        assert!(page.text.contains("<h1>Not found</h1>"), "{}", page.text);
    }
    for path in ["/trading?env=moon", "/logs?before=x", "/history?cursor=x"] {
        assert_eq!(cast.get(path).await.status, 400, "{path}");
    }
    assert_eq!(cast.post("/toolkits/none/enable", &[]).await.status, 404);
    assert_eq!(cast.post("/keys/key_0/revoke", &[]).await.status, 404);
    assert_eq!(cast.post(&format!("/approvals/{nobody}/approve"), &[]).await.status, 404);
}

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let cast = cast().await;
    for _ in 0..60 {
        cast.done("toolkits.enable", json!({"toolkit": "gmail"})).await;
    }

    let first = cast.get("/logs?action=toolkits.enable").await.text;
    let older = between(&first, "<p class=\"pages\"><a class=\"button\" href=\"", "\"");
    let older = older.replace("&amp;", "&");
    let second = cast.get(older.strip_prefix("/dashboard").unwrap()).await.text;

    let rows = |text: &str| text.matches("<tr").count() - 1;
    assert_eq!((rows(&first), rows(&second)), (50, 10));
    assert!(!second.contains("class=\"pages\""));
}

#[tokio::test]
async fn an_empty_page_says_what_comes_next() {
    let cast = cast().await;

    let said = |text: &str, words: &str| assert!(text.contains(words), "{text}");

    said(&cast.get("").await.text, "Nothing waits for you.");
    said(&cast.get("/history").await.text, "Nothing is here.");
    said(&cast.get("/connections").await.text, "No app is connected yet.");
    said(&cast.get("/connections?search=zzz").await.text, "No app matches.");
    said(&cast.get("/toolkits?search=zzz").await.text, "No toolkit matches.");
    said(&cast.get("/trading").await.text, "Authorize naive");
    said(&cast.get("/logs?action=nothing").await.text, "No entry matches.");
}
