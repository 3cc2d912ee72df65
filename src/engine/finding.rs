//! Finding tools: those of one app, and those of all.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Map;

use super::known::Known;
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
use crate::catalog::manifest::{Manifest, Tool};
use crate::catalog::pack::index::named_first;
use crate::catalog::pack::{self, App, Name};
use crate::catalog::search::{Search, worthwhile};

/// How many tools of an app a page has where the caller does not say.
const OF_APP: u32 = 100;
/// How many tools a search finds where the caller does not say.
const FOUND: u32 = 20;
/// How much more a tool counts whose app is connected.
const CONNECTED: f64 = 2.0;
/// How much more a tool counts that was written by hand.
const BY_HAND: f64 = 1.5;
/// How much more a tool counts of the app that people name first of all; of the others of that list, less and less.
const NAMED_FIRST: f64 = 0.5;

/// An app whose tools may be found.
#[derive(Debug)]
struct Searched {
    slug: Slug,
    auth: AuthType,
    origin: Origin,
    connected: bool,
    tools: Source,
}

/// Where the tools of an app are.
#[derive(Debug)]
enum Source {
    Shipped(App),
    Added(Box<Manifest>),
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
        let (scores, by_hand) = match known.shipped {
            Some(app) => (search.tools_within(app), app.by_hand()),
            None => (search.tools_of(&known.manifest), known.tool_count()),
        };
        let more = |at| if at < by_hand { BY_HAND } else { 1.0 };
        let mut found: Vec<(f64, usize)> =
            scores.into_iter().zip(0..).map(|(score, at)| (score * more(at), at)).collect();
        if !search.is_any() {
            worthwhile(&mut found);
        }
        // The sort is stable: what fits alike stays in the app's own order.
        found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
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
        let connected: BTreeSet<Slug> = connected.into_iter().map(|one| one.toolkit).collect();
        let apps = self.searched(op, &connected)?;
        let search = Search::new(Some(&op.query));
        let shipped = search.tools();
        let mut found: Vec<(f64, (usize, usize))> = Vec::new();
        for (number, app) in apps.iter().enumerate() {
            let tools = app.tools.fitting(&search, &shipped, op.effect);
            let more = if app.connected { CONNECTED } else { 1.0 };
            found.extend(tools.into_iter().map(|(score, at)| (score * more, (number, at))));
        }
        worthwhile(&mut found);
        found.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
        let count = found.len();
        let size = (page_size(op.limit, FOUND), op.cursor.as_deref());
        let name = |(_, (app, at)): &(f64, (usize, usize))| format!("{} {at}", apps[*app].slug);
        let (page, next_cursor) = paged(found, name, size)?;
        let kit = self.store.kit_of(user)?;
        let tools = page.into_iter().map(|(_, (number, at))| {
            let app = &apps[number];
            app.found(&app.tools.name(at)?, app.tools.effect(at), &kit)
        });
        let tools = tools.collect::<Result<_>>()?;
        Ok(FoundTools { tools, found: count, next_cursor })
    }

    /// Returns the apps among whose tools one looks: each as calls reach it where nobody says.
    fn searched(&self, op: &SearchTools, connected: &BTreeSet<Slug>) -> Result<Vec<Searched>> {
        let mut added = Vec::new();
        for (slug, row) in self.store.toolkits()? {
            if let Some(text) = &row.manifest {
                added.push(stored(&slug, text)?);
            }
        }
        let learnt = self.store.all_ways()?.into_iter().filter(|(_, _, way)| way.tools.is_some());
        for (slug, provider, _) in learnt {
            let known = self.toolkit(&slug)?;
            if known.provider() == provider {
                added.retain(|one| one.slug != slug);
                added.push(known.manifest);
            }
        }
        searched(added, op, connected)
    }
}

/// Returns the apps among whose tools one looks; those that were `added` stand for the shipped ones of their names.
fn searched(
    added: Vec<Manifest>,
    op: &SearchTools,
    connected: &BTreeSet<Slug>,
) -> Result<Vec<Searched>> {
    let mut apps = Vec::new();
    let own = |slug: &str| added.iter().any(|one| one.slug.as_str() == slug);
    for app in App::all().filter(|app| !own(app.slug())) {
        let (slug, auth, origin) = (app.slug().parse::<Slug>(), app.auth(), app.origin());
        let slug = slug.map_err(|error| Error::internal("a shipped app has no name", error))?;
        let connected = connected.contains(&slug);
        apps.push(Searched { slug, auth, origin, connected, tools: Source::Shipped(app) });
    }
    for manifest in added {
        let (auth, origin) = (manifest.auth.kind, Origin::Added);
        let connected = connected.contains(&manifest.slug);
        apps.push(Searched {
            slug: manifest.slug.clone(),
            auth,
            origin,
            connected,
            tools: Source::Added(Box::new(manifest)),
        });
    }
    apps.retain(|app| {
        op.toolkit.as_ref().is_none_or(|wanted| *wanted == app.slug)
            && op.auth.is_none_or(|wanted| wanted == app.auth)
            && op.connected.is_none_or(|wanted| wanted == app.connected)
    });
    Ok(apps)
}

impl Searched {
    fn found(&self, name: &Name, effect: Effect, kit: &Kit) -> Result<FoundTool> {
        let slug = name
            .slug
            .parse()
            .map_err(|error| Error::internal("a shipped tool has no name", error))?;
        Ok(FoundTool {
            withheld: !gate::allows_toolkit(kit, &self.slug)
                || !gate::allows_tool(kit, &self.slug, &slug),
            tool: slug,
            toolkit: self.slug.clone(),
            name: name.name.clone(),
            description: name.description.clone(),
            effect,
            auth_type: self.auth,
            origin: self.origin,
            connected: self.connected,
        })
    }
}

impl Source {
    /// Returns the tools that fit, and how well; `shipped` has those of all shipped apps.
    fn fitting(
        &self,
        search: &Search,
        shipped: &[f64],
        effect: Option<Effect>,
    ) -> Vec<(f64, usize)> {
        let scores = match self {
            Self::Shipped(app) => Cow::Borrowed(&shipped[app.tools()]),
            Self::Added(manifest) => Cow::Owned(search.tools_of(manifest)),
        };
        let (by_hand, first) = match self {
            Self::Shipped(app) => (app.by_hand(), named_first(*app)),
            Self::Added(manifest) => (manifest.tools.len(), 0.0),
        };
        let more = |at| {
            let by_hand = if at < by_hand { BY_HAND } else { 1.0 };
            by_hand * (1.0 + NAMED_FIRST * first)
        };
        let wanted = |at: &usize| effect.is_none_or(|wanted| wanted == self.effect(*at));
        let all = scores.iter().copied().zip(0..);
        let all = all.filter(|(score, at)| *score > 0.0 && wanted(at));
        all.map(|(score, at)| (score * more(at), at)).collect()
    }

    fn effect(&self, at: usize) -> Effect {
        match self {
            Self::Shipped(app) => pack::effect(app.tools().start + at),
            Self::Added(manifest) => manifest.tools[at].effect,
        }
    }

    fn name(&self, at: usize) -> Result<Name> {
        match self {
            Self::Shipped(app) => app.name(at),
            Self::Added(manifest) => Ok(Name::of(&manifest.tools[at])),
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
