//! Packs the shipped catalog: the manifests written by hand, the facts about everybody else's, and an index of both.
//!
//! What is read of it at run time, and how, stands in `src/catalog/pack/`. How the binary is linked is told here, too.

mod apps;
mod index;
mod order;
#[path = "../src/catalog/words.rs"]
mod words;

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use apps::App;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The packed catalog: sections one after another, and where each begins.
#[derive(Default)]
struct Pack {
    bytes: Vec<u8>,
    places: String,
}

impl Pack {
    /// Adds a section, and the constant that says where it is.
    fn section(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let to = self.bytes.len();
        let (from, to) = (grouped(from), grouped(to));
        writeln!(self.places, "pub(super) const {name}: Range<usize> = {from}..{to};")?;
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write this way")]
fn main() -> Result<()> {
    for path in ["build", "src/catalog/builtin", "src/catalog/shipped", "src/catalog/words.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let to = PathBuf::from(env::var("OUT_DIR")?);
    let apps = apps::all()?;
    let words = fs::read_to_string("src/catalog/shipped/synonyms.toml")?.parse()?;
    let mut pack = Pack::default();
    write_apps(&apps, &texts(&words, "first"), &mut pack)?;
    index::write(&apps, &mut pack)?;
    pack.section("SYNONYMS", synonyms(&words)?.as_bytes())?;
    pack.section("NICKNAMES", nicknames(&words)?.as_bytes())?;
    fs::write(to.join("pack.bin"), &pack.bytes)?;
    fs::write(to.join("places.rs"), &pack.places)?;
    order::link()
}

/// Returns a number as Rust has it, with `_` between its thousands.
fn grouped(number: usize) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{}_{:03}", grouped(number / 1000), number % 1000)
}

/// Adds a row of numbers to a table.
fn row<const COLUMNS: usize>(table: &mut Vec<u8>, numbers: [usize; COLUMNS]) -> Result<()> {
    for number in numbers {
        table.extend_from_slice(&u32::try_from(number)?.to_le_bytes());
    }
    Ok(())
}

/// Writes the apps, some of which come `first`: a table of numbers, and what its numbers lead to.
fn write_apps(apps: &[App], first: &[&str], pack: &mut Pack) -> Result<()> {
    let (mut slugs, mut cards, mut blocks, mut effects) =
        (String::new(), String::new(), Vec::new(), Vec::new());
    let (mut table, mut places) = (Vec::new(), Vec::new());
    for app in apps {
        let first_block = places.len() / 4;
        for block in app.blocks() {
            row(&mut places, [blocks.len()])?;
            blocks.extend(block?);
        }
        // A share of the first one's rank, in thousandths.
        let behind = first.iter().rev().position(|slug| *slug == app.slug);
        let rank = behind.map_or(0, |behind| 1000 * (behind + 1) / first.len());
        row(
            &mut table,
            [
                slugs.len(),
                cards.len(),
                effects.len(),
                first_block,
                app.by_hand,
                app.vendor,
                app.auth()?,
                rank,
            ],
        )?;
        slugs.push_str(&app.slug);
        cards.push_str(&app.card);
        effects.extend(app.tools.iter().map(|tool| tool.effect));
    }
    row(&mut table, [slugs.len(), cards.len(), effects.len(), places.len() / 4, 0, 0, 0, 0])?;
    row(&mut places, [blocks.len()])?;
    pack.section("APPS", &table)?;
    pack.section("SLUGS", slugs.as_bytes())?;
    pack.section("CARDS", cards.as_bytes())?;
    pack.section("BLOCK_PLACES", &places)?;
    pack.section("EFFECTS", &effects)?;
    pack.section("BLOCKS", &blocks)
}

/// Returns the texts of a list.
fn texts<'a>(words: &'a toml::Table, list: &str) -> Vec<&'a str> {
    words[list].as_array().into_iter().flatten().filter_map(toml::Value::as_str).collect()
}

/// Returns the words that mean the same, a line for each group.
fn synonyms(words: &toml::Table) -> Result<String> {
    let mut text = String::new();
    for group in words["groups"].as_array().into_iter().flatten() {
        let stems = group
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .flat_map(words::stems);
        writeln!(text, "{}", stems.collect::<Vec<_>>().join(" "))?;
    }
    Ok(text)
}

/// Returns the nicknames of apps, each between two ends of lines.
fn nicknames(words: &toml::Table) -> Result<String> {
    let mut text = String::from("\n");
    for (nickname, slug) in words["nicknames"].as_table().into_iter().flatten() {
        writeln!(
            text,
            "{}\t{}",
            words::split(nickname).join(" "),
            slug.as_str().unwrap_or_default()
        )?;
    }
    Ok(text)
}
