//! An OAuth server for any app: authorization code, device flow, refresh, revocation, registration,
//! metadata.
//!
//! It is as strict as the RFCs let it be (6749, 7009, 7591, 7636, 8414, 8628, 9207), but for what
//! apps are known to do otherwise: PKCE may be left out, commas may separate scopes, the token
//! endpoint takes JSON, too. Clients need not be registered: any `client_id` is somebody's. Not
//! here: what tokens open (each app's own matter).

mod authorize;
mod device;
mod register;
mod token;

use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::World;
use super::http::{self, Call};
use crate::api::ids::Slug;

/// How a client can name itself at the token endpoint.
const CLIENTS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// What the token endpoint sells tokens for.
const GRANTS: [&str; 3] = ["authorization_code", "refresh_token", token::DEVICE_GRANT];

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
        ("device", &Method::POST) => device::ask(world, call, slug),
        ("activate", &Method::GET) => device::show(world, call, slug),
        ("activate", &Method::POST) => device::decide(world, call, slug),
        ("register", &Method::POST) => register::answer(world, call, slug),
        ("authorize" | "activate", _) => not_allowed("GET, POST"),
        ("token" | "revoke" | "device" | "register", _) => not_allowed("POST"),
        _ => http::not_found(
            "the OAuth endpoints are `authorize`, `token`, `revoke`, `device`, `activate` and \
             `register`",
        ),
    }
}

/// Answers with the server's metadata (RFC 8414).
pub(super) fn metadata(world: &World, slug: &str) -> Response {
    if !is_slug(slug) {
        return http::not_found("an app is named by its slug");
    }
    let issuer = issuer(world, slug);
    let body = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "device_authorization_endpoint": format!("{issuer}/oauth/device"),
        "registration_endpoint": format!("{issuer}/oauth/register"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANTS,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": CLIENTS,
        "revocation_endpoint_auth_methods_supported": CLIENTS,
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["none"],
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
