//! What an OAuth server publishes of itself (RFC 8414).

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::challenge::scopes;
use crate::api::address::is_loopback;
use crate::api::error::{Code, Error, Result};
use crate::catalog::manifest::TokenAuth;
use crate::http::{Http, Request, Trust, check};

/// Reason of an issuer that publishes nothing.
pub(super) const NO_METADATA: &str = "no_oauth_metadata";

/// Endpoints that a server publishes of itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    /// Authorization endpoint
    pub(crate) authorization_endpoint: Url,
    /// Token endpoint
    pub(crate) token_endpoint: Url,
    /// Revocation endpoint
    pub(crate) revocation_endpoint: Option<Url>,
    /// Device authorization endpoint (RFC 8628)
    pub(crate) device_authorization_endpoint: Option<Url>,
    /// Registration endpoint (RFC 7591)
    pub(crate) registration_endpoint: Option<Url>,
    /// Whether callbacks carry `iss`
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    scopes_supported: Value,
    #[serde(default)]
    code_challenge_methods_supported: Value,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Value,
    #[serde(default)]
    client_id_metadata_document_supported: Value,
}

/// Reads a server's metadata: at the place of RFC 8414, then at those of `OpenID` Connect.
///
/// Fails with `ProviderError` if there is none, it speaks of another issuer, or it sends us where the
/// issuer may not. A slash at the end makes no other issuer: both are asked at the same place.
pub(crate) async fn discover(http: &Http, issuer: &Url, trust: Trust) -> Result<Metadata> {
    let mut broken = None;
    for place in places(issuer) {
        let answer = http.send(&Request::new("GET", place, trust)?).await?;
        let Some(json) = answer.json().filter(|_| answer.is_success()) else { continue };
        let metadata: Metadata = match serde_json::from_value(json) {
            Ok(metadata) => metadata,
            Err(error) => {
                let text = "the OAuth server's metadata is incomplete";
                broken = broken.or(Some(Error::new(Code::ProviderError, text).because(error)));
                continue;
            }
        };
        if metadata.issuer.trim_end_matches('/') != issuer.as_str().trim_end_matches('/') {
            let text = "the OAuth server's metadata names another issuer";
            return Err(Error::new(Code::ProviderError, text).reason("issuer_mismatch"));
        }
        metadata.endpoints().try_for_each(|endpoint| check_endpoint(issuer, endpoint))?;
        return Ok(metadata);
    }
    let host = issuer.host_str().unwrap_or_default();
    Err(broken.unwrap_or_else(|| {
        Error::new(Code::ProviderError, format!("`{host}` publishes no OAuth metadata"))
            .reason(NO_METADATA)
    }))
}

/// Returns where an issuer's metadata may be, in order (RFC 8414, 3.1 and 5).
fn places(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut places = vec![
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        places.push(format!("{path}/.well-known/openid-configuration"));
    }
    let at = |place: String| {
        let mut url = issuer.clone();
        url.set_path(&place);
        url
    };
    places.into_iter().map(at).collect()
}

/// Fails if whoever is at `here` may not send us there: whoever vouches for an address vouches for its own
/// origin alone. Another must be public, and on this machine only if `here` is too.
pub(super) fn check_endpoint(here: &Url, there: &Url) -> Result<()> {
    let elsewhere = here.origin() != there.origin();
    if elsewhere && is_loopback(there) && !is_loopback(here) {
        let text = "the OAuth server's metadata names an address on this machine";
        return Err(Error::new(Code::ProviderError, text).reason("address_refused"));
    }
    let checked = if elsewhere { check(there, Trust::Public) } else { Ok(()) };
    checked.map_err(|error| Error { code: Code::ProviderError, ..error })
}

impl Metadata {
    /// Returns what a server has that publishes nothing: the endpoints that MCP once gave such a one.
    ///
    /// Source: Model Context Protocol, 2025-03-26, "Fallbacks for Servers without Metadata Discovery"
    /// (read 2026-11-28).
    pub(super) fn usual(origin: &Url) -> Self {
        let at = |path: &str| {
            let mut url = origin.clone();
            url.set_path(path);
            url
        };
        Self {
            issuer: origin.as_str().trim_end_matches('/').to_owned(),
            authorization_endpoint: at("/authorize"),
            token_endpoint: at("/token"),
            revocation_endpoint: None,
            device_authorization_endpoint: None,
            registration_endpoint: Some(at("/register")),
            authorization_response_iss_parameter_supported: false,
            scopes_supported: Value::Null,
            code_challenge_methods_supported: Value::Null,
            token_endpoint_auth_methods_supported: Value::Null,
            client_id_metadata_document_supported: Value::Null,
        }
    }

    fn endpoints(&self) -> impl Iterator<Item = &Url> {
        let further = [
            &self.revocation_endpoint,
            &self.device_authorization_endpoint,
            &self.registration_endpoint,
        ];
        let needed = [&self.authorization_endpoint, &self.token_endpoint];
        needed.into_iter().chain(further.into_iter().flatten())
    }

    /// Returns the issuer exactly as the server writes it.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Tells whether it gives refresh tokens to whoever asks for the scope `offline_access`.
    pub(crate) fn has_offline_access(&self) -> bool {
        scopes(words(&self.scopes_supported)).iter().any(|scope| scope == "offline_access")
    }

    /// Tells whether a client may be a document that its id is the address of.
    pub(crate) fn takes_documents(&self) -> bool {
        self.client_id_metadata_document_supported == Value::Bool(true)
    }

    /// Returns how a client with a secret must name itself, if a basic header will not do.
    pub(crate) fn auth(&self) -> Option<TokenAuth> {
        let takes =
            |name| words(&self.token_endpoint_auth_methods_supported).any(|one| one == name);
        let post = !takes("client_secret_basic") && takes("client_secret_post");
        post.then_some(TokenAuth::Post)
    }

    /// Fails unless it says that it checks PKCE with S256, for a resource whose clients are not known to it.
    pub(crate) fn with_pkce(self) -> Result<Self> {
        if words(&self.code_challenge_methods_supported).any(|method| method == "S256") {
            return Ok(self);
        }
        let text = "the OAuth server does not say that it checks PKCE (S256), without which a code can be stolen";
        Err(Error::new(Code::ProviderError, text)
            .hint("ask whoever runs the server to announce `code_challenge_methods_supported`")
            .reason("pkce_not_announced"))
    }
}

/// Returns the texts of a list; something else holds none.
pub(super) fn words(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_does_not_send_us_into_this_machine_or_its_network() {
        let table = [
            ("https://a.example", "https://a.example/token", true),
            ("https://a.example", "https://b.example/token", true),
            ("https://a.example", "http://127.0.0.1:7/register", false),
            ("https://a.example", "https://localhost/register", false),
            ("https://a.example", "http://[::1]/token", false),
            ("https://a.example", "https://10.0.0.1/token", false),
            ("https://a.example", "http://b.example/token", false),
            ("https://a.example", "javascript:alert(1)", false),
            ("https://10.0.0.1", "https://10.0.0.1/token", true),
            ("https://10.0.0.1", "https://10.0.0.1:8443/token", false),
            ("https://10.0.0.1", "https://10.0.0.2/token", false),
            ("http://127.0.0.1:1", "http://127.0.0.1:2/token", true),
            ("http://127.0.0.1:1", "https://10.0.0.1/token", false),
        ];
        for (issuer, endpoint, allowed) in table {
            let checked = check_endpoint(&issuer.parse().unwrap(), &endpoint.parse().unwrap());

            assert_eq!(checked.is_ok(), allowed, "{issuer} {endpoint}");
        }
    }

    #[test]
    fn an_issuer_with_a_path_is_asked_at_three_places() {
        let at = |issuer: &str| -> Vec<String> {
            places(&issuer.parse().unwrap()).iter().map(ToString::to_string).collect()
        };

        assert_eq!(
            at("https://a/t1/"),
            [
                "https://a/.well-known/oauth-authorization-server/t1",
                "https://a/.well-known/openid-configuration/t1",
                "https://a/t1/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            at("https://a"),
            [
                "https://a/.well-known/oauth-authorization-server",
                "https://a/.well-known/openid-configuration",
            ]
        );
    }
}
