//! `naive toolkits import` and `diff`: documents that describe an API, as toolkits.
//!
//! What comes of a document is a manifest, which goes the way of `toolkits add`. The names of its tools stay
//! what they are in the manifest that is stored: that is what a new import is held against.

use clap::Args;
use serde_json::{Value, json};
use url::Url;

use super::output::Page;
use super::{App, arguments, toolkits};
use crate::api::action::{Action, Outcome};
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{Slug, UserRef, quoted};
use crate::api::toolkits::{AddToolkit, GetToolkit, Origin};
use crate::api::ways::{RefreshToolkit, ToolkitRefreshed};
use crate::catalog::manifest::Manifest;
use crate::catalog::openapi::diff::{Difference, difference};
use crate::catalog::openapi::{self, Imported, Kept, LARGEST, Wanted};
use crate::catalog::shares::free;
use crate::http::{Http, Request, Trust};

/// How many faults and notes are shown to people.
const SHOWN: usize = 10;

/// Make a toolkit of a document that describes an API: `OpenAPI` 3, Swagger 2.0, Google discovery
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The document, JSON or YAML: a file, an `https` address, or `-` for stdin
    pub(super) document: String,
    /// Name of the toolkit, by default made from the document's title
    #[arg(long)]
    slug: Option<Slug>,
    #[command(flatten)]
    reading: Reading,
    /// Show the manifest and store nothing
    #[arg(long)]
    dry_run: bool,
}

/// Show what changes in a toolkit if its document is imported again
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The toolkit, by slug
    toolkit: Slug,
    /// The document, JSON or YAML: a file, an `https` address, or `-` for stdin; none where a server tells its tools
    pub(super) document: Option<String>,
    #[command(flatten)]
    reading: Reading,
    /// Take what changes
    #[arg(long)]
    accept: bool,
    /// Tenant user through whose connection a server is asked: id, external id or `default`
    #[arg(long, conflicts_with = "document")]
    user: Option<UserRef>,
}

/// How a document is read.
#[derive(Debug, Args)]
struct Reading {
    /// Address of the API, in place of the document's
    #[arg(long, value_name = "URL")]
    address: Option<String>,
    /// Only operations whose tool, operation id or path fits: `*` is any letters, `?` is one (repeatable)
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// No operation that fits (repeatable)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Take what can be read of a document with faults
    #[arg(long)]
    lenient: bool,
}

impl Diff {
    /// Returns the action's name.
    pub(super) fn name(&self) -> &'static str {
        match (&self.document, self.accept) {
            (None, _) => "toolkits.refresh",
            (Some(_), true) => "toolkits.add",
            (Some(_), false) => "toolkits.get",
        }
    }
}

/// A document that was read, and the manifest that is stored under its name.
struct Read {
    slug: Slug,
    imported: Imported,
    manifest: Manifest,
    before: Option<Manifest>,
}

/// Runs `toolkits import`.
pub(super) async fn import(app: &App<'_>, op: Import) -> Result<u8> {
    let read = read(app, &op.document, op.slug.as_ref(), &op.reading).await?;
    let change = read.before.as_ref().map(|before| difference(before, &read.manifest));
    if op.dry_run {
        let manifest = value(&read.manifest)?;
        let mut page = Page::default();
        page.json(&manifest);
        remarks(&read.imported, &mut page);
        page.hint("Nothing was stored.");
        let result = json!({ "manifest": manifest, "import": counts(&read.imported) });
        return app.output.reply("toolkits.add", result, page);
    }
    if change.is_some_and(|change| !change.is_none()) {
        let slug = &read.slug;
        let text = format!("there is a toolkit `{slug}` already, and the document changes it");
        let document = if op.document == "-" { "DOCUMENT".into() } else { quoted(&op.document) };
        let hint = format!(
            "run `naive toolkits diff {slug} {document}` to see what changes, and with `--accept` to take it"
        );
        return Err(Error::new(Code::DuplicateRecord, text).hint(hint).reason("toolkit_differs"));
    }
    let counted = counts(&read.imported);
    match add(app, read.manifest).await? {
        Outcome::Done(mut result) => {
            result["import"] = counted;
            app.present::<AddToolkit>("toolkits.add", result, |toolkit, page| {
                toolkits::one(toolkit, page);
                remarks(&read.imported, page);
            })
        }
        Outcome::Pending(pending) => app.held("toolkits.add", &pending),
    }
}

/// Runs `toolkits diff`.
pub(super) async fn diff(app: &App<'_>, op: Diff) -> Result<u8> {
    let name = op.name();
    let Some(document) = &op.document else {
        let (toolkit, user, accept) = (op.toolkit, op.user, op.accept);
        return app.show(RefreshToolkit { toolkit, user, accept }, refreshed).await;
    };
    let read = read(app, document, Some(&op.toolkit), &op.reading).await?;
    let Some(before) = &read.before else {
        let text = format!("there is no toolkit `{}`", read.slug);
        let document = quoted(document);
        let hint = format!("run `naive toolkits import {document} --slug {}`", read.slug);
        return Err(Error::new(Code::NotFound, text).hint(hint).reason("toolkit_unknown"));
    };
    let change = difference(before, &read.manifest);
    let accepted = op.accept && !change.is_none();
    if accepted && let Outcome::Pending(pending) = add(app, read.manifest).await? {
        return app.held("toolkits.add", &pending);
    }
    let mut page = Page::default();
    table(&change, accepted, &mut page);
    remarks(&read.imported, &mut page);
    if !op.accept && !change.is_none() && document != "-" {
        let command = format!("naive toolkits diff {} {} --accept", read.slug, quoted(document));
        page.next(command, "take what changes, with the same flags as now");
    }
    let mut result = value(&change)?;
    result["accepted"] = accepted.into();
    result["import"] = counts(&read.imported);
    app.output.reply(name, result, page)
}

/// Reads a document and makes a manifest of it.
///
/// Fails with every fault of the document, unless it may have some and something can be read.
async fn read(
    app: &App<'_>,
    document: &str,
    slug: Option<&Slug>,
    reading: &Reading,
) -> Result<Read> {
    let (text, source) = fetched(app, document).await?;
    let parsed = openapi::read(&text)?;
    drop(text);
    let slug = slug.map_or_else(|| parsed.slug(), |slug| Ok(slug.clone()))?;
    let before = stored(app, &slug).await?;
    let wanted = Wanted {
        login: None,
        address: reading.address.as_deref(),
        source: source.as_ref(),
        include: &reading.include,
        exclude: &reading.exclude,
        facts_only: false,
        kept: before.as_ref().map(Kept::of).unwrap_or_default(),
    };
    let mut imported = openapi::import(&parsed, &slug, &wanted);
    free(parsed);
    let manifest = imported.manifest.take();
    match manifest {
        Some(manifest) if imported.faults.is_empty() || reading.lenient => {
            Ok(Read { slug, imported, manifest, before })
        }
        Some(_) => Err(faulty(imported.faults).hint(
            "mend the document, or give `--lenient` to take what can be read; `--json` shows every fault",
        )),
        None if imported.faults.is_empty() => {
            let text = "the document has no operation that a tool can be made of";
            Err(Error::new(Code::InvalidInput, text)
                .hint("look at `--include` and `--exclude`")
                .reason("document_invalid"))
        }
        None => Err(faulty(imported.faults).hint("mend the document; `--json` shows every fault")),
    }
}

fn faulty(faults: Vec<Fault>) -> Error {
    let first = faults.first().map(told).unwrap_or_default();
    let more = match faults.len() {
        0 | 1 => String::new(),
        several => format!(" (and {} more)", several - 1),
    };
    Error::new(Code::InvalidInput, format!("the document is refused: {first}{more}"))
        .reason("document_invalid")
        .details(faults)
}

/// Tells whether a document is named by its address.
pub(super) fn is_address(document: &str) -> bool {
    document.contains("://")
}

/// Returns the text of a document, and the address it came from.
async fn fetched(app: &App<'_>, document: &str) -> Result<(String, Option<Url>)> {
    let Some(url) = is_address(document).then(|| Url::parse(document)).transpose().ok().flatten()
    else {
        let cap = u64::try_from(LARGEST).unwrap_or(u64::MAX);
        return Ok((arguments::document(document, cap)?, None));
    };
    let request = Request::new("GET", url.clone(), Trust::Public)?
        .header("accept", "application/json, application/yaml, */*")?
        .document();
    let answer = Http::new(app.settings.roots.is_some()).send(&request).await?;
    if !answer.is_success() {
        let text = format!("`{}` answered with status {}", request.host(), answer.status);
        return Err(Error::new(Code::ProviderError, text).hint("look at the address in a browser"));
    }
    let text = String::from_utf8(answer.body).map_err(|error| {
        let text = format!("what `{}` answered is no text", request.host());
        Error::new(Code::InvalidInput, text).reason("document_invalid").because(error)
    })?;
    Ok((text, Some(url)))
}

/// Returns the manifest that was added under a name, if there is one.
async fn stored(app: &App<'_>, slug: &Slug) -> Result<Option<Manifest>> {
    let ask = GetToolkit { toolkit: slug.clone(), manifest: true, provider: None };
    let known = match app.done(app.as_caller(), ask).await {
        Ok(known) if known.summary.origin == Origin::Added => known,
        Ok(_) => return Ok(None),
        Err(error) if error.code == Code::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let manifest = known.manifest.map(|map| serde_json::from_value(Value::Object(map)));
    manifest
        .transpose()
        .map_err(|error| Error::internal("the stored manifest cannot be read", error))
}

async fn add(app: &App<'_>, manifest: Manifest) -> Result<Outcome<Value>> {
    let action = AddToolkit::of(&manifest)?;
    // Of a large document, once is much.
    free(manifest);
    app.call(app.as_caller(), Action::from(action)).await
}

fn value(of: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(of).map_err(|error| Error::internal("a reply cannot be written", error))
}

/// Returns what a program is told of an import.
fn counts(imported: &Imported) -> Value {
    json!({
        "operations": imported.operations,
        "unwanted": imported.unwanted,
        "skipped": imported.skipped,
        "faults": imported.faults,
        "notes": imported.notes,
    })
}

fn told(fault: &Fault) -> String {
    if fault.pointer.is_empty() {
        fault.message.clone()
    } else {
        format!("`{}` {}", fault.pointer, fault.message)
    }
}

/// Tells people what became of the operations, and what is worth knowing.
fn remarks(imported: &Imported, page: &mut Page) {
    let count = |number: usize, one: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {one}s")),
    };
    page.fields(&[
        ("operations", Some(imported.operations.to_string())),
        ("left out", count(imported.unwanted, "operation")),
        ("skipped", count(imported.skipped.len(), "operation")),
        ("faults", count(imported.faults.len(), "fault")),
        ("notes", count(imported.notes.len(), "note")),
    ]);
    for list in [&imported.faults, &imported.skipped, &imported.notes] {
        for fault in list.iter().take(SHOWN) {
            page.hint(told(fault) + ".");
        }
        if list.len() > SHOWN {
            page.hint(format!("{} more are shown with `--json`.", list.len() - SHOWN));
        }
    }
}

fn table(change: &Difference, accepted: bool, page: &mut Page) {
    if change.is_none() {
        return page.text("Nothing changes.");
    }
    let lists =
        [("added", &change.added), ("removed", &change.removed), ("changed", &change.changed)];
    let rows = lists.into_iter().flat_map(|(what, entries)| {
        entries.iter().map(move |entry| {
            vec![what.to_owned(), entry.tool.clone(), entry.request.clone(), entry.keys.join(", ")]
        })
    });
    page.table(&["change", "tool", "request", "what changes"], rows.collect());
    if change.toolkit {
        page.text("The toolkit's own address, login or words change.");
    }
    page.text(format!("{} tools stay as they are.", change.unchanged));
    if accepted {
        page.text("The changes are taken.");
    }
}

/// Shows how what a server offers differs from what was taken of it.
fn refreshed(reply: &ToolkitRefreshed, page: &mut Page) {
    let row = |what: &str, tool: &str, keys: &[String]| {
        vec![what.to_owned(), tool.to_owned(), keys.join(", ")]
    };
    let mut rows: Vec<_> = reply.added.iter().map(|tool| row("added", tool, &[])).collect();
    rows.extend(reply.removed.iter().map(|tool| row("removed", tool, &[])));
    rows.extend(reply.changed.iter().map(|one| row("changed", &one.tool, &one.keys)));
    if rows.is_empty() {
        return page.text("Nothing has changed.");
    }
    page.table(&["change", "tool", "what changes"], rows);
    page.text(format!("{} tools are as they were.", reply.unchanged));
    if reply.accepted {
        return page.text("The changes are taken.");
    }
    page.text("Until they are taken, nobody calls a tool that is new or changed.");
    page.next(format!("naive toolkits diff {} --accept", reply.toolkit), "take what has changed");
}
