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
const NAMES: usize = 16;
/// How many whole tools are.
const TOOLS: usize = 64;

/// Lines of an app, so many in each block; the block that was read last is kept.
struct Lines {
    app: App,
    /// The number of the first block, among those of the app
    first: usize,
    /// How many lines a block has
    each: usize,
    unpack: fn(&[u8]) -> Result<String>,
    last: Option<(usize, String)>,
}

impl Lines {
    fn line(&mut self, at: usize) -> Result<&str> {
        let number = at / self.each;
        let lines = match self.last.take().filter(|(known, _)| *known == number) {
            Some((_, lines)) => lines,
            None => (self.unpack)(self.app.block(self.first + number))?,
        };
        let (_, lines) = self.last.insert((number, lines));
        Ok(lines.lines().nth(at % self.each).unwrap_or_default())
    }
}

/// What the tools of an app are called.
pub(super) struct Names {
    prefix: String,
    lines: Lines,
}

impl Names {
    pub(super) fn of(app: App) -> Self {
        let lines = Lines { app, first: 0, each: NAMES, unpack: names, last: None };
        Self { prefix: tool_prefix(app.slug()), lines }
    }

    /// Returns what the tool is called that stands at a place of the app's order.
    pub(super) fn name(&mut self, at: usize) -> Result<Name> {
        let mut fields = self.lines.line(at)?.split('\t');
        let mut field = || fields.next().unwrap_or_default();
        let (own, request, name, description) = (field(), field(), field(), field());
        let slug = format!("{}{own}", self.prefix);
        let name = if name.is_empty() { titled(&slug) } else { name.to_owned() };
        let description = if description.is_empty() { request } else { description }.to_owned();
        Ok(Name { slug, name, description })
    }

    /// Returns the place of the tool of that slug.
    pub(super) fn place(&mut self, slug: &str) -> Result<Option<usize>> {
        let Some(own) = slug.strip_prefix(&self.prefix) else { return Ok(None) };
        for at in 0..self.lines.app.tools().len() {
            if self.lines.line(at)?.split('\t').next() == Some(own) {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

/// The tools of an app, in lines of JSON, and the parts that several have.
pub(super) struct Whole {
    parts: String,
    tools: Lines,
}

impl Whole {
    pub(super) fn of(app: App) -> Result<Self> {
        let parts = app.tools().len().div_ceil(NAMES);
        let tools = Lines { app, first: parts + 1, each: TOOLS, unpack: whole, last: None };
        Ok(Self { parts: whole(app.block(parts))?, tools })
    }

    /// Returns the tools that stand at these places of the app's order.
    pub(super) fn at(mut self, places: &[usize]) -> Result<Vec<Tool>> {
        let parts: Vec<&str> = self.parts.lines().collect();
        places.iter().map(|at| read(self.tools.line(*at)?, &parts)).collect()
    }
}

fn read(line: &str, parts: &[&str]) -> Result<Tool> {
    let mut tool: Value = serde_json::from_str(line).map_err(unreadable)?;
    if let Some(input) = tool.get_mut("input") {
        expand(input, parts)?;
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

/// Puts the parts of a schema where they belong.
fn expand(value: &mut Value, parts: &[&str]) -> Result<()> {
    if let Some(part) = value.get(PART).and_then(Value::as_u64) {
        let part = usize::try_from(part).ok().and_then(|part| parts.get(part)).unwrap_or(&"");
        *value = serde_json::from_str(part).map_err(unreadable)?;
        return expand(value, parts);
    }
    match value {
        Value::Object(map) => map.values_mut().try_for_each(|value| expand(value, parts)),
        Value::Array(list) => list.iter_mut().try_for_each(|value| expand(value, parts)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Unpacks a block of names.
fn names(block: &[u8]) -> Result<String> {
    let text = lz4_flex::decompress_size_prepended(block).map_err(unreadable)?;
    String::from_utf8(text).map_err(unreadable)
}

/// Unpacks a block of parts or tools.
fn whole(mut block: &[u8]) -> Result<String> {
    let mut text = Vec::new();
    brotli_decompressor::BrotliDecompress(&mut block, &mut text).map_err(unreadable)?;
    String::from_utf8(text).map_err(unreadable)
}

/// Returns a tool's name for people, made from its slug.
pub(crate) fn titled(slug: &str) -> String {
    let words = slug.split_once('_').map_or(slug, |(_, words)| words);
    let words = words.to_ascii_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
