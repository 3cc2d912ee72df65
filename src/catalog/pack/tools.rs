//! The tools of a packed app: their names, and each of them whole.

use serde_json::Value;

use super::{App, unreadable};
use crate::api::error::Result;
use crate::api::ids::tool_prefix;
use crate::catalog::manifest::Tool;

/// Stands where a part belongs that several schemas have; its value is the number of the part.
pub(crate) const PART: &str = "$part";

/// What a tool is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// Its slug
    pub(crate) slug: String,
    /// Its name for people
    pub(crate) name: String,
    /// What it does, in one line
    pub(crate) description: String,
}

impl Name {
    /// Returns what a tool is called.
    pub(crate) fn of(tool: &Tool) -> Self {
        let (slug, name) = (tool.slug.to_string(), tool.name.clone());
        Self { slug, name, description: tool.description.clone() }
    }
}

/// How many tools' names are in one block, as `build/apps.rs` packs them.
const NAMES: usize = 64;

/// What the tools of an app are called: the block that was read last is kept.
pub(super) struct Names {
    app: App,
    prefix: String,
    block: Option<(usize, String)>,
}

impl Names {
    pub(super) fn of(app: App) -> Self {
        Self { app, prefix: tool_prefix(app.slug()), block: None }
    }

    /// Returns what the tool is called that stands at a place of the app's order.
    pub(super) fn name(&mut self, at: usize) -> Result<Name> {
        let number = at / NAMES;
        let lines = match self.block.take().filter(|(known, _)| *known == number) {
            Some((_, lines)) => lines,
            None => unpacked(self.app.name_block(number))?,
        };
        let mut fields = lines.lines().nth(at % NAMES).unwrap_or_default().split('\t');
        let mut field = || fields.next().unwrap_or_default();
        let (own, request, name, description) = (field(), field(), field(), field());
        let slug = format!("{}{own}", self.prefix);
        let name = if name.is_empty() { titled(&slug) } else { name.to_owned() };
        let description = if description.is_empty() { request } else { description }.to_owned();
        self.block = Some((number, lines));
        Ok(Name { slug, name, description })
    }
}

/// The tools of an app, in lines of JSON: first the parts, then the tools.
pub(super) struct Whole {
    lines: String,
    parts: usize,
}

impl Whole {
    pub(super) fn read(block: &[u8], parts: usize) -> Result<Self> {
        Ok(Self { lines: unpacked(block)?, parts })
    }

    /// Returns the tools that stand at these places of the app's order.
    pub(super) fn at(&self, places: &[usize]) -> Result<Vec<Tool>> {
        let lines: Vec<&str> = self.lines.lines().collect();
        places.iter().map(|at| self.read_tool(&lines, *at)).collect()
    }

    /// Returns all tools.
    pub(super) fn all(&self) -> Result<Vec<Tool>> {
        let lines: Vec<&str> = self.lines.lines().collect();
        (0..lines.len() - self.parts).map(|at| self.read_tool(&lines, at)).collect()
    }

    fn read_tool(&self, lines: &[&str], at: usize) -> Result<Tool> {
        let mut tool: Value = serde_json::from_str(lines[self.parts + at]).map_err(unreadable)?;
        if let Some(input) = tool.get_mut("input") {
            expand(input, lines)?;
        }
        if let Some(map) = tool.as_object_mut() {
            let text = |map: &serde_json::Map<String, Value>, key| {
                map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let (name, request) = (titled(&text(map, "slug")), text(map, "request"));
            map.entry("name").or_insert(name.into());
            map.entry("description").or_insert(request.into());
        }
        serde_json::from_value(tool).map_err(unreadable)
    }
}

/// Puts the parts of a schema where they belong.
fn expand(value: &mut Value, lines: &[&str]) -> Result<()> {
    if let Some(part) = value.get(PART).and_then(Value::as_u64) {
        let line = usize::try_from(part).ok().and_then(|part| lines.get(part)).unwrap_or(&"");
        *value = serde_json::from_str(line).map_err(unreadable)?;
        return expand(value, lines);
    }
    match value {
        Value::Object(map) => map.values_mut().try_for_each(|value| expand(value, lines)),
        Value::Array(list) => list.iter_mut().try_for_each(|value| expand(value, lines)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Returns the text of the block that begins here: a block says itself where it ends.
fn unpacked(mut block: &[u8]) -> Result<String> {
    let mut whole = Vec::new();
    brotli_decompressor::BrotliDecompress(&mut block, &mut whole).map_err(unreadable)?;
    String::from_utf8(whole).map_err(unreadable)
}

/// Returns a tool's name for people, made from its slug.
pub(crate) fn titled(slug: &str) -> String {
    let words = slug.split_once('_').map_or(slug, |(_, words)| words);
    let words = words.to_ascii_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
