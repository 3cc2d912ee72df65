//! `naive mcp install`: the entry in a client's own configuration.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dialoguer::Confirm;
use serde_json::{Map, Value, json};
use toml_edit::DocumentMut;

use crate::api::error::{Code, Error, Result};
use crate::api::ids::UserRef;
use crate::cli::output::{Output, Page, note};
use crate::settings::Settings;

/// What the entry is called.
const NAME: &str = "naive";

/// Tell an MCP client how to start `naive mcp start`; the change is shown first
#[derive(Debug, Clone, Args)]
pub(crate) struct Install {
    /// The client
    #[arg(value_enum)]
    client: Client,
    /// Tenant user for whom the client's agents act, and for nobody else
    #[arg(long)]
    user: Option<UserRef>,
    /// Change the file without asking
    #[arg(long, short)]
    yes: bool,
}

/// A client whose configuration is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Claude Code
    Claude,
    /// Cursor
    Cursor,
    /// Visual Studio Code
    Vscode,
    /// Codex
    Codex,
}

impl Client {
    /// Returns the file that it reads, for all of the person's projects.
    ///
    /// Source: the clients' own documentation of MCP servers (read 2026-11-28).
    fn file(self, settings: &Settings) -> Result<PathBuf> {
        let base = settings.base.as_ref().ok_or_else(|| {
            Error::new(Code::InvalidInput, "this machine names no home directory")
        })?;
        Ok(match self {
            Self::Claude => base.home_dir().join(".claude.json"),
            Self::Cursor => base.home_dir().join(".cursor/mcp.json"),
            Self::Vscode => base.config_dir().join("Code/User/mcp.json"),
            Self::Codex => base.home_dir().join(".codex/config.toml"),
        })
    }

    /// Returns the table that holds its servers.
    fn table(self) -> &'static str {
        match self {
            Self::Claude | Self::Cursor => "mcpServers",
            Self::Vscode => "servers",
            Self::Codex => "mcp_servers",
        }
    }
}

/// Writes the entry, once a person has seen it.
pub(crate) fn install(settings: &Settings, output: &Output, op: &Install) -> Result<u8> {
    let file = op.client.file(settings)?;
    let before = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unreadable(&file, error)),
    };
    let entry = entry(settings, op)?;
    let (was, after) = match op.client {
        Client::Codex => in_toml(&before, op.client.table(), &entry),
        Client::Claude | Client::Cursor | Client::Vscode => {
            in_json(&before, op.client.table(), &entry)
        }
    }
    .map_err(|error| unreadable(&file, error))?;
    let path = file.display().to_string();
    let change = was.as_ref() != Some(&entry);
    let mut page = Page::default();
    if change {
        note(&shown(&path, was.as_ref(), &entry))?;
        if !op.yes && !confirmed(settings)? {
            return Err(Error::new(Code::InvalidInput, "nothing was changed").reason("declined"));
        }
        replace(&file, &after)?;
        page.text(format!("`{NAME}` is in {path}. The client sees it when it starts again."));
    } else {
        page.text(format!("`{NAME}` is in {path} already, just so."));
    }
    let result = json!({ "file": path, "entry": entry, "changed": change });
    output.reply("mcp.install", result, page)
}

/// Asks the person who sees the change.
fn confirmed(settings: &Settings) -> Result<bool> {
    if !settings.terminals.person {
        return Err(Error::usage("nobody is at a terminal to see the change")
            .hint("add `--yes` to make it without being asked"));
    }
    let asked = Confirm::new().with_prompt("Change it?").default(false).interact();
    asked.map_err(|error| Error::internal("the terminal cannot be read", error))
}

/// Returns what starts a session: this very program, and where its data lies if that was said.
fn entry(settings: &Settings, op: &Install) -> Result<Value> {
    let program = std::env::current_exe()
        .map_err(|error| Error::internal("this program does not know where it lies", error))?;
    let mut words = vec!["--profile".to_owned(), settings.profile.as_str().to_owned()];
    if let Some(app) = &settings.workspace {
        words.extend(["--workspace".to_owned(), app.to_string()]);
    }
    words.extend(["mcp".to_owned(), "start".to_owned()]);
    if let Some(user) = &op.user {
        words.extend(["--user".to_owned(), user.to_string()]);
    }
    let mut entry = Map::new();
    if matches!(op.client, Client::Claude | Client::Vscode) {
        entry.insert("type".to_owned(), "stdio".into());
    }
    entry.insert("command".to_owned(), program.display().to_string().into());
    entry.insert("args".to_owned(), words.into());
    let named = settings.named_home.as_ref().map(|home| json!({ "NAIVE_HOME": home }));
    entry.extend(named.map(|env| ("env".to_owned(), env)));
    Ok(entry.into())
}

/// Returns the entry that a JSON file has, and the file with the new one; what else it says stays in its order.
fn in_json(
    before: &str,
    table: &str,
    entry: &Value,
) -> std::result::Result<(Option<Value>, String), String> {
    let text = if before.trim().is_empty() { "{}" } else { before };
    let mut file: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let servers = file.entry(table).or_insert_with(|| json!({}));
    let servers = servers.as_object_mut().ok_or_else(|| format!("`{table}` is no object"))?;
    let was = servers.insert(NAME.to_owned(), entry.clone());
    let after = serde_json::to_string_pretty(&file).map_err(|error| error.to_string())?;
    Ok((was, format!("{after}\n")))
}

/// The same for a TOML file, whose comments stay.
fn in_toml(
    before: &str,
    table: &str,
    entry: &Value,
) -> std::result::Result<(Option<Value>, String), String> {
    let mut file: DocumentMut = before.parse().map_err(|error| format!("{error}"))?;
    let servers = file.entry(table).or_insert_with(|| {
        let mut servers = toml_edit::Table::new();
        servers.set_implicit(true);
        servers.into()
    });
    let servers = servers.as_table_mut().ok_or_else(|| format!("`{table}` is no table"))?;
    let was = servers.get(NAME).map(ToString::to_string);
    let was = was.and_then(|text| toml::from_str::<Value>(&text).ok());
    let new = toml::to_string(entry).map_err(|error| error.to_string())?;
    let new: DocumentMut = new.parse().map_err(|error| format!("{error}"))?;
    servers.insert(NAME, new.as_table().clone().into());
    Ok((was, file.to_string()))
}

/// Puts a text in the place of a file, which is the old one or the new one whatever happens; who may read it stays.
fn replace(file: &Path, text: &str) -> Result<()> {
    let unwritable = |error| {
        Error::new(Code::InvalidInput, format!("`{}` cannot be written: {error}", file.display()))
    };
    // Where it is a link, its target is what is replaced.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let dir = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(unwritable)?;
    let mut new = tempfile::NamedTempFile::new_in(dir).map_err(unwritable)?;
    new.write_all(text.as_bytes()).map_err(unwritable)?;
    if let Ok(before) = fs::metadata(&file) {
        new.as_file().set_permissions(before.permissions()).map_err(unwritable)?;
    }
    new.persist(&file).map(drop).map_err(|failed| unwritable(failed.error))
}

/// Shows a change as what goes and what comes.
fn shown(path: &str, was: Option<&Value>, entry: &Value) -> String {
    let lines = |sign: &str, entry: &Value| {
        let text = serde_json::to_string_pretty(entry).unwrap_or_default();
        text.lines().flat_map(|line| ["  ", sign, " ", line, "\n"]).collect::<String>()
    };
    let gone = was.map(|was| lines("-", was)).unwrap_or_default();
    format!("{path}, `{NAME}`:\n{gone}{}", lines("+", entry))
}

fn unreadable(file: &Path, why: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidInput, format!("`{}` cannot be read: {why}", file.display()))
        .hint("mend it, or add the server in the client's own settings")
}
