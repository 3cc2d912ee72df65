//! The token endpoint and the revocation endpoint: forms in, JSON out, errors by RFC 6749, 5.2.

use axum::http::{StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::api::time::Millis;
use crate::sandbox::http::{self, Call, Params};
use crate::sandbox::store::grants::{self, ACCESS_LIFE, Bearer, Binding, Tokens};
use crate::sandbox::{World, page};

/// An error of the token endpoint: RFC 6749's code, and why.
#[derive(Debug)]
struct Refusal(&'static str, String);

impl Refusal {
    fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self(code, text.into())
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::new("server_error", "the sandbox's database does not answer")
    }
}

/// Sells tokens for a code or for a refresh token.
pub(super) fn exchange(world: &World, call: &Call, slug: &str) -> Response {
    let sold = parameters(call).and_then(|form| {
        let client = client(call, &form)?;
        let bearer = Bearer { app: slug, client: &client };
        match form.get("grant_type") {
            Some("authorization_code") => by_code(world, &form, bearer),
            Some("refresh_token") => by_refresh(world, &form, bearer),
            Some(_) => Err(Refusal::new(
                "unsupported_grant_type",
                "grant_type must be authorization_code or refresh_token",
            )),
            None => Err(Refusal::new("invalid_request", "grant_type is missing")),
        }
    });
    let mut response = match sold {
        Ok(tokens) => http::json(
            StatusCode::OK,
            &json!({
                "access_token": tokens.access,
                "token_type": "Bearer",
                "expires_in": ACCESS_LIFE.as_secs(),
                "refresh_token": tokens.refresh,
                "scope": tokens.scope,
            }),
        ),
        Err(refusal) => refused(&refusal),
    };
    page::keep_private(&mut response);
    http::set(&mut response, header::PRAGMA, "no-cache");
    response
}

/// Ends a token. Whatever it was, the answer is 200: it opens nothing now (RFC 7009, 2.2).
pub(super) fn revoke(world: &World, call: &Call, slug: &str) -> Response {
    let token = parameters(call).ok().and_then(|form| form.get("token").map(str::to_owned));
    let now = Millis::now();
    let done = token.map_or(Ok(()), |token| {
        world.store.write(|tx| grants::revoke(tx, &token, slug, now).map_err(Refusal::from))
    });
    match done {
        Ok(()) => http::reply(StatusCode::OK, "text/plain; charset=utf-8", ""),
        Err(refusal) => refused(&refusal),
    }
}

fn by_code(world: &World, form: &Params, bearer: Bearer<'_>) -> Result<Tokens, Refusal> {
    let code = needed(form, "code")?;
    let verifier = needed(form, "code_verifier")?;
    let binding = Binding {
        redirect_uri: needed(form, "redirect_uri")?.to_owned(),
        challenge: challenge(verifier).ok_or_else(|| {
            Refusal::new("invalid_request", "code_verifier must be 43 to 128 unreserved characters")
        })?,
    };
    let now = Millis::now();
    world
        .store
        .write(|tx| grants::redeem_code(tx, code, bearer, &binding, now))?
        .map_err(|why| Refusal::new("invalid_grant", why))
}

fn by_refresh(world: &World, form: &Params, bearer: Bearer<'_>) -> Result<Tokens, Refusal> {
    let token = needed(form, "refresh_token")?;
    let scope = form.get("scope");
    let now = Millis::now();
    world.store.write(|tx| {
        let granted = grants::granted(tx, token)?.unwrap_or_default();
        let within = |scope: &str| granted.split(' ').any(|own| own == scope);
        if scope.is_some_and(|asked| !asked.split(' ').all(within)) {
            return Err(Refusal::new("invalid_scope", "scope goes beyond what was granted"));
        }
        grants::refresh(tx, token, bearer, scope, now)
            .map(|sold| sold.map_err(|why| Refusal::new("invalid_grant", why)))
            .map_err(Refusal::from)
    })?
}

fn parameters(call: &Call) -> Result<Params, Refusal> {
    let form = call.form().ok_or_else(|| {
        Refusal::new("invalid_request", "the body must be application/x-www-form-urlencoded")
    })?;
    match form.repeated() {
        Some(name) => Err(Refusal::new("invalid_request", format!("{name} comes more than once"))),
        None => Ok(form),
    }
}

fn needed<'a>(form: &'a Params, name: &str) -> Result<&'a str, Refusal> {
    form.get(name).ok_or_else(|| Refusal::new("invalid_request", format!("{name} is missing")))
}

/// Returns who is asking, by basic authentication or by the form. Any secret is right.
fn client(call: &Call, form: &Params) -> Result<String, Refusal> {
    let unknown = |text| Refusal::new("invalid_client", text);
    let basic = match (call.header("authorization"), call.basic()) {
        (None, _) => None,
        // RFC 6749, 2.3.1: the name is form-encoded before it becomes a user name.
        (Some(_), Some((user, _))) => {
            form_urlencoded::parse(user.as_bytes()).next().map(|(name, _)| name.into_owned())
        }
        (Some(_), None) => return Err(unknown("the Authorization header is not Basic")),
    };
    match (basic, form.get("client_id")) {
        (Some(user), Some(id)) if user != id => Err(unknown("two clients are named")),
        (Some(name), _) if !name.is_empty() => Ok(name),
        (_, Some(name)) => Ok(name.to_owned()),
        _ => Err(unknown("client_id is missing")),
    }
}

/// Returns the S256 challenge of a verifier (RFC 7636, 4.2), if it is one.
fn challenge(verifier: &str) -> Option<String> {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    ((43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved))
        .then(|| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)))
}

fn refused(Refusal(code, text): &Refusal) -> Response {
    let status = match *code {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = http::json(status, &json!({ "error": code, "error_description": text }));
    if status == StatusCode::UNAUTHORIZED {
        http::set(&mut response, header::WWW_AUTHENTICATE, "Basic realm=\"naive sandbox\"");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

        // RFC 7636, appendix B
        let expected = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge(verifier).as_deref(), Some(expected));
        assert_eq!(challenge("short"), None);
    }
}
