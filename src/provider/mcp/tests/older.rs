//! Servers of 2024-11-05: a stream of events, and messages posted beside it.

use std::sync::Mutex;

use axum::routing::{get, post};
use futures_util::stream;
use tokio::sync::mpsc;

use super::*;

/// Serves an older server: its stream begins with `first`, and a call that is posted gets the status `posted`.
async fn older(first: impl Into<String>, posted: u16) -> Url {
    let (events, stream) = mpsc::unbounded_channel();
    events.send(first.into()).unwrap();
    let stream = Arc::new(Mutex::new(Some(stream)));
    let streaming = move || async move {
        let Some(stream) = stream.lock().unwrap().take() else {
            return typed(409, "text/plain", "there is a stream already");
        };
        let body = stream::unfold(stream, |mut stream: mpsc::UnboundedReceiver<String>| async {
            stream.recv().await.map(|event| (Ok::<_, std::io::Error>(event), stream))
        });
        typed(200, "text/event-stream", Body::from_stream(body))
    };
    let posting = move |body: Bytes| async move {
        let message: Value = serde_json::from_slice(&body).unwrap();
        let about = json!({"name": "old", "version": "1"});
        let answer = match message["method"].as_str() {
            _ if message["id"].is_null() => return typed(202, "text/plain", "Accepted"),
            Some("initialize") => {
                json!({"protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": about})
            }
            Some("tools/list") => json!({"tools": [tool("echo")]}),
            _ if posted != 202 => return typed(posted, "text/plain", "no"),
            _ => json!({"content": [{"type": "text", "text": "old"}]}),
        };
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": answer});
        events.send(format!("event: message\ndata: {answer}\n\n")).unwrap();
        typed(202, "text/plain", "Accepted")
    };
    serve(Router::new().route("/mcp", get(streaming)).route("/messages", post(posting))).await
}

#[tokio::test]
async fn an_older_server_is_listed_and_called() {
    let url = older(": hello\n\nevent: endpoint\ndata: /messages?session=1\n\n", 202).await;
    let session = opened(&url).await;

    let tools = session.tools().await.unwrap_or_else(|trouble| panic!("{}", shown(&trouble)));
    let (status, answer) = answer_of(&session, "echo").await;
    session.close().await;

    assert_eq!(tools.len(), 1);
    assert_eq!((status, &answer["content"][0]["text"]), (200, &json!("old")));
}

#[tokio::test]
async fn what_an_older_server_does_not_take_is_told_by_its_status() {
    let url = older("event: endpoint\ndata: /messages\n\n", 401).await;
    let session = opened(&url).await;

    let (status, _) = answer_of(&session, "echo").await;

    assert_eq!(status, 401);
}

#[tokio::test]
async fn messages_are_never_posted_to_another_origin() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    let other = scripted(move |_, _, message| {
        counted.fetch_add(1, Ordering::SeqCst);
        usual(&message)
    })
    .await;
    for endpoint in [other.as_str(), "https://example.com/messages", "//127.0.0.1:1/", "file:///x"]
    {
        let url = older(format!("event: endpoint\ndata: {endpoint}\n\n"), 202).await;

        let Trouble::Failed(failure) = unopened(&url).await else { panic!("it is a refusal") };

        assert_eq!(failure.error.reason.as_deref(), Some("address_refused"), "{endpoint}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_stream_that_does_not_say_where_to_post_is_refused() {
    let url = older("event: ping\ndata: {}\n\n".repeat(100), 202).await;

    let Trouble::Failed(failure) = unopened(&url).await else { panic!("it is a refusal") };

    assert_eq!(failure.error.reason.as_deref(), Some(NO_MCP));
}

#[tokio::test]
async fn where_there_is_neither_the_first_answer_counts() {
    let url = scripted(|_, _, _| typed(404, "text/html", "<html>Not Found</html>")).await;

    let Trouble::Refused(answer) = unopened(&url).await else { panic!("it is a failure") };

    assert_eq!(answer.status, 404);
}
