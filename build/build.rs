//! Packs the shipped catalog: the manifests written by hand, the facts about everybody else's, and an index of both.
//!
//! What is read of it at run time, and how, stands in `src/catalog/pack/`.

mod apps;
mod index;
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
    let mut pack = Pack::default();
    write_apps(&apps, &mut pack)?;
    index::write(&apps, &mut pack)?;
    pack.section("SYNONYMS", synonyms()?.as_bytes())?;
    fs::write(to.join("pack.bin"), &pack.bytes)?;
    fs::write(to.join("places.rs"), &pack.places)?;
    Ok(())
}

/// Returns a number as Rust has it, with `_` between its thousands.
fn grouped(number: usize) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{}_{:03}", grouped(number / 1000), number % 1000)
}

/// Writes the apps: a table of numbers, and what its numbers lead to.
fn write_apps(apps: &[App], pack: &mut Pack) -> Result<()> {
    let (mut slugs, mut cards, mut blocks, mut effects) =
        (String::new(), String::new(), Vec::new(), Vec::new());
    let (mut table, mut names) = (Vec::new(), Vec::new());
    let row = |numbers: [usize; 9], table: &mut Vec<u8>| -> Result<()> {
        for number in numbers {
            table.extend_from_slice(&u32::try_from(number)?.to_le_bytes());
        }
        Ok(())
    };
    for app in apps {
        let first = names.len() / 4;
        for block in app.names() {
            names.extend(u32::try_from(blocks.len())?.to_le_bytes());
            blocks.extend(apps::compressed(&block)?);
        }
        let whole = blocks.len();
        blocks.extend(apps::compressed(&app.whole())?);
        let numbers = [
            slugs.len(),
            cards.len(),
            effects.len(),
            first,
            whole,
            app.parts.len(),
            app.by_hand,
            app.vendor,
            app.auth()?,
        ];
        row(numbers, &mut table)?;
        slugs.push_str(&app.slug);
        cards.push_str(&app.card);
        effects.extend(app.tools.iter().map(|tool| tool.effect));
    }
    row(
        [slugs.len(), cards.len(), effects.len(), names.len() / 4, blocks.len(), 0, 0, 0, 0],
        &mut table,
    )?;
    pack.section("APPS", &table)?;
    pack.section("SLUGS", slugs.as_bytes())?;
    pack.section("CARDS", cards.as_bytes())?;
    pack.section("NAME_BLOCKS", &names)?;
    pack.section("EFFECTS", &effects)?;
    pack.section("BLOCKS", &blocks)
}

/// Returns the apps that come first, in a line; the words that mean the same, a line for each group; then the
/// nicknames of apps, a line for each.
fn synonyms() -> Result<String> {
    let words: toml::Table = fs::read_to_string("src/catalog/shipped/synonyms.toml")?.parse()?;
    let first = words["first"].as_array().into_iter().flatten().filter_map(toml::Value::as_str);
    let mut text = first.collect::<Vec<_>>().join(" ") + "\n";
    for group in words["groups"].as_array().into_iter().flatten() {
        let stems = group
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .flat_map(words::stems);
        writeln!(text, "{}", stems.collect::<Vec<_>>().join(" "))?;
    }
    text.push('\n');
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
