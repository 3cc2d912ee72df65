//! What an OAuth server publishes of itself (RFC 8414).

use serde::Deserialize;
use url::Url;

use crate::api::error::{Code, Error, Result};
use crate::http::{Http, Request, Trust};

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
/// Fails with `ProviderError` if there is none, or it speaks of another issuer.
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
        return Ok(metadata);
    }
    let host = issuer.host_str().unwrap_or_default();
    Err(Error::new(Code::ProviderError, format!("`{host}` publishes no OAuth metadata")))
}

impl Metadata {
    /// Returns the issuer exactly as the server writes it.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }
}
