//! `naive backup` and `restore`: the store in a file, and back.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::App;
use super::output::{Output, Page};
use crate::api::error::Result;
use crate::api::time::Millis;
use crate::api::vault::{Key, KeySource};
use crate::settings::Settings;
use crate::store;

/// Copy the store into a file.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// File to make
    file: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

/// Put a backup in the place of the store.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// File that `naive backup` made
    file: PathBuf,
}

/// Makes a backup. It concerns this machine alone, so it is no action and no door has it.
pub(crate) fn run(app: &App<'_>, op: &Backup) -> Result<u8> {
    let store = app.backend.engine()?.store();
    let bytes = store.backup(&op.file, op.force)?;
    let key = store.key()?;
    let mut page = Page::default();
    let file = op.file.display().to_string();
    page.fields(&[
        ("backup", Some(file.clone())),
        ("size", Some(format!("{} KiB", bytes.div_ceil(1024)))),
        ("key", key.as_ref().map(|key| key.id.clone())),
    ]);
    if let Some(key) = &key {
        page.hint(format!(
            "What is sealed in it opens with the key `{}` alone, {}.",
            key.id,
            place(key)
        ));
        page.next("naive vault export-key", "keep that key too, in another place");
    }
    let apps = app.backend.engine()?.apps();
    if let Some(one) = apps.first() {
        page.hint(format!(
            "The workspaces of apps are not in it: back each up, as in `naive --workspace {one} backup FILE`."
        ));
    }
    let result = json!({ "file": file, "bytes": bytes, "key_id": key.map(|key| key.id), "apps_left_out": apps });
    app.output.reply("backup", result, page)
}

/// Brings a backup back. It works where the store itself cannot be opened any more.
pub(crate) fn restore(settings: &Settings, output: &Output, op: &Restore) -> Result<u8> {
    let restored = store::restore(&settings.dir, &op.file)?;
    let kept = restored.kept.map(|kept| kept.display().to_string());
    let mut page = Page::default();
    page.fields(&[
        ("store", Some(settings.dir.join("naive.db").display().to_string())),
        ("last entry", restored.last_at.map(Millis::plain)),
        ("before", kept.clone()),
        ("key", restored.key_id.clone()),
    ]);
    if restored.key_id.is_some() {
        page.next("naive vault status", "see whether the key that it needs is here");
    }
    page.next("naive approvals list", "see what it left open");
    let result = json!({
        "store": settings.dir.join("naive.db"),
        "last_logged_at": restored.last_at,
        "kept": kept,
        "key_id": restored.key_id,
    });
    output.reply("restore", result, page)
}

/// Says where a key lies, as the end of a sentence.
fn place(key: &Key) -> &'static str {
    match key.source {
        KeySource::Environment => "which is in `NAIVE_ENCRYPTION_KEY`",
        KeySource::Keyring => "which is in the keyring",
        KeySource::File => "which is in `encryption.key` beside the store",
    }
}
