//! `naive sessions`.

use clap::Subcommand;

use super::App;
use super::output::{Page, word};
use crate::api::error::Result;
use crate::api::sessions::{
    CreateSession, CreatedSession, ListSessions, RevokeSession, Session, Sessions,
};
use crate::api::time::Millis;

/// Sessions of agents: a key for one user and a short time.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a session; its key is shown once
    Create(CreateSession),
    /// List a user's sessions
    List(ListSessions),
    /// End a session at once
    Revoke(RevokeSession),
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "sessions.create",
            Self::List(_) => "sessions.list",
            Self::Revoke(_) => "sessions.revoke",
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Create(op) => app.show(op, created).await,
        Command::List(op) => app.show(op, table).await,
        Command::Revoke(op) => app.show(op, one).await,
    }
}

fn created(made: &CreatedSession, page: &mut Page) {
    for (name, value) in &made.mcp.headers {
        page.text(format!("{name}: {value}"));
    }
    page.fields(&[
        ("id", Some(made.id.clone())),
        ("expires", Some(made.expires_at.plain())),
        ("tools", made.mcp.url.as_ref().map(ToString::to_string)),
    ]);
    page.hint("This header is shown once. Give it to the agent's client, with the address of `naive serve` and `/mcp`.");
    page.next(format!("naive sessions revoke {}", made.id), "end it at once");
}

fn one(session: &Session, page: &mut Page) {
    page.fields(&[
        ("id", Some(session.id.clone())),
        ("status", Some(word(&session.status))),
        ("expires", Some(session.expires_at.plain())),
        ("ended", session.revoked_at.map(Millis::plain)),
    ]);
}

fn table(all: &Sessions, page: &mut Page) {
    if all.sessions.is_empty() {
        page.text("There are no sessions.");
        page.next("naive sessions create", "begin one");
        return;
    }
    let rows = all.sessions.iter().map(|one| {
        let ended = one.revoked_at.map(Millis::plain).unwrap_or_default();
        vec![
            one.id.clone(),
            word(&one.status),
            one.created_at.plain(),
            one.expires_at.plain(),
            ended,
        ]
    });
    page.table(&["ID", "STATUS", "BEGAN", "EXPIRES", "ENDED"], rows.collect());
}
