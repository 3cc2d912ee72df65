//! Servers that say no, in the words of HTTP or in their own.

use super::*;

const CHALLENGE: &str = r#"Bearer resource_metadata="https://a.example/x", scope="read""#;

fn challenged(status: u16) -> Answer {
    let mut answer = typed(status, "application/json", r#"{"error":"no"}"#);
    answer.headers_mut().insert("www-authenticate", CHALLENGE.parse().unwrap());
    answer
}

fn challenge(answer: &Response) -> &str {
    answer.headers.get("www-authenticate").unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_challenge_comes_back_whenever_it_meets_us() {
    for status in [401, 403] {
        let at_once = scripted(move |_, _, _| challenged(status)).await;
        let Trouble::Refused(answer) = unopened(&at_once).await else { panic!("it is a failure") };
        assert_eq!((answer.status, challenge(&answer)), (status, CHALLENGE));

        let at_the_list = scripted(move |_, _, message| match message["method"].as_str() {
            Some("tools/list") => challenged(status),
            _ => usual(&message),
        })
        .await;
        let session = opened(&at_the_list).await;
        let Err(Trouble::Refused(answer)) = session.tools().await else { panic!("it lists") };
        assert_eq!((answer.status, challenge(&answer)), (status, CHALLENGE));

        let session = opened(&calling(move |_| challenged(status)).await).await;
        let answer = session.call("echo", Map::new()).await.unwrap();
        assert_eq!((answer.status, challenge(&answer)), (status, CHALLENGE));
    }
}

#[tokio::test]
async fn an_error_of_the_protocol_is_an_answer_with_a_status() {
    for (code, status) in [
        (-32601, 404),
        (-32602, 400),
        (-32600, 400),
        (-32603, 500),
        (-32001, 500),
        (-32042, 400),
        (7, 422),
    ] {
        for http in [200, 400] {
            let url = calling(move |message| {
                let error = json!({"code": code, "message": "no", "data": {"why": 1}});
                let error = json!({"jsonrpc": "2.0", "id": message["id"], "error": error});
                typed(http, "application/json", error.to_string())
            })
            .await;
            let session = opened(&url).await;

            let (answered, body) = answer_of(&session, "echo").await;

            assert_eq!(answered, status, "{code}");
            assert_eq!(body, json!({"error": {"code": code, "message": "no", "data": {"why": 1}}}));
        }
    }
}

#[tokio::test]
async fn a_failing_gateway_is_told_by_its_status() {
    for status in [429, 500, 502, 503] {
        let url = calling(move |_| typed(status, "text/html", "<html>oops</html>")).await;
        let session = opened(&url).await;

        let (answered, _) = answer_of(&session, "echo").await;

        assert_eq!(answered, status);
    }
}

#[tokio::test]
async fn nothing_is_sent_where_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);

    let Trouble::Failed(failure) = unopened(&url).await else { panic!("somebody refuses") };

    assert_eq!(failure.fate, Fate::NotSent);
    assert_eq!(failure.error.reason.as_deref(), Some("connection_refused"));
}

#[tokio::test]
async fn a_server_that_says_yes_to_every_question_is_asked_as_one_did_before() {
    let url = scripted(|_, _, message| match message["method"].as_str() {
        Some("server/discover") => result(&message, json!({})),
        Some("initialize") => {
            let about = json!({"name": "yes", "version": "1"});
            result(
                &message,
                json!({"protocolVersion": "2025-03-26", "capabilities": {}, "serverInfo": about}),
            )
        }
        _ => usual(&message),
    })
    .await;

    let session = opened(&url).await;

    assert_eq!(answer_of(&session, "echo").await.0, 200);
}

#[tokio::test]
async fn a_lost_session_is_told_and_the_call_is_sent_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let url = scripted(move |_, _, message| match message["method"].as_str() {
        Some("server/discover") => typed(400, "text/plain", "Bad Request: no session"),
        Some("initialize") => {
            let about = json!({"name": "old", "version": "1"});
            let answer = json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": about});
            let mut answer = result(&message, answer);
            answer.headers_mut().insert("mcp-session-id", "abc".parse().unwrap());
            answer
        }
        Some("tools/call") => {
            counted.fetch_add(1, Ordering::SeqCst);
            typed(404, "application/json", "{}")
        }
        _ => typed(202, "text/plain", ""),
    })
    .await;
    let session = opened(&url).await;

    let failure = failure_of(&session, "echo").await;

    assert_eq!((failure.fate, calls.load(Ordering::SeqCst)), (Fate::Refused, 1));
    assert_eq!(failure.error.reason.as_deref(), Some(super::super::wire::SESSION_LOST));
}

#[tokio::test]
async fn a_credential_that_is_echoed_is_masked() {
    let url = calling(|message| {
        let text = json!({"type": "text", "text": "your token is CANARY-token-123"});
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": {"content": [text]}});
        typed(200, "text/event-stream", format!("data: {answer}\n\n"))
    })
    .await;
    let Place::Http(request) = place(&url) else { panic!("this is an address") };
    let request = request.bearer(&"CANARY-token-123".into()).unwrap();
    let http = Arc::new(Http::new(false));
    let session = open_within(&http, &Place::Http(Box::new(request)), None, PATIENT).await;

    let session = session.unwrap_or_else(|trouble| panic!("{}", shown(&trouble)));
    let answer = session.call("echo", Map::new()).await.unwrap();

    assert!(!String::from_utf8(answer.body).unwrap().contains("CANARY"));
}
