//! Becoming a client of an OAuth server by asking it (RFC 7591).

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::api::error::{Code, Error, Result};
use crate::api::ids::hidden;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::catalog::manifest::TokenAuth;
use crate::http::{Http, Request, Trust};

/// Name under which people find us in the app's list of clients.
const NAME: &str = "naive";
/// Where a browser returns to: a server lets a native client use any port of it (RFC 8252, 7.3).
const ANY_PORT: &str = "http://127.0.0.1/oauth/callback";
/// What `client_secret_expires_at` is where the secret never ends (RFC 7591, 3.2.1).
const NEVER: i64 = 0;

/// What a client asks to be.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    /// Registration endpoint
    pub(crate) endpoint: &'a Url,
    /// Who vouches for it
    pub(crate) trust: Trust,
    /// Where the browser returns to this time
    pub(crate) redirect_uri: Option<&'a Url>,
    /// Scopes, as they stand in a request
    pub(crate) scope: &'a str,
    /// Whether device codes are wanted too
    pub(crate) device: bool,
}

/// A client that a server has made of us.
#[derive(Debug)]
pub(crate) struct Registered {
    /// Client id
    pub(crate) client_id: String,
    /// `client_secret` and `registration_access_token`, where there are such
    pub(crate) secrets: Secrets,
    /// How it names itself at the token endpoint, if the server says so
    pub(crate) auth: Option<TokenAuth>,
    /// The one address a browser may return to, where the server wants its port
    pub(crate) redirect_uri: Option<String>,
    /// When its secret ends, if it does
    pub(crate) expires_at: Option<Millis>,
}

/// Registers a native public client.
///
/// A server that refuses an address without a port is asked again with the port of this login alone.
/// Fails with `NotConfigured` if the server registers nobody who is not known to it.
pub(crate) async fn register(http: &Http, wish: &Wish<'_>) -> Result<Registered> {
    let exact = wish.redirect_uri.map(Url::as_str);
    let both: Vec<_> = std::iter::once(ANY_PORT).chain(exact).collect();
    match (attempt(http, wish, &both).await?, exact) {
        (Ok(registered), _) => Ok(registered),
        (Err(code), Some(exact)) if code == "invalid_redirect_uri" => {
            let again = attempt(http, wish, &[exact]).await?;
            let registered = again.map_err(|code| refused(&code))?;
            Ok(Registered { redirect_uri: Some(exact.to_owned()), ..registered })
        }
        (Err(code), _) => Err(refused(&code)),
    }
}

/// Asks once; the inner error is the server's code.
async fn attempt(
    http: &Http,
    wish: &Wish<'_>,
    redirect_uris: &[&str],
) -> Result<std::result::Result<Registered, String>> {
    #[derive(Deserialize)]
    struct Answer {
        client_id: String,
        client_secret: Option<SecretString>,
        client_secret_expires_at: Option<i64>,
        registration_access_token: Option<SecretString>,
        token_endpoint_auth_method: Option<String>,
    }
    let request = Request::new("POST", wish.endpoint.clone(), wish.trust)?
        .header("accept", "application/json")?
        .body("application/json", metadata(wish, redirect_uris).to_string().into_bytes())?;
    let answer = http.send(&request).await?;
    let parsed: Option<Answer> = serde_json::from_slice(&answer.body).ok();
    let Some(client) = parsed.filter(|_| answer.is_success()) else {
        let json = answer.json().unwrap_or_default();
        let code = json.get("error").and_then(Value::as_str).unwrap_or_default();
        let known = code.len() <= 64 && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let status = answer.status.to_string();
        return Ok(Err(if known && !code.is_empty() { code.to_owned() } else { status }));
    };
    let id = client.client_id;
    if id.is_empty() || id.len() > 1024 || id.chars().any(hidden) {
        let text = "the OAuth server registered a client whose id cannot be used";
        return Err(Error::new(Code::ProviderError, text));
    }
    let auth = match client.token_endpoint_auth_method.as_deref() {
        Some("none") => Some(TokenAuth::None),
        Some("client_secret_basic") => Some(TokenAuth::Basic),
        Some("client_secret_post") => Some(TokenAuth::Post),
        Some(_) | None => None,
    };
    let given = [
        ("client_secret", client.client_secret),
        ("registration_access_token", client.registration_access_token),
    ];
    let secrets: BTreeMap<_, _> =
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let expires = client.client_secret_expires_at.filter(|at| *at != NEVER);
    let expires = expires.filter(|_| secrets.contains_key("client_secret"));
    Ok(Ok(Registered {
        client_id: id,
        secrets: Secrets(secrets),
        auth,
        redirect_uri: None,
        expires_at: expires.map(|at| Millis(at.saturating_mul(1000))),
    }))
}

/// Returns what is said of the client (RFC 7591, 2).
fn metadata(wish: &Wish<'_>, redirect_uris: &[&str]) -> Value {
    let mut grants = vec!["authorization_code", "refresh_token"];
    grants.extend(wish.device.then_some("urn:ietf:params:oauth:grant-type:device_code"));
    let mut metadata = json!({
        "client_name": NAME,
        "application_type": "native",
        "redirect_uris": redirect_uris,
        "grant_types": grants,
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    if !wish.scope.is_empty() {
        metadata["scope"] = wish.scope.into();
    }
    metadata
}

fn refused(code: &str) -> Error {
    let text = format!("the OAuth server registers no client for us: it refused with `{code}`");
    Error::new(Code::NotConfigured, text).reason("registration_refused")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_in_the_readme_says_what_a_registration_says() {
        let readme = include_str!("../../README.md");
        let shown = readme.split("```json\n").find(|block| block.contains("\"client_id\""));
        let shown = shown.and_then(|block| block.split("```").next()).unwrap();
        let endpoint = "https://a.example/register".parse().unwrap();
        let wish = Wish {
            endpoint: &endpoint,
            trust: Trust::Public,
            redirect_uri: None,
            scope: "",
            device: false,
        };

        let mut document: Value = serde_json::from_str(shown).unwrap();

        let id = document["client_id"].take();
        assert_eq!(id, "https://example.com/naive.json");
        let mut said = metadata(&wish, &[ANY_PORT]);
        said["client_id"] = Value::Null;
        assert_eq!(document, said);
    }
}
