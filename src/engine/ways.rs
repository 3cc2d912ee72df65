//! Which ways lead to a toolkit, and which of them a call takes.

use std::collections::BTreeSet;

use super::accounts::is_named;
use super::composio::Remote;
use super::known::{Known, Shelf};
use super::toolkits::stored;
use super::{Engine, World};
use crate::api::connections::{Connection, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, ToolSlug};
use crate::api::toolkits::{AuthType, Availability, Origin, Provider, ToolkitDetail};
use crate::api::ways::Way;
use crate::api::workspace::User;
use crate::catalog::added::Added;
use crate::catalog::manifest::{Auth, Manifest, Tool};
use crate::catalog::pack::App;
use crate::catalog::search::{did_you_mean, nearest};
use crate::catalog::servers::{server, server_slugs};
use crate::catalog::{builtin_slugs, relocate};
use crate::store::{AddedRow, ToolkitRow, WayRow};

impl Engine {
    /// Returns the toolkit of that slug, reached as calls reach it where nobody says; `NotFound` says which were
    /// perhaps meant.
    pub(super) fn toolkit(&self, slug: &Slug) -> Result<Known> {
        self.toolkit_by(slug, None)
    }

    /// Returns the toolkit reached by a provider, if one is named.
    ///
    /// Fails with `NotFound` if it does not reach the toolkit, and says which do.
    pub(super) fn toolkit_by(&self, slug: &Slug, provider: Option<Provider>) -> Result<Known> {
        let (mut ways, at) = self.meant(slug, provider)?;
        Ok(ways.swap_remove(at))
    }

    /// Returns the toolkit likewise, as it is told with every way to it.
    pub(super) fn toolkit_detail(
        &self,
        slug: &Slug,
        provider: Option<Provider>,
    ) -> Result<ToolkitDetail> {
        let (ways, at) = self.meant(slug, provider)?;
        Ok(ToolkitDetail { ways: self.told(&ways)?, ..ways[at].detail()? })
    }

    /// Returns every way to a toolkit, and the place of the one that is meant.
    fn meant(&self, slug: &Slug, provider: Option<Provider>) -> Result<(Vec<Known>, usize)> {
        let ways = self.ways(slug, self.store.toolkit(slug)?.unwrap_or_default())?;
        if ways.is_empty() {
            return Err(self.unknown(slug)?);
        }
        let Some(provider) = provider else {
            let (at, _) = preferred(&ways);
            return Ok((ways, at));
        };
        if let Some(at) = ways.iter().position(|way| way.provider() == provider) {
            return Ok((ways, at));
        }
        let others: Vec<_> =
            ways.iter().map(|way| format!("`{}`", way.provider().as_str())).collect();
        let text = format!("`{slug}` is not reached by `{}`", provider.as_str());
        Err(Error::new(Code::NotFound, text)
            .hint(format!("it is reached by {}", others.join(" and ")))
            .reason("provider_unknown"))
    }

    /// Returns the toolkit as the app's own API reaches it, else as calls do where nobody says.
    pub(super) fn own(&self, slug: &Slug) -> Result<Known> {
        match self.direct(slug, &self.store.toolkit(slug)?.unwrap_or_default())? {
            Some(known) => Ok(known),
            None => self.toolkit(slug),
        }
    }

    /// Returns the toolkit as a call of a user reaches it: by the provider that is named, else by that of the
    /// account that is named or of the user's connection, else as everybody does.
    pub(super) fn toolkit_of(
        &self,
        user: &User,
        slug: &Slug,
        (provider, account): (Option<Provider>, Option<&str>),
    ) -> Result<Known> {
        if provider.is_some() {
            return self.toolkit_by(slug, provider);
        }
        let all = self.store.connections(&user.id, Some(slug))?;
        let lives = |one: &&Connection| {
            matches!(one.status, Status::Initiated | Status::Active | Status::Expired)
        };
        let meant = match account {
            Some(account) => all.iter().find(|one| is_named(one, account)),
            None => all.iter().find(|one| one.is_default).or(all.iter().find(lives)),
        };
        self.toolkit_by(slug, meant.map(|one| one.provider))
    }

    /// Returns what a connection is to, reached as the connection reaches it.
    pub(super) fn toolkit_behind(&self, connection: &Connection) -> Result<Known> {
        self.toolkit_by(&connection.toolkit, Some(connection.provider))
    }

    /// Returns the app whose tools' slugs begin as this one does: of several, the one with the longest name.
    pub(crate) fn app_of(&self, slug: &ToolSlug) -> Result<Option<Slug>> {
        let added = self.store.added_slugs()?;
        let ways = self.store.all_ways()?.into_iter().map(|(app, _, _)| app);
        let shipped = builtin_slugs().chain(server_slugs());
        let all = shipped.filter_map(|app| app.parse::<Slug>().ok()).chain(added).chain(ways);
        let fits = |app: &Slug| slug.as_str().starts_with(&app.tool_prefix());
        Ok(all.filter(fits).max_by_key(|app| app.as_str().len()))
    }

    /// Fails with `NotFound` if no way to a toolkit has that tool; a server that nobody has met yet may have it.
    pub(super) fn check_tool(&self, app: &Slug, slug: &ToolSlug) -> Result<()> {
        for way in self.ways(app, self.store.toolkit(app)?.unwrap_or_default())? {
            if way.check_learnt().is_err() || way.find(slug)?.is_some() {
                return Ok(());
            }
        }
        self.toolkit(app)?.tool(slug).map(drop)
    }

    /// Returns the error that there is no such toolkit.
    fn unknown(&self, slug: &Slug) -> Result<Error> {
        let added = self.store.added_slugs()?;
        let mut names: BTreeSet<&str> = builtin_slugs().chain(server_slugs()).collect();
        names.extend(added.iter().map(Slug::as_str));
        let ways = self.store.all_ways()?;
        names.extend(ways.iter().map(|(slug, ..)| slug.as_str()));
        let near = nearest(slug.as_str(), names);
        let otherwise = "run `naive toolkits list` to see which there are";
        Ok(Error::new(Code::NotFound, format!("there is no toolkit `{slug}`"))
            .hint(did_you_mean(&near, otherwise))
            .reason("toolkit_unknown"))
    }

    /// Returns what is known of a toolkit, reached as calls reach it where nobody says; a shipped one comes without
    /// its tools.
    pub(super) fn known(&self, slug: &Slug, row: Option<ToolkitRow>) -> Result<Option<Known>> {
        let mut ways = self.ways(slug, row.unwrap_or_default())?;
        if ways.is_empty() {
            return Ok(None);
        }
        let (at, _) = preferred(&ways);
        Ok(Some(ways.swap_remove(at)))
    }

    /// Returns every way to a toolkit, the app's own API first. The sandbox has no other.
    pub(super) fn ways(&self, slug: &Slug, row: ToolkitRow) -> Result<Vec<Known>> {
        let own = self.direct(slug, &row)?;
        if matches!(self.world, World::Sandbox(_)) {
            return Ok(own.into_iter().collect());
        }
        let mut others = self.store.ways(slug)?;
        let has_server = others.iter().any(|(provider, _)| *provider == Provider::Mcp);
        if !has_server && server(slug).is_some() {
            others.push((Provider::Mcp, WayRow::default()));
        }
        others.sort_by_key(|(provider, _)| *provider);
        let lists = others.iter().any(|(provider, _)| *provider == Provider::Composio);
        let keyed = lists && self.has_composio()?;
        let others = others.into_iter().map(|(_, way)| by_way(slug, &row, (way, keyed)));
        own.map(Ok).into_iter().chain(others.filter_map(Result::transpose)).collect()
    }

    /// Returns the way by the app's own API.
    fn direct(&self, slug: &Slug, row: &ToolkitRow) -> Result<Option<Known>> {
        let (manifest, tools, origin) = match (self.store.added(slug)?, App::of(slug.as_str())) {
            (Some(AddedRow { manifest, listing, tools }), _) => {
                let tools = Shelf::Added(Added::read(listing, tools)?);
                (stored(slug, &manifest)?, tools, Origin::Added)
            }
            (None, Some(app)) => (app.card()?, Shelf::Shipped(app), app.origin()),
            (None, None) => return Ok(None),
        };
        let simulated = matches!(self.world, World::Sandbox(_));
        let manifest = match &self.world {
            World::Sandbox(Some(url)) => relocate(manifest, url),
            World::Sandbox(None) | World::Real => manifest,
        };
        let row = row.clone();
        let (checked_at, remote) = (None, None);
        Ok(Some(Known { manifest, tools, row, origin, simulated, checked_at, remote }))
    }

    /// Returns ways as they are told; one that is alone and the app's own is not worth telling.
    fn told(&self, ways: &[Known]) -> Result<Vec<Way>> {
        if ways.len() < 2 && ways.first().is_none_or(|way| way.provider().is_direct()) {
            return Ok(Vec::new());
        }
        let (default, why) = preferred(ways);
        let listed_at = self.store.list_age()?.and_then(|age| age.listed_at);
        let told = ways.iter().enumerate().map(|(at, way)| {
            let (availability, needs) = way.availability();
            Way {
                provider: way.provider(),
                is_default: at == default,
                why: (at == default).then(|| why.to_owned()),
                base_url: way.place(),
                auth_type: way.manifest.auth.kind,
                availability,
                needs,
                tools: way.tool_count(),
                checked_at: way.checked_at,
                listed_at: listed_at.filter(|_| way.provider() == Provider::Composio),
            }
        });
        Ok(told.collect())
    }
}

/// Returns a way that another provider has, with the tools that were taken from it.
fn by_way(slug: &Slug, row: &ToolkitRow, (way, keyed): (WayRow, bool)) -> Result<Option<Known>> {
    let (mut manifest, mut origin) = match &way.manifest {
        Some(text) => (stored(slug, text)?, Origin::Added),
        None => match server(slug) {
            Some(manifest) => (manifest, Origin::Builtin),
            None => return Ok(None),
        },
    };
    let remote = way.remote.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let remote = remote.map(|remote| Remote { keyed, ..remote });
    if remote.is_some() {
        origin = Origin::Listed;
        if way.client_id.is_some() {
            // Whoever brings an auth config has users log in on Composio's page, whatever they enter there.
            manifest.auth = Auth { kind: AuthType::Oauth2, ..Auth::fresh() };
        }
    }
    let tools = way.tools.as_deref().map(|text| offered(slug, text)).transpose()?;
    let manifest = Manifest { tools: tools.unwrap_or_default(), ..manifest };
    let row = ToolkitRow { client_id: way.client_id, scopes: way.scopes, ..row.clone() };
    let checked_at = way.checked_at;
    Ok(Some(Known { origin, checked_at, remote, ..Known::told(manifest, row) }))
}

/// Returns which of several ways calls take where nobody says, and why.
fn preferred(ways: &[Known]) -> (usize, &'static str) {
    let chosen = ways.first().and_then(|way| way.row.provider);
    if let Some(at) = ways.iter().position(|way| Some(way.provider()) == chosen) {
        return (at, "the operator prefers it");
    }
    match ways.iter().position(is_ready) {
        _ if ways.len() == 1 => (0, "there is no other"),
        Some(0) => (0, "it lacks nothing, and needs nobody between here and the app"),
        Some(at) => (at, "it lacks nothing, and those before it do"),
        None => (0, "each of them lacks something"),
    }
}

/// Tells whether users can connect and use a way without any help of the operator.
fn is_ready(way: &Known) -> bool {
    let unsaid = way.provider().is_direct()
        && (way.tool_count() == 0 || way.manifest.auth.kind == AuthType::Unknown);
    way.availability().0 == Availability::Available && !unsaid
}

/// Reads the tools that were taken from a server.
pub(super) fn offered(slug: &Slug, text: &str) -> Result<Vec<Tool>> {
    serde_json::from_str(text).map_err(|error| {
        Error::internal(format!("the stored tools of `{slug}` cannot be read"), error)
            .hint(format!("run `naive toolkits diff {slug} --accept` to take them again"))
    })
}
