//! Where a toolkit's OAuth server is: as the manifest says, as the server publishes, or as the resource
//! that tokens are for names it.

use url::Url;

use super::Engine;
use super::known::Known;
use super::scopes::united;
use crate::api::error::{Code, Error, Result};
use crate::catalog::manifest::TokenAuth;
use crate::oauth::{self, Bound};

/// The addresses of an OAuth server, and what it says of itself beside them.
#[derive(Debug)]
pub(super) struct Endpoints {
    /// Who it says it is
    pub(super) issuer: Option<String>,
    /// Whether it promised to say so in every callback
    pub(super) announces_issuer: bool,
    /// Where a browser is sent
    pub(super) authorize: Option<Url>,
    /// Where tokens are given out
    pub(super) token: Url,
    /// Where they are taken back
    pub(super) revoke: Option<Url>,
    /// Where clients are registered
    pub(super) register: Option<Url>,
    /// Where codes for another device are given out
    pub(super) device: Option<Url>,
    /// The resource that its tokens are for, as requests name it
    pub(super) resource: Option<String>,
    /// Whether a client may be a document; of a login that has begun, whether it is
    pub(super) documents: bool,
    /// How a client with a secret names itself there, if not as usual
    pub(super) auth: Option<TokenAuth>,
    /// Scopes that the resource wants of whoever names none
    scopes: Vec<String>,
    /// Whether refresh tokens are asked for by a scope
    offline: bool,
}

impl Endpoints {
    /// Returns the one address that is needed to ask whether a code was entered.
    pub(super) fn of_token(token: Url) -> Self {
        Self {
            issuer: None,
            announces_issuer: false,
            authorize: None,
            token,
            revoke: None,
            register: None,
            device: None,
            resource: None,
            documents: false,
            auth: None,
            scopes: Vec::new(),
            offline: false,
        }
    }

    /// Returns those that a login, or its tokens, are bound to.
    pub(super) fn bound(bound: Bound) -> Self {
        Self {
            issuer: bound.issuer,
            announces_issuer: bound.announces_issuer,
            revoke: bound.revoke,
            resource: Some(bound.resource),
            documents: bound.document,
            auth: bound.auth,
            ..Self::of_token(bound.token)
        }
    }

    /// Returns what a registered client is bound to: the issuer, else where clients are registered.
    pub(super) fn server(&self) -> Option<String> {
        self.issuer.clone().or(self.register.as_ref().map(Url::to_string))
    }

    /// Returns the scopes that a login asks for: `usual`, unless nobody here knows any. Then it is what the
    /// resource wants, beside what the connection has already. A refresh token is asked for in any case.
    pub(super) fn asked(&self, known: &Known, named: &[String], usual: &[String]) -> Vec<String> {
        let told = !named.is_empty() || !known.scopes().is_empty();
        let wanted: &[String] = if told { &[] } else { &self.scopes };
        let offline = self.offline.then(|| "offline_access".to_owned());
        united([usual, wanted, offline.as_slice()])
    }
}

impl Engine {
    /// Returns the addresses of the toolkit's OAuth server, for a login that begins.
    pub(super) async fn endpoints(&self, known: &Known) -> Result<Endpoints> {
        let auth = &known.manifest.auth;
        let resource = auth.resource.as_ref();
        let given = |token: &Url| Endpoints {
            issuer: auth.issuer.as_ref().map(|issuer| issuer.as_str().to_owned()),
            announces_issuer: known.simulated,
            authorize: auth.authorize_url.clone(),
            revoke: auth.revoke_url.clone(),
            register: auth.registration_url.clone(),
            device: auth.device_url.clone(),
            resource: resource.map(oauth::own_name),
            ..Endpoints::of_token(token.clone())
        };
        let (found, by_resource) = match (&auth.authorize_url, &auth.token_url, &auth.issuer) {
            (Some(_), Some(token), _) => return Ok(given(token)),
            (_, _, Some(at)) => {
                let found = oauth::discover(&self.http, at, known.trust()).await?;
                (if resource.is_some() { found.with_pkce()? } else { found }, None)
            }
            (_, _, None) => {
                let Some(resource) = resource else {
                    let text = format!("toolkit `{}` names no OAuth server", known.manifest.slug);
                    return Err(Error::new(Code::FeatureNotConfigured, text));
                };
                let asked = oauth::resource(&self.http, resource, known.trust()).await?;
                (asked.server(&self.http).await?, Some(asked))
            }
        };
        let given = given(&found.token_endpoint);
        let (name, scopes) = by_resource.map(|asked| (asked.name, asked.scopes)).unzip();
        Ok(Endpoints {
            issuer: Some(found.issuer().to_owned()),
            announces_issuer: found.authorization_response_iss_parameter_supported,
            offline: resource.is_some() && found.has_offline_access(),
            documents: resource.is_some() && found.takes_documents(),
            auth: found.auth().filter(|_| resource.is_some()),
            authorize: Some(found.authorization_endpoint),
            revoke: given.revoke.or(found.revocation_endpoint),
            register: given.register.or(found.registration_endpoint),
            device: given.device.or(found.device_authorization_endpoint),
            resource: name.or(given.resource),
            scopes: scopes.unwrap_or_default(),
            ..Endpoints::of_token(given.token)
        })
    }

    /// Returns who the resource of a toolkit says its OAuth server is by now, if that is another than `before`.
    ///
    /// A resource that cannot be asked, or names none, names no other.
    pub(super) async fn named_instead(&self, known: &Known, before: &Bound) -> Option<Url> {
        let auth = &known.manifest.auth;
        let (None, None, Some(resource)) = (&auth.issuer, &auth.token_url, &auth.resource) else {
            return None;
        };
        let asked = oauth::resource(&self.http, resource, known.trust()).await.ok()?;
        let same = |now: &Url| {
            let before = before.issuer.as_deref().unwrap_or_default();
            now.as_str().trim_end_matches('/') == before.trim_end_matches('/')
        };
        asked.issuer.filter(|now| !same(now))
    }
}
