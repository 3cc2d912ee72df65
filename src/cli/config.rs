//! `naive config`: the config file.

use clap::Subcommand;
use serde_json::json;

use super::output::{Output, Page};
use crate::api::error::{Error, Result};
use crate::http::{Trust, check};
use crate::settings::{self, KEYS, Settings};

/// The config file.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what the file holds
    Show,
    /// Print where the file is
    Path,
    /// Set a key, or remove it where no value is given
    #[command(after_help = keys())]
    Set {
        /// Key, as in `default_profile`
        key: String,
        /// Value
        value: Option<String>,
    },
}

fn keys() -> String {
    let width = KEYS.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let line = |(key, takes): &(&str, &str)| format!("  {key:width$}  {takes}\n");
    format!("Keys:\n{}", KEYS.iter().map(line).collect::<String>())
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Show => "config.show",
            Self::Path => "config.path",
            Self::Set { .. } => "config.set",
        }
    }
}

/// Runs a command.
pub(crate) fn run(settings: &Settings, output: &Output, command: Command) -> Result<u8> {
    let name = command.name();
    let path = settings.config_path.display().to_string();
    let mut page = Page::default();
    let result = match command {
        Command::Path => {
            page.text(&path);
            json!({ "path": path })
        }
        Command::Show => {
            let config = serde_json::to_value(&settings.config)
                .map_err(|error| Error::internal("the config cannot be shown", error))?;
            page.fields(&[("file", Some(path.clone()))]);
            page.json(&config);
            json!({ "path": path, "config": config })
        }
        Command::Set { key, value } => {
            if let Some(url) = value.as_ref().filter(|_| key == "approvals.notify_url")
                && let Ok(url) = url.parse()
            {
                check(&url, Trust::Operator)?;
            }
            settings::set(&settings.config_path, &key, value.as_deref())?;
            page.text(match &value {
                Some(value) => format!("{key} is {value}."),
                None => format!("{key} is no longer set."),
            });
            json!({ "key": key, "value": value })
        }
    };
    output.reply(name, result, page)
}
