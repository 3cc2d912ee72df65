//! What tokens are bound to: the one OAuth server that gave them, and the resource they are for.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Server;
use crate::api::secrets::Secrets;
use crate::catalog::manifest::TokenAuth;

/// Key under which it is sealed, with tokens and with what a login keeps.
const KEY: &str = "bound";

/// The OAuth server of a resource, as it was when a login began there.
///
/// It stays sealed with the login and then with its tokens: where a resource says who its server is, whoever
/// speaks for the resource later could otherwise send the code or the refresh token to another. It spares a
/// refresh the discovery, too. A released field stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bound {
    /// Who the server says it is
    pub(crate) issuer: Option<String>,
    /// Whether it promised to say so in every callback
    pub(crate) announces_issuer: bool,
    /// Token endpoint
    pub(crate) token: Url,
    /// Revocation endpoint
    pub(crate) revoke: Option<Url>,
    /// The resource, as requests name it
    pub(crate) resource: String,
    /// Whether the client is a document that its id is the address of
    #[serde(default)]
    pub(crate) document: bool,
    /// How the client names itself there
    #[serde(default)]
    pub(crate) auth: Option<TokenAuth>,
}

/// Returns what these secrets are bound to; `None` where no resource said who its server is.
pub(crate) fn bound(sealed: &Secrets) -> Option<Bound> {
    serde_json::from_str(sealed.0.get(KEY)?.expose_secret()).ok()
}

/// Returns the binding as it is sealed, under its key.
pub(super) fn binding(server: &Server) -> Option<(String, SecretString)> {
    let bound = Bound {
        issuer: server.issuer.clone(),
        announces_issuer: server.announces_issuer,
        token: server.token.clone(),
        revoke: server.revoke.clone(),
        resource: server.resource.clone()?,
        document: server.document,
        auth: server.auth,
    };
    Some((KEY.to_owned(), serde_json::to_string(&bound).ok()?.into()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::server;
    use super::*;

    #[test]
    fn what_tokens_are_bound_to_is_sealed_only_where_there_is_a_resource() {
        let plain = server(Some("https://a"), true);
        let bound_to = Server { resource: Some("https://a/mcp".into()), ..plain.clone() };

        let sealed = Secrets(BTreeMap::from_iter(binding(&bound_to)));

        assert!(binding(&plain).is_none());
        let bound = bound(&sealed).unwrap();
        assert_eq!(bound.resource, "https://a/mcp");
        assert_eq!((bound.issuer.as_deref(), bound.token), (Some("https://a"), plain.token));
    }
}
