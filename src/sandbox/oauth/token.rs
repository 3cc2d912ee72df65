//! The token endpoint and the revocation endpoint: forms or JSON in, JSON out, errors by RFC 6749,
//! 5.2, and RFC 8628, 3.5.

use axum::http::{StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::issuer;
use crate::api::time::Millis;
use crate::sandbox::http::{self, Call, Params};
use crate::sandbox::store::grants::{self, ACCESS_LIFE, Bearer, Binding, Tokens};
use crate::sandbox::store::{clients, devices};
use crate::sandbox::{World, page};

/// The grant type of RFC 8628.
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// An error of an endpoint that clients call: the RFC's code, and why.
#[derive(Debug)]
pub(super) struct Refusal(&'static str, String);

impl Refusal {
    /// Makes one.
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self(code, text.into())
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::new("server_error", "the sandbox's database does not answer")
    }
}

/// Sells tokens for a code, for a refresh token, or to a device that was allowed.
pub(super) fn exchange(world: &World, call: &Call, slug: &str) -> Response {
    let sold = parameters(call).and_then(|form| {
        let client = client(world, call, &form, slug)?;
        let bearer = Bearer { app: slug, client: &client };
        let tokens = match form.get("grant_type") {
            Some("authorization_code") => by_code(world, &form, bearer),
            Some("refresh_token") => by_refresh(world, &form, bearer),
            Some(DEVICE_GRANT) => by_device(world, &form, bearer),
            Some(_) => Err(Refusal::new(
                "unsupported_grant_type",
                "grant_type must be authorization_code, refresh_token or the one of RFC 8628",
            )),
            None => Err(Refusal::new("invalid_request", "grant_type is missing")),
        }?;
        Ok(granted(&issuer(world, slug), &client, &tokens, Millis::now()))
    });
    let mut response = match sold {
        Ok(body) => http::json(StatusCode::OK, &body),
        Err(refusal) => refused(&refusal),
    };
    page::keep_private(&mut response);
    http::set(&mut response, header::PRAGMA, "no-cache");
    response
}

/// Returns what is answered for tokens; with an ID token where the scope `openid` was granted.
fn granted(issuer: &str, client: &str, tokens: &Tokens, now: Millis) -> Value {
    let mut body = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE.as_secs(),
        "refresh_token": tokens.refresh,
        "scope": tokens.scope,
    });
    if grants::scopes(&tokens.scope).any(|scope| scope == "openid") {
        body["id_token"] = id_token(issuer, client, &tokens.account, now).into();
    }
    body
}

/// Returns an ID token (`OpenID` Connect Core 1.0, 2). Its signature proves nothing, as its header
/// says: who gets it from here has it from the issuer itself.
fn id_token(issuer: &str, client: &str, account: &str, now: Millis) -> String {
    let claims = json!({
        "iss": issuer,
        "sub": format!("{:.24x}", Sha256::digest(account)),
        "aud": client,
        "email": account,
        "email_verified": true,
        "iat": now.0 / 1000,
        "exp": now.after(ACCESS_LIFE).0 / 1000,
    });
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "none", "typ": "JWT" })), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(Sha256::digest(&signed));
    format!("{signed}.{signature}")
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
    let challenge = form.get("code_verifier").map(|verifier| {
        challenge(verifier).ok_or_else(|| {
            Refusal::new("invalid_request", "code_verifier must be 43 to 128 unreserved characters")
        })
    });
    let binding = Binding {
        redirect_uri: needed(form, "redirect_uri")?.to_owned(),
        challenge: challenge.transpose()?.unwrap_or_default(),
    };
    let now = Millis::now();
    world
        .store
        .write(|tx| grants::redeem_code(tx, code, bearer, &binding, now))?
        .map_err(|why| Refusal::new("invalid_grant", why))
}

fn by_device(world: &World, form: &Params, bearer: Bearer<'_>) -> Result<Tokens, Refusal> {
    let code = needed(form, "device_code")?;
    let now = Millis::now();
    world
        .store
        .write(|tx| devices::redeem(tx, code, bearer, now))?
        .map_err(|(error, why)| Refusal::new(error, why))
}

fn by_refresh(world: &World, form: &Params, bearer: Bearer<'_>) -> Result<Tokens, Refusal> {
    let token = needed(form, "refresh_token")?;
    let scope = form.get("scope");
    let now = Millis::now();
    world.store.write(|tx| {
        let granted = grants::granted(tx, token)?.unwrap_or_default();
        let within = |scope: &str| grants::scopes(&granted).any(|own| own == scope);
        if scope.is_some_and(|asked| !grants::scopes(asked).all(within)) {
            return Err(Refusal::new("invalid_scope", "scope goes beyond what was granted"));
        }
        grants::refresh(tx, token, bearer, scope, now)
            .map(|sold| sold.map_err(|why| Refusal::new("invalid_grant", why)))
            .map_err(Refusal::from)
    })?
}

/// Returns the parameters of a body: a form, as the RFCs want it, or a JSON object of texts.
pub(super) fn parameters(call: &Call) -> Result<Params, Refusal> {
    let form = call.form().or_else(|| call.json().and_then(Params::of_json));
    let form = form.ok_or_else(|| {
        Refusal::new(
            "invalid_request",
            "the body must be application/x-www-form-urlencoded, or application/json with an object",
        )
    })?;
    match form.repeated() {
        Some(name) => Err(Refusal::new("invalid_request", format!("{name} comes more than once"))),
        None => Ok(form),
    }
}

/// Returns a parameter, or says that it is missing.
pub(super) fn needed<'a>(form: &'a Params, name: &str) -> Result<&'a str, Refusal> {
    form.get(name).ok_or_else(|| Refusal::new("invalid_request", format!("{name} is missing")))
}

/// Returns who is asking, by basic authentication or by the body. Any secret is right, but for
/// clients that registered: theirs is the one they were given.
pub(super) fn client(
    world: &World,
    call: &Call,
    form: &Params,
    slug: &str,
) -> Result<String, Refusal> {
    let unknown = |text| Refusal::new("invalid_client", text);
    // RFC 6749, 2.3.1: both are form-encoded before they become user name and password.
    let plain = |text: &str| {
        form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned())
    };
    let basic = match (call.header("authorization"), call.basic()) {
        (None, _) => None,
        (Some(_), Some((user, password))) => Some((plain(&user), plain(&password))),
        (Some(_), None) => return Err(unknown("the Authorization header is not Basic")),
    };
    let (user, password) = basic.unwrap_or_default();
    let client = match (user, form.get("client_id")) {
        (Some(user), Some(id)) if user != id => Err(unknown("two clients are named")),
        (Some(name), _) if !name.is_empty() => Ok(name),
        (_, Some(name)) => Ok(name.to_owned()),
        _ => Err(unknown("client_id is missing")),
    }?;
    let secret = password.as_deref().or(form.get("client_secret"));
    let registered = world.store.read(|db| clients::find(db, slug, &client))?;
    if registered.is_some_and(|own| !own.is_proven(secret)) {
        return Err(unknown("the client's secret is not the one it was given"));
    }
    Ok(client)
}

/// Returns the S256 challenge of a verifier (RFC 7636, 4.2), if it is one.
fn challenge(verifier: &str) -> Option<String> {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    ((43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved))
        .then(|| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)))
}

/// Answers with an error.
pub(super) fn refused(Refusal(code, text): &Refusal) -> Response {
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
