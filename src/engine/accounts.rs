//! Which of a user's connections a call means, and its credential, opened and fresh.

use std::time::Duration;

use super::toolkits::Known;
use super::{Engine, connection_owner, user_flag};
use crate::api::connections::{Connection, Status};
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{ConnectionId, Label, quoted};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::workspace::User;
use crate::catalog::search::{did_you_mean, nearest};
use crate::oauth;

/// How long one process may refresh alone: longer than a call may take.
const REFRESH_CLAIM: Duration = Duration::from_secs(40);
/// How long the others wait before they look again.
const GLANCE: Duration = Duration::from_millis(20);

/// A credential, opened, and the sealed bytes it came from.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Tokens or keys
    pub(super) secrets: Secrets,
    bytes: Vec<u8>,
}

impl Engine {
    /// Returns the active connection that a call means: the one named, else the only one.
    ///
    /// Fails with `NotConfigured` if there is none, with `InvalidInput` and the list if there are several.
    pub(super) fn active_connection(
        &self,
        user: &User,
        known: &Known,
        account: Option<&str>,
    ) -> Result<Connection> {
        let slug = &known.manifest.slug;
        let all = self.store.connections(&user.id, Some(slug))?;
        let chosen = chosen(&all, account, |status| status == Status::Active)?;
        let connect = format!("run `naive connections connect {slug}{}`", user_flag(user));
        let text = match chosen.or(all.first()) {
            Some(one) if one.status == Status::Active => return Ok(one.clone()),
            Some(one) if one.status == Status::Initiated => {
                format!("the login of `{}` to `{slug}` is not finished", user.handle())
            }
            Some(one) => {
                let state = one.status.as_str().to_lowercase();
                format!("the connection of `{}` to `{slug}` is {state}", user.handle())
            }
            None => format!("`{}` is not connected to `{slug}`", user.handle()),
        };
        Err(Error::new(Code::NotConfigured, text).hint(connect).reason("not_connected"))
    }

    /// Returns the connection to disconnect: the one named, else the only one that is not over; for a
    /// purge, also one that keeps nothing but its credential.
    pub(super) fn present_connection(
        &self,
        user: &User,
        known: &Known,
        account: Option<&str>,
        purge: bool,
    ) -> Result<Connection> {
        let slug = &known.manifest.slug;
        let all = self.store.connections(&user.id, Some(slug))?;
        let chosen = chosen(&all, account, |status| match status {
            Status::Initiated | Status::Active | Status::Expired => true,
            Status::Failed | Status::Inactive => purge,
            Status::Revoked => false,
        })?;
        chosen.cloned().ok_or_else(|| {
            let text = format!("`{}` is not connected to `{slug}`", user.handle());
            Error::new(Code::NotFound, text)
                .hint(format!("run `naive connections list{}`", user_flag(user)))
                .reason("not_connected")
        })
    }

    /// Returns a connection's credential; a spent access token is refreshed first.
    pub(super) async fn credential(
        &self,
        known: &Known,
        connection: &Connection,
    ) -> Result<Opened> {
        let opened = self.opened(&connection.id)?;
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
        let (began, until) = loop {
            let now = Millis::now();
            let until = now.after(REFRESH_CLAIM);
            let claimed = self.store.claim_refresh(id, now, until)?;
            let newer = self.opened(id)?;
            if newer.bytes != present.bytes {
                if claimed {
                    self.store.end_refresh(id, until)?;
                }
                return Ok(newer);
            }
            if claimed {
                break (now, until);
            }
            tokio::time::sleep(GLANCE).await;
        };
        let owner = connection_owner(id);
        let stored = match self.refresh(known, &present.secrets).await {
            Ok(secrets) => self
                .sealing(&owner, &secrets, |bytes| {
                    let replaced = self.store.replace_sealed(&owner, &present.bytes, bytes)?;
                    Ok(replaced.then(|| bytes.to_vec()))
                })
                .map(|bytes| bytes.map(|bytes| Opened { secrets, bytes })),
            Err(error) => Err(error),
        };
        self.store.end_refresh(id, until)?;
        match stored {
            Ok(Some(opened)) => Ok(opened),
            Ok(None) => Err(Error::new(
                Code::NotConfigured,
                "the connection was changed while its token was refreshed",
            )
            .hint("run the command again")),
            Err(error) if error.reason.as_deref() == Some("invalid_grant") => {
                Err(self.expired(known, connection, began)?)
            }
            Err(error) => Err(error),
        }
    }

    async fn refresh(&self, known: &Known, present: &Secrets) -> Result<Secrets> {
        let server = self.oauth_server(known).await?;
        Ok(oauth::refresh(&self.http, &server, present, Millis::now()).await?.sealed)
    }

    /// Returns the user a connection belongs to.
    pub(super) fn owner(&self, id: &ConnectionId) -> Result<Option<User>> {
        let owner = self.store.connection(id)?.and_then(|(user, _)| user.parse().ok());
        Ok(owner.map(|user| self.store.user(&user)).transpose()?.flatten())
    }

    /// Returns the flag that names the user a connection belongs to.
    pub(super) fn owner_flag(&self, id: &ConnectionId) -> Result<String> {
        Ok(self.owner(id)?.as_ref().map(user_flag).unwrap_or_default())
    }

    /// Marks a connection as expired, unless something newer is known of it than what was seen at
    /// `seen_at`, and returns the error that says how to mend it.
    pub(super) fn expired(
        &self,
        known: &Known,
        connection: &Connection,
        seen_at: Millis,
    ) -> Result<Error> {
        let slug = &known.manifest.slug;
        self.store.expire(&connection.id, "the app no longer takes the credential", seen_at)?;
        let user = self.owner_flag(&connection.id)?;
        let label =
            connection.label.as_ref().map(|label| format!(" --label {}", quoted(label.as_str())));
        let label = label.unwrap_or_default();
        let command = format!("naive connections connect {slug}{user}{label}");
        Ok(Error::new(Code::Unauthorized, format!("`{slug}` no longer takes the credential"))
            .hint(format!("run `{command}` to log in again"))
            .reason("connection_expired"))
    }
}

/// Returns the connection that is named, else the only one whose status counts, if there is one.
fn chosen<'a>(
    all: &'a [Connection],
    account: Option<&str>,
    counts: impl Fn(Status) -> bool,
) -> Result<Option<&'a Connection>> {
    match account {
        Some(account) => named(all, account).map(Some),
        None => only(all.iter().filter(|one| counts(one.status)).collect(), all),
    }
}

/// Returns the connection of that label, account name or id.
fn named<'a>(all: &'a [Connection], account: &str) -> Result<&'a Connection> {
    let is_named = |one: &&Connection| {
        one.id.as_str() == account
            || one.label.as_ref().is_some_and(|label| label.as_str() == account)
            || one.account.as_deref() == Some(account)
    };
    all.iter().find(is_named).ok_or_else(|| {
        let known = all.iter().flat_map(names).collect::<Vec<_>>();
        let near = nearest(account, known.iter().copied());
        Error::new(Code::NotFound, format!("there is no account `{account}`"))
            .hint(did_you_mean(&near, "run `naive connections connected` to see which there are"))
            .reason("account_unknown")
    })
}

fn names(one: &Connection) -> impl Iterator<Item = &str> {
    let label = one.label.as_ref().map(Label::as_str);
    [label, one.account.as_deref()].into_iter().flatten()
}

/// Returns the only candidate, none if there is none, and refuses to guess between several.
fn only<'a>(candidates: Vec<&'a Connection>, all: &[Connection]) -> Result<Option<&'a Connection>> {
    match candidates.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let described = several
                .iter()
                .map(|one| Fault { pointer: "/account".to_owned(), message: described(one) });
            let text = format!("{} of {} accounts could be meant", several.len(), all.len());
            let choices: Vec<_> = several.iter().map(|one| format!("`{}`", choice(one))).collect();
            Err(Error::new(Code::InvalidInput, text)
                .hint(format!("choose with `--account`: {}", choices.join(", ")))
                .reason("account_ambiguous")
                .details(described.collect()))
        }
    }
}

/// Returns the shortest name that chooses this connection.
fn choice(one: &Connection) -> &str {
    names(one).next().unwrap_or_else(|| one.id.as_str())
}

fn described(one: &Connection) -> String {
    let account = one.account.as_deref().unwrap_or("account unknown");
    format!("{} ({account}, {})", choice(one), one.id)
}
