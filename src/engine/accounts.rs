//! Which of a user's connections a call means.

use super::toolkits::Known;
use super::{Engine, Scope, user_flag};
use crate::api::accounts::{DefaultAccount, DefaultChosen};
use crate::api::connections::{Connection, Status};
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{ConnectionId, Label};
use crate::api::workspace::User;
use crate::catalog::search::{did_you_mean, nearest};

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

    /// Chooses the account that is meant where nobody says, or none.
    pub(super) fn choose_default(
        &self,
        scope: &Scope<'_>,
        op: DefaultAccount,
    ) -> Result<DefaultChosen> {
        let known = self.toolkit(&op.toolkit)?;
        let user = scope.user()?;
        let Some(account) = op.account.filter(|_| !op.clear) else {
            self.store.clear_default(&user.id, &known.manifest.slug)?;
            return Ok(DefaultChosen { toolkit: op.toolkit, connection: None });
        };
        let all = self.store.connections(&user.id, Some(&known.manifest.slug))?;
        let id = named(&all, &account)?.id.clone();
        self.store.set_default(&id)?;
        let connection = self.get_connection(scope, &id)?;
        Ok(DefaultChosen { toolkit: op.toolkit, connection: Some(connection) })
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
}

/// Returns the connection that is named, else the default one, else the only one whose status counts, if
/// there is one.
fn chosen<'a>(
    all: &'a [Connection],
    account: Option<&str>,
    counts: impl Fn(Status) -> bool,
) -> Result<Option<&'a Connection>> {
    match account {
        Some(account) => named(all, account).map(Some),
        None if all.iter().any(|one| one.is_default) => Ok(all.iter().find(|one| one.is_default)),
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
