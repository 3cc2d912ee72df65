//! `naive workspace`.

use clap::Subcommand;

use super::App;
use super::output::Page;
use crate::api::address::WebOrigin;
use crate::api::error::Result;
use crate::api::workspace::{GetWorkspace, UpdateWorkspace, Workspace};

/// What is decided about the workspace as a whole.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what is decided
    Get(GetWorkspace),
    /// Decide otherwise
    Update(UpdateWorkspace),
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Get(_) => "workspace.get",
            Self::Update(_) => "workspace.update",
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Get(op) => app.show(op, one).await,
        Command::Update(op) => app.show(op, one).await,
    }
}

fn one(workspace: &Workspace, page: &mut Page) {
    let word = |on: bool| if on { "on" } else { "off" }.to_owned();
    let origins = match workspace.allowed_origins.as_slice() {
        [] => "any".to_owned(),
        some => some.iter().map(WebOrigin::as_str).collect::<Vec<_>>().join(", "),
    };
    page.fields(&[
        ("id", Some(workspace.id.clone())),
        ("connections", Some(word(workspace.connections))),
        ("separate resolver", Some(word(workspace.separate_resolver))),
        ("allowed origins", Some(origins)),
    ]);
}
