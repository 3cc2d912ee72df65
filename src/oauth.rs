//! OAuth 2.0 as a client: links and requests, no listener and no store.
//!
//! Authorization code with PKCE (RFC 6749, 7636), issuer identification (RFC 9207), discovery
//! (RFC 8414, 9728), refresh, revocation (RFC 7009), device codes (RFC 8628), registration (RFC 7591),
//! tokens for one resource (RFC 8707).

mod bound;
mod challenge;
mod device;
mod discovery;
mod register;
mod resource;
mod token;

pub(crate) use bound::{Bound, bound};
pub(crate) use challenge::challenge;
pub(crate) use device::{DeviceAnswer, ask_for_code, ask_for_tokens, device_code};
pub(crate) use discovery::discover;
pub(crate) use register::{Wish, register};
pub(crate) use resource::{greets_anybody, own_name, resource, speaks_for};
pub(crate) use token::Tokens;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use url::{Origin, Url};

use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::catalog::manifest::TokenAuth;
use crate::http::{Http, Request, Trust, check, is_mask};
use bound::binding;
use token::{authenticated, token_request};

/// Keys under which tokens are sealed.
const ACCESS: &str = "access_token";
const REFRESH: &str = "refresh_token";
const EXPIRES: &str = "expires_at";
const LIFE: &str = "expires_in";
/// Key under which the client's id is sealed, with tokens and with what a login keeps.
const CLIENT: &str = "client_id";

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
    pub(crate) authorize: Option<Url>,
    /// Token endpoint
    pub(crate) token: Url,
    /// Revocation endpoint
    pub(crate) revoke: Option<Url>,
    /// Device authorization endpoint
    pub(crate) device: Option<Url>,
    /// Client id
    pub(crate) client_id: String,
    /// Client secret
    pub(crate) client_secret: Option<SecretString>,
    /// How the client names itself; by default `basic` with a secret and `none` without
    pub(crate) auth: Option<TokenAuth>,
    /// Whether it takes JSON where the standard has a form
    pub(crate) json: bool,
    /// Headers that the app wants in every request: a version of its API, say
    pub(crate) headers: BTreeMap<String, String>,
    /// The resource that tokens are for, where they are for one alone
    pub(crate) resource: Option<String>,
    /// Whether the client's id is the address of the document that describes it
    pub(crate) document: bool,
    /// Who vouches for the addresses at `vouched`; for those elsewhere nobody does
    pub(crate) trust: Trust,
    /// Origins that the manifest names
    pub(crate) vouched: Vec<Origin>,
}

impl Server {
    /// Returns who vouches for an address.
    fn trust_in(&self, url: &Url) -> Trust {
        if self.vouched.contains(&url.origin()) { self.trust } else { Trust::Public }
    }
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
    let mut link = server.authorize.clone().ok_or_else(|| {
        Error::new(Code::ProviderError, "the OAuth server has no page for a browser")
    })?;
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
        if let Some(resource) = &server.resource {
            query.append_pair("resource", resource);
            // Else nothing is granted that lasts (OpenID Connect Core, 11; read 2026-11-28).
            if ask.scopes.iter().any(|scope| scope == "offline_access") {
                query.append_pair("prompt", "consent");
            }
        }
        for (key, value) in ask.params {
            query.append_pair(key, value);
        }
    }
    check(&link, server.trust_in(&link))?;
    let mut kept = BTreeMap::from([
        ("redirect_uri".to_owned(), SecretString::from(ask.redirect_uri.as_str())),
        (CLIENT.to_owned(), SecretString::from(server.client_id.as_str())),
    ]);
    if ask.pkce {
        kept.insert("code_verifier".to_owned(), verifier);
    }
    kept.extend(binding(server));
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
        .reason("issuer_mismatch"))
}

/// Returns what was kept of a login under a name that is no secret.
pub(crate) fn kept<'a>(kept: &'a Secrets, name: &str) -> Option<&'a str> {
    kept.0.get(name).map(SecretString::expose_secret)
}

/// Returns the client that tokens, or a login, belong to; `None` where an older build sealed them.
pub(crate) fn client_id(sealed: &Secrets) -> Option<&str> {
    kept(sealed, CLIENT)
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
    // A server that repeats the token says nothing new, and the answer holds a mask in its place.
    if tokens.sealed.0.get(REFRESH).is_none_or(is_mask) {
        tokens.sealed.0.insert(REFRESH.to_owned(), token.clone());
    }
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
    let request = Request::new("POST", endpoint.clone(), server.trust_in(endpoint))?;
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

/// Tells whether the access token ends within two minutes, and is not one that always does.
pub(crate) fn ends_soon(secrets: &Secrets, now: Millis) -> bool {
    const SOON: Duration = Duration::from_mins(2);
    const LONG_ENOUGH: u64 = 5 * SOON.as_secs();
    let life = secrets.0.get(LIFE).and_then(|life| life.expose_secret().parse::<u64>().ok());
    life.is_some_and(|life| life >= LONG_ENOUGH) && is_spent(secrets, now.after(SOON))
}

/// Tells whether a new access token can be had without the user.
pub(crate) fn can_refresh(secrets: &Secrets) -> bool {
    secrets.0.contains_key(REFRESH)
}

/// Returns 256 random bits as text.
pub(crate) fn random() -> SecretString {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn server(issuer: Option<&str>, announces: bool) -> Server {
        let url: Url = "http://127.0.0.1:1/x".parse().unwrap();
        Server {
            issuer: issuer.map(str::to_owned),
            announces_issuer: announces,
            authorize: Some(url.clone()),
            token: url,
            revoke: None,
            device: None,
            client_id: "c".into(),
            client_secret: None,
            auth: None,
            json: false,
            headers: BTreeMap::new(),
            resource: None,
            document: false,
            trust: Trust::Public,
            vouched: Vec::new(),
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
}
