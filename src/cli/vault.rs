//! `naive vault`: the key that seals credentials.

use clap::Subcommand;
use serde_json::json;

use super::output::{Page, note};
use super::{App, arguments};
use crate::api::action::written;
use crate::api::error::Result;
use crate::api::vault::VaultStatus;

/// The key that seals credentials.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show which key is in use and where it lies
    Status,
    /// Print the key, to keep it in a safe place
    ExportKey,
    /// Print the public key to which another machine exports connections for this one
    PublicKey,
    /// Seal everything with a new key
    Rotate {
        /// New key, 64 hexadecimal digits from stdin, where the present one is `NAIVE_ENCRYPTION_KEY`
        #[arg(long, value_name = "-")]
        key: Option<String>,
    },
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status => "vault.status",
            Self::ExportKey => "vault.export-key",
            Self::PublicKey => "vault.public-key",
            Self::Rotate { .. } => "vault.rotate",
        }
    }
}

/// Runs a command. These concern this machine alone, so they are no actions and no door has them.
pub(crate) fn run(app: &App<'_>, command: Command) -> Result<u8> {
    let name = command.name();
    let engine = app.backend.engine()?;
    let status = match command {
        Command::Status => show(app, name, &engine.vault_status()?),
        Command::ExportKey => {
            let key = engine.export_key()?;
            let mut page = Page::default();
            page.text(&key);
            page.hint("Whoever has this key and the store has every credential. Keep them apart.");
            app.output.reply(name, json!({ "key": key }), page)
        }
        Command::PublicKey => {
            let key = engine.public_key()?;
            let mut page = Page::default();
            page.text(&key);
            page.hint("It is no secret. What is sealed with it opens in this store alone.");
            let command = format!("naive connections export <connection> --to {key}");
            page.next(command, "on the other machine, seal a connection for this one");
            app.output.reply(name, json!({ "public_key": key }), page)
        }
        Command::Rotate { key } => {
            let given = key.map(|value| arguments::secret("--key", &value)).transpose()?;
            let from_outside = given.is_some();
            let status = engine.rotate_key(given)?;
            if from_outside {
                note("Set `NAIVE_ENCRYPTION_KEY` to the new key now.")?;
            }
            show(app, name, &status)
        }
    };
    app.tell_notes()?;
    status
}

fn show(app: &App<'_>, name: &str, status: &VaultStatus) -> Result<u8> {
    let mut page = Page::default();
    let key = status.key.as_ref();
    let place = match key {
        Some(key) => key.source.as_str(),
        None => "none yet; the first credential makes one",
    };
    page.fields(&[
        ("key", Some(place.to_owned())),
        ("fingerprint", key.map(|key| key.id.clone())),
        ("unlocked", Some(if status.unlocked { "yes" } else { "no" }.to_owned())),
        ("sealed", Some(status.sealed.to_string())),
        ("cipher", Some(status.cipher.clone())),
    ]);
    if let Some(trouble) = &status.trouble {
        page.hint(format!("{trouble}."));
    }
    let result = written(status)?;
    app.output.reply(name, result, page)
}
