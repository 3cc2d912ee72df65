//! Composio as a way to toolkits: its key, the list of what it leads to, and the tools of each.
//!
//! Accounts are Composio's to keep; of each, a connection knows the id. What becomes of them is asked there.

mod accounts;
mod ending;
mod links;
mod list;
mod messages;
mod tools;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Engine;
use super::known::Known;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::secrets::Secrets;
use crate::oauth;
use crate::provider::composio::{Api, BASE};

pub(super) use links::keep_here;

/// Owner under which the key is sealed.
const KEY: &str = "provider:composio";
/// Owner under which the secret that signs Composio's messages is sealed.
const MESSAGES: &str = "provider:composio:webhook";
/// The name under which Composio itself is configured; no toolkit has it.
pub(super) const ITSELF: &str = "composio";

/// Name under which a connection keeps the id of its account at Composio.
const ACCOUNT: &str = "composio_account";
/// Name under which it keeps the user whose account that is there.
const USER: &str = "composio_user";
/// Name under which the fields of a connection say that its credential is kept here.
const KEEPS: &str = "composio_keeps";
/// Name under which a connection whose credential is kept here has the scheme of that.
const SCHEME: &str = "composio_scheme";

/// What Composio says of a toolkit that its manifest has no room for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remote {
    /// What Composio calls it
    pub(super) slug: String,
    /// How one logs in there, in Composio's words
    pub(super) scheme: String,
    /// Whether nothing is needed for that beside the key: of OAuth, Composio has a client
    pub(super) ready: bool,
    /// Whether Composio was asked what a user enters
    #[serde(default)]
    pub(super) detailed: bool,
    /// Whether a key is there; not stored
    #[serde(skip)]
    pub(super) keyed: bool,
}

/// Composio's API as this workspace reaches it.
pub(super) struct Reached<'a> {
    engine: &'a Engine,
    base: Url,
    key: SecretString,
}

impl Reached<'_> {
    /// Returns the client.
    pub(super) fn api(&self) -> Api<'_> {
        Api { http: &self.engine.http, base: &self.base, key: &self.key }
    }
}

impl Engine {
    /// Returns the same workspace with Composio elsewhere, if it is.
    pub(crate) fn with_composio_at(self, composio: Option<Url>) -> Self {
        Self { composio, ..self }
    }

    /// Returns where Composio is.
    fn composio_base(&self) -> Result<Url> {
        if let Some(url) = &self.composio {
            return Ok(url.clone());
        }
        BASE.parse().map_err(|error| Error::internal("Composio has no address", error))
    }

    fn reached(&self, key: SecretString) -> Result<Reached<'_>> {
        Ok(Reached { engine: self, base: self.composio_base()?, key })
    }

    /// Returns Composio's API.
    ///
    /// Fails with `FeatureNotConfigured` if there is no key, and in the sandbox.
    pub(super) fn composio(&self) -> Result<Reached<'_>> {
        self.check_real()?;
        match self.secret_of(KEY, "api_key")? {
            Some(key) => self.reached(key),
            None => Err(without_key()),
        }
    }

    /// Tells whether there is a key; whether it is good, Composio tells.
    pub(super) fn has_composio(&self) -> Result<bool> {
        Ok(!self.is_simulated() && self.store.sealed(KEY)?.is_some())
    }

    /// Fails in the sandbox.
    fn check_real(&self) -> Result<()> {
        if !self.is_simulated() {
            return Ok(());
        }
        let text = "the sandbox has no Composio";
        Err(Error::new(Code::FeatureNotConfigured, text)
            .hint("use it with `--profile local`, where apps are the real ones"))
    }

    fn secret_of(&self, owner: &str, name: &str) -> Result<Option<SecretString>> {
        let Some(bytes) = self.store.sealed(owner)? else { return Ok(None) };
        Ok(self.opening(owner, &bytes)?.0.remove(name))
    }
}

/// Returns the error that Composio has no key here.
pub(super) fn without_key() -> Error {
    Error::new(Code::FeatureNotConfigured, "there is no key of Composio's")
        .hint("run `naive toolkits configure composio --api-key -`")
        .reason("key_missing")
}

/// Returns the id of the account at Composio that a credential stands for.
fn account_of(secrets: &Secrets) -> Option<&str> {
    oauth::kept(secrets, ACCOUNT)
}

impl Known {
    /// Returns what Composio calls it.
    fn remote_slug(&self) -> Result<&str> {
        self.remote.as_ref().map(|remote| remote.slug.as_str()).ok_or_else(|| {
            Error::new(Code::InternalError, format!("`{}` has lost its name there", self.slug()))
        })
    }

    /// Returns what Composio lacks before anybody can connect to it, if it lacks something.
    pub(super) fn lacks_at_composio(&self) -> Option<String> {
        let remote = self.remote.as_ref().filter(|_| !self.is_configured())?;
        let slug = self.slug();
        if !remote.keyed {
            return Some("run `naive toolkits configure composio --api-key -`".to_owned());
        }
        Some(format!(
            "make an auth config for it at Composio, then run `naive toolkits configure {slug} --provider composio --client-id ac_…`"
        ))
    }

    /// Returns the error that something is lacking there.
    pub(super) fn without_auth_config(&self) -> Error {
        let Some(remote) = self.remote.as_ref().filter(|remote| remote.keyed) else {
            return without_key();
        };
        let text = format!(
            "Composio has no login of its own for `{}`, which goes by `{}`",
            self.slug(),
            remote.scheme
        );
        let error = Error::new(Code::NotConfigured, text).reason("auth_config_missing");
        match self.lacks_at_composio() {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Returns a name without what people write differently: `google-calendar` and `googlecalendar` are one app.
fn squeezed(slug: &str) -> String {
    slug.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// Returns what a toolkit of Composio's is called here: as one that is here already, if their names differ in dashes
/// and underscores alone, else as there, with dashes.
fn named(remote: &str, here: impl Fn(&str) -> Option<Slug>) -> Option<Slug> {
    if let Some(slug) = here(&squeezed(remote)) {
        return Some(slug);
    }
    let slug: Slug = remote.to_ascii_lowercase().replace('_', "-").parse().ok()?;
    (slug != Slug::brokerage() && slug.as_str() != ITSELF).then_some(slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_has_one_name_however_its_words_are_parted() {
        let here =
            |name: &str| (name == "googlecalendar").then(|| "google-calendar".parse().unwrap());
        let named = |remote| named(remote, here).map(|slug| slug.to_string());

        assert_eq!(named("googlecalendar").as_deref(), Some("google-calendar"));
        assert_eq!(named("google_calendar").as_deref(), Some("google-calendar"));
        assert_eq!(named("new_app").as_deref(), Some("new-app"));
        assert_eq!(named("brokerage"), None);
        assert_eq!(named("composio"), None);
        assert_eq!(named("."), None);
    }
}
