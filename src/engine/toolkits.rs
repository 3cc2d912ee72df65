//! Toolkits as this workspace has them: shipped or added, configured, switched on or off.

use serde_json::{Map, Value};

use super::clients::client_owner;
use super::known::Known;
use super::limits::{page_size, paged};
use super::{Engine, World, user_flag};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, ToolSlug};
use crate::api::toolkits::{
    AddToolkit, AuthType, ConfigureToolkit, GetToolkit, ListToolkits, Origin, RemoveToolkit,
    ToolkitDetail, ToolkitPage,
};
use crate::api::workspace::User;
use crate::catalog::manifest::Manifest;
use crate::catalog::pack::{self, App};
use crate::catalog::search::{Search, did_you_mean, nearest};
use crate::catalog::{builtin, builtin_slugs, from_json, relocate};
use crate::store::ToolkitRow;

/// How many rows a page has where the caller does not say.
const PAGE: u32 = 50;

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

    /// Returns the app whose tools' slugs begin as this one does.
    pub(crate) fn app_of(&self, slug: &ToolSlug) -> Result<Option<Slug>> {
        let added = self.store.toolkits()?.into_iter().map(|(app, _)| app);
        let mut all = builtin_slugs().filter_map(|app| app.parse::<Slug>().ok()).chain(added);
        Ok(all.find(|app| slug.as_str().starts_with(&app.tool_prefix())))
    }

    /// Returns what is known of a toolkit; a shipped one comes without its tools.
    fn known(&self, slug: &Slug, row: Option<ToolkitRow>) -> Result<Option<Known>> {
        let row = row.unwrap_or_default();
        let shipped = App::of(slug.as_str()).filter(|_| row.manifest.is_none());
        let (manifest, origin) = match (&row.manifest, shipped) {
            (Some(text), _) => (stored(slug, text)?, Origin::Added),
            (None, Some(app)) => (app.card()?, app.origin()),
            (None, None) => return Ok(None),
        };
        let simulated = matches!(self.world, World::Sandbox(_));
        let manifest = match &self.world {
            World::Sandbox(Some(url)) => relocate(manifest, url),
            World::Sandbox(None) | World::Real => manifest,
        };
        Ok(Some(Known { manifest, shipped, row, origin, simulated }))
    }

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
        let is_added = |slug: &str| {
            rows.iter().any(|(known, row)| known.as_str() == slug && row.manifest.is_some())
        };
        let rank = |score: f64, own: bool, slug: &str| {
            let more = match (first(slug), own) {
                (true, _) => 4.0,
                (false, true) => 2.0,
                (false, false) => 1.0,
            };
            score * more
        };
        let mut all: Vec<(f64, &str)> = Vec::new();
        for (app, score) in App::all().zip(search.apps()) {
            if !is_added(app.slug()) {
                all.push((rank(score, app.by_hand() > 0, app.slug()), app.slug()));
            }
        }
        for (slug, text) in
            rows.iter().filter_map(|(slug, row)| Some((slug, row.manifest.as_deref()?)))
        {
            let score = if search.is_any() { 1.0 } else { search.app(&stored(slug, text)?) };
            all.push((rank(score, true, slug.as_str()), slug.as_str()));
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

    pub(super) fn list_toolkits(&self, op: &ListToolkits) -> Result<ToolkitPage> {
        let at = (op.limit, op.cursor.as_deref());
        let (page, next_cursor) = self.page(op.search.as_deref(), at, |_| false, |_| true)?;
        let toolkits = page.iter().map(Known::summary).collect();
        let begins = op.search.is_none() && op.cursor.is_none();
        Ok(ToolkitPage { toolkits, next_cursor, catalog: begins.then(pack::counts) })
    }

    pub(super) fn get_toolkit(&self, op: &GetToolkit) -> Result<ToolkitDetail> {
        let mut detail = self.toolkit_detail(&op.toolkit)?;
        if op.manifest {
            detail.manifest = self.kept_manifest(&op.toolkit)?;
        }
        Ok(detail)
    }

    fn toolkit_detail(&self, slug: &Slug) -> Result<ToolkitDetail> {
        self.toolkit(slug)?.detail()
    }

    /// Returns a toolkit's manifest as it was shipped or added: with the app's own addresses, also in the sandbox.
    fn kept_manifest(&self, slug: &Slug) -> Result<Option<Map<String, Value>>> {
        let added = self.store.toolkit(slug)?.and_then(|row| row.manifest);
        let manifest = match added {
            Some(text) => Some(stored(slug, &text)?),
            None => builtin(slug).transpose()?,
        };
        let value = manifest.map(serde_json::to_value).transpose();
        let value =
            value.map_err(|error| Error::internal("a manifest cannot be written", error))?;
        Ok(value.and_then(|value| value.as_object().cloned()))
    }

    pub(super) fn add_toolkit(&self, op: AddToolkit) -> Result<ToolkitDetail> {
        let manifest = from_json(op.manifest)?;
        let slug = manifest.slug.clone();
        if builtin_slugs().any(|shipped| shipped == slug.as_str()) || slug == Slug::brokerage() {
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
        drop(manifest);
        row.manifest = Some(text);
        self.store.put_toolkit(&slug, &row, None)?;
        self.toolkit_detail(&slug)
    }

    pub(super) fn remove_toolkit(&self, op: &RemoveToolkit) -> Result<ToolkitDetail> {
        let slug = &op.toolkit;
        let known = self.toolkit(slug)?;
        if known.origin != Origin::Added {
            let text = format!("`{slug}` is built in and cannot be removed");
            return Err(Error::new(Code::InvalidInput, text)
                .hint(format!("run `naive toolkits disable {slug}` instead")));
        }
        nobody(slug, &self.store.remove_toolkit(slug, &client_owner(slug))?)?;
        known.detail()
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
        self.toolkit_detail(slug)
    }

    pub(super) fn switch_toolkit(&self, slug: &Slug, enabled: bool) -> Result<ToolkitDetail> {
        let row = ToolkitRow { enabled, ..self.toolkit(slug)?.row };
        self.store.put_toolkit(slug, &row, None)?;
        self.toolkit_detail(slug)
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

/// Reads a manifest that was added.
pub(super) fn stored(slug: &Slug, text: &str) -> Result<Manifest> {
    serde_json::from_str(text).map_err(|error| {
        Error::internal(format!("the stored manifest of `{slug}` cannot be read"), error)
            .hint(format!("add it again with `naive toolkits add`, or remove it with `naive toolkits remove {slug}`"))
    })
}
