//! The dashboard: who gets in, what the pages show, and what their forms do.

mod deeds;
mod doors;
mod pages;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{HOST, Served, done, engine};
use crate::engine::World;
use crate::server::dashboard::link;

/// A server, and a browser that is signed in to its dashboard.
struct Cast {
    served: Served,
    /// What the browser sends with each request
    cookie: String,
    /// What its forms hold
    token: String,
    /// An agent's key
    bot: String,
    #[expect(dead_code, reason = "it is held, not used: the store lies there")]
    dir: tempfile::TempDir,
}

/// A page.
#[derive(Debug)]
struct Shown {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Shown {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Returns what stands between two marks, the first time.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} in {rest}")).0
}

/// Sends a request as it is.
async fn fetch(served: &Served, line: &str, headers: &[(&str, &str)], body: &str) -> Shown {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path).header("host", HOST);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = served.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Shown { status: parts.status.as_u16(), headers: parts.headers, text }
}

/// Returns the path of a link that was made just now.
fn path(served: &Served) -> String {
    let (url, _) = link(served.site.engine.store(), &served.site.url).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// Signs a browser in, and returns its cookie.
async fn signed_in(served: &Served) -> String {
    let entered = fetch(served, &format!("GET {}", path(served)), &[], "").await;
    assert_eq!(entered.status, 200, "{entered:?}");
    entered.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn cast() -> Cast {
    let dir = tempfile::tempdir().unwrap();
    // Nobody is there: what these tests ask for needs no app.
    let nobody = "http://127.0.0.1:9".parse().unwrap();
    let engine = engine(dir.path()).in_world(World::Sandbox(Some(nobody)));
    let hostile = json!({"external_id": "alice", "label": "<script>alert(1)</script>\u{202e}"});
    done(&engine, "users.create", hostile).await;
    let made = done(&engine, "keys.create", json!({"name": "bot", "role": "agent"})).await;
    let bot = made["api_key"].as_str().unwrap().to_owned();
    let served = Served::new(engine, 0);
    let cookie = signed_in(&served).await;
    let mut cast = Cast { served, cookie, token: String::new(), bot, dir };
    let page = cast.get("").await;
    between(&page.text, "name=\"csrf\" value=\"", "\"").clone_into(&mut cast.token);
    cast
}

impl Cast {
    /// Opens a page below the dashboard.
    async fn get(&self, path: &str) -> Shown {
        let line = format!("GET /dashboard{path}");
        fetch(&self.served, &line, &[("cookie", &self.cookie)], "").await
    }

    /// Sends a form, with the token of the session.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let own = [("csrf", self.token.as_str())];
        self.sent(path, &own.iter().chain(fields).copied().collect::<Vec<_>>()).await
    }

    /// Sends a form as it is.
    async fn sent(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(fields).finish();
        let origin = format!("http://{HOST}");
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("origin", origin.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        fetch(&self.served, &format!("POST /dashboard{path}"), &headers, &body).await
    }

    /// Has the agent ask for something that waits, and returns its approval.
    async fn held(&self, path: &str, body: Value) -> String {
        let line = format!("POST /v1/users/alice/{path}");
        let answer = self.served.send(&self.bot, &line, &body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.body["approval_id"].as_str().unwrap().to_owned()
    }

    /// Has the agent ask for a connection to gmail, and returns its approval.
    async fn held_connect(&self) -> String {
        self.held("connections/connect", json!({"toolkit": "gmail"})).await
    }

    /// Does something as the operator, and returns the reply.
    async fn done(&self, name: &str, payload: Value) -> Value {
        done(&self.served.site.engine, name, payload).await
    }

    async fn approval(&self, id: &str) -> Value {
        self.done("approvals.get", json!({ "approval": id })).await
    }
}
