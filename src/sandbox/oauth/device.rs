//! The device flow (RFC 8628): a device asks, a person types its code elsewhere and decides.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::authorize::{FIRST_ACCOUNT, account, fails};
use super::issuer;
use super::token::{self, Refusal};
use crate::api::sandbox::What;
use crate::api::time::Millis;
use crate::sandbox::http::{self, Call, Params};
use crate::sandbox::store::devices::{self, DEVICE_LIFE, WAIT};
use crate::sandbox::store::grants::{self, Bearer};
use crate::sandbox::{World, page};

/// Said of a code that leads nowhere, whatever the reason: who guesses learns nothing.
const NO_SUCH_CODE: &str = "This code is unknown, expired or used. Look at the device again.";

/// Gives a device its codes.
pub(super) fn ask(world: &World, call: &Call, slug: &str) -> Response {
    let mut response = match asked(world, call, slug) {
        Ok(body) => http::json(StatusCode::OK, &body),
        Err(refusal) => token::refused(&refusal),
    };
    page::keep_private(&mut response);
    response
}

fn asked(world: &World, call: &Call, slug: &str) -> Result<Value, Refusal> {
    let form = token::parameters(call)?;
    let client = token::client(world, call, &form, slug)?;
    let bearer = Bearer { app: slug, client: &client };
    let scope = form.get("scope").unwrap_or_default();
    let now = Millis::now();
    let codes = world.store.write(|tx| devices::ask(tx, bearer, scope, now))?;
    let page = format!("{}/oauth/activate", issuer(world, slug));
    Ok(json!({
        "device_code": codes.device,
        "user_code": codes.user,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", codes.user),
        "expires_in": DEVICE_LIFE.as_secs(),
        "interval": WAIT,
    }))
}

/// Asks for the code, then for consent; decides at once where the query has `consent=auto`.
pub(super) fn show(world: &World, call: &Call, slug: &str) -> Response {
    let Some(code) = call.query.get("user_code") else {
        return page::activation(slug, "", None);
    };
    if fails(world, slug, What::ConsentDenied) {
        return conclude(world, slug, code, None);
    }
    if call.query.get("consent") != Some("auto") {
        return question(world, slug, &call.query, None);
    }
    match account(call.query.get("account")) {
        Some(account) => conclude(world, slug, code, Some(account)),
        None => page::problem(StatusCode::BAD_REQUEST, "account must look like an e-mail address"),
    }
}

/// Does what the person chose.
pub(super) fn decide(world: &World, call: &Call, slug: &str) -> Response {
    let Some(form) = call.form() else {
        return page::problem(StatusCode::BAD_REQUEST, "the decision must come as a form");
    };
    let code = form.get("user_code").unwrap_or_default();
    match form.get("decision") {
        Some("allow") => match account(form.get("other").or(form.get("account"))) {
            Some(account) => conclude(world, slug, code, Some(account)),
            None => question(world, slug, &form, Some("An account is an e-mail address.")),
        },
        Some("deny") => conclude(world, slug, code, None),
        _ => page::problem(StatusCode::BAD_REQUEST, "the decision is neither allow nor deny"),
    }
}

/// Shows the consent page for the device of a code, with the code, so that it can be compared.
fn question(world: &World, slug: &str, params: &Params, fault: Option<&str>) -> Response {
    let code = params.get("user_code").unwrap_or_default();
    let now = Millis::now();
    match world.store.read(|db| devices::waiting(db, slug, code, now)) {
        Ok(Some(wanted)) => page::consent(&page::Question {
            app: slug,
            action: "activate",
            client: &wanted.client,
            scopes: &grants::scopes(&wanted.scope).collect::<Vec<_>>(),
            hidden: &[("user_code", code)],
            chosen: params.get("other").or(params.get("account")).unwrap_or(FIRST_ACCOUNT),
            fault,
            device: Some(code),
        }),
        Ok(None) => page::activation(slug, code, Some(NO_SUCH_CODE)),
        Err(error) => broken(&error),
    }
}

/// Remembers the decision, for an account or against all.
fn conclude(world: &World, slug: &str, code: &str, account: Option<String>) -> Response {
    let allowed = account.is_some();
    let now = Millis::now();
    match world.store.write(|tx| devices::decide(tx, slug, code, account, now)) {
        Ok(true) => page::activated(slug, allowed),
        Ok(false) => page::activation(slug, code, Some(NO_SUCH_CODE)),
        Err(error) => broken(&error),
    }
}

fn broken(_: &rusqlite::Error) -> Response {
    page::problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the sandbox's database does not take the decision",
    )
}
