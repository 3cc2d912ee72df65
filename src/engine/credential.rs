//! A connection's credential, opened and fresh.

use std::time::Duration;

use super::identity::Identity;
use super::known::Known;
use super::mirror::after;
use super::{Engine, Scope, connection_owner, user_flag};
use crate::api::accounts::RefreshConnection;
use crate::api::connections::{Connection, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionId, connect_command};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::Provider;
use crate::oauth;
use crate::store::Store;

/// How long those wait who do not refresh, before they look again.
const GLANCE: Duration = Duration::from_millis(20);
/// How long they wait at most: twice as long as a request may take.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A credential, opened, and the sealed bytes it came from.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Tokens or keys
    pub(super) secrets: Secrets,
    bytes: Vec<u8>,
}

/// The right to ask for a connection's credential, given back when it is dropped.
pub(super) struct Claim<'a> {
    store: &'a Store,
    id: &'a ConnectionId,
}

impl Opened {
    /// Returns a credential that no connection has.
    pub(super) fn of(secrets: Secrets) -> Self {
        Self { secrets, bytes: Vec::new() }
    }
}

impl<'a> Claim<'a> {
    /// Returns the claim, or `None` while another has it.
    pub(super) fn take(store: &'a Store, id: &'a ConnectionId) -> Result<Option<Self>> {
        Ok(store.claim_credential(id)?.then_some(Self { store, id }))
    }

    /// Waits for the claim; `None` as soon as it is no longer `wanted`.
    ///
    /// Fails with the reason `refresh_busy` if another has it for as long as `patience`. A process that
    /// was stopped may go on at any time, so the claim is never taken from one that lives.
    pub(super) async fn within(
        patience: Duration,
        (store, id): (&'a Store, &'a ConnectionId),
        wanted: impl Fn() -> Result<bool>,
    ) -> Result<Option<Self>> {
        let taken = async {
            loop {
                let claim = Self::take(store, id)?;
                if !wanted()? {
                    return Ok(None);
                }
                if claim.is_some() {
                    return Ok(claim);
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        tokio::time::timeout(patience, taken).await.unwrap_or_else(|_| {
            let text = "another process is refreshing the credential, and does not come to an end";
            Err(Error::new(Code::InternalError, text)
                .hint("look whether another `naive` was stopped or hangs and end it, then run the command again")
                .reason("refresh_busy"))
        })
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // A claim that cannot be given back ends with this process.
        let _ = self.store.release_credential(self.id);
    }
}

impl Engine {
    /// Returns a connection's credential; a spent access token is refreshed first.
    pub(super) async fn credential(
        &self,
        known: &Known,
        connection: &Connection,
    ) -> Result<Opened> {
        let opened = self.opened(&connection.id)?;
        self.for_this_resource(known, connection, &opened.secrets)?;
        if oauth::is_spent(&opened.secrets, Millis::now()) && oauth::can_refresh(&opened.secrets) {
            return self.refreshed(known, connection, opened).await;
        }
        Ok(opened)
    }

    /// Returns a connection's credential as it is stored.
    pub(super) fn opened(&self, id: &ConnectionId) -> Result<Opened> {
        let owner = connection_owner(id);
        let Some(bytes) = self.store.sealed(&owner)? else { return Ok(Opened::default()) };
        Ok(Opened { secrets: self.opening(&owner, &bytes)?, bytes })
    }

    /// Trades the refresh token for a new access token, and stores both before anyone uses them.
    ///
    /// One process does it; the others wait for its tokens. A connection whose refresh token the
    /// server no longer takes becomes `EXPIRED`.
    pub(super) async fn refreshed(
        &self,
        known: &Known,
        connection: &Connection,
        present: Opened,
    ) -> Result<Opened> {
        let id = &connection.id;
        // Whoever holds the claim keeps everybody waiting, so what it needs is at hand before.
        let server = match self.oauth_server(known, &present.secrets).await {
            Err(error) if error.reason.as_deref() == Some("client_gone") => {
                return self.unless_newer(known, connection, present, Millis::now());
            }
            server => server?,
        };
        let wanted = || Ok(self.opened(id)?.bytes == present.bytes);
        let Some(claim) = Claim::within(PATIENCE, (&self.store, id), wanted).await? else {
            return self.opened(id);
        };
        let began = Millis::now();
        let granted = match oauth::refresh(&self.http, &server, &present.secrets, began).await {
            // A token lives no longer than the client it was given to.
            Err(error) if self.forget_client(known, &server.client_id, &error)? => {
                Err(error.reason("invalid_grant"))
            }
            granted => granted,
        };
        let renewed = match granted {
            Ok(tokens) => self.renewed(&server, id, &present, tokens.sealed).await,
            Err(error) => Err(error),
        };
        drop(claim);
        match renewed {
            Err(error) if error.reason.as_deref() == Some("invalid_grant") => {
                self.unless_newer(known, connection, present, began)
            }
            renewed => renewed,
        }
    }

    /// Stores what a refresh granted in place of what it was granted for. What nobody wants any more,
    /// because the connection was purged meanwhile, the app is asked to forget.
    async fn renewed(
        &self,
        server: &oauth::Server,
        id: &ConnectionId,
        present: &Opened,
        secrets: Secrets,
    ) -> Result<Opened> {
        let owner = connection_owner(id);
        let stored = self.sealing(&owner, &secrets, |bytes| {
            let replaced = self.store.replace_sealed(&owner, &present.bytes, bytes)?;
            Ok(replaced.then(|| bytes.to_vec()))
        })?;
        if let Some(bytes) = stored {
            return Ok(Opened { secrets, bytes });
        }
        if self.store.sealed(&owner)?.is_none() {
            // The call fails anyhow, and says why.
            let _ = oauth::revoke(&self.http, server, &secrets).await;
        }
        Err(Error::new(
            Code::NotConfigured,
            "the connection was changed while its token was refreshed",
        )
        .hint("run the command again"))
    }

    /// Returns the credential that came while the server refused the one before, if one came; else the
    /// connection is `EXPIRED`.
    fn unless_newer(
        &self,
        known: &Known,
        connection: &Connection,
        present: Opened,
        began: Millis,
    ) -> Result<Opened> {
        let newer = self.opened(&connection.id)?;
        if newer.bytes == present.bytes {
            return Err(self.expired(known, connection, began)?);
        }
        Ok(newer)
    }

    /// Asks the app whether it takes a connection's credential: an OAuth token is renewed, a key is
    /// tried with the identity call, where the app has one.
    ///
    /// Only an answer about the credential changes the connection's state.
    pub(super) async fn refresh_connection(
        &self,
        scope: &Scope<'_>,
        op: &RefreshConnection,
    ) -> Result<Connection> {
        let connection = self.get_connection(scope, &op.connection)?;
        let known = self.behind(&connection)?.usable()?;
        if known.provider() == Provider::Composio
            && let Some(now) = self.account_now(&known, &connection).await?
        {
            return Ok(now);
        }
        match connection.status {
            Status::Active | Status::Expired => {}
            status @ (Status::Initiated | Status::Failed | Status::Inactive | Status::Revoked) => {
                let state = status.as_str().to_lowercase();
                let (user, label) = (user_flag(scope.user()?), connection.label.as_ref());
                let command = connect_command(&connection.toolkit, &user, label);
                let text = format!("connection `{}` is {state}", connection.id);
                return Err(Error::new(Code::NotConfigured, text)
                    .hint(format!("run `{command}`"))
                    .reason("not_connected"));
            }
        }
        let mut opened = self.opened(&connection.id)?;
        self.for_this_resource(&known, &connection, &opened.secrets)?;
        self.same_server(&known, &connection, (&opened.secrets, Millis::now())).await?;
        let renewed = oauth::can_refresh(&opened.secrets);
        if renewed {
            opened = self.refreshed(&known, &connection, opened).await?;
        }
        let seen_at = Millis::now();
        let fields = self.store.fields(&connection.id)?;
        match self.identity(&known, &opened.secrets, &fields).await {
            Ok(Identity::Refused) => return Err(self.expired(&known, &connection, seen_at)?),
            Ok(Identity::Known(_) | Identity::Taken) => {
                self.store.revive(&connection.id, after(&connection, seen_at))?;
            }
            // The OAuth server has vouched for it just now.
            Ok(Identity::Unclear(_) | Identity::Unasked) | Err(_) if renewed => {
                self.store.revive(&connection.id, after(&connection, seen_at))?;
            }
            Ok(Identity::Unasked) => self.note(format!(
                "`{}` has no way to be asked whether it takes the credential: this is what was known before.",
                known.manifest.slug
            )),
            Ok(Identity::Unclear(status)) => {
                let slug = &known.manifest.slug;
                let text =
                    format!("`{slug}` does not say whether it takes the credential ({status})");
                return Err(Error::new(Code::ProviderError, text));
            }
            Err(error) => return Err(error),
        }
        self.get_connection(scope, &op.connection)
    }

    /// Marks a connection as expired, unless something newer is known of it than what was seen at
    /// `seen_at`, and returns the error that says how to mend it.
    pub(super) fn expired(
        &self,
        known: &Known,
        connection: &Connection,
        seen_at: Millis,
    ) -> Result<Error> {
        let told = format!("`{}` does not take the credential", known.slug());
        self.expired_as(connection, seen_at, ("the app does not take the credential", told))
    }

    /// The same, where why is known: as the connection says it, and as the error does.
    fn expired_as(
        &self,
        connection: &Connection,
        seen_at: Millis,
        (why, told): (&str, String),
    ) -> Result<Error> {
        self.store.expire(&connection.id, why, after(connection, seen_at))?;
        let user = self.owner_flag(&connection.id)?;
        let command = connect_command(&connection.toolkit, &user, connection.label.as_ref());
        Ok(Error::new(Code::Unauthorized, told)
            .hint(format!("run `{command}` to log in again"))
            .reason("connection_expired"))
    }

    /// Fails, and the connection is `EXPIRED`, if its tokens are for another resource than the toolkit's: the
    /// toolkit was added anew with another address.
    fn for_this_resource(
        &self,
        known: &Known,
        connection: &Connection,
        secrets: &Secrets,
    ) -> Result<()> {
        let Some(bound) = oauth::bound(secrets) else { return Ok(()) };
        let resource = known.manifest.auth.resource.as_ref();
        if resource.is_some_and(|resource| oauth::speaks_for(&bound.resource, resource)) {
            return Ok(());
        }
        let why = "the tokens are for another server than the toolkit's";
        let told = format!("the tokens of `{}` are for another server", known.slug());
        Err(self.expired_as(connection, Millis::now(), (why, told))?)
    }

    /// Fails, and the connection is `EXPIRED`, if the resource names another OAuth server by now than the one
    /// that its tokens come from: what that one gave is shown to no other.
    ///
    /// Asked only of a resource that has refused a token: as long as it takes them, nothing has changed.
    pub(super) async fn same_server(
        &self,
        known: &Known,
        connection: &Connection,
        (secrets, seen_at): (&Secrets, Millis),
    ) -> Result<()> {
        let Some(bound) = oauth::bound(secrets) else { return Ok(()) };
        let Some(other) = Box::pin(self.named_instead(known, &bound)).await else { return Ok(()) };
        let host = other.host_str().unwrap_or_default();
        let why = "the server names another authorization server than the one that gave the tokens";
        let told =
            format!("`{}` names another authorization server by now, `{host}`", known.slug());
        Err(self.expired_as(connection, seen_at, (why, told))?.reason("issuer_changed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns two processes on one store, and a connection there.
    fn two(dir: &std::path::Path) -> (Store, Store, ConnectionId) {
        let (one, other) = (Store::open(dir).unwrap(), Store::open(dir).unwrap());
        let id = one.begun("gmail", None, 1);
        (one, other, id)
    }

    #[tokio::test]
    async fn a_process_that_was_stopped_in_a_refresh_keeps_nobody_waiting_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let (stopped, store, id) = two(dir.path());
        let held = Claim::take(&stopped, &id).unwrap().unwrap();
        let short = Duration::from_millis(50);

        let waited = Claim::within(short, (&store, &id), || Ok(true)).await;
        let unwanted = Claim::within(PATIENCE, (&store, &id), || Ok(false)).await;

        let error = waited.err().unwrap();
        assert_eq!((error.exit(), error.reason.as_deref()), (1, Some("refresh_busy")));
        assert!(unwanted.unwrap().is_none());
        assert!(!store.claim_credential(&id).unwrap(), "it is not taken from it");
        drop(held);
        assert!(Claim::within(short, (&store, &id), || Ok(true)).await.unwrap().is_some());
    }
}
