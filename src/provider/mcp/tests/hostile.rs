//! Servers that answer what no server should.

use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Serves the same bytes to whoever comes, and closes the connection after them.
async fn raw(bytes: &'static str) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap_or_default();
            assert!(read > 0);
            stream.write_all(bytes.as_bytes()).await.unwrap();
        }
    });
    url
}

/// A body that never ends.
fn endless(first: &'static str) -> Body {
    let more = stream::repeat_with(|| Bytes::from(vec![b'x'; 65_536]));
    let all = stream::once(async move { Bytes::from_static(first.as_bytes()) }).chain(more);
    Body::from_stream(all.map(Ok::<_, std::io::Error>))
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
    let times = Times { first: Duration::from_millis(50), ..PATIENT };

    let opened = open_within(&Arc::new(Http::new(false)), &place(&url), None, times).await;

    let Err(Trouble::Failed(failure)) = opened else { panic!("it answers") };
    assert_eq!(failure.fate, Fate::NotSent);
    assert_eq!(failure.error.reason.as_deref(), Some(TOO_SLOW));
}

#[tokio::test]
async fn a_tool_that_says_nothing_is_given_up_and_in_doubt() {
    let url = calling(|_| {
        typed(
            200,
            "text/event-stream",
            Body::from_stream(stream::pending::<std::io::Result<Bytes>>()),
        )
    })
    .await;
    let session =
        opened_with(&url, None, Times { quiet: Duration::from_millis(50), ..PATIENT }).await;

    let failure = failure_of(&session, "echo").await;

    assert_eq!(failure.fate, Fate::Unknown);
    assert_eq!(failure.error.reason.as_deref(), Some(TOO_SLOW));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_and_in_doubt() {
    for kind in ["application/json", "text/event-stream"] {
        let url = calling(move |_| typed(200, kind, endless("data: {"))).await;
        let session = opened(&url).await;

        let failure = failure_of(&session, "echo").await;

        assert_eq!(failure.fate, Fate::Unknown, "{kind}: {failure:?}");
        assert!(failure.error.message.ends_with("answered more than 8 MiB"), "{kind}: {failure:?}");
    }
}

#[tokio::test]
async fn a_server_that_only_says_that_it_heard_is_refused() {
    let session = opened(&calling(|_| typed(202, "text/plain", "")).await).await;

    let failure = failure_of(&session, "echo").await;

    assert_eq!(failure.fate, Fate::Unknown);
    assert_eq!(failure.error.reason.as_deref(), Some(NO_MCP));
}

#[tokio::test]
async fn a_server_that_lies_about_the_size_is_refused() {
    let long = raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n{}").await;
    let short = raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n{\"jsonrpc\"").await;

    for url in [long, short] {
        let trouble = unopened(&url).await;

        assert!(matches!(trouble, Trouble::Failed(_)), "{}", shown(&trouble));
    }
}

#[tokio::test]
async fn what_is_no_answer_of_the_protocol_is_refused_and_in_doubt() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "not json",
        r#"{"jsonrpc":"2.0","id":999,"result":{"content":[]}}"#,
        r#"{"jsonrpc":"1.0","id":1,"result":{"content":[]}}"#,
        r#"{"jsonrpc":"2.0","method":"ping"}"#,
    ] {
        let in_json = calling(move |_| typed(200, "application/json", body)).await;
        let in_event =
            calling(move |_| typed(200, "text/event-stream", format!("data: {body}\n\n"))).await;
        for url in [in_json, in_event] {
            let session = opened(&url).await;

            let failure = failure_of(&session, "echo").await;

            assert_eq!(failure.fate, Fate::Unknown, "{body}");
            assert_eq!(failure.error.code, Code::ProviderError);
        }
    }
}

#[tokio::test]
async fn a_page_for_people_is_no_server() {
    let page = "<html><script>alert(1)</script></html>";
    let url = scripted(move |_, _, _| typed(200, "text/html; charset=utf-8", page)).await;

    let Trouble::Failed(failure) = unopened(&url).await else { panic!("it is a refusal") };

    let error = failure.error;
    assert!(
        error.message.ends_with("answers in `text/html`, and not in JSON or events"),
        "{error}"
    );
    assert_eq!(error.reason.as_deref(), Some(NO_MCP));
}

#[tokio::test]
async fn a_stream_that_ends_without_an_answer_leaves_the_call_in_doubt_and_is_not_sent_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let url = calling(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        typed(200, "text/event-stream", ": nothing\n\n")
    })
    .await;
    let session = opened(&url).await;

    let failure = failure_of(&session, "echo").await;

    assert_eq!((failure.fate, calls.load(Ordering::SeqCst)), (Fate::Unknown, 1));
}

#[tokio::test]
async fn a_stream_that_is_taken_up_in_vain_is_given_up() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    let url = scripted(move |method, _, message| {
        if method == "GET" {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        if method == "GET" || message["method"] == "tools/call" {
            return typed(200, "text/event-stream", "id: 1\nretry: 0\ndata: \n\n");
        }
        usual(&message)
    })
    .await;
    let session = opened(&url).await;

    let failure = failure_of(&session, "echo").await;

    assert_eq!((failure.fate, visits.load(Ordering::SeqCst)), (Fate::Unknown, 100));
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    let inside = scripted(move |_, _, message| {
        counted.fetch_add(1, Ordering::SeqCst);
        usual(&message)
    })
    .await;
    for target in [inside.to_string(), "http://169.254.169.254/latest".to_owned()] {
        let there = target.clone();
        let url = scripted(move |_, _, _| {
            let mut answer = typed(307, "text/plain", "");
            answer.headers_mut().insert("location", there.parse().unwrap());
            answer
        })
        .await;

        let Trouble::Failed(failure) = unopened(&url).await else { panic!("it is a refusal") };

        assert_eq!(failure.error.reason.as_deref(), Some("redirected"));
        let hint = failure.error.hint.unwrap_or_default();
        assert_eq!(hint.contains(&target), target.contains("127.0.0.1"), "{hint}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_server_that_asks_without_end_is_given_up() {
    let url = calling(|message| {
        result(message, json!({"resultType": "input_required", "requestState": "again"}))
    })
    .await;
    let session = opened(&url).await;

    let failure = failure_of(&session, "echo").await;

    assert_eq!(failure.fate, Fate::Unknown);
    assert!(failure.error.message.ends_with("asks for more and more"), "{failure:?}");
}

#[tokio::test]
async fn a_server_is_given_no_model_and_no_files() {
    let url = calling(|message| {
        let request =
            json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}});
        result(message, json!({"resultType": "input_required", "inputRequests": {"a": request}}))
    })
    .await;
    let session = opened(&url).await;

    let failure = failure_of(&session, "echo").await;

    assert_eq!(failure.fate, Fate::Refused);
    assert_eq!(failure.error.reason.as_deref(), Some("not_offered"));
}
