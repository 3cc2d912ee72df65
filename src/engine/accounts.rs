//! Which of a user's connections a call means.

use std::collections::BTreeSet;

use super::connections::see_all;
use super::known::Known;
use super::{Engine, Scope, user_flag};
use crate::api::accounts::{DefaultAccount, DefaultChosen};
use crate::api::connections::{Connection, Status};
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{ConnectionId, Label, Slug, connect_command, flag};
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
        let mut all = self.store.connections(&user.id, Some(slug))?;
        all.retain(|one| one.provider == known.provider());
        let chosen = chosen(&all, account, user, |status| status == Status::Active)?;
        let meant = chosen.or(all.first());
        let label = meant.and_then(|one| one.label.as_ref());
        let connect = format!("run `{}`", connect_command(slug, &user_flag(user), label));
        let hint = match account {
            None => format!("{connect}{}", instead(&all, user, slug)),
            Some(_) => connect,
        };
        let text = match meant {
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
        Err(Error::new(Code::NotConfigured, text).hint(hint).reason("not_connected"))
    }

    /// Returns the connection to disconnect: the one named, else the default one, else the only one, of
    /// those that are not over; for a purge, also of those that keep nothing but their credential.
    pub(super) fn present_connection(
        &self,
        user: &User,
        known: &Known,
        account: Option<&str>,
        purge: bool,
    ) -> Result<Connection> {
        let slug = &known.manifest.slug;
        let all = self.store.connections(&user.id, Some(slug))?;
        let counts = |status| match status {
            Status::Initiated | Status::Active | Status::Expired => true,
            Status::Failed | Status::Inactive => purge,
            Status::Revoked => false,
        };
        let is_over = |one: &Connection| one.is_default && !counts(one.status);
        let chosen = match account {
            // Nothing is left to do about the default one.
            None if all.iter().any(is_over) => only(&all, counts)?,
            account => chosen(&all, account, user, counts)?,
        };
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
        let id = named(&all, &account, user, |_| true)?.id.clone();
        self.store.set_default(&id)?;
        let connection = self.get_connection(scope, &(&id).into())?;
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
    user: &User,
    counts: impl Fn(Status) -> bool,
) -> Result<Option<&'a Connection>> {
    match account {
        Some(account) => named(all, account, user, counts).map(Some),
        None if all.iter().any(|one| one.is_default) => Ok(all.iter().find(|one| one.is_default)),
        None => only(all, counts),
    }
}

/// Returns the connection of that label, account name or id; of several, the only one whose status counts.
fn named<'a>(
    all: &'a [Connection],
    account: &str,
    user: &User,
    counts: impl Fn(Status) -> bool,
) -> Result<&'a Connection> {
    let matches: Vec<_> = all.iter().filter(|one| is_named(one, account)).collect();
    match matches.as_slice() {
        [one] => Ok(one),
        [] => {
            let known = all.iter().flat_map(names).collect::<BTreeSet<_>>();
            let near = nearest(account, known.iter().copied());
            let otherwise = format!("run `{}` to see which there are", see_all(user));
            Err(Error::new(Code::NotFound, format!("there is no account `{account}`"))
                .hint(did_you_mean(&near, &otherwise))
                .reason("account_unknown"))
        }
        several => {
            let counting: Vec<_> = several.iter().filter(|one| counts(one.status)).collect();
            match counting.as_slice() {
                [one] => Ok(one),
                _ => Err(ambiguous(several, all)),
            }
        }
    }
}

/// Tells whether this is the connection of that name. A text that is the id of one means no other, whatever
/// others are called: what is frozen goes by ids.
pub(super) fn is_named(one: &Connection, account: &str) -> bool {
    match account.parse::<ConnectionId>() {
        Ok(id) => one.id == id,
        Err(_) => names(one).any(|name| name == account),
    }
}

fn names(one: &Connection) -> impl Iterator<Item = &str> {
    let label = one.label.as_ref().map(Label::as_str);
    [label, one.account.as_deref()].into_iter().flatten()
}

/// Returns the only one whose status counts, none if there is none, and refuses to guess between several.
fn only(all: &[Connection], counts: impl Fn(Status) -> bool) -> Result<Option<&Connection>> {
    let candidates: Vec<_> = all.iter().filter(|one| counts(one.status)).collect();
    match candidates.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(ambiguous(several, all)),
    }
}

fn ambiguous(several: &[&Connection], all: &[Connection]) -> Error {
    let described = several
        .iter()
        .map(|one| Fault { pointer: "/account".to_owned(), message: described(one, all) });
    let text = format!("{} of {} accounts could be meant", several.len(), all.len());
    Error::new(Code::InvalidInput, text)
        .hint(format!("choose with `--account`: {}", choices(several, all)))
        .reason("account_ambiguous")
        .details(described.collect())
}

/// Returns what else can be done where the account that is meant by default is not active: the others
/// are there, but none is used in silence.
fn instead(all: &[Connection], user: &User, slug: &Slug) -> String {
    let others: Vec<_> = all.iter().filter(|one| one.status == Status::Active).collect();
    let Some(first) = others.first() else { return String::new() };
    let account = flag("account", choice(first, all));
    let user = user_flag(user);
    format!(
        ", or choose another with `--account`: {}; `naive connections default {slug}{account}{user}` makes that one the default",
        choices(&others, all)
    )
}

fn choices(several: &[&Connection], all: &[Connection]) -> String {
    let choices: Vec<_> = several.iter().map(|one| format!("`{}`", choice(one, all))).collect();
    choices.join(", ")
}

/// Returns the shortest name that chooses this connection and no other, and begins like no flag.
fn choice<'a>(one: &'a Connection, all: &[Connection]) -> &'a str {
    let is_its_own = |name: &str| all.iter().filter(|other| is_named(other, name)).count() == 1;
    let mut good = names(one).filter(|name| is_its_own(name) && !name.starts_with('-'));
    good.next().unwrap_or_else(|| one.id.as_str())
}

fn described(one: &Connection, all: &[Connection]) -> String {
    let account = one.account.as_deref().unwrap_or("account unknown");
    format!("{} ({account}, {})", choice(one, all), one.id)
}
