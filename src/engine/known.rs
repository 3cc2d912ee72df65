//! A toolkit as this workspace has it: what it is, and what the operator decided about it.

use url::Url;

use super::composio::Remote;
use super::scopes;
use crate::api::connections::Connection;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, ToolSlug};
use crate::api::time::Millis;
use crate::api::toolkits::{
    AuthType, Availability, CredentialField, Effect, Origin, Provider, ToolkitDetail,
    ToolkitSummary,
};
use crate::catalog::added::Added;
use crate::catalog::manifest::{Manifest, Tool};
use crate::catalog::pack::{self, App, Name};
use crate::catalog::search::{did_you_mean, nearest};
use crate::http::Trust;
use crate::store::{Registration, ToolkitRow};

/// Where the tools of a toolkit are.
#[derive(Debug)]
pub(super) enum Shelf {
    /// In the shipped catalog
    Shipped(App),
    /// In the store, since it was added
    Added(Added),
    /// In its manifest, as whoever offers them told them
    Told,
}

/// A toolkit with what the operator decided about it.
#[derive(Debug)]
pub(super) struct Known {
    /// What it is
    pub(super) manifest: Manifest,
    /// Where its tools are
    pub(super) tools: Shelf,
    /// What was decided
    pub(super) row: ToolkitRow,
    /// Where the manifest comes from
    pub(super) origin: Origin,
    /// Whether its apps are the sandbox's
    pub(super) simulated: bool,
    /// When its tools were taken, or found to be others, where whoever offers them may change them
    pub(super) checked_at: Option<Millis>,
    /// What Composio says of it, where that reaches it
    pub(super) remote: Option<Remote>,
}

impl Known {
    /// Returns its slug.
    pub(super) fn slug(&self) -> &Slug {
        &self.manifest.slug
    }

    /// Returns a toolkit that comes with its tools in the manifest.
    pub(super) fn told(manifest: Manifest, row: ToolkitRow) -> Self {
        let origin = Origin::Added;
        Self {
            manifest,
            tools: Shelf::Told,
            row,
            origin,
            simulated: false,
            checked_at: None,
            remote: None,
        }
    }

    /// Returns what reaches it.
    pub(super) fn provider(&self) -> Provider {
        self.manifest.provider
    }

    /// Returns where it is: an address, or the program that is run.
    pub(super) fn place(&self) -> String {
        Self::place_of(&self.manifest)
    }

    /// Returns the same of a manifest.
    pub(super) fn place_of(manifest: &Manifest) -> String {
        match manifest.command.as_slice() {
            [] => manifest.base_url.clone(),
            command => command.join(" "),
        }
    }

    /// Returns the owner under which the operator's secret for it is sealed: that of its OAuth client, or what a
    /// server is shown of everybody.
    pub(super) fn operator_owner(&self) -> String {
        match self.provider() {
            Provider::Direct => client_owner(self.slug()),
            other => format!("client:{}:{}", self.slug(), other.as_str()),
        }
    }

    /// Returns the OAuth client that the operator or the manifest names.
    pub(super) fn client_id(&self) -> Option<&str> {
        let own = self.row.client_id.as_ref().filter(|_| !self.simulated);
        own.or(self.manifest.auth.client_id.as_ref()).map(String::as_str)
    }

    /// Returns the client that was registered here at a server, and at no other.
    pub(super) fn registered(&self, server: Option<&str>) -> Option<&Registration> {
        let own = self.row.registered.as_ref().filter(|_| !self.simulated);
        own.filter(|own| Some(own.server.as_str()) == server)
    }

    /// Returns the OAuth client in use, whoever named it.
    pub(super) fn any_client_id(&self) -> Option<&str> {
        let own = || self.row.registered.as_ref().map(|own| own.client_id.as_str());
        self.client_id().or_else(own)
    }

    /// Returns the scopes that `connect` asks for.
    pub(super) fn scopes(&self) -> Vec<String> {
        let auth = &self.manifest.auth;
        let own = if self.row.scopes.is_empty() { &auth.scopes } else { &self.row.scopes };
        scopes::united([auth.login_scopes.as_slice(), own])
    }

    /// Returns the scopes that one login asks for: those `named`, else the least for `tools` beside what
    /// the connection has already, else what it has, else the toolkit's own.
    pub(super) fn asked(
        &self,
        named: &[String],
        tools: &[Tool],
        present: Option<&Connection>,
    ) -> Vec<String> {
        let granted = present.map(|one| one.scopes.as_slice()).unwrap_or_default();
        match (named, tools) {
            ([], []) if granted.is_empty() => self.scopes(),
            ([], tools) => {
                let least = scopes::least(tools);
                scopes::united([&self.manifest.auth.login_scopes, granted, &least])
            }
            (named, _) => named.to_vec(),
        }
    }

    /// Returns who vouches for its addresses.
    pub(super) fn trust(&self) -> Trust {
        match self.origin {
            Origin::Builtin | Origin::Catalog | Origin::Listed => Trust::Public,
            Origin::Added => Trust::Operator,
        }
    }

    /// Returns the origins of the OAuth addresses that its manifest names.
    pub(super) fn vouched(&self) -> Vec<url::Origin> {
        let auth = &self.manifest.auth;
        let named = [
            &auth.issuer,
            &auth.resource,
            &auth.authorize_url,
            &auth.token_url,
            &auth.revoke_url,
            &auth.registration_url,
            &auth.device_url,
        ];
        named.into_iter().flatten().map(Url::origin).collect()
    }

    /// Returns who vouches for an address of its OAuth server: nobody for one that only that server names.
    pub(super) fn trust_in(&self, url: &Url) -> Trust {
        if self.vouched().contains(&url.origin()) { self.trust() } else { Trust::Public }
    }

    /// Returns what a user enters when connecting.
    pub(super) fn fields(&self) -> Vec<CredentialField> {
        let field = |field: &crate::catalog::manifest::Field| CredentialField {
            key: field.key.clone(),
            label: field.label.clone(),
            secret: field.secret,
        };
        self.manifest.auth.fields.iter().map(field).collect()
    }

    /// Tells whether it can be connected, and why not.
    pub(super) fn availability(&self) -> (Availability, Option<String>) {
        let slug = &self.manifest.slug;
        if !self.row.enabled {
            let why = format!("switched off; run `naive toolkits enable {slug}`");
            return (Availability::Disabled, Some(why));
        }
        if self.is_configured() {
            return (Availability::Available, None);
        }
        if let Some(lacks) = self.lacks_at_composio() {
            return (Availability::NotConfigured, Some(lacks));
        }
        let by = match self.provider() {
            Provider::Direct => String::new(),
            other => format!(" --provider {}", other.as_str()),
        };
        let command =
            format!("naive toolkits configure {slug}{by} --client-id ID --client-secret -");
        let unless = match self.manifest.auth.issuer {
            Some(_) => ", unless its server registers one when you connect",
            None => "",
        };
        let why = format!("needs an OAuth client of your own{unless}; run `{command}`");
        (Availability::NotConfigured, Some(why))
    }

    /// Tells whether everything the operator must give is there.
    pub(super) fn is_configured(&self) -> bool {
        if let Some(remote) = &self.remote {
            return remote.keyed && (remote.ready || self.row.client_id.is_some());
        }
        match self.manifest.auth.kind {
            AuthType::Oauth2 => {
                let auth = &self.manifest.auth;
                // Whoever names a resource expects its server to know clients that it has never seen.
                let by_itself = auth.resource.is_some() && !auth.registers_nobody;
                let registers = auth.registration_url.is_some() || by_itself;
                let own = self.any_client_id().is_some() || self.row.keeps_clients;
                self.simulated || registers || own
            }
            AuthType::ApiKey | AuthType::Basic | AuthType::None | AuthType::Unknown => true,
        }
    }

    /// Fails if it cannot be connected or run.
    pub(super) fn usable(self) -> Result<Self> {
        let slug = &self.manifest.slug;
        match self.availability() {
            (Availability::Available, _) => Ok(self),
            (Availability::Disabled, _) => {
                Err(Error::new(Code::Forbidden, format!("toolkit `{slug}` is switched off"))
                    .hint(format!("run `naive toolkits enable {slug}`"))
                    .reason("toolkit_disabled"))
            }
            (Availability::NotConfigured, _) => Err(self.without_client()),
        }
    }

    /// Fails if it cannot be connected, as far as that is known: a server that is still to be asked for
    /// its addresses may register a client.
    pub(super) fn connectable(self) -> Result<Self> {
        if self.row.enabled && self.manifest.auth.issuer.is_some() {
            Ok(self)
        } else {
            self.usable()
        }
    }

    /// Returns the error that there is no OAuth client, and how to get one.
    pub(super) fn without_client(&self) -> Error {
        if self.remote.is_some() {
            return self.without_auth_config();
        }
        let slug = self.slug();
        let hint =
            "register one with the app, redirect URI `http://127.0.0.1/oauth/callback`, then run";
        let command = format!("naive toolkits configure {slug} --client-id ID --client-secret -");
        Error::new(Code::NotConfigured, format!("toolkit `{slug}` has no OAuth client"))
            .hint(format!("{hint} `{command}`"))
    }

    /// Returns what a list says of it.
    pub(super) fn summary(&self) -> ToolkitSummary {
        let (availability, availability_reason) = self.availability();
        ToolkitSummary {
            slug: self.manifest.slug.to_string(),
            name: self.manifest.name.clone(),
            description: self.manifest.description.clone(),
            auth_type: self.manifest.auth.kind,
            is_no_auth: self.manifest.auth.kind == AuthType::None,
            configured: self.is_configured(),
            availability,
            availability_reason,
            origin: self.origin,
            provider: self.provider(),
            tools: self.tool_count(),
        }
    }

    /// Returns it in full.
    pub(super) fn detail(&self) -> Result<ToolkitDetail> {
        Ok(ToolkitDetail {
            summary: self.summary(),
            base_url: self.place(),
            client_id: self.any_client_id().map(str::to_owned),
            scopes: self.scopes(),
            credential_fields: self.fields(),
            tool_slugs: self.names()?.into_iter().map(|name| name.slug).collect(),
            ways: Vec::new(),
            manifest: None,
        })
    }

    /// Returns how many tools it has.
    pub(super) fn tool_count(&self) -> usize {
        match &self.tools {
            Shelf::Shipped(app) => app.tools().len(),
            Shelf::Added(added) => added.listing().len(),
            Shelf::Told => self.manifest.tools.len(),
        }
    }

    /// Returns what its tools are called, in its own order.
    pub(super) fn names(&self) -> Result<Vec<Name>> {
        self.names_at(&(0..self.tool_count()).collect::<Vec<_>>())
    }

    /// Returns what the tools are called that stand at these places of its own order.
    pub(super) fn names_at(&self, places: &[usize]) -> Result<Vec<Name>> {
        let tools = &self.manifest.tools;
        match &self.tools {
            Shelf::Shipped(app) => app.names_at(places),
            Shelf::Added(added) => Ok(places.iter().map(|at| added.listing().name(*at)).collect()),
            Shelf::Told => Ok(places.iter().map(|at| Name::of(&tools[*at])).collect()),
        }
    }

    /// Returns the tools that stand at these places of its own order.
    pub(super) fn tools_at(&self, places: &[usize]) -> Result<Vec<Tool>> {
        match &self.tools {
            Shelf::Shipped(app) => app.tools_at(places),
            Shelf::Added(added) => added.at(places),
            Shelf::Told => Ok(places.iter().map(|at| self.manifest.tools[*at].clone()).collect()),
        }
    }

    /// Returns what the tool at a place of its own order does to the outside world.
    pub(super) fn effect_at(&self, at: usize) -> Effect {
        match &self.tools {
            Shelf::Shipped(app) => pack::effect(app.tools().start + at),
            Shelf::Added(added) => added.listing().effect(at),
            Shelf::Told => self.manifest.tools[at].effect,
        }
    }

    /// Tells whether the tool at a place of its own order answers in pages.
    pub(super) fn is_paged(&self, at: usize) -> bool {
        match &self.tools {
            Shelf::Shipped(app) => pack::is_paged(app.tools().start + at),
            Shelf::Added(added) => added.listing().is_paged(at),
            Shelf::Told => self.manifest.tools[at].page.is_some(),
        }
    }

    /// Returns the tool of that slug, if it has one.
    pub(super) fn find(&self, slug: &ToolSlug) -> Result<Option<Tool>> {
        match &self.tools {
            Shelf::Shipped(app) => app.tool(slug),
            Shelf::Added(added) => added.tool(slug),
            Shelf::Told => Ok(self.manifest.tool(slug).cloned()),
        }
    }

    /// Fails if its tools are told by a server that nobody has met yet.
    pub(super) fn check_learnt(&self) -> Result<()> {
        if self.provider().is_direct() || self.checked_at.is_some() {
            return Ok(());
        }
        let app = self.slug();
        let text = format!("the tools of `{app}` are learnt when somebody connects to it");
        Err(Error::new(Code::NotConfigured, text)
            .hint(format!("run `naive connections connect {app}`"))
            .reason("tools_unknown"))
    }

    /// Returns the tool of that slug; `NotFound` says which were perhaps meant.
    pub(super) fn tool(&self, slug: &ToolSlug) -> Result<Tool> {
        if let Some(tool) = self.find(slug)? {
            return Ok(tool);
        }
        self.check_learnt()?;
        let names = self.names()?;
        let near = nearest(slug.as_str(), names.iter().map(|name| name.slug.as_str()));
        let app = self.slug();
        let otherwise = format!("run `naive connections tools {app}` to see which there are");
        Err(Error::new(Code::NotFound, format!("`{app}` has no tool `{slug}`"))
            .hint(did_you_mean(&near, &otherwise))
            .reason("tool_unknown"))
    }
}

/// Returns the owner under which the secret of the operator's OAuth client for the app's own API is sealed.
pub(super) fn client_owner(slug: &Slug) -> String {
    format!("client:{slug}")
}
