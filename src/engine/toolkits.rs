//! Toolkits as this workspace has them: shipped or added, configured, switched on or off.

use super::clients::client_owner;
use super::{Engine, World, scopes, user_flag};
use crate::api::connections::Connection;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::workspace::{
    AddToolkit, AuthType, Availability, ConfigureToolkit, CredentialField, ListToolkits, Origin,
    RemoveToolkit, ToolkitDetail, ToolkitPage, ToolkitSummary, User,
};
use crate::catalog::manifest::{Manifest, Tool};
use crate::catalog::search::{did_you_mean, nearest, score};
use crate::catalog::{builtin, builtin_slugs, from_json, relocate};
use crate::http::Trust;
use crate::store::{Registration, ToolkitRow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

/// How many rows a page has where the caller does not say.
const PAGE: u32 = 50;

/// A toolkit with what the operator decided about it.
#[derive(Debug)]
pub(super) struct Known {
    /// What it is
    pub(super) manifest: Manifest,
    /// What was decided
    pub(super) row: ToolkitRow,
    /// Where the manifest comes from
    pub(super) origin: Origin,
    /// Whether its apps are the sandbox's
    pub(super) simulated: bool,
}

impl Known {
    /// Returns its slug.
    pub(super) fn slug(&self) -> &Slug {
        &self.manifest.slug
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
        tools: &[&Tool],
        present: Option<&Connection>,
    ) -> Vec<String> {
        let granted = present.map(|one| one.scopes.as_slice()).unwrap_or_default();
        match (named, tools) {
            ([], []) if granted.is_empty() => self.scopes(),
            ([], tools) => {
                let least = scopes::least(tools.iter().copied());
                scopes::united([&self.manifest.auth.login_scopes, granted, &least])
            }
            (named, _) => named.to_vec(),
        }
    }

    /// Returns who vouches for its addresses.
    pub(super) fn trust(&self) -> Trust {
        match self.origin {
            Origin::Builtin => Trust::Public,
            Origin::Added => Trust::Operator,
        }
    }

    /// Returns the origins of the OAuth addresses that its manifest names.
    pub(super) fn vouched(&self) -> Vec<url::Origin> {
        let auth = &self.manifest.auth;
        let named = [
            &auth.issuer,
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
        let command = format!("naive toolkits configure {slug} --client-id ID --client-secret -");
        let unless = match self.manifest.auth.issuer {
            Some(_) => ", unless its server registers one when you connect",
            None => "",
        };
        let why = format!("needs an OAuth client of your own{unless}; run `{command}`");
        (Availability::NotConfigured, Some(why))
    }

    /// Tells whether everything the operator must give is there.
    pub(super) fn is_configured(&self) -> bool {
        match self.manifest.auth.kind {
            AuthType::Oauth2 => {
                let registers = self.manifest.auth.registration_url.is_some();
                let own = self.any_client_id().is_some() || self.row.keeps_clients;
                self.simulated || registers || own
            }
            AuthType::ApiKey | AuthType::Basic | AuthType::None => true,
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
        let slug = self.slug();
        let hint =
            "register one with the app, redirect URI `http://127.0.0.1/oauth/callback`, then run";
        let command = format!("naive toolkits configure {slug} --client-id ID --client-secret -");
        Error::new(Code::NotConfigured, format!("toolkit `{slug}` has no OAuth client"))
            .hint(format!("{hint} `{command}`"))
    }

    fn summary(&self) -> ToolkitSummary {
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
            tools: self.manifest.tools.len(),
        }
    }

    fn detail(&self) -> ToolkitDetail {
        ToolkitDetail {
            summary: self.summary(),
            base_url: self.manifest.base_url.clone(),
            client_id: self.any_client_id().map(str::to_owned),
            scopes: self.scopes(),
            credential_fields: self.fields(),
            tool_slugs: self.manifest.tools.iter().map(|tool| tool.slug.to_string()).collect(),
        }
    }
}

impl Engine {
    /// Returns the toolkit of that slug; `NotFound` says which were perhaps meant.
    pub(super) fn toolkit(&self, slug: &Slug) -> Result<Known> {
        let row = self.store.toolkit(slug)?;
        if let Some(known) = self.known(slug, row)? {
            return Ok(known);
        }
        let added = self.store.toolkits()?;
        let mut names: Vec<&str> = builtin_slugs().collect();
        names.extend(added.iter().map(|(slug, _)| slug.as_str()));
        let near = nearest(slug.as_str(), names);
        let otherwise = "run `naive toolkits list` to see which there are";
        Err(Error::new(Code::NotFound, format!("there is no toolkit `{slug}`"))
            .hint(did_you_mean(&near, otherwise))
            .reason("toolkit_unknown"))
    }

    fn known(&self, slug: &Slug, row: Option<ToolkitRow>) -> Result<Option<Known>> {
        let row = row.unwrap_or_default();
        let (manifest, origin) = match &row.manifest {
            Some(text) => (Some(stored(slug, text)?), Origin::Added),
            None => (builtin(slug).transpose()?, Origin::Builtin),
        };
        let simulated = matches!(self.world, World::Sandbox(_));
        let manifest = manifest.map(|manifest| match &self.world {
            World::Sandbox(Some(url)) => relocate(manifest, url),
            World::Sandbox(None) | World::Real => manifest,
        });
        Ok(manifest.map(|manifest| Known { manifest, row, origin, simulated }))
    }

    /// Returns a page of toolkits that match, in the order of their slugs, and where to go on.
    pub(super) fn page(
        &self,
        search: Option<&str>,
        (limit, cursor): (Option<u32>, Option<&str>),
        keep: impl Fn(&Known) -> bool,
    ) -> Result<(Vec<Known>, Option<String>)> {
        let after = cursor.map(decoded).transpose()?;
        let rows = self.store.toolkits()?;
        let mut slugs: Vec<Slug> = builtin_slugs().filter_map(|slug| slug.parse().ok()).collect();
        slugs.extend(
            rows.iter().filter(|(_, row)| row.manifest.is_some()).map(|(slug, _)| slug.clone()),
        );
        slugs.sort();
        slugs.dedup();
        let limit = usize::try_from(limit.unwrap_or(PAGE)).unwrap_or(usize::MAX);
        let mut page = Vec::new();
        for slug in slugs
            .into_iter()
            .filter(|slug| after.as_deref().is_none_or(|after| slug.as_str() > after))
        {
            let row = rows.iter().find(|(known, _)| *known == slug).map(|(_, row)| row.clone());
            let Some(known) = self.known(&slug, row)? else { continue };
            let about = &known.manifest;
            let fits = search.is_none_or(|words| {
                score(words, about.slug.as_str(), &about.name, &about.description).is_some()
            });
            if !fits || !keep(&known) {
                continue;
            }
            if page.len() == limit {
                let last = page
                    .last()
                    .map(|known: &Known| URL_SAFE_NO_PAD.encode(known.manifest.slug.as_str()));
                return Ok((page, last));
            }
            page.push(known);
        }
        Ok((page, None))
    }

    pub(super) fn list_toolkits(&self, op: &ListToolkits) -> Result<ToolkitPage> {
        let at = (op.limit, op.cursor.as_deref());
        let (page, next_cursor) = self.page(op.search.as_deref(), at, |_| true)?;
        Ok(ToolkitPage { toolkits: page.iter().map(Known::summary).collect(), next_cursor })
    }

    pub(super) fn get_toolkit(&self, slug: &Slug) -> Result<ToolkitDetail> {
        Ok(self.toolkit(slug)?.detail())
    }

    pub(super) fn add_toolkit(&self, op: AddToolkit) -> Result<ToolkitDetail> {
        let manifest = from_json(op.manifest)?;
        let slug = manifest.slug.clone();
        if builtin_slugs().any(|shipped| shipped == slug.as_str()) {
            let text = format!("`{slug}` is a toolkit that is built in");
            return Err(Error::new(Code::DuplicateRecord, text).hint("choose another slug"));
        }
        let text = serde_json::to_string(&manifest)
            .map_err(|error| Error::internal("a manifest cannot be written", error))?;
        let mut row = self.store.toolkit(&slug)?.unwrap_or_default();
        let before = row.manifest.as_deref().and_then(|text| stored(&slug, text).ok());
        if before.is_some_and(|before| hosts(&before) != hosts(&manifest)) {
            // What was entered for one host is not shown to another.
            nobody(&slug, &self.store.users_connected(&slug)?)?;
        }
        row.manifest = Some(text);
        self.store.put_toolkit(&slug, &row, None)?;
        self.get_toolkit(&slug)
    }

    pub(super) fn remove_toolkit(&self, op: &RemoveToolkit) -> Result<ToolkitDetail> {
        let slug = &op.toolkit;
        let known = self.toolkit(slug)?;
        if known.origin == Origin::Builtin {
            let text = format!("`{slug}` is built in and cannot be removed");
            return Err(Error::new(Code::InvalidInput, text)
                .hint(format!("run `naive toolkits disable {slug}` instead")));
        }
        nobody(slug, &self.store.remove_toolkit(slug, &client_owner(slug))?)?;
        Ok(known.detail())
    }

    pub(super) fn configure_toolkit(&self, op: ConfigureToolkit) -> Result<ToolkitDetail> {
        let slug = &op.toolkit;
        let known = self.toolkit(slug)?;
        if known.manifest.auth.kind != AuthType::Oauth2 {
            let text = format!("toolkit `{slug}` uses no OAuth client");
            return Err(Error::new(Code::InvalidInput, text)
                .hint(format!("run `naive connections connect {slug}` to connect it")));
        }
        if op.client_id.is_none() && op.scopes.is_empty() && op.secrets.0.is_empty() {
            return Err(Error::new(Code::InvalidInput, "there is nothing to configure")
                .hint("give `--client-id`, `--client-secret -` or `--scopes`"));
        }
        let mut row = known.row;
        row.client_id = op.client_id.or(row.client_id);
        if !op.scopes.is_empty() {
            row.scopes = op.scopes;
        }
        let owner = client_owner(slug);
        let new = Some(&op.secrets).filter(|secrets| !secrets.0.is_empty());
        let sealed = new.map(|secrets| self.cipher()?.seal(&owner, secrets)).transpose()?;
        let secret = sealed.as_deref().map(|bytes| (owner.as_str(), bytes));
        self.store.put_toolkit(slug, &row, secret)?;
        self.get_toolkit(slug)
    }

    pub(super) fn switch_toolkit(&self, slug: &Slug, enabled: bool) -> Result<ToolkitDetail> {
        let row = ToolkitRow { enabled, ..self.toolkit(slug)?.row };
        self.store.put_toolkit(slug, &row, None)?;
        self.get_toolkit(slug)
    }
}

/// Fails if somebody is still connected to a toolkit.
fn nobody(slug: &Slug, connected: &[User]) -> Result<()> {
    let Some(first) = connected.first() else { return Ok(()) };
    let names: Vec<_> = connected.iter().map(|user| format!("`{}`", user.handle())).collect();
    let text = format!("{} is still connected to `{slug}`", names.join(", "));
    let command = format!("naive connections disconnect {slug}{} --purge", user_flag(first));
    let each = if names.len() > 1 { ", and so for each of them," } else { "" };
    Err(Error::new(Code::InvalidInput, text)
        .hint(format!("run `{command}`{each} first"))
        .reason("toolkit_in_use"))
}

/// Returns where a toolkit's credentials may go: scheme and host of its addresses.
fn hosts(manifest: &Manifest) -> Vec<String> {
    let auth = &manifest.auth;
    let urls = [&auth.issuer, &auth.authorize_url, &auth.token_url, &auth.revoke_url];
    let urls = urls.into_iter().flatten().map(|url| url.origin().ascii_serialization());
    let base = manifest.base_url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    std::iter::once(base).chain(urls).collect()
}

fn stored(slug: &Slug, text: &str) -> Result<Manifest> {
    serde_json::from_str(text).map_err(|error| {
        Error::internal(format!("the stored manifest of `{slug}` cannot be read"), error)
            .hint(format!("add it again with `naive toolkits add`, or remove it with `naive toolkits remove {slug}`"))
    })
}

fn decoded(cursor: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.ok_or_else(|| {
        Error::new(Code::InvalidInput, "the cursor is not one of ours")
            .hint("use `nextCursor` of the answer before, as it is")
    })
}
