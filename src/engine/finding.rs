//! Finding tools: those of one app, and those of all.

use std::collections::BTreeSet;

use serde_json::Map;

use super::known::{Known, Shelf};
use super::limits::{page_size, paged};
use super::toolkits::stored;
use super::{Engine, Scope, gate};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::kits::Kit;
use crate::api::toolkits::{AuthType, Effect, Origin};
use crate::api::tools::{
    FoundTool, FoundTools, GetTool, ListTools, SearchTools, ToolDetail, ToolOf, Tools,
};
use crate::catalog::added::Listing;
use crate::catalog::manifest::{Manifest, Tool};
use crate::catalog::pack::{self, App, Name};
use crate::catalog::search::{Search, is_worthwhile, worthwhile};

/// How many tools of an app a page has where the caller does not say.
const OF_APP: u32 = 100;
/// How many tools a search finds where the caller does not say.
const FOUND: u32 = 20;
/// How much more a tool counts whose app is connected.
const CONNECTED: f32 = 2.0;
/// How much more a tool counts that was written by hand.
const BY_HAND: f32 = 1.5;
/// How much more a tool counts of the app that people name first of all; of the others of that list, less and less.
const NAMED_FIRST: f32 = 0.5;
/// How much more a tool counts at the most.
const PREFERRED: f32 = CONNECTED * BY_HAND * (1.0 + NAMED_FIRST);

/// Some apps by their slugs, and the shipped ones among them: thousands of tools are asked whether theirs is one.
#[derive(Debug)]
struct Apps<'a> {
    slugs: BTreeSet<&'a str>,
    shipped: Vec<App>,
}

/// An app whose tools may be found.
#[derive(Debug, Clone, Copy)]
enum Searched<'a> {
    Shipped(App),
    Added(&'a Own),
}

/// An app that is here and not shipped: what it is, and what its tools are called.
#[derive(Debug)]
struct Own {
    card: Manifest,
    listing: Listing,
}

impl Engine {
    pub(super) async fn list_tools(&self, scope: &Scope<'_>, op: &ListTools) -> Result<Tools> {
        self.learn_tools(scope.user()?, &op.toolkit, (op.provider, None)).await?;
        let known = self.toolkit_of(scope.user()?, &op.toolkit, (op.provider, None))?;
        known.check_learnt()?;
        let kit = self.store.kit_of(scope.user()?)?;
        if let Some(slug) = &op.tool {
            let tools = vec![detail(&kit, &op.toolkit, known.tool(slug)?)];
            return Ok(listed(&op.toolkit, tools, None));
        }
        let search = Search::new(op.search.as_deref());
        let app = &known.manifest;
        let fits: Box<dyn Iterator<Item = _>> = match &known.tools {
            _ if search.is_any() => Box::new((0..known.tool_count()).map(|at| (at, 1.0))),
            Shelf::Shipped(shipped) => Box::new(search.tools_within(*shipped)),
            Shelf::Added(added) => Box::new(search.tools_of(app, added.listing())),
            Shelf::Told => Box::new(search.tools_of(app, &Listing::of(&app.tools))),
        };
        let by_hand = match &known.tools {
            Shelf::Shipped(shipped) => shipped.by_hand(),
            Shelf::Added(_) | Shelf::Told => known.tool_count(),
        };
        let more = |at| if at < by_hand { BY_HAND } else { 1.0 };
        let found = worthwhile(fits.map(|(at, score)| (score * more(at), at)));
        let size = (page_size(op.limit, OF_APP), op.cursor.as_deref());
        let (page, next) = paged(found, |(_, at)| at.to_string(), size)?;
        let places: Vec<usize> = page.into_iter().map(|(_, at)| at).collect();
        let tools = if op.brief {
            brief(&kit, &known, &places)?
        } else {
            let tools = known.tools_at(&places)?.into_iter();
            tools.map(|tool| detail(&kit, &op.toolkit, tool)).collect()
        };
        Ok(listed(&op.toolkit, tools, next))
    }

    pub(super) fn get_tool(&self, scope: &Scope<'_>, op: &GetTool) -> Result<ToolOf> {
        let Some(toolkit) = self.app_of(&op.tool)? else {
            return Err(Error::new(Code::NotFound, format!("no app has a tool `{}`", op.tool))
                .hint("run `naive tools search WORDS` to find one")
                .reason("tool_unknown"));
        };
        let kit = self.store.kit_of(scope.user()?)?;
        let tool = detail(
            &kit,
            &toolkit,
            self.toolkit_of(scope.user()?, &toolkit, (None, None))?.tool(&op.tool)?,
        );
        Ok(ToolOf { toolkit, tool })
    }

    pub(super) fn search_tools(&self, scope: &Scope<'_>, op: &SearchTools) -> Result<FoundTools> {
        let user = scope.user()?;
        let connected = self.store.connected(&user.id)?;
        let connected = Apps::of(connected.iter().map(|one| one.toolkit.as_str()));
        let added = self.added()?;
        let own = Apps::of(added.iter().map(|one| one.card.slug.as_str()));
        let wanted = op.toolkit.as_ref().map(|wanted| Apps::of([wanted.as_str()]));
        let is_sought = |app: Searched<'_>| {
            wanted.as_ref().is_none_or(|wanted| wanted.hold(app))
                && op.auth.is_none_or(|wanted| wanted == app.auth())
                && op.connected.is_none_or(|wanted| wanted == connected.hold(app))
                // Those that were added stand for the shipped ones of their names.
                && (matches!(app, Searched::Added(_)) || !own.hold(app))
        };
        let search = Search::new(Some(&op.query));
        let shipped = search.tools().map(|(app, at, score)| (score, (Searched::Shipped(app), at)));
        let own = added.iter().flat_map(|app| {
            let fits = search.tools_of(&app.card, &app.listing);
            fits.map(move |(at, score)| (score, (Searched::Added(app), at)))
        });
        let mut best = 0.0_f32;
        let sought = shipped.chain(own).filter(|(score, (app, at))| {
            // Most tools fit one of many words, and would not be worthwhile however much they were preferred.
            let sought = is_worthwhile(score * PREFERRED, best)
                && is_sought(*app)
                && op.effect.is_none_or(|wanted| wanted == app.effect(*at));
            if sought {
                best = best.max(*score);
            }
            sought
        });
        let found = worthwhile(sought.map(|(score, (app, at))| {
            let more = if connected.hold(app) { CONNECTED } else { 1.0 };
            (score * more * app.preferred(at), (app, at))
        }));
        let count = found.len();
        let size = (page_size(op.limit, FOUND), op.cursor.as_deref());
        let name = |(_, (app, at)): &(f32, (Searched<'_>, usize))| format!("{} {at}", app.slug());
        let (page, next_cursor) = paged(found, name, size)?;
        let kit = self.store.kit_of(user)?;
        let tools = page.into_iter().map(|(_, (app, at))| {
            Ok(FoundTool { connected: connected.hold(app), ..app.found(at, &kit)? })
        });
        let tools = tools.collect::<Result<_>>()?;
        Ok(FoundTools { tools, found: count, next_cursor })
    }

    /// Returns the apps that are here and not shipped, or not as calls reach them where nobody says how.
    fn added(&self) -> Result<Vec<Own>> {
        let mut added = Vec::new();
        for (slug, manifest, listing) in self.store.all_added()? {
            added.push(Own { card: stored(&slug, &manifest)?, listing: Listing::read(listing)? });
        }
        let learnt = self.store.all_ways()?.into_iter().filter(|(_, _, way)| way.tools.is_some());
        for (slug, provider, _) in learnt {
            let known = self.toolkit(&slug)?;
            if known.provider() == provider {
                let listing = Listing::of(&known.manifest.tools);
                added.retain(|one: &Own| one.card.slug != slug);
                added.push(Own { card: known.manifest, listing });
            }
        }
        Ok(added)
    }
}

impl<'a> Apps<'a> {
    fn of(slugs: impl IntoIterator<Item = &'a str>) -> Self {
        let slugs: BTreeSet<_> = slugs.into_iter().collect();
        Self { shipped: slugs.iter().copied().filter_map(App::of).collect(), slugs }
    }

    fn hold(&self, app: Searched<'_>) -> bool {
        match app {
            Searched::Shipped(app) => self.shipped.contains(&app),
            Searched::Added(own) => self.slugs.contains(own.card.slug.as_str()),
        }
    }
}

impl Searched<'_> {
    fn slug(&self) -> &str {
        match self {
            Self::Shipped(app) => app.slug(),
            Self::Added(own) => own.card.slug.as_str(),
        }
    }

    fn auth(&self) -> AuthType {
        match self {
            Self::Shipped(app) => app.auth(),
            Self::Added(own) => own.card.auth.kind,
        }
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Shipped(app) => app.origin(),
            Self::Added(_) => Origin::Added,
        }
    }

    /// Returns how much more a tool counts than one of any other app would.
    fn preferred(&self, at: usize) -> f32 {
        let (by_hand, rank) = match self {
            Self::Shipped(app) => (at < app.by_hand(), app.rank()),
            Self::Added(_) => (true, 0.0),
        };
        let by_hand = if by_hand { BY_HAND } else { 1.0 };
        by_hand * (1.0 + NAMED_FIRST * rank)
    }

    /// Returns a tool as it is told of those that were found; whether its app is connected is not known here.
    fn found(&self, at: usize, kit: &Kit) -> Result<FoundTool> {
        let name = match self {
            Self::Shipped(app) => app.name(at)?,
            Self::Added(own) => own.listing.name(at),
        };
        let unnamed = |error| Error::internal("a shipped tool has no name", error);
        let toolkit: Slug = self.slug().parse().map_err(unnamed)?;
        let tool = name.slug.parse().map_err(unnamed)?;
        Ok(FoundTool {
            withheld: !gate::allows_toolkit(kit, &toolkit)
                || !gate::allows_tool(kit, &toolkit, &tool),
            tool,
            toolkit,
            name: name.name,
            description: name.description,
            effect: self.effect(at),
            auth_type: self.auth(),
            origin: self.origin(),
            connected: false,
        })
    }

    fn effect(&self, at: usize) -> Effect {
        match self {
            Self::Shipped(app) => pack::effect(app.tools().start + at),
            Self::Added(own) => own.listing.effect(at),
        }
    }
}

/// Returns the tools at these places without what they take.
fn brief(kit: &Kit, known: &Known, places: &[usize]) -> Result<Vec<ToolDetail>> {
    let names = known.names_at(places)?;
    let tool = |(at, name): (&usize, Name)| {
        let slug =
            name.slug.parse().map_err(|error| Error::internal("a tool has no name", error))?;
        Ok(ToolDetail {
            withheld: !gate::allows_tool(kit, known.slug(), &slug),
            slug: name.slug,
            name: name.name,
            description: name.description,
            input_schema: Map::new(),
            effect: known.effect_at(*at),
            scopes: Vec::new(),
            paged: known.is_paged(*at),
        })
    };
    places.iter().zip(names).map(tool).collect()
}

fn listed(toolkit: &Slug, tools: Vec<ToolDetail>, next_cursor: Option<String>) -> Tools {
    let withheld_by_policy = tools.iter().filter(|tool| tool.withheld).count();
    Tools { toolkit: toolkit.clone(), tools, withheld_by_policy, next_cursor }
}

fn detail(kit: &Kit, app: &Slug, tool: Tool) -> ToolDetail {
    ToolDetail {
        withheld: !gate::allows_tool(kit, app, &tool.slug),
        slug: tool.slug.to_string(),
        name: tool.name,
        description: tool.description,
        input_schema: tool.input,
        effect: tool.effect,
        scopes: tool.scopes,
        paged: tool.page.is_some(),
    }
}
