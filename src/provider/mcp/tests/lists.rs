//! Lists of tools that are too long, go round or hold what is none.

use super::*;

async fn listing<F>(listed: F) -> Session
where
    F: Fn(&Value) -> Value + Clone + Send + Sync + 'static,
{
    let url = scripted(move |_, _, message| match message["method"].as_str() {
        Some("tools/list") => result(&message, listed(&message["params"]["cursor"])),
        _ => usual(&message),
    })
    .await;
    opened(&url).await
}

async fn refusal_of(session: &Session) -> String {
    match session.tools().await {
        Ok(tools) => panic!("{} tools", tools.len()),
        Err(Trouble::Refused(answer)) => panic!("it answers {}", answer.status),
        Err(Trouble::Failed(failure)) => {
            assert_eq!(failure.error.code, Code::ProviderError);
            failure.error.message
        }
    }
}

#[tokio::test]
async fn ten_thousand_tools_are_too_many() {
    let many = |count: usize| {
        move |_: &Value| {
            let tools: Vec<_> = (0..count).map(|at| tool(&format!("tool_{at}"))).collect();
            json!({"resultType": "complete", "tools": tools})
        }
    };

    let text = refusal_of(&listing(many(10_000)).await).await;
    let fits = listing(many(2_000)).await.tools().await;

    assert!(text.ends_with("offers more than 2000 tools"), "{text}");
    assert_eq!(fits.map(|tools| tools.len()).unwrap_or_default(), 2_000);
}

#[tokio::test]
async fn a_list_that_goes_round_or_never_ends_is_refused() {
    let round =
        listing(|_| json!({"resultType": "complete", "tools": [], "nextCursor": "a"})).await;
    let endless = listing(|cursor| {
        let next = cursor.as_str().unwrap_or_default().len() + 1;
        json!({"resultType": "complete", "tools": [], "nextCursor": "x".repeat(next)})
    })
    .await;
    let heavy = listing(|cursor| {
        let next = cursor.as_str().unwrap_or_default().len() + 1;
        let tool = json!({"name": format!("t{next}"), "description": "x".repeat(4 << 20), "inputSchema": {}});
        json!({"resultType": "complete", "tools": [tool], "nextCursor": "x".repeat(next)})
    })
    .await;

    assert!(refusal_of(&round).await.ends_with("lists its tools in circles"));
    assert!(refusal_of(&endless).await.ends_with("lists its tools on more than 200 pages"));
    assert!(refusal_of(&heavy).await.ends_with("describes its tools in more than 16 MiB"));
}

#[tokio::test]
async fn one_tool_that_is_none_does_not_spoil_the_list() {
    let session = listing(|_| {
        json!({"resultType": "complete", "tools": [tool("good"), {"name": "bad"}, 7, {"name": 7}]})
    })
    .await;

    let offered = session.tools().await.unwrap_or_default();
    let taken =
        taken(&"acme".parse().unwrap(), &offered, &crate::catalog::openapi::Kept::default());

    assert_eq!(taken.tools.len(), 1);
    assert_eq!(taken.left_out.len(), 3);
}

#[tokio::test]
async fn a_list_that_is_none_is_refused() {
    for listed in [json!({}), json!({"tools": {}}), json!({"tools": null})] {
        let shape = listed.clone();
        let session = listing(move |_| shape.clone()).await;

        let text = refusal_of(&session).await;

        assert!(text.ends_with("gives an answer that is none of MCP"), "{listed}: {text}");
    }
}

#[tokio::test]
async fn a_server_without_tools_offers_none() {
    let url = scripted(|_, _, message| match message["method"].as_str() {
        Some("tools/list") => {
            let error = json!({"code": -32601, "message": "Method not found"});
            let error = json!({"jsonrpc": "2.0", "id": message["id"], "error": error});
            typed(404, "application/json", error.to_string())
        }
        _ => usual(&message),
    })
    .await;
    let session = opened(&url).await;

    let offered = session.tools().await.unwrap_or_else(|trouble| panic!("{}", shown(&trouble)));

    assert!(offered.is_empty());
}
