//! Requests to a token endpoint, and what its answers mean.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::bound::binding;
use super::{ACCESS, CLIENT, EXPIRES, LIFE, REFRESH, Server};
use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::catalog::manifest::TokenAuth;
use crate::http::{Http, Request, Response};

/// What the server granted.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// Tokens and their end, as they are sealed
    pub(crate) sealed: Secrets,
    /// Scopes granted, or `None` where the server says nothing
    pub(crate) scopes: Option<Vec<String>>,
    /// What the server says of the person in an `id_token`; the token itself is not kept
    pub(crate) claims: Option<Value>,
}

/// Makes the request of a client that names itself as the server wants.
pub(super) fn authenticated(
    request: Request,
    server: &Server,
    plain: &[(&str, &str)],
    hidden: &[(&str, &SecretString)],
) -> Result<Request> {
    let fallback = if server.client_secret.is_some() { TokenAuth::Basic } else { TokenAuth::None };
    let mut plain = plain.to_vec();
    let mut hidden = hidden.to_vec();
    let body = |request: Request, plain: &[_], hidden: &[_]| {
        if server.json { request.json(plain, hidden) } else { request.form(plain, hidden) }
    };
    match (server.auth.unwrap_or(fallback), &server.client_secret) {
        (TokenAuth::Basic, Some(secret)) => {
            return body(request, &plain, &hidden)?.basic(&server.client_id, secret);
        }
        (TokenAuth::Post, Some(secret)) => {
            plain.push(("client_id", &server.client_id));
            hidden.push(("client_secret", secret));
        }
        (TokenAuth::None | TokenAuth::Basic | TokenAuth::Post, _) => {
            plain.push(("client_id", &server.client_id));
        }
    }
    body(request, &plain, &hidden)
}

/// Returns parameters with the resource that tokens are for (RFC 8707, 2).
pub(super) fn with_resource<'a>(
    server: &'a Server,
    plain: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let resource = server.resource.as_deref().map(|resource| ("resource", resource));
    plain.iter().copied().chain(resource).collect()
}

/// Asks for tokens, and reads what was granted.
pub(super) async fn token_request(
    http: &Http,
    server: &Server,
    plain: &[(&str, &str)],
    hidden: &[(&str, &SecretString)],
    now: Millis,
) -> Result<Tokens> {
    let request = Request::new("POST", server.token.clone(), server.trust_in(&server.token))?;
    let mut headers = server.headers.iter();
    let request =
        headers.try_fold(request, |request, (name, value)| request.header(name, value))?;
    // The app's own media type is for its API.
    let request = request.header("accept", "application/json")?;
    let plain = with_resource(server, plain);
    let request = authenticated(request, server, &plain, hidden)?;
    granted(&http.send(&request).await?, server, now)
}

/// Reads a token answer (RFC 6749, 5.1 and 5.2).
pub(super) fn granted(answer: &Response, server: &Server, now: Millis) -> Result<Tokens> {
    #[derive(Deserialize)]
    struct Grant {
        access_token: SecretString,
        refresh_token: Option<SecretString>,
        /// A number, though some servers send a text
        expires_in: Option<Value>,
        scope: Option<String>,
        id_token: Option<SecretString>,
    }
    let grant: Grant = match serde_json::from_slice(&answer.body) {
        Ok(grant) if answer.is_success() => grant,
        _ => return Err(denied(answer, server)),
    };
    let client_id = server.client_id.as_str();
    let claims = grant.id_token.and_then(|token| claims(token.expose_secret(), client_id));
    let mut sealed = BTreeMap::from([
        (ACCESS.to_owned(), grant.access_token),
        // Tokens work for the client they were given to alone (RFC 6749, 6).
        (CLIENT.to_owned(), client_id.into()),
    ]);
    sealed.extend(binding(server));
    if let Some(token) = grant.refresh_token {
        sealed.insert(REFRESH.to_owned(), token);
    }
    let seconds = grant
        .expires_in
        .as_ref()
        .and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
    if let Some(seconds) = seconds {
        let at = now.after(Duration::from_secs(seconds));
        sealed.insert(EXPIRES.to_owned(), at.0.to_string().into());
        sealed.insert(LIFE.to_owned(), seconds.to_string().into());
    }
    let scopes = grant.scope.map(|scope| {
        scope.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
    });
    Ok(Tokens { sealed: Secrets(sealed), scopes, claims })
}

/// Reads the claims of an `id_token` that is meant for this client; `None` if it is for another.
///
/// The signature is not checked: the token came from the token endpoint itself, over TLS, which stands
/// for it (source: `OpenID` Connect Core 1.0, 3.1.3.7, step 6). Nor is `iss`: servers of many tenants
/// name the tenant there. The claims only tell a person which account is connected.
fn claims(token: &str, client_id: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
    let meant = match claims.get("aud")? {
        Value::Array(several) => several.iter().any(|one| one == client_id),
        one => one == client_id,
    };
    meant.then_some(Value::Object(claims))
}

/// Returns the code of a refusal in the standard's words; empty where the answer has none.
///
/// Some servers refuse with status 200, and some have words of their own (sources: GitHub Docs,
/// "Troubleshooting OAuth app access token request errors"; Slack, "oauth.v2.access"; read 2026-11-20).
pub(super) fn refusal(answer: &Response) -> String {
    let json = answer.json().unwrap_or_default();
    let code = json.get("error").and_then(Value::as_str).unwrap_or_default();
    match code {
        "bad_refresh_token"
        | "invalid_refresh_token"
        | "token_revoked"
        | "bad_verification_code"
        | "invalid_code"
        | "incorrect_device_code" => "invalid_grant",
        "incorrect_client_credentials" | "invalid_client_id" | "bad_client_secret" => {
            "invalid_client"
        }
        code => code,
    }
    .to_owned()
}

/// Names the refusal by the server's own code; its words may hold what nobody should see.
pub(super) fn denied(answer: &Response, server: &Server) -> Error {
    let code = refusal(answer);
    let known = code.len() <= 64 && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match (answer.status, code.as_str()) {
        (_, "invalid_grant") => {
            Error::new(Code::Unauthorized, "the OAuth server no longer takes the grant")
                .reason("invalid_grant")
        }
        (_, "unauthorized_client") => Error::new(
            Code::NotConfigured,
            "the OAuth server does not let the client log in this way",
        )
        .hint("allow it where the client was registered, or run `naive toolkits configure` with another client")
        .reason("client_not_allowed"),
        (_, "invalid_client") => Error::new(
            Code::NotConfigured,
            "the OAuth server does not know the client, or its secret",
        )
        .hint("run `naive toolkits configure` with the right client id and secret")
        .reason("invalid_client"),
        (status, code) if known && !code.is_empty() => {
            let text = format!("the OAuth server refused with `{code}` ({status})");
            Error::new(Code::ProviderError, text)
        }
        (status, _) => unusable(status, answer, server),
    }
}

/// Names the server and its trouble, where it has no word for it.
fn unusable(status: u16, answer: &Response, server: &Server) -> Error {
    let host = server.token.host_str().unwrap_or("?");
    let wait = answer.retry_after(Millis::now()).map(|pause| pause.as_secs().max(1));
    let again = match wait {
        Some(seconds) => format!("wait {seconds} s, then run the command again"),
        None => "wait a moment, then run the command again".to_owned(),
    };
    let (code, what, hint) = match status {
        429 => (Code::RateLimited, "has had too many requests", again),
        408 | 500.. => (Code::ProviderError, "failed", again),
        200..300 => {
            let hint =
                "run the command again; if that does not help, check the toolkit's endpoints";
            (Code::ProviderError, "answered something that is no grant", hint.to_owned())
        }
        _ => {
            let hint = "check the toolkit's endpoints";
            (Code::ProviderError, "refused and did not say why", hint.to_owned())
        }
    };
    Error::new(code, format!("the OAuth server `{host}` {what} ({status})")).hint(hint)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::server;
    use super::*;

    fn answer(status: u16, body: &Value) -> Response {
        let headers = reqwest::header::HeaderMap::default();
        Response { status, headers, body: body.to_string().into_bytes() }
    }

    fn token(claims: &Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn a_refusal_never_repeats_the_servers_words() {
        let error = denied(
            &answer(400, &json!({"error": "CANARY secret", "error_description": "CANARY"})),
            &server(None, false),
        );

        assert!(!format!("{error:?}").contains("CANARY"));
    }

    #[test]
    fn a_refusal_counts_whatever_its_status_and_dialect() {
        for status in [200, 400, 401] {
            for word in ["invalid_grant", "bad_refresh_token", "token_revoked", "invalid_code"] {
                let refused = granted(
                    &answer(status, &json!({"error": word})),
                    &server(None, false),
                    Millis(0),
                );

                let error = refused.unwrap_err();
                assert_eq!(error.reason.as_deref(), Some("invalid_grant"), "{status} {word}");
            }
        }
        let refused = granted(
            &answer(200, &json!({"ok": false, "error": "x"})),
            &server(None, false),
            Millis(0),
        );
        assert_eq!(refused.unwrap_err().message, "the OAuth server refused with `x` (200)");
    }

    #[test]
    fn the_claims_of_an_id_token_are_read_if_they_are_meant_for_this_client() {
        for (aud, meant) in [(json!("c"), true), (json!(["x", "c"]), true), (json!("x"), false)] {
            let body = json!({
                "access_token": "a",
                "id_token": token(&json!({"aud": aud, "email": "ann@example.com"})),
            });

            let tokens = granted(&answer(200, &body), &server(None, false), Millis(0)).unwrap();

            let email = tokens.claims.map(|claims| claims["email"].clone());
            assert_eq!(email, meant.then(|| json!("ann@example.com")), "{aud}");
            assert!(!tokens.sealed.0.contains_key("id_token"));
        }
        for broken in ["", "a", "a.%%.c", "e30.W10.x"] {
            assert!(claims(broken, "c").is_none(), "{broken}");
        }
    }
}
