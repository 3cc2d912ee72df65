//! Servers that speak as they should, of either era.

use tokio::sync::mpsc;

use super::*;
use crate::api::asking::{Answer as Reply, Form, Said};

/// Lists and calls the tools of a server, as one would in either era.
async fn goes_round(versions: &'static [ProtocolVersion]) {
    let tooled = Tooled::new(versions);
    let url = served(tooled.clone()).await;
    let session = opened(&url).await;

    let tools = session.tools().await.unwrap_or_else(|trouble| panic!("{}", shown(&trouble)));
    let arguments = Map::from_iter([("a".to_owned(), json!("b"))]);
    let echoed = session.call("echo", arguments).await.unwrap();
    let failed = answer_of(&session, "fail").await;
    let unknown = answer_of(&session, "nothing").await;
    session.close().await;

    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["echo", "count", "ask", "fail"]);
    assert_eq!((echoed.status, echoed.is_broken()), (200, false));
    assert_eq!(echoed.json().unwrap()["content"][0]["text"], r#"{"a":"b"}"#);
    assert_eq!((failed.0, &failed.1["isError"]), (200, &json!(true)));
    assert_eq!((unknown.0, &unknown.1["error"]["code"]), (400, &json!(-32602)));
    assert_eq!(tooled.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_server_of_the_newest_revision_is_listed_and_called() {
    goes_round(NEW).await;
}

#[tokio::test]
async fn a_server_with_sessions_is_listed_and_called() {
    goes_round(OLD).await;
}

/// Calls a tool that asks, and answers with `reply`.
async fn asked(versions: &'static [ProtocolVersion], reply: Reply) -> (u16, Value) {
    let url = served(Tooled::new(versions)).await;
    let (voice, mut heard) = mpsc::unbounded_channel();
    let session = opened_with(&url, Some(voice), PATIENT).await;

    let person = async {
        let Some(Said::Question(question)) = heard.recv().await else { panic!("nobody asks") };
        assert_eq!(question.message, "Who are you?");
        assert!(matches!(question.form, Form::Fields(_)));
        question.answer.send(reply).unwrap();
    };
    let (answer, ()) = tokio::join!(answer_of(&session, "ask"), person);
    session.close().await;
    answer
}

#[tokio::test]
async fn a_question_reaches_the_person_and_the_answer_the_tool() {
    for versions in [NEW, OLD] {
        let ann = Map::from_iter([("name".to_owned(), json!("Ann"))]);

        let (status, answer) = asked(versions, Reply::Accept(ann)).await;
        assert_eq!((status, &answer["content"][0]["text"]), (200, &json!(r#""accept" "Ann""#)));

        let (status, answer) = asked(versions, Reply::Decline).await;
        assert_eq!((status, &answer["content"][0]["text"]), (200, &json!(r#""decline" null"#)));
    }
}

#[tokio::test]
async fn where_nobody_is_at_a_terminal_a_question_is_declined() {
    for versions in [NEW, OLD] {
        let url = served(Tooled::new(versions)).await;
        let session = opened(&url).await;

        let answer = session.call("ask", Map::new()).await;

        // Some servers refuse to ask whoever has not said that they answer.
        if let Ok(answer) = answer {
            let text = String::from_utf8(answer.body).unwrap();
            assert!(answer.status >= 400 || text.contains("decline"), "{text}");
        }
    }
}

#[tokio::test]
async fn progress_is_told_clean() {
    for versions in [NEW, OLD] {
        let url = served(Tooled::new(versions)).await;
        let (voice, mut heard) = mpsc::unbounded_channel();
        let session = opened_with(&url, Some(voice), PATIENT).await;

        let (status, _) = answer_of(&session, "count").await;
        let told = heard.recv().await;

        assert_eq!(status, 200);
        let Some(Said::Progress { done, total, message }) = told else { panic!("{told:?}") };
        assert_eq!(
            (done.to_string().as_str(), total.map(|total| total.to_string())),
            ("2", Some("2".to_owned()))
        );
        assert_eq!(message.as_deref(), Some("half\\u{1b}[31m"));
    }
}

#[tokio::test]
async fn several_calls_run_at_once_and_each_gets_its_own_answer() {
    let url = served(Tooled::new(OLD)).await;
    let session = opened(&url).await;
    let call = |at: usize| {
        let arguments = Map::from_iter([("at".to_owned(), json!(at))]);
        session.call("echo", arguments)
    };

    let answers = futures_util::future::join_all((0..20).map(call)).await;

    for (at, answer) in answers.into_iter().enumerate() {
        let text = answer.unwrap().json().unwrap()["content"][0]["text"].clone();
        assert_eq!(text, format!(r#"{{"at":{at}}}"#));
    }
}

#[tokio::test]
async fn content_that_nobody_knows_yet_is_handed_on_as_it_is() {
    let url = calling(|message| {
        result(
            message,
            json!({"resultType": "complete", "content": [{"type": "hologram", "data": "x"}]}),
        )
    })
    .await;
    let session = opened(&url).await;

    let (status, answer) = answer_of(&session, "echo").await;

    assert_eq!((status, &answer["content"][0]["type"]), (200, &json!("hologram")));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_taken_up_again_and_the_call_is_not() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let url = scripted(move |method, headers, message| {
        if method == "GET" {
            let last = headers.get("last-event-id").unwrap().to_str().unwrap();
            let answer = json!({"jsonrpc": "2.0", "id": last.parse::<u64>().unwrap(), "result": {"content": []}});
            return typed(200, "text/event-stream", format!("id: 9\ndata: {answer}\n\n"));
        }
        if message["method"] == "tools/call" {
            counted.fetch_add(1, Ordering::SeqCst);
            let event = format!("id: {}\nretry: 1\ndata: \n\n", message["id"]);
            return typed(200, "text/event-stream", event);
        }
        usual(&message)
    })
    .await;
    let session = opened(&url).await;

    let (status, _) = answer_of(&session, "echo").await;

    assert_eq!((status, calls.load(Ordering::SeqCst)), (200, 1));
}

#[tokio::test]
async fn what_stands_in_headers_is_learnt_when_the_server_misses_it() {
    let url = scripted(|_, headers, message| match message["method"].as_str() {
        Some("tools/list") => {
            let region = json!({"type": "string", "x-mcp-header": "Region"});
            let schema = json!({"type": "object", "properties": {"region": region}});
            let tool = json!({"name": "echo", "inputSchema": schema});
            result(&message, json!({"resultType": "complete", "tools": [tool]}))
        }
        Some("tools/call") if headers.get("mcp-param-region").is_none() => {
            let error = json!({"code": -32020, "message": "a header is missing"});
            let error = json!({"jsonrpc": "2.0", "id": message["id"], "error": error});
            typed(400, "application/json", error.to_string())
        }
        _ => usual(&message),
    })
    .await;
    let session = opened(&url).await;

    let arguments = Map::from_iter([("region".to_owned(), json!("eu"))]);
    let answer = session.call("echo", arguments).await.unwrap();

    assert_eq!(answer.status, 200);
}
