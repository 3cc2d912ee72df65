//! What an OAuth server publishes of itself (RFC 8414).

use serde::Deserialize;
use url::Url;

use crate::api::address::is_loopback;
use crate::api::error::{Code, Error, Result};
use crate::http::{Http, Request, Trust, check};

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
}

/// Reads a server's metadata, at the place of RFC 8414 and then at that of `OpenID` Connect.
///
/// Fails with `ProviderError` if there is none, it speaks of another issuer, or it sends us where the
/// issuer may not.
pub(crate) async fn discover(http: &Http, issuer: &Url, trust: Trust) -> Result<Metadata> {
    let path = issuer.path().trim_end_matches('/');
    let places = [
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("{path}/.well-known/openid-configuration"),
    ];
    for place in places {
        let mut url = issuer.clone();
        url.set_path(&place);
        let answer = http.send(&Request::new("GET", url, trust)?).await?;
        let Some(json) = answer.json().filter(|_| answer.is_success()) else { continue };
        let metadata: Metadata = serde_json::from_value(json).map_err(|error| {
            Error::new(Code::ProviderError, "the OAuth server's metadata is incomplete")
                .because(error)
        })?;
        if metadata.issuer.trim_end_matches('/') != issuer.as_str().trim_end_matches('/') {
            let text = "the OAuth server's metadata names another issuer";
            return Err(Error::new(Code::ProviderError, text).reason("issuer_mismatch"));
        }
        metadata.endpoints().try_for_each(|endpoint| check_endpoint(issuer, endpoint))?;
        return Ok(metadata);
    }
    let host = issuer.host_str().unwrap_or_default();
    Err(Error::new(Code::ProviderError, format!("`{host}` publishes no OAuth metadata")))
}

/// Fails if an issuer may not name this endpoint: whoever vouches for the issuer vouches for its own
/// origin alone. Another must be public, and on this machine only if the issuer is here too.
fn check_endpoint(issuer: &Url, endpoint: &Url) -> Result<()> {
    let elsewhere = issuer.origin() != endpoint.origin();
    if elsewhere && is_loopback(endpoint) && !is_loopback(issuer) {
        let text = "the OAuth server's metadata names an address on this machine";
        return Err(Error::new(Code::ProviderError, text).reason("address_refused"));
    }
    if elsewhere { check(endpoint, Trust::Public) } else { Ok(()) }
}

impl Metadata {
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
}
