//! The server, asked without a socket: a router over a store of its own.

mod connectors;
mod dashboard;
mod doors;
mod integrations;
mod mcp;
mod refusals;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tower::ServiceExt as _;
use url::Url;

use super::door::Door;
use super::integrations::Apps;
use super::rates::Rates;
use super::{Site, router};
use crate::api::action::Outcome;
use crate::api::ids::UserRef;
use crate::engine::{Call, Caller, Engine, World};
use crate::http::Http;
use crate::store::Store;
use crate::vault::Vault;

const HOST: &str = "127.0.0.1:3101";

/// Returns the workspace that lies in a directory, its apps nowhere.
pub(super) fn engine(dir: &Path) -> Engine {
    let vault = Vault { given: None, keyring: false, file: dir.join("encryption.key") };
    Engine::new(Store::open(dir).unwrap(), vault, Http::new(false), World::Sandbox(None))
}

/// Does something as the operator, and returns the reply.
async fn done(engine: &Engine, name: &str, payload: Value) -> Value {
    let action = serde_json::from_value(json!({ "action_type": name, "payload": payload }));
    let call = Call::by(Caller::Human, UserRef::own());
    match engine.call(&call, action.unwrap()).await.unwrap() {
        Outcome::Done(reply) => reply,
        Outcome::Pending(pending) => panic!("{pending:?}"),
    }
}

/// A server and those who call it.
struct Served {
    site: Arc<Site>,
    router: Router,
    /// Whether the server ends
    #[expect(dead_code, reason = "it is held, not used")]
    closing: watch::Sender<bool>,
}

/// An answer.
struct Answer {
    status: u16,
    headers: axum::http::HeaderMap,
    body: Value,
}

impl Served {
    /// Serves a workspace, with `rate` calls a minute for each key.
    fn new(engine: Engine, rate: u32) -> Self {
        Self::with(engine, rate, Apps::default())
    }

    /// Serves a workspace with apps below it.
    fn with(engine: Engine, rate: u32, apps: Apps) -> Self {
        let url: Url = format!("http://{HOST}").parse().unwrap();
        let door = Door::new(HOST.parse().unwrap(), &url);
        let (closing, closed) = watch::channel(false);
        let (tell, _) = mpsc::unbounded_channel();
        let (engine, rates) = (Arc::new(engine), Rates::new(rate));
        let site = Site { engine, door, url, rates, apps, closing: closed, tell };
        let site = Arc::new(site);
        Self { router: router(&site), site, closing }
    }

    /// Sends a request with these headers as they are.
    async fn raw(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends a request as a client would that holds `key`.
    async fn send(&self, key: &str, line: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {key}");
        let mut headers = vec![("host", HOST), ("authorization", bearer.as_str())];
        if body.is_null() {
            return self.raw(line, &headers, "").await;
        }
        headers.push(("content-type", "application/json"));
        self.raw(line, &headers, &body.to_string()).await
    }
}
