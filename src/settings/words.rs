//! The words of the settings: which profiles there are, which forms of output, where something was named.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Which backend, which world, which data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    /// Everything on this machine, the apps included: they are simulated
    Sandbox,
    /// The engine on this machine, the real apps
    Local,
    /// A hosted Naive API
    Cloud,
}

impl Profile {
    /// Returns the name in flags, files and directories.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Local => "local",
            Self::Cloud => "cloud",
        }
    }
}

/// The form of what goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Output {
    /// Tables and sentences
    Table,
    /// One JSON envelope, indented
    Json,
    /// One JSON envelope on one line
    Jsonl,
}

/// Where the user came from for whom a command acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UserSource {
    /// `NAIVE_ACTIVE_USER_ID`
    Environment,
    /// `naive use`
    Config,
    /// Nothing was said
    Default,
    /// The key, which acts for nobody else
    Key,
}

/// Where the profile came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProfileSource {
    /// The command line or the environment named it
    Named,
    /// The config file's, or the sandbox
    Usual,
}

/// An address as it was named, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedUrl {
    /// What names it
    pub(crate) by: &'static str,
    /// The address
    pub(crate) text: String,
}

/// What a terminal can do, by the name of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any place of it can be written
    Screen,
    /// Lines alone
    Dumb,
}

/// Which of the three streams are terminals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminals {
    /// Whether a person can be asked: stdin and stderr are terminals
    pub(crate) person: bool,
    /// Whether stdout is one
    pub(crate) stdout: bool,
    /// Whether stderr is one
    pub(crate) stderr: bool,
    /// What they can do
    pub(crate) kind: Kind,
}
