//! `naive mcp`: the tools for an agent's client, and the client's configuration.

mod install;
mod logins;
mod start;

use clap::Subcommand;

pub(crate) use start::start;

/// The tools as an MCP server, for the clients that agents run in.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Start(start::Start),
    Install(install::Install),
}

impl Command {
    /// Returns the command's name, as the envelope tells it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "mcp.start",
            Self::Install(_) => "mcp.install",
        }
    }
}

pub(crate) use install::install;
