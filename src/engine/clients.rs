//! Which OAuth client a toolkit uses at its server: the operator's, the manifest's, one that a document
//! describes, or one that was registered here.

use secrecy::SecretString;
use url::Url;

use super::endpoints::Endpoints;
use super::known::Known;
use super::{Engine, beside};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::quoted;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::catalog::manifest::{TokenAuth, TokenFormat};
use crate::oauth::{self, Wish};
use crate::store::Registration;

/// What a login that begins needs of its client.
#[derive(Debug)]
pub(super) struct Need<'a> {
    /// Where the browser returns to, if one does
    pub(super) redirect_uri: Option<&'a Url>,
    /// Scopes that are asked for, as they stand in a request
    pub(super) scope: &'a str,
}

impl Engine {
    /// Returns the toolkit's OAuth server with the client that tokens, or a login, belong to. It is the
    /// server that they are bound to; where they are bound to none, and the manifest gives no addresses,
    /// these are discovered.
    ///
    /// Fails with `NotConfigured` if that client is not here.
    pub(super) async fn oauth_server(
        &self,
        known: &Known,
        sealed: &Secrets,
    ) -> Result<oauth::Server> {
        let endpoints = match oauth::bound(sealed) {
            Some(bound) => Endpoints::bound(bound),
            None => Box::pin(self.endpoints(known)).await?,
        };
        self.server_with(known, &endpoints, sealed)
    }

    /// Returns the same at addresses that are known.
    pub(super) fn server_with(
        &self,
        known: &Known,
        endpoints: &Endpoints,
        sealed: &Secrets,
    ) -> Result<oauth::Server> {
        let bound = oauth::client_id(sealed).filter(|bound| Some(*bound) != known.client_id());
        let Some(bound) = bound else {
            return self.server(known, endpoints)?.ok_or_else(|| known.without_client());
        };
        if endpoints.documents {
            return Ok(described(known, endpoints, bound));
        }
        let own = self.store.registration(known.slug(), bound)?.filter(|_| !known.simulated);
        let here = endpoints.server();
        match own.filter(|own| here.as_ref().is_none_or(|here| *here == own.server)) {
            Some(own) => self.server_of(known, endpoints, &own),
            None => Err(without(known, bound)),
        }
    }

    /// Returns the same for a login that begins: where the operator names no client it is the document that
    /// describes us, if the server takes such, else one that is registered there.
    pub(super) async fn server_for(
        &self,
        known: &Known,
        endpoints: &Endpoints,
        need: &Need<'_>,
    ) -> Result<oauth::Server> {
        if known.client_id().is_none() {
            let document = self.document.as_ref().filter(|_| endpoints.documents);
            if let Some(document) = document {
                return Ok(described(known, endpoints, document.as_str()));
            }
            let own = known.registered(endpoints.server().as_deref());
            let registered = match own.filter(|own| will_do(own, need)) {
                Some(own) => own.clone(),
                None => self.register(known, endpoints, need).await?,
            };
            return self.server_of(known, endpoints, &registered);
        }
        self.keep_secret_at(known, endpoints)?;
        self.server(known, endpoints)?.ok_or_else(|| known.without_client())
    }

    /// Fails if the operator's client secret has been used at another OAuth server than the one that the
    /// resource names now; the first one is remembered.
    ///
    /// Whoever speaks for a resource could otherwise have the secret sent to a server of their own.
    fn keep_secret_at(&self, known: &Known, endpoints: &Endpoints) -> Result<()> {
        let (Some(_), Some(issuer), Some(client_id)) = (
            &endpoints.resource,
            &endpoints.issuer,
            known.client_id().filter(|_| !known.simulated),
        ) else {
            return Ok(());
        };
        let (slug, owner) = (known.slug(), known.operator_owner());
        let Some(bytes) = self.store.sealed(&owner)? else { return Ok(()) };
        let mut secrets = self.opening(&owner, &bytes)?;
        let name = format!("issuer of {client_id}");
        match oauth::kept(&secrets, &name) {
            Some(first) if first == issuer => return Ok(()),
            Some(first) => {
                let text = format!(
                    "`{slug}` names another OAuth server now, and the client that was configured belongs to `{}`",
                    quoted(first)
                );
                let command =
                    format!("naive toolkits configure {slug} --client-id ID --client-secret -");
                return Err(Error::new(Code::NotConfigured, text)
                    .hint(format!(
                        "if that is right, register a client there, then run `{command}`"
                    ))
                    .reason("issuer_changed"));
            }
            None => secrets.0.insert(name, beside(issuer)),
        };
        let kept = self
            .sealing(&owner, &secrets, |after| self.store.replace_sealed(&owner, &bytes, after))?;
        if kept {
            return Ok(());
        }
        let text = format!("the OAuth client of `{slug}` was changed meanwhile");
        Err(Error::new(Code::NotConfigured, text).hint("run the command again"))
    }

    /// Returns the server with the client that is there for it, if there is one.
    pub(super) fn server(
        &self,
        known: &Known,
        endpoints: &Endpoints,
    ) -> Result<Option<oauth::Server>> {
        let Some(client_id) = known.client_id() else {
            let own = known.registered(endpoints.server().as_deref());
            return own.map(|own| self.server_of(known, endpoints, own)).transpose();
        };
        let secret =
            if known.simulated { None } else { self.client_secret(&known.operator_owner())? };
        Ok(Some(server(known, endpoints, client_id, secret)))
    }

    /// Returns the server with a client that was registered here.
    pub(super) fn server_of(
        &self,
        known: &Known,
        endpoints: &Endpoints,
        own: &Registration,
    ) -> Result<oauth::Server> {
        let secret = self.client_secret(&own.owner)?;
        let server = server(known, endpoints, &own.client_id, secret);
        let auth = match own.auth.as_deref() {
            Some("none") => Some(TokenAuth::None),
            Some("basic") => Some(TokenAuth::Basic),
            Some("post") => Some(TokenAuth::Post),
            Some(_) | None => None,
        };
        let auth = known.manifest.auth.token_auth.or(auth).or(server.auth);
        Ok(oauth::Server { auth, ..server })
    }

    fn client_secret(&self, owner: &str) -> Result<Option<SecretString>> {
        let Some(bytes) = self.store.sealed(owner)? else { return Ok(None) };
        Ok(self.opening(owner, &bytes)?.0.remove("client_secret"))
    }

    /// Registers a client at the server, and returns the one that counts from now on.
    async fn register(
        &self,
        known: &Known,
        endpoints: &Endpoints,
        need: &Need<'_>,
    ) -> Result<Registration> {
        let (Some(endpoint), Some(server)) = (&endpoints.register, endpoints.server()) else {
            return Err(known.without_client());
        };
        let wish = Wish {
            endpoint,
            trust: known.trust_in(endpoint),
            redirect_uri: need.redirect_uri,
            // A server may hold a client to the scopes it began with, and a resource asks for more as one goes on.
            scope: if endpoints.resource.is_some() { "" } else { need.scope },
            device: endpoints.device.is_some(),
        };
        let slug = known.slug();
        let client = oauth::register(&self.http, &wish).await.map_err(|error| {
            let command = format!("naive toolkits configure {slug} --client-id ID");
            match error.code {
                Code::NotConfigured => {
                    error.hint(format!("register one with the app yourself, then run `{command}`"))
                }
                _ => error,
            }
        })?;
        let new = Registration {
            server,
            owner: format!("registered:{slug}:{}", client.client_id),
            client_id: client.client_id,
            auth: client.auth.map(|auth| word(auth).to_owned()),
            redirect_uri: client.redirect_uri,
            expires_at: client.expires_at,
        };
        let replaces = known.row.registered.as_ref().map(|old| old.client_id.as_str());
        self.sealing(&new.owner, &client.secrets, |bytes| {
            self.store.put_registration(slug, &new, replaces, (bytes, Millis::now()))
        })
    }

    /// Forgets a client that was registered here if its server no longer knows it, so that the next
    /// login registers another; tells whether it did.
    pub(super) fn forget_client(
        &self,
        known: &Known,
        client_id: &str,
        error: &Error,
    ) -> Result<bool> {
        let gone = error.reason.as_deref() == Some("invalid_client");
        let slug = known.slug();
        if !gone
            || known.client_id() == Some(client_id)
            || self.store.registration(slug, client_id)?.is_none()
        {
            return Ok(false);
        }
        self.store.forget_registration(slug, client_id)?;
        Ok(true)
    }

    /// Returns what is said when a login fails: a client that was registered here and is gone is no
    /// matter of configuring.
    pub(super) fn login_failed(&self, known: &Known, client_id: &str, error: Error) -> Error {
        match self.forget_client(known, client_id, &error) {
            Ok(true) => error.hint(format!(
                "run `naive connections connect {}` again: it registers a new client",
                known.slug()
            )),
            Ok(false) => error,
            Err(error) => error,
        }
    }
}

/// Tells whether a registered client still counts, and may have the browser return to where it must.
fn will_do(own: &Registration, need: &Need<'_>) -> bool {
    let lives = own.expires_at.is_none_or(|at| at > Millis::now());
    let returns = match (&own.redirect_uri, need.redirect_uri) {
        (Some(only), Some(wanted)) => only == wanted.as_str(),
        (None, _) | (_, None) => true,
    };
    lives && returns
}

fn server(
    known: &Known,
    endpoints: &Endpoints,
    client_id: &str,
    client_secret: Option<SecretString>,
) -> oauth::Server {
    let auth = &known.manifest.auth;
    let has_secret = client_secret.is_some();
    oauth::Server {
        issuer: endpoints.issuer.clone(),
        announces_issuer: endpoints.announces_issuer,
        authorize: endpoints.authorize.clone(),
        token: endpoints.token.clone(),
        revoke: endpoints.revoke.clone(),
        device: endpoints.device.clone(),
        client_id: client_id.to_owned(),
        client_secret,
        auth: auth.token_auth.or(endpoints.auth.filter(|_| has_secret)),
        json: auth.token_format == TokenFormat::Json,
        headers: known.manifest.headers.clone(),
        resource: endpoints.resource.clone(),
        document: false,
        trust: known.trust(),
        vouched: known.vouched(),
    }
}

/// Returns the server with the client that its own document describes: a public one.
fn described(known: &Known, endpoints: &Endpoints, document: &str) -> oauth::Server {
    let server = server(known, endpoints, document, None);
    oauth::Server { document: true, auth: Some(TokenAuth::None), ..server }
}

/// Returns the error that tokens belong to a client that is not here.
///
/// Its reason is `client_gone` if that client was registered here, and `other_client` if the operator
/// has configured another since: theirs may come back.
fn without(known: &Known, bound: &str) -> Error {
    let slug = known.slug();
    let bound = quoted(bound);
    let (text, reason) = match known.client_id() {
        Some(here) => (format!("`{slug}` uses `{here}` here"), "other_client"),
        None => ("that one is no longer here".to_owned(), "client_gone"),
    };
    let text = format!("the tokens belong to the OAuth client `{bound}`; {text}");
    Error::new(Code::NotConfigured, text)
        .hint(format!("run `naive connections connect {slug} --reconnect` to log in again"))
        .reason(reason)
}

fn word(auth: TokenAuth) -> &'static str {
    match auth {
        TokenAuth::None => "none",
        TokenAuth::Basic => "basic",
        TokenAuth::Post => "post",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_client_lasts_as_long_as_its_secret_and_its_address() {
        let here: Url = "http://127.0.0.1:7/oauth/callback".parse().unwrap();
        let client = |redirect_uri: Option<&str>, expires_at| Registration {
            server: "https://a".to_owned(),
            client_id: "c".to_owned(),
            owner: "r".to_owned(),
            auth: None,
            redirect_uri: redirect_uri.map(str::to_owned),
            expires_at,
        };
        let by_browser = Need { redirect_uri: Some(&here), scope: "" };
        let by_device = Need { redirect_uri: None, scope: "" };
        let other = Some("http://127.0.0.1:8/oauth/callback");

        assert!(will_do(&client(None, None), &by_browser));
        assert!(will_do(&client(Some(here.as_str()), None), &by_browser));
        assert!(!will_do(&client(other, None), &by_browser));
        assert!(will_do(&client(other, None), &by_device));
        assert!(!will_do(&client(None, Some(Millis(1))), &by_browser));
    }
}
