//! OAuth 2.0 as a client: links and requests, no listener and no store.
//!
//! Authorization code with PKCE (RFC 6749, 7636), issuer identification (RFC 9207), discovery
//! (RFC 8414), refresh, revocation (RFC 7009).

mod discovery;

pub(crate) use discovery::discover;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::catalog::manifest::TokenAuth;
use crate::http::{Http, Request, Response, Trust, check};

/// Keys under which tokens are sealed.
const ACCESS: &str = "access_token";
const REFRESH: &str = "refresh_token";
const EXPIRES: &str = "expires_at";
const LIFE: &str = "expires_in";

/// How long before its end a token counts as spent; of a short life, a tenth.
const SPENT_BEFORE: Duration = Duration::from_secs(30);

/// An OAuth server and our client there.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Who it says it is; compared with `iss` of the callback
    pub(crate) issuer: Option<String>,
    /// Whether it promised to say so in every callback
    pub(crate) announces_issuer: bool,
    /// Authorization endpoint
    pub(crate) authorize: Url,
    /// Token endpoint
    pub(crate) token: Url,
    /// Revocation endpoint
    pub(crate) revoke: Option<Url>,
    /// Client id
    pub(crate) client_id: String,
    /// Client secret
    pub(crate) client_secret: Option<SecretString>,
    /// How the client names itself; by default `basic` with a secret and `none` without
    pub(crate) auth: Option<TokenAuth>,
    /// Who vouches for these addresses
    pub(crate) trust: Trust,
}

/// What an authorization link is made of, beside the server.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// Where the browser returns to
    pub(crate) redirect_uri: &'a Url,
    /// Scopes
    pub(crate) scopes: &'a [String],
    /// What stands between two scopes
    pub(crate) separator: &'a str,
    /// Further parameters
    pub(crate) params: &'a BTreeMap<String, String>,
    /// Whether to use PKCE
    pub(crate) pkce: bool,
}

/// The secrets of one login, from its link to its callback.
#[derive(Debug)]
pub(crate) struct Login {
    /// Returned by the server; known to nobody else
    pub(crate) state: SecretString,
    /// What is sealed until the callback
    pub(crate) kept: Secrets,
}

/// What the server granted.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// Tokens and their end, as they are sealed
    pub(crate) sealed: Secrets,
    /// Scopes granted, or `None` where the server says nothing
    pub(crate) scopes: Option<Vec<String>>,
}

/// Returns the SHA-256 of a state, which is all that the store keeps of it.
pub(crate) fn state_hash(state: &SecretString) -> Vec<u8> {
    Sha256::digest(state.expose_secret()).to_vec()
}

/// Tells whether a state that came back is the one of this link.
pub(crate) fn is_state_of(link: &Url, state: &SecretString) -> bool {
    link.query_pairs().any(|(key, value)| {
        key == "state" && bool::from(value.as_bytes().ct_eq(state.expose_secret().as_bytes()))
    })
}

/// Makes the link for the user, and the secrets that its callback must match.
pub(crate) fn authorize(server: &Server, ask: &Ask<'_>) -> Result<(Url, Login)> {
    let (state, verifier) = (random(), random());
    let mut link = server.authorize.clone();
    {
        let mut query = link.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &server.client_id)
            .append_pair("redirect_uri", ask.redirect_uri.as_str())
            .append_pair("state", state.expose_secret());
        if !ask.scopes.is_empty() {
            query.append_pair("scope", &ask.scopes.join(ask.separator));
        }
        if ask.pkce {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret()));
            query
                .append_pair("code_challenge", &challenge)
                .append_pair("code_challenge_method", "S256");
        }
        for (key, value) in ask.params {
            query.append_pair(key, value);
        }
    }
    check(&link, server.trust)?;
    let mut kept = BTreeMap::from([(
        "redirect_uri".to_owned(),
        SecretString::from(ask.redirect_uri.as_str().to_owned()),
    )]);
    if ask.pkce {
        kept.insert("code_verifier".to_owned(), verifier);
    }
    Ok((link, Login { state, kept: Secrets(kept) }))
}

/// Fails unless a callback comes from the server that was asked (RFC 9207).
pub(crate) fn check_issuer(server: &Server, iss: Option<&str>) -> Result<()> {
    let right = match (&server.issuer, iss) {
        (Some(expected), Some(iss)) => bool::from(expected.as_bytes().ct_eq(iss.as_bytes())),
        (Some(_), None) => !server.announces_issuer,
        (None, _) => true,
    };
    if right {
        return Ok(());
    }
    Err(Error::new(Code::ProviderError, "the answer does not come from the server that was asked")
        .hint("start again with `naive connections connect`")
        .reason("issuer_mismatch"))
}

/// Returns what was kept of a login under a name that is no secret.
pub(crate) fn kept<'a>(kept: &'a Secrets, name: &str) -> Option<&'a str> {
    kept.0.get(name).map(SecretString::expose_secret)
}

/// Trades a code for tokens. Sent once: a code is never used again after an unclear answer.
pub(crate) async fn exchange(
    http: &Http,
    server: &Server,
    kept: &Secrets,
    code: &SecretString,
    now: Millis,
) -> Result<Tokens> {
    let mut hidden: Vec<(&str, &SecretString)> = vec![("code", code)];
    for name in ["redirect_uri", "code_verifier"] {
        hidden.extend(kept.0.get(name).map(|value| (name, value)));
    }
    token_request(http, server, &[("grant_type", "authorization_code")], &hidden, now).await
}

/// Gets a new access token; what the server does not send anew is kept.
///
/// Fails with `Unauthorized` if the server no longer takes the refresh token.
pub(crate) async fn refresh(
    http: &Http,
    server: &Server,
    present: &Secrets,
    now: Millis,
) -> Result<Tokens> {
    let Some(token) = present.0.get(REFRESH) else {
        return Err(Error::new(Code::Unauthorized, "there is no refresh token"));
    };
    let plain = [("grant_type", "refresh_token")];
    let mut tokens = token_request(http, server, &plain, &[(REFRESH, token)], now).await?;
    tokens.sealed.0.entry(REFRESH.to_owned()).or_insert_with(|| token.clone());
    Ok(tokens)
}

/// Asks the server to forget the tokens; returns whether it confirmed that.
pub(crate) async fn revoke(http: &Http, server: &Server, present: &Secrets) -> Result<bool> {
    let Some(endpoint) = &server.revoke else { return Ok(false) };
    let (kind, token) = match (present.0.get(REFRESH), present.0.get(ACCESS)) {
        (Some(token), _) => (REFRESH, token),
        (None, Some(token)) => (ACCESS, token),
        (None, None) => return Ok(false),
    };
    let request = Request::new("POST", endpoint.clone(), server.trust)?;
    let plain = [("token_type_hint", kind)];
    let request = authenticated(request, server, &plain, &[("token", token)])?;
    Ok(http.send(&request).await?.is_success())
}

/// Returns the access token of sealed secrets.
pub(crate) fn access_token(secrets: &Secrets) -> Option<&SecretString> {
    secrets.0.get(ACCESS)
}

/// Tells whether the access token has ended, or ends within the time a call takes.
pub(crate) fn is_spent(secrets: &Secrets, now: Millis) -> bool {
    let number = |key: &str| secrets.0.get(key)?.expose_secret().parse::<u64>().ok();
    let early = number(LIFE).map_or(SPENT_BEFORE, |life| {
        SPENT_BEFORE.min(Duration::from_millis(life.saturating_mul(100)))
    });
    number(EXPIRES).and_then(|at| i64::try_from(at).ok()).is_some_and(|at| at <= now.after(early).0)
}

/// Tells whether a new access token can be had without the user.
pub(crate) fn can_refresh(secrets: &Secrets) -> bool {
    secrets.0.contains_key(REFRESH)
}

fn random() -> SecretString {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

fn authenticated(
    request: Request,
    server: &Server,
    plain: &[(&str, &str)],
    hidden: &[(&str, &SecretString)],
) -> Result<Request> {
    let fallback = if server.client_secret.is_some() { TokenAuth::Basic } else { TokenAuth::None };
    let mut plain = plain.to_vec();
    let mut hidden = hidden.to_vec();
    match (server.auth.unwrap_or(fallback), &server.client_secret) {
        (TokenAuth::Basic, Some(secret)) => {
            return request.form(&plain, &hidden)?.basic(&server.client_id, secret);
        }
        (TokenAuth::Post, Some(secret)) => {
            plain.push(("client_id", &server.client_id));
            hidden.push(("client_secret", secret));
        }
        (TokenAuth::None | TokenAuth::Basic | TokenAuth::Post, _) => {
            plain.push(("client_id", &server.client_id));
        }
    }
    request.form(&plain, &hidden)
}

async fn token_request(
    http: &Http,
    server: &Server,
    plain: &[(&str, &str)],
    hidden: &[(&str, &SecretString)],
    now: Millis,
) -> Result<Tokens> {
    let request = Request::new("POST", server.token.clone(), server.trust)?
        .header("accept", "application/json")?;
    let request = authenticated(request, server, plain, hidden)?;
    granted(&http.send(&request).await?, now)
}

/// Reads a token answer (RFC 6749, 5.1 and 5.2).
fn granted(answer: &Response, now: Millis) -> Result<Tokens> {
    #[derive(Deserialize)]
    struct Grant {
        access_token: SecretString,
        refresh_token: Option<SecretString>,
        /// A number, though some servers send a text
        expires_in: Option<serde_json::Value>,
        scope: Option<String>,
    }
    let grant: Grant = match serde_json::from_slice(&answer.body) {
        Ok(grant) if answer.is_success() => grant,
        _ => return Err(denied(answer)),
    };
    let mut sealed = BTreeMap::from([(ACCESS.to_owned(), grant.access_token)]);
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
    Ok(Tokens { sealed: Secrets(sealed), scopes })
}

/// Names the refusal by the server's own code; its words may hold what nobody should see.
fn denied(answer: &Response) -> Error {
    let json = answer.json().unwrap_or_default();
    let code = json.get("error").and_then(serde_json::Value::as_str).unwrap_or_default();
    let known = code.len() <= 64 && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match (answer.status, code) {
        (_, "invalid_grant") => {
            Error::new(Code::Unauthorized, "the OAuth server no longer takes the grant")
                .hint("start again with `naive connections connect`")
                .reason("invalid_grant")
        }
        (_, "invalid_client" | "unauthorized_client") => Error::new(
            Code::NotConfigured,
            "the OAuth server does not know the client, or its secret",
        )
        .hint("run `naive toolkits configure` with the right client id and secret")
        .reason("invalid_client"),
        (status, code) if known && !code.is_empty() => {
            let text = format!("the OAuth server refused with `{code}` ({status})");
            Error::new(Code::ProviderError, text)
        }
        (status, _) => {
            let text = format!("the OAuth server gave no usable answer ({status})");
            Error::new(Code::ProviderError, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(issuer: Option<&str>, announces: bool) -> Server {
        let url: Url = "http://127.0.0.1:1/x".parse().unwrap();
        Server {
            issuer: issuer.map(str::to_owned),
            announces_issuer: announces,
            authorize: url.clone(),
            token: url,
            revoke: None,
            client_id: "c".into(),
            client_secret: None,
            auth: None,
            trust: Trust::Public,
        }
    }

    #[test]
    fn only_the_asked_server_is_believed() {
        let announced = server(Some("https://a"), true);

        assert!(check_issuer(&announced, Some("https://a")).is_ok());
        assert!(check_issuer(&announced, Some("https://b")).is_err());
        assert!(check_issuer(&announced, None).is_err());
        assert!(check_issuer(&server(Some("https://a"), false), None).is_ok());
        assert!(check_issuer(&server(None, false), Some("https://b")).is_ok());
    }

    #[test]
    fn every_link_has_its_own_state_and_challenge() {
        let ask = Ask {
            redirect_uri: &"http://127.0.0.1:2/oauth/callback".parse().unwrap(),
            scopes: &["a".into(), "b".into()],
            separator: " ",
            params: &BTreeMap::new(),
            pkce: true,
        };

        let (one, login) = authorize(&server(None, false), &ask).unwrap();
        let (two, _) = authorize(&server(None, false), &ask).unwrap();

        assert_ne!(one, two);
        assert!(one.query().unwrap().contains("scope=a+b"));
        assert!(one.query().unwrap().contains("code_challenge_method=S256"));
        assert!(login.kept.0["code_verifier"].expose_secret().len() >= 43);
    }

    #[test]
    fn a_refusal_never_repeats_the_servers_words() {
        let answer = Response {
            status: 400,
            headers: reqwest::header::HeaderMap::default(),
            body: br#"{"error":"CANARY secret","error_description":"CANARY"}"#.to_vec(),
        };

        let error = denied(&answer);

        assert!(!format!("{error:?}").contains("CANARY"));
    }
}
