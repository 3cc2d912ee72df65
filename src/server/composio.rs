//! Where Composio's messages come in. Public: a message counts by its signature alone.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;

use super::{Site, answer};
use crate::api::error::{Code, Error};
use crate::http::Signed;

/// Path of the messages.
const PATH: &str = "/webhooks/composio";
/// Largest message that is taken.
const BODY_CAP: usize = 1024 * 1024;

/// Returns the route.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route(PATH, post(heard)).layer(DefaultBodyLimit::max(BODY_CAP))
}

/// Takes a message. What goes wrong on this side is told here, not there: to send it again would not help.
async fn heard(State(site): State<Arc<Site>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let message = Signed {
        id: text("webhook-id").unwrap_or_default(),
        timestamp: text("webhook-timestamp").unwrap_or_default(),
        signatures: text("webhook-signature").unwrap_or_default(),
        body: &body,
    };
    match site.engine.hear_composio(&message) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) if is_theirs(&error) => answer::failed(&error),
        Err(error) => {
            site.say(format!("A message of Composio's could not be taken: {error}."));
            StatusCode::ACCEPTED.into_response()
        }
    }
}

fn is_theirs(error: &Error) -> bool {
    matches!(error.code, Code::Unauthorized | Code::NotFound)
}
