//! Completion scripts and man pages, made from the command line itself and from the manifest's types.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::{Args, Command, CommandFactory as _, ValueEnum};
use clap_complete::env::Shells;
use clap_mangen::Man;
use serde_json::Value;

use super::Cli;
use super::output::raw;
use crate::api::error::{Error, Result};
use crate::catalog::manifest::Manifest;

/// Print the completion script of a shell.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
    /// Write all completion scripts and man pages below this directory instead
    #[arg(long, hide = true, value_name = "DIR")]
    all: Option<std::path::PathBuf>,
}

/// A shell whose completions are known.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Zsh => "zsh",
        }
    }

    /// Returns the name under which the shell looks for the script.
    fn file(self) -> &'static str {
        match self {
            Self::Bash => "naive.bash",
            Self::Elvish => "naive.elv",
            Self::Fish => "naive.fish",
            Self::Powershell => "_naive.ps1",
            Self::Zsh => "_naive",
        }
    }
}

/// Prints one script, or writes everything that is generated.
pub(crate) fn run(command: &Completions) -> Result<u8> {
    match &command.all {
        None => raw(&script(command.shell)?)?,
        Some(dir) => write_all(dir)?,
    }
    Ok(0)
}

fn write_all(dir: &Path) -> Result<()> {
    for shell in Shell::value_variants() {
        write(&dir.join("completions").join(shell.file()), script(*shell)?.as_bytes())?;
    }
    let man = dir.join("man");
    write(&man.join("naive-toolkit.5"), manifest_page().as_bytes())?;
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    pages(&root, None, "naive", &man)
}

/// Returns the script that asks this program for candidates.
fn script(shell: Shell) -> Result<String> {
    let failed = |error: std::io::Error| Error::internal("the script cannot be written", error);
    let shells = Shells::builtins();
    let completer = shells.completer(shell.as_str()).ok_or_else(|| {
        Error::internal("the script cannot be written", "clap does not know this shell")
    })?;
    let mut text = Vec::new();
    completer
        .write_registration("COMPLETE", "naive", "naive", "naive", &mut text)
        .map_err(failed)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Writes a page for a command and each below it.
fn pages(command: &Command, parent: Option<&str>, name: &str, dir: &Path) -> Result<()> {
    write(&dir.join(format!("{name}.1")), page(command, parent, name)?.as_bytes())?;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages(below, Some(name), &format!("{name}-{}", below.get_name()), dir)?;
    }
    Ok(())
}

/// Returns the page of one command: what clap knows of it, then what all commands share.
fn page(command: &Command, parent: Option<&str>, name: &str) -> Result<String> {
    let failed = |error| Error::internal("a man page cannot be written", error);
    let titled = command.clone().name(name.to_owned()).display_name(name.to_owned());
    let man = Man::new(titled)
        .title(name.to_uppercase())
        .date("")
        .source(concat!("naive ", env!("CARGO_PKG_VERSION")))
        .manual("naive");
    let mut text = Vec::new();
    man.render_title(&mut text).map_err(failed)?;
    man.render_name_section(&mut text).map_err(failed)?;
    man.render_synopsis_section(&mut text).map_err(failed)?;
    man.render_description_section(&mut text).map_err(failed)?;
    man.render_options_section(&mut text).map_err(failed)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text).map_err(failed)?;
    }
    let mut text = String::from_utf8_lossy(&text).replace('…', "\\[u2026]");
    if let Some(more) = command.get_after_help() {
        let _ = write!(text, ".SH NOTES\n.nf\n{}\n.fi\n", roff(&more.to_string()).trim_end());
    }
    match parent {
        None => text.push_str(SHARED),
        Some(parent) => {
            let _ = write!(text, ".SH \"SEE ALSO\"\n\\fB{}\\fR(1)\n", roff(parent));
        }
    }
    Ok(text)
}

/// What naive(1) says for all commands.
const SHARED: &str = include_str!("shared.roff");

fn write(path: &Path, text: &[u8]) -> Result<()> {
    let failed = |error| Error::internal("a generated file cannot be written", error);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

/// Returns naive-toolkit(5): every key of a manifest, from the comments of its types.
fn manifest_page() -> String {
    let schema = schemars::schema_for!(Manifest).to_value();
    let mut page = String::from(concat!(
        ".TH naive\\-toolkit 5 \"\" \"naive\" \"File formats\"\n",
        ".SH NAME\nnaive\\-toolkit \\- manifest of a toolkit\n",
        ".SH DESCRIPTION\n",
        "A manifest is all that a toolkit is, built in or added with \\fBnaive toolkits add\\fR. ",
        "It is TOML, or JSON with the same keys. ",
        "A manifest with a fault is refused whole, with the file, the line and the key.\n.PP\n",
        "\\fBnaive toolkits import\\fR makes one of a document that describes an API. The stored manifest is then ",
        "what a newer document is held against: an operation that it has already, by method and path, keeps ",
        "the name of its tool, and \\fBnaive toolkits diff\\fR compares each tool's request and input with it. ",
        "There is no other lock file.\n",
        ".SH KEYS\n",
    ));
    keys(&schema, &schema, "", &mut page);
    page.push_str(concat!(
        ".SH EXAMPLE\n.nf\n",
        "slug = \"acme\"\nname = \"Acme\"\ndescription = \"A shop\"\n",
        "base_url = \"https://{shop}.example.com/api\"\n\n",
        "[auth]\ntype = \"api_key\"\nfields = [\n",
        "  { key = \"api_key\", label = \"API key\" },\n",
        "  { key = \"shop\", label = \"Shop\", secret = false },\n]\n",
        "place = { in = \"header\", name = \"Authorization\", value = \"Bearer {api_key}\" }\n\n",
        "[[tools]]\nslug = \"ACME_GET_ITEM\"\nname = \"Get an item\"\n",
        "description = \"Get an item by its id\"\nrequest = \"GET /items/{id}\"\neffect = \"read\"\n",
        "[tools.input]\ntype = \"object\"\nrequired = [\"id\"]\n",
        "[tools.input.properties.id]\ntype = \"string\"\n",
        ".fi\n.SH SEE ALSO\n\\fBnaive\\fR(1), \\fBnaive\\-toolkits\\-add\\fR(1)\n",
    ));
    page
}

/// Lists the keys of an object and, below each, those of what it holds.
fn keys(root: &Value, schema: &Value, prefix: &str, page: &mut String) {
    let empty = serde_json::Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, property) in properties {
        let must = if required.iter().any(|one| one == name) { " (required)" } else { "" };
        let about = property["description"].as_str().unwrap_or_default();
        let default = match &property["default"] {
            Value::String(text) if text.trim().is_empty() => " [default: a space]".to_owned(),
            Value::String(text) => format!(" [default: {text}]"),
            Value::Bool(on) => format!(" [default: {on}]"),
            _ => String::new(),
        };
        let full = format!("{prefix}{name}");
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            ".TP\n\\fB{}\\fR{must}\n{}{default}",
            roff(&full),
            roff(&about.replace('\n', " "))
        );
        let (held, below) = held(root, property, &full);
        if held["properties"].is_object() {
            keys(root, held, &below, page);
        }
    }
}

/// Returns the schema of what a key holds, through references, lists and options, and its prefix.
fn held<'a>(root: &'a Value, property: &'a Value, name: &str) -> (&'a Value, String) {
    if property["type"] == "array" {
        let (held, _) = held(root, &property["items"], name);
        return (held, format!("{name}[]."));
    }
    let choice = property["anyOf"].get(0).or(property["allOf"].get(0)).unwrap_or(property);
    let target =
        choice["$ref"].as_str().and_then(|path| root.pointer(path.trim_start_matches('#')));
    (target.unwrap_or(choice), format!("{name}."))
}

/// Returns a text as roff shows it, its lines kept.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('…', "\\[u2026]")
}
