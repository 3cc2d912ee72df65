//! Sessions with servers on loopback: good ones by the library's own server, bad ones written out.

mod good;
mod hostile;
mod lists;
mod older;
mod program;
mod refusals;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response as Answer};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientResult, ContentBlock,
    ElicitRequest, ElicitRequestParams, ElicitResult, ErrorData, InputRequest, InputRequiredResult,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion,
    ServerCapabilities, ServerConfig, ServerRequest,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::http::Trust;

/// Times for tests in which nothing has to be waited for.
const PATIENT: Times = Times {
    opening: Duration::from_mins(1),
    first: Duration::from_mins(1),
    quiet: Duration::from_mins(1),
    whole: Duration::from_mins(1),
};

/// A server of four tools, on two pages.
#[derive(Clone)]
struct Tooled {
    versions: &'static [ProtocolVersion],
    calls: Arc<AtomicUsize>,
}

impl Tooled {
    fn new(versions: &'static [ProtocolVersion]) -> Self {
        Self { versions, calls: Arc::default() }
    }
}

const NEW: &[ProtocolVersion] = &[ProtocolVersion::V_2026_07_28];
const OLD: &[ProtocolVersion] = &[ProtocolVersion::V_2025_11_25];

fn tool(name: &str) -> Value {
    json!({"name": name, "inputSchema": {"type": "object"}})
}

fn name_wanted() -> ElicitRequest {
    let asked = json!({
        "mode": "form",
        "message": "Who are you?",
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    });
    ElicitRequest::new(serde_json::from_value::<ElicitRequestParams>(asked).unwrap())
}

fn said(text: String) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(text)]).into()
}

/// Says hello to whom an elicitation names.
fn greeted(answer: &Value) -> CallToolResponse {
    said(format!("{} {}", answer["action"], answer["content"]["name"]))
}

impl ServerHandler for Tooled {
    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(self.versions)
    }

    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let page = match cursor.as_deref() {
            None => json!({"tools": [tool("echo"), tool("count")], "nextCursor": "2"}),
            Some(_) => json!({"tools": [tool("ask"), tool("fail")]}),
        };
        Ok(serde_json::from_value(page).unwrap())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match request.name.as_ref() {
            "echo" => Ok(said(json!(request.arguments).to_string())),
            "count" => {
                let token = context.meta.get_progress_token().unwrap();
                let told = ProgressNotificationParam::new(token, 2.0).with_total(2.0);
                context.peer.notify_progress(told.with_message("half\u{1b}[31m")).await.unwrap();
                Ok(said("counted".to_owned()))
            }
            "ask" if self.versions == NEW => {
                let Some(answers) = request.input_responses else {
                    let who = InputRequest::Elicitation(name_wanted());
                    let who = [("who".to_owned(), who)].into();
                    return Ok(InputRequiredResult::new(Some(who), Some("state".to_owned())).into());
                };
                Ok(greeted(&answers["who"]))
            }
            "ask" => {
                let request = ServerRequest::ElicitRequest(name_wanted());
                let ClientResult::ElicitResult(answer) =
                    context.peer.send_request(request).await.unwrap()
                else {
                    panic!("this is no answer to a question")
                };
                Ok(greeted(&serde_json::to_value::<ElicitResult>(answer).unwrap()))
            }
            "fail" => Ok(CallToolResult::error(vec![ContentBlock::text("no luck")]).into()),
            _ => Err(ErrorData::invalid_params("there is no such tool", None)),
        }
    }
}

/// Serves a router on loopback and returns its address.
async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Serves the library's own server.
async fn served(tooled: Tooled) -> Url {
    let manager = Arc::new(LocalSessionManager::default());
    let config = StreamableHttpServerConfig::default();
    let service = StreamableHttpService::new(move || Ok(tooled.clone()), manager, config);
    serve(Router::new().route_service("/mcp", service)).await
}

/// Serves what `answer` returns for each request: its method, its headers and the message in it.
async fn scripted<F>(answer: F) -> Url
where
    F: Fn(&str, &HeaderMap, Value) -> Answer + Clone + Send + Sync + 'static,
{
    let handler = move |method: Method, headers: HeaderMap, body: Bytes| async move {
        let message = serde_json::from_slice(&body).unwrap_or_default();
        answer(method.as_str(), &headers, message)
    };
    serve(Router::new().fallback(handler)).await
}

fn place(url: &Url) -> Place {
    Place::Http(Box::new(Request::new("POST", url.clone(), Trust::Public).unwrap()))
}

async fn opened(url: &Url) -> Session {
    opened_with(url, None, PATIENT).await
}

async fn opened_with(url: &Url, voice: Voice, times: Times) -> Session {
    match open_within(&Arc::new(Http::new(false)), &place(url), voice, times).await {
        Ok(session) => session,
        Err(trouble) => panic!("{}", shown(&trouble)),
    }
}

/// Fails to open a session, and says why.
async fn unopened(url: &Url) -> Trouble {
    match open(&Arc::new(Http::new(false)), &place(url), None).await {
        Ok(_) => panic!("a session is open"),
        Err(trouble) => trouble,
    }
}

fn shown(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Refused(answer) => {
            format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body))
        }
        Trouble::Failed(failure) => format!("{:?}: {}", failure.fate, failure.error),
    }
}

/// Calls a tool without arguments and returns the status and the JSON of the answer.
async fn answer_of(session: &Session, tool: &str) -> (u16, Value) {
    let answer = session.call(tool, Map::new()).await;
    let answer = answer.unwrap_or_else(|failure| panic!("{failure:?}"));
    (answer.status, answer.json().unwrap_or_default())
}

async fn failure_of(session: &Session, tool: &str) -> Failure {
    match session.call(tool, Map::new()).await {
        Ok(answer) => panic!("it answers {}", answer.status),
        Err(failure) => failure,
    }
}

/// Answers in JSON.
fn json_of(message: &Value) -> Answer {
    typed(200, "application/json", message.to_string())
}

fn typed(status: u16, kind: &str, body: impl Into<Body>) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [("content-type", kind.to_owned())], body.into()).into_response()
}

/// Answers a message with its result.
fn result(message: &Value, result: Value) -> Answer {
    json_of(&json!({"jsonrpc": "2.0", "id": message["id"], "result": result}))
}

/// Answers as a good server of the newest revision does, but for what a test is about.
fn usual(message: &Value) -> Answer {
    let result_of = |value: Value| result(message, value);
    match message["method"].as_str().unwrap_or_default() {
        "server/discover" => result_of(json!({
            "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
            "ttlMs": 0, "cacheScope": "private",
        })),
        "tools/list" => result_of(json!({"resultType": "complete", "tools": [tool("echo")]})),
        "tools/call" => result_of(json!({"resultType": "complete", "content": []})),
        _ => typed(202, "text/plain", ""),
    }
}

/// Serves a good server of the newest revision, whose answer to calls is `called`'s.
async fn calling<F>(called: F) -> Url
where
    F: Fn(&Value) -> Answer + Clone + Send + Sync + 'static,
{
    scripted(move |_, _, message| match message["method"].as_str() {
        Some("tools/call") => called(&message),
        _ => usual(&message),
    })
    .await
}
