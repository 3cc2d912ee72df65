//! The apps of the catalog, as they are written by hand and as the facts have them.

use std::collections::BTreeMap;
use std::fs;

use brotli::enc::BrotliEncoderParams;
use serde_json::{Map, Value};

use crate::Result;

/// An app.
pub(crate) struct App {
    pub(crate) slug: String,
    /// Its manifest without the tools, in JSON
    pub(crate) card: String,
    /// Parts of its tools, in JSON
    pub(crate) parts: Vec<String>,
    pub(crate) tools: Vec<Tool>,
    /// How many of its tools were written by hand: the first ones
    pub(crate) by_hand: usize,
    /// Who runs it, by number
    pub(crate) vendor: usize,
}

/// How many tools' names are in one block; `src/catalog/pack/tools.rs` counts on it.
const NAMES: usize = 16;
/// How many whole tools are; likewise.
const TOOLS: usize = 64;

/// The ways to log in, in the order of their numbers.
const AUTHS: [&str; 5] = ["none", "oauth2", "api_key", "basic", "unknown"];

/// A tool of an app.
pub(crate) struct Tool {
    /// Its slug without the app's name
    pub(crate) slug: String,
    pub(crate) request: String,
    /// Its name and what it does, where that is not made of the slug and the request
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    /// What its inputs are called, where somebody has chosen those
    pub(crate) inputs: String,
    /// `r`, `w` or `d`; a capital letter if it answers in pages
    pub(crate) effect: u8,
    /// All of it, in JSON
    pub(crate) whole: String,
}

impl App {
    /// Returns its blocks, of some lines each and packed: slug, request, name and description of its tools; its parts;
    /// its tools whole.
    ///
    /// Names are read by every search, so they are packed in a way that takes more room and less time.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Result<Vec<u8>>> {
        let name = |tool: &Tool| {
            let texts = [&tool.name, &tool.description];
            let [name, description] = texts.map(|text| text.as_deref().unwrap_or_default());
            format!("{}\t{}\t{name}\t{description}\n", tool.slug, tool.request)
        };
        let line = |line: &String| format!("{line}\n");
        let names = self.tools.chunks(NAMES).map(move |some| {
            let lines: String = some.iter().map(name).collect();
            Ok(lz4_flex::compress_prepend_size(lines.as_bytes()))
        });
        let parts = std::iter::once(self.parts.iter().map(line).collect());
        let whole = move |some: &[Tool]| some.iter().map(|tool| line(&tool.whole)).collect();
        let rest = parts.chain(self.tools.chunks(TOOLS).map(whole));
        names.chain(rest.map(|lines: String| compressed(lines.as_bytes())))
    }

    /// Returns how one logs in, as a number.
    pub(crate) fn auth(&self) -> Result<usize> {
        let card: Value = serde_json::from_str(&self.card)?;
        let kind = card["auth"]["type"].as_str().unwrap_or("none");
        let known = AUTHS.iter().position(|known| *known == kind);
        known.ok_or_else(|| format!("`{kind}` is no kind of login").into())
    }

    /// Returns the words of an app's manifest for people.
    pub(crate) fn said(&self) -> Result<(String, String)> {
        let card: Value = serde_json::from_str(&self.card)?;
        let text = |key: &str| card[key].as_str().unwrap_or_default().to_owned();
        Ok((text("name"), text("description")))
    }
}

/// Returns all apps, in the order of their slugs.
pub(crate) fn all() -> Result<Vec<App>> {
    let mut apps = facts()?;
    for entry in fs::read_dir("src/catalog/builtin")? {
        let manifest: Map<String, Value> = toml::from_str(&fs::read_to_string(entry?.path())?)?;
        let own = by_hand(manifest)?;
        let app = match apps.remove(&own.slug) {
            Some(more) => {
                let tools = own.tools.into_iter().chain(more.tools).collect();
                App { tools, parts: more.parts, vendor: more.vendor, ..own }
            }
            None => own,
        };
        apps.insert(app.slug.clone(), app);
    }
    Ok(apps.into_values().collect())
}

fn by_hand(mut manifest: Map<String, Value>) -> Result<App> {
    let Some(Value::Array(tools)) = manifest.shift_remove("tools") else {
        return Err("a manifest has tools".into());
    };
    let slug = manifest["slug"].as_str().ok_or("a manifest has a slug")?.to_owned();
    manifest.insert("tools".to_owned(), Value::Array(Vec::new()));
    let card = serde_json::to_string(&manifest)?;
    let tools = tools.iter().map(|tool| read(tool.to_string())).collect::<Result<Vec<_>>>()?;
    let by_hand = tools.len();
    Ok(App { slug, card, parts: Vec::new(), tools, by_hand, vendor: 0 })
}

/// Reads the facts: of each app a head, its parts and its tools, a line each.
fn facts() -> Result<BTreeMap<String, App>> {
    let packed = fs::read("src/catalog/shipped/facts")?;
    let text = String::from_utf8(unpacked(&packed)?)?;
    let mut lines = text.lines().map(str::to_owned);
    let mut apps = BTreeMap::new();
    let mut vendors: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(head) = lines.next() {
        let head: Value = serde_json::from_str(&head)?;
        let count = |key: &str| {
            head[key].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
        };
        let slug = head["card"]["slug"].as_str().ok_or("an app has a slug")?.to_owned();
        let mut card = head["card"].clone();
        card["tools"] = Value::Array(Vec::new());
        let parts = lines.by_ref().take(count("parts")).collect();
        let tools = lines.by_ref().take(count("tools")).map(read).collect::<Result<Vec<_>>>()?;
        let next = vendors.len();
        let vendor =
            *vendors.entry(head["vendor"].as_str().unwrap_or_default().to_owned()).or_insert(next);
        apps.insert(
            slug.clone(),
            App { slug, card: card.to_string(), parts, tools, by_hand: 0, vendor },
        );
    }
    Ok(apps)
}

fn read(whole: String) -> Result<Tool> {
    let tool: Value = serde_json::from_str(&whole)?;
    let text = |key: &str| tool[key].as_str().map(str::to_owned);
    let (slug, request) =
        (text("slug").ok_or("a tool has a slug")?, text("request").ok_or("a tool has a request")?);
    let effect =
        text("effect").and_then(|effect| effect.bytes().next()).ok_or("a tool has an effect")?;
    let paged = tool["page"].is_object();
    let effect = if paged { effect.to_ascii_uppercase() } else { effect };
    let inputs = tool["input"]["properties"].as_object().into_iter().flatten();
    let inputs = inputs.filter(|_| tool["description"].is_string()).map(|(name, _)| name.as_str());
    let inputs = inputs.collect::<Vec<_>>().join(" ");
    let slug = slug.split_once('_').map_or(slug.clone(), |(_, rest)| rest.to_owned());
    Ok(Tool {
        inputs,
        slug,
        request,
        name: text("name"),
        description: text("description"),
        effect,
        whole,
    })
}

/// How hard blocks are pressed: the last twentieth would take most of a build.
const QUALITY: i32 = 5;

/// Returns a block as it is packed.
fn compressed(block: &[u8]) -> Result<Vec<u8>> {
    let window = usize::BITS - block.len().leading_zeros();
    let lgwin = i32::try_from(window)?.clamp(10, 24);
    let params = BrotliEncoderParams {
        quality: QUALITY,
        lgwin,
        size_hint: block.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*block, &mut packed, &params)?;
    Ok(packed)
}

fn unpacked(packed: &[u8]) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    brotli::BrotliDecompress(&mut &*packed, &mut whole)?;
    Ok(whole)
}
