//! What is known of connections, and how one ends.

use std::collections::BTreeMap;

use super::credential::{Claim, PATIENCE};
use super::known::Known;
use super::{Engine, Scope, connection_owner, gate, user_flag};
use crate::api::connections::{
    Connected, Connection, Connections, Disconnect, Disconnected, ListConnections,
    ListedConnection, ListedToolkit, ListedToolkits, Status,
};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionRef, Slug};
use crate::api::time::Millis;
use crate::api::toolkits::{AuthType, Availability, Provider};
use crate::api::workspace::User;
use crate::oauth;

impl Engine {
    pub(super) async fn list_connections(
        &self,
        scope: &Scope<'_>,
        op: &ListConnections,
    ) -> Result<ListedToolkits> {
        self.refresh_list().await;
        let mut links: BTreeMap<String, Connection> = BTreeMap::new();
        let mut accounts: BTreeMap<String, usize> = BTreeMap::new();
        for link in self.store.connections(&scope.user()?.id, None)? {
            if matches!(link.status, Status::Initiated | Status::Active | Status::Expired) {
                *accounts.entry(link.toolkit.to_string()).or_default() += 1;
            }
            links.entry(link.toolkit.to_string()).or_insert(link);
        }
        let is_connected =
            |slug: &str| links.get(slug).is_some_and(|link| link.status == Status::Active);
        let at = (op.limit, op.cursor.as_deref());
        let keep = |slug: &str| op.connected.is_none_or(|wanted| is_connected(slug) == wanted);
        let (page, next_cursor) = self.page(op.search.as_deref(), at, is_connected, keep)?;
        let kit = self.store.kit_of(scope.user()?)?;
        let toolkits = page.iter().map(|known| {
            let (availability, availability_reason) = if gate::allows_toolkit(&kit, known.slug()) {
                known.availability()
            } else {
                let reason = format!("account kit `{}` does not allow it", kit.name);
                (Availability::Disabled, Some(reason))
            };
            let slug = known.manifest.slug.to_string();
            ListedToolkit {
                connection: links.get(&slug).map(|link| ListedConnection {
                    status: link.status,
                    connected_account_id: link.id.clone(),
                    label: link.label.clone(),
                    reason: link.reason.clone(),
                }),
                accounts: accounts.get(&slug).copied().unwrap_or_default(),
                slug,
                name: known.manifest.name.clone(),
                auth_type: known.manifest.auth.kind,
                configured: known.is_configured(),
                availability,
                availability_reason,
            }
        });
        Ok(ListedToolkits { toolkits: toolkits.collect(), next_cursor })
    }

    pub(super) fn connected(&self, scope: &Scope<'_>, op: &Connected) -> Result<Connections> {
        let user = &scope.user()?.id;
        if !op.all {
            return Ok(Connections { connections: self.store.connected(user)? });
        }
        let mut connections = self.store.connections(user, None)?;
        connections.sort_by_key(|one| std::cmp::Reverse(one.last_status_at));
        Ok(Connections { connections })
    }

    pub(super) fn get_connection(
        &self,
        scope: &Scope<'_>,
        named: &ConnectionRef,
    ) -> Result<Connection> {
        self.connection_of(scope.user()?, named)
    }

    /// Returns the connection of a user that goes by a name.
    pub(super) fn connection_of(&self, user: &User, named: &ConnectionRef) -> Result<Connection> {
        let toolkit = named.as_str().parse::<Slug>();
        if let Ok(toolkit) = toolkit
            && toolkit != Slug::brokerage()
        {
            let all = self.store.connections(&user.id, Some(&toolkit))?;
            if let Some(connection) = only_of(&toolkit, &all)? {
                return Ok(connection);
            }
        } else if let Ok(id) = named.as_str().parse() {
            let found = self.store.connection(&id)?;
            if let Some((_, connection)) = found.filter(|(owner, _)| *owner == user.id) {
                return Ok(connection);
            }
        }
        Err(Error::new(Code::NotFound, format!("`{}` has no connection `{named}`", user.handle()))
            .hint(format!("run `{}` to see which there are", see_all(user))))
    }

    pub(super) async fn disconnect(
        &self,
        scope: &Scope<'_>,
        op: &Disconnect,
    ) -> Result<Disconnected> {
        let known = self.toolkit(&op.toolkit)?;
        let user = scope.user()?;
        let connection = self.present_connection(user, &known, op.account.as_deref(), op.purge)?;
        let known = self.behind(&connection)?;
        let mut ended = Disconnected {
            toolkit: op.toolkit.clone(),
            connected_account_id: connection.id.clone(),
            label: connection.label.clone(),
            status: Status::Inactive,
            purged: false,
            revoked_upstream: false,
        };
        if connection.provider == Provider::Composio {
            return self.disconnect_at_composio((user, op), &connection, ended).await;
        }
        if !op.purge {
            self.store.deactivate(&connection.id, Millis::now())?;
            return Ok(ended);
        }
        // A refresh under way would leave tokens behind that nobody revokes.
        let at = (&self.store, &connection.id);
        let _claim = Claim::within(PATIENCE, at, || Ok(true)).await?;
        let owner = connection_owner(&connection.id);
        if let Some(bytes) = self.store.sealed(&owner)?.filter(|_| !op.keep_upstream) {
            ended.revoked_upstream = match self.revoke_upstream(&known, &owner, &bytes).await {
                Ok(confirmed) => confirmed,
                Err(error) => {
                    self.note(format!(
                        "The app could not be asked to forget the credential: {error}."
                    ));
                    false
                }
            };
        }
        self.store.revoke(&connection.id, &[&owner], Millis::now())?;
        Ok(Disconnected { status: Status::Revoked, purged: true, ..ended })
    }

    async fn revoke_upstream(&self, known: &Known, owner: &str, bytes: &[u8]) -> Result<bool> {
        if known.manifest.auth.kind != AuthType::Oauth2 {
            return Ok(false);
        }
        let secrets = self.cipher()?.open(owner, bytes)?;
        let server = self.oauth_server(known, &secrets).await?;
        oauth::revoke(&self.http, &server, &secrets).await
    }
}

/// Returns the connection to an app that is meant where nobody says which, if there is one; several are
/// never guessed between.
fn only_of(toolkit: &Slug, all: &[Connection]) -> Result<Option<Connection>> {
    let goes_on = |one: &Connection| {
        matches!(one.status, Status::Initiated | Status::Active | Status::Expired)
    };
    let mut present = all.iter().filter(|one| goes_on(one));
    let only = match (present.next(), present.next()) {
        (Some(one), None) => Some(one),
        (Some(_), Some(_)) => None,
        (None, _) => all.first().filter(|_| all.len() == 1),
    };
    let meant = all.iter().find(|one| one.is_default).or(only);
    if meant.is_some() || all.is_empty() {
        return Ok(meant.cloned());
    }
    let choices: Vec<_> = all
        .iter()
        .map(|one| {
            let name = one.label.as_ref().map(ToString::to_string).or(one.account.clone());
            let name = name.unwrap_or_else(|| one.status.as_str().to_owned());
            format!("`{}` ({name})", one.id)
        })
        .collect();
    let text = format!("{} connections to `{toolkit}` could be meant", all.len());
    Err(Error::new(Code::InvalidInput, text)
        .hint(format!("name one by its id: {}", choices.join(", ")))
        .reason("account_ambiguous"))
}

/// Returns the command that shows a user's connections, however they stand.
pub(super) fn see_all(user: &User) -> String {
    format!("naive connections connected --all{}", user_flag(user))
}
