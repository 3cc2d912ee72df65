//! An OAuth server for any app: authorization code with PKCE, refresh, revocation, metadata.
//!
//! It is as strict as the RFCs let it be (6749, 7009, 7636, 8414, 9207). Clients need not be
//! registered: any `client_id` is somebody's. Not here: what tokens open (each app's own matter).

mod authorize;
mod token;

use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::World;
use super::http::{self, Call};
use crate::api::ids::Slug;

/// Answers `/{slug}/oauth/{endpoint}`.
pub(super) fn answer(world: &World, call: &Call, slug: &str, endpoint: &str) -> Response {
    if !is_slug(slug) {
        return http::not_found("an app is named by its slug");
    }
    match (endpoint, &call.method) {
        ("authorize", &Method::GET) => authorize::ask(world, call, slug),
        ("authorize", &Method::POST) => authorize::decide(world, call, slug),
        ("token", &Method::POST) => token::exchange(world, call, slug),
        ("revoke", &Method::POST) => token::revoke(world, call, slug),
        ("authorize", _) => not_allowed("GET, POST"),
        ("token" | "revoke", _) => not_allowed("POST"),
        _ => http::not_found("the OAuth endpoints are `authorize`, `token` and `revoke`"),
    }
}

/// Answers with the server's metadata (RFC 8414).
pub(super) fn metadata(world: &World, slug: &str) -> Response {
    if !is_slug(slug) {
        return http::not_found("an app is named by its slug");
    }
    let issuer = issuer(world, slug);
    let clients = ["none", "client_secret_basic", "client_secret_post"];
    let body = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": clients,
        "revocation_endpoint_auth_methods_supported": clients,
        "authorization_response_iss_parameter_supported": true,
    });
    http::json(StatusCode::OK, &body)
}

/// Returns who signs for an app here: the `iss` of its answers.
fn issuer(world: &World, slug: &str) -> String {
    format!("{}/{slug}", world.base)
}

fn is_slug(text: &str) -> bool {
    text.parse::<Slug>().is_ok_and(|slug| slug.as_str() == text)
}

fn not_allowed(verbs: &str) -> Response {
    let text = format!("this endpoint takes {verbs}");
    let body = json!({ "error": "invalid_request", "error_description": text });
    let mut response = http::json(StatusCode::METHOD_NOT_ALLOWED, &body);
    http::set(&mut response, header::ALLOW, verbs);
    response
}
