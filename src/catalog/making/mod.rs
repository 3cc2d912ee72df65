//! Making the facts of the shipped catalog again, from the packages that `shipped/sources.toml` names.

mod below;
mod facts;
mod login;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::check::check;
use super::manifest::{Auth, Manifest, RequestLine, Tool};
use super::openapi::{Document, Imported, Wanted, import, of};
use super::template::holes;
use super::{Format, parse};
use crate::api::ids::Slug;
use crate::api::toolkits::AuthType;
use below::below;
use sources::{App, Logins, Overlay, Sources};

/// Logins of which a manifest has no form, though whoever has a token from elsewhere can use it.
const TOKEN_ONLY: &str = "unsupported: client credentials only";
const IMPLICIT: &str = "unsupported: implicit flow only";

/// How one logs in to an app.
enum Login {
    /// So
    Known(Box<Auth>),
    /// As its document says
    Declared,
    /// In a way of which a manifest has no form
    Impossible,
}

/// An app that goes into the catalog.
struct Made {
    manifest: Manifest,
    vendor: String,
}

/// What the files say, and what was left out.
struct Maker {
    sources: Sources,
    overlay: Overlay,
    logins: Logins,
    packages: PathBuf,
    made: BTreeMap<Slug, Made>,
    /// What became of each document
    told: String,
    /// What is wrong with apps that were made
    wrong: Vec<String>,
    /// A row of the notice for each document: whose it is, its name, its version, its licence
    rows: Vec<[String; 4]>,
}

#[test]
#[ignore = "wants the packages, unpacked: see src/catalog/shipped/make"]
fn the_catalog_is_made_again() {
    let packages = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/packages");
    let mut maker = Maker {
        sources: sources::read("sources.toml"),
        overlay: sources::read("overlay.toml"),
        logins: sources::read("logins.toml"),
        packages,
        made: BTreeMap::new(),
        told: String::new(),
        wrong: Vec::new(),
        rows: Vec::new(),
    };

    maker.documents();
    maker.graph();
    maker.more_of_hand_written();
    maker.without_tools();

    maker.the_rest_written_by_hand();

    let apps = maker.made.values().flat_map(|made| facts::lines(&made.manifest, &made.vendor));
    let facts: String = apps.map(|line| line + "\n").collect();
    fs::write(maker.packages.join("facts.jsonl"), &facts).unwrap();
    fs::write(maker.packages.join("told.txt"), &maker.told).unwrap();
    fs::write(Path::new(sources::HOME).join("facts"), facts::packed(facts.as_bytes())).unwrap();
    notice(&maker.rows);
    assert!(maker.wrong.is_empty(), "{}", maker.wrong.join("\n"));
}

impl Maker {
    /// Makes an app of each document that is one.
    fn documents(&mut self) {
        let apps: Vec<App> = self.sources.apps.values().flatten().cloned().collect();
        for app in apps {
            if self.overlay.drops(&app.doc) {
                continue;
            }
            let login = match self.login(&app) {
                Login::Known(auth) => Some(auth),
                Login::Declared => None,
                Login::Impossible => continue,
            };
            let reviewed = self.overlay.of(&app.doc).cloned();
            let address =
                reviewed.as_ref().and_then(|one| one.base_url.clone()).or(app.base_url.clone());
            let document = self.document(&app.slug, &app.doc);
            let wanted = Wanted {
                address: address.as_deref(),
                login: login.as_deref(),
                facts_only: true,
                ..Wanted::default()
            };
            let imported = import(&document, &app.slug, &wanted);
            let Some(mut manifest) = self.told(&app.doc, imported) else { continue };
            let vendor = app.vendor.clone().unwrap_or_else(|| "google.com".to_owned());
            if let Some(reviewed) = reviewed {
                manifest.identity = reviewed.identity;
                manifest.headers = reviewed.headers;
            }
            self.add(Manifest { name: app.name.clone(), ..manifest }, vendor);
        }
    }

    /// Returns how one logs in to an app.
    fn login(&self, app: &App) -> Login {
        let reviewed = self.overlay.of(&app.doc);
        if let Some(one) = reviewed.filter(|one| one.slug.is_some()) {
            return Login::Known(Box::new(one.auth.clone()));
        }
        let known = |auth: Option<Auth>| auth.map(|auth| Login::Known(Box::new(auth)));
        let unsure = self.sources.unsure.auth.contains(&app.slug);
        match (app.auth.as_deref(), reviewed) {
            (Some("none"), _) if unsure => Login::Declared,
            (Some("oauth2"), Some(rule)) => {
                let auth = Auth { scopes: app.scopes.clone(), ..rule.auth.clone() };
                Login::Known(Box::new(auth))
            }
            (Some(TOKEN_ONLY | IMPLICIT), _) => Login::Known(Box::new(login::unsupported())),
            (Some(word), _) => known(login::named(word)).unwrap_or(Login::Impossible),
            (None, Some(rule)) => Login::Known(Box::new(rule.auth.clone())),
            (None, None) => known(self.agreed(&app.slug)).unwrap_or(Login::Declared),
        }
    }

    fn agreed(&self, slug: &Slug) -> Option<Auth> {
        self.logins.logins.iter().find(|one| one.slug == slug.as_str()).map(login::agreed)
    }

    /// Reads the document of an app, and notes where it comes from.
    fn document(&mut self, slug: &Slug, doc: &str) -> Document {
        let root = self.value(doc);
        self.note(slug, doc, &root);
        of(root).unwrap()
    }

    fn value(&self, doc: &str) -> Value {
        let path = sources::path(&self.packages, doc);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// Notes where what is known of an app comes from.
    fn note(&mut self, slug: &Slug, doc: &str, root: &Value) {
        let (id, name) = doc.split_once(':').unwrap();
        let package = self.sources.packages.iter().find(|package| package.id == id).unwrap();
        let (version, licence) = match id {
            "google" => (&root["revision"], "Apache-2.0"),
            "github" => (&root["info"]["version"], "MIT"),
            _ => {
                (&root["info"]["version"], root["info"]["license"]["name"].as_str().unwrap_or("-"))
            }
        };
        let version = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
        let licence = licence.split_whitespace().collect::<Vec<_>>().join(" ");
        let document = format!("{} {}: {name}", package.name, package.version);
        self.rows.push([slug.to_string(), document, version, licence]);
    }

    /// Notes what became of a document.
    fn told(&mut self, doc: &str, imported: Imported) -> Option<Manifest> {
        let tools = imported.manifest.as_ref().map_or(0, |manifest| manifest.tools.len());
        writeln!(self.told, "{doc}\t{}\t{tools}", imported.operations).unwrap();
        for fault in imported.skipped.iter().chain(&imported.faults) {
            writeln!(self.told, "\t{}\t{}", fault.pointer, fault.message).unwrap();
        }
        imported.manifest
    }

    fn add(&mut self, mut manifest: Manifest, vendor: String) {
        manifest.description = format!("{}, by {vendor}", manifest.name);
        self.judge(&manifest);
        let slug = manifest.slug.clone();
        if self.made.insert(slug.clone(), Made { manifest, vendor }).is_some() {
            self.wrong.push(format!("{slug}: stands twice"));
        }
    }

    /// Notes what is wrong with an app.
    fn judge(&mut self, manifest: &Manifest) {
        let slug = &manifest.slug;
        let faults =
            check(manifest).into_iter().map(|(key, text)| format!("{slug}: `{key}` {text}"));
        self.wrong.extend(faults);
    }

    /// Makes the apps that are parts of Microsoft Graph, and gives others to those written by hand.
    fn graph(&mut self) {
        let mut root = self.value(&self.sources.graph.document);
        let paths = root.as_object_mut().unwrap().shift_remove("paths").unwrap();
        let graph = &self.sources.graph;
        let mut parts: BTreeMap<Slug, Map<String, Value>> = BTreeMap::new();
        for (path, item) in paths.as_object().unwrap() {
            if let Some(slug) = graph.whose(path) {
                parts.entry(slug.clone()).or_default().insert(path.clone(), item.clone());
            }
        }
        let vendor = graph.vendor.clone();
        let login = hand_written(&"outlook".parse().unwrap()).auth;
        let address = graph.base_url.clone();
        for (slug, part) in parts {
            root["paths"] = part.into();
            let document = of(root.clone()).unwrap();
            self.note(&slug, &self.sources.graph.document.clone(), &root);
            let (address, login) = (Some(address.as_str()), Some(&login));
            let wanted = Wanted { address, login, facts_only: true, ..Wanted::default() };
            let doc = format!("{} ({slug})", self.sources.graph.document);
            let Some(manifest) = self.told(&doc, import(&document, &slug, &wanted)) else {
                continue;
            };
            let named = self.sources.graph.apps.iter().find(|app| app.slug == slug);
            if let Some(app) = named {
                let name = app.name.clone();
                self.add(Manifest { name, ..manifest }, vendor.clone());
            } else {
                self.add_to_hand_written(&slug, &manifest);
            }
        }
    }

    /// Gives toolkits that were written by hand what documents have beside their tools.
    fn more_of_hand_written(&mut self) {
        let over: Vec<_> = self.sources.hand_written.over.clone().into_iter().collect();
        for (slug, doc) in
            over.iter().flat_map(|(slug, docs)| docs.iter().map(move |doc| (slug, doc)))
        {
            let own = hand_written(slug);
            let document = self.document(slug, doc);
            // A key in the address is not asked for: the document's own address has none.
            let in_address =
                own.auth.kind == AuthType::ApiKey && own.auth.places().next().is_none();
            let login = if in_address { Auth::fresh() } else { own.auth };
            let wanted = Wanted { login: Some(&login), facts_only: true, ..Wanted::default() };
            let imported = import(&document, slug, &wanted);
            if let Some(manifest) = self.told(doc, imported) {
                self.add_to_hand_written(slug, &manifest);
            }
        }
    }

    /// Adds the tools of a document that a toolkit written by hand does not have: by request and by name.
    fn add_to_hand_written(&mut self, slug: &Slug, imported: &Manifest) {
        let own = hand_written(slug);
        let vendor = self.vendor(slug, &own.base_url);
        let made = self.made.entry(slug.clone()).or_insert_with(|| Made {
            manifest: Manifest { tools: Vec::new(), ..own.clone() },
            vendor,
        });
        let lines: BTreeSet<String> = own.tools.iter().map(|tool| blank(&tool.request)).collect();
        let mut left = 0;
        for tool in &imported.tools {
            let Some(tool) = below(&own.base_url, &imported.base_url, tool) else {
                left += 1;
                continue;
            };
            let known = own.tools.iter().chain(&made.manifest.tools);
            let named = known.map(|tool| &tool.slug).any(|slug| *slug == tool.slug);
            if named || lines.contains(&blank(&tool.request)) {
                continue;
            }
            let description = tool.request.to_string();
            made.manifest.tools.push(Tool { description, remote: None, ..tool });
        }
        writeln!(self.told, "{slug}: {left} elsewhere").unwrap();
        let manifest = made.manifest.clone();
        self.judge(&manifest);
    }

    /// Adds the apps of which no document is taken: they are connected, and called through the proxy.
    fn without_tools(&mut self) {
        let reviewed =
            self.overlay.apps.iter().filter(|one| one.base_url.is_some()).filter(|one| {
                let slug = one.slug.as_ref().unwrap();
                !self.made.contains_key(slug) && !self.sources.take(one)
            });
        for one in reviewed.cloned().collect::<Vec<_>>() {
            let vendor = self.vendor(one.slug.as_ref().unwrap(), one.base_url.as_deref().unwrap());
            let (slug, base_url) = (one.slug.unwrap(), one.base_url.unwrap());
            let card = Manifest::bare(slug, one.name, base_url, one.auth);
            self.add(Manifest { headers: one.headers, identity: one.identity, ..card }, vendor);
        }
        for one in self.logins.logins.clone() {
            let Some(base_url) = one.base_url.clone() else { continue };
            let slug: Slug = one.slug.parse().unwrap();
            if !self.made.contains_key(&slug) {
                let auth = login::agreed(&one);
                let vendor = one.vendor.unwrap();
                self.add(Manifest::bare(slug, one.name.unwrap(), base_url, auth), vendor);
            }
        }
    }

    /// Adds who runs the toolkits that are written by hand and have no more tools than those.
    fn the_rest_written_by_hand(&mut self) {
        for slug in self.sources.hand_written.slugs.clone() {
            if !self.made.contains_key(&slug) {
                let manifest = Manifest { tools: Vec::new(), ..hand_written(&slug) };
                let vendor = self.vendor(&slug, &manifest.base_url);
                self.made.insert(slug, Made { manifest, vendor });
            }
        }
    }

    /// Returns whose an app is: as `sources.toml` says, else the last two words of its host.
    fn vendor(&self, slug: &Slug, base_url: &str) -> String {
        let vendors = &self.sources.vendors;
        if let Some(vendor) = vendors.get(slug.as_str()) {
            return vendor.clone();
        }
        let host = base_url.split('/').nth(2).unwrap();
        let words: Vec<&str> = host.rsplit('.').take(2).collect();
        let domain = words.into_iter().rev().collect::<Vec<_>>().join(".");
        vendors.get(&domain).cloned().unwrap_or(domain)
    }
}

fn hand_written(slug: &Slug) -> Manifest {
    let file = format!("{slug}.toml");
    let path = Path::new(sources::HOME).join("../builtin").join(&file);
    parse(&fs::read_to_string(path).unwrap(), Format::Toml, &file).unwrap()
}

/// Returns a request line without the names of its parameters; whoever calls is one.
fn blank(request: &RequestLine) -> String {
    let mut text = request.to_string();
    let names: Vec<String> = holes(&request.path).unwrap().into_iter().map(str::to_owned).collect();
    for name in names {
        text = text.replace(&format!("{{{name}}}"), "{}");
    }
    text.split('/').map(|word| if word == "me" { "{}" } else { word }).collect::<Vec<_>>().join("/")
}

/// Writes the table of the notice.
fn notice(rows: &[[String; 4]]) {
    const TABLE: &str = "| App | Document | Version | Licence |\n|---|---|---|---|\n";
    let path = Path::new(sources::HOME).join("NOTICE.md");
    let text = fs::read_to_string(&path).unwrap();
    let before = text.split(TABLE).next().unwrap();
    let mut rows: Vec<_> = rows.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
    rows.sort();
    fs::write(path, format!("{before}{TABLE}{}", rows.concat())).unwrap();
}
