//! Dynamic registration of clients (RFC 7591): a client says what it is, and gets its name.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::authorize::returnable;
use super::{CLIENTS, GRANTS};
use crate::api::time::Millis;
use crate::sandbox::http::{self, Call};
use crate::sandbox::store::clients;
use crate::sandbox::{World, page};

/// An error of RFC 7591, 3.2.2, and why.
type Refusal = (&'static str, String);

/// What a client may say that is repeated and otherwise ignored.
const REPEATED: [&str; 4] = ["client_name", "client_uri", "logo_uri", "scope"];

/// Registers a client.
pub(super) fn answer(world: &World, call: &Call, slug: &str) -> Response {
    let mut response = match register(world, call, slug) {
        Ok(body) => http::json(StatusCode::CREATED, &body),
        Err((error, text)) => {
            let body = json!({ "error": error, "error_description": text });
            http::json(StatusCode::BAD_REQUEST, &body)
        }
    };
    page::keep_private(&mut response);
    response
}

fn register(world: &World, call: &Call, slug: &str) -> Result<Value, Refusal> {
    let Some(Value::Object(asked)) = call.json() else {
        return Err(unfit("the body must be application/json with an object"));
    };
    let kinds = texts(&asked, "grant_types")?.unwrap_or_else(|| vec![GRANTS[0].to_owned()]);
    if let Some(odd) = kinds.iter().find(|kind| !GRANTS.contains(&kind.as_str())) {
        return Err(unfit(format!("the grant type {odd} is not supported")));
    }
    let answers = texts(&asked, "response_types")?.unwrap_or_else(|| vec!["code".to_owned()]);
    if answers.iter().any(|kind| kind != "code") {
        return Err(unfit("the only response type is code"));
    }
    let method = match asked.get("token_endpoint_auth_method") {
        None => "client_secret_basic",
        Some(method) => CLIENTS
            .into_iter()
            .find(|own| method == own)
            .ok_or_else(|| unfit("token_endpoint_auth_method is none that is supported"))?,
    };
    let redirects = texts(&asked, "redirect_uris")?.unwrap_or_default();
    let unreturnable = |text: String| ("invalid_redirect_uri", text);
    if redirects.is_empty() && kinds.iter().any(|kind| kind == GRANTS[0]) {
        return Err(unreturnable("redirect_uris is missing".to_owned()));
    }
    if redirects.iter().any(|uri| returnable(uri).is_none()) {
        let text = "a redirect URI is neither https nor http on loopback, or has a fragment";
        return Err(unreturnable(text.to_owned()));
    }
    let now = Millis::now();
    let (id, secret) = world
        .store
        .write(|tx| clients::register(tx, slug, &redirects, method != CLIENTS[0], now))
        .map_err(|_: rusqlite::Error| unfit("the sandbox's database does not answer"))?;
    let mut body = json!({
        "client_id": id,
        "client_id_issued_at": now.0 / 1000,
        "redirect_uris": redirects,
        "grant_types": kinds,
        "response_types": answers,
        "token_endpoint_auth_method": method,
    });
    if let Some(secret) = secret {
        body["client_secret"] = secret.into();
        // It never expires (RFC 7591, 3.2.1).
        body["client_secret_expires_at"] = 0.into();
    }
    for name in REPEATED {
        if let Some(value) = asked.get(name) {
            body[name] = value.clone();
        }
    }
    Ok(body)
}

/// Returns a list of texts, if it is there.
fn texts(asked: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let Some(value) = asked.get(name) else { return Ok(None) };
    let items = value.as_array().map(|items| items.iter().map(Value::as_str));
    let items = items.and_then(|items| items.map(|item| item.map(str::to_owned)).collect());
    items.map(Some).ok_or_else(|| unfit(format!("{name} must be a list of texts")))
}

fn unfit(text: impl Into<String>) -> Refusal {
    ("invalid_client_metadata", text.into())
}
