//! `naive toolkits add`: a toolkit by its manifest, or by the MCP server that leads to it.

use std::fs;
use std::path::Path;

use clap::Args;
use url::Url;

use super::arguments;
use crate::api::error::{Error, Result};
use crate::api::ids::Slug;
use crate::api::toolkits::AddToolkit;
use crate::catalog::manifest::{Auth, Field, Manifest, Part, Place};
use crate::catalog::servers::by_address;
use crate::catalog::{Format, parse};

/// Add a toolkit from its manifest (see naive-toolkit(5)), or by the MCP server that leads to it
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Add {
    /// The manifest, TOML or JSON, or `-` for JSON on stdin
    #[arg(value_name = "MANIFEST", group = "what")]
    file: Option<String>,
    /// Address of an MCP server
    #[arg(long, value_name = "URL", group = "what")]
    mcp: Option<Url>,
    /// Program and arguments of an MCP server that is to run here: all that follows
    #[arg(long, value_name = "PROGRAM", group = "what", num_args = 1.., allow_hyphen_values = true)]
    mcp_command: Vec<String>,
    /// Name of the toolkit, by default made from where the server is
    #[arg(long, conflicts_with = "file")]
    slug: Option<Slug>,
    /// Header that the server is shown of everybody, its value a line of stdin each (repeatable)
    #[arg(long, value_name = "NAME=-", requires = "mcp")]
    header: Vec<String>,
    /// Variable in the environment of the program, its value a line of stdin each (repeatable)
    #[arg(long, value_name = "NAME=-", requires = "mcp_command")]
    env: Vec<String>,
}

impl Add {
    /// Tells whether it is a server, which is asked before it is added.
    pub(super) fn is_server(&self) -> bool {
        self.file.is_none()
    }

    /// Returns the action that this asks for.
    pub(super) fn action(self) -> Result<AddToolkit> {
        if let Some(file) = &self.file {
            return AddToolkit::of(&manifest(file)?);
        }
        let (part, given) = match &self.mcp {
            Some(_) => (Part::Header, &self.header),
            None => (Part::Environment, &self.env),
        };
        let names = arguments::names(given)?;
        let (auth, keys) = shown(part, &names);
        let (slug, address) = self.place()?;
        let manifest = Manifest {
            command: self.mcp_command.clone(),
            ..by_address(slug.clone(), slug.as_str(), address, auth)
        };
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let secrets = arguments::secrets(&keys)?;
        Ok(AddToolkit { secrets, ..AddToolkit::of(&manifest)? })
    }

    /// Returns what the toolkit is to be called, and the server's address, if it is at one.
    fn place(&self) -> Result<(Slug, String)> {
        let (made, address) = match &self.mcp {
            Some(url) => (named_after(url), url.as_str().trim_end_matches('/').to_owned()),
            None => (self.mcp_command.first().and_then(|program| slug_of(program)), String::new()),
        };
        let slug = self.slug.clone().or(made).ok_or_else(|| {
            Error::usage("no name can be made from where the server is").hint("give `--slug NAME`")
        })?;
        Ok((slug, address))
    }
}

/// Returns a login that is none: what the operator gives stands in every request. Beside it, the keys of the secrets.
fn shown(part: Part, names: &[&str]) -> (Auth, Vec<String>) {
    let keys: Vec<String> = (1..=names.len()).map(|at| format!("value_{at}")).collect();
    let field = |(name, key): (&&str, &String)| Field {
        key: key.clone(),
        label: (*name).to_owned(),
        secret: true,
    };
    let place = |(name, key): (&&str, &String)| Place {
        part,
        name: (*name).to_owned(),
        value: format!("{{{key}}}"),
    };
    let mut places = names.iter().zip(&keys).map(place);
    let auth = Auth {
        fields: names.iter().zip(&keys).map(field).collect(),
        place: places.next(),
        also: places.collect(),
        ..Auth::fresh()
    };
    (auth, keys)
}

/// Returns a name after the part of an address that tells vendors apart: `linear` of `mcp.linear.app`.
fn named_after(url: &Url) -> Option<Slug> {
    let host = url.host_str()?;
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        [.., vendor, _] if url.domain().is_some() => slug_of(vendor),
        _ => slug_of(host),
    }
}

/// Returns the last part of a path as a name, with dashes for what a name cannot hold.
fn slug_of(text: &str) -> Option<Slug> {
    let last = text.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    let clean: String =
        last.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    clean.trim_matches('-').parse().ok()
}

/// Reads a manifest file and judges it here, where its lines are known.
fn manifest(file: &str) -> Result<Manifest> {
    let (text, format) = if file == "-" {
        (arguments::stdin()?, Format::Json)
    } else {
        let text = fs::read_to_string(file).map_err(|error| {
            Error::usage(format!("`{file}` cannot be read: {error}")).because(error)
        })?;
        let json =
            Path::new(file).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        (text, if json { Format::Json } else { Format::Toml })
    };
    parse(&text, format, if file == "-" { "stdin" } else { file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_after_its_vendor() {
        let table = [
            ("https://mcp.linear.app/mcp", "linear"),
            ("https://mcp.eu.amplitude.com", "amplitude"),
            ("http://127.0.0.1:7/mcp", "127-0-0-1"),
            ("http://localhost:7/mcp", "localhost"),
        ];
        for (address, slug) in table {
            let named = named_after(&address.parse().unwrap()).unwrap();

            assert_eq!(named.as_str(), slug, "{address}");
        }
        assert_eq!(slug_of("/usr/bin/my_server.py").unwrap().as_str(), "my-server-py");
        assert!(slug_of("///").is_none());
    }
}
