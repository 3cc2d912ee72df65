//! Toolkits as this workspace has them: shipped or added, configured, switched on or off.

use std::collections::BTreeMap;
use std::mem;

use serde_json::{Map, Value};

use super::composio::ITSELF;
use super::known::Known;
use super::limits::{page_size, paged};
use super::{Engine, Scope, user_flag};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::toolkits::{
    AddToolkit, AuthType, ConfigureToolkit, GetToolkit, ListToolkits, Origin, Provider,
    RemoveToolkit, ToolkitDetail, ToolkitPage,
};
use crate::api::workspace::User;
use crate::catalog::added::{Added, Listing};
use crate::catalog::manifest::Manifest;
use crate::catalog::pack::{self, App};
use crate::catalog::search::Search;
use crate::catalog::servers::{server, server_slugs};
use crate::catalog::shares::free;
use crate::catalog::{builtin, builtin_slugs, from_json};
use crate::store::{AddedRow, ToolkitRow, WayRow};

/// How many rows a page has where the caller does not say.
const PAGE: u32 = 50;

impl Engine {
    /// Returns a page of toolkits, and where to go on: those that match words best first, or else those that are
    /// `first`, those written by hand or added, and the others, in the order of their slugs.
    pub(super) fn page(
        &self,
        search: Option<&str>,
        (limit, cursor): (Option<u32>, Option<&str>),
        first: impl Fn(&str) -> bool,
        keep: impl Fn(&str) -> bool,
    ) -> Result<(Vec<Known>, Option<String>)> {
        let search = Search::new(search);
        let rows = self.store.toolkits()?;
        let added = self.store.all_added()?;
        let is_added = |slug: &str| added.iter().any(|(known, ..)| known.as_str() == slug);
        let rank = |score: f32, own: bool, slug: &str| {
            let more = match (first(slug), own) {
                (true, _) => 4.0,
                (false, true) => 2.0,
                (false, false) => 1.0,
            };
            score * more
        };
        let mut all: Vec<(f32, &str)> = Vec::new();
        for (app, score) in search.apps() {
            if !is_added(app.slug()) {
                all.push((rank(score, app.by_hand() > 0, app.slug()), app.slug()));
            }
        }
        for (slug, manifest, _) in &added {
            let score = if search.is_any() { 1.0 } else { search.app(&stored(slug, manifest)?) };
            all.push((rank(score, true, slug.as_str()), slug.as_str()));
        }
        let others = self.only_by_others(is_added)?;
        for (manifest, own) in &others {
            let score = if search.is_any() { 1.0 } else { search.app(manifest) };
            let slug = manifest.slug.as_str();
            all.push((rank(score, *own, slug), slug));
        }
        all.retain(|(rank, slug)| *rank > 0.0 && keep(slug));
        all.sort_by(|(one, slug), (other, another)| other.total_cmp(one).then(slug.cmp(another)));
        let size = (page_size(limit, PAGE), cursor);
        let (page, next) = paged(all, |(_, slug)| (*slug).to_owned(), size)?;
        let known = page.into_iter().filter_map(|(_, slug)| {
            let slug: Slug = slug.parse().ok()?;
            let row = rows.iter().find(|(known, _)| *known == slug).map(|(_, row)| row.clone());
            self.known(&slug, row).transpose()
        });
        Ok((known.collect::<Result<_>>()?, next))
    }

    pub(super) async fn list_toolkits(&self, op: &ListToolkits) -> Result<ToolkitPage> {
        self.refresh_list().await;
        let at = (op.limit, op.cursor.as_deref());
        let (page, next_cursor) = self.page(op.search.as_deref(), at, |_| false, |_| true)?;
        let toolkits = page.iter().map(Known::summary).collect();
        let begins = op.search.is_none() && op.cursor.is_none();
        let age = if self.has_composio()? { self.store.list_age()? } else { None };
        let listed_at = age.and_then(|age| age.listed_at);
        let catalog = begins.then(pack::counts);
        Ok(ToolkitPage { toolkits, next_cursor, catalog, listed_at })
    }

    pub(super) async fn get_toolkit(&self, op: &GetToolkit) -> Result<ToolkitDetail> {
        if op.toolkit.as_str() == ITSELF {
            return self.told_composio();
        }
        if let Err(error) = self.learn_fields(&op.toolkit).await {
            self.note(format!("Composio did not say what a user enters: {error}."));
        }
        let mut detail = self.toolkit_detail(&op.toolkit, op.provider)?;
        if op.manifest {
            detail.manifest = self.kept_manifest(&op.toolkit)?;
        }
        Ok(detail)
    }

    /// Returns the toolkits that no API of the app's own reaches, and whether each was added here.
    fn only_by_others(&self, is_added: impl Fn(&str) -> bool) -> Result<Vec<(Manifest, bool)>> {
        if self.is_simulated() {
            return Ok(Vec::new());
        }
        let direct = |slug: &Slug| App::of(slug.as_str()).is_some() || is_added(slug.as_str());
        let mut found: BTreeMap<Slug, (Manifest, bool)> = BTreeMap::new();
        for slug in server_slugs().filter_map(|slug| slug.parse::<Slug>().ok()) {
            if let Some(manifest) = server(&slug).filter(|_| !direct(&slug)) {
                found.insert(slug, (manifest, false));
            }
        }
        for (slug, _, way) in self.store.all_ways()? {
            if let Some(text) = way.manifest.filter(|_| !direct(&slug)) {
                let manifest = stored(&slug, &text)?;
                found.insert(slug, (manifest, true));
            }
        }
        Ok(found.into_values().collect())
    }

    /// Returns a toolkit's manifest as it was shipped or added: with the app's own addresses, also in the sandbox.
    fn kept_manifest(&self, slug: &Slug) -> Result<Option<Map<String, Value>>> {
        let manifest = match self.store.added(slug)? {
            Some(AddedRow { manifest, listing, tools }) => {
                let tools = Added::read(listing, tools)?.all()?;
                Some(Manifest { tools, ..stored(slug, &manifest)? })
            }
            None => builtin(slug).transpose()?,
        };
        let value = manifest.map(serde_json::to_value).transpose();
        let value =
            value.map_err(|error| Error::internal("a manifest cannot be written", error))?;
        Ok(value.and_then(|value| value.as_object().cloned()))
    }

    pub(super) async fn add_toolkit(
        &self,
        scope: &Scope<'_>,
        op: AddToolkit,
    ) -> Result<ToolkitDetail> {
        let manifest = from_json(op.manifest.get())?;
        match manifest.provider {
            Provider::Direct => self.add_direct(manifest),
            Provider::Mcp => self.add_server(scope, manifest, op.secrets).await,
            Provider::Composio => {
                let text = "Composio tells its own toolkits, so none is added by hand";
                Err(Error::new(Code::InvalidInput, text)
                    .hint("run `naive toolkits configure composio --api-key -`"))
            }
        }
    }

    fn add_direct(&self, mut manifest: Manifest) -> Result<ToolkitDetail> {
        let slug = manifest.slug.clone();
        if builtin_slugs().any(|shipped| shipped == slug.as_str()) || slug == Slug::brokerage() {
            let text = format!("`{slug}` is a toolkit that is built in");
            return Err(Error::new(Code::DuplicateRecord, text).hint("choose another slug"));
        }
        let before = self.store.added(&slug)?.and_then(|row| stored(&slug, &row.manifest).ok());
        if before.is_some_and(|before| hosts(&before) != hosts(&manifest)) {
            // What was entered for one host is not shown to another.
            nobody(&slug, &self.store.users_connected(&slug)?)?;
        }
        let tools = mem::take(&mut manifest.tools);
        let row = AddedRow {
            manifest: serde_json::to_string(&manifest)
                .map_err(|error| Error::internal("a manifest cannot be written", error))?,
            listing: Listing::of(&tools).into_text(),
            tools: Added::written(&tools)?,
        };
        free(tools);
        self.store.put_added(&slug, &row)?;
        self.toolkit_detail(&slug, None)
    }

    pub(super) fn remove_toolkit(&self, op: &RemoveToolkit) -> Result<ToolkitDetail> {
        let slug = &op.toolkit;
        if slug.as_str() == ITSELF {
            return self.forget_composio();
        }
        let known = self.toolkit(slug)?;
        let ways = self.ways(slug, known.row.clone())?;
        if ways.iter().all(|way| way.origin != Origin::Added) {
            let text = format!("`{slug}` is built in and cannot be removed");
            return Err(Error::new(Code::InvalidInput, text)
                .hint(format!("run `naive toolkits disable {slug}` instead")));
        }
        let owners: Vec<_> = ways.iter().map(Known::operator_owner).collect();
        nobody(slug, &self.store.remove_toolkit(slug, &owners)?)?;
        known.detail()
    }

    pub(super) async fn configure_toolkit(&self, op: ConfigureToolkit) -> Result<ToolkitDetail> {
        if op.toolkit.as_str() == ITSELF {
            return self.configure_composio(op).await;
        }
        let slug = &op.toolkit;
        let known = match op.provider {
            Some(_) => self.toolkit_by(slug, op.provider)?,
            None => self.own(slug)?,
        };
        if known.provider() == Provider::Composio && op.prefer.is_none() {
            return self.configure_at_composio(&known, op);
        }
        if let Some(provider) = op.prefer {
            return self.prefer(&self.toolkit_by(slug, Some(provider))?, op);
        }
        if known.manifest.auth.kind != AuthType::Oauth2 {
            let text = format!("toolkit `{slug}` uses no OAuth client");
            return Err(Error::new(Code::InvalidInput, text)
                .hint(format!("run `naive connections connect {slug}` to connect it")));
        }
        if op.client_id.is_none() && op.scopes.is_empty() && op.secrets.0.is_empty() {
            return Err(Error::new(Code::InvalidInput, "there is nothing to configure")
                .hint("give `--client-id`, `--client-secret -` or `--scopes`"));
        }
        let owner = known.operator_owner();
        let new = Some(&op.secrets).filter(|secrets| !secrets.0.is_empty());
        let sealed = new.map(|secrets| self.cipher()?.seal(&owner, secrets)).transpose()?;
        let secret = sealed.as_deref().map(|bytes| (owner.as_str(), bytes));
        let client_id = op.client_id.or(known.row.client_id.clone());
        let scopes = if op.scopes.is_empty() { known.row.scopes.clone() } else { op.scopes };
        match known.provider() {
            Provider::Direct => {
                let row = ToolkitRow { client_id, scopes, ..known.row };
                self.store.put_toolkit(slug, &row, secret)?;
            }
            provider @ (Provider::Mcp | Provider::Composio) => {
                let ways = self.store.ways(slug)?;
                let way = ways.into_iter().find(|(one, _)| *one == provider);
                let way = way.map(|(_, way)| way).unwrap_or_default();
                let way = WayRow { client_id, scopes, ..way };
                self.store.put_way(slug, provider, &way, secret)?;
            }
        }
        self.toolkit_detail(slug, None)
    }

    /// Has users of a toolkit log in by an auth config of the operator's at Composio.
    fn configure_at_composio(&self, known: &Known, op: ConfigureToolkit) -> Result<ToolkitDetail> {
        let slug = known.slug();
        let id = op.client_id.filter(|id| id.starts_with("ac_"));
        let (Some(id), true, true) = (id, op.scopes.is_empty(), op.secrets.0.is_empty()) else {
            let text = format!(
                "what `{slug}` needs at Composio is an auth config there, and nothing else"
            );
            return Err(
                Error::new(Code::InvalidInput, text).hint("give its id with `--client-id ac_…`")
            );
        };
        let ways = self.store.ways(slug)?;
        let way = ways.into_iter().find(|(one, _)| *one == Provider::Composio);
        let way = WayRow { client_id: Some(id), ..way.map(|(_, way)| way).unwrap_or_default() };
        self.store.put_way(slug, Provider::Composio, &way, None)?;
        self.toolkit_detail(slug, None)
    }

    /// Lets calls go a way from now on where nobody says.
    fn prefer(&self, known: &Known, op: ConfigureToolkit) -> Result<ToolkitDetail> {
        let alone = op.client_id.is_none() && op.scopes.is_empty() && op.secrets.0.is_empty();
        if !alone {
            let text = "`--prefer` stands alone";
            return Err(Error::new(Code::InvalidInput, text).hint("configure the rest before it"));
        }
        let slug = known.slug();
        let before = self.store.toolkit(slug)?.unwrap_or_default();
        let row = ToolkitRow { provider: Some(known.provider()), ..before };
        self.store.put_toolkit(slug, &row, None)?;
        self.toolkit_detail(slug, None)
    }

    pub(super) fn switch_toolkit(&self, slug: &Slug, enabled: bool) -> Result<ToolkitDetail> {
        self.toolkit(slug)?;
        let row = ToolkitRow { enabled, ..self.store.toolkit(slug)?.unwrap_or_default() };
        self.store.put_toolkit(slug, &row, None)?;
        self.toolkit_detail(slug, None)
    }
}

/// Fails if somebody is still connected to a toolkit.
pub(super) fn nobody(slug: &Slug, connected: &[User]) -> Result<()> {
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

/// Reads a manifest that was added, without its tools.
pub(super) fn stored(slug: &Slug, text: &str) -> Result<Manifest> {
    serde_json::from_str(text).map_err(|error| {
        Error::internal(format!("the stored manifest of `{slug}` cannot be read"), error)
            .hint(format!("add it again with `naive toolkits add`, or remove it with `naive toolkits remove {slug}`"))
    })
}
