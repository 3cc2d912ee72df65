//! Packs the shipped manifests: written as TOML for people, read as JSON, which costs a start far less.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write this way")]
fn main() -> Result<(), Box<dyn Error>> {
    let from = PathBuf::from("src/catalog/builtin");
    println!("cargo::rerun-if-changed={}", from.display());
    let to = PathBuf::from(env::var("OUT_DIR")?);
    let mut paths = fs::read_dir(&from)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort_by_key(|path| path.with_extension(""));
    let mut list = String::new();
    for path in paths {
        let slug =
            path.file_stem().and_then(|name| name.to_str()).ok_or("a manifest has a name")?;
        let mut manifest: toml::Table = fs::read_to_string(&path)?.parse()?;
        fs::write(to.join(format!("{slug}.json")), serde_json::to_vec(&manifest)?)?;
        let none = toml::Value::Array(Vec::new());
        let tools = manifest.insert("tools".to_owned(), none).ok_or("a manifest has tools")?;
        let tools = tools.as_array().map_or(0, Vec::len);
        fs::write(to.join(format!("{slug}.card.json")), serde_json::to_vec(&manifest)?)?;
        writeln!(
            list,
            "Shipped {{ slug: \"{slug}\", whole: include_str!(\"{slug}.json\"), \
             card: include_str!(\"{slug}.card.json\"), tools: {tools} }},"
        )?;
    }
    fs::write(to.join("builtin.rs"), format!("&[\n{list}]\n"))?;
    Ok(())
}
