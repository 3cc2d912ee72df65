//! `/mcp`: the tools over streamable HTTP. Each request brings its key, and nothing is kept between two of them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;

use super::naive::performed;
use super::{Site, answer, caller, fields};
use crate::api::action::{Action, Outcome};
use crate::api::error::Result;
use crate::api::keys::Dialect;
use crate::engine::{Call, MCP};
use crate::mcp::{Desk, Handler, Kept, Session};

/// What is behind the tools of all who ask over HTTP.
struct Served(Arc<Site>);

impl Desk for Served {
    async fn perform(&self, call: Call, action: Action) -> Result<Outcome<Value>> {
        performed(&self.0, call, action).await?.valued()
    }
}

/// Returns the one path.
pub(super) fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    let (desk, kept) = (Arc::clone(site), Kept::default());
    let handler = move || Ok(Handler::new(Served(Arc::clone(&desk)), None, kept.clone()));
    // Whose name the server answers to, and to whose pages, the door has checked.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(fields::LARGEST)
        .disable_allowed_hosts();
    let manager = Arc::new(NeverSessionManager::default());
    Router::new()
        .route_service(MCP, StreamableHttpService::new(handler, manager, config))
        .layer(from_fn_with_state(Arc::clone(site), known))
}

/// Lets a request in once it is known who calls, and that they may call now; its session goes with it.
async fn known(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let known = match caller::known(&site, &parts.headers, Dialect::Naive) {
        Ok(known) => known,
        Err(error) => return answer::failed(&error),
    };
    let allowance = known.allowance;
    let asked = async {
        allowance.check()?;
        let call = caller::call(&parts, known.caller)?;
        Ok::<_, super::wrong::Wrong>((call, fields::bytes(body).await?))
    };
    let mut response = match asked.await {
        Ok((Call { caller, user, .. }, bytes)) => {
            parts.extensions.insert(Session { caller, user });
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Err(wrong) => answer::wrong(Dialect::Naive, wrong),
    };
    allowance.tell(response.headers_mut());
    response
}
