//! What is known of connections, and how one ends.

use std::collections::BTreeMap;

use super::toolkits::Known;
use super::{Engine, Scope, connection_owner};
use crate::api::connections::{
    Connection, Connections, Disconnect, Disconnected, ListConnections, ListedConnection,
    ListedToolkit, ListedToolkits, Status,
};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionId, ToolSlug};
use crate::api::time::Millis;
use crate::api::tools::{ListTools, ToolDetail, Tools};
use crate::api::workspace::AuthType;
use crate::catalog::manifest::{Manifest, Tool};
use crate::catalog::search::{did_you_mean, nearest, score};
use crate::oauth;

impl Engine {
    pub(super) fn list_connections(
        &self,
        scope: &Scope<'_>,
        op: &ListConnections,
    ) -> Result<ListedToolkits> {
        let mut links: BTreeMap<String, Connection> = BTreeMap::new();
        for link in self.store.connections(&scope.user()?.id, None)? {
            links.entry(link.toolkit.to_string()).or_insert(link);
        }
        let is_connected =
            |slug: &str| links.get(slug).is_some_and(|link| link.status == Status::Active);
        let at = (op.limit, op.cursor.as_deref());
        let (page, next_cursor) = self.page(op.search.as_deref(), at, |known| {
            op.connected.is_none_or(|wanted| is_connected(known.manifest.slug.as_str()) == wanted)
        })?;
        let toolkits = page.iter().map(|known| {
            let (availability, availability_reason) = known.availability();
            let slug = known.manifest.slug.to_string();
            ListedToolkit {
                connection: links.get(&slug).map(|link| ListedConnection {
                    status: link.status,
                    connected_account_id: link.id.clone(),
                    label: link.label.clone(),
                }),
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

    pub(super) fn connected(&self, scope: &Scope<'_>) -> Result<Connections> {
        Ok(Connections { connections: self.store.connected(&scope.user()?.id)? })
    }

    pub(super) fn get_connection(
        &self,
        scope: &Scope<'_>,
        id: &ConnectionId,
    ) -> Result<Connection> {
        match self.store.connection(id)? {
            Some((owner, connection)) if owner == scope.user()?.id => Ok(connection),
            _ => {
                let text = format!("`{}` has no connection `{id}`", scope.user()?.handle());
                Err(Error::new(Code::NotFound, text)
                    .hint("run `naive connections connected` to see which there are"))
            }
        }
    }

    pub(super) fn list_tools(&self, op: &ListTools) -> Result<Tools> {
        let known = self.toolkit(&op.toolkit)?;
        if let Some(slug) = &op.tool {
            let tools = vec![detail(tool(&known.manifest, slug)?)];
            return Ok(Tools { toolkit: op.toolkit.clone(), tools });
        }
        let limit =
            op.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let words = op.search.as_deref().unwrap_or_default();
        let mut found: Vec<(u32, &Tool)> = known
            .manifest
            .tools
            .iter()
            .filter_map(|tool| {
                let score = score(words, tool.slug.as_str(), &tool.name, &tool.description)?;
                Some((score, tool))
            })
            .collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let tools = found.into_iter().take(limit).map(|(_, tool)| detail(tool)).collect();
        Ok(Tools { toolkit: op.toolkit.clone(), tools })
    }

    pub(super) async fn disconnect(
        &self,
        scope: &Scope<'_>,
        op: &Disconnect,
    ) -> Result<Disconnected> {
        let known = self.toolkit(&op.toolkit)?;
        let user = scope.user()?;
        let connection = self.present_connection(user, &known, op.account.as_deref(), op.purge)?;
        let mut ended = Disconnected {
            toolkit: op.toolkit.clone(),
            connected_account_id: connection.id.clone(),
            label: connection.label.clone(),
            status: Status::Inactive,
            purged: false,
            revoked_upstream: false,
        };
        if !op.purge {
            self.store.deactivate(&connection.id, Millis::now())?;
            return Ok(ended);
        }
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
        let server = self.oauth_server(known).await?;
        oauth::revoke(&self.http, &server, &secrets).await
    }
}

/// Returns the tool of that slug; `NotFound` says which were perhaps meant.
pub(super) fn tool<'a>(manifest: &'a Manifest, slug: &ToolSlug) -> Result<&'a Tool> {
    manifest.tool(slug).ok_or_else(|| {
        let near = nearest(slug.as_str(), manifest.tools.iter().map(|tool| tool.slug.as_str()));
        let otherwise =
            format!("run `naive connections tools {}` to see which there are", manifest.slug);
        Error::new(Code::NotFound, format!("`{}` has no tool `{slug}`", manifest.slug))
            .hint(did_you_mean(&near, &otherwise))
            .reason("tool_unknown")
    })
}

fn detail(tool: &Tool) -> ToolDetail {
    ToolDetail {
        slug: tool.slug.to_string(),
        name: tool.name.clone(),
        description: tool.description.clone(),
        input_schema: tool.input.clone(),
        effect: tool.effect,
        scopes: tool.scopes.clone(),
    }
}
