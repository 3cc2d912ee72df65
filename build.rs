//! Packs the shipped manifests: written as TOML for people, read as JSON, which costs a start far less.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write this way")]
fn main() -> Result<(), Box<dyn Error>> {
    let from = PathBuf::from("src/catalog/builtin");
    println!("cargo::rerun-if-changed={}", from.display());
    let to = PathBuf::from(env::var("OUT_DIR")?);
    for entry in fs::read_dir(&from)? {
        let path = entry?.path();
        let manifest: toml::Table = fs::read_to_string(&path)?.parse()?;
        let name = path.with_extension("json");
        let name = name.file_name().ok_or("a manifest has a name")?;
        fs::write(to.join(name), serde_json::to_vec(&manifest)?)?;
    }
    Ok(())
}
