//! What changes in a toolkit when its document is imported again.
//!
//! What is held against the new document is the stored manifest: its tools with their requests and inputs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::api::ids::hex;
use crate::catalog::manifest::{Manifest, Tool};

/// How the tools of two manifests differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// Tools that are new
    pub(crate) added: Vec<Entry>,
    /// Tools that are no more
    pub(crate) removed: Vec<Entry>,
    /// Tools that are called otherwise than before
    pub(crate) changed: Vec<Entry>,
    /// How many stay as they are
    pub(crate) unchanged: usize,
    /// Whether the address, the login or something else of the toolkit as a whole changes
    pub(crate) toolkit: bool,
}

/// One tool that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    /// The tool, by slug
    pub(crate) tool: String,
    /// Its method and path, as they are now
    pub(crate) request: String,
    /// Digest of its input before
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    /// Digest of its input now
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// Keys of the tool that change
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) keys: Vec<String>,
}

impl Difference {
    /// Tells whether nothing that a caller could notice changes.
    pub(crate) fn is_none(&self) -> bool {
        let tools = self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty();
        tools && !self.toolkit
    }
}

/// Returns how two manifests of a toolkit differ, the tools in the order of their slugs.
pub(crate) fn difference(before: &Manifest, after: &Manifest) -> Difference {
    let by_slug = |manifest: &'_ Manifest| -> BTreeMap<String, Tool> {
        manifest.tools.iter().map(|tool| (tool.slug.to_string(), tool.clone())).collect()
    };
    let (old, mut new) = (by_slug(before), by_slug(after));
    let mut found = Difference { toolkit: about(before) != about(after), ..Difference::default() };
    for (slug, old) in old {
        let Some(now) = new.remove(&slug) else {
            found.removed.push(entry(&slug, &old, (Some(&old), None)));
            continue;
        };
        let keys = keys(&old, &now);
        if keys.is_empty() {
            found.unchanged += 1;
        } else {
            let entry = entry(&slug, &now, (Some(&old), Some(&now)));
            found.changed.push(Entry { keys, ..entry });
        }
    }
    found.added = new.iter().map(|(slug, now)| entry(slug, now, (None, Some(now)))).collect();
    found
}

fn entry(slug: &str, shown: &Tool, (before, after): (Option<&Tool>, Option<&Tool>)) -> Entry {
    let digest = |tool: &Tool| {
        // The order of keys means nothing in JSON.
        let text = serde_json_canonicalizer::to_vec(&tool.input).unwrap_or_default();
        hex(&Sha256::digest(text))[..12].to_owned()
    };
    Entry {
        tool: slug.to_owned(),
        request: shown.request.to_string(),
        before: before.map(digest),
        after: after.map(digest),
        keys: Vec::new(),
    }
}

/// Returns the keys under which two tools differ.
fn keys(before: &Tool, after: &Tool) -> Vec<String> {
    let value = |tool: &Tool| serde_json::to_value(tool).unwrap_or_default();
    let (before, after) = (value(before), value(after));
    let empty = serde_json::Map::new();
    let (old, new) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().filter(|key| old.get(*key) != new.get(*key)).cloned().collect()
}

/// Returns what a manifest says beside its tools.
fn about(manifest: &Manifest) -> Value {
    let bare = Manifest { tools: Vec::new(), ..manifest.clone() };
    serde_json::to_value(bare).unwrap_or_default()
}
