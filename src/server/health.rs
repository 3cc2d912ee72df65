//! `GET /health`: whether the server answers, and its store with it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::{Site, answer};

/// Returns the one route.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/health", get(health))
}

async fn health(State(site): State<Arc<Site>>) -> Response {
    match site.engine.store().id() {
        Ok(_) => answer::json(StatusCode::OK, &json!({ "status": "ok" })),
        Err(error) => answer::failed(&error),
    }
}
