//! Documents that describe an API (`OpenAPI` 3, Swagger 2.0, Google discovery) as toolkits.
//!
//! Text in, manifest out: nothing is fetched, read or stored here, and what a document refers to outside of
//! itself stays there. Every document first takes the form of `OpenAPI` 3, so that there is one importer.

mod answers;
mod bodies;
pub(crate) mod diff;
mod discovery;
mod document;
mod keywords;
mod names;
mod operations;
mod pages;
mod parameters;
mod refs;
mod schema;
mod security;
mod servers;
mod swagger;
#[cfg(test)]
mod tests;
mod text;
mod yaml;

#[cfg(test)]
pub(crate) use document::of;
pub(crate) use document::{Document, LARGEST, read};
pub(crate) use names::{Kept, Nameless, names};
pub(crate) use text::line;

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;
use wildmatch::WildMatch;

use super::check::{Step, check};
use super::manifest::{Auth, Manifest, Tool};
use super::shares::in_shares;
use crate::api::error::Fault;
use crate::api::ids::{Slug, ToolSlug};
use crate::api::toolkits::AuthType;
use operations::{Operation, nameless};
use refs::{Refs, Said, located};
use schema::Schemas;
use security::Login;
use servers::Base;

/// What is wanted of a document.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Address of the API, in place of the document's
    pub(crate) address: Option<&'a str>,
    /// How one logs in, in place of what the document says of that
    pub(crate) login: Option<&'a Auth>,
    /// Where the document came from
    pub(crate) source: Option<&'a Url>,
    /// Only operations whose tool, operation id or path fits one of these
    pub(crate) include: &'a [String],
    /// No operation that fits one of these
    pub(crate) exclude: &'a [String],
    /// Whether none of the document's own sentences are kept: names and types only
    pub(crate) facts_only: bool,
    /// Names that its operations have already
    pub(crate) kept: Kept,
}

/// What became of a document.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The toolkit; `None` where not one tool came of it, or nobody knows where the API is
    pub(crate) manifest: Option<Manifest>,
    /// How many operations the document has
    pub(crate) operations: usize,
    /// How many of them were not asked for
    pub(crate) unwanted: usize,
    /// Operations that no tool has a form for, and why
    pub(crate) skipped: Vec<Fault>,
    /// What is wrong in the document, with its place there
    pub(crate) faults: Vec<Fault>,
    /// What is worth knowing
    pub(crate) notes: Vec<Fault>,
}

/// What is said about a document while it is read.
#[derive(Debug, Default)]
struct Remarks<'a> {
    skipped: Vec<Said<'a>>,
    faults: Vec<Said<'a>>,
    notes: Vec<Said<'a>>,
}

/// Makes the toolkit of that name of a document. What is wrong in the document is told in the answer.
pub(crate) fn import(document: &Document, slug: &Slug, wanted: &Wanted<'_>) -> Imported {
    let root = &document.root;
    let refs = Refs::new(root);
    let mut said = Remarks::default();
    let (operations, left) = operations::operations(&refs, &mut said.faults);
    let no_tool = |one| (one, "no tool is made of HEAD, OPTIONS and TRACE".to_owned());
    said.skipped.extend(left.into_iter().map(no_tool));
    let count = operations.len() + said.skipped.len();
    let base = base(root, wanted, &mut said);
    let made = base.map(|base| toolkit(&refs, slug, wanted, (base, operations), &mut said));
    let (manifest, unwanted) = made.unwrap_or_default();
    let mut notes = document.notes.clone();
    notes.extend(located(root, said.notes));
    Imported {
        manifest,
        operations: count,
        unwanted,
        skipped: located(root, said.skipped),
        faults: located(root, said.faults),
        notes,
    }
}

/// Returns where the API is; what is wrong with that is added to the faults.
fn base<'a>(root: &'a Value, wanted: &Wanted<'_>, said: &mut Remarks<'a>) -> Option<Base> {
    if let Some(url) = wanted.address {
        return Some(servers::given(url));
    }
    match servers::base(root, wanted.source, &mut said.notes) {
        Ok(base) => Some(base),
        Err(fault) => {
            said.faults.push(fault);
            None
        }
    }
}

/// Returns how many schemas the input of one tool may be made of: the more tools, the fewer.
fn room(operations: usize) -> usize {
    match operations {
        0..=1500 => 1500,
        1501..=5000 => 600,
        5001.. => 250,
    }
}

fn toolkit<'a>(
    refs: &Refs<'a>,
    slug: &Slug,
    wanted: &Wanted<'_>,
    (base, operations): (Base, Vec<Operation<'a>>),
    said: &mut Remarks<'a>,
) -> (Option<Manifest>, usize) {
    let room = room(operations.len());
    let mut placed: Vec<(Operation<'a>, String)> = Vec::new();
    let mut ids = BTreeSet::new();
    for operation in operations {
        if let Some(id) = operation.own["operationId"].as_str().filter(|id| !ids.insert(*id)) {
            let id = line(id, 80).unwrap_or_default();
            said.notes.push((operation.own, format!("`{id}` names another operation, too")));
        }
        match path(&operation, &base, wanted) {
            Ok(path) => placed.push((operation, path)),
            Err(text) => said.skipped.push((operation.own, text)),
        }
    }
    let nameless: Vec<_> = placed.iter().map(|(one, path)| nameless(one, path)).collect();
    let names = names::names(slug, &nameless, &wanted.kept);
    let own: Vec<&Value> = placed.iter().map(|(operation, _)| operation.own).collect();
    let login = security::login(refs, &own, &base.url, &mut said.notes);
    let login = match wanted.login {
        Some(auth) => login.replaced(auth),
        None => login,
    };
    let count = placed.len();
    let is_wanted = |((operation, path), name): &((Operation<'a>, String), ToolSlug)| {
        let id = operation.own["operationId"].as_str().unwrap_or_default();
        is_wanted(wanted, &[name.as_str(), id, path])
    };
    let placed: Vec<_> = placed.into_iter().zip(names).filter(is_wanted).collect();
    let unwanted = count - placed.len();
    let tools = tools(refs.root(), &login, (!wanted.facts_only, room), &placed, said);
    (whole(refs, manifest(refs.root(), slug, wanted, (base, login)), tools, said), unwanted)
}

/// Returns the tools of operations, in their order.
fn tools<'a>(
    document: &'a Value,
    login: &Login<'a>,
    (words, room): (bool, usize),
    placed: &[((Operation<'a>, String), ToolSlug)],
    said: &mut Remarks<'a>,
) -> Vec<(&'a Value, Tool)> {
    let made = in_shares(placed, |placed| {
        let (refs, mut said) = (Refs::new(document), Remarks::default());
        let mut schemas = Schemas::new(&refs, words, room);
        let made = placed.iter().filter_map(|((operation, path), name)| {
            let place = (login, path.clone());
            let made =
                operations::tool(&mut schemas, operation, name.clone(), place, &mut said.faults);
            let (tool, cut) = made?;
            if cut {
                said.notes.push((operation.own, "its input is described only in part".to_owned()));
            }
            Some((operation.own, tool))
        });
        (made.collect::<Vec<_>>(), said)
    });
    let mut tools = Vec::with_capacity(placed.len());
    for (made, more) in made {
        tools.extend(made);
        said.faults.extend(more.faults);
        said.notes.extend(more.notes);
    }
    tools
}

/// Returns the path of an operation below the toolkit's address, or why it cannot be there.
fn path(operation: &Operation<'_>, base: &Base, wanted: &Wanted<'_>) -> Result<String, String> {
    let servers = operation.own.get("servers").or_else(|| operation.item.get("servers"));
    let own = servers.and_then(|servers| servers.get(0)).filter(|_| wanted.address.is_none());
    let Some(server) = own else { return Ok(operation.path.to_owned()) };
    let url = server["url"].as_str().unwrap_or_default();
    let elsewhere = || "stands at another address than the rest".to_owned();
    let at = servers::read(server, url, wanted.source).map_err(|_| elsewhere())?;
    let more =
        at.url.strip_prefix(&base.url).filter(|more| more.is_empty() || more.starts_with('/'));
    more.map(|more| format!("{more}{}", operation.path)).ok_or_else(elsewhere)
}

fn is_wanted(wanted: &Wanted<'_>, names: &[&str]) -> bool {
    let fits = |globs: &[String]| {
        let mut globs = globs.iter().map(|glob| WildMatch::new_case_insensitive(glob));
        globs.any(|glob| names.iter().any(|name| glob.matches(name)))
    };
    (wanted.include.is_empty() || fits(wanted.include)) && !fits(wanted.exclude)
}

/// Returns the toolkit without its tools.
fn manifest(
    root: &Value,
    slug: &Slug,
    wanted: &Wanted<'_>,
    (base, login): (Base, Login<'_>),
) -> Manifest {
    let text = |key: &str, longest| line(root["info"][key].as_str()?, longest);
    let title = text("title", 80).unwrap_or_else(|| slug.to_string());
    let words = text("description", 200).filter(|_| !wanted.facts_only);
    let mut auth = login.auth;
    let known: Vec<String> = auth.fields.iter().map(|field| field.key.clone()).collect();
    auth.fields.extend(base.fields.into_iter().filter(|field| !known.contains(&field.key)));
    let description = words.unwrap_or_else(|| title.clone());
    Manifest { description, ..Manifest::bare(slug.clone(), title, base.url, auth) }
}

/// How many scopes a login asks for at most, where nobody says which tools are wanted.
const SCOPES: usize = 30;

/// Returns the toolkit with those of its tools that are whole; of the others, the faults are told.
fn whole<'a>(
    refs: &Refs<'a>,
    mut manifest: Manifest,
    tools: Vec<(&'a Value, Tool)>,
    said: &mut Remarks<'a>,
) -> Option<Manifest> {
    let (places, tools): (Vec<&Value>, Vec<Tool>) = tools.into_iter().unzip();
    if tools.is_empty() {
        return None;
    }
    manifest.tools = tools;
    if manifest.auth.kind == AuthType::Oauth2 {
        let first = manifest.tools.iter().filter_map(|tool| tool.scopes.first());
        let asked: BTreeSet<&str> = first.flat_map(|scopes| scopes.split(' ')).collect();
        if asked.len() <= SCOPES && manifest.auth.scopes.is_empty() {
            manifest.auth.scopes = asked.into_iter().map(str::to_owned).collect();
        }
    }
    let mut bad = BTreeSet::new();
    let mut usable = true;
    for (key, text) in check(&manifest) {
        if let [Step::Name(_), Step::Index(at), ..] = key.0.as_slice() {
            said.faults.push((places.get(*at).copied().unwrap_or(refs.root()), text));
            bad.insert(*at);
        } else {
            said.faults.push((refs.root(), format!("`{key}` of its toolkit: {text}")));
            usable = false;
        }
    }
    let mut at = 0;
    manifest.tools.retain(|_| {
        at += 1;
        !bad.contains(&(at - 1))
    });
    (usable && !manifest.tools.is_empty()).then_some(manifest)
}
